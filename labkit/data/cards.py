"""Dataset cards: what a data set is, who made it, on which terms, where its files are (``datasets/README.md``)."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from labkit.data.arrays import checkout

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Card = dict[str, Any]


def cards_folder() -> Path:
    """Where the cards lie: in the checkout's ``datasets/``, or in the package when it was installed from a wheel."""
    here = checkout()
    return here / "datasets" if here else Path(__file__).resolve().parents[1] / "_datasets"


@cache
def cards() -> dict[str, Card]:
    """Every card by its data set's name; a card's keys are explained in ``datasets/README.md``.

    One card serves both ``faces`` and ``faces-natural``, which are the same faces drawn by two samplers.
    """
    found = {}
    for path in sorted(cards_folder().glob("*.toml")):
        with path.open("rb") as file:
            found[path.stem] = tomllib.load(file)
    faces = found["faces"]
    related = "Sex, age and skin tone each move many factors together here, as in life."
    found["faces-natural"] = {**faces, "title": f"{faces['title']}, natural", "shows": f"{faces['shows']} {related}"}
    return found
