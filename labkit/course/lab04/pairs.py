"""A D that keeps what it is shown, and what a student's function showed it: pairs of a condition and a picture."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from labkit.course.asked import SIZES, asked
from labkit.course.exercise import Wrong
from labkit.course.judging import near

PAIR = "D judges a picture *together with* its condition: `torch.cat([x, …], dim=1)`, the condition first."
LEFT = 0.25  # What another loss has left in the gradients of D's weights.
BANK = 16
LABELS = (
    "`torch.ones_like(logits)` and `torch.zeros_like(logits)` have the shape of the logits: a label for each patch."
)


class PairCritic(nn.Module):
    """A D with a logit for each patch of 2 × 2 pixels, which takes any number of channels and keeps what it is shown.

    Args:
        scale: how large its logits are.
    """

    def __init__(self, scale: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(BANK))
        self.bend = nn.Parameter(torch.rand(BANK) + 0.5)
        self.scale = scale
        self.seen: list[Tensor] = []

    def forward(self, pair: Tensor) -> Tensor:
        """(B, any, H, W) → logits (B, 1, H/2, W/2).

        Raises:
            TypeError: it is no tensor (B, C, H, W).
        """
        if not isinstance(pair, Tensor) or pair.dim() != 4:
            got = f"a tensor of the shape {tuple(pair.shape)}" if isinstance(pair, Tensor) else type(pair).__name__
            raise TypeError(f"D takes one tensor (B, C, H, W), and it was given {got}")
        self.seen.append(pair.detach().clone())
        which = torch.arange(pair.shape[1]) % BANK
        bent = torch.tanh(pair * self.bend[which, None, None] + 0.3 * which[:, None, None].cos())
        return 2 * self.scale * avg_pool2d(torch.einsum("c,bchw->bhw", self.weight[which], bent)[:, None], 2)


@dataclass(frozen=True)
class Game:
    """One judge's case: D, a condition x, a picture y, and the fake that one weight of a G has made."""

    critic: PairCritic
    x: Tensor
    y: Tensor
    weight: Tensor
    fake: Tensor

    @property
    def real(self) -> Tensor:
        """The pair (x, y)."""
        return torch.cat([self.x, self.y], 1)

    @property
    def false(self) -> Tensor:
        """The pair (x, fake), cut from G."""
        return torch.cat([self.x, self.fake.detach()], 1)


def game(seed: int, batch: int, condition: int, picture: int, height: int, width: int, scale: float = 1.0) -> Game:
    """A case of so many channels, drawn with this seed."""
    torch.manual_seed(seed)
    critic = PairCritic(scale)
    x, y = torch.randn(batch, condition, height, width), torch.randn(batch, picture, height, width)
    weight = torch.tensor(0.8, requires_grad=True)
    return Game(critic, x, y, weight, weight * (0.6 * y + 0.5 * torch.randn(y.shape) + 0.2))


def ask(function: Callable, case: Game, *more: Any) -> Any:
    """Call a loss of D, x, y, fake; D and the fake must be afterwards what they were before.

    Raises:
        Wrong: it is no number, or D was changed.
    """
    parameters = list(case.critic.parameters())
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, LEFT)
    axis = "The channels are dimension 1: `torch.cat([x, …], dim=1)`; dimension 0 counts the pictures."
    logits = "`binary_cross_entropy` takes probabilities; D gives logits: `binary_cross_entropy_with_logits`."
    one = "D takes *one* tensor, in which both stand behind each other: `D(torch.cat([x, …], dim=1))`."
    told = [
        (("positional argument",), "two-arguments", one),
        (("D takes one tensor",), "not-a-pair", one),
        (("Target size", "target size", "same as input size"), "label-shape", LABELS),
        (("between 0 and 1",), "logits-as-probabilities", logits),
        (SIZES, "sizes", axis),
    ]
    value = asked(function, case.critic, case.x, case.y, case.fake, *more, told=told)
    if not case.fake.requires_grad:
        raise Wrong(
            "cuts-the-fake",
            "after your function the caller's own fake is cut from G: G's loss could not teach G any more.",
            "`fake.detach_()`, with a `_`, changes the tensor itself; `fake.detach()` gives another one.",
        )
    if not all(parameter.requires_grad for parameter in parameters):
        raise Wrong(
            "frozen",
            "after your function D's weights are frozen: D can't learn any more.",
            "Leave `requires_grad` of D's weights alone: which weights move is the optimiser's business.",
        )
    if not case.critic.training:
        raise Wrong("eval-mode", "after your function D is in eval mode.", "Leave the modes to the training loop.")
    grads = [parameter.grad for parameter in parameters]
    if any(grad is None or not grad.any() for grad in grads):
        raise Wrong(
            "clears-gradients",
            "your function clears the gradients of D's weights.",
            "A loss is only computed here: `zero_grad` belongs to the training loop.",
        )
    if any(grad is not None and not near(grad, torch.full_like(grad, LEFT)) for grad in grads):
        raise Wrong(
            "own-backward",
            "your function calls `backward`, which leaves gradients on D's weights.",
            "A loss is only computed here: `backward` belongs to the training loop.",
        )
    if isinstance(value, (tuple, list, dict)):
        raise Wrong(
            "pair",
            f"your function returned a {type(value).__name__} of {len(value)}, and a player descends one number.",
            "The loss is one scalar: add the parts.",
        )
    return value


