"""How well a flat surface in latent space parts faces with an attribute from those without (Karras et al. 2019, 4.2).

A net that knows the attributes names the samples of a generator. For each attribute the half that it is surest of is
kept, a hyperplane is fitted to part them, and H(Y | X) says what is still unknown of the answer Y once the side X of
the plane is known: 0 if the plane parts them wholly, log 2 at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.nn.directions import logistic

RARE = 0.02
"""An attribute that fewer of the sure half have, or lack, is left out: its entropy is near 0 in any space."""


@dataclass(frozen=True)
class Separability:
    """What planes in a latent space know of attributes, on latents that they were not fitted to.

    Attributes:
        score: exp Σ H(Y | X), the paper's; 1 is best.
        entropies: H(Y | X) of each attribute, in nats.
        unknown: mean of H(Y | X) / H(Y): the share of the answer that the plane leaves open, in [0, 1] but for noise.
        accuracy: mean over attributes of the balanced accuracy of the planes, 0.5 is chance.
        explained: mean R² of a linear prediction of the judge's logits from the latents.
    """

    score: float
    entropies: dict[str, float]
    unknown: float
    accuracy: float
    explained: float


def separability(latent: Tensor, said: Tensor, names: Sequence[str]) -> Separability:
    """Fit a plane to each attribute on half of the latents, and measure it on the others.

    Args:
        latent: (N, D), N well above D.
        said: the judge's probabilities (N, A) for the pictures of these latents.
        names: of the A attributes.

    Raises:
        ValueError: no attribute is common enough.
    """
    half = len(latent) // 2
    scale = latent[:half].std(0).clamp(min=1e-6)
    latent = (latent - latent[:half].mean(0)) / scale
    logit = said.double().clamp(1e-4, 1 - 1e-4).logit()
    entropies, unknown, accuracy = {}, [], []
    for i, name in enumerate(names):
        sure = [(logit[part, i].abs().argsort(descending=True)[: half // 2] + part.start) for part in _halves(half)]
        fit, held = sure
        has = [(said[rows, i] > 0.5) for rows in sure]
        if not all(RARE < share.float().mean() < 1 - RARE for share in has):
            continue
        weight = logistic(latent[fit], has[0][:, None].float())[0]
        side, answer = _sides(latent[fit] @ weight, has[0], latent[held] @ weight), has[1]
        entropies[name] = conditional_entropy(side, answer)
        unknown.append(entropies[name] / conditional_entropy(torch.zeros_like(answer), answer))
        accuracy.append(float((side[answer].float().mean() + (~side)[~answer].float().mean()) / 2))
    if not entropies:
        raise ValueError("no attribute is common enough among these pictures")
    used = [list(names).index(name) for name in entropies]
    return Separability(
        score=float(torch.tensor(list(entropies.values())).double().sum().exp()),
        entropies=entropies,
        unknown=sum(unknown) / len(unknown),
        accuracy=sum(accuracy) / len(accuracy),
        explained=_explained(latent.double(), logit[:, used], half),
    )


def conditional_entropy(side: Tensor, answer: Tensor) -> float:
    """H(Y | X) in nats, from x and y as truth values (N,)."""
    total = 0.0
    for x in (False, True):
        here = answer[side.bool() == x]
        if len(here):
            share = here.double().mean()
            p = torch.stack([share, 1 - share])
            total += len(here) / len(answer) * float(torch.special.entr(p).sum())
    return total


def _halves(half: int) -> tuple[slice, slice]:
    return slice(0, half), slice(half, 2 * half)


def _sides(fitted: Tensor, has: Tensor, held: Tensor) -> Tensor:
    """Which side of the plane, its place chosen on the fitted latents: as many lie beyond it as have the attribute."""
    return held > fitted.sort().values[int((~has).sum())]


def _explained(latent: Tensor, target: Tensor, half: int) -> float:
    """Mean R² on the second half of a least-squares fit to the first."""
    ones = torch.ones(len(latent), 1, dtype=latent.dtype)
    x = torch.cat([latent, ones], 1)
    solution = torch.linalg.lstsq(x[:half], target[:half]).solution
    error = (x[half : 2 * half] @ solution - target[half : 2 * half]).square().mean(0)
    spread = target[half : 2 * half].var(0, unbiased=False)
    return float((1 - error / spread).mean())
