"""Two processes of gloo against one, and games that fall out of step."""

import json
import os
import socket
import subprocess
import sys

import pytest
import torch

from labkit.models.game import Turn
from labkit.training import checkpoint
from tests.training.tiny import finish, fork, plain, quick


def port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def together(work, folder, world=2):
    """Run `work(rank, folder)` in several processes that find one another as under torchrun."""
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port(), "WORLD_SIZE": str(world)}

    def member(rank):
        os.environ.update(address, RANK=str(rank), LOCAL_RANK=str(rank))
        try:
            work(rank, folder)
        except Exception as error:
            (folder / f"error{rank}").write_text(f"{type(error).__name__}: {error}")
        finally:
            if torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()

    children = [fork(member, rank) for rank in range(world)]
    for child in children:
        finish(child)
    return [(folder / f"error{rank}").read_text() for rank in range(world) if (folder / f"error{rank}").exists()]


@pytest.mark.parametrize("options", [{}, {"loss": "wasserstein", "critic_steps": 2, "gradient_penalty": 10.0}])
def test_two_processes_equal_one(tmp_path, options):
    """Same global batch, so same weights and averages to 1e-5; the penalty's mix and the latents are global too."""
    (tmp_path / "two").mkdir()

    def work(rank, folder):
        quick(plain(**options), run=folder, steps=12, batch=16)

    assert together(work, tmp_path / "two") == []
    quick(plain(**options), run=tmp_path / "one", steps=12, batch=16)
    one, two = (checkpoint.load(tmp_path / name / "last.pt") for name in ("one", "two"))
    start = plain(**options).state_dict()
    for part in (one["game"], one["averages"]["generator"]):
        other = two["game"] if part is one["game"] else two["averages"]["generator"]
        for name, tensor in part.items():
            torch.testing.assert_close(other[name], tensor, atol=1e-5, rtol=0, msg=name)
    moved = max(float((one["game"][name] - start[name]).abs().max()) for name in start)
    assert moved > 1e-3, "nothing was trained, so nothing was compared"
    assert two["session"]["processes"] == "2"


LEAVES = """
import atexit
import sys
from pathlib import Path

def threads():
    found = sorted((task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir())
    Path(sys.argv[1], f"{when}{rank}").write_text(" ".join(found))

atexit.register(threads)  # first in, so the last to run
import torch
from labkit.training.distributed import Processes

processes = Processes()
rank = processes.rank
torch.optim.Adam([torch.ones(1, requires_grad=True)]).step()
processes.wait()
when = "during"
threads()
when = "after"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_the_group_has_ended_before_python_does(tmp_path):
    """Left to the end of the process, the group's threads abort it now and then: a finished training that failed."""
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port(), "WORLD_SIZE": "2"}
    members = [
        subprocess.Popen([sys.executable, "-c", LEAVES, tmp_path], env={**os.environ, **address, "RANK": str(rank)})
        for rank in range(2)
    ]
    assert [member.wait(120) for member in members] == [0, 0]
    for rank in range(2):
        assert "gloo" in (tmp_path / f"during{rank}").read_text()
        assert "gloo" not in (tmp_path / f"after{rank}").read_text()


def test_one_process_goes_on_where_two_stopped(tmp_path):
    (tmp_path / "run").mkdir()

    def work(rank, folder):
        quick(plain(), run=folder, steps=6, batch=16)

    assert together(work, tmp_path / "run") == []
    quick(plain(), run=tmp_path / "run", steps=12, batch=16)
    quick(plain(), run=tmp_path / "whole", steps=12, batch=16)
    resumed, whole = (checkpoint.load(tmp_path / name / "last.pt")["game"] for name in ("run", "whole"))
    for name, tensor in whole.items():
        torch.testing.assert_close(resumed[name], tensor, atol=1e-5, rtol=0, msg=name)
    notes = [json.loads(line).get("note", "") for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert any("processes 2 → 1" in note for note in notes)


def skips_in_one_process(game, batch, step):
    yield from type(game).turns(game, batch, step)
    if game.seat.rank == 1 and step == 2:
        fake = game.generator(game.latent(4))
        yield Turn("generator", fool=-game.discriminator(fake).mean())


def swaps_players(game, batch, step):
    if game.seat.rank == 0 or step < 2:
        yield from type(game).turns(game, batch, step)
    else:
        yield Turn("generator", fool=-game.discriminator(game.generator(game.latent(4))).mean())
        yield Turn("discriminator", real=-game.discriminator(batch["image"]).mean())


@pytest.mark.parametrize("turns", [skips_in_one_process, swaps_players])
def test_a_game_out_of_step_raises_and_names_both(tmp_path, turns):
    def work(rank, folder):
        game = plain()
        game.turns = turns.__get__(game)
        quick(game, steps=6, batch=16, rehearse=False)

    errors = together(work, tmp_path)
    assert len(errors) == 2
    for error in errors:
        assert error.startswith("OutOfStep") and "process 0" in error and "process 1" in error
        assert "'generator'" in error
