"""Any folder of pictures as a data set."""

import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from labkit.data.arrays import Writer, cached
from labkit.data.dataset import Dataset
from labkit.data.pictures import large_pictures_allowed, read_picture
from labkit.errors import UserError

VERSION = 1
DEFAULT_SIZE = 64
# Formats that a person would call a picture; some are here only to be named as skipped where Pillow can't read them.
SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("avif", "bmp", "dib", "gif", "heic", "heif", "jfif", "jp2", "jpe", "jpeg", "jpg"),
        *("pbm", "pgm", "png", "pnm", "ppm", "tga", "tif", "tiff", "webp"),
    )
)

_TEST_NAMES = ("test", "val", "valid", "validation")
_BLOCK = 256
_TOLD = 3


def open_folder(
    path: str | Path, *, size: int | None = None, channels: int | None = None, split: str = "train"
) -> Dataset:
    """All pictures in a folder and its sub-folders; see :func:`labkit.data.open`.

    Each is cut to its middle square and resized. Where every picture lies in one of two or more sub-folders, their
    names are the classes. A folder that holds ``train`` and ``test`` (or ``val``) is read as those two splits. The
    array is made anew when a file's name, length or time of change differs. Hidden files and folders are left out.

    Args:
        path: the folder.
        size: height and width of the result in pixels; 64 where not given.
        channels: 1 (grey) or 3 (RGB); 3 where not given.
        split: ``train``, or ``test`` where the folder is divided so.

    Returns:
        The data set; its ``skipped`` names every file that could not be used, and why.

    Raises:
        UserError: when the folder is missing, can't be read, or holds no picture that can be used.
    """
    top = _split_folder(Path(path).expanduser(), split)
    side, depth = size or DEFAULT_SIZE, channels or 3
    files, skipped = _list(top)
    if not files:
        why = f" ({skipped[0][0]}: {skipped[0][1]})" if skipped else ""
        raise UserError(f"the folder {top} holds no pictures{why}: put some in it (.jpg, .png, ...) or name another")
    stamps = [(name, status.st_size, status.st_mtime_ns) for name, status in files]
    content = {"reader": "folder", "version": VERSION, "files": stamps, "size": side, "channels": depth}

    def build(writer: Writer) -> dict[str, Any]:
        return _build(writer, top, [name for name, _ in files], side, depth)

    readable = re.sub(r"\W+", "-", top.resolve().name).strip("-")[:40] or "folder"
    fields, meta = cached(f"{readable}-{side}x{side}x{depth}", content, build)
    skipped += [(str(top / name), reason) for name, reason in meta["skipped"]]
    note = f"{len(skipped)} of {len(files)} files in {top} were skipped; see .skipped" if skipped else ""
    return Dataset(str(path), fields, tuple(meta["classes"]), tuple(skipped), split, note)


def _split_folder(top: Path, split: str) -> Path:
    if not top.exists():
        raise UserError(f"there is no folder {top}")
    if not top.is_dir():
        raise UserError(f"{top} is a file, not a folder of pictures")
    test = next((top / name for name in _TEST_NAMES if (top / name).is_dir()), None)
    if test is not None and (top / "train").is_dir():
        return top / "train" if split == "train" else test
    if split != "train":
        raise UserError(
            f"the folder {top} has no {split!r} split: divide it into sub-folders 'train' and 'test', or use 'train'"
        )
    return top


def _list(top: Path) -> tuple[list[tuple[str, os.stat_result]], list[tuple[str, str]]]:
    """Relative names of what should be pictures, sorted the same everywhere, and the sub-folders that can't be read."""
    found, unreadable = [], []
    for folder, below, names in os.walk(top, onerror=lambda error: unreadable.append(_problem(error))):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix.lower() in SUFFIXES and not name.startswith("."):
                try:
                    found.append((file.relative_to(top).as_posix(), file.stat()))
                except OSError as error:
                    unreadable.append(_problem(error))
    if any(Path(path) == top for path, _ in unreadable):
        raise UserError(f"the folder {top} can't be read ({unreadable[0][1]}): give yourself the right to read it")
    return sorted(found, key=lambda file: file[0]), unreadable


def _problem(error: OSError) -> tuple[str, str]:
    return str(error.filename), (error.strerror or str(error)).lower()


def _classes(names: list[str]) -> list[str]:
    """The first-level sub-folders, where there are at least two and no picture lies outside them."""
    parents = {name.split("/")[0] if "/" in name else "" for name in names}
    return sorted(parents) if len(parents) >= 2 and "" not in parents else []


def _build(writer: Writer, top: Path, names: list[str], side: int, depth: int) -> dict[str, Any]:
    classes = _classes(names)
    number = {name: i for i, name in enumerate(classes)}
    skipped: list[tuple[str, str]] = []
    rows = 0
    with large_pictures_allowed():
        for block, pictures in _decoded(top, names, side, depth):
            kept = []
            for name, picture in zip(block, pictures):
                if isinstance(picture, str):
                    skipped.append((name, picture))
                else:
                    kept.append((name, picture))
            if kept:
                writer.append(image=np.stack([picture for _, picture in kept]))
                if classes:
                    labels = [number[name.split("/")[0]] for name, _ in kept]
                    writer.append(label=np.array(labels, dtype=np.int64))
            rows += len(kept)
    told = "; ".join(f"{name}: {reason}" for name, reason in skipped[:_TOLD])
    more = f"; and {len(skipped) - _TOLD} more" if len(skipped) > _TOLD else ""
    if not rows:
        raise UserError(f"none of the {len(names)} files in {top} is a picture that can be read ({told}{more})")
    if skipped:
        print(f"skipped {len(skipped)} of {len(names)} files in {top} ({told}{more})", file=sys.stderr)
    return {"classes": classes, "skipped": skipped}


def _decoded(top: Path, names: list[str], side: int, depth: int) -> Iterator[tuple[list[str], list[np.ndarray | str]]]:
    """Blocks of names with their pictures, or the reasons why there is none, in order."""
    # Pillow lets go of the interpreter while it decodes, so threads are enough.
    with (
        ThreadPoolExecutor(min(os.cpu_count() or 1, 16)) as pool,
        tqdm(total=len(names), desc=f"reading {top.name or top}", unit=" pictures", leave=False) as bar,
    ):
        for start in range(0, len(names), _BLOCK):
            block = names[start : start + _BLOCK]
            pictures = list(pool.map(lambda name: read_picture(top / name, side, depth), block))
            bar.update(len(block))
            yield block, pictures
