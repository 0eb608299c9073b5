"""Fréchet distance between two sets of features, taken as Gaussians (Heusel et al. 2017, equation 6), in float64."""

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.errors import UserError

BLOCKS = 20
# 97.5 % point of Student's t with BLOCKS - 1 = 19 degrees of freedom.
STUDENT_T = 2.093


def as_features(features: Tensor, name: str) -> Tensor:
    """Check features (N, D) and give them as float64 on the CPU.

    Raises:
        UserError: not two-dimensional, fewer than two rows, or not finite.
    """
    if features.ndim != 2 or len(features) < 2:
        raise UserError(f"{name}: features of shape {tuple(features.shape)}; expected (N, D) with at least two rows.")
    features = features.detach().to("cpu", torch.float64)
    if not torch.isfinite(features).all():
        raise UserError(f"{name}: the features hold values that are not finite.")
    return features


@dataclass(frozen=True)
class Moments:
    """How many features there are, their mean (D,) and their unbiased covariance (D, D)."""

    n: int
    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, features: Tensor, name: str = "features") -> "Moments":
        """Measure features (N, D), of any float type."""
        features = as_features(features, name)
        mean = features.mean(0)
        centred = features - mean
        return cls(len(features), mean, centred.T @ centred / (len(features) - 1))

    def root(self) -> Tensor:
        """The symmetric square root (D, D) of the covariance; eigenvalues that are rounding noise count as zero."""
        values, vectors = torch.linalg.eigh(self.covariance)
        floor = values[-1].clamp(min=0) * len(values) * torch.finfo(torch.float64).eps
        return (vectors * torch.where(values > floor, values, 0).sqrt()) @ vectors.T


def between(a: Moments, b: Moments, root_b: Tensor | None = None) -> float:
    """Fréchet distance of two Gaussians: |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½).

    The eigenvalues of Σ₁Σ₂ are the squares of the singular values of Σ₁^½Σ₂^½. Taking these, and not the roots of the
    eigenvalues, keeps the rounding error at 1e-16 where the other way makes 1e-8 of it, so singular covariances need no
    constant added to their diagonal.

    Args:
        a: one set's moments.
        b: the other's.
        root_b: ``b.root()`` where it is known already.
    """
    root_b = b.root() if root_b is None else root_b
    cross = torch.linalg.svdvals(a.root() @ root_b).sum()
    distance = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace() - 2 * cross
    return max(distance.item(), 0.0)


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Fréchet distance between two sets of features.

    It is biased: at finite N it is larger than at infinite N, about in proportion to 1/N, so only distances at the
    same N compare.

    Args:
        a: (N, D).
        b: (M, D).

    Returns:
        The distance, ≥ 0, in the features' unit squared.

    Raises:
        UserError: a shape is wrong or a value is not finite.

    Warns:
        UserWarning: a set has no more rows than features, so that its covariance is singular.
    """
    first, second = Moments.of(a, "first set"), Moments.of(b, "second set")
    if first.mean.shape != second.mean.shape:
        raise UserError(
            f"The two sets have {len(first.mean)} and {len(second.mean)} features each; they must be the same."
        )
    smallest, width = min(first.n, second.n), len(first.mean)
    if smallest <= width:
        warnings.warn(
            f"{smallest} images for {width} features: the covariance is singular and the distance far too uncertain to "
            f"compare; use at least {10 * width} images.",
            stacklevel=2,
        )
    return between(first, second)


def interval(features: Tensor, real: Moments) -> tuple[float, float, float]:
    """The Fréchet distance of generated features to fixed real ones, and its 95 % interval.

    The interval is a delete-one-block jackknife over 20 blocks of the generated features: value ± t·SE, and never
    below 0. A bootstrap that draws with replacement would not do: a resampled set repeats images, its covariance is
    as uncertain as that of about half as many images, and the distance's bias doubles, which moves the whole interval
    off the value. Leaving out a twentieth moves it by a twentieth of the bias.

    The interval says how far another sample of the same generator, against the same real images, would move. It does
    not remove the bias (the floor, which has the same bias, shows it) and does not hold the spread between training
    seeds.

    Args:
        features: generated, (N, D); rows are independent draws.
        real: the real set's moments.

    Returns:
        value, low, high.
    """
    features = as_features(features, "generated set")
    root = real.root()
    value = between(Moments.of(features), real, root)
    blocks = features.tensor_split(BLOCKS)
    if len(features) < 2 * BLOCKS:
        return value, 0.0, math.inf
    # The sums of each block give the moments of all but one block, without going over the features twenty times.
    shift = features.mean(0)
    sums = torch.stack([(block - shift).sum(0) for block in blocks])
    squares = torch.stack([(block - shift).T @ (block - shift) for block in blocks])
    total, total_square = sums.sum(0), squares.sum(0)
    without = []
    for block, block_sum, block_square in zip(blocks, sums, squares):
        n = len(features) - len(block)
        mean = (total - block_sum) / n
        covariance = (total_square - block_square - n * torch.outer(mean, mean)) / (n - 1)
        without.append(between(Moments(n, mean + shift, covariance), real, root))
    replicate = torch.tensor(without, dtype=torch.float64)
    error = ((BLOCKS - 1) / BLOCKS * (replicate - replicate.mean()).square().sum()).sqrt().item()
    return value, max(value - STUDENT_T * error, 0.0), value + STUDENT_T * error
