"""``render(faces, size, channels)``: any of a face's pictures and truths, all of the same face to the pixel."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError, nearest
from labkit.faces import truth
from labkit.faces.batch import Faces
from labkit.faces.canvas import Canvas
from labkit.faces.geometry import Geometry, Look
from labkit.faces.paint import paint
from labkit.faces.parameters import Face, in_group
from labkit.threads import single_thread

VERSION = 1
"""Raise this when a face or a picture changes: cached arrays of another version are not used."""

CHANNELS = {
    "image": "(N, S, S, 3) uint8: the picture",
    "labels": "(N, S, S) uint8: the class of each pixel, indexing CLASSES",
    "landmarks": "(N, 68, 2) float32: iBUG landmarks in pixels, x then y",
    "visible": "(N, 68) uint8: 1 where nothing hides the landmark",
    "attributes": "(N, 35) uint8: what ATTRIBUTES names",
    "identity": "(N,) int64: who it is",
    "parameters": "(N, 119) float32: all parameters",
    "makeup": "(N, 12) float32: the makeup's parameters, MAKEUP",
    "bare": "(N, S, S, 3) uint8: the same face without makeup",
}

_PIXELS_AT_ONCE = 64 * 64 * 64


def render(
    faces: Faces | Face | Sequence[Face],
    size: int = 64,
    channels: Sequence[str] = ("image",),
    *,
    device: str | torch.device = "cpu",
) -> dict[str, np.ndarray]:
    """Draw faces.

    Args:
        faces: one, several, or a batch of N.
        size: height and width S in pixels, 16 to 1024.
        channels: which of :data:`CHANNELS`, in any order; each is exact and fits the others to the pixel.
        device: where to draw. The same kind of device gives the same bytes; another one is within a grey level.

    Returns:
        The channels by name, with shapes as :data:`CHANNELS` says.

    Raises:
        UserError: for an unknown channel (with the nearest name) or a size out of range.
    """
    if not 16 <= size <= 1024:
        raise UserError(f"faces are drawn at 16 to 1024 pixels, not {size}")
    for channel in channels:
        if channel not in CHANNELS:
            raise UserError(nearest(channel, CHANNELS, "channel of a face"))
    batch = Faces.of(faces)
    wanted = tuple(dict.fromkeys(channels))
    parts = [_draw(part, size, wanted, torch.device(device)) for part in _parts(batch, size)]
    return {channel: np.concatenate([part[channel] for part in parts]) for channel in wanted}


def _parts(faces: Faces, size: int) -> Iterator[Faces]:
    step = max(1, min(64, _PIXELS_AT_ONCE // (size * size)))
    for start in range(0, max(len(faces), 1), step):
        yield faces[start : start + step]


@torch.inference_mode()
def _draw(faces: Faces, size: int, channels: tuple[str, ...], device: torch.device) -> dict[str, np.ndarray]:
    result: dict[str, Any] = {}
    with single_thread():
        geometry = Geometry(Look(torch.from_numpy(faces.values).to(device)))
        pictures = tuple(name for name in ("image", "bare", "labels") if name in channels)
        if pictures:
            x, y = pixel_centres(len(faces), size, device)
            canvas = Canvas(geometry, x, y, pictures)
            paint(canvas)
            result.update({name: to_bytes(canvas.layers[name], name) for name in pictures})
        if "landmarks" in channels:
            result["landmarks"] = truth.landmarks(geometry, size).cpu().numpy()
        if "visible" in channels:
            result["visible"] = truth.visible(geometry).cpu().numpy().astype(np.uint8)
    if "attributes" in channels:
        result["attributes"] = truth.attributes(faces)
    if "identity" in channels:
        result["identity"] = faces.person.copy()
    if "parameters" in channels:
        result["parameters"] = faces.values.copy()
    if "makeup" in channels:
        result["makeup"] = faces.values[:, in_group("makeup")]
    return result


def pixel_centres(count: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The picture's frame [-1, 1] at each pixel's centre: x and y, (B, S, S) both."""
    line = (torch.arange(size, dtype=torch.float32, device=device) + 0.5) * (2 / size) - 1
    return line.expand(count, size, size), line[:, None].expand(count, size, size)


def to_bytes(layer: Tensor, name: str) -> np.ndarray:
    """A picture (B, 3, S, S) in 0..1 as (B, S, S, 3) uint8; classes (B, 1, S, S) as (B, S, S) uint8."""
    if name == "labels":
        return layer[:, 0].to(torch.uint8).cpu().numpy()
    return layer.mul(255).add_(0.5).clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
