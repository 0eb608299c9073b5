"""Answers to Lab 03's exercises on z and styles as students write them: right ones that differ, wrong ones."""

import math

import torch
import torch.nn.functional as F
from torch import nn

# 03.mapping_network


def leaky(x):
    return F.leaky_relu(x, 0.2)


def pixel(z):
    return z / torch.sqrt(torch.mean(z**2, dim=1, keepdim=True) + 1e-8)


def mapping(norm=pixel, activation=leaky, order=list):
    """A mapping network with one part done in another way."""

    def mapping_network(z, layers):
        w = norm(z)
        for layer in order(layers):
            w = activation(layer(w))
        return w

    return mapping_network


def mapping_sequential(z, layers):
    parts = []
    for layer in layers:
        parts += [layer, nn.LeakyReLU(0.2)]
    return nn.Sequential(*parts)(z * torch.rsqrt(z.square().mean(-1, keepdim=True) + 1e-8))


def mapping_in_place(z, layers):
    w = F.normalize(z, dim=1)
    w *= math.sqrt(z.shape[1])
    for layer in layers:
        w = F.leaky_relu(layer(w), 0.2, inplace=True)
    return w


def mapping_recursive(z, layers):
    def f(w, rest):
        return f(torch.maximum(rest[0](w), 0.2 * rest[0](w)), rest[1:]) if rest else w

    return f(F.rms_norm(z, z.shape[1:], eps=1e-8), layers)


def mapping_where(z, layers):
    w = z / (z.norm(dim=1, keepdim=True) / z.size(1) ** 0.5 + 1e-8)
    for i in range(len(layers)):
        y = layers[i](w)
        w = torch.where(y > 0, y, y * 0.2)
    return w


def mapping_no_last(z, layers):
    w = pixel(z)
    for layer in layers[:-1]:
        w = leaky(layer(w))
    return layers[-1](w)


def mapping_before(z, layers):
    w = pixel(z)
    for layer in layers:
        w = layer(leaky(w))
    return w


def mapping_every_norm(z, layers):
    w = z
    for layer in layers:
        w = leaky(layer(pixel(w)))
    return w


def mapping_only_last(z, layers):
    return leaky(nn.Sequential(*layers)(pixel(z)))


def mapping_early_return(z, layers):
    w = pixel(z)
    for layer in layers:
        return leaky(layer(w))


def mapping_by_hand(z, layers):
    w = pixel(z)
    for layer in layers:
        w = leaky(w @ layer.weight.T + layer.bias)
    return w


def mapping_pops(z, layers):
    w = pixel(z)
    while layers:
        w = leaky(layers.pop(0)(w))
    return w


def mapping_changes(z, layers):
    z.data /= z.data.norm(dim=1, keepdim=True)
    return mapping()(z, layers)


def mapping_detached_norm(z, layers):
    return mapping(norm=lambda z: z / (z.detach().square().mean(1, keepdim=True) + 1e-8).sqrt())(z, layers)


