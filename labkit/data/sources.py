"""Where a data set's files lie on this machine, how they get there, and whether they are still what they were."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tqdm.auto import tqdm

from labkit.data.arrays import cannot_write, root
from labkit.data.cards import Card, cards
from labkit.data.download import Fetched, Known, fetch, sha256, wrong
from labkit.data.unpack import Refused, sums_of, unpack
from labkit.errors import UserError, nearest

# The folders of LABKIT_TEST_DATA that hold a small part of a data set; the others have its own name.
_PACKS = {
    "celebamask-hq": ("celebamask_hq",),
    "mt": ("makeup",),
    "cmp-facades": ("facades_predlabels",),
    "cufs": ("cufs_sketch",),
    "apdrawing": ("apdrawing_single",),
    "webcaricature": ("webcaricature_lists", "caricature"),
}
_SUMS = "SHA256SUMS"


def place(name: str) -> Path:
    """The folder that a data set's files are downloaded to, or put into by hand; it need not exist."""
    return root() / name


def candidates(name: str) -> list[Path]:
    """The folders in which a data set's files are looked for, best first; none of them need exist.

    First :func:`place`, then the folder in it that the download makes; after them come the packs for tests, where the
    variable LABKIT_TEST_DATA names them.
    """
    given = os.environ.get("LABKIT_TEST_DATA")
    packs = [Path(given) / folder for folder in _PACKS.get(name, (name,))] if given else []
    inner = home(name)
    return [place(name), *([inner] if inner != place(name) else []), *packs]


def home(name: str) -> Path:
    """Where the files of a data set's card are put, and where its unpacked folders appear."""
    return place(name) / cards().get(name, {}).get("folder", "")


def in_pack(name: str, folder: Path) -> bool:
    """Whether one of the folders in :func:`candidates`, or one below it, is that of a pack for tests."""
    return not folder.is_relative_to(place(name))


def built_in(name: str) -> bool:
    """Whether a data set is made by labkit itself, so that there is nothing to download."""
    return bool(_card(name).get("built_in"))


def _card(name: str) -> Card:
    if name not in cards():
        raise UserError(nearest(name, cards(), "data set"))
    return cards()[name]


def _expected(path: Path, file: dict[str, Any]) -> Known:
    """What a file must be: by its card, else by the record of its download."""
    card = Known(file.get("bytes"), file.get("md5"), file.get("sha256"))
    return card if card.sha256 or card.md5 else _recorded(path) or card


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def fetch_dataset(name: str, *, timeout: float = 20.0, tell: Callable[[str], None] = _tell) -> Path:
    """Download and unpack what a data set lacks into :func:`place`, as its card says.

    Args:
        name: a data set with a card.
        timeout: seconds without an answer after which a source is given up.
        tell: called with a sentence for each step that a person should know of.

    Returns:
        The folder with the files; it is one of :func:`candidates`.

    Raises:
        UserError: for an unknown name, a built-in data set, files that only a person can get, or when no source gave
            them; it says how to put them there by hand.
    """
    card = _card(name)
    if built_in(name):
        raise UserError(f"{name} is built in: there is nothing to download")
    if not card["files"]:
        raise UserError(f"{name} can't be downloaded by a program: {_by_hand(name)}")
    for file in card["files"]:
        try:
            _get(name, file, timeout, tell)
        except ConnectionError as error:
            if not file.get("optional"):
                raise UserError(
                    f"{file['name']} of {name} could not be downloaded ({error}); try again later, or {_by_hand(name)}"
                ) from error
            tell(f"{name} goes without {file['name']} ({error})")
    return home(name)


def _by_hand(name: str) -> str:
    return f"{_card(name)['by_hand'].strip().rstrip('.')}; the place for the files is {home(name)}"


