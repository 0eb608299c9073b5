"""What the judges' networks are made of: 3×3 convolutions with batch norm, a trunk of four heights, a way back up."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE = 64
WIDTHS = (24, 48, 96, 128)


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3×3 convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Trunk(nn.Module):
    """A face of 64×64 at four heights: 32, 16, 8 and 4 pixels a side.

    The first layer folds each 2×2 square of pixels into channels: at a quarter of the cost of a convolution at full
    size, and nothing of the picture is lost. Then one convolution a height: in the same minutes of one CPU thread it
    sees nearly twice as many faces as a trunk with residual blocks, and learns more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(2)
        inputs = (12, *WIDTHS[:-1])
        self.stages = nn.ModuleList(
            convolution(before, width, stride=2 if i else 1) for i, (before, width) in enumerate(zip(inputs, WIDTHS))
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """(N, 3, 64, 64) in [-1, 1] → (N, 24, 32, 32), (N, 48, 16, 16), (N, 96, 8, 8), (N, 128, 4, 4)."""
        x, heights = self.fold(image), []
        for stage in self.stages:
            x = stage(x)
            heights.append(x)
        return heights


class Climb(nn.Module):
    """From the trunk's smallest height back up to another, each joined on the way (Lin et al. 2017)."""

    def __init__(self, width: int, top: int) -> None:
        """``width`` channels on the way; ``top`` is the height to reach: 0 for 32×32, 1 for 16×16."""
        super().__init__()
        self.heights = range(len(WIDTHS) - 1, top - 1, -1)
        self.joins = nn.ModuleList(nn.Conv2d(WIDTHS[height], width, 1, bias=False) for height in self.heights)
        self.mixes = nn.ModuleList(convolution(width, width) for _ in self.heights)

    def forward(self, heights: list[Tensor]) -> Tensor:
        """The trunk's output → (N, width, S, S)."""
        x: Tensor | None = None
        for height, join, mix in zip(self.heights, self.joins, self.mixes):
            joined = join(heights[height])
            x = mix(joined if x is None else joined + F.interpolate(x, scale_factor=2.0, mode="nearest"))
        assert x is not None
        return x


def flat(heights: list[Tensor]) -> Tensor:
    """The smallest height as one row a picture, (N, 2048): faces lie in much the same place, so places are kept."""
    return heights[-1].contiguous(memory_format=torch.contiguous_format).flatten(1)


FLAT = WIDTHS[-1] * 4 * 4
