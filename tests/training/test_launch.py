"""`labkit train --processes 2`, for real: torchrun, gloo, one run folder."""

import json

import pytest

from labkit.errors import UserError
from labkit.training import checkpoint
from labkit.training.launch import launch


def test_two_processes_by_the_command_line(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "data"))
    run = tmp_path / "run"
    words = ["gan", "--data=digits", "--scale=smoke", "--steps=4", f"--run={run}", "--threads=1"]
    assert launch(words, 2) == 0, capfd.readouterr().out
    state = checkpoint.load(run / "last.pt")
    assert state["step"] == 4 and state["session"]["processes"] == "2"
    steps = [json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert steps == [4]


def test_a_mistake_in_the_processes_is_an_exit_status(tmp_path, capfd):
    assert launch(["gan", "--data=nothing-like-it", "--scale=smoke", f"--run={tmp_path}"], 1) != 0
    assert "nothing-like-it" in capfd.readouterr().out


def test_no_processes():
    with pytest.raises(UserError, match="0 processes"):
        launch([], 0)
