"""Run a judge safely: a time limit that stops endless loops, and every global setting as it was before."""

import ctypes
import gc
import io
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from types import FrameType

import numpy as np
import torch


class TimeUp(BaseException):
    """The time limit. A BaseException, so that a student's `except Exception` does not swallow it."""


class Printed(io.TextIOBase):
    """Keeps the first lines that a student's function prints: a judge calls it many times, maybe in an endless loop."""

    def __init__(self, limit: int = 2000):
        self.text, self.limit = "", limit

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Keep what still fits."""
        if len(self.text) < self.limit:
            self.text += text[: self.limit - len(self.text)]
        return len(text)


@contextmanager
def settings_restored() -> Iterator[None]:
    """Random states, default dtype, grad mode and number of threads are afterwards what they were before.

    Inside: one thread, gradients on, float32, no autocast, whatever the notebook has set.
    """
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda_states = torch.cuda.get_rng_state_all() if cuda else []
    dtype, grad, threads = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()
    on_device = torch.get_default_device().type != "cpu"
    try:
        if threads != 1:
            torch.set_num_threads(1)
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
        with torch.autocast("cpu", enabled=False), torch.device("cpu") if on_device else nullcontext():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if cuda:
            torch.cuda.set_rng_state_all(cuda_states)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


@contextmanager
def young_garbage() -> Iterator[None]:
    """Inside, collections of garbage look at what was made inside. A notebook's whole heap takes half a second each."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def limited(work: Callable[[], None], seconds: float, printed: Printed) -> None:
    """Run `work`, for at most so many seconds.

    In the main thread a timer interrupts it; elsewhere, and where there are no such timers (Windows), it runs in a
    thread of its own that is asked to stop. One endless call into C can't be stopped either way.

    Args:
        work: what to run.
        seconds: for how long at most.
        printed: gets what the work prints.

    Raises:
        TimeUp: it took longer.
        Exception: whatever `work` raised.
    """
    with settings_restored(), young_garbage(), redirect_stdout(printed):
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
            _with_timer(work, seconds)
        else:
            _in_thread(work, seconds)


def _with_timer(work: Callable[[], None], seconds: float) -> None:
    def ring(number, frame):
        if _importing(frame):
            signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
        else:
            raise TimeUp

    handler = signal.signal(signal.SIGALRM, ring)
    # It rings again, for code that swallows the first one with a bare `except:`.
    before = signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    started = time.monotonic()
    try:
        work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if before[0]:
            left = max(1e-3, before[0] - (time.monotonic() - started))
            signal.setitimer(signal.ITIMER_REAL, left, before[1])


def _importing(frame: FrameType | None) -> bool:
    """Whether an import is under way: interrupted, it would leave half a module behind for the whole session.

    The first optimiser that somebody makes has torch import its compiler, which may take seconds.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _in_thread(work: Callable[[], None], seconds: float) -> None:
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            torch.set_grad_enabled(True)
            work()
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    while thread.is_alive() and _importing(sys._current_frames().get(thread.ident or 0)):
        thread.join(seconds)
    if thread.is_alive():
        for _ in range(10):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeUp))
            thread.join(0.2)
            if not thread.is_alive():
                break
        raise TimeUp
    if outcome:
        raise outcome[0]
