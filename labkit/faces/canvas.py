"""The canvas: layers are painted back to front, each within a window around it, onto several pictures at once.

A layer is an implicit function f(x, y), negative inside. Its distance to the edge in *pixels*, f / |grad f| by finite
differences, gives a coverage that is one pixel soft at any size and under any turn or warp of the picture.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor

from labkit.faces.geometry import Geometry


class Pen(Protocol):
    """What draws lines: see :mod:`labkit.faces.ink`."""

    def outline(self, window: "Window", d: Tensor, strength: Tensor | float, inside: Tensor, part: str) -> None:
        """Draw the edge of a part, d pixels away (B, h, w), and rub out what lies ``inside`` it."""

    def mark(self, window: "Window", amount: Tensor, part: str) -> None:
        """Draw something that is not an edge, (B, h, w) in 0..1."""

    def tone(self, window: "Window", area: Tensor, darkness: Tensor, part: str) -> None:
        """Hatch or blacken an area (B, h, w) that is so dark, 0..1."""


class Canvas:
    """Pictures of B faces in the making.

    Args:
        geometry: where the features are.
        x, y: (B, S, S), where in the picture's frame [-1, 1] each pixel looks: its centre, or elsewhere for a warp.
        pictures: names among ``image``, ``bare``, ``cartoon`` (each (B, 3, S, S) in 0..1) and ``labels`` (B, 1, S, S).
        slack: pixels that the warp may move things; windows grow by it, and beyond a quarter picture they are whole.
        pen: draws lines on ``ink`` (B, 1, S, S) and on the cartoon, or None.
    """

    def __init__(
        self,
        geometry: Geometry,
        x: Tensor,
        y: Tensor,
        pictures: tuple[str, ...],
        *,
        slack: int = 0,
        pen: Pen | None = None,
    ) -> None:
        self.geometry, self.look, self.pen = geometry, geometry.look, pen
        self.size, self.slack = x.shape[-1], slack
        self.x, self.y = x, y
        self.head_x, self.head_y = geometry.to_head(x, y)
        self.layers: dict[str, Tensor] = {}
        for name in pictures:
            depth = 1 if name in ("labels", "ink") else 3
            self.layers[name] = torch.zeros(len(x), depth, self.size, self.size, device=x.device)

    def rows(self, index: Tensor) -> "Canvas":
        """A canvas of some of the faces; what is painted on it is put back by :meth:`put`."""
        part = object.__new__(Canvas)
        part.geometry = Geometry(type(self.look)(self.look.values[index]))
        part.look, part.pen, part.size, part.slack = part.geometry.look, None, self.size, self.slack
        if self.pen is not None:
            part.pen = self.pen.rows(index)  # type: ignore[attr-defined]
        part.x, part.y, part.head_x, part.head_y = (t[index] for t in (self.x, self.y, self.head_x, self.head_y))
        part.layers = {name: layer[index] for name, layer in self.layers.items()}
        return part

    def put(self, index: Tensor, part: "Canvas") -> None:
        """Take over what was painted on some of the faces."""
        for name, layer in self.layers.items():
            layer[index] = part.layers[name]

    @contextmanager
    def whole(self) -> Iterator["Window"]:
        """A window of the whole picture."""
        yield Window(self, None, self.head_x, self.head_y, self.layers)

    @contextmanager
    def band(self, top: float, bottom: float) -> Iterator["Window"]:
        """A window of the rows between two heights of the picture's frame, the same for all faces."""
        first = max(int((top + 1) / 2 * self.size) - self.slack, 0)
        last = min(int((bottom + 1) / 2 * self.size + 1) + self.slack, self.size)
        rows = slice(first, last)
        layers = {name: layer[:, :, rows] for name, layer in self.layers.items()}
        yield Window(self, rows, self.head_x[:, rows], self.head_y[:, rows], layers)

    @contextmanager
    def window(self, x: Tensor, y: Tensor, half_width: float, half_height: float) -> Iterator["Window"]:
        """A window about a place (B, 1, 1) of the head's frame, half sizes in head units at scale 1.2."""
        size = self.size
        reach = size / 2 * 1.2
        width = int(2 * half_width * reach + 3) + 2 * self.slack
        height = int(2 * half_height * reach + 3) + 2 * self.slack
        if (width >= size and height >= size) or self.slack > size // 4:
            with self.whole() as window:
                yield window
            return
        width, height = min(width, size), min(height, size)
        px, py = self.geometry.to_picture(x, y)
        left = ((px + 1) / 2 * size - width / 2).round().long().clamp(0, size - width)
        top = ((py + 1) / 2 * size - height / 2).round().long().clamp(0, size - height)
        across = torch.arange(width, device=px.device)
        down = torch.arange(height, device=px.device)[:, None]
        index = ((top + down) * size + left + across).flatten(1)

        def cut(t: Tensor) -> Tensor:
            planes = t.flatten(2) if t.ndim == 4 else t.flatten(1)[:, None]
            taken = planes.gather(2, index[:, None].expand(-1, planes.shape[1], -1))
            return taken.view(len(t), planes.shape[1], height, width)

        layers = {name: cut(layer) for name, layer in self.layers.items()}
        window = Window(self, index, cut(self.head_x)[:, 0], cut(self.head_y)[:, 0], layers)
        yield window
        for name, layer in self.layers.items():
            depth = layer.shape[1]
            layer.flatten(2).scatter_(2, index[:, None].expand(-1, depth, -1), layers[name].flatten(2))


