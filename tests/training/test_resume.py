"""Killed at any moment and resumed, a run ends bit-identical to one that was not."""

import json
import os
import random
import signal
import time

import pytest
import torch

from labkit.errors import UserError
from labkit.training import Adam, checkpoint
from labkit.training.checkpoint import CannotResume
from tests.training.tiny import convolutional, digest, finish, fork, plain, quick, wait_for

KILLS = 20


def settings(**more):
    return {"steps": 60, "precision": "bf16", "save_seconds": 0.0, "previews": 3, "log_steps": 7, **more}


def train_here(folder, **more):
    quick(convolutional(), run=folder, score=score, score_images=64, **settings(**more))


def score(game):
    return {"brightness": float(game.sample(16, generator=torch.Generator().manual_seed(1)).mean())}


def outcome(folder):
    """Everything but clock times and what the session was."""
    state = checkpoint.load(folder / "last.pt")
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    for line in lines:
        del line["seconds"]
    weights = {key: value for key, value in state.items() if key not in ("seconds", "session")}
    return digest(weights), lines


def started(folder):
    """A child that has begun to train, and when it did."""
    child = fork(train_here, folder)
    wait_for(lambda: (folder / "config.json").exists())
    return child, time.perf_counter()


def test_killed_at_twenty_random_moments(tmp_path):
    """channels_last, fused Adam and bf16 are on; each run is killed with -9 once, somewhere, and resumed."""
    child, start = started(tmp_path / "whole")
    assert finish(child) == 0
    lasts = time.perf_counter() - start
    wanted = outcome(tmp_path / "whole")
    assert checkpoint.load(tmp_path / "whole/last.pt")["step"] == 60 and len(wanted[1]) >= 10
    moments, cut, number = random.Random(0), 0, 0
    while cut < KILLS:
        number += 1
        assert number <= 4 * KILLS, "too few runs were still going when they were killed"
        folder = tmp_path / str(number)
        child, _ = started(folder)
        time.sleep(moments.uniform(0, 0.8) * lasts)
        if child.exitcode is None:
            os.kill(child.pid, signal.SIGKILL)
        child.join()
        cut += child.exitcode == -signal.SIGKILL
        assert finish(fork(train_here, folder)) == 0
        assert outcome(folder) == wanted, f"kill {number}"


def test_a_resume_with_other_moments_would_differ(tmp_path):
    """The comparison above can fail: moments that are off by a thousandth change the run."""
    train_here(tmp_path / "whole", steps=12)
    quick(convolutional(), run=tmp_path / "cut", score=score, score_images=64, **settings(steps=6))
    state = checkpoint.load(tmp_path / "cut/last.pt")
    for moments in state["optimizers"]["generator"]["state"].values():
        moments["exp_avg"] = moments["exp_avg"] * 1.001
    checkpoint.save(tmp_path / "cut/last.pt", {key: value for key, value in state.items() if key != "format"})
    train_here(tmp_path / "cut", steps=12)
    assert outcome(tmp_path / "cut")[0] != outcome(tmp_path / "whole")[0]


def test_a_resume_takes_as_many_threads_as_before_unless_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("labkit.training.loop.cores", lambda: 4)
    quick(convolutional(), run=tmp_path, threads=1, steps=2)

    def threads(steps):
        assert quick(convolutional(), run=tmp_path, steps=steps, threads=None).step == steps
        return checkpoint.load(tmp_path / "last.pt")["session"]["threads"]

    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert threads(3) == "1"
    monkeypatch.setenv("LABKIT_THREADS", "2")
    assert threads(4) == "2"


def test_moments_take_their_parameters_layout(tmp_path):
    from labkit.training.loop import Trainer
    from labkit.training.settings import Settings
    from tests.training.tiny import data

    quick(convolutional(), run=tmp_path)
    state = checkpoint.load(tmp_path / "last.pt")
    for part in state["optimizers"]["generator"]["state"].values():
        part["exp_avg"] = part["exp_avg"].contiguous()
    trainer = Trainer(
        convolutional(), data(), Settings(steps=1, batch=8, threads=1, precision="float32"), None, None, {}
    )
    trainer.players.load_state_dict(state)
    found = [
        (parameter.stride(), moments["exp_avg"].stride())
        for parameter, moments in trainer.players.optimizers["generator"].state.items()
        if parameter.dim() == 4
    ]
    assert found and all(mine == theirs for mine, theirs in found)


