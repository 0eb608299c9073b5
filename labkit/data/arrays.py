"""The array cache: every data set becomes one ``.npy`` file a field, decoded once and memory-mapped ever after.

An entry is a folder ``<root>/arrays/<name>-<key>/`` with ``image.npy``, perhaps ``label.npy``, and ``meta.json``. The
key is a hash of what the entry was made from and of the reader's version, so other content lands in another folder. An
entry is written beside its final place and appears there by one rename: a killed process leaves nothing that looks
finished, and of two processes that build the same entry the later one uses the earlier one's.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from labkit.errors import UserError
from labkit.threads import single_thread

_HEADER = 128
_ABANDONED = 3600.0

Fields = dict[str, np.ndarray]


def checkout() -> Path | None:
    """The checkout that labkit is imported from, or None when it is installed from a wheel."""
    folder = Path(__file__).resolve().parents[2]
    project = folder / "pyproject.toml"
    try:
        return folder if 'name = "labkit"' in project.read_text(encoding="utf-8") else None
    except OSError:
        return None


def root() -> Path:
    """Where downloads and arrays lie: ``LABKIT_DATA``, else the checkout's ``datasets/``, else ``~/.cache/labkit``."""
    named = os.environ.get("LABKIT_DATA")
    if named:
        return Path(named).expanduser()
    here = checkout()
    return here / "datasets" if here else Path.home() / ".cache" / "labkit"


