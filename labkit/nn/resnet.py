"""The residual image-to-image network of Johnson et al. 2016, as CycleGAN has it."""

from collections.abc import Sequence

from torch import Tensor, nn

from labkit.errors import UserError
from labkit.nn.patch import normalisation

HEAD = 3
"""Layers that draw the picture from the last features: padding, 7×7 convolution, tanh."""


def check_sides(sides: Sequence[int], halvings: int) -> None:
    """Whether a picture can be halved so often and come back at its size.

    Args:
        sides: height and width.
        halvings: how often.

    Raises:
        UserError: it can't; the smallest map must have two pixels a side, or there is nothing to reflect at its border.
    """
    step = 2**halvings
    if any(side % step or side < 2 * step for side in sides):
        raise UserError(
            f"a network that halves {halvings} times wants sides divisible by {step}, from {2 * step} px on, "
            f"not {' × '.join(map(str, sides))} px"
        )


class ResidualBlock(nn.Module):
    """x + two reflected 3×3 convolutions of it, a ReLU between them and none behind.

    Args:
        channels: of x.
        norm: see `labkit.nn.patch.NORMS`.
    """

    def __init__(self, channels: int, norm: str = "instance"):
        super().__init__()
        make, bias = normalisation(norm), norm != "batch"
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            make(channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias),
            make(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape."""
        return x + self.layers(x)


class ResNetTranslator(nn.Module):
    """c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3 (Zhu et al. 2017, appendix 7.2).

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        width: of the first map (ngf).
        blocks: 6 up to 128 px, 9 from 256 px on.
        downs: halvings before the blocks.
        norm: see `labkit.nn.patch.NORMS`.
    """

    def __init__(
        self, inputs: int, outputs: int, width: int = 64, blocks: int = 6, downs: int = 2, norm: str = "instance"
    ):
        super().__init__()
        make, bias = normalisation(norm), norm != "batch"
        layers: list[nn.Module] = [
            nn.ReflectionPad2d(3),
            nn.Conv2d(inputs, width, 7, bias=bias),
            make(width),
            nn.ReLU(),
        ]
        for k in range(downs):
            c = width * 2**k
            layers += [nn.Conv2d(c, 2 * c, 3, 2, 1, bias=bias), make(2 * c), nn.ReLU()]
        layers += [ResidualBlock(width * 2**downs, norm) for _ in range(blocks)]
        for k in range(downs, 0, -1):
            c = width * 2**k
            up = nn.ConvTranspose2d(c, c // 2, 3, 2, 1, output_padding=1, bias=bias)
            layers += [up, make(c // 2), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    @property
    def body(self) -> nn.Sequential:
        """All layers but the last three, with the same weights: (B, inputs, H, W) → features (B, width, H, W) ≥ 0."""
        return self.layers[:-HEAD]

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W), H and W divisible by 2^downs, → (B, outputs, H, W) in [−1, 1]."""
        return self.layers(x)
