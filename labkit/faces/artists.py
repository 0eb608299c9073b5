"""Four artists: how each holds the pen, what they leave out, and what they blacken, hatch or stipple.

An artist's rules are fixed; the accidents of one drawing follow ``hand_seed``. Lengths are pixels of a picture of 128.
"""

from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor

from labkit.faces.geometry import Look

PARTS = ("hair", "face", "neck", "cloth", "ear", "eye", "lip", "mouth", "jewel", "hat")
"""What has an outline."""
MARKS = (
    "strand", "seam", "underlip", "lid", "iris", "lash", "nose", "bridge", "fold", "spot", "ear", "jewel", "glasses",
)  # fmt: skip
"""What is drawn without being an outline."""
TONES = ("hair", "face", "neck", "lip", "inside", "shadow", "iris", "brow", "lens", "beard", "hat", "cloth")
"""What may be filled."""
NEVER = 9.0


@dataclass(frozen=True)
class Artist:
    """How one artist draws.

    Attributes:
        weight: half the width of a contour.
        pressure: how much the width varies along a line, 0 to 1.
        hand: how far the hand strays from what is seen, at most.
        tremble: how far a line wavers beside its course.
        gaps: share of a contour that is left out, about.
        second: strength of a second, searching stroke beside the first.
        angle, pitch: direction (radians) and distance of hatching.
        line: strength of each outline; 1 where not named.
        mark: strength of each mark; 1 where not named.
        black: darkness from which an area is filled black; never where not named.
        hatch: strength of the hatching of an area; 0 where not named.
        dots: strength of the stippling of an area; 0 where not named.
        drops: chance that a stroke is left out in a drawing: ``brow`` (the far one), ``nose`` (one side), ``neck`` (the
            jaw between neck and chin on one side: the two become one stroke), ``cheek`` (the lit side of the face).
    """

    weight: float
    pressure: float
    hand: float
    tremble: float
    gaps: float
    second: float
    angle: float
    pitch: float
    line: dict[str, float] = field(default_factory=dict)
    mark: dict[str, float] = field(default_factory=dict)
    black: dict[str, float] = field(default_factory=dict)
    hatch: dict[str, float] = field(default_factory=dict)
    dots: dict[str, float] = field(default_factory=dict)
    drops: dict[str, float] = field(default_factory=dict)