def _get(name: str, file: dict[str, Any], timeout: float, tell: Callable[[str], None]) -> None:
    """Have one file of a card here, checked and unpacked."""
    path = home(name) / file["name"]
    target = path.parent / file["unpack"] if "unpack" in file else None
    if target is not None and target.is_dir():
        return  # its name was given when it was complete
    expected = _expected(path, file)
    came = None
    if path.exists():
        problem = wrong(path, expected)
        if problem:
            raise UserError(f"{path} {problem}: delete it, and fetch {name} again")
    else:
        came = fetch(
            addresses(name, file), path, md5_hex=expected.md5, sha256_hex=expected.sha256, size=expected.size,
            timeout=timeout, tell=lambda sentence: tell(f"{file['name']}: {sentence}"),
        )  # fmt: skip
        if came:
            _record(path, came)
    if target is not None:
        try:
            unpack(path, target, most_bytes=file.get("most_bytes"))
        except Refused as error:
            if came and not (expected.sha256 or expected.md5):
                _forget(path)  # nothing spoke against it before, and it must not be taken for good next time
                raise UserError(f"{error}; it was removed: fetch {name} again") from error
            raise


def addresses(name: str, file: dict[str, Any]) -> list[str]:
    """Where a file can be had, best first: its own addresses, else each of the card's with its name."""
    return file.get("sources") or [source + file["name"] for source in _card(name)["sources"]]


def _record_of(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _record(path: Path, came: Fetched) -> None:
    """Write down what came: for files without a known checksum it is the one that later checks compare with."""
    text = json.dumps({**came._asdict(), "date": time.strftime("%Y-%m-%d")}, indent=2)
    try:
        _record_of(path).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(path.parent, error) from error


def _recorded(path: Path) -> Known | None:
    try:
        record = json.loads(_record_of(path).read_text(encoding="utf-8"))
        return Known(record["size"], None, record["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)
    _record_of(path).unlink(missing_ok=True)


class Checked(NamedTuple):
    """What a check found: how many files are good, what is wrong, and which file was made to check with next time."""

    good: int
    wrong: list[str]
    made: Path | None = None


def here(name: str) -> bool:
    """Whether everything that the card lists is here, complete (what may be missing apart)."""
    needed = [file for file in _card(name)["files"] if not file.get("optional")] if name in cards() else []
    return bool(needed) and all((home(name) / file.get("unpack", file["name"])).exists() for file in needed)


def verify(name: str) -> Checked:
    """Compare what lies here with the card, with the record of the download, and with lists of checksums.

    Files that nobody gave a checksum for (put there by hand) are listed in a new ``SHA256SUMS``, for the next time.

    Raises:
        UserError: for an unknown or built-in data set, or one that is not here.
    """
    if built_in(name):
        raise UserError(f"{name} is built in: there are no files to verify")
    folder = next((path for path in candidates(name) if path.is_dir() and any(path.iterdir())), None)
    if folder is None:
        raise UserError(f"{name} is not here: fetch it with labkit data fetch {name}")
    good, bad = 0, []
    lists = {folder / _SUMS: folder}
    for file in cards()[name]["files"]:
        path = home(name) / file["name"]
        if path.is_file():
            expected = _expected(path, file)
            problem = wrong(path, expected)
            good += not problem and bool(expected.sha256 or expected.md5)
            bad += [f"{path} {problem}"] if problem else []
        if "unpack" in file:
            lists[sums_of(path.parent / file["unpack"])] = path.parent / file["unpack"]
    for sums, where in lists.items():
        if sums.is_file():
            checked = _compare(sums, where)
            good, bad = good + checked.good, bad + checked.wrong
    if good or bad:
        return Checked(good, bad)
    return Checked(0, [], _list_of(folder))


def _compare(sums: Path, folder: Path) -> Checked:
    good, bad = 0, []
    lines = sums.read_text(encoding="utf-8").splitlines()
    for line in tqdm(lines, desc=f"checking {folder.name}", unit=" files", leave=False):
        digest, _, file = line.partition("  ")
        path = folder / file
        if not path.is_file():
            bad.append(f"{path} is missing")
        elif sha256(path) != digest:
            bad.append(f"{path} has changed (its sha256 is not the one in {sums})")
        else:
            good += 1
    return Checked(good, bad)


def _list_of(folder: Path) -> Path:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    try:
        (folder / _SUMS).write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder / _SUMS
