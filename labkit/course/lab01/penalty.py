"""WGAN-GP's gradient penalty (Gulrajani et al. 2017, equation 3), judged with critics whose gradients are known."""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near, recognise, scalar
from labkit.course.lab01.interpolates import Critic, batches, judge_points, judge_spread, judge_weights
from labkit.nn.losses import gradient_penalty


def judge_gradient_penalty(function: Callable) -> None:
    """Where it looks (recorded inputs), what it gives (known gradients), and that its gradient reaches the critic."""
    torch.manual_seed(3)
    real, fake = torch.rand(6, 2, 3, 3), -torch.rand(6, 2, 3, 3)
    first = _points(function, real, fake)
    second = _points(function, real, fake)
    judge_points(first, second)
    judge_spread(_points(function, torch.rand(100, 2, 3, 3), -torch.rand(100, 2, 3, 3)))
    for length, column in ((2.5, False), (0.5, True)):
        # Unequal channels, so that a norm over channels alone gives another value.
        weight = torch.arange(1.0, 19.0).view(2, 3, 3)
        weight = weight / weight.norm() * length
        critic = Critic(weight, 1.0, column)
        value = scalar(_penalty(function, critic, real, fake))
        _reaches(value, critic)
        _judge_value(value, weight, batches(critic, real)[-1], (real, fake))
    critic = Critic(None, 0.7)
    value = scalar(_penalty(function, critic, real, fake))
    x = batches(critic, real)[-1].flatten(1)
    lengths = x.norm(dim=1)
    expected = (0.7 * lengths - 1).square().mean()
    if not near(value, expected):
        averaged = "The images differ: first (‖∇D(x̂)‖ − 1)² for each of them, then the mean over the batch."
        recognise(
            value,
            {
                "norms-averaged": (
                    (0.7 * lengths.mean() - 1).square(),
                    "you average the norms first, so a slope of 0 at one image and of 2 at another costs nothing.",
                    averaged,
                ),
                "gradients-averaged": (
                    (0.7 * x.mean(0).norm() - 1).square(),
                    "you average the gradients first, so opposite slopes at two images cancel.",
                    averaged,
                ),
            },
        )
        raise Wrong(
            "other-points",
            f"for the critic 0.35·‖x‖² your penalty is {value.item():.4f} instead of {expected.item():.4f}.",
            "The gradient is taken at the interpolates that the critic was given, one norm an image.",
        )
    (slope,) = torch.autograd.grad(value, critic.scale, allow_unused=True)
    if slope is None or not near(slope, (2 * (0.7 * lengths - 1) * lengths).mean()):
        raise _no_graph()
    attached = (torch.nn.functional.softplus(real.clone().requires_grad_()) - 1.5).mul(0.5)
    _penalty(function, Critic(None, 0.7), real, attached)  # A fake that still hangs on G must do as well.


