"""The one door to data: a name or a folder in, a :class:`~labkit.data.dataset.Dataset` out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from labkit.data import mnist
from labkit.data.dataset import Dataset
from labkit.data.digits import open_digits
from labkit.data.mnist import open_mnist
from labkit.data.readers import named
from labkit.data.readers.named import NAMED, open_named, open_path
from labkit.errors import UserError, nearest

SPLITS = ("train", "valid", "test")


def _labelled(reader: Callable[..., Dataset], **fixed: Any) -> Callable[..., Dataset]:
    """A reader of digits or clothes, which all have the same two splits and fields, as :func:`open` calls readers."""

    def open_it(*, split: str, fields: Sequence[str] | None, **options: Any) -> Dataset:
        if split == "valid":
            raise UserError("there is no 'valid' split: it has train and test")
        data = reader(split=split, **options, **fixed)
        return data if fields is None else data.only(fields)

    return open_it


def _faces(**options: Any) -> Dataset:
    # Not at the top: it is also a program of its own, which must not find itself imported already.
    from labkit.data.faces import open_faces

    return open_faces(**options)


# What opens a name, given size, channels, split and fields; a reader that may download also takes ``timeout``.
READERS: dict[str, Callable[..., Dataset]] = {
    "digits": _labelled(open_digits),
    "faces": _faces,
    "faces-natural": partial(_faces, kind="natural"),
    **{name: _labelled(open_mnist, name=name) for name in mnist.NAMES},
    **{name: partial(open_named, name) for name in NAMED},
}

FACES = ("faces", "faces-natural")
BUILT_IN = ("digits", *FACES)

# A source that did not answer is not asked again for this long: a notebook opens its data in many cells.
_ASK_AGAIN = 60.0
_unreachable: dict[str, tuple[float, str]] = {}


def open(
    name: str | Path,
    *,
    size: int | None = None,
    channels: int | None = None,
    split: str = "train",
    fields: Sequence[str] | None = None,
    count: int | None = None,
    layout: str | None = None,
    label_order: str | None = None,
    timeout: float = 20.0,
) -> Dataset:
    """Open a data set by its name, or any folder of pictures.

    The first time it is downloaded, drawn or decoded into the array cache; from then on it is memory-mapped at once.
    A file that can't be used is skipped, counted and named in the data set's ``skipped``. Pictures of any size are cut
    to their middle square and resized; what belongs to them (class maps, masks, landmarks) goes the same way.

    Args:
        name: one of :data:`READERS`, or the path of a folder of pictures.
        size: height and width in pixels; the data set's own, or 64 for photographs, where not given.
        channels: 1 (grey) or 3 (RGB); the data set's own, or 3 for photographs, where not given.
        split: ``train``, ``valid`` or ``test``. A folder has only ``train``, unless it holds sub-folders of these
            names. The built-in faces have ``train`` and ``test``, ``seen`` and ``unseen``, and ``people``, with several
            faces a person (:func:`labkit.data.faces.open_faces`).
        fields: which of its fields are wanted (``image`` comes always); all that it has where not given. A picture
            without a class map, for example, is skipped only where ``labels`` is wanted.
        count: of the built-in faces, how many are drawn; each split's own number where not given.
        layout: how a folder's files lie, one of :data:`labkit.data.readers.named.LAYOUTS` or ``folder``. Where not
            given it is found out, and what can't be told for sure is a plain ``folder``: so pairs A|B side by side in
            one file must be asked for, with ``pairs``.
        label_order: for class maps of faces whose order can't be found out: ``celebamask-hq`` or ``face-parsing``.
        timeout: seconds without an answer after which a download source is given up.

    Raises:
        UserError: for an unknown name (with the nearest ones), field, split or layout, data that can't be had, a
            damaged file, a folder without pictures, or a cache folder that can't be written.
    """
    if size is not None and not 1 <= size <= 4096:
        raise UserError(f"size must be between 1 and 4096 pixels, not {size}")
    if channels not in (None, 1, 3):
        raise UserError(f"channels must be 1 (grey) or 3 (RGB), not {channels}")
    if split not in SPLITS and name not in FACES:  # these have more
        raise UserError(nearest(split, SPLITS, "split"))
    if isinstance(fields, str):
        raise UserError(f"fields must be a list: fields=[{fields!r}]")
    if count is not None and (name not in FACES or count < 1):
        raise UserError("count says how many of the built-in faces are drawn, at least 1; other data is taken whole")
    options: dict[str, Any] = {"size": size, "channels": channels, "split": split, "fields": fields}
    if not (isinstance(name, str) and name in READERS):
        if not _is_path(name):
            raise UserError(nearest(str(name), READERS, "data set") + ", or the path of a folder of pictures")
        return open_path(name, **options, layout=layout, label_order=label_order)
    if count is not None:
        options["count"] = count
    if layout is not None:
        raise UserError(f"layout is for folders: {name} has its own")
    if label_order is not None:
        if name not in NAMED:
            raise UserError(f"label_order is for class maps of faces: {name} has none")
        options["label_order"] = label_order
    return READERS[name](**options, **({} if name in BUILT_IN else {"timeout": timeout}))


def _is_path(name: str | Path) -> bool:
    return isinstance(name, Path) or Path(name).expanduser().exists() or any(mark in name for mark in ("~", "/", "\\"))


def available(name: str | Path, split: str = "train") -> bool:
    """Whether :func:`open` would find the data without a network: built in, already here, or a folder that exists."""
    if name in FACES:
        from labkit.data.faces import COUNTS  # not at the top, as in _faces

        return split in COUNTS and (split != "people" or name == "faces")
    if name in BUILT_IN:
        return split in ("train", "test")
    if name in mnist.NAMES:
        return split != "valid" and mnist.available(split, str(name))
    if name in NAMED:
        return named.available(str(name), split)
    return Path(name).expanduser().is_dir()


def folder_of(name: str) -> Path | None:
    """The folder that a data set's training pictures are read from, where they are on this machine; else None."""
    if name in mnist.NAMES:
        return mnist.folder_with(name, "train")
    found = named.located(name) if name in NAMED else None
    return found[1] if found else None


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
    if name not in READERS or available(name, options.get("split", "train")):
        return open(name, **options)
    since, reason = _unreachable.get(name, (-_ASK_AGAIN, ""))
    if time.monotonic() - since < _ASK_AGAIN:
        raise UserError(reason)
    try:
        return open(name, timeout=timeout, **options)
    except UserError as error:
        _unreachable[name] = (time.monotonic(), str(error))
        raise
