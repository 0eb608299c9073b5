"""The judge of identity: are these two pictures of one person?

A person is a shape and a skin. The judge learns from pictures in which everything else was drawn anew: hair, beard and
age, expression and pose, light, makeup, what is worn and what is behind. So a swapped face can't please it with the
hair, nor with the background.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from labkit.faces.parameters import CHOICE, PARAMETERS
from labkit.metrics.judges.asked import Asked
from labkit.metrics.judges.blocks import FLAT, Trunk, flat
from labkit.metrics.judges.pool import FRESH, pool

WHAT = "Who it is: pictures of one person lie together, whatever hair, age, pose, light, makeup and background."
ANSWER = "(N, 64) float32 of length 1: the dot product of two is how alike they are"
WIDTH = 64
NAMES = tuple(f"identity {i}" for i in range(WIDTH))
PHOTOS, ROBUST = 8, True
TEMPERATURE = 0.1
BATCH = 96
"""Pictures a step: each has to find its partner among all of them."""

_KNOWN = [
    i for i, p in enumerate(PARAMETERS)
    if p.group in ("shape", "skin") and p.unit != CHOICE and not p.name.endswith("_seed")
]  # fmt: skip


class Network(nn.Module):
    """Trunk and one linear layer; in training also a layer that reads shape and skin from the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.project = nn.Linear(FLAT, WIDTH, bias=False)
        self.standardise = nn.BatchNorm1d(WIDTH, affine=False)
        self.describe = nn.Linear(WIDTH, len(_KNOWN))

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, 64, 64) in [-1, 1] → (N, 64), before it is brought to length 1."""
        return self.standardise(self.project(flat(self.trunk(image))))

    def answer(self, found: Tensor, size: tuple[int, int]) -> Tensor:
        """Unit vectors (N, 64)."""
        return F.normalize(found)


def loss(network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Each picture finds the other of its person among all in the batch (Chen et al. 2020, equation 1).

    Besides, shape and skin can be read from the embedding: the truth says more about likeness than "not the same".
    """
    assert isinstance(network, Network)
    found = network(batch["image"])
    alike = F.normalize(found) @ F.normalize(found).T / TEMPERATURE
    alike = alike.masked_fill(torch.eye(len(alike), dtype=torch.bool), -torch.inf)
    other = torch.arange(len(alike)) ^ 1
    contrast = F.cross_entropy(alike, other)
    return contrast + F.mse_loss(network.describe(found), known(batch["parameters"]))


def known(parameters: Tensor) -> Tensor:
    """Shape and skin (N, K), each over its range: -1 to 1."""
    columns = torch.tensor(_KNOWN)
    low = torch.tensor([PARAMETERS[i].low for i in _KNOWN])
    high = torch.tensor([PARAMETERS[i].high for i in _KNOWN])
    return (parameters.index_select(1, columns) - low) / (high - low) * 2 - 1


def draw(count: int, batch: int, generator: np.random.Generator) -> np.ndarray:
    """Rows of two different photos each of ``batch // 2`` different persons, side by side."""
    persons = generator.choice(count // PHOTOS, batch // 2, replace=False)
    first = generator.integers(PHOTOS, size=len(persons))
    second = (first + generator.integers(1, PHOTOS, size=len(persons))) % PHOTOS
    return (persons[:, None] * PHOTOS + np.stack([first, second], 1)).ravel()


def area_under(same: np.ndarray, other: np.ndarray) -> float:
    """The chance that a pair of one person is more alike than a pair of two: the area under the ROC curve."""
    order = np.sort(other)
    below, upto = np.searchsorted(order, same, "left"), np.searchsorted(order, same, "right")
    return float((below + upto).mean() / 2 / len(other))


def best_threshold(same: np.ndarray, other: np.ndarray) -> float:
    """The likeness at which "same" is right most often, both kinds of pairs counting the same."""
    candidates = np.quantile(np.concatenate([same, other]), np.linspace(0, 1, 2001))
    right = (same[:, None] > candidates).mean(0) + (other[:, None] <= candidates).mean(0)
    return float(candidates[right.argmax()])


def compare(vectors: np.ndarray, photos: int, tone: np.ndarray) -> dict[str, float]:
    """How well likeness tells persons apart.

    Args:
        vectors: (persons × photos, D), the photos of a person side by side; likeness is minus the distance.
        photos: how many of each.
        tone: (persons,) the skin's tone.

    Returns:
        ``auc``; ``auc_same_tone``, against other persons within 0.1 of the skin's tone; ``accuracy`` of "same or other"
        on half the persons, with the threshold that is best on the other half; ``threshold``, the cosine there; and
        ``rank_1``, how often the nearest of all persons' first photos is the person's own.
    """
    persons = len(vectors) // photos
    square = (vectors**2).sum(1)
    alike = 2 * vectors @ vectors.T - square[:, None] - square[None]
    who = np.repeat(np.arange(persons), photos)
    upper = np.triu(np.ones(alike.shape, dtype=bool), 1)
    same, other = upper & (who[:, None] == who), upper & (who[:, None] != who)
    near = other & (np.abs(tone[who][:, None] - tone[who]) < 0.1)
    half = who < persons // 2
    learn, test = half[:, None] & half, ~half[:, None] & ~half
    threshold = best_threshold(alike[same & learn], alike[other & learn])
    accuracy = ((alike[same & test] > threshold).mean() + (alike[other & test] <= threshold).mean()) / 2
    gallery = alike[:, ::photos]
    probes = np.arange(len(vectors)) % photos > 0
    values = {
        "auc": area_under(alike[same], alike[other]),
        "auc_same_tone": area_under(alike[same], alike[near]),
        "accuracy": accuracy,
        "rank_1": (gallery[probes].argmax(1) == who[probes]).mean(),
        "threshold": 1 + threshold / 2,
    }
    return {name: round(float(value), 4) for name, value in values.items()}


def skin_colour(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean colour of the skin, by the truth: (N, 3)."""
    skin = (labels == 1)[..., None]
    return (image * skin).sum((1, 2)) / np.maximum(skin.sum((1, 2)), 1)


def measure(ask: Asked, persons: int = 500, photos: int = 4) -> dict:
    """Persons never seen, each in pictures where everything but shape and skin differs, beside two trivial judges."""
    fresh = pool(FRESH, persons * photos, photos=photos).fields
    tone = fresh["parameters"][::photos, [p.name for p in PARAMETERS].index("skin_tone")]
    image = np.asarray(fresh["image"])
    small = image.reshape(len(image), 16, 4, 16, 4, 3).mean((2, 4)).reshape(len(image), -1)
    rivals = {"mean colour of the skin": skin_colour(image, np.asarray(fresh["labels"])), "pixels at 16x16": small}
    guesses = {name: compare(vectors / 255, photos, tone) for name, vectors in rivals.items()}
    for guess in guesses.values():
        del guess["threshold"]
    return {
        "persons": persons,
        "photos": photos,
        **compare(ask(image).numpy(), photos, tone),
        "chance_rank_1": round(1 / persons, 4),
        "guess": guesses,
    }
