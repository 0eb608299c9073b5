"""Class maps of faces: the 19 classes of CelebAMask-HQ, the other orders in which they lie on disk, and how to tell.

:data:`labkit.faces.CLASSES`, in the order of CelebAMask-HQ's ``g_mask.py``, is the one that every ``labels`` field has.
Left and right are the person's own: ``l_eye`` is on the right of a picture that isn't mirrored.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from labkit.errors import UserError, nearest
from labkit.faces import CLASSES

# What the classes mean where a class map has ids 0, 1, 2, ... of another order; an unnamed one counts as background.
ORDERS: dict[str, tuple[str, ...]] = {
    "celebamask-hq": CLASSES,
    # face-parsing.PyTorch, a BiSeNet trained on CelebAMask-HQ; the makeup set's ``seg1`` was made by it.
    "face-parsing": (
        "background",
        *("skin", "l_brow", "r_brow", "l_eye", "r_eye", "eye_g", "l_ear", "r_ear", "ear_r"),
        *("nose", "mouth", "u_lip", "l_lip", "neck", "neck_l", "cloth", "hair", "hat"),
    ),
    # PSGAN's ``segs``: the order above, merged to 14 classes.
    "psgan": (
        "background",
        *("skin", "l_brow", "r_brow", "l_eye", "r_eye", "nose", "u_lip", "mouth", "l_lip"),
        *("hair", "l_ear", "r_ear", "neck"),
    ),
    # The makeup set's own ``parsing``, as BeautyGAN reads it; not PSGAN's 14 classes.
    "mt": (
        "background",
        *("r_eye", "r_brow", "l_ear", "skin", "r_ear", "l_eye", "l_brow", "nose", "u_lip"),
        *("neck", "mouth", "hair", "l_lip"),
    ),
}

_SURE = 0.9
_VOTERS = 3


def lookup(order: str, onto: str = "celebamask-hq") -> np.ndarray:
    """The table that turns one order's ids into another's: ``lookup("mt")[ids]``.

    Args:
        order: the key of :data:`ORDERS` that the ids have.
        onto: the one that they should have; a class that it lacks becomes background.

    Returns:
        (classes of ``order``,) uint8.
    """
    place = {name: i for i, name in enumerate(ORDERS[onto])}
    return np.array([place.get(name, 0) for name in ORDERS[order]], dtype=np.uint8)


def mirror() -> np.ndarray:
    """(19,) uint8: the class that each class becomes when its picture is mirrored."""
    swap = {"l": "r", "r": "l"}
    paired = {name for name in CLASSES if name[:2] in ("l_", "r_") and swap[name[0]] + name[1:] in CLASSES}
    names = [swap[name[0]] + name[1:] if name in paired else name for name in CLASSES]
    return np.array([CLASSES.index(name) for name in names], dtype=np.uint8)


def problem(ids: np.ndarray, classes: int) -> str | None:
    """Why a map is no class map of so many classes, in words; None where it may be one."""
    highest = int(ids.max(initial=0))
    if highest < classes:
        return None
    if highest == 255 and np.isin(ids, (0, 255)).all():
        return f"a black-and-white mask (only 0 and 255), not a map of class ids 0 to {classes - 1}"
    return f"has the class id {highest}, but only 0 to {classes - 1} have a meaning"


def order_in(text: str, origin: str) -> str:
    """The order that a ``classes.txt`` names: a line a class, ``0 background`` or just ``background``.

    Raises:
        UserError: when it is neither of the two orders with 19 classes.
    """
    names = tuple(line.split()[-1] for line in text.splitlines() if line.strip())
    for order, known in ORDERS.items():
        if names == known:
            return order
    raise UserError(
        f"{origin} names other classes than CelebAMask-HQ's 19 (in either order): open the folder with layout='folder' "
        "if these are not faces"
    )


def asked_order(name: str) -> str:
    """The name of an order that was asked for.

    Raises:
        UserError: for an unknown one, with the nearest.
    """
    if name not in ORDERS:
        raise UserError(nearest(name, ORDERS, "label order"))
    return name


def judged_order(maps: Iterable[np.ndarray]) -> str | None:
    """Tell CelebAMask-HQ's order from face-parsing's by looking at class maps (H, W), or None when that is not sure.

    The eyes are 4 and 5 in both. Class 2 is the nose in one and a brow in the other: below the eyes, or above. A map
    with an eye and with class 2 votes; at least three must vote, and nine in ten agree.
    """
    votes = [vote for ids in maps if (vote := _nose_is_2(ids)) is not None]
    if len(votes) >= _VOTERS:
        share = sum(votes) / len(votes)
        if share >= _SURE:
            return "celebamask-hq"
        if share <= 1 - _SURE:
            return "face-parsing"
    return None


def _nose_is_2(ids: np.ndarray) -> bool | None:
    eyes, second = _height(ids, (4, 5)), _height(ids, (2,))
    return None if eyes is None or second is None else second > eyes


def _height(ids: np.ndarray, classes: Sequence[int]) -> float | None:
    """The mean row of some classes, 0 at the top; None where the map has none of them."""
    rows = np.isin(ids, classes).sum(axis=1)
    return float((rows * np.arange(len(rows))).sum() / rows.sum()) if rows.any() else None
