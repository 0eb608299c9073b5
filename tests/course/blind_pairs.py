"""Blind answers to the exercises on pairs: the U-Net's way, the discriminator of patches, pix2pix's two losses. Written
from the task texts alone, before the judges.

RIGHT: exercise → name → answer. WRONG: exercise → name → (answer, what a good hint would have to point at).
"""

from functools import partial
from itertools import accumulate, pairwise

import torch
import torch.nn as nn
import torch.nn.functional as F

# ---------------------------------------------------------------------------------------------------- unet_forward


def u_plain(encoder, decoder, x):
    skips = []
    for down in encoder:
        x = down(x)
        skips.append(x)
    x = decoder[0](skips.pop())
    for up in decoder[1:]:
        x = up(torch.cat([x, skips.pop()], dim=1))
    return x


def u_zip_reversed(encoder, decoder, x):
    maps = []
    for layer in encoder:
        maps.append(layer(maps[-1] if maps else x))
    out = decoder[0](maps[-1])
    for layer, skip in zip(decoder[1:], reversed(maps[:-1])):
        out = layer(torch.cat((out, skip), 1))
    return out


def u_recursive(encoder, decoder, x):
    below = encoder[0](x)
    if len(encoder) == 1:
        return decoder[-1](below)
    inner = u_recursive(encoder[1:], decoder[:-1], below)
    return decoder[-1](torch.cat([inner, below], dim=1))


def u_by_size(encoder, decoder, x):
    by_size = {}
    for layer in encoder:
        x = layer(x)
        by_size[x.shape[2:]] = x
    for i, layer in enumerate(decoder):
        if i > 0:
            x = torch.concat([x, by_size[x.shape[2:]]], dim=1)
        x = layer(x)
    return x


def u_accumulate(encoder, decoder, x):
    _, *maps = accumulate(encoder, lambda h, layer: layer(h), initial=x)
    h = None
    for layer, skip in zip(decoder, maps[::-1]):
        h = layer(skip if h is None else torch.hstack([h, skip]))
    return h


def u_indices(encoder, decoder, x):
    n = len(encoder)
    h = [None] * n
    for i in range(n):
        h[i] = encoder[i](x if i == 0 else h[i - 1])
    d = decoder[0](h[n - 1])
    for i in range(1, n):
        d = decoder[i](torch.cat([d, h[n - 1 - i]], dim=-3))
    return d


def u_before_each(encoder, decoder, x):
    """Remembers what goes into each layer: the input is remembered too, and stays unused."""
    inputs = []
    for layer in encoder:
        inputs.append(x)
        x = layer(x)
    x = decoder[0](x)
    for layer in decoder[1:]:
        x = layer(torch.cat([x, inputs.pop()], dim=1))
    return x


def u_cat_after(encoder, decoder, x):
    skips = []
    for layer in encoder:
        x = layer(x)
        skips.append(x.clone())
    skips = skips[:-1][::-1]
    for i, layer in enumerate(decoder):
        x = layer(x)
        if i < len(skips):
            x = torch.cat([x, skips[i]], dim=1)
    return x


def u_empty_skip(encoder, decoder, x):
    """An empty tensor is added to the innermost map."""
    skips = []
    for layer in encoder:
        x = layer(x)
        skips.insert(0, x)
    skips[0] = x[:, :0]
    for layer, skip in zip(decoder, skips):
        x = layer(torch.cat([x, skip], 1))
    return x


def u_filled(encoder, decoder, x):
    maps, out = [x], None
    for layer in encoder:
        maps.append(layer.forward(maps[-1]))
    out = decoder[0](maps.pop())
    for layer in list(decoder)[1:]:
        skip = maps.pop()
        both = out.new_zeros(out.shape[0], out.shape[1] + skip.shape[1], *out.shape[2:])
        both[:, : out.shape[1]] = out
        both[:, out.shape[1] :] = skip
        out = layer(both)
    return out


def uw_zip_all(encoder, decoder, x):
    maps = []
    for layer in encoder:
        x = layer(x)
        maps.append(x)
    for layer, skip in zip(decoder, reversed(maps)):
        x = layer(torch.cat([x, skip], dim=1))
    return x


def uw_not_reversed(encoder, decoder, x):
    maps = []
    for layer in encoder:
        x = layer(x)
        maps.append(x)
    x = decoder[0](x)
    for layer, skip in zip(decoder[1:], maps):
        x = layer(torch.cat([x, skip], dim=1))
    return x


def uw_pop_front(encoder, decoder, x):
    maps = []
    for layer in encoder:
        x = layer(x)
        maps.append(x)
    x = decoder[0](x)
    for layer in decoder[1:]:
        x = layer(torch.cat([x, maps.pop(0)], dim=1))
    return x


def uw_pop_innermost(encoder, decoder, x):
    """The innermost map is still on the pile."""
    maps = []
    for layer in encoder:
        x = layer(x)
        maps.append(x)
    x = decoder[0](x)
    for layer in decoder[1:]:
        x = layer(torch.cat([x, maps.pop()], dim=1))
    return x


def uw_pops_caller(encoder, decoder, x):
    maps = []
    while encoder:
        x = encoder.pop(0)(x)
        maps.append(x)
    x = decoder.pop(0)(maps.pop())
    while decoder:
        x = decoder.pop(0)(torch.cat([x, maps.pop()], 1))
    return x


