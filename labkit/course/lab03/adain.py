"""Adaptive instance normalisation (Huang & Belongie 2017; Karras et al. 2019, equation 1), judged."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near
from labkit.course.lab03.results import Known, judge_gradients, recognise_any, tensor

MAPS = "μ and σ of each channel of each image: over dimensions 2 and 3, `dim=(2, 3), keepdim=True`."
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
        rights = [_adain(x, gamma, beta, unbiased=unbiased) for unbiased in (False, True)]
        if any(near(value, right) for right in rights):
            judge_gradients(value, rights, {"x": x, "gamma": gamma, "beta": beta})
            continue
        with torch.no_grad():
            recognise_any(value, _mistakes(x, gamma, beta))
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
    rights = [_adain(x, gamma, beta, unbiased=unbiased) for unbiased in (False, True)]
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
    rights = [_adain(x.double(), gamma.double(), beta.double(), unbiased=unbiased) for unbiased in (False, True)]
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


def _ask(function: Callable, x: Tensor, gamma: Tensor, beta: Tensor) -> Any:
    try:
        return call(function, x, gamma, beta)
    except Raised as raised:
        if "must match the size" in str(raised.error) or "not broadcastable" in str(raised.error):
            raise Wrong(
                "sizes",
                f"{raised.sentence}.",
                "(B, C) beside (B, C, H, W): `gamma[:, :, None, None]` stands for a whole map; and `keepdim=True` "
                "keeps μ and σ in the form (B, C, 1, 1).",
            ) from None
        raise


def _adain(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    dim: tuple[int, ...] = (2, 3),
    unbiased: bool = False,
    epsilon: float = 1e-8,
    outside: bool = False,
) -> Tensor:
    variance = x.var(dim, keepdim=True, unbiased=unbiased)
    std = variance.sqrt() + epsilon if outside else (variance + epsilon).sqrt()
    return gamma[:, :, None, None] * (x - x.mean(dim, keepdim=True)) / std + beta[:, :, None, None]


def _counted(x: Tensor, g: Tensor, b: Tensor, count: int) -> Tensor:
    """AdaIN with sums divided by a number of one's own."""
    away = x - x.sum((2, 3), keepdim=True) / count
    return g * away / (away.square().sum((2, 3), keepdim=True) / count + 1e-8).sqrt() + b