MAPPING_RIGHT = {
    "plain": mapping(),
    "sequential": mapping_sequential,
    "in place on its own": mapping_in_place,
    "recursive, rms_norm": mapping_recursive,
    "where, epsilon outside": mapping_where,
    "power": mapping(norm=lambda z: z * (z.pow(2).sum(1, keepdim=True) / z.shape[1] + 1e-8) ** -0.5),
}
MAPPING_WRONG = {
    "no-norm": mapping(norm=lambda z: z),
    "unit-length": mapping(norm=lambda z: F.normalize(z, dim=1)),
    "whole-batch": mapping(norm=lambda z: z / (z.square().mean() + 1e-8).sqrt()),
    "over-batch": mapping(norm=lambda z: z / (z.square().mean(0) + 1e-8).sqrt()),
    "no-root": mapping(norm=lambda z: z / (z.square().mean(1, keepdim=True) + 1e-8)),
    "multiplied": mapping(norm=lambda z: z * (z.square().mean(1, keepdim=True) + 1e-8).sqrt()),
    "standardised": mapping(norm=lambda z: F.layer_norm(z, z.shape[1:])),
    "centred": mapping(norm=lambda z: z - z.mean(1, keepdim=True)),
    "deviation": mapping(norm=lambda z: z / (z.std(1, keepdim=True) + 1e-8)),
    "absolute": mapping(norm=lambda z: z / (z.abs().mean(1, keepdim=True) + 1e-8)),
    "largest": mapping(norm=lambda z: z / (z.abs().amax(1, keepdim=True) + 1e-8)),
    "epsilon": mapping(norm=lambda z: z / (z.square().mean(1, keepdim=True) + 0.1).sqrt()),
    "no-epsilon": mapping(norm=lambda z: z / z.square().mean(1, keepdim=True).sqrt()),
    "other-norm": mapping(norm=lambda z: 2 * pixel(z)),
    "linear": mapping(activation=lambda x: x),
    "slope": mapping(activation=F.leaky_relu),
    "relu": mapping(activation=F.relu),
    "gain": mapping(activation=lambda x: leaky(x) * 2**0.5),
    "squashed": mapping(activation=torch.tanh),
    "smooth": mapping(activation=F.silu),
    "other-activation": mapping(activation=lambda x: F.leaky_relu(x, 0.5)),
    "no-last-activation": mapping_no_last,
    "only-last-activation": mapping_only_last,
    "activation-first": mapping_before,
    "norm-every-layer": mapping_every_norm,
    "norm-last": lambda z, layers: pixel(mapping(norm=lambda z: z)(z, layers)),
    "by-hand": mapping_by_hand,
    "layer-order": mapping(order=lambda layers: layers[::-1]),
    "changes-layers": mapping_pops,
    "changes-input": mapping_changes,
    "cut-graph": mapping(activation=lambda x: leaky(x).detach()),
    "cut-graph-z": mapping(norm=lambda z: pixel(z).detach()),
    "detached": mapping_detached_norm,
    "shape": mapping_early_return,
    "not-a-tensor": lambda z, layers: [mapping()(z, layers)],
    "not-finite": mapping(norm=lambda z: z / 0),
    "none": lambda z, layers: None,
    "signature": lambda z: z,
}
MAPPING_ALSO_WRONG = [
    ("no-last-activation", lambda z, layers: mapping_no_last(z, layers)),
    ("shape", mapping(order=lambda layers: layers[:-1])),
    ("by-hand", lambda z, layers: mapping(order=lambda ls: [lambda x, m=m: x @ m.weight.T for m in ls])(z, layers)),
]

# 03.adain


def ada(norm=None, style=lambda n, g, b: g * n + b, dim=(2, 3)):
    """AdaIN with one part done in another way."""

    def adain(x, gamma, beta):
        mean, std = x.mean(dim, keepdim=True), x.std(dim, keepdim=True) + 1e-8
        normal = norm(x, mean, std) if norm else (x - mean) / std
        return style(normal, gamma[:, :, None, None], beta[:, :, None, None])

    return adain


def adain_instance(x, gamma, beta):
    return F.instance_norm(x, eps=1e-5) * gamma.unsqueeze(-1).unsqueeze(-1) + beta.unsqueeze(2).unsqueeze(3)


def adain_flat(x, gamma, beta):
    flat = x.flatten(2)
    mean, var = flat.mean(-1, keepdim=True), flat.var(-1, keepdim=True)
    return (gamma[..., None] * (flat - mean) * torch.rsqrt(var + 1e-8) + beta[..., None]).view(x.shape)


def adain_loop(x, gamma, beta):
    images = []
    for b in range(x.shape[0]):
        maps = [
            gamma[b, c] * (x[b, c] - x[b, c].mean()) / (x[b, c].std(unbiased=False) + 1e-5) + beta[b, c]
            for c in range(x.shape[1])
        ]
        images.append(torch.stack(maps))
    return torch.stack(images)


def adain_double(x, gamma, beta):
    x = x.double()
    mean = x.mean((2, 3), keepdim=True)
    sigma = ((x**2).mean((2, 3), keepdim=True) - mean**2).clamp(min=1e-10).sqrt()
    return torch.einsum("bc,bchw->bchw", gamma.double(), (x - mean) / sigma) + beta[:, :, None, None]


def adain_group(x, gamma, beta):
    y = nn.GroupNorm(x.shape[1], x.shape[1], affine=False)(x)
    y = y * gamma[:, :, None, None]
    y += beta[:, :, None, None]
    return y


