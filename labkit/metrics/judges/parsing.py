"""The judge of parsing: which of 19 classes is each pixel?"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from labkit.faces import CLASSES
from labkit.metrics.judges.asked import Asked
from labkit.metrics.judges.blocks import SIZE, Climb, Trunk
from labkit.metrics.judges.pool import FRESH, pool

WHAT = "The class of every pixel of a face."
ANSWER = "(N, H, W) uint8, indexing labkit.faces.CLASSES, at the size of the pictures"
NAMES = CLASSES
PHOTOS, ROBUST = 1, True

# About one over the square root of the class's share of the pixels: a necklace counts, and does not rule.
_WEIGHT = {
    "background": 0.4, "hair": 0.6, "skin": 0.5, "cloth": 0.6, "hat": 0.8, "neck": 1.0, "nose": 1.2,
    "l_ear": 1.6, "r_ear": 1.6, "eye_g": 1.4, "ear_r": 3.0, "neck_l": 2.5,
}  # fmt: skip


class Network(nn.Module):
    """Trunk, the way back up to 32×32, and four pixels' classes at each place."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.climb = Climb(32, top=0)
        self.read = nn.Conv2d(32, len(CLASSES) * 4, 1)
        self.unfold = nn.PixelShuffle(2)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, 64, 64) in [-1, 1] → scores (N, 19, 64, 64)."""
        return self.unfold(self.read(self.climb(self.trunk(image))))

    def answer(self, found: Tensor, size: tuple[int, int]) -> Tensor:
        """Classes (N, H, W) uint8; scores, not classes, are brought to the pictures' size: edges stay smooth."""
        if size != (SIZE, SIZE):
            found = F.interpolate(found, size=size, mode="bilinear", align_corners=False, antialias=min(size) < SIZE)
        return found.argmax(1).to(torch.uint8)


def loss(network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Cross-entropy, each pixel weighted by its class."""
    weight = torch.tensor([_WEIGHT.get(name, 2.0) for name in CLASSES])
    # A row a pixel: with channels_last that is no copy, and twice as fast as the same on four dimensions.
    scores = network(batch["image"]).permute(0, 2, 3, 1).reshape(-1, len(CLASSES))
    return F.cross_entropy(scores, batch["labels"].reshape(-1), weight=weight)


def overlaps(found: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Intersection over union of each class over all pixels (N, H, W) of both; classes in neither are left out."""
    counts = np.bincount(truth.ravel().astype(np.int64) * len(CLASSES) + found.ravel(), minlength=len(CLASSES) ** 2)
    table = counts.reshape(len(CLASSES), len(CLASSES)).astype(np.float64)
    union = table.sum(0) + table.sum(1) - table.diagonal()
    return {name: round(table[i, i] / union[i], 4) for i, name in enumerate(CLASSES) if union[i]}


def measure(ask: Asked, count: int = 2000) -> dict:
    """Overlap on fresh faces, and the accuracy of pixels; beside it naming each pixel its commonest class."""
    fresh = pool(FRESH, count).fields
    truth, found = np.asarray(fresh["labels"]), ask(fresh["image"]).numpy()
    known = np.asarray(pool(FRESH + count, count).fields["labels"]).reshape(count, -1)
    common = np.stack([(known == label).sum(0) for label in range(len(CLASSES))]).argmax(0).reshape(1, SIZE, SIZE)
    each, guess = overlaps(found, truth), overlaps(np.broadcast_to(common, truth.shape), truth)
    return {
        "faces": count,
        "mean_iou": round(float(np.mean(list(each.values()))), 4),
        "pixel_accuracy": round(float((found == truth).mean()), 4),
        "iou": each,
        "guess": {
            "what": "each place's commonest class",
            "mean_iou": round(float(np.mean(list(guess.values()))), 4),
            "pixel_accuracy": round(float((common == truth).mean()), 4),
        },
    }
