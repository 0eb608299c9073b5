"""The attribute direction (Radford et al. 2016, section 6.3.2): a difference of two means, judged."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near, recognise
from labkit.nn.directions import least_squares, mean_difference


def attribute_direction(latent: Tensor, has: Tensor) -> Tensor:
    """Mean latent with the attribute minus mean latent without: (N, D) and (N,) of 0 and 1 → (D,)."""
    return mean_difference(latent, has[:, None])[0]


def judge_attribute_direction(function: Callable) -> None:
    """Groups of unequal size, latents that are not centred, and another number of rows."""
    for count, dim, some in ((11, 5, 3), (40, 7, 31)):
        generator = torch.Generator().manual_seed(count)
        latent = torch.randn(count, dim, generator=generator) + torch.linspace(0.5, 2, dim)
        has = torch.zeros(count, dtype=torch.int64)
        has[torch.randperm(count, generator=generator)[:some]] = 1
        latent = latent + 0.6 * has[:, None]
        value = _ask(function, latent, has)
        expected = attribute_direction(latent, has)
        if near(value, expected):
            continue
        recognise(value, _mistakes(latent, has, expected))
        cosine = float(value.double() @ expected.double() / (value.norm() * expected.norm()).clamp(min=1e-12))
        if cosine > 0.9999:
            raise Wrong(
                "factor",
                f"your direction is right, but {float(value.norm() / expected.norm()):.3g} times as long as the "
                "difference of the means.",
                "Its length says how far apart the two groups lie: return the difference as it is.",
            )
        if cosine < -0.9999:
            raise Wrong("backwards", "your direction points from with to without.", "Mean *with* minus mean *without*.")
        raise Wrong(
            "other-direction",
            f"your direction has a cosine of {cosine:.2f} with the difference of the means.",
            "Two groups of rows, `latent[has == 1]` and `latent[has == 0]`; the mean of each over its rows.",
        )


def _ask(function: Callable, latent: Tensor, has: Tensor) -> Tensor:
    count, dim = latent.shape
    try:
        value = call(function, latent, has)
    except Raised as raised:
        if "must match the size" in str(raised.error) or "size mismatch" in str(raised.error):
            raise Wrong(
                "sizes",
                f"{raised.sentence}.",
                f"latent is {(count, dim)}, has is {(count,)}: `has[:, None]` stands beside each row's {dim} numbers.",
            ) from None
        raise
    if not isinstance(value, Tensor):
        raise Wrong(
            "not-a-tensor", f"your function returned a {type(value).__name__}.", "A direction is a tensor (D,)."
        )
    if value.dim() == 0:
        raise Wrong(
            "scalar",
            "your function returned one number: the mean over everything.",
            "One mean for each of the D numbers of z: `.mean(dim=0)`, or `.mean(0)`.",
        )
    if value.shape != (dim,):
        raise Wrong(
            "shape",
            f"your direction has the shape {tuple(value.shape)}, and a latent here has {(dim,)}.",
            "The mean runs over the images, dimension 0, without `keepdim`.",
        )
    if not value.isfinite().all():
        raise Wrong("not-finite", "your direction is not finite.", "Did you divide by a count of 0?")
    return value


def _mistakes(latent: Tensor, has: Tensor, expected: Tensor) -> dict[str, tuple[Tensor, str, str]]:
    """Mistake → (its value, what it does, what to look at)."""
    yes, no = latent[has == 1], latent[has == 0]
    count, share = len(latent), has.double().mean().item()
    picked, others = latent[has], (latent[1 - has], latent[~has])
    indexed = (
        "you use 0 and 1 as row numbers: you always average the same one or two rows, however many there are.",
        "`latent[has == 1]`: a comparison gives booleans, and booleans choose rows.",
    )
    return {
        "reversed": (
            -expected,
            "your direction points from with to without: it would take glasses off.",
            "Mean *with* minus mean *without*.",
        ),
        "only-with": (
            yes.mean(0),
            "this is the mean face with the attribute: it has the attribute, and all else of the mean face too.",
            "What all faces share must drop out: subtract the mean of those without.",
        ),
        "only-without": (no.mean(0), "this is the mean of those without.", "Where is the mean of those with it?"),
        "minus-all": (
            yes.mean(0) - latent.mean(0),
            "you subtract the mean of *all* latents, in which those with the attribute are counted too.",
            "Subtract the mean of those *without*: `latent[has == 0]`.",
        ),
        "added": (
            yes.mean(0) + no.mean(0),
            "you add the two means.",
            "A direction leads from the one mean to the other: a difference.",
        ),
        "sums": (
            yes.sum(0) - no.sum(0),
            "you subtract sums: the larger group wins, whatever its latents are.",
            "Means: each sum over its own group's size.",
        ),
        "one-count": (
            (yes.sum(0) - no.sum(0)) / count,
            "you divide both sums by the number of all latents, so the larger group counts more.",
            f"Each group has its own size: here {len(yes)} with and {len(no)} without.",
        ),
        "half-rows": (
            latent[: len(yes)].mean(0) - latent[len(yes) :].mean(0),
            "you take the first rows for those with the attribute, whoever they are.",
            "`has` says of each row whether it has the attribute; the rows are not sorted.",
        ),
        **{f"indexed-{i}": (picked.mean(0) - other.mean(0), *indexed) for i, other in enumerate(others)},
        "unit": (
            normalize(expected, dim=0),
            "your direction is right, but was made 1 long.",
            "Its length says how far apart the two groups lie: return the difference as it is.",
        ),
        "medians": (
            yes.median(0).values - no.median(0).values,
            "you subtract medians.",
            "The paper averages z: means.",
        ),
        "covariance": (
            share * (1 - share) * expected,
            "this is the covariance of z and the attribute: the same direction, but its length shrinks for rare ones.",
            "Divide each group's sum by its own size, then subtract.",
        ),
        "least-squares": (
            least_squares(latent, has[:, None].float())[0],
            "this is the slope of a linear prediction: another good direction, later in this lab.",
            "Here: the difference of the two groups' means.",
        ),
    }


ATTRIBUTE_DIRECTION = Exercise(
    name="02.attribute_direction",
    title="The direction of an attribute",
    points=3,
    difficulty=2,
    minutes=10,
    reference=attribute_direction,
    hints=(
        "A hundred faces with glasses, a hundred without. What do the two mean latents have in common, and what not?",
        "d = (1/|A|) Σ_{i ∈ A} z_i − (1/|B|) Σ_{i ∈ B} z_i, with A the images that have it and B those that don't.",
        "`latent[has == 1].mean(…) - latent[has == 0].mean(…)`: over which dimension?",
    ),
    judge=judge_attribute_direction,
)
