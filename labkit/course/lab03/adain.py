"""Adaptive instance normalisation (Huang & Belongie 2017; Karras et al. 2019, equation 1), judged."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from labkit.course.asked import SIZES, asked, judge_gradients, recognise_any, tensor
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import call, near
from labkit.course.lab03.normalisations import MAPS, mistakes, normalised

SHAPES = ((3, 4, 5, 7), (1, 5, 6, 2), (4, 2, 3, 8))


def adain(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """γ·(x − μ(x))/σ(x) + β, with μ and σ of each channel of each image: (B, C, H, W), (B, C), (B, C) → as x."""
    mean = x.mean((2, 3), keepdim=True)
    std = (x.var((2, 3), keepdim=True, unbiased=False) + 1e-8).sqrt()
    return gamma[:, :, None, None] * (x - mean) / std + beta[:, :, None, None]


def judge_adain(function: Callable) -> None:
    """Three shapes, channels and images of unequal mean and deviation, a flat map, and maps far from 0."""
    for seed, shape in enumerate(SHAPES):
        x, gamma, beta = (made.requires_grad_() for made in _inputs(seed, shape))
        value = tensor(_ask(function, x, gamma, beta), shape, "x comes out normalised, in its own shape (B, C, H, W).")
        rights = [normalised(x, gamma, beta, unbiased=unbiased) for unbiased in (False, True)]
        if any(near(value, right) for right in rights):
            judge_gradients(value, rights, {"x": x, "gamma": gamma, "beta": beta})
            continue
        with torch.no_grad():
            recognise_any(value, mistakes(x, gamma, beta))
        raise Wrong(
            "other-value",
            f"with γ = {float(gamma[0, 0].detach()):.2f} and β = {float(beta[0, 0].detach()):.2f} the first map of "
            f"your result has mean {float(value[0, 0].detach().mean()):.3f} and deviation "
            f"{float(value[0, 0].detach().std(unbiased=False)):.3f}.",
            "Afterwards a map has the mean β and the deviation |γ|. " + MAPS,
        )
    _judge_flat(function)
    _judge_far(function)


def _judge_flat(function: Callable) -> None:
    """One flat map: it becomes β, and the others stay what they are without it."""
    x, gamma, beta = _inputs(7, (2, 3, 4, 4))
    x[1, 2] = 0.5
    value = call(function, x, gamma, beta)
    if not (isinstance(value, Tensor) and value.isfinite().all()):
        raise Wrong(
            "flat",
            "a flat map has σ = 0, and your result for it is not finite.",
            "A tiny number, 1e-8, beside σ² below the root: 0 / √(0 + 1e-8) is 0.",
        )
    at, others = value.detach()[1, 2], torch.ones(2, 3, dtype=torch.bool)
    others[1, 2] = False
    if not near(at, beta[1, 2].expand_as(at), 2e-2):
        raise Wrong(
            "flat-value",
            f"a flat map with β = {float(beta[1, 2]):.2f} becomes {float(at.mean()):.2f} in your result.",
            "x − μ is 0 there, so β alone is left. A tiny number below the root does that without any exception.",
        )
    rights = [normalised(x, gamma, beta, unbiased=unbiased) for unbiased in (False, True)]
    if not any(near(value[others], right[others], 1e-2) for right in rights):
        raise Wrong(
            "flat-spoils",
            "if one map is flat, your result is another one for all the other maps too.",
            "Each map has its own μ and σ. A tiny number below the root serves the flat one, without any `if`.",
        )


def _judge_far(function: Callable) -> None:
    """Maps whose mean is a thousand times their deviation: E[x²] − μ² has no digits left."""
    x, gamma, beta = _inputs(8, (2, 3, 5, 6))
    x = 0.5 * (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True) + 1000
    value = call(function, x, gamma, beta)
    rights = [normalised(x.double(), gamma.double(), beta.double(), unbiased=unbiased) for unbiased in (False, True)]
    if not (isinstance(value, Tensor) and any(near(value, right, 2e-2) for right in rights)):
        raise Wrong(
            "one-pass",
            "with maps of mean 1000 and deviation 0.5 your result is far off, as it is if σ² comes from E[x²] − μ².",
            "There two huge numbers nearly cancel. Subtract first and square then: `.var(…)`, or the mean of (x − μ)².",
        )


def _inputs(seed: int, shape: tuple[int, int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    spread = 0.4 + 1.5 * torch.rand(*shape[:2], 1, 1, generator=generator)
    shift = 1.5 * torch.randn(*shape[:2], 1, 1, generator=generator) + 0.6
    x = torch.randn(shape, generator=generator) * spread + shift
    gamma, beta = torch.randn(2, *shape[:2], generator=generator)
    return x, gamma + 0.3, beta - 0.4


def _ask(function: Callable, *arguments: Tensor) -> Any:
    hint = (
        "(B, C) beside (B, C, H, W): `gamma[:, :, None, None]` stands for a whole map; and `keepdim=True` keeps μ and "
        "σ in the form (B, C, 1, 1)."
    )
    return asked(function, *arguments, told=[(SIZES, "sizes", hint)])


ADAIN = Exercise(
    name="03.adain",
    title="AdaIN",
    points=2,
    difficulty=1,
    minutes=10,
    reference=adain,
    hints=(
        "What does a style have to take away from a map before it can set the map's mean and deviation itself?",
        "AdaIN(x, γ, β)_bc = γ_bc·(x_bc − μ(x_bc))/σ(x_bc) + β_bc, with x_bc one map of H × W numbers.",
        "`mean = x.mean(dim=…, keepdim=True)`; σ alike, with 1e-8; then `gamma[:, :, None, None] * … + …`.",
    ),
    judge=judge_adain,
)
