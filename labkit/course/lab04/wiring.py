"""What each layer of a U-Net read, compared with what it should read: the first difference is the mistake."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from labkit.course.exercise import Wrong
from labkit.course.judging import near
from labkit.course.lab04.layers import Layer

PILE = "The encoder's maps come back in the opposite order: the last that was remembered is the first that is read."
JOIN = "`torch.cat([below, skip], dim=1)`: first what comes from below, then the encoder's map of the same size."
Reads = tuple[str, list[Tensor], str, str]
"""A mistake's name, what a layer reads then, what the function did, the hint."""


def judge_wiring(encoder: list[Layer], decoder: list[Layer], x: Tensor, finished: bool) -> None:
    """Raise `Wrong` for the first layer that read something else than it should.

    Args:
        encoder: its layers, after the student's function was called.
        decoder: its layers.
        x: what the student's function was given.
        finished: whether it came to its end; else a layer that was not called may not be the mistake.
    """
    x = x.detach()
    idle = [layer.name for layer in encoder + decoder if not layer.read]
    if finished and len(idle) == len(encoder + decoder):
        raise Wrong("no-layers", "your function calls none of the layers.", "A layer is called: `x = layer(x)`.")
    _judge_encoder(encoder, x)
    if any(layer.name in idle for layer in encoder):
        if finished:
            raise Wrong(
                "encoder-skipped",
                f"your function never calls {', '.join(name for name in idle if 'encoder' in name)}.",
                "All layers of the encoder, whatever their number: `for layer in encoder:`.",
            )
        return
    _judge_innermost(encoder, decoder, x)
    for k in range(1, len(decoder)):
        if not decoder[k].read:
            break
        _judge_join(encoder, decoder, k, x)
    if finished and any(layer.name in idle for layer in decoder):
        raise Wrong(
            "decoder-skipped",
            f"your function never calls {', '.join(name for name in idle if 'decoder' in name)}.",
            "All layers of the decoder, whatever their number, and `return` behind the loop.",
        )


def _judge_encoder(encoder: list[Layer], x: Tensor) -> None:
    for k, layer in enumerate(encoder):
        if not layer.read:
            return
        read, right = layer.read[0], encoder[k - 1].made[0] if k and encoder[k - 1].made else x
        if near(read, right):
            continue
        if near(read, x):
            raise Wrong(
                "not-chained",
                f"{layer.name} reads x itself, and not the map that {encoder[k - 1].name} made.",
                "Each layer of the encoder goes on with the map of the one before it: `x = layer(x)`.",
            )
        others = [other.name for other in encoder if other is not layer and other.made and near(read, other.made[0])]
        if others:
            raise Wrong(
                "encoder-order",
                f"{layer.name} reads the map of {others[0]}.",
                "The encoder's layers run in the order of the list: `for layer in encoder:`.",
            )
        raise Wrong(
            "encoder-changed",
            f"{layer.name} reads {_shaped(read)} that is neither x nor the map of another layer.",
            "The layers are given, with their activations and norms: each reads the map as the one before it made it.",
        )


def _judge_innermost(encoder: list[Layer], decoder: list[Layer], x: Tensor) -> None:
    """Whether decoder[0] reads the innermost map alone."""
    inner, first = encoder[-1].made[0], decoder[0]
    if decoder[-1].read and near(decoder[-1].read[0], inner):
        raise Wrong(
            "decoder-order",
            f"{decoder[-1].name} reads the innermost map: you run the decoder from its end.",
            "The decoder's list begins at the innermost layer: only the remembered maps are read from the end.",
        )
    if not first.read:
        return
    read = first.read[0]
    if near(read, inner):
        return
    hint = "Nothing comes from below the innermost map: the first layer of the decoder reads this map alone."
    known: list[Reads] = [
        ("innermost-twice", [torch.cat([inner, inner], 1)], "reads the innermost map twice, joined to itself", hint),
        ("from-x", [x], "reads x, so the decoder learns nothing of what the encoder made", hint),
        (
            "from-another",
            [layer.made[0] for layer in encoder[:-1]],
            "reads a map of the encoder that is not the innermost",
            "The innermost map is the encoder's last. " + hint,
        ),
        (
            "innermost-joined",
            [torch.cat(pair, 1) for pair in ([inner, 0 * inner], [0 * inner, inner])],
            "reads the innermost map and zeros",
            hint,
        ),
    ]
    _name(first.name, read, known)
    raise Wrong("innermost", f"{first.name} reads {_shaped(read)} that is not the innermost map.", hint)


