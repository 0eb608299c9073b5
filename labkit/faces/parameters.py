"""A face as numbers: every parameter of :class:`Face` with its range, its unit and what it does.

Lengths are in *head units*: half the height of the picture when ``scale`` is 1. The head's frame has its origin between
the eyes' line and the middle of the face, x to the image's right, y down. The person's left is the image's right.
Choices are whole numbers that index the named tuple in :mod:`labkit.faces.palettes`.
"""

from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from labkit.errors import UserError, nearest
from labkit.faces import palettes

HEAD, RATIO, ANGLE, SHARE, CHOICE, YES = "head units", "ratio", "radians", "0 to 1", "choice", "0 or 1"


@dataclass(frozen=True)
class Parameter:
    """What is known of one parameter.

    Attributes:
        name: the field of :class:`Face`.
        group: the group it is drawn and exchanged with; see :data:`GROUPS`.
        default: its value in the mean face.
        low, high: the range that samplers stay in; a choice's high is the last index.
        unit: ``head units``, ``radians``, ``ratio``, ``0 to 1``, ``0 or 1`` or ``choice``.
        says: what it does.
        choices: the names of a choice's values, else empty.
    """

    name: str
    group: str
    default: float
    low: float
    high: float
    unit: str
    says: str
    choices: tuple[str, ...] = ()


def _number(group: str, default: float, low: float, high: float, unit: str, says: str) -> Any:
    return field(default=default, metadata={"about": (group, default, low, high, unit, says)})


def _choice(group: str, default: int, names: Any, says: str) -> Any:
    about = (group, float(default), 0.0, len(names) - 1.0, CHOICE, says, tuple(names))
    return field(default=default, metadata={"about": about})


_shape, _skin, _age, _hair, _wear = (partial(_number, name) for name in ("shape", "skin", "age", "hair", "wear"))
_makeup, _expression, _pose, _light = (partial(_number, name) for name in ("makeup", "expression", "pose", "light"))
_scene, _artist = partial(_number, "scene"), partial(_number, "artist")


