import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from collections import namedtuple

import pytest

from labkit.data import download
from labkit.errors import UserError
from tests.data.web import PAGE, Web, error, moved, whole

DATA = random.Random(0).randbytes(300_000)
SHA = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


@pytest.fixture
def web():
    web = Web()
    yield web
    web.server.shutdown()


@pytest.fixture
def get(web, tmp_path):
    """Fetch the file from one or more paths of the server, with what is known about it; the path of the file."""

    def get(*paths, name="file.bin", known=True, **options):
        facts = {"sha256_hex": SHA, "size": len(DATA)} if known else {}
        sources = [web.address + path for path in paths or ("a",)]
        return download.fetch(sources, tmp_path / name, **{**facts, "timeout": 5.0, **options})

    return get


def left(tmp_path):
    return sorted(path.name for path in tmp_path.iterdir() if path.name != ".lock")


def test_a_file_comes_whole_and_says_what_it_is(web, get, tmp_path):
    web.pages["/a"] = DATA
    assert get() == (web.address + "a", SHA, len(DATA))
    assert (tmp_path / "file.bin").read_bytes() == DATA and left(tmp_path) == ["file.bin"]
    assert get() is None and len(web.asked) == 1  # a file that is there is not asked for


@pytest.mark.parametrize("known", [True, False])
def test_a_broken_off_download_goes_on_where_it_was(web, get, tmp_path, known):
    web.pages["/a"] = whole(DATA, stop=100_000)
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1: broke off after 100,000 of 300,000 bytes"):
        get(known=known)
    assert left(tmp_path) == ["file.bin.part", "file.bin.part.from"]
    web.pages["/a"] = DATA
    get(known=known)
    assert (tmp_path / "file.bin").read_bytes() == DATA and left(tmp_path) == ["file.bin"]
    assert web.asked[-1] == ("/a", "bytes=100000-")


def test_a_server_that_breaks_off_again_and_again_is_asked_as_long_as_more_comes(web, get, tmp_path):
    stops = iter([50_000, 120_000, 250_000, None])
    web.pages["/a"] = lambda handler: whole(DATA, stop=next(stops))(handler)
    get()
    assert [asked for _, asked in web.asked] == [None, "bytes=50000-", "bytes=120000-", "bytes=250000-"]
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_server_without_ranges_sends_the_whole_file_again(web, get, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(DATA[:1000])
    web.pages["/a"] = whole(DATA, ranges=False)
    get()
    assert web.asked == [("/a", "bytes=1000-")]
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_part_of_another_file_is_not_glued_to_this_one(web, get, tmp_path):
    """Nothing is known of the file, and it has changed on the server since the download broke off."""
    web.pages["/a"] = whole(b"x" * 200_000, tag='"old"', stop=100_000)
    with pytest.raises(ConnectionError):
        get(known=False)
    web.pages["/a"] = whole(DATA, tag='"new"')
    get(known=False)
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_part_from_another_source_is_not_continued_where_nothing_is_known(web, get, tmp_path):
    web.pages["/a"] = whole(b"x" * 200_000, stop=100_000)
    web.pages["/b"] = DATA
    get("a", "b", known=False)
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_part_with_wrong_bytes_is_thrown_away_and_fetched_once_more(web, get, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(b"x" * 1000)
    web.pages["/a"] = DATA
    get()
    assert [asked for _, asked in web.asked] == ["bytes=1000-", None]
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_part_that_is_complete_needs_no_server(web, get, tmp_path):
    """The process died between the last byte and the renaming."""
    (tmp_path / "file.bin.part").write_bytes(DATA)
    get()
    assert web.asked == [] and left(tmp_path) == ["file.bin"]


def test_a_part_longer_than_the_file_starts_anew(web, get, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(DATA + b"more")
    web.pages["/a"] = DATA
    get(known=True, size=None)
    assert (tmp_path / "file.bin").read_bytes() == DATA


def test_a_killed_process_leaves_a_part_that_the_next_one_continues(web, get, tmp_path):
    wait = threading.Event()

    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(DATA)))
        handler.end_headers()
        handler.wfile.write(DATA[:200_000])
        handler.wfile.flush()
        wait.wait(20)

    web.pages["/a"] = slow
    code = f"""import sys
from pathlib import Path
from labkit.data import download
download.fetch([sys.argv[1]], Path(sys.argv[2]), sha256_hex={SHA!r}, size={len(DATA)}, timeout=60)"""
    process = subprocess.Popen([sys.executable, "-c", code, web.address + "a", str(tmp_path / "file.bin")])
    part = tmp_path / "file.bin.part"
    until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 100_000) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    wait.set()
    assert not (tmp_path / "file.bin").exists() and part.stat().st_size > 100_000
    start = part.stat().st_size
    web.pages["/a"] = DATA
    get()
    assert web.asked[-1] == ("/a", f"bytes={start}-")
    assert (tmp_path / "file.bin").read_bytes() == DATA


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (error(403), "answered 403 Forbidden"),
        (error(429), "answered 429 Too Many Requests"),
        (error(500), "answered 500"),
        (None, "answered 404"),
        (whole(PAGE, kind="text/html; charset=utf-8"), "web page"),
        (whole(PAGE, kind="application/zip"), "web page"),
        (whole(b"\n <!-- hello -->\n" + PAGE, kind="application/zip"), "web page"),
        (whole(PAGE, kind="application/zip", length=False), "web page"),
        (whole(DATA[:-1] + bytes([DATA[-1] ^ 1])), "another file than the known one"),
        (whole(DATA + b"more"), "has a file of 300,004 bytes instead of 300,000"),
        (whole(DATA + b"more", length=False), "sends more than the 300,000 bytes"),
        (whole(DATA[:-1000], length=False), "broke off after 299,000 of 300,000"),
        (whole(DATA, stop=10), "broke off after 10 of"),
        (whole(b""), "has a file of 0 bytes instead of 300,000"),
        (whole(b"", length=False), "sent an empty file"),
    ],
)
def test_whatever_a_source_does_wrong_the_next_one_is_tried(web, get, tmp_path, answer, says):
    told = []
    web.pages["/a"] = answer
    with pytest.raises(ConnectionError, match=says):
        get()
    assert not (tmp_path / "file.bin").exists()
    web.pages["/b"] = DATA
    get("a", "b", tell=told.append)
    assert (tmp_path / "file.bin").read_bytes() == DATA and left(tmp_path) == ["file.bin"]
    assert len(told) == 1 and says in told[0] and "\n" not in told[0]


