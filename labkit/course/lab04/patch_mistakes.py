"""What a network of patches does wrong: its widths and norms, what its scores see, its activations."""

import torch
from torch import nn

from labkit.course.exercise import Wrong
from labkit.course.lab04.reach import Reach, Watch, bare, receptive

LAYERS = "`downs` convolutions of stride 2, then two of stride 1, all 4×4 with padding 1."
SLOPE = "`nn.LeakyReLU(0.2)` behind every convolution but the last: x where it is positive, 0.2·x where it is negative."
RAW = "The loss takes raw scores, of any size and sign: the last convolution is the end."


def judge_structure(net: nn.Module, seen: Watch, width: int, downs: int) -> None:
    """Widths, norms and dropout, as they ran; layers that PyTorch can't find."""
    if "dropout" in seen.events:
        raise Wrong(
            "dropout",
            "your network drops a part of its maps at random.",
            "In pix2pix dropout is G's, in place of a noise z. D has none.",
        )
    if "pool" in seen.events:
        raise Wrong(
            "pooling",
            "your network makes maps smaller by pooling.",
            "The convolutions of stride 2 do that, and learn how: " + LAYERS,
        )
    widths = [weight[0] for weight in seen.weights]
    right = [width * min(2**k, 8) for k in range(downs + 1)] + [1]
    found = sum(weight.dim() == 4 and weight[0].numel() > 1 for weight in net.parameters())
    if found < len(widths) == len(right):
        raise Wrong(
            "unregistered",
            f"{len(widths)} convolutions run, and PyTorch finds the weights of {found}: the others would never learn.",
            "Layers in a plain Python list are not found: `nn.Sequential(*layers)` or `nn.ModuleList(layers)`.",
        )
    if len(widths) == len(right) and widths != right:
        raise _wrong_widths(widths, right, width, downs)
    if seen.events[-1:] == ["norm"]:
        raise Wrong(
            "norm-last",
            "your scores are normalised: their mean is 0 by force, so D can't call a whole picture a fake.",
            "No norm behind the last convolution. " + RAW,
        )
    first = seen.events.index("convolution") if "convolution" in seen.events else 0
    if "norm" in seen.events[: first + 2]:
        raise Wrong(
            "norm-first",
            "the first map, or the picture itself, is normalised: D does not see any more how bright and how strong in "
            "contrast a picture is.",
            "A norm stands in all layers but the first and the last, or nowhere.",
        )


def _wrong_widths(widths: list[int], right: list[int], width: int, downs: int) -> Wrong:
    shown = f"with width = {width} and downs = {downs} your maps have {widths[:-1]} channels"
    grows = "width·min(2^k, 8) for k = 0, …, downs, then 1."
    if len(set(widths[:-1])) == 1 and widths[0] == width:
        return Wrong("not-doubling", f"{shown}: their number does not grow.", grows)
    if widths[0] != width:
        return Wrong("width", f"{shown}: the first should have {width}.", "No fixed numbers: " + grows)
    if widths[:-1] == [width * 2**k for k in range(downs + 1)]:
        return Wrong("no-cap", f"{shown}: they go on doubling.", "From 8·width on they stay: " + grows)
    return Wrong("widths", f"{shown}, and it should be {right[:-1]}.", grows)


