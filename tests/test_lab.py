import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from labkit import lab
from labkit.errors import UserError


@pytest.fixture
def shipped(tmp_path):
    folder = tmp_path / "shipped notebooks"
    folder.mkdir()
    for name in ("00_start_here", "01_gan_basics"):
        (folder / f"{name}.ipynb").write_text(f"{name}, first edition")
    return folder


@pytest.fixture
def work(tmp_path):
    return tmp_path / "my work"


def texts(work):
    return {path.name: path.read_text() for path in work.glob("*.ipynb")}


def test_first_time_everything_is_copied(shipped, work):
    done = lab.copy_notebooks(shipped, work)
    assert texts(work) == texts(shipped)
    assert [copied.what for copied in done] == ["new", "new"]


def test_second_time_there_is_nothing_to_do(shipped, work):
    lab.copy_notebooks(shipped, work)
    assert lab.copy_notebooks(shipped, work) == []


def test_work_of_the_student_stays_while_the_shipped_one_is_the_same(shipped, work):
    lab.copy_notebooks(shipped, work)
    (work / "01_gan_basics.ipynb").write_text("hours of work")
    assert lab.copy_notebooks(shipped, work) == []
    assert texts(work) == {
        "00_start_here.ipynb": "00_start_here, first edition",
        "01_gan_basics.ipynb": "hours of work",
    }


def test_an_untouched_copy_is_brought_up_to_date(shipped, work):
    lab.copy_notebooks(shipped, work)
    (shipped / "01_gan_basics.ipynb").write_text("second edition")
    assert [copied.what for copied in lab.copy_notebooks(shipped, work)] == ["updated"]
    assert texts(work) == texts(shipped)


def test_a_new_edition_is_put_beside_the_work_once_and_told(shipped, work):
    lab.copy_notebooks(shipped, work)
    (work / "01_gan_basics.ipynb").write_text("hours of work")
    (shipped / "01_gan_basics.ipynb").write_text("second edition")
    done = lab.copy_notebooks(shipped, work)
    assert texts(work)["01_gan_basics.ipynb"] == "hours of work"
    assert texts(work)["01_gan_basics.new.ipynb"] == "second edition"
    assert "01_gan_basics.ipynb is yours" in lab.tell(done, work)
    assert "01_gan_basics.new.ipynb" in lab.tell(done, work)
    (work / "01_gan_basics.new.ipynb").unlink()
    assert lab.copy_notebooks(shipped, work) == []


def test_work_in_the_copy_beside_is_not_lost_to_a_third_edition(shipped, work):
    lab.copy_notebooks(shipped, work)
    (work / "01_gan_basics.ipynb").write_text("hours of work")
    (shipped / "01_gan_basics.ipynb").write_text("second edition")
    lab.copy_notebooks(shipped, work)
    (work / "01_gan_basics.new.ipynb").write_text("more hours")
    (shipped / "01_gan_basics.ipynb").write_text("third edition")
    lab.copy_notebooks(shipped, work)
    assert texts(work) == {
        "00_start_here.ipynb": "00_start_here, first edition",
        "01_gan_basics.ipynb": "hours of work",
        "01_gan_basics.new.ipynb": "more hours",
        "01_gan_basics.new2.ipynb": "third edition",
    }


def test_an_untouched_copy_beside_is_replaced(shipped, work):
    lab.copy_notebooks(shipped, work)
    (work / "01_gan_basics.ipynb").write_text("hours of work")
    for edition in ("second", "third"):
        (shipped / "01_gan_basics.ipynb").write_text(edition)
        lab.copy_notebooks(shipped, work)
    assert texts(work)["01_gan_basics.new.ipynb"] == "third"
    assert "01_gan_basics.new2.ipynb" not in texts(work)


@pytest.mark.parametrize("record", [None, "{", "[1, 2]"], ids=["lost", "cut off", "of another kind"])
def test_without_its_record_every_differing_file_is_the_students(shipped, work, record):
    lab.copy_notebooks(shipped, work)
    (work / "01_gan_basics.ipynb").write_text("hours of work")
    if record is None:
        (work / lab.RECORD).unlink()
    else:
        (work / lab.RECORD).write_text(record)
    lab.copy_notebooks(shipped, work)
    assert texts(work)["01_gan_basics.ipynb"] == "hours of work"
    assert texts(work)["01_gan_basics.new.ipynb"] == "01_gan_basics, first edition"
    assert set(json.loads((work / lab.RECORD).read_text())) >= {"00_start_here.ipynb", "01_gan_basics.ipynb"}


def test_copies_can_be_written_to(shipped, work):
    (shipped / "01_gan_basics.ipynb").chmod(0o444)
    lab.copy_notebooks(shipped, work)
    assert (work / "01_gan_basics.ipynb").stat().st_mode & 0o200


def test_a_port_in_use_is_passed_over():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert lab.free_port(port) > port


def test_without_jupyterlab_the_cure_is_named(monkeypatch, work):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install .*labkit\[lab\]"):
        lab.main(str(work))
    assert not work.exists()


LAUNCH = """
import sys
from pathlib import Path
from labkit import lab
lab.shipped_notebooks = lambda: Path(sys.argv[1])
sys.exit(lab.main(sys.argv[2], browser=False, port=lab.free_port(18888)))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups that Ctrl-C can be sent to like this")
def test_the_printed_address_opens_the_first_notebook_and_ctrl_c_ends_it(shipped, work):
    pytest.importorskip("jupyterlab")
    command = [sys.executable, "-u", "-c", LAUNCH, str(shipped), str(work)]
    # A shell that runs the tests in the background has Ctrl-C ignored, and children inherit that.
    listen = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    launcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=listen)
    try:
        address = next(found[0] for line in launcher.stdout if (found := re.search(r"http://\S+", line)))
        assert re.search(r"/lab/tree/00_start_here\.ipynb\?token=\w{20,}$", address)
        server, token = address.split("/lab/")[0], address.split("token=")[1]
        with urllib.request.urlopen(f"{server}/api/contents?token={token}", timeout=30) as answer:
            assert {entry["name"] for entry in json.load(answer)["content"]} == set(texts(shipped))
        notices = f"{server}/lab/api/settings/@jupyterlab/apputils-extension:notification?token={token}"
        with urllib.request.urlopen(notices, timeout=30) as answer:
            assert json.load(answer)["schema"]["properties"]["fetchNews"]["default"] == "false", (
                "it will ask about news"
            )
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{server}/api/contents", timeout=30)
        os.killpg(launcher.pid, signal.SIGINT)  # as a terminal does: launcher and server both get it
        assert launcher.wait(timeout=30) == 0
        with pytest.raises(OSError):
            urllib.request.urlopen(f"{server}/api", timeout=5)
    finally:
        launcher.terminate()
        launcher.wait(timeout=30)
