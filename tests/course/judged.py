"""What every lab's checks are asked: right answers pass, mistakes are named, references behave, luck plays no part."""

import random
import time

import numpy as np
import torch

from labkit.course.exercise import exercise
from labkit.course.verdict import judge


def seed_all(seed):
    """Answers may draw from any of the three."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def passes(name, function, seeds=range(5)):
    """A right answer, whatever the global seed."""
    for seed in seeds:
        seed_all(seed)
        verdict = judge(exercise(name), function)
        assert verdict.kind == "right", (seed, verdict)


def is_named(name, mistake, function, seconds, without_hint=()):
    """A wrong answer hears its own mistake, within so many seconds; only some mistakes have no hint."""
    judge(exercise(name), function)  # Torch imports parts of itself at their first use.
    for seed in range(3):
        seed_all(seed)
        started = time.process_time()
        verdict = judge(exercise(name), function)
        assert time.process_time() - started < seconds
        assert (verdict.kind, verdict.mistake) == ("wrong", mistake), verdict
        assert verdict.message and (verdict.hint or mistake in without_hint)


def different(name, wrong):
    """How many of these wrong answers are told something of their own."""
    seed_all(0)
    verdicts = [judge(exercise(name), function) for function in wrong.values()]
    return len({(verdict.message, verdict.hint) for verdict in verdicts})


def is_whole(name):
    """The reference behaves and does not count, a stub is to do, and there are three hints."""

    def stub(*arguments):
        raise NotImplementedError()

    task = exercise(name)
    assert judge(task, lambda *arguments: task.reference(*arguments)).kind == "right"
    assert judge(task, task.reference).kind == "reference"
    assert judge(task, stub).kind == "todo"
    assert len(task.hints) == 3 and task.points > 0 and task.minutes > 0
