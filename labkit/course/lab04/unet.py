"""The way through a U-Net (Ronneberger et al. 2015, figure 1; Isola et al. 2017, section 3.2.1), judged."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from labkit.course.asked import SIZES
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import NotDone, Raised, call, near
from labkit.course.lab04.layers import Layer, network
from labkit.course.lab04.wiring import JOIN, PILE, judge_wiring

# Channels of the encoder's maps and of the decoder's, then B, C, H, W. Equal channels first: what is added runs there.
CASES = (
    ((3, 3, 3), (3, 3, 3), (2, 3, 16, 8)),
    ((2, 4), (5, 3), (3, 1, 8, 12)),
    ((2, 3, 5, 4, 6), (4, 6, 2, 5, 1), (1, 4, 32, 64)),
)


def unet_forward(encoder: Sequence[nn.Module], decoder: Sequence[nn.Module], x: Tensor) -> Tensor:
    """Down the encoder, up the decoder, whose layers also read the encoder's maps: (B, C, H, W) → (B, O, H, W)."""
    maps = []
    for layer in encoder:
        x = layer(x)
        maps.append(x)
    x = decoder[0](maps.pop())
    for layer in decoder[1:]:
        x = layer(torch.cat([x, maps.pop()], dim=1))
    return x


def judge_unet_forward(function: Callable) -> None:
    """Three depths, equal and unequal channels, pictures that are not square: what layers read, and their gradients."""
    for seed, (widths, outputs, shape) in enumerate(CASES):
        torch.manual_seed(seed)
        encoder, decoder, calls = network(widths, outputs)
        x = torch.randn(shape).requires_grad_()
        value = _ask(function, encoder, decoder, x)
        made = list(calls)
        with torch.no_grad():
            right = unet_forward(*network_like(encoder, decoder), x)
        if not (isinstance(value, Tensor) and near(value, right) and _channels_fit(encoder, decoder, x)):
            judge_wiring(encoder, decoder, x, finished=True)
            raise _wrong_output(value, encoder, decoder, x)
        _judge_calls(encoder + decoder, made)
        _judge_gradients(value, encoder, decoder, x)


def _channels_fit(encoder: list[Layer], decoder: list[Layer], x: Tensor) -> bool:
    """Whether every layer always read as many channels as it should: zeros behind them change no value here."""
    down, up = [x.shape[1], *(len(layer.bias) for layer in encoder)], [len(layer.bias) for layer in decoder]
    joined = [down[-1], *(below + skip for below, skip in zip(up, down[-2:0:-1]))]
    layers = zip(encoder + decoder, down[:-1] + joined)
    return all(read.shape[1] == channels for layer, channels in layers for read in layer.read)


def network_like(encoder: list[Layer], decoder: list[Layer]) -> tuple[list[Layer], list[Layer]]:
    """The same layers with lists of their own, so that the reference leaves no traces in what a student's call left."""
    pair: list[list[Layer]] = []
    for layers in (encoder, decoder):
        copies = [Layer(layer.name, len(layer.bias), layer.doubles, []) for layer in layers]
        for copy, layer in zip(copies, layers):
            copy.weight, copy.bias = layer.weight, layer.bias
        pair.append(copies)
    return pair[0], pair[1]


def _ask(function: Callable, encoder: list[Layer], decoder: list[Layer], x: Tensor) -> Any:
    down, up = list(encoder), list(decoder)
    try:
        value = call(function, down, up, x)
    except NotDone:
        raise
    except Raised as raised:
        _judge_lists([down, up], [encoder, decoder])
        judge_wiring(encoder, decoder, x, finished=False)
        raise _explained(raised, encoder, decoder) from None
    _judge_lists([down, up], [encoder, decoder])
    return value


def _judge_lists(given: list[list[Layer]], before: list[list[Layer]]) -> None:
    for now, was, name in zip(given, before, ("encoder", "decoder")):
        if [id(layer) for layer in now] != [id(layer) for layer in was]:
            left = f"{len(now)} of {len(was)} layers are left" if len(now) != len(was) else "its order is another one"
            raise Wrong(
                "changes-lists",
                f"your function changes the caller's list `{name}`: {left}, and the next call would use these.",
                "`pop`, `reverse` and `insert` write into the list itself. On a list of your own they are fine; go "
                "through this one with `for layer in …:`.",
            )


def _explained(raised: Raised, encoder: list[Layer], decoder: list[Layer]) -> Exception:
    text = str(raised.error)
    called = sum(bool(layer.read) for layer in decoder)
    if any(part in text for part in SIZES):
        return _wrong_sizes(raised, decoder, called)
    if isinstance(raised.error, TypeError) and "reads one map" in text:
        return Wrong(
            "not-a-map",
            f"{raised.sentence}.",
            "`torch.cat` joins along a dimension that is there; `stack` makes a new one, and a list is no map. " + JOIN,
        )
    if isinstance(raised.error, IndexError) and len(encoder) == 2:
        return Wrong(
            "fixed-depth",
            f"with an encoder and a decoder of 2 layers each, {raised.sentence}.",
            "Three layers worked. n is the length of the lists, whatever it is: `for layer in encoder:`.",
        )
    if isinstance(raised.error, IndexError) and "pop from empty" in text:
        return Wrong(
            "pile-empty",
            f"{raised.sentence}: you take more maps than were remembered.",
            "n maps: the innermost for the first layer of the decoder, and one for each later layer.",
        )
    return raised


