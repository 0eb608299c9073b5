"""Blind answers to `condition_image`. See `blind_answers`."""

import torch
import torch.nn.functional as F


def c_one_hot(image, label, classes):
    planes = F.one_hot(label, classes)[:, :, None, None].expand(-1, -1, *image.shape[2:])
    return torch.cat([image, planes.to(image)], dim=1)


def c_whole_numbers(image, label, classes):
    planes = F.one_hot(label, classes)[..., None, None].repeat(1, 1, image.shape[-2], image.shape[-1])
    return torch.cat([image, planes], dim=1)


def c_eye(image, label, classes):
    rows = torch.eye(classes, dtype=image.dtype, device=image.device)[label]
    return torch.cat((image, rows.view(-1, classes, 1, 1) * torch.ones_like(image[:, :1])), 1)


def c_scatter(image, label, classes):
    b, _, h, w = image.shape
    planes = image.new_zeros(b, classes, h, w)
    planes.scatter_(1, label.view(b, 1, 1, 1).expand(b, 1, h, w), 1.0)
    return torch.cat([image, planes], dim=1)


def c_where(image, label, classes):
    own = torch.arange(classes)[None, :, None, None] == label[:, None, None, None]
    planes = torch.where(own, 1.0, 0.0).expand(len(image), classes, image.size(2), image.size(3))
    return torch.cat([image, planes], dim=-3)


def c_loop(image, label, classes):
    out = []
    for x, y in zip(image, label):
        planes = [torch.full_like(x[0], 1.0 if k == y else 0.0) for k in range(classes)]
        out.append(torch.cat([x, torch.stack(planes)]))
    return torch.stack(out)


def c_pad(image, label, classes):
    out = F.pad(image, (0, 0, 0, 0, 0, classes))
    out[torch.arange(len(image)), image.shape[1] + label] = 1
    return out


def c_einsum(image, label, classes):
    rows = F.embedding(label, torch.eye(classes))
    planes = torch.einsum("bk,h,w->bkhw", rows, torch.ones(image.shape[2]), torch.ones(image.shape[3]))
    return torch.cat([image, planes], 1)


def c_interleave(image, label, classes):
    b, _, h, w = image.shape
    planes = F.one_hot(label, classes).float().repeat_interleave(h * w, dim=1).view(b, classes, h, w)
    return torch.cat([image, planes], 1)


def with_planes(planes):
    """An answer that appends planes(image, label, classes)."""
    return lambda image, label, classes: torch.cat([image, planes(image, label, classes).float()], dim=1)


def spread(rows, image):
    return rows[:, :, None, None].expand(-1, -1, *image.shape[2:])


def c_scrambled(image, label, classes):
    b, _, h, w = image.shape
    planes = F.one_hot(label, classes).float().repeat(1, h * w).view(b, classes, h, w)
    return torch.cat([image, planes], 1)


def c_turned(image, label, classes):
    _, _, h, w = image.shape
    planes = F.one_hot(label, classes).float()[:, :, None, None].expand(-1, -1, w, h)
    return torch.cat([image, planes], 1)


def c_everybodys(image, label, classes):
    planes = torch.zeros(len(image), classes, *image.shape[2:])
    planes[:, label] = 1
    return torch.cat([image, planes], 1)


def c_one_channel(image, label, classes):
    b, c, h, w = image.shape
    out = torch.zeros(b, c + classes, h, w)
    out[:, :c] = image
    out[torch.arange(b), 1 + label] = 1
    return out


def c_one_pixel(image, label, classes):
    planes = torch.zeros(len(image), classes, *image.shape[2:])
    planes[torch.arange(len(image)), label, 0, 0] = 1
    return torch.cat([image, planes], 1)


def c_into_image(image, label, classes):
    image += label[:, None, None, None] / classes
    return c_one_hot(image, label, classes)


def c_no_offset(image, label, classes):
    out = F.pad(image, (0, 0, 0, 0, 0, classes))
    out[torch.arange(len(image)), label] = 1
    return out


