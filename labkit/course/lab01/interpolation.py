"""Walking between two latents along the sphere (White 2016, *Sampling generative networks*; Shoemake 1985), judged."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near, recognise
from labkit.nn.latent import slerp

EACH_ROW = "Each row has its own angle: sum over `dim=1` with `keepdim=True`."
ALONG_ROWS = "A row is one latent: lengths and products run along it, over `dim=1` with `keepdim=True`."


def _raw(a: Tensor, b: Tensor, t: Tensor, angle: Tensor) -> Tensor:
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def _on_sphere(*shape: int, length: float, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return length * normalize(torch.randn(*shape, generator=generator, dtype=torch.float32), dim=1)


def judge_slerp(function: Callable) -> None:
    """Ends, norms, angles by row, t as number, column and vector, and the awkward pairs (equal, parallel, opposite)."""
    length = 3.0
    a, b = _on_sphere(5, 8, length=length, seed=1), _on_sphere(5, 8, length=length, seed=2)
    _judge_ends(function, a, b)
    for t in (0.25, 0.5, 0.8):
        _judge_between(_call(function, a, b, t), a, b, t)
    column = torch.tensor([[0.0], [0.2], [0.5], [0.9], [1.0]])
    for times, kind in ((column, "(B, 1)"), (column[:, 0], "(B,)")):
        try:
            value = _call(function, a, b, times)
        except (Raised, Wrong) as error:
            raise _no_vector(kind, str(error).rstrip(".")) from None
        if not near(value, slerp(a, b, times)):
            raise _no_vector(kind, "your result is not that of walking each row with its own t")
    _judge_awkward(function, a)
    _judge_lengths(function, a / 3, b)
    _judge_parallel_lengths(function, a)


def _call(function: Callable, a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    try:
        value = call(function, a, b, t)
    except Raised as raised:
        if "must match the size" in str(raised.error):
            raise Wrong(
                "row-shape",
                f"{raised.sentence}.",
                "One number a row has to be (B, 1) to meet (B, D): `.sum(1, keepdim=True)`.",
            ) from None
        raise
    if not isinstance(value, Tensor) or value.shape != a.shape:
        shape = f"the shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"the type {type(value).__name__}"
        raise Wrong(
            "shape",
            f"your result has {shape}, and it should be latents like a and b, {tuple(a.shape)}.",
            "Sum over `dim=1` with `keepdim=True`: an angle of shape (B, 1) meets latents of shape (B, D).",
        )
    return value


def _judge_ends(function: Callable, a: Tensor, b: Tensor) -> None:
    start, end = _call(function, a, b, 0.0), _call(function, a, b, 1.0)
    if near(start, b) and near(end, a):
        raise Wrong("reversed", "at t = 0 you are at b and at t = 1 at a.", "sin((1 − t)ω) belongs to a, sin(tω) to b.")
    if near(start, normalize(a, dim=1)) and near(end, normalize(b, dim=1)):
        raise _unit()
    if not start.isfinite().all() or not end.isfinite().all():
        raise _outside()
    if near(start, a) and near(end, b):
        return
    angle = torch.acos((a * b).sum(1, keepdim=True) / 9)
    recognise(
        start,
        {
            "no-division": (
                torch.sin(angle) * a,
                "at t = 0 your result is a, but shortened by the factor sin ω.",
                "Both weights are divided by sin ω.",
            ),
            "divides-by-angle": (
                torch.sin(angle) / angle * a,
                "at t = 0 your result is a, but multiplied by sin(ω)/ω: you divide by the angle.",
                "Both weights are divided by sin ω, the sine of the angle and not the angle.",
            ),
        },
    )
    if near(start, end):
        raise Wrong(
            "ignores-t",
            "your result is the same at t = 0 and at t = 1.",
            "The weights are sin((1 − t)ω)/sin ω and sin(tω)/sin ω: they change with t.",
        )
    if near(start, a):
        recognise(
            end,
            {
                "sign": (
                    -b,
                    "at t = 1 you are at −b.",
                    "The two parts are added: sin((1 − t)ω) a + sin(tω) b.",
                ),
                "keeps-a": (
                    a + b,
                    "at t = 1 you are at a + b: a has not faded.",
                    "The weight of a is sin((1 − t)ω)/sin ω, which is 0 at t = 1. Is there a t in it?",
                ),
            },
        )
    if near(normalize(start, dim=1), normalize(a, dim=1)) and near(normalize(end, dim=1), normalize(b, dim=1)):
        raise Wrong(
            "rescaled",
            f"your walk leads from a to b, but its ends have the length {start.norm(dim=1).mean().item():.2f}, "
            f"and a and b have {a.norm(dim=1).mean().item():g}.",
            "Nothing is to be rescaled at the end: the two weights keep the length, whichever it is.",
        )
    raise Wrong(
        "ends",
        "your walk does not start at a (t = 0) or does not end at b (t = 1).",
        "At t = 0 the weights must be 1 and 0, at t = 1 they must be 0 and 1.",
    )


def _judge_between(value: Tensor, a: Tensor, b: Tensor, t: float) -> None:
    unit_a, unit_b = normalize(a, dim=1), normalize(b, dim=1)
    angle = torch.acos((unit_a * unit_b).sum(1, keepdim=True))
    time = torch.tensor(t)
    expected = _raw(a, b, time, angle)
    if near(value, expected):
        return
    if not value.isfinite().all():
        raise _outside()
    straight = torch.lerp(a, b, time)
    whole = torch.acos((a * b).sum() / (a.norm() * b.norm()))
    within = torch.acos(((unit_a * unit_b).sum(1, keepdim=True)).abs())
    blunt = torch.acos((unit_a * unit_b).sum(1, keepdim=True).clamp(min=0))
    columns = torch.acos((normalize(a, dim=0) * normalize(b, dim=0)).sum(0, keepdim=True).clamp(-1, 1))
    mixed = torch.acos((normalize(a, dim=0) * normalize(b, dim=0)).sum(1, keepdim=True).clamp(-1, 1))
    short = (straight.norm(dim=1) / a.norm(dim=1)).mean().item()
    known = (
        ("whole-batch", (whole, angle.mean(), angle[:1]), "you use one angle for the whole batch.", EACH_ROW),
        ("columns", (columns, mixed), "you sum or normalise over the batch, down the columns.", ALONG_ROWS),
        ("acute", (within, blunt), "your angle never gets larger than 90°.", "No `.abs()`, and clamp from −1, not 0."),
        ("no-arccos", (angle.cos(),), "your ω is the cosine of the angle.", "ω = arccos(â·b̂): `torch.acos`."),
        (
            "degrees",
            (angle.rad2deg(),),
            "your ω is in degrees.",
            "`torch.sin` takes radians, which `torch.acos` gives.",
        ),
    )
    for mistake, angles, message, hint in known:
        for other in angles:
            recognise(value, {mistake: (_raw(a, b, time, other), message, hint)})
    recognise(
        value,
        {
            "straight": (
                straight,
                f"you walk along the straight line: at t = {t:g} its length is only {short:.2f} of the ends'.",
                "In high dimensions all latents have nearly the same length; a shortcut through the middle leaves the "
                "places that G knows. Weights sin((1 − t)ω)/sin ω and sin(tω)/sin ω keep the length.",
            ),
            "normalised-line": (
                normalize(straight, dim=1) * a.norm(dim=1, keepdim=True),
                f"your length is right, but at t = {t:g} the angle is not {t:g} of the whole: you hurry in the middle.",
                "A straight line pulled back to the sphere is not an even walk. The weights need the angle ω.",
            ),
            "unit-length": (normalize(expected, dim=1), *_unit().args, _unit().hint),
            "smooth-time": (
                _raw(a, b, time * time * (3 - 2 * time), angle),
                "your walk is not even in t.",
                "The angle from a is t·ω: no easing.",
            ),
            "cosines": (
                torch.cos(time * torch.pi / 2) * a + torch.sin(time * torch.pi / 2) * b,
                "you walk as if a and b were at a right angle.",
                "The angle between a and b is ω = arccos(â·b̂), and seldom exactly 90°.",
            ),
        },
    )
    if not near(normalize(value, dim=1), normalize(expected, dim=1)):
        cosine = (a * b).sum(1, keepdim=True).clamp(-1, 1)
        if near(value, _raw(a, b, time, torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))), 0.05):
            raise _outside()
        raise Wrong(
            "angle",
            f"at t = {t:g} your latent is not at {t:g} of the angle from a to b.",
            "ω = arccos(â·b̂) of the *normalised* rows, then the weights sin((1 − t)ω)/sin ω and sin(tω)/sin ω.",
        )
    raise Wrong(
        "length",
        f"at t = {t:g} the direction is right, but a and b have length 3 and your latent has "
        f"{value.norm(dim=1).mean().item():.2f}.",
        "Use a and b themselves, weighted; the normalised ones serve for the angle alone.",
    )


def _judge_awkward(function: Callable, a: Tensor) -> None:
    nudge = torch.zeros_like(a)
    nudge[:, 0] = 1e-6
    for b, kind in ((a.clone(), "equal"), (a + nudge, "nearly parallel"), (a * 1.0000001, "parallel")):
        value = _call(function, a, b, 0.3)
        if not value.isfinite().all() or not near(value, a, 1e-2):
            raise Wrong(
                "parallel",
                f"for {kind} latents your result is {value[0, 0].item():.3g}… instead of staying where it is.",
                "There sin ω → 0 and rounding can push the cosine above 1, where arccos is NaN: clamp the cosine, and "
                "take the straight line where sin ω is tiny.",
            )
    b = _on_sphere(*a.shape, length=3.0, seed=3)
    b[0] = a[0]
    value, alone = _call(function, a, b, 0.3), _call(function, a[1:], b[1:], 0.3)
    if not value.isfinite().all() or not near(value[1:], alone):
        raise Wrong(
            "row-by-row",
            "one pair of parallel rows changes what you do with all other rows of the batch.",
            "Decide row by row: `torch.where(sine < 1e-4, line, arc)`. An `if` decides for the whole batch at once.",
        )
    b = slerp(a, _on_sphere(*a.shape, length=3.0, seed=3), 0.15)
    if not near(_call(function, a, b, 0.5), slerp(a, b, 0.5)):
        degrees = torch.rad2deg(torch.acos(torch.cosine_similarity(a, b))).max().item()
        raise Wrong(
            "early-line",
            f"for rows that are {degrees:.0f}° apart your walk leaves the sphere already.",
            "The straight line is for rows that are parallel up to rounding, where sin ω is below 1e-3 or so.",
        )
    if not _call(function, a, -a, 0.3).isfinite().all():
        raise Wrong(
            "opposite",
            "for opposite latents (b = −a) your result is not finite.",
            "sin π is zero too, and the cosine may be rounded below −1: any finite answer will do there.",
        )


def _judge_lengths(function: Callable, a: Tensor, b: Tensor) -> None:
    """Accept the formula on the vectors themselves, or the direction by slerp and any length between the two."""
    value, t = _call(function, a, b, 0.4), torch.tensor(0.4)
    unit_a, unit_b = normalize(a, dim=1), normalize(b, dim=1)
    angle = torch.acos((unit_a * unit_b).sum(1, keepdim=True))
    if near(value, _raw(a, b, t, angle)):
        return
    lengths = value.norm(dim=1)
    direction = near(normalize(value, dim=1), _raw(unit_a, unit_b, t, angle))
    if not direction or lengths.min() < a.norm(dim=1).min() - 1e-3 or lengths.max() > b.norm(dim=1).max() + 1e-3:
        raise Wrong(
            "other-lengths",
            "your walk goes wrong where a and b are not equally long.",
            "The angle comes from the normalised rows; the weights go to a and b as they are.",
        )


def _judge_parallel_lengths(function: Callable, a: Tensor) -> None:
    axes = torch.eye(*a.shape)  # Their cosine with themselves is 1 without any rounding.
    if not near(_call(function, axes, 2 * axes, 1.0), 2 * axes, 1e-2):
        raise Wrong(
            "parallel-lengths",
            "for b = 2a, which is parallel and longer, your walk does not end at b.",
            "Where sin ω is tiny, take the straight line (1 − t)a + tb; a alone is not enough.",
        )


def _unit() -> Wrong:
    return Wrong(
        "unit-length",
        "your result has length 1, whatever the length of a and b.",
        "Normalise for the angle only; the weights go to a and b themselves.",
    )


def _outside() -> Wrong:
    return Wrong(
        "not-normalised",
        "the cosine that you give to arccos lies outside [−1, 1], where there is no angle.",
        "cos ω = a·b / (‖a‖ ‖b‖), row by row: divide by the lengths, then clamp to [−1, 1].",
    )


def _no_vector(kind: str, reason: str) -> Wrong:
    return Wrong(
        "t-shape",
        f"with t of shape {kind}, one a row: {reason}.",
        "`t = torch.as_tensor(t)`, and where it is (B,), `t[:, None]`: then it meets (B, D) row by row.",
    )


SLERP = Exercise(
    name="01.slerp",
    title="Walk along the sphere",
    points=3,
    difficulty=2,
    minutes=15,
    reference=slerp,
    hints=(
        "How long is the point halfway along the straight line between two latents, compared with its ends?",
        "slerp(a, b; t) = [sin((1 − t)ω) a + sin(tω) b] / sin ω, with cos ω = a·b / (‖a‖ ‖b‖), row by row.",
        "The cosine by `(… * …).sum(1, keepdim=True).clamp(-1, 1)`, `torch.acos`, the two weights; and "
        "`torch.where(sine < 1e-4, …)` for parallel latents.",
    ),
    judge=judge_slerp,
)
