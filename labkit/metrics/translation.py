"""Did a translator do what its condition asked? A frozen judge reads the drawn picture, and is compared with the truth.

Isola et al. 2017 score labels → photographs by a net that segments photographs (the "FCN score"). Here the judge of
parsing learned from exact labels, its own error on true pictures is known, and so is what the nearest training pair
would get: the trivial baseline.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.faces import CLASSES
from labkit.metrics.judges import judge
from labkit.metrics.judges.parsing import overlaps
from labkit.metrics.network import as_uint8
from labkit.threads import single_thread

Images = Tensor | np.ndarray
IOU, LEVELS = "re-parsed IoU", "grey levels off"


@dataclass(frozen=True)
class Translation:
    """How well a translator did on pictures that training never saw.

    Attributes:
        name: of the measure, `IOU` or `LEVELS`.
        value: of the translator.
        floor: of the truth itself: what a perfect translator would get.
        baseline: of a translator that has learned nothing.
        trivial: which one that is.
        n: pictures.
        dataset: name and split.
        others: more figures, by name, with the trivial translator's beside them.
    """

    name: str
    value: float
    floor: float
    baseline: float
    trivial: str
    n: int
    dataset: str
    others: dict[str, tuple[float, float]]

    def table(self) -> str:
        """As aligned text."""
        lines = [
            (f"{self.name}, N = {self.n:,}", "this model", self.trivial, "the truth"),
            ("", f"{self.value:.3f}", f"{self.baseline:.3f}", f"{self.floor:.3f}"),
            *((name, f"{own:.3f}", f"{trivial:.3f}", "") for name, (own, trivial) in self.others.items()),
        ]
        widths = [max(len(line[column]) for line in lines) for column in range(4)]
        rows = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
        return "\n".join([*rows, f"Against {self.dataset}."])

    def brief(self) -> dict[str, Any]:
        """For a checkpoint's card."""
        own = {"name": self.name, "value": round(self.value, 3), "n": self.n, "data": self.dataset}
        own |= {"floor": round(self.floor, 3), "best trivial baseline": round(self.baseline, 3)}
        own |= {"trivial": self.trivial}
        return own | {name: round(value, 3) for name, (value, _) in self.others.items()}

    def json(self) -> dict[str, Any]:
        """As a dictionary that `json.dumps` takes."""
        return asdict(self)


def levels_off(images: Images, truth: Images) -> float:
    """Mean |difference| of two batches of pictures, in grey levels of 255.

    Args:
        images: (N, C, H, W) in [−1, 1], or uint8 (N, C, H, W) or (N, H, W, C).
        truth: the same.
    """
    a, b = (as_uint8(some).float() for some in (images, truth))
    return float((a - b).abs().mean())


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


def nearest_planes(planes: Tensor, known: Tensor) -> np.ndarray:
    """For each condition (N, C, H, W) the nearest of the known ones, by squared distance: (N,) rows of `known`."""
    with single_thread():
        return torch.cdist(planes.flatten(1), known.flatten(1)).argmin(1).numpy()
