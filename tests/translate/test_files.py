"""Which files are translated, what lies where afterwards, and how mistakes are answered."""

import numpy as np
import pytest

from labkit import cli
from labkit.errors import UserError
from labkit.translate import translate_files
from tests.translate.files import load, noise, save


def test_folders_keep_their_names_and_broken_files_are_named(run, shown, tmp_path, capsys):
    top = tmp_path / "in"
    save(top / "a.jpg", noise(40, 40, 3))
    save(top / "below" / "b.c.png", noise(40, 40, 3))
    save(top / ".hidden.png", noise(40, 40, 3))
    (top / "broken.png").write_bytes((top / "a.jpg").read_bytes()[:50])
    (top / "notes.txt").write_text("no picture")
    assert cli.main(["translate", run("cyclegan"), str(top), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names == {"a.png", "below/b.c.png"}
    assert "1 file skipped:\n" in said.err and "broken.png: " in said.err
    assert len(said.out.splitlines()) == 2


def test_two_files_of_one_name_both_stay(run, shown, tmp_path):
    first, second = noise(32, 32, 3), noise(32, 32, 3)
    files = [save(tmp_path / "x" / "a.png", first), save(tmp_path / "y" / "a.bmp", second), tmp_path / "x" / "a.png"]
    save(tmp_path / "y" / "A.png", first)
    done = translate_files(run("cyclegan"), [*files, tmp_path / "y"], tmp_path / "out")
    found = [(one.input.name, one.output.name) for one in done.written]
    assert found == [("a.png", "a.png"), ("a.bmp", "a-2.png"), ("A.png", "A-3.png")]
    assert np.array_equal(load(tmp_path / "out" / "a.png"), first)
    assert np.array_equal(load(tmp_path / "out" / "a-2.png"), second)


def test_an_input_is_never_overwritten(run, shown, tmp_path):
    picture = noise(32, 32, 3)
    file = save(tmp_path / "in" / "a.png", picture)
    for out, part in ((file, "is the input"), (tmp_path / "in", "would lie among the pictures")):
        with pytest.raises(UserError, match=part):
            translate_files(run("cyclegan"), [file if out == file else tmp_path / "in"], out, back=True)
    for _ in range(2):
        (one,) = translate_files(run("cyclegan"), [file], tmp_path / "in", back=True).written
        assert one.output == tmp_path / "in" / "a-2.png"
    assert np.array_equal(load(file), picture) and np.array_equal(load(one.output), 255 - picture)


def test_results_below_a_folder_are_not_translated_again(run, shown, tmp_path):
    save(tmp_path / "a.png", noise(32, 32, 3))
    for _ in range(2):
        done = translate_files(run("cyclegan"), [tmp_path], tmp_path / "out")
        assert [one.output for one in done.written] == [tmp_path / "out" / "a.png"]


@pytest.mark.parametrize(
    "words, part",
    [
        (["{cycle}", "lost.png"], "there is no lost.png"),
        (["{cycle}", "broken.png"], "nothing could be translated: broken.png: not a picture"),
        (["{cycle}", "empty"], "the folder empty holds no pictures"),
        (["{gan}", "a.png"], "translates no pictures: name a run of pix2pix or cyclegan"),
        (["cycelgan", "a.png"], "did you mean 'cyclegan'"),
        (["runs/lost", "a.png"], "no run in runs/lost"),
        (["{pix}", "a.png", "--back"], "has one direction"),
        (["{cycle}", "a.png", "--out", "b.jpg"], "a.png becomes a .png file: b.jpg can't be --out"),
        (["{cycle}", "a.png", "a.gif", "--out", "b.png"], "several files need a folder"),
        (["{cycle}", "a.png", "--out", "broken.txt"], "broken.txt is a file: name a folder"),
        (["{cycle}", "a.png", "--device", "tpu"], "no device 'tpu'"),
    ],
)
def test_a_mistake_is_one_sentence(run, tmp_path, monkeypatch, capsys, words, part):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "a.png", noise(32, 32, 3))
    save(tmp_path / "a.gif", noise(32, 32))
    (tmp_path / "empty").mkdir()
    for name in ("broken.png", "broken.txt"):
        (tmp_path / name).write_text("no picture")
    runs = {"cycle": run("cyclegan"), "gan": run("gan"), "pix": run("pix2pix")}
    before = sorted(tmp_path.rglob("*"))
    capsys.readouterr()
    assert cli.main(["translate", *(word.format(**runs) for word in words)]) == 2
    told = capsys.readouterr()
    assert part in told.err and len(told.err.splitlines()) == 1 and not told.out
    assert [path for path in sorted(tmp_path.rglob("*")) if path.name != "translated"] == before


def test_one_file_may_be_named(run, shown, tmp_path):
    save(tmp_path / "a.jpg", noise(32, 32, 3))
    done = translate_files(run("cyclegan"), [tmp_path / "a.jpg"], tmp_path / "new" / "B.PNG")
    assert done.written[0].output.parent == tmp_path / "new" and load(done.written[0].output).shape == (32, 32, 3)
