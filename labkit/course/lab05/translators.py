"""Two small translators between two domains, and what the judges of their L1 losses have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import huber_loss, smooth_l1_loss

from labkit.course.asked import SIZES, Known, asked
from labkit.course.exercise import Wrong
from labkit.course.judging import near, scalar

Pair = tuple[Tensor, Tensor]
"""What a network made, and what it is compared with."""
LEFT = 0.25  # What another loss has left in the gradients of the networks' weights.


class Translator(nn.Module):
    """(B, 3, H, W) → the same shape, by a matrix over the channels and a bend, unlike any other of these."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Parameter(0.6 * torch.randn(3, 3))
        self.shift = nn.Parameter(0.4 * torch.randn(3))

    def forward(self, x: Tensor) -> Tensor:
        """One picture (3, H, W) or several.

        Raises:
            TypeError: it is no such tensor.
        """
        if not isinstance(x, Tensor) or x.dim() not in (3, 4):
            raise TypeError("a translator takes one tensor of pictures, (n, C, H, W)")
        mixed = torch.einsum("cd,...dhw->...chw", self.mix, x) + self.shift[:, None, None]
        return 0.4 * x + 1.3 * torch.tanh(mixed)


@dataclass(frozen=True)
class Case:
    """G, F, pictures of A and of B, and the weight; None where the function's own default is asked for."""

    G: Translator
    F: Translator
    a: Tensor
    b: Tensor
    weight: float | None


# n of a, n of b, size of a, size of b, weight: the same shape first, in which every mistake can be computed.
CASES = (
    (3, 3, (6, 5), (6, 5), 3.7),
    (4, 2, (3, 7), (5, 4), 0.6),
    (1, 1, (4, 4), (4, 4), None),
)


def case(number: int, seed: int) -> Case:
    """One of the `CASES`, with numbers of its own for each seed."""
    count_a, count_b, size_a, size_b, weight = CASES[number]
    torch.manual_seed(seed + number)
    first, second = Translator(), Translator()
    a = 0.6 * torch.randn(count_a, 3, *size_a) + 0.3
    b = 0.8 * torch.randn(count_b, 3, *size_b) - 0.4
    return Case(first, second, a, b, weight)


def ask(function: Callable, given: Case, equation: str) -> Tensor:
    """Call a loss of G, F, a, b and the weight; both networks must be afterwards what they were before.

    Raises:
        Wrong: it is no number, or a network was changed.
    """
    parameters = [*given.G.parameters(), *given.F.parameters()]
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, LEFT)
    shadow = (
        "In here `F` is the second translator, B → A, and not `torch.nn.functional`: "
        "`from torch.nn.functional import l1_loss`, or `(…).abs().mean()`."
    )
    apart = (
        "a and b may differ in number and size: one mean for each of the two terms, and each picture is compared "
        f"with one of its own domain. {equation}"
    )
    told = [
        (("'Translator' object has no attribute",), "shadowed", shadow),
        (("takes one tensor",), "not-pictures", "G and F take a batch of pictures and give one: `G(a)`."),
        ((*SIZES, "equal size"), "sizes", apart),
    ]
    more = () if given.weight is None else (given.weight,)
    value = asked(function, given.G, given.F, given.a, given.b, *more, told=told)
    _untouched(given)
    if isinstance(value, (tuple, list, dict)):
        raise Wrong(
            "several",
            f"your function returned a {type(value).__name__} of {len(value)}, and the loss is one number.",
            "Add the two terms. " + equation,
        )
    value = scalar(value)
    if not value.isfinite():
        raise Wrong("not-finite", f"your loss is {value.item()}.", "No logarithm and no division. " + equation)
    return value


