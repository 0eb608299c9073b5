"""Contact sheets: what a data set looks like on one page."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from labkit.data import catalogue
from labkit.data.dataset import Dataset
from labkit.nn.palette import CLASS_COLOURS

_COLUMNS = 16
_ROWS = 8
PLACES = _COLUMNS * _ROWS
"""How many pictures a sheet has at most."""

_DOT = (0, 255, 64)


def preview(
    name: str | Path,
    *,
    size: int | None = None,
    split: str = "train",
    fields: Sequence[str] | None = None,
    layout: str | None = None,
    label_order: str | None = None,
) -> Image.Image:
    """A contact sheet of a data set or a folder; a notebook shows it where it is the last value of a cell.

    Args:
        name: a data set or a folder.
        size: height and width of each picture in pixels.
        split: as for :func:`labkit.data.open`.
        fields: which fields are shown side by side; all that are pictures where not given.
        layout: as for :func:`labkit.data.open`.
        label_order: as for :func:`labkit.data.open`.

    Raises:
        UserError: as :func:`labkit.data.open`.
    """
    return contact_sheet(opened(name, size=size, split=split, fields=fields, layout=layout, label_order=label_order))


def opened(name: str | Path, *, split: str = "train", **options: Any) -> Dataset:
    """What a sheet is made of: of the built-in faces, which are drawn when first used, no more than are shown."""
    count = None
    if name in catalogue.FACES:
        from labkit.data.faces import EACH  # not at the top: it is also a program of its own

        count = PLACES - PLACES % EACH if split == "people" else PLACES
    return catalogue.open(name, split=split, count=count, **options)


def contact_sheet(data: Dataset, rows: int = _ROWS, columns: int = _COLUMNS) -> Image.Image:
    """Pictures spread evenly over the data set, side by side; with up to 20 classes, one class a row.

    Of several fields that are pictures (``image``, ``paired``, ``labels``, ...) each example shows all of them, label
    maps in colour and landmarks as dots on the image.

    Args:
        data: what to show.
        rows: how many rows, where a row is not a class.
        columns: pictures a row.

    Returns:
        The sheet, black where there are fewer pictures than places.
    """
    fields = shown(data)
    height, width = data.fields["image"].shape[1:3]
    across = max(1, columns // len(fields))
    channels = 1 if fields == ["image"] and data.channels == 1 and "landmarks" not in data.fields else 3
    places = _places(data, rows, across)
    sheet = np.zeros((len(places) * height, across * len(fields) * width, channels), dtype=np.uint8)
    for row, which in enumerate(places):
        left = 0
        for example in which:
            for picture in _pictures(data, int(example), fields, channels):
                sheet[row * height : (row + 1) * height, left : left + width] = picture
                left += width
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet)


def shown(data: Dataset) -> list[str]:
    """The fields that are pictures of the image's size, ``image`` first: (N, H, W, C) uint8, and label maps."""
    size = data.fields["image"].shape[1:3]
    return ["image"] + [
        field
        for field, array in data.fields.items()
        if field != "image" and array.dtype == np.uint8 and array.ndim in (3, 4) and array.shape[1:3] == size
    ]


def _places(data: Dataset, rows: int, across: int) -> list[np.ndarray]:
    """The examples of each row."""
    if "label" in data.fields and 1 < len(data.classes) <= 20:
        labels = data.fields["label"]
        return [np.flatnonzero(labels == number)[:across] for number in range(len(data.classes))]
    spread = np.unique(np.linspace(0, len(data) - 1, min(rows * across, len(data))).astype(int))
    return [spread[start : start + across] for start in range(0, len(spread), across)]


def _pictures(data: Dataset, example: int, fields: list[str], channels: int) -> Iterator[np.ndarray]:
    """An example's pictures (H, W, channels), in the order of the fields."""
    for field in fields:
        picture = np.asarray(data.fields[field][example])
        if picture.ndim == 2:
            picture = CLASS_COLOURS[picture % len(CLASS_COLOURS)]
        picture = np.repeat(picture, channels, axis=2) if picture.shape[2] < channels else picture
        if field == "image" and "landmarks" in data.fields:
            picture = _dotted(picture, data.fields["landmarks"][example])
        yield picture


def _dotted(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The picture with a green pixel at each landmark (K, 2), x before y; those outside are left out."""
    x, y = np.rint(np.nan_to_num(points, nan=-1)).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < picture.shape[1]) & (y < picture.shape[0])
    dotted = picture.copy()
    dotted[y[inside], x[inside]] = _DOT
    return dotted
