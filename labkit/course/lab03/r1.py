"""Lazy R1 (Mescheder et al. 2018, equation 9; lazy: Karras et al. 2020, section 3.1), judged with known gradients."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from labkit.course.asked import recognise_any
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near, scalar
from labkit.course.lab01.interpolates import Critic, batches
from labkit.course.lab03.penalties import mistakes
from labkit.nn.losses import r1_penalty

# B, H, W, γ, every
CASES = ((5, 7, 11, 1.7, 13), (1, 4, 2, 10.0, 3), (4, 2, 5, 0.7, 5))
PLAN = "At step 0, every, 2·every, …: `if step % every == 0:`, and 0 at all others."


def lazy_r1(critic: Callable[[Tensor], Tensor], real: Tensor, step: int, gamma: float, every: int) -> Tensor | float:
    """every·(γ/2)·E‖∇_x D(x)‖² at every so-manieth step, 0 at the others, without a look at the critic."""
    if step % every:
        return 0.0
    return every * gamma / 2 * r1_penalty(critic, real)


def judge_lazy_r1(function: Callable) -> None:
    """When it is due, what it costs then (two critics of known slope), and that it teaches the critic."""
    for seed, (batch, height, width, gamma, every) in enumerate(CASES):
        generator = torch.Generator().manual_seed(seed)
        real = torch.randn(batch, 3, height, width, generator=generator)
        real = real * torch.linspace(0.4, 1.6, batch)[:, None, None, None] + 0.2
        weight = torch.randn(3, height, width, generator=generator)
        if seed == 0:
            _judge_plan(function, real, weight)
        for slope, scale, column in ((None, 0.7, False), (weight / weight.norm() * 2.3, 1.0, True)):
            critic = Critic(slope, scale, column)
            step = (0, 4 * every, every)[seed]
            given = _ask(function, critic, real, step, gamma, every)
            if isinstance(given, (int, float)) and given == 0:
                raise Wrong(
                    "missed",
                    f"at step {step} with every = {every} your penalty is left out, and it is due there.",
                    PLAN + " The step is given: nothing is to be counted or kept between two calls.",
                )
            value, points = scalar(given), batches(critic, real)
            _judge_value(function, value, critic, real, step, gamma, every, points)
    critic = Critic(None, 0.7)
    for step in range(3):  # every = 1 is R1 as it was before it became lazy.
        value = _ask(function, critic, real, step, 2.0, 1)
        if not near(value, r1_penalty(critic, real)):
            raise Wrong(
                "every-one",
                f"with every = 1 your penalty at step {step} is not the plain (γ/2)·E‖∇D‖².",
                PLAN + " With every = 1 that is each step, and its gain is 1.",
            )


def _judge_plan(function: Callable, real: Tensor, weight: Tensor) -> None:
    """Steps 0 … 9 with every = 4: when the penalty is there, and when the critic is called."""
    due, called, wrong_shape = [], [], ""
    for step in range(10):
        critic = Critic(weight, 1.0)
        value = _ask(function, critic, real, step, 2.0, 4)
        if step % 4:
            wrong_shape = wrong_shape or _odd_zero(value)
        if bool(value.detach().any()) if isinstance(value, Tensor) else value != 0:
            due.append(step)
        if critic.seen:
            called.append(step)
    if due != [0, 4, 8]:
        raise _wrong_plan(due)
    if len(called) > 3:
        raise Wrong(
            "not-lazy",
            f"your penalty is 0 where it should be, but the critic was called at steps {called}: nothing is saved.",
            "Ask first whether the step is due, and return 0 before anything is computed.",
        )
    if wrong_shape:
        raise Wrong(
            "odd-zero",
            f"where the penalty is not due, your function returned {wrong_shape}, and 0 is asked for.",
            "`return 0.0`, or a scalar tensor `real.new_zeros(())`: it is added to D's loss.",
        )


def _odd_zero(value: Any) -> str:
    if isinstance(value, Tensor):
        return "" if value.dim() == 0 else f"a tensor of the shape {tuple(value.shape)}"
    return "" if isinstance(value, (int, float)) else f"a {type(value).__name__}"


def _wrong_plan(due: list[int]) -> Wrong:
    shown = f"with every = 4 your penalty is there at steps {due} of 0 … 9"
    known: dict[tuple[int, ...], tuple[str, str, str]] = {
        (): ("never", "your penalty is 0 at every step.", "D then learns nothing from it. " + PLAN),
        tuple(range(10)): ("always", f"{shown}: it is never left out.", "Lazy: one step in `every`. " + PLAN),
        (0,): (
            "only-first",
            f"{shown}: only at the very first.",
            "`step % every == 0`, with the `every` that was given, not `step == 0`. " + PLAN,
        ),
        (4, 8): ("not-at-zero", f"{shown}: the first step is left out.", "0 is divisible by `every` too. " + PLAN),
        (1, 2, 3, 5, 6, 7, 9): (
            "inverted",
            f"{shown}: just where it should be 0.",
            "`step % every` is 0, so false, where the step is divisible: `if step % every == 0:`.",
        ),
        (1, 5, 9): ("late", f"{shown}: one step late.", "The rest of the division must be 0, not 1. " + PLAN),
        (3, 7): ("early", f"{shown}: one step early.", "Steps are counted from 0: no `+ 1`. " + PLAN),
        tuple(range(4, 10)): (
            "divided",
            f"{shown}: from the fourth on.",
            "`//` divides, `%` gives the rest. " + PLAN,
        ),
        tuple(range(4)): (
            "first-steps",
            f"{shown}: all at the beginning.",
            "The rest `step % every` must be 0, not the quotient `step // every`. " + PLAN,
        ),
    }
    mistake = known.get(tuple(due), ("plan", f"{shown}, and it should be at 0, 4 and 8.", PLAN))
    return Wrong(*mistake)


def _ask(function: Callable, critic: Critic, real: Tensor, step: int, gamma: float, every: int) -> Any:
    before = critic.scale.grad = torch.full_like(critic.scale, 0.25)  # What another loss has left there.
    try:
        value = call(function, critic, real, step, gamma, every)
    except Raised as raised:
        raise _explained(raised) from None
    after = critic.scale.grad
    if after is None or not after.any():
        raise Wrong(
            "clears-gradients",
            "your function clears the gradients of the critic's parameters, which another loss may have left there.",
            "`zero_grad` belongs to the training loop. `torch.autograd.grad` needs none: it adds nothing to `.grad`.",
        )
    if after is not before or float(after) != 0.25:
        raise Wrong(
            "own-backward",
            "your function calls `backward`, which also leaves gradients on the critic's parameters.",
            "`torch.autograd.grad(outputs, inputs, create_graph=True)` gives ∇D(x) and touches nothing else.",
        )
    if not critic.scale.requires_grad:
        raise Wrong(
            "frozen",
            "your function freezes the critic's parameters: it can't learn from the penalty, nor from anything later.",
            "Leave `requires_grad` of the parameters alone; x alone has to be marked.",
        )
    if real.requires_grad:
        real.requires_grad_(False)
        raise Wrong(
            "marks-input",
            "after your function the caller's own images ask for a gradient: you marked their tensor.",
            "Mark a copy that shares the numbers: `x = real.detach().requires_grad_()`.",
        )
    return value


def _explained(raised: Raised) -> Exception:
    text = str(raised.error)
    if "does not require grad" in text or "not have been used in the graph" in text:
        return Wrong(
            "requires-grad",
            "you ask for the gradient at x, but nobody recorded what the critic did with it.",
            "`x = real.detach().requires_grad_()`, then `critic(x)`: the gradient with respect to that very x.",
        )
    if "can be implicitly created only for scalar" in text:
        return Wrong(
            "grad-outputs",
            "`autograd.grad` wants one number, and the critic gives one for each image.",
            "`critic(x).sum()`: images don't mix in the critic, so each still gets its own gradient.",
        )
    if "Mismatch in shape: grad_output" in text:
        return Wrong(
            "grad-outputs-shape",
            "your `grad_outputs` have another shape than the critic's scores, which may be (B,) or (B, 1).",
            "`torch.ones_like(scores)`, or simply `critic(x).sum()` without `grad_outputs`.",
        )
    return raised


def _judge_value(
    function: Callable,
    value: Tensor,
    critic: Critic,
    real: Tensor,
    step: int,
    gamma: float,
    every: int,
    points: list[Tensor],
) -> None:
    """Judge a penalty that is due; `points` are the batches that the student gave to the critic."""
    right = every * gamma / 2 * r1_penalty(critic, real)
    if near(value, right):
        (slope,) = torch.autograd.grad(value, critic.scale, allow_unused=True) if value.requires_grad else (None,)
        if slope is None or not slope.any():
            raise Wrong(
                "create-graph",
                "your penalty is a number that the critic can't learn from: no gradient flows into its parameters.",
                "∇D(x) must itself be differentiable: `torch.autograd.grad(…, create_graph=True)`, and no `.detach()` "
                "or `.data` behind it.",
            )
        if not near(slope, 2 * right / critic.scale):
            raise Wrong(
                "half-graph",
                "the value is right, but its gradient in the critic's weights is not: a part of it is cut off.",
                "No `.detach()` between ∇D(x) and the result.",
            )
        return
    plain = real.detach().requires_grad_()
    scores = critic(plain).flatten()
    (slope,) = torch.autograd.grad(scores.sum(), plain)
    if points and not any(near(x, real) for x in points):
        raise Wrong(
            "not-at-real",
            "you take the gradient at other points than the real images.",
            "R1 looks at real x alone, as they are: `x = real.detach().requires_grad_()`.",
        )
    again = _ask(function, critic, real, step, gamma, every)
    if isinstance(again, Tensor) and not near(again, value):
        raise Wrong(
            "random",
            "two calls at the same images and the same step give different penalties.",
            "Nothing is drawn in here: `critic(x).sum()`, or `torch.ones_like(scores)` as `grad_outputs`.",
        )
    if 0 < abs(float(value.detach())) < 1e-6 * float(right.detach()):
        raise Wrong(
            "saturated",
            "where the critic is sure of itself your penalty is almost 0: you take the gradient of a loss or of a "
            "probability.",
            "∇D(x) is the gradient of the raw score: no softplus, sigmoid or logarithm before it.",
        )
    known = mistakes(slope.double(), scores.detach().double(), float(critic.scale.detach()), gamma, every)
    recognise_any(value.double(), known)
    raise Wrong(
        "other-value",
        f"with γ = {gamma:g} and every = {every} your penalty is {float(value.detach()):.4g} for gradients of the "
        f"lengths {', '.join(f'{float(length):.3g}' for length in slope.flatten(1).norm(dim=1))}; it should be "
        f"{float(right.detach()):.4g}.",
        "every·(γ/2)·E‖∇D(x)‖² at the real images: for each the sum of its gradient's squares, then the mean.",
    )


LAZY_R1 = Exercise(
    name="03.lazy_r1",
    title="Lazy R1",
    points=4,
    difficulty=2,
    minutes=20,
    reference=lazy_r1,
    hints=(
        "A gradient of a gradient is dear. If it is computed in one step of sixteen, how strong must it be there?",
        "R1 = (γ/2)·E_x[‖∇_x D(x)‖²] at real x; every·R1 where step mod every = 0, and 0 elsewhere.",
        "`if step % every: return 0.0`; `x = real.detach().requires_grad_()`; `(slope,) = torch.autograd.grad("
        "critic(x).sum(), x, create_graph=True)`; the squares of `slope.flatten(1)`, summed over `dim=1`, averaged.",
    ),
    judge=judge_lazy_r1,
)
