"""Any folder of pictures as a data set."""

import os
import re
from pathlib import Path
from typing import Any

from labkit.data.dataset import Dataset
from labkit.data.pictures import is_picture, read_picture
from labkit.data.rows import Skipped, Table, open_table
from labkit.errors import UserError

VERSION = 3
DEFAULT_SIZE = 64

# Sub-folders that are a split, best name first.
SPLIT_FOLDERS = {
    "train": ("train",),
    "valid": ("valid", "val", "validation"),
    "test": ("test", "val", "valid", "validation"),
}


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
        split: ``train``, or ``valid`` or ``test`` where the folder is divided so.

    Returns:
        The data set; its ``skipped`` names every file that could not be used, and why.

    Raises:
        UserError: when the folder is missing, can't be read, or holds no picture that can be used.
    """
    top = split_folder(Path(path).expanduser(), split)
    side, depth = size or DEFAULT_SIZE, channels or 3
    found, skipped = files_below(top)
    if not found:
        why = f" ({skipped[0][0]}: {skipped[0][1]})" if skipped else ""
        raise UserError(f"the folder {top} holds no pictures{why}: put some in it (.jpg, .png, ...) or name another")
    files = [file for file, _ in found]
    labels = class_folders(files)
    number = {label: i for i, label in enumerate(labels)}

    def decode(row: int) -> dict[str, Any]:
        fields: dict[str, Any] = {"image": read_picture(top / files[row], side, depth)}
        return fields | ({"label": number[files[row].split("/")[0]]} if labels else {})

    listed = [(file, status.st_size, status.st_mtime_ns) for file, status in found]
    content = {"reader": "folder", "version": VERSION, "files": listed, "size": side, "channels": depth}
    content |= {"unreadable": skipped, "classes": labels}
    table = Table(files, decode, labels, skipped=skipped)
    entry = f"{entry_name(top)}-{side}x{side}x{depth}"
    return open_table(str(path), top, content, lambda: table, entry=entry, split=split)


def entry_name(top: Path) -> str:
    """A folder's name as the beginning of a cache entry's."""
    return re.sub(r"\W+", "-", top.resolve().name).strip("-")[:40] or "folder"


def splits_in(top: Path) -> tuple[str, ...]:
    """The splits that a folder is divided into by sub-folders; without ``train`` and one more it is all ``train``."""
    found = tuple(split for split, names in SPLIT_FOLDERS.items() if any((top / name).is_dir() for name in names))
    return found if "train" in found and len(found) > 1 else ("train",)


def split_folder(top: Path, split: str) -> Path:
    """The folder with a split's pictures.

    Raises:
        UserError: when there is no such folder, or it is not divided so.
    """
    if not top.exists():
        raise UserError(f"there is no folder {top}")
    if not top.is_dir():
        raise UserError(f"{top} is a file, not a folder of pictures")
    splits = splits_in(top)
    if split not in splits:
        raise UserError(
            f"the folder {top} has no {split!r} split: divide it into sub-folders 'train' and 'test', or use 'train'"
        )
    return top if splits == ("train",) else next(top / n for n in SPLIT_FOLDERS[split] if (top / n).is_dir())


def files_below(top: Path) -> tuple[list[tuple[str, os.stat_result]], Skipped]:
    """Relative names of what should be pictures, sorted the same everywhere, and the sub-folders that can't be read.

    Raises:
        UserError: when the folder itself can't be read.
    """
    found: list[tuple[str, os.stat_result]] = []
    unreadable: list[OSError] = []
    for folder, below, names in os.walk(top, onerror=unreadable.append):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(filter(is_picture, names)):
            file = Path(folder, name)
            try:
                found.append((file.relative_to(top).as_posix(), file.stat()))
            except OSError as error:
                unreadable.append(error)
    reasons = [(Path(error.filename), (error.strerror or str(error)).lower()) for error in unreadable]
    for path, reason in reasons:
        if path == top:
            raise UserError(f"the folder {top} can't be read ({reason}): give yourself the right to read it")
    skipped = [(path.relative_to(top).as_posix(), reason) for path, reason in reasons]
    return sorted(found, key=lambda file: file[0]), skipped


def class_folders(names: list[str]) -> list[str]:
    """The first-level sub-folders, where there are at least two and no picture lies outside them."""
    parents = {name.split("/")[0] if "/" in name else "" for name in names}
    return sorted(parents) if len(parents) >= 2 and "" not in parents else []
