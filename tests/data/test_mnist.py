import gzip
import hashlib
import http.server
import shutil
import struct
import threading

import numpy as np
import pytest

from labkit.data import arrays, available, download, mnist, open_first
from labkit.data import open as open_data
from labkit.data.cards import cards
from labkit.errors import UserError

RAW = "MNIST/raw"


@pytest.fixture
def unreachable(monkeypatch):
    """No source answers, as on a train."""
    monkeypatch.setattr(download, "_open_within", lambda *a: "could not be reached (no network)")


@pytest.fixture
def tiny(monkeypatch, cache_root):
    """MNIST's card for two tiny files of our own, and their bytes by name."""
    pixels = (np.arange(6 * 28 * 28) % 251).astype(np.uint8)
    files = {
        "train-images-idx3-ubyte.gz": gzip.compress(struct.pack(">4I", 0x803, 6, 28, 28) + pixels.tobytes(), mtime=0),
        "train-labels-idx1-ubyte.gz": gzip.compress(struct.pack(">2I", 0x801, 6) + bytes([5, 0, 4, 1, 9, 2]), mtime=0),
    }
    listed = [
        {"name": name, "bytes": len(data), "md5": hashlib.md5(data, usedforsecurity=False).hexdigest()}
        for name, data in files.items()
    ]
    card = {**cards()["mnist"], "files": listed}
    monkeypatch.setattr(mnist, "cards", lambda: {"mnist": card})
    return card, files


@pytest.fixture
def server():
    """A web server for a dictionary path -> bytes (or a function of the handler); remembers what it was asked."""
    pages, asked = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            asked.append((self.path, start))
            page = pages.get(self.path)
            if page is None:
                return self.send_error(404)
            if callable(page):
                return page(self)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(page) - start))
            self.end_headers()
            self.wfile.write(page[start:])

        def log_message(self, *_):
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}/", pages, asked
    web.shutdown()


def put(folder, files):
    (folder / RAW).mkdir(parents=True)
    for name, data in files.items():
        (folder / RAW / name).write_bytes(data)


def test_real_mnist_is_what_torchvision_reads(packs, tmp_path):
    datasets = pytest.importorskip("torchvision.datasets")
    shutil.copytree(packs / "mnist" / RAW, tmp_path / "theirs" / RAW, copy_function=shutil.copyfile)
    (tmp_path / "theirs" / RAW).chmod(0o755)
    for split, count in (("train", 60_000), ("test", 10_000)):
        data = open_data("mnist", split=split)
        theirs = datasets.MNIST(root=tmp_path / "theirs", train=split == "train", download=True)
        assert len(data) == count and data.image_shape == (1, 28, 28) and data.classes == tuple("0123456789")
        assert np.array_equal(data.images()[..., 0], theirs.data.numpy())
        assert np.array_equal(data.fields["label"], theirs.targets.numpy())
    assert available("mnist")


def test_real_mnist_at_other_sizes_and_in_colour(packs):
    plain, padded = open_data("mnist", split="test"), open_data("mnist", size=32, split="test")
    assert np.array_equal(padded.images(20)[:, 2:-2, 2:-2], plain.images(20)) and padded.images(20)[:, :2].max() == 0
    large = open_data("mnist", size=56, channels=3, split="test")
    assert large.image_shape == (3, 56, 56)
    assert abs(large.images(50).mean() - plain.images(50).mean()) < 1


def test_a_corrupt_real_file_is_named_and_left_alone(packs, cache_root):
    shutil.copytree(packs / "mnist" / RAW, cache_root / "mnist" / RAW, copy_function=shutil.copyfile)
    bad = cache_root / "mnist" / RAW / "t10k-images-idx3-ubyte.gz"
    bad.parent.chmod(0o755)
    data = bytearray(bad.read_bytes())
    data[1000] ^= 1
    bad.write_bytes(data)
    with pytest.raises(UserError, match=r"t10k-images-idx3-ubyte\.gz is damaged.*delete it"):
        open_data("mnist", split="test")
    assert bad.read_bytes() == bytes(data)
    assert not list((cache_root / "arrays").glob("*mnist*"))


def test_the_card_lists_what_torchvision_lists():
    theirs = pytest.importorskip("torchvision.datasets").MNIST
    card = cards()["mnist"]
    assert [(file["name"], file["md5"]) for file in card["files"]] == list(theirs.resources)
    assert card["sources"] == list(theirs.mirrors)


