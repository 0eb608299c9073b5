"""Which formats there are, which data set comes in which, and how a folder's format is found out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labkit.data import sources
from labkit.data.dataset import Dataset
from labkit.data.folder import open_folder
from labkit.data.readers import apdrawing, caricature, celeba, celebamask, cifar, makeup, pairs, plain, unpaired
from labkit.data.readers.layout import Layout, find, open_layout
from labkit.errors import UserError, nearest

LAYOUTS = {
    layout.name: layout
    for layout in (
        *(celeba.LAYOUT, celebamask.DISTRIBUTED, celebamask.MERGED, makeup.LAYOUT, apdrawing.LAYOUT),
        *(caricature.WARPGAN, caricature.INDEXED, unpaired.LAYOUT, cifar.LAYOUT),
        *(pairs.SKETCHES, pairs.PAIRS, pairs.TWINS, plain.CLASSES, plain.NUMBERED),
    )
}
# The reader for any folder is no layout: it takes whatever is there.
FOLDER = "folder"


@dataclass(frozen=True)
class Named:
    """A data set's formats, best first, and what its domains are called where the format doesn't say."""

    layouts: tuple[Layout, ...]
    classes: tuple[str, ...] = ()


NAMED = {
    "cifar-10": Named((cifar.LAYOUT,)),
    "celeba": Named((celeba.LAYOUT,)),
    "celeba-hq": Named((plain.CLASSES,)),
    "celebamask-hq": Named((celebamask.DISTRIBUTED, celebamask.MERGED)),
    "ffhq-thumbnails": Named((plain.NUMBERED,)),
    "cmp-facades": Named((pairs.TWINS, pairs.PAIRS)),
    "edges2shoes": Named((pairs.PAIRS,)),
    "maps": Named((pairs.PAIRS,)),
    "horse2zebra": Named((unpaired.LAYOUT,), ("horse", "zebra")),
    "mt": Named((makeup.LAYOUT,)),
    "apdrawing": Named((apdrawing.LAYOUT,)),
    "webcaricature": Named((caricature.WARPGAN, caricature.INDEXED)),
    "cufs": Named((pairs.SKETCHES, pairs.PAIRS)),
}


def located(name: str, split: str = "train") -> tuple[Layout, Path] | None:
    """The format and the folder of a data set's files on this machine, of one that has the split if there is one."""
    found = [pair for folder in sources.candidates(name) for pair in find(NAMED[name].layouts, folder)]
    return next((pair for pair in found if split in pair[0].splits(pair[1])), found[0] if found else None)


def available(name: str, split: str) -> bool:
    """Whether a split of a data set can be opened without a network."""
    found = located(name, split)
    return found is not None and split in found[0].splits(found[1])


def open_named(name: str, *, timeout: float = 20.0, **options: Any) -> Dataset:
    """A data set by its name, downloaded where it is not here; ``options`` as :func:`labkit.data.open` has them.

    Raises:
        UserError: when its files can't be had, or are not laid out as they should be.
    """
    found = located(name, options["split"])
    if found is None:
        folder = sources.fetch_dataset(name, timeout=timeout)
        found = located(name, options["split"])
    if found is None:
        expected = " or ".join(layout.name for layout in NAMED[name].layouts)
        raise UserError(f"the files in {folder} are not laid out as {expected}: see labkit data info {name}")
    data = open_layout(found[0], found[1], name, **options)
    return replace(data, classes=NAMED[name].classes) if NAMED[name].classes else data


def open_path(
    path: str | Path,
    *,
    layout: str | None,
    size: int | None,
    channels: int | None,
    split: str,
    fields: Sequence[str] | None,
    label_order: str | None,
) -> Dataset:
    """A folder: in the format that it is said to have or that only it can have, else as a folder of pictures.

    Raises:
        UserError: for an unknown layout, a folder that doesn't have it, and whatever can't be read.
    """
    folder = Path(path).expanduser()
    known = [*LAYOUTS, FOLDER]
    if layout not in (None, *known):
        raise UserError(nearest(str(layout), known, "layout"))
    tried = [LAYOUTS[layout]] if layout in LAYOUTS else [] if layout else LAYOUTS.values()
    found = next(find(tried, folder, told=layout is not None), None)
    if found is None and layout is None and "paired" in (fields or ()):  # any picture has two halves: only if asked for
        found = next(find([LAYOUTS["pairs"]], folder), None)
    if found is not None:
        options = {"size": size, "channels": channels, "split": split, "fields": fields, "label_order": label_order}
        return open_layout(*found, str(path), **options)  # type: ignore[arg-type]
    if layout in LAYOUTS:
        missing = "" if folder.is_dir() else ": there is no such folder"
        raise UserError(f"{folder} is not laid out as {layout!r}{missing}")
    if label_order is not None:
        raise UserError(f"label_order is for folders like layout='images+masks'; {folder} is read as 'folder'")
    data = open_folder(path, size=size, channels=channels, split=split)
    return data if fields is None else data.only(fields)
