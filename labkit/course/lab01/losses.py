"""The discriminator's and the generator's loss (Goodfellow et al. 2014, equation 1 and section 3), judged."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near, recognise, scalar
from labkit.course.lab01.other_losses import discriminator_mistakes, generator_mistakes, unnamed_mistake

SIZES = (6, 1, 9)  # The task promises (B,), and a last batch may hold one image.
SURE = 30.0  # σ(30) is exactly 1 in float32, so log(1 − σ) is lost already; at 100, so is log σ(−100).

STABLE = (
    "float32 rounds σ(30) to exactly 1, and log(1 − 1) = −∞; e¹⁰⁰ is ∞ too. `softplus(s)` = log(1 + eˢ) is "
    "−log(1 − σ(s)) computed safely; `binary_cross_entropy_with_logits` uses it too."
)
STABLE_FOOL = (
    "float32 rounds σ(−100) to almost 0, a clamp or an ε hides that, and e¹⁰⁰ is ∞. `softplus(-s)` = log(1 + e⁻ˢ) is "
    "−log σ(s) computed safely; `binary_cross_entropy_with_logits` uses it too."
)


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−E[log σ(real)] − E[log(1 − σ(fake))]: two tensors of logits, (B,) → a scalar."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    """−E[log σ(fake)], the non-saturating loss: logits (B,) → a scalar."""
    return softplus(-fake_logits).mean()


def _logits(size: int, seed: int) -> Tensor:
    """Logits between about −3 and 3, with a clear mean, so that two different losses never agree by chance."""
    generator = torch.Generator().manual_seed(seed)
    return (1.3 * torch.randn(size, generator=generator) + (0.7 if seed % 2 else -0.4)).requires_grad_()


def _stay_stable(function: Callable, cases: list[tuple[list[Tensor], float]], hint: str) -> None:
    for logits, expected in cases:
        value = call(function, *logits)
        shown = ", ".join(f"{logit[0].item():g}" for logit in logits)
        grads = torch.autograd.grad(value, logits, allow_unused=True)
        finite = value.isfinite() and all(grad is not None and grad.isfinite().all() for grad in grads)
        if not finite or not near(value, expected):
            raise Wrong(
                "unstable",
                f"your loss is right for small logits, but at {shown} its value is {value.item():g} "
                f"(it should be {expected:g}){'' if finite else ' and its gradient breaks'}.",
                hint,
            )


def judge_discriminator_loss(function: Callable) -> None:
    """Values on three sizes of batch, gradients, and no overflow where D is sure."""
    for seed, size in enumerate(SIZES):
        real, fake = _logits(size, seed=2 * seed + 1), _logits(size, seed=2 * seed)
        value = scalar(_ask(function, real, fake), real, fake)
        expected = discriminator_loss(real, fake)
        if near(value, expected):
            grads = torch.autograd.grad(value, (real, fake), allow_unused=True)
            for grad, name in zip(grads, ("real", "fake")):
                if grad is None or not grad.any():
                    raise Wrong(
                        f"cut-graph-{name}",
                        f"the value is right, but no gradient reaches the {name} logits.",
                        "In D's loss both terms must teach D. Is there a `.detach()` or `.data` too many?",
                    )
            continue
        if not value.isfinite():
            raise Wrong("not-finite", f"your loss is {value.item()} even for small logits.", STABLE)
        recognise(value, discriminator_mistakes(real, fake, expected))
        slopes = torch.autograd.grad(value, (real, fake), allow_unused=True)
        for slope, name in zip(slopes, ("real", "fake")):
            if slope is None or not slope.any():
                raise Wrong(
                    f"ignores-{name}",
                    f"your loss stays the same whatever D says of the {name} images.",
                    f"Each of the two arguments has its own term. Where do you use `{name}_logits`?",
                )
        for slope, name, sign in zip(slopes, ("real", "fake"), (-1, 1)):
            if (slope * sign).sum() <= 0:
                raise Wrong(
                    f"slope-{name}",
                    f"your loss does not fall when D calls the {name} images {name}.",
                    f"Look at the sign of the {name} term.",
                )
        raise unnamed_mistake(function, discriminator_loss, [real, fake])
    full = torch.full
    _stay_stable(
        function,
        [
            ([full((4,), r).requires_grad_(), full((4,), f).requires_grad_()], max(-r, 0.0) + max(f, 0.0))
            for r, f in ((-SURE, SURE), (-100.0, 100.0), (100.0, -100.0), (-400.0, 400.0))
        ],
        STABLE,
    )


def _ask(function: Callable, *logits: Tensor) -> Any:
    try:
        value = call(function, *logits)
    except Raised as raised:
        if len(logits[0]) > 1:
            raise
        raise Wrong(
            "batch-of-one",
            f"with a batch of one image {raised.sentence}.",
            "The last batch of the data may hold one image: `squeeze()` and its like then drop the batch's dimension.",
        ) from None
    if isinstance(value, (tuple, list)):
        raise Wrong(
            "pair",
            f"your function returned a {type(value).__name__} of {len(value)}, and a player descends one number.",
            "The loss is one scalar: add the parts.",
        )
    return value


def judge_generator_loss(function: Callable) -> None:
    """Values on three sizes of batch, and the slope where D is sure that a fake is fake."""
    for seed, size in enumerate(SIZES):
        fake = _logits(size, seed=seed + 10)
        value = scalar(_ask(function, fake), fake)
        expected = generator_loss(fake)
        if near(value, expected):
            continue
        if not value.isfinite():
            raise Wrong("not-finite", f"your loss is {value.item()} even for small logits.", STABLE_FOOL)
        recognise(value, generator_mistakes(fake, expected))
        (slope,) = torch.autograd.grad(value, fake)
        if slope.sum() >= 0:
            raise Wrong(
                "slope",
                "your loss goes up when D takes the fakes for real: G would learn to be caught.",
                "G wants D(G(z)) large, so its loss must fall as the logits rise.",
            )
        raise unnamed_mistake(function, generator_loss, [fake])
    cases = ((-SURE, SURE), (-100.0, 100.0), (100.0, 0.0), (-400.0, 400.0))
    _stay_stable(function, [([torch.full((4,), logit).requires_grad_()], loss) for logit, loss in cases], STABLE_FOOL)


DISCRIMINATOR_LOSS = Exercise(
    name="01.discriminator_loss",
    title="The discriminator's loss",
    points=2,
    difficulty=1,
    minutes=5,
    reference=discriminator_loss,
    hints=(
        "For a real image D wants a large logit, for a fake a small one. Which function of the logit is large when D "
        "is wrong and near zero when D is right?",
        "L_D = −E[log σ(s_real)] − E[log(1 − σ(s_fake))], and −log σ(s) = softplus(−s), −log(1 − σ(s)) = softplus(s).",
        "`return softplus(…).mean() + softplus(…).mean()`: one of the two has a minus inside.",
    ),
    judge=judge_discriminator_loss,
)
GENERATOR_LOSS = Exercise(
    name="01.generator_loss",
    title="The generator's loss",
    points=2,
    difficulty=1,
    minutes=5,
    reference=generator_loss,
    hints=(
        "Early on, D is sure that every fake is fake (logit −8). Does your loss still have a slope there?",
        "L_G = −E[log σ(s_fake)] (section 3 of the paper), and −log σ(s) = softplus(−s).",
        "`return softplus(…).mean()`: the same term as D's for real images, on the fakes.",
    ),
    judge=judge_generator_loss,
)