@pytest.mark.parametrize("sent", [PAGE, b"no archive at all"])
def test_no_page_is_saved_as_a_zip_even_where_nothing_is_known(web, get, tmp_path, sent):
    web.pages["/a"] = whole(sent, kind="application/zip")
    with pytest.raises(ConnectionError, match=r"web page|not a \.zip file"):
        get(name="set.zip", known=False)
    assert left(tmp_path) == []


def test_md5_alone_is_checked(web, get, tmp_path):
    web.pages["/a"] = DATA[:-1] + b"x"
    with pytest.raises(ConnectionError, match=r"its md5 is"):
        get(known=False, md5_hex=hashlib.md5(DATA[:-1] + b"y", usedforsecurity=False).hexdigest())
    assert not (tmp_path / "file.bin").exists()
    web.pages["/a"] = DATA
    get(known=False, md5_hex=MD5)


@pytest.mark.parametrize("headers_first", [True, False])
def test_a_source_that_stalls_is_given_up(web, get, headers_first):
    wait = threading.Event()
    web.pages["/a"] = whole(DATA, sleep=wait) if headers_first else lambda handler: wait.wait(10)
    web.pages["/b"] = DATA
    start = time.monotonic()
    came = get("a", "b", timeout=0.5)
    wait.set()
    assert came.source == web.address + "b" and time.monotonic() - start < 8


def test_another_address_is_followed(web, get, tmp_path):
    web.pages["/a"] = moved(web.address + "b")
    web.pages["/b"] = DATA
    get()
    web.pages["/login"] = whole(PAGE, kind="text/html")
    web.pages["/c"] = moved(web.address + "login")
    with pytest.raises(ConnectionError, match=r"web page"):
        get("c", name="other.bin")


def test_too_little_room_is_said_before_anything_is_fetched(web, get, monkeypatch, tmp_path):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(1000))
    web.pages["/a"] = DATA
    with pytest.raises(UserError, match=r"300,000 bytes are needed and 1,000 are free.*LABKIT_DATA"):
        get()
    assert not (tmp_path / "file.bin").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_is_a_sentence(web, get, tmp_path):
    (tmp_path / "file.bin.part").symlink_to("/dev/full")
    web.pages["/a"] = DATA
    with pytest.raises(UserError, match=r"No space left.*make room"):
        get()
    assert not (tmp_path / "file.bin").exists()


def test_two_processes_fetch_once(web, get, tmp_path):
    wait = threading.Event()
    web.pages["/a"] = whole(DATA, sleep=wait)
    threads = [threading.Thread(target=get) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    wait.set()
    for thread in threads:
        thread.join(20)
    assert len(web.asked) == 1 and (tmp_path / "file.bin").read_bytes() == DATA


def test_a_page_of_any_look_is_not_a_file(web, get, tmp_path):
    web.pages["/a"] = whole(b"Sorry, too many people", kind="text/html")
    with pytest.raises(ConnectionError, match=r"web page"):
        get(known=False)
    assert left(tmp_path) == []


def test_an_address_that_is_looked_up_for_ever_is_given_up(web, get, monkeypatch):
    wait = threading.Event()
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *a, **k: wait.wait(10))
    with pytest.raises(ConnectionError, match=r"no answer within 0\.3 s"):
        get(timeout=0.3)
    wait.set()


def test_what_is_wrong_with_a_file_is_said(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"text")
    assert download.wrong(tmp_path / "list.txt", download.Known(4)) is None
    assert download.wrong(tmp_path / "list.txt", download.Known(5)) == "has 4 bytes instead of 5"
    (tmp_path / "page.html").write_bytes(PAGE)
    assert download.wrong(tmp_path / "page.html", download.Known()) is None
