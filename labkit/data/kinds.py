"""What a file is, by its first bytes: a server's word and a file's name say what it should be."""

import re
from pathlib import Path

_BEGINNINGS = {
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),
    ".gz": (b"\x1f\x8b",),
    ".tgz": (b"\x1f\x8b",),
    ".bz2": (b"BZh",),
    ".xz": (b"\xfd7zXZ",),
    ".png": (b"\x89PNG",),
    ".jpg": (b"\xff\xd8",),
}
_PAGE = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|title|meta|script)\b",
    re.IGNORECASE | re.DOTALL,
)


def beginning(path: Path) -> bytes:
    """The first 1024 bytes of a file."""
    with path.open("rb") as file:
        return file.read(1024)


def is_page(first: bytes) -> bool:
    """Whether a file that begins with these bytes is a web page."""
    return _PAGE.match(first) is not None


def contradiction(first: bytes, name: str) -> str | None:
    """What speaks against a file's name in its first bytes ("is not a .zip file"); None where nothing does."""
    suffix = Path(name).suffix.lower()
    if is_page(first) and suffix not in (".html", ".htm"):
        return "is a web page, saved under the name of the file"
    if not first.startswith(_BEGINNINGS.get(suffix, b"")):
        return f"is not a {suffix} file"
    return None