def uw_reverses_caller(encoder, decoder, x):
    maps = [x]
    for layer in encoder:
        maps.append(layer(maps[-1]))
    encoder.reverse()
    out = decoder[0](maps.pop())
    for layer in decoder[1:]:
        out = layer(torch.cat([out, maps.pop()], 1))
    return out


def u_with(join):
    def unet_forward(encoder, decoder, x):
        skips = []
        for layer in encoder:
            x = layer(x)
            skips.append(x)
        x = decoder[0](skips.pop())
        for layer in decoder[1:]:
            x = layer(join(x, skips.pop()))
        return x

    return unet_forward


def uw_not_chained(encoder, decoder, x):
    skips = [layer(x) for layer in encoder]
    y = decoder[0](skips.pop())
    for layer in decoder[1:]:
        y = layer(torch.cat([y, skips.pop()], dim=1))
    return y


def uw_from_x(encoder, decoder, x):
    skips, h = [], x
    for layer in encoder:
        h = layer(h)
        skips.append(h)
    y = decoder[0](x)
    for layer in decoder[1:]:
        y = layer(torch.cat([y, skips.pop()], dim=1))
    return y


def uw_last_cat(encoder, decoder, x):
    skips = [x]
    for layer in encoder:
        x = layer(x)
        skips.append(x)
    skips.pop()
    for layer in decoder:
        x = torch.cat([layer(x), skips.pop()], dim=1)
    return x


def uw_forgets_output(encoder, decoder, x):
    skips = []
    for layer in encoder:
        x = layer(x)
        skips.append(x)
    y = decoder[0](skips.pop())
    for layer in decoder[1:]:
        z = layer(torch.cat([y, skips.pop()], dim=1))
    return z


def uw_early_return(encoder, decoder, x):
    skips = []
    for layer in encoder:
        x = layer(x)
        skips.append(x)
    x = decoder[0](skips.pop())
    for layer in decoder[1:]:
        x = layer(torch.cat([x, skips.pop()], dim=1))
        return x


def uw_three(encoder, decoder, x):
    e1 = encoder[0](x)
    e2 = encoder[1](e1)
    e3 = encoder[2](e2)
    d = decoder[0](e3)
    d = decoder[1](torch.cat([d, e2], 1))
    return decoder[2](torch.cat([d, e1], 1))


def uw_tuple(encoder, decoder, x):
    skips = []
    for layer in encoder:
        x = layer(x)
        skips.append(x)
    out = decoder[0](skips[-1])
    for layer, skip in zip(decoder[1:], skips[-2::-1]):
        out = layer(torch.cat([out, skip], 1))
    return out, skips


def uw_decoder_reversed(encoder, decoder, x):
    skips = []
    for layer in encoder:
        x = layer(x)
        skips.append(x)
    x = decoder[-1](skips.pop())
    for layer in decoder[-2::-1]:
        x = layer(torch.cat([x, skips.pop()], dim=1))
    return x


def uw_recomputes(encoder, decoder, x):
    n = len(encoder)
    out = decoder[0](nn.Sequential(*encoder)(x))
    for k in range(1, n):
        out = decoder[k](torch.cat([out, nn.Sequential(*encoder[: n - k])(x)], 1))
    return out


def uw_sequential(encoder, decoder, x):
    return nn.Sequential(*encoder, *decoder)(x)


def uw_no_grad(encoder, decoder, x):
    with torch.no_grad():
        return u_plain(encoder, decoder, x)


def uw_tanh(encoder, decoder, x):
    return torch.tanh(u_plain(encoder, decoder, x))


def uw_relu_between(encoder, decoder, x):
    skips = []
    for layer in encoder:
        x = F.leaky_relu(layer(x), 0.2)
        skips.append(x)
    x = decoder[0](skips.pop())
    for layer in decoder[1:]:
        x = layer(torch.cat([x, skips.pop()], dim=1))
    return x


def uw_last_alone(encoder, decoder, x):
    skips = []
    for layer in encoder:
        x = layer(x)
        skips.append(x)
    x = decoder[0](skips.pop())
    for layer in decoder[1:-1]:
        x = layer(torch.cat([x, skips.pop()], dim=1))
    return decoder[-1](x)


