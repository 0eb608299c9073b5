"""D of StyleGAN2 (Karras et al. 2020, section 4.1), and the DCGAN's in its place: what `StyleGAN` may play against."""

from collections.abc import Callable
from itertools import pairwise
from math import sqrt

import torch
from torch import Tensor, nn

from labkit.models import dcgan
from labkit.nn.convolution import Conv2d
from labkit.nn.equalized import GAIN, EqualizedConv2d, EqualizedLinear, activate_scaled
from labkit.nn.filters import Blur
from labkit.nn.initial import normal_weights
from labkit.nn.modulation import channels, sides
from labkit.nn.variety import minibatch_deviation


class Block(nn.Module):
    """Of D: two convolutions, the second to half the size, and beside them a 1×1 one; their sum over √2."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = EqualizedConv2d(inputs, inputs, 3)
        self.blur = Blur(padding=(2, 2))
        self.second = EqualizedConv2d(inputs, outputs, 3, stride=2, padding=0)
        self.shrink = Blur(down=2)
        self.skip = EqualizedConv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, outputs, H/2, W/2)."""
        y = activate_scaled(self.first(x, GAIN))
        # Both parts come 1/√2 as large, so that their sum needs no division: the leaky ReLU's gain is gone.
        y = activate_scaled(self.second(self.blur(y)))
        return y + self.skip(self.shrink(x), 1 / sqrt(2))


class Discriminator(nn.Module):
    """D: residual blocks down to 4×4, the batch's variety as one more map, two layers (Karras et al. 2020, 4.1).

    Args:
        image_shape: (C, H, W) with H = W, a power of 2.
        base: channels times side of the large maps.
        most: channels of the small maps.
        group: images among which the variety is measured; 0 for none.
    """

    def __init__(self, image_shape: tuple[int, int, int], base: int, most: int, group: int = 4):
        super().__init__()
        widths = [channels(side, base, most) for side in reversed(sides(image_shape[1]))]
        self.from_rgb = EqualizedConv2d(image_shape[0], widths[0], 1)
        self.blocks = nn.Sequential(*[Block(a, b) for a, b in pairwise(widths)])
        self.group = group
        self.last = EqualizedConv2d(widths[-1] + (group > 0), widths[-1], 3)
        self.score = nn.Sequential(
            EqualizedLinear(widths[-1] * 16, widths[-1], activation=True), EqualizedLinear(widths[-1], 1)
        )

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, H, W) → (B,) scores."""
        x = self.blocks(activate_scaled(self.from_rgb(image, GAIN)))
        if self.group:
            x = torch.cat([x, minibatch_deviation(x, self.group)], 1)
        x = activate_scaled(self.last(x, GAIN))
        return self.score(x.flatten(1)).squeeze(1).float()


class StridedDiscriminator(dcgan.Discriminator):
    """The DCGAN's D without batch norm, of which R1 wants none, and with the batch's variety as one more map at 4×4.

    Args:
        image_shape: (C, H, W) with H = W.
        base: as g's; at half the side D is as wide as g, then doubled with every halving.
        most: as g's.
        group: images among which the variety is measured.
    """

    def __init__(self, image_shape: tuple[int, int, int], base: int, most: int, group: int = 4):
        super().__init__(image_shape, channels(image_shape[1] // 2, base, most), norm=False)
        last = self.layers[-1]
        assert isinstance(last, nn.Conv2d)
        self.layers[-1] = Conv2d(last.in_channels + 1, 1, last.kernel_size[0], bias=False)
        self.group = group
        self.apply(normal_weights)

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, H, W) → (B,) scores."""
        x = self.layers[:-1](image)
        return self.layers[-1](torch.cat([x, minibatch_deviation(x, self.group)], 1)).flatten()


CRITICS: dict[str, Callable[[tuple[int, int, int], int, int], nn.Module]] = {
    "residual": Discriminator,
    "strided": StridedDiscriminator,
}
