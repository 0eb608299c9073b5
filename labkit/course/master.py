"""A notebook's master: `solutions/NN_topic.py` in jupytext's percent format, read and linted.

An exercise in a master is a text cell (title, difficulty, minutes, task), the solution cell with nbgrader's metadata
and `### BEGIN SOLUTION` … `### END SOLUTION`, and the check cell with `### BEGIN HIDDEN TESTS` … `END HIDDEN TESTS`.
nbgrader allows letters, digits, "_" and "-" in a grade id, and no dot: the exercise "01.slerp" has the cells "01-slerp"
and "01-slerp-test".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.course.exercise import LABS, Exercise
from labkit.errors import UserError

STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
WORDS = 120


@dataclass
class Cell:
    """One cell of a master.

    Attributes:
        kind: "code", "markdown" or "raw".
        source: its text.
        metadata: its notebook metadata.
        line: where it begins in the master, counted from 1.
    """

    kind: str
    source: str
    metadata: dict[str, Any]
    line: int

    @property
    def nbgrader(self) -> dict[str, Any]:
        """The part of the metadata that is nbgrader's; empty where there is none."""
        return self.metadata.get("nbgrader", {})


def read(path: Path) -> list[Cell]:
    """The cells of a master, with balanced markers.

    Raises:
        UserError: jupytext is missing, or the master is malformed; names the file and the line.
    """
    try:
        import jupytext
    except ImportError:
        raise UserError("building notebooks needs jupytext: pip install 'labkit[dev]'") from None
    text = path.read_text(encoding="utf-8")
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except Exception as error:
        raise UserError(f"{path} is not a percent-format master: {error}") from None
    starts = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"# %%(\s|$)", line)]
    lines = [1] * (len(notebook.cells) - len(starts)) + starts
    cells = []
    for cell, line in zip(notebook.cells, lines):
        metadata = {
            k: v for k, v in cell.metadata.items() if k not in ("lines_to_next_cell", "lines_to_end_of_cell_marker")
        }
        if isinstance(metadata.get("nbgrader"), str):
            raise UserError(f"{path}:{line}: the nbgrader metadata is not valid JSON")
        cells.append(Cell(cell.cell_type, cell.source, metadata, line))
    for cell in cells:
        student_source(cell, path)
    return cells


def student_source(cell: Cell, path: Path) -> str:
    """The cell as students get it: solutions replaced by nbgrader's stub at their indentation, hidden tests gone.

    Raises:
        UserError: a marker without its partner, nested, or in a cell that is not marked for it.
    """
    kept: list[str] = []
    inside, opened = "", 0
    for offset, line in enumerate(cell.source.split("\n")):
        where = f"{path}:{cell.line + 1 + offset}"
        marker = re.fullmatch(r"\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\s*", line)
        if marker is None:
            if re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)", line):
                raise UserError(f"{where}: a marker stands alone in its line, as '### BEGIN SOLUTION'")
            kept += [] if inside else [line]
            continue
        edge, what = marker.groups()
        if edge == "BEGIN":
            if inside:
                raise UserError(f"{where}: BEGIN {what} inside of {inside} (line {opened})")
            role = "solution" if what == "SOLUTION" else "grade"
            if not cell.nbgrader.get(role):
                raise UserError(f'{where}: BEGIN {what} in a cell whose nbgrader metadata lacks "{role}":true')
            inside, opened = what, cell.line + 1 + offset
            if what == "SOLUTION":
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + stub for stub in STUB]
        elif inside != what:
            raise UserError(f"{where}: END {what} without its BEGIN")
        else:
            inside = ""
    if inside:
        raise UserError(f"{path}:{opened}: BEGIN {inside} without its END")
    return "\n".join(kept).rstrip("\n")


def lint(path: Path, cells: list[Cell]) -> list[str]:
    """What a master has against the course's rules (`teaching`), one sentence each with file and line."""
    problems = [f"{path}:{cell.line}: {problem}" for cell in cells for problem in _cell_problems(cell)]
    problems += [f"{path}:{line}: {problem}" for line, problem in _exercise_problems(path, cells)]
    seen: dict[str, int] = {}
    for cell in cells:
        grade_id = cell.nbgrader.get("grade_id")
        if grade_id in seen:
            problems.append(
                f"{path}:{cell.line}: the grade_id {grade_id!r} is taken by the cell at line {seen[grade_id]}"
            )
        elif grade_id is not None:
            seen[grade_id] = cell.line
    return problems


