"""Two pictures of the same thing: side by side in one file A|B, or in two files."""

import re
from functools import partial
from pathlib import Path
from typing import Any

from labkit.data.folder import files_below, split_folder, splits_in
from labkit.data.pictures import Unusable, picture_size, pictures_in, read_halves, read_picture
from labkit.data.readers.layout import Ask, Layout, told
from labkit.data.rows import Skipped, Table

FIELDS = ("image", "paired")


def _split(ask: Ask) -> tuple[list[str], Skipped]:
    """The pictures of a split and what can't be read, relative to the top."""
    top = split_folder(ask.top, ask.split)
    found, skipped = files_below(top)
    below = top.relative_to(ask.top)
    return [(below / name).as_posix() for name, _ in found], [
        ((below / name).as_posix(), reason) for name, reason in skipped
    ]


def _halves(ask: Ask) -> Table:
    files, skipped = _split(ask)

    def decode(row: int) -> dict[str, Any]:
        return dict(zip(FIELDS, read_halves(ask.top / files[row], ask.size, ask.channels)))

    return Table(files, decode, skipped=skipped)


def _couples(ask: Ask, files: dict[str, str], others: dict[str, str], skipped: Skipped) -> Table:
    """A table of two files a row, by what their names have in common; what has no other is skipped."""
    skipped = skipped + [(name, "its other half is missing") for key, name in files.items() if key not in others]
    skipped += [(name, "its other half is missing") for key, name in others.items() if key not in files]
    rows = sorted(set(files) & set(others))

    def decode(row: int) -> dict[str, Any]:
        name, other = files[rows[row]], others[rows[row]]
        size = picture_size(ask.top / name)
        other_size = told(other, partial(picture_size, ask.top / other))
        if size != other_size:
            raise Unusable(f"is {size[0]} x {size[1]} pixels, but {other} is {other_size[0]} x {other_size[1]}")
        image = read_picture(ask.top / name, ask.size, ask.channels)
        return {"image": image, "paired": told(other, partial(read_picture, ask.top / other, ask.size, ask.channels))}

    return Table([files[row] for row in rows], decode, skipped=skipped)


def _twins(ask: Ask) -> Table:
    found, skipped = files_below(ask.top)
    names = {suffix: [name for name, _ in found if name.lower().endswith(suffix)] for suffix in (".jpg", ".png")}
    photographs, maps = ({name[:-4]: name for name in names[suffix]} for suffix in (".jpg", ".png"))
    return _couples(ask, photographs, maps, skipped)


def _are_twins(top: Path) -> bool:
    names = [path for part in ("", "base") for path in pictures_in(top / part)]
    photographs = {Path(name).stem for name in names if name.endswith(".jpg")}
    return bool(photographs & {Path(name).stem for name in names if name.endswith(".png")})


def _sketches(ask: Ask) -> Table:
    names, skipped = _split(ask)
    photographs, sketches = (
        {_person(name): name for name in names if f"/{folder}/" in name} for folder in ("photos", "sketches")
    )
    return _couples(ask, photographs, sketches, skipped)


def _person(name: str) -> str:
    """Who is on a picture of CUFS: ``f-005-01.jpg`` and ``F2-005-01-sz1.jpg`` are the same."""
    return re.sub(r"^([fm])2-", r"\1-", Path(name).stem.lower().removesuffix("-sz1"))


PAIRS = Layout(
    "pairs",
    1,
    here=lambda top: any(pictures_in(top / part) for part in ("", "train")),
    splits=splits_in,
    table=_halves,
    fields=FIELDS,
    by_itself=lambda top: False,
)
# CMP Facades' own archives: `base/cmp_b0001.jpg` and `.png`, a palette picture; `paired` shows its colours.
TWINS = Layout(
    "twins",
    1,
    here=_are_twins,
    splits=lambda top: ("train",),
    table=_twins,
    fields=FIELDS,
    by_itself=lambda top: False,
)
# CUFS' own archives, side by side in a folder a split.
SKETCHES = Layout(
    "photos+sketches",
    1,
    here=lambda top: (top / "train" / "photos").is_dir() and (top / "train" / "sketches").is_dir(),
    splits=splits_in,
    table=_sketches,
    fields=FIELDS,
)
