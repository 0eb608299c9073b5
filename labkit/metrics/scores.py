"""``FD-digits`` and ``FD-faces``: Fréchet distances, never without N, interval, floor and baselines."""

import inspect
import statistics
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.data.dataset import Dataset
from labkit.errors import UserError
from labkit.metrics.coverage import class_coverage
from labkit.metrics.frechet import interval
from labkit.metrics.measures import MEASURES, Measures, real_set
from labkit.metrics.neighbours import neighbour_scores
from labkit.metrics.network import as_uint8
from labkit.metrics.spaces import DIGITS, SPACES, space_of
from labkit.threads import single_thread

CHUNK = 500

Sampler = Callable[..., Tensor]


@dataclass(frozen=True)
class Score(Measures):
    """A model's measures, and beside them those of real images and of trivial generators at the same N.

    Attributes:
        floor: of other real images from the same data: what a perfect model would get.
        baselines: of the trivial generators by name.
        n: images in each set.
        seed: of the model's samples.
        dataset: name and split of the real images.
        network: sha256 of the scoring network.
        name: of the score.
    """

    floor: Measures
    baselines: dict[str, Measures]
    n: int
    seed: int
    dataset: str
    network: str
    name: str = DIGITS.name

    @property
    def baseline(self) -> Measures:
        """The trivial generator that comes closest, by the Fréchet distance."""
        return min(self.baselines.values(), key=lambda measures: measures.value)

    def brief(self) -> dict:
        """For a checkpoint's card."""
        own = {"name": self.name, "value": round(self.value, 3), "n": self.n, "data": self.dataset}
        return own | {"floor": round(self.floor.value, 3), "best trivial baseline": round(self.baseline.value, 1)}

    def table(self) -> str:
        """The score beside its floor and baselines, as aligned text."""
        head = [
            f"{self.name}, N = {self.n:,}",
            "distance [95 %]",
            "KID",
            "precision",
            "recall",
            "density",
            "coverage",
            "classes",
        ]
        lines: dict[str, Measures] = {"this model": self, "other real images (floor)": self.floor, **self.baselines}
        rows = [head, *([name, *measures.cells()] for name, measures in lines.items())]
        space = SPACES[self.name]
        shares = "  ".join(f"{name}: {share:.1%}" for name, share in zip(space.classes, self.class_frequencies))
        notes = [
            f"Samples by {space.kind}  {shares}",
            f"{self.classes.covered} above {self.classes.threshold:.0%}; divergence from the data's "
            f"frequencies {self.classes.divergence:.4f} nats",
            f"Against {self.dataset}; network {space.weights} {self.network[:8]}, 8-bit images, {space.size} px; seed "
            f"{self.seed}",
        ]
        return "\n".join([*_aligned(rows), *notes])

    def json(self) -> dict:
        """As a dictionary that ``json.dumps`` takes."""
        return {
            "name": self.name,
            "n": self.n,
            "seed": self.seed,
            "dataset": self.dataset,
            "network": self.network,
            **super().json(),
            "floor": self.floor.json(),
            "baselines": {name: measures.json() for name, measures in self.baselines.items()},
        }


@dataclass(frozen=True)
class Combined:
    """Scores of several training seeds: mean and standard deviation (n - 1) of each measure.

    ``covered`` is the number of classes shown.
    """

    name: str
    n: int
    runs: int
    mean: dict[str, float]
    std: dict[str, float]
    floor: float
    baseline: float

    def table(self) -> str:
        """One line a measure, as aligned text."""
        rows = [[f"{self.name}, N = {self.n:,}, {self.runs} runs", "mean", "std"]]
        rows += [[name, f"{self.mean[name]:.4g}", f"{self.std[name]:.2g}"] for name in self.mean]
        rows += [
            ["floor (real images)", f"{self.floor:.4g}", ""],
            ["best trivial baseline", f"{self.baseline:.4g}", ""],
        ]
        return "\n".join(_aligned(rows))

    def json(self) -> dict:
        """As a dictionary that ``json.dumps`` takes."""
        return asdict(self)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def _collect(sample: Sampler | Tensor | np.ndarray, dataset: Dataset, n: int, seed: int) -> Tensor:
    """Draw or take as many images as can be scored, at most n, as uint8 (N, C, H, W)."""
    space = space_of(dataset)
    if not callable(sample):
        if isinstance(sample, Tensor) and sample.requires_grad:
            raise UserError("The scoring network is never used in a loss: detach the images before scoring them.")
        n = min(n, len(sample))
    if n > len(dataset) // 2:
        warnings.warn(
            f"{dataset.name!r} has {len(dataset):,} images, too few for two sets of {n:,}: "
            f"scored at N = {len(dataset) // 2:,}.",
            stacklevel=3,
        )
        n = len(dataset) // 2
    if n <= 2 * space.width:
        raise UserError(
            f"{space.name} has {space.width} features and needs more than {2 * space.width} images a set, here are {n}."
        )
    if not callable(sample):
        images = as_uint8(sample[:n])
    else:
        generator = torch.Generator().manual_seed(seed)
        by_name = "generator" in inspect.signature(sample).parameters
        sizes = [min(CHUNK, n - start) for start in range(0, n, CHUNK)]
        drawn = (sample(size, generator=generator) if by_name else sample(size, generator) for size in sizes)
        images = torch.cat([as_uint8(chunk) for chunk in drawn])
        if len(images) != n:
            raise UserError(f"The sampler gave {len(images)} images when asked for {n}.")
    if tuple(images.shape[2:]) != dataset.image_shape[1:]:
        warnings.warn(
            f"The samples are {images.shape[2]}×{images.shape[3]} and the data {dataset.size}×{dataset.size}: "
            "resizing only one of them shifts the score.",
            stacklevel=3,
        )
    return images


