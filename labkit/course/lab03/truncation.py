"""Truncation in W, in the coarse layers alone (Karras et al. 2019, appendix B), judged."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from labkit.course.asked import SIZES, Known, asked, recognise_any, tensor
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import near

# B, L, D, ψ, layers: the first one names most mistakes; then ψ that goes beyond, and none, all, one of the layers.
CASES = (
    (5, 8, 6, 0.7, 3),
    (1, 6, 5, 0.4, 4),
    (2, 5, 8, 1.6, 1),
    (4, 5, 3, -0.5, 5),
    (2, 4, 6, 0.6, 0),
    (2, 6, 3, 0, 3),
)


def truncate(w: Tensor, w_mean: Tensor, psi: float, layers: int) -> Tensor:
    """w̄ + ψ·(w − w̄) in the first layers, w in the others: (B, L, D), (D,), a number, an integer → (B, L, D)."""
    return torch.cat([w_mean + psi * (w[:, :layers] - w_mean), w[:, layers:]], 1)


def judge_truncate(function: Callable) -> None:
    """Six cases: other shapes, ψ beyond 1, negative and 0, and none, one, several or all of the layers."""
    for seed, (batch, total, dim, psi, layers) in enumerate(CASES):
        generator = torch.Generator().manual_seed(seed)
        w_mean = torch.randn(dim, generator=generator) + 0.5
        w = w_mean + torch.randn(batch, total, dim, generator=generator) + 0.4
        hint = "All L layers come back, truncated or not: `torch.cat([…, w[:, layers:]], 1)`, or change a clone."
        value = tensor(_ask(function, w, w_mean, psi, layers), (batch, total, dim), hint)
        if near(value, truncate(w, w_mean, psi, layers)):
            continue
        recognise_any(value, _mistakes(w, w_mean, psi, layers))
        raise _unnamed(value, w, w_mean, psi, layers)


def _ask(function: Callable, w: Tensor, w_mean: Tensor, psi: float, layers: int) -> Any:
    hint = "w is (B, L, D): the layers are dimension 1, `w[:, :layers]`; w_mean (D,) fits its last dimension."
    return asked(function, w, w_mean, psi, layers, told=[(SIZES, "sizes", hint)])


def _mistakes(w: Tensor, w_mean: Tensor, psi: float, layers: int) -> list[Known]:
    """Mistake, its values, what it does, what to look at."""
    number = torch.arange(w.shape[1])[None, :, None]
    first = number < layers
    right = w_mean + psi * (w - w_mean)

    def in_first(made: Tensor) -> list[Tensor]:
        return [torch.where(first, made, w)]

    def where(some: Tensor) -> list[Tensor]:
        return [torch.where(some, right, w)]

    image = torch.arange(len(w))[:, None, None] < layers
    column = torch.arange(w.shape[2]) < layers
    clamped = in_first(w) if psi > 1 else in_first(w_mean.expand_as(w)) if psi < 0 else []
    return [
        (
            "psi-clamped",
            clamped,
            f"ψ = {psi:g} has the effect of the nearest number between 0 and 1.",
            "ψ may be any number: beyond 1 faces are overdone, below 0 they are opposites.",
        ),
        ("unchanged", [w], "you return w as it was.", "The first layers come nearer to the mean."),
        (
            "all-layers",
            [right],
            "you truncate all layers.",
            "Only the first ones: `w[:, :layers]`. The fine layers keep their variety.",
        ),
        (
            "last-layers",
            where(number >= w.shape[1] - layers),
            "you truncate the *last* layers, in which only colours and fine things are decided.",
            "Coarse comes first: `w[:, :layers]`.",
        ),
        (
            "other-layers",
            where(~first),
            "you truncate the layers that should stay, and leave the first ones.",
            "`w[:, :layers]` is truncated, `w[:, layers:]` stays.",
        ),
        ("one-more", where(number <= layers), "you truncate one layer too many.", "`k < layers`, counted from 0."),
        (
            "one-less",
            where(number < layers - 1),
            "you truncate one layer too few.",
            "Layers 0 to `layers` − 1: `w[:, :layers]`.",
        ),
        (
            "one-layer",
            where(number == layers - 1) + where(number == layers),
            "you truncate a single layer.",
            "The colon makes a range of it: `w[:, :layers]`.",
        ),
        ("not-the-first", where(first & (number > 0)), "layer 0 is left as it was.", "Layers are counted from 0."),
        (
            "images",
            where(image),
            "you truncate the first *images* of the batch, in all of their layers.",
            "w is (B, L, D), and the layers are dimension 1: `w[:, :layers]`, not `w[:layers]`.",
        ),
        (
            "numbers",
            where(column),
            "you truncate the first *numbers* of each w.",
            "w is (B, L, D), and the layers are dimension 1: `w[:, :layers]`, not `w[..., :layers]`.",
        ),
        (
            "reversed",
            in_first(w + psi * (w_mean - w)),
            "at ψ = 0 you give w, and at ψ = 1 the mean face: the two ends are swapped.",
            "w̄ + ψ·(w − w̄): at ψ = 0 only w̄ is left.",
        ),
        (
            "towards-zero",
            in_first(psi * w),
            "you draw w towards 0, where no face was ever seen.",
            "The middle of W is w̄: w̄ + ψ·(w − w̄).",
        ),
        (
            "mean-lost",
            in_first(psi * (w - w_mean)),
            "you shorten w − w̄, but don't go back to w̄.",
            "w̄ + ψ·(w − w̄): add the mean again.",
        ),
        (
            "minus",
            in_first(w_mean - psi * (w - w_mean)) + in_first(psi * (w - w_mean) - w_mean),
            "one sign is turned about: you end on the other side.",
            "w̄ + ψ·(w − w̄).",
        ),
        (
            "added",
            in_first(w_mean + psi * w) + in_first(w_mean + psi * (w + w_mean)) + in_first(w + psi * w_mean),
            "w̄ is added, but was not subtracted from w first.",
            "w̄ + ψ·(w − w̄): the bracket is the step from the mean.",
        ),
        (
            "from-w",
            in_first(w + psi * (w - w_mean)),
            "you start from w and go *further* away from the mean.",
            "Start from w̄: w̄ + ψ·(w − w̄).",
        ),
        (
            "batch-mean",
            [
                torch.where(first, mean + psi * (w - mean), w)
                for mean in (w.mean(0, keepdim=True), w.mean((0, 1)), w.mean(1, keepdim=True), w.mean())
            ],
            "you truncate towards the mean of this batch: a face depends on those beside it.",
            "w̄ is the mean over very many w, and it is given: `w_mean`.",
        ),
        (
            "mean-number",
            in_first(w_mean.mean() + psi * (w - w_mean.mean())),
            "you truncate towards one single number, the mean of w̄.",
            "w̄ has D numbers, one for each of w: `w_mean` as it is.",
        ),
        (
            "first-image",
            where(first & (torch.arange(len(w))[:, None, None] == 0)) if len(w) > 1 else [],
            "you truncate the first image of the batch alone.",
            "w is (B, L, D): all of dimension 0, `w[:, :layers]`.",
        ),
        (
            "divided",
            in_first(w_mean + (w - w_mean) / psi) if psi else [],
            "you divide by ψ: a small one leads far away from the mean.",
            "w̄ + ψ·(w − w̄): multiply.",
        ),
        (
            "length",
            in_first(w_mean + psi * (w - w_mean) / (w - w_mean).norm(dim=2, keepdim=True)),
            "you give all steps from the mean the length ψ.",
            "w̄ + ψ·(w − w̄): each becomes shorter, and a long one stays longer than the others.",
        ),
        (
            "fixed-psi",
            [made for fixed in (0.5, 0.7) if fixed != psi for made in in_first(w_mean + fixed * (w - w_mean))],
            f"with ψ = {psi:g} your step from the mean is as long as with another ψ: a number of your own is in there.",
            "w̄ + ψ·(w − w̄), with the `psi` that was given.",
        ),
        (
            "mean-face",
            in_first(w_mean.expand_as(w)),
            "the first layers are the mean itself: ψ has no effect.",
            "w̄ + ψ·(w − w̄).",
        ),
        (
            "others-mean",
            [torch.where(first, right, w_mean)],
            "the other layers are set to the mean.",
            "They keep their own w: `w[:, layers:]`.",
        ),
        (
            "others-zero",
            [torch.where(first, right, 0 * w), torch.where(first, right, psi * w)],
            "the other layers are set to 0, or drawn towards it.",
            "They keep their own w: `w[:, layers:]`.",
        ),
        (
            "twice",
            in_first(w_mean + psi**2 * (w - w_mean)),
            "you multiply by ψ twice.",
            "w̄ + ψ·(w − w̄): once.",
        ),
        (
            "weaker-by-layer",
            [
                torch.where(first, w_mean + psi ** (number + 1.0) * (w - w_mean), w),
                torch.where(first, w_mean + psi**number * (w - w_mean), w),
            ],
            "you multiply by ψ again in each further layer.",
            "The same ψ in each of the first layers.",
        ),
        (
            "again-and-again",
            [torch.where(first, w_mean + psi ** (layers - number).clamp(min=0) * (w - w_mean), w)],
            "your loop truncates the earlier layers again for each later one.",
            "Each of the first layers once: `w[:, :layers]` needs no loop.",
        ),
        (
            "clamped",
            in_first(torch.minimum(torch.maximum(w, w_mean - abs(psi)), w_mean + abs(psi)))
            + in_first(w.clamp(-abs(psi), abs(psi))),
            "you cut w off at a distance, and truncation in W shortens every step.",
            "w̄ + ψ·(w − w̄): no `clamp`.",
        ),
    ]


def _unnamed(value: Tensor, w: Tensor, w_mean: Tensor, psi: float, layers: int) -> Wrong:
    touched = [k for k in range(w.shape[1]) if not near(value[:, k], w[:, k])]
    if touched != list(range(layers)):
        return Wrong(
            "which-layers",
            f"with layers = {layers} and L = {w.shape[1]} your function changes the layers {touched}, and it should "
            f"change {list(range(layers))}.",
            "Along dimension 1: `w[:, :layers]` is truncated, `w[:, layers:]` stays.",
        )
    step = float(((value - w_mean)[:, :layers] * (w - w_mean)[:, :layers]).sum())
    step /= float((w - w_mean)[:, :layers].square().sum())
    return Wrong(
        "other-value",
        f"with ψ = {psi:g} your first layers lie about {step:.3g} times as far from the mean as w did.",
        f"It should be exactly {psi:g}: w̄ + ψ·(w − w̄).",
    )


TRUNCATE = Exercise(
    name="03.truncate",
    title="Truncation in W",
    points=2,
    difficulty=1,
    minutes=10,
    reference=truncate,
    hints=(
        "Where in W lies the face that G has practised most? And which layers decide its pose, which its colours?",
        "w'_k = w̄ + ψ·(w_k − w̄) for k < layers, and w'_k = w_k for the others (k = 0, 1, …, L − 1).",
        "`near = w_mean + psi * (…)`, then `torch.cat([near[:, …], w[:, …]], dim=1)`.",
    ),
    judge=judge_truncate,
)
