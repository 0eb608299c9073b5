"""What the judges of layers share: is it a tensor of that shape, which known mistake is it, does its graph hold."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from labkit.course.exercise import Wrong
from labkit.course.judging import Raised, call, near

Known = tuple[str, Sequence[Tensor], str, str]
"""A mistake's name, the values it may give, the message, the hint."""


SIZES = ("must match the size", "must match the existing size", "not broadcastable", "Sizes of tensors must match")
"""What torch says where shapes don't fit each other."""
Told = tuple[tuple[str, ...], str, str]
"""Parts of torch's own message, the mistake's name, the hint."""


def asked(function: Callable, *arguments: Any, told: Sequence[Told]) -> Any:
    """Call a student's function; an error of torch's that says what was misread becomes that mistake.

    Raises:
        Wrong: one of `told`, or as `labkit.course.judging.call`.
        Raised: any other error.
    """
    try:
        return call(function, *arguments)
    except Raised as raised:
        for parts, mistake, hint in told:
            if any(part in str(raised.error) for part in parts):
                raise Wrong(mistake, f"{raised.sentence}.", hint) from None
        raise


def tensor(value: Any, shape: tuple[int, ...], hint: str) -> Tensor:
    """A finite tensor of that shape.

    Raises:
        Wrong: it is anything else; `hint` says what its shape means.
    """
    if not isinstance(value, Tensor):
        raise Wrong(
            "not-a-tensor",
            f"your function returned a {type(value).__name__}.",
            "One tensor comes back: the next layer goes on with it.",
        )
    if value.shape != shape:
        raise Wrong("shape", f"your result has the shape {tuple(value.shape)}, and {tuple(shape)} is asked for.", hint)
    if not value.isfinite().all():
        raise Wrong(
            "not-finite", "some numbers of your result are not finite.", "Does something divide by 0 or overflow?"
        )
    return value


def recognise_any(value: Tensor, known: Iterable[Known]) -> None:
    """Raise `Wrong` for the first mistake that gives this value."""
    for mistake, values, message, hint in known:
        if any(near(value, other) for other in values):
            raise Wrong(mistake, message, hint)


def judge_gradients(value: Tensor, rights: Sequence[Tensor], inputs: Mapping[str, Tensor]) -> None:
    """Whether the gradient of a right value reaches each input, and is that of one of the right answers."""
    mix = torch.randn(value.shape, generator=torch.Generator().manual_seed(11))
    reached = value.requires_grad
    if not reached:
        raise Wrong(
            "cut-graph",
            "the values are right, but no gradient flows back through your result: nothing before it would learn.",
            "Something cuts the graph: `.detach()`, `.data`, `torch.no_grad()`, `torch.tensor(…)`.",
        )
    ours = _gradients(value, mix, inputs)
    for name, grad in zip(inputs, ours):
        if not grad.any():
            raise Wrong(
                f"cut-graph-{name}",
                f"the values are right, but no gradient reaches {name}.",
                f"Is there a `.detach()` or `.data` too many on the way of {name}?",
            )
    for right in rights:
        if all(near(grad, other, 5e-3) for grad, other in zip(ours, _gradients(right, mix, inputs))):
            return
    raise Wrong(
        "detached",
        "the values are right, but the gradients are not: a part of the calculation is cut from the graph.",
        "Every step must be differentiable, also the mean, deviation or norm that you divide by: no `.detach()` there.",
    )


def _gradients(value: Tensor, mix: Tensor, inputs: Mapping[str, Tensor]) -> list[Tensor]:
    inner = (value * mix).sum()
    grads = torch.autograd.grad(inner, list(inputs.values()), allow_unused=True, retain_graph=True)
    return [torch.zeros_like(x) if grad is None else grad for x, grad in zip(inputs.values(), grads)]
