"""Hair: what hangs behind the head, the curtains of long hair beside the face, and the hair above the forehead."""

import torch

from labkit.faces import shapes
from labkit.faces.canvas import Canvas
from labkit.faces.implicit import cover, distance, hump, step
from labkit.faces.tones import Tones, mix, strands

HAIR = 13


class Coiffure:
    """The hair of a batch: its outline and colour are computed once, and painted in three layers.

    Args:
        canvas: what it is painted on.
        tones: the colours of the faces.
    """

    def __init__(self, canvas: Canvas, tones: Tones) -> None:
        g, look = canvas.geometry, canvas.look
        x, y = canvas.head_x, canvas.head_y
        self.canvas, self.tones = canvas, tones
        self.present = 1 - look.bald
        self.edge = distance(shapes.hair(g, x, y))
        pattern = strands(look, x, y)
        half, top = g.width + look.hair_side, g.skull + look.hair_volume
        lit = look.light_x * x / half + look.light_y * (y / top).clamp(-1, 0.6)
        ring = hump(y + 0.62 * g.skull - 0.10 * (x / g.width) ** 2, 0.085) * (1 - (x / half) ** 2).clamp(min=0)
        shade = (0.82 + 0.22 * lit + 0.095 * pattern + 0.3 * look.ambient).clamp_(0.35, 1.4)
        gleam = ring * (0.11 + 0.06 * pattern) * (1 - 0.4 * look.curl)
        self.colour = (tones.hair * shade[:, None] + gleam[:, None] * (0.7 * tones.hair + 0.3)).clamp_(0, 1)
        self.pattern, self.darkness = pattern, 1 - lit * 0.3 - 1.5 * ring + 0.3 * pattern
        self.flat = (
            tones.hair
            * mix(torch.where(lit < -0.25, 0.8, 1.0), torch.full_like(lit, 1.13), (ring > 0.55).float())[:, None]
        )

    def back(self) -> None:
        """Behind everything of the head, with the bun."""
        g, look = self.canvas.geometry, self.canvas.look
        bun = look.bun * self.present * (look.hat == 0).float()
        if bun.any():
            place = -(g.skull + look.hair_volume + 0.06)
            with self.canvas.window(0.06 * look.parting, place, 0.2, 0.2) as w:
                d = distance((w.x - 0.06 * look.parting) ** 2 + (w.y - place) ** 2 - 0.165**2)
                w.fill(
                    cover(d) * bun,
                    w.cut(self.colour) * 0.9,
                    flat=self.tones.hair,
                    label=HAIR,
                    line=d,
                    strength=bun,
                    part="hair",
                )
                w.tone(cover(d) * bun, 0.6 + 0.4 * w.cut(self.pattern), "hair")
        with self.canvas.whole() as w:
            area = cover(self.edge) * self.present
            w.fill(
                area,
                self.colour * 0.72,
                flat=self.tones.hair * 0.78,
                label=HAIR,
                line=self.edge,
                strength=self.present,
                part="hair",
            )
            w.tone(area, self.darkness, "hair")

    def curtains(self) -> None:
        """Long hair before the neck and the clothes, beside the face."""
        g, look = self.canvas.geometry, self.canvas.look
        long = look.long * self.present
        if not long.any():
            return
        with self.canvas.band(-0.15, 1.0) as w:
            d = torch.maximum(w.cut(self.edge), -distance(shapes.curtain_opening(g, w.x)))
            area = cover(d) * long * (w.y > 0).float()
            w.fill(
                area,
                w.cut(self.colour) * 0.9,
                flat=self.tones.hair * 0.9,
                label=HAIR,
                line=d,
                strength=long * (w.y > 0).float(),
                part="hair",
            )
            w.tone(area, w.cut(self.darkness), "hair")
            w.mark(area * step(0.5, 0.95, w.cut(self.pattern)), "strand")

    def front(self) -> None:
        """Above the forehead and before the temples, down to the hairline."""
        g = self.canvas.geometry
        with self.canvas.band(-1.0, 0.75) as w:
            f = w.y - shapes.hairline(g, w.x)
            d = torch.maximum(distance(f), w.cut(self.edge))
            area = cover(d) * self.present
            root = (1 - 0.22 * hump(f, 0.03))[:, None]
            w.fill(
                area,
                w.cut(self.colour) * root,
                flat=w.cut(self.flat),
                label=HAIR,
                line=d,
                strength=0.9 * self.present,
                part="hair",
            )
            w.tone(area, w.cut(self.darkness), "hair")
            w.mark(area * step(0.5, 0.95, w.cut(self.pattern)), "strand")
