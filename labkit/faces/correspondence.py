"""Which place of the mean face each pixel of a face shows: a dense map between any two faces."""

import torch
from torch import Tensor

from labkit.faces.batch import Faces
from labkit.faces.geometry import Geometry, Look
from labkit.faces.parameters import NAMES, Face
from labkit.faces.truth import CLASSES
from labkit.nn.warp import ThinPlateSpline

SHOWN = tuple(CLASSES.index(name) for name in (
    "skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip",
))  # fmt: skip
"""The classes whose pixels correspond to a place of the face."""


def anchors(geometry: Geometry) -> Tensor:
    """The 68 landmarks and three points of the forehead (B, 71, 2), in the picture's frame [-1, 1]."""
    g = geometry
    forehead = [
        (g.lean(-r * g.skull) + side * g.width, -r * g.skull) for side, r in ((0.0, 0.9), (-0.7, 0.62), (0.7, 0.62))
    ]
    extra = torch.stack([torch.cat([x.reshape(-1, 1), y.reshape(-1, 1)], 1) for x, y in forehead], 1)
    x, y = torch.cat([g.landmarks(), extra], 1).unbind(2)
    return torch.stack([t[:, 0] for t in g.to_picture(x[:, None], y[:, None])], 2)


def mean_face(device: torch.device) -> Geometry:
    """The geometry of ``Face()``: the frame that u and v refer to."""
    return Geometry(Look(torch.from_numpy(Faces.of(Face()).values).to(device)))


OPEN = 0.6
"""How far eyes are opened, at least, before they are matched. The lids of a shut eye lie on each other: to part them as
the mean face's are parted, the map would have to fold, and to bend far around."""


def opened(geometry: Geometry) -> Geometry:
    """The same faces with their eyes at least `OPEN`."""
    values = geometry.look.values.clone()
    lids = [NAMES.index("right_eye_open"), NAMES.index("left_eye_open")]
    values[:, lids] = values[:, lids].clamp(min=OPEN)
    return Geometry(Look(values))


def correspondence(geometry: Geometry) -> ThinPlateSpline:
    """The spline from a face's picture to the mean face's, both [-1, 1].

    The landmarks go exactly to its landmarks, but for the lids of an eye that is less open than `OPEN`: what is seen of
    them goes to where the eye is.
    """
    here = anchors(opened(geometry)).double()
    there = anchors(mean_face(here.device)).double().expand_as(here)
    # Where the mouth is shut its inner landmarks are the same points, here and in the mean face alike.
    twins = torch.cdist(here, here, compute_mode="donot_use_mm_for_euclid_dist") < 1e-5
    return ThinPlateSpline.fit(here, there, used=1 - twins.tril(-1).any(2).double())


def uv(geometry: Geometry, x: Tensor, y: Tensor, labels: Tensor) -> Tensor:
    """Where on the mean face each pixel lies, (B, S, S, 2) float32 in [-1, 1]; NaN where no face is seen.

    Args:
        geometry: B faces.
        x: (B, S, S), the pixels in the picture's frame [-1, 1].
        y: the same downwards.
        labels: (B, S, S) uint8, their classes: see :data:`SHOWN`.
    """
    place = correspondence(geometry).to(torch.float32)(torch.stack([x, y], 3).flatten(1, 2)).view(*x.shape, 2)
    shown = torch.zeros(len(CLASSES), dtype=torch.bool, device=x.device)
    shown[list(SHOWN)] = True
    return place.clamp_(-1, 1).masked_fill_(~shown[labels.long()][..., None], float("nan"))
