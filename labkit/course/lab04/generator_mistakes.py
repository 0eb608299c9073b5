"""What G's loss comes to when its GAN term, its distance, or their sum is another one."""

import torch
from torch import Tensor
from torch.nn.functional import relu, sigmoid, smooth_l1_loss, softplus

from labkit.course.exercise import Wrong
from labkit.course.judging import near
from labkit.course.lab04.pairs import Game

LOSS = "BCE(D(x, fake), 1) + l1·mean|y − fake|."
Part = tuple[str, list[Tensor], str, str]
"""A mistake's name, what the part comes to then, the message, the hint."""


def judge_value(value: Tensor, case: Game, weight: float, default: bool) -> None:
    """Raise `Wrong` for a value that is not the right one.

    Args:
        value: what the student's function gave.
        case: what it was given.
        weight: λ.
        default: whether λ was left out.
    """
    with torch.no_grad():
        real, fake = case.critic(case.real), case.critic(case.false)
        gan, distance = softplus(-fake).mean(), (case.y - case.fake).abs().mean()
        if default:
            found = float((value - gan) / distance)
            raise Wrong(
                "default",
                f"if `l1` is not given, the distance has the weight {found:.3g} in your loss.",
                "The first line as the task gives it: `l1=100.0`.",
            )
        if not weight and not near(value, gan) and near(value, gan + 100 * distance):
            raise Wrong(
                "zero-ignored",
                "with l1 = 0 your function takes 100.",
                "0 is a number like any other: l1 = 0 leaves the GAN's term alone. No `if l1` and no `l1 or …`.",
            )
        gans, distances = _gans(fake, real), _distances(case)
        known = _sums(gan, distance, weight)
        known += [(m, [one + weight * distance for one in values], did, hint) for m, values, did, hint in gans]
        known += [(m, [gan + weight * one for one in values], did, hint) for m, values, did, hint in distances]
        # Two mistakes at once: the GAN's is told first.
        ends = [scale * one for one in (distance, *(d for part in distances for d in part[1])) for scale in (weight, 1)]
        known += [(m, [one + end for one in values for end in ends], did, hint) for m, values, did, hint in gans]
        for mistake, values, message, hint in known:
            if any(near(value, one, 1e-5) for one in values):  # Many sums: all but an exact one may be accidents.
                raise Wrong(mistake, message, hint)
        right = gan + weight * distance
    raise Wrong(
        "other-value",
        f"BCE(D(x, fake), 1) is {float(gan):.4f} here, mean|y − fake| is {float(distance):.4f}, and l1 = {weight:g}: "
        f"your loss is {float(value):.4f}, and it should be {float(right):.4f}.",
        LOSS,
    )


def _sums(gan: Tensor, distance: Tensor, weight: float) -> list[Part]:
    given = "The weight is given: `l1`. "
    known: list[Part] = [
        (
            "l1-forgotten",
            [gan + distance],
            "the distance counts once in your loss, whatever `l1` is.",
            given + LOSS,
        ),
        (
            "l1-on-gan",
            [weight * gan + distance],
            "`l1` weighs the GAN's term in your loss, and it belongs to the distance.",
            LOSS,
        ),
        (
            "l1-on-both",
            [weight * (gan + distance)],
            "`l1` weighs both terms in your loss.",
            "Only the distance: " + LOSS,
        ),
        (
            "l1-subtracted",
            [gan - weight * distance],
            "your loss goes down as the fake gets further away from y.",
            "Both are costs: plus. " + LOSS,
        ),
        (
            "blended",
            [(1 - weight) * gan + weight * distance, (gan + weight * distance) / (1 + weight)],
            "the GAN's term also depends on `l1` in your loss.",
            "Its weight is 1. " + LOSS,
        ),
        ("no-distance", [gan], "the distance to y is missing in your loss.", LOSS),
        ("no-gan", [weight * distance], "D has no say in your loss: only the distance is there.", LOSS),
        ("multiplied", [gan * weight * distance, gan * distance], "you multiply the two terms.", "Plus. " + LOSS),
        ("l1-squared", [gan + weight**2 * distance], "you multiply by `l1` twice.", "Once. " + LOSS),
        ("halved", [(gan + weight * distance) / 2], "your loss is halved.", "Only D's loss is halved. " + LOSS),
        (
            "fixed-weight",
            [gan + fixed * distance for fixed in (100, 10)],
            f"with l1 = {weight:g} your loss weighs the distance by another number.",
            given + LOSS,
        ),
        ("negative", [-(gan + weight * distance)], "your loss is negative: G would get worse.", LOSS),
    ]
    if weight:
        known.append(("l1-divides", [gan + distance / weight], "you divide by `l1`.", "Times `l1`: " + LOSS))
    return known


