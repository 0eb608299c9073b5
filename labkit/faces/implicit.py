"""Implicit functions and soft edges: the arithmetic that every layer is made of.

A layer is a function f(x, y), negative inside. Its distance to the edge in *pixels*, f / |grad f| by finite
differences, gives a coverage that is one pixel soft at any size and under any turn or warp of the picture.
"""

import torch
from torch import Tensor


def distance(f: Tensor) -> Tensor:
    """Signed distance in pixels to where f is zero, negative inside, from f (B, H, W) by finite differences.

    Take it of each smooth function by itself and combine afterwards: the maximum of two functions of different slope
    has a kink, and a kink has no distance.
    """
    dx, dy = torch.empty_like(f), torch.empty_like(f)
    torch.sub(f[..., 1:], f[..., :-1], out=dx[..., :-1])
    dx[..., -1] = dx[..., -2]
    torch.sub(f[..., 1:, :], f[..., :-1, :], out=dy[..., :-1, :])
    dy[..., -1, :] = dy[..., -2, :]
    return f * dx.square_().addcmul_(dy, dy).add_(1e-9).rsqrt_()


def cover(d: Tensor) -> Tensor:
    """Coverage 0..1 of a pixel whose centre lies d pixels outside the edge."""
    return (0.5 - d).clamp_(0, 1)


def step(low: float | Tensor, high: float | Tensor, x: Tensor) -> Tensor:
    """Smooth step from 0 at ``low`` to 1 at ``high`` (either order)."""
    t = ((x - low) / (high - low)).clamp_(0, 1)
    return t * t * (3 - 2 * t)


def soft(square: Tensor) -> Tensor:
    """A soft spot from its squared radius, in place: about exp(-r^2), but 0 beyond r = 2.8, and cheap.

    (1 - r^2 / 8)^8 needs no exponential, leaves no denormal numbers (which are slow), and is the same on every device.
    """
    return square.mul_(-0.125).add_(1).clamp_(min=0).square_().square_().square_()


def hump(x: Tensor, width: Tensor | float) -> Tensor:
    """A soft ridge along x = 0, 1 on it and about exp(-1) at the width."""
    return soft((x / width).square_())


def power(x: Tensor, exponent: Tensor | float) -> Tensor:
    """X ** exponent for x > 0; several times faster than ``torch.pow`` with a tensor."""
    return x.clamp(min=1e-4).log_().mul_(exponent).exp_()
