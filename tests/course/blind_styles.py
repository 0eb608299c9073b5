"""Blind answers to the exercises on styles: the mapping network, AdaIN, noise, modulated convolution, truncation and
lazy R1. Collected from the task texts alone, before the judges were read.

RIGHT: exercise → name → answer. WRONG: exercise → name → (answer, what a good hint would have to point at).
"""

import math
from functools import reduce

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad, vjp, vmap

# ---------------------------------------------------------------------------------------------------- mapping_network


def pixel_norm(z):
    return z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)


def run_layers(w, layers, slope=0.2):
    for layer in layers:
        w = F.leaky_relu(layer(w), slope)
    return w


def m_plain(z, layers):
    w = z / torch.sqrt(torch.mean(z**2, dim=1, keepdim=True) + 1e-8)
    for layer in layers:
        w = layer(w)
        w = F.leaky_relu(w, negative_slope=0.2)
    return w


def m_sequential(z, layers):
    activated = [module for layer in layers for module in (layer, nn.LeakyReLU(0.2))]
    return nn.Sequential(*activated)(pixel_norm(z))


def m_reduce(z, layers):
    return reduce(lambda w, layer: F.leaky_relu(layer(w), 0.2), layers, pixel_norm(z))


def m_recursive(z, layers):
    def go(w, rest):
        return w if len(rest) == 0 else go(torch.maximum(rest[0](w), 0.2 * rest[0](w)), rest[1:])

    return go(F.rms_norm(z, z.shape[1:], eps=1e-8), list(layers))


def m_in_place(z, layers):
    w = z.clone()
    w /= (z.pow(2).sum(-1, keepdim=True) / z.shape[-1]).add_(1e-8).sqrt_()
    for layer in layers:
        w = F.leaky_relu_(layer(w), 0.2)
    return w


def m_double_norm(z, layers):
    exact = z.double()
    w = (exact / (exact.square().mean(1, keepdim=True) + 1e-8).sqrt()).to(z.dtype)
    for layer in layers:
        w = layer(w)
        w = torch.where(w > 0, w, 0.2 * w)
    return w


def m_einsum(z, layers):
    power = torch.einsum("bd,bd->b", z, z) / z.size(1)
    w = torch.einsum("bd,b->bd", z, (power + 1e-8) ** -0.5)
    for index in range(len(layers)):
        w = layers[index].forward(w)
        w = w.clamp(min=0) + 0.2 * w.clamp(max=0)
    return w


def m_rows(z, layers):
    out = []
    for row in z:
        w = row / torch.sqrt(row.dot(row) / len(row) + 1e-8)
        w = w.unsqueeze(0)
        for layer in layers:
            w = layer(w)
            w = F.relu(w) - 0.2 * F.relu(-w)
        out.append(w)
    return torch.cat(out)


def m_vmap(z, layers):
    def one(row):
        w = row * (row.square().mean() + 1e-8).rsqrt()
        for layer in layers:
            w = F.leaky_relu(layer(w), 0.2)
        return w

    return vmap(one)(z)


def m_norm_function(z, layers):
    w = z.div(torch.linalg.vector_norm(z, dim=1).square().div(z.shape[1]).add(1e-8).sqrt()[:, None])
    act = nn.LeakyReLU(negative_slope=0.2)
    for f in layers:
        w = act(f(w))
    return w


