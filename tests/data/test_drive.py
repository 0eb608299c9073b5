"""What gdown leaves behind is judged: a stand-in for it does what it does when Drive is not willing."""

import hashlib
import sys
import types
from pathlib import Path

import pytest

from labkit.data import download
from tests.data.web import PAGE, Web

ADDRESS = "https://drive.google.com/uc?id=0B7EVK8r0v71pZjFTYXZWM3FlRnM"
ZIP = b"PK\x03\x04" + bytes(range(256)) * 100
SHA = hashlib.sha256(ZIP).hexdigest()


@pytest.fixture
def gdown(monkeypatch):
    """A gdown that does what ``module.act`` does with the file's path; ``module.calls`` is what it was asked."""
    module = types.ModuleType("gdown")
    module.calls = []

    def fetch(id=None, output=None, resume=False, quiet=False, timeout=None):
        module.calls.append((id, resume, timeout))
        return module.act(Path(output))

    module.download = fetch
    monkeypatch.setitem(sys.modules, "gdown", module)
    return module


def writes(data, says=True):
    def act(path):
        path.write_bytes(data)
        return str(path) if says else None

    return act


def fails(text, part=None):
    def act(path):
        if part is not None:
            path.with_name(path.name + "abcdefgh.part").write_bytes(part)
        raise RuntimeError(text)

    return act


def get(tmp_path, *more, **facts):
    return download.fetch([ADDRESS, *more], tmp_path / "set.zip", timeout=3, **facts)


def left(tmp_path):
    return sorted(path.name for path in tmp_path.iterdir() if path.name != ".lock")


def test_a_file_from_drive(gdown, tmp_path):
    gdown.act = writes(ZIP)
    assert get(tmp_path, sha256_hex=SHA) == (ADDRESS, SHA, len(ZIP))
    assert left(tmp_path) == ["set.zip"]
    assert gdown.calls == [("0B7EVK8r0v71pZjFTYXZWM3FlRnM", True, 3)]


def test_an_older_gdown_knows_no_timeout(gdown, tmp_path):
    gdown.act = writes(ZIP)
    inner = gdown.download
    gdown.download = lambda id=None, output=None, resume=False: inner(id=id, output=output, resume=resume)
    get(tmp_path)
    assert left(tmp_path) == ["set.zip"]


@pytest.mark.parametrize("known", [{}, {"sha256_hex": SHA, "size": len(ZIP)}])
@pytest.mark.parametrize(
    ("act", "says"),
    [
        (writes(PAGE), "quota"),
        (writes(PAGE, says=False), "quota"),
        (writes(b""), "quota"),
        (lambda path: None, "quota"),
        (lambda path: str(path), "quota"),
        (
            fails("Failed to retrieve file url:\n\n\tToo many users have viewed or downloaded this file recently."),
            "quota",
        ),
        (fails("Cannot retrieve the public link of the file."), "quota"),
        (fails("Connection reset by peer"), "Connection reset by peer"),
        (writes(b"not a zip file"), r"not a \.zip file|bytes instead of"),
    ],
)
def test_nothing_but_the_file_is_taken_for_the_file(gdown, tmp_path, act, says, known):
    gdown.act = act
    with pytest.raises(ConnectionError, match=rf"drive\.google\.com: .*({says})") as caught:
        get(tmp_path, **known)
    assert "\n" not in str(caught.value) and left(tmp_path) == []


def test_the_next_source_is_tried_when_drive_is_not_willing(gdown, tmp_path):
    gdown.act = writes(PAGE)
    web = Web()
    web.pages["/set.zip"] = ZIP
    told = []
    get(tmp_path, web.address + "set.zip", sha256_hex=SHA, tell=told.append)
    web.server.shutdown()
    assert (tmp_path / "set.zip").read_bytes() == ZIP and left(tmp_path) == ["set.zip"]
    assert len(told) == 1 and "quota" in told[0]


def test_what_gdown_began_is_kept_for_the_next_time(gdown, tmp_path):
    gdown.act = fails("Connection broken", part=ZIP[:100])
    with pytest.raises(ConnectionError):
        get(tmp_path)
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert [path.read_bytes() for path in folder.iterdir()] == [ZIP[:100]]
    gdown.act = writes(ZIP)
    get(tmp_path)
    assert left(tmp_path) == ["set.zip"]


def test_of_several_beginnings_the_longest_is_kept_and_a_page_never(gdown, tmp_path):
    def act(path):
        for name, data in (("aaaaaaaa", ZIP[:10]), ("bbbbbbbb", ZIP[:100]), ("cccccccc", PAGE)):
            path.with_name(f"{path.name}{name}.part").write_bytes(data)
        raise RuntimeError("There are multiple temporary files to resume")

    gdown.act = act
    with pytest.raises(ConnectionError, match="multiple temporary files"):
        get(tmp_path)
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert [path.name for path in folder.iterdir()] == ["filebbbbbbbb.part"]


def test_without_gdown_a_sentence_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(ConnectionError, match="pip install gdown"):
        get(tmp_path)


def test_the_real_gdown_without_a_network_is_a_sentence(monkeypatch, tmp_path):
    pytest.importorskip("gdown")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(ConnectionError, match=r"drive\.google\.com: could not be read by gdown") as caught:
        get(tmp_path)
    assert "\n" not in str(caught.value) and left(tmp_path) == []
