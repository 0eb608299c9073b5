"""`labkit grade`: points by exercise from the student's own functions, run apart, without running the notebook.

Each exercise is judged in a process of its own with limits on time, memory and files, so that a crash, an endless loop
or `os._exit(0)` costs that exercise and no other. A verdict comes back over a pipe of its own with a token that the
parent drew; what a submission prints counts for nothing. The judges are imported before the submission's code runs, the
submission gets copies of `labkit.course` of its own, and a changed `torch`, `builtins` or judge voids the exercise.

What this does not defend against: code that searches the process's memory (frames, `gc`) for the token and the pipe,
that restores what it patched, or that attacks the machine (it runs with your rights: it may read files and use the
network). For submissions by people you don't trust, run it in a container. An answer copied from the solutions counts.
"""

import builtins
import json
import linecache
import multiprocessing
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

import labkit
from labkit.course.exercise import LABS, Exercise, exercise
from labkit.course.submission import Answer, read
from labkit.course.verdict import judge
from labkit.errors import UserError

SECONDS = 10  # CPU time of an exercise.
WALL = 30.0
MEMORY = 2 * 2**30  # On top of what torch has mapped.
FILES = 16 * 2**20


@dataclass(frozen=True)
class Grade:
    """One exercise of one submission.

    Attributes:
        exercise: its name.
        title: its title.
        points: what the student's own function is worth.
        of: what a right one is worth.
        outcome: "right", "wrong", "not done", "missing" or "stopped".
        message: a sentence on what the function did.
    """

    exercise: str
    title: str
    points: int
    of: int
    outcome: str
    message: str = ""


def main(paths: Sequence[str | Path], as_json: bool = False) -> int:
    """Grade notebooks and print the points.

    Args:
        paths: the submissions.
        as_json: print one JSON list instead of text.

    Returns:
        0, or 2 where a file could not be graded (the others still are).
    """
    results: list[dict[str, Any]] = []
    failed = False
    for path in map(Path, paths):
        try:
            result = grade(path)
        except UserError as error:
            failed = True
            results.append({"notebook": str(path), "error": str(error)})
            if not as_json:
                print(str(error), file=sys.stderr)
            continue
        results.append(result)
        if not as_json:
            print(_text(result))
    if as_json:
        print(json.dumps(results, indent=1, ensure_ascii=False))
    return 2 if failed else 0


def grade(path: Path) -> dict[str, Any]:
    """Grade one notebook.

    Returns:
        notebook, lab, points, of, and exercises: one dict (see `Grade`) an exercise.

    Raises:
        UserError: it can't be read, or belongs to no lab.
    """
    lab, answers = read(path)
    grades = [_grade(answer, {other.exercise: other for other in answers}) for answer in answers]
    number = next(number for number, known in LABS.items() if known == lab)
    return {
        "notebook": str(path),
        "lab": number,
        "points": sum(one.points for one in grades),
        "of": sum(one.of for one in grades),
        "exercises": [asdict(one) for one in grades],
    }


def _text(result: dict[str, Any]) -> str:
    lines = [f"{result['notebook']}: {result['points']} of {result['of']} points"]
    for one in result["exercises"]:
        message = f": {one['message']}" if one["message"] else ""
        lines.append(f"  {one['points']}/{one['of']}  {one['exercise']:<22} {one['outcome']}{message}")
    return "\n".join(lines)


def _grade(answer: Answer, answers: dict[str, Answer]) -> Grade:
    task = exercise(answer.exercise)

    def outcome(word: str, message: str = "") -> Grade:
        points = task.points if word == "right" else 0
        return Grade(task.name, task.title, points, task.points, word, " ".join(message.split())[:500])

    if answer.problem:
        return outcome("missing", answer.problem)
    verdict = _apart(answer, [answers[name] for name in answer.uses])
    if verdict is None:
        return outcome("stopped", "its process ended, or ran out of time or memory, before there was a verdict")
    word = {"right": "right", "wrong": "wrong", "todo": "not done"}.get(verdict["kind"], "wrong")
    return outcome(word, "" if word in ("right", "not done") else f"[{verdict['mistake']}] {verdict['message']}")


