"""A data set in memory's reach: named uint8 arrays, one row an example."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

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

    Raises:
        ValueError: when there is no ``image`` field of that kind, or the fields differ in length.
    """

    name: str
    fields: dict[str, np.ndarray]
    classes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    split: str = "train"
    note: str = ""

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

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change with the name, split, shapes or content; 64 rows of each field are looked at."""
        digest = hashlib.sha256(f"{self.name.rstrip('/').rsplit('/', 1)[-1]}|{self.split}".encode())
        rows = np.unique(np.linspace(0, max(len(self) - 1, 0), min(_SAMPLED_ROWS, len(self))).astype(np.int64))
        for field in sorted(self.fields):
            array = self.fields[field]
            digest.update(f"|{field}|{array.dtype.str}|{array.shape}|".encode())
            digest.update(np.ascontiguousarray(array[rows]).tobytes())
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
