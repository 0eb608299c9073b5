import gzip
import hashlib
import io
import random
import stat
import tarfile
import zipfile

import pytest

from labkit.data.unpack import Refused, sums_of, unpack
from labkit.errors import UserError

FILES = {"set/a.txt": b"one", "set/b/c.txt": b"two", "set/b/d.txt": b""}


def make_zip(path, files, kinds=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            if name in kinds:
                info.create_system, info.external_attr = 3, (kinds[name] | 0o777) << 16
            packed.writestr(info, data, compress_type=zipfile.ZIP_DEFLATED)
    return path


def make_tar(path, files, kinds=(), links=()):
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as packed:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name in kinds:
                info.type, info.size = kinds[name], 0
            if name in links:
                info.linkname = links[name]
            packed.addfile(info, io.BytesIO(data))
    return path


MAKERS = [("set.zip", make_zip), ("set.tar.gz", make_tar), ("set.tgz", make_tar), ("set.tar", make_tar)]


def nothing_is_left(tmp_path, archive):
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]


@pytest.mark.parametrize(("name", "make"), MAKERS)
def test_an_archive_is_unpacked_without_its_top_folder_and_its_files_are_listed(tmp_path, name, make):
    unpack(make(tmp_path / name, FILES), tmp_path / "out")
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes() for path in (tmp_path / "out").rglob("*.txt")
    }
    assert found == {"a.txt": b"one", "b/c.txt": b"two", "b/d.txt": b""}
    lines = sums_of(tmp_path / "out").read_text().splitlines()
    assert lines[0] == f"{hashlib.sha256(b'one').hexdigest()}  a.txt" and len(lines) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["out", "out.sha256", name])


def test_several_things_at_the_top_are_kept_as_they_are(tmp_path):
    unpack(make_zip(tmp_path / "a.zip", {"x/1.txt": b"1", "y/2.txt": b"2", "__MACOSX/._1": b"mac"}), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["x", "y"]
    unpack(make_zip(tmp_path / "b.zip", {"1.txt": b"1"}), tmp_path / "flat")
    assert (tmp_path / "flat" / "1.txt").read_bytes() == b"1"


def test_a_single_compressed_file(tmp_path):
    (tmp_path / "list.txt.gz").write_bytes(gzip.compress(b"text"))
    unpack(tmp_path / "list.txt.gz", tmp_path / "out")
    assert (tmp_path / "out" / "list.txt").read_bytes() == b"text"


@pytest.mark.parametrize(("name", "make"), MAKERS[:2])
@pytest.mark.parametrize(
    "bad",
    [
        "../out.txt",
        "a/../../out.txt",
        "/tmp/labkit-out.txt",
        "C:/out.txt",
        "c:out.txt",
        "..\\out.txt",
        "\\\\host\\out",
        "a/..",
    ],
)
def test_paths_outside_of_the_folder_are_refused(tmp_path, name, make, bad):
    archive = make(tmp_path / name, {"good.txt": b"good", bad: b"bad"})
    with pytest.raises(Refused, match="outside of the folder"):
        unpack(archive, tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("*out*")) and not list(tmp_path.rglob("good.txt"))
    assert list((tmp_path / "deep").iterdir()) == []


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, kind):
    archive = make_zip(tmp_path / "a.zip", {"good": b"", "bad": b"/etc"}, {"bad": kind})
    with pytest.raises(Refused, match=r"'bad' in it is a link or a device"):
        unpack(archive, tmp_path / "out")
    nothing_is_left(tmp_path, archive)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    archive = make_tar(tmp_path / "a.tar.gz", {"good": b"", "bad": b""}, {"bad": kind}, {"bad": "good"})
    with pytest.raises(Refused, match=r"'bad' in it is a link or a device"):
        unpack(archive, tmp_path / "out")
    nothing_is_left(tmp_path, archive)