def judge_shown(case: Game, wanted: Sequence[str]) -> None:
    """Raise `Wrong` for the first thing that D was shown and should not have been, and for what is missing.

    Args:
        case: after the student's function was called.
        wanted: "real" for the pair (x, y), "fake" for (x, fake).
    """
    x, y, fake = case.x, case.y, case.fake.detach()
    if not case.critic.seen:
        raise Wrong("without-d", "your function never asks D.", "`logits = D(torch.cat([x, …], dim=1))`.")
    shown = {"real": False, "fake": False}
    for batch in case.critic.seen:
        for some in (y, fake):
            if batch.shape == torch.cat([some, some]).shape and near(batch, torch.cat([x, some])):
                raise Wrong(
                    "along-the-batch",
                    "D is shown conditions and pictures as if they were all pictures of one batch.",
                    "Dimension 0 counts the pictures, dimension 1 the channels. " + PAIR,
                )
        for one in batch:
            kind = _which(one, {"real": case.real, "fake": case.false})
            if kind:
                shown[kind] = True
                continue
            for mistake, values, did, hint in _odd(x, y, fake):
                if any(near(one, value) for value in values):
                    raise Wrong(mistake, f"D is shown {did}.", hint)
            raise _changed(one, x, y, fake)
    for kind in wanted:
        if not shown[kind]:
            told = {"real": "the real pair (x, y)", "fake": "the pair (x, fake)"}
            other = told["fake" if kind == "real" else "real"]
            raise Wrong(
                f"no-{kind}",
                f"D is never shown {told[kind]}, but only {other}.",
                "D's loss has two terms: one for (x, y), one for (x, fake)."
                if len(wanted) > 1
                else "G is judged by its own pictures: D(x, fake), with the gradient through D into the fake.",
            )


def _which(one: Tensor, known: dict[str, Tensor]) -> str:
    return next((kind for kind, pairs in known.items() if any(near(one, pair) for pair in pairs)), "")


def _odd(x: Tensor, y: Tensor, fake: Tensor) -> Iterator[tuple[str, list[Tensor], str, str]]:
    """Mistake, what D was shown, in words, the hint."""
    pictures = [picture for both in zip(y, fake) for picture in both]

    def joined(*parts: Tensor) -> list[Tensor]:
        return list(torch.cat(parts, 1))

    yield (
        "picture-alone",
        pictures,
        "a picture alone: then any sharp picture is good, whether it fits the condition or not",
        PAIR,
    )
    yield "condition-alone", list(x), "a condition alone, without a picture", PAIR
    yield (
        "order",
        joined(y, x) + joined(fake, x),
        "the picture first, and the condition behind it",
        PAIR + " D's weights depend on the order.",
    )
    yield (
        "wrong-condition",
        [one for a in (y, fake) for b in (y, fake) for one in joined(a, b)],
        "two pictures and no condition",
        "The condition is x, for the real picture and for the fake. " + PAIR,
    )
    yield "condition-twice", joined(x, x), "the condition twice, and no picture", PAIR
    parts = (x, y, fake)
    yield (
        "three",
        [one for a in parts for b in parts for c in parts for one in joined(a, b, c)],
        "three things at once",
        "Two pairs, one after the other: (x, y) and (x, fake). " + PAIR,
    )
    yield (
        "mismatched",
        [torch.cat([a, b]) for a in x for b in pictures],
        "a condition together with the picture of another one",
        "Pictures and conditions stay in the order of the batch: no `flip`, `roll` or shuffling.",
    )
    if x.shape == y.shape:
        yield (
            "side-by-side",
            [one for d in (2, 3) for a in (y, fake) for pair in ([x, a], [a, x]) for one in torch.cat(pair, d)],
            "condition and picture side by side, as one larger picture",
            "The channels are dimension 1: `torch.cat([x, …], dim=1)`.",
        )
        yield (
            "added",
            [one for a in (y, fake) for some in (x + a, x - a, a - x, x * a, (x + a) / 2) for one in some],
            "condition and picture added or multiplied: D can't tell them apart any more",
            PAIR,
        )


def _changed(one: Tensor, x: Tensor, y: Tensor, fake: Tensor) -> Wrong:
    channels = x.shape[1]
    if one.shape == torch.cat([x[0], y[0]]).shape:
        if _which(one[:channels], {"condition": x}):
            return Wrong(
                "picture-changed",
                "D is shown the right condition, but a picture that is neither y nor the fake.",
                "y and the fake as they are: no noise, no clamping, no mixing of the two.",
            )
        if _which(one[channels:], {"y": y, "fake": fake}):
            return Wrong("condition-changed", "D is shown the right picture, but another condition than x.", PAIR)
    return Wrong(
        "other-input",
        f"D is shown something of the shape {tuple(one.shape)}, and a pair has {tuple(torch.cat([x[0], y[0]]).shape)}.",
        PAIR,
    )
