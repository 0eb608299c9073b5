"""Tools for judges: call a student's function and say in a sentence what went wrong, never in a traceback."""

import inspect
import linecache
from collections.abc import Callable, Iterator, Mapping
from types import CodeType
from typing import Any

import torch
from torch import Tensor

from labkit.course.exercise import Wrong


class Raised(Exception):
    """The student's code raised. `sentence` names the error and the line of theirs that raised it."""

    def __init__(self, error: BaseException, sentence: str):
        super().__init__(sentence)
        self.error, self.sentence = error, sentence


class NotDone(Exception):
    """The student's function still raises NotImplementedError."""


def call(function: Callable, *arguments: Any) -> Any:
    """Call a student's function; its inputs must come out as they went in.

    Raises:
        Wrong: the arguments don't fit, the function returned None, or an input was changed in place.
        Raised: the function raised an error.
        NotDone: it is a stub.
    """
    before = [value.detach().clone() for value in _tensors(arguments)]
    try:
        result = function(*arguments)
    except Wrong:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, TypeError):  # What a call that doesn't fit raises; to ask before each call takes longer.
            _fits(function, arguments)
        raise translate(error, function) from None
    for was, value in zip(before, _tensors(arguments)):
        if was.shape != value.shape or not torch.equal(was, value.detach()):
            raise changed_input()
    if result is None:
        raise Wrong(
            "none",
            "your function returned `None`.",
            "Does every path through it end with `return …`?",
        )
    return result


def changed_input() -> Wrong:
    """The mistake of writing into a tensor that belongs to the caller."""
    return Wrong(
        "changes-input",
        "your function changes one of its inputs, and the caller still needs it.",
        "`x += …`, `x[...] = …` and functions ending in `_` write into x itself: write `x = x + …`, or clone first.",
    )


def translate(error: BaseException, function: Callable) -> Exception:
    """What a student's error means: the stub, a write into an input, or a sentence with their line."""
    if isinstance(error, NotImplementedError):
        return NotDone()
    text = str(error)
    if "leaf Variable that requires grad" in text and "in-place" in text:
        return changed_input()
    return Raised(error, _sentence(error, function))


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values.values() if isinstance(values, Mapping) else values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (Mapping, list, tuple)):
            yield from _tensors(value)


def _fits(function: Callable, arguments: tuple) -> None:
    try:
        inspect.signature(function).bind(*arguments)
    except ValueError:  # A built-in without a signature: its own error will do.
        return
    except TypeError:
        names = ", ".join(inspect.signature(function).parameters) or "nothing"
        raise Wrong(
            "signature",
            f"your function takes ({names}), and it is called with {len(arguments)} arguments.",
            "Keep the first line of the function as the task gives it.",
        ) from None


def _code(function: Callable) -> CodeType | None:
    return getattr(inspect.unwrap(function), "__code__", None)


def _sentence(error: BaseException, function: Callable) -> str:
    """For example: your code stopped at line 3 of its cell, `return a @ b`: RuntimeError: size mismatch."""
    code = _code(function)
    theirs = {code.co_filename} if code else set()
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in theirs:
            found = trace
        trace = trace.tb_next
    said = " ".join(str(error).split()).rstrip(".")
    said = f"{type(error).__name__}: {said[:300]}" if said else type(error).__name__
    if found is None:
        return f"your code raised {said}"
    line = linecache.getline(found.tb_frame.f_code.co_filename, found.tb_lineno).strip()
    shown = f", `{line}`" if line else ""
    return f"your code stopped at line {found.tb_lineno} of its cell{shown}: {said}"


def scalar(value: Any, *inputs: Tensor) -> Tensor:
    """A loss: one number, with a graph that reaches each of `inputs`.

    Raises:
        Wrong: it is no tensor, has entries for several images, is cut off from an input, or is not finite.
    """
    if not isinstance(value, Tensor):
        raise Wrong(
            "not-a-tensor",
            f"your function returned a {type(value).__name__}, and a loss is a tensor that gradients can flow through.",
            "`.item()`, `float(…)`, `.numpy()` and tuples lose the graph: return the tensor itself.",
        )
    if value.dim() > 0:
        raise Wrong(
            "not-a-scalar",
            f"your loss has the shape {tuple(value.shape)}: one number for each entry, and training needs one in all.",
            "Take the mean over everything: `.mean()`.",
        )
    reached = inputs and value.requires_grad
    grads = torch.autograd.grad(value, inputs, allow_unused=True, retain_graph=True) if reached else ()
    if inputs and all(grad is None for grad in grads):
        raise Wrong(
            "cut-graph",
            "no gradient flows from your loss to the logits: nothing could be learned from it.",
            "Something cuts the graph: `.detach()`, `.data`, `torch.no_grad()`, `torch.tensor(…)`, `> 0`.",
        )
    return value


def near(value: Tensor | float, expected: Tensor | float, tolerance: float = 1e-3) -> bool:
    """Equal up to a relative tolerance (absolute below 1), shapes included; NaN is near nothing."""
    a, b = torch.as_tensor(value).detach().double(), torch.as_tensor(expected).detach().double()
    return a.shape == b.shape and bool(((a - b).abs() <= tolerance * b.abs().clamp(min=1)).all())


def recognise(value: Tensor, known: Mapping[str, tuple[Tensor | float, str, str]]) -> None:
    """Raise `Wrong` if a value is what a known mistake gives.

    Args:
        value: what the student's function gave.
        known: mistake → (the value it gives, the message, the hint).
    """
    for mistake, (expected, message, hint) in known.items():
        if near(value, expected):
            raise Wrong(mistake, message, hint)


def parallel(ours: list[Tensor], theirs: list[Tensor]) -> bool:
    """Whether two gradients point the same way, so that they differ by a positive factor at most."""
    a, b = (torch.cat([grad.detach().flatten().double() for grad in grads]) for grads in (ours, theirs))
    norms = a.norm() * b.norm()
    return bool(norms > 1e-12) and bool(a @ b > 0.9999 * norms)
