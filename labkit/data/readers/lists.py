"""The lists that come with CelebA and its kin: a line a picture, its name and then numbers."""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from labkit.data.pictures import is_picture
from labkit.errors import UserError


def read_text(path: Path) -> str:
    """A text file, or one in ``.gz``.

    Raises:
        UserError: when it can't be read or is no text.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UserError(f"the list {path} can't be read ({error})") from error


def listed_names(path: Path) -> list[str]:
    """The names in a list with one name a line, without empty lines."""
    return [line.strip() for line in read_text(path).splitlines() if line.strip()]


def table(path: Path) -> tuple[list[str], dict[str, list[str]]]:
    """A list with numbers, divided by blanks or by commas.

    A first line with the number of entries and a line with the columns' names are known by having no picture in front.

    Returns:
        The columns' names, without the pictures' own (none where the list has no such line), and each picture's values.
    """
    lines = [line.replace(",", " ").split() for line in read_text(path).splitlines()]
    lines = [line for line in lines if line]
    header: list[str] = []
    while lines and not is_picture(lines[0][0]):
        header = lines.pop(0)
    if header[:1] == ["image_id"]:
        header = header[1:]
    return ([] if len(header) == 1 and header[0].isdigit() else header), {line[0]: line[1:] for line in lines}


def numbers(values: dict[str, list[str]], names: Sequence[str], width: int) -> tuple[np.ndarray, np.ndarray]:
    """The values of some pictures as numbers.

    Returns:
        (N, width) float64, and (N,) bool: which pictures have an entry of that width with nothing but numbers.
    """
    found = np.zeros((len(names), width))
    good = np.zeros(len(names), dtype=bool)
    for row, name in enumerate(names):
        entry = values.get(name, ())
        if len(entry) == width:
            try:
                found[row] = entry
                good[row] = True
            except ValueError:
                continue
    return found, good


def points(path: Path, count: int) -> np.ndarray | None:
    """Landmarks from a file with ``x y`` a line: (count, 2), or None where it is missing or holds something else."""
    try:
        found = np.array(path.read_text(encoding="utf-8").split(), dtype=np.float64)
    except (OSError, ValueError):
        return None
    return found.reshape(count, 2) if found.size == 2 * count and np.isfinite(found).all() else None