def _gans(f: Tensor, r: Tensor) -> list[Part]:
    """The GAN's term, of the logits of the fakes (and of the real pairs, which G has nothing to do with)."""
    count, batch = f.numel(), len(f)
    right, caught = softplus(-f).mean(), softplus(f).mean()
    one = "The label is 1: G wants D to say that its picture is real."
    sums = [count, count / batch] + ([batch] if batch > 1 else [])
    return [
        (
            "label-0",
            [caught, caught / 2],
            "your loss goes down when D calls the fake a fake: its label is 0 in it.",
            one,
        ),
        (
            "saturating",
            [-caught],
            "this is log(1 − σ(D)), the saturating form: where D is sure that a picture is fake, G hardly learns.",
            one + " −log σ(D) is BCE with the label 1.",
        ),
        (
            "gan-subtracted",
            [-right],
            "your loss goes up when D takes the fake for real: the sign of the GAN's term is turned.",
            "BCE already has its minus inside: plus. " + one,
        ),
        ("gan-halved", [right / 2], "you halve the GAN's term.", "Only D's loss is halved. " + LOSS),
        (
            "gan-sum",
            [n * right for n in sums],
            "you add up the patches or the pictures in the GAN's term, so it grows with their number.",
            "A mean over all of them.",
        ),
        (
            "sigmoid-twice",
            [softplus(-sigmoid(f)).mean()],
            "you put the logits through a sigmoid, and then through another one inside of the loss.",
            "D gives logits, and `binary_cross_entropy_with_logits` takes logits.",
        ),
        (
            "mean-first",
            [softplus(-f.mean()), softplus(-f.mean((1, 2, 3))).mean()],
            "you average the logits first: patches that fool D hide those that don't.",
            "First the loss of each patch, then the mean.",
        ),
        (
            "least-squares",
            [(f - 1).square().mean(), (f - 1).square().mean() / 2],
            "your GAN term is that of least squares.",
            "That is CycleGAN's. pix2pix has the cross entropy. " + one,
        ),
        (
            "minus-score",
            [-f.mean(), relu(1 - f).mean()],
            "your GAN term falls with the logits in a straight line, as with a hinge or a Wasserstein critic.",
            "Cross entropy: −log σ(D). " + one,
        ),
        (
            "no-logarithm",
            [(1 - sigmoid(f)).mean(), -sigmoid(f).mean(), sigmoid(f).mean()],
            "your GAN term takes the probability itself: its logarithm is missing.",
            "BCE(D, 1) = −log σ(D).",
        ),
        (
            "smoothed",
            [0.9 * right + 0.1 * caught],
            "your label is 0.9 and not 1.",
            one,
        ),
        (
            "real-too",
            [
                whole * (a + b)
                for whole in (0.5, 1)
                for a in (right, caught)
                for b in (softplus(r).mean(), softplus(-r).mean())
            ],
            "the real pair also counts in your loss, and G can't do anything about it.",
            "G is judged by D(x, fake) alone. " + one,
        ),
        (
            "real-pair",
            [softplus(-r).mean()],
            "your GAN term looks at the real pair alone.",
            "G made the fake: D(x, fake).",
        ),
    ]


def _distances(case: Game) -> list[Part]:
    difference = case.y - case.fake
    count, batch = difference.numel(), len(difference)
    right, mean = difference.abs().mean(), difference.mean()
    norms = difference.flatten(1).norm(dim=1)
    sums = [count, count / batch] + ([batch] if batch > 1 else [])
    known: list[Part] = [
        (
            "squared",
            [difference.square().mean(), difference.square().mean() / 2],
            "your distance has squares: large errors count more than many small ones, and pictures get blurred.",
            "L1: |y − fake|, `.abs()` or `l1_loss`.",
        ),
        (
            "smooth-l1",
            [smooth_l1_loss(case.fake, case.y), smooth_l1_loss(case.fake, case.y, beta=0.1)],
            "your distance is rounded near 0, as in `smooth_l1_loss`.",
            "`l1_loss`, or `.abs().mean()`.",
        ),
        (
            "distance-sum",
            [n * right for n in sums],
            "you add up the errors of the pixels, so the distance grows with the size of the pictures.",
            "A mean, over pictures, channels and pixels.",
        ),
        (
            "no-abs",
            [mean, -mean],
            "errors of opposite signs cancel in your distance: the absolute value is missing.",
            "|y − fake|: `.abs()` of each difference, and then the mean.",
        ),
        (
            "euclidean",
            [difference.norm(), difference.square().mean().sqrt(), norms.mean(), norms.mean() / (count / batch) ** 0.5],
            "your distance is Euclidean, L2.",
            "L1: the mean of |y − fake|.",
        ),
        ("distance-halved", [right / 2], "you halve the distance.", LOSS),
        ("largest", [difference.abs().max()], "only the worst pixel counts in your distance.", "The mean."),
    ]
    if case.x.shape == case.y.shape:
        known += [
            (
                "to-condition",
                [(case.x - case.fake).abs().mean()],
                "you measure the distance to x: G would learn to return its condition.",
                "The truth is y: |y − fake|.",
            ),
            (
                "without-fake",
                [(case.x - case.y).abs().mean()],
                "your distance is between x and y, and G has no part in it.",
                "|y − fake|.",
            ),
        ]
    return known
