"""Answers to Lab 04's exercises on networks, the U-Net's way and the discriminator of patches: right and wrong ones."""

from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

# 04.unet_forward


def down(encoder, x, between=lambda x: x):
    """All maps of an encoder, the innermost last."""
    maps = []
    for layer in encoder:
        x = between(layer(x))
        maps.append(x)
    return maps


def unet(
    join=lambda below, skip: torch.cat([below, skip], 1),
    start=lambda maps, x: maps[-1],
    maps=down,
    skips=lambda maps, x: maps[-2::-1],
    end=lambda out, maps, x: out,
    order=lambda layers: list(layers),
    carry=lambda below: below,
):
    """A way through a U-Net with one part done in another way."""

    def unet_forward(encoder, decoder, x):
        found, layers = maps(encoder, x), order(decoder)
        out = layers[0](start(found, x))
        for layer, skip in zip(layers[1:], skips(found, x)):
            out = layer(join(carry(out), skip))
        return end(out, found, x)

    return unet_forward


def unet_recursive(encoder, decoder, x):
    here, below = encoder[0](x), decoder[-1]
    if len(encoder) > 1:
        here = torch.cat([unet_recursive(encoder[1:], decoder[:-1], here), here], 1)
    return below(here)


def unet_pile(encoder, decoder, x):
    pile = []
    for layer in encoder:
        x = layer(x)
        pile.append(x)
    x = decoder[0](pile.pop())
    while pile:
        x = decoder[len(decoder) - len(pile)](torch.hstack([x, pile.pop()]))
    return x


def unet_named(encoder, decoder, x):
    maps = {-1: x}
    for k, layer in enumerate(encoder):
        maps[k] = layer(maps[k - 1])
    n = len(encoder)
    made = decoder[0](maps[n - 1])
    for k in range(1, n):
        made = decoder[k](torch.concat((made, maps[n - 1 - k]), dim=-3))
    return made


def unet_pictures(encoder, decoder, x):
    """One picture after the other."""
    return torch.cat([unet()(encoder, decoder, one[None]) for one in x])


def unet_sequential(encoder, decoder, x):
    down_net, up_net = nn.Sequential(*encoder), nn.ModuleList(decoder)
    maps = [x]
    for layer in down_net:
        maps.append(layer(maps[-1]))
    out = maps.pop()
    for k, layer in enumerate(up_net):
        out = layer(torch.cat([out, maps.pop()], 1) if k else out)
    return out


def unet_split(encoder, decoder, x):
    """Along the batch and back: a roundabout way to the same."""
    maps, out = down(encoder, x), None
    for k, layer in enumerate(decoder):
        out = maps[-1] if out is None else torch.cat([*out.split(1, 1), *maps[-1 - k].split(1, 1)], 1)
        out = layer(out)
    return out


def unet_not_chained(encoder, x):
    return [layer(x) for layer in encoder]


def unet_no_first(encoder, x):
    return down(encoder[1:], x)


def unet_pops(encoder, decoder, x):
    return unet(maps=lambda e, x: down([e.pop(0) for _ in range(len(e))], x))(encoder, decoder, x)


def unet_stale(encoder, decoder, x):
    maps = down(encoder, x)
    inner = out = decoder[0](maps[-1])
    for k, layer in enumerate(decoder[1:]):
        out = layer(torch.cat([F.interpolate(inner, scale_factor=2**k), maps[-2 - k]], 1))
    return out


def unet_three(encoder, decoder, x):
    a = encoder[0](x)
    b = encoder[1](a)
    c = decoder[0](encoder[2](b))
    return decoder[2](torch.cat([decoder[1](torch.cat([c, b], 1)), a], 1))


def unet_pile_empty(encoder, decoder, x):
    pile = down(encoder, x)
    x = decoder[0](pile.pop())
    for layer in decoder[1:]:
        x = layer(torch.cat([x, pile.pop()], 1))
    return x + pile.pop()


def unet_again(encoder, decoder, x):
    maps = [nn.Sequential(*encoder[: k + 1])(x) for k in range(len(encoder))]
    return unet(maps=lambda e, x: maps)(encoder, decoder, x)


def unet_changes(encoder, decoder, x):
    x.data.clamp_(-1, 1)
    return unet()(encoder, decoder, x)


def unet_last_alone(encoder, decoder, x):
    maps = down(encoder, x)
    out = decoder[0](maps[-1])
    for k, layer in enumerate(decoder[1:]):
        out = layer(torch.cat([out, maps[-2 - k]], 1) if k < len(decoder) - 2 else out)
    return out


