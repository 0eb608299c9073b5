"""The judge of attributes: does this face smile, wear glasses, have a beard? 35 answers a face."""

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from labkit.faces import ATTRIBUTES
from labkit.metrics.judges.asked import Asked
from labkit.metrics.judges.blocks import FLAT, Trunk, flat
from labkit.metrics.judges.pool import FRESH, pool

WHAT = "35 binary attributes of a face."
ANSWER = "(N, 35) float32: the probability of each of labkit.faces.ATTRIBUTES"
NAMES = ATTRIBUTES
PHOTOS, ROBUST = 1, True


class Network(nn.Module):
    """Trunk and one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.drop = nn.Dropout(0.1)
        self.read = nn.Linear(FLAT, len(ATTRIBUTES))

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, 64, 64) in [-1, 1] → scores (N, 35); above 0 is yes."""
        return self.read(self.drop(flat(self.trunk(image))))

    def answer(self, found: Tensor, size: tuple[int, int]) -> Tensor:
        """Probabilities (N, 35)."""
        return found.sigmoid()


def loss(network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Cross-entropy, so that the answers are probabilities and not only yes or no."""
    return F.binary_cross_entropy_with_logits(network(batch["image"]), batch["attributes"].float())


def rates(probability: np.ndarray, truth: np.ndarray) -> dict[str, dict[str, float]]:
    """How well each attribute is told, beside what guessing would give.

    Args:
        probability: (N, A).
        truth: (N, A) of 0 and 1.

    Returns:
        By attribute: ``share`` that have it; ``base``, the accuracy of always naming the commoner answer; ``accuracy``;
        ``balanced``, the mean of the accuracies among those that have it and those that don't (guessing: 0.5).
    """
    yes, right = truth == 1, (probability > 0.5) == (truth == 1)
    table = {}
    for column, name in enumerate(ATTRIBUTES):
        have, good = yes[:, column], right[:, column]
        share = have.mean()
        both = np.mean([good[rows].mean() for rows in (have, ~have) if rows.any()])
        table[name] = {"share": share, "base": max(share, 1 - share), "accuracy": good.mean(), "balanced": both}
    return {name: {key: round(float(value), 4) for key, value in row.items()} for name, row in table.items()}


def means(table: dict[str, dict[str, float]]) -> dict[str, float]:
    """``base``, ``accuracy`` and ``balanced``, each the mean over all attributes of a table of :func:`rates`."""
    keys = ("base", "accuracy", "balanced")
    return {key: round(float(np.mean([row[key] for row in table.values()])), 4) for key in keys}


def measure(ask: Asked, count: int = 4000) -> dict:
    """Accuracy on fresh faces of the independent sampler, for each attribute, and the mean on both samplers."""
    result: dict = {}
    for kind in ("independent", "natural"):
        fresh = pool(FRESH, count, kind=kind).fields
        table = rates(ask(fresh["image"]).numpy(), fresh["attributes"])
        result[kind] = means(table)
        if kind == "independent":
            result["each"] = table
    return {"faces": count, **result}
