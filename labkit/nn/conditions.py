"""What a translator is shown: one-hot labels, a drawing, landmarks, or the picture itself with something taken away.

Each condition is made of a batch as the stream gives it, so that it is exact, costs no storage, and lies on the device.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from labkit.errors import UserError, nearest

Batch = Mapping[str, Tensor]
CLASSES = 19
"""Of the label maps: those of CelebAMask-HQ."""
SHRINK = 4
"""How many times smaller the low-resolution condition is."""


@dataclass(frozen=True)
class Condition:
    """One kind of input.

    Attributes:
        name: its key in `CONDITIONS`.
        channels: of the tensor that it makes, for colour pictures.
        field: of the data set that it needs, beside the picture.
        make: batch → (B, channels, H, W) in [−1, 1], or in {0, 1} where it is one-hot.
    """

    name: str
    channels: int
    field: str
    make: Callable[[Batch], Tensor]

    def __call__(self, batch: Batch) -> Tensor:
        """The input for these pictures.

        Raises:
            UserError: the data has no such field.
        """
        if self.field not in batch:
            raise UserError(
                f"the condition {self.name!r} needs the field {self.field!r}, and the data has {', '.join(batch)}: "
                f"open it with fields=({self.field!r},)"
            )
        return self.make(batch)


def labels_as_planes(labels: Tensor, classes: int = CLASSES) -> Tensor:
    """Class numbers (B, H, W) → one plane a class, (B, classes, H, W) of 0 and 1.

    A number that is no class would leave its pixel without one: `check_labels` refuses it before training, as asking a
    device for its largest number at each step would make every step wait.
    """
    numbers = torch.arange(classes, device=labels.device, dtype=labels.dtype)
    return (labels[:, None] == numbers[:, None, None]).float()


def boundaries(labels: Tensor) -> Tensor:
    """Where one thing ends and the next begins (Wang et al. 2018, section 3.3).

    Args:
        labels: numbers of classes or of instances, (B, H, W), integers.

    Returns:
        (B, 1, H, W): 1 at a pixel whose number is not that of its left, right, upper or lower neighbour, else 0. Both
        pixels of such a pair are marked, so a line is two pixels thick; the border of the picture alone marks nothing.
    """
    edge = torch.zeros_like(labels, dtype=torch.bool)
    across, down = labels[..., 1:] != labels[..., :-1], labels[..., 1:, :] != labels[..., :-1, :]
    edge[..., 1:] |= across
    edge[..., :-1] |= across
    edge[..., 1:, :] |= down
    edge[..., :-1, :] |= down
    return edge[:, None].float()


def labels_and_edges(labels: Tensor) -> Tensor:
    """Class numbers (B, H, W) → their planes and one of boundaries, (B, classes + 1, H, W) of 0 and 1.

    In a street two cars that touch are one patch of the class, and only the numbers of instances tell them apart. The
    built-in faces have no such numbers and need none: one face a picture, and the left eye, the right eye, each brow
    and each ear are classes, so every class is its own instance. The edges then tell nothing that the planes don't;
    they spare the network the work of finding them. Pictures of several people want numbers of instances in
    `boundaries`.
    """
    return torch.cat([labels_as_planes(labels), boundaries(labels)], 1)


def check_labels(labels: np.ndarray, classes: int = CLASSES, rows: int = 1000) -> None:
    """Look for numbers that are no class, such as the 0 and 255 of a mask.

    Args:
        labels: (N, H, W).
        classes: how many there are.
        rows: label maps that are looked at, over the whole data set.

    Raises:
        UserError: there is one.
    """
    some = labels[:: max(1, len(labels) // rows)]
    if some.size and int(some.max()) >= classes:
        raise UserError(f"the label map has a class {int(some.max())}, and there are {classes}, from 0 on")


def grey(image: Tensor) -> Tensor:
    """Brightness (B, 1, H, W) of colour pictures (Rec. 601)."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=image.device, dtype=image.dtype)
    return (image * weights[:, None, None]).sum(1, keepdim=True)


def small(image: Tensor) -> Tensor:
    """The picture as a quarter of its side can show it, at its own size again."""
    return interpolate(avg_pool2d(image, SHRINK), scale_factor=float(SHRINK), mode="nearest")


def with_hole(image: Tensor) -> Tensor:
    """The picture without its middle, a square of half the side, and a plane that is 1 there: (B, C + 1, H, W)."""
    side, quarter = image.shape[-1], image.shape[-1] // 4
    hole = torch.zeros_like(image[:, :1])
    hole[..., quarter : side - quarter, quarter : side - quarter] = 1
    return torch.cat([image * (1 - hole), hole], 1)


def landmarks_as_dots(batch: Batch, sigma: float = 0.01) -> Tensor:
    """The 68 landmarks as soft dots on one plane, (B, 1, H, W) in [−1, 1]; `sigma` is a share of the side."""
    points, side = batch["landmarks"], batch["image"].shape[-1]
    line = torch.arange(side, device=points.device, dtype=points.dtype)
    spread = 2 * max(sigma * side, 0.7) ** 2
    across = torch.exp(-(points[..., :1] - line).square() / spread)  # (B, 68, W)
    down = torch.exp(-(points[..., 1:] - line).square() / spread)  # (B, 68, H)
    return (down[..., :, None] * across[..., None, :]).amax(1)[:, None] * 2 - 1


CONDITIONS: dict[str, Condition] = {
    condition.name: condition
    for condition in (
        Condition("labels", CLASSES, "labels", lambda batch: labels_as_planes(batch["labels"])),
        Condition("labels-and-edges", CLASSES + 1, "labels", lambda batch: labels_and_edges(batch["labels"])),
        Condition("drawing", 1, "drawing", lambda batch: batch["drawing"]),
        Condition("cartoon", 3, "cartoon", lambda batch: batch["cartoon"]),
        Condition("landmarks", 1, "landmarks", landmarks_as_dots),
        Condition("grey", 1, "image", lambda batch: grey(batch["image"])),
        Condition("small", 3, "image", lambda batch: small(batch["image"])),
        Condition("hole", 4, "image", lambda batch: with_hole(batch["image"])),
        Condition("paired", 3, "paired", lambda batch: batch["paired"]),
    )
}


def condition(name: str) -> Condition:
    """A kind of input by name.

    Raises:
        UserError: unknown, with the nearest names.
    """
    if name not in CONDITIONS:
        raise UserError(nearest(name, CONDITIONS, "condition"))
    return CONDITIONS[name]
