"""Two ways of the same work in turns, each in an interpreter of its own: so a person would run them.

What one side sets up for itself, such as how memory is kept (`labkit.training.memory`), is no gift to the other.
"""

import statistics
import time
from collections.abc import Callable
from multiprocessing import get_context, set_start_method
from multiprocessing.connection import Connection
from typing import Any

import torch

from labkit.threads import choose_threads

OURS, TEXTBOOK = "ours", "textbook"
Make = Callable[[str], Callable[[], object]]
"""From `OURS` or `TEXTBOOK` to the work to be timed; a function of a module, or a `partial` of one."""


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """How long the work takes, the device's part included."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def in_turns(make: Make, rounds: int, device: torch.device) -> tuple[float, float]:
    """Median seconds of our side and of the textbook's, in turns, after two rounds to warm up.

    Raises:
        RuntimeError: a side failed; its error is the message.
    """
    context, threads = get_context("spawn"), choose_threads()
    torch.set_num_threads(threads)  # said of the machine beside the figures
    ends, workers = [], []
    try:
        for side in (OURS, TEXTBOOK):
            here, there = context.Pipe()
            workers.append(context.Process(target=_serve, args=(there, make, side, threads, device)))
            workers[-1].start()
            there.close()
            ends.append(here)
            _answer(here)  # it has set up: one after the other, so that neither waits for the other's cores
        times = [tuple(_timed(end) for end in ends) for _ in range(rounds + 2)][2:]
    finally:
        for end in ends:
            end.close()
        for worker in workers:
            worker.join(10)
            worker.terminate()
    mine, theirs = zip(*times)
    return statistics.median(mine), statistics.median(theirs)


def _timed(end: Connection) -> float:
    end.send(True)
    return _answer(end)


def _answer(end: Connection) -> Any:
    try:
        said = end.recv()
    except EOFError:
        raise RuntimeError("one side of a comparison was killed: not enough memory?") from None
    if isinstance(said, str):
        raise RuntimeError(said)
    return said


def _serve(end: Connection, make: Make, side: str, threads: int, device: torch.device) -> None:
    """A side's process: set up, then work once whenever asked, until nobody asks."""
    set_start_method(None, force=True)  # a loader's workers start as they do for everybody, not as this process did
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    try:
        work = make(side)
        torch.set_num_threads(threads)
        end.send(0.0)
        while end.recv():
            end.send(seconds(work, device))
    except EOFError:
        return
    except Exception as error:
        end.send(f"{type(error).__name__}: {error}")