@pytest.mark.parametrize(("name", "make"), MAKERS[:2])
def test_bombs_are_stopped_by_what_comes_out(tmp_path, name, make):
    archive = make(tmp_path / name, {"a": bytes(3_000_000), "b": bytes(3_000_000)})
    with pytest.raises(Refused, match="more than 5,000,000 bytes would come out"):
        unpack(archive, tmp_path / "out", most_bytes=5_000_000)
    nothing_is_left(tmp_path, archive)
    unpack(archive, tmp_path / "out", most_bytes=6_000_000)


def test_the_limit_follows_from_the_archives_length_where_none_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.data.unpack.ROOM", 1000)
    small = make_zip(tmp_path / "bomb.zip", {"a": bytes(1_000_000)})
    assert small.stat().st_size < 2000
    with pytest.raises(Refused, match="bytes would come out"):
        unpack(small, tmp_path / "out")
    unpack(make_zip(tmp_path / "fair.zip", {"a": random.Random(0).randbytes(100_000)}), tmp_path / "fair")


def test_a_zip_that_lies_about_its_lengths_gains_nothing(tmp_path):
    archive = make_zip(tmp_path / "liar.zip", {"a": bytes(3_000_000)})
    data = archive.read_bytes()
    archive.write_bytes(data.replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(Refused):
        unpack(archive, tmp_path / "out", most_bytes=1_000_000)
    nothing_is_left(tmp_path, archive)


@pytest.mark.parametrize(("name", "make"), MAKERS[:2])
@pytest.mark.parametrize("ending", ["", "/"])
def test_too_many_files_or_folders_are_refused(tmp_path, name, make, ending):
    kinds = {f"{i}/": tarfile.DIRTYPE for i in range(30)} if make is make_tar else {}
    archive = make(tmp_path / name, {f"{i}{ending}": b"" for i in range(30)}, kinds if ending else {})
    with pytest.raises(Refused, match=r"more than 20 files"):
        unpack(archive, tmp_path / "out", most_files=20)
    nothing_is_left(tmp_path, archive)


@pytest.mark.parametrize(("name", "make"), MAKERS[:2])
@pytest.mark.parametrize("keep", [0, 1, 300, 0.5, 0.95])
def test_a_damaged_archive_is_a_sentence_and_leaves_nothing(tmp_path, name, make, keep):
    noise = random.Random(0).randbytes(50_000)
    archive = make(tmp_path / name, {"set/a": noise, "set/b": noise[::-1]})
    data = archive.read_bytes()
    archive.write_bytes(data[: keep if keep in (0, 1, 300) else int(len(data) * keep)])
    with pytest.raises(Refused, match="can't be unpacked") as caught:
        unpack(archive, tmp_path / "out")
    assert "\n" not in str(caught.value)
    nothing_is_left(tmp_path, archive)


def test_flipped_bytes_are_noticed(tmp_path):
    archive = make_zip(tmp_path / "a.zip", {"a": random.Random(0).randbytes(10_000)})
    data = bytearray(archive.read_bytes())
    data[5000] ^= 255
    archive.write_bytes(data)
    with pytest.raises(Refused, match="damaged"):
        unpack(archive, tmp_path / "out")


def test_a_file_and_a_folder_of_one_name_are_a_damaged_archive(tmp_path):
    with pytest.raises(Refused, match="damaged"):
        unpack(make_zip(tmp_path / "a.zip", {"a": b"1", "a/b": b"2"}), tmp_path / "out")


def test_kinds_that_are_not_understood_are_said(tmp_path):
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    with pytest.raises(Refused, match="unpack it by hand"):
        unpack(tmp_path / "a.7z", tmp_path / "out")
    empty = make_zip(tmp_path / "empty.zip", {})
    with pytest.raises(Refused, match="nothing in it"):
        unpack(empty, tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_the_users_to_mend(tmp_path):
    archive = make_zip(tmp_path / "a.zip", FILES)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write"):
        unpack(archive, tmp_path / "file" / "out")


def test_the_name_appears_only_when_everything_is_there(tmp_path, monkeypatch):
    """Killed before the renaming, nothing has the folder's name."""
    archive = make_zip(tmp_path / "a.zip", FILES)
    monkeypatch.setattr("labkit.data.unpack.os.rename", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
