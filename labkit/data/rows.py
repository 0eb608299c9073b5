"""From a list of files to a data set: decoded once, row by row, into the array cache; what can't be used is named."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from labkit.data.arrays import Writer, cached
from labkit.data.dataset import Dataset
from labkit.data.pictures import Unusable, large_pictures_allowed
from labkit.errors import UserError

Skipped = list[tuple[str, str]]

_BLOCK = 256
_TOLD = 3
# In larger folders than this only the number of files and the folder's own time are looked at, not every file's.
_LOOKED_AT = 10_000


@dataclass
class Table:
    """What a reader found in a folder; nothing is decoded yet.

    Attributes:
        files: one a row, relative to the folder: what a row is called where it can't be used.
        decode: from a row's number to its fields: ``image`` (H, W, C) uint8 and others; raises
            :class:`~labkit.data.pictures.Unusable`.
        classes: the names that the field ``label`` indexes.
        names: the names that other fields index: the columns of ``attributes``, the people of ``identity``.
        skipped: (relative path, reason) of what can't be used already.
        note: one sentence where there is something to say.
    """

    files: Sequence[str]
    decode: Callable[[int], dict[str, Any]]
    classes: Sequence[str] = ()
    names: dict[str, Sequence[str]] = field(default_factory=dict)
    skipped: Skipped = field(default_factory=list)
    note: str = ""


def stamps(top: Path, parts: Sequence[str] = ("",)) -> list[Any]:
    """What changes when the files below some parts of a folder do: their names, lengths and times.

    Args:
        top: the folder.
        parts: files and folders in it, relative; one that is missing counts as such.

    Raises:
        UserError: when a folder can't be read.
    """
    found: list[Any] = []
    for part in parts:
        path = top / part
        if path.is_dir():
            found += list(_below(path, part))
        elif path.exists():
            status = path.stat()
            found.append((part, status.st_size, status.st_mtime_ns))
    return found


def _below(folder: Path, part: str) -> Iterator[Any]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted((e for e in listing if not e.name.startswith(".")), key=lambda entry: entry.name)
        if len(entries) > _LOOKED_AT:
            yield part, len(entries), folder.stat().st_mtime_ns
            return
        for entry in entries:
            name = f"{part}/{entry.name}" if part else entry.name
            if entry.is_dir():
                yield from _below(Path(entry.path), name)
            else:
                status = entry.stat()
                yield name, status.st_size, status.st_mtime_ns
    except OSError as error:
        raise UserError(f"the folder {folder} can't be read ({(error.strerror or str(error)).lower()})") from error


def open_table(
    name: str, top: Path, content: dict[str, Any], table: Callable[[], Table], *, entry: str, split: str
) -> Dataset:
    """The rows of a table as a data set, from the cache where they are in it.

    Args:
        name: the data set's.
        top: the folder that the table's files lie in.
        content: what decides the bytes, for :func:`labkit.data.arrays.cached`.
        table: called only where the rows are not in the cache.
        entry: how the cache entry's name begins.
        split: of the data set.

    Raises:
        UserError: when not one row can be used, or the cache can't be written.
    """
    fields, meta = cached(entry, content, lambda writer: _write(writer, top, table()))
    skipped = tuple((str(top / file), reason) for file, reason in meta["skipped"])
    note = meta["note"]
    if skipped:
        note = f"{len(skipped)} of {meta['files']} files in {top} were skipped; see .skipped" + (note and f"; {note}")
    order = sorted(fields, key=lambda key: (key != "image", key))
    names = {key: tuple(values) for key, values in meta["names"].items()}
    return Dataset(name, {key: fields[key] for key in order}, tuple(meta["classes"]), skipped, split, note, names)


def _write(writer: Writer, top: Path, table: Table) -> dict[str, Any]:
    skipped = list(table.skipped)
    files = len(table.files) + len(skipped)
    rows = 0
    with large_pictures_allowed():
        for block in _decoded(top, table):
            kept = [row for row in block if isinstance(row, dict)]
            skipped += [row for row in block if isinstance(row, tuple)]
            if kept:
                writer.append(**{key: np.stack([row[key] for row in kept]) for key in kept[0]})
            rows += len(kept)
    if not files:
        raise UserError(f"no picture in {top} belongs to what was asked for ({table.note or 'another split?'})")
    told = "; ".join(f"{file}: {reason}" for file, reason in skipped[:_TOLD])
    more = f"; and {len(skipped) - _TOLD} more" if len(skipped) > _TOLD else ""
    if not rows:
        raise UserError(f"none of the {files} files in {top} is a picture that can be read ({told}{more})")
    if skipped:
        print(f"skipped {len(skipped)} of {files} files in {top} ({told}{more})", file=sys.stderr)
    return {
        "classes": list(table.classes),
        "names": {key: list(values) for key, values in table.names.items()},
        "skipped": skipped,
        "files": files,
        "note": table.note,
    }


def _decoded(top: Path, table: Table) -> Iterator[list[dict[str, Any] | tuple[str, str]]]:
    """Blocks of rows in order, or (file, reason) in the place of one that can't be used."""

    def decode(row: int) -> dict[str, Any] | tuple[str, str]:
        try:
            return table.decode(row)
        except Unusable as error:
            return error.file or table.files[row], error.reason

    count = len(table.files)
    # Pillow lets go of the interpreter while it decodes, so threads are enough.
    with (
        ThreadPoolExecutor(min(os.cpu_count() or 1, 16)) as pool,
        tqdm(total=count, desc=f"reading {top.name or top}", unit=" pictures", leave=False) as bar,
    ):
        for start in range(0, count, _BLOCK):
            block = range(start, min(start + _BLOCK, count))
            yield list(pool.map(decode, block))
            bar.update(len(block))