UNET_RIGHT = {
    "plain": u_plain,
    "zip, reversed": u_zip_reversed,
    "recursive": u_recursive,
    "by size": u_by_size,
    "accumulate, hstack": u_accumulate,
    "indices": u_indices,
    "remembers the inputs": u_before_each,
    "joins after each layer": u_cat_after,
    "an empty skip for the first": u_empty_skip,
    "fills a tensor": u_filled,
}
UNET_WRONG = {
    "innermost joined with itself": (uw_zip_all, "the first decoder layer reads the innermost map alone"),
    "maps from the outermost on": (uw_not_reversed, "the order of the remembered maps: last first"),
    "pop(0)": (uw_pop_front, "the order of the remembered maps"),
    "innermost still on the pile": (uw_pop_innermost, "the map of the same size; the innermost is used up"),
    "pops the caller's lists": (uw_pops_caller, "the caller's lists are emptied"),
    "reverses the caller's list": (uw_reverses_caller, "the caller's list is changed"),
    "adds": (u_with(lambda x, s: x + s), "concatenated, not added"),
    "skip first": (u_with(lambda x, s: torch.cat([s, x], 1)), "the order in cat"),
    "along the batch": (u_with(lambda x, s: torch.cat([x, s])), "dim=1"),
    "along the width": (u_with(lambda x, s: torch.cat([x, s], -1)), "dim=1"),
    "stacked": (u_with(lambda x, s: torch.stack([x, s], 1)), "cat, not stack"),
    "skip detached": (u_with(lambda x, s: torch.cat([x, s.detach()], 1)), "no gradient through the skips"),
    "skip alone": (u_with(lambda x, s: s), "both"),
    "below alone": (u_with(lambda x, s: x), "the skips are missing"),
    "below twice": (u_with(lambda x, s: torch.cat([x, x], 1)), "the encoder's map"),
    "mean": (u_with(lambda x, s: (x + s) / 2), "concatenated"),
    "not chained": (uw_not_chained, "each encoder layer reads the map of the one before"),
    "decoder starts at x": (uw_from_x, "the innermost map"),
    "joins the input at the end": (uw_last_cat, "return the last decoder layer's output"),
    "output not carried on": (uw_forgets_output, "what comes from below"),
    "returns in the loop": (uw_early_return, "return behind the loop"),
    "three layers": (uw_three, "n may be another number"),
    "returns the maps too": (uw_tuple, "one tensor"),
    "decoder backwards": (uw_decoder_reversed, "in the order of the list"),
    "recomputes the maps": (uw_recomputes, "remember them"),
    "one after the other": (uw_sequential, "the skips are missing"),
    "no_grad": (uw_no_grad, "no gradient"),
    "tanh at the end": (uw_tanh, "the last layer's output as it is"),
    "activation between": (uw_relu_between, "the layers as they are"),
    "last layer alone": (uw_last_alone, "every later layer reads two maps"),
}

# ---------------------------------------------------------------------------------------------- patch_discriminator


