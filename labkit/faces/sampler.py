"""Who lives in the built-in data: the joint distribution of all parameters.

Every number is made of counter-based random words with additions, multiplications and divisions alone, which IEEE 754
defines to the last bit: the same seed is the same face on every machine, and face 1,000,000 costs no more than face 0.

Two samplers share the ranges:

``independent``
    Every factor is drawn on its own. Attributes are related only where their meaning excludes each other: one hair
    colour at a time, no bangs on a bald head or under a hat, no visible hair colour on a bald head, one kind of beard.
    Whoever measures attributes, edits or latent directions uses this one. A factor may be several parameters, which
    then go together: both eyes are open or shut, both lips thin or full, bangs have their own hairline, and long hair
    leaves more room at the side of the face.
``natural``
    As people are: three hidden causes move many factors together.

    ========== =====================================================================================================
    cause      what depends on it
    ========== =====================================================================================================
    masculine  wider and squarer jaw, lower and thicker brows, smaller eyes, less tilted, longer and wider nose, thinner
               lips, shorter lashes, wider neck and shoulders, short hair, spikes, receding hairline, beard and baldness
               (up); long hair, curls, bangs, bun, earrings, necklace, makeup (down; foundation hides freckles)
    age        grey and white hair, baldness (with masculine), bags, folds and thin lips come with ``age`` itself
    skin_tone  dark and curly hair, dark eyes, freckles only below 0.45
    ========== =====================================================================================================

    Nothing else is related: earrings do not depend on the skin, nor smiles on the sex, nor anything of the scene, the
    pose, the light or the artist on the person.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from labkit.errors import UserError, nearest
from labkit.faces.batch import Faces
from labkit.faces.dice import Dice
from labkit.faces.palettes import HAIR, IRIS, NATURAL_HAIR
from labkit.faces.parameters import GROUPS, NAMES, PARAMETERS, Face

SAMPLERS = ("independent", "natural")
PERSONAL = ("shape", "skin", "age", "hair")
"""The groups that follow the person; the others follow the picture."""

_RANGE = {p.name: p for p in PARAMETERS}


def sample(
    seeds: int | Sequence[int] | range | np.ndarray,
    *,
    sampler: str = "independent",
    persons: Sequence[int] | np.ndarray | None = None,
) -> Faces:
    """Draw faces.

    Args:
        seeds: one number from 0 on a face, or one number for a single face.
        sampler: ``independent`` or ``natural``; see the module.
        persons: who each face is, a number from 0 on; the seeds where not given. Faces of one person share the groups
            ``shape``, ``skin``, ``age`` and ``hair``; the others follow the seed.

    Returns:
        A batch of as many faces.

    Raises:
        UserError: for an unknown sampler or a negative seed.
    """
    if sampler not in SAMPLERS:
        raise UserError(nearest(sampler, SAMPLERS, "sampler"))
    pictures = np.atleast_1d(np.asarray(seeds, dtype=np.int64))
    people = pictures if persons is None else np.asarray(persons, dtype=np.int64)
    if len(pictures) != len(people):
        raise UserError(f"{len(pictures)} seeds but {len(people)} persons: give one person a face")
    if (pictures < 0).any() or (people < 0).any():
        raise UserError("seeds and persons are numbers from 0 on")
    cause = _causes(Dice(people, "cause"), sampler == "natural")
    columns: dict[str, np.ndarray] = {}
    for group in GROUPS:
        dice = Dice(people if group in PERSONAL else pictures, group)
        columns.update(_DRAWS[group](dice, cause, columns))
    values = np.stack([columns[name] for name in NAMES], axis=1).astype(np.float32)
    return Faces(values, people.copy())


def sample_face(seed: int, *, sampler: str = "independent") -> Face:
    """One face; see :func:`sample`."""
    return sample(seed, sampler=sampler).face(0)


Columns = dict[str, np.ndarray]


def _causes(dice: Dice, natural: bool) -> Columns:
    """What the groups of the natural sampler share, (N,) each: whether it is natural, and ``masculine`` in 0..1."""
    side = dice.uniform(-1.0, 1.0)
    masculine = 0.5 + 0.5 * np.sign(side) * (1 - (1 - np.abs(side)) ** 2)
    return {"natural": np.full(len(side), float(natural)), "masculine": masculine}


def _near(dice: Dice, name: str, shift: float | np.ndarray = 0.0) -> np.ndarray:
    """Bell-shaped about the default over the parameter's range, moved by a share of the half range, and clipped."""
    p = _RANGE[name]
    middle, half = (p.low + p.high) / 2, (p.high - p.low) / 2
    return np.clip(middle + half * (1.25 * dice.bell() + shift), p.low, p.high)


