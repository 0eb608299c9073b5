"""Answers to Lab 03's exercises on noise and modulation as students write them: right ones that differ, wrong ones."""

import math

import numpy as np
import torch
import torch.nn.functional as F

# 03.add_noise


def noisy(shape=lambda x: (x.shape[0], 1, *x.shape[2:]), draw=torch.randn, mix=lambda x, s, n: x + s * n):
    """add_noise with one part done in another way; `mix` gets the strength as (C, 1, 1)."""

    def add_noise(x, strength):
        return mix(x, strength[:, None, None], draw(shape(x)))

    return add_noise


def noise_expanded(x, strength):
    noise = torch.randn_like(x[:, :1]).expand_as(x)
    return x + noise * strength.view(1, -1, 1, 1)


def noise_images(x, strength):
    return torch.stack([image + torch.einsum("c,hw->chw", strength, torch.randn(image.shape[1:])) for image in x])


def noise_numpy(x, strength):
    noise = torch.from_numpy(np.random.default_rng().standard_normal((len(x), 1, x.shape[2], x.shape[3])))
    return x + strength.reshape(-1, 1, 1) * noise.to(x.dtype)


def noise_own_generator(x, strength):
    generator = torch.Generator()
    generator.seed()
    noise = torch.empty(x.shape[0], x.shape[2], x.shape[3]).normal_(generator=generator)
    return torch.addcmul(x, strength[None, :, None, None], noise[:, None])


def noise_in_place(x, strength):
    y = x.clone()
    y += strength[:, None, None] * torch.normal(0.0, 1.0, (x.size(0), 1, x.size(2), x.size(3)))
    return y


def noise_box_muller(shape):
    return torch.sqrt(-2 * torch.log(1 - torch.rand(shape))) * torch.cos(2 * math.pi * torch.rand(shape))


def noise_seeded(x, strength):
    torch.manual_seed(0)
    return noisy()(x, strength)


def noise_changes(x, strength):
    x.data += strength.data[:, None, None] * torch.randn_like(x[:, :1])
    return x


def noise_normalised(shape):
    noise = torch.randn(shape)
    return (noise - noise.mean((2, 3), keepdim=True)) / noise.std((2, 3), keepdim=True)


def noise_blurred(shape):
    return 2 * F.avg_pool2d(torch.randn(shape), 2, 1, padding=1)[:, :, 1:, 1:]


def noise_alike(shape):
    return (torch.randn(shape) + torch.randn(1, *shape[1:])) / 2**0.5


