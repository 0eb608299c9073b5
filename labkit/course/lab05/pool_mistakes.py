"""What a pool must have done, by what came back: the known ways in which its pictures are not the right ones."""

from collections import Counter
from collections.abc import Collection

from labkit.course.exercise import Wrong
from labkit.course.lab05.history import Run

Log = list[tuple[int, int, int]]
LONG = 300  # Pictures that a small pool can't keep so long: (5/6)^300 for size 3.
TAKES = "`old = pool[k]`, then `pool[k] = image.clone()`, and give `old`: the new one takes the old one's place."


def judge_filling(run: Run) -> None:
    """While there is room everything comes back as it is.

    Raises:
        Wrong: something else comes back.
    """
    for call in range(run.calls):
        came, given = ([entry[k] for entry in run.log if entry[0] == call] for k in (1, 2))
        if came == given:
            continue
        if sorted(came) == sorted(given):
            raise Wrong(
                "order",
                "the pictures come back in another order.",
                "The answer to the first picture comes first, and so on: `given.append(…)` in the loop's order.",
            )
        if any(back > own for own, back in zip(came, given)):
            raise _from_batch()
        raise _early(len(run.all), run.size)


def judge_last_place(run: Run) -> None:
    """One call with as many pictures as there is room for: the last one is stored too.

    Raises:
        Wrong: the last one is swapped.
    """
    if [own for _, own, given in run.log if own != given] == [run.size - 1]:
        raise _one_less(run.size)


def judge_history(run: Run, drawn: bool) -> None:
    """Whether each older picture was in the pool, if the pool is as it should be.

    Args:
        run: after its last call.
        drawn: whether the function drew random numbers.

    Raises:
        Wrong: some was not, or none came back, or all; names the mistake that explains the whole history.
    """
    log, size = run.log, run.size
    full = [(own, given) for _, own, given in log if own >= size]
    swaps = [(call, own, given) for call, own, given in log if own != given]
    enough = len(full) >= 60
    if enough and not swaps:
        raise _never(drawn)
    if enough and len(swaps) == len(full) and follows(log, size):
        raise Wrong(
            "always",
            "once your pool is full, every picture is swapped: D never sees one when it is new.",
            "A coin for each picture: `torch.rand(()) < 0.5`.",
        )
    if follows(log, size):
        return
    if len(swaps) > 20:
        _judge_batches(run)
        _judge_calls(log, swaps)
        _judge_capacity(log, size)
        _judge_filled(log, size, swaps)
        _judge_replaced(log, size, swaps)
    raise _unnamed(log, size)


def follows(
    log: Log, size: int, early: bool = False, loses: bool = False, first: Collection[int] | None = None
) -> bool:
    """Whether a pool of that size explains what came back.

    Args:
        log: (call, picture that came, picture that came back).
        size: of the pool.
        early: it swaps before it is full.
        loses: a swap takes the old picture out and stores nothing.
        first: what it holds at its first swap; by default what came first.
    """
    pool: set[int] = set() if first is None else set(first)
    for _, own, given in log:
        full = first is not None or len(pool) >= size or (early and given != own)
        if not full:
            if given != own:
                return False
            pool.add(own)
        elif given != own:
            if given not in pool:
                return False
            pool.remove(given)
            if not loses:
                pool.add(own)
    return True


def _never(drawn: bool) -> Wrong:
    if drawn:
        return Wrong(
            "gives-the-new",
            "no older picture ever comes back, though your function draws random numbers: each picture is its own "
            "answer.",
            "Where you swap, the *old* one is given back: take it out of the pool before the new one takes its place. "
            "A row of a tensor is a view and changes with it: `pool[k].clone()`. And does the pool ever get full?",
        )
    return Wrong(
        "never",
        "no older picture ever comes back: D sees the newest fakes alone.",
        "Once the pool is full, swap with probability ½: `torch.rand(()) < 0.5`. Does it outlive a call, and fill?",
    )


def _early(count: int, size: int) -> Wrong:
    return Wrong(
        "early",
        f"an older picture comes back after {count} had come, and your pool of {size} is not full yet.",
        "As long as `len(pool) < size` each picture is stored and given back as it is; the coin comes after that.",
    )


def _one_less(size: int) -> Wrong:
    return Wrong(
        "one-less",
        f"with size {size} your pool keeps {size - 1}.",
        "Store as long as `len(pool) < size`, without a − 1.",
    )


def _from_batch() -> Wrong:
    return Wrong(
        "from-the-batch",
        "a picture comes back in the place of another one of the same call: you draw from the new ones.",
        "The older ones are those in the pool, from earlier calls too: `pool[k]`, not `images[k]`.",
    )


def _judge_batches(run: Run) -> None:
    """Whether batches are kept in the place of pictures."""
    calls: dict[int, tuple[list[int], list[int]]] = {}
    for call, own, given in run.log:
        came, back = calls.setdefault(call, ([], []))
        came.append(own)
        back.append(given)
    batches = [came for came, _ in calls.values()]
    if min(len(came) for came in batches) > 1 and all(back in batches for _, back in calls.values()):
        raise Wrong(
            "batches",
            "your pool keeps whole batches, and swaps a batch as one.",
            "`for image in images:` each picture is stored, and swapped, by itself; `size` counts pictures.",
        )


