"""Generators that anyone could write: what a model must beat before its score says anything."""

from collections.abc import Callable

import torch
from torch import Tensor


def pixelwise_gaussian(real: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Each pixel drawn by itself from a Gaussian with the data's mean and deviation at that pixel, clipped to 0..255.

    Args:
        real: uint8 (N, C, H, W).
        n: how many to draw.
        generator: of the draws.

    Returns:
        uint8 (n, C, H, W).
    """
    pixels = real.float()
    mean, deviation = pixels.mean(0), pixels.std(0)
    noise = torch.randn((n, *mean.shape), generator=generator)
    return (mean + deviation * noise).clamp_(0, 255).round_().to(torch.uint8)


def mean_image(real: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """The mean of the data, once for n copies: the best answer to a squared error, and what blurs."""
    return real.float().mean(0, keepdim=True).round().to(torch.uint8)


def one_real_image(real: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """The data's first image, once for n copies: total mode collapse onto something flawless."""
    return real[:1]


# Each gives n images, or one that stands for n copies of itself.
BASELINES: dict[str, Callable[[Tensor, int, torch.Generator], Tensor]] = {
    "pixel-wise Gaussian": pixelwise_gaussian,
    "mean image": mean_image,
    "one real image": one_real_image,
}
