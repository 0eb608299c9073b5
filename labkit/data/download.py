"""Downloads that resume, are verified, and are never left half done."""

import contextlib
import hashlib
import http.client
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labkit.data.arrays import alone, cannot_write
from labkit.errors import UserError

_CHUNK = 1 << 16


def md5(path: Path) -> str:
    """The file's md5 in hex, read in chunks."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fetch(sources: Sequence[str], path: Path, *, md5_hex: str, size: int, timeout: float = 20.0) -> None:
    """Download a file from the first source that has it whole.

    What arrives lies in ``<path>.part`` until its size and md5 are right; then it is renamed. A part left by a stopped
    download is continued. A file that is there already, perhaps since another process fetched it, is left alone.

    Args:
        sources: addresses, tried in turn.
        path: the file to make; its folder is made too.
        md5_hex: what the file's md5 must be.
        size: its length in bytes.
        timeout: seconds without an answer after which a source is given up.

    Raises:
        ConnectionError: when no source could be reached or gave the right file; says what each one did.
        UserError: when the file can't be written.
    """
    part = path.with_name(path.name + ".part")
    failures = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path.parent):
            for source in [] if path.exists() else sources:
                problem = _attempt(source, part, size, timeout)
                if problem is None and md5(part) == md5_hex:
                    os.replace(part, path)
                    return
                if problem is None or part.stat().st_size > size:
                    part.unlink()
                    problem = problem or "sent another file than the known one (its md5 differs)"
                failures.append(f"{source.split('/')[2]}: {problem}")
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    if failures:
        raise ConnectionError("; ".join(failures))


def _attempt(source: str, part: Path, size: int, timeout: float) -> str | None:
    """Add to the part what it lacks from one source; None where it then has its full length, else what went wrong."""
    with part.open("ab") as file:
        start = file.tell()
        if start < size:
            request = urllib.request.Request(source, headers={"Range": f"bytes={start}-"} if start else {})
            answer = _open_within(request, timeout)
            if isinstance(answer, str):
                return answer
            with contextlib.closing(answer):
                if start and answer.status != 206:
                    file.truncate(0)
                kind = answer.headers.get("Content-Type", "")
                if kind.startswith("text/html"):
                    return "sent a web page instead of the file (a quota or log-in page)"
                while True:
                    try:
                        block = answer.read(_CHUNK)
                    except (OSError, http.client.HTTPException) as error:
                        return f"broke off ({error})"
                    if not block or file.tell() > size:
                        break
                    file.write(block)
    length = part.stat().st_size
    return None if length == size else f"sent {length:,} bytes instead of {size:,}"


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
        except OSError as error:
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
