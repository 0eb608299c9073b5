"""What is left to chance in a pool: the coin of each picture, and which older one comes back.

A right answer fails one of these with a probability of about 10⁻¹⁰ at most.
"""

from math import sqrt

from labkit.course.exercise import Wrong
from labkit.course.lab05.history import Run

FAR = 6.5  # Standard deviations: 8·10⁻¹¹ for the two sides.
UNEVEN = 47.0  # χ² with two degrees of freedom: exp(−47/2) = 6·10⁻¹¹.
COIN = "`torch.rand(()) < 0.5`, a new number for each picture."
PLACE = "All places are alike: `torch.randint(size, ())`, or `random.randrange(size)`."


def judge_chances(run: Run) -> None:
    """The coin and the place of a long run, whose pool is as it should be.

    Raises:
        Wrong: the coin is not fair or not of each picture, or some place is more likely than another one.
    """
    full = [entry for entry in run.log if entry[1] >= run.size]
    _judge_coins(full, run.size)
    _judge_places(full, run.size)


def _judge_coins(full: list[tuple[int, int, int]], size: int) -> None:
    coins: dict[int, list[bool]] = {}
    for call, own, given in full:
        coins.setdefault(call, []).append(given != own)
    whole = list(coins.values())[1:]  # The first call began with a pool that was not full.
    if all(len(set(coin)) == 1 for coin in whole):
        raise Wrong(
            "one-coin",
            "in each call either all pictures are swapped or none: one coin for the whole batch.",
            "The coin belongs inside of the loop over the pictures. " + COIN,
        )
    if all(coin == whole[0] for coin in whole):
        raise Wrong(
            "same-coins",
            "in every call the pictures at the same places are swapped: that is no chance.",
            "No counter, and no generator that starts anew in each call. " + COIN,
        )
    swapped, count = sum(own != given for _, own, given in full), len(full)
    if abs(swapped - count / 2) > FAR * sqrt(count) / 2:
        often = swapped > count / 2
        raise Wrong(
            "too-often" if often else "too-rarely",
            f"once your pool is full, an older picture comes back in {100 * swapped / count:.0f} % of the cases; "
            "50 % is asked for.",
            ("The new one is given back as often as an older one. " if often else "") + COIN,
        )


def _judge_places(full: list[tuple[int, int, int]], size: int) -> None:
    places, ages = list(range(size)), list(range(size))
    of_place, of_age = [0] * size, [0] * size
    last, other, calls = -1, 0, {own: call for call, own, _ in full}
    for call, own, given in full:
        if own == given:
            continue
        place, age = places.index(given), ages.index(given)
        of_place[place] += 1
        of_age[age] += 1
        if call == last:
            other += calls.get(given) != call
        last = call
        places[place] = own
        del ages[age]
        ages.append(own)
    swaps = sum(of_place)
    if of_age[0] == swaps:
        raise Wrong(
            "oldest",
            "it is always the oldest picture of the pool that comes back: a queue.",
            "A random one: D should also meet some that are much older. " + PLACE,
        )
    if max(of_place) == swaps:
        raise Wrong(
            "one-slot",
            "all swaps happen at the same place of the pool: the other pictures in it never come back.",
            PLACE,
        )
    if not other:
        raise Wrong(
            "one-place",
            "of all pictures of a call, each swaps with the one before it: one place for the whole batch.",
            "Draw the place inside of the loop, anew for each picture. " + PLACE,
        )
    if min(of_place) == 0:
        raise Wrong(
            "never-one",
            "one place of the pool is never drawn: the picture there never comes back.",
            "`random.randint(a, b)` includes b, `torch.randint` and `randrange` don't: no − 1 for those. " + PLACE,
        )
    for counts in (of_place, of_age):
        if sum((count - swaps / size) ** 2 for count in counts) * size / swaps > UNEVEN:
            shares = ", ".join(f"{100 * count / swaps:.0f} %" for count in counts)
            by = "places" if counts is of_place else "pictures, from the oldest to the newest,"
            raise Wrong(
                "uneven",
                f"the {size} {by} of the pool come back unevenly often: {shares}.",
                "Rounding gives the ends half as much. " + PLACE,
            )
