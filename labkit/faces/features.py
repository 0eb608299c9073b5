"""Mouth, eyes and brows."""

import torch
from torch import Tensor

from labkit.faces import palettes, shapes
from labkit.faces.canvas import Canvas, Window
from labkit.faces.geometry import Brow, Eye
from labkit.faces.implicit import cover, distance, hump, step
from labkit.faces.tones import Tones, mix

LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, MOUTH, UPPER_LIP, LOWER_LIP = 4, 5, 6, 7, 10, 11, 12


def mouth(canvas: Canvas, tones: Tones) -> None:
    """Teeth and tongue when open, then both lips."""
    g, look = canvas.geometry, canvas.look
    with canvas.window(g.mouth[0], g.mouth[1] + 0.01, 0.30, 0.17) as w:
        u, y = g.across_mouth(w.x - g.mouth[0]), w.y - g.mouth[1]
        outer_up, inner_up, inner_low, outer_low = g.lips(u)
        device = u.device
        is_open = (look.mouth_open > 0.02).float()
        above_up, below_up = distance(outer_up - y), distance(y - inner_up)
        above_low, below_low = distance(inner_low - y), distance(y - outer_low)
        d_inside = torch.maximum(-below_up, -above_low)
        d_upper, d_lower = torch.maximum(above_up, below_up), torch.maximum(above_low, below_low)
        sides = (u.abs() < 1).float()
        # Teeth hang from the upper lip; the tongue lies on the lower.
        place = (y - inner_up) / (inner_low - inner_up).clamp(min=1e-3)
        teeth = step(0.66, 0.56, place)[:, None]
        gaps = 1 - 0.10 * (torch.sin(14 * u).abs() < 0.12).float() * step(0.7, 0.3, u.abs())
        white = torch.tensor([0.95, 0.93, 0.88], device=device)[:, None, None] * ((1 - 0.28 * u * u) * gaps)[:, None]
        tongue = (hump(y - inner_low, 0.035) * hump(u, 0.6))[:, None] * torch.tensor([0.45, 0.18, 0.2], device=device)[
            :, None, None
        ]
        dark = torch.tensor([0.34, 0.085, 0.095], device=device)[:, None, None] + tongue
        w.fill(
            cover(d_inside) * is_open * sides,
            mix(dark, white, teeth),
            label=MOUTH,
            line=d_inside,
            strength=is_open * sides,
            part="mouth",
        )
        own = (
            tones.skin * torch.tensor([0.89, 0.66, 0.63], device=device)[:, None, None]
            + torch.tensor([0.03, 0.0, 0.01], device=device)[:, None, None]
        )
        made_up = mix(own, look.colour("lipstick_colour", palettes.LIPSTICK), look.lipstick[:, None])
        light = 0.90 + 0.10 * look.light_x * u + 0.16 * look.ambient
        wrinkles = 0.05 * torch.sin(26 * u)
        creases, smooth = (
            (light * (1 - wrinkles))[:, None],
            (light * (1 - wrinkles * (1 - 0.6 * look.lipstick)))[:, None],
        )
        shine = hump(y - 0.5 * (inner_low + outer_low) + 0.004, 0.012) * hump(u - 0.12 - 0.1 * look.light_x, 0.42)
        natural_shine, gloss = (
            (0.13 * shine)[:, None],
            ((0.13 + 0.42 * look.lipstick * look.lip_gloss) * shine)[:, None],
        )
        w.fill(
            cover(d_upper) * sides,
            made_up * (0.82 * smooth),
            bare=own * (0.82 * creases),
            flat=made_up * 0.85,
            label=UPPER_LIP,
            line=d_upper,
            strength=sides,
            part="lip",
        )
        w.fill(
            cover(d_lower) * sides,
            (made_up * (1.02 * smooth) + gloss).clamp(0, 1),
            bare=(own * (1.02 * creases) + natural_shine).clamp(0, 1),
            flat=made_up,
            label=LOWER_LIP,
            line=d_lower,
            strength=sides,
            part="lip",
        )
        seam = (
            (0.9 + w.size / 256 - distance(y - 0.5 * (inner_up + inner_low)).abs()).clamp(0, 1) * (1 - is_open) * sides
        )
        w.fill(0.75 * seam, tones.shadow * 0.40, flat=tones.shadow * 0.3)
        w.mark(torch.maximum(seam, 0.8 * is_open * (1.2 - below_up.abs()).clamp(0, 1) * sides), "seam")
        below = y - (inner_low + g.lower_lip) - 0.028
        w.mark((1.2 - distance(below).abs()).clamp(0, 1) * step(0.5, 0.3, u.abs()), "underlip")
        w.tone(torch.maximum(cover(d_upper), 0.5 * cover(d_lower)) * sides, 0.5 + 0.4 * look.lipstick + 0 * u, "lip")
        w.tone(cover(d_inside) * is_open * sides, 1 - teeth[:, 0], "inside")


