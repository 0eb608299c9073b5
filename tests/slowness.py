"""How slow this core is just now, for tests that hold a bar in seconds."""

import time

import torch

from labkit.threads import single_thread

QUIET = 55.0
"""Milliseconds of `slowness`'s work on a quiet core of 2.5 GHz without bf16, where all explorers keep the times."""


def slowness() -> float:
    """How many times as long as a quiet core this one takes just now; at least 1, and at most 2.

    Machines are shared: the same core may do half of its work an hour later, and so may all that stands on it.
    """
    images, weights = torch.ones(8, 32, 64, 64).contiguous(memory_format=torch.channels_last), torch.ones(32, 32, 3, 3)
    took = []
    with single_thread():
        for _ in range(4):
            start = time.perf_counter()
            for _ in range(10):
                torch.conv2d(images, weights, padding=1)
            took.append(1e3 * (time.perf_counter() - start))
    return min(2.0, max(1.0, min(took) / QUIET))
