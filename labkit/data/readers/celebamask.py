"""Faces with a map of 19 classes: CelebAMask-HQ as it is distributed, or pictures and merged maps in two folders.

- As distributed: ``CelebA-HQ-img/0.jpg`` and ``CelebAMask-HQ-mask-anno/0/00000_hair.png``, one black-and-white picture
  a part, 2,000 faces a folder. They are merged as CelebAMask-HQ's ``g_mask.py`` does: later classes cover earlier ones.
- Merged: ``images/NAME.jpg`` and ``masks/NAME.png`` with class ids 0 to 18, perhaps with a ``classes.txt``. Two orders
  of the ids are about (:mod:`labkit.data.labels`); the map's is the one in ``classes.txt``, else the one that was asked
  for, else it is judged from the maps.
"""

from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from labkit.data import labels
from labkit.data.pictures import Unusable, middle_square, pictures_in, read_grey, read_ids, read_picture
from labkit.data.readers import lists
from labkit.data.readers.layout import Ask, Layout, told
from labkit.data.rows import Table
from labkit.errors import UserError

PICTURES, PARTS = "CelebA-HQ-img", "CelebAMask-HQ-mask-anno"
ATTRIBUTES, MAPPING = "CelebAMask-HQ-attribute-anno.txt", "CelebA-HQ-to-CelebA-mapping.txt"
SPLITS = ("train", "valid", "test")

_A_FOLDER = 2000
# CelebA's official partition by the number in a file's name: the first of valid, the first of test.
_FIRST = (162_771, 182_638)
_JUDGED = 64


def read_labels(path: Path, size: int, order: str) -> np.ndarray:
    """A class map in CelebAMask-HQ's order, whatever its order on disk: the middle square, (size, size) uint8.

    Raises:
        Unusable: when it is no map of that order's class ids.
    """
    ids = read_ids(path)
    table = labels.lookup(order)
    problem = labels.problem(ids, len(table))
    if problem:
        raise Unusable(problem)
    return table[middle_square(ids, size)]


def _two_folders(top: Path) -> bool:
    return (top / "images").is_dir() and (top / "masks").is_dir()


def _classes_listed(top: Path) -> bool:
    """Whether a ``classes.txt`` names a known order: then these are class maps, however few belong to a picture."""
    try:
        labels.order_in(lists.read_text(top / "classes.txt"), "classes.txt")
    except UserError:
        return False
    return True


def _mostly_coupled(top: Path) -> bool:
    pictures = {Path(name).stem for name in pictures_in(top / "images")}
    maps = {Path(name).stem for name in pictures_in(top / "masks")}
    return 2 * len(pictures & maps) >= max(len(pictures), len(maps), 1)


def _merged(ask: Ask) -> Table:
    maps = {Path(name).stem: f"masks/{name}" for name in pictures_in(ask.top / "masks")}
    files = {Path(name).stem: f"images/{name}" for name in pictures_in(ask.top / "images")}
    rows = sorted(files)
    wanted = "labels" in ask.optional
    order = _order(ask, list(maps.values())) if wanted else ""

    def decode(row: int) -> dict[str, Any]:
        stem = rows[row]
        fields: dict[str, Any] = {"image": read_picture(ask.top / files[stem], ask.size, ask.channels)}
        if wanted:
            if stem not in maps:
                raise Unusable("there is no class map of that name in masks")
            fields["labels"] = told(maps[stem], partial(read_labels, ask.top / maps[stem], ask.size, order))
        return fields

    skipped = [(name, "a class map without a picture") for stem, name in sorted(maps.items()) if stem not in files]
    return Table([files[stem] for stem in rows], decode, skipped=skipped)


def _order(ask: Ask, maps: list[str]) -> str:
    listed = ask.top / "classes.txt"
    if listed.is_file():
        order = labels.order_in(lists.read_text(listed), str(listed))
        if ask.label_order not in (None, order):
            raise UserError(f"label_order is {ask.label_order!r}, but {listed} lists the classes as {order!r} does")
        return order
    if ask.label_order is not None:
        return labels.asked_order(ask.label_order)
    judged = labels.judged_order(islice(_usable(ask.top, maps), _JUDGED))
    if judged is None:
        raise UserError(
            f"can't tell which class is which in {ask.top / 'masks'}: say label_order='celebamask-hq' (2 is the nose) "
            "or label_order='face-parsing' (2 is a brow), or layout='folder' if these are not faces"
        )
    return judged