def eyes(canvas: Canvas, tones: Tones) -> None:
    """Both eyes, with lids, lashes, eyeshadow and liner."""
    for eye in canvas.geometry.eyes:
        with canvas.window(eye.x, eye.y - 0.02, 0.26, 0.18) as w:
            x, y = w.x - eye.x, w.y - eye.y
            c, s = eye.turn.cos(), eye.turn.sin()
            _eye(w, tones, eye, c * x + s * y, c * y - s * x)


def _eye(w: Window, tones: Tones, eye: Eye, x: Tensor, y: Tensor) -> None:
    look = w.look
    q = 1 - (x / eye.width) ** 2
    outward = x * eye.side / eye.width
    upper_lid = eye.upper * q
    _eyeshadow(w, eye, x, y, upper_lid, outward)
    crease = (1.0 - distance(y + upper_lid + 0.024).abs()).clamp(0, 1) * step(0.0, 0.25, q) * 0.34
    w.fill(crease, tones.shadow * 0.62, flat=tones.shadow * 0.8)
    w.mark(crease, "lid")
    d = torch.maximum(distance(-y - upper_lid), distance(y - eye.lower * q))
    area = cover(d)
    depth = step(0.40, -0.05, (y + upper_lid) / look.eye_opening)
    sclera = (
        torch.tensor([0.97, 0.965, 0.955], device=x.device)[:, None, None]
        * (1 - 0.30 * depth - 0.12 * (x / eye.width) ** 2)[:, None]
    )
    label = RIGHT_EYE if eye.side < 0 else LEFT_EYE
    w.fill(
        area, sclera, flat=torch.full_like(sclera, 0.97), label=label, line=d, strength=step(-0.15, 0.0, q), part="eye"
    )
    _iris(w, eye, x, y, area)
    _lashes(w, tones, eye, x, y, q, upper_lid, outward)


def _on_face(w: Window) -> Tensor:
    """Coverage of the face, (B, h, w): makeup beside a far eye must not run over its rim."""
    return cover(distance(shapes.face(w.geometry, w.x, w.y)[0]))


def _eyeshadow(w: Window, eye: Eye, x: Tensor, y: Tensor, upper_lid: Tensor, outward: Tensor) -> None:
    look = w.look
    if not look.eyeshadow.any():
        return
    high = 0.060 + (look.brow_gap - 0.070) * (0.25 + 0.75 * look.eyeshadow_extent)
    wing = 1.12 + 0.45 * look.eyeshadow_wing * step(0.0, 1.0, outward)
    across = step(1.05, 0.75, (x / (eye.width * wing)).abs())
    above = -(y + torch.maximum(upper_lid, 0.3 * eye.upper)) + 0.25 * look.eyeshadow_wing * (x.abs() - eye.width).clamp(
        min=0
    )
    patch = _on_face(w) * across * step(-0.018, 0.004, above) * step(high + 0.028, high - 0.012, above) * look.eyeshadow
    fade = 1 - 0.35 * (above / high).clamp(0, 1)
    colour = look.colour("eyeshadow_colour", palettes.EYESHADOW)
    light = 0.72 + 0.28 * (0.5 + 0.5 * look.light_x * eye.side) + 0.2 * look.ambient
    w.makeup(patch * fade, (colour * light[:, None]).expand(-1, -1, *x.shape[1:]), colour)
    w.tone(patch, 0.35 + 0 * x, "shadow")


