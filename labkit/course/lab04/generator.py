"""The loss of pix2pix's G (Isola et al. 2017, equation 4): to be taken for real, and to be near the truth; judged."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss, softplus

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import near, scalar
from labkit.course.lab04.discriminator import STABLE, judge_stable
from labkit.course.lab04.generator_mistakes import LOSS, judge_value
from labkit.course.lab04.pairs import Game, ask, game, judge_shown

# B, channels of x and of y, H, W, λ; None: λ is not given. The first names most mistakes.
CASES = (
    ((4, 3, 3, 6, 8), 2.3),
    ((1, 2, 3, 4, 6), None),
    ((3, 4, 1, 8, 4), 0.0),
    ((2, 1, 3, 4, 4), 0.3),
)
SEED = 124  # With these numbers no two mistakes come to nearly the same value.


def generator_loss(D: nn.Module, x: Tensor, y: Tensor, fake: Tensor, l1: float = 100.0) -> Tensor:
    """BCE(D(x, fake), 1) + λ·E|y − fake|, with gradients into the fake: three (B, ·, H, W), a number → a scalar."""
    logits = D(torch.cat([x, fake], dim=1))
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits)) + l1 * l1_loss(fake, y)


def judge_generator_loss(function: Callable) -> None:
    """Four batches with other λ, none and 0: what D is shown, the value, the gradient that G gets."""
    for number, (sizes, given) in enumerate(CASES):
        case, weight = game(SEED + number, *sizes), 100.0 if given is None else given
        more = () if given is None else (given,)
        value = scalar(ask(function, case, *more))
        shown = list(case.critic.seen)
        right = generator_loss(case.critic, case.x, case.y, case.fake, weight)
        if near(value, right):
            _judge_gradients(value, case, weight)
            continue
        case.critic.seen[:] = shown
        if not (value.isfinite() and near(value, weight * l1_loss(case.fake, case.y))):
            judge_shown(case, ("fake",))
        if not value.isfinite():
            raise Wrong("not-finite", f"your loss is {value.item()} even for small logits.", STABLE)
        judge_value(value.detach(), case, weight, given is None)
    judge_stable(function, generator_loss, STABLE)


def _judge_gradients(value: Tensor, case: Game, weight: float) -> None:
    def slope(loss: Tensor) -> Tensor:
        grads = (
            torch.autograd.grad(loss, case.fake, allow_unused=True, retain_graph=True) if loss.requires_grad else [None]
        )
        return torch.zeros_like(case.fake) if grads[0] is None else grads[0]

    gan = slope(softplus(-case.critic(torch.cat([case.x, case.fake], 1))).mean())
    distance = slope(weight * l1_loss(case.fake, case.y))
    ours, scale = slope(value), (gan + distance).abs().max()
    if near(ours / scale, (gan + distance) / scale, 5e-3):
        return
    if not ours.any():
        raise Wrong(
            "cut-graph",
            "the value is right, but no gradient reaches the fake: G would learn nothing.",
            "G learns through the fake: no `.detach()`, `.data`, `.item()` or `torch.no_grad()` in G's loss.",
        )
    if near(ours / scale, distance / scale, 5e-3):
        raise Wrong(
            "gan-detached",
            "the value is right, but no gradient comes through D: G would never learn what D sees.",
            "In D's loss the fake is detached, in G's it is not: the gradient flows through D into the fake.",
        )
    if near(ours / scale, gan / scale, 5e-3):
        raise Wrong(
            "l1-detached",
            "the value is right, but the distance to y has no gradient in the fake.",
            "`.item()`, `float(…)` and `.detach()` make a mere number of it: |y − fake| with the fake as it is.",
        )
    raise Wrong(
        "half-graph",
        "the value is right, but its gradient in the fake is not: a part of it is cut off.",
        "No `.detach()` in G's loss. " + LOSS,
    )


GENERATOR_LOSS = Exercise(
    name="04.generator_loss",
    title="The loss of G",
    points=2,
    difficulty=1,
    minutes=10,
    reference=generator_loss,
    hints=(
        "D alone says whether a picture is sharp and fits, L1 alone how far it is from the one truth. What would G "
        "draw with the one, and what with the other?",
        "L_G = E[−log σ(D(x, G(x)))] + λ·E|y − G(x)|, each a mean, with λ = 100.",
        "`logits = D(torch.cat([x, fake], dim=1))`; `binary_cross_entropy_with_logits(logits, …)` plus `l1 * (…)"
        ".abs().mean()`.",
    ),
    judge=judge_generator_loss,
)
