"""The discriminator's and the generator's loss (Goodfellow et al. 2014, equation 1 and section 3), judged."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import relu, sigmoid, softplus

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import call, near, recognise, scalar

SHAPES = ((6,), (6, 1), (3, 1, 2, 2))
SURE = 30.0  # σ(30) is exactly 1 in float32, so log(1 − σ) is lost already; at 100, so is log σ(−100).

STABLE = (
    "float32 rounds σ(30) to exactly 1, and log(1 − 1) = −∞; e¹⁰⁰ is ∞ too. `softplus(s)` = log(1 + eˢ) is "
    "−log(1 − σ(s)) computed safely; `binary_cross_entropy_with_logits` uses it too."
)


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """−E[log σ(real)] − E[log(1 − σ(fake))]: two logit tensors of equal shape → a scalar."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    """−E[log σ(fake)], the non-saturating loss: logits of any shape → a scalar."""
    return softplus(-fake_logits).mean()


def _logits(*shape: int, seed: int) -> Tensor:
    """Logits between about −3 and 3, with a clear mean, so that two different losses never agree by chance."""
    generator = torch.Generator().manual_seed(seed)
    return (1.3 * torch.randn(*shape, generator=generator) + (0.7 if seed % 2 else -0.4)).requires_grad_()


def _stay_stable(function: Callable, cases: list[tuple[list[Tensor], float]]) -> None:
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
                STABLE,
            )


def _nameless(value: Tensor, expected: Tensor) -> Wrong:
    return Wrong(
        "other-value",
        f"your loss is {value.item():.4f} where the equation gives {expected.item():.4f}.",
        "Work one pair of logits out by hand, say 0 and 0: each term is log 2 = 0.6931 there.",
    )


def judge_discriminator_loss(function: Callable) -> None:
    """Values on three shapes of logits, gradients, and no overflow where D is sure."""
    for seed, shape in enumerate(SHAPES):
        real, fake = _logits(*shape, seed=2 * seed + 1), _logits(*shape, seed=2 * seed)
        value = scalar(call(function, real, fake), real, fake)
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
        recognise(value, _discriminator_mistakes(real, fake, expected))
        slopes = torch.autograd.grad(value, (real, fake), allow_unused=True)
        for slope, name, sign, wish in zip(slopes, ("real", "fake"), (-1, 1), ("real", "fake")):
            if slope is None or (slope * sign).sum() <= 0:
                raise Wrong(
                    f"slope-{name}",
                    f"your loss does not fall when D calls the {name} images {wish}.",
                    f"Look at the sign of the {name} term.",
                )
        raise _nameless(value, expected)
    full = torch.full
    _stay_stable(
        function,
        [
            ([full((4,), r).requires_grad_(), full((4,), f).requires_grad_()], max(-r, 0.0) + max(f, 0.0))
            for r, f in ((-SURE, SURE), (-100.0, 100.0), (100.0, -100.0), (-400.0, 400.0))
        ],
    )


def _discriminator_mistakes(real: Tensor, fake: Tensor, expected: Tensor) -> dict[str, tuple[Tensor, str, str]]:
    sp = softplus
    return {
        "both-signs": (
            sp(real).mean() + sp(-fake).mean(),
            "your loss goes down when D calls fakes real and reals fake: both terms are the wrong way round.",
            "D minimises −log D(x) − log(1 − D(G(z))). Which argument stands for the real images?",
        ),
        "fake-sign": (
            sp(-real).mean() + sp(-fake).mean(),
            "your loss goes down when D calls fakes real: the fake term has the wrong sign (or the label 1).",
            "1 − σ(s) = σ(−s). So −log(1 − σ(s)) = softplus(+s); with cross-entropy, the label of a fake is 0.",
        ),
        "real-sign": (
            sp(real).mean() + sp(fake).mean(),
            "your loss goes down when D calls real images fake: the real term has the wrong sign (or the label 0).",
            "−log σ(s) = softplus(−s); with cross-entropy, the label of a real image is 1.",
        ),
        "maximised": (
            -expected,
            "your loss is the negative of the right one: it goes down as D gets worse.",
            "The paper lets D *maximise* V; the optimiser *minimises*, so D's loss is −V.",
        ),
        "only-real": (
            sp(-real).mean(),
            "your loss sees the real images alone: a D that calls everything real would be perfect.",
            "There are two expectations in equation 1. Where is the second?",
        ),
        "only-fake": (
            sp(fake).mean(),
            "your loss sees the fakes alone: a D that calls everything fake would be perfect.",
            "There are two expectations in equation 1. Where is the first?",
        ),
        "half": (
            expected / 2,
            "your loss is half of the equation's value: the two means are averaged instead of added.",
            "Add the two means (a mean over the concatenated batch halves each of them).",
        ),
        "sum": (
            expected * real.numel(),
            "your loss is a sum over the batch, so it grows with the batch size and so do its gradients.",
            "The expectation E[…] is a mean over the batch.",
        ),
        "difference": (
            sp(-real).mean() - sp(fake).mean(),
            "you subtract the fake term, so D gains by calling fakes real.",
            "Both terms are costs: −log D(x) and −log(1 − D(G(z))) are added.",
        ),
        "product": (
            sp(-real).mean() * sp(fake).mean(),
            "you multiply the two terms; once one is zero, the other no longer counts.",
            "The two expectations are added.",
        ),
        "wasserstein": (
            fake.mean() - real.mean(),
            "this is the Wasserstein critic's loss: it never stops rewarding larger logits.",
            "A fine loss, later in this lab. Here each logit goes through −log σ(±s) first.",
        ),
        "hinge": (
            relu(1 - real).mean() + relu(1 + fake).mean(),
            "this is the hinge loss, and the task asks for the logarithm of equation 1.",
            "Replace relu(1 ± s) by the smooth softplus(±s).",
        ),
        "least-squares": (
            ((real - 1) ** 2).mean() + (fake**2).mean(),
            "this is the least-squares loss, and the task asks for the logarithm of equation 1.",
            "Replace the squares by −log σ(s) and −log(1 − σ(s)).",
        ),
        "probabilities": (
            (1 - sigmoid(real)).mean() + sigmoid(fake).mean(),
            "your loss averages probabilities: the logarithm is missing.",
            "−log σ(s), and not 1 − σ(s). The logarithm is what makes a confident mistake expensive.",
        ),
        "sigmoid-twice": (
            sp(-sigmoid(real)).mean() + sp(sigmoid(fake)).mean(),
            "the logits go through a sigmoid twice.",
            "softplus and `binary_cross_entropy_with_logits` take raw logits: leave your own sigmoid out.",
        ),
        "log-mean": (
            -torch.log(sigmoid(real).mean()) - torch.log(1 - sigmoid(fake).mean()),
            "you take the logarithm of the mean, and the equation the mean of the logarithm.",
            "E[log D(x)]: first the logarithm of each entry, then the mean.",
        ),
        "smoothed": (
            (sp(-real) + 0.1 * real).mean() + sp(fake).mean(),
            "your labels are smoothed (0.9 for real), and equation 1 uses 1 and 0.",
            "A useful trick, but another loss: here the label of a real image is 1.",
        ),
    }


def judge_generator_loss(function: Callable) -> None:
    """Values on three shapes of logits, and the slope where D is sure that a fake is fake."""
    for seed, shape in enumerate(SHAPES):
        fake = _logits(*shape, seed=seed + 10)
        value = scalar(call(function, fake), fake)
        expected = generator_loss(fake)
        if near(value, expected):
            continue
        if not value.isfinite():
            raise Wrong("not-finite", f"your loss is {value.item()} even for small logits.", STABLE)
        recognise(value, _generator_mistakes(fake, expected))
        (slope,) = torch.autograd.grad(value, fake)
        if slope.sum() >= 0:
            raise Wrong(
                "slope",
                "your loss goes up when D takes the fakes for real: G would learn to be caught.",
                "G wants D(G(z)) large, so its loss must fall as the logits rise.",
            )
        raise _nameless(value, expected)
    cases = ((-SURE, SURE), (-100.0, 100.0), (100.0, 0.0), (-400.0, 400.0))
    _stay_stable(function, [([torch.full((4,), logit).requires_grad_()], loss) for logit, loss in cases])


def _generator_mistakes(fake: Tensor, expected: Tensor) -> dict[str, tuple[Tensor, str, str]]:
    sp = softplus
    return {
        "saturating": (
            -sp(fake).mean(),
            "this is the saturating loss: where D is sure (logit −8) its slope is 0.0003, so a bad G hardly learns.",
            "Section 3 of the paper: instead of minimising log(1 − D(G(z))), G *maximises* log D(G(z)).",
        ),
        "discriminators": (
            sp(fake).mean(),
            "your loss goes down when D calls the fakes fake: that is D's wish, not G's (label 0 instead of 1).",
            "G wants its images to be taken for real: −log D(G(z)) = softplus(−s), cross-entropy with label 1.",
        ),
        "maximised": (
            -expected,
            "your loss is the negative of the right one: minimising it makes D *less* fooled.",
            "G maximises log D(G(z)), so its loss is −log D(G(z)), which is never negative.",
        ),
        "sum": (
            expected * fake.numel(),
            "your loss is a sum over the batch, so it grows with the batch size and so do its gradients.",
            "The expectation E[…] is a mean over the batch.",
        ),
        "wasserstein": (
            -fake.mean(),
            "this is the Wasserstein generator's loss (also the hinge game's): the logarithm is missing.",
            "Put each logit through −log σ(s) = softplus(−s) before the mean.",
        ),
        "least-squares": (
            ((fake - 1) ** 2).mean(),
            "this is the least-squares loss, and the task asks for −log D(G(z)).",
            "Replace the square by −log σ(s).",
        ),
        "probabilities": (
            (1 - sigmoid(fake)).mean(),
            "your loss averages probabilities: the logarithm is missing, and the slope vanishes where D is sure.",
            "−log σ(s), and not 1 − σ(s).",
        ),
        "probability-negated": (
            -sigmoid(fake).mean(),
            "your loss is −D(G(z)) without the logarithm: its slope vanishes exactly where G has to learn most.",
            "−log σ(s), and not −σ(s).",
        ),
        "sigmoid-twice": (
            sp(-sigmoid(fake)).mean(),
            "the logits go through a sigmoid twice.",
            "softplus and `binary_cross_entropy_with_logits` take raw logits: leave your own sigmoid out.",
        ),
        "log-mean": (
            -torch.log(sigmoid(fake).mean()),
            "you take the logarithm of the mean, and the equation the mean of the logarithm.",
            "E[log D(G(z))]: first the logarithm of each entry, then the mean.",
        ),
    }


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