UNET_RIGHT = {
    "zip": unet(),
    "recursive": unet_recursive,
    "a pile": unet_pile,
    "by number": unet_named,
    "picture by picture": unet_pictures,
    "sequential, with x on the pile": unet_sequential,
    "channel by channel": unet_split,
    "copies": unet(maps=partial(down, between=torch.clone), end=lambda out, maps, x: out.contiguous()),
}
UNET_WRONG = {
    "no-layers": lambda encoder, decoder, x: x,
    "not-chained": unet(maps=unet_not_chained),
    "encoder-skipped": lambda encoder, decoder, x: decoder[-1](x),
    "encoder-order": unet(maps=lambda encoder, x: down(encoder[::-1], x)),
    "encoder-changed": unet(maps=partial(down, between=F.relu)),
    "innermost-twice": unet(start=lambda maps, x: torch.cat([maps[-1], maps[-1]], 1)),
    "innermost-joined": unet(start=lambda maps, x: torch.cat([maps[-1], torch.zeros_like(maps[-1])], 1)),
    "joined-innermost": unet(start=lambda maps, x: torch.cat([maps[-1], maps[-2]], 1)),
    "innermost": unet(start=lambda maps, x: maps[-1].relu()),
    "from-x": unet(start=lambda maps, x: x),
    "from-another": unet(start=lambda maps, x: maps[0], skips=lambda maps, x: maps[::-1]),
    "decoder-order": unet(order=lambda layers: layers[::-1]),
    "swapped": unet(join=lambda below, skip: torch.cat([skip, below], 1)),
    "no-skip": unet(join=lambda below, skip: below),
    "last-alone": unet_last_alone,
    "skip-alone": unet(join=lambda below, skip: skip),
    "below-twice": unet(join=lambda below, skip: torch.cat([below, below], 1)),
    "skip-twice": unet(join=lambda below, skip: torch.cat([skip, skip], 1)),
    "other-size": unet(
        skips=lambda maps, x: maps[:-1], join=lambda b, s: torch.cat([b, F.interpolate(s, b.shape[2:])], 1)
    ),
    "not-carried-on": unet_stale,
    "added": unet(join=torch.add),
    "averaged": unet(join=lambda below, skip: (below + skip) / 2),
    "multiplied": unet(join=torch.mul),
    "subtracted": unet(join=torch.sub),
    "maximum": unet(join=torch.maximum),
    "along-the-batch": unet(join=lambda below, skip: torch.cat([below, skip])),
    "side-by-side": unet(join=lambda below, skip: torch.cat([below, skip], 2)),
    "interleaved": unet(join=lambda below, skip: torch.stack([below, skip], 2).flatten(1, 2)),
    "wrong-skip": unet(join=lambda below, skip: torch.cat([below, skip.relu()], 1)),
    "wrong-below": unet(carry=F.relu),
    "wrong-join": unet(join=lambda below, skip: torch.cat([below, skip, skip], 1)),
    "not-a-map": unet(join=lambda below, skip: torch.stack([below, skip])),
    "too-large": unet(skips=lambda maps, x: maps[:-1]),
    "too-small": unet(skips=lambda maps, x: maps[::-1]),
    "decoder-skipped": unet(skips=lambda maps, x: maps[-2:-3:-1]),
    "fixed-depth": unet_three,
    "pile-empty": unet(end=lambda out, maps, x: out + [][:0].pop()),
    "again": unet_again,
    "joined-output": unet(end=lambda out, maps, x: torch.cat([out, x], 1)),
    "other-map": unet(end=lambda out, maps, x: maps[0]),
    "unchanged": unet(end=lambda out, maps, x: x),
    "residual": unet(end=lambda out, maps, x: out + x),
    "changed-output": unet(end=lambda out, maps, x: out.sigmoid()),
    "shape": unet(end=lambda out, maps, x: out.mean((2, 3))),
    "not-a-tensor": unet(end=lambda out, maps, x: (out, maps)),
    "detached-skips": unet(join=lambda below, skip: torch.cat([below, skip.detach()], 1)),
    "cut-graph-part": unet(carry=torch.detach),
    "cut-graph": torch.no_grad()(unet()),
    "changes-lists": unet_pops,
    "changes-input": unet_changes,
    "none": unet(end=lambda out, maps, x: None),
    "signature": lambda layers, x: x,
}
UNET_ALSO_WRONG = [
    ("with-x", unet(skips=lambda maps, x: [maps[-2], F.interpolate(x, scale_factor=0.5)])),
    ("encoder-skipped", unet(maps=unet_no_first)),
    ("side-by-side", unet(join=lambda below, skip: torch.cat([skip, below], -1))),
    ("too-small", unet(join=lambda below, skip: torch.cat([below[..., ::2, ::2], skip], 1))),
    ("raised", unet(end=lambda out, maps, x: out @ nothing)),  # noqa: F821
    ("changes-lists", unet(order=lambda layers: layers.reverse() or layers[::-1])),
]