class Window:
    """A part of the canvas.

    Attributes:
        x, y: (B, h, w), the head's frame at each pixel.
        layers: the same part of each picture, painted in place.
    """

    def __init__(
        self, canvas: Canvas, index: Tensor | slice | None, x: Tensor, y: Tensor, layers: dict[str, Tensor]
    ) -> None:
        self.canvas, self.index, self.x, self.y, self.layers = canvas, index, x, y, layers
        self.geometry, self.look, self.size = canvas.geometry, canvas.look, canvas.size

    def cut(self, field: Tensor) -> Tensor:
        """This window's part of a field (B, S, S) or (B, C, S, S)."""
        if self.index is None:
            return field
        if isinstance(self.index, slice):
            return field[..., self.index, :]
        planes = field.flatten(2) if field.ndim == 4 else field.flatten(1)[:, None]
        taken = planes.gather(2, self.index[:, None].expand(-1, planes.shape[1], -1))
        taken = taken.view(len(field), planes.shape[1], *self.x.shape[1:])
        return taken if field.ndim == 4 else taken[:, 0]

    @property
    def pixel(self) -> float:
        """Pixels a head unit, about."""
        return self.size / 2 * 1.12

    def body(self) -> tuple[Tensor, Tensor]:
        """The body's frame at each pixel, (B, h, w) both."""
        return self.geometry.to_body(self.cut(self.canvas.x), self.cut(self.canvas.y))

    def fill(
        self,
        area: Tensor,
        colour: Tensor,
        *,
        bare: Tensor | None = None,
        flat: Tensor | None = None,
        label: int | None = None,
        line: Tensor | None = None,
        strength: Tensor | float = 1.0,
        part: str = "",
    ) -> None:
        """Paint an area.

        Args:
            area: coverage (B, h, w) in 0..1.
            colour: (B, 3, h, w) or (B, 3, 1, 1).
            bare: the colour without makeup, where it differs.
            flat: the cartoon's colour, where it differs from ``colour``.
            label: the class that pixels covered by more than half belong to from now on.
            line: distance to the edge in pixels, where the pen draws an outline.
            strength: of that outline, 0..1.
            part: what it is, for the pen's rules.
        """
        spread = area[:, None]
        for name, paint in (
            ("image", colour),
            ("bare", colour if bare is None else bare),
            ("cartoon", colour if flat is None else flat),
        ):
            if name in self.layers:
                self.layers[name].lerp_(paint, spread)
        if label is not None and "labels" in self.layers:
            self.layers["labels"].lerp_(torch.tensor(float(label), device=area.device), (spread > 0.5).float())
        if self.canvas.pen is not None and line is not None:
            self.canvas.pen.outline(self, line, strength, area, part)

    def makeup(self, area: Tensor, colour: Tensor, flat: Tensor | None = None) -> None:
        """Paint an area on the made-up pictures only: the bare face stays as it is."""
        spread = area[:, None]
        for name, paint in (("image", colour), ("cartoon", colour if flat is None else flat)):
            if name in self.layers:
                self.layers[name].lerp_(paint, spread)

    def mark(self, amount: Tensor, part: str) -> None:
        """Let the pen draw something that is not an outline, amount (B, h, w) in 0..1."""
        if self.canvas.pen is not None:
            self.canvas.pen.mark(self, amount, part)

    def tone(self, area: Tensor, darkness: Tensor, part: str) -> None:
        """Tell the pen how dark an area is, so that it may hatch or blacken it."""
        if self.canvas.pen is not None:
            self.canvas.pen.tone(self, area, darkness, part)
