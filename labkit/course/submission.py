"""Reading a submission: each exercise's function and the plain definitions it needs, without running the notebook."""

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.course.exercise import LABS, Exercise, Lab
from labkit.errors import UserError

LIBRARIES = {"torch", "math", "functools", "itertools", "numpy", "operator"}
SAFE = {"float", "int", "dict", "list", "tuple", "set", "range", "len", "max", "min", "sum", "abs"}


@dataclass(frozen=True)
class Answer:
    """What a submission holds for one exercise.

    Attributes:
        exercise: its name.
        statements: source of the plain definitions to run, in the notebook's order; empty where there is no answer.
        uses: names of other exercises whose functions it calls.
        problem: why there is no answer ("" where there is one).
    """

    exercise: str
    statements: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    problem: str = ""


@dataclass
class _Cell:
    source: str
    grade_id: str
    tree: ast.Module | None = None
    error: str = ""


def read(path: Path) -> tuple[Lab, list[Answer]]:
    """The lab that a notebook belongs to, and an answer for each of its exercises.

    Raises:
        UserError: no such file, no notebook, or none of a known lab; one sentence that names the file.
    """
    cells = [_parse(cell) for cell in _code_cells(path)]
    lab = _lab(path, cells)
    return lab, [_answer(task, lab, cells) for task in lab.exercises.values()]


def _code_cells(path: Path) -> list[tuple[str, str]]:
    """(source, grade_id) of each code cell."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: can't be read ({getattr(error, 'strerror', None) or 'not text'})") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path}: is not a notebook (its JSON is broken): download it again as .ipynb") from None
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise UserError(f"{path}: is not a notebook of format 4 (it has no list of cells)")
    found = []
    for cell in data["cells"]:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        metadata = cell.get("metadata")
        nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        found.append((source, str(nbgrader.get("grade_id", "")) if isinstance(nbgrader, dict) else ""))
    return found


def _parse(cell: tuple[str, str]) -> _Cell:
    parsed = _Cell(*cell)
    lines = parsed.source.splitlines()
    if lines and lines[0].startswith("%%"):
        lines[0] = "" if re.match(r"%%(time|timeit|capture)\b", lines[0]) else "raise SystemExit"
    # `%magic`, `!command` and `name?` are IPython's and no Python; what is left still parses.
    lines = [re.sub(r"^(\s*)([%!?].*|[\w.]+\?{1,2}\s*)$", r"\1pass", line) for line in lines]
    try:
        parsed.tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        parsed.error = f"the cell does not parse: {getattr(error, 'msg', error)}" + (f" (line {line})" if line else "")
    return parsed


def _lab(path: Path, cells: list[_Cell]) -> Lab:
    ids = {cell.grade_id.split("-")[0] for cell in cells if cell.grade_id}
    names = {node.name for cell in cells if cell.tree for node in cell.tree.body if isinstance(node, ast.FunctionDef)}
    for number, lab in LABS.items():
        if number in ids:
            return lab
    for lab in LABS.values():
        if names & {task.function for task in lab.exercises.values()} or path.stem.startswith(lab.notebook):
            return lab
    raise UserError(f"{path}: holds no exercise of a known lab (labs with exercises: {', '.join(sorted(LABS))})")


def _answer(task: Exercise, lab: Lab, cells: list[_Cell]) -> Answer:
    by_id = [cell for cell in cells if cell.grade_id == task.grade_id]
    home = next((cell for cell in by_id if cell.tree is None or _definition(cell, task.function)), None)
    # Colab may lose the metadata: then the last function of that name counts, as it would in the notebook.
    home = home or next((cell for cell in reversed(cells) if _definition(cell, task.function)), None)
    if home is None:
        return Answer(task.name, problem=f"there is no function `{task.function}` in the notebook")
    if home.tree is None:
        return Answer(task.name, problem=home.error)
    others = {other.function: other.name for other in lab.exercises.values() if other.name != task.name}
    statements, uses = _closure(home, cells, task.function, others)
    return Answer(task.name, tuple(statements), tuple(uses))


def _definition(cell: _Cell, name: str) -> bool:
    body = cell.tree.body if cell.tree else []
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in body)


def _closure(home: _Cell, cells: list[_Cell], name: str, others: dict[str, str]) -> tuple[list[str], list[str]]:
    """The definitions that `name` needs, directly or not, and the other exercises it calls."""
    statements = [(node, cell) for cell in cells if cell.tree for node in cell.tree.body]
    safe = SAFE.union(*(_bound(node) for node, _ in statements if _imports_safe(node)))
    plain = [(node, cell) for node, cell in statements if _is_plain(node, safe)]
    own = [node for node, cell in plain if cell is home or not any(n in others or n == name for n in _bound(node))]
    needed, wanted, chosen = {name}, [name], set()
    while wanted:
        current = wanted.pop()
        if current in others:
            continue
        for index, node in enumerate(own):
            if current in _bound(node) and index not in chosen:
                chosen.add(index)
                new = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - needed
                needed |= new
                wanted += new
    stars = {i for i, node in enumerate(own) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"}
    texts = [ast.unparse(node) for i, node in enumerate(own) if i in chosen | stars]
    return texts, sorted(others[n] for n in needed if n in others)


def _is_plain(node: ast.stmt, safe: set[str]) -> bool:
    """Whether a statement only defines something: import, function, class, constant, `bce = nn.BCEWithLogitsLoss()`.

    Calls of anything but `safe` names are left out: they may train for an hour.
    """
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
        return True
    if isinstance(node, ast.Try):
        return all(isinstance(n, (ast.Import, ast.ImportFrom, ast.Pass)) for n in [*node.body, *_handlers(node)])
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        if isinstance(node.value, ast.Lambda):
            return True
        calls = [n for n in ast.walk(node.value) if isinstance(n, ast.Call)] if node.value else []
        return node.value is not None and bool(_bound(node)) and all(_root(call) in safe for call in calls)
    return False


def _root(call: ast.Call) -> str:
    """The first name of what is called: "nn" for `nn.BCELoss()`."""
    node: ast.expr = call
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _imports_safe(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] in LIBRARIES
    return isinstance(node, ast.Import) and all(alias.name.split(".")[0] in LIBRARIES for alias in node.names)


def _handlers(node: ast.Try) -> list[ast.stmt]:
    return [statement for handler in node.handlers for statement in handler.body]


def _bound(node: ast.stmt) -> set[str]:
    """The names that a plain statement defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.Try):
        return set().union(*(_bound(n) for n in [*node.body, *_handlers(node)]))
    targets: Iterable[ast.expr] = getattr(node, "targets", None) or [t for t in [getattr(node, "target", None)] if t]
    return {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