def test_ctrl_c_stops_between_steps_with_a_whole_checkpoint(tmp_path):
    def long_run(folder):
        quick(convolutional(), run=folder, steps=10**6, save_seconds=1e9, log_steps=1)

    child = fork(long_run, tmp_path)
    wait_for(lambda: (tmp_path / "log.jsonl").exists() and (tmp_path / "log.jsonl").stat().st_size > 300)
    os.kill(child.pid, signal.SIGINT)
    assert finish(child) != 0
    step = checkpoint.load(tmp_path / "last.pt")["step"]
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert step == last["step"] > 0


def test_another_experiment_is_refused_with_the_difference(tmp_path):
    quick(convolutional(), run=tmp_path)
    before = (tmp_path / "last.pt").read_bytes()
    for game, changed, words in (
        (plain(), {}, "model"),
        (convolutional(loss="hinge"), {}, "hinge"),
        (convolutional(), {"batch": 16}, "batch"),
        (convolutional(), {"optimizers": Adam(lr=1e-3)}, "0.001"),
        (convolutional(), {"seed": 1}, "seed"),
    ):
        with pytest.raises(CannotResume, match=words):
            quick(game, run=tmp_path, **changed)
    assert (tmp_path / "last.pt").read_bytes() == before


def test_more_steps_and_other_precision_go_on_and_are_logged(tmp_path):
    quick(convolutional(), run=tmp_path, steps=4)
    run = quick(convolutional(), run=tmp_path, steps=8, precision="bf16")
    assert run.step == 8
    notes = [line["note"] for line in run.history if "note" in line]
    assert len(notes) == 1 and "precision float32 → bf16" in notes[0]


def test_a_finished_run_is_not_trained_again(tmp_path):
    quick(convolutional(), run=tmp_path)
    before = digest(checkpoint.load(tmp_path / "last.pt"))
    assert quick(convolutional(), run=tmp_path).step == 6
    assert digest(checkpoint.load(tmp_path / "last.pt")) == before


@pytest.mark.parametrize("damage", [b"", b"<html>Quota exceeded</html>", None])
def test_a_damaged_checkpoint_is_named_and_kept(tmp_path, damage):
    quick(convolutional(), run=tmp_path)
    file = tmp_path / "last.pt"
    content = file.read_bytes()[: file.stat().st_size // 2] if damage is None else damage
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"last\.pt"):
        quick(convolutional(), run=tmp_path)
    assert file.read_bytes() == content


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path):
    """A real limit on the size of files, in a child: the second save can't be written."""

    def limited(folder):
        import resource

        quick(convolutional(), run=folder)
        (folder / "step").write_text(str(checkpoint.load(folder / "last.pt")["step"]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            quick(convolutional(), run=folder, steps=12)
        except UserError as error:
            (folder / "error").write_text(str(error)[:3000])

    assert finish(fork(limited, tmp_path)) == 0
    assert "can't write the checkpoint" in (tmp_path / "error").read_text()
    assert "is whole" in (tmp_path / "error").read_text()
    assert checkpoint.load(tmp_path / "last.pt")["step"] == 6
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".last")] == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full to write to")
def test_a_disk_that_fills_up_stops_the_run_with_a_whole_checkpoint(tmp_path):
    """The log goes to a full device from step 5 on; the next line is due after step 8."""
    game, kind = convolutional(), type(convolutional())

    def turns(self, batch, step):
        if step == 5 and (tmp_path / "log.jsonl").exists():
            (tmp_path / "log.jsonl").unlink()
            (tmp_path / "log.jsonl").symlink_to("/dev/full")
        return kind.turns(self, batch, step)

    game.turns = turns.__get__(game)
    with pytest.raises(UserError, match=r"can't write .*log\.jsonl: No space left"):
        quick(game, run=tmp_path, steps=12)
    assert checkpoint.load(tmp_path / "last.pt")["step"] == 8


def test_a_run_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="run folder"):
        quick(convolutional(), run=tmp_path / "file" / "run")


def test_a_checkpoint_can_not_run_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.system, (f"touch {tmp_path}/ran",))

    torch.save({"format": 1, "game": Evil()}, tmp_path / "last.pt")
    with pytest.raises(UserError):
        checkpoint.load(tmp_path / "last.pt")
    assert not (tmp_path / "ran").exists()