NOISE_RIGHT = {
    "plain": noisy(),
    "expanded": noise_expanded,
    "image by image": noise_images,
    "numpy": noise_numpy,
    "own generator": noise_own_generator,
    "in place on its own": noise_in_place,
    "Box–Muller": noisy(draw=noise_box_muller),
    "minus": noisy(mix=lambda x, s, n: x - s * n),
}
NOISE_WRONG = {
    "no-noise": noisy(mix=lambda x, s, n: x + 0 * s * n),
    "per-image": noisy(shape=lambda x: (len(x), 1, 1, 1)),
    "per-row": noisy(shape=lambda x: (len(x), 1, x.shape[2], 1)),
    "shared-batch": noisy(shape=lambda x: (1, 1, *x.shape[2:])),
    "own-noise": noisy(shape=lambda x: x.shape),
    "no-strength": noisy(mix=lambda x, s, n: x + n),
    "absolute": noisy(mix=lambda x, s, n: x + s.abs() * n),
    "squared": noisy(mix=lambda x, s, n: x + s**2 * n),
    "one-plus": noisy(mix=lambda x, s, n: x + (1 + s) * n),
    "other-strength": noisy(mix=lambda x, s, n: x + torch.sigmoid(s) * n),
    "x-dropped": noisy(mix=lambda x, s, n: s * n),
    "subtracted-x": noisy(mix=lambda x, s, n: s * n - x),
    "strength-on-x": noisy(mix=lambda x, s, n: s * x + n),
    "strength-on-both": noisy(mix=lambda x, s, n: s * (x + n)),
    "blended": noisy(mix=lambda x, s, n: (1 - s) * x + s * n),
    "multiplied": noisy(mix=lambda x, s, n: x * (1 + s * n)),
    "not-strength-times-noise": noisy(mix=lambda x, s, n: torch.tanh(x + s * n)),
    "uniform": noisy(draw=lambda shape: 2 * torch.rand(shape) - 1),
    "one-sided": noisy(draw=torch.rand),
    "not-centred": noisy(draw=lambda shape: torch.randn(shape) + 1),
    "scaled": noisy(draw=lambda shape: 0.1 * torch.randn(shape)),
    "two-values": noisy(draw=lambda shape: torch.randn(shape).sign()),
    "distribution": noisy(draw=lambda shape: torch.randn(shape).clamp(-1, 1)),
    "normalised": noisy(draw=noise_normalised),
    "blurred": noisy(draw=noise_blurred),
    "images-alike": noisy(draw=noise_alike),
    "seeded": noise_seeded,
    "strength-axis": lambda x, strength: x + strength * torch.randn_like(x[:, :1]),
    "cut-graph-strength": noisy(mix=lambda x, s, n: x + s.detach() * n),
    "cut-graph-x": noisy(mix=lambda x, s, n: x.detach() + s * n),
    "detached": noisy(mix=lambda x, s, n: x + (0.5 * s + 0.5 * s.detach()) * n),
    "shape": noisy(mix=lambda x, s, n: torch.cat([x, s * n], 1)),
    "not-a-tensor": noisy(mix=lambda x, s, n: (x + s * n, n)),
    "changes-input": noise_changes,
    "none": lambda x, strength: None,
    "signature": lambda x: x,
}
NOISE_ALSO_WRONG = [
    ("per-image", noisy(shape=lambda x: (*x.shape[:2], 1, 1))),
    ("per-row", noisy(shape=lambda x: (len(x), 1, 1, x.shape[3]))),
    ("shared-batch", noisy(shape=lambda x: x.shape[2:])),
    ("shared-batch", noisy(shape=lambda x: x.shape[1:])),
    ("no-strength", lambda x, strength: noisy()(x, strength.mean().expand(x.shape[1]))),
    ("no-strength", lambda x, strength: noisy()(x, strength[:1].expand(x.shape[1]))),
    ("other-strength", noisy(mix=lambda x, s, n: x + s * x.detach().std((0, 2, 3))[:, None, None] * n)),
    ("multiplied", noisy(mix=lambda x, s, n: x * s * n)),
    ("uniform", noisy(draw=lambda shape: math.sqrt(3) * (2 * torch.rand(shape) - 1))),
    ("strength-axis", lambda x, strength: x + strength.view(-1, 1, 1, 1) * torch.randn_like(x[:, :1])),
]

# 03.modulated_conv


def unit(w, dim=(2, 3, 4)):
    return w / torch.sqrt((w**2).sum(dim, keepdim=True) + 1e-8)


