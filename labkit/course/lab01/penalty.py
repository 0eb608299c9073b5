"""WGAN-GP's gradient penalty (Gulrajani et al. 2017, equation 3), judged with critics whose gradients are known."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near, recognise, scalar


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """E[(‖∇D(x̂)‖₂ − 1)²] at x̂ = εx + (1 − ε)G(z), one ε ~ U[0, 1] an image: images (B, C, H, W) → a scalar."""
    mix = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = (mix * real + (1 - mix) * fake).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


class Critic(nn.Module):
    """A critic that keeps its inputs: linear, ⟨w, x⟩ · scale, or quadratic, ½ · scale · ‖x‖².

    Args:
        weight: w, (C, H, W), or None for the quadratic one.
        scale: its one parameter.
        column: whether it gives (B, 1) instead of (B,).
    """

    def __init__(self, weight: Tensor | None, scale: float, column: bool = False):
        super().__init__()
        self.weight, self.column = weight, column
        self.scale = nn.Parameter(torch.tensor(scale))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B,) or (B, 1)."""
        self.seen.append(x.detach().clone())
        score = (x * self.weight if self.weight is not None else 0.5 * x.square()).flatten(1).sum(1) * self.scale
        return score[:, None] if self.column else score


def judge_gradient_penalty(function: Callable) -> None:
    """Where it looks (recorded inputs), what it gives (known gradients), and that its gradient reaches the critic."""
    torch.manual_seed(3)
    real, fake = torch.rand(6, 2, 3, 3), -torch.rand(6, 2, 3, 3)
    first = _points(function, real, fake)
    second = _points(function, real, fake)
    _judge_points(first, second)
    for length, column in ((3.0, False), (0.5, True)):
        # Unequal channels, so that a norm over channels alone gives another value.
        weight = torch.arange(1.0, 19.0).view(2, 3, 3)
        weight = weight / weight.norm() * length
        critic = Critic(weight, 1.0, column)
        value = scalar(_penalty(function, critic, real, fake))
        _reaches(value, critic)
        _judge_value(value, weight)
    critic = Critic(None, 0.7)
    value = scalar(_penalty(function, critic, real, fake))
    lengths = _batches(critic, real)[-1].flatten(1).norm(dim=1)
    expected = (0.7 * lengths - 1).square().mean()
    if not near(value, expected):
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
    mixes = [((x - fake) / (real - fake)).flatten(1) for x in _batches(critic, real)]
    if not mixes:
        raise Wrong(
            "no-critic",
            "the critic was never given a batch of interpolates of the images' own shape.",
            "x̂ has the shape of the real batch: B interpolates, each between one real and one fake image.",
        )
    between = [mix for mix in mixes if not near(mix, torch.ones_like(mix)) and not near(mix, torch.zeros_like(mix))]
    return (between or mixes)[-1]


def _batches(critic: Critic, real: Tensor) -> list[Tensor]:
    """The batches that the critic saw; one may have come image by image."""
    whole = [x for x in critic.seen if x.shape == real.shape]
    pieces = [x for x in critic.seen if x.shape[1:] == real.shape[1:] and len(x) == 1]
    return whole or ([torch.cat(pieces)] if len(pieces) == len(real) else [])


def _judge_points(mix: Tensor, again: Tensor) -> None:
    per_image = mix.mean(1)
    if near(mix, torch.ones_like(mix)) or near(mix, torch.zeros_like(mix)):
        which, x_hat = ("real", "x̂ = x") if near(mix, torch.ones_like(mix)) else ("fake", "x̂ = G(z)")
        raise Wrong(
            f"only-{which}",
            f"you take the gradient at the {which} images only.",
            f"The penalty holds along the lines *between* real and fake: x̂ = εx + (1 − ε)G(z), not {x_hat}.",
        )
    if mix.std(1).max() > 1e-2:
        if mix.min() < -1e-3 or mix.max() > 1 + 1e-3:
            raise Wrong(
                "off-the-line",
                "your x̂ does not lie between its real and its fake image.",
                "x̂ = εx + (1 − ε)G(z) with ε between 0 and 1, the same for all pixels of an image.",
            )
        raise Wrong(
            "epsilon-per-pixel",
            "ε differs between the pixels of one image, so x̂ is not on the straight line between two images.",
            "One ε for all pixels of an image: `torch.rand(B, 1, 1, 1)`, which spreads over C, H and W.",
        )
    if per_image.min() < -1e-3 or per_image.max() > 1 + 1e-3:
        raise Wrong(
            "epsilon-range",
            f"ε goes from {per_image.min().item():.2f} to {per_image.max().item():.2f}: x̂ leaves the line's two ends.",
            "ε ~ U[0, 1] is `torch.rand`; `torch.randn` is the normal distribution.",
        )
    if per_image.std() < 1e-3:
        if near(mix, again):
            raise Wrong(
                "epsilon-constant",
                f"ε is always {per_image[0].item():.2f}, so one point of each line is ever looked at.",
                "Draw ε at random, in every call: U[0, 1].",
            )
        raise Wrong(
            "epsilon-shared",
            "the whole batch shares one ε.",
            "Draw B of them, one an image, shaped to meet (B, C, H, W): `torch.rand(B, 1, 1, 1)`.",
        )


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


def _judge_value(value: Tensor, weight: Tensor) -> None:
    """Judge the value for a linear critic, where each of the 6 images has the gradient `weight`, of length 3 or ½."""
    length, count = weight.norm(), 6
    expected = (length - 1) ** 2
    if near(value, expected):
        return
    known = {
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
