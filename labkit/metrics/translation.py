"""Did a translator do what its condition asked? A frozen judge reads the drawn picture, and is compared with the truth.

Isola et al. 2017 score labels → photographs by a net that segments photographs (the "FCN score"). Here the judge of
parsing learned from exact labels, its own error on true pictures is known, and so is what the nearest training pair
would get: the trivial baseline.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.faces import CLASSES
from labkit.metrics.judges import judge
from labkit.metrics.judges.parsing import overlaps
from labkit.threads import single_thread

Images = Tensor | np.ndarray


@dataclass(frozen=True)
class Reparsed:
    """How well the label map that was asked for can be read from the pictures.

    Attributes:
        mean: intersection over union, the mean over classes that hold at least a share of the true pixels.
        each: of every class that occurs.
    """

    mean: float
    each: dict[str, float]


def reparsed(images: Images, labels: np.ndarray, least: float = 0.01) -> Reparsed:
    """Read pictures with the judge of parsing.

    Args:
        images: as a :class:`labkit.metrics.judges.Judge` takes them.
        labels: (N, H, W), the classes that were asked for, at the pictures' size.
        least: share of all pixels from which on a class counts in the mean.

    Raises:
        ValueError: other counts or sizes.
    """
    found = judge("parsing")(images).numpy()
    truth = np.asarray(labels)
    if found.shape != truth.shape:
        raise ValueError(f"pictures read as {found.shape} don't compare with labels of the shape {truth.shape}")
    each = overlaps(found, truth)
    share = np.bincount(truth.ravel(), minlength=len(CLASSES)) / truth.size
    counted = [each[name] for i, name in enumerate(CLASSES) if share[i] >= least and name in each]
    return Reparsed(float(np.mean(counted)), each)


def nearest_pairs(labels: np.ndarray, known: np.ndarray, chunk: int = 64) -> np.ndarray:
    """For each label map the most similar known one, by the share of equal pixels: (N,) rows of `known`.

    The pictures of those rows are the trivial baseline of any translator: nothing is learned.

    Args:
        labels: (N, H, W).
        known: (K, H, W), those of the training pairs.
        chunk: maps that are compared at a time.
    """

    def planes(maps: np.ndarray) -> Tensor:
        small = torch.from_numpy(np.ascontiguousarray(maps[:, ::2, ::2]))
        return torch.nn.functional.one_hot(small.long(), len(CLASSES)).flatten(1).to(torch.float16)

    best, where = torch.full((len(labels),), -1.0), torch.zeros(len(labels), dtype=torch.int64)
    with single_thread():
        wanted = planes(labels).float()
        for start in range(0, len(known), chunk):
            alike = wanted @ planes(known[start : start + chunk]).float().T
            most, row = alike.max(1)
            better = most > best
            best, where = torch.where(better, most, best), torch.where(better, row + start, where)
    return where.numpy()
