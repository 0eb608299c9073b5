"""Both sides of a comparison run in processes of their own, in turns."""

import multiprocessing
import os
import time
from functools import partial
from itertools import pairwise

import pytest
import torch

from labkit.bench.apart import OURS, TEXTBOOK, in_turns

CPU = torch.device("cpu")


def sleeper(side, folder, naps):
    log = folder / side

    def work():
        with log.open("a") as file:
            print(os.getpid(), time.monotonic(), file=file)
        time.sleep(naps[side])
        with log.open("a") as file:
            print(os.getpid(), time.monotonic(), file=file)

    return work


def test_each_side_has_a_process_and_they_never_work_at_once(tmp_path):
    naps = {OURS: 0.02, TEXTBOOK: 0.05}
    mine, theirs = in_turns(partial(sleeper, folder=tmp_path, naps=naps), 3, CPU)
    assert 0.02 <= mine < theirs and 0.05 <= theirs < 0.5
    lines = [[line.split() for line in (tmp_path / side).read_text().splitlines()] for side in (OURS, TEXTBOOK)]
    processes = [{process for process, _ in some} for some in lines]
    assert len(processes[0]) == len(processes[1]) == 1 and processes[0] != processes[1]
    assert str(os.getpid()) not in processes[0] | processes[1]
    spans = sorted(
        (float(start[1]), float(end[1])) for some in lines for start, end in zip(some[::2], some[1::2], strict=True)
    )
    assert len(spans) == 10  # two rounds to warm up, and three that count
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def loading(side):
    """A loader starts processes of its own, in the system's usual way."""
    assert multiprocessing.get_start_method() == multiprocessing.get_all_start_methods()[0]
    loader = torch.utils.data.DataLoader(torch.arange(8), num_workers=1)
    return lambda: sum(int(x) for x in loader)


def test_a_side_may_start_processes():
    assert min(in_turns(loading, 1, CPU)) > 0


def broken(side):
    def work():
        raise ValueError(f"{side} fell over")

    return work


def killed(side):
    return lambda: os._exit(9)


def test_a_side_that_fails_says_so():
    with pytest.raises(RuntimeError, match="ours fell over"):
        in_turns(broken, 1, CPU)
    with pytest.raises(RuntimeError, match="killed"):
        in_turns(killed, 1, CPU)