def _apart(answer: Answer, used: list[Answer]) -> dict[str, str] | None:
    """Judge in another process; None where no verdict came back."""
    # Forking shares the imported torch, so an exercise takes no seconds; only Linux forks safely.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    token = secrets.token_hex(16)
    parent, child = context.Pipe()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    process = context.Process(target=_worker, args=(child, answer, used), daemon=True)
    with tempfile.TemporaryDirectory() as folder:
        home = os.getcwd()
        try:
            os.chdir(folder)
            process.start()
        finally:
            os.chdir(home)
            torch.set_num_threads(threads)
        child.close()
        try:
            parent.send(token)
            verdict = _receive(parent, token)
        except (OSError, EOFError):
            verdict = None
        finally:
            _stop(process)
            parent.close()
    return verdict


def _receive(parent: Connection, token: str) -> dict[str, str] | None:
    """The first message, if it carries the token. Text and no pickle: that could run code here."""
    deadline = time.monotonic() + WALL
    if not parent.poll(max(0.0, deadline - time.monotonic())):
        return None
    try:
        message = json.loads(parent.recv_bytes(100_000))
    except (ValueError, OSError, EOFError):
        return None
    if not isinstance(message, dict) or not secrets.compare_digest(str(message.get("token")), token):
        return None
    return {key: str(message.get(key, "")) for key in ("kind", "mistake", "message")}


def _stop(process: Any) -> None:
    """End the process that we started, and its children where there are process groups."""
    if hasattr(os, "killpg"):
        try:
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    process.kill()
    process.join()


def _worker(pipe: Connection, answer: Answer, used: list[Answer]) -> None:
    """Run in the child: limits, the submission's definitions, the judge, one message."""
    token = pipe.recv()
    task, others = exercise(answer.exercise), [(exercise(other.exercise), other) for other in used]
    _limit(pipe.fileno())
    torch.manual_seed(0)
    np.random.seed(0)
    before = _snapshot()
    # A submission that imports labkit.course gets modules of its own: patching those changes nothing here.
    for name in [name for name in sys.modules if name.startswith("labkit.course")]:
        del sys.modules[name]
    del labkit.course
    namespace: dict[str, Any] = {"__name__": "submission"}
    for other, given in others:
        namespace[other.function] = _own_or_reference(other, given)
    result = asdict(judge(task, _define(task, answer, namespace)))
    if _changed(before):
        result = {"kind": "wrong", "mistake": "patched", "message": "it changes torch, Python's builtins or the judge."}
    pipe.send_bytes(json.dumps({"token": token, **result}).encode())
    pipe.close()
    os._exit(0)


def _own_or_reference(task: Exercise, answer: Answer) -> Any:
    """What `check` would have given the notebook: a wrong loss must not cost the points of `turns` as well."""
    if answer.problem:
        return task.reference
    function = _define(task, answer, {"__name__": "submission"})
    return function if judge(task, function).kind == "right" else task.reference


def _define(task: Exercise, answer: Answer, namespace: dict[str, Any]) -> Any:
    """Run the definitions. One that fails (a missing package) counts only if the function then needs it."""
    for index, statement in enumerate(answer.statements):
        file = f"<{task.function}: definition {index + 1}>"
        linecache.cache[file] = (len(statement), None, [f"{line}\n" for line in statement.splitlines()], file)
        try:
            exec(compile(statement, file, "exec"), namespace)
        except Exception:
            continue
    return namespace.get(task.function)


Snapshot = list[tuple[Any, dict[str, Any], bool]]


def _snapshot() -> Snapshot:
    """What the names in torch, Python's builtins and the judges stand for; whether new names are allowed there."""
    # Torch imports parts of itself at their first use, so it may grow.
    grows = [torch, torch.Tensor, torch.nn, torch.nn.functional, torch.nn.Module, torch.autograd, builtins, json, os]
    judges = [module for name, module in sys.modules.items() if name.startswith("labkit.course")]
    places: list[tuple[Any, bool]] = [(place, True) for place in grows] + [(place, False) for place in judges]
    return [(place, dict(vars(place)), may_grow) for place, may_grow in places]


def _changed(before: Snapshot) -> bool:
    for place, names, may_grow in before:
        now = vars(place)
        if any(now.get(name) is not value for name, value in names.items() if not name.startswith("_")):
            return True
        if not may_grow and {n for n in now if not n.startswith("__")} - set(names):
            return True
    return False


def _limit(pipe: int) -> None:
    """Limit time, memory and files, where the system can; no GPU, no input, no output but the pipe's."""
    if hasattr(os, "setsid"):
        os.setsid()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.closerange(3, pipe)
    os.closerange(pipe + 1, 1024)
    try:
        import resource
    except ImportError:
        return
    mapped = MEMORY
    statm = Path("/proc/self/statm")
    if statm.exists():
        mapped += int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped, mapped))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILES, FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
