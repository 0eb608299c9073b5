"""Perceptual path length: how fast a picture changes as its latent moves (Karras et al. 2019, section 4.1).

PPL = E[ d(G(x(t)), G(x(t + ε))) / ε² ],  t ~ U(0, 1), x the way between two latents: an arc in Z, a straight line in W.

The paper measures d by LPIPS, a net trained on photographs. Here d is the squared distance of the features of
FD-faces' judge, so that figures compare with each other and not with the paper's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.metrics.judges import judge
from labkit.nn.latent import slerp
from labkit.threads import single_thread

EPSILON = 1e-3
"""Ten times the paper's: in float32 a smaller step drowns in rounding, and the curve is straight for far longer."""
CHUNK = 100


@dataclass(frozen=True)
class PathLength:
    """Perceptual path length over n random paths.

    Attributes:
        mean: of all but the longest and the shortest hundredth, as in the paper's code.
        median: half of the paths are shorter.
        n: paths.
    """

    mean: float
    median: float
    n: int


def look(images: Tensor) -> Tensor:
    """Features of faces (N, 3, 64, 64) in [−1, 1], not rounded to 8 bits first: rounding would hide a step of ε."""
    return judge("features").network(images.float().contiguous(memory_format=torch.channels_last))


@torch.no_grad()
def path_length(
    draw: Callable[[Tensor], Tensor],
    a: Tensor,
    b: Tensor,
    *,
    arc: bool,
    between: bool = True,
    epsilon: float = EPSILON,
    features: Callable[[Tensor], Tensor] = look,
    seed: int = 0,
) -> PathLength:
    """PPL between rows of a and b.

    Args:
        draw: latents to images, always with the same noise.
        a: latents where paths begin, (N, D).
        b: where they end.
        arc: go along `slerp`, as in Z, and not along the straight line.
        between: t anywhere on the path; else at its beginning, where latents are samples ("end" in the paper).
        epsilon: ε.
        features: images to (N, F).
        seed: of t.
    """
    t = torch.rand(len(a), generator=torch.Generator().manual_seed(seed)).to(a)
    t = t if between else torch.zeros_like(t)

    def at(start: Tensor, end: Tensor, where: Tensor) -> Tensor:
        return slerp(start, end, where) if arc else torch.lerp(start, end, where[:, None])

    found = []
    with single_thread():
        for start, end, where in zip(a.split(CHUNK), b.split(CHUNK), t.split(CHUNK)):
            both = torch.cat([at(start, end, where), at(start, end, where + epsilon)])
            here, there = features(draw(both)).double().chunk(2)
            found.append((here - there).square().sum(1) / epsilon**2)
    lengths = torch.cat(found).sort().values
    cut = len(lengths) // 100
    return PathLength(float(lengths[cut : len(lengths) - cut].mean()), float(lengths.median()), len(lengths))