def judge_reach(reach: Reach | None, downs: int, first: bool) -> None:
    """What a score sees, and how far two scores stand apart; `first` is whether no other `downs` was tried before."""
    if reach is None:
        raise Wrong(
            "blind",
            "a score in the middle has no gradient in the picture, with positive weights and a positive picture.",
            "Convolutions and leaky ReLUs carry gradients to every pixel that they see: is something cut off there?",
        )
    field, stride = receptive([4] * (downs + 2), [2] * downs + [1, 1])
    if (reach.rows, reach.columns, reach.stride) == (field, field, stride) and not reach.holes:
        return
    shown = f"with downs = {downs} each score sees {reach.rows} × {reach.columns} pixels, {reach.stride} px further on "
    shown += f"from one to the next; it should be {field} × {field}, and {stride} px"
    if reach.whole:
        raise Wrong(
            "whole-picture",
            f"with downs = {downs} each score depends on all pixels of the picture; it should see {field} × {field}.",
            "Nothing that looks at the whole map: no pooling over it, no linear layer, no sum over all of its places.",
        )
    if reach.holes:
        raise Wrong(
            "holes",
            f"with downs = {downs} there are pixels between those that a score sees which it does not see.",
            "The strides of 2 make maps smaller, and kernels of 4 leave nothing out: no dilation. " + LAYERS,
        )
    for mistake, kernels, strides, did, hint in _structures(downs, first):
        if reach.rows == reach.columns and (reach.rows, reach.stride) == receptive(kernels, strides):
            raise Wrong(mistake, f"{shown}: {did}.", hint)
    raise Wrong("reach", f"{shown}.", "r ← (r − 1)·s + 4 for each layer, from the last to the first. " + LAYERS)


def _structures(downs: int, first: bool) -> list[tuple[str, list[int], list[int], str, str]]:
    """Mistake, kernels, strides, what was done, what to look at."""
    right = [2] * downs + [1, 1]

    def fours(strides: list[int]) -> tuple[list[int], list[int]]:
        return [4] * len(strides), strides

    others = [n for n in range(6) if abs(n - downs) > 1 or (n != downs and not first and n == 3)]
    known = [
        ("downs-ignored", *fours([2] * n + [1, 1]), f"{n} convolutions have stride 2", "Their number is `downs`.")
        for n in others
    ]
    return [
        *known,
        (
            "one-more",
            *fours([2, *right]),
            "one convolution of stride 2 is too many",
            "`downs` counts *all* layers of stride 2, also the first one.",
        ),
        (
            "one-less",
            *fours(right[1:]),
            "one convolution of stride 2 is missing",
            "`downs` counts all layers of stride 2, also the first one: is a `range` one too short?",
        ),
        (
            "one-stride-1",
            *fours([2] * downs + [1]),
            "one of the two 4×4 convolutions of stride 1 is missing",
            "Behind the layers of stride 2 comes one more layer with its activation, and then the one that scores.",
        ),
        (
            "no-stride-1",
            *fours([2] * downs),
            "both convolutions of stride 1 are missing",
            "Two more 4×4 convolutions, of stride 1, come behind those of stride 2.",
        ),
        ("three-stride-1", *fours([*right, 1]), "there is one convolution of stride 1 too many", LAYERS),
        (
            "all-stride-2",
            *fours([2] * (downs + 2)),
            "all convolutions have stride 2",
            "The last two have stride 1: scores then stand closer than their patches are wide.",
        ),
        (
            "last-but-one-stride-2",
            *fours([2] * (downs + 1) + [1]),
            "only the last convolution has stride 1",
            "The last *two* have stride 1: `stride = 2 if k < downs else 1` with k counted from 0.",
        ),
        (
            "two-stride-1-too-early",
            *fours([2] * (downs - 1) + [1, 1, 1]),
            "three convolutions have stride 1, and one of stride 2 is missing",
            "`stride = 2 if k < downs else 1` with k counted from 0.",
        ),
        ("all-stride-1", *fours([1] * (downs + 2)), "all convolutions have stride 1", LAYERS),
        *(
            (f"kernel-{k}", [k] * len(right), right, f"the kernels are {k}×{k}", "Kernels of 4×4: " + LAYERS)
            for k in (2, 3, 5, 6, 7)
        ),
    ]


