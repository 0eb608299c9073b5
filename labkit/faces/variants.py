"""The same people otherwise: with glasses and without, young and old, in summer's light and in winter's.

Each variant is a picture of the same face, the same to the last strand of hair but for what it is named after. So what
a translator without pairs should have drawn is known: no photograph tells that.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labkit.faces.batch import Faces
from labkit.faces.palettes import BACKDROPS, HAIR

GREY, WHITE, BROWN = (list(HAIR).index(name) for name in ("grey", "white", "brown"))
HILLS = BACKDROPS.index("hills")


@dataclass(frozen=True)
class Variant:
    """One way in which people can be otherwise.

    Attributes:
        name: as a field of the built-in faces.
        opposite: the variant that it is paired with.
        says: what is seen.
        change: faces → the same people, so changed.
    """

    name: str
    opposite: str
    says: str
    change: Callable[[Faces], Faces]


def _glasses(faces: Faces) -> Faces:
    """Who wears none gets clear ones or dark ones, by a number that the face has anyway."""
    own = faces["glasses"]
    given = np.where(faces["strand_seed"] < 0.7, 1, 2)
    return faces.replace(glasses=np.where(own > 0, own, given))


def _old(faces: Faces) -> Faces:
    return faces.replace(age=0.75 + 0.25 * faces["age"], hair_colour=np.where(faces["strand_seed"] < 0.5, GREY, WHITE))


def _young(faces: Faces) -> Faces:
    own = faces["hair_colour"]
    return faces.replace(age=0.25 * faces["age"], hair_colour=np.where(np.isin(own, (GREY, WHITE)), BROWN, own))


def _summer(faces: Faces) -> Faces:
    """Low sun over green hills."""
    return faces.replace(
        light_warmth=0.9, exposure=1.03, ambient=0.03, backdrop=HILLS,
        backdrop_hue=0.28 + 0.06 * faces["backdrop_hue"], backdrop_saturation=0.44, backdrop_value=0.85,
    )  # fmt: skip


def _winter(faces: Faces) -> Faces:
    """A grey sky over snow."""
    return faces.replace(
        light_warmth=-0.9, exposure=0.88, ambient=0.25, backdrop=HILLS,
        backdrop_hue=0.55 + 0.06 * faces["backdrop_hue"], backdrop_saturation=0.06, backdrop_value=1.0,
    )  # fmt: skip


VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant("no_glasses", "glasses", "nobody wears glasses", lambda faces: faces.replace(glasses=0)),
        Variant("glasses", "no_glasses", "everybody wears glasses, clear or dark", _glasses),
        Variant("young", "old", "nobody is older than 35", _young),
        Variant("old", "young", "everybody is older than 65, and grey", _old),
        Variant("summer", "winter", "warm light, green hills", _summer),
        Variant("winter", "summer", "blue light without shadows, snow", _winter),
    )
}
