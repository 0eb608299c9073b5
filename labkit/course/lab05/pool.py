"""The pool of past fakes (Shrivastava et al. 2017, section 2.3; CycleGAN's: section 4), judged by what it gives."""

import gc
import random
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.course.asked import asked
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call
from labkit.course.lab05.history import OUT_OF_RANGE, Run
from labkit.course.lab05.pool_chances import judge_chances
from labkit.course.lab05.pool_mistakes import judge_filling, judge_history, judge_last_place

CALLS, BATCH, SIZE = 500, 8, 3  # 4000 pictures: what is left to chance is then far from what is not.
OTHER_SIZES = (1, 6)
OTHER_BATCHES = (5, 1, 9, 2, 3, 1, 7)


def image_pool(size: int) -> Callable[[Tensor], Tensor]:
    """A pool of `size` pictures → `exchange`: pictures (B, C, H, W) → as many, some of them older, without a graph."""
    pool: list[Tensor] = []

    def exchange(images: Tensor) -> Tensor:
        given = []
        for image in images.detach().clone():
            if len(pool) < size:
                pool.append(image)
            elif size > 0 and torch.rand(()) < 0.5:
                place = int(torch.randint(size, ()))
                image, pool[place] = pool[place], image
            given.append(image)
        return torch.stack(given)

    return exchange


def judge_image_pool(function: Callable) -> None:
    """What comes back while the pool fills and after that, over many calls; then other sizes, 0, and two pools."""
    for _ in range(4):  # An early swap escapes one run in 2⁷, and four in 2²⁸.
        fill = Run(_pool(function, 12), 12)
        fill.feed(4)  # Not up to its size: one place less is another mistake.
        fill.feed(4)
        judge_filling(fill)
    for _ in range(14):  # A coin would be needed to tell: fourteen miss it with a probability of 6·10⁻⁵.
        new = Run(_pool(function, 4), 4)
        new.feed(4)
        judge_last_place(new)
    _judge_seeds(function)
    long = Run(_pool(function, SIZE), SIZE)
    before = _random_states()
    for _ in range(CALLS):
        long.feed(BATCH)
    judge_history(long, drawn=any(a != b for a, b in zip(before, _random_states())))
    judge_chances(long)
    for size in OTHER_SIZES:
        other = Run(_pool(function, size), size)
        for count in OTHER_BATCHES * 4:
            other.feed(count)
        judge_history(other, drawn=True)
    _judge_nothing(function)
    _judge_two(function)
    _judge_memory(function)


def _pool(function: Callable, size: int) -> Callable:
    told = [
        (
            OUT_OF_RANGE,
            "not-empty-at-first",
            "A new pool is empty: it fills as pictures come, and only then is there something to draw.",
        )
    ]
    exchange = asked(function, size, told=told)
    if isinstance(exchange, Tensor):
        raise Wrong(
            "tensor",
            "`image_pool(size)` returned a tensor, and a function is asked for.",
            "No pictures have come yet: define `def exchange(images): …` inside, and `return exchange`.",
        )
    if callable(exchange) and not isinstance(exchange, type):
        return exchange
    methods = [name for name in dir(exchange) if not name.startswith("_") and callable(getattr(exchange, name))]
    kind = "class" if isinstance(exchange, type) else type(exchange).__name__
    raise Wrong(
        "not-callable",
        f"`image_pool(size)` returned a {kind}, and a function is asked for: `exchange(images)`.",
        "An inner function, and `return exchange` without parentheses"
        + (f"; or the method of an object, `return pool.{methods[0]}`." if kind != "list" and methods else "."),
    )


def _random_states() -> tuple[str, bytes, bytes]:
    numpy = np.random.get_state(legacy=False)["state"]
    return (
        str(random.getstate()),
        numpy["key"].tobytes() + bytes([numpy["pos"] % 256]),
        torch.get_rng_state().numpy().tobytes(),
    )