def _iris(w: Window, eye: Eye, x: Tensor, y: Tensor, area: Tensor) -> None:
    look = w.look
    gaze_x = 0.42 * look.gaze_x * eye.width + 0.12 * w.geometry.sin_yaw * eye.width
    gaze_y = 0.35 * look.gaze_y * look.eye_opening - 0.004
    ix, iy = (x - gaze_x) / eye.squeeze.clamp(0.7, 1.05), y - gaze_y
    radius = (ix * ix + iy * iy + 1e-7).sqrt()
    d = distance(radius - look.iris_radius)
    r = radius / look.iris_radius
    rays = 0.10 * torch.sin(11 * torch.atan2(iy, ix) + look.mark_seed * 6.2832)
    tint = 0.78 + rays + 0.55 * step(0.35, 0.95, r) * (0.6 + 0.5 * iy / look.iris_radius) - 0.55 * step(0.72, 1.05, r)
    colour = look.colour("iris_colour", palettes.IRIS)
    inside = cover(d) * area
    w.fill(inside, (colour * tint.clamp(0.2, 1.6)[:, None]).clamp(0, 1), flat=colour)
    pupil = cover(distance(radius - 0.47 * look.iris_radius)) * area
    w.fill(pupil, torch.full_like(colour, 0.03))
    gx, gy = x - gaze_x - 0.016 * (look.light_x * 20).clamp(-1, 1), y - gaze_y + 0.018
    glint = cover(distance((gx * gx + gy * gy + 1e-7).sqrt() - 0.0135)) * area
    w.fill(0.95 * glint, torch.ones_like(colour))
    w.mark((1.0 - d.abs()).clamp(0, 1) * area * 0.8, "iris")
    w.tone(inside, (1 - glint) * (0.55 + 0.45 * (r < 0.6).float()), "iris")


def _lashes(
    w: Window, tones: Tones, eye: Eye, x: Tensor, y: Tensor, q: Tensor, upper_lid: Tensor, outward: Tensor
) -> None:
    look = w.look
    size = w.size
    edge = distance(y + upper_lid + 0.003).abs()
    along = step(-0.12, 0.12, q) * (x.abs() < 1.06 * eye.width).float()
    heavier = 0.55 + 0.45 * step(-1, 1, outward)
    own = 0.55 + size / 128 * (0.45 + 0.65 * look.lashes)
    ink = torch.tensor([0.10, 0.06, 0.06], device=x.device)[:, None, None]
    natural = (own * heavier + 0.4 - edge).clamp(0, 1) * along
    w.fill(0.92 * natural, ink.expand(len(x), 3, 1, 1), flat=ink.expand(len(x), 3, 1, 1))
    w.mark(natural, "lash")
    if look.eyeliner.any():
        lined = ((own + size / 128 * 0.9 * look.eyeliner) * heavier + 0.4 - edge).clamp(0, 1) * along
        # The wing runs on from the outer corner, up and outwards.
        out = (outward - 0.92) * eye.width
        wing = (
            (0.6 + size / 110 - distance(y + 0.55 * out + 0.004).abs()).clamp(0, 1)
            * step(0.0, 0.01, out)
            * step(0.055, 0.02, out - 0.03 * look.eyeliner)
        )
        area = torch.maximum(lined, wing * _on_face(w)) * (look.eyeliner * 2).clamp(0, 1)
        w.makeup(0.95 * area, ink.expand(len(x), 3, 1, 1))
        w.mark(area, "lash")
    lower = (0.8 - distance(y - eye.lower * q).abs()).clamp(0, 1) * step(0, 0.2, q) * 0.38
    w.fill(lower, tones.shadow * 0.5, flat=tones.shadow * 0.5)
    w.mark(0.8 * lower, "lid")


def brows(canvas: Canvas, tones: Tones) -> None:
    """Both brows, drawn of short hairs."""
    for brow in canvas.geometry.brows:
        with canvas.window(brow.x, brow.y, 0.20, 0.12) as w:
            _brow(w, tones, brow)


def _brow(w: Window, tones: Tones, brow: Brow) -> None:
    dx, dy = w.x - brow.x, w.y - brow.y
    c, s = brow.turn.cos(), brow.turn.sin()
    x, y = c * dx + s * dy, c * dy - s * dx
    u = x / brow.width
    outward = ((u * brow.side + 1) / 2).clamp(0, 1)
    u2 = u * u
    thick = brow.thickness * (1 - 0.55 * outward * outward.sqrt()) * (1 - (u2 * u2 * u2).clamp(0, 1))
    d = distance((y + brow.arch * (1 - u2)).abs() - thick)
    area = cover(d) * (u.abs() < 1).float()
    hairs = 0.95 + 0.22 * torch.sin(95 * brow.side * x + 60 * y)
    label = RIGHT_BROW if brow.side < 0 else LEFT_BROW
    w.fill(0.92 * area, tones.brow * hairs[:, None], flat=tones.brow, label=None, part="brow")
    if "labels" in w.layers:
        w.layers["labels"].lerp_(torch.tensor(float(label), device=x.device), (area[:, None] > 0.4).float())
    w.tone(area, 0.7 + 0.3 * hairs, "brow")
