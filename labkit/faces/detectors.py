"""What detectors would say of a face: the truth with the errors that landmark and parsing networks make.

The truth of drawn faces is perfect; what a method gets from a photograph is not. Train or test with both, and compare
(an ablation: true against detected). The same seed gives the same errors.
"""

import numpy as np

from labkit.errors import UserError
from labkit.faces.truth import CLASSES

_NUMBER = {name: i for i, name in enumerate(CLASSES)}
# What a parser says instead of a small part that it misses.
MISSED = {
    **dict.fromkeys(("eye_g", "l_brow", "r_brow", "l_eye", "r_eye", "mouth", "u_lip", "l_lip", "nose"), "skin"),
    **dict.fromkeys(("l_ear", "r_ear", "ear_r"), "hair"),
    "neck_l": "neck",
    "hat": "hair",
}


def detect_landmarks(landmarks: np.ndarray, seed: int, *, spread: float = 1.5, gross: float = 0.02) -> np.ndarray:
    """Landmarks with a detector's errors.

    Args:
        landmarks: (N, K, 2) in pixels.
        seed: which errors.
        spread: standard deviation of a point's error in pixels, each way; half of its square is shared by the face.
        gross: share of points that land anywhere within ten times the spread.

    Returns:
        (N, K, 2) float32.

    Raises:
        UserError: a negative spread, or a share outside 0 to 1.
    """
    if spread < 0 or not 0 <= gross <= 1:
        raise UserError("spread must not be negative, and gross is a share from 0 to 1")
    numbers = np.random.default_rng([seed, 0])
    shape = landmarks.shape
    alone, shared = numbers.standard_normal(shape), numbers.standard_normal((shape[0], 1, 2))
    error = spread * np.sqrt(0.5) * (alone + shared)
    wrong = numbers.random(shape[:2]) < gross
    error = np.where(wrong[..., None], numbers.uniform(-10 * spread, 10 * spread, shape), error)
    return (landmarks + error).astype(np.float32)


def detect_labels(labels: np.ndarray, seed: int, *, wander: float = 1.0, missed: float = 0.05) -> np.ndarray:
    """Class maps with a parser's errors: edges that wander, and small parts that are not seen at all.

    Args:
        labels: (N, S, S) uint8 in the order of :data:`labkit.faces.CLASSES`.
        seed: which errors.
        wander: how many pixels an edge strays, as a standard deviation; smooth along the edge.
        missed: the chance of each part of :data:`MISSED`, on each face, to be taken for what it lies on.

    Returns:
        (N, S, S) uint8.

    Raises:
        UserError: a negative wander, or a share outside 0 to 1.
    """
    if wander < 0 or not 0 <= missed <= 1:
        raise UserError("wander must not be negative, and missed is a share from 0 to 1")
    numbers = np.random.default_rng([seed, 1])
    count, size = len(labels), labels.shape[-1]
    seen = labels.copy()
    lost = numbers.random((count, len(MISSED))) < missed
    for part, (name, instead) in enumerate(MISSED.items()):
        gone = lost[:, part, None, None] & (labels == _NUMBER[name])
        seen[gone] = _NUMBER[instead]
    # A smooth field: random shifts on a coarse grid, interpolated. Four pixels of 64 between two of its knots.
    knots = numbers.standard_normal((count, 2, 17, 17)) * wander * 1.5
    place = np.linspace(0, 16, size)
    tent = np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(17)))
    dy, dx = np.moveaxis(np.rint(tent @ knots @ tent.T).astype(np.int64), 1, 0)
    row, column = np.indices((size, size))
    face = np.arange(count)[:, None, None]
    return seen[face, np.clip(row + dy, 0, size - 1), np.clip(column + dx, 0, size - 1)]
