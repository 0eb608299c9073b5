"""The truncation trick (Brock, Donahue & Simonyan 2019, section 3.1): z nearer to the middle, judged."""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import call

REDRAW = "`far = z.abs() > limit`, and `z[far] = torch.randn(…)` for those, again and again until none is far."


def truncated(n: int, dim: int, limit: float) -> Tensor:
    """Latents z ~ N(0, 1), each number drawn again while it is farther than `limit` from 0: (n, dim)."""
    z = torch.randn(n, dim)
    while (far := z.abs() > limit).any():
        z[far] = torch.randn(int(far.sum()))
    return z


def judge_truncated(function: Callable) -> None:
    """Shape, range, and the whole distribution, at a wide and a narrow limit."""
    for n, dim, limit in ((600, 12, 1.5), (200, 20, 0.6)):
        z = call(function, n, dim, limit)
        if not isinstance(z, Tensor) or z.shape != (n, dim):
            what = f"the shape {tuple(z.shape)}" if isinstance(z, Tensor) else f"the type {type(z).__name__}"
            raise Wrong(
                "shape",
                f"for n = {n} and dim = {dim} your result has {what}.",
                f"One tensor of n rows and dim columns: {(n, dim)}.",
            )
        z = z.detach().double()
        if not z.isfinite().all():
            raise Wrong("not-finite", "some of your numbers are not finite.", "`torch.randn(n, dim)` to begin with.")
        if torch.equal(z, call(function, n, dim, limit).double()):
            raise Wrong(
                "seeded",
                "two calls give the very same numbers: every sample of G would be the same.",
                "No `torch.manual_seed` in here.",
            )
        if (z[:1] == z).all() or (z[:, :1] == z).all():
            raise Wrong(
                "repeated",
                "your rows or your columns are copies of each other.",
                "n × dim independent numbers: `torch.randn(n, dim)`.",
            )
        _judge_range(z, limit)
        _judge_shape(z, limit)


def _judge_range(z: Tensor, limit: float) -> None:
    beyond, std = float((z.abs() > limit * (1 + 1e-3)).double().mean()), float(z.std())
    if not beyond:
        return
    outside = 2 * float(torch.special.ndtr(torch.tensor(-limit, dtype=torch.float64)))
    if abs(std - 1) < 0.05 and abs(beyond - outside) < 0.2 * outside:
        raise Wrong(
            "untruncated",
            f"{beyond:.0%} of your numbers lie beyond ±{limit:g}, as many as in N(0, 1) itself.",
            "Nothing is truncated yet. " + REDRAW,
        )
    if abs(std - limit) < 0.05 * limit:
        raise Wrong(
            "scaled",
            f"you multiply N(0, 1) by the limit: {beyond:.0%} of your numbers still lie beyond ±{limit:g}.",
            "Truncation leaves near numbers as they are and draws far ones again.",
        )
    if abs(beyond - outside**2) < 0.3 * outside**2 + 1e-3:
        raise Wrong(
            "once",
            f"{beyond:.1%} of your numbers still lie beyond ±{limit:g}: a number drawn again may be far again.",
            "A `while` in place of the `if`: " + REDRAW,
        )
    if (z <= limit).all() or (z >= -limit).all():
        raise Wrong(
            "one-side",
            f"only one side is cut: {beyond:.0%} of your numbers lie beyond the other.",
            "Far is |z| > limit: `z.abs() > limit`.",
        )
    raise Wrong("beyond", f"{beyond:.1%} of your numbers lie beyond ±{limit:g}.", REDRAW)


def _judge_shape(z: Tensor, limit: float) -> None:
    flat = z.flatten().sort().values
    zeros, edges = float((z == 0).double().mean()), float((z.abs() >= limit * (1 - 1e-6)).double().mean())
    if edges > 0.01:
        raise Wrong(
            "clamped",
            f"{edges:.0%} of your numbers are exactly ±{limit:g}: far ones were moved to the edge.",
            "`clamp` piles them up there, at the places where G is worst. Draw them again instead.",
        )
    if zeros > 0.01:
        raise Wrong(
            "zeroed",
            f"{zeros:.0%} of your numbers are exactly 0: far ones were set to 0.",
            "Drawn again they spread as the near ones do.",
        )
    if (z >= 0).all() or (z <= 0).all():
        raise Wrong("one-sided", "all your numbers have the same sign.", "N(0, 1) has two sides; keep the sign.")
    if _distance(flat, _truncated_normal(flat, limit)) < 1.95 / sqrt(len(flat)) + 0.004:
        return
    if _distance(flat, (flat / limit + 1) / 2) < 0.03:
        raise Wrong(
            "uniform",
            "your numbers are spread evenly between the limits.",
            "G has learned from N(0, 1), in which small numbers are commoner: `torch.randn`, not `rand`.",
        )
    if _distance(flat, torch.special.ndtr(torch.atanh((flat / limit).clamp(-1 + 1e-9, 1 - 1e-9)))) < 0.03:
        raise Wrong(
            "squashed",
            "you squeeze all numbers through a tanh, also those that were near enough.",
            "Near numbers stay as they are; only far ones are drawn again.",
        )
    farthest = float(flat.abs().max())
    if abs(limit - farthest) < 1e-6 * limit and _distance(flat, torch.special.ndtr(flat / flat.std())) < 0.03:
        raise Wrong(
            "rescaled",
            f"all your numbers were shrunk until the farthest lay at ±{limit:g}.",
            "One far number then moves all others. Draw the far ones again, and leave the rest.",
        )
    middle, right = float((z.abs() < limit / 2).double().mean()), _truncated_normal(torch.tensor([limit / 2]), limit)
    raise Wrong(
        "distribution",
        f"all your numbers are within ±{limit:g}, but {middle:.0%} of them within half of that, and it should be "
        f"{2 * float(right) - 1:.0%}.",
        "The normal distribution between −limit and limit, rescaled in height alone. " + REDRAW,
    )


def _truncated_normal(x: Tensor, limit: float) -> Tensor:
    """P(z ≤ x) of the normal distribution cut at ±limit."""
    below = torch.special.ndtr(torch.tensor(-limit, dtype=torch.float64))
    return (torch.special.ndtr(x.double()) - below) / (1 - 2 * below)


def _distance(sorted_values: Tensor, cumulative: Tensor) -> float:
    """The largest difference of the values' distribution to another, given at the values (Kolmogorov)."""
    ranks = (torch.arange(len(sorted_values), dtype=torch.float64) + 0.5) / len(sorted_values)
    return float((ranks - cumulative).abs().max())


TRUNCATED = Exercise(
    name="02.truncated",
    title="Truncation",
    points=3,
    difficulty=2,
    minutes=10,
    reference=truncated,
    hints=(
        "Which z did G see most often while it trained: those near 0, or those far away?",
        "z_i ~ N(0, 1); while |z_i| > limit, draw z_i again. Each number for itself.",
        "`z = torch.randn(n, dim)`, then `while …any():` with `z[far] = torch.randn(…)`; `torch.nn.init.trunc_normal_` "
        "does the same.",
    ),
    judge=judge_truncated,
)
