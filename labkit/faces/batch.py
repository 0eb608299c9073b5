"""Many faces at once: one row of numbers a face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labkit.errors import UserError, nearest
from labkit.faces.parameters import INDEX, NAMES, PARAMETERS, Face, Parameter, in_group


@dataclass(frozen=True, eq=False)
class Faces:
    """A batch of N faces.

    Attributes:
        values: (N, P) float32, a column a parameter in the order of :data:`labkit.faces.parameters.NAMES`.
        person: (N,) int64, who each one is.

    Raises:
        ValueError: when the shapes don't fit.
    """

    values: np.ndarray
    person: np.ndarray

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(NAMES) or len(self.person) != len(self.values):
            raise ValueError(f"values must be (N, {len(NAMES)}) and person (N,)")

    @classmethod
    def of(cls, faces: "Faces | Face | Sequence[Face]") -> "Faces":
        """A batch from one face, a list of faces, or a batch."""
        if isinstance(faces, Faces):
            return faces
        rows = [faces] if isinstance(faces, Face) else list(faces)
        values = np.array([[getattr(face, name) for name in NAMES] for face in rows], dtype=np.float32)
        return cls(values.reshape(len(rows), len(NAMES)), np.array([face.person for face in rows], dtype=np.int64))

    @classmethod
    def join(cls, batches: Sequence["Faces"]) -> "Faces":
        """One batch after the other."""
        return cls(np.concatenate([b.values for b in batches]), np.concatenate([b.person for b in batches]))

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Face]:
        return (self.face(i) for i in range(len(self)))

    def face(self, row: int) -> Face:
        """One row as a :class:`Face`."""
        values = zip(PARAMETERS, self.values[row].tolist(), strict=True)
        numbers: dict[str, Any] = {p.name: int(value) if p.choices else value for p, value in values}
        return Face(**numbers, person=int(self.person[row]))

    def __getitem__(self, which: Any) -> Any:
        """A parameter's column (N,) by its name; a :class:`Face` by a number; a batch by a slice, mask or indices."""
        if isinstance(which, str):
            return self.values[:, _column(which)]
        if isinstance(which, (int, np.integer)):
            return self.face(int(which))
        return Faces(self.values[which], self.person[which])

    def replace(self, **columns: Any) -> "Faces":
        """The same faces with some parameters changed: ``faces.replace(smile=1.0, yaw=angles)``.

        Raises:
            UserError: for an unknown parameter, with the nearest name; a value that is no number, or no choice of a
                parameter that has choices. Other parameters may leave their range.
        """
        values = self.values.copy()
        for name, column in columns.items():
            index = _column(name)
            values[:, index] = column
            _check(PARAMETERS[index], values[:, index])
        return Faces(values, self.person)

    def adopt(self, other: "Faces | Face", *groups: str) -> "Faces":
        """These faces with whole groups of parameters from others: ``b.adopt(a, "pose", "expression", "light")``.

        The last is what a perfect face swap gives: b's identity with a's pose, expression and light.

        Args:
            other: as many faces, or one for all.
            groups: names from :data:`labkit.faces.parameters.GROUPS`; ``shape`` brings the person with it.

        Raises:
            UserError: for an unknown group, with the nearest names.
        """
        source = Faces.of(other)
        values, columns = self.values.copy(), in_group(*groups)
        values[:, columns] = source.values[:, columns]
        person = np.broadcast_to(source.person, self.person.shape).copy() if "shape" in groups else self.person
        return Faces(values, person)

    def of_persons(self, persons: np.ndarray) -> "Faces":
        """The same faces, said to be of these persons (N,)."""
        return Faces(self.values, np.asarray(persons, dtype=np.int64))


def _check(parameter: Parameter, column: np.ndarray) -> None:
    if not np.isfinite(column).all():
        raise UserError(f"{parameter.name} must be a number, not {column[~np.isfinite(column)][0]}")
    if parameter.choices:
        wrong = column[~np.isin(column, np.arange(len(parameter.choices)))]
        if len(wrong):
            listed = ", ".join(f"{i} {name}" for i, name in enumerate(parameter.choices))
            raise UserError(f"{parameter.name} has no choice {wrong[0]:g}; it has {listed}")


def _column(name: str) -> int:
    if name not in INDEX:
        raise UserError(nearest(name, NAMES, "parameter of a face"))
    return INDEX[name]
