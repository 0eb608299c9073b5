"""Two domains without pairs, as CycleGAN's data lie: ``trainA``, ``trainB``, ``testA``, ``testB``."""

from pathlib import Path
from typing import Any

from labkit.data.pictures import pictures_in, read_picture
from labkit.data.readers.layout import Ask, Layout
from labkit.data.rows import Table

DOMAINS = ("A", "B")
_SPLITS = {"train": "train", "valid": "val", "test": "test"}


def _splits(top: Path) -> tuple[str, ...]:
    return tuple(
        split for split, name in _SPLITS.items() if all((top / f"{name}{domain}").is_dir() for domain in DOMAINS)
    )


def _table(ask: Ask) -> Table:
    folders = [f"{_SPLITS[ask.split]}{domain}" for domain in DOMAINS]
    rows = [(f"{folder}/{name}", i) for i, folder in enumerate(folders) for name in pictures_in(ask.top / folder)]

    def decode(row: int) -> dict[str, Any]:
        file, label = rows[row]
        return {"image": read_picture(ask.top / file, ask.size, ask.channels), "label": label}

    return Table([file for file, _ in rows], decode, DOMAINS)


LAYOUT = Layout(
    "unpaired",
    1,
    here=lambda top: "train" in _splits(top),
    splits=_splits,
    table=_table,
    fields=("image", "label"),
    parts=lambda top: [f"{name}{domain}" for name in _SPLITS.values() for domain in DOMAINS],
)