def _penalty(function: Callable, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    try:
        value = call(function, critic, real, fake)
    except Raised as raised:
        text = str(raised.error)
        if "does not require grad" in text or "not have been used in the graph" in text:
            raise Wrong(
                "requires-grad",
                "you ask for the gradient at x̂, but nobody recorded what the critic did with it.",
                "After mixing: `between.requires_grad_()`, then `critic(between)`: gradients with respect to x̂ itself.",
            ) from None
        if "can be implicitly created only for scalar" in text:
            raise Wrong(
                "grad-outputs",
                "`autograd.grad` wants one number, and the critic gives one for each image.",
                "`critic(between).sum()`: images don't mix in the critic, so each still gets its own gradient.",
            ) from None
        if "is invalid for input of size" in text or "size mismatch" in text:
            raise Wrong(
                "hard-coded",
                f"{raised.sentence}.",
                "Images of another size must do as well: `.flatten(1)` makes (B, C·H·W) of any (B, C, H, W).",
            ) from None
        if "Mismatch in shape: grad_output" in text:
            raise Wrong(
                "grad-outputs-shape",
                "your `grad_outputs` have another shape than the critic's scores, which may be (B,) or (B, 1).",
                "`torch.ones_like(scores)`, or simply `critic(between).sum()` without `grad_outputs`.",
            ) from None
        if "must match the size" in text and "tensor" in text:
            raise Wrong(
                "epsilon-shape",
                f"ε and the images don't fit: {text}.",
                "ε of the shape (B, 1, 1, 1) meets (B, C, H, W): one number an image.",
            ) from None
        raise
    if critic.scale.grad is not None:
        raise Wrong(
            "own-backward",
            "your function calls `backward`, which also leaves gradients on the critic's parameters.",
            "`torch.autograd.grad(outputs, inputs, create_graph=True)` gives ∇D(x̂) and touches nothing else.",
        )
    return value


def _points(function: Callable, real: Tensor, fake: Tensor) -> Tensor:
    """ε for each pixel of the interpolates that the critic was given, (B, C·H·W)."""
    critic = Critic(torch.ones(2, 3, 3), 1.0)
    _penalty(function, critic, real, fake)
    for x in batches(critic, real):
        judge_weights(x.flatten(1), real.flatten(1), fake.flatten(1))
    mixes = [((x - fake) / (real - fake)).flatten(1) for x in batches(critic, real)]
    if not mixes:
        raise Wrong(
            "no-critic",
            "the critic was never given a batch of interpolates of the images' own shape.",
            "x̂ has the shape of the real batch: B interpolates, each between one real and one fake image.",
        )
    between = [mix for mix in mixes if not near(mix, torch.ones_like(mix)) and not near(mix, torch.zeros_like(mix))]
    return (between or mixes)[-1]


def _reaches(value: Tensor, critic: Critic) -> None:
    if not value.requires_grad:
        raise _no_graph()
    (slope,) = torch.autograd.grad(value, critic.scale, allow_unused=True, retain_graph=True)
    if slope is None:
        raise _no_graph()


def _no_graph() -> Wrong:
    return Wrong(
        "create-graph",
        "your penalty is a number that the critic can't learn from: no gradient flows back into its parameters.",
        "∇D(x̂) must itself be differentiable: `torch.autograd.grad(…, create_graph=True)`, and no `.detach()` or "
        "`.data` behind it.",
    )


def _judge_value(value: Tensor, weight: Tensor, x: Tensor, ends: tuple[Tensor, Tensor]) -> None:
    """Judge the value for a linear critic, where each of the 6 images has the gradient `weight`, of length 2.5 or ½."""
    length, count = weight.norm(), 6
    expected = (length - 1) ** 2
    if near(value, expected):
        return
    real, fake = ends
    mix = ((x - fake) / (real - fake)).mean((1, 2, 3))
    scores = (x * weight).sum((1, 2, 3))
    known = {
        "with-respect-to": (
            tuple((length * part - 1).square().mean() for part in (mix, 1 - mix)),
            "you take the gradient with respect to one end of the line, so each comes out times ε (or 1 − ε).",
            "∇D(x̂) is with respect to x̂: `between = (…).detach().requires_grad_()`, then `grad(…, between, …)`.",
        ),
        "scores": (
            ((scores - 1).square().mean(), (scores.mean() - 1).square()),
            "you compare the critic's scores with 1, and the equation compares the length of their gradient.",
            "The scores go into `torch.autograd.grad(scores.sum(), x̂, create_graph=True)`; its norm should be 1.",
        ),
        "half": (
            (expected / 2,),
            "your penalty is half of the equation's value.",
            "There is no ½ in equation 3.",
        ),
        "norm-over-images": (
            ((weight.flatten().abs() * count**0.5 - 1).square().mean(),),
            "your norm runs over the batch, and leaves one number a pixel.",
            "`slope.flatten(1)` is (B, C·H·W): the norm over `dim=1`, not 0, leaves one number an image.",
        ),
        "max-norm": (
            ((weight.abs().max() - 1) ** 2,),
            "you take the largest entry of the gradient for its length.",
            "The equation has the Euclidean norm ‖·‖₂ = √(Σ gᵢ²).",
        ),
        "no-square": ((length - 1, (length - 1).abs()), "(‖∇D‖ − 1) is not squared.", "E[(‖∇D(x̂)‖₂ − 1)²]: square it."),
        "no-minus-one": (
            (length**2,),
            "your penalty is ‖∇D‖²: it pulls the slope to 0 (that is R1), and WGAN-GP pulls it to 1.",
            "Subtract 1 from the norm before you square.",
        ),
        "norm-only": ((length,), "your penalty is the norm ‖∇D‖ itself.", "E[(‖∇D(x̂)‖₂ − 1)²]."),
        "squared-norm": (
            ((length**2 - 1) ** 2, length**2 - 1),
            "you subtract 1 from ‖∇D‖² instead of ‖∇D‖: the root is missing.",
            "‖g‖₂ = √(Σ gᵢ²), then −1, then the square.",
        ),
        "batch-norm": (
            ((length * count**0.5 - 1) ** 2,),
            "you take one norm over the whole batch, so the value depends on the batch size.",
            "One norm an image: `slope.flatten(1).norm(dim=1)`, of shape (B,), and the mean of (· − 1)² over them.",
        ),
        "channel-norm": (
            ((weight.norm(dim=0) - 1).square().mean(),),
            "your norm runs over the channels only and leaves one number a pixel.",
            "‖∇D(x̂)‖₂ sums over all of an image's numbers: `slope.flatten(1)` first, then `dim=1`.",
        ),
        "partial-norm": (
            tuple((weight.norm(dim=dim) - 1).square().mean() for dim in (1, 2, (1, 2))),
            "your norm does not run over all of an image's numbers.",
            "`slope.flatten(1)` makes (B, C·H·W); the norm over `dim=1` leaves one number an image.",
        ),
        "mean-in-norm": (
            ((weight.square().mean().sqrt() - 1) ** 2,),
            "your norm takes the mean of the squares where it should take their sum.",
            "‖g‖₂ = √(Σ gᵢ²).",
        ),
        "one-norm": (
            ((weight.abs().sum() - 1) ** 2,),
            "you use the sum of absolute values, ‖·‖₁.",
            "The equation has the Euclidean norm ‖·‖₂ = √(Σ gᵢ²).",
        ),
        "entry-wise": (
            ((weight - 1).square().mean(), (weight.abs() - 1).square().mean(), (weight - 1).square().sum()),
            "you compare each entry of the gradient with 1, and the equation compares its length.",
            "First the norm of each image's gradient, one number an image; then subtract 1.",
        ),
        "critic-mean": (
            ((length / count - 1) ** 2,),
            "your gradients are B times too small: they are of the *mean* of the critic's scores.",
            "`critic(between).sum()`, or `grad_outputs` of ones: each image's own gradient.",
        ),
        "sum": (
            (expected * count,),
            "you add up the images where the expectation asks for their mean.",
            "E[…] is the mean over the batch.",
        ),
        "weighted": (
            (expected * 10, expected * 5),
            "the weight λ is already in your penalty.",
            "Leave λ = 10 to the caller: the loss is `… + 10 * gradient_penalty(…)`.",
        ),
        "one-sided": (
            ((length - 1).clamp(min=0) ** 2,),
            "a slope below 1 costs nothing in your penalty.",
            "Equation 3 is two-sided: (‖∇D‖₂ − 1)² also for ‖∇D‖₂ < 1.",
        ),
    }
    for mistake, (values, message, hint) in known.items():
        for other in values:
            recognise(value, {mistake: (other, message, hint)})
    raise Wrong(
        "other-value",
        f"for a critic with slope {length.item():g} everywhere your penalty is {value.item():.4f} "
        f"instead of {expected.item():g}.",
        "For each image: the gradient's length, minus 1, squared. Then the mean.",
    )


GRADIENT_PENALTY = Exercise(
    name="01.gradient_penalty",
    title="The gradient penalty",
    points=4,
    difficulty=3,
    minutes=20,
    reference=gradient_penalty,
    hints=(
        "How steep may a critic be, where is that measured, and what has to be differentiated twice?",
        "E[(‖∇D(x̂)‖₂ − 1)²] with x̂ = εx + (1 − ε)G(z), ε ~ U[0, 1], one ε an image (equation 3).",
        "Mix; `requires_grad_()`; `(slope,) = torch.autograd.grad(critic(…).sum(), …, create_graph=True)`; "
        "the norm of `slope.flatten(1)` over `dim=1`; minus 1, squared, mean.",
    ),
    judge=judge_gradient_penalty,
)
