import errno
import multiprocessing
import os
import time

import numpy as np
import pytest

from labkit.data import arrays
from labkit.data import open as open_data
from labkit.errors import UserError


def build(writer):
    writer.append(image=np.full((3, 2, 2, 1), 7, np.uint8), label=np.arange(3))
    writer.append(image=np.full((2, 2, 2, 1), 9, np.uint8), label=np.arange(2))
    return {"note": "hello"}


def entries(root):
    return sorted(path.name for path in (root / "arrays").iterdir() if path.name != ".lock")


def test_blocks_become_one_plain_npy_file_a_field(cache_root):
    fields, meta = arrays.cached("x", {"a": 1}, build)
    assert meta["note"] == "hello"
    (entry,) = entries(cache_root)
    plain = np.load(cache_root / "arrays" / entry / "image.npy")
    assert plain.shape == (5, 2, 2, 1) and plain.dtype == np.uint8 and plain.ravel()[0] == 7 and plain.ravel()[-1] == 9
    assert fields["label"].tolist() == [0, 1, 2, 0, 1] and isinstance(fields["image"], np.memmap)


def test_writing_into_an_opened_array_never_reaches_the_cache():
    fields, _ = arrays.cached("x", {}, build)
    fields["image"][:] = 0
    assert arrays.cached("x", {}, build)[0]["image"].min() == 7


def test_other_content_is_another_entry(cache_root):
    arrays.cached("x", {"version": 1}, build)
    arrays.cached("x", {"version": 2}, build)
    assert len(entries(cache_root)) == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_build_that_stops_leaves_nothing(cache_root, error):
    def broken(writer):
        build(writer)
        raise error

    with pytest.raises(error):
        arrays.cached("x", {}, broken)
    assert entries(cache_root) == []
    assert len(arrays.cached("x", {}, build)[0]["image"]) == 5


@pytest.mark.parametrize("file", ["image.npy", "meta.json"])
def test_a_damaged_entry_is_built_again(cache_root, file):
    arrays.cached("x", {}, build)
    path = next((cache_root / "arrays").glob("x-*")) / file
    path.write_bytes(path.read_bytes()[:-4])
    assert arrays.cached("x", {}, build)[0]["image"].shape == (5, 2, 2, 1)
    assert len(entries(cache_root)) == 1


def test_a_full_disk_is_one_sentence_and_leaves_nothing(cache_root, monkeypatch):
    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(arrays, "_sync_and_close", full)
    with pytest.raises(UserError, match=r"No space left on device.*LABKIT_DATA"):
        arrays.cached("x", {}, build)
    assert entries(cache_root) == []


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch, few_digits):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"cannot write to the data folder.*LABKIT_DATA"):
        open_data("digits")


def test_what_killed_processes_left_is_swept_away_but_not_what_is_being_written(cache_root):
    folder = cache_root / "arrays"
    for name in (".partial-old", ".partial-new"):
        (folder / name).mkdir(parents=True)
        (folder / name / "image.npy").write_bytes(b"half")
    long_ago = time.time() - 7200
    for path in (folder / ".partial-old" / "image.npy", folder / ".partial-old"):
        os.utime(path, (long_ago, long_ago))
    arrays.cached("x", {}, build)
    assert not (folder / ".partial-old").exists() and (folder / ".partial-new").exists()


def _slow_build(writer):
    for value in range(20):
        writer.append(image=np.full((1, 2, 2, 1), value, np.uint8))
        time.sleep(0.01)
    (writer.folder.parent.parent / f"built-{os.getpid()}").touch()
    return {}


def _open_slowly(_):
    return arrays.cached("x", {}, _slow_build)[0]["image"][:, 0, 0, 0].tolist()


def test_processes_that_come_at_once_build_one_whole_entry(cache_root):
    with multiprocessing.get_context("fork").Pool(3) as pool:
        results = pool.map(_open_slowly, range(3), chunksize=1)
    assert results == [list(range(20))] * 3
    assert len(entries(cache_root)) == 1
    if hasattr(os, "fork"):
        assert len(list(cache_root.glob("built-*"))) == 1


def test_without_locks_the_entry_of_the_first_is_used(cache_root):
    missing = {"": ("x", arrays.entry_folder("x", {}))}

    def raced(writers):
        arrays._build(cache_root / "arrays", missing, lambda writers: build(writers[""]))
        writers[""].append(image=np.zeros((1, 2, 2, 1), np.uint8))
        return {}

    (cache_root / "arrays").mkdir(parents=True)
    fields, _ = arrays._build(cache_root / "arrays", missing, raced)[""]
    assert len(fields["image"]) == 5 and len(entries(cache_root)) == 1


def test_the_root_is_named_by_the_environment_else_in_the_checkout_else_in_the_home(monkeypatch, tmp_path):
    assert arrays.root() == tmp_path / "cache"
    monkeypatch.delenv("LABKIT_DATA")
    here = arrays.checkout()
    assert here is not None and arrays.root() == here / "datasets"
    monkeypatch.setattr(arrays, "checkout", lambda: None)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert arrays.root() == tmp_path / ".cache" / "labkit"