def test_the_cache_folder_comes_before_the_packs(tiny, cache_root, tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_TEST_DATA", str(tmp_path / "packs"))
    put(tmp_path / "packs" / "mnist", dict.fromkeys(tiny[1], b"damaged"))
    put(cache_root / "mnist", tiny[1])
    assert open_data("mnist").fields["label"].tolist() == [5, 0, 4, 1, 9, 2]


@pytest.mark.parametrize("cut", [0, 10])
def test_a_cut_off_file_is_damaged(tiny, cache_root, cut):
    put(cache_root / "mnist", {name: data[:cut] for name, data in tiny[1].items()})
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte.gz is damaged"):
        open_data("mnist")


def test_the_second_open_reads_only_the_array(tiny, cache_root, unreachable):
    put(cache_root / "mnist", tiny[1])
    first = open_data("mnist")
    shutil.rmtree(cache_root / "mnist")
    assert np.array_equal(open_data("mnist").images(), first.images())
    assert available("mnist")


def test_without_files_and_network_one_sentence_says_what_to_do(tiny, unreachable, cache_root):
    assert not available("mnist")
    with pytest.raises(UserError) as caught:
        open_data("mnist")
    text = str(caught.value)
    assert "could not be reached" in text and str(cache_root / "mnist" / "MNIST" / "raw") in text and "'digits'" in text
    assert "\n" not in text


def test_open_first_takes_the_digits_and_says_why(tiny, unreachable, few_digits, capsys):
    data = open_first("mnist", "digits")
    assert data.name == "digits" and len(data) == 300
    assert "could not be downloaded" in data.note and data.note.strip() == capsys.readouterr().out.strip()
    assert open_first("mnist", "digits", quiet=True).note and capsys.readouterr().out == ""


def test_open_first_asks_an_unreachable_source_once(tiny, few_digits, monkeypatch):
    asked = []
    monkeypatch.setattr(download, "_open_within", lambda *a: asked.append(a) or "no answer within 5 s")
    for _ in range(3):
        open_first("mnist", "digits", quiet=True)
    assert len(asked) == 2  # the two mirrors


def test_open_first_takes_mnist_where_it_is(tiny, cache_root, capsys):
    put(cache_root / "mnist", tiny[1])
    data = open_first("mnist", "digits")
    assert data.name == "mnist" and data.note == "" and capsys.readouterr().out == ""


def test_mnist_is_downloaded_from_the_second_mirror_when_the_first_fails(tiny, server, cache_root):
    card, files = tiny
    address, pages, asked = server
    pages.update({f"/b/{name}": data for name, data in files.items()})
    card["sources"] = [address + "a/", address + "b/"]
    assert len(open_data("mnist")) == 6
    assert [path for path, _ in asked][:2] == ["/a/train-images-idx3-ubyte.gz", "/b/train-images-idx3-ubyte.gz"]
    assert sorted(path.name for path in (cache_root / "mnist" / RAW).glob("*.gz*")) == sorted(files)


def fetch(address, path, data, **options):
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    download.fetch([address + "file"], path, md5_hex=md5, size=len(data), **options)


def test_a_broken_off_download_resumes(server, tmp_path):
    address, pages, asked = server
    data = bytes(range(256)) * 1000

    def half(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[:100_000])

    pages["/file"] = half
    with pytest.raises(ConnectionError, match=r"127.0.0.1.*(broke off|100,000 bytes)"):
        fetch(address, tmp_path / "f", data)
    assert not (tmp_path / "f").exists()
    pages["/file"] = data
    fetch(address, tmp_path / "f", data)
    assert (tmp_path / "f").read_bytes() == data and asked[-1][1] == 100_000
    assert not (tmp_path / "f.part").exists()


def test_a_web_page_instead_of_the_file_is_recognised(server, tmp_path):
    address, pages, _ = server

    def quota(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.end_headers()
        handler.wfile.write(b"<html>quota exceeded</html>")

    pages["/file"] = quota
    with pytest.raises(ConnectionError, match=r"web page"):
        fetch(address, tmp_path / "f", b"data")
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("sent", [b"DATA", b"data and more"])
def test_another_file_is_never_taken_for_the_right_one(server, tmp_path, sent):
    address, pages, _ = server
    pages["/file"] = sent
    for _ in range(2):
        with pytest.raises(ConnectionError, match=r"127.0.0.1"):
            fetch(address, tmp_path / "f", b"data")
    assert not (tmp_path / "f").exists()
    pages["/file"] = b"data"
    fetch(address, tmp_path / "f", b"data")
    assert (tmp_path / "f").read_bytes() == b"data"


def test_a_silent_source_is_given_up(server, tmp_path):
    address, pages, _ = server
    wait = threading.Event()
    pages["/file"] = lambda handler: wait.wait(10)
    with pytest.raises(ConnectionError, match=r"no answer|timed out"):
        fetch(address, tmp_path / "f", b"data", timeout=0.3)
    wait.set()


def test_a_folder_that_cannot_be_written_is_the_users_to_mend(server, tmp_path):
    address, pages, _ = server
    pages["/file"] = b"data"
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"cannot write"):
        fetch(address, tmp_path / "file" / "f", b"data")


def test_the_reader_version_is_part_of_the_key(tiny, monkeypatch):
    before = mnist._entry("mnist", "train", 28, 1)
    monkeypatch.setattr(mnist, "VERSION", mnist.VERSION + 1)
    assert mnist._entry("mnist", "train", 28, 1) != before
    assert arrays.root() in before.parents