LINER = Artist(
    # One even, fine line; nothing is shaded. Only the pupils, brows and the dark of the mouth are filled.
    weight=0.62, pressure=0.22, hand=2.6, tremble=0.5, gaps=0.10, second=0.0, angle=0.9, pitch=4.0,
    line={"lip": 0.0, "mouth": 0.8, "eye": 0.5},
    mark={"strand": 0.55, "spot": 0.7, "fold": 0.8, "nose": 0.9},
    black={"brow": 0.6, "iris": 0.8, "inside": 0.55, "lens": 0.5, "beard": NEVER},
    hatch={"beard": 0.8},
    drops={"brow": 0.0, "nose": 0.6, "neck": 0.35, "cheek": 0.1},
)  # fmt: skip
BRUSH = Artist(
    # A loaded brush: swelling lines, hair a black mass with its gleam left white, shadows as blots.
    weight=1.15, pressure=0.8, hand=3.2, tremble=0.8, gaps=0.24, second=0.0, angle=0.6, pitch=5.0,
    line={"lip": 0.0, "ear": 0.7, "eye": 0.0, "cloth": 1.1, "neck": 0.9},
    mark={"strand": 0.0, "seam": 1.0, "iris": 0.0, "lash": 1.0, "ear": 0.0, "spot": 0.0, "fold": 0.8, "lid": 0.0},
    black={"hair": 1.0, "brow": 0.3, "iris": 0.3, "inside": 0.55, "lens": 0.4, "beard": 0.62, "neck": 0.86, "lip": 0.86,
           "hat": 0.58},
    drops={"brow": 0.3, "nose": 0.7, "neck": 0.75, "cheek": 0.35},
)  # fmt: skip
SKETCHER = Artist(
    # A hard pencil-like pen: searching double strokes, everything dark is hatched, hair is strands.
    weight=0.52, pressure=0.6, hand=3.2, tremble=0.7, gaps=0.2, second=0.6, angle=0.75, pitch=3.4,
    line={"lip": 0.8, "hair": 0.75, "eye": 0.5},
    mark={"strand": 0.9, "spot": 0.5, "ear": 0.6},
    black={"iris": 0.75, "lens": NEVER},
    hatch={"hair": 0.62, "face": 0.85, "neck": 0.9, "lip": 0.9, "inside": 1.0, "brow": 1.2, "beard": 1.0, "hat": 1.0,
           "shadow": 0.7, "lens": 1.1, "iris": 0.6},
    drops={"brow": 0.1, "nose": 0.3, "neck": 0.3, "cheek": 0.0},
)  # fmt: skip
GRAPHIC = Artist(
    # A poster: few heavy lines, big blacks, light hair stippled, shadows in dots; the lit cheek has no line at all.
    weight=0.95, pressure=0.3, hand=2.2, tremble=0.3, gaps=0.04, second=0.0, angle=0.785, pitch=4.2,
    line={"lip": 0.0, "ear": 0.8, "eye": 0.0, "neck": 0.7},
    mark={"strand": 0.0, "iris": 0.0, "lid": 0.0, "spot": 0.8, "ear": 0.0, "fold": 0.6, "seam": 1.0, "underlip": 0.0},
    black={"hair": 0.95, "brow": 0.2, "iris": 0.3, "inside": 0.5, "lens": 0.3, "beard": 0.5, "lip": 0.5, "neck": 1.02,
           "hat": 0.55},
    dots={"hair": 1.0, "face": 0.9, "neck": 1.0, "shadow": 0.8},
    drops={"brow": 0.0, "nose": 1.0, "neck": 0.5, "cheek": 0.85},
)  # fmt: skip

TEAM = (LINER, BRUSH, SKETCHER, GRAPHIC)
"""In the order of :data:`labkit.faces.palettes.ARTISTS`."""


@cache
def _table(trait: str, part: str) -> tuple[float, ...]:
    if not part:
        return tuple(float(getattr(artist, trait)) for artist in TEAM)
    missing = {"line": 1.0, "mark": 1.0, "black": NEVER, "hatch": 0.0, "dots": 0.0, "drops": 0.0}[trait]
    return tuple(getattr(artist, trait).get(part, missing) for artist in TEAM)


def anyone(trait: str, part: str, idle: float = 0.0) -> bool:
    """Whether any artist does this at all."""
    return any(value != idle for value in _table(trait, part))


def rule(look: Look, trait: str, part: str = "") -> Tensor:
    """Each face's artist's number (B, 1, 1) for a trait, such as ``weight``, or ``line`` and a part."""
    table = torch.tensor(_table(trait, part), dtype=torch.float32, device=look.values.device)
    return table[look.artist.long()]


_GOLDEN, _FIRST, _SECOND = (
    0x9E3779B97F4A7C15 - (1 << 64),
    0xBF58476D1CE4E5B9 - (1 << 64),
    0x94D049BB133111EB - (1 << 64),
)


def _mixed(z: Tensor) -> Tensor:
    """The scrambling of splitmix64, on int64."""
    z = (z ^ ((z >> 30) & 0x3FFFFFFFF)) * _FIRST
    z = (z ^ ((z >> 27) & 0x1FFFFFFFFF)) * _SECOND
    return z ^ ((z >> 31) & 0x1FFFFFFFF)


def accidents(look: Look, stream: int, count: int) -> Tensor:
    """Random numbers (B, count) in [0, 1) of this drawing, from ``hand_seed``, the artist and the stream alone.

    Made of whole numbers, so that they are the same on every device.
    """
    seed = look.hand_seed.reshape(-1).contiguous().view(torch.int32).long()
    seed = _mixed(seed + (look.artist.reshape(-1).long() + 1 + 16 * stream) * _GOLDEN)
    index = torch.arange(1, count + 1, device=seed.device)
    return ((_mixed(seed[:, None] + index * _GOLDEN) >> 40) & 0xFFFFFF).float() * 2.0**-24
