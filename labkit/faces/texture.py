"""What a caricature is painted with: each artist's palette, paint and paper."""

import torch
from torch import Tensor

from labkit.faces.artists import accidents
from labkit.faces.geometry import Look
from labkit.faces.ink import GREY, unevenness

_TINT, _WASH, _TOOTH = 8, 9, 10  # streams of accidents

# In the order of palettes.ARTISTS: a wash of watercolour, gouache, coloured pencils, a print in few flat inks.
_PAPER = ((0.99, 0.97, 0.92), (0.96, 0.94, 0.90), (0.98, 0.97, 0.95), (0.97, 0.95, 0.88))
_INK = ((0.16, 0.13, 0.20), (0.06, 0.05, 0.06), (0.25, 0.21, 0.20), (0.05, 0.04, 0.10))
_TRAITS = {
    "modelled": (0.25, 0.45, 0.6, 0.0),  # from flat colours to the light of the picture
    "saturation": (0.95, 1.15, 0.8, 1.35),
    "opacity": (0.78, 0.97, 0.80, 1.0),  # of the paint on the paper
    "wash": (0.30, 0.16, 0.10, 0.0),  # uneven thickness of the paint
    "tooth": (0.06, 0.04, 0.42, 0.04),  # grain of the paper that the paint leaves bare
    "levels": (0.0, 0.4, 0.0, 0.9),  # from all tones to a few
    "line": (0.92, 1.0, 0.85, 1.0),  # opacity of the ink
}


def _trait(look: Look, name: str) -> Tensor:
    table = torch.tensor(_TRAITS[name], device=look.values.device)
    return table[look.artist[:, 0, 0].long()][:, None, None, None]


def _colour(look: Look, table: tuple[tuple[float, ...], ...]) -> Tensor:
    return torch.tensor(table, device=look.values.device)[look.artist[:, 0, 0].long()][:, :, None, None]


def _strokes(look: Look, size: int, bend: Tensor) -> Tensor:
    """Slanting strokes of a pencil, (B, 1, S, S) about -1..1."""
    line = torch.arange(size, device=bend.device, dtype=torch.float32)
    pitch = max(4.5 * size / 128, 3.0)
    return torch.sin((line + 0.8 * line[:, None]) * (6.2832 / pitch) + 7 * bend)


def painted(look: Look, picture: Tensor, flat: Tensor, ink: Tensor) -> Tensor:
    """The caricature in its artist's colours.

    Args:
        look: B faces.
        picture: (B, 3, S, S) in 0..1, the picture as a camera sees it.
        flat: (B, 3, S, S), the same in flat colours.
        ink: (B, 1, S, S), the artist's drawing, 1 is black.

    Returns:
        (B, 3, S, S).
    """
    size = picture.shape[-1]
    colour = torch.lerp(flat, picture, _trait(look, "modelled"))
    grey = (colour * GREY.to(colour.device)[:, None, None]).sum(1, keepdim=True)
    colour = grey + (colour - grey) * _trait(look, "saturation")
    # Every drawing has its own box of colours: a little warmer or cooler, lighter or darker.
    tint = 1 + 0.16 * (accidents(look, _TINT, 3) - 0.5)[:, :, None, None]
    colour = (colour * tint).clamp_(0, 1)
    # Few tones, but each in its own hue: rounding red, green and blue by themselves would turn brown skin red.
    few = (grey * 6).round().clamp_(min=0.5) * (1 / 6)
    colour = torch.lerp(colour, (colour * (few / grey.clamp(min=0.04))).clamp_(0, 1), _trait(look, "levels"))
    coarse, fine = unevenness(look, size, _WASH, 7, 1), unevenness(look, size, _TOOTH, 56, 1)
    fine = 0.6 * fine + 0.5 * _strokes(look, size, coarse)
    thick = _trait(look, "opacity") + _trait(look, "wash") * (0.5 * coarse + 0.2 * fine)
    # A pencil leaves the hollows of the paper bare, the more so the lighter it is pressed.
    bare = _trait(look, "tooth") * (0.35 + fine).clamp(0, 1) * (0.3 + 0.7 * grey)
    paper = _colour(look, _PAPER)
    colour = torch.lerp(paper.expand_as(colour), colour, (thick - bare).clamp(0, 1))
    return torch.lerp(colour, _colour(look, _INK).expand_as(colour), ink * _trait(look, "line"))
