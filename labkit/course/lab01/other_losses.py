"""The losses that students write where another is asked for: each mistake with its value, and what to say about it."""

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import relu, sigmoid, softplus

from labkit.course.exercise import Wrong
from labkit.course.judging import near


def discriminator_mistakes(real: Tensor, fake: Tensor, expected: Tensor) -> dict[str, tuple[Tensor, str, str]]:
    """Mistake → (its value, what it does, what to look at); `expected` is the right value."""
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
        "logits-averaged": (
            sp(-real.mean()) + sp(fake.mean()),
            "you average the logits first, and an average of logits hides the images that D gets wrong.",
            "E[−log σ(s)]: first −log σ of each logit, then the mean: `softplus(…)` inside, `.mean()` behind it.",
        ),
        "one-minus-logit": (
            sp(-real).mean() + sp(fake - 1).mean(),
            "your fake term takes 1 − s, and the equation takes 1 − D.",
            "s is a logit, not a probability. 1 − σ(s) = σ(−s): turn the sign of s around, without a 1.",
        ),
        "smoothed": (
            (sp(-real) + 0.1 * real).mean() + sp(fake).mean(),
            "your labels are smoothed (0.9 for real), and equation 1 uses 1 and 0.",
            "A useful trick, but another loss: here the label of a real image is 1.",
        ),
    }


def generator_mistakes(fake: Tensor, expected: Tensor) -> dict[str, tuple[Tensor, str, str]]:
    """As `discriminator_mistakes`."""
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
        "logits-averaged": (
            sp(-fake.mean()),
            "you average the logits first, and an average of logits hides the fakes that D sees through.",
            "E[−log σ(s)]: first −log σ of each logit, then the mean: `softplus(…)` inside, `.mean()` behind it.",
        ),
        "half": (
            expected / 2,
            "your loss is half of the equation's value.",
            "There is one term here and no second one to average it with: the mean over the batch is all.",
        ),
        "log-mean": (
            -torch.log(sigmoid(fake).mean()),
            "you take the logarithm of the mean, and the equation the mean of the logarithm.",
            "E[log D(G(z))]: first the logarithm of each entry, then the mean.",
        ),
    }


def unnamed_mistake(function: Callable, reference: Callable, logits: Sequence[Tensor]) -> Wrong:
    """What a loss with a value of its own does, found by asking it about other logits.

    Args:
        function: the student's, wrong at `logits`.
        reference: the right one.
        logits: its arguments, each (B,).
    """
    value, expected = _ask(function, logits), _ask(reference, logits)
    other = [torch.linspace(-1, 2, 9) + i for i in range(len(logits))]
    there, right_there = _ask(function, other), _ask(reference, other)
    alone = [[torch.tensor([s]) for s in pair] for pair in product((-1.5, 0.0, 2.0), repeat=len(logits))]
    answers = [_ask(function, pair) for pair in alone]
    if all(near(answer, reference(*pair)) for answer, pair in zip(answers, alone)):
        return Wrong(
            "not-the-mean",
            f"for a single image your loss is right, but for {len(logits[0])} it is {value:.4f}, and their mean is "
            f"{expected:.4f}.",
            "Every image counts alike: −log … of each logit, then `.mean()` over all of the batch.",
        )
    factor, again = value / expected, there / right_there
    if abs(factor - again) < 1e-3 * abs(factor):
        base = "A logarithm to base 2 or 10, perhaps? `torch.log` is the natural one, and so is softplus."
        divided = "Which factor is it that the equation doesn't have?"
        return Wrong(
            "factor",
            f"your loss is {factor:.3g} times the equation's value, whatever the logits are.",
            base if min(abs(factor - 1.4427), abs(factor - 0.4343)) < 1e-3 else divided,
        )
    count, again = len(logits[0]) / factor, 9 / again if again else 0.0
    if abs(count - again) < 1e-3 * count:
        return Wrong(
            "hard-coded",
            f"you divide by {count:.3g} whatever the batch size is: here it is {len(logits[0])}.",
            "`.mean()` counts for you; and the last batch of the data may be a smaller one.",
        )
    pair, answer = alone[-1], answers[-1]
    shown = " and ".join(f"{s.item():g}" for s in pair)
    return Wrong(
        "other-value",
        f"for the logit{'s' * (len(pair) > 1)} {shown} alone your loss is {answer:.4f}, "
        f"and the equation gives {_ask(reference, pair):.4f}.",
        "By hand: −log σ(2) = log(1 + e⁻²) = 0.1269 and −log(1 − σ(2)) = log(1 + e²) = 2.1269.",
    )


def _ask(function: Callable, logits: Sequence[Tensor]) -> float:
    try:
        return float(function(*[s.detach().clone().requires_grad_() for s in logits]).detach())
    except Exception:  # It was fine with the first batch; whatever it is here, it is no value.
        return float("nan")
