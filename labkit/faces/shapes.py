"""The outlines that several layers and the visibility of landmarks share, as implicit functions: negative inside.

Coordinates are the head's frame, (B, H, W) for pixels or (B, 1, K) for points.
"""

import torch
from torch import Tensor

from labkit.faces.geometry import Geometry
from labkit.faces.implicit import hump, power

_BROW_POWER = 2.16  # exponent of the skull's superellipse


def superellipse(
    x: Tensor, y: Tensor, upper: tuple[Tensor, Tensor | float], lower: tuple[Tensor, Tensor | float]
) -> Tensor:
    """(|x|^n + (|y| / h)^n)^(1/n) - 1, with other h and n above (y < 0) and below; x is already over the half width.

    The outer root keeps it continuous at y = 0, where n changes: a jump there would look like an edge.
    """
    below = (y > 0).float()
    inverse = 1 / upper[0] + (1 / lower[0] - 1 / upper[0]) * below
    exponent = upper[1] + (lower[1] - upper[1]) * below
    return power(power(x.abs(), exponent) + power(y.abs() * inverse, exponent), 1 / exponent) - 1


def face(g: Geometry, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The face's outline, and (u, v) on it: 0 in the middle of the eyes' line, about 1 at the rim and the chin."""
    u = (x - g.lean(y)) / (g.taper(y) * g.width)
    below = (y > 0).float()
    v = y * (1 / g.skull + (1 / g.jaw - 1 / g.skull) * below)
    return superellipse(u, y, (g.skull, _BROW_POWER), (g.jaw, g.look.jaw_power)), u, v


def hair(g: Geometry, x: Tensor, y: Tensor) -> Tensor:
    """The outline of all hair on the head."""
    look = g.look
    phase = look.strand_seed * 6.2832
    half = g.width + look.hair_side
    top = g.skull + look.hair_volume
    wavy = (x - g.lean(y) * 0.35 + look.wave * torch.sin(11 * y + phase)) / (
        half * (1 + look.hair_flare * y.clamp(0, 1.2))
    )
    length = look.hair_length + look.curl * ((look.hair_length.clamp(max=0.62)) - look.hair_length)
    f = superellipse(wavy, y, (top, 2.24), (length, look.hair_end))
    angle = torch.atan2(x, -(y + 0.02))
    bumps = look.curl * (0.030 * torch.sin(9 * angle + phase) + 0.017 * torch.sin(17 * angle + 2 * phase))
    return f - bumps - look.spikes * (0.05 * torch.sin(11 * angle + phase).abs() - 0.015)


def hairline(g: Geometry, x: Tensor) -> Tensor:
    """The height of the front hairline at each place across the head: the forehead begins below it."""
    look = g.look
    phase = look.strand_seed * 6.2832
    off = x - 0.30 * g.sin_yaw - look.parting * g.width * (1 - 0.6 * look.bangs)
    middle = look.hairline - 0.33 * g.sin_pitch
    out = ((x - 0.10 * g.sin_yaw).abs() / (1.02 * g.width)).clamp(max=1.2)
    line = middle + (look.hairline_side - middle) * power(out, look.hairline_power)
    open_ = 1 - look.bangs
    line = line + look.sweep * off * (0.55 - 0.385 * look.bangs)
    line = line + open_ * (0.10 * off.abs() - 0.10 * hump(off, 0.09))
    return line + look.fringe * (torch.sin(34 * x + phase) + 0.6 * torch.sin(61 * x + 2 * phase))


def curtain_opening(g: Geometry, x: Tensor) -> Tensor:
    """Negative between the two curtains of long hair, where the face and the neck are seen."""
    return (x - 0.06 * g.sin_yaw).abs() / (0.93 * g.width) - 1


def lens(g: Geometry, side: int, x: Tensor, y: Tensor) -> Tensor:
    """A lens of the glasses; ``side`` 0 is the image's left."""
    look, eye = g.look, g.eyes[side]
    half = look.glasses_width * eye.squeeze.clamp(0.55, 1.1)
    across, down = (x - eye.x - 0.012 * eye.side) / half, (y - eye.y - 0.022) / look.glasses_height
    return power(across.abs(), look.glasses_power) + power(down.abs(), look.glasses_power) - 1


def hat_edge(g: Geometry, x: Tensor) -> Tensor:
    """The height of a hat's lower edge."""
    curve = 0.12 - 0.156 * g.look.is_("hat", 2)
    return -0.235 - 0.30 * g.sin_pitch + curve * ((x - 0.1 * g.sin_yaw) / g.width) ** 2


def hat_crown(g: Geometry, x: Tensor, y: Tensor) -> Tensor:
    """The dome of a hat, above and below its edge."""
    look = g.look
    brim = look.is_("hat", 3)
    half = g.width + 0.9 * look.hair_side.clamp(max=0.12) + 0.035
    height = g.skull + 0.7 * look.hair_volume.clamp(max=0.12) + 0.08 + 0.03 * brim
    exponent = 2.3 + 0.9 * brim
    return power((x / half).abs(), exponent) + power(y.clamp(max=0).abs() / height, exponent) - 1


def hat_rim(g: Geometry, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The peak of a cap or the brim of a hat, and for a cap how far a point lies above the peak's upper edge."""
    look = g.look
    cap = look.is_("hat", 2)
    crown = g.width + 0.9 * look.hair_side.clamp(max=0.12) + 0.035
    base = -0.235 - 0.30 * g.sin_pitch
    half = cap * 0.88 * g.width + (1 - cap) * 1.38 * crown
    across = (x - (0.06 + 0.24 * cap) * g.sin_yaw) / half
    droop = (0.06 + 0.04 * cap) * across * across
    down = (y - base - 0.005 - 0.005 * cap - droop) / (0.085 + 0.035 * cap)
    return across * across + down * down - 1, base - 0.02 + 0.10 * across * across - y
