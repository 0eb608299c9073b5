"""Directions in latent space that change one attribute of what a generator draws.

Radford et al. 2016, section 6.3.2: the mean latent of images with an attribute minus the mean of those without points
to it ("smiling woman − neutral woman + neutral man"). Guan 2018 (TL-GAN): regress the attributes on the latents, then
make each direction orthogonal to the others', so that it changes its own attribute alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from labkit.errors import position


def mean_difference(latent: Tensor, attribute: Tensor) -> Tensor:
    """The classic direction: mean latent with the attribute minus mean latent without.

    Args:
        latent: z, (N, D).
        attribute: (N,) or (N, A) of 0 and 1.

    Returns:
        (D,) or (A, D), not normalised.

    Raises:
        ValueError: an attribute that all or none have.
    """
    has = attribute.to(latent.dtype)
    count = has.sum(0)[..., None]
    if (count == 0).any() or (count == len(has)).any():
        raise ValueError("a direction needs latents with the attribute and latents without it")
    with_it = torch.einsum("n...,nd->...d", has, latent) / count
    without = torch.einsum("n...,nd->...d", 1 - has, latent) / (len(has) - count)
    return with_it - without


def least_squares(latent: Tensor, attribute: Tensor) -> Tensor:
    """The slopes W of the linear prediction a ≈ W z + b with the least squared error.

    Args:
        latent: z, (N, D) with N > D.
        attribute: (N, A), 0/1 or probabilities.

    Returns:
        (A, D).
    """
    z = latent.double() - latent.double().mean(0)
    a = attribute.double() - attribute.double().mean(0)
    return torch.linalg.lstsq(z, a).solution.T.to(latent.dtype)


def logistic(latent: Tensor, attribute: Tensor, *, decay: float = 1e-3, steps: int = 60) -> Tensor:
    """The slopes W of σ(W z + b) with the least cross-entropy: the normal of the plane between with and without.

    Args:
        latent: z, (N, D).
        attribute: (N, A) of 0 and 1.
        decay: weight of ‖W‖², which keeps W finite where a plane parts all.
        steps: of L-BFGS.

    Returns:
        (A, D).
    """
    z, target = latent.detach(), attribute.to(latent.dtype)
    weight = torch.zeros(target.shape[1], z.shape[1], requires_grad=True)
    bias = torch.zeros(target.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=steps, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = binary_cross_entropy_with_logits(z @ weight.T + bias, target) + decay * weight.square().sum(1).mean()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    return weight.detach()


def orthogonalise(direction: Tensor, others: Tensor) -> Tensor:
    """The part of a direction that is orthogonal to all others: going along it leaves their projections as they are.

    Args:
        direction: (D,).
        others: (K, D), in any number; they need not be orthogonal to each other.

    Returns:
        (D,); zero where the others span the direction.
    """
    if not len(others):
        return direction
    basis, size, _ = torch.linalg.svd(others.double().T, full_matrices=False)
    basis = basis[:, size > 1e-6 * size.max().clamp(min=1e-12)]
    d = direction.double()
    return (d - basis @ (basis.T @ d)).to(direction.dtype)


@dataclass(frozen=True)
class Directions:
    """A direction for each attribute.

    Attributes:
        names: of the A attributes.
        vectors: (A, D) of length 1.
        slopes: (A, D), how the linear prediction of each attribute changes with z: what locking holds still.
    """

    names: tuple[str, ...]
    vectors: Tensor
    slopes: Tensor

    @classmethod
    def fit(
        cls, latent: Tensor, attribute: Tensor, names: Sequence[str], *, apart: bool = True, ridge: float = 0.05
    ) -> "Directions":
        """Directions from latents and what a judge says of their images.

        Args:
            latent: z, (N, D).
            attribute: (N, A), 0/1 or probabilities.
            names: of the attributes.
            apart: change each attribute's prediction and hold the others' still as well as can be; else each slope
                by itself, which for normal latents is the classic direction.
            ridge: how much a share of the slopes' mean squared length is added to their products before they are
                inverted: attributes that are nearly the same direction can't be held apart, and 0 would try.
        """
        slopes = least_squares(latent, attribute)
        vectors = slopes
        if apart:
            # Attributes of other prevalence have slopes of other length: compare their directions.
            unit = normalize(slopes.double(), dim=1)
            products = unit @ unit.T
            vectors = torch.linalg.solve(products + ridge * torch.eye(len(unit)), unit).to(slopes.dtype)
        return cls(tuple(names), normalize(vectors, dim=1), slopes)

    def index(self, name: str) -> int:
        """An attribute's row.

        Raises:
            UserError: unknown, with the nearest names.
        """
        return position(name, self.names, "attribute")

    def vector(self, name: str, locked: Sequence[str] = ()) -> Tensor:
        """An attribute's direction (D,) of length 1, orthogonal to the slopes of the locked attributes."""
        vector = self.vectors[self.index(name)]
        others = [self.index(other) for other in locked if other != name]
        return normalize(orthogonalise(vector, self.slopes[others]), dim=0) if others else vector

    def move(self, latent: Tensor, amounts: Mapping[str, float], locked: Sequence[str] = ()) -> Tensor:
        """The latents plus Σ amount · direction, (N, D): amounts are lengths; a latent itself is about √D long."""
        for name, amount in amounts.items():
            if amount:
                latent = latent + amount * self.vector(name, locked)
        return latent
