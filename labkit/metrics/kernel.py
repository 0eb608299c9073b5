"""Kernel distance (KID, Bińkowski et al. 2018): an unbiased measure that holds at small N."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.metrics.frechet import as_features


class KernelDistance(NamedTuple):
    """Mean and standard deviation of the squared maximum mean discrepancy over the subsets."""

    value: float
    spread: float


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """The cubic kernel of the paper (section 4): (a·b / D + 1)³, (N, M)."""
    kernel = (a @ b.T).div_(a.shape[1]).add_(1)
    return kernel.square().mul_(kernel)


def _discrepancy(a: Tensor, b: Tensor) -> float:
    """Unbiased estimate of MMD² (Gretton et al. 2012, equation 3) of sets a and b, each (m, D); may be below 0."""
    m = len(a)
    within = 0.0
    for x in (a, b):
        kernel = _kernel(x, x)
        within += (kernel.sum() - kernel.diagonal().sum()).item()
    return within / (m * (m - 1)) - 2 * _kernel(a, b).mean().item()


def kernel_distance(
    a: Tensor, b: Tensor, *, subsets: int = 100, subset_size: int = 1000, seed: int = 2020
) -> KernelDistance:
    """KID with the cubic polynomial kernel, averaged over random subsets.

    The subsets are drawn as torch-fidelity draws them, so the same seed gives its figures.

    Args:
        a: features (N, D).
        b: features (M, D).
        subsets: how many; they overlap, so their spread is not an error of the mean.
        subset_size: images in each; memory goes with its square. The whole of the smaller set where that is smaller.
        seed: of the draws.

    Returns:
        The mean over the subsets, about 0 for equal distributions and possibly a little below, and the standard
        deviation.

    Raises:
        UserError: a shape is wrong or a value is not finite.
    """
    a, b = as_features(a, "first set"), as_features(b, "second set")
    if a.shape[1] != b.shape[1]:
        raise UserError(f"The two sets have {a.shape[1]} and {b.shape[1]} features each; they must be the same.")
    size = min(subset_size, len(a), len(b))
    draw = np.random.RandomState(seed)
    values = []
    # Subsets that hold everything are all the same one.
    for _ in range(1 if size == len(a) == len(b) else subsets):
        rows_a, rows_b = (torch.from_numpy(draw.choice(len(x), size, replace=False)) for x in (a, b))
        values.append(_discrepancy(a[rows_a], b[rows_b]))
    return KernelDistance(float(np.mean(values)), float(np.std(values)))
