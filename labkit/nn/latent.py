"""Ways through latent space."""

from math import cos, sin

import torch
from torch import Tensor
from torch.nn.functional import normalize


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """Spherical interpolation, Shoemake 1985; for latents of GANs White 2016, *Sampling generative networks*.

    (sin((1 − t)ω) a + sin(tω) b) / sin ω, with ω the angle between a and b. Between two normal vectors of many
    dimensions the straight line passes nearer to the origin than any sample does; the arc keeps their length.

    Args:
        a: where t = 0, (B, D).
        b: where t = 1, (B, D).
        t: a number, or one a row as (B,) or (B, 1).

    Returns:
        (B, D). Rows that are nearly parallel go along the straight line, which is the limit there.
    """
    t = torch.as_tensor(t, dtype=a.dtype, device=a.device)
    t = t[:, None] if t.dim() == 1 else t
    cosine = (normalize(a, dim=1) * normalize(b, dim=1)).sum(1, keepdim=True).clamp(-1, 1)
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    straight = sine.abs() < 1e-4
    sine = torch.where(straight, torch.ones_like(sine), sine)
    along = (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / sine
    return torch.where(straight, torch.lerp(a, b, t.expand_as(a)), along)


def around(a: Tensor, b: Tensor, angle: float) -> Tensor:
    """A closed walk: cos(angle) a + sin(angle) b, (B, D), angle in radians; normal wherever a and b are."""
    return cos(angle) * a + sin(angle) * b