def _untouched(given: Case) -> None:
    parameters = [*given.G.parameters(), *given.F.parameters()]
    if not all(parameter.requires_grad for parameter in parameters):
        raise Wrong(
            "frozen",
            "after your function the weights of a network are frozen: it can't learn any more.",
            "Leave `requires_grad` of the weights alone: both networks learn from this loss.",
        )
    if not (given.G.training and given.F.training):
        raise Wrong("eval-mode", "after your function a network is in eval mode.", "Leave the modes to the training.")
    grads = [parameter.grad for parameter in parameters]
    if any(grad is None or not grad.any() for grad in grads):
        raise Wrong(
            "clears-gradients",
            "your function clears the gradients of the networks' weights.",
            "A loss is only computed here: `zero_grad` belongs to the training loop.",
        )
    if any(grad is not None and not near(grad, torch.full_like(grad, LEFT)) for grad in grads):
        raise Wrong(
            "own-backward",
            "your function calls `backward`, which leaves gradients on the networks' weights.",
            "A loss is only computed here: `backward` belongs to the training loop.",
        )


def slopes(loss: Tensor, given: Case) -> dict[str, Tensor]:
    """The loss's gradient in the weights of G and of F."""
    found = {}
    for name, network in (("G", given.G), ("F", given.F)):
        weights = list(network.parameters())
        grads: Sequence[Tensor | None] = [None] * len(weights)
        if loss.requires_grad:
            grads = torch.autograd.grad(loss, weights, allow_unused=True, retain_graph=True)
        full = [torch.zeros_like(some) if grad is None else grad for some, grad in zip(weights, grads)]
        found[name] = torch.cat([grad.flatten() for grad in full])
    return found