def p_list(channels, width, downs):
    layers = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    c = width
    for k in range(1, downs):
        nxt = width * min(2**k, 8)
        layers += [nn.Conv2d(c, nxt, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(nxt), nn.LeakyReLU(0.2)]
        c = nxt
    nxt = width * min(2**downs, 8)
    layers += [nn.Conv2d(c, nxt, 4, stride=1, padding=1, bias=False), nn.BatchNorm2d(nxt), nn.LeakyReLU(0.2)]
    layers += [nn.Conv2d(nxt, 1, 4, stride=1, padding=1)]
    return nn.Sequential(*layers)


def p_widths(channels, width, downs, norm=None):
    sizes = [channels] + [width * min(2**k, 8) for k in range(downs + 1)] + [1]
    net = nn.Sequential()
    for k, (a, b) in enumerate(pairwise(sizes)):
        net.append(nn.Conv2d(a, b, 4, 2 if k < downs else 1, 1))
        if 0 < k <= downs and norm is not None:
            net.append(norm(b))
        if k <= downs:
            net.append(nn.LeakyReLU(0.2, inplace=True))
    return net


class PatchClass(nn.Module):
    def __init__(self, channels, width, downs):
        super().__init__()
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        before = channels
        for k in range(downs + 1):
            after = min(width * 2**k, 8 * width)
            self.convs.append(nn.Conv2d(before, after, kernel_size=4, stride=1 if k == downs else 2, padding=1))
            self.norms.append(nn.InstanceNorm2d(after, affine=True) if k else nn.Identity())
            before = after
        self.last = nn.Conv2d(before, 1, 4, 1, 1)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = F.leaky_relu(norm(conv(x)), negative_slope=0.2)
        return self.last(x)


def p_lazy(channels, width, downs):
    def block(k, stride):
        return nn.Sequential(nn.LazyConv2d(width * min(2**k, 8), 4, stride, 1), nn.LeakyReLU(0.2))

    return nn.Sequential(*[block(k, 2) for k in range(downs)], block(downs, 1), nn.LazyConv2d(1, 4, 1, 1))


def p_spectral(channels, width, downs):
    net = p_widths(channels, width, downs)
    for module in net:
        if isinstance(module, nn.Conv2d):
            nn.utils.parametrizations.spectral_norm(module)
    return net


def p_functional(channels, width, downs):
    class Patch(nn.Module):
        def __init__(self):
            super().__init__()
            sizes = [channels, *(width * min(2**k, 8) for k in range(downs + 1)), 1]
            self.kernels = nn.ParameterList(nn.Parameter(0.02 * torch.randn(b, a, 4, 4)) for a, b in pairwise(sizes))

        def forward(self, x):
            for i, kernel in enumerate(self.kernels):
                x = F.conv2d(x, kernel, stride=2 if i < downs else 1, padding=1)
                if i < len(self.kernels) - 1:
                    x = torch.where(x > 0, x, 0.2 * x)
            return x

    return Patch()


def p_initialised(channels, width, downs):
    net = p_widths(channels, width, downs, nn.BatchNorm2d)

    def start(m):
        if isinstance(m, nn.Conv2d):
            nn.init.normal_(m.weight, 0.0, 0.02)
            nn.init.zeros_(m.bias)
        elif isinstance(m, nn.BatchNorm2d):
            nn.init.normal_(m.weight, 1.0, 0.02)

    return net.apply(start)


def p_build(
    kernel=4,
    padding=1,
    stride=lambda k, downs: 2 if k < downs else 1,
    widths=lambda width, downs: [width * min(2**k, 8) for k in range(downs + 1)],
    act=lambda: nn.LeakyReLU(0.2),
    end=(),
    norm=None,
    channels_of=lambda channels: channels,
    outputs=1,
):
    def patch_discriminator(channels, width, downs):
        sizes = [channels_of(channels), *widths(width, downs), outputs]
        layers = []
        for k in range(len(sizes) - 1):
            layers.append(nn.Conv2d(sizes[k], sizes[k + 1], kernel, stride(k, downs), padding))
            if k < len(sizes) - 2:
                if norm and k:
                    layers.append(norm(sizes[k + 1]))
                if act:
                    layers.append(act())
        return nn.Sequential(*layers, *end)

    return patch_discriminator


def pw_linear_end(channels, width, downs):
    convs = list(p_build()(channels, width, downs))[:-1]
    return nn.Sequential(*convs, nn.Flatten(), nn.LazyLinear(1))


def pw_batch_norm_everywhere(channels, width, downs):
    sizes = [channels] + [width * min(2**k, 8) for k in range(downs + 1)] + [1]
    layers = []
    for k, (a, b) in enumerate(pairwise(sizes)):
        layers += [nn.Conv2d(a, b, 4, 2 if k < downs else 1, 1), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def pw_norm_first(channels, width, downs):
    sizes = [channels] + [width * min(2**k, 8) for k in range(downs + 1)]
    layers = []
    for k, (a, b) in enumerate(pairwise(sizes)):
        layers += [nn.Conv2d(a, b, 4, 2 if k < downs else 1, 1), nn.InstanceNorm2d(b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(sizes[-1], 1, 4, 1, 1))


def pw_no_super_size(channels, width, downs):
    """Always three halvings."""
    return p_build()(channels, width, 3)


def pw_layers_only(channels, width, downs):
    return list(p_build()(channels, width, downs))


def pw_class_itself(channels, width, downs):
    return PatchClass


def pw_upsampled(channels, width, downs):
    net = p_build()(channels, width, downs)
    return nn.Sequential(net, nn.Upsample(size=(30, 30)))


def pw_shared(channels, width, downs, made={}):  # noqa: B006
    key = (channels, width, downs)
    if key not in made:
        made[key] = p_build()(channels, width, downs)
    return made[key]


class PatchMean(nn.Module):
    def __init__(self, channels, width, downs):
        super().__init__()
        self.net = p_build()(channels, width, downs)

    def forward(self, x):
        return self.net(x).mean(dim=(2, 3))


class PatchPool(nn.Module):
    """Convolution, then max pooling, in the place of strides."""

    def __init__(self, channels, width, downs):
        super().__init__()
        sizes = [channels] + [width * min(2**k, 8) for k in range(downs + 1)]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 1, 1) for a, b in pairwise(sizes))
        self.last, self.downs = nn.Conv2d(sizes[-1], 1, 4, 1, 1), downs

    def forward(self, x):
        for k, conv in enumerate(self.convs):
            x = F.leaky_relu(conv(x), 0.2)
            if k < self.downs:
                x = F.max_pool2d(x, 2)
        return self.last(x)


class PatchNoSuper(nn.Module):
    def __init__(self, channels, width, downs):
        super().__init__()
        self.convs = [nn.Conv2d(channels, width, 4, 2, 1)]  # a plain list: no parameters
        for k in range(1, downs + 1):
            a, b = width * min(2 ** (k - 1), 8), width * min(2**k, 8)
            self.convs.append(nn.Conv2d(a, b, 4, 2 if k < downs else 1, 1))
        self.convs.append(nn.Conv2d(width * min(2**downs, 8), 1, 4, 1, 1))

    def forward(self, x):
        for conv in self.convs[:-1]:
            x = F.leaky_relu(conv(x), 0.2)
        return self.convs[-1](x)


PATCH_RIGHT = {
    "list, batch norm": p_list,
    "widths, no norm": p_widths,
    "widths, instance norm": partial(p_widths, norm=nn.InstanceNorm2d),
    "class, instance norm affine": lambda channels, width, downs: PatchClass(channels, width, downs),
    "lazy": p_lazy,
    "spectral norm": p_spectral,
    "functional kernels, no bias": p_functional,
    "initialised": p_initialised,
    "group norm a channel": partial(p_widths, norm=lambda c: nn.GroupNorm(c, c)),
    "batch norm without running statistics": partial(p_widths, norm=partial(nn.BatchNorm2d, track_running_stats=False)),
}
PATCH_WRONG = {
    "mean over the patches": (lambda c, w, d: PatchMean(c, w, d), "a score a patch, not one a picture"),
    "global pooling": (p_build(end=(nn.AdaptiveAvgPool2d(1),)), "a score a patch"),
    "linear at the end": (pw_linear_end, "a convolution at the end"),
    "sigmoid": (p_build(end=(nn.Sigmoid(),)), "raw scores"),
    "tanh at the end": (p_build(end=(nn.Tanh(),)), "raw scores"),
    "leaky at the end": (p_build(end=(nn.LeakyReLU(0.2),)), "nothing after the last"),
    "relu": (p_build(act=nn.ReLU), "leaky, 0.2"),
    "slope 0.01": (p_build(act=nn.LeakyReLU), "slope 0.2"),
    "elu": (p_build(act=nn.ELU), "leaky ReLU"),
    "gelu": (p_build(act=nn.GELU), "leaky ReLU"),
    "no activation": (p_build(act=None), "leaky ReLU between"),
    "kernel 3": (p_build(kernel=3), "4×4"),
    "kernel 5, padding 2": (p_build(kernel=5, padding=2), "4×4"),
    "no padding": (p_build(padding=0), "padding 1"),
    "stride 2 everywhere": (p_build(stride=lambda k, downs: 2), "the last two have stride 1"),
    "stride 1 everywhere": (p_build(stride=lambda k, downs: 1), "downs of stride 2"),
    "one stride 2 too many": (p_build(stride=lambda k, downs: 2 if k <= downs else 1), "the last two have stride 1"),
    "one stride-1 layer": (
        p_build(widths=lambda width, downs: [width * min(2**k, 8) for k in range(downs)]),
        "two of stride 1",
    ),
    "one more down": (lambda c, w, d: p_build()(c, w, d + 1), "downs counts the stride-2 layers"),
    "one less down": (lambda c, w, d: p_build()(c, w, d - 1), "downs counts the stride-2 layers"),
    "always three": (pw_no_super_size, "downs"),
    "width 64": (lambda c, w, d: p_build()(c, 64, d), "width"),
    "all of width": (p_build(widths=lambda width, downs: [width] * (downs + 1)), "doubling"),
    "no cap": (p_build(widths=lambda width, downs: [width * 2**k for k in range(downs + 1)]), "min(2^k, 8)"),
    "cap 512": (p_build(widths=lambda width, downs: [min(width * 2**k, 512) for k in range(downs + 1)]), "8·width"),
    "three channels": (lambda c, w, d: p_build()(3, w, d), "channels"),
    "six channels": (p_build(channels_of=lambda c: 6), "channels"),
    "twice the channels": (p_build(channels_of=lambda c: 2 * c), "channels counts both pictures already"),
    "width channels at the end": (lambda c, w, d: p_build(outputs=w)(c, w, d), "to one channel"),
    "norm everywhere": (pw_batch_norm_everywhere, "not at the last"),
    "norm in the first": (pw_norm_first, "not in the first"),
    "a list": (pw_layers_only, "one module"),
    "the class": (pw_class_itself, "an instance"),
    "always 30": (pw_upsampled, "the grid follows the picture"),
    "always the same net": (pw_shared, "new weights at each call"),
    "max pooling": (lambda c, w, d: PatchPool(c, w, d), "stride 2"),
    "plain list of layers": (lambda c, w, d: PatchNoSuper(c, w, d), "no parameters: ModuleList"),
    "dropout": (p_build(act=lambda: nn.Sequential(nn.LeakyReLU(0.2), nn.Dropout(0.5))), "no dropout"),
}

# ----------------------------------------------------------------------------------------------- discriminator_loss

bce = F.binary_cross_entropy_with_logits


def d_bce(D, x, y, fake):
    real_logits = D(torch.cat([x, y], dim=1))
    fake_logits = D(torch.cat([x, fake.detach()], dim=1))
    real = bce(real_logits, torch.ones_like(real_logits))
    false = bce(fake_logits, torch.zeros_like(fake_logits))
    return 0.5 * (real + false)


def d_softplus(D, x, y, fake):
    real, false = D(torch.cat((x, y), 1)), D(torch.cat((x, fake), 1).detach())
    return (F.softplus(-real).mean() + F.softplus(false).mean()) / 2


def d_one_call(D, x, y, fake):
    pairs = torch.cat([torch.cat([x, y], 1), torch.cat([x, fake.detach()], 1)], 0)
    labels = torch.cat([torch.ones(len(x)), torch.zeros(len(x))])[:, None, None, None]
    logits = D(pairs)
    return bce(logits, labels.expand_as(logits))


def d_module(D, x, y, fake):
    criterion = nn.BCEWithLogitsLoss()
    real_logits = D(torch.cat([x, y], 1))
    loss_real = criterion(real_logits, torch.full_like(real_logits, 1.0))
    with torch.no_grad():
        frozen = fake.clone()
    fake_logits = D(torch.cat([x, frozen], 1))
    loss_fake = criterion(fake_logits, torch.full_like(fake_logits, 0.0))
    return (loss_real + loss_fake) * 0.5


def d_log_sigmoid(D, x, y, fake):
    r, f = D(torch.cat([x, y], 1)), D(torch.cat([x, fake.detach()], 1))
    return -(F.logsigmoid(r).mean() + F.logsigmoid(-f).mean()) / 2


def d_loop(D, x, y, fake):
    total = 0.0
    fake = fake.data
    for i in range(x.shape[0]):
        r = D(torch.cat([x[i], y[i]])[None])
        f = D(torch.cat([x[i], fake[i]])[None])
        total = total + F.softplus(-r).mean() + F.softplus(f).mean()
    return total / (2 * len(x))


def d_logaddexp(D, x, y, fake):
    r = D(torch.hstack([x, y]))
    f = D(torch.hstack([x, fake.detach()]))
    zero = torch.zeros_like(r)
    return torch.stack([torch.logaddexp(zero, -r).mean(), torch.logaddexp(zero, f).mean()]).mean()


def d_mean_of_all(D, x, y, fake):
    r, f = D(torch.cat([x, y], 1)), D(torch.cat([x, fake.detach()], 1))
    return F.softplus(torch.cat([-r, f])).mean()


def d_with(
    real=lambda x, y: torch.cat([x, y], 1),
    false=lambda x, y, fake: torch.cat([x, fake], 1),
    loss=lambda r, f: 0.5 * (bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))),
    detach=True,
):
    def discriminator_loss(D, x, y, fake):
        fake = fake.detach() if detach else fake
        return loss(D(real(x, y)), D(false(x, y, fake)))

    return discriminator_loss