def _judge_join(encoder: list[Layer], decoder: list[Layer], k: int, x: Tensor) -> None:
    """Whether decoder[k] reads what comes from below and the encoder's map of the same size, in this order."""
    layer, read = decoder[k], decoder[k].read[0]
    below, skip = decoder[k - 1].made[0], encoder[len(encoder) - 1 - k].made[0]
    if near(read, torch.cat([below, skip], 1)):
        return
    _name(layer.name, read, _joins(encoder, decoder, k, x))
    if read.shape == torch.cat([below, skip], 1).shape:
        parts = read[:, : below.shape[1]], read[:, below.shape[1] :]
        if near(parts[0], below):
            raise Wrong(
                "wrong-skip",
                f"{layer.name} reads, behind what comes from below, something else than the map of "
                f"{encoder[len(encoder) - 1 - k].name}.",
                "The encoder's map of the same size, as its layer made it. " + PILE,
            )
        if near(parts[1], skip):
            raise Wrong(
                "wrong-below",
                f"{layer.name} reads, before the encoder's map, something else than what {decoder[k - 1].name} made.",
                "What comes from below is the output of the decoder's layer before, as it is. " + JOIN,
            )
    raise Wrong(
        "wrong-join",
        f"{layer.name} reads {_shaped(read)}; from below comes {_shaped(below)}, the encoder's map is {_shaped(skip)}.",
        JOIN,
    )


def _joins(encoder: list[Layer], decoder: list[Layer], k: int, x: Tensor) -> list[Reads]:
    below, skip = decoder[k - 1].made[0], encoder[len(encoder) - 1 - k].made[0]
    fit = [interpolate(e.made[0], size=below.shape[2:]) for e in encoder if e.made[0].shape[2:] != below.shape[2:]]
    earlier = [other.made[0] for other in decoder[: k - 1]] + [encoder[-1].made[0]]
    alone = (
        ("no-skip", "reads only what comes from below: all that it knows of places has gone through the innermost map")
        if k == 1 or k < len(decoder) - 1
        else ("last-alone", "reads no map of the encoder, and the sharpest one is never used: it belongs there")
    )
    on_x = [torch.cat([below, interpolate(x, size=below.shape[2:])], 1)]
    known: list[Reads] = [
        (
            "swapped",
            [torch.cat([skip, below], 1)],
            "reads the encoder's map first, and what comes from below second",
            JOIN + " The order decides which weights meet which channels.",
        ),
        (
            alone[0],
            [below],
            alone[1],
            "Every layer of the decoder but the first reads two maps. " + JOIN,
        ),
        ("skip-alone", [skip], "reads the encoder's map alone: what comes from below is lost", JOIN),
        (
            "below-twice",
            [torch.cat([below, below], 1)],
            "reads what comes from below twice, and no map of the encoder",
            JOIN,
        ),
        ("skip-twice", [torch.cat([skip, skip], 1)], "reads the encoder's map twice: what is below is lost", JOIN),
        (
            "other-size",
            [torch.cat([below, some], 1) for some in fit],
            "reads a map of the encoder that had another size, and was resized",
            "The map of the same size needs no resizing. " + PILE,
        ),
        ("with-x", on_x, "reads x in the place of the encoder's map", JOIN),
        (
            "not-carried-on",
            [torch.cat([interpolate(some, size=skip.shape[2:]), skip], 1) for some in earlier] if k > 1 else [],
            f"does not read what {decoder[k - 1].name} made, but an earlier map",
            "Each layer of the decoder goes on with the one before it: `x = layer(torch.cat([x, skip], dim=1))`.",
        ),
    ]
    if below.shape == skip.shape:
        joined = "Added, two maps can't be told apart any more; joined, each has weights of its own. "
        known += [
            ("added", [below + skip], "reads the sum of the two maps, as in a residual network", joined + JOIN),
            ("averaged", [(below + skip) / 2], "reads the mean of the two maps", joined + JOIN),
            ("multiplied", [below * skip], "reads the product of the two maps", joined + JOIN),
            ("subtracted", [below - skip, skip - below], "reads the difference of the two maps", joined + JOIN),
            ("maximum", [torch.maximum(below, skip)], "reads the larger one of the two maps", joined + JOIN),
            (
                "along-the-batch",
                [torch.cat(pair, 0) for pair in ([below, skip], [skip, below])],
                "reads the two maps as if they were maps of different pictures",
                "Dimension 0 counts the pictures, dimension 1 the channels: `torch.cat([…], dim=1)`.",
            ),
            (
                "side-by-side",
                [torch.cat(pair, d) for d in (2, 3) for pair in ([below, skip], [skip, below])],
                "reads the two maps side by side, as one larger picture",
                "A map is (B, C, H, W); the channels are dimension 1: `torch.cat([…], dim=1)`.",
            ),
            (
                "interleaved",
                [torch.stack(pair, 2).flatten(1, 2) for pair in ([below, skip], [skip, below])],
                "reads the channels of the two maps in turn, one of each",
                JOIN,
            ),
        ]
    return known


def _name(layer: str, read: Tensor, known: list[Reads]) -> None:
    for mistake, values, did, hint in known:
        if any(near(read, value) for value in values):
            raise Wrong(mistake, f"{layer} {did}.", hint)


def _shaped(value: Tensor) -> str:
    return f"a map of the shape {tuple(value.shape)}"
