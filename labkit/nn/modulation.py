"""How a style w enters a layer: AdaIN (StyleGAN), and modulated convolution (StyleGAN2)."""

from math import log2, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, conv_transpose2d

from labkit.errors import UserError
from labkit.nn.equalized import EqualizedLinear
from labkit.nn.filters import Blur


def sides(size: int) -> list[int]:
    """Sides of the maps: 64 → 4, 8, 16, 32, 64.

    Raises:
        UserError: no power of 2, or below 8.
    """
    if size < 8 or size & (size - 1):
        raise UserError(f"a StyleGAN can't draw {size} px: take a power of 2 from 8 on")
    return [2**k for k in range(2, int(log2(size)) + 1)]


def channels(side: int, base: int, most: int) -> int:
    """Channels of the maps of one side: base / side, at most `most`."""
    return min(base // side, most)


class AdaIN(nn.Module):
    """Adaptive instance normalisation (Huang & Belongie 2017; Karras et al. 2019, equation 1).

    AdaIN(x, w) = γ(w) · (x − μ(x)) / σ(x) + β(w), with μ and σ of each channel of each image.

    Args:
        channels: of x.
        style_dim: length of w.
    """

    def __init__(self, channels: int, style_dim: int):
        super().__init__()
        self.affine = EqualizedLinear(style_dim, 2 * channels)
        with torch.no_grad():
            self.affine.bias[:channels] = 1

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """(B, C, H, W) and (B, style_dim) → (B, C, H, W)."""
        gamma, beta = self.affine(w).to(torch.promote_types(x.dtype, torch.float32)).chunk(2, 1)
        # Each map of each image as a channel of one image: batch norm then has a γ and a β for each, and is one kernel.
        maps = x.reshape(1, -1, *x.shape[2:])
        return batch_norm(maps, None, None, gamma.flatten(), beta.flatten(), training=True).view(x.shape)


class ModulatedConv2d(nn.Module):
    """A convolution whose input channels are scaled by a style, and whose output is brought back to variance 1.

    w'_oik = s_i · w_oik,   w''_oik = w'_oik / √(Σ_ik w'_oik² + ε)              (Karras et al. 2020, equations 1 and 3)

    The norm of AdaIN divides by what *is* in the map, this one by what is *expected* of inputs of variance 1: droplets,
    with which G smuggled strength past AdaIN's norm, no longer pay.

    Scaling the weights of each image, (B, outputs, inputs, K, K), is the same as scaling its input by s and its output
    by the norm. `fused` does the first, by a convolution with a group an image; the second needs no such weights.

    Args:
        inputs: channels.
        outputs: channels.
        kernel: side of the kernel, odd.
        style_dim: length of w.
        demodulate: divide by the norm.
        up: double the size: a transposed convolution of stride 2, and the filter behind it.
        fused: scale the weights, and not the activations.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        style_dim: int,
        demodulate: bool = True,
        up: bool = False,
        fused: bool = False,
    ):
        super().__init__()
        self.affine = EqualizedLinear(style_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale, self.demodulate, self.up, self.fused = 1 / sqrt(inputs * kernel**2), demodulate, up, fused
        self.blur = Blur(padding=(1, 1)) if up else None

    def forward(self, x: Tensor, w: Tensor, bias: Tensor | None = None, gain: float = 1.0) -> Tensor:
        """`gain` · (w'' ∗ x + bias): (B, inputs, H, W) and (B, style_dim) → (B, outputs, H, W), or twice the size.

        Args:
            x: maps.
            w: styles.
            bias: (outputs,).
            gain: for a leaky ReLU that follows; see `labkit.nn.equalized.activate_scaled`.
        """
        style = self.affine(w)
        weight = self.weight * self.scale
        shift = torch.zeros(len(weight), device=x.device) if bias is None else gain * bias
        shift = shift[:, None, None].to(x.dtype)
        if self.fused:
            return gain * self._by_weights(x, weight, style) + shift
        x = self._convolve(x * style[:, :, None, None].to(x.dtype), weight)
        norm = self.norm(weight, style) if self.demodulate else style.new_ones(len(x), len(weight))
        # One pass over the maps. A sum that is stretched over places alone takes ten times as long in bf16.
        return torch.addcmul(shift, x, (gain * norm)[:, :, None, None].to(x.dtype))

    def norm(self, weight: Tensor, style: Tensor) -> Tensor:
        """1 / √(Σ_ik (s_i w_oik)² + ε), (B, outputs), in float32: squares overflow in half precision."""
        with torch.autocast(style.device.type, enabled=False):
            squares = weight.float().square().sum((2, 3))
            return (style.float().square() @ squares.T + 1e-8).rsqrt()

    def _by_weights(self, x: Tensor, weight: Tensor, style: Tensor) -> Tensor:
        batch, inputs, height, width = x.shape
        own = weight[None] * style[:, None, :, None, None]
        if self.demodulate:
            own = own * self.norm(weight, style)[:, :, None, None, None]
        x = self._convolve(x.reshape(1, batch * inputs, height, width), own.flatten(0, 1), groups=batch)
        return x.reshape(batch, -1, *x.shape[2:])

    def _convolve(self, x: Tensor, weight: Tensor, groups: int = 1) -> Tensor:
        if self.blur is None:
            return conv2d(x, weight, padding=weight.shape[-1] // 2, groups=groups)
        outputs = len(weight)
        turned = weight.unflatten(0, (groups, outputs // groups)).transpose(1, 2).flatten(0, 1)
        # The zeros between the pixels take three quarters of the brightness; the factor 4 gives it back.
        return self.blur(conv_transpose2d(x, 4 * turned, stride=2, groups=groups))
