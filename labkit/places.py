"""Which files are meant, and where the result of each goes: nothing that was given is ever overwritten."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from labkit.data.pictures import is_picture
from labkit.errors import UserError
from labkit.videos import SUFFIXES, is_video, need_ffmpeg


def find_files(inputs: Iterable[str | Path], out: Path) -> tuple[list[tuple[Path, Path]], list[tuple[Path, str]]]:
    """Each file once with the name that its result should have, without a suffix; and what can't be read, and why.

    What lies in `out` is an earlier result and is left out of the folders.

    Raises:
        UserError: an input that is not there, a folder without pictures, or one that the results would be written to.
    """
    files: dict[Path, tuple[Path, Path]] = {}
    unread: list[tuple[Path, str]] = []
    for given in map(Path, inputs):
        if not given.exists():
            raise UserError(f"there is no {given}")
        if not given.is_dir():
            files.setdefault(given.resolve(), (given, Path(given.stem)))
            continue
        if given.resolve() == out.resolve():
            raise UserError(f"the results would lie among the pictures of {given}: choose another folder with --out")
        before, refused = len(files), len(unread)
        errors: list[OSError] = []
        for folder, below, names in os.walk(given, onerror=errors.append):
            kept = (name for name in below if not name.startswith("."))
            below[:] = sorted(name for name in kept if Path(folder, name).resolve() != out.resolve())
            for file in (Path(folder, name) for name in sorted(names)):
                if is_picture(file.name) or (file.suffix.lower() in SUFFIXES and not file.name.startswith(".")):
                    files.setdefault(file.resolve(), (file, file.relative_to(given).with_suffix("")))
        unread += [(Path(error.filename), (error.strerror or str(error)).lower()) for error in errors]
        if len(files) == before and len(unread) == refused:
            raise UserError(f"the folder {given} holds no pictures and no videos")
    return list(files.values()), unread


def choose_places(files: Sequence[tuple[Path, Path]], out: Path, one: bool) -> list[Path]:
    """Where each result goes; no two to the same place, and none over an input.

    Args:
        files: as `find_files` gives them.
        out: see `translate_files`.
        one: whether a single file was asked for, so that `out` may name the result.

    Raises:
        UserError: `out` names a file where it can't, or an input; a video and no ffmpeg.
    """
    kinds = [".mp4" if is_video(file) else ".png" for file, _ in files]
    if ".mp4" in kinds:
        need_ffmpeg()
    inputs = {_identity(file) for file, _ in files}
    if out.exists() and not out.is_dir() and not (one and out.suffix.lower() == kinds[0]):
        raise UserError(f"{out} is a file: name a folder with --out")
    if not out.is_dir() and (is_picture(out.name) or out.suffix.lower() in SUFFIXES):
        if not one or out.suffix.lower() != kinds[0]:
            what = f"{files[0][0].name} becomes a {kinds[0]} file" if one else "several files need a folder"
            raise UserError(f"{what}: {out} can't be --out")
        if out.exists() and _identity(out) in inputs:
            raise UserError(f"{out} is the input: choose another name with --out")
        return [out.with_suffix(kinds[0])]
    taken: set[str] = set()
    places = []
    for (_, name), kind in zip(files, kinds):
        number, place = 1, out / f"{name}{kind}"
        while str(place).casefold() in taken or (place.exists() and _identity(place) in inputs):
            number += 1
            place = out / f"{name}-{number}{kind}"
        taken.add(str(place).casefold())
        places.append(place)
    return places


def _identity(file: Path) -> tuple[int, int]:
    """What two names of one file share."""
    found = file.stat()
    return found.st_dev, found.st_ino