def m_prelu(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = F.prelu(layer(w), torch.tensor([0.2], dtype=w.dtype, device=w.device))
    return w


def mw_no_last(z, layers):
    w = pixel_norm(z)
    for i, layer in enumerate(layers):
        w = layer(w)
        if i < len(layers) - 1:
            w = F.leaky_relu(w, 0.2)
    return w


def mw_in_place(z, layers):
    z /= torch.sqrt((z**2).mean(1, keepdim=True) + 1e-8)
    return run_layers(z, layers)


def mw_norm_each(z, layers):
    w = z
    for layer in layers:
        w = F.leaky_relu(layer(pixel_norm(w)), 0.2)
    return w


def mw_all_outputs(z, layers):
    w, seen = pixel_norm(z), []
    for layer in layers:
        w = F.leaky_relu(layer(w), 0.2)
        seen.append(w)
    return w, seen


def mw_residual(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = w + F.leaky_relu(layer(w), 0.2)
    return w


def mw_pops(z, layers):
    w = pixel_norm(z)
    while layers:
        w = F.leaky_relu(layers.pop(0)(w), 0.2)
    return w


def mw_act_before(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = layer(F.leaky_relu(w, 0.2))
    return w


def mw_act_once(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = layer(w)
    return F.leaky_relu(w, 0.2)


def mw_act_twice(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = F.leaky_relu(F.leaky_relu(layer(w), 0.2), 0.2)
    return w


def mw_no_bias(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = F.leaky_relu(w @ layer.weight.T, 0.2)
    return w


def mw_forgets_w(z, layers):
    z = pixel_norm(z)
    for layer in layers:
        w = F.leaky_relu(layer(z), 0.2)
    return w


def mw_loses_act(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = layer(w)
        F.leaky_relu(w, 0.2)
    return w


def mw_early_return(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = F.leaky_relu(layer(w), 0.2)
        return w


def mw_no_grad(z, layers):
    with torch.no_grad():
        return m_plain(z, layers)


def mw_hard_width(z, layers):
    z = z.view(-1, 512)
    return run_layers(z / torch.sqrt((z**2).sum(1, keepdim=True) / 512 + 1e-8), layers)


def mw_divides_512(z, layers):
    return run_layers(z / torch.sqrt((z**2).sum(1, keepdim=True) / 512 + 1e-8), layers)


def mw_three_layers(z, layers):
    return run_layers(pixel_norm(z), [layers[0], layers[1], layers[2]])


def mw_appends(z, layers):
    for i in range(len(layers)):
        layers.insert(2 * i + 1, nn.LeakyReLU(0.2))
    return nn.Sequential(*layers)(pixel_norm(z))


def mw_fresh_layers(z, layers):
    w = pixel_norm(z)
    for layer in layers:
        w = F.leaky_relu(nn.Linear(layer.in_features, layer.out_features).to(w)(w), 0.2)
    return w


MAPPING_RIGHT = {
    "plain": m_plain,
    "sequential": m_sequential,
    "reduce": m_reduce,
    "recursive, rms_norm, maximum": m_recursive,
    "in place on its own": m_in_place,
    "norm in double": m_double_norm,
    "einsum": m_einsum,
    "row by row": m_rows,
    "vmap": m_vmap,
    "norm squared over D": m_norm_function,
    "prelu": m_prelu,
}
MAPPING_WRONG = {
    "no norm": (run_layers, "the pixel norm is missing"),
    "no last activation": (mw_no_last, "leaky ReLU comes after the last layer too"),
    "norm down the batch": (
        lambda z, layers: run_layers(z / torch.sqrt((z**2).mean(0, keepdim=True) + 1e-8), layers),
        "the mean runs over dim 0 (the batch) in place of the D numbers of a row",
    ),
    "norm of everything": (
        lambda z, layers: run_layers(z / torch.sqrt((z**2).mean() + 1e-8), layers),
        "one mean for the whole batch: right for a batch of one only",
    ),
    "unit length": (
        lambda z, layers: run_layers(F.normalize(z, dim=1), layers),
        "divides by the length: the sum of squares in place of their mean (√D too small)",
    ),
    "sum of squares": (
        lambda z, layers: run_layers(z / torch.sqrt((z**2).sum(1, keepdim=True) + 1e-8), layers),
        "sum in place of mean",
    ),
    "no root": (
        lambda z, layers: run_layers(z / ((z**2).mean(1, keepdim=True) + 1e-8), layers),
        "the square root is missing",
    ),
    "no eps": (
        lambda z, layers: run_layers(z / torch.sqrt((z**2).mean(1, keepdim=True)), layers),
        "no 1e-8: a z of zeros gives NaN",
    ),
    "big eps": (
        lambda z, layers: run_layers(z / torch.sqrt((z**2).mean(1, keepdim=True) + 1e-1), layers),
        "ε is 0.1 in place of 1e-8",
    ),
    "square of the mean": (
        lambda z, layers: run_layers(z / torch.sqrt(z.mean(1, keepdim=True) ** 2 + 1e-8), layers),
        "the square of the mean in place of the mean of the squares",
    ),
    "std": (
        lambda z, layers: run_layers(z / (z.std(1, keepdim=True) + 1e-8), layers),
        "the standard deviation subtracts the mean first",
    ),
    "standardised": (
        lambda z, layers: run_layers(F.layer_norm(z, z.shape[1:]), layers),
        "pixel norm does not subtract the mean",
    ),
    "multiplies": (
        lambda z, layers: run_layers(z * torch.sqrt((z**2).mean(1, keepdim=True) + 1e-8), layers),
        "multiplies by the root in place of dividing",
    ),
    "no keepdim": (
        lambda z, layers: run_layers(z / torch.sqrt((z**2).mean(1) + 1e-8), layers),
        "keepdim=True is missing: (B, D) / (B,) fails, or silently mixes rows when B = D or B = 1",
    ),
    "absolute mean": (
        lambda z, layers: run_layers(z / (z.abs().mean(1, keepdim=True) + 1e-8), layers),
        "mean of |z| in place of the root mean square",
    ),
    "slope 0.01": (
        lambda z, layers: run_layers(pixel_norm(z), layers, 0.01),
        "leaky_relu's default slope 0.01 in place of 0.2",
    ),
    "slope 0.02": (lambda z, layers: run_layers(pixel_norm(z), layers, 0.02), "slope 0.02 in place of 0.2"),
    "relu": (lambda z, layers: run_layers(pixel_norm(z), layers, 0.0), "ReLU in place of leaky ReLU"),
    "slope negative": (lambda z, layers: run_layers(pixel_norm(z), layers, -0.2), "the slope has the wrong sign"),
    "in place": (mw_in_place, "changes z itself"),
    "norm before each": (mw_norm_each, "normalises before every layer; only z is normalised"),
    "norm at the end": (
        lambda z, layers: pixel_norm(run_layers(z, layers)),
        "normalises w at the end in place of z at the beginning",
    ),
    "norm twice": (lambda z, layers: pixel_norm(m_plain(z, layers)), "normalises w at the end as well"),
    "all outputs": (mw_all_outputs, "returns a tuple with all layers' outputs"),
    "residual": (mw_residual, "adds the layer's input to its output: fails when the widths differ"),
    "pops": (mw_pops, "empties the caller's list: the second call has no layers"),
    "appends": (mw_appends, "puts activations into the caller's list: the second call has twice as many"),
    "activation before": (mw_act_before, "the activation comes before the layer"),
    "activation once": (mw_act_once, "the activation is outside the loop"),
    "activation twice": (mw_act_twice, "the activation is applied twice (slope 0.04)"),
    "activation lost": (mw_loses_act, "the result of F.leaky_relu is thrown away"),
    "no bias": (mw_no_bias, "uses layer.weight alone: the bias is lost"),
    "forgets w": (mw_forgets_w, "each layer gets z, not the last layer's output"),
    "early return": (mw_early_return, "return stands within the loop: one layer only"),
    "reversed": (lambda z, layers: run_layers(pixel_norm(z), layers[::-1]), "the layers in reverse order"),
    "skips the last": (lambda z, layers: run_layers(pixel_norm(z), layers[:-1]), "the last layer is left out"),
    "first layer again and again": (
        lambda z, layers: run_layers(pixel_norm(z), [layers[0]] * len(layers)),
        "always layers[0]",
    ),
    "three layers": (mw_three_layers, "three layers hard-coded"),
    "width 512": (mw_hard_width, "the width 512 is hard-coded"),
    "divides by 512": (mw_divides_512, "the mean divides by a hard-coded 512 in place of D"),
    "fresh layers": (mw_fresh_layers, "makes new layers in place of using those given"),
    "no_grad": (mw_no_grad, "no_grad cuts the graph: the layers can't learn"),
    "detached": (lambda z, layers: m_plain(z, layers).detach(), "detach() cuts the graph"),
    "z detached": (lambda z, layers: m_plain(z.detach(), layers), "no gradient reaches z"),
    "root detached": (
        lambda z, layers: run_layers(z / torch.sqrt((z.detach() ** 2).mean(1, keepdim=True) + 1e-8), layers),
        "no gradient through the pixel norm's divisor",
    ),
    "numpy": (lambda z, layers: m_plain(z, layers).detach().numpy(), "returns a numpy array"),
    "nothing": (lambda z, layers: None, "return is missing"),
    "z returned": (lambda z, layers: z, "returns z unchanged"),
}

# -------------------------------------------------------------------------------------------------------------- adain


def planes(v):
    return v[:, :, None, None]


def adain_of(x, gamma, beta, dims=(2, 3), eps=1e-5):
    mean = x.mean(dims, keepdim=True)
    var = x.var(dims, keepdim=True, unbiased=False)
    return planes(gamma) * (x - mean) / torch.sqrt(var + eps) + planes(beta)


def a_plain(x, gamma, beta):
    mu = x.mean(dim=(2, 3), keepdim=True)
    sigma = x.std(dim=(2, 3), keepdim=True) + 1e-5
    return gamma[:, :, None, None] * (x - mu) / sigma + beta[:, :, None, None]


def a_instance_norm(x, gamma, beta):
    return gamma.unsqueeze(-1).unsqueeze(-1) * F.instance_norm(x) + beta.unsqueeze(-1).unsqueeze(-1)


def a_addcmul(x, gamma, beta):
    b, c, h, w = x.shape
    flat = x.reshape(b, c, h * w)
    var, mean = torch.var_mean(flat, dim=-1, correction=0, keepdim=True)
    normal = (flat - mean) * torch.rsqrt(var + 1e-8)
    return torch.addcmul(beta.view(b, c, 1), gamma.view(b, c, 1), normal).reshape(x.shape)


def a_loop(x, gamma, beta):
    images = []
    for i in range(x.shape[0]):
        channels = []
        for c in range(x.shape[1]):
            centred = x[i, c] - x[i, c].mean()
            channels.append(gamma[i, c] * centred / torch.sqrt((centred**2).mean() + 1e-6) + beta[i, c])
        images.append(torch.stack(channels))
    return torch.stack(images)


def a_batch_norm(x, gamma, beta):
    b, c, h, w = x.shape
    out = F.batch_norm(
        x.reshape(1, b * c, h, w), None, None, weight=gamma.reshape(-1), bias=beta.reshape(-1), training=True, eps=1e-6
    )
    return out.reshape(b, c, h, w)


def a_double(x, gamma, beta):
    x64, g64, b64 = x.double(), gamma.double(), beta.double()
    var, mean = torch.var_mean(x64, dim=(-2, -1), keepdim=True)
    return (planes(g64) * (x64 - mean) / (var + 1e-10).sqrt() + planes(b64)).to(x.dtype)


def a_vmap(x, gamma, beta):
    def plane(p, g, b):
        p = p - p.mean()
        return g * p / (p.square().mean() + 1e-7).sqrt() + b

    return vmap(vmap(plane))(x, gamma, beta)


def a_affine(x, gamma, beta):
    mean = x.mean((2, 3))
    var = (x - planes(mean)).pow(2).sum((2, 3)) / (x.shape[2] * x.shape[3])
    scale = gamma / torch.sqrt(var + 1e-5)
    return torch.einsum("bchw,bc->bchw", x, scale) + planes(beta - scale * mean)


def a_in_place(x, gamma, beta):
    out = x.clone()
    out -= x.mean((2, 3), keepdim=True)
    out = out / out.square().mean((2, 3), keepdim=True).add_(1e-5).sqrt_()
    out *= gamma[..., None, None]
    out += beta[..., None, None]
    return out


def a_group_norm(x, gamma, beta):
    normal = F.group_norm(x, num_groups=x.shape[1], eps=1e-5)
    return (normal.permute(2, 3, 0, 1) * gamma + beta).permute(2, 3, 0, 1)


def a_layer_norm(x, gamma, beta):
    return F.layer_norm(x, x.shape[2:]) * gamma.reshape(*gamma.shape, 1, 1) + beta.reshape(*beta.shape, 1, 1)


def a_clamped(x, gamma, beta):
    var = x.var((2, 3), keepdim=True, unbiased=False).clamp(min=1e-10)
    return planes(gamma) * (x - x.mean((2, 3), keepdim=True)) / var**0.5 + planes(beta)


def aw_in_place(x, gamma, beta):
    x -= x.mean((2, 3), keepdim=True)
    x /= torch.sqrt(x.square().mean((2, 3), keepdim=True) + 1e-5)
    return planes(gamma) * x + planes(beta)


def aw_out_is_x(x, gamma, beta):
    out = x
    out -= x.mean((2, 3), keepdim=True)
    return planes(gamma) * out / torch.sqrt(out.square().mean((2, 3), keepdim=True) + 1e-5) + planes(beta)


def aw_gamma_in_place(x, gamma, beta):
    gamma /= torch.sqrt(x.var((2, 3), unbiased=False) + 1e-5)
    return planes(gamma) * (x - x.mean((2, 3), keepdim=True)) + planes(beta)


def aw_square(x, gamma, beta):
    b, c, h, _ = x.shape
    flat = x.view(b, c, -1)
    normal = (flat - flat.mean(-1, keepdim=True)) / (flat.std(-1, keepdim=True) + 1e-5)
    return planes(gamma) * normal.view(b, c, h, h) + planes(beta)


def aw_n_is_h2(x, gamma, beta):
    n = x.shape[2] ** 2
    mean = x.sum((2, 3), keepdim=True) / n
    var = ((x - mean) ** 2).sum((2, 3), keepdim=True) / n
    return planes(gamma) * (x - mean) / torch.sqrt(var + 1e-5) + planes(beta)


def aw_n_is_256(x, gamma, beta):
    mean = x.sum((2, 3), keepdim=True) / 256
    var = ((x - mean) ** 2).sum((2, 3), keepdim=True) / 256
    return planes(gamma) * (x - mean) / torch.sqrt(var + 1e-5) + planes(beta)


def aw_one_pass(x, gamma, beta):
    mean = x.mean((2, 3), keepdim=True)
    var = (x**2).mean((2, 3), keepdim=True) - mean**2
    return planes(gamma) * (x - mean) / torch.sqrt(var + 1e-8) + planes(beta)


def aw_var_keeps_mean(x, gamma, beta):
    var = (x**2).mean((2, 3), keepdim=True)
    return planes(gamma) * (x - x.mean((2, 3), keepdim=True)) / torch.sqrt(var + 1e-5) + planes(beta)


def aw_flat_returns(x, gamma, beta):
    sigma = x.std((2, 3), keepdim=True)
    if (sigma == 0).any():
        return x
    return planes(gamma) * (x - x.mean((2, 3), keepdim=True)) / sigma + planes(beta)


def aw_nan_to_num(x, gamma, beta):
    return adain_of(x, gamma, beta, eps=0).nan_to_num()


def aw_stats_detached(x, gamma, beta):
    mean, sigma = x.mean((2, 3), keepdim=True).detach(), x.std((2, 3), keepdim=True).detach() + 1e-5
    return planes(gamma) * (x - mean) / sigma + planes(beta)


def aw_no_grad_stats(x, gamma, beta):
    with torch.no_grad():
        normal = F.instance_norm(x)
    return planes(gamma) * normal + planes(beta)


def aw_fresh_gamma(x, gamma, beta):
    gamma, beta = torch.tensor(gamma.tolist()), torch.tensor(beta.tolist())
    return a_plain(x, gamma, beta)


def aw_style_stats(x, gamma, beta):
    g, b = gamma.std(1, keepdim=True), beta.mean(1, keepdim=True)
    return adain_of(x, g, b)


def aw_module(x, gamma, beta):
    norm = nn.InstanceNorm2d(64, affine=True).to(x)
    return planes(gamma) * norm(x) + planes(beta)


def aw_std_of_first(x, gamma, beta):
    mean, sigma = x[0].mean((1, 2), keepdim=True), x[0].std((1, 2), keepdim=True) + 1e-5
    return planes(gamma) * (x - mean) / sigma + planes(beta)


ADAIN_RIGHT = {
    "plain, unbiased std + 1e-5": a_plain,
    "instance_norm": a_instance_norm,
    "addcmul": a_addcmul,
    "loops": a_loop,
    "batch_norm of B·C channels": a_batch_norm,
    "double, unbiased": a_double,
    "vmap": a_vmap,
    "one affine map": a_affine,
    "in place on its own": a_in_place,
    "group_norm, permuted": a_group_norm,
    "layer_norm": a_layer_norm,
    "variance clamped": a_clamped,
}
ADAIN_WRONG = {
    "batch statistics": (
        lambda x, g, b: adain_of(x, g, b, (0, 2, 3)),
        "statistics over the batch too: right for a batch of one only",
    ),
    "all channels together": (
        lambda x, g, b: adain_of(x, g, b, (1, 2, 3)),
        "one μ, σ for all channels of an image: right if there is one channel",
    ),
    "channel statistics": (lambda x, g, b: adain_of(x, g, b, (1,)), "μ, σ over the channels of each pixel"),
    "rows only": (lambda x, g, b: adain_of(x, g, b, (3,)), "μ, σ over W only"),
    "columns only": (lambda x, g, b: adain_of(x, g, b, (2,)), "μ, σ over H only"),
    "everything": (lambda x, g, b: adain_of(x, g, b, (0, 1, 2, 3)), "one μ, σ for the whole tensor"),
    "statistics of the first image": (aw_std_of_first, "μ, σ of image 0 for all images"),
    "divides by the variance": (
        lambda x, g, b: (
            planes(g) * (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True) + 1e-5) + planes(b)
        ),
        "divides by σ²",
    ),
    "no mean": (
        lambda x, g, b: planes(g) * x / (x.std((2, 3), keepdim=True) + 1e-5) + planes(b),
        "μ is not subtracted",
    ),
    "no sigma": (
        lambda x, g, b: planes(g) * (x - x.mean((2, 3), keepdim=True)) + planes(b),
        "not divided by σ",
    ),
    "precedence": (
        lambda x, g, b: planes(g) * x - x.mean((2, 3), keepdim=True) / (x.std((2, 3), keepdim=True) + 1e-5) + planes(b),
        "brackets round x − μ are missing",
    ),
    "plus the mean": (
        lambda x, g, b: (
            planes(g) * (x + x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-5) + planes(b)
        ),
        "x + μ in place of x − μ",
    ),
    "multiplies by sigma": (
        lambda x, g, b: (
            planes(g) * (x - x.mean((2, 3), keepdim=True)) * (x.std((2, 3), keepdim=True) + 1e-5) + planes(b)
        ),
        "multiplies by σ",
    ),
    "no eps": (lambda x, g, b: adain_of(x, g, b, eps=0), "no ε: a flat map gives NaN"),
    "eps 0.1": (lambda x, g, b: adain_of(x, g, b, eps=0.1), "ε of 0.1 is not small"),
    "one-pass variance": (aw_one_pass, "mean(x²) − μ² falls below 0 for a flat map that lies far from 0: NaN"),
    "root mean square": (aw_var_keeps_mean, "σ is computed without subtracting μ"),
    "nan_to_num": (aw_nan_to_num, "a flat map becomes 0 in place of β"),
    "flat returns x": (aw_flat_returns, "one flat map gives x back for all"),
    "sigma at least 1": (
        lambda x, g, b: (
            planes(g) * (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True).clamp(min=1) + planes(b)
        ),
        "σ is clamped at 1: maps of low contrast are not normalised",
    ),
    "ignores beta": (lambda x, g, b: adain_of(x, g, torch.zeros_like(b)), "β is not added"),
    "ignores gamma": (lambda x, g, b: adain_of(x, torch.ones_like(g), b), "γ is not used"),
    "swapped": (lambda x, g, b: adain_of(x, b, g), "γ and β are swapped"),
    "1 + gamma": (lambda x, g, b: adain_of(x, 1 + g, b), "multiplies by 1 + γ"),
    "minus beta": (lambda x, g, b: adain_of(x, g, -b), "β is subtracted"),
    "beta scaled": (lambda x, g, b: adain_of(x, g, g * b), "γ multiplies β too"),
    "gamma added": (lambda x, g, b: adain_of(x, torch.ones_like(g), g + b), "γ is added in place of multiplied"),
    "gamma of the first image": (
        lambda x, g, b: adain_of(x, g[:1], b[:1]),
        "the style of image 0 for all images: right for a batch of one only",
    ),
    "mean style": (
        lambda x, g, b: adain_of(x, g.mean(0, keepdim=True), b.mean(0, keepdim=True)),
        "the style is averaged over the batch",
    ),
    "one gamma an image": (
        lambda x, g, b: adain_of(x, g[:, :1], b[:, :1]),
        "channel 0's γ, β for all channels: right only if all channels are equal",
    ),
    "style statistics": (aw_style_stats, "takes γ, β's own mean and deviation over the channels"),
    "no planes": (
        lambda x, g, b: g * F.instance_norm(x) + b,
        "(B, C) meets (H, W): γ, β need two more axes",
    ),
    "view 1, C, 1, 1": (
        lambda x, g, b: g.view(1, -1, 1, 1) * F.instance_norm(x) + b.view(1, -1, 1, 1),
        "view(1, −1, 1, 1) works for a batch of one only",
    ),
    "channels flipped": (lambda x, g, b: adain_of(x, g.flip(1), b.flip(1)), "the style's channels are reversed"),
    "style reshaped": (
        lambda x, g, b: adain_of(x, g.T.reshape(g.shape), b.T.reshape(b.shape)),
        "the style is transposed and reshaped: images and channels are mixed",
    ),
    "square only": (aw_square, "reshapes to (H, H): square maps only"),
    "n is H²": (aw_n_is_h2, "divides by H²: square maps only"),
    "n is 256": (aw_n_is_256, "the map's size 16×16 is hard-coded"),
    "64 channels, module": (aw_module, "64 channels are hard-coded in a module"),
    "in place": (aw_in_place, "changes x itself"),
    "out is x": (aw_out_is_x, "out = x is no copy: x is changed"),
    "gamma in place": (aw_gamma_in_place, "changes γ itself"),
    "statistics detached": (aw_stats_detached, "no gradient through μ, σ"),
    "no_grad": (aw_no_grad_stats, "no gradient reaches x"),
    "style copied": (aw_fresh_gamma, "γ, β pass through lists: no gradient reaches the style"),
    "detached": (lambda x, g, b: adain_of(x, g, b).detach(), "detach() cuts the graph"),
    "tuple": (lambda x, g, b: (adain_of(x, g, b), x.mean((2, 3))), "returns a tuple"),
    "numpy": (lambda x, g, b: adain_of(x, g, b).detach().numpy(), "returns a numpy array"),
    "flat": (lambda x, g, b: adain_of(x, g, b).flatten(2), "returns (B, C, H·W)"),
}

# ---------------------------------------------------------------------------------------------------------- add_noise


def with_noise(x, strength, noise):
    return x + strength.view(1, -1, 1, 1) * noise


def n_plain(x, strength):
    b, _, h, w = x.shape
    noise = torch.randn(b, 1, h, w, device=x.device, dtype=x.dtype)
    return x + strength[None, :, None, None] * noise


def n_randn_like(x, strength):
    return x + strength.reshape(-1, 1, 1) * torch.randn_like(x[:, :1])


def n_normal(x, strength):
    noise = torch.empty(x.shape[0], 1, *x.shape[2:], dtype=x.dtype, device=x.device).normal_()
    return torch.addcmul(x, strength[:, None, None], noise)


def n_loop(x, strength):
    out = []
    for image in x:
        noise = torch.randn(image.shape[1:], dtype=x.dtype, device=x.device)
        out.append(torch.stack([channel + s * noise for channel, s in zip(image, strength)]))
    return torch.stack(out)


def n_einsum(x, strength):
    noise = torch.randn(x.size(0), x.size(2), x.size(3)).to(x)
    return x + torch.einsum("c,bhw->bchw", strength, noise)


def n_box_muller(x, strength):
    b, _, h, w = x.shape
    u, v = torch.rand(2, b, 1, h, w, dtype=torch.float64)
    noise = torch.sqrt(-2 * torch.log1p(-u)) * torch.cos(2 * math.pi * v)
    return with_noise(x, strength, noise.to(x))


def n_distribution(x, strength):
    noise = torch.distributions.Normal(0.0, 1.0).sample((x.shape[0], 1, x.shape[2], x.shape[3])).to(x)
    return x + (noise.movedim(1, -1) * strength).movedim(-1, 1)


def n_numpy_noise(x, strength):
    noise = np.random.default_rng().standard_normal((x.shape[0], 1, x.shape[2], x.shape[3]))
    return with_noise(x, strength, torch.from_numpy(noise).to(x))


def n_in_place(x, strength):
    out = strength.view(-1, 1, 1) * x.new_empty(x.shape[0], 1, x.shape[2], x.shape[3]).normal_(0, 1)
    out += x
    return out


def n_minus(x, strength):
    """The normal distribution is symmetric."""
    return x - torch.normal(0.0, 1.0, (len(x), 1, *x.shape[-2:]), device=x.device) * strength[:, None, None]


def n_expand(x, strength):
    noise = torch.randn(x.shape[0], 1, x.shape[2], x.shape[3]).to(x).expand_as(x)
    return torch.lerp(x, x + noise, strength.view(-1, 1, 1).expand_as(x))


def n_double(x, strength):
    noise = torch.randn(x.shape[0], 1, *x.shape[2:], dtype=torch.float64, device=x.device)
    return (x.double() + strength.double().view(1, -1, 1, 1) * noise).to(x.dtype)


def n_vmap(x, strength):
    noise = torch.randn_like(x[:, 0])
    return vmap(lambda channel, s: channel + s * noise, in_dims=(1, 0), out_dims=1)(x, strength)


def n_conv(x, strength):
    """A 1×1 convolution spreads the noise over the channels."""
    return x + F.conv2d(torch.randn_like(x[:, :1]), strength.view(-1, 1, 1, 1))


OWN_GENERATOR = torch.Generator()
OWN_GENERATOR.seed()


def n_own_generator(x, strength):
    noise = torch.randn(x.shape[0], 1, *x.shape[2:], generator=OWN_GENERATOR).to(x)
    return with_noise(x, strength, noise)


def one_map(x):
    return torch.randn_like(x[:, :1])


def nw_seed(x, strength):
    torch.manual_seed(0)
    return n_plain(x, strength)


def nw_generator(x, strength):
    noise = torch.randn(x.shape[0], 1, *x.shape[2:], generator=torch.Generator().manual_seed(42))
    return with_noise(x, strength, noise.to(x))


def nw_fork(x, strength):
    with torch.random.fork_rng(devices=[]):
        return n_plain(x, strength)


CACHE = {}


def nw_cached(x, strength):
    key = (x.shape[0], *x.shape[2:])
    if key not in CACHE:
        CACHE[key] = one_map(x.detach())
    return with_noise(x, strength, CACHE[key])


def nw_two_half(x, strength):
    noise = one_map(x)
    if len(x) > 1:
        noise = torch.cat([noise[: len(x) // 2]] * 2 + [noise[2 * (len(x) // 2) :]])
    return with_noise(x, strength, noise)


def nw_in_place(x, strength):
    x += strength.view(-1, 1, 1) * one_map(x)
    return x


def nw_strength_in_place(x, strength):
    noise = one_map(x)
    strength *= 0.1
    return with_noise(x, strength, noise)


def nw_normalised(x, strength):
    noise = one_map(x)
    noise = (noise - noise.mean((2, 3), keepdim=True)) / (noise.std((2, 3), keepdim=True) + 1e-8)
    return with_noise(x, strength, noise)


def nw_zero_shortcut(x, strength):
    if not strength.any():
        return x
    return n_plain(x, strength)


def nw_list(x, strength):
    noise = one_map(x)
    return torch.stack([x[:, c] + strength[c].item() * noise[:, 0] for c in range(x.shape[1])], dim=1)


def nw_three_channels(x, strength):
    noise = one_map(x)
    return torch.cat([x[:, c : c + 1] + strength[c] * noise for c in range(3)], dim=1)


def nw_anew_each_channel(x, strength):
    return torch.stack([x[:, c] + strength[c] * torch.randn_like(x[:, c]) for c in range(x.shape[1])], dim=1)


def nw_anew_once(x, strength):
    noise = torch.randn(x.shape[2:]).to(x)
    return torch.stack([image + strength.view(-1, 1, 1) * noise for image in x])


def nw_numpy_seeded(x, strength):
    noise = np.random.RandomState(0).randn(x.shape[0], 1, *x.shape[2:])
    return with_noise(x, strength, torch.from_numpy(noise).to(x))


NOISE_RIGHT = {
    "plain": n_plain,
    "randn_like": n_randn_like,
    "normal_, addcmul": n_normal,
    "loops": n_loop,
    "einsum": n_einsum,
    "Box–Muller": n_box_muller,
    "distribution": n_distribution,
    "numpy's noise": n_numpy_noise,
    "in place on its own": n_in_place,
    "minus": n_minus,
    "expand, lerp": n_expand,
    "double": n_double,
    "vmap over channels": n_vmap,
    "1×1 convolution": n_conv,
    "own generator": n_own_generator,
}
NOISE_WRONG = {
    "a number a channel": (
        lambda x, s: with_noise(x, s, torch.randn_like(x)),
        "other noise in each channel: right for one channel only",
    ),
    "anew for each channel": (nw_anew_each_channel, "draws within the loop over channels"),
    "same for all images": (
        lambda x, s: with_noise(x, s, torch.randn(1, 1, *x.shape[2:])),
        "one noise map for the whole batch: right for a batch of one only",
    ),
    "one map, loop": (nw_anew_once, "draws before the loop over images: all get the same noise"),
    "pairs alike": (nw_two_half, "the second half of the batch repeats the first half's noise"),
    "a number an image": (
        lambda x, s: with_noise(x, s, torch.randn(len(x), 1, 1, 1)),
        "one number an image, not a pixel",
    ),
    "a number a channel of an image": (
        lambda x, s: with_noise(x, s, torch.randn(*x.shape[:2], 1, 1)),
        "noise of shape (B, C, 1, 1): constant over the pixels",
    ),
    "rows": (
        lambda x, s: with_noise(x, s, torch.randn(len(x), 1, x.shape[2], 1)),
        "one number a row: stripes",
    ),
    "columns": (
        lambda x, s: with_noise(x, s, torch.randn(len(x), 1, 1, x.shape[3])),
        "one number a column: stripes",
    ),
    "one number": (lambda x, s: with_noise(x, s, torch.randn(())), "one number for everything"),
    "uniform": (lambda x, s: with_noise(x, s, torch.rand_like(x[:, :1])), "uniform in [0, 1): rand, not randn"),
    "uniform, centred": (
        lambda x, s: with_noise(x, s, 2 * torch.rand_like(x[:, :1]) - 1),
        "uniform in [−1, 1), not normal",
    ),
    "uniform of variance 1": (
        lambda x, s: with_noise(x, s, (torch.rand_like(x[:, :1]) - 0.5) * 12**0.5),
        "mean 0 and variance 1, but uniform",
    ),
    "signs": (lambda x, s: with_noise(x, s, one_map(x).sign()), "±1: mean 0 and variance 1, but not normal"),
    "absolute": (lambda x, s: with_noise(x, s, one_map(x).abs()), "|n|: the noise only brightens"),
    "clamped": (lambda x, s: with_noise(x, s, one_map(x).clamp(-1, 1)), "the noise is clamped to [−1, 1]"),
    "normalised": (
        nw_normalised,
        "each noise map is forced to mean 0 and deviation 1: its pixels depend on each other",
    ),
    "blurred": (
        lambda x, s: with_noise(x, s, F.avg_pool2d(one_map(x), 3, 1, 1)),
        "the noise is blurred: neighbours depend on each other, variance below 1",
    ),
    "deviation 0.1": (lambda x, s: with_noise(x, s, 0.1 * one_map(x)), "the noise has deviation 0.1"),
    "mean 1": (lambda x, s: with_noise(x, s, 1 + one_map(x)), "the noise has mean 1"),
    "manual_seed": (nw_seed, "seeds within: the same noise at each call (and the caller's seed is lost)"),
    "fixed generator": (nw_generator, "a generator with a fixed seed: the same noise at each call"),
    "numpy, seeded": (nw_numpy_seeded, "RandomState(0): the same noise at each call"),
    "fork_rng": (nw_fork, "fork_rng puts the generator back: the same noise at each call"),
    "cached": (nw_cached, "the noise is drawn once and kept"),
    "ignores strength": (lambda x, s: x + one_map(x), "strength is not used"),
    "no noise": (lambda x, s: x + s.view(-1, 1, 1), "adds strength without noise"),
    "nothing added": (lambda x, s: x.clone(), "returns x"),
    "no planes": (
        lambda x, s: x + s * one_map(x),
        "(C,) meets W: fails, or runs along W when C = W (or C = 1)",
    ),
    "strength along H": (
        lambda x, s: x + s[:, None] * one_map(x),
        "strength lies along H: fails, or runs along H when C = H",
    ),
    "strength along B": (
        lambda x, s: x + s[:, None, None, None] * one_map(x),
        "strength lies along the batch: fails, or is wrong when B = C or B = 1",
    ),
    "first strength": (
        lambda x, s: x + s[0] * one_map(x),
        "strength[0] for all channels: right only if all are equal",
    ),
    "mean strength": (
        lambda x, s: x + s.mean() * one_map(x),
        "the mean strength for all channels: right only if all are equal",
    ),
    "flipped strength": (lambda x, s: with_noise(x, s.flip(0), one_map(x)), "strengths in reverse order"),
    "strength squared": (lambda x, s: with_noise(x, s**2, one_map(x)), "strength²"),
    "strength as a variance": (
        lambda x, s: with_noise(x, s.abs().sqrt(), one_map(x)),
        "√strength: taken for a variance",
    ),
    "multiplies": (lambda x, s: x * (1 + s.view(-1, 1, 1) * one_map(x)), "x·(1 + s·n) in place of x + s·n"),
    "x scaled too": (
        lambda x, s: (1 - s.view(-1, 1, 1)) * x + s.view(-1, 1, 1) * one_map(x),
        "x is weakened by 1 − strength",
    ),
    "x times strength": (lambda x, s: s.view(-1, 1, 1) * (x + one_map(x)), "strength multiplies x too"),
    "kept variance": (
        lambda x, s: with_noise(x, s, one_map(x)) / torch.sqrt(1 + s.view(-1, 1, 1) ** 2),
        "divides by √(1 + s²)",
    ),
    "noise of x's deviation": (
        lambda x, s: with_noise(x, s, one_map(x) * x.std()),
        "the noise is scaled by x's deviation",
    ),
    "output clamped": (lambda x, s: n_plain(x, s).clamp(-1, 1), "clamps the result to [−1, 1]"),
    "square only": (
        lambda x, s: with_noise(x, s, torch.randn(len(x), 1, x.shape[2], x.shape[2])),
        "noise of H×H: square maps only",
    ),
    "W, H": (
        lambda x, s: with_noise(x, s, torch.randn(len(x), 1, x.shape[3], x.shape[2])),
        "H and W are swapped: square maps only",
    ),
    "16×16": (lambda x, s: with_noise(x, s, torch.randn(len(x), 1, 16, 16)), "the size 16×16 is hard-coded"),
    "three channels": (nw_three_channels, "three channels are hard-coded"),
    "noise only": (lambda x, s: s.view(-1, 1, 1) * one_map(x), "x is not added"),
    "first channel only": (
        lambda x, s: torch.cat([x[:, :1] + s[0] * one_map(x), x[:, 1:]], 1),
        "only channel 0 gets noise",
    ),
    "in place": (nw_in_place, "changes x itself"),
    "strength in place": (nw_strength_in_place, "changes strength itself (and weakens it to a tenth)"),
    "zero shortcut": (
        nw_zero_shortcut,
        "returns x when strength is 0: strength, which starts at 0, gets no gradient and never learns",
    ),
    "items": (nw_list, ".item() cuts the graph: strength can't learn"),
    "strength.data": (lambda x, s: with_noise(x, s.data, one_map(x)), ".data cuts the graph: strength can't learn"),
    "x detached": (lambda x, s: n_plain(x.detach(), s), "no gradient reaches x"),
    "detached": (lambda x, s: n_plain(x, s).detach(), "detach() cuts the graph"),
    "tuple": (lambda x, s: (n_plain(x, s), one_map(x)), "returns a tuple"),
    "numpy": (lambda x, s: n_plain(x, s).detach().numpy(), "returns a numpy array"),
}

# ------------------------------------------------------------------------------------------------------ modulated_conv


def modulated(weight, style):
    return weight[None] * style[:, None, :, None, None]


def demodulated(w, dims=(2, 3, 4), eps=1e-8):
    return w / torch.sqrt((w**2).sum(dims, keepdim=True) + eps)


def conv_each(x, weights, padding=None):
    """Image b with weights[b]."""
    padding = weights.shape[-1] // 2 if padding is None else padding
    return torch.cat([F.conv2d(image[None], w, padding=padding) for image, w in zip(x, weights)])


def c_groups(x, weight, style):
    b, c, h, w = x.shape
    o, _, k, _ = weight.shape
    ws = weight.unsqueeze(0) * style.view(b, 1, c, 1, 1)
    ws = ws * torch.rsqrt(ws.pow(2).sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
    out = F.conv2d(x.reshape(1, b * c, h, w), ws.view(b * o, c, k, k), padding=k // 2, groups=b)
    return out.view(b, o, h, w)


def c_loop(x, weight, style):
    out = []
    for i in range(len(x)):
        w = weight * style[i].view(1, -1, 1, 1)
        w = w / torch.sqrt((w**2).sum(dim=(1, 2, 3), keepdim=True) + 1e-8)
        out.append(F.conv2d(x[i : i + 1], w, padding=weight.shape[-1] // 2))
    return torch.cat(out, dim=0)


def c_scale_in_out(x, weight, style):
    out = F.conv2d(x * style[:, :, None, None], weight, padding="same")
    norm = torch.sqrt(style.square() @ weight.square().sum((2, 3)).T + 1e-8)
    return out / norm[:, :, None, None]


def c_unfold(x, weight, style):
    (b, _, h, w), k = x.shape, weight.shape[-1]
    columns = F.unfold(x, k, padding=k // 2)
    ws = modulated(weight, style).flatten(2)
    ws = ws / (ws.square().sum(-1, keepdim=True) + 1e-8).sqrt()
    return torch.bmm(ws, columns).view(b, -1, h, w)


def c_einsum(x, weight, style):
    k = weight.shape[-1]
    p = k // 2
    windows = F.pad(x, (p, p, p, p)).unfold(2, k, 1).unfold(3, k, 1)
    ws = torch.einsum("bc,ocij->bocij", style, weight)
    scale = (torch.einsum("bocij,bocij->bo", ws, ws) + 1e-8) ** -0.5
    return torch.einsum("bchwij,bocij,bo->bohw", windows, ws, scale)


def c_vmap(x, weight, style):
    def one(image, s):
        w = weight * s[:, None, None]
        w = w / (w.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        return F.conv2d(image[None], w, padding=weight.shape[-1] // 2)[0]

    return vmap(one)(x, style)


def c_shifts(x, weight, style):
    (_, _, h, w), k = x.shape, weight.shape[-1]
    ws = demodulated(modulated(weight, style))
    padded = F.pad(x, [k // 2] * 4)
    out = 0
    for i in range(k):
        for j in range(k):
            out = out + torch.einsum("bchw,boc->bohw", padded[:, :, i : i + h, j : j + w], ws[..., i, j])
    return out


def c_double(x, weight, style):
    x64, w64, s64 = x.double(), weight.double(), style.double()
    ws = demodulated(modulated(w64, s64))
    return conv_each(x64, ws).to(x.dtype)


def c_fft(x, weight, style):
    (_, _, h, w), k = x.shape, weight.shape[-1]
    ws = demodulated(modulated(weight, style))
    size = (h + k - 1, w + k - 1)
    image, kernel = torch.fft.rfft2(x.double(), size), torch.fft.rfft2(ws.double().flip(-1, -2), size)
    full = torch.fft.irfft2(torch.einsum("bcyx,bocyx->boyx", image, kernel), size)
    return full[..., k // 2 : k // 2 + h, k // 2 : k // 2 + w].to(x.dtype)


def c_equalised(x, weight, style):
    """The scale of equalised learning rates falls out again by the norm."""
    scale = 2 / math.sqrt(weight.shape[1])
    ws = modulated(weight * scale, style)
    norm = (ws.square().flatten(2).sum(-1) + 1e-8 * scale**2).sqrt()
    return conv_each(x, ws / norm[:, :, None, None, None])


def c_in_place(x, weight, style):
    b, (o, _, k, _) = len(x), weight.shape
    demod = (modulated(weight, style).square().sum((2, 3, 4)) + 1e-8).rsqrt()
    out = F.conv2d(x.mul(style[..., None, None]), weight, stride=1, padding=(k // 2, k // 2))
    out *= demod.view(b, o, 1, 1)
    return out


def c_normalize(x, weight, style):
    """ε as the least length in place of under the root."""
    ws = modulated(weight, style)
    ws = F.normalize(ws.flatten(2), dim=2, eps=1e-4).view_as(ws)
    return conv_each(x, ws)


def c_each_number(x, weight, style):
    k = weight.shape[-1]
    images = []
    for i in range(x.shape[0]):
        maps = []
        for o in range(weight.shape[0]):
            kernel = weight[o] * style[i][:, None, None]
            kernel = kernel / (kernel.pow(2).sum() + 1e-8) ** 0.5
            maps.append(F.conv2d(x[i].unsqueeze(0), kernel.unsqueeze(0), padding=k // 2).squeeze(0).squeeze(0))
        images.append(torch.stack(maps))
    return torch.stack(images)


def cw_interleaved(x, weight, style):
    b, c, h, w = x.shape
    o, _, k, _ = weight.shape
    ws = demodulated(modulated(weight, style)).transpose(0, 1).reshape(b * o, c, k, k)
    return F.conv2d(x.reshape(1, b * c, h, w), ws, padding=k // 2, groups=b).view(b, o, h, w)


def cw_output_mixed(x, weight, style):
    b, c, h, w = x.shape
    o, _, k, _ = weight.shape
    ws = demodulated(modulated(weight, style)).reshape(b * o, c, k, k)
    out = F.conv2d(x.reshape(1, b * c, h, w), ws, padding=k // 2, groups=b)
    return out.view(o, b, h, w).transpose(0, 1)


def cw_no_groups(x, weight, style):
    b, o = len(x), len(weight)
    ws = demodulated(modulated(weight, style)).flatten(0, 1)
    return F.conv2d(x, ws, padding=weight.shape[-1] // 2).view(b, o, *x.shape[2:])


def cw_input_mixed(x, weight, style):
    b, c, h, w = x.shape
    o, _, k, _ = weight.shape
    ws = demodulated(modulated(weight, style)).reshape(b * o, c, k, k)
    return F.conv2d(x.transpose(0, 1).reshape(1, b * c, h, w), ws, padding=k // 2, groups=b).view(b, o, h, w)


def cw_square(x, weight, style):
    b, c, h, _ = x.shape
    o, _, k, _ = weight.shape
    ws = demodulated(modulated(weight, style)).view(b * o, c, k, k)
    return F.conv2d(x.reshape(1, b * c, h, h), ws, padding=k // 2, groups=b).view(b, o, h, h)


def cw_same_out(x, weight, style):
    b, c, h, w = x.shape
    k = weight.shape[-1]
    ws = demodulated(modulated(weight, style)).reshape(b * c, c, k, k)
    return F.conv2d(x.reshape(1, b * c, h, w), ws, padding=k // 2, groups=b).view(b, c, h, w)


def cw_k3(x, weight, style):
    b, c, h, w = x.shape
    ws = demodulated(modulated(weight, style)).view(-1, c, 3, 3)
    return F.conv2d(x.reshape(1, b * c, h, w), ws, padding=1, groups=b).view(b, -1, h, w)


def cw_in_place(x, weight, style):
    out = []
    for image, s in zip(x, style):
        weight *= s.view(1, -1, 1, 1)
        out.append(F.conv2d(image[None], demodulated(weight, (1, 2, 3)), padding=weight.shape[-1] // 2))
    return torch.cat(out)


def cw_data_in_place(x, weight, style):
    out = []
    for image, s in zip(x, style):
        w = weight.data
        w *= s.view(1, -1, 1, 1)
        out.append(F.conv2d(image[None], demodulated(w, (1, 2, 3)), padding=weight.shape[-1] // 2))
    return torch.cat(out)


def cw_x_in_place(x, weight, style):
    x *= planes(style)
    norm = torch.sqrt(modulated(weight, style).square().sum((2, 3, 4)) + 1e-8)
    return F.conv2d(x, weight, padding=weight.shape[-1] // 2) / planes(norm)


def cw_accumulates(x, weight, style):
    w, out = weight, []
    for image, s in zip(x, style):
        w = w * s.view(1, -1, 1, 1)
        w = demodulated(w, (1, 2, 3))
        out.append(F.conv2d(image[None], w, padding=w.shape[-1] // 2))
    return torch.cat(out)


def cw_last_weight(x, weight, style):
    for s in style:
        w = demodulated(weight * s.view(1, -1, 1, 1), (1, 2, 3))
    return F.conv2d(x, w, padding=w.shape[-1] // 2)


def cw_style_o(x, weight, style):
    return conv_each(x, demodulated(weight[None] * style[:, :, None, None, None]))


def cw_demod_first(x, weight, style):
    return conv_each(x, modulated(demodulated(weight, (1, 2, 3)), style))


def cw_norm_of_weight(x, weight, style):
    norm = torch.sqrt(weight.square().sum((1, 2, 3)) + 1e-8)
    return F.conv2d(x * planes(style), weight, padding=weight.shape[-1] // 2) / norm.view(1, -1, 1, 1)


def cw_norm_style_linear(x, weight, style):
    norm = torch.sqrt((style.abs() @ weight.square().sum((2, 3)).T) + 1e-8)
    return F.conv2d(x * planes(style), weight, padding=weight.shape[-1] // 2) / planes(norm)


def cw_instance_norm(x, weight, style):
    return F.instance_norm(conv_each(x, modulated(weight, style)))


def cw_output_std(x, weight, style):
    out = conv_each(x, modulated(weight, style))
    return out / (out.std((2, 3), keepdim=True) + 1e-8)


def cw_mode_pad(mode):
    def answer(x, weight, style):
        k = weight.shape[-1]
        return conv_each(F.pad(x, [k // 2] * 4, mode=mode), demodulated(modulated(weight, style)), 0)

    return answer


def cw_transposed_conv(x, weight, style):
    ws = demodulated(modulated(weight, style))
    k = weight.shape[-1]
    return torch.cat([F.conv_transpose2d(i[None], w.transpose(0, 1), padding=k // 2) for i, w in zip(x, ws)])


def cw_norm_detached(x, weight, style):
    ws = modulated(weight, style)
    norm = torch.sqrt((ws**2).sum((2, 3, 4), keepdim=True) + 1e-8).detach()
    return conv_each(x, ws / norm)


def cw_parameter(x, weight, style):
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2, bias=False).to(x)
    out = []
    for image, w in zip(x, demodulated(modulated(weight, style))):
        conv.weight = nn.Parameter(w.detach())
        out.append(conv(image[None]))
    return torch.cat(out)


def cw_bias(x, weight, style):
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2).to(x)
    ws = demodulated(modulated(weight, style))
    return torch.cat([F.conv2d(i[None], w, conv.bias, padding=conv.padding) for i, w in zip(x, ws)])


def cw_depthwise(x, weight, style):
    ws = demodulated(modulated(weight, style))
    maps = [
        torch.stack(
            [F.conv2d(i[None, c : c + 1], w[c : c + 1, c : c + 1], padding="same")[0, 0] for c in range(len(i))]
        )
        for i, w in zip(x, ws)
    ]
    return torch.stack(maps)


def cw_mod(change):
    """The right convolution with a changed style."""
    return lambda x, weight, style: c_loop(x, weight, change(style))


def cw_demod(change):
    """The right modulation with a changed demodulation."""
    return lambda x, weight, style: conv_each(x, change(modulated(weight, style)))


CONV_RIGHT = {
    "groups": c_groups,
    "loop over images": c_loop,
    "scales input and output": c_scale_in_out,
    "unfold, bmm": c_unfold,
    "windows, einsum": c_einsum,
    "vmap": c_vmap,
    "shifts": c_shifts,
    "double": c_double,
    "Fourier": c_fft,
    "equalised scale": c_equalised,
    "in place on its own": c_in_place,
    "F.normalize": c_normalize,
    "loops over all": c_each_number,
}
CONV_WRONG = {
    "no demodulation": (cw_demod(lambda w: w), "w' is not divided by its norm"),
    "no modulation": (cw_mod(torch.ones_like), "style is not used"),
    "plain convolution": (
        lambda x, weight, style: F.conv2d(x, weight, padding=weight.shape[-1] // 2),
        "neither modulated nor demodulated",
    ),
    "demodulates first": (cw_demod_first, "divides by the norm of w before the style: w'' has no unit norm"),
    "norm without the style": (cw_norm_of_weight, "the output is divided by w's norm, not by that of w'"),
    "norm with |s|": (cw_norm_style_linear, "the norm has s in place of s²"),
    "norm over the outputs too": (
        cw_demod(lambda w: demodulated(w, (1, 2, 3, 4))),
        "one norm for all output maps: right for O = 1 only",
    ),
    "norm over the outputs": (cw_demod(lambda w: demodulated(w, (1, 3, 4))), "the norm sums over o, not over c"),
    "norm over the batch too": (
        cw_demod(lambda w: demodulated(w, (0, 2, 3, 4))),
        "the norm sums over the images too: right for a batch of one only",
    ),
    "norm over c only": (cw_demod(lambda w: demodulated(w, (2,))), "the norm sums over c only: right for K = 1 only"),
    "norm over i, j only": (
        cw_demod(lambda w: demodulated(w, (3, 4))),
        "the norm sums over i, j only: right for C = 1",
    ),
    "mean": (
        cw_demod(lambda w: w / torch.sqrt((w**2).mean((2, 3, 4), keepdim=True) + 1e-8)),
        "mean in place of sum in the norm",
    ),
    "no root": (
        cw_demod(lambda w: w / ((w**2).sum((2, 3, 4), keepdim=True) + 1e-8)),
        "the square root is missing",
    ),
    "multiplies by the norm": (
        cw_demod(lambda w: w * torch.sqrt((w**2).sum((2, 3, 4), keepdim=True) + 1e-8)),
        "multiplies by the norm",
    ),
    "sum of absolutes": (
        cw_demod(lambda w: w / (w.abs().sum((2, 3, 4), keepdim=True) + 1e-8)),
        "the sum of |w'| in place of the root of the sum of squares",
    ),
    "square of the sum": (
        cw_demod(lambda w: w / torch.sqrt(w.sum((2, 3, 4), keepdim=True) ** 2 + 1e-8)),
        "the square of the sum in place of the sum of squares",
    ),
    "standard deviation": (
        cw_demod(lambda w: w / (w.std((2, 3, 4), keepdim=True) + 1e-8)),
        "the deviation of the weights in place of their norm",
    ),
    "no eps": (cw_demod(lambda w: demodulated(w, eps=0)), "no 1e-8: a style of zeros gives NaN"),
    "eps 0.1": (cw_demod(lambda w: demodulated(w, eps=0.1)), "ε is 0.1 in place of 1e-8"),
    "instance norm": (cw_instance_norm, "normalises the output maps in place of the weights (as AdaIN does)"),
    "output's deviation": (cw_output_std, "divides by the output's deviation in place of the weights' norm"),
    "first style": (
        cw_mod(lambda s: s[:1].expand_as(s)),
        "image 0's style for all images: right for a batch of one only",
    ),
    "last weights": (cw_last_weight, "the convolution is outside the loop: all images get the last style"),
    "mean style": (cw_mod(lambda s: s.mean(0, keepdim=True).expand_as(s)), "the style is averaged over the batch"),
    "one style an image": (
        cw_mod(lambda s: s[:, :1].expand_as(s)),
        "channel 0's style for all channels: right only if all channels are equal",
    ),
    "style on the outputs": (cw_style_o, "style multiplies the output maps (axis o): fails, or cancels when C = O"),
    "1 + style": (cw_mod(lambda s: 1 + s), "multiplies by 1 + s"),
    "style squared": (cw_mod(lambda s: s**2), "the style is applied twice"),
    "absolute style": (cw_mod(torch.abs), "the style loses its sign"),
    "softmax style": (cw_mod(lambda s: s.softmax(1)), "the style passes through a softmax"),
    "divides by the style": (cw_mod(lambda s: 1 / s), "divides by the style"),
    "style added": (
        lambda x, weight, style: conv_each(x, demodulated(weight[None] + style[:, None, :, None, None])),
        "the style is added in place of multiplied",
    ),
    "styles flipped": (cw_mod(lambda s: s.flip(0)), "images get each other's styles"),
    "channels interleaved": (cw_interleaved, "weights are laid out (o, b), groups need (b, o)"),
    "outputs mixed": (cw_output_mixed, "the output is read as (O, B) in place of (B, O)"),
    "inputs mixed": (cw_input_mixed, "the input is laid out (c, b), groups need (b, c)"),
    "no groups": (cw_no_groups, "groups=B is missing: works for a batch of one only"),
    "depthwise": (cw_depthwise, "each output sees one input channel: the sum over c is missing"),
    "no padding": (
        lambda x, weight, style: conv_each(x, demodulated(modulated(weight, style)), 0),
        "no padding: the map shrinks by K − 1",
    ),
    "padding 1": (
        lambda x, weight, style: conv_each(x, demodulated(modulated(weight, style)), 1),
        "padding is 1: right for K = 3 only",
    ),
    "padding K": (
        lambda x, weight, style: conv_each(x, demodulated(modulated(weight, style)), weight.shape[-1]),
        "padding is K in place of K // 2",
    ),
    "padding (K+1)//2": (
        lambda x, weight, style: conv_each(x, demodulated(modulated(weight, style)), (weight.shape[-1] + 1) // 2),
        "padding is one too much",
    ),
    "reflects": (cw_mode_pad("reflect"), "reflects at the border in place of zeros"),
    "replicates": (cw_mode_pad("replicate"), "repeats the border in place of zeros"),
    "circular": (cw_mode_pad("circular"), "wraps round at the border in place of zeros"),
    "cropped": (
        lambda x, weight, style: F.interpolate(
            conv_each(x, demodulated(modulated(weight, style)), 0), size=x.shape[2:]
        ),
        "no padding, then stretched to the size",
    ),
    "flipped kernel": (cw_demod(lambda w: demodulated(w).flip(-1, -2)), "the kernel is flipped: no cross-correlation"),
    "transposed kernel": (cw_demod(lambda w: demodulated(w).transpose(-1, -2)), "i and j are swapped"),
    "transposed convolution": (cw_transposed_conv, "conv_transpose2d flips the kernel: right for symmetric ones only"),
    "square only": (cw_square, "H is used for W: square maps only"),
    "O is C": (cw_same_out, "takes O = C for granted"),
    "K is 3": (cw_k3, "K = 3 is hard-coded"),
    "weight in place": (cw_in_place, "changes weight itself: styles pile up from image to image and call to call"),
    "weight.data in place": (cw_data_in_place, "changes weight through .data, which also cuts its gradient"),
    "x in place": (cw_x_in_place, "changes x itself"),
    "styles pile up": (cw_accumulates, "each image's weights start from the last image's"),
    "bias": (cw_bias, "adds a random bias"),
    "new parameter": (cw_parameter, "puts the weights into a new Parameter: no gradient reaches weight and style"),
    "norm detached": (cw_norm_detached, "no gradient through the norm"),
    "style detached": (cw_mod(torch.Tensor.detach), "no gradient reaches style"),
    "detached": (lambda x, weight, style: c_groups(x, weight, style).detach(), "detach() cuts the graph"),
    "tuple": (lambda x, weight, style: (c_groups(x, weight, style), weight), "returns a tuple"),
    "list": (lambda x, weight, style: list(c_groups(x, weight, style)), "returns a list of images"),
    "numpy": (lambda x, weight, style: c_groups(x, weight, style).detach().numpy(), "returns a numpy array"),
    "summed batch": (
        lambda x, weight, style: c_groups(x, weight, style).sum(0, keepdim=True),
        "sums the images: right for a batch of one only",
    ),
}

# ------------------------------------------------------------------------------------------------------------ truncate


def t_cat(w, w_mean, psi, layers):
    return torch.cat([w_mean + psi * (w[:, :layers] - w_mean), w[:, layers:]], dim=1)


def t_clone(w, w_mean, psi, layers):
    out = w.clone()
    out[:, :layers] = w_mean + psi * (w[:, :layers] - w_mean)
    return out


def t_where(w, w_mean, psi, layers):
    first = torch.arange(w.shape[1], device=w.device) < layers
    return torch.where(first[None, :, None], w_mean + psi * (w - w_mean), w)


def t_coefficients(w, w_mean, psi, layers):
    coefficient = w.new_ones(w.shape[1])
    coefficient[:layers] = psi
    return w_mean + torch.einsum("l,bld->bld", coefficient, w - w_mean)


def t_lerp(w, w_mean, psi, layers):
    coefs = torch.tensor([psi if i < layers else 1.0 for i in range(w.size(1))], dtype=w.dtype, device=w.device)
    return torch.lerp(w_mean.expand_as(w), w, coefs.view(1, -1, 1))


def t_loop(w, w_mean, psi, layers):
    out = []
    for index, layer in enumerate(w.unbind(1)):
        out.append(psi * layer + (1 - psi) * w_mean if index < layers else layer)
    return torch.stack(out, 1)


def t_vmap(w, w_mean, psi, layers):
    coefficient = torch.where(torch.arange(w.shape[1]) < layers, float(psi), 1.0).to(w)
    one = vmap(lambda v, c: w_mean + c * (v - w_mean))
    return vmap(one, in_dims=(0, None))(w, coefficient)


def t_double(w, w_mean, psi, layers):
    out, mean = w.double(), w_mean.double()
    mask = (torch.arange(w.shape[1], device=w.device) < layers).double()[:, None]
    return (out + mask * (psi - 1) * (out - mean)).to(w.dtype)


def t_split(w, w_mean, psi, layers):
    count = min(layers, w.shape[1])
    first, rest = w.split([count, w.shape[1] - count], dim=1)
    return torch.hstack([torch.lerp(w_mean.view(1, 1, -1).expand_as(first), first, float(psi)), rest])


def t_in_place(w, w_mean, psi, layers):
    out = w - w_mean
    out[:, :layers] *= psi
    out += w_mean
    return out


def t_permuted(w, w_mean, psi, layers):
    by_layer = list(w.permute(1, 0, 2))
    for i in range(min(layers, len(by_layer))):
        by_layer[i] = torch.add(w_mean, by_layer[i] - w_mean, alpha=psi)
    return torch.stack(by_layer).permute(1, 0, 2).contiguous()


def t_slice_scatter(w, w_mean, psi, layers):
    return torch.slice_scatter(w, w_mean.mul(1 - psi) + w[:, :layers].mul(psi), dim=1, start=0, end=layers)


def t_all(w, w_mean, psi):
    return w_mean + psi * (w - w_mean)


def tw_in_place(w, w_mean, psi, layers):
    w[:, :layers] = w_mean + psi * (w[:, :layers] - w_mean)
    return w


def tw_view_in_place(w, w_mean, psi, layers):
    first = w[:, :layers]
    first -= w_mean
    first *= psi
    first += w_mean
    return torch.cat([first, w[:, layers:]], 1)


def tw_mean_in_place(w, w_mean, psi, layers):
    out = w.clone()
    out[:, :layers] = psi * w[:, :layers] + w_mean.mul_(1 - psi)
    return out


def tw_zero_is_all(w, w_mean, psi, layers):
    layers = layers or w.shape[1]
    return t_cat(w, w_mean, psi, layers)


def tw_negative_slice(w, w_mean, psi, layers):
    count = w.shape[1] - layers
    return torch.cat([t_all(w[:, :-count], w_mean, psi), w[:, -count:]], 1)


def t_indexes_each(w, w_mean, psi, layers):
    out = w.clone()
    for i in range(layers):
        out[:, i] = w_mean + psi * (w[:, i] - w_mean)
    return out


def tw_one_layer(w, w_mean, psi, layers):
    out = w.clone()
    out[:, layers] = t_all(w[:, layers], w_mean, psi)
    return out


def tw_batch(w, w_mean, psi, layers):
    out = w.clone()
    out[:layers] = t_all(w[:layers], w_mean, psi)
    return out


def tw_features(w, w_mean, psi, layers):
    out = w.clone()
    out[:, :, :layers] = t_all(w, w_mean, psi)[:, :, :layers]
    return out


def tw_first_image(w, w_mean, psi, layers):
    out = w.clone()
    out[0, :layers] = t_all(w[0, :layers], w_mean, psi)
    return out


def tw_again_and_again(w, w_mean, psi, layers):
    for i in range(layers):
        w = torch.cat([t_all(w[:, : i + 1], w_mean, psi), w[:, i + 1 :]], 1)
    return w


def tw_powers(w, w_mean, psi, layers):
    coefficient = [psi ** (i + 1) if i < layers else 1.0 for i in range(w.shape[1])]
    return w_mean + w.new_tensor(coefficient)[:, None] * (w - w_mean)


def tw_rest_is_mean(w, w_mean, psi, layers):
    return torch.cat([t_all(w[:, :layers], w_mean, psi), w_mean.expand_as(w[:, layers:])], 1)


def tw_hard_sizes(w, w_mean, psi, layers):
    out = w.view(-1, 14, 512).clone()
    out[:, :layers] = t_all(out[:, :layers], w_mean, psi)
    return out


def tw_all_if(w, w_mean, psi, layers):
    return t_all(w, w_mean, psi) if layers > 0 else w


def tw_clamp(w, w_mean, psi, layers):
    return torch.cat([w_mean + (w[:, :layers] - w_mean).clamp(-psi, psi), w[:, layers:]], 1)


def tw_to_length(w, w_mean, psi, layers):
    away = F.normalize(w[:, :layers] - w_mean, dim=-1)
    return torch.cat([w_mean + psi * away, w[:, layers:]], 1)


def tw_first(change):
    """The first layers by `change`, the others w."""
    return lambda w, w_mean, psi, layers: torch.cat([change(w[:, :layers], w_mean, psi), w[:, layers:]], 1)


def tw_count(change):
    """The right formula with a changed number of layers."""
    return lambda w, w_mean, psi, layers: t_cat(w, w_mean, psi, change(w, layers))


TRUNCATE_RIGHT = {
    "cat": t_cat,
    "clone": t_clone,
    "where": t_where,
    "coefficients, einsum": t_coefficients,
    "lerp": t_lerp,
    "loop": t_loop,
    "vmap": t_vmap,
    "double": t_double,
    "split": t_split,
    "in place on its own": t_in_place,
    "permuted": t_permuted,
    "slice_scatter": t_slice_scatter,
    "layer by layer": t_indexes_each,  # `layers` is 0 to L, so an index beyond L is not asked for.
    "detached": lambda w, m, psi, layers: t_cat(w, m, psi, layers).detach(),  # It serves sampling alone.
    "first part detached": lambda w, m, psi, layers: torch.cat([t_all(w.data[:, :layers], m, psi), w[:, layers:]], 1),
}
TRUNCATE_WRONG = {
    "all layers": (lambda w, m, psi, layers: t_all(w, m, psi), "layers is ignored: all layers are truncated"),
    "all if any": (tw_all_if, "layers only switches truncation on: all layers are truncated"),
    "nothing": (lambda w, m, psi, layers: w.clone(), "nothing is truncated"),
    "the others": (
        lambda w, m, psi, layers: torch.cat([w[:, :layers], t_all(w[:, layers:], m, psi)], 1),
        "the last layers are truncated in place of the first",
    ),
    "the last ones": (
        lambda w, m, psi, layers: torch.cat(
            [w[:, : w.shape[1] - layers], t_all(w[:, w.shape[1] - layers :], m, psi)], 1
        ),
        "the last `layers` layers in place of the first",
    ),
    "one too many": (tw_count(lambda w, n: n + 1), "one layer too many (≤ in place of <)"),
    "one too few": (tw_count(lambda w, n: max(n - 1, 0)), "one layer too few"),
    "one layer": (tw_one_layer, "only the layer with index `layers` is truncated"),
    "only the first": (tw_count(lambda w, n: 1), "only layer 0 is truncated: right for layers = 1 only"),
    "8 layers": (tw_count(lambda w, n: 8), "8 layers are hard-coded"),
    "0 is all": (tw_zero_is_all, "layers = 0 is taken for all"),
    "negative slice": (tw_negative_slice, "w[:, −0:] is everything: wrong when layers = L"),
    "images": (tw_batch, "w[:layers] cuts the batch, not the layers"),
    "features": (tw_features, "the first `layers` of the D numbers, not of the layers"),
    "first image": (tw_first_image, "only image 0 is truncated: right for a batch of one only"),
    "truncated only": (
        lambda w, m, psi, layers: t_all(w[:, :layers], m, psi),
        "the other layers are missing from the result",
    ),
    "rest is the mean": (tw_rest_is_mean, "the other layers become w_mean"),
    "rest is zero": (
        lambda w, m, psi, layers: torch.cat([t_all(w[:, :layers], m, psi), torch.zeros_like(w[:, layers:])], 1),
        "the other layers become 0",
    ),
    "1 − psi": (tw_first(lambda w, m, psi: t_all(w, m, 1 - psi)), "ψ and 1 − ψ are swapped"),
    "from w": (tw_first(lambda w, m, psi: w + psi * (w - m)), "starts from w in place of w_mean"),
    "sign": (tw_first(lambda w, m, psi: m + psi * (m - w)), "w_mean − w in place of w − w_mean"),
    "minus": (tw_first(lambda w, m, psi: m - psi * (w - m)), "minus ψ"),
    "no mean added": (tw_first(lambda w, m, psi: psi * (w - m)), "w_mean is not added again"),
    "towards zero": (tw_first(lambda w, m, psi: psi * w), "w_mean is ignored: w is drawn to 0"),
    "no bracket": (tw_first(lambda w, m, psi: m + psi * w - m), "the bracket is missing: w_mean cancels"),
    "mean not subtracted": (tw_first(lambda w, m, psi: m + psi * w), "w_mean is not subtracted first"),
    "divides": (tw_first(lambda w, m, psi: m + (w - m) / psi), "divides by ψ"),
    "mean only": (tw_first(lambda w, m, psi: m.expand_as(w)), "ψ is ignored: right for ψ = 0 only"),
    "0.7": (tw_first(lambda w, m, psi: t_all(w, m, 0.7)), "ψ = 0.7 is hard-coded"),
    "psi squared": (tw_first(lambda w, m, psi: t_all(w, m, psi**2)), "ψ²: right for 0 and 1 only"),
    "psi clamped": (tw_first(lambda w, m, psi: t_all(w, m, min(max(psi, 0), 1))), "ψ is clamped to [0, 1]"),
    "psi int": (tw_first(lambda w, m, psi: t_all(w, m, int(psi))), "ψ is rounded down to an integer"),
    "lerp swapped": (tw_first(lambda w, m, psi: torch.lerp(w, m.expand_as(w), psi)), "lerp's ends are swapped"),
    "deviations clamped": (tw_clamp, "w − w_mean is clamped to ±ψ in place of multiplied"),
    "length psi": (tw_to_length, "w − w_mean is set to length ψ in place of multiplied"),
    "own mean": (
        lambda w, m, psi, layers: t_cat(w, w.mean((0, 1)), psi, layers),
        "the batch's own mean in place of w_mean",
    ),
    "mean over D": (
        lambda w, m, psi, layers: t_cat(w, m.mean(), psi, layers),
        "one number in place of w_mean: right only if all its numbers are equal",
    ),
    "mean along the layers": (
        lambda w, m, psi, layers: m[:, None] + psi * (w - m[:, None]),
        "w_mean lies along the layers: fails unless L = D (and layers is ignored)",
    ),
    "again and again": (tw_again_and_again, "earlier layers are truncated once for each later one"),
    "powers": (tw_powers, "layer i gets ψ^(i + 1)"),
    "14 layers of 512": (tw_hard_sizes, "L = 14, D = 512 are hard-coded"),
    "in place": (tw_in_place, "changes w itself"),
    "view in place": (tw_view_in_place, "a slice is a view: w itself is changed"),
    "mean in place": (tw_mean_in_place, "changes w_mean itself"),
    "tuple": (
        lambda w, m, psi, layers: (t_all(w[:, :layers], m, psi), w[:, layers:]),
        "returns the two parts as a tuple",
    ),
    "numpy": (lambda w, m, psi, layers: t_cat(w, m, psi, layers).detach().numpy(), "returns a numpy array"),
    "list": (lambda w, m, psi, layers: list(t_cat(w, m, psi, layers).unbind(1)), "returns a list of layers"),
    "stacked on the batch": (
        lambda w, m, psi, layers: torch.cat(
            [t_all(w[:, :layers], m, psi).transpose(0, 1), w[:, layers:].transpose(0, 1)]
        ),
        "returns (L, B, D)",
    ),
}

# ------------------------------------------------------------------------------------------------------------- lazy_r1


def leaf(real):
    return real.detach().clone().requires_grad_(True)


def slopes(critic, real, **options):
    x = leaf(real)
    return torch.autograd.grad(critic(x).sum(), x, **{"create_graph": True, **options})[0]


def squares(critic, real):
    return slopes(critic, real).square().flatten(1).sum(1)


def r_plain(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    real = real.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(outputs=critic(real).sum(), inputs=real, create_graph=True)
    return every * gamma / 2 * gradient.pow(2).sum(dim=(1, 2, 3)).mean()


def r_tensor_zero(critic, real, step, gamma, every):
    if step % every:
        return torch.zeros((), device=real.device)
    x = leaf(real)
    out = critic(x)
    g = torch.autograd.grad(out, x, grad_outputs=torch.ones_like(out), create_graph=True, retain_graph=True)[0]
    return (g.reshape(len(g), -1).norm(2, dim=1) ** 2).mean() * (gamma * 0.5) * every


def r_func_grad(critic, real, step, gamma, every):
    if divmod(step, every)[1] > 0:
        return 0
    g = grad(lambda x: critic(x).sum())(real.detach())
    return every * (gamma / 2) * torch.einsum("bchw,bchw->b", g, g).mean()


def r_vmap(critic, real, step, gamma, every):
    if step % every != 0:
        return real.new_zeros(())
    g = vmap(grad(lambda image: critic(image[None]).sum()))(real.detach())
    return every * 0.5 * gamma * g.square().sum() / real.shape[0]


def r_vjp(critic, real, step, gamma, every):
    if step % every == 0:
        out, pull = vjp(critic, real.detach())
        (g,) = pull(torch.ones_like(out))
        return gamma / 2 * every * (g * g).flatten(1).sum(-1).mean(0)
    return 0.0


def r_loop(critic, real, step, gamma, every):
    if step // every * every != step:
        return torch.tensor(0.0)
    total = 0.0
    for image in real:
        x = image.detach().unsqueeze(0).requires_grad_()
        g = torch.autograd.grad(critic(x).squeeze(), x, create_graph=True)[0]
        total = total + (g**2).sum()
    return every * (gamma / 2) * total / len(real)


def r_each_output(critic, real, step, gamma, every):
    if step % every != 0:
        return 0
    x = leaf(real)
    out = critic(x).flatten()
    rows = [torch.autograd.grad(out[i], x, create_graph=True)[0][i] for i in range(len(x))]
    return every * (gamma / 2) * torch.stack([row.square().sum() for row in rows]).mean()


def r_batch_mean(critic, real, step, gamma, every):
    """The gradient of the mean is 1/B of each: squared and summed, B times too small."""
    if step % every != 0:
        return 0.0
    x = leaf(real)
    g = torch.autograd.grad(critic(x).mean(), x, create_graph=True)[0]
    return every * (gamma / 2) * len(x) * (g**2).sum()


def r_double(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    if not isinstance(critic, nn.Module):
        return every * (gamma / 2) * squares(critic, real).double().mean().to(real.dtype)
    exact = {name: value.double() for name, value in critic.named_parameters()}
    exact |= {name: value.double() if value.is_floating_point() else value for name, value in critic.named_buffers()}
    x = real.detach().double().requires_grad_()
    g = torch.autograd.grad(functional_call(critic, exact, (x,)).sum(), x, create_graph=True)[0]
    return (every * (gamma / 2) * g.square().sum((1, 2, 3)).mean()).to(real.dtype)


def r_helper(critic, real, step, gamma, every):
    def penalty():
        with torch.enable_grad():
            x = real.data.clone()
            x.requires_grad = True
            score = critic(x).view(-1)
            g = torch.autograd.grad(score, x, torch.ones_like(score), create_graph=True, only_inputs=True)[0]
            return torch.linalg.vector_norm(g.flatten(start_dim=1), dim=1).square().mean()

    return {True: lambda: every * gamma * penalty() / 2, False: lambda: 0.0}[step % every == 0]()


def r_two_axes(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0 * gamma
    g = slopes(critic, real)
    return torch.mul(g, g).sum(3).sum(2).sum(1).mean().mul(every * gamma).div(2)


def r_offset(critic, real, step, gamma, every):
    """The gradient at x is the gradient in a shift of x, at 0."""
    if step % every != 0:
        return torch.zeros_like(real.flatten()[0]).detach()
    shift = torch.zeros_like(real, requires_grad=True)
    g = torch.autograd.grad(critic(real.detach() + shift).sum(), shift, create_graph=True)[0]
    return every * (gamma / 2) * F.mse_loss(g, torch.zeros_like(g), reduction="sum") / g.shape[0]


def rw_penalty(change):
    """`change(critic, real)` in place of E‖∇D‖²."""

    def answer(critic, real, step, gamma, every):
        return every * (gamma / 2) * change(critic, real) if step % every == 0 else 0.0

    return answer


def rw_when(due):
    """The right penalty at other steps."""

    def answer(critic, real, step, gamma, every):
        return r_plain(critic, real, 0, gamma, every) if due(step, every) else 0.0

    return answer


def rw_factor(factor):
    """The right mean with another factor."""

    def answer(critic, real, step, gamma, every):
        return factor(gamma, every) * squares(critic, real).mean() if step % every == 0 else 0.0

    return answer


def rw_always_computed(critic, real, step, gamma, every):
    penalty = every * (gamma / 2) * squares(critic, real).mean()
    return penalty if step % every == 0 else 0.0


def rw_times_due(critic, real, step, gamma, every):
    return float(step % every == 0) * every * (gamma / 2) * squares(critic, real).mean()


def rw_forward_first(critic, real, step, gamma, every):
    x = leaf(real)
    out = critic(x)
    if step % every != 0:
        return 0.0
    g = torch.autograd.grad(out.sum(), x, create_graph=True)[0]
    return every * (gamma / 2) * g.square().sum((1, 2, 3)).mean()


def rw_no_zero(critic, real, step, gamma, every):
    if step % every == 0:
        return every * (gamma / 2) * squares(critic, real).mean()


def rw_zero_images(critic, real, step, gamma, every):
    return every * (gamma / 2) * squares(critic, real).mean() if step % every == 0 else torch.zeros(len(real))


def rw_not_lazy(critic, real, step, gamma, every):
    return gamma / 2 * squares(critic, real).mean()


def rw_spread(critic, real, step, gamma, every):
    return (every if step % every == 0 else 1) * (gamma / 2) * squares(critic, real).mean()


LAST = {}


def rw_remembers(critic, real, step, gamma, every):
    if step % every == 0 or "penalty" not in LAST:
        LAST["penalty"] = every * (gamma / 2) * squares(critic, real).mean()
    return LAST["penalty"]


COUNTER = {"calls": 0}


def rw_own_counter(critic, real, step, gamma, every):
    due = COUNTER["calls"] % every == 0
    COUNTER["calls"] += 1
    return every * (gamma / 2) * squares(critic, real).mean() if due else 0.0


def rw_backward(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    x = leaf(real)
    critic(x).sum().backward(create_graph=True)
    return every * (gamma / 2) * x.grad.square().sum((1, 2, 3)).mean()


def rw_backward_plain(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    x = leaf(real)
    critic(x).sum().backward()
    return every * (gamma / 2) * x.grad.square().sum((1, 2, 3)).mean()


def rw_backs_up(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    penalty = every * (gamma / 2) * squares(critic, real).mean()
    penalty.backward(retain_graph=True)
    return penalty


def rw_no_requires(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    g = torch.autograd.grad(critic(real).sum(), real, create_graph=True)[0]
    return every * (gamma / 2) * g.square().sum((1, 2, 3)).mean()


def rw_scales_real(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    real.clamp_(-1, 1).mul_(0.5)
    return every * (gamma / 2) * squares(critic, real).mean()


def rw_freezes(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    for p in critic.parameters():
        p.requires_grad_(False)
    return every * (gamma / 2) * squares(critic, real).mean()


def rw_zero_grad(critic, real, step, gamma, every):
    critic.zero_grad()
    return r_plain(critic, real, step, gamma, every)


def rw_copied(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    frozen = {name: p.detach().clone().requires_grad_() for name, p in critic.named_parameters()}
    return every * (gamma / 2) * squares(lambda x: functional_call(critic, frozen, (x,)), real).mean()


def rw_no_grad(critic, real, step, gamma, every):
    if step % every != 0:
        return 0.0
    with torch.no_grad():
        x = leaf(real)
        g = torch.autograd.grad(critic(x).sum(), x)[0]
    return every * (gamma / 2) * g.square().sum((1, 2, 3)).mean()


def rw_column_ones(critic, real):
    x = leaf(real)
    g = torch.autograd.grad(critic(x), x, torch.ones(len(x), 1), create_graph=True)[0]
    return g.square().sum((1, 2, 3)).mean()


def rw_row_ones(critic, real):
    x = leaf(real)
    g = torch.autograd.grad(critic(x), x, torch.ones(len(x)), create_graph=True)[0]
    return g.square().sum((1, 2, 3)).mean()


def rw_scalar_out(critic, real):
    x = leaf(real)
    return torch.autograd.grad(critic(x), x, create_graph=True)[0].square().sum((1, 2, 3)).mean()


def rw_random_ones(critic, real):
    x = leaf(real)
    out = critic(x)
    return torch.autograd.grad(out, x, torch.randn_like(out), create_graph=True)[0].square().sum((1, 2, 3)).mean()


def rw_of_mean(critic, real):
    x = leaf(real)
    return torch.autograd.grad(critic(x).mean(), x, create_graph=True)[0].square().sum((1, 2, 3)).mean()


def rw_of_first(critic, real):
    x = leaf(real)
    return torch.autograd.grad(critic(x)[0].sum(), x, create_graph=True)[0].square().sum((1, 2, 3)).mean()


def rw_of_loss(critic, real):
    x = leaf(real)
    return torch.autograd.grad(F.softplus(-critic(x)).sum(), x, create_graph=True)[0].square().sum((1, 2, 3)).mean()


def rw_of_probability(critic, real):
    x = leaf(real)
    return torch.autograd.grad(critic(x).sigmoid().sum(), x, create_graph=True)[0].square().sum((1, 2, 3)).mean()


def rw_weights_gradient(critic, real):
    weights = list(critic.parameters())
    gradients = torch.autograd.grad(critic(real).mean(), weights, create_graph=True)
    return sum(g.square().sum() for g in gradients)


def rw_at_noise(critic, real):
    return squares(critic, torch.randn_like(real)).mean()


def rw_near(critic, real):
    return squares(critic, real + 0.5 * torch.randn_like(real)).mean()


def rw_hard_size(critic, real):
    return slopes(critic, real).view(-1, 3 * 32 * 32).square().sum(1).mean()


def rw_sides(critic, real):
    g = slopes(critic, real)
    return g.view(g.shape[0], g.shape[1] * g.shape[2] ** 2).square().sum(1).mean()


def rw_batch_mixed(critic, real):
    return slopes(critic, real).transpose(0, 1).flatten(1).square().sum(1).mean()


LAZY_RIGHT = {
    "plain": r_plain,
    "ones, norm squared": r_tensor_zero,
    "torch.func.grad": r_func_grad,
    "vmap of grad": r_vmap,
    "vjp": r_vjp,
    "image by image": r_loop,
    "output by output": r_each_output,
    "gradient of the mean, times B": r_batch_mean,
    "double": r_double,
    "helper": r_helper,
    "axis by axis": r_two_axes,
    "in a shift": r_offset,
}
LAZY_WRONG = {
    "not lazy": (rw_not_lazy, "the penalty at every step: step and every are ignored"),
    "no factor every": (rw_factor(lambda gamma, every: gamma / 2), "the factor `every` is missing"),
    "no half": (rw_factor(lambda gamma, every: every * gamma), "γ in place of γ/2"),
    "twice": (rw_factor(lambda gamma, every: every * gamma * 2), "2γ in place of γ/2"),
    "divides by every": (rw_factor(lambda gamma, every: gamma / 2 / every), "divides by `every`"),
    "every squared": (rw_factor(lambda gamma, every: gamma / 2 * every**2), "`every` twice"),
    "gamma squared": (rw_factor(lambda gamma, every: every * gamma**2 / 2), "γ²"),
    "ignores gamma": (rw_factor(lambda gamma, every: every / 2), "γ is not used"),
    "gamma is 10": (rw_factor(lambda gamma, every: every * 5.0), "γ = 10 is hard-coded"),
    "integer half": (rw_factor(lambda gamma, every: every * (gamma // 2)), "γ // 2 rounds down: right for even γ only"),
    "every is 16": (
        lambda critic, real, step, gamma, every: r_plain(critic, real, step, gamma, 16),
        "16 is hard-coded in place of `every`",
    ),
    "factor 16": (rw_factor(lambda gamma, every: 16 * gamma / 2), "the factor 16 is hard-coded"),
    "minus": (rw_factor(lambda gamma, every: -every * gamma / 2), "a minus: rewards steep gradients"),
    "other steps": (rw_when(lambda step, every: step % every != 0), "the condition is turned round"),
    "last of each turn": (rw_when(lambda step, every: step % every == every - 1), "due at the end of each turn"),
    "from 1": (rw_when(lambda step, every: (step + 1) % every == 0), "counts from 1: step 0 is left out"),
    "remainder 1": (rw_when(lambda step, every: step % every == 1), "due when the remainder is 1"),
    "not at 0": (rw_when(lambda step, every: step > 0 and step % every == 0), "step 0 is left out"),
    "only at 0": (rw_when(lambda step, every: step == 0), "only at step 0"),
    "only at every": (rw_when(lambda step, every: step in (0, every)), "only at steps 0 and `every`, never again"),
    "divides wrong way": (
        rw_when(lambda step, every: step == 0 or every % step == 0),
        "due where step divides `every`, not where `every` divides step",
    ),
    "never twice": (rw_when(lambda step, every: step // every == 0), "// in place of %: the first steps only"),
    "from every on": (rw_when(lambda step, every: step >= every), "all steps from `every` on"),
    "random": (rw_when(lambda step, every: torch.rand(()) < 1 / every), "due by chance"),
    "own counter": (rw_own_counter, "counts its own calls in place of using step"),
    "computed always": (rw_always_computed, "the penalty is computed at all steps: nothing is saved"),
    "times 0": (rw_times_due, "the penalty is computed and multiplied by 0: nothing is saved"),
    "critic always called": (rw_forward_first, "the critic is called before step is looked at"),
    "spread": (rw_spread, "at other steps the plain penalty in place of 0"),
    "remembers": (rw_remembers, "at other steps the last penalty in place of 0 (its graph is gone)"),
    "None": (rw_no_zero, "returns None at other steps: the loss can't be added to it"),
    "zeros (B,)": (rw_zero_images, "returns B zeros at other steps, not a scalar"),
    "sum of images": (rw_penalty(lambda c, r: squares(c, r).sum()), "sum in place of mean: right for a batch of one"),
    "each image": (rw_penalty(squares), "returns (B,): the mean is missing"),
    "mean over pixels": (
        rw_penalty(lambda c, r: slopes(c, r).square().mean()),
        "mean over C, H, W in place of sum: C·H·W times too small",
    ),
    "norm not squared": (rw_penalty(lambda c, r: squares(c, r).sqrt().mean()), "the norm is not squared"),
    "square of the mean norm": (
        rw_penalty(lambda c, r: (squares(c, r) + 1e-12).sqrt().mean() ** 2),
        "the mean norm is squared: right for a batch of one only",
    ),
    "norm of the whole batch": (
        rw_penalty(lambda c, r: slopes(c, r).norm() ** 2),
        "one norm for the whole batch: right for a batch of one only",
    ),
    "to the fourth": (rw_penalty(lambda c, r: squares(c, r).square().mean()), "‖∇D‖⁴"),
    "WGAN-GP": (rw_penalty(lambda c, r: ((squares(c, r).sqrt() - 1) ** 2).mean()), "(‖∇D‖ − 1)² as in WGAN-GP"),
    "norm over channels": (
        rw_penalty(lambda c, r: slopes(c, r).norm(2, dim=1).square().mean()),
        "norm over the channels only, then the mean over pixels too",
    ),
    "norm over the sides": (
        rw_penalty(lambda c, r: slopes(c, r).square().sum((2, 3)).mean()),
        "the mean runs over the channels too: right for one channel only",
    ),
    "batch and channels mixed": (
        rw_penalty(rw_batch_mixed),
        "sums per channel over the batch: divides by C in place of B",
    ),
    "absolute": (rw_penalty(lambda c, r: slopes(c, r).abs().sum((1, 2, 3)).mean()), "|∇D| in place of ∇D²"),
    "square of the sum": (
        rw_penalty(lambda c, r: slopes(c, r).sum((1, 2, 3)).square().mean()),
        "the square of the sum in place of the sum of squares",
    ),
    "mean gradient": (
        rw_penalty(lambda c, r: slopes(c, r).mean(0).square().sum()),
        "gradients are averaged over the batch before squaring",
    ),
    "scores": (rw_penalty(lambda c, r: c(r).square().mean()), "D(x)² in place of ‖∇D(x)‖²"),
    "gradient of the mean": (rw_penalty(rw_of_mean), "gradient of D's mean: B² times too small"),
    "gradient of the first": (rw_penalty(rw_of_first), "gradient of the first score only"),
    "gradient of the loss": (rw_penalty(rw_of_loss), "gradient of softplus(−D) in place of D"),
    "gradient of the probability": (rw_penalty(rw_of_probability), "gradient of sigmoid(D) in place of D"),
    "gradient in the weights": (rw_penalty(rw_weights_gradient), "gradient in the critic's weights, not in x"),
    "random weights": (rw_penalty(rw_random_ones), "grad_outputs is random in place of ones"),
    "at noise": (rw_penalty(rw_at_noise), "real is ignored: the gradient is taken at noise"),
    "near the images": (rw_penalty(rw_near), "noise is added to real first"),
    "ones (B, 1)": (rw_penalty(rw_column_ones), "grad_outputs of shape (B, 1): fails when D gives (B,)"),
    "ones (B,)": (rw_penalty(rw_row_ones), "grad_outputs of shape (B,): fails when D gives (B, 1)"),
    "no grad_outputs": (rw_penalty(rw_scalar_out), "D's scores need sum() or grad_outputs: works for one image only"),
    "first image": (rw_penalty(lambda c, r: squares(c, r[:1]).mean()), "image 0 only: right for a batch of one only"),
    "3×32×32": (rw_penalty(rw_hard_size), "the size 3×32×32 is hard-coded"),
    "square only": (rw_penalty(rw_sides), "reshapes with H²: square images only"),
    "no create_graph": (
        rw_penalty(lambda c, r: slopes(c, r, create_graph=False).square().sum((1, 2, 3)).mean()),
        "create_graph=True is missing: the critic can't learn from it",
    ),
    "retain_graph only": (
        rw_penalty(lambda c, r: slopes(c, r, create_graph=False, retain_graph=True).square().sum((1, 2, 3)).mean()),
        "retain_graph in place of create_graph: the critic can't learn from it",
    ),
    "leaf again": (
        rw_penalty(lambda c, r: slopes(c, r).detach().requires_grad_().square().sum((1, 2, 3)).mean()),
        "detached, then requires_grad: looks differentiable, but no weight gets a gradient",
    ),
    "detached": (rw_penalty(lambda c, r: squares(c, r).mean().detach()), "detach() cuts the graph"),
    "item": (rw_penalty(lambda c, r: squares(c, r).mean().item()), ".item() makes a number: cuts the graph"),
    "numpy": (rw_penalty(lambda c, r: squares(c, r).mean().detach().numpy()), "returns a numpy number"),
    "copied weights": (rw_copied, "works on a copy of the critic: its own weights get no gradient"),
    "frozen": (rw_freezes, "freezes the critic's weights: no gradient, and they stay frozen"),
    "no_grad": (rw_no_grad, "no_grad: there is no gradient to take"),
    "no requires_grad": (rw_no_requires, "real does not require a gradient"),
    "backward": (rw_backward, "backward() also leaves ∇D in the weights' .grad"),
    "backward without a graph": (rw_backward_plain, "backward() fills the weights' .grad and gives no graph"),
    "backward within": (rw_backs_up, "calls backward itself: the penalty counts twice"),
    "zero_grad": (rw_zero_grad, "clears the critic's gradients"),
    "changes real": (rw_scales_real, "changes real itself"),
    "tuple": (
        lambda critic, real, step, gamma, every: (r_plain(critic, real, step, gamma, every), step % every == 0),
        "returns a tuple",
    ),
    "one in a list": (rw_penalty(lambda c, r: squares(c, r).mean().reshape(1)), "shape (1,), not a scalar"),
    "other steps 1": (
        lambda critic, real, step, gamma, every: (
            r_plain(critic, real, step, gamma, every) if step % every == 0 else 1.0
        ),
        "other steps give 1 in place of 0",
    ),
}

RIGHT = {
    "mapping_network": MAPPING_RIGHT,
    "adain": ADAIN_RIGHT,
    "add_noise": NOISE_RIGHT,
    "modulated_conv": CONV_RIGHT,
    "truncate": TRUNCATE_RIGHT,
    "lazy_r1": LAZY_RIGHT,
}
WRONG = {
    "mapping_network": MAPPING_WRONG,
    "adain": ADAIN_WRONG,
    "add_noise": NOISE_WRONG,
    "modulated_conv": CONV_WRONG,
    "truncate": TRUNCATE_WRONG,
    "lazy_r1": LAZY_WRONG,
}
