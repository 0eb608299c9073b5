"""Downloads that resume, are verified, and are never left half done.

torchvision's lists of addresses and checksums are on the cards (tests compare them), but its downloader is not used: it
does not resume, knows no time limit, tries one address, and saves a quota page under the name of the file.
"""

import contextlib
import errno
import hashlib
import http.client
import json
import os
import re
import shutil
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tqdm.auto import tqdm

from labkit.data import drive
from labkit.data.arrays import alone, cannot_write
from labkit.data.kinds import beginning, contradiction, is_page
from labkit.errors import UserError

_CHUNK = 1 << 16
_ATTEMPTS = 5
_LARGE = 20_000_000

A_PAGE = "sent a web page instead of the file (a quota or log-in page)"


class Known(NamedTuple):
    """What is known about a file before it is here; None where it is not."""

    size: int | None = None
    md5: str | None = None
    sha256: str | None = None


class Fetched(NamedTuple):
    """What came: from which address, and what it is."""

    source: str
    sha256: str
    size: int


def md5(path: Path) -> str:
    """The file's md5 in hex, read in chunks."""
    return _digest(path, hashlib.md5(usedforsecurity=False))


def sha256(path: Path) -> str:
    """The file's sha256 in hex, read in chunks."""
    return _digest(path, hashlib.sha256())


def _digest(path: Path, digest: Any) -> str:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def wrong(path: Path, known: Known, name: str | None = None) -> str | None:
    """What is wrong with a file, in words that follow its name ("is a web page ..."); None where nothing is.

    Length and checksums are compared where they are known, and the first bytes in any case: a web page that was saved
    under the file's name is found even where nothing is known.

    Args:
        path: the file.
        known: what it must be.
        name: the name to judge the first bytes by, where it is not the file's own.
    """
    against = contradiction(beginning(path), name or path.name)
    if against:
        return against
    length = path.stat().st_size
    if known.size is not None and length != known.size:
        return f"has {length:,} bytes instead of {known.size:,}"
    for kind, wanted, compute in (("sha256", known.sha256, sha256), ("md5", known.md5, md5)):
        if wanted is not None:
            found = compute(path)
            if found != wanted:
                return f"is another file than the known one (its {kind} is {found}, not {wanted})"
            break  # the first that is known is the stronger
    return None


def fetch(
    sources: Sequence[str],
    path: Path,
    *,
    md5_hex: str | None = None,
    sha256_hex: str | None = None,
    size: int | None = None,
    timeout: float = 20.0,
    tell: Callable[[str], None] | None = None,
) -> Fetched | None:
    """Download a file from the first source that has it whole.

    What arrives lies in ``<path>.part`` until its length, its checksums and its first bytes are right; then it is
    renamed. A part left by a stopped download is continued. A file that is there already, perhaps since another process
    fetched it, is left alone.

    Args:
        sources: addresses, tried in turn; those on Google Drive are fetched with gdown.
        path: the file to make; its folder is made too.
        md5_hex: what the file's md5 must be, where it is known.
        sha256_hex: what its sha256 must be, where it is known.
        size: its length in bytes, where it is known.
        timeout: seconds without an answer after which a source is given up.
        tell: called with one sentence a source that failed, before the next one is tried.

    Returns:
        Where the file came from and what it is, or None where it was there already.

    Raises:
        ConnectionError: when no source could be reached or gave the right file; says what each one did.
        UserError: when the file can't be written.
    """
    part = path.with_name(path.name + ".part")
    known = Known(size, md5_hex, sha256_hex)
    failures = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path.parent):
            for source in [] if path.exists() else sources:
                problem = _from_source(source, part, path.name, known, timeout)
                if problem is None:
                    came = Fetched(source, sha256(part), part.stat().st_size)
                    os.replace(part, path)
                    _note(part).unlink(missing_ok=True)
                    return came
                failures.append(f"{urlsplit(source).hostname}: {problem}")
                if tell:
                    tell(failures[-1])
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    if failures:
        raise ConnectionError("; ".join(failures))
    return None


