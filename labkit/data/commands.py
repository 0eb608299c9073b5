"""``labkit data list | info | fetch | verify | path | preview``: what there is, how to get it, what it looks like."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from labkit.data import catalogue, mnist, sources
from labkit.data.arrays import root
from labkit.data.cards import cards
from labkit.data.sheets import contact_sheet, opened
from labkit.errors import UserError, nearest

_TOLD = 5


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
        description="What data there is, how to get it, where it lies, and what it looks like.",
        epilog=f"Downloads and arrays lie in {root()}; the environment variable LABKIT_DATA names another folder.",
    )
    actions = top.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, help_text in (
        ("list", "the data sets labkit knows by name"),
        ("info", "a data set's card: who made it, licence, consent, known biases, sources"),
        ("fetch", "download a data set and unpack it; a stopped download goes on where it was"),
        ("verify", "compare a data set's files with their checksums"),
        ("path", "where a data set's files lie"),
        ("preview", "a sheet of its pictures"),
    ):
        action = actions.add_parser(name, help=help_text, description=help_text)
        if name != "list":
            what = "a data set" if name in ("fetch", "verify") else "a data set, or a folder of pictures"
            action.add_argument("name", metavar="NAME" if name in ("fetch", "verify") else "NAME|FOLDER", help=what)
        if name in ("list", "info", "path"):
            action.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    preview = actions.choices["preview"]
    preview.add_argument("--out", metavar="FILE", help="the picture to write (default: NAME.png in this folder)")
    preview.add_argument(
        "--split", default="train", help="train, valid or test (default: train); the faces have seen, unseen and people"
    )
    preview.add_argument("--size", type=int, help="height and width of each picture in pixels")
    preview.add_argument("--fields", metavar="A,B", help="what to show of each example (image,labels,paired,landmarks)")
    for name in ("info", "preview"):
        action = actions.choices[name]
        action.add_argument("--layout", help="how a folder's files lie, where that can't be told: pairs for A|B, ...")
        action.add_argument("--label-order", metavar="ORDER", help="of a folder's class maps: celebamask-hq, ...")
    return top


def _list(arguments: argparse.Namespace) -> int:
    rows = [
        {
            "name": name,
            "title": cards()[name]["title"],
            "images": cards()[name]["splits"],
            "image": cards()[name]["image"],
            "here": _here(name),
            "test_pack": _test_pack(name),
        }
        for name in sorted(cards())
    ]
    if arguments.as_json:
        return _json(rows)
    for row in rows:
        counts = " + ".join(f"{count:,} {split}" for split, count in row["images"].items())
        print(f"{row['name']:<16} {row['title']:<40} {counts:<36} {_state(row)}")
    print(f"{'PATH':<16} any folder of pictures")
    return 0


def _state(row: dict[str, Any]) -> str:
    if row["test_pack"]:
        # MNIST's files are checked byte by byte, so its pack is the whole of it.
        return "test pack" if row["name"] in mnist.NAMES else "test pack (part)"
    return "here" if row["here"] else "to download" if cards()[row["name"]]["files"] else "by hand"


def _info(arguments: argparse.Namespace) -> int:
    facts = _facts(arguments.name, arguments.layout, arguments.label_order)
    if arguments.as_json:
        return _json(facts)
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{part} {amount}" for part, amount in value.items())
        elif isinstance(value, list):
            line = _file if key == "files" else _line
            value = "".join(f"\n  - {line(item)}" for item in value) or "none"
        print(f"{key.replace('_', ' ')}: {value}")
    return 0


def _line(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    return ", ".join(f"{key} {' '.join(value) if isinstance(value, list) else value}" for key, value in item.items())


def _file(item: dict[str, Any]) -> str:
    """A file of a card."""
    unknown = not {"sha256", "md5"} & item.keys()
    return _line(item) + (", checksum not known: the first download records it" if unknown else "")


def _here(name: str) -> bool:
    return sources.built_in(name) or catalogue.available(name) or sources.here(name)


def _test_pack(name: str) -> bool:
    """Whether what :func:`labkit.data.open` reads is a pack for tests, named by LABKIT_TEST_DATA."""
    found = catalogue.folder_of(name)
    return found is not None and sources.in_pack(name, found)


def _facts(name: str, layout: str | None, label_order: str | None) -> dict[str, Any]:
    if name in cards():
        if layout is not None or label_order is not None:
            raise UserError(f"--layout and --label-order say how a folder is read: of {name} there is a card to show")
        here = {"here": _here(name), "test_pack": _test_pack(name), "path": str(_place(name))}
        return {"name": name, **cards()[name], **here}
    data = catalogue.open(name, layout=layout, label_order=label_order)
    return {
        "name": name,
        "images": len(data),
        "image": dict(zip(("channels", "height", "width"), data.image_shape)),
        "classes": list(data.classes),
        "skipped": [{"file": file, "reason": reason} for file, reason in data.skipped],
        "path": str(_place(name)),
    }


def _place(name: str) -> Path:
    if name in cards():
        if sources.built_in(name):
            return root() / "arrays"
        found, home = catalogue.folder_of(name), sources.home(name)
        return home if found is None or found.is_relative_to(home) else found
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise UserError(nearest(name, cards(), "data set") + ", or the path of a folder of pictures")
    return folder.resolve()


def _fetch(arguments: argparse.Namespace) -> int:
    name = arguments.name
    if name in cards():
        card = cards()[name]
        print(f"{card['title']}. Terms: {card['licence'].strip()}", file=sys.stderr)
        if sources.built_in(name):
            print(f"{name} is built in: there is nothing to download")
            return 0
    print(sources.fetch_dataset(name))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    checked = sources.verify(arguments.name)
    if checked.made:
        print(f"no checksums are known for {arguments.name}: {checked.made} lists them now, for the next time")
    for problem in checked.wrong[:_TOLD]:
        print(f"labkit: {problem}", file=sys.stderr)
    if checked.wrong:
        more = f" ({len(checked.wrong):,} files)" if len(checked.wrong) > 1 else ""
        print(f"labkit: {arguments.name} is not what it was{more}: delete that and fetch it again", file=sys.stderr)
        return 1
    print(f"{arguments.name}: {checked.good:,} files are as they should be")
    return 0


def _path(arguments: argparse.Namespace) -> int:
    place = _place(arguments.name)
    if arguments.as_json:
        return _json({"name": arguments.name, "path": str(place)})
    print(place)
    return 0


def _preview(arguments: argparse.Namespace) -> int:
    fields = arguments.fields.split(",") if arguments.fields else None
    how = {"layout": arguments.layout, "label_order": arguments.label_order}
    data = opened(arguments.name, size=arguments.size, split=arguments.split, fields=fields, **how)
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


def _json(value: Any) -> int:
    print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0


_ACTIONS = {
    "list": _list, "info": _info, "fetch": _fetch, "verify": _verify, "path": _path, "preview": _preview,
}  # fmt: skip