def _wrong_sizes(raised: Raised, decoder: list[Layer], called: int) -> Wrong:
    """What was joined before decoder[called], by the two heights that torch tells of."""
    sizes = [int(size) for size in re.findall(r"size (\d+)", str(raised.error))]
    if not called:
        return Wrong(
            "joined-innermost",
            f"before decoder[0] you join two maps of different sizes: {raised.sentence}.",
            "The first layer of the decoder reads the innermost map alone. " + PILE,
        )
    where = f"before decoder[{called}]" if called < len(decoder) else "behind the last layer"
    height = decoder[called - 1].made[0].shape[2]
    hint = "A layer of the decoder reads the encoder's map of the size that it gets from below. " + PILE
    if len(sizes) == 2 and max(sizes) > height:
        return Wrong(
            "too-large",
            f"{where} you join what comes from below, of height {height}, and a map of the encoder that is larger: "
            f"{raised.sentence}.",
            hint,
        )
    if len(sizes) == 2 and min(sizes) < height:
        return Wrong(
            "too-small",
            f"{where} you join two maps of the heights {sizes[0]} and {sizes[1]}, and from below comes {height}: "
            f"{raised.sentence}.",
            "Is the innermost map still among the others? The first layer of the decoder uses it up. And do you go on "
            "with the output of each layer: `x = layer(…)`?",
        )
    return Wrong("sizes", f"{where} you join two maps of different sizes: {raised.sentence}.", hint)


def _wrong_output(value: Any, encoder: list[Layer], decoder: list[Layer], x: Tensor) -> Wrong:
    """Every layer read what it should, and yet the result is another one."""
    last = decoder[-1].made[-1]
    if not isinstance(value, Tensor):
        return Wrong(
            "not-a-tensor",
            f"your function returned a {type(value).__name__}.",
            "Only the last layer's output comes back: the maps stay inside of the function.",
        )
    out = value.detach()
    if out.dim() == 4 and out.shape[1] > last.shape[1] and near(out[:, : last.shape[1]], last):
        return Wrong(
            "joined-output",
            f"your result has {out.shape[1]} channels: you join something to the output of the last layer.",
            "Join *before* a layer is called, not behind it: the last layer's output is the result.",
        )
    for layer in encoder + decoder[:-1]:
        if near(out, layer.made[0]):
            return Wrong(
                "other-map",
                f"you return the map of {layer.name}.",
                "The last layer of the decoder makes the result: `return x` behind the loop.",
            )
    if near(out, x):
        return Wrong("unchanged", "you return x itself.", "The last layer of the decoder makes the result.")
    if out.shape == last.shape and near(out - last, x):
        return Wrong("residual", "you add x to the last layer's output.", "The last layer's output as it is.")
    if out.shape == last.shape:
        return Wrong(
            "changed-output",
            "all layers read what they should, but you change the output of the last one.",
            "The last layer's output as it is: its own activation is already in the layer.",
        )
    return Wrong(
        "shape",
        f"your result has the shape {tuple(out.shape)}, and the last layer's output has {tuple(last.shape)}.",
        "The output of the last layer of the decoder is the result.",
    )


def _judge_calls(layers: list[Layer], made: list[str]) -> None:
    for layer in layers:
        if any(near(layer.read[j], layer.read[i]) for i in range(len(layer.read)) for j in range(i)):
            raise Wrong(
                "again",
                f"the result is right, but {layer.name} was called {made.count(layer.name)} times with the same map.",
                "Remember each map of the encoder in a list when it is made: then each layer runs once.",
            )


def _judge_gradients(value: Tensor, encoder: list[Layer], decoder: list[Layer], x: Tensor) -> None:
    mix = torch.randn(value.shape)
    inputs = {"x": x, **{layer.name: layer.weight for layer in encoder + decoder}}

    def slopes(result: Tensor) -> list[Tensor]:
        grads = torch.autograd.grad((result * mix).sum(), list(inputs.values()), allow_unused=True)
        return [torch.zeros_like(some) if grad is None else grad for some, grad in zip(inputs.values(), grads)]

    ours = slopes(value) if value.requires_grad else [torch.zeros_like(some) for some in inputs.values()]
    down, up = network_like(encoder, decoder)
    right = slopes(unet_forward(down, up, x))
    if all(near(a, b, 5e-3) for a, b in zip(ours, right)):
        return
    without = [name for name, grad in zip(inputs, ours) if not grad.any()]
    if len(without) == len(inputs):
        raise Wrong(
            "cut-graph",
            "the values are right, but no gradient flows back through your result: no layer would learn.",
            "Something cuts the graph: `.detach()`, `.data`, `torch.no_grad()`.",
        )
    if without:
        raise Wrong(
            "cut-graph-part",
            f"the values are right, but no gradient reaches {', '.join(without)}.",
            "What comes from below carries gradients too: no `.detach()` or `.data` there.",
        )
    raise Wrong(
        "detached-skips",
        "the values are right, but the gradients are not: some of the maps are cut from the graph.",
        "The skips are also the shortest way for gradients to the encoder: remember the maps themselves, without "
        "`.detach()` or `.data`.",
    )


UNET_FORWARD = Exercise(
    name="04.unet_forward",
    title="The way through a U-Net",
    points=2,
    difficulty=2,
    minutes=15,
    reference=unet_forward,
    hints=(
        "Where an edge lies is known in the outermost maps, what is meant in the innermost one. How could the last "
        "layer of the decoder know both? And in which order do you need the maps that you remembered?",
        "e_0 = E_0(x), e_k = E_k(e_{k−1}); d_0 = D_0(e_{n−1}), d_k = D_k([d_{k−1}, e_{n−1−k}]) for k = 1, …, n − 1, "
        "where [·, ·] joins channels; the result is d_{n−1}.",
        "A list `maps`; `for layer in encoder:` fills it; `x = decoder[0](maps.pop())`; `for layer in decoder[1:]:` "
        "`x = layer(torch.cat([…, …], dim=1))`.",
    ),
    judge=judge_unet_forward,
)
