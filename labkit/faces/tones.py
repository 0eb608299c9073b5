"""Colours of a batch of faces, and the textures that keep areas from being flat."""

import torch
from torch import Tensor

from labkit.faces import palettes
from labkit.faces.geometry import Look


def mix(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """A where t is 0, b where it is 1."""
    return a + (b - a) * t


class Tones:
    """The colours that many layers need, each (B, 3, 1, 1) in 0..1."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.skin = _skin(look)
        device = self.skin.device
        self.shadow = self.skin * torch.tensor([0.64, 0.52, 0.48], device=device)[:, None, None]
        self.light = (self.skin * 1.06 + 0.09 * (1 - self.skin)).clamp(max=1)
        self.hair = (look.colour("hair_colour", palettes.HAIR) * (1 + 0.10 * look.hair_shade)[:, None]).clamp(0.02, 1)
        dyed = (look.hair_colour >= palettes.NATURAL_HAIR).float()[:, None]
        natural = torch.tensor(palettes.HAIR["dark brown"], device=device)[:, None, None] / 255
        self.brow = (mix(self.hair, natural, dyed) * 0.62).clamp(0.02, 0.75)
        warm = look.light_warmth[:, None]
        tint = torch.tensor([0.075, 0.0, -0.085], device=device)[:, None, None]
        self.illumination = look.exposure[:, None] * (1 + warm * tint)

    def lit_skin(self, shade: Tensor) -> Tensor:
        """Skin (B, 3, h, w) under light (B, h, w): 0 deep shadow, 0.62 its own colour, 1.2 highlight."""
        s = shade[:, None]
        dark, bright = (s * (1 / 0.62)).clamp(0, 1), ((s - 0.62) * (1 / 0.6)).clamp(0, 1)
        return mix(self.shadow, self.skin, dark).addcmul_(self.light - self.skin, bright)


def _skin(look: Look) -> Tensor:
    anchors = torch.tensor(palettes.SKIN, dtype=torch.float32, device=look.values.device) / 255
    place = look.skin_tone[:, 0, 0].clamp(0, 1) * (len(anchors) - 1)
    low = place.long().clamp(max=len(anchors) - 2)
    colour = torch.lerp(anchors[low], anchors[low + 1], (place - low)[:, None])[:, :, None, None]
    warmth = torch.tensor([0.012, -0.018, -0.04], device=colour.device)[:, None, None]
    return (colour * (1 + look.skin_warmth[:, None] * warmth)).clamp(0, 1)


def strands(look: Look, x: Tensor, y: Tensor) -> Tensor:
    """The pattern of the hair about -1..1: strands from the crown, waves when long, small whorls when curly."""
    phase = look.strand_seed * 6.2832
    curl = look.curl
    whorls = torch.sin(26 * x + 3 * torch.sin(13 * y + phase)) * torch.sin(24 * y + 3 * torch.sin(15 * x + phase))
    angle = torch.atan2(x, -(y + 0.02))
    crown = 0.6 * torch.sin(13 * angle + 2.5 * torch.sin(7 * y + phase) + phase) + 0.4 * torch.sin(
        29 * angle + 2 * phase
    )
    hanging = 0.6 * torch.sin(30 * x + 2 * torch.sin(4 * y) + phase) + 0.4 * torch.sin(53 * x + phase)
    down = ((y + 0.05) * 8).clamp(0, 1)
    return mix(mix(crown, hanging, down), 1.2 * whorls, curl)


def mottle(look: Look, x: Tensor, y: Tensor) -> Tensor:
    """Unevenness of skin about -1..1, fixed to the face by ``mark_seed``."""
    a = look.mark_seed * 6.2832
    coarse = torch.sin(11 * x + 2 * torch.sin(9 * y + a) + 3 * a) * torch.sin(12 * y + 2 * torch.sin(8 * x + 2 * a))
    fine = torch.sin(57 * x + 2 * torch.sin(41 * y + a)) * torch.sin(53 * y + 2 * torch.sin(37 * x + 5 * a))
    return 0.6 * coarse + 0.4 * fine


def hue(h: Tensor, s: Tensor, v: Tensor) -> Tensor:
    """HSV (B, 1, 1) each, h in turns, to RGB (B, 3, 1, 1)."""

    def channel(n: float) -> Tensor:
        k = (n + 6 * h) % 6
        return v - v * s * torch.minimum(k, 4 - k).clamp(0, 1)

    return torch.stack([channel(5.0), channel(3.0), channel(1.0)], 1)
