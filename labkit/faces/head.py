"""Ears, the skin of the face with its forms, folds and marks, the nose, and the beard."""

import torch
from torch import Tensor

from labkit.faces import palettes, shapes
from labkit.faces.canvas import Canvas, Window
from labkit.faces.geometry import Geometry, Look
from labkit.faces.implicit import cover, distance, hump, power, soft, step
from labkit.faces.tones import Tones, mix, mottle

SKIN, NOSE, LEFT_EAR, RIGHT_EAR = 1, 2, 8, 9
_REACH_X, _REACH_Y = 0.56, 0.72


def blob(x: Tensor, y: Tensor, x0: Tensor, y0: Tensor, wide: Tensor | float, high: Tensor | float) -> Tensor:
    """A soft spot about a place, 1 in its middle."""
    return soft(((x - x0) / wide).square_().add_(((y - y0) / high).square_()))


def ears(canvas: Canvas, tones: Tones) -> None:
    """Both ears, behind the face: the far one is hidden when the head turns."""
    g, look = canvas.geometry, canvas.look
    for side, label in ((-1, RIGHT_EAR), (1, LEFT_EAR)):
        with canvas.window(g.ear_x(side), g.ear_y, 0.11, 0.17) as w:
            x, y = w.x - g.ear_x(side), w.y - g.ear_y
            d = distance(((x - 0.01 * side) / look.ear_width) ** 2 + (y / look.ear_height) ** 2 - 1)
            hollow = ((x - 0.012 * side) / (0.55 * look.ear_width)) ** 2 + ((y + 0.005) / (0.62 * look.ear_height)) ** 2
            inner = step(1.5, 0.5, hollow)
            shade = 0.56 + 0.12 * look.light_x * side - 0.26 * inner + 0.3 * look.ambient
            red = torch.tensor([1.0, 0.94, 0.92], device=x.device)[:, None, None]
            flat = tones.skin * (1 - 0.2 * (inner > 0.5).float())[:, None]
            w.fill(cover(d), tones.lit_skin(shade) * red, flat=flat, label=label, line=d, part="ear")
            w.mark(cover(d) * hump(hollow - 1, 0.35) * 0.8, "ear")


def skin(canvas: Canvas, tones: Tones) -> None:
    """The face itself: light on a round head with its sockets, cheeks and chin, then age, marks and blush."""
    g, look = canvas.geometry, canvas.look
    with canvas.window(0.5 * g.shear, 0.05 + 0 * g.jaw, _REACH_X, _REACH_Y) as w:
        f, u, v = shapes.face(g, w.x, w.y)
        d = distance(f)
        area = cover(d)
        shade = _form(w, u, v)
        even = look.foundation
        (folds, dark), marks = _folds(w), _marks(w, u, v)
        spots = marks * (1 - 0.85 * even)
        covered = _complexion(w, tones, u, shade, dark * (1 - 0.75 * even), spots, even)
        bare = _complexion(w, tones, u, shade, dark, marks, 0.0) if "bare" in w.layers and even.any() else covered
        blush = _blush(w)
        colour = mix(
            covered,
            look.colour("blush_colour", palettes.BLUSH) * (0.40 + 0.62 * shade.clamp(0, 1))[:, None],
            (0.85 * blush)[:, None],
        )
        lit = (shade > 0.50).float()[:, None]
        flat = mix(tones.skin * 0.52 + tones.shadow * 0.48, tones.skin, lit)
        flat = mix(flat, look.colour("blush_colour", palettes.BLUSH), 0.4 * (blush > 0.2).float()[:, None])
        w.fill(area, colour, bare=bare, flat=flat, label=SKIN, line=d, part="face")
        w.mark(area * (folds * look.age.sub(0.45).clamp(min=0) * 2.2).clamp(0, 0.9), "fold")
        w.tone(area, 1 - 1.15 * shade, "face")
        w.mark(area * (spots > 0.5).float() * 0.6, "spot")


