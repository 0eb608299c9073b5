"""What is behind and below the head: background, neck, clothes, necklace."""

import torch
from torch import Tensor

from labkit.faces import palettes
from labkit.faces.canvas import Canvas, Window
from labkit.faces.implicit import cover, distance, hump, step
from labkit.faces.tones import Tones, hue, mix

NECK, CLOTH, NECKLACE = 17, 18, 16


def background(canvas: Canvas) -> None:
    """A drifting colour with something out of focus before it: blobs of light, shelves, or hills."""
    look = canvas.look
    with canvas.whole() as w:
        x, y = canvas.x, canvas.y
        seed = look.backdrop_seed * 6.2832
        h, s, v = look.backdrop_hue, look.backdrop_saturation, look.backdrop_value
        first = hue(h, s, v)
        second = hue((h + look.backdrop_drift) % 1, s * (0.6 + 0.6 * look.backdrop_seed), 0.86 * v)
        along = (0.5 + 0.5 * (x * seed.cos() + y * seed.sin())).clamp_(0, 1)
        accent = hue((h + 0.08 + 0.3 * look.backdrop_seed) % 1, (s + 0.12).clamp(max=0.6), v * 0.78)
        colour = mix(first, second, along[:, None])
        colour = mix(colour, accent, (0.75 * _clutter(w, x, y, seed))[:, None])
        vignette = 1 - 0.10 * (x * x + y * y)
        w.fill(torch.ones_like(x), colour * vignette[:, None], flat=mix(first, second, along[:, None].round()))


def _clutter(w: Window, x: Tensor, y: Tensor, seed: Tensor) -> Tensor:
    look = w.look
    amount = torch.zeros_like(x)
    blobs = look.is_("backdrop", 1)
    if blobs.any():
        for k in range(4):
            bx, by = 0.95 * torch.sin(seed * (3 + k) + 1.7 * k), 0.9 * torch.sin(seed * (5 + 2 * k) + 2.3 * k) - 0.15
            radius = 0.24 + 0.11 * torch.sin(seed * (2 + k) + k)
            far = (((x - bx) ** 2 + (y - by) ** 2) / radius**2 - 1).mul_(-3).clamp_(-8, 8).sigmoid_()
            amount = amount + blobs * far * (0.55 + 0.12 * k)
    shelves = look.is_("backdrop", 2)
    if shelves.any():
        boards = torch.sin(5.2 * y + seed).mul_(14).sub_(12).sigmoid_()
        things = (torch.sin(9 * x + 3 * seed) + torch.sin(16.3 * x - 2 * seed)).mul_(3).sigmoid_() * step(
            -0.2, 0.5, torch.sin(5.2 * y + seed + 1.9)
        )
        amount = amount + shelves * (0.55 * boards + 0.4 * things)
    hills = look.is_("backdrop", 3)
    if hills.any():
        line = 0.05 + 0.22 * torch.sin(2.1 * x + seed) + 0.10 * torch.sin(5.3 * x + 2 * seed)
        amount = amount + hills * ((y - line) * 9).sigmoid_() * 0.8
    return amount.clamp_(0, 1)


def neck(canvas: Canvas, tones: Tones) -> None:
    """The neck, in the chin's shadow."""
    g, look = canvas.geometry, canvas.look
    with canvas.band(0.2, 1.0) as w:
        x, y = w.body()
        half = look.neck_width * (1 + 0.5 * ((y - 0.72) / 0.3).clamp(0, 1) ** 2)
        d = distance((x - 0.10 * g.sin_yaw * (1 - y).clamp(0, 1)).abs() - half)
        under_chin = step(-0.04, 0.30, y - g.jaw + 0.16 * (x / 0.3) ** 2)
        shade = 0.16 + 0.42 * under_chin + 0.26 * look.light_x * (x / 0.3).clamp(-1, 1) + 0.2 * look.ambient
        tendon = 0.05 * hump(x.abs() - 0.45 * half, 0.03) * step(0.6, 0.8, y)
        flat = mix(tones.shadow, tones.skin, (shade > 0.35).float()[:, None])
        w.fill(cover(d), tones.lit_skin(shade - tendon), flat=flat, label=NECK, line=d, part="neck")
        w.tone(cover(d), 1 - 1.4 * shade, "neck")


