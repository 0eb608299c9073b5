"""What is true of a face: names of classes and attributes, attributes and makeup, landmarks and which can be seen."""

import numpy as np
import torch
from torch import Tensor

from labkit.faces import shapes
from labkit.faces.batch import Faces
from labkit.faces.geometry import Geometry
from labkit.faces.palettes import HAIR, NATURAL_HAIR
from labkit.faces.parameters import PARAMETERS

CLASSES = (
    "background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth", "u_lip",
    "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip
"""The 19 classes of CelebAMask-HQ in the order of its ``g_mask.py``. ``l_`` is the person's left: the image's right."""

ATTRIBUTES = (
    "5_o_Clock_Shadow", "Bald", "Bangs", "Big_Lips", "Big_Nose", "Black_Hair", "Blond_Hair", "Brown_Hair",
    "Bushy_Eyebrows", "Eyeglasses", "Goatee", "Gray_Hair", "Mouth_Slightly_Open", "Mustache", "No_Beard", "Pale_Skin",
    "Rosy_Cheeks", "Smiling", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick", "Wearing_Necklace",
    "Young", "Dark_Skin", "Dyed_Hair", "Eyes_Closed", "Facing_Left", "Facing_Right", "Freckles", "Full_Beard",
    "Long_Hair", "Red_Hair", "Sunglasses", "Wearing_Eyeshadow",
)  # fmt: skip
"""Binary attributes. The first 24 bear CelebA's names, with CelebA's meaning; the others are ours."""

MAKEUP = tuple(p.name for p in PARAMETERS if p.group == "makeup")
"""The columns of the ``makeup`` channel."""

EXCLUSIVE = (
    (
        "Bald",
        "Bangs",
        "Wavy_Hair",
        "Black_Hair",
        "Blond_Hair",
        "Brown_Hair",
        "Gray_Hair",
        "Red_Hair",
        "Dyed_Hair",
        "Long_Hair",
    ),
    ("Wearing_Hat", "Bald", "Bangs", "Wavy_Hair"),
    ("5_o_Clock_Shadow", "Goatee", "Full_Beard", "No_Beard", "Mustache"),
    ("Pale_Skin", "Dark_Skin"),
    ("Facing_Left", "Facing_Right"),
    ("Eyeglasses", "Sunglasses", "Eyes_Closed", "Wearing_Eyeshadow"),
)
"""Attributes in one tuple are related by their meaning, whatever the sampler does: one excludes or implies another."""

ONE_OF = (
    ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair", "Red_Hair", "Dyed_Hair"),
    ("5_o_Clock_Shadow", "Goatee", "Full_Beard", "No_Beard"),
    ("Pale_Skin", "Dark_Skin"),
    ("Facing_Left", "Facing_Right"),
)
"""A face has at most one of each tuple: one fact in several attributes, which an edit can only change together."""

BROWN = ("dark brown", "brown", "light brown")
_HAIR = {name: i for i, name in enumerate(HAIR)}


def attributes(faces: Faces) -> np.ndarray:
    """(N, 35) uint8 of 0 and 1 in the order of :data:`ATTRIBUTES`: what can be seen of the face.

    A bald head has no hair colour. Sunglasses hide eyes and eyeshadow, foundation hides freckles. Under a hat neither
    baldness nor bangs can be seen, nor whether short hair is curly.
    """
    f = faces
    hair, hat, colour = f["bald"] < 0.5, f["hat"] > 0, f["hair_colour"]
    long, shaded = f["hair_length"] > 0.3, f["glasses"] == 2

    def coloured(*names: str) -> np.ndarray:
        return hair & np.isin(colour, [_HAIR[name] for name in names])

    facts = {
        "5_o_Clock_Shadow": f["beard"] == 1,
        "Bald": ~hair & ~hat,
        "Bangs": (f["bangs"] > 0) & hair & ~hat,
        "Big_Lips": f["upper_lip"] + f["lower_lip"] > 0.079,
        "Big_Nose": f["nose_width"] > 0.093,
        "Black_Hair": coloured("black"),
        "Blond_Hair": coloured("blond", "platinum"),
        "Brown_Hair": coloured(*BROWN),
        "Bushy_Eyebrows": f["brow_thickness"] > 0.028,
        "Eyeglasses": f["glasses"] > 0,
        "Goatee": f["beard"] == 2,
        "Gray_Hair": coloured("grey", "white"),
        "Mouth_Slightly_Open": f["mouth_open"] > 0.2,
        "Mustache": f["moustache"] > 0,
        "No_Beard": (f["beard"] == 0) & (f["moustache"] < 0.5),
        "Pale_Skin": f["skin_tone"] < 0.15,
        "Rosy_Cheeks": f["blush"] > 0,
        "Smiling": f["smile"] > 0.3,
        "Wavy_Hair": (f["curl"] > 0) & hair & (~hat | long),
        "Wearing_Earrings": f["earrings"] > 0,
        "Wearing_Hat": hat,
        "Wearing_Lipstick": f["lipstick"] > 0,
        "Wearing_Necklace": f["necklace"] > 0,
        "Young": f["age"] < 0.6,
        "Dark_Skin": f["skin_tone"] > 0.55,
        "Dyed_Hair": hair & (colour >= NATURAL_HAIR),
        "Eyes_Closed": ~shaded & (np.maximum(f["right_eye_open"], f["left_eye_open"]) < 0.3),
        "Facing_Left": f["yaw"] < -0.2,
        "Facing_Right": f["yaw"] > 0.2,
        "Freckles": (f["freckles"] > 0) & (f["foundation"] < 0.3),
        "Full_Beard": f["beard"] == 3,
        "Long_Hair": hair & long,
        "Red_Hair": coloured("red"),
        "Sunglasses": f["glasses"] == 2,
        "Wearing_Eyeshadow": (f["eyeshadow"] > 0) & ~shaded,
    }
    return np.stack([facts[name] for name in ATTRIBUTES], axis=1).astype(np.uint8)


def to_pixels(points: Tensor, size: int) -> Tensor:
    """From the picture's frame [-1, 1] to pixel coordinates, in which the first pixel's centre is 0."""
    return (points + 1) * (size / 2) - 0.5


def landmarks(geometry: Geometry, size: int) -> Tensor:
    """(B, 68, 2) in pixels, x then y, iBUG's order, image left first."""
    x, y = geometry.landmarks().unbind(-1)
    return to_pixels(torch.stack([t[:, 0] for t in geometry.to_picture(x[:, None], y[:, None])], -1), size)


def visible(geometry: Geometry) -> Tensor:
    """(B, 68) of booleans: whether a landmark is not hidden by hair, hat, sunglasses or a full beard."""
    look = geometry.look
    x, y = (t[:, None] for t in geometry.landmarks().unbind(-1))
    hidden = (look.bald < 0.5) & (shapes.hair(geometry, x, y) < 0) & (y < shapes.hairline(geometry, x))
    edge = shapes.hat_edge(geometry, x)
    crown = (shapes.hat_crown(geometry, x, y) < 0) & (y < edge + 0.012)
    rim, above = shapes.hat_rim(geometry, x, y)
    rim_hides = (rim < 0) & ((look.hat == 3) | ((look.hat == 2) & (above < 0)))
    hidden |= (look.hat > 0) & (crown | rim_hides)
    for side in (0, 1):
        hidden |= (look.glasses == 2) & (shapes.lens(geometry, side, x, y) < 0)
    jaw = torch.zeros(68, dtype=torch.bool, device=x.device)
    jaw[2:15] = True
    hidden |= (look.beard == 3) & jaw
    return ~hidden[:, 0]
