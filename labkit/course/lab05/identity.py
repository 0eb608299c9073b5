"""The identity loss (Zhu et al. 2017, section 5.2): a picture of the target domain stays as it is; judged."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from labkit.course.asked import Known, recognise_any
from labkit.course.exercise import Exercise
from labkit.course.judging import near
from labkit.course.lab05.cycle import judge_default, unnamed
from labkit.course.lab05.translators import CASES, Case, alike, ask, case, half_graph, judge_cut, l1, slips, slopes
from labkit.course.lab05.translators import unlike as compared

EQUATION = "weight·(mean |G(b) − b| + mean |F(a) − a|)."
DEFAULT = 5.0
SEED = 363  # With these numbers no two mistakes come to nearly the same value.


def identity_loss(G: nn.Module, F: nn.Module, a: Tensor, b: Tensor, weight: float = DEFAULT) -> Tensor:
    """½λ·(E|G(b) − b| + E|F(a) − a|): G: A → B, F: B → A, a (n, C, H, W), b (m, C, H', W') → a scalar."""
    return weight * (l1_loss(G(b), b) + l1_loss(F(a), a))


def judge_identity_loss(function: Callable) -> None:
    """As many pictures of A as of B, then other numbers and sizes, then one each with the default weight."""
    for number in range(len(CASES)):
        given = case(number, SEED)
        weight = DEFAULT if given.weight is None else given.weight
        value = ask(function, given, EQUATION)
        right = identity_loss(given.G, given.F, given.a, given.b, weight)
        if near(value, right):
            ours = slopes(value, given)
            if not alike(ours, slopes(right, given)):
                judge_cut(ours)
                raise half_graph()
            continue
        with torch.no_grad():
            if given.weight is None:
                judge_default(value, right, DEFAULT)
            recognise_any(value, _mistakes(given, weight))
        raise unnamed(value, right, weight, EQUATION)


def _mistakes(given: Case, weight: float) -> list[Known]:
    G, F, a, b = given.G, given.F, given.a, given.b
    same_b, same_a = G(b), F(a)
    others = [
        (
            "wrong-domain",
            l1(G(a), a),
            l1(F(b), b),
            "you ask G to leave pictures of A as they are, or F those of B: then it must not translate at all.",
            "G makes pictures of B. What is one already stays as it is: `G(b)` with b, `F(a)` with a.",
        ),
        (
            "wrong-network",
            l1(F(b), b),
            l1(G(a), a),
            "one network stands where the other belongs.",
            "G makes pictures of B: `G(b)`. F makes pictures of A: `F(a)`.",
        ),
        (
            "cycles",
            l1(G(F(b)), b),
            l1(F(G(a)), a),
            "this is the cycle loss: each picture goes through both networks.",
            "Here each goes through one network alone: `G(b)`, `F(a)`.",
        ),
        (
            "order",
            l1(F(G(b)), b),
            l1(G(F(a)), a),
            "each picture goes through both networks.",
            "Here each goes through one network alone: `G(b)`, `F(a)`.",
        ),
        (
            "paired",
            l1(G(a), b),
            l1(F(b), a),
            "you compare G(a) with b, as if they were a pair.",
            "G is given a picture of B itself, and should return it: `G(b)` with b.",
        ),
        (
            "crossed",
            l1(same_b, a),
            l1(same_a, b),
            "you compare with a picture of the other domain.",
            "G(b) with b, F(a) with a.",
        ),
        (
            "both-ways",
            l1(same_b, same_a),
            l1(same_b, same_a),
            "you compare what the two networks made with each other.",
            "G(b) with b, F(a) with a.",
        ),
    ]
    zero = torch.zeros(())
    known = slips((same_b, b), (same_a, a), weight, DEFAULT, ("G", "F"), EQUATION)
    known += compared((l1(same_b, b), l1(same_a, a)), others, weight)
    hint = "What a network makes of a picture is compared with the picture: " + EQUATION
    return [*known, ("zero", [zero], "your loss is 0, whatever the networks do.", hint)]


IDENTITY_LOSS = Exercise(
    name="05.identity_loss",
    title="The identity loss",
    points=1,
    difficulty=1,
    minutes=5,
    reference=identity_loss,
    hints=(
        "G turns summer into winter. What should it do to a picture that already is winter?",
        "L_idt = ½λ·(E_b[|G(b) − b|] + E_a[|F(a) − a|]), and `weight` is ½λ.",
        "`weight * ((G(…) - …).abs().mean() + (F(…) - …).abs().mean())`.",
    ),
    judge=judge_identity_loss,
)
