"""Z against W of a StyleGAN, in numbers: path lengths, separability, linear fits and straight edits."""

import statistics
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from labkit.bench.lab02 import GOOD_KEPT, GOOD_SUCCESS
from labkit.faces import ONE_OF
from labkit.metrics.edits import Edits
from labkit.metrics.judges import judge
from labkit.metrics.paths import path_length
from labkit.metrics.separability import separability
from labkit.models.spaces import Space, w_space, z_space
from labkit.models.stylegan import StyleGAN
from labkit.nn.directions import Directions
from labkit.training.precision import Precision

PATHS = 2_000
NAMED = 12_000
"""Samples that the judge of attributes names, for planes and directions."""
LONGEST = 2.0
"""The longest step that is tried, in mean distances of a latent from the middle."""
SEEDS = (0, 1, 2)
"""Of latents for one generator, and of trainings."""
PARTED = ("score", "unknown", "accuracy", "explained")


def spaces(game: StyleGAN, seeds: tuple[int, ...] = SEEDS) -> dict[str, dict[str, Any]]:
    """Z and W: path lengths, separability and what a linear fit explains, by seeds of latents; edits, by the first.

    The seeds are of what is measured: they say how sure a figure is for this one generator. For seeds of the training
    see `labkit.bench.lab03.trainings`.
    """
    return {space.name: measure_space(space, seeds) for space in (z_space(game), w_space(game))}


def measure_space(space: Space, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """What `spaces` says of one of them."""
    each: list[dict[str, float]] = []
    edits: dict[str, Any] = {}
    for seed in seeds:
        latent, said = named(space, seed)
        each.append(numbers_of(space, latent, said, seed))
        edits = edits or _edits(space, latent, said)
    found = spread(each)
    print(space.name, found, flush=True)
    return {**found, "edits": edits}


def numbers_of(space: Space, latent: Tensor, said: Tensor, seed: int) -> dict[str, float]:
    """Path lengths, and how well planes part attributes: `latent` with what the judge `said` of it."""
    parted = separability(latent, said, judge("attributes").names)
    return {**_paths(space, seed), **{name: getattr(parted, name) for name in PARTED}}


def spread(each: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of every number."""
    return {
        key: {
            "mean": statistics.fmean(one[key] for one in each),
            "std": statistics.stdev(one[key] for one in each) if len(each) > 1 else 0.0,
        }
        for key in each[0]
    }


def _latents(space: Space, n: int, seed: int) -> Tensor:
    return space.latent(n, torch.Generator().manual_seed(seed))


def _paths(space: Space, seed: int) -> dict[str, float]:
    """PPL over whole paths, and at their ends."""
    a, b = _latents(space, PATHS, 10 * seed + 1), _latents(space, PATHS, 10 * seed + 2)
    return {
        key: path_length(space.generator, a, b, arc=space.name == "Z", between=between, seed=seed).mean
        for key, between in (("ppl", True), ("ppl_end", False))
    }


def _meter(space: Space) -> Edits:
    look, precision = judge("attributes"), Precision.on(torch.device("cpu"))

    def draw(latent: Tensor) -> Tensor:
        with precision.autocast():
            return space.draw(latent)

    return Edits(draw, look, look.names, exclusive=ONE_OF)


def named(space: Space, seed: int) -> tuple[Tensor, Tensor]:
    """Latents, and what the judge of attributes says of their faces."""
    latent = _latents(space, NAMED, 10 * seed + 3)
    return latent, _meter(space).judge(latent)


def _edits(space: Space, latent: Tensor, said: Tensor, tuning: int = 150, fresh: int = 600) -> dict[str, Any]:
    """Straight steps: each as long as is needed for success on most of some faces, measured on others."""
    meter, names = _meter(space), judge("attributes").names
    common = [i for i, name in enumerate(names) if 0.05 < float((said[:, i] > 0.5).float().mean()) < 0.95]
    directions = Directions.fit(latent, said[:, common], [names[i] for i in common])
    length = float((latent - latent.mean(0)).square().sum(1).mean().sqrt())
    amounts = [length * LONGEST * k / 8 for k in range(1, 9)]
    steps, others = _latents(space, tuning, 4), _latents(space, fresh, 5)
    measured = {}
    for name in directions.names:
        vector = directions.vector(name)
        amount = meter.choose_amount(name, vector, steps, aim=GOOD_SUCCESS + 0.03, amounts=amounts)
        edit = meter.measure(name, vector, amount, others)
        measured[name] = {key: round(getattr(edit, key), 4) for key in ("success", "kept", "amount", "faces")}
    good = [name for name, one in measured.items() if one["success"] >= GOOD_SUCCESS and one["kept"] >= GOOD_KEPT]
    means = {key: statistics.fmean(one[key] for one in measured.values()) for key in ("success", "kept")}
    return {**means, "good": good, "each": measured}
