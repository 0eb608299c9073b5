"""What the losses of least squares come to when a target, a mean or a sign is wrong."""

from torch import Tensor
from torch.nn.functional import relu, softplus

from labkit.course.asked import Known

EACH = "a mean for each of the two, and then add the two numbers."
FOR_D = "½·(mean of (real − 1)² + mean of fake²)."
FOR_G = "mean of (fake − 1)²."


def squares(scores: Tensor, target: float) -> Tensor:
    """The mean of (s − target)²."""
    return (scores - target).square().mean()


def _power(scores: Tensor, target: float, power: float) -> Tensor:
    return (scores - target).abs().pow(power).mean()


def _sums(scores: Tensor, target: float) -> list[Tensor]:
    """Sums over everything, and over each picture's patches."""
    count, batch = scores.numel(), len(scores)
    return [squares(scores, target) * factor for factor in (count, count / batch, batch) if factor > 1]


def discriminator_mistakes(r: Tensor, f: Tensor) -> list[Known]:
    """Mistake, its values, what it does, what to look at; r and f are the real and the fake scores."""
    real, fake = squares(r, 1), squares(f, 0)
    right = (real + fake) / 2

    def either(value: Tensor) -> list[Tensor]:
        return [value / 2, value]

    sums = [value for a, b in zip(_sums(r, 1), _sums(f, 0)) for value in either(a + b)]
    joined = (real * r.numel() + fake * f.numel()) / (r.numel() + f.numel())
    sig_r, sig_f = r.sigmoid(), f.sigmoid()
    return [
        (
            "not-halved",
            [2 * right],
            "your discriminator's loss is twice the right one: the two means are added, and not halved.",
            "Half of the sum, so that D learns more slowly than G: " + FOR_D,
        ),
        ("quartered", [right / 2], "your discriminator's loss is halved twice.", FOR_D),
        (
            "one-halved",
            [real / 2 + fake, real + fake / 2],
            "you halve one of the discriminator's two terms alone.",
            "Half of the *sum*: parentheses around it. " + FOR_D,
        ),
        (
            "sum",
            sums,
            "your discriminator's loss adds up squares, so it grows with the number of pictures or patches.",
            "Means over all scores. " + FOR_D,
        ),
        (
            "joined",
            [whole * joined for whole in (0.5, 1, 2)] if r.numel() != f.numel() else [],
            "you take one mean over the real and the fake scores together: whoever has more scores counts more.",
            "The two may have different shapes: " + EACH,
        ),
        (
            "labels-swapped",
            either(squares(r, 0) + squares(f, 1)),
            "your discriminator's loss falls when D gives fakes the score 1 and real pictures 0: the targets are "
            "swapped.",
            "1 for real, 0 for fake: " + FOR_D,
        ),
        (
            "fake-label",
            either(real + squares(f, 1)),
            "your discriminator's loss falls when D gives fakes the score 1, which is the target of real pictures.",
            "The fakes' target is 0: fake². " + FOR_D,
        ),
        (
            "real-label",
            either(squares(r, 0) + fake),
            "your discriminator's loss falls when D gives real pictures the score 0, which is the target of fakes.",
            "The target of real pictures is 1: (real − 1)². " + FOR_D,
        ),
        (
            "minus-one",
            either(real + squares(f, -1)),
            "your discriminator pulls the fakes' scores to −1.",
            "CycleGAN's targets are 1 and 0: fake², without a + 1.",
        ),
        (
            "real-minus-one",
            either(squares(r, -1) + fake) + either(squares(r, -1) + squares(f, 1)),
            "your discriminator pulls the scores of real pictures to −1: a sign is turned about.",
            "(real − 1)² is smallest at real = 1.",
        ),
        (
            "difference",
            either(real - fake) + either(fake - real),
            "you subtract one of the discriminator's terms, and D would gain by getting that one wrong.",
            "Both are costs: plus. " + FOR_D,
        ),
        (
            "negative",
            [-right, -2 * right],
            "your discriminator's loss is negative: it falls as D gets worse.",
            "D minimises the squares themselves: no minus before them.",
        ),
        ("only-real", either(real), "only the real scores count in your discriminator's loss.", FOR_D),
        ("only-fake", either(fake), "only the fakes' scores count in your discriminator's loss.", FOR_D),
        (
            "generators",
            either(squares(f, 1)),
            "your discriminator's loss is the generator's: D would help G.",
            "D wants fakes at 0: " + FOR_D,
        ),
        (
            "sigmoid",
            either(squares(sig_r, 1) + squares(sig_f, 0)),
            "you put the scores through a sigmoid first: a D that is far off then has no slope.",
            "Least squares takes the raw scores: the target of a score itself is 1 or 0.",
        ),
        (
            "cross-entropy",
            either(softplus(-r).mean() + softplus(f).mean()),
            "your discriminator's loss is the cross entropy of Lab 01, and not least squares.",
            "No logarithm: " + FOR_D,
        ),
        (
            "absolute",
            either(_power(r, 1, 1) + _power(f, 0, 1)),
            "you take absolute values: their slope is the same however far off a score is.",
            "Squares: " + FOR_D,
        ),
        (
            "mean-first",
            either((r.mean() - 1).square() + f.mean().square()),
            "you average the scores first: those too high and those too low cancel.",
            "First the square of each score's error, then the mean.",
        ),
        (
            "root",
            [*either(real.sqrt() + fake.sqrt()), right.sqrt(), (2 * right).sqrt()],
            "you take the root of the mean square.",
            "No root: " + FOR_D,
        ),
        (
            "smoothed",
            [value for one in (0.9, 0.8) for zero in (0, 0.1) for value in either(squares(r, one) + squares(f, zero))],
            "your discriminator's targets are not 1 and 0, but smoothed.",
            "CycleGAN has 1 and 0. " + FOR_D,
        ),
        (
            "hinge",
            either(relu(1 - r).mean() + relu(1 + f).mean()),
            "your discriminator's loss is the hinge loss of Lab 02.",
            FOR_D,
        ),
        (
            "wasserstein",
            either(f.mean() - r.mean()),
            "your discriminator's loss falls for ever as its scores grow: it is a Wasserstein critic's.",
            FOR_D,
        ),
    ]