def _form(w: Window, u: Tensor, v: Tensor) -> Tensor:
    """Light on the face, about 0..1.2: a round head, with sockets, nose, cheeks, chin, and the hair's shadow."""
    g, look, x, y = w.geometry, w.look, w.x, w.y
    r2 = (u * u + v * v).clamp_(0, 1)
    shade = 1.3 * look.light_x * u + look.light_y * v + 0.75 * (1 - 0.92 * r2).sqrt_()
    shade = 0.42 + 0.50 * shade + 0.5 * look.ambient - 0.08 * step(0.75, 1.05, r2)
    for eye in g.eyes:
        shade -= 0.19 * blob(x, y, eye.x, eye.y - 0.028, 0.115, 0.065)
        shade -= (0.04 + 0.15 * look.age) * blob(x, y, eye.x, eye.y + 0.080, 0.085, 0.030)
        shade += 0.12 * blob(x, y, eye.x + 0.03 * eye.side, eye.y + 0.17, 0.11, 0.085)
    (rx, ry), (tx, ty), (bx, by), (mx, my) = g.root, g.tip, g.base, g.mouth
    down = ((y - ry) / (ty - ry)).clamp(0, 1)
    half = look.nose_bridge + (0.62 * look.nose_width - look.nose_bridge) * down * down
    across = (x - rx - (tx - rx) * down) / half
    on_nose = step(-0.02, 0.05, y - ry) * step(0.07, 0.0, y - ty)
    away = (0.6 - 0.8 * look.light_x * across.sign()).clamp_(0, 1.4)
    shade += on_nose * (0.17 * hump(across, 0.8) - 0.22 * hump(across.abs() - 1.6, 0.7) * away)
    shade += 0.20 * blob(x, y, tx, ty - 0.005, 0.045, 0.035) - 0.20 * blob(
        x, y, bx, by + 0.030, 0.95 * look.nose_width, 0.022
    )
    low = my + g.lower_lip + 0.75 * g.gap
    shade += 0.08 * blob(x, y, mx, low + 0.115, 0.10, 0.05) - 0.15 * blob(x, y, mx, low + 0.040, 0.09, 0.026)
    shade -= 0.06 * blob(x, y, mx, my - 0.055, 0.022, 0.030)
    hat = (look.hat > 0).float()
    below_hair = (1 - look.bald) * 0.34 * step(0.13, -0.01, y - shapes.hairline(g, x))
    below_hat = hat * 0.30 * step(0.16, 0.0, y - shapes.hat_edge(g, x) - 0.07 * (look.is_("hat", 2, 3)))
    return shade - torch.maximum(below_hair, below_hat)


def _folds(w: Window) -> tuple[Tensor, Tensor]:
    """Where folds run (0..1), and how dark they are at this age (0..1)."""
    g, look, x, y = w.geometry, w.look, w.x, w.y
    smile = torch.zeros_like(x)
    for side in (-1, 1):
        x0, y0 = g.base[0] + side * (g.wings + 0.018), g.base[1] - 0.03
        t = (y - y0) / 0.19
        down = t.clamp(0, 1)
        smile += hump(x - x0 - side * 0.085 * down * down.sqrt(), 0.014) * step(-0.05, 0.12, t) * step(1.1, 0.75, t)
    old = look.age.sub(0.35).clamp(min=0) / 0.65
    folds, dark = smile.clamp(max=1), 0.34 * smile * g.smiling * (1 - old)
    index = (old[:, 0, 0] > 0).nonzero()[:, 0]
    if len(index):
        aged = Look(look.values[index])
        more = (smile[index] + _lines(Geometry(aged), aged, x[index], y[index])).clamp_(0, 1)
        folds[index] = more
        dark[index] = dark[index] + 1.15 * more * old[index]
    return folds, dark.clamp_(0, 1)


def _lines(g: Geometry, look: Look, x: Tensor, y: Tensor) -> Tensor:
    """The lines that only age draws: forehead, corners of the eyes, bags, and from the mouth down."""
    mx, my = g.mouth
    lines = torch.zeros_like(x)
    middle = step(0.24, 0.10, (x - 0.3 * g.sin_yaw).abs())
    for k in range(3):
        height = -0.17 - 0.062 * k - 0.25 * g.sin_pitch - 0.015 * look.brow_raise
        lines += 0.75 * hump(y - height - 0.012 * torch.sin(9 * x + 2 * k), 0.010) * middle
    t = (y - my - 0.02) / 0.14
    jowls = step(0.0, 0.2, t) * step(1.05, 0.6, t)
    for side, corner in ((-1, g.mouth_left), (1, g.mouth_right)):
        lines += 0.8 * hump(x - mx - side * (corner + 0.012 + 0.02 * t), 0.013) * jowls
    for eye in g.eyes:
        out = (x - eye.x) * eye.side - eye.width - 0.015
        beside = 0.6 * step(0.0, 0.012, out) * step(0.08, 0.035, out)
        for k in (-1, 0, 1):
            lines += hump(y - eye.y - k * (0.012 + 0.42 * out), 0.0085) * beside
        across = (x - eye.x) / eye.width
        lines += 0.7 * hump(y - eye.y - eye.lower - 0.034 + 0.024 * across * across, 0.012) * hump(across, 0.8)
    return lines