def clothes(canvas: Canvas, tones: Tones) -> None:
    """Shirt or jumper with one of four necklines and four patterns, folds and a rim."""
    g, look = canvas.geometry, canvas.look
    with canvas.band(0.42, 1.0) as w:
        x, y = w.body()
        shoulder = 0.71 + 0.22 * _power26((x / look.shoulder_width).abs().clamp(max=1.6))
        v_neck, wide = look.is_("neckline", 1), look.is_("neckline", 3)
        depth = 0.11 + 0.06 * wide
        half = look.neck_width * (1.28 + 0.35 * wide)
        round_ = ((x / half) ** 2 + ((y - 0.67) / depth) ** 2 + 1e-6).sqrt() - 1
        vee = x.abs() / half + (y - 0.65) / (depth + 0.17) - 1
        opening = mix(round_, vee, v_neck)
        # Each function's own distance first: their maximum has a kink.
        d = torch.maximum(distance(shoulder - y), -distance(opening))
        phase = look.strand_seed * 6.2832
        folds = 0.90 + 0.10 * torch.sin(9 * x + phase) * step(0.75, 1.0, y) + 0.05 * torch.sin(23 * x - 11 * y + phase)
        folds = (
            folds
            + 0.12 * look.light_x * x
            - 0.18 * step(0.30, 0.0, opening)
            + 0.03 * torch.sin(90 * x) * torch.sin(90 * y)
        )
        first, second = look.colour("cloth_colour", palettes.CLOTH), look.colour("cloth_trim", palettes.CLOTH)
        pattern = _pattern(w, x, y)
        rim = look.is_("neckline", 0, 2) * step(0.5, 0.42, opening) * (0.35 + 0.65 * look.is_("neckline", 2))
        cloth = mix(first, second, torch.maximum(pattern, rim)[:, None])
        w.fill(cover(d), (cloth * folds[:, None]).clamp(0, 1), flat=cloth, label=CLOTH, line=d, part="cloth")
    with canvas.band(0.35, 1.0) as w:
        _necklace(w, g.sin_yaw)


def _power26(t: Tensor) -> Tensor:
    return t * t * (0.35 + 0.65 * t)


def _pattern(w: Window, x: Tensor, y: Tensor) -> Tensor:
    """Where the second colour is, (B, h, w): soft-edged so that it needs no supersampling."""
    look = w.look
    sharp = w.pixel / 14
    stripes = (torch.sin(38 * y) * sharp).clamp(-0.5, 0.5) + 0.5
    checks = ((torch.sin(30 * x) * torch.sin(30 * y)) * sharp * 2).clamp(-0.5, 0.5) + 0.5
    dots = ((torch.sin(24 * x) * torch.sin(24 * y)).abs() * 4 - 3).mul_(sharp).clamp_(0, 1)
    return (
        look.is_("cloth_pattern", 1) * stripes
        + look.is_("cloth_pattern", 2) * 0.7 * checks
        + look.is_("cloth_pattern", 3) * dots
    )


def _necklace(w: Window, sin_yaw: Tensor) -> None:
    look = w.look
    if not look.necklace.any():
        return
    x, y = w.body()
    half = look.neck_width * 1.22
    d = distance(((x / half) ** 2 + ((y - 0.61) / 0.22) ** 2 + 1e-6).sqrt() - 1)
    thick = max(1.1, 0.027 * w.pixel)
    beads = 0.75 + 0.25 * torch.sin(70 * x)
    chain = (thick + 0.4 - d.abs()).clamp(0, 1) * (y > 0.64).float()
    pendant = cover(distance(x**2 + (y - 0.84) ** 2 - 0.055**2))
    area = torch.maximum(chain, pendant) * look.necklace
    colour = look.colour("jewel_colour", palettes.JEWELS)
    w.fill(area, (colour * beads[:, None] + 0.1 * pendant[:, None]).clamp(0, 1), flat=colour, label=NECKLACE)
    w.mark(area * (0.4 + 0.6 * (torch.sin(70 * x) > 0).float()), "jewel")