RIGHT = {
    "one hot": c_one_hot,
    "whole numbers, cat promotes": c_whole_numbers,
    "eye[label]": c_eye,
    "scatter_": c_scatter,
    "where": c_where,
    "loop": c_loop,
    "pad, then assign": c_pad,
    "einsum": c_einsum,
    "repeat_interleave": c_interleave,
}
WRONG = {
    "planes first": (
        "planes in front",
        "planes-first",
        lambda image, label, classes: torch.cat([spread(F.one_hot(label, classes).float(), image), image], 1),
    ),
    "ten": (
        "10 classes always",
        "hard-coded",
        with_planes(lambda image, label, classes: spread(F.one_hot(label, 10), image)),
    ),
    "no classes": (
        "as many planes as the largest label needs",
        "num-classes",
        with_planes(lambda image, label, classes: spread(F.one_hot(label), image)),
    ),
    "one plane": (
        "one plane with the label's number",
        "label-as-number",
        with_planes(lambda image, label, classes: label.view(-1, 1, 1, 1).expand(-1, 1, *image.shape[2:])),
    ),
    "label everywhere": (
        "the label's number in every plane",
        "label-everywhere",
        with_planes(lambda image, label, classes: label.view(-1, 1, 1, 1).expand(-1, classes, *image.shape[2:])),
    ),
    "label in its plane": (
        "the label's number in place of 1",
        "values",
        with_planes(lambda image, label, k: spread(F.one_hot(label, k) * label[:, None], image)),
    ),
    "28 × 28": (
        "planes of 28 × 28",
        "plane-size",
        with_planes(lambda image, label, k: F.one_hot(label, k)[:, :, None, None].expand(-1, -1, 28, 28)),
    ),
    "square planes": (
        "H × H planes",
        "plane-size",
        with_planes(
            lambda image, label, k: F.one_hot(label, k)[..., None, None].repeat(1, 1, image.shape[2], image.shape[2])
        ),
    ),
    "not spread": (
        "planes of 1 × 1",
        "not-spread",
        with_planes(lambda image, label, k: F.one_hot(label, k)[..., None, None]),
    ),
    "scrambled": ("repeat + view mixes classes within each plane", "scrambled", c_scrambled),
    "turned": ("W × H planes: right for square images only", "plane-size", c_turned),
    "everybody's": ("each image has the planes of all labels in the batch", "several-planes", c_everybodys),
    "the first's": (
        "the first label for all",
        "wrong-plane",
        with_planes(lambda image, label, k: spread(F.one_hot(label[:1], k).expand(len(image), -1), image)),
    ),
    "one channel": ("takes images to have one channel", "offset", c_one_channel),
    "one pixel": ("marks one pixel", "not-everywhere", c_one_pixel),
    "into the image": ("changes its input", "changes-input", c_into_image),
    "no offset": ("writes the 1 into the image's own channels", "offset", c_no_offset),
    "inverted": (
        "0 for its own class, 1 for others",
        "inverted",
        with_planes(lambda image, label, k: spread(1 - F.one_hot(label, k), image)),
    ),
    "minus one": (
        "−1 for others",
        "plus-minus",
        with_planes(lambda image, label, k: spread(2 * F.one_hot(label, k) - 1, image)),
    ),
    "next class": (
        "one class off",
        "wrong-plane",
        with_planes(lambda image, label, k: spread(F.one_hot((label + 1) % k, k), image)),
    ),
    "reversed": (
        "counts from the end",
        "wrong-plane",
        with_planes(lambda image, label, k: spread(F.one_hot(label, k).flip(1), image)),
    ),
    "times the image": (
        "the image in its plane",
        "values",
        with_planes(lambda image, label, k: F.one_hot(label, k)[..., None, None] * image.mean(1, keepdim=True)),
    ),
    "divided": ("1 / classes", "values", with_planes(lambda image, label, k: spread(F.one_hot(label, k) / k, image))),
    "detached": ("no gradient for G", "cut-graph", lambda image, label, k: c_one_hot(image.detach(), label, k)),
    "by numpy": (
        "no gradient for G",
        "cut-graph",
        lambda image, label, k: torch.from_numpy(c_one_hot(image.detach(), label, k).numpy()),
    ),
    "below": (
        "appended below, not behind",
        "wrong-dimension",
        lambda image, label, k: torch.cat([image, spread(F.one_hot(label, k).float(), image)], 2),
    ),
    "planes only": (
        "forgets the image",
        "no-concatenation",
        lambda image, label, k: spread(F.one_hot(label, k).float(), image),
    ),
    "one plane too many": (
        "classes + 1 planes",
        "hard-coded",
        with_planes(lambda image, label, k: spread(F.one_hot(label, k + 1), image)),
    ),
    "channels last": (
        "planes last in memory order",
        "wrong-dimension",
        lambda image, label, k: torch.cat(
            [image.permute(0, 2, 3, 1), F.one_hot(label, k)[:, None, None].expand(-1, *image.shape[2:], -1)], -1
        ),
    ),
    "grey first": (
        "keeps only the first channel",
        "channels-lost",
        lambda image, label, k: c_one_hot(image[:, :1], label, k),
    ),
    "all ones": (
        "1 in every plane",
        "several-planes",
        with_planes(lambda image, label, k: image.new_ones(len(image), k, *image.shape[2:])),
    ),
}
