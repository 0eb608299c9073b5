"""What typical mistakes in a modulated convolution give."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, instance_norm, interpolate, pad

from labkit.course.asked import Known

NORM = "w″ = w′/√(Σ w′² + 1e-8), the sum over input channels and kernel: dimensions 2, 3, 4 of (B, O, C, K, K)."
_GROUPS = (
    "the images or their channels are mixed up: a group gets the channels of one image and the weights of another.",
    "x as (1, B·C, H, W) and w″ as (B·O, C, K, K), both with the image as the *outer* index, and the output back to "
    "(B, O, H, W).",
)


def _each(x: Tensor, weights: Tensor) -> Tensor:
    """Convolve each image with its own weight: (B, C, H, W) and (B, O, C, K, K) → (B, O, H, W)."""
    side = weights.shape[-1] // 2
    return torch.cat([conv2d(image[None], own, padding=side) for image, own in zip(x, weights)])


def _unit(weights: Tensor, dim: tuple[int, ...] = (2, 3, 4)) -> Tensor:
    return weights / (weights.square().sum(dim, keepdim=True) + 1e-8).sqrt()


def modulation_mistakes(x: Tensor, weight: Tensor, style: Tensor) -> list[Known]:
    """Mistake, its values, what it does, what to look at."""
    scales = style[:, None, :, None, None]
    own, plain = weight[None] * scales, weight[None].expand(len(x), -1, -1, -1, -1)
    square = own.square().sum((2, 3, 4), keepdim=True)
    raw = _each(x, own)

    def styled(other: Tensor) -> Tensor:
        return _each(x, _unit(weight[None] * other[..., None, :, None, None]))

    def padded(mode: str) -> list[Tensor]:
        side = weight.shape[-1] // 2
        if not side or side >= min(x.shape[2:]):
            return []
        wide = pad(x, (side,) * 4, mode)
        return [torch.cat([conv2d(image[None], w) for image, w in zip(wide, _unit(own))])]

    def cropped() -> list[Tensor]:
        if not 1 < weight.shape[-1] <= min(x.shape[2:]):
            return []
        small = torch.cat([conv2d(image[None], w) for image, w in zip(x, _unit(own))])
        return [interpolate(small, x.shape[2:], mode=mode) for mode in ("nearest", "bilinear")]

    known: list[Known] = [
        (
            "plain",
            [_each(x, plain)],
            "this is the plain convolution: the style has no effect.",
            "First scale the weights by the style, w′ = s·w; then divide by their norm.",
        ),
        (
            "no-demodulation",
            [raw],
            "your weights are scaled by the style, but not brought back: a strong style gives a strong output.",
            "Equation 3: " + NORM,
        ),
        (
            "no-modulation",
            [_each(x, _unit(plain))],
            "your weights are normalised, but the style has no effect.",
            "First comes w′_bocij = s_bc·w_ocij.",
        ),
        (
            "demodulated-first",
            [_each(x, _unit(plain) * scales)],
            "you divide by the norm of w, not of w′: a strong style still gives a strong output.",
            "The norm is of the *styled* weights: first w′ = s·w, then w′/√(Σ w′² + 1e-8).",
        ),
        (
            "over-outputs",
            [_each(x, _unit(own, (1, 3, 4)))],
            "your norm sums over the output channels, and leaves one number for each *input* channel.",
            "Each output channel is brought back by itself. " + NORM,
        ),
        (
            "over-kernel",
            [_each(x, _unit(own, (3, 4)))] if weight.shape[-1] > 1 else [],
            "your norm sums over the kernel alone: each input channel is normalised, and its style is lost.",
            NORM,
        ),
        (
            "over-channels",
            [_each(x, _unit(own, (2,)))],
            "your norm sums over the input channels alone, for each place in the kernel.",
            NORM,
        ),
        (
            "over-all",
            [_each(x, _unit(own, (1, 2, 3, 4)))],
            "one norm serves all output channels of an image: strong channels stay strong.",
            "One norm for each image *and* output channel, (B, O, 1, 1, 1). " + NORM,
        ),
        (
            "over-batch",
            [_each(x, own / made.sqrt()) for made in (square.mean(0, keepdim=True), square.sum(0, keepdim=True))]
            + [_each(x, own / square.sqrt().mean(0, keepdim=True)), _each(x, _unit(own, (0, 1, 2, 3, 4)))],
            "your norm runs over the batch: an image depends on the styles of its neighbours.",
            "Dimension 0 counts the images, and stays. " + NORM,
        ),
        (
            "mean",
            [_each(x, own / own.square().mean((2, 3, 4), keepdim=True).sqrt())],
            "you divide by the root of the *mean* of the squares: the output is too strong, √(C·K²) times.",
            "The sum: C·K² numbers are added up in each output.",
        ),
        (
            "no-root",
            [_each(x, own / square)],
            "you divide by Σ w′² itself: a strong style now gives a weak output.",
            "√: " + NORM,
        ),
        (
            "multiplied",
            [_each(x, own * square.sqrt())],
            "you multiply by the norm where equation 3 divides.",
            "Divide, or multiply by `.rsqrt()`.",
        ),
        (
            "absolute-sum",
            [_each(x, own / own.abs().sum((2, 3, 4), keepdim=True))],
            "you divide by the sum of |w′|.",
            "The output's deviation goes with the root of the sum of *squares*. " + NORM,
        ),
        (
            "deviation",
            [_each(x, own / own.std((2, 3, 4), keepdim=True, unbiased=u)) for u in (True, False)],
            "you divide by the deviation of the weights.",
            NORM,
        ),
        (
            "twice",
            [_each(x * style[:, :, None, None], _unit(own))],
            "the style scales the weights *and* the input, but is divided out once.",
            "One of them: the weights, or x and then the output divided by the norm.",
        ),
        (
            "squared-style",
            [styled(style.square())],
            "the style is squared.",
            "w′ = s·w: the square comes only below the root.",
        ),
        (
            "one-plus",
            [styled(1 + style)],
            "you scale the weights by 1 + s: a style of 0 would leave them as they are.",
            "By s itself: w′_bocij = s_bc·w_ocij.",
        ),
        (
            "style-changed",
            [styled(made) for made in (style.abs(), style.exp(), style.sigmoid(), style.softmax(1), style.tanh())],
            "you change the style before you use it (its sign is lost, or it is squashed).",
            "By s itself: w′_bocij = s_bc·w_ocij.",
        ),
        (
            "divided-style",
            [styled(1 / style)],
            "you divide the weights by the style.",
            "w′_bocij = s_bc·w_ocij: multiply.",
        ),
        (
            "one-style",
            [
                styled(style[:1].expand_as(style)),
                styled(style[-1:].expand_as(style)),
                styled(style.mean(0).expand_as(style)),
            ],
            "all images get one and the same style.",
            "Row b of `style` belongs to image b: w′ is (B, O, C, K, K).",
        ),
        (
            "mean-channel",
            [styled(style.mean(1, keepdim=True).expand_as(style))],
            "all channels of an image get the same scale.",
            "`style` is (B, C): a number for each input channel.",
        ),
        (
            "other-image",
            [styled(style.flip(0)), styled(style.roll(1, 0))],
            "an image gets another one's style.",
            "Row b of `style` belongs to image b.",
        ),
        (
            "instance-norm",
            [instance_norm(made) for made in (raw, _each(x, plain))],
            "you normalise the *output* by what is in it: this is AdaIN's way, which makes droplets.",
            "Demodulation never looks at x: it divides by the norm of the weights. " + NORM,
        ),
        (
            "output-deviation",
            [raw / raw.std((2, 3), keepdim=True, unbiased=u) for u in (True, False)]
            + [raw / raw.square().mean((2, 3), keepdim=True).sqrt()],
            "you divide the output by its own deviation.",
            "Demodulation never looks at x: it divides by the norm of the weights. " + NORM,
        ),
        (
            "flipped",
            [_each(x, _unit(own).flip(3, 4))],
            "your kernels are flipped.",
            "A convolution in this field is `conv2d`, which slides the kernel as it is.",
        ),
        (
            "transposed",
            [_each(x, _unit(own).mT)],
            "rows and columns of your kernels are swapped.",
            "Leave i, j as they are.",
        ),
        (
            "edges",
            [made for mode in ("reflect", "replicate", "circular") for made in padded(mode)],
            "inside your result is right, but at the edges x was continued.",
            "With zeros: `padding=K // 2` of `conv2d`.",
        ),
        (
            "stretched",
            cropped(),
            "your maps become smaller without padding, and are stretched to the size again: things move.",
            "Zeros around x keep the size: `padding=K // 2` of `conv2d`.",
        ),
        (
            "style-added",
            [_each(x, _unit(weight[None] + scales)), _each(x, weight[None] + scales)],
            "you add the style to the weights where the equation multiplies.",
            "w′_bocij = s_bc·w_ocij.",
        ),
        (
            "epsilon",
            [_each(x, own / (square + epsilon).sqrt()) for epsilon in (1e-2, 0.1, 1.0)]
            + [_each(x, own / (square.sqrt() + epsilon)) for epsilon in (1e-2, 0.1, 1.0)],
            "your tiny number beside the norm is so large that it makes weak styles weaker.",
            "1e-8, below the root.",
        ),
        ("groups", _regrouped(x, _unit(own)), *_GROUPS),
    ]
    if weight.shape[0] == weight.shape[1]:
        known.append(
            (
                "style-on-outputs",
                [
                    _each(x, _unit(weight[None] * style[:, :, None, None, None])),
                    _each(x, _unit(plain)) * style[..., None, None],
                ],
                "the style scales output channels, and demodulation divides it out again.",
                "w_ocij: c, the input channel, is the weight's *second* dimension: `style[:, None, :, None, None]`.",
            )
        )
    return known


def _regrouped(x: Tensor, own: Tensor) -> list[Tensor]:
    """What a grouped convolution gives when one of its three `reshape`s has the image as the inner index."""
    batch, _, height, width = x.shape
    outer, inner = x.reshape(1, -1, height, width), x.transpose(0, 1).reshape(1, -1, height, width)
    weights, mixed = own.flatten(0, 1), own.transpose(0, 1).flatten(0, 1)
    made = []
    for maps in (outer, inner):
        for kernels in (weights, mixed):
            out = conv2d(maps, kernels, padding=own.shape[-1] // 2, groups=batch)
            back = out.reshape(batch, -1, height, width), out.reshape(-1, batch, height, width).transpose(0, 1)
            made += list(back)
    return made[1:] if batch > 1 else []
