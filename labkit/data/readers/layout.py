"""What all formats share: to be recognised in a folder, and to be opened through the array cache."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from labkit.data.dataset import Dataset
from labkit.data.folder import DEFAULT_SIZE, entry_name
from labkit.data.pictures import Unusable
from labkit.data.rows import Skipped, Table, open_table, stamps
from labkit.errors import UserError, nearest

T = TypeVar("T")

_ARCHIVE = 16


@dataclass(frozen=True)
class Ask:
    """What is to be read.

    Attributes:
        top: the folder that has the format.
        size: height and width in pixels.
        channels: 1 (grey) or 3 (RGB).
        split: ``train``, ``valid`` or ``test``.
        optional: those of the layout's optional fields that are wanted.
        label_order: the class maps' order, where the person gave it.
    """

    top: Path
    size: int
    channels: int
    split: str
    optional: frozenset[str] = frozenset()
    label_order: str | None = None


@dataclass(frozen=True)
class Layout:
    """A format on disk.

    Attributes:
        name: for ``layout=``.
        version: raised when the reader's result changes: cached arrays of another version are not used.
        here: whether this very folder has the format.
        splits: those that the folder has.
        table: the rows.
        fields: all that there may be.
        optional: fields that need files of their own; a picture that lacks them is skipped only where they are wanted.
        parts: the files and folders in it that decide the result.
        size: height and width where none is asked for.
        ordered: whether ``label_order`` means something.
        by_itself: whether a folder that has it may be taken for it without being told: nothing else looks like it.
    """

    name: str
    version: int
    here: Callable[[Path], bool]
    splits: Callable[[Path], tuple[str, ...]]
    table: Callable[[Ask], Table]
    fields: tuple[str, ...]
    optional: tuple[str, ...] = ()
    parts: Callable[[Path], Sequence[str]] = lambda top: ("",)
    size: int = DEFAULT_SIZE
    ordered: bool = False
    by_itself: Callable[[Path], bool] = lambda top: True


def find(layouts: Iterable[Layout], folder: Path, told: bool = True) -> Iterator[tuple[Layout, Path]]:
    """Which formats this folder has, and then those of the folders directly in it, as archives often unpack.

    Args:
        layouts: the formats in question.
        folder: where to look; it need not exist.
        told: whether a person or a card says that it is one of these; without that only what can't be mistaken counts.
    """
    if not folder.is_dir():
        return
    known = list(layouts)
    try:
        below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        # A folder of many folders is people or classes, and not what an archive makes.
        for top in [folder, *(below if len(below) <= _ARCHIVE else [])]:
            yield from ((layout, top) for layout in known if layout.here(top) and (told or layout.by_itself(top)))
    except OSError:
        return


def open_layout(
    layout: Layout,
    top: Path,
    name: str,
    *,
    size: int | None,
    channels: int | None,
    split: str,
    fields: Sequence[str] | None,
    label_order: str | None = None,
) -> Dataset:
    """Open a folder that has the format; the arguments are those of :func:`labkit.data.open`.

    Raises:
        UserError: for an unknown field or split, and whatever else can't be read.
    """
    if label_order is not None and not layout.ordered:
        raise UserError(f"label_order is for faces with class maps in one of two orders; {top} is {layout.name!r}")
    for field in fields or ():
        if field not in layout.fields:
            raise UserError(nearest(field, layout.fields, f"field of {name}"))
    splits = layout.splits(top)
    if split not in splits:
        raise UserError(f"{name} has no {split!r} split in {top}: it has {' and '.join(splits)}")
    side, depth = size or layout.size, channels or 3
    optional = frozenset(layout.optional if fields is None else set(layout.optional) & set(fields))
    ask = Ask(top, side, depth, split, optional, label_order)
    content = {"reader": layout.name, "version": layout.version, "files": stamps(top, layout.parts(top))}
    content |= {"size": side, "channels": depth, "split": split, "optional": sorted(optional), "order": label_order}
    entry = f"{entry_name(top)}-{layout.name}-{split}-{side}x{side}x{depth}"
    data = open_table(name, top, content, lambda: layout.table(ask), entry=entry, split=split)
    for field in fields or ():
        if field not in data.fields:
            why = f" ({data.note})" if data.note else ""
            raise UserError(f"{name} has no {field} here: {top} lacks the files for it{why}")
    return data if fields is None else data.only(fields)


def told(file: str, read: Callable[[], T]) -> T:
    """What a further file of a row holds; where it can't be used, that file is named, and not the row's picture."""
    try:
        return read()
    except Unusable as error:
        raise Unusable(error.reason, file) from error


def absent(listed: Sequence[str], present: Sequence[str], list_name: str) -> Skipped:
    """The entries of a list that have no picture, as skipped."""
    there = set(present)
    return [(name, f"in {list_name}, but there is no such picture") for name in listed if name not in there]


def unlisted(present: Sequence[str], listed: Sequence[str], list_name: str) -> Skipped:
    """The pictures that a list lacks, as skipped."""
    there = set(listed)
    return [(name, f"not in {list_name}") for name in present if name not in there]