def _judge_calls(log: Log, swaps: Log) -> None:
    """Whether what comes back is of the same call, or a pool stands still during a call."""
    call_of = {own: call for call, own, _ in log}
    if all(given > own for _, own, given in swaps):
        raise Wrong(
            "view",
            "an older picture that you took out is overwritten before you return it: new ones come back in its place.",
            "`old = pool[k]` is a view if the pool is one tensor, and changes with it: `old = pool[k].clone()`.",
        )
    if any(given > own for _, own, given in swaps):
        raise _from_batch()
    if all(call_of[given] == call for call, _, given in swaps):
        raise Wrong(
            "forgets",
            "only pictures of the same call come back: what earlier calls left is lost.",
            "The pool outlives a call: `pool = []` stands before `def exchange`, and not inside of it.",
        )
    calls: dict[int, list[int]] = {}
    for call, _, given in swaps:
        calls.setdefault(given, []).append(call)
    again = [some for some in calls.values() if len(some) > 1]
    if len(again) > 5 and all(len(set(some)) == 1 for some in again):
        raise Wrong(
            "call-at-once",
            "the same older picture comes back twice in one call: all its pictures see the pool as it was before.",
            "One after the other: what the first picture leaves in the pool, the second one may draw. A loop over the "
            "pictures, with the swap inside.",
        )


def _judge_capacity(log: Log, size: int) -> None:
    first = next(own for _, own, given in log if own != given)
    back = {given for _, own, given in log if own != given}
    for held in range(1, first + 1):
        # A pool that held less explains as much: each of the first ones must have come back.
        if held == size or not back.issuperset(range(held)) or not follows(log, held):
            continue
        if held == size + 1:
            raise Wrong(
                "one-more",
                f"with size {size} your pool keeps {held} pictures.",
                "Store as long as `len(pool) < size`: `<=` stores one more.",
            )
        if held == size - 1:
            raise _one_less(size)
        raise Wrong(
            "other-size",
            f"with size {size} your pool keeps {held} picture{'s' if held > 1 else ''}.",
            "`size` is an argument, and may be any number: store as long as `len(pool) < size`.",
        )
    if follows(log, size, early=True):
        raise _early(first, size)
    if follows(log, size, loses=True):
        raise Wrong(
            "not-kept",
            "where an older picture comes back, the new one is not stored: your pool gets smaller by one.",
            "`pop` alone leaves a hole. " + TAKES,
        )


def _judge_filled(log: Log, size: int, swaps: Log) -> None:
    """Whether other pictures than the first ones were stored at first."""
    start = next(number for number, (_, own, given) in enumerate(log) if own != given)
    held = {given for _, _, given in swaps if given < log[start][1]}
    if 0 < len(held) <= size and follows(log[start:], size, first=held):
        raise Wrong(
            "fill-skips",
            "not every picture is stored while there is room: some of the first ones never come back, and later ones "
            "stand in their place.",
            "As long as `len(pool) < size` store *each* picture; the coin is for a full pool.",
        )


def _judge_replaced(log: Log, size: int, swaps: Log) -> None:
    """Which pictures come back, how often, and for how long."""
    times = Counter(given for _, _, given in swaps)
    taken = {own for _, own, _ in swaps}
    again = [name for name, count in times.items() if count > 1]
    kept = [name for name in times if name >= size and name not in taken]
    if all(name < size for name in times):
        raise Wrong(
            "not-replaced",
            f"the first {size} pictures come back again and again, and no other one: a swapped one stays in the pool.",
            TAKES,
        )
    if max(own - given for _, own, given in swaps) > LONG:
        raise Wrong(
            "grows",
            f"your pool grows without end: a picture comes back {max(own - given for _, own, given in swaps)} pictures "
            f"after it came, and a pool of {size} would have swapped it long before.",
            "`append` only while there is room. " + TAKES
            if again
            else "A full pool stores nothing where the new one is given back: no `append` there.",
        )
    if again:
        raise Wrong(
            "other-place",
            "the picture that comes back stays in the pool, and may come back again; the new one overwrites another.",
            "Draw k once, and use it twice. " + TAKES,
        )
    if kept:
        raise Wrong(
            "always-stores",
            "a picture that is given back itself is also stored: it pushes out one that nobody saw again.",
            "Where the new one is given back, the pool stays as it is: `pool[k] = …` only where you swap.",
        )


def _unnamed(log: Log, size: int) -> Wrong:
    number = next(n for n in range(len(log)) if not follows(log[: n + 1], size))
    _, own, given = log[number]
    return Wrong(
        "not-in-the-pool",
        f"with size {size}, picture {given + 1} comes back in the place of picture {own + 1}, and it can't be in the "
        "pool by then.",
        "Stored: the first ones, and each new one for which an older one was given back. Taken out: what was given.",
    )
