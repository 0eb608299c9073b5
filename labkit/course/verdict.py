"""One function judged: right, wrong (how, and what to look at), or a stub. `check` shows it, the grader counts it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from labkit.course.exercise import Exercise, Wrong
from labkit.course.guard import Printed, TimeUp, limited
from labkit.course.judging import NotDone, Raised

TIME_LIMIT = 3.0


@dataclass(frozen=True)
class Verdict:
    """What a judge found.

    Attributes:
        kind: "right", "wrong", "todo" (a stub) or "reference" (the course's own answer, passed off as one).
        mistake: the mistake's short name, "" where there is none.
        message: a sentence on what the function did.
        hint: what to look at.
        printed: what the function printed while it was judged.
    """

    kind: str
    mistake: str = ""
    message: str = ""
    hint: str = ""
    printed: str = ""


def judge(exercise: Exercise, function: Any, seconds: float = TIME_LIMIT) -> Verdict:
    """Judge a function by its behaviour. Leaves random states, threads and all other settings as they were.

    Args:
        exercise: which one.
        function: the student's, or whatever they passed.
        seconds: when to stop it.
    """
    if function is exercise.reference:
        return Verdict("reference", message="this is the reference answer, not yours.")
    if not callable(function):
        return _wrong(
            Wrong(
                "not-a-function",
                f"you passed a {type(function).__name__} and not a function.",
                f"Pass the function itself, without parentheses: `check({exercise.name!r}, {exercise.function})`.",
            )
        )
    if inspect.isclass(function) or inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
        return _wrong(Wrong("not-a-function", "you passed a class or an async function.", "Write a plain `def`."))
    printed = Printed()
    return replace(_judge(exercise, function, seconds, printed), printed=printed.text)


def _judge(exercise: Exercise, function: Callable, seconds: float, printed: Printed) -> Verdict:
    try:
        limited(lambda: exercise.judge(function), seconds, printed)
        return Verdict("right")
    except Wrong as wrong:
        return _wrong(wrong)
    except NotDone:
        return Verdict("todo", message="not done yet.")
    except TimeUp:
        return _wrong(
            Wrong(
                "too-slow",
                f"your function was stopped: it had not finished after {seconds:g} seconds.",
                "Does a loop never end? It is given a handful of tiny tensors, a millisecond's work.",
            )
        )
    except Raised as raised:
        return Verdict("wrong", "raised", f"{raised.sentence}.", "Read the last part first: it names what did not fit.")
    except Exception as error:  # An odd object that the function returned, tripping the judge.
        said = f"{type(error).__name__}: {error}"
        return Verdict("wrong", "odd", f"the check can't use what your function gives ({said}).")


def _wrong(wrong: Wrong) -> Verdict:
    return Verdict("wrong", wrong.mistake, wrong.message, wrong.hint)