def dw_detached_logits(D, x, y, fake):
    r, f = D(torch.cat([x, y], 1)), D(torch.cat([x, fake], 1)).detach()
    return 0.5 * (F.softplus(-r).mean() + F.softplus(f).mean())


def dw_no_grad_fake(D, x, y, fake):
    r = D(torch.cat([x, y], 1))
    with torch.no_grad():
        f = D(torch.cat([x, fake], 1))
    return 0.5 * (F.softplus(-r).mean() + F.softplus(f).mean())


def dw_detach_in_place(D, x, y, fake):
    fake.detach_()
    return d_softplus(D, x, y, fake)


def dw_sigmoid_log(D, x, y, fake):
    r, f = D(torch.cat([x, y], 1)).sigmoid(), D(torch.cat([x, fake.detach()], 1)).sigmoid()
    return -0.5 * (torch.log(r).mean() + torch.log(1 - f).mean())


def dw_bce_sigmoid(D, x, y, fake):
    r, f = D(torch.cat([x, y], 1)).sigmoid(), D(torch.cat([x, fake.detach()], 1)).sigmoid()
    return 0.5 * (F.binary_cross_entropy(r, torch.ones_like(r)) + F.binary_cross_entropy(f, torch.zeros_like(f)))


def dw_bce_raw(D, x, y, fake):
    r, f = D(torch.cat([x, y], 1)), D(torch.cat([x, fake.detach()], 1))
    return 0.5 * (F.binary_cross_entropy(r, torch.ones_like(r)) + F.binary_cross_entropy(f, torch.zeros_like(f)))