def adain_changes(x, gamma, beta):
    x -= x.mean((2, 3), keepdim=True)
    return gamma[:, :, None, None] * x / (x.std((2, 3), keepdim=True) + 1e-8) + beta[:, :, None, None]


def adain_one_pass(x, gamma, beta):
    mean, square = x.mean((2, 3), keepdim=True), x.square().mean((2, 3), keepdim=True)
    return gamma[:, :, None, None] * (x - mean) / (square - mean**2 + 1e-8).sqrt() + beta[:, :, None, None]


def adain_if_flat(x, gamma, beta):
    if (x.std((2, 3)) == 0).any():
        return beta[:, :, None, None].expand_as(x)
    return ada()(x, gamma, beta)


def adain_variance(x, gamma, beta):
    var, mean = torch.var_mean(x, (2, 3), keepdim=True)
    return gamma[:, :, None, None] * (x - mean) / (var + 1e-8) + beta[:, :, None, None]


ADAIN_RIGHT = {
    "unbiased, outside": ada(),
    "instance norm": adain_instance,
    "flat": adain_flat,
    "loop": adain_loop,
    "in float64": adain_double,
    "group norm": adain_group,
}
ADAIN_WRONG = {
    "unchanged": ada(norm=lambda x, m, s: x, style=lambda n, g, b: n),
    "no-norm": ada(norm=lambda x, m, s: x),
    "not-centred": ada(norm=lambda x, m, s: x / s),
    "not-divided": ada(norm=lambda x, m, s: x - m),
    "variance": adain_variance,
    "multiplied": ada(norm=lambda x, m, s: (x - m) * s),
    "batch": ada(dim=(0, 2, 3)),
    "layer": ada(dim=(1, 2, 3)),
    "channels": ada(dim=1),
    "everything": ada(dim=(0, 1, 2, 3)),
    "one-side": ada(dim=3),
    "no-beta": ada(style=lambda n, g, b: g * n),
    "no-gamma": ada(style=lambda n, g, b: n + b),
    "no-style": ada(style=lambda n, g, b: n),
    "swapped": ada(style=lambda n, g, b: b * n + g),
    "one-plus": ada(style=lambda n, g, b: (1 + g) * n + b),
    "beta-inside": ada(style=lambda n, g, b: g * (n + b)),
    "subtracted": ada(style=lambda n, g, b: g * n - b),
    "gamma-divides": ada(style=lambda n, g, b: n / g + b),
    "absolute": ada(style=lambda n, g, b: g.abs() * n + b),
    "first-style": ada(style=lambda n, g, b: g[0] * n + b[0]),
    "mean-style": ada(style=lambda n, g, b: g.mean(0) * n + b.mean(0)),
    "one-number": ada(style=lambda n, g, b: g.mean(1, keepdim=True) * n + b.mean(1, keepdim=True)),
    "epsilon": ada(norm=lambda x, m, s: (x - m) / (s + 0.1)),
    "other-value": ada(style=lambda n, g, b: g * torch.tanh(n) + b),
    "flat": ada(norm=lambda x, m, s: (x - m) / x.std((2, 3), keepdim=True)),
    "flat-value": lambda x, g, b: ada(norm=lambda x, m, s: (x - m) / (s - 1e-8))(x, g, b).nan_to_num(),
    "flat-spoils": adain_if_flat,
    "one-pass": adain_one_pass,
    "detached": ada(norm=lambda x, m, s: (x - m.detach()) / s.detach()),
    "cut-graph": lambda x, g, b: ada()(x, g, b).detach(),
    "cut-graph-gamma": ada(style=lambda n, g, b: g.detach() * n + b),
    "cut-graph-beta": ada(style=lambda n, g, b: g * n + b.detach()),
    "cut-graph-x": ada(style=lambda n, g, b: g * n.detach() + b),
    "sizes": lambda x, gamma, beta: gamma * F.instance_norm(x) + beta,
    "shape": lambda x, gamma, beta: ada()(x, gamma, beta).flatten(2),
    "not-a-tensor": lambda x, gamma, beta: (gamma, beta),
    "changes-input": adain_changes,
    "none": lambda x, gamma, beta: None,
    "signature": lambda x, w: x,
}
ADAIN_ALSO_WRONG = [("one-side", ada(dim=2)), ("sizes", ada(norm=lambda x, m, s: (x - x.mean((2, 3))) / s))]
