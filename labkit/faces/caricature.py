"""Caricatures: how a face differs from the mean face, exaggerated by an artist, as an exact warp of its picture.

No linear rule gives them (that one is :func:`linear_rule`, a baseline to beat): every artist has features that they
love and others that they hardly see, the more unusual a feature is the more it grows, and each drawing has its own
whims, so one person has many caricatures.
"""

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from labkit.faces.artists import accidents
from labkit.faces.batch import Faces
from labkit.faces.geometry import Geometry, Look
from labkit.faces.palettes import ARTISTS
from labkit.faces.parameters import HEAD, INDEX, PARAMETERS, in_group
from labkit.nn.warp import ThinPlateSpline

LEAST_AREA = 0.15
"""The determinant of the warp's Jacobian is nowhere less: no area grows more than about 7 times, and nothing folds."""
FARTHEST = 0.28
"""No point moves farther, in the picture's frame [-1, 1]: 14 % of the picture."""

_SHAPE = in_group("shape")
_HAIR = [INDEX[name] for name in ("hair_volume", "hair_side")]
_LIKES, _WHIMS = 7, 5  # streams of accidents
_HEAD = 75  # controls of the head come first, then the border
_SHRINK = (1.0, 0.85, 0.7, 0.56, 0.43, 0.31, 0.2, 0.1, 0.0)
_SAFE = 0.2  # at the points that the guard looks at; between them the area may be a little less
_WIDEST = 1.75  # in half ranges: no parameter goes farther from the middle of its range
_EXCESS = 1.9  # how much the differences grow, before likes and whims