def generator_mistakes(r: Tensor, f: Tensor) -> list[Known]:
    """The same for the generator's loss, where the discriminator's is right."""
    right, real, fake = squares(f, 1), squares(r, 1), squares(f, 0)
    return [
        (
            "g-halved",
            [right / 2],
            "the discriminator's loss is right, and the generator's is half of the right one.",
            "The ½ slows down D alone: " + FOR_G,
        ),
        (
            "g-target",
            [fake, fake / 2],
            "your generator's loss falls when D gives the fakes the score 0: G would learn to be caught.",
            "G wishes for the score that D gives real pictures: " + FOR_G,
        ),
        (
            "g-negated",
            [-fake, -fake / 2],
            "your generator's loss is the negative of D's term: it falls for ever, also as the score goes to −∞.",
            "G has a target of its own, 1: " + FOR_G,
        ),
        (
            "g-negative",
            [-right],
            "your generator's loss is negative: it falls as the fakes' scores go away from 1.",
            "G minimises the square itself: " + FOR_G,
        ),
        (
            "g-minus-one",
            [squares(f, -1)],
            "your generator pulls its scores to −1: a sign is turned about.",
            "(fake − 1)² is smallest at fake = 1.",
        ),
        (
            "g-with-real",
            [right + real, (right + real) / 2, right + real / 2],
            "the real scores are in your generator's loss too, and G has no part in them.",
            "The fakes alone: " + FOR_G,
        ),
        (
            "g-on-real",
            [real, real / 2, squares(r, 0)],
            "your generator's loss looks at the *real* scores, which G can't change.",
            "The fakes' scores: " + FOR_G,
        ),
        (
            "g-discriminators",
            [(real + fake) / 2, real + fake],
            "your generator's loss is the discriminator's: G would help D.",
            FOR_G,
        ),
        ("g-sum", _sums(f, 1), "your generator's loss is a sum, so it grows with the number of scores.", FOR_G),
        (
            "g-sigmoid",
            [squares(f.sigmoid(), 1)],
            "you put the fakes' scores through a sigmoid in the generator's loss.",
            "Least squares takes the raw scores: " + FOR_G,
        ),
        (
            "g-cross-entropy",
            [softplus(-f).mean(), -softplus(f).mean()],
            "your generator's loss is the one of Lab 01, with a logarithm.",
            FOR_G,
        ),
        (
            "g-absolute",
            [_power(f, 1, 1)],
            "you take absolute values in the generator's loss.",
            "Squares: " + FOR_G,
        ),
        (
            "g-mean-first",
            [(f.mean() - 1).square()],
            "you average the fakes' scores before you square: those too high and those too low cancel.",
            "First the square, then the mean.",
        ),
        ("g-root", [right.sqrt()], "you take the root of the generator's mean square.", "No root: " + FOR_G),
        (
            "g-smoothed",
            [squares(f, 0.9), squares(f, 0.8)],
            "your generator's target is smoothed.",
            "The target is 1. " + FOR_G,
        ),
        ("g-wasserstein", [-f.mean()], "your generator's loss falls for ever as the scores grow.", FOR_G),
    ]
