"""The pen: draws on the canvas while the layers are painted, as one of the artists would.

It is no edge map. The hand strays from what it sees (:func:`stray`), lines swell, waver and break, strokes are merged
or left out, and each artist has rules of their own for hair, eyes, mouth and shadows (:mod:`labkit.faces.artists`).
What lies behind a part is rubbed out when the part is drawn, so hidden lines are not seen.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from labkit.faces.artists import accidents, anyone, rule
from labkit.faces.canvas import Window
from labkit.faces.geometry import Look
from labkit.faces.implicit import step
from labkit.faces.palettes import CLOTH
from labkit.faces.tones import Tones

FARTHEST = 5.0
"""No hand strays farther, in pixels of 128."""

_STRAY, _LINES, _DROPS = 1, 2, 3  # streams of accidents
GREY = torch.tensor([0.299, 0.587, 0.114])
_CLEAN = {"eye": 0.0, "lip": 0.0, "mouth": 0.3, "jewel": 0.6, "ear": 0.8}  # of a cartoon's outlines; 1 where not named
_BY_COLOUR = {"hair": 1.5, "brow": 0.3, "beard": 0.9}  # how much the colour of the hair counts
_OPAQUE = ("lens", "beard", "brow", "inside", "iris")


def unevenness(look: Look, size: int, stream: int, cells: int, count: int) -> Tensor:
    """Smooth noise (B, count, S, S) about -1..1 from the hand's accidents, with so many cells across the picture."""
    knots = accidents(look, stream, count * (cells + 1) ** 2).view(-1, count, cells + 1, cells + 1) * 2 - 1
    return interpolate(knots, (size, size), mode="bicubic", align_corners=True)


def stray(look: Look, size: int) -> tuple[Tensor, Tensor]:
    """How far beside its place the hand draws each pixel: x and y (B, S, S) in the picture's frame."""
    reach = (rule(look, "hand") * (2 / 128))[:, None]
    far = 0.85 * unevenness(look, size, _STRAY, 4, 2) + 0.3 * unevenness(look, size, _STRAY + 16, 9, 2)
    limit = FARTHEST * 2 / 128
    x, y = (far * reach).clamp_(-limit, limit).unbind(1)
    return x, y


