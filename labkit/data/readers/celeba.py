"""CelebA: aligned faces with 40 attributes, identities, and five landmarks.

The pictures are CelebA's own ``img_align_celeba``, 178 x 218 pixels or a smaller copy of that. The crop is the middle
square, rows 20 to 197 of 218: what a resize with a centre crop gives in most GAN tutorials and in torchvision. It keeps
forehead and chin, and some hair; the tighter squares of some papers (108 or 128 pixels) cut both.
"""

from pathlib import Path
from typing import Any

import numpy as np

from labkit.data.pictures import in_square, picture_size, pictures_in, read_picture
from labkit.data.readers import lists
from labkit.data.readers.layout import Ask, Layout
from labkit.data.rows import Skipped, Table

PICTURES = "img_align_celeba"
SPLITS = ("train", "valid", "test")
FRAME = (178, 218)

_LISTS = {
    "split": "list_eval_partition",
    "attributes": "list_attr_celeba",
    "identity": "identity_CelebA",
    "landmarks": "list_landmarks_align_celeba",
}
# Beside the pictures as torchvision puts them, in the official download's folders, or the full lists of a part.
_FOLDERS = ("", "Anno", "Eval", "../Anno", "../Eval", "annotations_full", "../annotations_full")
_ENDINGS = (".txt", ".csv", ".txt.gz")


def _list_path(top: Path, kind: str) -> str | None:
    paths = (f"{folder}/{_LISTS[kind]}{end}".lstrip("/") for folder in _FOLDERS for end in _ENDINGS)
    return next((path for path in paths if (top / path).is_file()), None)


def _pictures(top: Path) -> str:
    nested = f"{PICTURES}/{PICTURES}"
    return nested if (top / nested).is_dir() else PICTURES


def _splits(top: Path) -> tuple[str, ...]:
    return SPLITS if _list_path(top, "split") else ("train",)


def _parts(top: Path) -> list[str]:
    return [_pictures(top), *filter(None, (_list_path(top, kind) for kind in _LISTS))]


def _table(ask: Ask) -> Table:
    folder = _pictures(ask.top)
    names = pictures_in(ask.top / folder)
    skipped: Skipped = []
    values: dict[str, np.ndarray] = {}
    columns: list[str] = []
    notes: list[str] = []
    for kind in _LISTS:
        path = _list_path(ask.top, kind)
        if path is None:
            continue
        header, entries = lists.table(ask.top / path)
        width = {"attributes": len(header), "landmarks": 10}.get(kind, 1)
        numbers, good = lists.numbers(entries, names, width)
        if kind == "landmarks" and not numbers.any():
            notes.append(f"{Path(path).name} holds no landmarks, only zeros")
            continue
        skipped += [(f"{folder}/{name}", f"no entry in {Path(path).name}") for name, ok in zip(names, good) if not ok]
        if kind == "split" and (missing := len(entries) - int(good.sum())):
            notes.append(f"{missing:,} of the {len(entries):,} pictures in {Path(path).name} are not here")
        if kind == "split":
            good &= numbers[:, 0] == SPLITS.index(ask.split)
        columns = header if kind == "attributes" else columns
        values = {key: array[good] for key, array in {**values, kind: numbers}.items()}
        names = [name for name, ok in zip(names, good) if ok]
    return Table(
        [f"{folder}/{name}" for name in names],
        _decoder(ask, folder, names, values),
        names={"attributes": columns} if columns else {},
        skipped=skipped,
        note="; ".join(notes),
    )


def _decoder(ask: Ask, folder: str, names: list[str], values: dict[str, np.ndarray]) -> Any:
    def decode(row: int) -> dict[str, Any]:
        path = ask.top / folder / names[row]
        fields: dict[str, Any] = {"image": read_picture(path, ask.size, ask.channels)}
        if "attributes" in values:
            fields["attributes"] = (values["attributes"][row] > 0).astype(np.uint8)
        if "identity" in values:
            fields["identity"] = np.int64(values["identity"][row, 0])
        if "landmarks" in values:
            frame = picture_size(path)
            # The list counts in pixels of the full-size picture.
            scale = np.array(frame) / FRAME
            there = (values["landmarks"][row].reshape(5, 2) + 0.5) * scale - 0.5
            fields["landmarks"] = in_square(there, frame, ask.size)
        return fields

    return decode


LAYOUT = Layout(
    "celeba",
    1,
    here=lambda top: (top / PICTURES).is_dir(),
    splits=_splits,
    table=_table,
    fields=("image", "attributes", "identity", "landmarks"),
    parts=_parts,
)
