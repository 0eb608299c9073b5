"""The discriminator of patches (Isola et al. 2017, sections 3.2.2 and 6.1.2), judged by what it does."""

import re
from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import NotDone, Raised, call, translate
from labkit.course.lab04.patch_mistakes import judge_activation, judge_places, judge_reach, judge_structure
from labkit.course.lab04.reach import Watch, make_bare, measure

# Channels, width, downs; the first is the paper's 70 × 70, and the last shows where the widths stop growing.
CASES = ((6, 2, 3), (5, 3, 1), (3, 4, 2), (1, 2, 4))
CANVAS = {1: 96, 2: 96, 3: 160}
"""Pictures large enough for what wrong networks see."""
ENDS = "The last convolution makes one channel, and that is the result: (B, 1, h, w), a score for each patch."


def patch_discriminator(channels: int, width: int, downs: int) -> nn.Module:
    """A network (B, channels, H, W) → scores (B, 1, H/2^downs − 2, W/2^downs − 2), one for each patch."""
    layers: list[nn.Module] = []
    for k in range(downs + 1):
        wide = width * min(2**k, 8)
        layers.append(nn.Conv2d(channels, wide, 4, 2 if k < downs else 1, 1))
        if k:
            layers.append(nn.BatchNorm2d(wide))
        layers.append(nn.LeakyReLU(0.2))
        channels = wide
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 1))


def judge_patch_discriminator(function: Callable) -> None:
    """Four sizes: shapes, widths, what a score sees, activations, the same weights everywhere."""
    for channels, width, downs in CASES:
        torch.manual_seed(channels)
        net = _make(function, channels, width, downs)
        height = max(48, 16 * 2**downs)  # Large enough for what wrong networks do to it.
        x = torch.randn(2, channels, height, height - 2**downs)
        with Watch() as seen:
            scores = _scores(net, x, function)
        judge_structure(net, seen, width, downs)
        _judge_other_size(net, x, function)
        if downs in CANVAS:
            size = CANVAS[downs]
            other = _make(function, channels, width, downs)
            _judge_new(net, other)
            _scores(other, x, function)
            try:
                make_bare(other, x)
                judge_reach(measure(other, channels, size), downs, first=downs == CASES[0][2])
                other.double()  # A score is compared with 0.2 to a power; whether a gradient is 0 shows in float32 too.
                judge_activation(other, channels, size, downs)
                judge_places(other, channels, size, downs)
            finally:  # One activation may serve all the networks that the function makes.
                other.train()
        _judge_grid(scores, x, downs)
    _judge_random(function)


def _make(function: Callable, channels: int, width: int, downs: int) -> nn.Module:
    net = call(function, channels, width, downs)
    if isinstance(net, (list, tuple)):
        raise Wrong(
            "list",
            f"your function returned a {type(net).__name__} of layers, and nothing says how to run them.",
            "`nn.Sequential(*layers)` makes one module of them.",
        )
    if isinstance(net, type):
        raise Wrong("class", "your function returned a class.", "Return one of its objects: call it.")
    if not isinstance(net, nn.Module):
        raise Wrong(
            "not-a-module",
            f"your function returned a {type(net).__name__}: an optimiser would not find its weights.",
            "Return an `nn.Module`, for example `nn.Sequential(*layers)`.",
        )
    if not any(True for _ in net.parameters()):
        raise Wrong(
            "no-weights",
            "PyTorch finds no weights in your module: an optimiser would have nothing to train.",
            "Layers in a plain Python list are not found: `nn.Sequential(*layers)` or `nn.ModuleList(layers)`.",
        )
    if not all(p.requires_grad for p in net.parameters()):
        raise Wrong("frozen", "some of your weights don't ask for a gradient.", "Leave `requires_grad` as it is.")
    if not all(module.training for module in net.modules()):
        raise Wrong(
            "eval-mode", "your module comes in eval mode.", "A new module is in train mode: leave out `.eval()`."
        )
    return net


def _scores(net: nn.Module, x: Tensor, function: Callable) -> Tensor:
    """The scores of a new network, (B, 1, h, w)."""
    try:
        scores = call(net, x)
    except NotDone:
        raise Wrong(
            "no-forward", "your module has no `forward` yet.", "`def forward(self, x):` beside `__init__`, no deeper."
        ) from None
    except Raised as raised:
        raise _explained(translate(raised.error, function), x) from None
    if not isinstance(scores, Tensor):
        raise Wrong("not-a-tensor", f"your module gave a {type(scores).__name__}.", ENDS)
    shape = tuple(scores.shape)
    given = f"from pictures {tuple(x.shape)} your module makes {shape}"
    if scores.numel() == len(x):
        raise Wrong(
            "one-score",
            f"{given}: one score for each whole picture.",
            "A score for each *patch*: no pooling, no flattening and no linear layer behind the convolutions. " + ENDS,
        )
    if scores.dim() == 3 and shape[0] == len(x):
        raise Wrong("squeezed", f"{given}: the dimension of the channel is gone.", ENDS)
    if scores.dim() == 2:
        raise Wrong("flattened", f"{given}: which patch a score belongs to is lost.", ENDS)
    if scores.dim() != 4 or shape[0] != len(x):
        raise Wrong("shape", f"{given}.", ENDS)
    if shape[1] != 1:
        raise Wrong("outputs", f"{given}: {shape[1]} numbers for each patch, and a score is one.", ENDS)
    if not scores.isfinite().all():
        raise Wrong("not-finite", "some of your scores are not finite.", "Does something divide by 0 or overflow?")
    if not scores.requires_grad:
        raise Wrong("cut-graph", "no gradient flows from your scores: D could not learn.", "No `.detach()` in here.")
    return scores