def _between(dice: Dice, name: str) -> np.ndarray:
    return dice.uniform(_RANGE[name].low, _RANGE[name].high)


# How far half a range the masculine end lies from the feminine one, where the natural sampler ties them.
_DIMORPHIC = {
    "face_width": 0.35, "jaw_height": 0.4, "jaw_power": 0.8, "jaw_taper": -0.5, "eye_width": -0.35, "eye_opening": -0.6,
    "eye_tilt": -0.4, "brow_gap": -0.6, "brow_arch": -0.6, "nose_length": 0.4, "nose_bridge": 0.6,
    "neck_width": 1.0, "shoulder_width": 1.0,
}  # fmt: skip


def _draw_shape(dice: Dice, cause: Columns, _: Columns) -> Columns:
    # Uniform over the whole range: people must differ by more than a pixel at 64 pixels to be told apart.
    tilt = cause["natural"] * (cause["masculine"] - 0.5)
    shape = {}
    for p in (p for p in PARAMETERS if p.group == "shape"):
        middle, half = (p.low + p.high) / 2, (p.high - p.low) / 2
        place = dice.uniform(-1.0, 1.0) + _DIMORPHIC.get(p.name, 0.0) * tilt
        shape[p.name] = np.clip(middle + half * place, p.low, p.high)
    # What attributes are read from has two humps with a gap, so that an attribute is a fact and not a threshold.
    nose = dice.yes(0.38 + 0.5 * tilt)
    shape["nose_width"] = np.where(nose > 0, dice.uniform(0.100, 0.125), dice.uniform(0.050, 0.086))
    lips = dice.yes(0.38 - 0.5 * tilt)
    shape["upper_lip"] = np.where(lips > 0, dice.uniform(0.036, 0.050), dice.uniform(0.015, 0.030))
    shape["lower_lip"] = np.where(lips > 0, dice.uniform(0.050, 0.068), dice.uniform(0.022, 0.042))
    brows = dice.yes(0.38 + 0.7 * tilt)
    shape["brow_thickness"] = np.where(brows > 0, dice.uniform(0.031, 0.042), dice.uniform(0.009, 0.024))
    return shape


def _draw_skin(dice: Dice, cause: Columns, _: Columns) -> Columns:
    tone = dice.uniform()
    natural = cause["natural"]
    freckled = dice.yes(0.18) * (1 - natural * (tone > 0.45))
    lashes = dice.uniform()
    common = np.array([0.3, 0.22, 0.12, 0.1, 0.1, 0.08, 0.08])
    dark = np.array([0.42, 0.5, 0.05, 0.01, 0.005, 0.005, 0.01])
    weights = np.where((natural * (tone > 0.5))[:, None] > 0, dark, common)
    return {
        "skin_tone": tone,
        "skin_warmth": dice.bell(),
        "freckles": freckled * dice.uniform(0.55, 1.0),
        "mole": dice.yes(0.16),
        "mole_place": dice.uniform(),
        "lashes": lashes * (1 - natural) + natural * np.clip(0.9 - 0.8 * cause["masculine"] + 0.2 * lashes - 0.1, 0, 1),
        "iris_colour": dice.choose(weights[:, : len(IRIS)]),
        "mark_seed": dice.uniform(),
    }


def _draw_age(dice: Dice, _: Columns, __: Columns) -> Columns:
    # Two groups with a gap, so that "old" is a fact and not a threshold.
    return {"age": np.where(dice.yes(0.68) > 0, dice.uniform(0.0, 0.45), dice.uniform(0.68, 1.0))}


def _hair_weights(natural: np.ndarray, tone: np.ndarray, age: np.ndarray) -> np.ndarray:
    """(N, 13) weights of the hair colours."""
    even = np.array([0.14, 0.1, 0.1, 0.08, 0.1, 0.12, 0.05, 0.1, 0.07, 0.035, 0.035, 0.035, 0.035])
    light = np.array([0.15, 0.17, 0.17, 0.11, 0.11, 0.13, 0.06, 0.02, 0.01, 0.02, 0.02, 0.02, 0.02])
    dark = np.array([0.6, 0.22, 0.06, 0.02, 0.01, 0.01, 0.01, 0.01, 0.0, 0.015, 0.015, 0.015, 0.015])
    grey = np.array([0.0] * 7 + [0.56, 0.44] + [0.0] * (len(HAIR) - NATURAL_HAIR))
    weights = np.where((tone > 0.55)[:, None], dark, light)
    turned = np.clip((age - 0.6) / 0.4, 0, 1)[:, None] * 0.85
    weights = weights * (1 - turned) + grey * turned
    return np.where(natural[:, None] > 0, weights, even)


