"""The discriminator's hinge loss (Lim & Ye 2017, *Geometric GAN*; Miyato et al. 2018, equation 16), judged."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import relu, sigmoid, softplus

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near, recognise, scalar

SIZES = (9, 1, 12)  # The task promises (B,), and a last batch may hold one image.


def hinge_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[max(0, 1 − s_real)] + E[max(0, 1 + s_fake)]: two tensors of scores, (B,) → a scalar."""
    return relu(1 - real_scores).mean() + relu(1 + fake_scores).mean()


def _scores(size: int, seed: int) -> Tensor:
    """Scores on both sides of the margin, the real ones' mean beyond it; a single one where there is a slope."""
    scores = 1.6 * torch.randn(size, generator=torch.Generator().manual_seed(seed))
    scores = scores - scores.mean() + (1.3 if seed % 2 else -0.4)
    if size == 12:
        scores[0] = -9.0 if seed % 2 else 9.0  # Far off: a hinge has no ceiling.
    return (scores.clamp(-0.8, 0.8) if size == 1 else scores).requires_grad_()


def judge_hinge_loss(function: Callable) -> None:
    """Values on three sizes of batch, gradients, and silence beyond the margin."""
    for seed, size in enumerate(SIZES):
        real, fake = _scores(size, 2 * seed + 1), _scores(size, 2 * seed)
        value = scalar(_ask(function, real, fake), real, fake)
        expected = hinge_loss(real, fake)
        if near(value, expected):
            grads = torch.autograd.grad(value, (real, fake), allow_unused=True)
            for grad, name in zip(grads, ("real", "fake")):
                if grad is None or not grad.any():
                    raise Wrong(
                        f"cut-graph-{name}",
                        f"the value is right, but no gradient reaches the {name} scores.",
                        "In D's loss both terms must teach D. Is there a `.detach()` or `.data` too many?",
                    )
            continue
        recognise(value, _mistakes(real, fake, expected))
        raise _unnamed(function, value, expected, size)


def _ask(function: Callable, *scores: Tensor) -> Any:
    try:
        value = call(function, *scores)
    except Raised as raised:
        if len(scores[0]) > 1:
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
            "The loss is one scalar: add the two parts.",
        )
    return value