def cannot_write(path: Path, error: OSError) -> UserError:
    """The sentence for a full disk or a folder that can't be written."""
    return UserError(
        f"cannot write to the data folder {path}: {error.strerror or error}; make room there, or set the environment "
        "variable LABKIT_DATA to a folder that can be written"
    )


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time do the work in a folder, so that the ranks of a run don't all download and decode.

    A courtesy: where files can't be locked (Windows, some network drives) both work, and the renames keep it correct.
    """
    try:
        import fcntl

        lock = (folder / ".lock").open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX)
    except (ImportError, OSError):
        yield
        return
    with lock:
        yield


class Writer:
    """Appends blocks of rows to one ``.npy`` file a field, so that an array never has to fit in memory.

    Plain writes on purpose: on a full disk they raise, where a write into a memory map would kill the process.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, tuple[BinaryIO, np.dtype, tuple[int, ...]]] = {}
        self._rows: dict[str, int] = {}

    def append(self, **blocks: np.ndarray) -> None:
        """Add rows: each block is (rows, ...), with the same dtype and row shape as the field's first block."""
        for field, given in blocks.items():
            block = np.ascontiguousarray(given)
            try:
                if field not in self._files:
                    file: BinaryIO = (self.folder / f"{field}.npy").open("wb")
                    self._files[field] = (file, block.dtype, block.shape[1:])
                    self._rows[field] = 0
                    file.write(b" " * _HEADER)
                file, dtype, shape = self._files[field]
                if block.dtype != dtype or block.shape[1:] != shape:
                    raise ValueError(f"{field}: {block.dtype}{block.shape[1:]} after rows of {dtype}{shape}")
                file.write(block.data)
            except OSError as error:
                raise cannot_write(self.folder.parent, error) from error
            self._rows[field] += len(block)

    def finish(self, meta: dict[str, Any]) -> None:
        """Write the headers, now that the number of rows is known, then ``meta.json``, and force all of it to disk."""
        try:
            for field, (file, dtype, shape) in self._files.items():
                file.seek(0)
                file.write(_npy_header(dtype, (self._rows[field], *shape)))
                _sync_and_close(file)
            meta_file = (self.folder / "meta.json").open("wb")
            meta_file.write(json.dumps({"fields": sorted(self._files), **meta}).encode())
            _sync_and_close(meta_file)
        except OSError as error:
            raise cannot_write(self.folder.parent, error) from error

    def abandon(self) -> None:
        """Close and remove everything written so far."""
        for file, _, _ in self._files.values():
            with contextlib.suppress(OSError):
                file.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _npy_header(dtype: np.dtype, shape: tuple[int, ...]) -> bytes:
    """An npy 1.0 header of a fixed 128 bytes, so that the row count can be filled in at the end."""
    text = repr({"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})
    body = text.encode("latin1").ljust(_HEADER - 11) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body


def _sync_and_close(file: BinaryIO) -> None:
    with file:
        file.flush()
        os.fsync(file.fileno())


def _load(folder: Path) -> tuple[Fields, dict[str, Any]] | None:
    """Memory-map an entry; None where it is missing or not whole."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        # Copy-on-write: torch wants a writable array, and nothing may ever write into the cache.
        fields = {field: np.load(folder / f"{field}.npy", mmap_mode="c") for field in meta["fields"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (fields, meta) if len({len(array) for array in fields.values()}) == 1 else None


def _sweep(arrays: Path) -> None:
    """Remove what killed processes left behind: unfinished entries that nobody has written to for an hour."""
    for folder in arrays.glob(".partial-*"):
        with contextlib.suppress(OSError):
            newest = max(path.stat().st_mtime for path in [folder, *folder.iterdir()])
            if time.time() - newest > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)


def entry_folder(name: str, content: dict[str, Any]) -> Path:
    """The folder of an entry: its name and the hash of what it is made from (any JSON-able description)."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    return root() / "arrays" / f"{name}-{digest}"


def cached(
    name: str, content: dict[str, Any], build: Callable[[Writer], dict[str, Any]]
) -> tuple[Fields, dict[str, Any]]:
    """The arrays of an entry, built the first time and memory-mapped from then on.

    Args:
        name: a readable beginning of the entry's folder name.
        content: what decides the entry's bytes (source hashes, size, reader version); its hash is the key.
        build: appends the rows to the writer and returns what ``meta.json`` should hold.

    Returns:
        The fields as copy-on-write memory maps, and the meta data.

    Raises:
        UserError: when the cache folder can't be written or is full; nothing half-written is left or taken for done.
    """
    return cached_each({"": (name, content)}, lambda writers: build(writers[""]))[""]


def cached_each(
    entries: dict[str, tuple[str, dict[str, Any]]], build: Callable[[dict[str, Writer]], dict[str, Any]]
) -> dict[str, tuple[Fields, dict[str, Any]]]:
    """Several entries, of which those that are missing are built in one go: the fields of rendered faces, for example.

    Args:
        entries: for each key a name and a content, as for :func:`cached`.
        build: appends the rows to the writers of the missing keys and returns what their ``meta.json`` should hold.

    Returns:
        For each key what :func:`cached` returns.

    Raises:
        UserError: as :func:`cached`.
    """
    folders = {key: entry_folder(name, content) for key, (name, content) in entries.items()}
    found = {key: _load(folder) for key, folder in folders.items()}
    if None in found.values():
        arrays = root() / "arrays"
        try:
            arrays.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(arrays, error) from error
        with alone(arrays):
            found = {key: _load(folder) for key, folder in folders.items()}
            missing = {key: (entries[key][0], folders[key]) for key, whole in found.items() if whole is None}
            found |= _build(arrays, missing, build) if missing else {}
    return {key: whole for key, whole in found.items() if whole is not None}


def _build(
    arrays: Path, missing: dict[str, tuple[str, Path]], build: Callable[[dict[str, Writer]], dict[str, Any]]
) -> dict[str, tuple[Fields, dict[str, Any]]]:
    writers: dict[str, Writer] = {}
    try:
        try:
            _sweep(arrays)
            for key, (name, _) in missing.items():
                partial = Path(tempfile.mkdtemp(prefix=f".partial-{name}-", dir=arrays))
                writers[key] = Writer(partial)
                partial.chmod(0o755)
        except OSError as error:
            raise cannot_write(arrays, error) from error
        with single_thread():
            meta = build(writers)
        for writer in writers.values():
            writer.finish(meta)
        return {key: _publish(writers[key].folder, folder) for key, (_, folder) in missing.items()}
    finally:
        for writer in writers.values():
            writer.abandon()


def _publish(partial: Path, folder: Path) -> tuple[Fields, dict[str, Any]]:
    """Move a finished entry to its place, unless another process was first: then its entry is the one that is used."""
    if folder.exists() and _load(folder) is None:
        damaged = partial.with_name(f"{partial.name}-damaged")
        with contextlib.suppress(OSError):
            os.rename(folder, damaged)
        shutil.rmtree(damaged, ignore_errors=True)
    reason = OSError("the finished arrays could not be moved into place")
    try:
        os.rename(partial, folder)
    except OSError as error:
        reason = error
    whole = _load(folder)
    if whole is None:
        raise cannot_write(folder.parent, reason)
    return whole