def _draw_hair(dice: Dice, cause: Columns, so_far: Columns) -> Columns:
    natural, tone, age = cause["natural"], so_far["skin_tone"], so_far["age"]
    male = np.where(natural > 0, cause["masculine"], 0.5)
    colour = dice.choose(_hair_weights(natural, tone, age))
    bald = dice.yes(np.where(natural > 0, 0.02 + 0.16 * male * (age > 0.3), 0.08))
    long = dice.yes(0.72 - 0.62 * male)
    bob = dice.yes(0.45)
    curl = dice.yes(np.where(natural * (tone > 0.55) > 0, 0.48, np.where(natural > 0, 0.16, 0.27)))
    bangs = dice.yes(np.where(natural * long > 0, 0.36, np.where(natural > 0, 0.22, 0.29)))
    length = np.where(
        long > 0, np.where(bob > 0, dice.uniform(0.40, 0.62), dice.uniform(0.75, 1.25)), dice.uniform(0.10, 0.17)
    )
    receding = natural * (age > 0.6) * male * dice.uniform(0.0, 0.08) * (1 - bangs)
    kind = dice.choose(_beard_weights(natural, male))
    # A moustache goes with a full beard where people grow them; in the independent sampler it is a factor of its own.
    with_beard = np.select([kind == 3, kind == 0], [0.85, 0.12 * (male > 0.5)], 0.45)
    tache = dice.yes(np.where(natural > 0, with_beard, 0.25))
    plain_hair = 1 - curl
    return {
        "hair_colour": colour,
        "hair_shade": dice.bell(),
        "bald": bald,
        "hair_length": length,
        "hair_volume": np.where(curl > 0, dice.uniform(0.08, 0.2), dice.uniform(0.03, 0.13)),
        "hair_side": np.where(long > 0, dice.uniform(0.05, 0.12), dice.uniform(0.005, 0.055))
        + curl * dice.uniform(0.0, 0.08),
        "hair_flare": np.where(long > 0, dice.uniform(-0.02, 0.22), dice.uniform(0.0, 0.0)),
        "hair_end": dice.uniform(2.4, 6.0),
        "curl": curl,
        "wave": long * dice.yes(0.5) * dice.uniform(0.01, 0.035),
        "bangs": bangs,
        "hairline": np.where(bangs > 0, dice.uniform(-0.205, -0.15), dice.uniform(-0.40, -0.30)) - receding,
        "hairline_side": np.where(long > 0, dice.uniform(0.5, 1.2), dice.uniform(0.0, 0.12)),
        "hairline_power": np.where(long > 0, dice.uniform(6.0, 10.0), dice.uniform(3.2, 6.0)),
        "parting": dice.bell() * np.where(bangs > 0, 0.1, 0.36),
        "sweep": dice.bell() * 0.22,
        "fringe": bangs * dice.uniform(0.0, 0.028) + dice.uniform(0.0, 0.012),
        "bun": dice.yes(np.where(natural > 0, 0.16 * (male < 0.5), 0.08)),
        "spikes": dice.yes(np.where(natural > 0, 0.3 * (male > 0.4), 0.18)) * (1 - long) * plain_hair,
        "strand_seed": dice.uniform(),
        "beard": kind,
        "moustache": tache,
        "beard_length": dice.uniform(0.02, 0.16),
        "beard_line": dice.uniform(0.16, 0.26),
    }


def _beard_weights(natural: np.ndarray, male: np.ndarray) -> np.ndarray:
    tied = np.where((male > 0.52)[:, None], [0.42, 0.16, 0.12, 0.3], [1.0, 0.0, 0.0, 0.0])
    return np.where(natural[:, None] > 0, tied, [0.6, 0.1, 0.1, 0.2])


def _feminine(cause: Columns, chance: float) -> np.ndarray:
    """The probability of what the natural sampler gives rather to the feminine: the same mean, independent or not."""
    return np.where(cause["natural"] > 0, chance * 2 * (1 - cause["masculine"]), chance)


def _draw_wear(dice: Dice, cause: Columns, _: Columns) -> Columns:
    ring = dice.yes(_feminine(cause, 0.3))
    return {
        "glasses": dice.choose([0.72, 0.21, 0.07]),
        "glasses_power": np.where(dice.yes(0.5) > 0, 2.0, dice.uniform(3.0, 5.0)),
        **{name: _between(dice, name) for name in ("glasses_width", "glasses_height", "glasses_rim")},
        "glasses_colour": dice.choose([1.0] * 5),
        "hat": dice.choose([0.82, 0.06, 0.06, 0.06]),
        "hat_colour": dice.choose([1.0] * 12),
        "hat_trim": dice.choose([1.0] * 12),
        "earrings": ring * (1 + dice.yes(0.5)),
        "necklace": dice.yes(_feminine(cause, 0.2)),
        "jewel_colour": dice.choose([1.0] * 4),
        "neckline": dice.choose([1.0] * 4),
        "cloth_colour": dice.choose([1.0] * 12),
        "cloth_trim": dice.choose([1.0] * 12),
        "cloth_pattern": dice.choose([0.46, 0.22, 0.16, 0.16]),
    }


