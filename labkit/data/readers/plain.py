"""Pictures and nothing else: CelebA-HQ in a folder a class, or in one; FFHQ in folders of a thousand."""

import os
from pathlib import Path
from typing import Any

from labkit.data.folder import class_folders, files_below, split_folder, splits_in
from labkit.data.pictures import is_picture, pictures_in, read_picture
from labkit.data.readers.layout import Ask, Layout
from labkit.data.rows import Table

# FFHQ's own division: the last 10,000 of its 70,000 numbers are for tests.
_FIRST_TEST = 60_000


def _holds_pictures(top: Path) -> bool:
    return any(is_picture(name) for _, _, names in os.walk(top) for name in names)


def _in_folders(top: Path) -> bool:
    """Whether pictures lie in it, or in folders of it (classes), or in such folders of its splits."""
    split = split_folder(top, "train")
    return bool(pictures_in(split)) or any(pictures_in(path) for path in split.iterdir() if path.is_dir())


def _in_classes(ask: Ask) -> Table:
    top = split_folder(ask.top, ask.split)
    found, skipped = files_below(top)
    names = [name for name, _ in found]
    below = top.relative_to(ask.top)
    classes = class_folders(names)

    def decode(row: int) -> dict[str, Any]:
        image = read_picture(top / names[row], ask.size, ask.channels)
        return {"image": image, **({"label": classes.index(names[row].split("/")[0])} if classes else {})}

    files = [(below / name).as_posix() for name in names]
    return Table(files, decode, classes, skipped=[((below / name).as_posix(), reason) for name, reason in skipped])


def _numbered(ask: Ask) -> Table:
    found, skipped = files_below(ask.top)
    files = []
    for name, _ in found:
        stem = Path(name).stem
        if not stem.isdigit():
            skipped.append((name, "its name is not a number"))
        elif (int(stem) < _FIRST_TEST) == (ask.split == "train"):
            files.append(name)

    def decode(row: int) -> dict[str, Any]:
        return {"image": read_picture(ask.top / files[row], ask.size, ask.channels)}

    return Table(files, decode, skipped=skipped)


CLASSES = Layout(
    "pictures",
    1,
    here=_in_folders,
    splits=splits_in,
    table=_in_classes,
    fields=("image", "label"),
    by_itself=lambda top: False,
)
NUMBERED = Layout(
    "ffhq",
    1,
    here=_holds_pictures,
    splits=lambda top: ("train", "test"),
    table=_numbered,
    fields=("image",),
    by_itself=lambda top: False,
)
