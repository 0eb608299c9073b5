"""Files on Google Drive, fetched with gdown, which knows Drive's questions; what it leaves behind is judged here.

Drive gives a much-wanted file to a number of people a day and then sends a web page instead. No such page may end up
under the name of the file.
"""

import contextlib
import inspect
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from labkit.data.kinds import beginning, is_page

_QUOTA = "does not give the file out just now (too many people fetched it today: its quota); try again tomorrow"
_SIGNS = ("quota", "many accesses", "too many", "cannot retrieve", "permission")


def is_drive(address: str) -> bool:
    """Whether an address is one of Google Drive."""
    return urlsplit(address).hostname in ("drive.google.com", "docs.google.com")


def attempt(source: str, part: Path, known: Any, timeout: float) -> str | None:
    """Fetch a file from Drive into ``part``; None where a whole one came, else what went wrong.

    gdown works in a hidden folder beside the part, so that all that it leaves is in one place and is continued the next
    time, pages excepted.

    Args:
        source: ``https://drive.google.com/uc?id=...``.
        part: the file to make.
        known: not used here: what came is judged by whoever asked.
        timeout: seconds without an answer; only newer versions of gdown can be told.
    """
    try:
        import gdown
    except ImportError:
        return "needs the package gdown (install it with: pip install gdown)"
    folder = part.with_name(f".{part.name}-drive")
    folder.mkdir(exist_ok=True)
    whole = folder / "file"
    options = {"timeout": timeout} if "timeout" in inspect.signature(gdown.download).parameters else {}
    try:
        came = gdown.download(id=parse_qs(urlsplit(source).query)["id"][0], output=str(whole), resume=True, **options)
        problem = None if came and whole.is_file() else _QUOTA
    except Exception as error:  # whatever requests, gdown or its parser of pages raise
        problem = _in_words(error)
    _tidy(folder)
    if problem is None and not whole.is_file():
        problem = _QUOTA
    if problem is None:
        os.replace(whole, part)
        shutil.rmtree(folder, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            folder.rmdir()
    return problem


def _in_words(error: Exception) -> str:
    text = " ".join(str(error).split())
    if any(sign in text.lower() for sign in _SIGNS):
        return _QUOTA
    return f"could not be read by gdown ({type(error).__name__}: {text[:200]})"


def _tidy(folder: Path) -> None:
    """Remove pages, empty files and all beginnings but the longest: gdown continues only a single one."""
    kept = []
    for path in folder.iterdir():
        if path.stat().st_size == 0 or is_page(beginning(path)):
            path.unlink()
        elif path.suffix == ".part":
            kept.append(path)
    for path in sorted(kept, key=lambda path: path.stat().st_size)[:-1]:
        path.unlink()
