"""What mirroring a picture left to right does to everything that belongs to it."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from labkit.data import labels
from labkit.errors import UserError

SIDED = ("parameters",)
"""Fields of numbers of which some have a side: an angle, a light, one of two eyes."""


def mirrored(field: str, rows: Tensor, width: int, names: Sequence[str] = ()) -> Tensor:
    """Rows of a field as they are for the mirrored pictures.

    Args:
        field: its name.
        rows: (n, H, W, C) or (n, H, W) uint8 are mirrored. In ``labels`` left and right parts change their classes as
            well, ``landmarks`` (n, K, 2) and ``visible`` (n, K) change places, and so in fields whose names end in
            these words. A row of other numbers stays as it is.
        width: of the pictures, in pixels.
        names: what the columns of a row of numbers are; those that differ by Left and Right change places.

    Raises:
        UserError: for any other array, whose values would be wrong beside a mirrored picture.
    """
    if field.endswith("labels"):
        table = torch.from_numpy(labels.mirror()).to(rows.device)
        return table[rows.flip(2).long()]
    if field.endswith("landmarks") or field == "visible":
        moved = rows[:, _partners(rows.shape[1]).to(rows.device)]
        if field != "visible":
            # The centre of the first pixel is 0, that of the last width - 1.
            moved[..., 0] = width - 1 - moved[..., 0]
        return moved
    if rows.ndim <= 2 and field not in SIDED:
        return rows[:, _exchanged(names)] if names and rows.ndim == 2 else rows
    if rows.dtype == torch.uint8 and 2 < rows.ndim <= 4:
        return rows.flip(2)
    raise UserError(f"the field {field!r} can't be mirrored: use flip=False, or open the data without it")


def _exchanged(names: Sequence[str]) -> list[int]:
    """Which column takes whose place: that of the same name with the other side, or its own."""
    where = {name: i for i, name in enumerate(names)}
    other = str.maketrans({"<": "Right", ">": "Left"})
    return [where.get(name.replace("Left", "<").replace("Right", ">").translate(other), i) for name, i in where.items()]


@cache
def _partners(count: int) -> Tensor:
    """(K,) which landmark becomes which: of five (eyes, nose, mouth's corners), or of iBUG's 68."""
    if count == 5:
        return torch.tensor([1, 0, 2, 4, 3])
    if count != 68:
        raise UserError(f"{count} landmarks can't be mirrored: which ones are partners is known for 5 and for 68")
    runs = (
        *(range(16, -1, -1), range(26, 16, -1), range(27, 31), range(35, 30, -1)),  # jaw, brows, nose
        *((45, 44, 43, 42, 47, 46), (39, 38, 37, 36, 41, 40)),  # eyes
        *((*range(54, 47, -1), *range(59, 54, -1)), (*range(64, 59, -1), *range(67, 64, -1))),  # lips
    )
    return torch.tensor([point for run in runs for point in run])