def judge_activation(net: nn.Module, channels: int, size: int, downs: int) -> None:
    """By how much a picture of −1 is scored less than one of 1: 0.2 for every activation on the way."""
    grid = bare(net, torch.ones(1, channels, size, size)).shape

    def score(of: float) -> float:
        with torch.no_grad():
            out = bare(net, torch.full((1, channels, size, size), of))
        return float(out[0, 0, grid[2] // 2, grid[3] // 2])

    one, ten, minus, dark, high, low = (score(of) for of in (1, 10, -1, -10, 1e6, -1e6))
    if abs(high) <= 1 + 1e-9 and abs(low) <= 1 + 1e-9:
        name, ends = ("sigmoid", "0 and 1") if low >= 0 else ("tanh", "−1 and 1")
        raise Wrong(name, f"your scores always lie between {ends}: a {name} at the end.", RAW)
    if abs(ten - 10 * one) > 1e-6 * abs(ten) or abs(dark - 10 * minus) > 1e-6 * abs(dark) + 1e-12:
        raise Wrong(
            "not-leaky",
            "without biases, a picture ten times as strong should give scores ten times as large; yours are "
            f"{ten / one if one else 0:.3g} times as large where it is positive, and "
            f"{dark / minus if minus else 0:.3g} times where it is negative: your activation is curved.",
            SLOPE,
        )
    if one <= 0:
        raise Wrong(
            "sign",
            f"with positive weights a positive picture is scored {one:.3g}.",
            "Convolutions and leaky ReLUs keep it positive: does something turn the sign, or subtract?",
        )
    count, ratio = downs + 1, -minus / one
    if abs(ratio - 0.2**count) < 1e-4 * 0.2**count:
        return
    if abs(ratio - 1) < 1e-6:
        raise Wrong(
            "linear",
            "there is no activation between your convolutions: together they do no more than a single one.",
            SLOPE,
        )
    if abs(ratio) < 1e-12:
        raise _zero(net, channels, size)
    for wrong in range(1, count + 4):
        if abs(ratio - 0.2**wrong) < 1e-4 * 0.2**wrong:
            if wrong > count:
                raise Wrong(
                    "activation-last",
                    f"a negative number is made smaller {wrong} times on its way, and there are only {count} "
                    "convolutions before the last: an activation stands at the end, or twice in a row.",
                    "None behind the last convolution. " + RAW,
                )
            raise Wrong(
                "activation-missing",
                f"a negative number is made smaller {wrong} times on its way, and {count} convolutions should have an "
                "activation behind them.",
                SLOPE,
            )
    slope = abs(ratio) ** (1 / count)
    raise Wrong(
        "slope",
        f"your activation makes negative numbers {slope:.3g} times as large, and the slope is 0.2.",
        "PyTorch's own slope is 0.01: the number must be given. " + SLOPE,
    )


def _zero(net: nn.Module, channels: int, size: int) -> Wrong:
    """Negative numbers become 0: between the layers, or at the end alone."""
    with torch.no_grad():
        for weight in net.parameters():
            if weight.dim() == 4 and weight.shape[0] == 1 and weight[0].numel() > 1:
                weight.neg_()  # The last layer's.
        turned = bare(net, torch.ones(1, channels, size, size))
    if float(turned.min()) < 0:
        return Wrong(
            "relu",
            "your activation makes a 0 of every negative number: a ReLU, behind which gradients die.",
            "D's is leaky: " + SLOPE,
        )
    return Wrong("relu-last", "no score of yours is ever negative: a ReLU at the end.", RAW)


def judge_places(net: nn.Module, channels: int, size: int, downs: int) -> None:
    """A picture that moves by one stride moves the scores by one, wherever no border is near."""
    step, x = 2**downs, torch.randn(1, channels, size, size)
    with torch.no_grad():
        here, there = bare(net, x), bare(net, x.roll((step, step), (2, 3)))
    row, column = here.shape[2] // 2, here.shape[3] // 2
    a, b = float(here[0, 0, row, column]), float(there[0, 0, row + 1, column + 1])
    if abs(a - b) > 1e-6 * max(abs(a), 1e-6):
        raise Wrong(
            "places",
            f"a patch is scored {a:.3g} at one place of the picture and {b:.3g} at another.",
            "The same weights look at all patches: nothing in the network may depend on the place.",
        )
