"""Adversarial losses and gradient penalties, as functions of the critic's scores.

D and G stand for discriminator and generator. A score is D's output *before* any sigmoid: a logit s ∈ ℝ of any shape
((B,), (B, 1) or a map of patches (B, 1, h, w)); every loss is the mean over all of its entries.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


@dataclass(frozen=True)
class AdversarialLoss:
    """What D minimises on real and on fake scores, and what G minimises on the scores of its fakes.

    Attributes:
        name: the name in the table `ADVERSARIAL_LOSSES`.
        real: D's term for the scores of real images.
        fake: D's term for the scores of generated images.
        fool: G's loss for the scores of generated images.
    """

    name: str
    real: Callable[[Tensor], Tensor]
    fake: Callable[[Tensor], Tensor]
    fool: Callable[[Tensor], Tensor]


def _mean_softplus(score: Tensor) -> Tensor:
    return softplus(score.float()).mean()


# With D = σ(s):  −log D = softplus(−s)  and  −log(1 − D) = softplus(s). Finite for any s, as log(σ(s)) is not.
ADVERSARIAL_LOSSES: dict[str, AdversarialLoss] = {
    loss.name: loss
    for loss in (
        # Goodfellow et al. 2014, section 3: G maximises log D(G(z)).
        AdversarialLoss(
            "non-saturating",
            real=lambda score: _mean_softplus(-score),
            fake=_mean_softplus,
            fool=lambda score: _mean_softplus(-score),
        ),
        # Goodfellow et al. 2014, equation 1: G minimises log(1 − D(G(z))). Flat where D is sure.
        AdversarialLoss(
            "saturating",
            real=lambda score: _mean_softplus(-score),
            fake=_mean_softplus,
            fool=lambda score: -_mean_softplus(score),
        ),
        # Mao et al. 2017, equation 9 (a = 0, b = c = 1).
        AdversarialLoss(
            "least-squares",
            real=lambda score: 0.5 * (score.float() - 1).square().mean(),
            fake=lambda score: 0.5 * score.float().square().mean(),
            fool=lambda score: 0.5 * (score.float() - 1).square().mean(),
        ),
        # Lim & Ye 2017; Miyato et al. 2018, equations 16 and 17.
        AdversarialLoss(
            "hinge",
            real=lambda score: relu(1 - score.float()).mean(),
            fake=lambda score: relu(1 + score.float()).mean(),
            fool=lambda score: -score.float().mean(),
        ),
        # Arjovsky et al. 2017, equation 2: needs a critic that is (nearly) 1-Lipschitz, hence a penalty.
        AdversarialLoss(
            "wasserstein",
            real=lambda score: -score.float().mean(),
            fake=lambda score: score.float().mean(),
            fool=lambda score: -score.float().mean(),
        ),
    )
}


def _slope(critic: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """∂ critic / ∂ image, differentiable, in float32: a penalty in half precision overflows and rounds its root."""
    with torch.autocast(image.device.type, enabled=False):
        image = image.detach().float().requires_grad_()
        (slope,) = torch.autograd.grad(critic(image).sum(), image, create_graph=True)
    if not slope.requires_grad:
        raise RuntimeError("the gradient's own graph was dropped, so the penalty can't train the critic")
    return slope.flatten(1)


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor | None = None
) -> Tensor:
    """WGAN-GP's penalty E[(‖∇_x̂ D(x̂)‖₂ − 1)²], Gulrajani et al. 2017, equation 3, without its weight λ = 10.

    Args:
        critic: D, from images to scores.
        real: images x, (B, C, H, W).
        fake: images G(z), same shape.
        mix: ε ∈ [0, 1], (B, 1, 1, 1), x̂ = εx + (1 − ε)G(z); drawn uniformly, one an image, if not given.

    Returns:
        A scalar ≥ 0 whose gradient reaches the critic's parameters.
    """
    if mix is None:
        mix = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)
    between = torch.lerp(fake.detach().float(), real.detach().float(), mix.float())
    # The tiny number keeps the root's slope finite where a critic is flat, as it may be at initialisation.
    length = (_slope(critic, between).square().sum(1) + 1e-12).sqrt()
    return (length - 1).square().mean()


def r1_penalty(critic: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """R1: E‖∇_x D(x)‖² on real images, Mescheder et al. 2018, equation 9, without its weight γ/2.

    Args:
        critic: D, from images to scores.
        real: images x, (B, C, H, W).

    Returns:
        A scalar ≥ 0 whose gradient reaches the critic's parameters.
    """
    return _slope(critic, real).square().sum(1).mean()


def path_lengths(images: Tensor, w: Tensor, noise: Tensor) -> Tensor:
    """‖Jᵀ y‖ for random images y: how far a picture moves as w does, (B,) (Karras et al. 2020, equation 4).

    Args:
        images: g(w), (B, C, H, W).
        w: the styles that they were made of, (B, styles, style_dim), in their graph.
        noise: y ~ N(0, I), as the images.
    """
    scaled = noise / (images.shape[2] * images.shape[3]) ** 0.5
    (slope,) = torch.autograd.grad((images * scaled).sum(), w, create_graph=True)
    return (slope.square().sum(2).mean(1) + 1e-12).sqrt()
