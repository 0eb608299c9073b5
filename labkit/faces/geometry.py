"""Where each feature of a face lies once the head is turned: the one source for pixels, classes and landmarks alike.

The head is "2.5-D": a feature at (x, y) on the face stands out to a depth z; yaw and pitch move it as a rotation would,
and squeeze its width by the slope of a round head. Positions are in the head's frame, before roll, scale and shift.
Tensors are (B, 1, 1), so that they broadcast over pixels (B, H, W) and over points (B, 1, K) alike.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from labkit.faces.implicit import hump
from labkit.faces.parameters import INDEX

_ROUND = 0.52  # radius of the head that squeezes features towards its rim


class Look:
    """The parameters of B faces as tensors (B, 1, 1), by name: ``look.smile``.

    Args:
        values: (B, P) float32 in the order of :data:`labkit.faces.parameters.NAMES`.
    """

    def __init__(self, values: Tensor) -> None:
        self.values = values

    def __getattr__(self, name: str) -> Tensor:
        try:
            return self.values[:, INDEX[name], None, None]
        except KeyError as error:
            raise AttributeError(name) from error

    def __len__(self) -> int:
        return len(self.values)

    def is_(self, name: str, *choices: int) -> Tensor:
        """(B, 1, 1) of 0 and 1: whether a choice is one of these."""
        value = self.__getattr__(name)
        return sum((value == choice).float() for choice in choices)  # type: ignore[return-value]

    def colour(self, name: str, palette: Any) -> Tensor:
        """The chosen colour, (B, 3, 1, 1) in 0..1."""
        table = palette.values() if isinstance(palette, dict) else palette
        colours = torch.tensor(list(table), dtype=torch.float32, device=self.values.device) / 255
        return colours[self.values[:, INDEX[name]].long()][:, :, None, None]

    @property
    def long(self) -> Tensor:
        """Whether the hair is long, (B, 1, 1) of 0 and 1."""
        return (self.hair_length > 0.3).float()


@dataclass
class Eye:
    """One eye: ``side`` -1 is the image's left, the person's right. All tensors (B, 1, 1)."""

    side: int
    x: Tensor
    y: Tensor
    width: Tensor
    upper: Tensor
    lower: Tensor
    turn: Tensor
    squeeze: Tensor
    open: Tensor


@dataclass
class Brow:
    """One brow, as :class:`Eye`."""

    side: int
    x: Tensor
    y: Tensor
    width: Tensor
    turn: Tensor
    arch: Tensor
    thickness: Tensor


class Geometry:
    """All anchors of a batch of faces; see the module."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.sin_yaw, self.cos_yaw = look.yaw.sin(), look.yaw.cos()
        self.sin_pitch, self.cos_pitch = look.pitch.sin(), look.pitch.cos()
        self.width = look.face_width
        self.jaw = look.jaw_height * self.cos_pitch - 0.26 * self.sin_pitch
        self.skull = look.skull_height * self.cos_pitch + 0.05 * self.sin_pitch
        self.shear = 0.24 * self.sin_yaw
        self.smiling = look.smile.clamp(min=0)
        self.eyes = [self._eye(side) for side in (-1, 1)]
        self.brows = [self._brow(side) for side in (-1, 1)]
        self.root = self.project(0.0, look.eye_level - 0.02, 0.46)
        self.tip = self.project(0.0, look.nose_length - 0.035, look.nose_depth)
        self.base = self.project(0.0, look.nose_length, 0.50)
        self.wings = look.nose_width * (1 + 0.12 * self.smiling) * self.cos_yaw
        self.mouth = self.project(0.0, look.nose_length + look.mouth_gap, 0.47)
        half = look.mouth_width * (1 + 0.36 * self.smiling - 0.10 * look.mouth_open)
        self.mouth_left = half * self.squeeze(-0.12)
        self.mouth_right = half * self.squeeze(0.12)
        self.corner_lift = look.smile * torch.where(look.smile > 0, 0.116, 0.076)
        self.gap = look.mouth_open * 0.088 * (1 + 0.25 * self.smiling)
        thin = 1 - 0.35 * (look.age - 0.45).clamp(min=0) / 0.55
        self.upper_lip = look.upper_lip * (1 - 0.2 * self.smiling) * thin
        self.lower_lip = look.lower_lip * (1 - 0.15 * self.smiling) * thin
        self.ear_y = (look.eye_level + 0.05) * self.cos_pitch + 0.07 * self.sin_pitch

    def project(self, x: Tensor | float, y: Tensor, z: Tensor | float) -> tuple[Tensor, Tensor]:
        """Where a point of the face at depth z comes to lie."""
        depth = -x * self.sin_yaw + z * self.cos_yaw
        return x * self.cos_yaw + z * self.sin_yaw, y * self.cos_pitch - depth * self.sin_pitch

    def squeeze(self, x: Tensor | float) -> Tensor:
        """Foreshortening of widths at the lateral place x."""
        place = torch.as_tensor(x, device=self.look.values.device) / _ROUND
        angle = torch.asin(place.clamp(-0.95, 0.95))
        return ((angle + self.look.yaw).cos() / angle.cos()).clamp(0.35, 1.35)

    def _eye(self, side: int) -> Eye:
        look = self.look
        x, y = self.project(side * look.eye_distance, look.eye_level, 0.40)
        squeeze = self.squeeze(side * look.eye_distance)
        lid = look.right_eye_open if side < 0 else look.left_eye_open
        # Lids grow heavy with age.
        heavy = 1 - 0.20 * (look.age - 0.45).clamp(min=0) / 0.55
        upper = look.eye_opening * lid.clamp(0.03, 1.2) * (1 + 0.12 * look.brow_raise) * heavy
        lower = look.eye_opening * 0.60 * lid.clamp(0.1, 1) * (1 - 0.26 * self.smiling)
        return Eye(side, x, y, look.eye_width * squeeze, upper, lower, -side * look.eye_tilt, squeeze, lid)

    def _brow(self, side: int) -> Brow:
        look = self.look
        height = look.eye_level - look.brow_gap - 0.032 * look.brow_raise + 0.020 * look.frown
        x, y = self.project(side * (look.eye_distance + 0.012), height, 0.45)
        squeeze = self.squeeze(side * (look.eye_distance + 0.012))
        turn = -side * (look.brow_tilt - 0.30 * look.frown + 0.06 * look.brow_raise)
        arch = look.brow_arch * (1 + 0.5 * look.brow_raise)
        return Brow(side, x - side * 0.020 * look.frown, y, look.brow_width * squeeze, turn, arch, look.brow_thickness)

    def taper(self, y: Tensor) -> Tensor:
        """Narrowing of the face towards the chin, with the fullness of the cheeks, at height y."""
        t = (y / self.jaw).clamp(0, 1.3)
        cheek = self.look.cheek_fullness * hump(y - 0.30, 0.17)
        return 1 - self.look.jaw_taper * t * t.sqrt() + cheek

    def lean(self, y: Tensor) -> Tensor:
        """How far the turned head's outline moves sideways at height y."""
        return self.shear * (y / 0.6).clamp(-0.2, 1.3) + 0.02 * self.sin_yaw

    def ear_x(self, side: int) -> Tensor:
        """The middle of an ear."""
        near = (side * self.sin_yaw).clamp(min=0)
        return side * (self.width + 0.012) * (1 - 0.10 * near) - 0.06 * self.sin_yaw

    def lips(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Outer upper, inner upper, inner lower and outer lower curve of the mouth, heights about its middle.

        Args:
            u: place across the mouth, -1 at the image-left corner, 1 at the other.
        """
        q = (1 - u * u).clamp(min=0)
        bend, open_ = self.corner_lift * (q - 0.55), self.gap * q
        inner_up, inner_low = bend - 0.25 * open_, bend + 0.75 * open_
        a = u.abs().clamp(max=1)
        notch = 1 - self.look.cupid_bow * hump(u, 0.16)
        outer_up = inner_up - self.upper_lip * (1 - a * a * a) * notch
        return outer_up, inner_up, inner_low, inner_low + self.lower_lip * q * (1 + 0.5 * u * u)

    def across_mouth(self, x: Tensor) -> Tensor:
        """The place u across the mouth of a point x right of its middle."""
        right = (x > 0).float()
        return x / (self.mouth_left + (self.mouth_right - self.mouth_left) * right)

    def to_picture(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """From the head's frame to the picture's, [-1, 1] both ways, y down: scale, roll, shift."""
        look = self.look
        c, s = look.roll.cos() * look.scale, look.roll.sin() * look.scale
        return c * x - s * y + look.shift_x, s * x + c * y + look.shift_y

    def to_head(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The inverse of :meth:`to_picture`."""
        look = self.look
        c, s = look.roll.cos() / look.scale, look.roll.sin() / look.scale
        x, y = x - look.shift_x, y - look.shift_y
        return c * x + s * y, -s * x + c * y

    def to_body(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """From the picture to the body's frame, which does not roll."""
        look = self.look
        return (x - look.shift_x) / look.scale - 0.02 * self.sin_yaw, (y - look.shift_y) / look.scale

    def landmarks(self) -> Tensor:
        """The 68 landmarks in the head's frame: (B, 68, 2), iBUG's order (0-16 jaw, 17-26 brows, 27-35 nose, 36-47
        eyes, 48-67 lips), image left first: computed from the curves that are drawn.
        """
        points = [
            *self._jaw_points(),
            *self._brow_points(),
            *self._nose_points(),
            *self._eye_points(),
            *self._lip_points(),
        ]
        return torch.stack([torch.cat([x.reshape(-1, 1), y.reshape(-1, 1)], 1) for x, y in points], 1)

    def _jaw_points(self) -> list[tuple[Tensor, Tensor]]:
        points = []
        power = self.look.jaw_power
        for i in range(17):
            angle = math.pi * i / 16
            t = math.sin(angle) if i not in (0, 16) else 0.0
            y = self.jaw * t
            reach = (1 - t**power).clamp(min=0) ** (1 / power) if i != 8 else 0 * y
            points.append((-math.copysign(1, math.cos(angle)) * self.width * reach * self.taper(y) + self.lean(y), y))
        return points

    def _brow_points(self) -> list[tuple[Tensor, Tensor]]:
        points = []
        for brow in self.brows:
            for u in (-0.97, -0.5, 0.0, 0.5, 0.97):
                points.append(_turned(brow, u * brow.width, -brow.arch * (1 - u * u)))
        return points

    def _nose_points(self) -> list[tuple[Tensor, Tensor]]:
        (rx, ry), (tx, ty), (bx, by) = self.root, self.tip, self.base
        ridge = [(rx + (tx - rx) * k / 3, ry + (ty - ry) * k / 3) for k in range(4)]
        under = []
        for u in (-1.0, -0.5, 0.0, 0.5, 1.0):
            drop = {1.0: -0.014, 0.5: 0.004, 0.0: 0.008}[abs(u)]
            under.append((bx + 0.88 * u * self.wings + 0.036 * (1 - abs(u)) * self.sin_yaw, by + drop))
        return ridge + under

    def _eye_points(self) -> list[tuple[Tensor, Tensor]]:
        points = []
        for eye in self.eyes:
            for u, lid in ((-0.96, 0), (-0.4, 1), (0.4, 1), (0.96, 0), (0.4, -1), (-0.4, -1)):
                height = {1: -eye.upper, -1: eye.lower, 0: 0 * eye.upper}[lid] * (1 - u * u)
                points.append(_turned(eye, u * eye.width, height))
        return points

    def _lip_points(self) -> list[tuple[Tensor, Tensor]]:
        def point(u: float, curve: int) -> tuple[Tensor, Tensor]:
            at = torch.full_like(self.gap, u)
            half = self.mouth_left if u < 0 else self.mouth_right
            return self.mouth[0] + u * half, self.mouth[1] + self.lips(at)[curve]

        outer = [point(u, 0) for u in (-0.93, -0.62, -0.22, 0, 0.22, 0.62, 0.93)] + [
            point(u, 3) for u in (0.62, 0.25, 0, -0.25, -0.62)
        ]
        inner = [point(u, 1) for u in (-0.85, -0.4, 0, 0.4, 0.85)] + [point(u, 2) for u in (0.4, 0, -0.4)]
        return outer + inner


def _turned(part: Eye | Brow, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """A point in the part's own frame, in the head's."""
    c, s = part.turn.cos(), part.turn.sin()
    return part.x + c * x - s * y, part.y + s * x + c * y
