"""Resampling with a small filter, so that signals don't alias (Zhang 2019; Karras et al. 2020, section 2).

`upfirdn2d` inserts zeros, pads, filters, and keeps every so-manieth pixel. Here it is ordinary depthwise convolutions:
no compiled extension, any device, any number of derivatives. Small maps are shrunk by two matrices, one for rows and
one for columns, which is the same for a filter that is an outer product: on a CPU the gradient of a depthwise
convolution with stride 2 costs more than a whole layer of 3×3 convolutions.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad

BLUR = (1.0, 3.0, 3.0, 1.0)
"""The binomial filter of StyleGAN2."""
SMALL = 80
"""Sides of maps up to which products of matrices are faster than a depthwise convolution with a stride."""


def filter2d(taps: Sequence[float] = BLUR) -> Tensor:
    """The outer product of the taps with themselves, (K, K), with a sum of 1."""
    line = torch.tensor(tuple(taps), dtype=torch.float32)
    square = line[:, None] * line[None, :]
    return square / square.sum()


def upfirdn2d(x: Tensor, kernel: Tensor, up: int = 1, down: int = 1, padding: tuple[int, int] = (0, 0)) -> Tensor:
    """Upsample with zeros, pad, convolve, downsample; every channel by itself.

    Args:
        x: (B, C, H, W).
        kernel: (K, K); a true convolution, so it is laid on flipped.
        up: each pixel is followed by `up` − 1 zeros, in both directions.
        down: of the result every so-manieth row and column is kept.
        padding: zeros before and after, in both directions; negative numbers crop.

    Returns:
        (B, C, H', W') with H' = ⌊(H · up + before + after − K) / down⌋ + 1.
    """
    channels, size = x.shape[1], kernel.shape[-1]
    depthwise = kernel.to(x.dtype).expand(channels, 1, size, size)
    before, after = padding
    if up == 1:
        padded = pad(x, [before, after, before, after]) if before or after else x
        return conv2d(padded, depthwise.flip(2, 3), stride=down, groups=channels)
    # A transposed convolution is zeros and filter in one: its pixel i is pixel i − (K − 1 − before) of the result.
    full = conv_transpose2d(x, depthwise, stride=up, groups=channels)
    crop = [before - size + 1, after - size + up]
    return pad(full, crop * 2)[:, :, ::down, ::down]


@lru_cache(maxsize=256)
def bands(
    taps: tuple[float, ...], size: int, up: int, down: int, padding: tuple[int, int], dtype: torch.dtype, device: str
) -> Tensor:
    """What `upfirdn2d` does to a line of `size` pixels, as a matrix (H', size); `taps` are used as given."""
    lines = torch.eye(size)[:, None, :, None]
    kernel = torch.tensor(taps)[:, None]
    spread = lines.new_zeros(size, 1, size * up, 1)
    spread[:, :, ::up] = lines
    padded = pad(spread, [0, 0, *padding])
    return conv2d(padded, kernel.flip(0)[None, None], stride=(down, 1))[:, 0, :, 0].T.to(device, dtype).contiguous()


def resample(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Rows · x · columnsᵀ for each map of x, (B, C, H, W) → (B, C, H', W'), in x's memory format."""
    if x.is_contiguous() or not x.is_contiguous(memory_format=torch.channels_last):
        return rows @ (x @ columns.T)
    batch, channels, height, width = x.shape
    inside = x.permute(0, 2, 3, 1).reshape(batch, height, width * channels)
    inside = torch.bmm(rows.expand(batch, -1, -1), inside).view(-1, width, channels)
    inside = torch.bmm(columns.expand(len(inside), -1, -1), inside)
    return inside.view(batch, len(rows), len(columns), channels).permute(0, 3, 1, 2)


class Blur(nn.Module):
    """`upfirdn2d` with a fixed filter; the filter is a buffer that is not saved.

    Args:
        taps: of the filter.
        up: see `upfirdn2d`; the brightness is kept.
        down: see `upfirdn2d`.
        padding: see `upfirdn2d`.
    """

    kernel: Tensor

    def __init__(
        self, taps: Sequence[float] = BLUR, up: int = 1, down: int = 1, padding: tuple[int, int] | None = None
    ):
        super().__init__()
        kernel = filter2d(taps) * up**2
        size = kernel.shape[-1]
        self.up, self.down = up, down
        self.taps, self.small = tuple(up * tap / sum(taps) for tap in taps), SMALL
        extra = size - up if up > 1 else size - down
        self.padding = padding or ((extra + 1) // 2 + up - 1, extra // 2)
        self.register_buffer("kernel", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H', W')."""
        if self.down == 1 or max(x.shape[2:]) > self.small:
            return upfirdn2d(x, self.kernel, self.up, self.down, self.padding)
        rows, columns = (
            bands(self.taps, side, self.up, self.down, self.padding, x.dtype, str(x.device)) for side in x.shape[2:]
        )
        return resample(x, rows, columns)
