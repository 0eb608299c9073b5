"""The judge of landmarks: where are the 68 points of this face?"""

import numpy as np
import torch
from torch import Tensor, nn

from labkit.metrics.judges.asked import Asked
from labkit.metrics.judges.blocks import SIZE, Climb, Trunk
from labkit.metrics.judges.pool import FRESH, pool

WHAT = "The 68 landmarks of a face, in iBUG's order."
ANSWER = "(N, 68, 2) float32: x and y in pixels of the pictures as given; the first pixel's centre is 0"
POINTS = 68
PARTS = {"jaw": range(17), "brows": range(17, 27), "nose": range(27, 36), "eyes": range(36, 48), "mouth": range(48, 68)}
NAMES = tuple(str(point) for point in range(POINTS))
PHOTOS, ROBUST = 1, True
HIDDEN = 0.2
"""What a landmark that nothing shows weighs in the loss: it must be guessed from the others."""


class Network(nn.Module):
    """Trunk, the way back up to 16×16, and for each landmark a map of where it may be, whose mean is the answer.

    The mean of a map is a place between pixels, and a loss on it needs no drawn targets (Sun et al. 2018).
    """

    centres: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.climb = Climb(64, top=1)
        self.read = nn.Conv2d(64, POINTS, 1)
        # The middles of the maps' cells, 4 pixels apart, where the first pixel's centre is 0.
        line = (torch.arange(16) + 0.5) * (SIZE / 16) - 0.5
        self.register_buffer("centres", line, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, 64, 64) in [-1, 1] → (N, 68, 2) in pixels at 64."""
        maps = self.read(self.climb(self.trunk(image))).contiguous(memory_format=torch.contiguous_format)
        share = maps.flatten(2).softmax(2).view_as(maps)
        return torch.stack([(share.sum(2) * self.centres).sum(2), (share.sum(3) * self.centres).sum(2)], 2)

    def answer(self, found: Tensor, size: tuple[int, int]) -> Tensor:
        """In pixels of pictures of this height and width."""
        height, width = size
        return (found + 0.5) * torch.tensor([width / SIZE, height / SIZE]) - 0.5


def loss(network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Mean distance in pixels, landmarks that can be seen first."""
    weight = batch["visible"].float().mul(1 - HIDDEN).add(HIDDEN)
    distance = (network(batch["image"]) - batch["landmarks"]).square().sum(-1).add(1e-4).sqrt()
    return (distance * weight).sum() / weight.sum()


def errors(found: np.ndarray, truth: np.ndarray, visible: np.ndarray) -> dict[str, float]:
    """Mean distances of landmarks (N, 68, 2).

    Returns:
        ``pixels``: of those that can be seen; ``hidden``: of the others; ``interocular``: of those that can be seen, as
        a share of the distance between the outer corners of the eyes; ``gross``: how many of them are off by over 3
        pixels.
    """
    distance, seen = np.linalg.norm(found - truth, axis=-1), visible.astype(bool)
    between = np.linalg.norm(truth[:, 45] - truth[:, 36], axis=-1)[:, None]
    values = {
        "pixels": distance[seen].mean(),
        "hidden": distance[~seen].mean(),
        "interocular": (distance / between)[seen].mean(),
        "gross": (distance[seen] > 3).mean(),
    }
    return {name: round(float(value), 4) for name, value in values.items()}


def measure(ask: Asked, count: int = 4000) -> dict:
    """Errors on fresh faces, and beside them those of always answering the mean landmarks."""
    fresh = pool(FRESH, count).fields
    truth, visible = np.asarray(fresh["landmarks"]), np.asarray(fresh["visible"])
    mean = pool(FRESH + count, count).fields["landmarks"].mean(0, keepdims=True)
    found = ask(fresh["image"]).numpy()
    distance = np.linalg.norm(found - truth, axis=-1)
    return {
        "faces": count,
        **errors(found, truth, visible),
        "pixels_by_part": {
            part: round(float(distance[:, rows][visible[:, rows] == 1].mean()), 4) for part, rows in PARTS.items()
        },
        "guess": {"what": "the mean landmarks", **errors(np.broadcast_to(mean, truth.shape), truth, visible)},
    }
