"""Grids of images as pictures and animations."""

import io
import zlib
from collections.abc import Sequence
from math import ceil, isqrt
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def to_uint8(images: Tensor) -> Tensor:
    """Images in [−1, 1], any shape, as uint8 in 0 … 255 on the CPU; values outside are clipped."""
    return images.detach().float().mul(127.5).add(127.5).round_().clamp_(0, 255).to("cpu", torch.uint8)


def grid(images: Tensor, columns: int | None = None, gap: int = 2, scale: int = 1) -> Image.Image:
    """Images side by side.

    Args:
        images: (n, C, H, W), in [−1, 1] if they are floats, else uint8; C is 1 or 3.
        columns: images a row; a square grid if not given.
        gap: pixels between images.
        scale: each pixel becomes scale × scale.
    """
    array = (images if images.dtype == torch.uint8 else to_uint8(images)).permute(0, 2, 3, 1).cpu().numpy()
    n, height, width, channels = array.shape
    columns = columns or max(1, isqrt(n - 1) + 1)
    rows = ceil(n / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8)
    for index, image in enumerate(array):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    picture = Image.fromarray(sheet.squeeze(2) if channels == 1 else sheet)
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def png(images: Tensor, columns: int | None = None, scale: int = 1) -> bytes:
    """A grid as an encoded picture, for a notebook: quick to encode."""
    buffer = io.BytesIO()
    grid(images, columns, scale=scale).save(buffer, "png", compress_level=1, compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def save_grid(images: Tensor, path: str | Path, columns: int | None = None, scale: int = 1) -> None:
    """A grid as a PNG file."""
    grid(images, columns, scale=scale).save(path)


def animate(pictures: Sequence[Path], path: str | Path, seconds: float = 6.0, comment: str = "") -> None:
    """Pictures of one size as a GIF that lasts so long, with a pause on the last; nothing for fewer than two.

    Args:
        pictures: files, in order.
        path: of the GIF.
        seconds: from the first to the last.
        comment: metadata that the file carries.
    """
    if len(pictures) < 2:
        return
    frames = [Image.open(picture).convert("P", palette=Image.Palette.ADAPTIVE) for picture in pictures]
    each = max(40, int(1000 * seconds / len(frames)))
    durations = [each] * (len(frames) - 1) + [1500]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, comment=comment.encode())
