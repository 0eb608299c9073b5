"""``render(faces, size, channels)``: any of a face's pictures and truths, all of the same face to the pixel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError, nearest
from labkit.faces import truth
from labkit.faces.batch import Faces
from labkit.faces.canvas import Canvas
from labkit.faces.caricature import Caricature, exaggerate
from labkit.faces.correspondence import uv
from labkit.faces.geometry import Geometry, Look
from labkit.faces.ink import Pen, slack, stray
from labkit.faces.paint import paint
from labkit.faces.parameters import Face, in_group
from labkit.faces.texture import painted
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
    "uv": "(N, S, S, 2) float32: where on the mean face each pixel of the face lies, [-1, 1]; NaN elsewhere",
    "drawing": "(N, S, S, 1) uint8: an artist's pen, black on white",
    "cartoon": "(N, S, S, 3) uint8: flat colours, a step of shadow, the artist's outline",
    "caricature": "(N, S, S, 3) uint8: the caricature in its artist's line, colour and paper",
    "caricature_geometry": "(N, S, S, 3) uint8: the caricature's form alone: the picture warped, with grain of its own",
    "caricature_labels": "(N, S, S) uint8: the classes under the same warp",
    "caricature_landmarks": "(N, 68, 2) float32: where the warp carries the landmarks, in pixels",
    "displacement": "(N, S, S, 2) float32: dx, dy in pixels; caricature_geometry[y, x] = image[y + dy, x + dx]",
    "landmark_displacement": "(N, 68, 2) float32: caricature_landmarks - landmarks",
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
    if isinstance(channels, str):
        raise UserError(f"channels must be a list: channels=[{channels!r}]")
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


@dataclass
class _Sheet:
    """One call's work on a few faces: what is wanted, and where each pixel looks."""

    faces: Faces
    geometry: Geometry
    size: int
    channels: tuple[str, ...]
    x: Tensor
    y: Tensor

    def wants(self, *names: str) -> bool:
        return any(name in self.channels for name in names)


@torch.inference_mode()
def _draw(faces: Faces, size: int, channels: tuple[str, ...], device: torch.device) -> dict[str, np.ndarray]:
    result: dict[str, np.ndarray] = {}
    with single_thread():
        geometry = Geometry(Look(torch.from_numpy(faces.values).to(device)))
        sheet = _Sheet(faces, geometry, size, channels, *pixel_centres(len(faces), size, device))
        for make in (_facts, _points, _pictures, _drawing, _caricature):
            result.update(make(sheet))
    return {name: result[name] for name in channels}


def _facts(sheet: _Sheet) -> dict[str, np.ndarray]:
    faces = sheet.faces
    result = {"identity": faces.person.copy(), "parameters": faces.values.copy()}
    if sheet.wants("attributes"):
        result["attributes"] = truth.attributes(faces)
    if sheet.wants("makeup"):
        result["makeup"] = faces.values[:, in_group("makeup")]
    return result


def _points(sheet: _Sheet) -> dict[str, np.ndarray]:
    result = {}
    if sheet.wants("landmarks"):
        result["landmarks"] = truth.landmarks(sheet.geometry, sheet.size).cpu().numpy()
    if sheet.wants("visible"):
        result["visible"] = truth.visible(sheet.geometry).cpu().numpy().astype(np.uint8)
    return result


def _pictures(sheet: _Sheet) -> dict[str, np.ndarray]:
    """What a camera would see, its classes, and the cartoon over them: one pass."""
    layers = [name for name in ("image", "bare", "labels", "cartoon") if sheet.wants(name)]
    if sheet.wants("uv") and "labels" not in layers:
        layers.append("labels")
    if not layers:
        return {}
    pen = Pen(sheet.geometry.look, sheet.size, "cartoon") if "cartoon" in layers else None
    canvas = Canvas(sheet.geometry, sheet.x, sheet.y, tuple(layers), pen=pen)
    paint(canvas)
    result = {name: to_bytes(canvas.layers[name], name) for name in layers}
    if sheet.wants("uv"):
        result["uv"] = uv(sheet.geometry, sheet.x, sheet.y, canvas.layers["labels"][:, 0]).cpu().numpy()
    return result


def _drawing(sheet: _Sheet) -> dict[str, np.ndarray]:
    """The pen's pass: over a picture that the hand has displaced a little."""
    if not sheet.wants("drawing"):
        return {}
    look, size = sheet.geometry.look, sheet.size
    dx, dy = stray(look, size)
    canvas = Canvas(sheet.geometry, sheet.x + dx, sheet.y + dy, ("ink",), slack=slack(size), pen=Pen(look, size))
    paint(canvas)
    return {"drawing": to_bytes(1 - canvas.layers["ink"], "drawing")}


def _caricature(sheet: _Sheet) -> dict[str, np.ndarray]:
    """The warp, and one pass over the warped picture."""
    result: dict[str, np.ndarray] = {}
    moved = ("displacement", "caricature_landmarks", "landmark_displacement")
    layers = {
        "image": sheet.wants("caricature_geometry", "caricature"),
        "labels": sheet.wants("caricature_labels"),
        "cartoon": sheet.wants("caricature"),
        "ink": sheet.wants("caricature"),
    }
    if not sheet.wants(*moved) and not any(layers.values()):
        return result
    geometry, size, look = sheet.geometry, sheet.size, sheet.geometry.look
    warp = Caricature(sheet.faces, exaggerate(sheet.faces), sheet.x.device)
    landmarks = truth.to_pixels(warp.landmarks, size)
    result["caricature_landmarks"] = landmarks.cpu().numpy()
    result["landmark_displacement"] = (landmarks - truth.landmarks(geometry, size)).cpu().numpy()
    if not sheet.wants("displacement") and not any(layers.values()):
        return result
    x, y = warp.grid(sheet.x, sheet.y)
    result["displacement"] = (torch.stack([x - sheet.x, y - sheet.y], 3) * (size / 2)).cpu().numpy()
    if not any(layers.values()):
        return result
    pen = Pen(look, size, coloured=True) if layers["ink"] else None
    canvas = Canvas(geometry, x, y, tuple(n for n, on in layers.items() if on), slack=warp.slack(size), pen=pen)
    paint(canvas)
    if layers["cartoon"]:
        colours = painted(look, canvas.layers["image"], canvas.layers["cartoon"], canvas.layers["ink"])
        result["caricature"] = to_bytes(colours, "caricature")
    if layers["image"]:
        result["caricature_geometry"] = to_bytes(canvas.layers["image"], "image")
    if layers["labels"]:
        result["caricature_labels"] = to_bytes(canvas.layers["labels"], "labels")
    return result


def pixel_centres(count: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The picture's frame [-1, 1] at each pixel's centre: x and y, (B, S, S) both."""
    line = (torch.arange(size, dtype=torch.float32, device=device) + 0.5) * (2 / size) - 1
    return line.expand(count, size, size), line[:, None].expand(count, size, size)


def to_bytes(layer: Tensor, name: str) -> np.ndarray:
    """A picture (B, C, S, S) in 0..1 as (B, S, S, C) uint8; classes (B, 1, S, S) as (B, S, S) uint8."""
    if name == "labels":
        return layer[:, 0].to(torch.uint8).cpu().numpy()
    return layer.mul(255).add_(0.5).clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
