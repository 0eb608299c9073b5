"""How many CPU threads to use: two OpenMP threads on one free core are 17 to 100 times slower than one."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch


def cores() -> int:
    """Cores that this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def _cpu_seconds() -> float | None:
    """Seconds that all cores together have worked since boot, where the system tells."""
    try:
        user, nice, system = Path("/proc/stat").read_text().split(maxsplit=4)[1:4]
    except OSError:
        return None
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def busy_cores(seconds: float = 0.15) -> float:
    """How many cores other work keeps busy just now, watched for so many seconds; 0 where nothing can be known."""
    before, start = _cpu_seconds(), time.perf_counter()
    if before is None:
        return min(os.getloadavg()[0], cores()) if hasattr(os, "getloadavg") else 0.0
    time.sleep(seconds)
    return ((_cpu_seconds() or before) - before) / (time.perf_counter() - start)


def choose_threads() -> int:
    """Threads for training: `LABKIT_THREADS` or `OMP_NUM_THREADS` if set, else the cores that are free now."""
    for name in ("LABKIT_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(name, "").isdigit():
            return max(1, int(os.environ[name]))
    return max(1, round(cores() - busy_cores() - 0.25))


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread inside: for sampling, widgets and scores, which must not wait for a busy second core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class ThreadGuard:
    """Falls back to one thread when others take the cores away while a run goes on.

    Compares the mean step of the last `window` with the fastest window so far; `factor` can't come from the model.
    """

    def __init__(self, window: int = 20, factor: float = 6.0):
        self.window, self.factor = window, factor
        self.best, self.count, self.start = float("inf"), 0, time.perf_counter()

    def pause(self) -> None:
        """Forget the running window: something other than a step took time."""
        self.count, self.start = 0, time.perf_counter()

    def step(self) -> bool:
        """Call after every step. True when it has just changed to one thread."""
        self.count += 1
        if self.count < self.window or torch.get_num_threads() == 1:
            return False
        mean = (time.perf_counter() - self.start) / self.count
        self.pause()
        if mean > self.factor * self.best:
            torch.set_num_threads(1)
            return True
        self.best = min(self.best, mean)
        return False
