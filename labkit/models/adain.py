"""Karras et al. 2019, *A style-based generator architecture for GANs* (StyleGAN): its synthesis network.

Styles enter by AdaIN, which normalises what is in each map. It is kept beside StyleGAN2's to see why that was replaced:
droplets, in which G hides a map's strength from the norm (Karras et al. 2020, section 2).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from labkit.nn.equalized import EnlargingConv2d, EqualizedConv2d, activate
from labkit.nn.filters import Blur
from labkit.nn.modulation import AdaIN, channels, sides


class AdaINLayer(nn.Module):
    """Convolution (none at the very start), noise with a strength for each channel, activation, AdaIN."""

    def __init__(self, inputs: int, outputs: int, style_dim: int, up: bool = False, convolve: bool = True):
        super().__init__()
        if up:
            self.convolution: nn.Module = EnlargingConv2d(inputs, outputs)
        else:
            self.convolution = EqualizedConv2d(inputs, outputs, 3) if convolve else nn.Identity()
        self.blur = Blur((1.0, 2.0, 1.0), padding=(1, 1)) if up else nn.Identity()
        self.strength = nn.Parameter(torch.zeros(outputs, 1, 1))
        self.norm = AdaIN(outputs, style_dim)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """(B, inputs, H, W), (B, style_dim) and noise (B, 1, H', W') → (B, outputs, H', W')."""
        x = self.blur(self.convolution(x))
        if noise is not None:
            x = x + (self.strength * noise).to(x.dtype)
        return self.norm(activate(x), w)


class AdaINSynthesis(nn.Module):
    """g of StyleGAN (Karras et al. 2019, figure 1b), without growing: two AdaIN layers at every size.

    Arguments and `forward` as for `labkit.models.stylegan.Synthesis`. The picture is taken at the last size;
    `every_picture` adds the layers for smaller ones, which only a growing network uses.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        style_dim: int,
        base: int,
        most: int,
        gain: float = 1.0,
        every_picture: bool = False,
    ):
        super().__init__()
        self.gain = gain
        self.sides = sides(image_shape[1])
        widths = [channels(side, base, most) for side in self.sides]
        self.constant = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        self.layers = nn.ModuleList(
            [AdaINLayer(widths[0], widths[0], style_dim, convolve=False), AdaINLayer(widths[0], widths[0], style_dim)]
        )
        for below, width in pairwise(widths):
            self.layers += [AdaINLayer(below, width, style_dim, up=True), AdaINLayer(width, width, style_dim)]
        shown = widths if every_picture else widths[-1:]
        self.pictures = nn.ModuleList([EqualizedConv2d(width, image_shape[0], 1) for width in shown])
        self.styles = 2 * len(self.sides)
        self.noise_sides = [side for side in self.sides for _ in range(2)]

    def forward(self, w: Tensor, noise: Sequence[Tensor | None] | None = None) -> Tensor:
        """(B, style_dim), or (B, styles, style_dim) of mixed styles, → (B, C, H, W), about [−1, 1]."""
        w = w[:, None].expand(-1, self.styles, -1) if w.dim() == 2 else w
        x = self.constant.expand(len(w), -1, -1, -1)
        for k, layer in enumerate(self.layers):
            x = layer(x, w[:, k], noise[k] if noise else None)
        return self.pictures[-1](x, self.gain).float()