@cache
def _traits(columns: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The mean face and half the range of these columns, (1, J) each."""
    chosen = [PARAMETERS[i] for i in columns]
    return torch.tensor([[p.default for p in chosen]]), torch.tensor([[(p.high - p.low) / 2 for p in chosen]])


@cache
def likes() -> Tensor:
    """How much each artist exaggerates each parameter of the group ``shape``, then the hair: (4, J), 0.15 to 2.2."""
    count = len(_SHAPE) + len(_HAIR)
    words = [
        np.random.Philox(key=np.array([0xCA21, k], dtype=np.uint64)).random_raw(count) for k in range(len(ARTISTS))
    ]
    share = (np.stack(words) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
    return torch.from_numpy(0.15 + 2.05 * share * share)


def linear_rule(faces: Faces, k: float = 3.0) -> Faces:
    """The textbook's caricature: mean + k (face − mean) in every parameter of the shape, no farther than sane.

    It knows no artist and no whim: what a method must beat to have learnt more than a factor.
    """
    values = torch.from_numpy(faces.values)
    return _moved(faces, _difference(values, _SHAPE) * k, _SHAPE)


def exaggerate(faces: Faces, strength: float = 1.0) -> Faces:
    """The face that the caricature shows, by its artist and ``hand_seed``; pose, expression and the rest stay.

    Args:
        faces: N faces.
        strength: 0 leaves them as they are, 1 is an artist's ordinary excess.

    Returns:
        Faces whose shape (and hair a little) lies outside of what samplers draw.
    """
    look = Look(torch.from_numpy(faces.values))
    columns = _SHAPE + _HAIR
    z = _difference(look.values, columns)
    whims = accidents(look, _WHIMS, 2 * len(columns)) * 2 - 1
    own = likes()[look.artist[:, 0, 0].long()] * (1 + 0.6 * whims[:, : len(columns)])
    unusual = 0.55 + 0.9 * z.abs()
    more = _EXCESS * own * unusual * z + 0.3 * whims[:, len(columns) :]
    more[:, len(_SHAPE) :] *= 0.4
    return _moved(faces, z + strength * more, columns)


def _difference(values: Tensor, columns: list[int]) -> Tensor:
    mean, half = _traits(tuple(columns))
    return (values[:, columns] - mean) / half


def _moved(faces: Faces, z: Tensor, columns: list[int]) -> Faces:
    """Faces with these differences from the mean, saturating, and with features that don't run into each other."""
    mean, half = _traits(tuple(columns))
    values = torch.from_numpy(faces.values.copy())
    values[:, columns] = mean + half * (_WIDEST * torch.tanh(z / _WIDEST))
    f = {name: values[:, INDEX[name]] for name in INDEX}
    f["hair_volume"].clamp_(min=0.02)
    f["hair_side"].clamp_(min=0.004)
    for parameter in PARAMETERS:
        if parameter.group == "shape" and parameter.unit == HEAD and parameter.low >= 0:
            f[parameter.name].clamp_(min=0.72 * parameter.low, max=1.3 * parameter.high)
    f["eye_distance"].copy_(torch.maximum(f["eye_distance"], f["eye_width"] + 0.055))
    f["face_width"].copy_(torch.maximum(f["face_width"], f["eye_distance"] + 0.85 * f["eye_width"] + 0.045))
    f["mouth_width"].copy_(torch.minimum(f["mouth_width"], 0.55 * f["face_width"]))
    f["jaw_height"].copy_(torch.maximum(f["jaw_height"], f["nose_length"] + f["mouth_gap"] + f["lower_lip"] + 0.12))
    f["brow_gap"].copy_(torch.maximum(f["brow_gap"], f["eye_opening"] + f["brow_thickness"] + 0.022))
    return Faces(values.numpy(), faces.person)


def controls(geometry: Geometry) -> tuple[Tensor, Tensor]:
    """What steers a warp: the 68 landmarks, then top of head and hair, ears, and the picture's border.

    Returns:
        Places (B, K, 2) in the picture's frame [-1, 1], and 1 for those to use (B, K): not an ear behind the cheek. The
        border is the same for all faces, so it stays where it is.
    """
    g, look = geometry, geometry.look
    top = g.skull + look.hair_volume * (1 - look.bald)
    half = g.width + look.hair_side * (1 - look.bald)
    lean = g.lean(-0.7 * top) * 0.35
    points = [(lean, -top), (lean - 0.72 * half, -0.70 * top), (lean + 0.72 * half, -0.70 * top)]
    for side in (-1, 1):
        out = g.ear_x(side) + side * look.ear_width
        points += [(out, g.ear_y), (out - 0.3 * side * look.ear_width, g.ear_y + 0.75 * look.ear_height)]
    extra = torch.stack([torch.cat(point, 2)[:, 0] for point in points], 1)
    x, y = torch.cat([g.landmarks(), extra], 1).unbind(2)
    head = torch.stack([t[:, 0] for t in g.to_picture(x[:, None], y[:, None])], 2)
    line = torch.linspace(-1.03, 1.03, 8, device=head.device)
    edge = torch.full_like(line[:-1], 1.03)
    border = torch.cat([torch.stack(pair, 1) for pair in (
        (line[:-1], -edge), (line[1:], edge), (-edge, line[1:]), (edge, line[:-1]),
    )])  # fmt: skip
    places = torch.cat([head, border.expand(len(head), -1, -1)], 1)
    used = torch.ones_like(places[..., 0])
    for side, ear in ((-1, slice(71, 73)), (1, slice(73, 75))):
        used[:, ear] = (side * g.sin_yaw[:, 0] < 0.1).float()
    return places, used


def lonely(points: Tensor, nearest: float = 0.022) -> Tensor:
    """1 for points (B, K, 2) with no earlier one so near, else 0: (B, K). Lips that touch share their landmarks."""
    near = torch.cdist(points.double(), points.double(), compute_mode="donot_use_mm_for_euclid_dist") < nearest
    return 1 - near.tril(-1).any(2).float()


class Caricature:
    """The warp from a batch of faces to their caricatures.

    Args:
        faces: N faces.
        target: the face that each is to become; see :func:`exaggerate`.
        device: where to compute.

    Attributes:
        spline: backwards: f(where a pixel is) = where it looks in the picture of the face, in the frame [-1, 1].
        landmarks: (N, 68, 2), where the landmarks come to lie, in that frame.
        strength: (N,), which share of the way to ``target`` the warp goes without folding.
    """

    def __init__(self, faces: Faces, target: Faces, device: torch.device | str = "cpu") -> None:
        geometries = (Geometry(Look(torch.from_numpy(f.values).to(device))) for f in (faces, target))
        (here, seen), (there, _) = (controls(geometry) for geometry in geometries)
        here, there = here.double(), there.double()
        # Both lips' landmarks coincide where the mouth is shut: one of two leads, the other keeps beside it.
        used = lonely(here) * lonely(there, 1e-6) * seen
        lead = torch.where(used > 0, 0.0, 9.0)[:, None] + torch.cdist(here, here)
        leader = lead.argmin(2)[..., None].expand_as(here)
        step = (there - here).gather(1, leader)
        farthest = step.norm(dim=2).amax(1)
        strength = (FARTHEST / farthest.clamp(min=1e-9)).clamp(max=1)
        step = step * strength[:, None, None]
        self.strength, self.spline = _unfolded(here, step, used, strength)
        share = (self.strength / strength.clamp(min=1e-9))[:, None, None]
        self.landmarks = self._found(here[:, :68], (here + step * share)[:, :68]).float()

    @staticmethod
    def slack(size: int) -> int:
        """How many pixels the windows of a warped canvas must grow; the same for all faces."""
        return int(FARTHEST * size / 2) + 2

    def _found(self, here: Tensor, guess: Tensor) -> Tensor:
        """Where the warp really carries points (N, K, 2): Newton's way to f(there) = here from a good guess."""
        spline = self.spline.to(torch.float64)
        for _ in range(3):
            guess = guess - torch.linalg.solve(spline.jacobian(guess), (spline(guess) - here)[..., None])[..., 0]
        return guess

    def grid(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Where each pixel of the caricature at x, y (N, S, S) looks in the face's picture, [-1, 1]."""
        where = self.spline(torch.stack([x, y], 3).flatten(1, 2)).view(*x.shape, 2)
        return where[..., 0], where[..., 1]


def _unfolded(here: Tensor, step: Tensor, used: Tensor, strength: Tensor) -> tuple[Tensor, ThinPlateSpline]:
    """The strongest of some shares of the warp that folds nowhere, face by face, and its spline in float32."""
    share = torch.ones_like(strength)
    spline = ThinPlateSpline.fit(here + step, here, used=used).to(torch.float32)
    left = torch.arange(len(here), device=here.device)
    for smaller in _SHRINK[1:]:
        left = left[~_sane(ThinPlateSpline(spline.centres[left], spline.weights[left], spline.affine[left]))]
        if not len(left):
            break
        share[left] = smaller
        moved = here[left] + smaller * step[left]
        again = ThinPlateSpline.fit(moved, here[left], used=used[left]).to(torch.float32)
        for old, new in zip(
            (spline.centres, spline.weights, spline.affine), (again.centres, again.weights, again.affine)
        ):
            old[left] = new
    return strength * share, spline


def _sane(spline: ThinPlateSpline) -> Tensor:
    """Whether a warp (B,) keeps all areas and moves nothing far: asked around its centres first, then everywhere."""
    c = spline.centres
    turn = torch.arange(6, device=c.device) * (math.pi / 3)
    ring = 0.018 * torch.stack([turn.cos(), turn.sin()], 1)
    sane = _areas(spline, (c[:, :_HEAD, None] + ring).flatten(1, 2)).amin(1) > _SAFE
    rows = sane.nonzero()[:, 0]
    if not len(rows):
        return sane
    part = ThinPlateSpline(c[rows], spline.weights[rows], spline.affine[rows])
    line = torch.linspace(-1, 1, 17, device=c.device)
    frame = torch.stack(torch.meshgrid(line, line, indexing="xy"), 2).view(1, -1, 2).expand(len(rows), -1, -1)
    low, high = (part.centres[:, :_HEAD].amin(1) - 0.04)[:, None], (part.centres[:, :_HEAD].amax(1) + 0.04)[:, None]
    # Folds hide between landmarks a few pixels apart: a fine lattice over the head, and a finer one about its worst.
    fine = torch.linspace(0, 1, 57, device=c.device)
    fine = torch.stack(torch.meshgrid(fine, fine, indexing="xy"), 2).view(1, -1, 2)
    points = torch.cat([frame, low + (high - low) * fine], 1)
    areas = _areas(part, points)
    worst = areas.topk(4, largest=False).indices[..., None].expand(-1, -1, 2)
    about = 0.006 * (torch.arange(49, device=c.device)[:, None] // torch.tensor([1, 7], device=c.device) % 7 - 3)
    nearby = _areas(part, (points.gather(1, worst)[:, :, None] + about).flatten(1, 2))
    farthest = (part(frame) - frame).norm(dim=2).amax(1)
    sane[rows] = (torch.minimum(areas.amin(1), nearby.amin(1)) > _SAFE) & (farthest < FARTHEST)
    return sane


def _areas(spline: ThinPlateSpline, points: Tensor) -> Tensor:
    """How many times larger a small area about each point (B, Q, 2) is in the face's picture: (B, Q)."""
    slopes = spline.jacobian(points)
    return slopes[..., 0, 0] * slopes[..., 1, 1] - slopes[..., 0, 1] * slopes[..., 1, 0]
