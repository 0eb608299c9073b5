"""Pictures and videos that are made for a test."""

import importlib.util
import subprocess
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from labkit.nn.palette import CLASS_COLOURS
from labkit.videos import write_video

needs_ffmpeg = pytest.mark.skipif(importlib.util.find_spec("imageio_ffmpeg") is None, reason="no imageio-ffmpeg here")
RANDOM = np.random.default_rng(0)


def noise(*shape):
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def smooth(height, width):
    """A colour picture that survives a codec."""
    return np.asarray(Image.fromarray(noise(3, 4, 3)).resize((width, height), Image.Resampling.BICUBIC))


def labels():
    """All 19 classes on 32 × 32 pixels."""
    return (np.arange(32)[:, None] // 4 * 8 + np.arange(32)[None] // 4).astype(np.uint8) % 19


def save(path, array, **options):
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.fromarray(array).save(path, **options)
    return path


def load(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def film(path, frames, rate=Fraction(12)):
    path.parent.mkdir(exist_ok=True, parents=True)
    write_video(path, frames, rate)
    return path


def with_sound(path, silent):
    """The same video with a tone."""
    import imageio_ffmpeg

    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
    words = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(silent), *tone, "-c:v", "copy", "-shortest"]
    subprocess.run([*words, str(path)], check=True)
    return path


def label_file(path, kind):
    ids = labels()
    colours = CLASS_COLOURS[ids]
    if kind == "colours":
        return save(path, colours)
    if kind == "large":
        return save(path, np.kron(colours, np.ones((5, 5, 1), np.uint8)))
    if kind == "numbers":
        return save(path, ids)
    if kind == "numbers in 16 bits":
        return save(path, ids.astype(np.uint16))
    if kind == "numbers in colour":
        return save(path, np.repeat(ids[..., None], 3, 2))
    if kind == "lying on its side":
        exif = Image.Exif()
        exif[0x0112] = 6  # the stored left is the top
        return save(path, np.rot90(colours).copy(), exif=exif)
    if kind == "clear background":
        return save(
            path, np.dstack([np.where(ids[..., None] == 0, 255, colours), np.where(ids == 0, 0, 255)]).astype(np.uint8)
        )
    picture = Image.fromarray(ids, "L").convert("P") if kind == "foreign palette" else Image.fromarray(colours)
    if kind == "foreign palette":
        picture.putpalette(np.roll(np.arange(768) * 7 % 256, 5).astype(np.uint8).tobytes())
    elif kind == "palette":  # in an order of its own
        picture = picture.quantize(64)
    picture.save(path)
    return path


def sketch():
    """Black lines on white, as a network knows them."""
    drawing = np.full((32, 32), 255, np.uint8)
    drawing[8:24, 10], drawing[8:24, 22], drawing[24, 10:22], drawing[14, 14:18] = 0, 0, 0, 90
    return drawing


def photographed():
    """The same on paper that lies half in the shade."""
    return (sketch() * np.linspace(0.5, 0.9, 32)[None] * np.linspace(0.85, 1, 32)[:, None]).astype(np.uint8)