def dw_two_arguments(D, x, y, fake):
    r, f = D(x, y), D(x, fake.detach())
    return 0.5 * (F.softplus(-r).mean() + F.softplus(f).mean())


def dw_label_scalar(D, x, y, fake):
    r, f = D(torch.cat([x, y], 1)), D(torch.cat([x, fake.detach()], 1))
    return 0.5 * (bce(r, torch.tensor(1.0)) + bce(f, torch.tensor(0.0)))


def dw_label_batch(D, x, y, fake):
    r, f = D(torch.cat([x, y], 1)), D(torch.cat([x, fake.detach()], 1))
    return 0.5 * (bce(r, torch.ones(len(x), 1)) + bce(f, torch.zeros(len(x), 1)))


def dw_backward(D, x, y, fake):
    loss = d_bce(D, x, y, fake)
    loss.backward()
    return loss


def sp(s):
    return F.softplus(s).mean()


D_RIGHT = {
    "bce with logits": d_bce,
    "softplus, the pair detached": d_softplus,
    "one call for both": d_one_call,
    "criterion, no_grad copy": d_module,
    "logsigmoid": d_log_sigmoid,
    "image by image": d_loop,
    "logaddexp": d_logaddexp,
    "mean of all": d_mean_of_all,
}
D_WRONG = {
    "picture alone": (d_with(lambda x, y: y, lambda x, y, f: f), "the condition is missing"),
    "fake alone": (d_with(false=lambda x, y, f: f), "the condition is missing"),
    "picture first": (
        d_with(lambda x, y: torch.cat([y, x], 1), lambda x, y, f: torch.cat([f, x], 1)),
        "condition first",
    ),
    "fake paired with y": (d_with(false=lambda x, y, f: torch.cat([y, f], 1)), "the condition is x"),
    "y is the condition": (
        d_with(lambda x, y: torch.cat([y, y], 1), lambda x, y, f: torch.cat([y, f], 1)),
        "the condition is x",
    ),
    "along the batch": (
        d_with(lambda x, y: torch.cat([x, y]), lambda x, y, f: torch.cat([x, f])),
        "dim=1",
    ),
    "not halved": (d_with(loss=lambda r, f: sp(-r) + sp(f)), "half"),
    "sum": (d_with(loss=lambda r, f: 0.5 * (F.softplus(-r).sum() + F.softplus(f).sum())), "mean"),
    "reduction none": (
        d_with(loss=lambda r, f: 0.5 * (F.softplus(-r) + F.softplus(f))),
        "a scalar",
    ),
    "labels swapped": (d_with(loss=lambda r, f: 0.5 * (sp(r) + sp(-f))), "labels"),
    "all are real": (d_with(loss=lambda r, f: 0.5 * (sp(-r) + sp(-f))), "fakes have label 0"),
    "not detached": (d_with(detach=False), "detach"),
    "sigmoid twice": (
        d_with(loss=lambda r, f: 0.5 * (bce(r.sigmoid(), torch.ones_like(r)) + bce(f.sigmoid(), 0 * f))),
        "logits already",
    ),
    "only real": (d_with(loss=lambda r, f: 0.5 * sp(-r)), "two terms"),
    "only fake": (d_with(loss=lambda r, f: sp(f)), "two terms"),
    "one half": (d_with(loss=lambda r, f: 0.5 * sp(-r) + sp(f)), "half of both"),
    "least squares": (
        d_with(loss=lambda r, f: 0.5 * ((r - 1).square().mean() + f.square().mean())),
        "BCE, not squares",
    ),
    "hinge": (d_with(loss=lambda r, f: 0.5 * (F.relu(1 - r).mean() + F.relu(1 + f).mean())), "BCE"),
    "wasserstein": (d_with(loss=lambda r, f: f.mean() - r.mean()), "BCE"),
    "negative": (d_with(loss=lambda r, f: -0.5 * (sp(-r) + sp(f))), "sign"),
    "label smoothing": (
        d_with(loss=lambda r, f: 0.5 * (bce(r, torch.full_like(r, 0.9)) + sp(f))),
        "label 1",
    ),
    "logits detached": (dw_detached_logits, "D learns nothing from the fakes"),
    "no_grad around D": (dw_no_grad_fake, "D learns nothing from the fakes"),
    "detach_": (dw_detach_in_place, "the caller's fake is cut"),
    "sigmoid and log": (dw_sigmoid_log, "unstable"),
    "sigmoid and BCE": (dw_bce_sigmoid, "unstable"),
    "BCE of logits": (dw_bce_raw, "with logits"),
    "two arguments": (dw_two_arguments, "cat"),
    "scalar label": (dw_label_scalar, "a label of the shape of the logits"),
    "label a picture": (dw_label_batch, "a label of the shape of the logits"),
    "own backward": (dw_backward, "no backward"),
    "a pair": (d_with(loss=lambda r, f: (sp(-r), sp(f))), "one number"),
    "mean of the scores first": (
        d_with(loss=lambda r, f: 0.5 * (F.softplus(-r.mean()) + F.softplus(f.mean()))),
        "mean",
    ),
    "probabilities": (
        d_with(loss=lambda r, f: 0.5 * ((1 - r.sigmoid()).mean() + f.sigmoid().mean())),
        "the log is missing",
    ),
}

