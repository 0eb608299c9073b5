"""The makeup set (MT): faces with and without makeup, each with a class map.

``images/{makeup,non-makeup}/NAME``, the list files ``makeup.txt`` and ``non-makeup.txt``, and class maps of the same
names in one or more of ``seg1`` (19 classes, face-parsing's order), ``segs`` (PSGAN's 14) and ``parsing`` (the set's
own 14, in another order). A map of another size than its picture shows the same square and is resized.
"""

from functools import partial
from pathlib import Path
from typing import Any

from labkit.data.pictures import Unusable, pictures_in, read_picture
from labkit.data.readers import lists
from labkit.data.readers.celebamask import read_labels
from labkit.data.readers.layout import Ask, Layout, absent, told, unlisted
from labkit.data.rows import Skipped, Table

# The picture without makeup comes first: it is what makeup is put on.
DOMAINS = ("non-makeup", "makeup")
# Best first: the one with all 19 classes.
MAPS = {"seg1": "face-parsing", "segs": "psgan", "parsing": "mt"}


def _table(ask: Ask) -> Table:
    rows: list[tuple[str, int]] = []
    skipped: Skipped = []
    for label, domain in enumerate(DOMAINS):
        present = [f"{domain}/{name}" for name in pictures_in(ask.top / "images" / domain)]
        listing = f"{domain}.txt"
        if (ask.top / listing).is_file():
            listed = lists.listed_names(ask.top / listing)
            wrong = absent(listed, present, listing) + unlisted(present, listed, listing)
            skipped += [(f"images/{name}", reason) for name, reason in wrong]
            present = [name for name in present if name in set(listed)]
        rows += [(name, label) for name in present]
    wanted = "labels" in ask.optional

    def decode(row: int) -> dict[str, Any]:
        name, label = rows[row]
        image = read_picture(ask.top / "images" / name, ask.size, ask.channels)
        if not wanted:
            return {"image": image, "label": label}
        folder = next((folder for folder in MAPS if (ask.top / folder / name).is_file()), None)
        if folder is None:
            raise Unusable(f"has no class map in {', '.join(MAPS)}")
        read = partial(read_labels, ask.top / folder / name, ask.size, MAPS[folder])
        return {"image": image, "labels": told(f"{folder}/{name}", read), "label": label}

    return Table([f"images/{name}" for name, _ in rows], decode, DOMAINS, skipped=skipped)


def _here(top: Path) -> bool:
    return all((top / "images" / domain).is_dir() for domain in DOMAINS)


LAYOUT = Layout(
    "makeup",
    1,
    here=_here,
    splits=lambda top: ("train",),
    table=_table,
    fields=("image", "labels", "label"),
    optional=("labels",),
    parts=lambda top: ("images", *MAPS, *(f"{domain}.txt" for domain in DOMAINS)),
)
