"""The feature net of ``FD-faces``: 64 numbers that say what is seen of a face and of its picture.

It learns to read everything at once: attributes, shape, expression, pose, light, background, grain. What a face can
differ in moves some of its features, and so does what a generator gets wrong.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from labkit.faces import ATTRIBUTES
from labkit.faces.parameters import CHOICE, PARAMETERS
from labkit.metrics.judges.asked import Asked
from labkit.metrics.judges.attributes import means, rates
from labkit.metrics.judges.blocks import FLAT, Trunk, flat
from labkit.metrics.judges.corruptions import ladder
from labkit.metrics.judges.pool import FRESH, pool

WHAT = "64 features of a face and its picture: the space of FD-faces."
ANSWER = "(N, 64) float32, each about mean 0 and variance 1 over faces of the independent sampler"
WIDTH = 64
NAMES = tuple(f"feature {i}" for i in range(WIDTH))
# Trained on clean faces only: a net that forgives noise and blur would not count them.
PHOTOS, ROBUST = 1, False

HAIR = ("none", "Black_Hair", "Blond_Hair", "Brown_Hair", "Dyed_Hair", "Gray_Hair", "Red_Hair")
"""The hair that is seen: the classes whose shares a score compares with the data's."""

_HAIR = [ATTRIBUTES.index(name) for name in HAIR[1:]]
_NUMBERS = [i for i, p in enumerate(PARAMETERS) if p.unit != CHOICE and not p.name.endswith("_seed")]
_CHOSEN = ("backdrop", "cloth_colour", "cloth_pattern", "hat", "glasses", "beard", "iris_colour")
_CHOICES = {i: len(p.choices) for i, p in enumerate(PARAMETERS) if p.name in _CHOSEN}


class Network(nn.Module):
    """Trunk, 64 standardised features, and one linear layer that reads the truth from them."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.project = nn.Linear(FLAT, WIDTH, bias=False)
        self.standardise = nn.BatchNorm1d(WIDTH, affine=False)
        self.widths = [len(HAIR), len(ATTRIBUTES), len(_NUMBERS), *_CHOICES.values()]
        self.read = nn.Linear(WIDTH, sum(self.widths))

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, 64, 64) in [-1, 1] → (N, 64)."""
        return self.standardise(self.project(flat(self.trunk(image))))

    def answer(self, found: Tensor, size: tuple[int, int]) -> Tensor:
        """The features as they are."""
        return found

    def heads(self, found: Tensor) -> list[Tensor]:
        """From features: scores of the hair (N, 7), of the attributes (N, 35), numbers, and scores of each choice."""
        return list(self.read(F.relu(found)).split(self.widths, dim=1))

    def classes(self, found: Tensor) -> Tensor:
        """Scores (N, 7) of the hair that is seen, :data:`HAIR`, before the softmax."""
        return F.linear(F.relu(found), self.read.weight[: len(HAIR)], self.read.bias[: len(HAIR)])


def hair_of(attributes: Tensor) -> Tensor:
    """(N,) int64, indexing :data:`HAIR`, from attributes (N, 35)."""
    one = attributes[:, _HAIR].long()
    return one.argmax(1) + 1 - (one.sum(1) == 0).long()


def loss(network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """All heads at once, weighted to about the same size."""
    assert isinstance(network, Network)
    hair, attributes, numbers, *choices = network.heads(network(batch["image"]))
    columns = batch["parameters"].index_select(1, torch.tensor(_NUMBERS))
    low = torch.tensor([PARAMETERS[i].low for i in _NUMBERS])
    high = torch.tensor([PARAMETERS[i].high for i in _NUMBERS])
    total = F.cross_entropy(hair, hair_of(batch["attributes"])) * 0.3
    total = total + F.binary_cross_entropy_with_logits(attributes, batch["attributes"].float()) * 3
    total = total + F.mse_loss(numbers, (columns - low) / (high - low) * 2 - 1) * 3
    for head, column in zip(choices, _CHOICES):
        total = total + F.cross_entropy(head, batch["parameters"][:, column].long()) * 0.1
    return total


def measure(ask: Asked, count: int = 2000) -> dict:
    """What can be read from the features of fresh faces, and the ladder of FD-faces."""
    fresh, others = (pool(FRESH + i * count, count).fields for i in (0, 1))
    found = ask(fresh["image"])
    with torch.no_grad():
        hair, attributes, numbers, *_ = ask.network.heads(found)
    truth = torch.from_numpy(np.asarray(fresh["attributes"]))
    table = rates(attributes.sigmoid().numpy(), truth.numpy())
    values = fresh["parameters"][:, _NUMBERS]
    low, high = (np.array([getattr(PARAMETERS[i], end) for i in _NUMBERS]) for end in ("low", "high"))
    error = ((numbers.numpy() - ((values - low) / (high - low) * 2 - 1)) * (high - low) / 2) ** 2
    explained = 1 - error.mean(0) / np.maximum(values.var(0), 1e-12)
    return {
        "faces": count,
        "hair": round(float((hair.argmax(1) == hair_of(truth)).double().mean()), 4),
        "attributes": means(table),
        "explained": {PARAMETERS[i].name: round(float(r), 3) for i, r in zip(_NUMBERS, explained)},
        "ladder": ladder(ask, np.asarray(fresh["image"]), np.asarray(others["image"])),
    }
