"""A direction that leaves others alone (Guan 2018, TL-GAN): orthogonal to all of them at once, judged."""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call
from labkit.nn.directions import orthogonalise


def orthogonal_direction(direction: Tensor, others: Tensor) -> Tensor:
    """The part of a direction (D,) that is orthogonal to each row of others (K, D)."""
    return orthogonalise(direction, others)


def judge_orthogonal_direction(function: Callable) -> None:
    """One other of length 1, one of another length, then several that are not orthogonal to each other."""
    for count, scale in ((1, 1.0), (1, 2.5), (3, 1.7), (4, 0.4)):
        generator = torch.Generator().manual_seed(count)
        shared = torch.randn(14, generator=generator)
        others = torch.randn(count, 14, generator=generator) + 0.8 * shared
        lengths = scale * torch.linspace(1, 1 + 0.3 * (count - 1), count)[:, None]
        others = others / others.norm(dim=1, keepdim=True) * lengths
        direction = torch.randn(14, generator=generator) + 0.9 * shared
        value = _ask(function, direction, others)
        _judge(value.double(), direction.double(), others.double())


def _ask(function: Callable, direction: Tensor, others: Tensor) -> Tensor:
    try:
        value = call(function, direction, others)
    except Raised as raised:
        if "size" in str(raised.error) or "shape" in str(raised.error):
            raise Wrong(
                "sizes",
                f"{raised.sentence}.",
                "direction is (D,), others is (K, D): `others @ direction` has K numbers, `weights @ others` is (D,).",
            ) from None
        raise
    if not isinstance(value, Tensor) or value.shape != direction.shape:
        what = f"the shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"the type {type(value).__name__}"
        raise Wrong(
            "shape", f"your result has {what}, and a direction here has (14,).", "One direction (D,) comes back."
        )
    if not value.isfinite().all():
        raise Wrong("not-finite", "your result is not finite.", "Does something divide by zero?")
    return value


def _judge(value: Tensor, d: Tensor, others: Tensor) -> None:
    right = orthogonalise(d, others)
    if float(value.norm()) < 1e-6 * float(d.norm()):
        raise Wrong("zero", "nothing is left of the direction: your result is 0.", "Only its part along others goes.")
    if _cosine(value, right) > 0.9999:
        return
    for mistake, made, message, hint in _mistakes(d, others, right):
        if _cosine(value, made) > 0.9999:
            raise Wrong(mistake, message, hint)
    worst = max((_cosine(value, other) for other in others), key=abs)
    if abs(worst) < 1e-3:
        raise Wrong(
            "another",
            f"your result is orthogonal to all others, but it is not what is left of the direction: their cosine is "
            f"{_cosine(value, d):.2f}, and {_cosine(right, d):.2f} is possible.",
            "Subtract from the direction its projection onto the space of the others, and nothing else.",
        )
    raise Wrong(
        "not-orthogonal",
        f"with {len(others)} other{'s' * (len(others) > 1)} your result has a cosine of {worst:.2f} with one of them, "
        "and 0 is asked for.",
        "Test it: `others @ result` is K numbers, all 0 up to rounding.",
    )


def _cosine(a: Tensor, b: Tensor) -> float:
    return float(a @ b / (a.norm() * b.norm()).clamp(min=1e-12))


def _mistakes(d: Tensor, others: Tensor, right: Tensor) -> list[tuple[str, Tensor, str, str]]:
    products, squares = others @ d, others.square().sum(1)
    each = (products / squares) @ others
    in_turn = d
    for other in others:
        in_turn = in_turn - (in_turn @ other) / (other @ other) * other
    several = len(others) > 1
    first = d - products[0] / squares[0] * others[0]
    made = [
        ("unchanged", d, "you return the direction as it was.", "Its part along the others has to go."),
        ("flipped", -right, "your result points the other way: it would take the attribute away.", "d minus its part."),
        (
            "projection",
            d - right,
            "you return the part *along* the others, which is what has to go.",
            "direction minus that part.",
        ),
        ("added", d + (d - right), "you add the part along the others, so it counts twice.", "Subtract it."),
        (
            "added",
            d + each,
            "you add the part along the others, so it counts twice.",
            "Subtract it.",
        ),
        (
            "not-divided",
            d - products @ others,
            "you subtract (d·o) o, which is the projection only if o has the length 1.",
            "The projection of d on o is (d·o)/(o·o) · o.",
        ),
        (
            "divided-by-length",
            d - (products / squares.sqrt()) @ others,
            "you divide by the length of o once, and o itself brings another one.",
            "(d·o)/(o·o) · o: by the *squared* length. Or make each o 1 long first.",
        ),
        (
            "mean-other",
            _without(d, others.mean(0)) if several else first * 0,
            "you remove the part along the *mean* of the others: each single one still has a share.",
            "Orthogonal to every row, not to their mean.",
        ),
    ]
    if not several:
        return made
    return [
        *made,
        (
            "each-alone",
            d - each,
            "you subtract the projection on each of the others alone; but they share a part, and that goes twice.",
            "The others overlap. First make them so (Gram–Schmidt, or `torch.linalg.qr(others.T)`) "
            "or solve for the weights of all at once (least squares).",
        ),
        (
            "in-turn",
            in_turn,
            "your result is orthogonal to the last of the others only: each step brings back a bit of those before.",
            "Orthogonalise the others among themselves first; then one after the other is right.",
        ),
        ("only-first", first, "only the first of the others is removed.", "Does your loop return too early?"),
        (
            "only-last",
            _without(d, others[-1]),
            "only the last of the others is removed.",
            "In a loop, go on from the result so far, not from the direction again.",
        ),
    ]


def _without(d: Tensor, other: Tensor) -> Tensor:
    return d - (d @ other) / (other @ other) * other


ORTHOGONAL_DIRECTION = Exercise(
    name="02.orthogonal_direction",
    title="Leave the others alone",
    points=4,
    difficulty=3,
    minutes=20,
    reference=orthogonal_direction,
    hints=(
        "If a step along d changes z·o for another attribute o, what must be taken out of d? And if the o's overlap?",
        "d' = d − Oᵀ(O Oᵀ)⁻¹ O d, with the others as rows of O; then O d' = 0.",
        "`q, _ = torch.linalg.qr(others.T)` has orthonormal columns that span the others: `direction - q @ (…)`.",
    ),
    judge=judge_orthogonal_direction,
)
