"""What is measured of a set of images against real ones, and the real side of it, which is measured once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from labkit.data.dataset import Dataset
from labkit.metrics.baselines import BASELINES
from labkit.metrics.coverage import Coverage, class_coverage
from labkit.metrics.frechet import Moments, interval
from labkit.metrics.kernel import kernel_distance
from labkit.metrics.neighbours import neighbour_scores, squared_radii
from labkit.metrics.network import as_uint8
from labkit.metrics.spaces import Space, space_of

KERNEL_SUBSETS = 20
# Which real images are compared with is part of the score, so it is fixed and no argument.
REAL_SEED = 20_000
MEASURES = ("value", "kid", "precision", "recall", "density", "coverage")
_KEPT = 8
_real_sets: dict[tuple[str, str, int], "RealSet"] = {}


@dataclass(frozen=True)
class Measures:
    """What is measured of one set of images against the real ones.

    Attributes:
        value: the Fréchet distance, ≥ 0, lower is better; biased upwards by about the floor's value.
        low: lower end of its 95 % interval (see ``frechet.interval``).
        high: upper end.
        kid: kernel distance, about 0 at best.
        precision: share of the images within the real manifold, [0, 1].
        recall: share of the real images within the images' manifold, [0, 1].
        density: ≥ 0, about 1 for real images.
        coverage: share of the real images with an image nearby, [0, 1].
        classes: frequencies of the classes, compared with the real ones.
    """

    value: float
    low: float
    high: float
    kid: float
    precision: float
    recall: float
    density: float
    coverage: float
    classes: Coverage

    @property
    def class_frequencies(self) -> tuple[float, ...]:
        """Share of each digit."""
        return self.classes.frequencies

    def json(self) -> dict:
        """As a dictionary that ``json.dumps`` takes."""
        return {
            **{name: getattr(self, name) for name in ("value", "low", "high", *MEASURES[1:])},
            "classes": self.classes.json(),
        }

    def cells(self) -> list[str]:
        """The columns of one line of the table."""
        distance = f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"
        shares = [f"{share:.3f}" for share in (self.precision, self.recall, self.density, self.coverage)]
        return [distance, f"{self.kid:.4f}", *shares, f"{self.classes.covered} of {len(self.classes.frequencies)}"]


class RealSet:
    """The real images of one data set at one N, and what is measured of them only once."""

    def __init__(self, dataset: Dataset, n: int, space: Space) -> None:
        order = np.random.default_rng(REAL_SEED).permutation(len(dataset))
        self.n, self.space = n, space
        # Sorted: a memory map is read fastest from front to back, and the order within a set is of no account.
        self._images, self._others = (
            as_uint8(np.asarray(dataset.fields["image"][np.sort(rows)])) for rows in (order[:n], order[n : 2 * n])
        )
        self.features = space.features(self._images)
        self.moments = Moments.of(self.features)
        self.radii = squared_radii(self.features)
        self.frequencies = self._classes(self.features).frequencies

    def _classes(self, features: Tensor, reference: tuple[float, ...] | None = None) -> Coverage:
        return class_coverage(self.space.labels(features), len(self.space.classes), reference=reference)

    def compare(self, other: Tensor) -> Measures:
        """Measure features (n, D) against these."""
        distance = interval(other, self.moments)
        kid = kernel_distance(other, self.features, subsets=KERNEL_SUBSETS).value
        classes = self._classes(other, self.frequencies)
        return Measures(*distance, kid, *neighbour_scores(other, self.features, self.radii), classes)

    @cached_property
    def floor(self) -> Measures:
        """As many other real images, measured like a model's."""
        return self.compare(self.space.features(self._others))

    @cached_property
    def baselines(self) -> dict[str, Measures]:
        """The trivial generators, measured like a model."""
        generator = torch.Generator().manual_seed(REAL_SEED)
        drawn = {name: draw(self._images, self.n, generator) for name, draw in BASELINES.items()}
        seen = {name: self.space.features(images) for name, images in drawn.items()}
        return {name: self.compare(found.expand(self.n, -1)) for name, found in seen.items()}


def real_set(dataset: Dataset, n: int) -> RealSet:
    """The real side of a score, kept in memory by the data's fingerprint, the network's hash and N.

    Args:
        dataset: digits or built-in faces; ``len(dataset) >= 2 * n``, so that the floor's images are others.
        n: images a set.
    """
    space = space_of(dataset)
    key = (dataset.fingerprint, space.sha256(), n)
    if key not in _real_sets:
        while len(_real_sets) >= _KEPT:
            _real_sets.pop(next(iter(_real_sets)))
        _real_sets[key] = RealSet(dataset, n, space)
    return _real_sets[key]
