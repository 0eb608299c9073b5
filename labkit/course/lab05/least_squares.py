"""The losses of least squares (Mao et al. 2017, equation 9 with a = 0, b = c = 1; as CycleGAN has them), judged."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from labkit.course.asked import SIZES, asked, recognise_any
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import near
from labkit.course.lab05.squares import EACH, FOR_D, FOR_G, discriminator_mistakes, generator_mistakes, squares

# Shapes of the real and of the fake scores: other ones, numbers in a row, a single patch, and the same shape.
SHAPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3, 1, 4, 5), (2, 1, 6, 3)),
    ((6,), (4,)),
    ((1, 1), (1, 1, 2, 3)),
    ((2, 1, 3, 2), (2, 1, 3, 2)),
)
SEED = 131  # With these numbers no two mistakes come to nearly the same value.
ROLES = ("discriminator", "generator")


def least_squares(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """½·(E[(s_real − 1)²] + E[s_fake²]) for D and E[(s_fake − 1)²] for G: scores of any shapes → two scalars."""
    discriminator = 0.5 * ((real - 1).square().mean() + fake.square().mean())
    generator = (fake - 1).square().mean()
    return discriminator, generator


def judge_least_squares(function: Callable) -> None:
    """Four pairs of shapes: two numbers, their values, and where their gradients go."""
    for number, shapes in enumerate(SHAPES):
        real, fake = (_scores(2 * (SEED + number) + k, shape) for k, shape in enumerate(shapes))
        losses = _two(
            asked(function, real, fake, told=[(SIZES, "sizes", "The two may have different shapes: " + EACH)])
        )
        rights = least_squares(real, fake)
        if near(losses[0], rights[0]) and near(losses[1], rights[1]):
            _judge_gradients(losses, rights, real, fake)
            continue
        _recognise(losses, rights, real.detach(), fake.detach())
        raise _unnamed(function, losses, rights)


def _scores(seed: int, shape: tuple[int, ...]) -> Tensor:
    """Scores on both sides of 0 and 1, with a mean that is neither."""
    scores = 1.3 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return (scores + (-0.45 if seed % 2 else 0.3)).requires_grad_()


def _two(value: Any) -> tuple[Tensor, Tensor]:
    """The two losses, each a scalar tensor."""
    if isinstance(value, Tensor) and value.shape == (2,):
        raise Wrong(
            "stacked",
            "your function returned one tensor of two numbers: `backward` of the first also goes through the second.",
            "Two losses for two players, each with a graph of its own: `return discriminator_loss, generator_loss`.",
        )
    if isinstance(value, Tensor):
        raise Wrong(
            "one-value",
            f"your function returned one tensor{f' of the shape {tuple(value.shape)}' if value.dim() else ''}, and the "
            "two players have a loss each.",
            "`return discriminator_loss, generator_loss`: two numbers, not their sum.",
        )
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        got = f" of {len(value)}" if isinstance(value, (tuple, list, dict)) else ""
        raise Wrong(
            "not-a-pair",
            f"your function returned a {type(value).__name__}{got}, and a pair is asked for.",
            "`return discriminator_loss, generator_loss`, in this order.",
        )
    for loss, role in zip(value, ROLES):
        if not isinstance(loss, Tensor):
            raise Wrong(
                "not-a-tensor",
                f"the {role}'s loss is a {type(loss).__name__}, and no gradient can flow through it.",
                "`.item()`, `float(…)` and `.numpy()` lose the graph: return the tensors themselves.",
            )
        if loss.dim():
            raise Wrong(
                "not-a-scalar",
                f"the {role}'s loss has the shape {tuple(loss.shape)}, and a player descends one number.",
                "The mean over all scores: `.mean()`.",
            )
        if not loss.isfinite():
            raise Wrong(
                "not-finite",
                f"the {role}'s loss is {loss.item()}.",
                "Squares and means of scores: no logarithm, no root, no division by the scores.",
            )
    return value[0], value[1]


def _recognise(losses: tuple[Tensor, Tensor], rights: tuple[Tensor, Tensor], r: Tensor, f: Tensor) -> None:
    if near(losses[0], rights[1]) and any(near(losses[1], whole * rights[0]) for whole in (1, 2)):
        raise Wrong(
            "swapped",
            "the first of your two losses is the generator's, and the second the discriminator's.",
            "D's comes first: `return discriminator_loss, generator_loss`.",
        )
    if not near(losses[0], rights[0]):
        recognise_any(losses[0], discriminator_mistakes(r, f))
    else:
        recognise_any(losses[1], generator_mistakes(r, f))


def _judge_gradients(losses: tuple[Tensor, Tensor], rights: tuple[Tensor, Tensor], real: Tensor, fake: Tensor) -> None:
    """D's loss teaches D by both kinds of scores, G's by the fakes."""
    for loss, right, role in zip(losses, rights, ROLES):
        ours, wanted = _slopes(loss, real, fake), _slopes(right, real, fake)
        for kind, slope, other in zip(("real", "fake"), ours, wanted):
            if other.any() and not slope.any():
                fate = "G would learn nothing" if role == "generator" else f"D would learn nothing from the {kind} ones"
                raise Wrong(
                    f"{role}-cut-{kind}",
                    f"the values are right, but no gradient of the {role}'s loss reaches the {kind} scores: {fate}.",
                    "A `.detach()`, `.data`, `torch.no_grad()` or `torch.tensor(…)` too many? What has to be detached "
                    "is the fake *picture*, before D sees it, and not its score.",
                )
            if not near(slope, other, 5e-3):
                raise Wrong(
                    f"{role}-half-graph",
                    f"the values are right, but the gradient of the {role}'s loss in the {kind} scores is not: a part "
                    "of it is cut off.",
                    "Plain arithmetic with the scores, without any `.detach()`.",
                )


def _slopes(loss: Tensor, real: Tensor, fake: Tensor) -> list[Tensor]:
    grads: tuple[Tensor | None, ...] = (None, None)
    if loss.requires_grad:
        grads = torch.autograd.grad(loss, (real, fake), allow_unused=True, retain_graph=True)
    return [torch.zeros_like(x) if grad is None else grad for x, grad in zip((real, fake), grads)]


def _unnamed(function: Callable, losses: tuple[Tensor, Tensor], rights: tuple[Tensor, Tensor]) -> Wrong:
    which = 0 if not near(losses[0], rights[0]) else 1
    role, formula = ROLES[which], (FOR_D, FOR_G)[which]
    for r, f in ((1.0, 0.0), (3.0, 0.0), (1.0, 2.0), (-2.0, 0.5)):
        try:
            found = float(function(torch.tensor([r]), torch.tensor([f]))[which])
        except Exception:  # It was fine with more scores; whatever it is here, it is no value.
            break
        right = (squares(torch.tensor([r]), 1) + squares(torch.tensor([f]), 0)) / 2
        right = right if which == 0 else squares(torch.tensor([f]), 1)
        if not near(found, right):
            return Wrong(
                "other-value",
                f"for one real picture with the score {r:g} and one fake with {f:g} the {role}'s loss is {found:.4g}, "
                f"and it should be {float(right):.4g}.",
                formula,
            )
    return Wrong(
        "not-the-mean",
        f"the {role}'s loss is {float(losses[which].detach()):.4f}, and it should be "
        f"{float(rights[which].detach()):.4f}; for single scores it is right.",
        "Every score counts alike, whatever the shapes. " + formula,
    )


LEAST_SQUARES = Exercise(
    name="05.least_squares",
    title="The losses of least squares",
    points=2,
    difficulty=1,
    minutes=5,
    reference=least_squares,
    hints=(
        "Which score should D give a real picture, and which a fake? And which one does G wish for its fakes?",
        "L_D = ½·(E[(s_real − 1)²] + E[s_fake²]); L_G = E[(s_fake − 1)²]. The scores are D's output as it is.",
        "`discriminator_loss = 0.5 * ((…).square().mean() + ….square().mean())`; `generator_loss = …`; return both.",
    ),
    judge=judge_least_squares,
)