def _usable(top: Path, maps: list[str]) -> Any:
    """The maps that could be in either order, spread over the folder; if there are none, the sentence why."""
    reasons = []
    step = max(1, len(maps) // _JUDGED)
    for name in maps[::step]:
        try:
            ids = read_ids(top / name)
            reason = labels.problem(ids, len(labels.CLASSES))
        except Unusable as error:
            reason = error.reason
        if reason is None:
            yield ids
        else:
            reasons.append(f"{name}: {reason}")
    if len(reasons) == len(maps[::step]):
        why = reasons[0] if reasons else "there is none"
        raise UserError(f"no class map in {top / 'masks'} can be used ({why})")


def _parts_here(top: Path) -> bool:
    return (top / PICTURES).is_dir() and (top / PARTS).is_dir()


def _parts(ask: Ask) -> Table:
    names = sorted(pictures_in(ask.top / PICTURES), key=lambda name: (len(name), name))
    skipped = [(f"{PICTURES}/{name}", "its name is not a number") for name in names if not Path(name).stem.isdigit()]
    names = [name for name in names if Path(name).stem.isdigit()]
    mapping, attributes = ask.top / MAPPING, ask.top / ATTRIBUTES
    if mapping.is_file():
        part = _partition(mapping)
        skipped += [(f"{PICTURES}/{n}", f"not in {MAPPING}") for n in names if int(Path(n).stem) not in part]
        names = [name for name in names if part.get(int(Path(name).stem)) == ask.split]
    header: list[str] = []
    values = np.zeros((0, 0))
    if attributes.is_file():
        header, entries = lists.table(attributes)
        values, good = lists.numbers(entries, names, len(header))
        skipped += [(f"{PICTURES}/{n}", f"no entry in {ATTRIBUTES}") for n, ok in zip(names, good) if not ok]
        names, values = [name for name, ok in zip(names, good) if ok], values[good]
    wanted = "labels" in ask.optional
    folders = sorted({str(int(Path(name).stem) // _A_FOLDER) for name in names}) if wanted else []
    there = {f"{folder}/{name}" for folder in folders for name in pictures_in(ask.top / PARTS / folder)}

    def decode(row: int) -> dict[str, Any]:
        path = ask.top / PICTURES / names[row]
        fields: dict[str, Any] = {"image": read_picture(path, ask.size, ask.channels)}
        if wanted:
            fields["labels"] = _from_parts(ask.top / PARTS, int(path.stem), there, ask.size)
        if header:
            fields["attributes"] = (values[row] > 0).astype(np.uint8)
        return fields

    files = [f"{PICTURES}/{name}" for name in names]
    return Table(files, decode, names={"attributes": header} if header else {}, skipped=skipped)


def _from_parts(folder: Path, face: int, there: set[str], size: int) -> np.ndarray:
    merged: np.ndarray | None = None
    for number, part in enumerate(labels.CLASSES[1:], start=1):
        name = f"{face // _A_FOLDER}/{face:05d}_{part}.png"
        if name not in there:
            continue
        cover = told(f"{PARTS}/{name}", partial(read_grey, folder / name)) > 0
        if merged is None:
            merged = np.zeros(cover.shape, dtype=np.uint8)
        if cover.shape != merged.shape:
            raise Unusable("has another size than the face's other parts", f"{PARTS}/{name}")
        merged[cover] = number
    if merged is None:
        raise Unusable(f"there is no part of it in {PARTS}")
    return middle_square(merged, size)


def _partition(mapping: Path) -> dict[int, str]:
    """Each face's split, by the number of the CelebA picture that it was made from."""
    found = {}
    for line in lists.read_text(mapping).splitlines():
        words = line.split()
        if len(words) == 3 and words[0].isdigit() and Path(words[2]).stem.isdigit():
            number = int(Path(words[2]).stem)
            found[int(words[0])] = SPLITS[sum(number >= first for first in _FIRST)]
    return found


MERGED = Layout(
    "images+masks",
    1,
    here=_two_folders,
    by_itself=lambda top: _classes_listed(top) or _mostly_coupled(top),
    splits=lambda top: ("train",),
    table=_merged,
    fields=("image", "labels"),
    optional=("labels",),
    parts=lambda top: ("images", "masks", "classes.txt"),
    ordered=True,
)
DISTRIBUTED = Layout(
    "celebamask-hq",
    1,
    here=_parts_here,
    splits=lambda top: SPLITS if (top / MAPPING).is_file() else ("train",),
    table=_parts,
    fields=("image", "labels", "attributes"),
    optional=("labels",),
    parts=lambda top: (PICTURES, PARTS, ATTRIBUTES, MAPPING),
)
