"""Do the samples look real, and do they show all that is real? Measures from nearest neighbours in feature space.

Precision and recall: Kynkäänniemi et al. 2019, with k = 3. Density and coverage: Naeem et al. 2020, with k = 5.
All distances are float64 and computed a strip at a time, so that memory goes with N and not with its square.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.metrics.frechet import as_features

PRECISION_NEIGHBOUR = 3
DENSITY_NEIGHBOUR = 5
STRIP = 200


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]: of samples within the real manifold, and of real images within the samples'."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Density, ≥ 0 and about 1 for real images; coverage in [0, 1], the share of real images with a sample nearby."""

    density: float
    coverage: float


class Neighbours(NamedTuple):
    """All four measures."""

    precision: float
    recall: float
    density: float
    coverage: float


def _strips(a: Tensor, b: Tensor) -> Iterator[tuple[int, Tensor]]:
    """For each strip of a's rows its start and the squared distances to all of b's rows, (≤ STRIP, M).

    All strips share one buffer, so use one before asking for the next: with a new one each, the small results in
    between would keep the allocator from using the old ones again, and memory would go with N². A matrix product in
    float64 has digits to spare, and beats differences in speed.
    """
    norm = b.square().sum(1)
    buffer = b.new_empty(min(STRIP, len(a)), len(b))
    for start in range(0, len(a), STRIP):
        rows = a[start : start + STRIP]
        distance = torch.addmm(norm[None], rows, b.T, alpha=-2, out=buffer[: len(rows)])
        yield start, distance.add_(rows.square().sum(1, keepdim=True)).clamp_(min=0)


def squared_radii(features: Tensor, neighbours: tuple[int, ...] = (PRECISION_NEIGHBOUR, DENSITY_NEIGHBOUR)) -> Tensor:
    """Squared distance from each row to its k-th nearest other row.

    Args:
        features: (N, D).
        neighbours: the k's, 1 ≤ k < N.

    Returns:
        float64 (N, number of k's).

    Raises:
        UserError: there are not enough rows for so many neighbours.
    """
    features = as_features(features, "features")
    if len(features) <= max(neighbours):
        raise UserError(f"{len(features)} images are too few for {max(neighbours)} nearest neighbours.")
    radii = []
    for start, distance in _strips(features, features):
        # A row is no neighbour of itself, but its copies are.
        distance[torch.arange(len(distance)), torch.arange(start, start + len(distance))] = torch.inf
        nearest = distance.topk(max(neighbours), dim=1, largest=False).values
        radii.append(nearest[:, [k - 1 for k in neighbours]])
    return torch.cat(radii)


def _compare(
    generated: Tensor, real: Tensor, generated_radius: Tensor, precision_radius: Tensor, density_radius: Tensor, k: int
) -> Neighbours:
    generated, real = as_features(generated, "generated set"), as_features(real, "real set")
    if generated.shape[1] != real.shape[1]:
        raise UserError(
            f"The two sets have {generated.shape[1]} and {real.shape[1]} features each; they must be the same."
        )
    precise, inside = 0, 0
    recalled, covered = torch.zeros(len(real), dtype=torch.bool), torch.zeros(len(real), dtype=torch.bool)
    for start, distance in _strips(generated, real):
        precise += int((distance <= precision_radius).any(1).sum())
        recalled |= (distance <= generated_radius[start : start + len(distance), None]).any(0)
        within = distance <= density_radius
        inside += int(within.sum())
        covered |= within.any(0)
    return Neighbours(
        precise / len(generated),
        recalled.double().mean().item(),
        inside / (k * len(generated)),
        covered.double().mean().item(),
    )


def neighbour_scores(generated: Tensor, real: Tensor, real_radii: Tensor | None = None) -> Neighbours:
    """Precision, recall, density and coverage at the papers' k, with the distances computed once for all.

    Args:
        generated: features (N, D).
        real: features (M, D).
        real_radii: ``squared_radii(real)`` where it is known already.

    Raises:
        UserError: a shape is wrong, a value is not finite, or there are too few rows.
    """
    real_radii = squared_radii(real) if real_radii is None else real_radii
    radius = squared_radii(generated, (PRECISION_NEIGHBOUR,))[:, 0]
    return _compare(generated, real, radius, real_radii[:, 0], real_radii[:, 1], DENSITY_NEIGHBOUR)


def precision_recall(generated: Tensor, real: Tensor, *, k: int = PRECISION_NEIGHBOUR) -> PrecisionRecall:
    """Improved precision and recall (Kynkäänniemi et al. 2019, equations 1 to 3).

    Precision: the share of samples that lie no farther from some real image than its k-th real neighbour does.
    Recall: the same with the two sets exchanged. One outlier among the reference inflates them; density and coverage
    mend that.

    Args:
        generated: features (N, D).
        real: features (M, D).
        k: which neighbour sets the radius.

    Raises:
        UserError: a shape is wrong, a value is not finite, or there are too few rows.
    """
    real_radius, radius = squared_radii(real, (k,))[:, 0], squared_radii(generated, (k,))[:, 0]
    both = _compare(generated, real, radius, real_radius, real_radius, k)
    return PrecisionRecall(both.precision, both.recall)


def density_coverage(generated: Tensor, real: Tensor, *, k: int = DENSITY_NEIGHBOUR) -> DensityCoverage:
    """Density and coverage (Naeem et al. 2020, equations 4 and 5).

    Density: in how many real images' neighbourhoods a sample lies on average, over k. Coverage: the share of real
    images whose neighbourhood holds at least one sample.

    Args:
        generated: features (N, D).
        real: features (M, D).
        k: which neighbour sets the radius.

    Raises:
        UserError: a shape is wrong, a value is not finite, or there are too few rows.
    """
    real_radius = squared_radii(real, (k,))[:, 0]
    both = _compare(generated, real, torch.zeros(len(generated), dtype=torch.float64), real_radius, real_radius, k)
    return DensityCoverage(both.density, both.coverage)