def _cell_problems(cell: Cell) -> Iterator[str]:
    if cell.kind == "markdown":
        prose = re.sub(r"```.*?```|\$\$.*?\$\$", " ", cell.source, flags=re.DOTALL)
        headings = [line for line in prose.splitlines() if re.match(r"#{1,6}\s", line)]
        if len(headings) > 1:
            yield f"{len(headings)} headings in one text cell: one at most"
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"<[^>]*>|\$[^$\n]*\$|https?://\S+", " ", prose))
        words = len(re.findall(r"\w+(?:['’\-]\w+)*", plain))
        if words > WORDS:
            yield f"{words} words in one text cell: {WORDS} at most"
        if re.search(r"!\[\s*\]\(", prose):
            yield "an image without a text alternative: ![what is to be noticed](…)"
        if any(not re.search(r"alt\s*=\s*(\"[^\"]+\"|'[^']+')", tag) for tag in re.findall(r"<img[^>]*>", prose)):
            yield "an <img> without an alt text"
    elif re.search(r"^\s*(\w+\s*=\s*)?check\(", cell.source, re.MULTILINE) and not (
        cell.nbgrader.get("grade") and "### BEGIN HIDDEN TESTS" in cell.source
    ):
        yield 'a check( cell without hidden tests and "grade":true'
    if cell.nbgrader:
        yield from _metadata_problems(cell)


def _metadata_problems(cell: Cell) -> Iterator[str]:
    data = cell.nbgrader
    if data.get("schema_version") != 3 or not all(
        isinstance(data.get(k), bool) for k in ("grade", "locked", "solution")
    ):
        yield "nbgrader metadata needs schema_version 3 and grade, locked and solution as true or false"
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", str(data.get("grade_id", ""))):
        yield f"the grade_id {data.get('grade_id')!r} may hold letters, digits, '_' and '-' (nbgrader refuses a dot)"
    if data.get("grade") and not isinstance(data.get("points"), (int, float)):
        yield "a graded cell needs points"
    if data.get("solution") and cell.kind == "code" and "### BEGIN SOLUTION" not in cell.source:
        yield "a solution cell without ### BEGIN SOLUTION: nbgrader would blank it altogether"


def _exercise_problems(path: Path, cells: list[Cell]) -> Iterator[tuple[int, str]]:
    lab = LABS.get(path.stem.split("_")[0])
    known: dict[str, Exercise] = {task.grade_id: task for task in lab.exercises.values()} if lab else {}
    for index, cell in enumerate(cells):
        grade_id = str(cell.nbgrader.get("grade_id", ""))
        if cell.kind == "code" and cell.nbgrader.get("solution"):
            text = next((c.source for c in reversed(cells[:index]) if c.kind == "markdown"), "")
            level = re.search(r"[●○]{3}", text)
            if not re.search(r"^#{1,6}\s+\S", text, re.MULTILINE) or not level or not re.search(r"\d+\s*min", text):
                yield (
                    cell.line,
                    "the text cell before an exercise needs a heading, ●○○ to ●●●, and minutes ('10 minutes')",
                )
            elif grade_id in known:
                task = known[grade_id]
                minutes = re.search(r"(\d+)\s*min", text)
                if level.group() != task.dots or minutes is None or int(minutes.group(1)) != task.minutes:
                    yield cell.line, f"{task.name} is {task.dots}, {task.minutes} minutes: the text says otherwise"
            if known and grade_id not in known:
                yield cell.line, f"no exercise has the grade_id {grade_id!r}; known: {', '.join(known)}"
            if f"{grade_id}-test" not in {str(c.nbgrader.get("grade_id")) for c in cells[index:]}:
                yield cell.line, f"no check cell with the grade_id '{grade_id}-test' follows"
        points = cell.nbgrader.get("points")
        exercise = known.get(grade_id.removesuffix("-test"))
        if exercise and cell.nbgrader.get("grade") and points != exercise.points:
            yield cell.line, f"{exercise.name} is worth {exercise.points} points, the cell says {points}"
