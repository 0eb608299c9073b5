"""The command line against stand-ins for what it calls: what it passes on, and how it answers mistakes."""

import errno
import json
import os
import subprocess
import sys
import types

import pytest
import torch

from labkit import cli, commands
from labkit.errors import UserError, nearest


class Score:
    def table(self):
        return "FD-digits 12.5"

    def json(self):
        return {"name": "FD-digits", "value": 12.5}


@pytest.fixture
def recipes(monkeypatch, tmp_path):
    """Stand-in for labkit.recipes that remembers its calls."""
    monkeypatch.chdir(tmp_path)
    calls = []
    stand_in = types.ModuleType("labkit.recipes")
    stand_in.LABS = {name: types.SimpleNamespace(title=f"the {name} lab") for name in ("gan", "dcgan", "cgan")}
    stand_in.shipped = lambda: ["cgan", "face-to-cartoon"]
    stand_in.SCALES = ("smoke", "cpu", "gpu", "paper")
    stand_in.settings_for = lambda lab, scale: ({}, {"batch": 16})
    stand_in.train_lab = lambda lab, **options: calls.append((lab, options))
    stand_in.sample_images = lambda source, n, seed: torch.full((n, 1, 4, 4), seed, dtype=torch.uint8)
    stand_in.evaluate = lambda source, **options: calls.append((source, options)) or Score()
    stand_in.calls = calls
    monkeypatch.setitem(sys.modules, "labkit.recipes", stand_in)
    return stand_in


def test_training_gets_what_was_asked(recipes):
    assert (
        cli.main(["train", "dcgan", "--data", "digits", "--scale", "cpu", "--steps", "30", "--seed", "4", "--score",
                  "--option", "loss=hinge", "--option", "r1=0.5", "--option", "critic_norm=false"])
        == 0
    )  # fmt: skip
    ((lab, options),) = recipes.calls
    assert lab == "dcgan"
    assert options == {
        "data": "digits", "scale": "cpu", "steps": 30, "minutes": None, "seed": 4, "run": os.path.join("runs", "dcgan"),
        "threads": None, "precision": "auto", "device": "auto", "score": True,
        "change": {"loss": "hinge", "r1": 0.5, "critic_norm": False}, "decay": None,
    }  # fmt: skip


def test_rates_that_fall_are_0_at_the_last_step(recipes, capsys):
    assert cli.main(["train", "gan", "--steps", "100", "--decay", "800"]) == 0
    assert recipes.calls[-1][1]["decay"] == (800, 1600)
    assert cli.main(["train", "gan", "--minutes", "1", "--decay", "800"]) == 2
    assert "--steps" in capsys.readouterr().err


def test_several_processes_each_get_the_same_words(recipes, monkeypatch):
    launched = []
    stand_in = types.ModuleType("labkit.training.launch")
    stand_in.launch = lambda words, processes: launched.append((words, processes)) or 7
    monkeypatch.setitem(sys.modules, "labkit.training.launch", stand_in)
    words = ["train", "gan", "--minutes", "0.5", "--data", "my photos", "--run", "runs/a b", "--processes", "2"]
    words += ["--decay", "9", "--option", "loss=hinge", "--option", 'augment=["colour"]']
    assert cli.main(words) == 7
    ((given, processes),) = launched
    assert processes == 2
    again = cli.parser().parse_args(["train", *given])
    asked = cli.parser().parse_args(words)
    asked.processes = 1
    assert again == asked


@pytest.mark.parametrize(
    "words, part",
    [
        (["train", "dcgna"], "did you mean 'dcgan'"),
        (["train", "gan", "--scale", "cpuu"], "did you mean 'cpu'"),
        (["sample", "dcgna"], "did you mean 'dcgan'"),
        (["evaluate", "runs/lost"], "no run in runs/lost"),
        (["sample", "gan", "--out", "picture.jpg"], "not a PNG"),
        (["sample", "gan", "--out", "nowhere/picture.png"], "nowhere/picture.png"),
    ],
)
def test_a_mistake_is_one_sentence(recipes, capsys, words, part):
    assert cli.main(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert part in told.err
    assert len(told.err.splitlines()) == 1
    assert "Traceback" not in told.err
    assert not recipes.calls


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["tran", "gan"],
        ["train"],
        ["train", "gan", "--steps", "0"],
        ["train", "gan", "--steps", "5", "--minutes", "1"],
        ["train", "gan", "--minutes", "-1"],
        ["train", "gan", "--option", "hinge"],
        ["train", "gan", "--minutes", "nan"],
        ["sample", "gan", "--n", "many"],
        ["lab", "--port", "70000"],
    ],
)
def test_words_that_make_no_sense_end_with_2(recipes, capsys, words):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "raised, code, part",
    [
        (UserError("D's loss is not finite"), 2, "D's loss is not finite"),
        (KeyboardInterrupt(), 130, "stopped; the last checkpoint is whole: kept"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "faces/"), 2, "there is no faces/"),
        (PermissionError(errno.EACCES, "Permission denied", "/srv/x"), 2, "no permission for /srv/x"),
        (OSError(errno.EROFS, "Read-only file system", "/mnt/x"), 2, "/mnt/x can only be read"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "the disk is full"),
        (ConnectionError("mirror: quota page"), 1, "mirror: quota page"),
    ],
)
def test_what_stops_a_training_is_told_without_a_traceback(recipes, capsys, tmp_path, raised, code, part):
    def train_lab(lab, **options):
        raise raised

    recipes.train_lab = train_lab
    (tmp_path / "kept").mkdir()
    assert cli.main(["train", "gan", "--run", "kept"]) == code
    told = capsys.readouterr().err
    assert part in told
    assert len(told.splitlines()) == 1


