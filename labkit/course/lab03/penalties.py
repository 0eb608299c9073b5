"""What lazy R1 comes to when something is wrong with its weight, its norm or its mean."""

from math import sqrt

from torch import Tensor

from labkit.course.asked import Known


def mistakes(slope: Tensor, scores: Tensor, scale: float, gamma: float, every: int) -> list[Known]:
    """Mistake, its values, what it does, what to look at; the gains can go wrong beside one other thing."""
    flat, gain, half = slope.flatten(1), every * gamma / 2, gamma / 2
    lengths, count, pixels = flat.norm(dim=1), len(flat), flat.shape[1]
    squared = lengths.square().mean()
    square = slope.square()
    each = "First ‖∇D(x)‖² for each image, then the mean over the batch."
    known: list[tuple[str, list[Tensor], str, str]] = [
        (
            "no-square",
            [lengths.mean()],
            "the norm is not squared: its pull does not weaken as the slope becomes small.",
            "‖∇D(x)‖² = the sum of the squares, without a root.",
        ),
        (
            "wgan",
            [(lengths - 1).square().mean()],
            "you pull the slope to 1, as WGAN-GP does; R1 pulls it to 0.",
            "‖∇D(x)‖² itself: no − 1.",
        ),
        (
            "gradients-averaged",
            [flat.mean(0).square().sum()] if count > 1 else [],
            "you average the gradients first, so opposite slopes at two images cancel.",
            each,
        ),
        (
            "norms-averaged",
            [lengths.mean().square()] if count > 1 else [],
            "you average the norms before you square.",
            each,
        ),
        (
            "critic-mean",
            [squared / count**2, squared / count] if count > 1 else [],
            "your gradients are of the *mean* of the critic's scores, so they are B times too small.",
            "`critic(x).sum()`: each image's own gradient. The mean comes after the squares.",
        ),
        (
            "batch-sum",
            [squared * count],
            "you add up the images where the expectation asks for their mean.",
            "E_x is the mean over the batch: `.sum(1).mean()` of the flattened squares.",
        ),
        (
            "pixel-mean",
            [squared / pixels],
            "you take the mean over the pixels too: the norm of a gradient is a *sum* over them.",
            "`slope.flatten(1).square().sum(1)` is ‖∇D(x)‖², one number an image; then `.mean()`.",
        ),
        (
            "partial-norm",
            [square.sum(dim).mean() for dim in (1, 2, 3, (1, 2), (1, 3), (2, 3))],
            "your norm does not run over all numbers of an image.",
            "`slope.flatten(1)` makes (B, C·H·W); the sum over `dim=1` leaves one number an image.",
        ),
        (
            "one-norm",
            [flat.abs().sum(1).mean(), flat.abs().sum(1).square().mean(), flat.abs().mean()],
            "you use absolute values where the norm has squares.",
            "‖g‖² = Σ gᵢ².",
        ),
        (
            "entry-sum",
            [flat.sum(1).mean(), flat.sum(1).square().mean(), flat.mean()],
            "you add up the gradient's entries, and opposite signs cancel.",
            "‖g‖² = Σ gᵢ²: square each entry first.",
        ),
        (
            "fourth-power",
            [lengths.pow(4).mean(), squared.square()],
            "you square once too often.",
            "‖g‖² = Σ gᵢ²: once.",
        ),
        (
            "scores",
            [scores.square().mean(), scores.mean(), scores.mean().square(), scores.square().sum()],
            "you punish the critic's scores, and R1 punishes their gradient.",
            "`torch.autograd.grad(critic(x).sum(), x, create_graph=True)`.",
        ),
    ]
    known += [
        (
            "first-image",
            [lengths[0].square(), lengths[0].square() / count] if count > 1 else [],
            "only the first image of the batch counts in your penalty.",
            "`critic(x).sum()` over all images. " + each,
        ),
        (
            "mixed-axes",
            [squared * count / size for size in slope.shape[1:]],
            "you add up the squares of all images, and divide by another number than that of the images.",
            "`slope.flatten(1)`: dimension 0 counts the images. " + each,
        ),
        (
            "weights",
            [(scores / scale).mean().square(), (scores / scale).sum().square()],
            "you take the gradient in the critic's parameters, and R1 looks at the gradient in x.",
            "`torch.autograd.grad(critic(x).sum(), x, create_graph=True)`.",
        ),
    ]
    gains: list[Known] = [
        (
            "gamma-floored",
            [every * (gamma // 2) * squared],
            f"with γ = {gamma:g} your penalty is that of γ/2 = {gamma // 2:g}: it is rounded down.",
            "`//` gives a whole number: `gamma / 2`.",
        ),
        (
            "fixed-gamma",
            [every * 10 / 2 * squared],
            "your penalty is that of γ = 10, whatever γ is given.",
            "γ/2 with the `gamma` that was given.",
        ),
        (
            "fixed-every",
            [16 * half * squared],
            "your gain is 16, whatever `every` is given.",
            "Times `every`.",
        ),
        (
            "twice-gamma",
            [4 * gain * squared],
            "your penalty is four times too strong: γ is doubled instead of halved.",
            "R1 is weighted by γ/2.",
        ),
        (
            "no-gain",
            [half * squared],
            "the gain `every` is missing: over many steps the penalty is that much too weak.",
            "It acts at one step in `every`, so it counts `every` times there.",
        ),
        (
            "gain-divides",
            [half * squared / every],
            "you divide by `every`, and it should make up for the steps left out.",
            "Times `every`.",
        ),
        (
            "gain-root",
            [half * squared * sqrt(every)],
            "you multiply by √every, which makes up for a part of the steps only.",
            "What is left out in `every` − 1 steps is made up for in one: times `every`.",
        ),
        ("gain-squared", [half * squared * every**2], "you multiply by `every` twice.", "Once."),
        (
            "no-half",
            [2 * gain * squared],
            "your penalty is twice too strong: the ½ is missing.",
            "R1 is weighted by γ/2.",
        ),
        ("quarter", [gain * squared / 2], "your penalty is half of the right one.", "γ/2: one ½ alone."),
        (
            "no-gamma",
            [every * squared / 2, every * squared],
            "γ has no effect on your penalty.",
            "R1 is weighted by γ/2.",
        ),
        ("bare", [squared, squared / 2], "neither γ nor `every` has any effect.", "every·(γ/2)·E‖∇D(x)‖²."),
        (
            "gamma-squared",
            [every * gamma**2 / 2 * squared],
            "you multiply by γ twice: the penalty goes with γ².",
            "γ/2, once.",
        ),
        (
            "negative",
            [-gain * squared],
            "your penalty is negative: D would gain by a steep slope.",
            "It is added to what D *minimises*: plus.",
        ),
    ]
    wholes = (gain, 2 * gain, half, gamma, 1.0, 0.5)
    return gains + [(m, [v * whole for whole in wholes for v in values], a, b) for m, values, a, b in known]