def alike(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    """Whether two gradients agree in both networks."""
    return all(near(ours[name], theirs[name], 5e-3) for name in ours)


def judge_cut(ours: dict[str, Tensor]) -> None:
    """Raise `Wrong` where no gradient reaches a network."""
    dead = [name for name in ours if not ours[name].any()]
    cut = "`.detach()`, `.data`, `torch.no_grad()`, `torch.tensor(…)` and copies of a network cut the graph."
    if len(dead) == 2:
        raise Wrong("cut-graph", "the value is right, but no gradient reaches G or F: nothing would learn.", cut)
    for name in dead:
        raise Wrong(f"cut-graph-{name}", f"the value is right, but no gradient reaches {name}.", cut)


def half_graph() -> Wrong:
    """The mistake of a gradient that is cut off in part."""
    return Wrong(
        "half-graph",
        "the value is right, but its gradient is not: a part of it is cut off.",
        "No `.detach()` and no `torch.no_grad()` on the way from a picture to the loss.",
    )


def l1(made: Tensor, target: Tensor) -> Tensor:
    """The mean of |made − target|; not a number where the two have different shapes."""
    return (made - target).abs().mean() if made.shape == target.shape else made.new_full((), torch.nan)


def slips(one: Pair, other: Pair, weight: float, default: float, names: tuple[str, str], equation: str) -> list[Known]:
    """What the loss of two right comparisons comes to when its weight, norm, mean or sum is wrong.

    Args:
        one: the first comparison.
        other: the second.
        weight: the weight that was given.
        default: the one that the task names.
        names: the two terms in words.
        equation: for the hints.
    """
    first, second = l1(*one), l1(*other)
    right = first + second
    differences = [made - target for made, target in (one, other)]

    def both(of: Callable[[Tensor], Tensor]) -> list[Tensor]:
        total = of(differences[0]) + of(differences[1])
        return [weight * total, total]

    smooth = sum(loss(made, target) for loss in (smooth_l1_loss,) for made, target in (one, other))
    hubers = [sum(huber_loss(made, target, delta=d) for made, target in (one, other)) for d in (0.1, 0.5)]
    counts = [difference.numel() for difference in differences]
    joined = (first * counts[0] + second * counts[1]) / sum(counts)
    known: list[Known] = [
        ("no-weight", [right], "the weight has no effect on your loss.", "Times `weight`. " + equation),
        (
            "fixed-weight",
            [default * right],
            f"your loss has the weight {default:g}, whatever `weight` is given.",
            "`weight` is an argument, and has a value in here. " + equation,
        ),
        (
            "weight-on-one",
            [weight * first + second, first + weight * second],
            "the weight stands at one of the two terms alone.",
            "Parentheses around the sum. " + equation,
        ),
        ("weight-twice", [weight**2 * right], "you multiply by the weight twice.", "Once. " + equation),
        ("divided", [right / weight], "you divide by the weight.", "Times `weight`. " + equation),
        (
            "halved",
            [weight * right / 2],
            "your loss is half of the right one: a mean of the two terms, or over both.",
            "The sum of two means. " + equation,
        ),
        (
            "joined",
            [w * joined for w in (weight, 2 * weight)],
            "you take one mean over both terms: the larger or more numerous pictures count more.",
            "A mean for each of the two terms, and then their sum. " + equation,
        ),
        ("doubled", [2 * weight * right], "your loss is twice the right one.", equation),
        (
            "ten-times",
            [10 * weight * right],
            "your loss is ten times the right one: λ is in it once more.",
            "`weight` is the whole factor. " + equation,
        ),
        (
            f"only-{names[0]}",
            [weight * first, first, 2 * weight * first],
            f"your loss has the term of {names[0]} alone.",
            "Two terms, one for each network's domain. " + equation,
        ),
        (
            f"only-{names[1]}",
            [weight * second, second, 2 * weight * second],
            f"your loss has the term of {names[1]} alone.",
            "Two terms, one for each network's domain. " + equation,
        ),
        (
            "squared",
            both(lambda d: d.square().mean()) + [value / 2 for value in both(lambda d: d.square().mean())],
            "you square the differences: large errors count most, and the pictures become blurred.",
            "Absolute values: `(…).abs().mean()`, or `l1_loss`. " + equation,
        ),
        (
            "root",
            both(lambda d: d.square().mean().sqrt()) + both(lambda d: d.norm()),
            "you take the root of the squares, a Euclidean distance.",
            "Absolute values: `(…).abs().mean()`, or `l1_loss`. " + equation,
        ),
        (
            "smooth",
            [w * torch.as_tensor(value) for w in (weight, 1) for value in (smooth, *hubers)],
            "your loss is a smooth relative of L1, whose slope fades for small differences.",
            "Absolute values themselves: `(…).abs().mean()`, or `l1_loss`. " + equation,
        ),
        (
            "sum",
            both(lambda d: d.abs().sum()),
            "you add up all pixels, so your loss grows with the size of the pictures and of the batch.",
            "Means. " + equation,
        ),
        (
            "partial-sum",
            both(lambda d: d.abs().sum((1, 2, 3)).mean()) + both(lambda d: d.abs().sum(1).mean()),
            "you add up the pixels or channels of a picture, so your loss grows with their number.",
            "The mean over everything. " + equation,
        ),
        (
            "no-absolute",
            both(lambda d: d.mean()) + both(lambda d: -d.mean()),
            "there are no absolute values: differences of opposite signs cancel.",
            "`(…).abs().mean()`. " + equation,
        ),
        (
            "mean-first",
            both(lambda d: d.mean().abs()) + both(lambda d: d.mean((2, 3)).abs().mean()),
            "you average the differences first, and those of opposite signs cancel.",
            "First the absolute value of each pixel's difference, then the mean.",
        ),
        ("largest", both(lambda d: d.abs().amax()), "your loss looks at the worst pixel alone.", equation),
        (
            "difference",
            [w * sign * (first - second) for w in (weight, 1) for sign in (1, -1)],
            "you subtract one term from the other: one network would gain by a larger error.",
            "Both are costs: plus. " + equation,
        ),
        ("negative", [-weight * right], "your loss is negative: it falls as the errors grow.", equation),
        ("product", [weight * first * second], "you multiply the two terms.", "A sum. " + equation),
    ]
    return known


def unlike(
    terms: tuple[Tensor, Tensor], others: Sequence[tuple[str, Tensor, Tensor, str, str]], weight: float
) -> list[Known]:
    """Losses in which one or both comparisons are other ones.

    Args:
        terms: the two right terms, without the weight.
        others: mistake, its first term, its second term, what it does, what to look at.
        weight: the weight that was given.
    """
    known: list[Known] = []
    for mistake, first, second, message, hint in others:
        totals = (first + second, first + terms[1], terms[0] + second, first, second)
        values = [w * total for total in totals for w in (weight, weight / 2, 1)]
        known.append((mistake, values, message, hint))
    return known
