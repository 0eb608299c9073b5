"""Thin-plate splines: the smoothest way through given points.

Bookstein 1989, *Principal warps: thin-plate splines and the decomposition of deformations*, IEEE PAMI 11(6).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_AT_ONCE = 1 << 13  # distances at once a row of the batch: few, so that they stay in the cache


@dataclass(frozen=True)
class ThinPlateSpline:
    """A batch of smooth functions of the plane, fitted by :meth:`fit`.

        f(q) = Σ_i w_i φ(|q − c_i|) + aᵀ [1, q],    φ(r) = r² ln r,    Σ w_i = 0,  Σ w_i c_i = 0

    Among all functions with f(c_i) = v_i it bends least: ∫ f_xx² + 2 f_xy² + f_yy². To warp a picture, fit it
    *backwards*: c_i where points shall come to lie, v_i where they are now, and look up the picture at f(pixel).

    Attributes:
        centres: (B, K, 2).
        weights: (B, K, D), the w.
        affine: (B, 3, D), the a.
    """

    centres: Tensor
    weights: Tensor
    affine: Tensor

    @classmethod
    def fit(cls, centres: Tensor, values: Tensor, *, used: Tensor | None = None) -> "ThinPlateSpline":
        """The spline with f(centres) = values. Solved in float64, whatever the inputs: in float32 it misses by pixels.

        Args:
            centres: (B, K, 2), best in a frame such as [-1, 1]. No two *used* ones may coincide.
            values: (B, K, D).
            used: (B, K), 0 for centres to leave out; all are used if None. At least three must be, not in a line.

        Returns:
            A spline in float64; see :meth:`to`. Gradients flow to centres and values.

        Raises:
            torch.linalg.LinAlgError: where the used centres coincide or lie in a line.
        """
        c, v = centres.double(), values.double()
        batch, count, depth = v.shape
        on = torch.ones(batch, count, dtype=c.dtype, device=c.device) if used is None else used.to(c)
        # Rows of a multiple of 64 bytes: how last bits are rounded depends on where in memory a matrix begins.
        whole = -(count + 3) % 8 + count + 3
        system = torch.eye(whole, dtype=c.dtype, device=c.device).repeat(batch, 1, 1)
        system[:, count : count + 3, count : count + 3] = 0
        # A centre that is left out keeps its row, as the equation w = 0.
        system[:, :count, :count] = 0.5 * _bend(_squared(c, c)) * on[:, :, None] * on[:, None] + torch.diag_embed(
            1 - on
        )
        system[:, :count, count] = on
        system[:, :count, count + 1 : count + 3] = c * on[..., None]
        system[:, count : count + 3, :count] = system[:, :count, count : count + 3].transpose(1, 2).clone()
        right = torch.cat([v * on[..., None], v.new_zeros(batch, whole - count, depth)], 1)
        solution = torch.linalg.solve(system, right)
        return cls(c, solution[:, :count].contiguous(), solution[:, count : count + 3].contiguous())

    def to(self, dtype: torch.dtype) -> "ThinPlateSpline":
        """The same spline, evaluated in another precision."""
        return ThinPlateSpline(self.centres.to(dtype), self.weights.to(dtype), self.affine.to(dtype))

    def __call__(self, points: Tensor) -> Tensor:
        """The values f at points (B, Q, 2): (B, Q, D), in the spline's precision."""
        points = points.to(self.centres)
        return torch.cat([self._values(part) for part in self._chunks(points)], 1)

    def jacobian(self, points: Tensor) -> Tensor:
        """∂f/∂q at points (B, Q, 2): (B, Q, D, 2)."""
        points = points.to(self.centres)
        return torch.cat([self._slopes(part) for part in self._chunks(points)], 1)

    def _chunks(self, points: Tensor) -> tuple[Tensor, ...]:
        # Not by the size of the batch: a row's result must not depend on its neighbours, not even in the last bit.
        return points.split(max(64, _AT_ONCE // max(self.centres.shape[1], 1)), 1)

    def _values(self, q: Tensor) -> Tensor:
        bent = torch.bmm(_bend(_squared(q, self.centres)), 0.5 * self.weights)
        return bent + self.affine[:, :1] + torch.bmm(q, self.affine[:, 1:])

    def _slopes(self, q: Tensor) -> Tensor:
        # ∂φ/∂q = (q − c) (ln r² + 1): both directions share the logarithm.
        steep = _squared(q, self.centres).log() + 1
        depth = self.weights.shape[2]
        moments = torch.cat(
            [self.weights, self.weights * self.centres[..., :1], self.weights * self.centres[..., 1:]], 2
        )
        total, along_x, along_y = torch.bmm(steep, moments).split(depth, 2)
        slopes = torch.stack([q[..., :1] * total - along_x, q[..., 1:] * total - along_y], 3)
        return slopes + self.affine[:, 1:].transpose(1, 2)[:, None]


def _squared(a: Tensor, b: Tensor) -> Tensor:
    """Squared distances (B, Q, K), kept above 0 so that the logarithm exists; there r² ln r is 0 to rounding anyway."""
    across = a[..., :1] - b[..., 0][:, None]
    down = a[..., 1:] - b[..., 1][:, None]
    # Not addcmul: whether it rounds once or twice depends on where in memory a number lies.
    return (across * across).add_(down * down).add_(1e-20)


def _bend(squared: Tensor) -> Tensor:
    """2 φ = r² ln r² from r²."""
    return squared * squared.log()
