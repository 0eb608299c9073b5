"""Equalised learning rate (Karras et al. 2018, *Progressive growing of GANs*, section 4.1).

Weights are kept at N(0, 1) and scaled to He's deviation whenever they are used. Adam's step does not depend on a
gradient's scale, so all layers now learn at one speed, whatever their width.
"""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear, pad

SLOPE, GAIN = 0.2, sqrt(2)


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2, times √2: a normal input leaves with about the variance that it came with."""
    return leaky_relu(x, SLOPE) * GAIN


def activate_scaled(x: Tensor) -> Tensor:
    """`activate` of x / √2, where x comes √2 times as large from a convolution with `gain=GAIN`; written into x.

    √2 · leaky_relu(y) = leaky_relu(√2 y), so the gain costs nothing where weights are scaled anyway, and a map is gone
    over less often.
    """
    return leaky_relu(x, SLOPE, inplace=True)


class EqualizedLinear(nn.Module):
    """(B, inputs) → (B, outputs).

    Args:
        inputs: length of the input.
        outputs: length of the output.
        bias: where the bias begins.
        lr_multiplier: the layer learns so many times as fast: its weights are kept larger by 1 / it, and used at the
            same size, so that a step moves them by so much less.
        activation: end with `activate`.
    """

    def __init__(
        self, inputs: int, outputs: int, bias: float = 0.0, lr_multiplier: float = 1.0, activation: bool = False
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((outputs,), bias / lr_multiplier))
        self.lr_multiplier, self.scale, self.activation = lr_multiplier, lr_multiplier / sqrt(inputs), activation

    def forward(self, x: Tensor) -> Tensor:
        """W x / √inputs + b."""
        x = linear(x, self.weight * self.scale, self.bias * self.lr_multiplier)
        return activate(x) if self.activation else x


class EqualizedConv2d(nn.Module):
    """(B, inputs, H, W) → (B, outputs, H', W').

    Args:
        inputs: channels.
        outputs: channels.
        kernel: side of the kernel.
        stride: as in `torch.nn.Conv2d`.
        padding: as in `torch.nn.Conv2d`; keeps the size at stride 1 where not given.
        bias: whether there is one; it begins at 0.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int | None = None, bias: bool = True
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.stride = 1 / sqrt(inputs * kernel**2), stride
        self.padding = kernel // 2 if padding is None else padding

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        """`gain` · (W / √fan_in ∗ x + b)."""
        bias = None if self.bias is None else self.bias * gain
        return conv2d(x, self.weight * (self.scale * gain), bias, self.stride, self.padding)


class EnlargingConv2d(EqualizedConv2d):
    """Each pixel twice in both directions, then the 3×3 convolution; (B, inputs, H, W) → (B, outputs, 2H, 2W).

    A place of the result sees two by two pixels of x, each through the sum of the weights that meet it: a transposed
    convolution with a 4×4 kernel, of 4 products a place and channel in place of 9, and no doubled maps in between.

    Args:
        inputs: channels.
        outputs: channels.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3)

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        """`gain` · (W / √fan_in ∗ doubled x + b)."""
        bias = None if self.bias is None else self.bias * gain
        weight = self.weight * (self.scale * gain)
        rows = pad(weight, [0, 0, 1, 0]) + pad(weight, [0, 0, 0, 1])
        kernel = pad(rows, [1, 0]) + pad(rows, [0, 1])
        return conv_transpose2d(x, kernel.flip(2, 3).transpose(0, 1), bias, stride=2, padding=1)