# ------------------------------------------------------------------------------------------------- generator_loss


def g_bce(D, x, y, fake, l1=100.0):
    logits = D(torch.cat([x, fake], dim=1))
    return bce(logits, torch.ones_like(logits)) + l1 * F.l1_loss(fake, y)


def g_softplus(D, x, y, fake, l1=100.0):
    return F.softplus(-D(torch.cat([x, fake], 1))).mean() + l1 * (y - fake).abs().mean()


def g_modules(D, x, y, fake, l1=100.0):
    logits = D(torch.cat([x, fake], 1))
    adversarial = nn.BCEWithLogitsLoss()(logits, torch.tensor(1.0).expand_as(logits))
    return adversarial.add(nn.L1Loss()(fake, y), alpha=l1)


def g_frozen_and_back(D, x, y, fake, l1=100.0):
    asked = [p.requires_grad for p in D.parameters()]
    D.requires_grad_(False)
    logits = D(torch.cat([x, fake], 1))
    for p, was in zip(D.parameters(), asked):
        p.requires_grad_(was)
    return -F.logsigmoid(logits).mean() + l1 * torch.mean(torch.abs(fake - y))


def g_loop(D, x, y, fake, l1=100.0):
    losses = []
    for a, b, c in zip(x, y, fake):
        logits = D(torch.cat([a, c])[None])
        losses.append(F.softplus(-logits).mean() + l1 * (b - c).abs().mean())
    return sum(losses) / len(losses)


def g_if(D, x, y, fake, l1=100.0):
    loss = torch.logaddexp(torch.zeros(()), -D(torch.hstack((x, fake)))).mean()
    if l1 > 0:
        loss = loss + l1 * torch.maximum(y - fake, fake - y).mean()
    return loss


def g_sum_over_count(D, x, y, fake, l1=100.0):
    s = D(torch.cat([x, fake], 1))
    return F.softplus(-s).sum() / s.numel() + l1 * torch.linalg.vector_norm(fake - y, ord=1) / y.numel()


def g_with(
    pair=lambda x, y, fake: torch.cat([x, fake], 1),
    gan=lambda s: bce(s, torch.ones_like(s)),
    distance=lambda x, y, fake: (y - fake).abs().mean(),
    total=lambda gan, distance, l1: gan + l1 * distance,
):
    def generator_loss(D, x, y, fake, l1=100.0):
        return total(gan(D(pair(x, y, fake))), distance(x, y, fake), l1)

    return generator_loss


def gw_no_grad(D, x, y, fake, l1=100.0):
    with torch.no_grad():
        s = D(torch.cat([x, fake], 1))
    return sp(-s) + l1 * (y - fake).abs().mean()


def gw_freezes(D, x, y, fake, l1=100.0):
    for p in D.parameters():
        p.requires_grad = False
    return g_bce(D, x, y, fake, l1)


def gw_l1_hard(D, x, y, fake, l1=100.0):
    return sp(-D(torch.cat([x, fake], 1))) + 100 * F.l1_loss(fake, y)


