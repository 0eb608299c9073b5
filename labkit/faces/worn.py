"""What is worn: earrings, glasses, hats. Rare layers are drawn on the faces that have them."""

import torch
from torch import Tensor

from labkit.faces import palettes, shapes
from labkit.faces.canvas import Canvas, Window
from labkit.faces.implicit import cover, distance, step
from labkit.faces.tones import mix

GLASSES, HAT, EARRING = 3, 14, 15


def earrings(canvas: Canvas) -> None:
    """Hoops or drops on both ears; the far one is hidden by the cheek when the head turns."""
    index = (canvas.look.earrings[:, 0, 0] > 0).nonzero()[:, 0]
    if not len(index):
        return
    part = canvas.rows(index)
    g, look = part.geometry, part.look
    for side in (-1, 1):
        top = g.ear_y + look.ear_height
        with part.window(g.ear_x(side), top + 0.05, 0.08, 0.14) as w:
            x, y = w.x - g.ear_x(side), w.y - top
            shown = (side * g.sin_yaw < 0.14).float()
            radius = (x * x + (y - 0.030) ** 2 + 1e-7).sqrt()
            hoop = distance(radius - 0.060).abs() - 0.022 * w.pixel * 0.5 - 0.35
            drop = distance((x / 0.036) ** 2 + ((y - 0.065) / 0.095) ** 2 - 1)
            d = mix(hoop, drop, look.is_("earrings", 2))
            colour = look.colour("jewel_colour", palettes.JEWELS)
            light = 0.85 + 0.5 * (-8 * y).clamp(-0.35, 0.5) + 0.3 * step(0.02, 0.0, (x + 0.01).abs())
            w.fill(
                cover(d) * shown,
                (colour * light[:, None]).clamp(0, 1),
                flat=colour,
                label=EARRING,
                line=d,
                strength=0.8 * shown,
                part="jewel",
            )
    canvas.put(index, part)


def glasses(canvas: Canvas) -> None:
    """Lenses and frame; both are class ``eye_g``, as in CelebAMask-HQ."""
    index = (canvas.look.glasses[:, 0, 0] > 0).nonzero()[:, 0]
    if not len(index):
        return
    part = canvas.rows(index)
    g, look = part.geometry, part.look
    with part.window(0.36 * g.sin_yaw, look.eye_level * 1.0, 0.56, 0.24) as w:
        _glasses(w.x, w.y, w)
    canvas.put(index, part)


def _glasses(x: Tensor, y: Tensor, w: Window) -> None:
    g, look = w.geometry, w.look
    frame_colour = look.colour("glasses_colour", palettes.FRAMES)
    sun = look.is_("glasses", 2)
    half = look.glasses_rim * w.pixel * 0.62
    tint = mix(0.2 * frame_colour + 0.8, torch.full_like(frame_colour, 0.08), sun[:, None])
    frame = torch.zeros_like(x)
    offsets = []
    for side in (0, 1):
        eye = g.eyes[side]
        d = distance(shapes.lens(g, side, x, y))
        dx, dy = x - eye.x - 0.012 * eye.side, y - eye.y - 0.022
        glare = 0.28 * step(0.035, 0.0, (0.8 * dx + dy + 0.03).abs()) + 0.2 * step(
            0.015, 0.0, (0.8 * dx + dy - 0.04).abs()
        )
        area = cover(d)
        opacity = 0.10 + 0.74 * sun
        w.fill(area * (opacity + 0.6 * glare * (1 - opacity)), (tint + 0.5 * glare[:, None]).clamp(0, 1), flat=tint)
        if "labels" in w.layers:
            w.layers["labels"].lerp_(torch.tensor(float(GLASSES), device=x.device), (area[:, None] > 0.5).float())
        w.tone(area * sun, 1 - 0.8 * (glare > 0.12).float(), "lens")
        frame = torch.maximum(frame, (half + 0.5 - d.abs()).clamp(0, 1))
        offsets.append((dx, dy, look.glasses_width * eye.squeeze.clamp(0.55, 1.1)))
    (lx, ly, left), (rx, _, right) = offsets
    bridge = (
        (0.9 * half + 0.5 - distance(ly + 0.03).abs()).clamp(0, 1)
        * (lx > 0.95 * left).float()
        * (rx < -0.95 * right).float()
    )
    beside = ((lx < -0.95 * left) & (x > -g.width - 0.01)).float() + (
        (rx > 0.95 * right) & (x < g.width + 0.01)
    ).float()
    temple = (0.9 * half + 0.5 - distance(ly + 0.035).abs()).clamp(0, 1) * beside.clamp(max=1)
    frame = torch.maximum(frame, torch.maximum(bridge, temple))
    shine = (0.92 + 0.22 * torch.sin(9 * x + 14 * y)).clamp(0.5, 1.3)
    w.fill(frame, (frame_colour * shine[:, None]).clamp(0, 1), flat=frame_colour, label=GLASSES)
    w.mark(frame, "glasses")


def hats(canvas: Canvas) -> None:
    """A knitted beanie, a cap with a peak, or a hat with a brim."""
    index = (canvas.look.hat[:, 0, 0] > 0).nonzero()[:, 0]
    if not len(index):
        return
    part = canvas.rows(index)
    g, look = part.geometry, part.look
    beanie, cap = look.is_("hat", 1), look.is_("hat", 2)
    first, second = look.colour("hat_colour", palettes.CLOTH), look.colour("hat_trim", palettes.CLOTH)
    with part.band(-1.0, 0.25) as w:
        x, y = w.x, w.y
        crown = distance(shapes.hat_crown(g, x, y))
        edge = shapes.hat_edge(g, x)
        d = torch.maximum(crown, distance(y - edge))
        half = g.width + 0.9 * look.hair_side.clamp(max=0.12) + 0.035
        knit = 0.07 * torch.sin(55 * x) * beanie + 0.03 * torch.sin(90 * x) * torch.sin(90 * y) * (1 - beanie)
        seam = 0.10 * cap * step(0.014, 0.004, (x - 0.25 * g.sin_yaw).abs())
        shade = 0.90 + 0.24 * look.light_x * x / half - 0.25 * (x / half) ** 4 + knit - seam + 0.2 * look.ambient
        w.fill(cover(d), (first * shade[:, None]).clamp(0, 1), flat=first, label=HAT, line=d, part="hat")
        w.tone(cover(d), 0.9 - 0.5 * shade, "hat")
        high = 0.085 + 0.045 * beanie
        d = torch.maximum(
            torch.maximum(crown - 0.035 * beanie * w.pixel, distance(y - edge - 0.012)), distance(edge - high - y)
        )
        ribs = 0.92 + 0.13 * torch.sin(70 * x) * beanie
        banded = 1 - cap
        w.fill(
            cover(d) * banded,
            (second * (shade * ribs)[:, None]).clamp(0, 1),
            flat=second,
            label=HAT,
            line=d,
            strength=banded,
            part="hat",
        )
        rim, above = shapes.hat_rim(g, x, y)
        d = distance(rim)
        d = torch.maximum(d, distance(above) * cap + (cap - 1) * 99)
        shown = 1 - beanie
        colour = mix(first, second, cap[:, None])
        under = (shade * 0.88 - 0.22 * step(0.0, 0.08, y + 0.235 + 0.30 * g.sin_pitch))[:, None]
        w.fill(
            cover(d) * shown,
            (colour * under).clamp(0, 1),
            flat=colour * 0.9,
            label=HAT,
            line=d,
            strength=shown,
            part="hat",
        )
    canvas.put(index, part)