# 04.patch_discriminator


def patch(
    strides=lambda downs: [2] * downs + [1, 1],
    widths=lambda width, downs: [width * min(2**k, 8) for k in range(downs + 1)],
    kernel=4,
    padding=1,
    act=lambda: nn.LeakyReLU(0.2),
    norm=lambda k, downs, wide: nn.BatchNorm2d(wide) if 0 < k <= downs else None,
    end=(),
    outputs=1,
    inputs=lambda channels: channels,
    conv=nn.Conv2d,
):
    """A discriminator of patches with one part done in another way."""

    def patch_discriminator(channels, width, downs):
        steps = strides(downs)
        wide = widths(width, downs)
        wide = (wide + wide[-1:] * 9)[: len(steps) - 1]
        layers = []
        for k, (a, b) in enumerate(pairwise([inputs(channels), *wide, outputs])):
            layers += [conv(a, b, kernel, steps[k], padding), norm(k, len(steps) - 2, b)]
            layers += [act()] if act and k < len(steps) - 1 else []
        return nn.Sequential(*[layer for layer in layers if layer is not None], *end)

    return patch_discriminator


def no_norm(k, downs, wide):
    return None


class Patch(nn.Module):
    def __init__(self, channels, width, downs):
        super().__init__()
        blocks, before = [], channels
        for k in range(downs + 1):
            after = width * min(2**k, 8)
            blocks.append(nn.Conv2d(before, after, 4, stride=2 if k < downs else 1))
            before = after
        self.blocks, self.score = nn.ModuleList(blocks), nn.Conv2d(before, 1, 4)

    def forward(self, x):
        for block in self.blocks:
            h = block(F.pad(x, (1, 1, 1, 1)))
            x = torch.maximum(h, 0.2 * h)
        return self.score(F.pad(x, (1, 1, 1, 1)))


class Plain(nn.Module):
    """Its convolutions stand in a plain list, but for the last."""

    def __init__(self, channels, width, downs, hidden=True):
        super().__init__()
        net = patch(norm=no_norm)(channels, width, downs)
        self.all, self.last = list(net), None if hidden else net[-1]

    def forward(self, x):
        for layer in self.all:
            x = layer(x)
        return x


class Wrapped(nn.Module):
    """The right network, with something done before or behind it."""

    def __init__(self, net, before=lambda x: x, after=lambda s: s):
        super().__init__()
        self.net, self.before, self.after = net, before, after

    def forward(self, x):
        return self.after(self.net(self.before(x)))


class NoForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Conv2d(1, 1, 4)


def wrapped(**parts):
    return lambda channels, width, downs: Wrapped(patch()(channels, width, downs), **parts)


def places(s):
    return s * torch.linspace(0.5, 1.5, s.shape[-1], dtype=s.dtype)


def in_place(x):
    return x.mul_(2)


def patch_frozen(channels, width, downs):
    return patch()(channels, width, downs).requires_grad_(False)


def patch_seeded(channels, width, downs):
    torch.manual_seed(0)
    return patch()(channels, width, downs)


def patch_shared(channels, width, downs, kept={}):  # noqa: B006
    return kept.setdefault((channels, width, downs), patch()(channels, width, downs))


def patch_linear(channels, width, downs):
    return nn.Sequential(*patch()(channels, width, downs)[:-1], nn.Flatten(), nn.Linear(7, 1))


def patch_chain(channels, width, downs):
    return nn.Sequential(*(nn.Conv2d(channels, width * min(2**k, 8), 4, 2, 1) for k in range(downs + 1)))


