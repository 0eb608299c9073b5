"""A data set in memory's reach: named uint8 arrays, one row an example."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError, nearest

_SAMPLED_ROWS = 64


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures and what is known about them.

    Attributes:
        name: what :func:`labkit.data.open` was asked for.
        fields: one array a field, all of the same length N. ``image`` is (N, H, W, C) uint8 in 0..255 with C 1 or 3,
            usually a memory map; ``label``, where there is one, (N,) int64 that indexes ``classes``.
        classes: the names of the labels; empty without labels.
        skipped: (path, reason) of every source file that could not be used.
        split: ``train`` or ``test``.
        note: one sentence about how the data was come by, where there is something to say.
        names: what the numbers of other fields stand for: ``names["attributes"]`` names its columns,
            ``names["identity"]`` the people where they are known by name.
        drawn: of a data set that is drawn, what was asked for: all else follows from it.

    Raises:
        ValueError: when there is no ``image`` field of that kind, or the fields differ in length.
    """

    name: str
    fields: dict[str, np.ndarray]
    classes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    split: str = "train"
    note: str = ""
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    drawn: str = ""

    def __post_init__(self) -> None:
        image = self.fields.get("image")
        if image is None or image.dtype != np.uint8 or image.ndim != 4:
            raise ValueError("a Dataset needs a field 'image' of shape (N, H, W, C) and dtype uint8")
        lengths = {field: len(array) for field, array in self.fields.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"the fields differ in length: {lengths}")

    def __len__(self) -> int:
        return len(self.fields["image"])

    def __repr__(self) -> str:
        fields = ", ".join(f"{field} {tuple(array.shape)}" for field, array in self.fields.items())
        skipped = f", {len(self.skipped)} files skipped" if self.skipped else ""
        return f"Dataset({self.name!r}, {self.split}: {fields}{skipped})"

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one picture, as a network sees it."""
        height, width, channels = self.fields["image"].shape[1:]
        return channels, height, width

    @property
    def size(self) -> int:
        """Height of a picture in pixels (pictures are square unless an array of another shape was given)."""
        return self.fields["image"].shape[1]

    @property
    def channels(self) -> int:
        """1 for grey pictures, 3 for RGB."""
        return self.fields["image"].shape[3]

    def images(self, which: int | slice | Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """Pictures as (n, H, W, C) uint8: the first n, a slice, a list of indices, or all."""
        rows = slice(which) if isinstance(which, int) or which is None else which
        return np.asarray(self.fields["image"][rows])

    def tensor(self, indices: Sequence[int] | np.ndarray | Tensor) -> dict[str, Tensor]:
        """Rows as a :class:`~labkit.data.Stream` gives them: ``image`` (n, C, H, W) in [-1, 1], ``label`` int64."""
        rows = torch.as_tensor(np.asarray(indices), dtype=torch.int64)
        return {field: as_input(torch.from_numpy(array).index_select(0, rows)) for field, array in self.fields.items()}

    def only(self, fields: Sequence[str]) -> "Dataset":
        """The same rows with ``image`` and these fields alone.

        Raises:
            UserError: for a field that there is not, with the nearest.
        """
        for name in fields:
            if name not in self.fields:
                raise UserError(nearest(name, self.fields, f"field of {self.name}"))
        return replace(self, fields={name: a for name, a in self.fields.items() if name == "image" or name in fields})

    def where(self, **wanted: Any) -> "Dataset":
        """The rows with given values: ``where(label="horse")``, ``where(identity=[3, 7])``, ``where(Smiling=1)``.

        Rows that lie one after the other, such as a domain's, stay in the cache file; others are copied into memory.

        Args:
            wanted: by field with one number a row, or by attribute: a number, a name, or several.

        Raises:
            UserError: for an unknown field, attribute or name, with the nearest, or when no row is left.
        """
        kept = np.ones(len(self), dtype=bool)
        for key, value in wanted.items():
            column, names = self._column(key)
            values = [value] if isinstance(value, str) or np.ndim(value) == 0 else list(value)
            kept &= np.isin(column, [self._number(one, names, key) for one in values])
        if not kept.any():
            said = ", ".join(f"{key}={value!r}" for key, value in wanted.items())
            raise UserError(f"no picture of {self.name} has {said}")
        rows = np.flatnonzero(kept)
        block = slice(int(rows[0]), int(rows[-1]) + 1)
        together = block.stop - block.start == len(rows)
        kept_fields = {name: array[block if together else rows] for name, array in self.fields.items()}
        return replace(self, fields=kept_fields, drawn="")

    def _column(self, key: str) -> tuple[np.ndarray, tuple[str, ...]]:
        attributes = self.names.get("attributes", ())
        if key in attributes and "attributes" in self.fields:
            return self.fields["attributes"][:, attributes.index(key)], ()
        columns = [name for name, array in self.fields.items() if array.ndim == 1]
        if key not in columns:
            raise UserError(nearest(key, [*columns, *attributes], f"field of {self.name}"))
        return self.fields[key], self.classes if key == "label" else self.names.get(key, ())

    @staticmethod
    def _number(value: Any, names: tuple[str, ...], key: str) -> int:
        if not isinstance(value, str):
            return int(value)
        if value not in names:
            raise UserError(nearest(value, names, key))
        return names.index(value)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change with the name, split, shapes or content; 64 rows of each field are looked at.

        Of a data set that is drawn the request is looked at instead: another kind of device draws it a grey level off,
        and a run may go on there.
        """
        digest = hashlib.sha256(f"{self.name.rstrip('/').rsplit('/', 1)[-1]}|{self.split}".encode())
        rows = np.unique(np.linspace(0, max(len(self) - 1, 0), min(_SAMPLED_ROWS, len(self))).astype(np.int64))
        for name in sorted(self.fields):
            array = self.fields[name]
            digest.update(f"|{name}|{array.dtype.str}|{array.shape}|".encode())
            digest.update(self.drawn.encode() or np.ascontiguousarray(array[rows]).tobytes())
        return digest.hexdigest()[:16]


def as_input(rows: Tensor) -> Tensor:
    """What a network wants of stored rows.

    Args:
        rows: pictures (n, H, W, C) uint8 in 0..255, or any other field.

    Returns:
        Pictures as float32 (n, C, H, W) in [-1, 1] with channels_last strides; any other field as it is.
    """
    if rows.ndim == 4 and rows.dtype == torch.uint8:
        return rows.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    return rows