def _mistakes(x: Tensor, gamma: Tensor, beta: Tensor) -> list[Known]:
    """Mistake, its values, what it does, what to look at."""
    g, b = gamma[:, :, None, None], beta[:, :, None, None]
    mean = x.mean((2, 3), keepdim=True)
    stds = [x.std((2, 3), keepdim=True, unbiased=unbiased) for unbiased in (False, True)]
    normal = [(x - mean) / std for std in stds]

    def over(*dim: int) -> list[Tensor]:
        if torch.Size(x.shape[d] for d in dim).numel() < 2:
            return []
        return [_adain(x, gamma, beta, dim, unbiased) for unbiased in (False, True)]

    return [
        ("unchanged", [x], "you return x as it was.", "γ·(x − μ)/σ + β."),
        (
            "no-norm",
            [g * x + b],
            "x is scaled and shifted as it is: its own mean and deviation stay in the result.",
            "First they go: (x − μ)/σ. Only then γ and β.",
        ),
        (
            "not-centred",
            [g * x / std + b for std in stds],
            "you divide by σ, but x keeps its own mean.",
            "(x − μ)/σ: subtract the mean first.",
        ),
        (
            "not-divided",
            [g * (x - mean) + b],
            "you subtract μ, but x keeps its own deviation.",
            "(x − μ)/σ: divide by the deviation.",
        ),
        (
            "variance",
            [g * (x - mean) / std**2 + b for std in stds],
            "you divide by the variance σ².",
            "σ is the root of it: `.std(…)`, or `(var + 1e-8).sqrt()`.",
        ),
        (
            "multiplied",
            [g * (x - mean) * std + b for std in stds],
            "you multiply by σ where the equation divides.",
            "(x − μ)/σ has deviation 1.",
        ),
        (
            "batch",
            over(0, 2, 3),
            "your μ and σ run over the batch too: this is batch norm, and an image depends on its neighbours.",
            MAPS,
        ),
        (
            "layer",
            over(1, 2, 3),
            "your μ and σ run over all channels of an image: this is layer norm.",
            "A style sets each channel by itself. " + MAPS,
        ),
        ("channels", over(1), "your μ and σ run over the channels of each pixel.", MAPS),
        ("everything", over(0, 1, 2, 3), "there is one μ and one σ for the whole batch.", MAPS),
        ("one-side", over(2) + over(3), "your μ and σ run over rows or over columns alone.", MAPS),
        (
            "no-beta",
            [g * n for n in normal],
            "β is missing: every map has mean 0.",
            "γ·(x − μ)/σ + β: `beta[:, :, None, None]`.",
        ),
        (
            "no-gamma",
            [n + b for n in normal],
            "γ is missing: every map has deviation 1.",
            "γ·(x − μ)/σ + β: `gamma[:, :, None, None]`.",
        ),
        ("no-style", normal, "neither γ nor β has any effect: all styles look alike.", "γ·(x − μ)/σ + β."),
        (
            "swapped",
            [b * n + g for n in normal],
            "γ and β have changed places.",
            "γ multiplies, β is added. The second argument is γ.",
        ),
        (
            "one-plus",
            [(1 + g) * n + b for n in normal],
            "you multiply by 1 + γ.",
            "Some codes write it so; AdaIN's equation multiplies by γ itself.",
        ),
        (
            "beta-inside",
            [g * (n + b) for n in normal],
            "γ multiplies β as well.",
            "First γ·(…), then + β, behind the bracket.",
        ),
        (
            "subtracted",
            [g * n - b for n in normal],
            "you subtract β where the equation adds it.",
            "+ β: the mean of a map is then β.",
        ),
        (
            "gamma-divides",
            [n / g + b for n in normal],
            "you divide by γ as well.",
            "x's own deviation σ goes, the style's γ comes: γ·(x − μ)/σ.",
        ),
        (
            "absolute",
            [g.abs() * n + b for n in normal],
            "the sign of γ is lost.",
            "A negative γ turns a map's dark and bright about: take γ as it is.",
        ),
        (
            "first-style",
            [g[:1] * n + b[:1] for n in normal],
            "every image gets the first one's style.",
            "Row b of γ and β belongs to image b: `gamma[:, :, None, None]`.",
        ),
        (
            "mean-style",
            [g.mean(0, keepdim=True) * n + b.mean(0, keepdim=True) for n in normal],
            "every image gets the mean of all styles.",
            "Row b of γ and β belongs to image b.",
        ),
        (
            "one-number",
            [
                scale * n + shift
                for n in normal
                for scale, shift in (
                    (g.mean(1, keepdim=True), b.mean(1, keepdim=True)),
                    (g[:, :1], b[:, :1]),
                    (g.std(1, keepdim=True), b.mean(1, keepdim=True)),
                )
            ],
            "all channels of an image get the same scale and shift.",
            "Column c of γ and β belongs to channel c.",
        ),
        (
            "mixed-style",
            [
                made(g) * n + made(b)
                for n in normal
                for made in (
                    lambda s: s.flip(1),
                    lambda s: s.flip(0),
                    lambda s: s.transpose(0, 1).reshape(s.shape),
                )
            ],
            "a map gets the γ and β of another channel or image.",
            "Row b, column c of γ belongs to channel c of image b: `gamma[:, :, None, None]`, no `.T` or `reshape`.",
        ),
        (
            "gamma-added",
            [n + g + b for n in normal],
            "you add γ, so every map keeps the deviation 1.",
            "γ multiplies, β is added: γ·(x − μ)/σ + β.",
        ),
        (
            "plus-mean",
            [g * (x + mean) / std + b for std in stds],
            "you add μ to x: its own mean is doubled instead of removed.",
            "(x − μ)/σ, with a minus.",
        ),
        (
            "brackets",
            [g * x - mean / std + b for std in stds] + [g * (x - mean / std) + b for std in stds],
            "only μ is divided by σ, and x is not: there are brackets missing.",
            "The whole difference is divided: `(x - mean) / std`.",
        ),
        (
            "root-mean-square",
            [g * (x - mean) / x.square().mean((2, 3), keepdim=True).sqrt() + b],
            "you divide by √E[x²], which also grows with the map's mean: it is not σ.",
            "σ² is the mean of (x − μ)²: subtract μ first, or use `.var(…)`.",
        ),
        (
            "clamped",
            [g * (x - mean) / std.clamp(min=1) + b for std in stds],
            "your σ is never below 1, so maps of low contrast stay so.",
            "A tiny number, 1e-8, keeps a flat map from NaN. Any larger bound changes the others.",
        ),
        (
            "first-statistics",
            [
                g * (x - mean[:1]) / std + b
                for std in (x[:1].std((2, 3), keepdim=True, unbiased=u) for u in (True, False))
            ],
            "every image is normalised with the first one's μ and σ.",
            MAPS,
        ),
        (
            "count",
            [_counted(x, g, b, count) for count in (x.shape[2] ** 2, x.shape[3] ** 2, 16**2, 32**2)],
            "your means divide by another number than the H·W places of a map.",
            "`.mean((2, 3))` counts them itself; maps need not be square, nor of one size. " + MAPS,
        ),
        (
            "epsilon",
            [
                _adain(x, gamma, beta, (2, 3), unbiased, epsilon, outside)
                for epsilon in (1e-3, 1e-2, 0.1, 1.0)
                for unbiased in (False, True)
                for outside in (False, True)
            ],
            "your tiny number beside σ is so large that it makes weak maps weaker.",
            "1e-8, or 1e-5 as in PyTorch's own norms.",
        ),
    ]


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
