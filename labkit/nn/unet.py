"""U-Net (Ronneberger et al. 2015) as pix2pix has it: halved to one pixel and doubled back, with skips across."""

import torch
from torch import Tensor, nn

from labkit.errors import UserError
from labkit.nn.convolution import Conv2d, ConvTranspose2d
from labkit.nn.patch import normalisation

DROPOUTS = 3
"""Decoder layers with dropout, from the innermost on (Isola et al. 2017, section 6.1.1): the generator's only noise."""


class UNet(nn.Module):
    """Encoder C64-C128-C256-C512…, decoder back, and each decoder layer also reads the encoder's map of its size.

    Args:
        inputs: channels of the condition.
        outputs: channels of the image.
        size: height and width, a power of 2 of at least 8.
        width: channels of the first map (ngf); at most eight times as many.
        norm: `batch`, `instance` or `none`; neither at the first map nor at the innermost, which is one pixel.
        dropout: share of the maps that are dropped in the innermost decoder layers.
        skips: without them all that the decoder knows went through one pixel.

    Raises:
        UserError: another size, or an unknown norm.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int = 256,
        width: int = 64,
        norm: str = "batch",
        dropout: float = 0.5,
        skips: bool = True,
    ):
        super().__init__()
        if size < 8 or size & (size - 1):
            raise UserError(f"a U-Net that halves to one pixel wants a power of 2 from 8 on, not {size} px")
        make, bias, self.skips = normalisation(norm), norm != "batch", skips
        depth = size.bit_length() - 1
        widths = [min(width * 2**k, 8 * width) for k in range(depth)]
        self.encoder, self.decoder = nn.ModuleList([Conv2d(inputs, widths[0], 4, 2, 1, bias=bias)]), nn.ModuleList()
        for k in range(1, depth):
            last = k == depth - 1
            convolution = Conv2d(widths[k - 1], widths[k], 4, 2, 1, bias=bias)
            self.encoder.append(
                nn.Sequential(nn.LeakyReLU(0.2), convolution, nn.Identity() if last else make(widths[k]))
            )
        for k in range(depth - 1, 0, -1):
            read = widths[k] * (2 if skips and k < depth - 1 else 1)
            layer = [nn.ReLU(), ConvTranspose2d(read, widths[k - 1], 4, 2, 1, bias=bias), make(widths[k - 1])]
            # The full depth of the paper has three such layers of eight; shallower nets have fewer.
            drops = dropout and depth - 1 - k < min(DROPOUTS, depth - 5)
            self.decoder.append(nn.Sequential(*layer, *([nn.Dropout(dropout)] if drops else [])))
        read = widths[0] * (2 if skips else 1)
        self.decoder.append(nn.Sequential(nn.ReLU(), ConvTranspose2d(read, outputs, 4, 2, 1), nn.Tanh()))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, size, size) → (B, outputs, size, size) in [−1, 1]."""
        maps = []
        for layer in self.encoder:
            x = layer(x)
            maps.append(x)
        x = self.decoder[0](maps.pop())
        for layer in self.decoder[1:]:
            skip = maps.pop()
            x = layer(torch.cat([x, skip], 1) if self.skips else x)
        return x
