"""Where a score is measured: the frozen network that looks at the images, and the classes that it can name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.data.dataset import Dataset
from labkit.errors import UserError
from labkit.metrics import network
from labkit.metrics.judges import features as faces
from labkit.metrics.judges import judge


@dataclass(frozen=True)
class Space:
    """A space of features.

    Attributes:
        name: of the distance in it, such as ``FD-digits``.
        weights: the network's file in ``labkit/weights``.
        width: features an image.
        size: height and width at which the network looks.
        channels: of the images.
        kind: what the classes are of, in a word.
        classes: names of the classes whose shares are counted.
        features: images, as in ``network.as_uint8``, to float32 (N, width).
        scores: features to scores of the classes, (N, number of classes).
        sha256: gives the hash of the network's file.
    """

    name: str
    weights: str
    width: int
    size: int
    channels: int
    kind: str
    classes: tuple[str, ...]
    features: Callable[[Tensor | np.ndarray], Tensor]
    scores: Callable[[Tensor], Tensor]
    sha256: Callable[[], str]

    @torch.no_grad()
    def labels(self, features: Tensor) -> Tensor:
        """What class each image is, from features (N, width): int64 (N,)."""
        return self.scores(features).argmax(1)


DIGITS = Space(
    name="FD-digits",
    weights="digits",
    width=network.FEATURES,
    size=network.SIZE,
    channels=1,
    kind="digit",
    classes=tuple("0123456789"),
    features=lambda images: network.features(network.digits_network(), images),
    scores=lambda features: network.digits_network().classes(features),
    sha256=lambda: network.digits_network().sha256,
)
FACES = Space(
    name="FD-faces",
    weights="faces-features",
    width=faces.WIDTH,
    size=64,
    channels=3,
    kind="hair",
    classes=tuple(name.removesuffix("_Hair").lower() for name in faces.HAIR),
    features=lambda images: judge("features")(images),
    scores=lambda features: judge("features").network.classes(features),
    sha256=lambda: judge("features").sha256,
)
SPACES = {space.name: space for space in (DIGITS, FACES)}


def space_of(dataset: Dataset) -> Space:
    """The space in which images like these are scored: digits for whatever is grey, faces for the built-in ones.

    Raises:
        UserError: for other data in colour: no network here was made for them.
    """
    if dataset.channels == DIGITS.channels:
        return DIGITS
    if dataset.name.split("-")[0] == "faces":
        return FACES
    raise UserError(
        f"{DIGITS.name} looks at grey digits and {FACES.name} at the built-in faces, and {dataset.name!r} is in "
        "colour: open the data with channels=1."
    )
