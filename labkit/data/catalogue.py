"""The one door to data: a name or a folder in, a :class:`~labkit.data.dataset.Dataset` out."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from labkit.data import mnist
from labkit.data.dataset import Dataset
from labkit.data.digits import open_digits
from labkit.data.folder import open_folder
from labkit.data.mnist import open_mnist
from labkit.errors import UserError, nearest

READERS: dict[str, Callable[..., Dataset]] = {"digits": open_digits, "mnist": open_mnist}
SPLITS = ("train", "test")

# A source that did not answer is not asked again for this long: a notebook opens its data in many cells.
_ASK_AGAIN = 60.0
_unreachable: dict[str, tuple[float, str]] = {}


def open(name: str | Path, *, size: int | None = None, channels: int | None = None, split: str = "train") -> Dataset:
    """Open a data set by its name, or any folder of pictures.

    The first time it is downloaded, drawn or decoded into the array cache; from then on it is memory-mapped at once.

    Args:
        name: ``mnist``, ``digits``, or the path of a folder of pictures.
        size: height and width in pixels; the data set's own (28), or 64 for a folder, where not given.
        channels: 1 (grey) or 3 (RGB); the data set's own, or 3 for a folder, where not given.
        split: ``train`` or ``test``. A folder has only ``train``, unless it holds sub-folders of these names.

    Raises:
        UserError: for an unknown name (with the nearest ones), data that can't be had, a damaged file, a folder
            without pictures, or a cache folder that can't be written.
    """
    if size is not None and not 1 <= size <= 4096:
        raise UserError(f"size must be between 1 and 4096 pixels, not {size}")
    if channels not in (None, 1, 3):
        raise UserError(f"channels must be 1 (grey) or 3 (RGB), not {channels}")
    if split not in SPLITS:
        raise UserError(nearest(split, SPLITS, "split"))
    return _reader(name)(size=size, channels=channels, split=split)


def _reader(name: str | Path) -> Callable[..., Dataset]:
    if isinstance(name, str) and name in READERS:
        return READERS[name]
    text = str(name)
    if (
        Path(name).expanduser().exists()
        or isinstance(name, Path)
        or text.startswith("~")
        or "/" in text
        or "\\" in text
    ):
        return partial(open_folder, name)
    raise UserError(nearest(text, READERS, "data set") + ", or the path of a folder of pictures")


def available(name: str | Path, split: str = "train") -> bool:
    """Whether :func:`open` would succeed without a network: built in, already here, or a folder that exists."""
    if name == "mnist":
        return mnist.available(split)
    return name in READERS or Path(name).expanduser().is_dir()


def open_first(*names: str, timeout: float = 3.0, quiet: bool = False, **options: Any) -> Dataset:
    """The first data set that can be had: ``open_first("mnist", "digits")`` is MNIST where it is or can be fetched.

    Args:
        names: data sets, best first.
        timeout: seconds that a download source may take to answer.
        quiet: don't print why it is not the first one; the data set's ``note`` says it in any case.
        options: as for :func:`open`.

    Raises:
        UserError: when none can be had; it says why the last one could not.
    """
    notes: list[str] = []
    for name in names:
        try:
            data = _open_soon(name, timeout, options)
        except UserError as error:
            notes.append(str(error))
            continue
        if not notes:
            return data
        note = f"Using {name!r} instead of {names[0]!r}: {notes[0]}."
        if not quiet:
            print(note)
        return replace(data, note=note)
    raise UserError(notes[-1] if notes else "open_first needs the name of at least one data set")


def _open_soon(name: str, timeout: float, options: dict[str, Any]) -> Dataset:
    if name != "mnist" or available(name, options.get("split", "train")):
        return open(name, **options)
    since, reason = _unreachable.get(name, (-_ASK_AGAIN, ""))
    if time.monotonic() - since < _ASK_AGAIN:
        raise UserError(reason)
    try:
        return open_mnist(timeout=timeout, **options)
    except UserError as error:
        _unreachable[name] = (time.monotonic(), str(error))
        raise