PATCH_RIGHT = {
    "batch norm": patch(),
    "no norm": patch(norm=no_norm),
    "instance norm": patch(norm=lambda k, downs, wide: nn.InstanceNorm2d(wide) if 0 < k <= downs else nn.Identity()),
    "padded by hand, maximum": lambda *sizes: Patch(*sizes),
    "spectral norm": patch(norm=no_norm, conv=lambda *a: parametrizations.spectral_norm(nn.Conv2d(*a))),
    "weight norm": patch(norm=no_norm, conv=lambda *a: parametrizations.weight_norm(nn.Conv2d(*a))),
    "no bias, in place": patch(conv=partial(nn.Conv2d, bias=False), act=partial(nn.LeakyReLU, 0.2, inplace=True)),
    "mirrored borders": patch(conv=partial(nn.Conv2d, padding_mode="reflect")),
    "another module around": wrapped(),
}
PATCH_WRONG = {
    "list": lambda *sizes: list(patch()(*sizes)),
    "class": lambda *sizes: Patch,
    "not-a-module": lambda *sizes: patch()(*sizes).forward,
    "no-weights": lambda *sizes: Plain(*sizes),
    "unregistered": lambda *sizes: Plain(*sizes, hidden=False),
    "frozen": patch_frozen,
    "eval-mode": lambda *sizes: patch()(*sizes).eval(),
    "no-forward": lambda *sizes: NoForward(),
    "one-score": patch(end=(nn.AdaptiveAvgPool2d(1), nn.Flatten())),
    "linear-layer": patch_linear,
    "squeezed": wrapped(after=lambda s: s[:, 0]),
    "flattened": patch(end=(nn.Flatten(),)),
    "shape": wrapped(after=lambda s: s.flatten()),
    "not-a-tensor": wrapped(after=lambda s: [s]),
    "outputs": patch(outputs=2),
    "cut-graph": wrapped(after=torch.detach),
    "not-finite": wrapped(after=lambda s: s / 0),
    "changes-input": wrapped(before=in_place),
    "channels": patch(inputs=lambda channels: 3),
    "chain": patch_chain,
    "width": patch(widths=lambda width, downs: [64 * min(2**k, 8) for k in range(downs + 1)]),
    "not-doubling": patch(widths=lambda width, downs: [width] * (downs + 1)),
    "no-cap": patch(widths=lambda width, downs: [width * 2**k for k in range(downs + 1)]),
    "widths": patch(widths=lambda width, downs: [width * (k + 1) for k in range(downs + 1)]),
    "norm-first": patch(norm=lambda k, downs, wide: nn.InstanceNorm2d(wide) if k <= downs else None),
    "norm-last": patch(norm=lambda k, downs, wide: nn.BatchNorm2d(wide) if k else None),
    "dropout": patch(end=(nn.Dropout(),)),
    "pooling": wrapped(before=lambda x: F.avg_pool2d(x, 3, 1, 1)),
    "fixed-grid": wrapped(after=lambda s: F.interpolate(s, (30, 30))),
    "whole-picture": wrapped(after=lambda s: s - s.mean((2, 3), keepdim=True)),
    "one-more": patch(strides=lambda downs: [2] * (downs + 1) + [1, 1]),
    "one-less": patch(strides=lambda downs: [2] * (downs - 1) + [1, 1]),
    "downs-ignored": patch(strides=lambda downs: [2, 2, 2, 1, 1]),
    "one-stride-1": patch(strides=lambda downs: [2] * downs + [1]),
    "no-stride-1": patch(strides=lambda downs: [2] * downs),
    "three-stride-1": patch(strides=lambda downs: [2] * downs + [1, 1, 1]),
    "all-stride-2": patch(strides=lambda downs: [2] * (downs + 2)),
    "last-but-one-stride-2": patch(strides=lambda downs: [2] * (downs + 1) + [1]),
    "two-stride-1-too-early": patch(strides=lambda downs: [2] * (downs - 1) + [1, 1, 1]),
    "all-stride-1": patch(strides=lambda downs: [1] * (downs + 2)),
    "kernel-3": patch(kernel=3),
    "kernel-5": patch(kernel=5, padding=2),
    "holes": patch(conv=partial(nn.Conv2d, dilation=2)),
    "reach": patch(kernel=(4, 3)),
    "blind": wrapped(before=lambda x: x.detach()),
    "no-padding": patch(padding=0),
    "padding": patch(padding=2),
    "sigmoid": patch(end=(nn.Sigmoid(),)),
    "tanh": patch(end=(nn.Tanh(),)),
    "not-leaky": patch(act=nn.SiLU),
    "linear": patch(act=None),
    "relu": patch(act=nn.ReLU),
    "relu-last": patch(end=(nn.ReLU(),)),
    "slope": patch(act=nn.LeakyReLU),
    "activation-last": patch(end=(nn.LeakyReLU(0.2),)),
    "activation-missing": lambda *sizes: nn.Sequential(*[layer for k, layer in enumerate(patch()(*sizes)) if k != 1]),
    "sign": wrapped(after=torch.neg),
    "places": wrapped(after=places),
    "shared": patch_shared,
    "seeded": patch_seeded,
    "none": lambda channels, width, downs: None,
    "signature": lambda channels: patch()(channels, 64, 3),
}
PATCH_ALSO_WRONG = [
    ("not-leaky", patch(act=nn.ELU)),
    ("not-leaky", patch(act=nn.GELU)),
    ("not-leaky", patch(act=nn.Tanh)),
    ("slope", patch(act=partial(nn.LeakyReLU, 0.1))),
    ("channels", patch(inputs=lambda channels: channels + 3)),
    ("width", patch(widths=lambda width, downs: [2 * width * min(2**k, 4) for k in range(downs + 1)])),
    ("no-cap", patch(widths=lambda width, downs: [min(width * 2**k, 512) for k in range(downs + 1)])),
    ("one-score", wrapped(after=lambda s: s.mean((1, 2, 3)))),
]
