"""From an image back to its latent: the z whose picture is nearest, found by gradient descent.

Zhu et al. 2016, *Generative visual manipulation on the natural image manifold*, section 3.1 (projection by
optimisation); the pull towards the sphere on which samples lie is that of Bojanowski et al. 2018 (GLO), softened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from labkit.errors import UserError


@dataclass(frozen=True)
class Inversion:
    """What was found for N images.

    Attributes:
        latent: z, (N, D).
        image: G(z), (N, C, H, W).
        losses: (steps + 1, N), of the start that ended best; the last row belongs to `latent`.
    """

    latent: Tensor
    image: Tensor
    losses: Tensor


def invert(
    generator: Callable[[Tensor], Tensor],
    image: Tensor,
    latent_dim: int,
    *,
    starts: int = 4,
    steps: int = 200,
    lr: float = 0.1,
    coarse: float = 1.0,
    pull: float = 0.1,
    seed: int = 0,
) -> Inversion:
    """The latents whose images are nearest to the given ones.

    Minimises, by Adam over z, the mean squared error of the pixels, plus `coarse` times that of the images at a quarter
    of their side (which feels where things are before the pixels match), plus `pull` times (‖z‖ / √D − 1)².

    Args:
        generator: G in eval mode, (B, D) → (B, C, H, W); its weights get no gradient.
        image: (N, C, H, W) in [−1, 1].
        latent_dim: D.
        starts: random latents that each image is tried from: the way from one may end in a hollow.
        steps: of Adam.
        lr: of the first step; it falls to zero along a half cosine.
        coarse: weight of the low resolution.
        pull: weight of the pull to the sphere of radius √D, where normal latents lie. 0 lets z leave it: the picture
            gets nearer, but from there directions and walks no longer do what they do with samples.
        seed: of the starts: the same seed finds the same latents.

    Raises:
        UserError: images of another shape than the generator's, or no start.
    """
    if starts < 1:
        raise UserError(f"inversion starts from at least one latent, not {starts}")
    n, device = len(image), image.device
    # All images start from the same latents: each is found alone as it is found among others.
    draws = torch.Generator().manual_seed(seed)
    z = torch.cat([torch.randn(1, latent_dim, generator=draws).expand(n, -1) for _ in range(starts)]).to(device)
    with torch.no_grad():
        shape = tuple(generator(z[:1]).shape[1:])
    if tuple(image.shape[1:]) != shape:
        raise UserError(f"the image has the shape {tuple(image.shape[1:])}, the generator draws {shape}")
    target = image.float().repeat(starts, 1, 1, 1)
    window = max(1, min(4, *shape[1:]))
    low = avg_pool2d(target, window)

    def error(drawn: Tensor) -> Tensor:
        loss = (drawn - target).square().flatten(1).mean(1)
        loss = loss + coarse * (avg_pool2d(drawn, window) - low).square().flatten(1).mean(1)
        return loss + pull * (z.norm(dim=1) / latent_dim**0.5 - 1).square()

    z.requires_grad_(True)
    optimizer, losses = torch.optim.Adam([z], lr=lr, betas=(0.9, 0.99)), []
    with torch.enable_grad():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = lr * (0.5 + 0.5 * cos(pi * step / steps))
            loss = error(generator(z))
            losses.append(loss.detach())
            (z.grad,) = torch.autograd.grad(
                loss.sum(), z
            )  # the images don't know of each other: a sum keeps them apart
            optimizer.step()
    with torch.no_grad():
        drawn = generator(z)
        losses.append(error(drawn))
        curves = torch.stack(losses).view(steps + 1, starts, n)
        best = curves[-1].argmin(0)
        column = torch.arange(n, device=device)
        row = best * n + column
        return Inversion(z.detach()[row], drawn[row], curves[:, best, column])