def _judge_seeds(function: Callable) -> None:
    """Whether a generator that everybody uses stands at the same place, wherever it was before."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    ends = []
    for seed in (820_401, 820_402):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        run = Run(_pool(function, 2), 2)
        for _ in range(4):
            run.feed(3)
        ends.append(_random_states())
    for name, first, second in zip(("random.seed", "np.random.seed", "torch.manual_seed"), *ends):
        if first == second:
            raise Wrong(
                "seeded",
                f"your pool calls `{name}(…)`: all random numbers of the training start again from there.",
                "No seed in here: whoever trains sets it once, before everything.",
            )
    random.setstate(before[0])
    np.random.set_state(before[1])
    torch.set_rng_state(before[2])


def _judge_nothing(function: Callable) -> None:
    """A pool of size 0."""
    try:
        run = Run(_pool(function, 0), 0)
        for count in (4, 1, 4, 4):
            run.feed(count)
    except Raised as raised:
        raise _nothing(f"with size 0 {raised.sentence}") from None
    except Wrong as wrong:
        if wrong.mistake in ("out-of-range", "not-empty-at-first"):
            raise _nothing(f"with size 0 {wrong.message.rstrip('.')}") from None
        raise
    if any(own != given for _, own, given in run.log):
        raise _nothing("with size 0 your function gives older pictures back")


def _nothing(did: str) -> Wrong:
    return Wrong(
        "size-0",
        f"{did}.",
        "A pool of size 0 keeps nothing, and gives back what comes: an empty one is full at once, so ask for "
        "`size == 0` before you draw.",
    )


def _judge_two(function: Callable) -> None:
    """Two pools side by side, as CycleGAN has them: neither gives a picture of the other. `Run` sees to that."""
    first = Run(_pool(function, 3), 3)
    first.feed(4)
    second = Run(_pool(function, 3), 3)
    for _ in range(15):
        second.feed(4)
        first.feed(4)
    judge_history(first, drawn=True)
    judge_history(second, drawn=True)


class _Token:
    """Something that lives as long as a graph."""


class _Made(torch.autograd.Function):
    """A picture with a graph that holds a token."""

    @staticmethod
    def forward(ctx: Any, picture: Tensor, token: _Token) -> Tensor:
        ctx.token = token
        return picture.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


def _judge_memory(function: Callable) -> None:
    """What is stored has no graph either: it would keep all of G's activations in memory."""
    exchange = _pool(function, 4)
    tokens = []
    for number in range(3):
        token = _Token()
        tokens.append(weakref.ref(token))
        images = _Made.apply(torch.full((2, 1, 2, 2), float(number)).requires_grad_(), token)
        call(exchange, images)
        del images, token
    if any(token() is not None for token in tokens):
        gc.collect()
    if any(token() is not None for token in tokens):
        raise Wrong(
            "keeps-graph",
            "what you give back has no graph, but your pool keeps pictures with theirs: all that G computed for them "
            "stays in memory.",
            "Store `image.detach().clone()`: detach before you store, and not only what you return.",
        )


IMAGE_POOL = Exercise(
    name="05.image_pool",
    title="A pool of past fakes",
    points=3,
    difficulty=3,
    minutes=20,
    reference=image_pool,
    hints=(
        "D learns from the newest fakes alone. What could G go back to, once D has forgotten it? And of two fakes in "
        "one batch, must both be swapped, or none?",
        "As long as there is room: store x, give x. After that, for each x: with probability ½ draw k from "
        "{0, …, size − 1}, give pool[k], and then pool[k] ← x; else give x and change nothing.",
        "`pool = []`, and an inner `def exchange(images):` with `for image in images.detach().clone():`, in it "
        "`if len(pool) < …: …`, `elif size > 0 and torch.rand(()) < …: …`, `given.append(…)`; then "
        "`return torch.stack(given)`. Behind it `return exchange`.",
    ),
    judge=judge_image_pool,
)
