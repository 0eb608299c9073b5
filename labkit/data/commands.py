"""``labkit data list | info | path | preview``: what there is, where it lies, and what it looks like."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from labkit.data import catalogue, mnist
from labkit.data.arrays import root
from labkit.data.cards import cards
from labkit.data.dataset import Dataset
from labkit.errors import UserError, nearest

_COLUMNS = 16
_ROWS = 8


def main(words: Sequence[str]) -> int:
    """Run ``labkit data`` with the words that follow it, and return the exit code.

    Raises:
        UserError: for an unknown data set (with the nearest names), or one that can't be had.
    """
    arguments = parser().parse_args(list(words))
    return _ACTIONS[arguments.action](arguments)


def parser() -> argparse.ArgumentParser:
    """The words of ``labkit data``."""
    top = argparse.ArgumentParser(
        prog="labkit data",
        description="What data there is, where it lies, and what it looks like.",
        epilog=f"Downloads and arrays lie in {root()}; the environment variable LABKIT_DATA names another folder.",
    )
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, help_text in (
        ("list", "the data sets labkit knows by name"),
        ("info", "a data set's card: who made it, licence, consent, known biases, sources"),
        ("path", "where a data set's files lie"),
        ("preview", "a sheet of its pictures"),
    ):
        action = actions.add_parser(name, help=help_text, description=help_text)
        if name != "list":
            action.add_argument("name", metavar="NAME|FOLDER", help="a data set, or a folder of pictures")
        if name != "preview":
            action.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    preview = actions.choices["preview"]
    preview.add_argument("--out", metavar="FILE", help="the picture to write (default: NAME.png in this folder)")
    preview.add_argument("--split", default="train", help="train or test (default: train)")
    preview.add_argument("--size", type=int, help="height and width of each picture in pixels")
    return top


def _list(arguments: argparse.Namespace) -> int:
    rows = [
        {
            "name": name,
            "title": cards()[name]["title"],
            "images": cards()[name]["splits"],
            "image": cards()[name]["image"],
            "here": catalogue.available(name),
        }
        for name in sorted(catalogue.READERS)
    ]
    if arguments.as_json:
        return _json(rows)
    for row in rows:
        counts = " + ".join(f"{count:,} {split}" for split, count in row["images"].items())
        here = "here" if row["here"] else "to download"
        print(f"{row['name']:<10} {row['title']:<28} {counts:<28} {here}")
    print("PATH       any folder of pictures")
    return 0


def _info(arguments: argparse.Namespace) -> int:
    facts = _facts(arguments.name)
    if arguments.as_json:
        return _json(facts)
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{part} {amount}" for part, amount in value.items())
        elif isinstance(value, list):
            value = "".join(f"\n  - {_line(item)}" for item in value) or "none"
        print(f"{key.replace('_', ' ')}: {value}")
    return 0


def _line(item: Any) -> str:
    return ", ".join(f"{key} {value}" for key, value in item.items()) if isinstance(item, dict) else str(item)


def _facts(name: str) -> dict[str, Any]:
    if name in catalogue.READERS:
        return {"name": name, **cards()[name], "here": catalogue.available(name), "path": str(_place(name))}
    data = catalogue.open(name)
    return {
        "name": name,
        "images": len(data),
        "image": dict(zip(("channels", "height", "width"), data.image_shape)),
        "classes": list(data.classes),
        "skipped": [{"file": file, "reason": reason} for file, reason in data.skipped],
        "path": str(_place(name)),
    }


def _place(name: str) -> Path:
    if name == "mnist":
        return mnist.raw_folders()[0]
    if name in catalogue.READERS:
        return root() / "arrays"
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise UserError(nearest(name, catalogue.READERS, "data set") + ", or the path of a folder of pictures")
    return folder.resolve()


def _path(arguments: argparse.Namespace) -> int:
    place = _place(arguments.name)
    if arguments.as_json:
        return _json({"name": arguments.name, "path": str(place)})
    print(place)
    return 0


def _preview(arguments: argparse.Namespace) -> int:
    data = catalogue.open(arguments.name, size=arguments.size, split=arguments.split)
    stem = Path(arguments.name).expanduser().resolve().name if arguments.name not in cards() else arguments.name
    out = Path(arguments.out or f"{stem}.png")
    sheet = contact_sheet(data)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(out)
    except ValueError as error:
        raise UserError(f"can't tell from the name {out} which kind of picture to write: end it in .png") from error
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}") from error
    _show(sheet)
    print(f"{data!r} → {out}")
    if data.note:
        print(data.note, file=sys.stderr)
    return 0


def _show(sheet: Image.Image) -> None:
    """In a notebook, show the sheet as well."""
    shell = sys.modules.get("IPython")
    if shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None:
        from IPython.display import display

        display(sheet)


def contact_sheet(data: Dataset, rows: int = _ROWS, columns: int = _COLUMNS) -> Image.Image:
    """Pictures spread evenly over the data set, side by side; with up to 20 classes, one class a row.

    Args:
        data: what to show.
        rows: how many rows, where a row is not a class.
        columns: pictures a row.

    Returns:
        The sheet, black where there are fewer pictures than places.
    """
    height, width, channels = data.fields["image"].shape[1:]
    if "label" in data.fields and 1 < len(data.classes) <= 20:
        labels = data.fields["label"]
        places = [np.flatnonzero(labels == number)[:columns] for number in range(len(data.classes))]
    else:
        spread = np.unique(np.linspace(0, len(data) - 1, min(rows * columns, len(data))).astype(int))
        places = [spread[start : start + columns] for start in range(0, len(spread), columns)]
    sheet = np.zeros((len(places) * height, columns * width, channels), dtype=np.uint8)
    for row, which in enumerate(places):
        strip = data.images(which).transpose(1, 0, 2, 3).reshape(height, -1, channels)
        sheet[row * height : (row + 1) * height, : strip.shape[1]] = strip
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet)


def _json(value: Any) -> int:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0


_ACTIONS = {"list": _list, "info": _info, "path": _path, "preview": _preview}
