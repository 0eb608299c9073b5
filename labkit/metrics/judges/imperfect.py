"""Pictures as a generator in training makes them: a little too bright, noisy, soft or blocky.

Most judges see half of their training faces like this, so that their answer to a sample that is not quite clean is
still about the face. The feature net never does: a blur that it had learned to forgive would not raise ``FD-faces``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 2
"""How far pictures are moved in training, in pixels."""


def _some(n: int, low: float, high: float, share: float, generator: torch.Generator) -> Tensor:
    """(N, 1, 1, 1) uniform numbers, and 0 for all but a share of the rows."""
    value = torch.rand(n, 1, 1, 1, generator=generator) * (high - low) + low
    return value * (torch.rand(n, 1, 1, 1, generator=generator) < share)


def imperfect(image: Tensor, generator: torch.Generator) -> Tensor:
    """Change the tone of pictures, soften them and add noise; each to about a third of them, at random strength.

    Args:
        image: (N, 3, H, W) in [-1, 1].
        generator: of what happens to which.

    Returns:
        The same shape, in [-1, 1].
    """
    n = len(image)
    soft = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    blocky = F.interpolate(F.avg_pool2d(image, 2), scale_factor=2.0, mode="nearest")
    image = torch.lerp(image, soft, _some(n, 0.3, 1.0, 0.3, generator))
    image = torch.lerp(image, blocky, _some(n, 0.2, 0.8, 0.2, generator))
    contrast, brightness = (_some(n, -0.15, 0.15, 0.4, generator) for _ in range(2))
    tint = (torch.rand(n, 3, 1, 1, generator=generator) - 0.5) * 0.12 * _some(n, 1.0, 1.0, 0.3, generator)
    image = image * (1 + contrast) + brightness + tint
    noise = torch.randn(image.shape, generator=generator)
    return (image + noise * _some(n, 0.02, 0.1, 0.3, generator)).clamp_(-1, 1)
