"""APDrawing: portraits with an artist's pen drawing, a mask of the person, and five landmarks.

``dataset/data/{train,test}/NAME.png`` has photograph and drawing side by side; ``dataset/data/test_single`` photographs
alone. ``dataset/mask/ALL/NAME.png`` is white where the person is, and ``dataset/landmark/ALL/NAME.txt`` has ``x y`` a
line: the eyes, the nose, the corners of the mouth. All are aligned, 512 x 512 pixels.
"""

from pathlib import Path
from typing import Any

import numpy as np

from labkit.data.pictures import (
    Unusable,
    in_square,
    picture_size,
    pictures_in,
    read_halves,
    read_picture,
)
from labkit.data.readers import lists
from labkit.data.readers.layout import Ask, Layout, told
from labkit.data.rows import Table

# Photographs alone stand in for a test split without drawings.
_FOLDERS = {"train": ("data/train",), "test": ("data/test", "data/test_single")}


def _base(top: Path) -> Path:
    return top / "dataset" if (top / "dataset" / "data").is_dir() else top


def _folder(top: Path, split: str) -> str | None:
    return next((folder for folder in _FOLDERS[split] if pictures_in(_base(top) / folder)), None)


def _splits(top: Path) -> tuple[str, ...]:
    return tuple(split for split in _FOLDERS if _folder(top, split))


def _here(top: Path) -> bool:
    return (_base(top) / "landmark").is_dir() and bool(_splits(top))


def _table(ask: Ask) -> Table:
    base = _base(ask.top)
    folder = _folder(ask.top, ask.split) or ""
    names = pictures_in(base / folder)
    within = base.relative_to(ask.top)
    alone = folder.endswith("single")

    def decode(row: int) -> dict[str, Any]:
        path = base / folder / names[row]
        width, height = picture_size(path)
        if alone:
            fields: dict[str, Any] = {"image": read_picture(path, ask.size, ask.channels)}
        else:
            fields = dict(zip(("image", "paired"), read_halves(path, ask.size, ask.channels)))
            width //= 2
        if "mask" in ask.optional:
            mask = f"mask/ALL/{path.stem}.png"
            fields["mask"] = told((within / mask).as_posix(), lambda: _mask(base / mask, (width, height), ask.size))
        if "landmarks" in ask.optional:
            five = lists.points(base / "landmark" / "ALL" / f"{path.stem}.txt", 5)
            if five is None:
                raise Unusable("has no five landmarks", (within / f"landmark/ALL/{path.stem}.txt").as_posix())
            fields["landmarks"] = in_square(five, (width, height), ask.size)
        return fields

    return Table([(within / folder / name).as_posix() for name in names], decode)


def _mask(path: Path, frame: tuple[int, int], size: int) -> np.ndarray:
    """(size, size, 1) uint8: 255 where the person is, 0 elsewhere, between at the edge."""
    found = picture_size(path)
    if found != frame:
        raise Unusable(f"is {found[0]} x {found[1]} pixels, but its photograph {frame[0]} x {frame[1]}")
    return read_picture(path, size, 1)


LAYOUT = Layout(
    "apdrawing",
    1,
    here=_here,
    splits=_splits,
    table=_table,
    fields=("image", "paired", "mask", "landmarks"),
    optional=("mask", "landmarks"),
    parts=lambda top: ("dataset", "data", "mask", "landmark"),
)