def _explained(raised: Exception, x: Tensor) -> Exception:
    if not isinstance(raised, Raised):
        return raised
    text = str(raised.error)
    channels = x.shape[1]
    met = re.search(r"to have (\d+) channels, but got (\d+)", text)
    sentence = f"on pictures {tuple(x.shape)}: {raised.sentence}."
    if met and int(met[2]) == channels:
        return Wrong(
            "channels",
            f"your first layer takes {met[1]} channels, and `channels` is {channels}.",
            "`channels` counts those of the condition and of the picture together: the first convolution takes just so "
            "many.",
        )
    if met or "running_mean should contain" in text or "num_features" in text:
        return Wrong(
            "chain",
            sentence,
            "Each layer takes as many channels as the one before it makes: carry the number along in the loop.",
        )
    if "cannot be multiplied" in text:
        return Wrong(
            "linear-layer",
            sentence,
            "A linear layer fits one size of picture alone. A convolution to one channel takes every size.",
        )
    if "Kernel size can't be greater" in text or "Output size is too small" in text:
        return Wrong("too-small", sentence, "Your maps become too small: only `downs` of the layers halve them.")
    return raised


def _judge_grid(scores: Tensor, x: Tensor, downs: int) -> None:
    found, right = tuple(scores.shape[2:]), tuple(size // 2**downs - 2 for size in x.shape[2:])
    if found == right:
        return
    shown = (
        f"each score sees the right patch, but from {x.shape[2]} × {x.shape[3]} pixels come {found[0]} × {found[1]} "
        f"scores, and with downs = {downs} it should be {right[0]} × {right[1]}"
    )
    if found[0] < right[0]:
        raise Wrong("no-padding", f"{shown}: patches at the border are missing.", "`padding=1` in every convolution.")
    raise Wrong("padding", f"{shown}.", "A 4×4 convolution with padding 1: n becomes n/2 with stride 2, n − 1 with 1.")


def _judge_other_size(net: nn.Module, x: Tensor, function: Callable) -> None:
    """A smaller picture has fewer patches."""
    small = x[:1, :, : x.shape[2] - 8, : x.shape[3] - 16]
    grids = [tuple(_scores(net, some, function).shape[2:]) for some in (x, small)]
    if grids[0] == grids[1]:
        raise Wrong(
            "fixed-grid",
            f"from {x.shape[2]} × {x.shape[3]} pixels and from {small.shape[2]} × {small.shape[3]} your module makes "
            f"{grids[0][0]} × {grids[0][1]} scores, the same number.",
            "A larger picture has more patches: nothing in the network sets the number of scores.",
        )


def _judge_new(first: nn.Module, second: nn.Module) -> None:
    if {id(p) for p in first.parameters()} & {id(p) for p in second.parameters()}:
        raise Wrong(
            "shared",
            "two calls of your function give networks with the same weights: training one would move the other.",
            "Make the layers inside of the function, so that each call makes new ones.",
        )


def _judge_random(function: Callable) -> None:
    nets = [_make(function, 3, 2, 1) for _ in range(2)]
    for net in nets:
        _scores(net, torch.randn(1, 3, 24, 24), function)
    if all(torch.equal(p, q) for p, q in zip(*(net.parameters() for net in nets))):
        raise Wrong(
            "seeded",
            "two networks of your function begin with the very same random weights.",
            "No `torch.manual_seed` in here.",
        )


PATCH_DISCRIMINATOR = Exercise(
    name="04.patch_discriminator",
    title="A discriminator of patches",
    points=3,
    difficulty=2,
    minutes=20,
    reference=patch_discriminator,
    hints=(
        "L1 already sees to what is right on the whole. How much of a picture must D see to judge whether it is sharp? "
        "And what would a linear layer at the end take away?",
        "r ← (r − 1)·s + 4, from the last layer to the first: 1 → 4 → 7 with the two of stride 1, then → 16 → 34 → 70 "
        "with downs = 1, 2, 3 of stride 2.",
        "A loop over `k in range(downs + 1)`: `nn.Conv2d(before, width * min(2**k, 8), 4, 2 if k < downs else 1, 1)` "
        "and `nn.LeakyReLU(0.2)`; behind it one `nn.Conv2d(before, 1, …)` alone; `nn.Sequential(*layers)`.",
    ),
    judge=judge_patch_discriminator,
)
