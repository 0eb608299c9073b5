"""From any picture file to a small square array of 8 bits."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

# After JPEG's own reduction a picture may have this many pixels: about 300 MB while it is decoded.
MAX_PIXELS = 100_000_000

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextlib.contextmanager
def large_pictures_allowed() -> Iterator[None]:
    """Let Pillow open pictures above its own limit: :func:`read_picture` has its own, after a JPEG's reduction."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def read_picture(path: Path, size: int, channels: int) -> np.ndarray | str:
    """Decode a picture, turn it upright (EXIF), cut out the middle square and resize that (Lanczos, antialiased).

    Transparent pictures are laid on white, of several frames the first is taken, 16-bit greys are scaled from 0..65535,
    and floating-point ones from their own range unless that lies in 0..1 or 0..255. A JPEG that is many times too large
    is decoded at half, a quarter or an eighth of its size.

    Args:
        path: any file.
        size: height and width of the result in pixels.
        channels: 1 (grey) or 3 (RGB).

    Returns:
        (size, size, channels) uint8, or the reason why there is none, in words.
    """
    try:
        if path.stat().st_size == 0:
            return "an empty file"
        with Image.open(path) as picture:
            short = min(picture.size)
            # Twice the size that is wanted, so that the last and finest step is always the good filter.
            if isinstance(picture, ImageFile.ImageFile) and short >= 4 * size:
                factor = 2 * size / short
                picture.draft(None, (int(picture.width * factor) + 1, int(picture.height * factor) + 1))
            if picture.width * picture.height > MAX_PIXELS:
                return f"{picture.width} x {picture.height} pixels are too many: save it smaller"
            turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
            plain = _plain(picture, channels)
    except UnidentifiedImageError:
        return "not a picture, or of a kind that Pillow can't read"
    except MemoryError:
        return "too large for this machine's memory"
    except Exception as error:  # decoders raise anything on damaged bytes: OSError, SyntaxError, struct.error, ...
        return str(error) or type(error).__name__
    side = min(plain.size)
    left, top = (plain.width - side) / 2, (plain.height - side) / 2
    small = plain.resize((size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    if turn is not None:
        small = small.transpose(turn)
    return np.asarray(small).reshape(size, size, channels)


def _plain(picture: Image.Image, channels: int) -> Image.Image:
    """The picture in 8-bit grey or RGB."""
    mode = "L" if channels == 1 else "RGB"
    if picture.mode.startswith("I") or picture.mode == "F":
        return Image.fromarray(_to_bytes(np.asarray(picture))).convert(mode)
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert(mode)
    if picture.mode == "CMYK":
        return picture.convert("RGB").convert(mode)
    return picture.convert(mode)


def _to_bytes(values: np.ndarray) -> np.ndarray:
    """Greys of 16 or 32 bits, or floating point, as uint8."""
    wide = values.astype(np.float64)
    low, high = float(np.nanmin(wide)), float(np.nanmax(wide))
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255 and values.dtype.itemsize > 2:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535 and values.dtype.kind in "ui":
        low, high = 0.0, 65535.0
    scaled = np.nan_to_num((wide - low) / max(high - low, 1e-12) * 255)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