def test_no_checkpoint_is_promised_before_there_is_one(recipes, capsys):
    def train_lab(lab, **options):
        raise KeyboardInterrupt

    recipes.train_lab = train_lab
    assert cli.main(["train", "gan"]) == 130
    assert capsys.readouterr().err == "labkit: stopped\n"


def test_a_fault_of_ours_keeps_its_traceback(recipes):
    def train_lab(lab, **options):
        raise ZeroDivisionError

    recipes.train_lab = train_lab
    with pytest.raises(ZeroDivisionError):
        cli.main(["train", "gan"])


def test_samples_are_drawn_to_a_file_that_says_what_it_is(recipes, tmp_path):
    from PIL import Image

    assert cli.main(["sample", "gan", "--n", "5", "--seed", "9"]) == 0
    picture = Image.open(tmp_path / "gan-samples.png")
    assert "synthetic" in picture.text["Description"]
    assert picture.size == (3 * 6 - 2, 2 * 6 - 2)
    assert picture.getpixel((0, 0)) == 9


@pytest.mark.parametrize("words", [["labs", "--json"], ["evaluate", "gan", "--json"]])
def test_json_is_one_document(recipes, capsys, words):
    assert cli.main(words) == 0
    assert json.loads(capsys.readouterr().out)


def test_evaluate_passes_its_options(recipes, capsys):
    assert cli.main(["evaluate", "gan", "--n", "500", "--data", "digits"]) == 0
    assert recipes.calls == [("gan", {"n": 500, "data": "digits"})]
    assert "FD-digits" in capsys.readouterr().out


HELP = """
import sys
from labkit.cli import main
try:
    main(["train", "--help"])
except SystemExit:
    pass
print([heavy for heavy in ("torch", "numpy", "matplotlib", "IPython") if heavy in sys.modules])
"""


def test_help_is_light_and_shows_examples():
    told = subprocess.run([sys.executable, "-c", HELP], check=True, capture_output=True, text=True).stdout
    assert told.rstrip().endswith("[]")
    assert "examples:" in told


def test_every_command_has_help_and_something_to_run(capsys):
    choices = cli.parser()._subparsers._group_actions[0].choices
    assert set(choices) >= {"lab", "labs", "train", "sample", "evaluate", "data", "build", "grade", "doctor", "bench"}
    assert all(callable(getattr(commands, name)) for name in choices if name != "data")


def test_a_reader_that_stops_reading_is_no_mistake():
    command = f"{sys.executable} -m labkit --help; {sys.executable} -m labkit labs | head -c 0"
    told = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("mnits", "unknown data set 'mnits'; did you mean 'mnist'? known: celeba, digits, mnist"),
        ("MNIST", "unknown data set 'MNIST'; did you mean 'mnist'? known: celeba, digits, mnist"),
        ("zzz", "unknown data set 'zzz'; known: celeba, digits, mnist"),
    ],
)
def test_nearest_names(name, sentence):
    assert nearest(name, ["mnist", "digits", "celeba"], "data set") == sentence


def test_train_go_on_sample_and_score_for_real(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    train = ["train", "gan", "--scale", "smoke", "--data", "digits", "--device", "cpu", "--precision", "float32"]
    assert cli.main([*train, "--steps", "4", "--run", "a run"]) == 0
    assert cli.main([*train, "--steps", "8", "--run", "a run"]) == 0
    log = [json.loads(line) for line in (tmp_path / "a run" / "log.jsonl").read_text().splitlines()]
    assert max(line.get("step", 0) for line in log) == 8
    assert cli.main(["sample", "a run", "--n", "4"]) == 0
    assert (tmp_path / "a run-samples.png").stat().st_size > 100
    capsys.readouterr()
    assert cli.main(["evaluate", "a run", "--n", "200", "--json"]) == 0
    score = json.loads(capsys.readouterr().out)
    assert score["n"] == 200
    assert score["value"] > score["floor"]["value"]
    assert cli.main(["train", "dcgan", "--scale", "smoke", "--data", "digits", "--run", "a run"]) == 2
    assert "another experiment" in capsys.readouterr().err


def test_two_processes_for_real(tmp_path):
    words = ["train", "gan", "--scale", "smoke", "--data", "digits", "--steps", "4", "--run", str(tmp_path / "a run")]
    command = [sys.executable, "-m", "labkit", *words, "--processes", "2", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "a run" / "last.pt").exists()
