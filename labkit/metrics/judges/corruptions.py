"""Ways to spoil pictures step by step, and the ladder on which ``FD-faces`` has to rank them.

After Heusel et al. (2017, figure 3): a distance is of use when it grows with every step of every kind of damage. None
of these is part of the feature net's training.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.metrics.frechet import frechet_distance
from labkit.metrics.judges.asked import Asked

LEVELS = 8
Corruption = Callable[[Tensor, float, torch.Generator], Tensor]


def blur(image: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Gaussian blur of up to 3 pixels' standard deviation."""
    sigma = 3 * level
    places = torch.arange(-9, 10, dtype=torch.float32)
    kernel = torch.exp(-(places**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).repeat(3, 1)
    image = F.conv2d(F.pad(image, (9, 9, 0, 0), mode="replicate"), kernel[:, None, None, :], groups=3)
    return F.conv2d(F.pad(image, (0, 0, 9, 9), mode="replicate"), kernel[:, None, :, None], groups=3)


def noise(image: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Gaussian noise of up to 0.4 on a scale from -1 to 1."""
    return image + torch.randn(image.shape, generator=generator) * (0.4 * level)


def patch_shuffle(image: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Up to half of the 64 patches of 8×8 pixels change places among each other."""
    n, channels, side, _ = image.shape
    patch = side // 8
    patches = image.reshape(n, channels, 8, patch, 8, patch).permute(0, 2, 4, 1, 3, 5).reshape(n, 64, -1)
    chosen = torch.rand(n, 64, generator=generator).argsort(1)[:, : max(2, round(32 * level))]
    rows = torch.arange(n)[:, None]
    mixed = patches.clone()
    # One place on, around the ring: every chosen patch moves.
    mixed[rows, chosen] = patches[rows, chosen.roll(1, 1)]
    return mixed.reshape(n, 8, 8, channels, patch, patch).permute(0, 3, 1, 4, 2, 5).reshape(image.shape)


def colour_shift(image: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Red up, blue down, by up to 0.4 on a scale from -1 to 1."""
    return image + torch.tensor([0.4, 0.0, -0.4])[None, :, None, None] * level


def grey(image: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Colour fades until none is left."""
    return torch.lerp(image, image.mean(1, keepdim=True), level)


def holes(image: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Five grey squares at random places, each up to a fifth of the picture's side."""
    n, _, side, _ = image.shape
    line = torch.arange(side)
    half = side * 0.1 * level + 0.5
    for _ in range(5):
        centre = torch.rand(n, 2, 1, generator=generator) * side
        inside = (line - centre).abs() < half
        image = torch.where((inside[:, 0, :, None] & inside[:, 1, None, :])[:, None], 0.0, image)
    return image


def warp(image: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Places move, smoothly, by a few pixels."""
    n = len(image)
    push = torch.randn(n, 2, 5, 5, generator=generator) * (0.12 * level)
    push = F.interpolate(push, size=image.shape[-2:], mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    grid = F.affine_grid(torch.eye(2, 3).expand(n, 2, 3), list(image.shape), align_corners=False)
    return F.grid_sample(image, grid + push, padding_mode="border", align_corners=False)


def collapse(image: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """A share of the pictures is replaced by copies of twenty of them: flawless, and always the same."""
    few = image[torch.randint(20, (len(image),), generator=generator)]
    gone = torch.arange(len(image)) % LEVELS < round(LEVELS * level)
    return torch.where(gone[:, None, None, None], few, image)


KINDS: dict[str, Corruption] = {
    "blur": blur,
    "noise": noise,
    "patch shuffle": patch_shuffle,
    "colour shift": colour_shift,
    "grey": grey,
    "holes": holes,
    "warp": warp,
    "collapse": collapse,
}


def corrupt(image: np.ndarray, kind: str, level: float, seed: int = 0) -> np.ndarray:
    """Spoil pictures.

    Args:
        image: uint8 (N, H, W, 3).
        kind: one of :data:`KINDS`.
        level: above 0 and up to 1, the worst.
        seed: of the noise and the places; the same for all levels, so that only the strength differs.

    Returns:
        uint8 (N, H, W, 3).
    """
    generator = torch.Generator().manual_seed(seed)
    floats = torch.from_numpy(image).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    spoiled = KINDS[kind](floats, level, generator).clamp_(-1, 1)
    return spoiled.add_(1).mul_(127.5).round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def ladder(
    features: Asked,
    real: np.ndarray,
    others: np.ndarray,
    *,
    kinds: tuple[str, ...] = tuple(KINDS),
    levels: int = LEVELS,
) -> dict:
    """Fréchet distances between real faces and other real faces that were spoiled, step by step.

    Args:
        features: the feature net.
        real: uint8 (N, H, W, 3).
        others: uint8 (M, H, W, 3), which are spoiled.
        kinds: which kinds of damage.
        levels: steps of each, at equal distances up to the worst.

    Returns:
        ``n``; ``floor``, the distance of the others as they are; by kind the distances from the mildest to the worst;
        and ``monotone``, whether each kind's begin above the floor and never fall.
    """
    known = features(real)
    floor = frechet_distance(features(others), known)
    table = {
        kind: [
            round(frechet_distance(features(corrupt(others, kind, (i + 1) / levels)), known), 3) for i in range(levels)
        ]
        for kind in kinds
    }
    steps = {kind: [floor, *values] for kind, values in table.items()}
    return {
        "n": len(others),
        "floor": round(floor, 3),
        **table,
        "monotone": {kind: all(a < b for a, b in pairwise(row)) for kind, row in steps.items()},
    }
