"""Photographs and caricatures of the same people.

- An ``index.csv`` with the columns path, identity and domain, over pictures that are aligned already.
- WebCaricature as WarpGAN reads it: ``OriginalImages/NAME/P00001.jpg`` (photographs) and ``C00001.jpg`` (caricatures),
  with the lists ``train.txt``, ``test.txt`` (other people) and ``landmarks.txt``: five points a picture, the eyes, the
  nose and the corners of the mouth. Each face is turned and scaled so that these come to WarpGAN's places. Without
  ``landmarks.txt`` the middle square is taken; without the other two every picture is for training.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from labkit.data.folder import files_below
from labkit.data.pictures import Unusable, is_picture, pictures_in, read_aligned, read_picture
from labkit.data.readers import lists
from labkit.data.readers.layout import Ask, Layout, absent, unlisted
from labkit.data.rows import Table
from labkit.errors import UserError

DOMAINS = ("photo", "caricature")
INDEX, COLUMNS = "index.csv", ("path", "identity", "domain")

_IMAGES = ("OriginalImages", "WebCaricature/OriginalImages", "data/WebCaricature/OriginalImages")
# Where WarpGAN has eyes, nose and mouth, in units of 0.7 of the picture's side from its middle.
_TARGETS = np.array([(-0.158, -0.038), (0.157, -0.040), (0.0, 0.141), (-0.129, 0.325), (0.132, 0.323)])
_ZOOM = 0.7


def _index_here(top: Path) -> bool:
    try:
        with (top / INDEX).open(encoding="utf-8-sig") as file:
            return tuple(file.readline(100).strip().split(",")) == COLUMNS
    except (OSError, UnicodeDecodeError):
        return False


def _indexed(ask: Ask) -> Table:
    entries, skipped = [], []
    for number, entry in enumerate(csv.reader(lists.read_text(ask.top / INDEX).splitlines())):
        if number and len(entry) == 3 and is_picture(Path(entry[0]).name):
            entries.append(entry)
        elif number and entry:
            skipped.append((INDEX, f"line {number + 1} is not path, identity, domain"))
    there, unreadable = files_below(ask.top)
    present = [name for name, _ in there]
    listed = [entry[0] for entry in entries]
    skipped += unreadable + absent(listed, present, INDEX) + unlisted(present, listed, INDEX)
    whole = set(present)
    rows = [entry for entry in entries if entry[0] in whole]
    domains = sorted({domain for _, _, domain in rows}, key=lambda name: (name != DOMAINS[0], name))
    rows.sort(key=lambda entry: (domains.index(entry[2]), entry[0]))
    people = sorted({person for _, person, _ in rows})

    def decode(row: int) -> dict[str, Any]:
        path, person, domain = rows[row]
        image = read_picture(ask.top / path, ask.size, ask.channels)
        return {"image": image, "identity": people.index(person), "label": domains.index(domain)}

    return Table([row[0] for row in rows], decode, domains, {"identity": people}, skipped)


def _images(top: Path) -> str | None:
    return next((folder for folder in _IMAGES if (top / folder).is_dir()), None)


def _key(path: str) -> str:
    """A picture's name in any list: the last two parts, blanks as underscores."""
    return "/".join(path.replace(" ", "_").split("/")[-2:])


def landmarks(path: Path) -> dict[str, np.ndarray]:
    """``landmarks.txt``: a path and five times ``x y`` a line; (5, 2) by person and file. Other lines are left out."""
    found = {}
    for line in lists.read_text(path).splitlines():
        name, *numbers = line.rsplit(maxsplit=10)
        try:
            points = np.array(numbers, dtype=np.float64)
        except ValueError:
            continue
        if points.shape == (10,) and np.isfinite(points).all():
            found[_key(name)] = points.reshape(5, 2)
    return found


def _splits(top: Path) -> tuple[str, ...]:
    return ("train", *(["test"] if (top / "train.txt").is_file() and (top / "test.txt").is_file() else []))


def _drawn_here(top: Path) -> bool:
    folder = _images(top)
    if folder is None:
        return False
    people = (path for path in sorted((top / folder).iterdir()) if path.is_dir())
    return any(name[:1] in "PC" for person in people for name in pictures_in(person)[:1])


def _warpgan(ask: Ask) -> Table:
    folder = _images(ask.top) or ""
    found, skipped = files_below(ask.top / folder)
    files = {_key(name): f"{folder}/{name}" for name, _ in found}
    listing = ask.top / f"{ask.split}.txt"
    if listing.is_file():
        listed = [_key(name) for name in lists.listed_names(listing)]
        skipped = [(f"{folder}/{name}", reason) for name, reason in skipped + absent(listed, list(files), listing.name)]
        keys = sorted(set(listed) & set(files))
    else:
        keys = sorted(files)
    named = [key for key in keys if key.split("/")[-1][0] in "PC"]
    skipped += [(files[key], "called neither P... nor C...") for key in keys if key not in set(named)]
    rows = sorted(named, key=lambda key: (key.split("/")[-1][0] == "C", key))
    if not rows:
        raise UserError(f"no picture of {listing.name} lies in {ask.top / folder}")
    people = sorted({key.split("/")[0] for key in rows})
    points = landmarks(ask.top / "landmarks.txt") if (ask.top / "landmarks.txt").is_file() else None
    decode = _decoder(ask, rows, [files[key] for key in rows], people, points)
    return Table([files[key] for key in rows], decode, DOMAINS, {"identity": people}, skipped)


def _decoder(
    ask: Ask, rows: Sequence[str], files: Sequence[str], people: list[str], points: dict[str, np.ndarray] | None
) -> Any:
    targets = _TARGETS * _ZOOM * ask.size + (ask.size - 1) / 2

    def decode(row: int) -> dict[str, Any]:
        person, name = rows[row].split("/")
        known: dict[str, Any] = {"identity": people.index(person), "label": int(name.startswith("C"))}
        path = ask.top / files[row]
        if points is None:
            return {"image": read_picture(path, ask.size, ask.channels), **known}
        if rows[row] not in points:
            raise Unusable("no entry in landmarks.txt")
        image, moved = read_aligned(path, ask.size, ask.channels, points[rows[row]], targets)
        return {"image": image, "landmarks": moved, **known}

    return decode


INDEXED = Layout(
    "caricature",
    1,
    here=_index_here,
    splits=lambda top: ("train",),
    table=_indexed,
    fields=("image", "identity", "label"),
)
WARPGAN = Layout(
    "webcaricature",
    1,
    here=_drawn_here,
    splits=_splits,
    table=_warpgan,
    fields=("image", "landmarks", "identity", "label"),
    parts=lambda top: (_images(top) or "", "train.txt", "test.txt", "landmarks.txt"),
)