def _marks(w: Window, u: Tensor, v: Tensor) -> Tensor:
    """Freckles and a mole, 0..1, fixed to the face."""
    look = w.look
    spots = torch.zeros_like(u)
    if (look.freckles > 0).any():
        a = look.mark_seed * 6.2832
        field = torch.sin(34 * u + 4 * torch.sin(19 * v + a)) * torch.sin(39 * v + 4 * torch.sin(17 * u + 2 * a))
        where = step(0.85, 0.25, (u * u + (v - 0.26) ** 2 * 3))
        spots = look.freckles * step(0.25, 0.7, field) * where * 0.65
    if look.mole.any():
        left = (look.mole_place < 0.5).float()
        t = look.mole_place * 2 - (1 - left)
        x0 = (0.35 + 0.35 * t) * (1 - 2 * left)
        y0 = 0.28 + 0.32 * (1 - t)
        spots = torch.maximum(spots, look.mole * step(1.6, 0.5, ((u - x0) / 0.05) ** 2 + ((v - y0) / 0.036) ** 2))
    return spots


def _complexion(
    w: Window, tones: Tones, u: Tensor, shade: Tensor, dark: Tensor, spots: Tensor, even: Tensor | float
) -> Tensor:
    """Lit skin (B, 3, h, w) with its unevenness, flush, folds and spots, under so much foundation."""
    g, device = w.geometry, u.device
    cheeks = sum(blob(w.x, w.y, e.x + 0.045 * e.side, e.y + 0.20, 0.10, 0.075) for e in g.eyes)
    rosy = (0.8 * cheeks + 0.6 * blob(w.x, w.y, g.tip[0], g.tip[1], 0.06, 0.05)) * (1 - 0.6 * even)
    grain = 0.045 * mottle(w.look, u * 0.45, w.y) * (1 - 0.6 * even)
    flush = torch.tensor([0.05, -0.035, -0.035], device=device)[:, None, None] * (
        tones.skin.mean(1, keepdim=True) * 1.3
    )
    crease = torch.tensor([0.36, 0.46, 0.46], device=device)[:, None, None]
    pigment = torch.tensor([0.28, 0.42, 0.5], device=device)[:, None, None]
    colour = tones.lit_skin((shade + grain).clamp(-0.1, 1.25)).addcmul_(flush, rosy[:, None])
    return (colour * (1 - crease * dark[:, None]) * (1 - pigment * spots[:, None])).clamp_(0, 1)


def _blush(w: Window) -> Tensor:
    """How strong the blush is, (B, h, w) in 0..1."""
    g, look = w.geometry, w.look
    if not look.blush.any():
        return torch.zeros_like(w.x)
    out = 0.030 + 0.075 * look.blush_place
    up = 0.215 - 0.05 * look.blush_place
    wide = 0.095 + 0.03 * look.blush_place
    left, right = (blob(w.x, w.y, e.x + e.side * out, e.y + up, wide, 0.068) for e in g.eyes)
    return (left + right).clamp_(0, 1) * look.blush


def nose(canvas: Canvas) -> None:
    """The class of the nose, its nostrils and wings; its form is in the skin's shading."""
    g, look = canvas.geometry, canvas.look
    (rx, ry), (tx, _), (bx, by) = g.root, g.tip, g.base
    tones = Tones(look)
    with canvas.window((rx + bx) / 2, (ry + by) / 2, 0.22, 0.25) as w:
        x, y = w.x, w.y
        t = (y - ry) / (by - ry)
        middle = rx + (0.55 * tx + 0.45 * bx - rx) * t.clamp(0, 1)
        down = t.clamp(0, 1)
        half = 1.1 * look.nose_bridge + (1.08 * g.wings - 1.1 * look.nose_bridge) * down * down * (0.8 + 0.2 * down)
        d = torch.maximum(distance((x - middle).abs() - half), distance(ry - y))
        d = torch.maximum(d, distance(y - by - 0.016 + 0.03 * ((x - middle) / half.clamp(min=0.02)) ** 2))
        if "labels" in w.layers:
            w.layers["labels"].lerp_(torch.tensor(float(NOSE), device=x.device), (cover(d)[:, None] > 0.5).float())
        for side in (-1, 1):
            nx, ny = x - bx - 0.50 * side * g.wings - 0.02 * g.sin_yaw, y - by + 0.004
            hole = cover(distance((nx / (0.27 * look.nose_width)) ** 2 + ((ny + 0.25 * side * nx) / 0.0155) ** 2 - 1))
            w.fill(0.72 * hole, tones.shadow * 0.42, flat=tones.shadow * 0.5)
            wx, wy = x - bx - side * g.wings, y - by
            wing = (
                hump(wx + side * (0.010 - 7 * (wy + 0.02) ** 2), 0.012)
                * step(-0.065, -0.03, wy)
                * step(0.018, -0.004, wy)
            )
            w.fill(0.62 * wing, tones.shadow * 0.8, flat=tones.shadow * 0.8)
            w.mark(torch.maximum(0.9 * hole, 0.8 * wing), "nose")
        ridge = hump((x - middle) / half - g.sin_yaw.sign() * 0.95, 0.16) * step(0.1, 0.3, t) * step(0.95, 0.8, t)
        w.mark(ridge * (g.sin_yaw.abs() * 4).clamp(0, 1) * 0.8, "bridge")


