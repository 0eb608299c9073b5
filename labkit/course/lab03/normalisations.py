"""What AdaIN comes to when its mean, its deviation or its style is another one."""

import torch
from torch import Tensor

from labkit.course.asked import Known

MAPS = "μ and σ of each channel of each image: over dimensions 2 and 3, `dim=(2, 3), keepdim=True`."


def normalised(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    dim: tuple[int, ...] = (2, 3),
    unbiased: bool = False,
    epsilon: float = 1e-8,
    outside: bool = False,
) -> Tensor:
    """AdaIN with μ and σ over these dimensions, ε inside of the root or outside."""
    variance = x.var(dim, keepdim=True, unbiased=unbiased)
    std = variance.sqrt() + epsilon if outside else (variance + epsilon).sqrt()
    return gamma[:, :, None, None] * (x - x.mean(dim, keepdim=True)) / std + beta[:, :, None, None]


def _counted(x: Tensor, g: Tensor, b: Tensor, count: int) -> Tensor:
    """AdaIN with sums divided by a number of one's own."""
    away = x - x.sum((2, 3), keepdim=True) / count
    return g * away / (away.square().sum((2, 3), keepdim=True) / count + 1e-8).sqrt() + b


def mistakes(x: Tensor, gamma: Tensor, beta: Tensor) -> list[Known]:
    """Mistake, its values, what it does, what to look at."""
    g, b = gamma[:, :, None, None], beta[:, :, None, None]
    mean = x.mean((2, 3), keepdim=True)
    stds = [x.std((2, 3), keepdim=True, unbiased=unbiased) for unbiased in (False, True)]
    normal = [(x - mean) / std for std in stds]

    def over(*dim: int) -> list[Tensor]:
        if torch.Size(x.shape[d] for d in dim).numel() < 2:
            return []
        return [normalised(x, gamma, beta, dim, unbiased) for unbiased in (False, True)]

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
                normalised(x, gamma, beta, (2, 3), unbiased, epsilon, outside)
                for epsilon in (1e-3, 1e-2, 0.1, 1.0)
                for unbiased in (False, True)
                for outside in (False, True)
            ],
            "your tiny number beside σ is so large that it makes weak maps weaker.",
            "1e-8, or 1e-5 as in PyTorch's own norms.",
        ),
    ]
