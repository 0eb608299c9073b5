"""The cycle loss (Zhu et al. 2017, equation 2; its weight λ: equation 3), judged by its value and its gradients."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from labkit.course.asked import Known, recognise_any
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import near
from labkit.course.lab05.translators import CASES, Case, alike, ask, case, half_graph, judge_cut, l1, slips, slopes
from labkit.course.lab05.translators import unlike as compared

EQUATION = "weight·(mean |F(G(a)) − a| + mean |G(F(b)) − b|)."
DEFAULT = 10.0
SEED = 78  # With these numbers no two mistakes come to nearly the same value.


def cycle_loss(G: nn.Module, F: nn.Module, a: Tensor, b: Tensor, weight: float = DEFAULT) -> Tensor:
    """λ·(E|F(G(a)) − a| + E|G(F(b)) − b|): G: A → B, F: B → A, a (n, C, H, W), b (m, C, H', W') → a scalar."""
    there_and_back = l1_loss(F(G(a)), a)
    back_and_there = l1_loss(G(F(b)), b)
    return weight * (there_and_back + back_and_there)


def judge_cycle_loss(function: Callable) -> None:
    """As many pictures of A as of B, then other numbers and sizes, then one each with the default weight."""
    for number in range(len(CASES)):
        given = case(number, SEED)
        weight = DEFAULT if given.weight is None else given.weight
        value = ask(function, given, EQUATION)
        right = cycle_loss(given.G, given.F, given.a, given.b, weight)
        if near(value, right):
            _judge_gradients(value, right, given, weight)
            continue
        with torch.no_grad():
            if given.weight is None:
                judge_default(value, right, DEFAULT)
            recognise_any(value, _mistakes(given, weight))
        raise unnamed(value, right, weight, EQUATION)


def judge_default(value: Tensor, right: Tensor, default: float) -> None:
    """Raise `Wrong` if it is the loss of another weight, where none was given."""
    found = float(value.detach() / right.detach()) * default
    raise Wrong(
        "default",
        f"without a `weight` your loss has the weight {found:.3g}, and {default:g} is asked for.",
        f"Keep the first line of the function as the task gives it: `weight={default}`.",
    )


def unnamed(value: Tensor, right: Tensor, weight: float, equation: str) -> Wrong:
    """A value that no known mistake gives."""
    return Wrong(
        "other-value",
        f"with weight = {weight:g} your loss is {float(value.detach()):.4f}, and it should be "
        f"{float(right.detach()):.4f}.",
        equation,
    )


def _judge_gradients(value: Tensor, right: Tensor, given: Case, weight: float) -> None:
    """Both networks learn from both terms."""
    ours = slopes(value, given)
    if alike(ours, slopes(right, given)):
        return
    judge_cut(ours)
    to_b, to_a = given.G(given.a), given.F(given.b)
    for cut_a, cut_b in ((True, True), (True, False), (False, True)):
        first = l1_loss(given.F(to_b.detach() if cut_a else to_b), given.a)
        second = l1_loss(given.G(to_a.detach() if cut_b else to_a), given.b)
        if alike(ours, slopes(weight * (first + second), given)):
            which = "G(a) is" if not cut_b else "F(b) is" if not cut_a else "G(a) and F(b) are"
            raise Wrong(
                "detached-between",
                f"the value is right, but {which} cut off in the middle of the cycle: only the network of the way "
                "back learns there.",
                "The first network must learn to leave enough for the way back: no `.detach()` and no "
                "`torch.no_grad()` between the two.",
            )
    raise half_graph()


def _mistakes(given: Case, weight: float) -> list[Known]:
    G, F, a, b = given.G, given.F, given.a, given.b
    to_b, to_a = G(a), F(b)
    cycle_a, cycle_b = F(to_b), G(to_a)
    others = [
        (
            "order",
            l1(G(F(a)), a),
            l1(F(G(b)), b),
            "you go through the networks in the wrong order: F is given pictures of A, or G pictures of B.",
            "G: A → B comes first for a, and the way back is F: `F(G(a))`. For b it is `G(F(b))`.",
        ),
        (
            "same-network",
            l1(G(to_b), a),
            l1(F(to_a), b),
            "you go through the same network twice, and never come back.",
            "The way back is the other network's: `F(G(a))`, `G(F(b))`.",
        ),
        (
            "paired",
            l1(to_b, b),
            l1(to_a, a),
            "you compare G(a) with b, as if they were a pair; here nobody knows what a should look like in B.",
            "a is compared with a itself, after the way there and back: `F(G(a))`.",
        ),
        (
            "crossed",
            l1(cycle_a, b),
            l1(cycle_b, a),
            "you go round the cycle, but compare with a picture of the other domain.",
            "F(G(a)) is a picture of A again, and is compared with a; G(F(b)) with b.",
        ),
        (
            "identity",
            l1(G(b), b),
            l1(F(a), a),
            "this is the identity loss: each network is given a picture of its own target domain.",
            "Here a goes to B and comes back: `F(G(a))`.",
        ),
        (
            "one-way",
            l1(to_b, a),
            l1(to_a, b),
            "you compare the translated picture with the one it was made from: then no translation is best.",
            "Only after the way back: `F(G(a))` with a.",
        ),
        (
            "last-step",
            l1(cycle_a, to_b),
            l1(cycle_b, to_a),
            "you compare the end of the cycle with its middle.",
            "With its beginning: F(G(a)) with a.",
        ),
        (
            "twice-round",
            l1(F(G(cycle_a)), a),
            l1(G(F(cycle_b)), b),
            "you go round the cycle more than once.",
            "There and back, once: `F(G(a))`.",
        ),
    ]
    known = slips((cycle_a, a), (cycle_b, b), weight, DEFAULT, ("a", "b"), EQUATION)
    return known + compared((l1(cycle_a, a), l1(cycle_b, b)), others, weight)


CYCLE_LOSS = Exercise(
    name="05.cycle_loss",
    title="The cycle loss",
    points=2,
    difficulty=2,
    minutes=10,
    reference=cycle_loss,
    hints=(
        "Nobody can say what this very picture should look like in B. But what should it look like after B and back?",
        "L_cyc = λ·(E_a[|F(G(a)) − a|] + E_b[|G(F(b)) − b|]), each a mean over pictures, channels and pixels.",
        "`weight * ((F(…) - a).abs().mean() + (…).abs().mean())`.",
    ),
    judge=judge_cycle_loss,
)
