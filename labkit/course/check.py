"""`check`: the student's function where it behaves, else the reference with a notice and the hint for that mistake.

    discriminator_loss = check("01.discriminator_loss", discriminator_loss)

So nobody is ever stuck, and a notebook runs from top to bottom however much of it is solved.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from labkit.course.exercise import LABS, Exercise, exercise
from labkit.course.notice import MARKS, Notice, show
from labkit.course.verdict import Verdict, judge
from labkit.errors import UserError, nearest


@dataclass
class _Record:
    """What is known of one exercise in this session."""

    own: bool = False
    outcome: str = "not checked"
    attempts: int = 0
    rungs: int = 0


_records: dict[str, _Record] = {}


def check(name: str, function: Any, *, quiet: bool = False) -> Callable:
    """Judge a student's function, say what it does, and return a function that behaves.

    Args:
        name: the exercise, for example "01.slerp".
        function: the student's function; the stub is welcome.
        quiet: show nothing.

    Returns:
        `function` itself where it behaves, else the reference answer.

    Raises:
        UserError: no exercise has that name.
    """
    task = exercise(name)
    verdict = judge(task, function)
    record = _records.setdefault(name, _Record())
    if verdict.kind == "right":
        record.own, record.outcome = True, "yours"
    else:
        record.own = False
        record.outcome = {"wrong": "reference (yours does not behave yet)"}.get(verdict.kind, "reference")
        if verdict.kind == "wrong":
            record.attempts += 1
            record.rungs = max(record.rungs, min(record.attempts - 1, len(task.hints)))
    if not quiet:
        _notice(task, verdict, record).show()
    return function if verdict.kind == "right" else task.reference


def passed(name: str) -> bool:
    """Whether the last `check` of that exercise found the student's own function right."""
    exercise(name)
    return name in _records and _records[name].own


def hint(name: str) -> None:
    """Show the next hint of an exercise: a question, then the equation, then the shape of the answer. Costs nothing."""
    task = exercise(name)
    record = _records.setdefault(name, _Record())
    record.rungs = min(record.rungs + 1, len(task.hints))
    more = f"`hint({name!r})` again shows the next one." if record.rungs < len(task.hints) else "That was the last one."
    Notice("todo", f"{task.title}: {record.rungs} of {len(task.hints)} hints", (*_ladder(task, record), more)).show()


def report(lab: str | None = None) -> None:
    """At the end of a notebook: which answers were the student's own, and which the reference's.

    Args:
        lab: the lab's number, "01"; all labs of which something was checked, if not given.

    Raises:
        UserError: there is no such lab.
    """
    if lab is not None and lab not in LABS:
        raise UserError(nearest(lab, LABS, "lab"))
    labs = [lab] if lab else sorted({name.split(".")[0] for name in _records})
    tasks = [task for number in labs for task in LABS[number].exercises.values()]
    rows, points = [], 0
    for task in tasks:
        record = _records.get(task.name, _Record())
        points += task.points if record.own else 0
        mark = MARKS["right" if record.own else "todo"]
        rows.append((mark, task.name, task.title, record.outcome, f"{task.points if record.own else 0}/{task.points}"))
    if not rows:
        Notice("plain", "Nothing was checked in this session.").show()
        return
    own = sum(_records.get(task.name, _Record()).own for task in tasks)
    total = sum(task.points for task in tasks)
    title = f"{own} of {len(tasks)} answers are your own: {points} of {total} points."
    note = "All of it is your work." if own == len(tasks) else f"{len(tasks) - own} ran on the reference answer."
    columns = [max(len(row[i]) for row in rows) for i in range(5)]
    text = "\n".join(
        [title, *("  ".join(f"{cell:<{width}}" for cell, width in zip(row, columns)).rstrip() for row in rows), note]
    )
    table = _row("th", ("", "exercise", "task", "answer", "points")) + "".join(_row("td", row) for row in rows)
    show(text, f"<p><strong>{title}</strong></p><table>{table}</table><p>{note}</p>")


def _row(tag: str, cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{tag} style='text-align:left'>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _ladder(task: Exercise, record: _Record) -> list[str]:
    return [f"Hint {i + 1}: {text}" for i, text in enumerate(task.hints[: record.rungs])]


def _notice(task: Exercise, verdict: Verdict, record: _Record) -> Notice:
    printed = [f"It printed: {line}" for line in verdict.printed.splitlines()[:5]]
    skip = f"The notebook goes on with the reference answer. `hint({task.name!r})` helps; skipping costs nothing."
    if verdict.kind == "right":
        return Notice("right", f"{task.title}: your function behaves ({task.points} points).", tuple(printed))
    if verdict.kind == "todo":
        return Notice("todo", f"{task.title}: not done yet ({task.dots}, {task.minutes} minutes).", (skip,))
    if verdict.kind == "reference":
        again = "Run the cell with your own function again, then this one."
        return Notice("todo", f"{task.title}: this is the reference answer, so it does not count as yours.", (again,))
    first = verdict.message[:1]
    message = (first.upper() if first.isascii() else first) + verdict.message[1:]  # ε stays ε
    lines: tuple[str, ...] = (message, verdict.hint, *_ladder(task, record), *printed, skip)
    return Notice("wrong", f"{task.title}: not yet.", tuple(line for line in lines if line), _solution_link(task))


def _solution_link(task: Exercise) -> tuple[str, str] | None:
    """The solved notebook, at the one address that the package's metadata names."""
    try:
        urls = metadata("labkit").get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    for url in urls:
        label, _, address = url.partition(", ")
        if label == "Repository":
            return "The solution", f"{address}/blob/main/solutions/{LABS[task.lab].notebook}.ipynb"
    return None