def beard(canvas: Canvas, tones: Tones) -> None:
    """Stubble, goatee, full beard and moustache; their class stays skin: CelebAMask-HQ has none for them."""
    g, look = canvas.geometry, canvas.look
    if not ((look.beard > 0) | (look.moustache > 0)).any():
        return
    (mx, my) = g.mouth
    with canvas.window(0.8 * g.shear, 0.43 + 0 * g.jaw, 0.54, 0.45) as w:
        x, y = w.x, w.y
        stubble, goatee, full = (look.is_("beard", k) for k in (1, 2, 3))
        u = (x - g.lean(y)) / (g.taper(y) * g.width * 1.015)
        d = distance(
            shapes.superellipse(u, y, (g.skull, 2.0), (g.jaw + look.beard_length * full, look.jaw_power * 0.95))
        )
        off = x - mx
        top = look.beard_line + (my + g.lower_lip + 0.03 - look.beard_line) * power(
            (1 - ((off - 0.12 * g.sin_yaw) / (0.98 * g.width)) ** 2).clamp(0, 1), 0.55
        )
        around = top - y
        below_lip = my + g.lower_lip + 0.75 * g.gap + 0.018 - y
        tuft = torch.maximum(
            off.abs()
            - 0.72 * look.mouth_width
            + 2.7 * power(((y - my - g.lower_lip - 0.09).abs() - 0.02).clamp(min=0), 1.5),
            below_lip,
        )
        around = mix(around, tuft, goatee)
        bristle = 0.5 + 0.5 * torch.sin(47 * x + 2 * torch.sin(31 * y)) * torch.sin(43 * y + 2 * torch.sin(37 * x))
        kind = 0.34 * stubble + 0.95 * (goatee + full)
        area = (0.5 - d / 1.2).clamp(0, 1) * step(0.5, -0.5, around / 0.05) * kind * (0.80 + 0.20 * bristle)
        dark = (0.60 + 0.24 * bristle + 0.10 * look.light_x * x / g.width)[:, None]
        # Dyed hair has a beard of the natural colour, and stubble is darker than what it would grow into.
        dyed = (look.hair_colour >= palettes.NATURAL_HAIR).float()[:, None]
        grown = mix(tones.hair, tones.brow, torch.maximum(dyed, 0.8 * stubble[:, None]))
        colour = grown * dark
        beyond = area * full * (shapes.face(g, x, y)[0] > 0).float()
        w.fill(area, colour, flat=grown * 0.8)
        if "labels" in w.layers:
            w.layers["labels"].lerp_(torch.tensor(float(SKIN), device=x.device), (beyond[:, None] > 0.5).float())
        w.tone(area * (1 - stubble), 0.55 + 0.45 * bristle, "beard")
        across = g.across_mouth(1.0 * off) / 1.08
        _, inner_up, _, _ = g.lips(across)
        upper = (
            my
            + g.corner_lift * ((1 - across * across) - 0.55)
            - g.upper_lip
            - 0.052 * (1 - power(across.abs().clamp(0, 1), 1.5))
        )
        d = torch.maximum(distance(y - my - inner_up + 0.002), distance(upper - y))
        lip = cover(d) * (across.abs() < 1).float() * 0.93 * look.moustache
        w.fill(lip, colour, flat=grown * 0.7)
        w.tone(lip, 0.6 + 0.4 * bristle, "beard")
