"""Random numbers that are the same everywhere: a face's depend on its seed alone, not on what was drawn before."""

from collections.abc import Sequence

import numpy as np

from labkit.faces.parameters import GROUPS

_WORDS = 128  # random words a face and group; a multiple of the 4 that Philox makes at once
_STREAMS = ("cause", *GROUPS)


class Dice:
    """Random numbers for a batch, a column after the other: each face has its own row of words."""

    def __init__(self, seeds: np.ndarray, stream: str) -> None:
        words = _words(seeds, _STREAMS.index(stream))
        self._uniforms = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        self._used = 0

    def uniform(self, low: float | np.ndarray = 0.0, high: float | np.ndarray = 1.0) -> np.ndarray:
        """(N,) in [low, high)."""
        self._used += 1
        return low + (high - low) * self._uniforms[:, self._used - 1]

    def bell(self) -> np.ndarray:
        """(N,) bell-shaped about 0 in (-1, 1), standard deviation 1/3: the mean of three uniforms."""
        three = [self.uniform(-1.0, 1.0) for _ in range(3)]
        return (three[0] + three[1] + three[2]) / 3

    def yes(self, chance: float | np.ndarray) -> np.ndarray:
        """(N,) of 0 and 1, 1 with that probability."""
        return (self.uniform() < chance).astype(np.float64)

    def choose(self, weights: Sequence[float] | np.ndarray) -> np.ndarray:
        """(N,) of indices with these weights: (K,), or (N, K) for weights of each face's own."""
        table = np.broadcast_to(np.asarray(weights, dtype=np.float64), (len(self._uniforms), np.shape(weights)[-1]))
        edges = np.cumsum(table, axis=1)
        below = edges <= (self.uniform() * edges[:, -1])[:, None]
        return np.minimum(below.sum(axis=1), table.shape[1] - 1).astype(np.float64)


def _words(seeds: np.ndarray, stream: int) -> np.ndarray:
    """(N, 128) random 64-bit words: row i depends on seeds[i] and the stream alone."""
    steps = _WORDS // 4

    def draw(first: int, count: int) -> np.ndarray:
        generator = np.random.Philox(key=np.array([0x1AB, stream], dtype=np.uint64), counter=first * steps)
        return generator.random_raw(count * _WORDS).reshape(count, _WORDS)

    if len(seeds) and np.array_equal(seeds, np.arange(seeds[0], seeds[0] + len(seeds))):
        return draw(int(seeds[0]), len(seeds))
    rows = [draw(int(seed), 1) for seed in seeds]
    return np.concatenate(rows) if rows else np.zeros((0, _WORDS), dtype=np.uint64)