def _draw_makeup(dice: Dice, cause: Columns, _: Columns) -> Columns:
    # In the independent sampler each layer is worn on its own; in the natural one "makeup day" comes first.
    day = np.where(cause["natural"] > 0, dice.yes(0.75 * (1 - cause["masculine"])), 1.0)

    def layer(natural: float, alone: float, low: float, high: float) -> np.ndarray:
        return day * dice.yes(np.where(cause["natural"] > 0, natural, alone)) * dice.uniform(low, high)

    return {
        "lipstick": layer(0.8, 0.35, 0.75, 1.0),
        "lipstick_colour": dice.choose([1.0] * 6),
        "lip_gloss": dice.uniform(),
        "eyeshadow": layer(0.65, 0.3, 0.7, 1.0),
        "eyeshadow_colour": dice.choose([1.0] * 7),
        "eyeshadow_extent": dice.uniform(),
        "eyeshadow_wing": dice.uniform(),
        "blush": layer(0.55, 0.3, 0.35, 0.7),
        "blush_colour": dice.choose([1.0] * 3),
        "blush_place": dice.uniform(),
        "eyeliner": layer(0.6, 0.3, 0.5, 1.0),
        "foundation": layer(0.5, 0.25, 0.4, 0.9),
    }


def _draw_expression(dice: Dice, _: Columns, __: Columns) -> Columns:
    smile = dice.choose([0.48, 0.32, 0.2])
    # Separate classes: at 64 pixels a slight smile can't be told from none.
    lift = np.select(
        [smile == 0, smile == 1], [dice.uniform(0.5, 1.0), dice.uniform(-0.15, 0.15)], dice.uniform(-0.9, -0.4)
    )
    closed, wink, open_eyes = dice.yes(0.1), dice.yes(0.025), dice.uniform(0.78, 1.08)
    right = np.where(closed > 0, dice.uniform(0.0, 0.1), open_eyes)
    frown = np.maximum(dice.bell(), 0.0) * 1.3
    return {
        "smile": lift,
        "mouth_open": dice.yes(0.42) * dice.uniform(0.3, 1.0),
        "right_eye_open": right,
        "left_eye_open": np.where(wink * (1 - closed) > 0, 0.04, right),
        "brow_raise": dice.bell(),
        "frown": np.minimum(frown, 1.0),
        "gaze_x": dice.bell(),
        "gaze_y": dice.bell() * 0.7,
    }


def _draw_pose(dice: Dice, _: Columns, __: Columns) -> Columns:
    middle = _RANGE["shift_y"]
    return {
        "yaw": dice.bell() * 0.6,
        "pitch": dice.bell() * 0.22,
        "roll": dice.bell() * 0.18,
        "shift_x": dice.bell() * 0.06,
        "shift_y": (middle.low + middle.high) / 2 + dice.bell() * (middle.high - middle.low) / 2,
        "scale": _near(dice, "scale"),
    }


def _draw_light(dice: Dice, _: Columns, __: Columns) -> Columns:
    return {
        "light_x": dice.uniform(-0.8, 0.8),
        "light_y": -0.45 + 0.3 * dice.bell(),
        "ambient": _between(dice, "ambient"),
        "light_warmth": dice.bell(),
        "exposure": _between(dice, "exposure"),
    }


def _draw_scene(dice: Dice, _: Columns, __: Columns) -> Columns:
    kind = dice.choose([0.3, 0.3, 0.2, 0.2])
    names = ("backdrop_hue", "backdrop_saturation", "backdrop_value", "backdrop_drift", "backdrop_seed", "grain")
    return {"backdrop": kind, **{name: _between(dice, name) for name in names}}


def _draw_artist(dice: Dice, _: Columns, __: Columns) -> Columns:
    return {"artist": dice.choose([1.0] * 4), "hand_seed": dice.uniform()}


_DRAWS: dict[str, Any] = {
    "shape": _draw_shape, "skin": _draw_skin, "age": _draw_age, "hair": _draw_hair, "wear": _draw_wear,
    "makeup": _draw_makeup, "expression": _draw_expression, "pose": _draw_pose, "light": _draw_light,
    "scene": _draw_scene, "artist": _draw_artist,
}  # fmt: skip
