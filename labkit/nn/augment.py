"""Differentiable augmentation: D sees every image, real or fake, changed at random, and can't learn them by heart.

Zhao et al. 2020, *Differentiable augmentation for data-efficient GAN training*, section 3.3: G trains through the same
changes, and as they are made of real and fake images alike, they don't leak into what G draws.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from labkit.errors import UserError, nearest

Draw = Callable[..., Tensor]
"""(n, *shape) uniform numbers in [0, 1): `labkit.models.game.Game.uniform`, the same on any number of processes."""


def _colour(image: Tensor, uniform: Draw) -> Tensor:
    """Brightness by ±0.5, saturation by 0 to 2, contrast by 0.5 to 1.5."""
    brightness, saturation, contrast = uniform(len(image), 3)[:, :, None, None, None].unbind(1)
    image = image + (brightness - 0.5)
    grey = image.mean(1, keepdim=True)
    image = grey + (image - grey) * (2 * saturation)
    middle = image.mean((1, 2, 3), keepdim=True)
    return middle + (image - middle) * (0.5 + contrast)


def _translation(image: Tensor, uniform: Draw, share: float = 0.125) -> Tensor:
    """Moved by up to an eighth of the side each way; black comes in."""
    side = image.shape[-1]
    reach = round(side * share)
    move = (uniform(len(image), 2) * (2 * reach + 1)).floor().long()
    line = torch.arange(side, device=image.device)
    rows = (move[:, :1] + line)[:, None, :, None]
    columns = (move[:, 1:] + line)[:, None, None, :]
    batch = torch.arange(len(image), device=image.device)[:, None, None, None]
    channel = torch.arange(image.shape[1], device=image.device)[None, :, None, None]
    return pad(image, [reach] * 4)[batch, channel, rows, columns]


def _cutout(image: Tensor, uniform: Draw, share: float = 0.5) -> Tensor:
    """A square of half the side becomes grey."""
    side = image.shape[-1]
    length = round(side * share)
    middle = (uniform(len(image), 2) * (side + 1 - length % 2)).floor()[:, :, None, None]
    line = torch.arange(side, device=image.device)
    rows = ((line[:, None] - middle[:, :1]) + 0.5).abs() <= length / 2
    columns = ((line[None, :] - middle[:, 1:]) + 0.5).abs() <= length / 2
    return image * ~(rows & columns)


AUGMENTATIONS = {"colour": _colour, "translation": _translation, "cutout": _cutout}


def check_augmentations(kinds: Sequence[str]) -> None:
    """Refuse what is no augmentation.

    Raises:
        UserError: an unknown kind, with the nearest name.
    """
    for kind in kinds:
        if kind not in AUGMENTATIONS:
            raise UserError(nearest(kind, AUGMENTATIONS, "augmentation"))


def augment(image: Tensor, kinds: Sequence[str], uniform: Draw) -> Tensor:
    """Change images at random.

    Args:
        image: (B, C, H, W) in [−1, 1], H = W.
        kinds: keys of :data:`AUGMENTATIONS`, applied in this order.
        uniform: where the random numbers come from.

    Returns:
        Images of the same shape, differentiable in `image`.

    Raises:
        UserError: an unknown kind, with the nearest name.
    """
    check_augmentations(kinds)
    for kind in kinds:
        image = AUGMENTATIONS[kind](image, uniform)
    return image