def _from_source(source: str, part: Path, name: str, known: Known, timeout: float) -> str | None:
    """Fill the part from one source, asked again as long as that brings more; what went wrong, or None."""
    one = drive.attempt if drive.is_drive(source) else _attempt
    begun = _length(part)
    problem: str | None = None
    for _ in range(_ATTEMPTS):
        before = _length(part)
        latest = one(source, part, known, timeout)
        if latest is None:
            bad = wrong(part, known, name)
            if bad is None:
                return None
            _drop(part)
            latest = A_PAGE if "web page" in bad else f"sent a file that {bad}"
        elif _length(part) > before:
            problem = latest
            continue
        elif part.exists() or before == 0:
            return latest
        # The part is gone. Where it began before this call it may have been another file's: once more, from the start.
        problem = problem or latest
        if begun == 0:
            return problem
        begun, problem = 0, None
    return problem


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _note(part: Path) -> Path:
    """Beside a part: where it comes from. Without a checksum, parts of different files could be glued together."""
    return part.with_name(part.name + ".from")


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _begun(source: str, part: Path, known: Known) -> tuple[int, int | None, str]:
    """How much of the part can be kept, the file's whole length, and what the server must still have (If-Range)."""
    try:
        note = json.loads(_note(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        note = {}
    same = note.get("source") == source and note.get("validator")
    start = _length(part) if same or known.sha256 or known.md5 else 0
    if known.size is not None and start > known.size:
        start = 0
    return start, known.size or (note.get("total") if same else None), note["validator"] if same else ""


def _attempt(source: str, part: Path, known: Known, timeout: float) -> str | None:
    """Add to the part what it lacks from one source; None where it then has its full length, else what went wrong."""
    start, total, validator = _begun(source, part, known)
    if start and start == total:
        return None
    headers = {"User-Agent": "labkit", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator:
            headers["If-Range"] = validator
    answer = _open_within(urllib.request.Request(source, headers=headers), timeout)
    if isinstance(answer, str):
        if answer.startswith("answered 416"):  # the part is no beginning of what is there now
            _drop(part)
        return answer
    with contextlib.closing(answer):
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            return A_PAGE
        resumed = start > 0 and answer.status == 206
        span = re.match(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range") or "")
        if resumed and span and int(span[1]) != start:
            return "sent another part of the file than the one that was asked for"
        told = int(span[2]) if span else _told(answer, start if resumed else 0)
        if known.size not in (None, told) and told is not None:
            page = not resumed and is_page(answer.read(1024))
            return A_PAGE if page else f"has a file of {told:,} bytes instead of {known.size:,}"
        return _receive(answer, source, part, start if resumed else 0, known.size or told)


def _told(answer: Any, start: int) -> int | None:
    length = answer.headers.get("Content-Length") or ""
    return start + int(length) if length.isdecimal() else None


def _receive(answer: Any, source: str, part: Path, start: int, total: int | None) -> str | None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - start > free:
        raise OSError(errno.ENOSPC, f"No space left: {total - start:,} bytes are needed and {free:,} are free")
    validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    strong = "" if validator.startswith("W/") else validator
    written = start
    with (
        tqdm(
            total=total, initial=start, unit="B", unit_scale=True, leave=False, file=sys.stderr,
            desc=part.name.removesuffix(".part"), disable=(total or 0) < _LARGE,
        ) as bar,
        contextlib.ExitStack() as stack,
    ):  # fmt: skip
        file = None
        while total is None or written <= total:
            try:
                block = answer.read(_CHUNK)
            except (OSError, http.client.HTTPException) as error:
                return f"broke off ({error})"
            if not block:
                break
            if file is None:  # opened late: a page or nothing at all leaves the part as it was
                if start == 0 and is_page(block):
                    return A_PAGE
                note = json.dumps({"source": source, "validator": strong, "total": total})
                _note(part).write_text(note, encoding="utf-8")
                file = stack.enter_context(part.open("ab" if start else "wb"))
            file.write(block)
            written += len(block)
            bar.update(len(block))
    if written == 0:
        return "sent an empty file"
    if total is not None and written > total:
        _drop(part)
        return f"sends more than the {total:,} bytes that it should"
    if total is not None and written < total:
        return f"broke off after {written:,} of {total:,} bytes"
    return None


def _open_within(request: urllib.request.Request, timeout: float) -> Any:
    """The answer, or what went wrong in words. In a thread, as looking up an address knows no time limit."""
    result: list[Any] = [f"no answer within {timeout:g} s"]

    def ask() -> None:
        try:
            result[0] = urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            result[0] = f"answered {error.code} {error.reason}"
        except urllib.error.URLError as error:
            result[0] = f"could not be reached ({getattr(error.reason, 'strerror', None) or error.reason})"
        except (OSError, http.client.HTTPException) as error:
            result[0] = f"could not be reached ({error})"

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    return result[0]


def not_available(name: str, error: ConnectionError, place: Path) -> UserError:
    """The sentence for a data set that could not be downloaded."""
    return UserError(
        f"{name} could not be downloaded ({error}): connect to the internet and try again, put the files by hand into "
        f"{place}, or use the built-in data set 'digits'"
    )