@torch.no_grad()
def score(sample: Sampler | Tensor | np.ndarray, dataset: Dataset, *, n: int = 10_000, seed: int = 0) -> Score:
    """Score a generator of digits (FD-digits) or of faces (FD-faces, where the data are the built-in faces).

    The real images and the network are fixed; all images are rounded to 8 bits, and those of another size than the
    network's (28, faces 64) are resized. The classes that are counted are the digits, or the hair that is seen. A
    score below the floor's means that the samples are copies of the real images.

    Args:
        sample: ``sample(n, generator=…)`` → (n, C, H, W) in [-1, 1], such as ``game.sample``; it is called for chunks
            of 500. Or the images themselves: uint8 (N, H, W, C) or floats (N, C, H, W).
        dataset: the real images, as the model saw them.
        n: images a set; fewer if there are fewer samples, or fewer than 2n real ones.
        seed: of the samples.

    Raises:
        UserError: the data are in colour and not the built-in faces; the images carry a gradient, are too few, not
            finite or out of range.

    Warns:
        UserWarning: the data are too few for n, or the samples' size is not the data's.
    """
    with single_thread():
        images = _collect(sample, dataset, n, seed)
        real = real_set(dataset, len(images))
        measures = real.compare(real.space.features(images))
        where = f"{dataset.name} ({dataset.split})"
        return Score(
            **vars(measures),
            floor=real.floor,
            baselines=real.baselines,
            n=len(images),
            seed=seed,
            dataset=where,
            network=real.space.sha256(),
            name=real.space.name,
        )


@torch.no_grad()
def quick_score(sample: Sampler | Tensor | np.ndarray, dataset: Dataset, n: int = 2000) -> dict[str, float]:
    """The distance and the coverage alone, for the log of a training: about a second on one CPU thread.

    Args:
        sample: as in :func:`score`; a sampler draws the same latents at each call.
        dataset: the real images.
        n: images a set.

    Returns:
        ``FD-digits`` or ``FD-faces``, ``coverage`` in [0, 1] (Naeem et al. 2020), and ``classes``, the number of digits
        (or kinds of hair) above 3 % of the samples.

    Raises:
        UserError: as :func:`score`.
    """
    with single_thread():
        images = _collect(sample, dataset, n, seed=0)
        real = real_set(dataset, len(images))
        found = real.space.features(images)
        classes = class_coverage(real.space.labels(found), len(real.space.classes))
        coverage = neighbour_scores(found, real.features, real.radii).coverage
        return {real.space.name: interval(found, real.moments)[0], "coverage": coverage, "classes": classes.covered}


def combine(scores: Sequence[Score]) -> Combined:
    """Mean and standard deviation over training seeds; a claim rests on at least three.

    Raises:
        UserError: fewer than two scores, or scores of different N, data or network, which don't compare.
    """
    if len(scores) < 2:
        raise UserError(f"A mean over seeds needs at least two scores, here is {len(scores)}.")
    for what in ("name", "n", "dataset", "network"):
        found = {getattr(score, what) for score in scores}
        if len(found) > 1:
            raise UserError(f"Scores that differ in their {what} don't compare: {', '.join(sorted(map(str, found)))}.")
    values = {name: [getattr(score, name) for score in scores] for name in MEASURES}
    values["covered"] = [score.classes.covered for score in scores]
    return Combined(
        name=scores[0].name,
        n=scores[0].n,
        runs=len(scores),
        mean={name: statistics.fmean(found) for name, found in values.items()},
        std={name: statistics.stdev(found) for name, found in values.items()},
        floor=scores[0].floor.value,
        baseline=scores[0].baseline.value,
    )
