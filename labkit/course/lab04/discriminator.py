"""The loss of pix2pix's D (Isola et al. 2017, equation 1 and section 3.3: halved), judged by what D is shown."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, relu, sigmoid, softplus

from labkit.course.asked import Known, recognise_any
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import near, scalar
from labkit.course.lab04.pairs import Game, ask, game, judge_shown

# B, channels of x and of y, H, W. Equal channels first: whatever is joined in another way runs there.
CASES = ((4, 3, 3, 6, 8), (1, 2, 3, 4, 6), (3, 4, 1, 8, 4))
SEED = 96  # With these numbers no two mistakes come to nearly the same value.
LOSS = "½·(BCE(D(x, y), 1) + BCE(D(x, fake), 0)), each a mean over pictures and patches."
STABLE = (
    "float32 rounds σ(200) to exactly 1, and log(1 − 1) = −∞; `binary_cross_entropy` cuts that off at 100. "
    "`binary_cross_entropy_with_logits` and `softplus` take the logits themselves."
)


def discriminator_loss(D: nn.Module, x: Tensor, y: Tensor, fake: Tensor) -> Tensor:
    """½·(BCE(D(x, y), 1) + BCE(D(x, fake), 0)), without a gradient into the fake: three (B, ·, H, W) → a scalar."""
    real_logits = D(torch.cat([x, y], dim=1))
    fake_logits = D(torch.cat([x, fake.detach()], dim=1))
    real = binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    false = binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return (real + false) / 2


def judge_discriminator_loss(function: Callable) -> None:
    """Three batches: what D is shown, the value, where gradients go; then logits that are very large."""
    for number, sizes in enumerate(CASES):
        case = game(SEED + number, *sizes)
        value = scalar(ask(function, case))
        shown = list(case.critic.seen)
        right = discriminator_loss(case.critic, case.x, case.y, case.fake)
        if near(value, right):
            judge_gradients(value, right, case)
            continue
        case.critic.seen[:] = shown
        judge_shown(case, ("real", "fake"))
        if not value.isfinite():
            raise Wrong("not-finite", f"your loss is {value.item()} even for small logits.", STABLE)
        with torch.no_grad():
            logits = case.critic(case.real), case.critic(case.false)
            recognise_any(value, _mistakes(*logits))
        raise _unnamed(value, right, *logits)
    judge_stable(function, discriminator_loss, STABLE)


def judge_stable(function: Callable, reference: Callable, hint: str) -> None:
    """A D that is very sure of itself, rightly or not."""
    for seed in (20, 21):
        case = game(seed, 2, 2, 3, 4, 6, scale=200.0)
        value, right = scalar(ask(function, case)), reference(case.critic, case.x, case.y, case.fake)
        finite = bool(value.isfinite())
        if finite and value.requires_grad:
            grads = torch.autograd.grad(value, [*case.critic.parameters(), case.weight], allow_unused=True)
            finite = all(grad is None or bool(grad.isfinite().all()) for grad in grads)
        if not finite or not near(value, right):
            raise Wrong(
                "unstable",
                f"your loss is right for small logits, but where they go up to some hundreds it is {value.item():.4g} "
                f"(it should be {right.item():.4g}){'' if finite else ', and its gradient breaks'}.",
                hint,
            )


def judge_gradients(value: Tensor, right: Tensor, case: Game) -> None:
    """D learns from both terms, and nothing flows into the fake."""
    weights = list(case.critic.parameters())
    inputs = [case.weight, *weights]

    def slopes(loss: Tensor) -> Tensor:
        if not loss.requires_grad:
            return torch.cat([torch.zeros_like(some).flatten() for some in inputs])
        grads = torch.autograd.grad(loss, inputs, allow_unused=True, retain_graph=True)
        full = [torch.zeros_like(some) if grad is None else grad for some, grad in zip(inputs, grads)]
        return torch.cat([grad.flatten() for grad in full])

    ours = slopes(value)
    if ours[0] != 0:
        raise Wrong(
            "not-detached",
            "the value is right, but D's loss also has a gradient in the fake, and through it in G.",
            "Here the fake is a picture like any other: `fake.detach()`. Else D's loss costs a way back through G, and "
            "leaves gradients there that teach G to be caught.",
        )
    terms = {
        "real": slopes(softplus(-case.critic(case.real)).mean() / 2),
        "fake": slopes(softplus(case.critic(case.false)).mean() / 2),
    }
    if near(ours, slopes(right), 5e-3):
        return
    if not ours.any():
        raise Wrong(
            "cut-graph",
            "the value is right, but no gradient reaches D: it would learn nothing.",
            "Only the fake is cut off, before D sees it: no `.detach()`, `.data` or `torch.no_grad()` around D.",
        )
    for kind, other in (("fake", "real"), ("real", "fake")):
        if near(ours, terms[other], 5e-3):
            raise Wrong(
                f"{kind}-logits-cut",
                f"the value is right, but the term of the {kind} pair teaches D nothing: its logits are cut off.",
                "Detach the fake *before* D sees it, `D(torch.cat([x, fake.detach()], dim=1))`, and not D's answer."
                if kind == "fake"
                else "No `.detach()` and no `torch.no_grad()` around D(x, y).",
            )
    raise Wrong(
        "half-graph",
        "the value is right, but its gradient in D's weights is not: a part of it is cut off.",
        "Only the fake is detached, before D sees it.",
    )


def _mistakes(r: Tensor, f: Tensor) -> Iterable[Known]:
    """Mistake, its values, what it does, what to look at; r and f are the logits of the real pairs and of the fakes."""
    count, batch = r.numel(), len(r)
    real, fake = softplus(-r).mean(), softplus(f).mean()
    right = (real + fake) / 2
    real_as_fake, fake_as_real = softplus(r).mean(), softplus(-f).mean()
    wholes = (0.5, 1.0)

    def either(value: Tensor, also: tuple[float, ...] = ()) -> list[Tensor]:
        return [whole * value for whole in (*wholes, *also)]

    def smooth(one: float, zero: float) -> Tensor:
        return one * real + (1 - one) * real_as_fake + (1 - zero) * fake + zero * fake_as_real

    sums = [count, count / batch] + ([batch] if batch > 1 else [])
    return [
        (
            "not-halved",
            [2 * right],
            "your loss is twice the right one: the two terms are added, and not halved.",
            "Half of the sum, which is meant to slow D down against G. " + LOSS,
        ),
        ("quartered", [right / 2], "your loss is half of the right one: it is halved twice.", LOSS),
        (
            "sum",
            [n * whole * right for n in sums for whole in (1, 2)],
            "you add up pictures or patches, so your loss grows with their number.",
            "Means, over all pictures and all patches. " + LOSS,
        ),
        (
            "labels-swapped",
            either(real_as_fake + fake_as_real),
            "your loss goes down when D calls fakes real and reals fake: the two labels are swapped.",
            "A real pair has the label 1, a fake one the label 0.",
        ),
        (
            "fake-label",
            either(real + fake_as_real),
            "your loss goes down when D calls fakes real: they have the label 1 in it.",
            "The label of the pair (x, fake) is 0: `torch.zeros_like(…)`.",
        ),
        (
            "real-label",
            either(real_as_fake + fake),
            "your loss goes down when D calls real pairs fake: they have the label 0 in it.",
            "The label of the pair (x, y) is 1: `torch.ones_like(…)`.",
        ),
        ("only-real", either(real), "only the real pair counts in your loss.", "Two terms: " + LOSS),
        ("only-fake", either(fake), "only the pair with the fake counts in your loss.", "Two terms: " + LOSS),
        (
            "one-halved",
            [real / 2 + fake, real + fake / 2],
            "you halve one of the two terms alone.",
            "Half of the *sum*: parentheses around it. " + LOSS,
        ),
        (
            "difference",
            either(real - fake) + either(fake - real),
            "you subtract one term from the other, and D would gain by getting that one wrong.",
            "Both are costs: plus. " + LOSS,
        ),
        (
            "negative",
            [-right, -2 * right],
            "your loss is negative: it goes down as D gets worse.",
            "The paper writes what D *maximises*; BCE already has the minus in it.",
        ),
        (
            "sigmoid-twice",
            either(softplus(-sigmoid(r)).mean() + softplus(sigmoid(f)).mean()),
            "you put the logits through a sigmoid, and then through another one inside of the loss.",
            "D gives logits, and `binary_cross_entropy_with_logits` takes logits.",
        ),
        (
            "mean-first",
            either(softplus(-r.mean()) + softplus(f.mean()))
            + either(softplus(-r.mean((1, 2, 3))).mean() + softplus(f.mean((1, 2, 3))).mean()),
            "you average the logits first: patches that D knows well hide those that it gets wrong.",
            "First the loss of each patch, then the mean.",
        ),
        (
            "smoothed",
            [value for one, zero in ((0.9, 0), (0.9, 0.1), (0.8, 0)) for value in either(smooth(one, zero))],
            "your labels are not 1 and 0, but smoothed.",
            "pix2pix has 1 and 0: `torch.ones_like(…)`, `torch.zeros_like(…)`.",
        ),
        (
            "least-squares",
            either((r - 1).square().mean() + f.square().mean(), (0.25,)),
            "this is the loss of least squares.",
            "That is CycleGAN's. pix2pix has the cross entropy: " + LOSS,
        ),
        ("hinge", either(relu(1 - r).mean() + relu(1 + f).mean()), "this is the hinge loss of Lab 02.", LOSS),
        (
            "wasserstein",
            either(f.mean() - r.mean()),
            "your loss falls for ever as D's logits grow: it is a Wasserstein critic's.",
            LOSS,
        ),
        (
            "no-logarithm",
            either((1 - sigmoid(r)).mean() + sigmoid(f).mean()) + either(-sigmoid(r).mean() + sigmoid(f).mean()),
            "your loss takes the probabilities themselves: their logarithm is missing, and a D that is quite wrong has "
            "no slope.",
            "BCE(D, 1) = −log σ(D), BCE(D, 0) = −log(1 − σ(D)).",
        ),
        ("generators", either(fake_as_real), "this is what G minimises.", "D's loss has two terms: " + LOSS),
    ]


def _unnamed(value: Tensor, right: Tensor, r: Tensor, f: Tensor) -> Wrong:
    return Wrong(
        "other-value",
        f"D was shown the right pairs, and its logits are {float(r.mean()):.3f} for the real ones and "
        f"{float(f.mean()):.3f} for the fakes on average; your loss is {float(value.detach()):.4f}, and it should be "
        f"{float(right.detach()):.4f}.",
        LOSS,
    )


DISCRIMINATOR_LOSS = Exercise(
    name="04.discriminator_loss",
    title="The loss of D, which sees pairs",
    points=2,
    difficulty=2,
    minutes=15,
    reference=discriminator_loss,
    hints=(
        "G makes a sharp, beautiful picture that has nothing to do with x. What must D be shown to notice?",
        "L_D = ½·(E[−log σ(D(x, y))] + E[−log(1 − σ(D(x, G(x))))]), and G stands still in it.",
        "`real = D(torch.cat([x, …], dim=1))`, `false = D(torch.cat([x, fake.…()], dim=1))`, and half of the sum of "
        "`binary_cross_entropy_with_logits(…, torch.ones_like(…))` and the same with zeros.",
    ),
    judge=judge_discriminator_loss,
)
