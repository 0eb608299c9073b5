"""From any picture file to a small square array of 8 bits."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

# After JPEG's own reduction a picture may have this many pixels: about 300 MB while it is decoded.
MAX_PIXELS = 100_000_000

# Formats that a person would call a picture; some are here only to be named as skipped where Pillow can't read them.
SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("avif", "bmp", "dib", "gif", "heic", "heif", "jfif", "jp2", "jpe", "jpeg", "jpg"),
        *("pbm", "pgm", "png", "pnm", "ppm", "tga", "tif", "tiff", "webp"),
    )
)

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


class Unusable(Exception):
    """A file that can't be used: the reason in words, and the file where it isn't the one that names the row."""

    def __init__(self, reason: str, file: str = "") -> None:
        super().__init__(reason)
        self.reason, self.file = reason, file


def pictures_in(folder: Path) -> list[str]:
    """The names of a folder's own pictures (by their suffix), sorted; none where there is no such folder."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in names if is_picture(name))


def is_picture(name: str) -> bool:
    """Whether a file is called like a picture and is not hidden."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith(".")


def read_picture(path: Path, size: int, channels: int) -> np.ndarray:
    """Decode a picture, turn it upright (EXIF), cut out the middle square and resize that (Lanczos, antialiased).

    Transparent pictures are laid on white, of several frames the first is taken, 16-bit greys are scaled from 0..65535,
    and floating-point ones from their own range unless that lies in 0..1 or 0..255. A JPEG that is many times too large
    is decoded at half, a quarter or an eighth of its size.

    Args:
        path: any file.
        size: height and width of the result in pixels.
        channels: 1 (grey) or 3 (RGB).

    Returns:
        (size, size, channels) uint8.

    Raises:
        Unusable: when it is no picture, damaged or too large, or has pixels that are no numbers (NaN) or infinite.
    """
    with opened_picture(path) as picture:
        plain = reduced_picture(picture, min(picture.size), size, channels)
    side = min(plain.size)
    left, top = (plain.width - side) / 2, (plain.height - side) / 2
    return _resized(plain, (left, top, left + side, top + side), size, channels)


def read_halves(path: Path, size: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The two pictures A|B that lie side by side in one file, each as :func:`read_picture` gives it.

    Raises:
        Unusable: as there, or when the file can't be divided into two equal halves side by side.
    """
    with opened_picture(path) as picture:
        width, height = picture.size
        if width % 2 or width <= height:
            raise Unusable(f"{width} x {height} pixels are not two equal pictures side by side")
        plain = reduced_picture(picture, min(width // 2, height), size, channels)
    middle = plain.width // 2
    halves = []
    for start in (0, middle):
        # A copy, not a box: the filter would look over the box's edge into the other half.
        half = plain.crop((start, 0, start + middle, plain.height))
        side = min(half.size)
        left, top = (half.width - side) / 2, (half.height - side) / 2
        halves.append(_resized(half, (left, top, left + side, top + side), size, channels))
    return halves[0], halves[1]


def read_aligned(
    path: Path, size: int, channels: int, points: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A picture turned, scaled and shifted so that its landmarks come as near as possible to given places.

    Args:
        path: any file.
        size: height and width of the result in pixels; what lies outside the file's picture is white.
        channels: 1 (grey) or 3 (RGB).
        points: (K, 2) landmarks (x, y) in the file's pixels.
        targets: (K, 2) where they should be, in the result's pixels.

    Returns:
        (size, size, channels) uint8, and the landmarks (K, 2) float32 in its pixels.

    Raises:
        Unusable: as for :func:`read_picture`, or when the landmarks lie all in one place.
    """
    # As complex numbers a similarity without reflection is target = turn * point + shift; this is its least squares.
    source, goal = (np.asarray(p, dtype=np.float64) @ (1, 1j) for p in (points, targets))
    centred = source - source.mean()
    spread = float((np.abs(centred) ** 2).sum())
    if not np.isfinite(spread) or spread < 1e-6:
        raise Unusable("its landmarks lie all in one place")
    turn = (centred.conj() * (goal - goal.mean())).sum() / spread
    shift = goal.mean() - turn * source.mean()
    if abs(turn) < 1e-6:
        raise Unusable("its landmarks have nothing of a face")
    with opened_picture(path) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise Unusable(_too_many(picture))
        plain = plain_picture(picture, channels)
    # Bicubic looks at 4 x 4 pixels only: more than halving is left to box averages before it.
    factor = max(1, int(0.5 / abs(turn)))
    plain = plain.reduce(factor)
    # From the centre of a result's pixel, (0.5, 0.5) for Pillow, back to a place in the reduced picture.
    back = 1 / turn / factor
    start = ((-(0.5 + 0.5j) - shift) / turn + 0.5 + 0.5j) / factor
    matrix = (back.real, -back.imag, start.real, back.imag, back.real, start.imag)
    white = 255 if channels == 1 else (255, 255, 255)
    small = plain.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC, fillcolor=white)
    moved = turn * source + shift
    return np.asarray(small).reshape(size, size, channels), np.stack([moved.real, moved.imag], 1).astype(np.float32)


def read_ids(path: Path) -> np.ndarray:
    """A map of class ids (H, W) as it is stored: a grey or a palette picture.

    Raises:
        Unusable: when it is no picture, damaged, too large, or in colour.
    """
    with opened_picture(path) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise Unusable(_too_many(picture))
        if picture.mode not in ("L", "P", "1", "I;16", "I"):
            raise Unusable(f"a picture in colour ({picture.mode}), not a map of class ids")
        return np.asarray(picture).astype(np.int64 if picture.mode.startswith("I") else np.uint8)


def read_grey(path: Path) -> np.ndarray:
    """A picture as greys (H, W) uint8 at its own size.

    Raises:
        Unusable: when it is no picture, damaged or too large.
    """
    with opened_picture(path) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise Unusable(_too_many(picture))
        return np.asarray(plain_picture(picture, 1))


def middle_square(ids: np.ndarray, size: int) -> np.ndarray:
    """The middle square of a map (H, W) at another size, each pixel its nearest one: (size, size)."""
    side = min(ids.shape)
    steps = (np.arange(size) + 0.5) * side / size
    rows, columns = (((length - side) / 2 + steps).astype(np.int64) for length in ids.shape)
    return ids[rows[:, None], columns]


def in_square(points: np.ndarray, frame: tuple[int, int], size: int) -> np.ndarray:
    """Where landmarks (..., 2) of a picture of ``frame`` = (width, height) lie after :func:`read_picture`: float32.

    A landmark is (x, y); the centre of the top left pixel is (0, 0), before and after.
    """
    side = min(frame)
    corner = (np.array(frame) - side) / 2
    return ((points + 0.5 - corner) * (size / side) - 0.5).astype(np.float32)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture file, from its first bytes.

    Raises:
        Unusable: when it is no picture.
    """
    with opened_picture(path) as picture:
        return picture.size


@contextlib.contextmanager
def opened_picture(path: Path) -> Iterator[Image.Image]:
    """A file as a picture; whatever goes wrong inside is told as Unusable."""
    try:
        if path.stat().st_size == 0:
            raise Unusable("an empty file")
        with Image.open(path) as picture:
            yield picture
    except Unusable:
        raise
    except FileNotFoundError:
        raise Unusable("there is no such file") from None
    except UnidentifiedImageError:
        raise Unusable("not a picture, or of a kind that Pillow can't read") from None
    except MemoryError:
        raise Unusable("too large for this machine's memory") from None
    except Exception as error:  # decoders raise anything on damaged bytes: OSError, SyntaxError, struct.error, ...
        raise Unusable(str(error) or type(error).__name__) from error


def reduced_picture(picture: Image.Image, short: int, size: int, channels: int) -> Image.Image:
    """Decoded, upright and in 8 bits; a JPEG whose short side is far above the size is decoded smaller."""
    # Twice the size that is wanted, so that the last and finest step is always the good filter.
    if isinstance(picture, ImageFile.ImageFile) and short >= 4 * size:
        factor = 2 * size / short
        picture.draft(None, (int(picture.width * factor) + 1, int(picture.height * factor) + 1))
    if picture.width * picture.height > MAX_PIXELS:
        raise Unusable(_too_many(picture))
    turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    plain = plain_picture(picture, channels)
    return plain if turn is None else plain.transpose(turn)


def _too_many(picture: Image.Image) -> str:
    return f"{picture.width} x {picture.height} pixels are too many: save it smaller"


def _resized(plain: Image.Image, box: tuple[float, float, float, float], size: int, channels: int) -> np.ndarray:
    small = plain.resize((size, size), Image.Resampling.LANCZOS, box=box)
    return np.asarray(small).reshape(size, size, channels)


def plain_picture(picture: Image.Image, channels: int) -> Image.Image:
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
    if not np.isfinite(wide).all():
        raise Unusable("has pixels that are no numbers (NaN) or infinite")
    low, high = float(wide.min()), float(wide.max())
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255 and values.dtype.itemsize > 2:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535 and values.dtype.kind in "ui":
        low, high = 0.0, 65535.0
    scaled = (wide - low) / max(high - low, 1e-12) * 255
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