class Pen:
    """Draws a batch of faces, each as its artist would; see :class:`labkit.faces.canvas.Pen` for the calls.

    Args:
        look: the faces.
        size: height and width of the picture.
        layer: ``ink``, (B, 1, S, S) of 0 paper to 1 black, or ``cartoon``, on which only clean outlines are drawn.
        coloured: whether the drawing will be painted: then the pen leaves the blacks to the brush.
    """

    def __init__(self, look: Look, size: int, layer: str = "ink", *, coloured: bool = False) -> None:
        self.look, self.layer, self.size, self.coloured = look, layer, size, coloured
        scale = size / 128
        self.loose = layer == "ink"
        # Lines don't get quite as thin as the picture gets small.
        self.half = rule(look, "weight") * (0.4 + 0.6 * scale)
        self.lot = accidents(look, _DROPS, 8)[:, :, None, None]
        grey = (Tones(look).hair * GREY.to(look.values.device)[:, None, None]).sum(1)
        self.hair_light = grey
        self.hat_light = (look.colour("hat_colour", CLOTH) * GREY.to(look.values.device)[:, None, None]).sum(1)
        coarse, fine = unevenness(look, size, _LINES, 9, 2), unevenness(look, size, _LINES + 16, 15, 2)
        wobble = fine[:, 0] * rule(look, "tremble") * scale * 1.4
        line = (torch.arange(size, device=grey.device) + 0.5) * 1.0
        # Hatching and dots keep apart at small sizes, or they would be grey.
        self.pitch = (rule(look, "pitch") * scale).clamp(min=3.0)
        c, s = rule(look, "angle").cos(), rule(look, "angle").sin()
        along, across = (c * line + s * line[:, None]) / self.pitch, (c * line[:, None] - s * line) / self.pitch
        bend = 0.35 * coarse[:, 0] + 0.15 * fine[:, 1]
        hatch = _to_middle(along + bend) * self.pitch
        dots = torch.hypot(_to_middle(along), _to_middle(across)) * self.pitch
        pressure = 1 + rule(look, "pressure") * (coarse[:, 0] + 0.3 * fine[:, 1])
        self.fields = torch.stack([wobble, pressure.clamp_(min=0.15), coarse[:, 1], fine[:, 1], hatch, dots], 1)
        self._seen: tuple[Window, tuple[Tensor, ...]] | None = None

    def rows(self, index: Tensor) -> "Pen":
        """The pen of some of the faces."""
        part = object.__new__(Pen)
        part.look, part.coloured = Look(self.look.values[index]), self.coloured
        part.layer, part.size, part.loose, part._seen = self.layer, self.size, self.loose, None
        part.half, part.lot, part.pitch, part.fields = (
            t[index] for t in (self.half, self.lot, self.pitch, self.fields)
        )
        part.hair_light, part.hat_light = self.hair_light[index], self.hat_light[index]
        return part

    def _here(self, window: Window) -> tuple[Tensor, ...]:
        """This window's part of wobble, pressure, gaps, second stroke, hatching and dots."""
        if self._seen is None or self._seen[0] is not window:
            self._seen = (window, window.cut(self.fields).unbind(1))
        return self._seen[1]

    def _draw(self, window: Window, amount: Tensor) -> None:
        layer = window.layers[self.layer]
        if self.layer == "ink":
            layer.copy_(torch.maximum(layer, amount[:, None]))
        else:
            layer.lerp_(torch.tensor(0.07, device=amount.device), amount[:, None])

    def outline(self, window: Window, d: Tensor, strength: Tensor | float, inside: Tensor, part: str) -> None:
        """Rub out what lies under the part, then draw its edge."""
        if self.layer == "ink":
            window.layers["ink"].mul_(1 - inside[:, None])
        wobble, pressure, gap, second, _, _ = self._here(window)
        if not self.loose:
            width = self.half * (1 + 0.35 * (pressure - 1)) * _CLEAN.get(part, 1.0) + 0.1
            self._draw(window, (width + 0.5 - d.abs()).clamp_(0, 1) * (_CLEAN.get(part, 1.0) * strength))
            return
        weight, share = rule(self.look, "line", part), rule(self.look, "gaps")
        whole = step(-0.92 + 1.5 * share, -0.74 + 1.5 * share, gap)
        if part in ("eye", "mouth"):
            whole = torch.ones_like(gap)
        if part == "face":
            whole = whole * self._merged(window)
        width = self.half * weight * pressure
        drawn = (width + 0.5 - (d + wobble).abs()).clamp_(0, 1) * whole
        again = rule(self.look, "second")
        if part in ("hair", "face", "neck", "cloth", "hat"):
            # The searching stroke runs beside the first, crosses it, and breaks elsewhere.
            beside = (0.8 * width + 0.4 - (d - 1.5 * wobble - 3.2 * self.size / 128 * second).abs()).clamp_(0, 1)
            drawn = torch.maximum(drawn, again * beside * step(0.25, 0.0, gap))
        self._draw(window, drawn * ((weight > 0).float() * strength))

    def _merged(self, window: Window) -> Tensor:
        """Where the face's outline is drawn: not where the neck's line runs on into the jaw, nor on a bright cheek."""
        g, look, x, y = window.geometry, self.look, window.x, window.y
        lot = self.lot
        side = (lot[:, 0] > 0.5).float() * 2 - 1
        off = side * (x - g.lean(y)) / look.neck_width
        under = step(0.30, 0.45, off) * step(1.2, 1.02, off) * (y > 0.25).float()
        merged = under * (lot[:, 1] < rule(look, "drops", "neck")).float()
        lit = look.light_x.sign() * (x - g.lean(y)) / g.width
        bright = step(0.5, 0.75, lit) * step(-0.02, 0.06, y) * step(0.36, 0.26, y)
        return 1 - torch.maximum(merged, bright * (lot[:, 2] < rule(look, "drops", "cheek")).float())

    def mark(self, window: Window, amount: Tensor, part: str) -> None:
        """Draw a stroke that is not an outline, as far as the artist does."""
        if self.layer != "ink":
            if part in ("strand", "nose", "bridge", "fold", "ear"):
                self._draw(window, (0.75 * amount).clamp(0, 1))
            return
        _, pressure, gap, _, _, _ = self._here(window)
        much = amount * rule(self.look, "mark", part)
        if part in ("nose", "bridge"):
            much = much * self._one_side(window)
        if part in ("strand", "fold"):
            much = much * step(-0.35, 0.05, gap) * pressure.clamp(max=1.3)
        elif part not in ("iris", "glasses", "jewel"):
            much = much * (0.6 + 0.4 * pressure)
        self._draw(window, much.clamp_(0, 1))

    def _one_side(self, window: Window) -> Tensor:
        """The nose is often drawn on its shadow side alone."""
        g, look = window.geometry, self.look
        turned = (g.sin_yaw.abs() > 0.12).float()
        shadow = turned * g.sin_yaw.sign() + (1 - turned) * -look.light_x.sign()
        other = step(0.10, -0.25, shadow * (window.x - g.base[0]) / g.wings)
        return 1 - other * (self.lot[:, 3] < rule(look, "drops", "nose")).float()

    def tone(self, window: Window, area: Tensor, darkness: Tensor, part: str) -> None:
        """Fill an area black where it is dark enough, or hatch or stipple it, or leave it, as the artist does."""
        if self.layer != "ink":
            return
        _, _, gap, _, hatch, dots = self._here(window)
        if part == "hat":
            darkness = darkness + 1.2 * (0.4 - self.hat_light)
        if part in _BY_COLOUR:
            darkness = darkness + (0.45 - self.hair_light) * _BY_COLOUR[part]
        if part == "brow":
            g = window.geometry
            far = step(-0.02, 0.02, g.sin_yaw.sign() * (window.x - g.root[0])) * (g.sin_yaw.abs() > 0.2).float()
            area = area * (1 - far * (self.lot[:, 4] < rule(self.look, "drops", "brow")).float())
        if part in _OPAQUE and not self.coloured:
            area = step(0.25, 0.65, area)
            window.layers["ink"].mul_(1 - area[:, None])
        limit = rule(self.look, "black", part)
        fill = step(-0.05, 0.05, darkness + 0.10 * gap - limit) * (0.0 if self.coloured else 1.0)
        if anyone("hatch", part):
            share = rule(self.look, "hatch", part)
            half = (darkness * share - 0.45).clamp(max=0.5) * 0.55 * self.pitch
            lines = (half + 0.30 - hatch).clamp_(0, 1) * (share > 0).float() * step(0.40, 0.48, darkness * share)
            fill = torch.maximum(fill, lines * step(-0.75, -0.45, gap))
        if anyone("dots", part):
            share = rule(self.look, "dots", part)
            radius = (darkness * share - 0.30).clamp(max=0.6) * 0.75 * self.pitch
            fill = torch.maximum(fill, (radius + 0.4 - dots).clamp_(0, 1) * (share > 0).float())
        self._draw(window, area * fill)


def _to_middle(t: Tensor) -> Tensor:
    """Distance to the nearest whole number, 0..0.5."""
    return (t - t.round()).abs()


def slack(size: int) -> int:
    """How many pixels windows must grow for the hand's straying."""
    return math.ceil(FARTHEST * size / 128) + 1
