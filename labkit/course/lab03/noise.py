"""Noise beside every layer (Karras et al. 2019, section 2): one number a pixel, a strength a channel, judged."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from labkit.course.asked import SIZES, asked, tensor
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import near

NOISE = "`torch.randn(B, 1, H, W)`: a number for each pixel of each image, the same for all channels."
SHAPES = ((3, 4, 30, 26), (1, 3, 40, 37), (2, 5, 21, 33))


def add_noise(x: Tensor, strength: Tensor) -> Tensor:
    """The sum x + strength·n, n ~ N(0, 1), one number a pixel: (B, C, H, W) and (C,) → (B, C, H, W)."""
    noise = torch.randn(len(x), 1, *x.shape[2:], device=x.device)
    return x + strength[:, None, None] * noise


def judge_add_noise(function: Callable) -> None:
    """Three shapes; strengths of both signs, and 0: what is added, how it lies over images, channels and pixels."""
    everything = []
    for seed, shape in enumerate(SHAPES):
        # A seed that nobody takes: else x and the noise might be the same numbers.
        generator = torch.Generator().manual_seed(820_317 + seed)
        x = 1.5 * torch.randn(shape, generator=generator) + 0.7
        x = x + 0.2 * x.sign()  # Far enough from 0 to be divided by.
        strength = torch.linspace(-0.9, 1.6, shape[1])
        strength[1] = 0
        x.requires_grad_()
        strength.requires_grad_()
        value = tensor(_ask(function, x, strength), shape, "Noise changes numbers and not the shape, (B, C, H, W).")
        if value.detach().equal(_ask(function, x, strength)) and not near(value, x):
            raise Wrong(
                "seeded",
                "two calls give the very same noise.",
                "No fixed seed in here: new noise at each call moves single hairs.",
            )
        everything.append(_judge_case(value, x, strength))
    _judge_zero(function)
    _judge_spread(torch.cat([noise.flatten() for noise in everything]).sort().values)
    images = [image for noise in everything for image in noise]
    if any(all(abs(float(some.mean())) < 1e-5 for some in parts) for parts in (everything, images)):
        raise Wrong(
            "normalised",
            "your noise always has a mean of exactly 0: it was normalised after it was drawn.",
            "`torch.randn` has mean 0 and deviation 1 only on average, and that is what is asked for.",
        )


def _judge_zero(function: Callable) -> None:
    """All strengths 0, as a network begins: x comes back, and the strengths can learn."""
    x = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(820_330))
    strength = torch.zeros(3, requires_grad=True)
    value = tensor(
        _ask(function, x, strength), tuple(x.shape), "Noise changes numbers and not the shape, (B, C, H, W)."
    )
    grad = None
    if value.requires_grad:
        (grad,) = torch.autograd.grad((value * (x + 2)).sum(), strength, allow_unused=True)
    if grad is None or not grad.all():
        raise Wrong(
            "zero-strength",
            "where all strengths are 0 no gradient reaches them: they begin at 0, and would stay there.",
            "No shortcut for 0: x + strength·n is x there, but how it changes with the strength is n.",
        )


def _ask(function: Callable, x: Tensor, strength: Tensor) -> Any:
    hint = "(C,) beside (B, C, H, W) needs two more dimensions behind: `strength[:, None, None]`; the noise is "
    return asked(function, x, strength, told=[(SIZES, "strength-axis", hint + "(B, 1, H, W).")])


def _judge_case(value: Tensor, x: Tensor, strength: Tensor) -> Tensor:
    """Judge one call; gives its noise, (B, 1, H, W)."""
    out, given, s = value.detach().double(), x.detach().double(), strength.detach().double()
    scale = s[:, None, None]
    added = out - given
    if near(added, torch.zeros_like(added)):
        raise Wrong("no-noise", "your function returns x as it was.", "x + strength·n with n ~ N(0, 1).")
    _judge_places(added)
    strong = int(s.abs().argmax())
    noise = added[:, strong : strong + 1] / s[strong]
    if not near(added, scale * noise):
        raise _wrong_factor(added, given, s, out)
    _judge_numbers(noise)
    _judge_graph(value, x, strength, noise)
    return noise


def _judge_places(added: Tensor) -> None:
    """What is the same where it should differ. Looks at each channel that has any noise."""
    live = added[:, added.flatten(2).std(2).amin(0) > 1e-5]
    if not live.numel():
        raise Wrong(
            "per-image",
            "a whole map gets one and the same number: it becomes lighter or darker, and nothing else.",
            NOISE,
        )
    if near(live, live[:, :, :1].expand_as(live)) or near(live, live[..., :1].expand_as(live)):
        raise Wrong("per-row", "whole rows or columns get the same number.", NOISE)
    if len(live) > 1 and near(live, live[:1].expand_as(live)):
        raise Wrong(
            "shared-batch",
            "all images of the batch get the same noise.",
            NOISE + " B is `len(x)`.",
        )


def _shared(noise: Tensor) -> bool:
    """Whether all channels hold the same numbers."""
    return near(noise, noise[:, :1].expand_as(noise))


def _wrong_factor(added: Tensor, x: Tensor, s: Tensor, out: Tensor) -> Wrong:
    """It is not strength times one noise: what is it?"""
    live = s != 0
    scale, strong = s[:, None, None], int(s.abs().argmax())
    factor = added[:, live] / scale[live]
    if _shared(added):
        return Wrong(
            "no-strength",
            "all channels get the same noise, of the same strength.",
            "`strength` holds a number for each channel: `strength[:, None, None] * noise`.",
        )
    known = (
        (
            "absolute",
            added[:, live] / scale[live].abs(),
            "the sign of the strength is lost.",
            "A learned strength may be negative, and then dark meets bright: take it as it is.",
        ),
        (
            "squared",
            added[:, live] / scale[live] ** 2,
            "the strength is squared: your noise is weak where it should be strong enough.",
            "x + strength·n: once.",
        ),
        (
            "one-plus",
            added / (1 + scale),
            "you scale the noise by 1 + strength.",
            "By the strength alone: at 0 there is no noise.",
        ),
        (
            "x-dropped",
            out[:, live] / scale[live],
            "only the noise comes back: x is lost.",
            "x + strength·n.",
        ),
        (
            "subtracted-x",
            (out + x)[:, live] / scale[live],
            "x comes back with the other sign.",
            "x + strength·n.",
        ),
        (
            "strength-on-x",
            out - scale * x,
            "you scale x by the strength, and add the noise as it is.",
            "The strength belongs to the noise: x + strength·n.",
        ),
        (
            "strength-on-both",
            (out - scale * x)[:, live] / scale[live],
            "you scale both x and the noise by the strength.",
            "x itself stays: x + strength·n.",
        ),
        (
            "blended",
            (out - (1 - scale) * x)[:, live] / scale[live],
            "you blend x and the noise, so x becomes weaker where noise is strong.",
            "x stays whole: x + strength·n.",
        ),
        (
            "kept-variance",
            (out * (1 + scale**2).sqrt() - x)[:, live] / scale[live],
            "you divide the sum by √(1 + strength²), so x becomes weaker where noise is strong.",
            "x stays whole: x + strength·n, and nothing behind it.",
        ),
        (
            "multiplied",
            factor / x[:, live],
            "your noise is multiplied by x: where x is 0 there is none.",
            "x + strength·n: a sum.",
        ),
        (
            "multiplied",
            out[:, live] / x[:, live] / scale[live],
            "your noise is multiplied by x: where x is 0 there is none.",
            "x + strength·n: a sum.",
        ),
    )
    silent = [c for c in range(len(s)) if s[c] != 0 and near(added[:, c], torch.zeros_like(added[:, c]))]
    if silent and near(added[:, ~live], torch.zeros_like(added[:, ~live])):
        return Wrong(
            "silent-channels",
            f"the channels {silent} get no noise, though their strength is not 0.",
            "All channels at once: `x + strength[:, None, None] * noise`.",
        )
    if any(float((out == bound).double().mean()) > 0.02 for bound in (out.max(), out.min())):
        return Wrong(
            "clamped-output",
            f"your result is cut off: it never leaves the numbers from {float(out.min()):.3g} to "
            f"{float(out.max()):.3g}.",
            "x + strength·n as it is: a map may hold any number. No `clamp` behind it.",
        )
    for mistake, noise, message, hint in known:
        if _shared(noise):
            return Wrong(mistake, message, hint)
    each, leader = added.transpose(0, 1).flatten(1), added[:, strong].flatten()
    slopes = each @ leader / leader.square().sum()
    if near(each, slopes[:, None] * leader):
        return Wrong(
            "other-strength",
            "all channels share one noise, but its strengths are "
            f"{', '.join(f'{float(one):.2f}' for one in slopes)} in proportion, and they should be "
            f"{', '.join(f'{float(one):.2f}' for one in s / s[strong])}.",
            "By `strength` itself: no `exp`, no sigmoid, no root, and nothing of x in it.",
        )
    between = torch.corrcoef(factor.transpose(0, 1).flatten(1))
    with_x = torch.corrcoef(torch.stack([added.flatten(), x.flatten()]))[0, 1]
    if between.fill_diagonal_(0).abs().max() < 0.25 and abs(float(with_x)) < 0.2:
        return Wrong(
            "own-noise",
            "each channel gets noise of its own.",
            NOISE + " `torch.randn_like(x)` draws for each channel anew.",
        )
    return Wrong(
        "not-strength-times-noise",
        "what you add is not one noise times the strength of each channel.",
        "x + `strength[:, None, None]` · n. " + NOISE,
    )


def _judge_numbers(noise: Tensor) -> None:
    """The noise (B, 1, H, W) of one call: mean, deviation and dependence, with bounds that chance keeps."""
    count, each = noise.numel(), noise.flatten(1)
    mean, std = float(noise.mean()), float(noise.std())
    if (noise >= 0).all():
        raise Wrong(
            "one-sided",
            "your noise is never negative: it makes all maps brighter.",
            "N(0, 1) has two sides: `torch.randn`, with an n.",
        )
    if abs(mean) > 6 * std / sqrt(count):
        raise Wrong("not-centred", f"your noise has the mean {mean:.2f}.", "N(0, 1) has the mean 0: `torch.randn`.")
    for shift in ((0, 1), (1, 0)):
        near_by = noise[..., : noise.shape[2] - shift[0], : noise.shape[3] - shift[1]]
        other = noise[..., shift[0] :, shift[1] :]
        if abs(float((near_by * other).mean()) / std**2) > 0.25:
            raise Wrong(
                "blurred",
                "neighbouring pixels of your noise depend on each other: it is blurred, or enlarged.",
                "An independent number for each pixel. " + NOISE,
            )
    if len(each) > 1 and torch.corrcoef(each).fill_diagonal_(0).abs().max() > 0.3:
        raise Wrong("images-alike", "the noises of two images depend on each other.", NOISE + " B is `len(x)`.")


def _judge_graph(value: Tensor, x: Tensor, strength: Tensor, noise: Tensor) -> None:
    mix = torch.randn(value.shape, generator=torch.Generator().manual_seed(5))
    grads: tuple[Tensor | None, ...] = (None, None)
    if value.requires_grad:
        grads = torch.autograd.grad((value * mix).sum(), (x, strength), allow_unused=True)
    rights = {"x": mix, "strength": (mix * noise).sum((0, 2, 3))}
    for grad, (name, right) in zip(grads, rights.items()):
        if grad is None or not grad.any():
            raise Wrong(
                f"cut-graph-{name}",
                f"the values are right, but no gradient reaches {name}"
                + (": it would stay as it began, at 0." if name == "strength" else "."),
                f"Is there a `.detach()`, `.data` or `torch.no_grad()` on the way of {name}?",
            )
        if name == "x" and not near(grad, right, 5e-3) and abs(float(noise.std()) - 1) > 0.2:
            raise Wrong(
                "scaled-by-x",
                f"your noise has the deviation {float(noise.std()):.2f}, and it depends on x.",
                "n ~ N(0, 1) whatever x is: the strength alone says how much of it.",
            )
        if not near(grad, right, 5e-3):
            raise Wrong(
                "detached",
                f"the values are right, but the gradient of {name} is not.",
                "Plain arithmetic: x + strength·n, without `.detach()`.",
            )


def _judge_spread(flat: Tensor) -> None:
    """The distribution of all the noise that was drawn, by its largest distance to N(0, 1)."""
    count, std = len(flat), float(flat.std())
    if _distance(flat, torch.special.ndtr(flat)) < 2.6 / sqrt(count):
        return
    if bool((flat.abs() - flat.abs().median()).abs().max() < 1e-3):
        raise Wrong("two-values", "your noise has only two values.", "N(0, 1): `torch.randn`.")
    low, high = flat[0], flat[-1]
    if _distance(flat, (flat - low) / (high - low)) < 0.02:
        raise Wrong(
            "uniform",
            f"your noise is spread evenly between {float(low):.2f} and {float(high):.2f}.",
            "`torch.randn`, with an n: the normal distribution.",
        )
    if _distance(flat, torch.special.ndtr(flat / std)) < 2.6 / sqrt(count):
        raise Wrong(
            "scaled",
            f"your noise has the deviation {std:.3g}, and 1 is asked for.",
            "n ~ N(0, 1) as it is drawn: the strength alone says how much of it.",
        )
    raise Wrong(
        "distribution",
        f"your noise has the deviation {std:.3g}, and {float((flat.abs() < 1).double().mean()):.0%} of it lie between "
        "−1 and 1; in N(0, 1) it is 68%.",
        "`torch.randn`, and nothing behind it: no `clamp`, no `tanh`.",
    )


def _distance(sorted_values: Tensor, cumulative: Tensor) -> float:
    """The largest difference of the values' distribution to another, given at the values (Kolmogorov)."""
    ranks = (torch.arange(len(sorted_values), dtype=torch.float64) + 0.5) / len(sorted_values)
    return float((ranks - cumulative).abs().max())


ADD_NOISE = Exercise(
    name="03.add_noise",
    title="Noise",
    points=2,
    difficulty=1,
    minutes=10,
    reference=add_noise,
    hints=(
        "Which hair lies left and which right: does that hang on the style? And is it one decision, or one a channel?",
        "y_bchw = x_bchw + strength_c·n_bhw with n ~ N(0, 1).",
        "`noise = torch.randn(B, 1, H, W, device=x.device)`, with the numbers of `x.shape`; `x + strength[…] * noise`.",
    ),
    judge=judge_add_noise,
)