def gw_if_l1(D, x, y, fake, l1=100.0):
    if not l1:
        l1 = 100.0
    return g_bce(D, x, y, fake, l1)


def gw_default(D, x, y, fake, l1=10.0):
    return g_bce(D, x, y, fake, l1)


def gw_real_too(D, x, y, fake, l1=100.0):
    r, f = D(torch.cat([x, y], 1)), D(torch.cat([x, fake], 1))
    return sp(-f) + sp(r) + l1 * F.l1_loss(fake, y)


def gw_log_sigmoid(D, x, y, fake, l1=100.0):
    return -torch.log(torch.sigmoid(D(torch.cat([x, fake], 1)))).mean() + l1 * F.l1_loss(fake, y)


def gw_item(D, x, y, fake, l1=100.0):
    return sp(-D(torch.cat([x, fake], 1))) + l1 * F.l1_loss(fake, y).item()


G_RIGHT = {
    "bce with logits, l1_loss": g_bce,
    "softplus, abs": g_softplus,
    "modules": g_modules,
    "frozen and back": g_frozen_and_back,
    "image by image": g_loop,
    "l1 only where it counts": g_if,
    "sums over counts": g_sum_over_count,
}
G_WRONG = {
    "detached for D": (g_with(lambda x, y, f: torch.cat([x, f.detach()], 1)), "no gradient through D"),
    "no_grad around D": (gw_no_grad, "no gradient through D"),
    "l1 detached": (g_with(distance=lambda x, y, f: (y - f.detach()).abs().mean()), "no gradient from L1"),
    "item": (gw_item, "no gradient from L1"),
    "l1 subtracted": (g_with(total=lambda g, d, l1: g - l1 * d), "plus"),
    "gan subtracted": (g_with(total=lambda g, d, l1: -g + l1 * d), "plus"),
    "label 0": (g_with(gan=lambda s: sp(s)), "label 1"),
    "saturating": (g_with(gan=lambda s: -sp(s)), "non-saturating"),
    "squared": (g_with(distance=lambda x, y, f: F.mse_loss(f, y)), "absolute"),
    "smooth l1": (g_with(distance=lambda x, y, f: F.smooth_l1_loss(f, y)), "absolute"),
    "sum": (g_with(distance=lambda x, y, f: (y - f).abs().sum()), "mean"),
    "sum a picture": (g_with(distance=lambda x, y, f: (y - f).abs().flatten(1).sum(1).mean()), "mean"),
    "l1 forgotten": (g_with(total=lambda g, d, l1: g + d), "the weight"),
    "l1 on the GAN's term": (g_with(total=lambda g, d, l1: l1 * g + d), "the weight belongs to L1"),
    "l1 on both": (g_with(total=lambda g, d, l1: l1 * (g + d)), "the weight belongs to L1"),
    "blended": (g_with(total=lambda g, d, l1: (1 - l1) * g + l1 * d), "the GAN's term has the weight 1"),
    "D on the real pair": (g_with(lambda x, y, f: torch.cat([x, y], 1)), "the fake"),
    "picture alone": (g_with(lambda x, y, f: f), "the condition"),
    "fake first": (g_with(lambda x, y, f: torch.cat([f, x], 1)), "condition first"),
    "paired with y": (g_with(lambda x, y, f: torch.cat([y, f], 1)), "the condition is x"),
    "distance to x": (g_with(distance=lambda x, y, f: (x - f).abs().mean()), "distance to y"),
    "no distance": (g_with(total=lambda g, d, l1: g), "L1 is missing"),
    "no gan": (g_with(total=lambda g, d, l1: l1 * d), "D is missing"),
    "no abs": (g_with(distance=lambda x, y, f: (y - f).mean()), "absolute"),
    "abs of the mean": (g_with(distance=lambda x, y, f: (y - f).mean().abs()), "abs first"),
    "euclidean": (g_with(distance=lambda x, y, f: (y - f).norm()), "L1"),
    "halved": (g_with(gan=lambda s: 0.5 * sp(-s)), "only D's loss is halved"),
    "sigmoid twice": (g_with(gan=lambda s: bce(s.sigmoid(), torch.ones_like(s))), "logits"),
    "least squares": (g_with(gan=lambda s: (s - 1).square().mean()), "BCE"),
    "minus the score": (g_with(gan=lambda s: -s.mean()), "BCE"),
    "gan summed": (g_with(gan=lambda s: F.softplus(-s).sum()), "mean"),
    "log of sigmoid": (gw_log_sigmoid, "unstable"),
    "freezes D": (gw_freezes, "D stays frozen"),
    "100 fixed": (gw_l1_hard, "l1"),
    "0 is 100": (gw_if_l1, "l1 = 0"),
    "another default": (gw_default, "the default"),
    "real term too": (gw_real_too, "the fake alone"),
    "a pair": (g_with(total=lambda g, d, l1: (g, l1 * d)), "one number"),
}

RIGHT = {
    "unet_forward": UNET_RIGHT,
    "patch_discriminator": PATCH_RIGHT,
    "discriminator_loss": D_RIGHT,
    "generator_loss": G_RIGHT,
}
WRONG = {
    "unet_forward": UNET_WRONG,
    "patch_discriminator": PATCH_WRONG,
    "discriminator_loss": D_WRONG,
    "generator_loss": G_WRONG,
}
