"""Unpacking of archives that strangers made: nothing leaves the folder, and no small file becomes a full disk."""

import gzip
import hashlib
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm.auto import tqdm

from labkit.data.arrays import cannot_write
from labkit.errors import UserError

# Pictures hardly shrink: a real data set unpacks to a few times its archive's length.
RATIO = 20
ROOM = 200_000_000
FILES = 1_000_000

_CHUNK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError, ValueError)
# Two members that want to be the same file, or a file and a folder.
_CLASH = (FileExistsError, IsADirectoryError, NotADirectoryError)


class Refused(UserError):
    """An archive that is not unpacked, and why."""


def unpack(archive: Path, target: Path, *, most_bytes: int | None = None, most_files: int = FILES) -> None:
    """Unpack a zip, tar (plain, gz, bz2 or xz) or gz file into a new folder.

    A single folder at the archive's top is taken off. Everything is written into a temporary folder beside the target,
    which gets its name by one rename when all of it is there; beside it lies ``<target>.sha256``, a line a file as
    ``sha256sum`` writes them.

    Args:
        archive: the file.
        target: the folder to make.
        most_bytes: how much may come out; 20 times the archive's length (at least 200 MB) where not given.
        most_files: how many files may come out.

    Raises:
        Refused: for an absolute path, a path with ``..`` or a drive letter, a link, a device, a password, more bytes
            or files than allowed, a damaged archive, or a kind that labkit can't unpack; nothing of it is left.
        UserError: when the folder can't be written.
    """
    limit = most_bytes if most_bytes is not None else max(ROOM, RATIO * archive.stat().st_size)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".unpacking-{target.name}-", dir=target.parent))
        temporary.chmod(0o755)
    except OSError as error:
        raise cannot_write(target.parent, error) from error
    try:
        sums = _write_all(archive, temporary / "all", limit, most_files)
        _publish(temporary / "all", target, sums)
    except Refused:
        raise
    except (*_DAMAGED, *_CLASH, NotImplementedError, RuntimeError) as error:
        reason = "it needs a password" if "password" in str(error) else f"it is damaged ({error})"
        raise Refused(f"{archive} can't be unpacked: {reason}") from error
    except OSError as error:
        raise cannot_write(target.parent, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_all(archive: Path, folder: Path, limit: int, most_files: int) -> dict[str, str]:
    """Write the archive's files below a folder; their sha256 by name."""
    folder.mkdir()
    sums: dict[str, str] = {}
    total = 0
    with tqdm(desc=f"unpacking {archive.name}", unit=" files", leave=False, mininterval=1) as bar:
        for count, (name, stream) in enumerate(_members(archive), start=1):
            if count > most_files:
                raise Refused(f"{archive} is not unpacked: it holds more than {most_files:,} files")
            parts = _inside(archive, name)
            path = folder.joinpath(*parts)
            if stream is None:
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            # Counted as it comes: what an archive says about its own length is not to be believed.
            with path.open("wb") as file:
                while block := stream.read(_CHUNK):
                    total += len(block)
                    if total > limit:
                        raise Refused(f"{archive} is not unpacked: more than {limit:,} bytes would come out of it")
                    digest.update(block)
                    file.write(block)
            sums["/".join(parts)] = digest.hexdigest()
            bar.update()
    if not sums:
        raise Refused(f"{archive} can't be unpacked: there is nothing in it")
    return sums


def _members(archive: Path) -> Iterator[tuple[str, Any]]:
    """Every file of an archive with a stream of its bytes, and every folder with None; anything else is refused."""
    stream: Any
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise Refused(f"{archive} is not unpacked: {info.filename!r} in it is a link or a device")
                if info.filename.startswith("__MACOSX/"):
                    continue
                if info.is_dir():
                    yield info.filename, None
                else:
                    with packed.open(info) as stream:
                        yield info.filename, stream
    elif _is_tar(archive):
        with tarfile.open(archive, "r:*") as tape:
            for member in tape:
                if member.isdir():
                    yield member.name, None
                elif member.isreg() and (stream := tape.extractfile(member)) is not None:
                    yield member.name, stream
                else:
                    raise Refused(f"{archive} is not unpacked: {member.name!r} in it is a link or a device")
    elif archive.suffix == ".gz" and not archive.stem.endswith(".tar") and archive.stat().st_size:
        with gzip.open(archive) as stream:
            yield archive.stem, stream
    else:
        raise Refused(
            f"{archive} can't be unpacked: it is damaged, or no zip, tar or gz; if it is whole, unpack it by hand"
        )


def _is_tar(archive: Path) -> bool:
    try:
        return tarfile.is_tarfile(archive)
    except _DAMAGED:
        return False


def _inside(archive: Path, name: str) -> tuple[str, ...]:
    """The parts of a member's path, which must lead down from the folder that it is unpacked into."""
    parts = PurePosixPath(name).parts
    # A backslash separates and a colon names a drive or a hidden stream on Windows, wherever the archive was made.
    if name.startswith("/") or ".." in parts or re.search(r"[\\:\0]", name):
        raise Refused(f"{archive} is not unpacked: {name!r} in it would lie outside of the folder")
    return tuple(part for part in parts if part != ".")


def _publish(folder: Path, target: Path, sums: dict[str, str]) -> None:
    top = {name.split("/")[0] for name in sums}
    if len(top) == 1 and all("/" in name for name in sums):
        (only,) = top
        folder, sums = folder / only, {name.split("/", 1)[1]: digest for name, digest in sums.items()}
    listed = folder.parent / ".sums" if folder.name != "all" else folder.with_name(".sums")
    listed.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())), encoding="utf-8")
    os.replace(listed, sums_of(target))
    try:
        os.rename(folder, target)
    except OSError:
        if not target.is_dir():  # else another process was first
            raise


def sums_of(target: Path) -> Path:
    """Where the checksums of an unpacked folder lie: beside it."""
    return target.with_name(target.name + ".sha256")