def _mistakes(real: Tensor, fake: Tensor, expected: Tensor) -> dict[str, tuple[Tensor, str, str]]:
    """Mistake → (its value, what it does, what to look at)."""
    far = "A D that has called every image rightly, by the margin 1, gets the loss 0."
    return {
        "both-signs": (
            relu(1 + real).mean() + relu(1 - fake).mean(),
            "your loss goes down when D calls fakes real and reals fake: both terms are the wrong way round.",
            "A real image is right from s = 1 on: max(0, 1 − s). Which argument stands for the real images?",
        ),
        "fake-sign": (
            relu(1 - real).mean() + relu(1 - fake).mean(),
            "your loss goes down when D gives fakes a high score: the fake term has the wrong sign.",
            "A fake is right from s = −1 down: max(0, 1 + s) is 0 there.",
        ),
        "real-sign": (
            relu(1 + real).mean() + relu(1 + fake).mean(),
            "your loss goes down when D gives real images a low score: the real term has the wrong sign.",
            "A real image is right from s = 1 up: max(0, 1 − s) is 0 there.",
        ),
        "no-margin": (
            relu(-real).mean() + relu(fake).mean(),
            "your hinge turns at 0: a D that is right by a hair has nothing more to learn.",
            "The margin is 1: max(0, 1 − s) and max(0, 1 + s).",
        ),
        "wasserstein": (
            fake.mean() - real.mean(),
            "your loss falls for ever as D's scores grow: the max(0, …) is missing.",
            "That is the Wasserstein critic, which must be kept from growing. " + far,
        ),
        "no-max": (
            (1 - real).mean() + (1 + fake).mean(),
            "the margin is there, but nothing stops at 0: images that D knows well outweigh those it gets wrong.",
            "`relu(…)`, or `.clamp(min=0)`, around each term before the mean.",
        ),
        "mean-inside": (
            relu(1 - real.mean()) + relu(1 + fake.mean()),
            "you average the scores first: images that D knows well hide those that it gets wrong.",
            "First max(0, …) of each score, then the mean: `relu(…).mean()`.",
        ),
        "min": (
            (1 - real).clamp(max=0).mean() + (1 + fake).clamp(max=0).mean(),
            "you keep the images that D already knows, and drop those that it gets wrong: min in place of max.",
            "`clamp(min=0)` is max(0, …). With the paper's min(0, −1 + s) there is a minus before the expectation.",
        ),
        "maximised": (
            -expected,
            "your loss is the negative of the right one: it goes down as D gets worse.",
            "The paper writes what D *maximises*, E[min(0, −1 + s)] + …; its loss has the other sign.",
        ),
        "only-real": (
            relu(1 - real).mean(),
            "your loss sees the real images alone: a D that gives all images a high score would be perfect.",
            "Two expectations. Where is the fakes'?",
        ),
        "only-fake": (
            relu(1 + fake).mean(),
            "your loss sees the fakes alone: a D that gives all images a low score would be perfect.",
            "Two expectations. Where is the real images'?",
        ),
        "generators": (
            -fake.mean(),
            "this is what G minimises in the hinge game: −E[s] of its fakes. Asked for is D's loss.",
            "D's has two terms, each with a margin and a max.",
        ),
        "squared": (
            relu(1 - real).square().mean() + relu(1 + fake).square().mean(),
            "your hinge is squared: far-off images pull much harder than near ones.",
            "The slope is 1 wherever it is not 0: no square.",
        ),
        "half": (
            expected / 2,
            "your loss is half of the right one: the two means are averaged instead of added.",
            "Add the two means (a mean over the concatenated batch halves each of them).",
        ),
        "sum": (
            expected * real.numel(),
            "your loss is a sum over the batch, so it grows with the batch size and so do its gradients.",
            "The expectation E[…] is a mean over the batch.",
        ),
        "difference": (
            relu(1 - real).mean() - relu(1 + fake).mean(),
            "you subtract the fake term, so D gains by giving fakes high scores.",
            "Both terms are costs: add them.",
        ),
        "softplus": (
            softplus(-real).mean() + softplus(fake).mean(),
            "this is the logarithmic loss of Lab 01: it never becomes 0.",
            "Hinge: straight lines with a corner at the margin, max(0, 1 ∓ s).",
        ),
        "soft-corner": (
            softplus(1 - real).mean() + softplus(1 + fake).mean(),
            "your corner is round: softplus never becomes 0, so D goes on learning from images it knows.",
            "`relu` in place of `softplus`.",
        ),
        "probabilities": (
            relu(1 - sigmoid(real)).mean() + relu(1 + sigmoid(fake)).mean(),
            "you put the scores through a sigmoid first: then no score ever reaches the margin.",
            "A margin is measured on the raw score s.",
        ),
        "largest": (
            relu(1 - real).max() + relu(1 + fake).max(),
            "your loss looks at one image of the batch alone, the worst.",
            "The max is taken with 0, for each image: `relu(1 - …)` or `.clamp(min=0)`. Over the batch, the mean.",
        ),
        "absolute": (
            (1 - real).abs().mean() + (1 + fake).abs().mean(),
            "your loss pulls scores to exactly 1 and −1, and punishes better ones.",
            "Beyond the margin the loss is 0: max(0, …), no absolute value.",
        ),
        "least-squares": (
            (1 - real).square().mean() + (1 + fake).square().mean(),
            "this is a least-squares loss: it also punishes scores beyond the margin.",
            "max(0, 1 − s), without a square.",
        ),
    }


def _unnamed(function: Callable, value: Tensor, expected: Tensor, size: int) -> Wrong:
    for real, fake in ((3.0, -3.0), (0.5, -0.5), (-2.0, 2.0), (0.5, 3.0)):
        pair = [torch.tensor([s]).requires_grad_() for s in (real, fake)]
        right = float(hinge_loss(*pair).detach())
        try:
            found = float(function(*pair).detach())
        except Exception:  # It was fine with the whole batch; whatever it is here, it is no value.
            found = float("nan")
        if not near(found, right):
            return Wrong(
                "other-value",
                f"for one real image with s = {real:g} and one fake with s = {fake:g} your loss is {found:.4g}, and "
                f"the hinge is {right:.4g}.",
                f"By hand: max(0, 1 − ({real:g})) + max(0, 1 + ({fake:g})) = {right:g}.",
            )
    return Wrong(
        "not-the-mean",
        f"for single images your loss is right, but for {size} it is {float(value.detach()):.4f}, and their mean is "
        f"{float(expected.detach()):.4f}.",
        "Every image counts alike, also those whose term is 0: `relu(…)` of each, then `.mean()` over the batch.",
    )


HINGE_LOSS = Exercise(
    name="02.hinge_loss",
    title="The hinge loss",
    points=2,
    difficulty=1,
    minutes=5,
    reference=hinge_loss,
    hints=(
        "D has scored a real image 3. Is there any reason to push it to 4?",
        "L_D = E_x[max(0, 1 − D(x))] + E_z[max(0, 1 + D(G(z)))].",
        "`return relu(1 - …).mean() + relu(1 + …).mean()`.",
    ),
    judge=judge_hinge_loss,
)