def grouped(x, w):
    b, c, h, width = x.shape
    out = F.conv2d(x.reshape(1, b * c, h, width), w.reshape(-1, *w.shape[2:]), padding=w.shape[-1] // 2, groups=b)
    return out.view(b, -1, h, width)


def modulated(style=lambda s: s, norm=unit, convolve=grouped):
    """A modulated convolution with one part done in another way."""

    def modulated_conv(x, weight, s):
        return convolve(x, norm(weight.unsqueeze(0) * style(s)[:, None, :, None, None]))

    return modulated_conv


def conv_scaled_activations(x, weight, style):
    out = F.conv2d(x * style[:, :, None, None], weight, padding="same")
    norm = (style.square() @ weight.square().sum((2, 3)).T + 1e-8).rsqrt()
    return out * norm[..., None, None]


def conv_loop(x, weight, style):
    images = []
    for b in range(len(x)):
        w = weight * style[b].view(1, -1, 1, 1)
        w = w / (w.pow(2).sum(dim=(1, 2, 3), keepdim=True).sqrt() + 1e-8)
        images.append(F.conv2d(x[b : b + 1], w, padding=weight.shape[2] // 2))
    return torch.cat(images, 0)


def conv_fan_in(x, weight, style):
    return modulated()(x, weight / weight[0].numel() ** 0.5, style)


def conv_unfold(x, weight, style):
    k = weight.shape[-1]
    columns = F.unfold(x, k, padding=k // 2)  # (B, C·K·K, H·W)
    own = torch.einsum("ocij,bc->bocij", weight, style).flatten(2)
    return (F.normalize(own, dim=2, eps=1e-8) @ columns).unflatten(2, x.shape[2:])


def conv_vmap(x, weight, style):
    def one(image, s):
        w = weight * s[:, None, None]
        w = w * torch.rsqrt(w.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        return F.conv2d(image, w, padding=weight.shape[-1] // 2)

    return torch.vmap(one)(x, style)


def conv_double(x, weight, style):
    return modulated()(x.double(), weight.double(), style.double())


def conv_changes(x, weight, style):
    weight.data *= 2
    return modulated()(x, weight, style)


def conv_outputs(x, weight, style):
    return grouped(x, unit(weight[None] * style[:, :, None, None, None]))


def conv_mixed_weights(x, w):
    return grouped(x, w.transpose(0, 1).reshape(w.shape))


def conv_one_weight(x, w):
    return F.conv2d(x, w[0], padding=w.shape[-1] // 2)


def conv_only_first(x, w):
    out = torch.zeros_like(grouped(x, w))
    for image, own in zip(x, w):
        out[:1] = F.conv2d(image[None], own, padding=own.shape[-1] // 2)
        return out


def conv_unit_first(x, weight, style):
    return modulated(norm=lambda w: w)(x, weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt(), style)


def conv_padded(mode):
    def convolve(x, w):
        side = w.shape[-1] // 2
        return torch.cat([F.conv2d(F.pad(one[None], (side,) * 4, mode), own) for one, own in zip(x, w)])

    return convolve


def conv_plain(x, weight, style):
    return F.conv2d(x, weight, padding=weight.shape[-1] // 2)


def conv_no_epsilon(w):
    return w / w.square().sum((2, 3, 4), keepdim=True).sqrt()


CONV_RIGHT = {
    "grouped": modulated(),
    "scaled activations": conv_scaled_activations,
    "loop": conv_loop,
    "fan-in": conv_fan_in,
    "unfold": conv_unfold,
    "vmap": conv_vmap,
    "in float64": conv_double,
}
CONV_WRONG = {
    "plain": conv_plain,
    "no-demodulation": modulated(norm=lambda w: w),
    "no-modulation": lambda x, w, s: modulated(style=torch.ones_like)(x, w, s),
    "demodulated-first": conv_unit_first,
    "over-outputs": modulated(norm=lambda w: unit(w, (1, 3, 4))),
    "over-kernel": modulated(norm=lambda w: unit(w, (3, 4))),
    "over-channels": modulated(norm=lambda w: unit(w, 2)),
    "over-all": modulated(norm=lambda w: unit(w, (1, 2, 3, 4))),
    "over-batch": modulated(norm=lambda w: w / w.square().sum((2, 3, 4), keepdim=True).mean(0).sqrt()),
    "mean": modulated(norm=lambda w: w / (w.square().mean((2, 3, 4), keepdim=True) + 1e-8).sqrt()),
    "no-root": modulated(norm=lambda w: w / (w.square().sum((2, 3, 4), keepdim=True) + 1e-8)),
    "multiplied": modulated(norm=lambda w: w * w.square().sum((2, 3, 4), keepdim=True).sqrt()),
    "absolute-sum": modulated(norm=lambda w: w / w.abs().sum((2, 3, 4), keepdim=True)),
    "deviation": modulated(norm=lambda w: w / w.std((2, 3, 4), keepdim=True)),
    "twice": lambda x, w, s: modulated()(x * s[:, :, None, None], w, s),
    "squared-style": modulated(style=lambda s: s**2),
    "one-plus": modulated(style=lambda s: 1 + s),
    "style-changed": modulated(style=torch.abs),
    "divided-style": modulated(style=lambda s: 1 / s),
    "one-style": modulated(style=lambda s: s[:1].expand_as(s)),
    "mean-channel": modulated(style=lambda s: s.mean(1, keepdim=True).expand_as(s)),
    "other-image": modulated(style=lambda s: s.roll(1, 0)),
    "instance-norm": lambda x, w, s: F.instance_norm(modulated(norm=lambda w: w)(x, w, s)),
    "output-deviation": lambda x, w, s: (lambda y: y / y.std((2, 3), keepdim=True))(
        modulated(norm=lambda w: w)(x, w, s)
    ),
    "flipped": modulated(convolve=lambda x, w: grouped(x, w.flip(-1, -2))),
    "transposed": modulated(convolve=lambda x, w: grouped(x, w.transpose(-1, -2))),
    "edges": modulated(convolve=conv_padded("replicate")),
    "groups": modulated(convolve=conv_mixed_weights),
    "padding": modulated(convolve=lambda x, w: torch.cat([F.conv2d(one[None], own) for one, own in zip(x, w)])),
    "factor": modulated(convolve=lambda x, w: grouped(x, w) * 2**0.5),
    "other-norm": modulated(norm=lambda w: w / w.abs().amax((2, 3, 4), keepdim=True)),
    "other-value": lambda x, w, s: F.leaky_relu(modulated()(x, w, s), 0.2),
    "only-first": modulated(convolve=conv_only_first),
    "no-epsilon": modulated(norm=conv_no_epsilon),
    "detached": modulated(norm=lambda w: w / (w.detach().square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()),
    "cut-graph": modulated(convolve=lambda x, w: grouped(x, w).detach()),
    "cut-graph-style": modulated(style=lambda s: s.detach()),
    "cut-graph-x": modulated(convolve=lambda x, w: grouped(x.detach(), w)),
    "cut-graph-weight": lambda x, w, s: modulated()(x, w.detach(), s),
    "sizes": conv_outputs,
    "shape": modulated(convolve=lambda x, w: grouped(x, w).flatten(2)),
    "not-a-tensor": lambda x, w, s: (x, w),
    "not-finite": modulated(norm=lambda w: w / 0),
    "changes-input": conv_changes,
    "none": lambda x, w, s: None,
    "signature": lambda x, w: x,
}
CONV_ALSO_WRONG = [
    ("padding", modulated(convolve=lambda x, w: torch.cat([F.conv2d(a[None], b, padding=1) for a, b in zip(x, w)]))),
    ("edges", modulated(convolve=conv_padded("circular"))),
    ("over-batch", modulated(norm=lambda w: w / w.square().sum((0, 2, 3, 4), keepdim=True).sqrt())),
    ("over-batch", modulated(norm=lambda w: unit(w, (0, 1, 2, 3, 4)))),
    ("style-changed", modulated(style=torch.exp)),
    ("style-changed", modulated(style=lambda s: s.softmax(1))),
    ("one-style", modulated(convolve=conv_one_weight)),
    ("one-style", modulated(style=lambda s: s.mean(0, keepdim=True).expand_as(s))),
    ("instance-norm", lambda x, w, s: F.instance_norm(conv_plain(x, w, s))),
    (
        "groups",
        lambda x, w, s: modulated(convolve=lambda x, w: grouped(x.transpose(0, 1).reshape(x.shape), w))(x, w, s),
    ),
    ("no-modulation", lambda x, w, s: conv_plain(x, w / w.square().sum((1, 2, 3), keepdim=True).sqrt(), s)),
]