@dataclass(frozen=True)
class Face:
    """One face. ``Face()`` is the mean face; ``dataclasses.replace(face, smile=1.0)`` changes it.

    ``print(labkit.faces.describe())`` shows every parameter with its range, unit and meaning.
    """

    # Identity: the shape of the face.
    face_width: float = _shape(0.435, 0.355, 0.515, HEAD, "half the width of the face at the eyes' line")
    jaw_height: float = _shape(0.62, 0.51, 0.74, HEAD, "from the eyes' line to the chin")
    skull_height: float = _shape(0.545, 0.5, 0.6, HEAD, "from the eyes' line to the top of the skull")
    jaw_power: float = _shape(2.4, 1.65, 3.6, RATIO, "exponent of the jaw's superellipse: pointed to square")
    jaw_taper: float = _shape(0.12, -0.09, 0.36, RATIO, "how much the face narrows towards the chin")
    cheek_fullness: float = _shape(0.0, -0.055, 0.08, RATIO, "widening at the height of the mouth: hollow to full")
    eye_distance: float = _shape(0.195, 0.157, 0.233, HEAD, "from the middle to an eye")
    eye_level: float = _shape(0.0, -0.03, 0.03, HEAD, "the eyes' height, down is positive")
    eye_width: float = _shape(0.106, 0.081, 0.133, HEAD, "half the width of an eye")
    eye_opening: float = _shape(0.061, 0.037, 0.085, HEAD, "height of the upper lid's arch")
    eye_tilt: float = _shape(0.05, -0.18, 0.28, ANGLE, "outer corners up")
    iris_radius: float = _shape(0.049, 0.042, 0.057, HEAD, "radius of the iris")
    brow_gap: float = _shape(0.117, 0.087, 0.152, HEAD, "from an eye up to its brow")
    brow_width: float = _shape(0.126, 0.096, 0.156, HEAD, "half the length of a brow")
    brow_thickness: float = _shape(0.023, 0.009, 0.042, HEAD, "half the thickness of a brow")
    brow_tilt: float = _shape(-0.06, -0.32, 0.2, ANGLE, "inner ends down is positive")
    brow_arch: float = _shape(0.030, 0, 0.07, HEAD, "height of a brow's arch")
    nose_length: float = _shape(0.242, 0.183, 0.302, HEAD, "from the eyes' line to the base of the nose")
    nose_width: float = _shape(0.085, 0.050, 0.125, HEAD, "half the width of the wings")
    nose_bridge: float = _shape(0.027, 0.017, 0.038, HEAD, "half the width of the bridge")
    nose_depth: float = _shape(0.60, 0.52, 0.68, HEAD, "how far the tip stands out: seen when the head turns")
    mouth_gap: float = _shape(0.138, 0.102, 0.178, HEAD, "from the base of the nose to the mouth")
    mouth_width: float = _shape(0.152, 0.11, 0.202, HEAD, "half the width of the closed mouth")
    upper_lip: float = _shape(0.031, 0.015, 0.050, HEAD, "thickness of the upper lip")
    lower_lip: float = _shape(0.043, 0.022, 0.068, HEAD, "thickness of the lower lip")
    cupid_bow: float = _shape(0.3, 0.05, 0.55, RATIO, "depth of the notch in the upper lip")
    ear_height: float = _shape(0.105, 0.07, 0.145, HEAD, "half the height of an ear")
    ear_width: float = _shape(0.052, 0.034, 0.072, HEAD, "half the width of an ear")
    neck_width: float = _shape(0.205, 0.16, 0.255, HEAD, "half the width of the neck")
    shoulder_width: float = _shape(0.68, 0.56, 0.82, HEAD, "half the width of the shoulders")

    # Identity: skin and eyes.
    skin_tone: float = _skin(0.35, 0.0, 1.0, SHARE, "light to dark")
    skin_warmth: float = _skin(0.0, -1.0, 1.0, RATIO, "pink to olive")
    freckles: float = _skin(0.0, 0.0, 1.0, SHARE, "how strong the freckles are")
    mole: float = _skin(0.0, 0.0, 1.0, YES, "a mole on a cheek")
    mole_place: float = _skin(0.5, 0.0, 1.0, SHARE, "where the mole is: below 0.5 on the image's left")
    lashes: float = _skin(0.5, 0.0, 1.0, SHARE, "how strong the lashes are")
    iris_colour: int = _choice("skin", 0, palettes.IRIS, "colour of the iris")
    mark_seed: float = _skin(0.5, 0.0, 1.0, SHARE, "which pattern freckles and skin have")

    age: float = _age(0.25, 0.0, 1.0, SHARE, "20 to 80 years: folds, bags, thinner lips; 'old' above 0.6")

    # Hair and beard.
    hair_colour: int = _choice("hair", 1, palettes.HAIR, "colour of hair and beard")
    hair_shade: float = _hair(0.0, -1.0, 1.0, RATIO, "darker to lighter")
    bald: float = _hair(0.0, 0.0, 1.0, YES, "no hair on the head")
    hair_length: float = _hair(0.12, 0.10, 1.25, HEAD, "how far hair hangs below the eyes' line; long above 0.3")
    hair_volume: float = _hair(0.08, 0.03, 0.20, HEAD, "height of the hair above the skull")
    hair_side: float = _hair(0.03, 0.005, 0.20, HEAD, "how far hair stands out at the sides")
    hair_flare: float = _hair(0.0, -0.02, 0.22, RATIO, "how much long hair widens downwards")
    hair_end: float = _hair(3.5, 2.4, 6.0, RATIO, "exponent of the lower outline: round to straight")
    curl: float = _hair(0.0, 0.0, 1.0, YES, "curly hair")
    wave: float = _hair(0.0, 0.0, 0.035, HEAD, "waves in long hair")
    bangs: float = _hair(0.0, 0.0, 1.0, YES, "hair over the forehead")
    hairline: float = _hair(-0.35, -0.48, -0.145, HEAD, "height of the hairline in the middle")
    hairline_side: float = _hair(
        0.06, 0.0, 1.2, HEAD, "height of the hairline at the temples: down the cheek when long"
    )
    hairline_power: float = _hair(4.5, 3.2, 10.0, RATIO, "how late the hairline turns down")
    parting: float = _hair(0.0, -0.36, 0.36, HEAD, "where the parting is")
    sweep: float = _hair(0.0, -0.22, 0.22, RATIO, "slant of the hairline")
    fringe: float = _hair(0.006, 0.0, 0.04, HEAD, "raggedness of the hairline")
    bun: float = _hair(0.0, 0.0, 1.0, YES, "a bun on top")
    spikes: float = _hair(0.0, 0.0, 1.0, YES, "spiky hair")
    strand_seed: float = _hair(0.5, 0.0, 1.0, SHARE, "which pattern the strands have")
    beard: int = _choice("hair", 0, palettes.BEARDS, "beard")
    moustache: float = _hair(0.0, 0.0, 1.0, YES, "moustache")
    beard_length: float = _hair(0.07, 0.02, 0.16, HEAD, "how far a full beard hangs below the chin")
    beard_line: float = _hair(0.21, 0.16, 0.26, HEAD, "where the beard begins at the ears")

    # What is worn.
    glasses: int = _choice("wear", 0, palettes.GLASSES, "glasses")
    glasses_power: float = _wear(2.5, 2.0, 5.0, RATIO, "exponent of the lens: round to square")
    glasses_width: float = _wear(0.140, 0.125, 0.155, HEAD, "half the width of a lens")
    glasses_height: float = _wear(0.110, 0.088, 0.132, HEAD, "half the height of a lens")
    glasses_rim: float = _wear(0.018, 0.012, 0.026, HEAD, "thickness of the rim")
    glasses_colour: int = _choice("wear", 0, palettes.FRAMES, "colour of the frame")
    hat: int = _choice("wear", 0, palettes.HATS, "hat")
    hat_colour: int = _choice("wear", 1, palettes.CLOTH, "colour of the hat")
    hat_trim: int = _choice("wear", 5, palettes.CLOTH, "colour of its band or peak")
    earrings: int = _choice("wear", 0, palettes.EARRINGS, "earrings")
    necklace: float = _wear(0.0, 0.0, 1.0, YES, "a necklace")
    jewel_colour: int = _choice("wear", 0, palettes.JEWELS, "colour of the jewellery")
    neckline: int = _choice("wear", 0, palettes.NECKLINES, "neckline of the clothes")
    cloth_colour: int = _choice("wear", 1, palettes.CLOTH, "colour of the clothes")
    cloth_trim: int = _choice("wear", 6, palettes.CLOTH, "second colour of the clothes")
    cloth_pattern: int = _choice("wear", 0, palettes.PATTERNS, "pattern of the clothes")

    # Makeup: every layer has its own opacity; all zero is a bare face.
    lipstick: float = _makeup(0.0, 0.0, 1.0, SHARE, "opacity of the lipstick")
    lipstick_colour: int = _choice("makeup", 0, palettes.LIPSTICK, "colour of the lipstick")
    lip_gloss: float = _makeup(0.3, 0.0, 1.0, SHARE, "shine of the lipstick")
    eyeshadow: float = _makeup(0.0, 0.0, 1.0, SHARE, "opacity of the eyeshadow")
    eyeshadow_colour: int = _choice("makeup", 0, palettes.EYESHADOW, "colour of the eyeshadow")
    eyeshadow_extent: float = _makeup(0.5, 0.0, 1.0, SHARE, "from the lid only up to the brow")
    eyeshadow_wing: float = _makeup(0.3, 0.0, 1.0, SHARE, "how far the shadow is drawn outwards")
    blush: float = _makeup(0.0, 0.0, 1.0, SHARE, "opacity of the blush")
    blush_colour: int = _choice("makeup", 0, palettes.BLUSH, "colour of the blush")
    blush_place: float = _makeup(0.5, 0.0, 1.0, SHARE, "from the apples of the cheeks out to the cheekbones")
    eyeliner: float = _makeup(0.0, 0.0, 1.0, SHARE, "strength and length of the eyeliner")
    foundation: float = _makeup(0.0, 0.0, 1.0, SHARE, "how much freckles, mole, folds and bags are covered")

    # State: changes from one picture of a person to the next.
    smile: float = _expression(0.0, -1.0, 1.0, RATIO, "corners of the mouth down to up")
    mouth_open: float = _expression(0.0, 0.0, 1.0, SHARE, "how far the mouth is open")
    right_eye_open: float = _expression(0.95, 0.0, 1.1, SHARE, "lid of the person's right eye (image left)")
    left_eye_open: float = _expression(0.95, 0.0, 1.1, SHARE, "lid of the person's left eye (image right)")
    brow_raise: float = _expression(0.0, -1.0, 1.0, RATIO, "brows lowered to raised")
    frown: float = _expression(0.0, 0.0, 1.0, SHARE, "brows drawn together")
    gaze_x: float = _expression(0.0, -1.0, 1.0, RATIO, "looks to the image's left or right")
    gaze_y: float = _expression(0.0, -1.0, 1.0, RATIO, "looks up or down")
    yaw: float = _pose(0.0, -0.6, 0.6, ANGLE, "turned to the image's left or right")
    pitch: float = _pose(0.0, -0.22, 0.22, ANGLE, "nods; chin up is positive")
    roll: float = _pose(0.0, -0.18, 0.18, ANGLE, "tilted, clockwise is positive")
    shift_x: float = _pose(0.0, -0.06, 0.06, HEAD, "the head's place in the picture")
    shift_y: float = _pose(0.045, 0.0, 0.09, HEAD, "the head's place in the picture, down is positive")
    scale: float = _pose(1.12, 1.04, 1.20, RATIO, "size of the head in the picture")
    light_x: float = _light(0.0, -0.8, 0.8, RATIO, "where the light comes from, image left to right")
    light_y: float = _light(-0.45, -0.75, -0.15, RATIO, "where the light comes from, up is negative")
    ambient: float = _light(0.12, 0.0, 0.25, SHARE, "light from everywhere: softer shadows")
    light_warmth: float = _light(0.0, -1.0, 1.0, RATIO, "colour of the light: blue to orange")
    exposure: float = _light(0.97, 0.86, 1.04, RATIO, "brightness of the light")
    backdrop: int = _choice("scene", 0, palettes.BACKDROPS, "what is behind")
    backdrop_hue: float = _scene(0.6, 0.0, 1.0, SHARE, "hue of the background")
    backdrop_saturation: float = _scene(0.25, 0.06, 0.44, SHARE, "saturation of the background")
    backdrop_value: float = _scene(0.85, 0.66, 1.0, SHARE, "brightness of the background")
    backdrop_drift: float = _scene(0.0, -0.12, 0.12, RATIO, "change of hue across the background")
    backdrop_seed: float = _scene(0.5, 0.0, 1.0, SHARE, "which clutter is behind")
    grain: float = _scene(0.4, 0.0, 1.0, SHARE, "strength of the camera's grain: 1 is 2 % of white")

    # Who draws the drawing, the cartoon and the caricature, and with which accidents of the hand.
    artist: int = _choice("artist", 0, palettes.ARTISTS, "who draws")
    hand_seed: float = _artist(0.5, 0.0, 1.0, SHARE, "which accidents of the hand this drawing has")

    person: int = 0
    """Who it is: faces of one person share it, and with it shape and skin."""


PARAMETERS: tuple[Parameter, ...] = tuple(
    Parameter(entry.name, *entry.metadata["about"]) for entry in fields(Face) if "about" in entry.metadata
)
NAMES: tuple[str, ...] = tuple(parameter.name for parameter in PARAMETERS)
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(parameter.group for parameter in PARAMETERS))
"""``shape``, ``skin``, ``age``, ``hair``, ``wear``, ``makeup``, ``expression``, ``pose``, ``light``, ``scene`` and
``artist``."""


def in_group(*groups: str) -> list[int]:
    """The columns of the parameters in these groups.

    Raises:
        UserError: for an unknown group, with the nearest names.
    """
    for group in groups:
        if group not in GROUPS:
            raise UserError(nearest(group, GROUPS, "group of parameters"))
    return [i for i, parameter in enumerate(PARAMETERS) if parameter.group in groups]


def describe() -> str:
    """Every parameter on a line: group, name, range, unit, meaning."""
    rows = []
    for p in PARAMETERS:
        span = ", ".join(p.choices) if p.choices else f"{p.low:g} to {p.high:g}, mean face {p.default:g}, {p.unit}"
        rows.append(f"{p.group:<10} {p.name:<20} {p.says} ({span})")
    return "\n".join(rows)
