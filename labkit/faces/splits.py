"""Which faces are for training and which for testing: by ranges of seeds, and by combinations training never saw."""

from collections.abc import Iterator

import numpy as np

from labkit.errors import UserError, nearest
from labkit.faces.batch import Faces
from labkit.faces.sampler import sample

Box = dict[str, tuple[float, float]]

UNSEEN: Box = {"glasses": (1, 2), "hat": (1, 3)}
"""The combination that the split ``seen`` lacks and ``unseen`` is made of: glasses under a hat, one face in twenty."""

SPLITS = {"train": 0, "test": 1_000_000_000, "seen": 0, "unseen": 1_000_000_000, "judges": 2_000_000_000}
"""Where each split's seeds begin. ``judges`` is what the scoring networks were trained on: no lab trains on it."""


def inside(faces: Faces, box: Box) -> np.ndarray:
    """(N,) of booleans: whether all of a box's parameters lie in its ranges, ends included."""
    hits = [(faces[name] >= low) & (faces[name] <= high) for name, (low, high) in box.items()]
    return np.logical_and.reduce(hits) if hits else np.ones(len(faces), dtype=bool)


def split(name: str, count: int, *, sampler: str = "independent", box: Box = UNSEEN) -> Faces:
    """The first faces of a split.

    Args:
        name: ``train`` or ``test``: the same distribution, other seeds. ``seen``: of the training seeds those outside
            the box; ``unseen``: of the test seeds those inside it. ``judges``: for the scoring networks.
        count: how many.
        sampler: see :mod:`labkit.faces.sampler`.
        box: the combination of ``seen`` and ``unseen``: parameter to (lowest, highest).

    Raises:
        UserError: for an unknown split.
    """
    if name not in SPLITS:
        raise UserError(nearest(name, SPLITS, "split of the built-in faces"))
    if name not in ("seen", "unseen"):
        return sample(range(SPLITS[name], SPLITS[name] + count), sampler=sampler)
    found: list[Faces] = []
    for block in _blocks(SPLITS[name], sampler):
        hit = inside(block, box)
        found.append(block[hit if name == "unseen" else ~hit])
        if sum(map(len, found)) >= count:
            return Faces.join(found)[:count]
        if not any(map(len, found)) and len(found) >= 50:
            raise UserError("no face lies in that box of parameters: widen its ranges")
    raise AssertionError("unreachable")


def _blocks(start: int, sampler: str) -> Iterator[Faces]:
    while True:
        yield sample(range(start, start + 2_000), sampler=sampler)
        start += 2_000


def people(count: int, each: int, *, seed: int = 0, keep: tuple[str, ...] = ("shape", "skin", "age", "hair")) -> Faces:
    """Several faces a person, one person after the other: for identities, swaps and caricatures.

    Args:
        count: how many persons, numbered from ``seed`` on.
        each: how many faces a person.
        seed: the first person.
        keep: the groups of parameters that a person's faces share; all others are drawn anew for each face.

    Returns:
        count x each faces.
    """
    persons = np.repeat(np.arange(seed, seed + count), each)
    # Beside every split's seeds, so that no face of a person is also a face of a split.
    seeds = 4_000_000_000 + persons * 100_003 + np.tile(np.arange(each), count)
    return sample(seeds, persons=seeds).adopt(sample(persons), *keep).of_persons(persons)
