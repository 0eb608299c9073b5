"""Video files, frame by frame: read and written through ffmpeg, never whole in memory."""

import logging
import os
import sys
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from labkit.data.pictures import Unusable
from labkit.errors import UserError

SUFFIXES = frozenset((".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"))
USUAL_RATE = Fraction(25)
"""Frames a second where a file doesn't tell."""


@dataclass(frozen=True)
class Video:
    """What a file says of itself.

    Attributes:
        path: of the file.
        width: of a frame as it is shown, in pixels.
        height: likewise.
        rate: frames a second.
        frames: how many there are, about; 0 where the file doesn't tell.
        sound: whether there is any.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    frames: int
    sound: bool


def is_video(path: Path) -> bool:
    """Whether a file is called like a video, or is a GIF that moves."""
    if path.suffix.lower() != ".gif":
        return path.suffix.lower() in SUFFIXES
    try:
        with Image.open(path) as picture:
            return getattr(picture, "n_frames", 1) > 1
    except Exception:  # a damaged GIF: whoever reads it as a picture will say so
        return False


def need_ffmpeg() -> Any:
    """The module that runs ffmpeg.

    Raises:
        UserError: it is not installed, or has no ffmpeg for this machine.
    """
    try:
        import imageio_ffmpeg

        imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise UserError(f"videos need ffmpeg: install it with {sys.executable} -m pip install imageio-ffmpeg") from None
    logging.getLogger("imageio_ffmpeg").setLevel(logging.ERROR)  # it warns of each video that was held upright
    return imageio_ffmpeg


def open_video(path: Path) -> tuple[Video, Generator[np.ndarray, None, None]]:
    """A video and its frames, upright, (height, width, 3) uint8 RGB; close the generator if you stop early.

    Where the time between frames varies, frames are repeated or left out so that it doesn't.

    Raises:
        UserError: there is no ffmpeg.
        Unusable: it is no video; while reading: it is damaged.
    """
    ffmpeg = need_ffmpeg()
    file = str(path.resolve())  # a name that begins with - would be an option
    told = _first(ffmpeg.read_frames(file))
    rate = exact_rate(told["fps"])
    frames = ffmpeg.read_frames(file, output_params=["-r", str(rate)])
    width, height = _first(frames, close=False)["size"]
    count = round(told["duration"] * rate)
    video = Video(path, width, height, rate, count, "audio_codec" in told)

    def read() -> Generator[np.ndarray, None, None]:
        found = 0
        try:
            for frame in frames:
                found += 1
                yield np.frombuffer(frame, np.uint8).reshape(height, width, 3)
        except RuntimeError:
            raise Unusable(f"damaged after frame {found}") from None
        finally:
            frames.close()
        if not found:
            raise Unusable("a video without a frame that can be read")

    return video, read()


def _first(frames: Any, close: bool = True) -> dict[str, Any]:
    """What ffmpeg says of a file before its first frame."""
    try:
        return next(frames)
    except Exception as error:  # OSError, but also IndexError: its words are searched for what is not there
        raise Unusable("not a video, or of a kind that ffmpeg can't read") from error
    finally:
        if close:
            frames.close()


def exact_rate(told: float) -> Fraction:
    """Frames a second as a fraction: ffmpeg prints 23.98 for 24000/1001."""
    nearest = round(told * 1.001)
    if nearest and abs(told - nearest / 1.001) < 0.0051 and abs(told - nearest) > 0.0051:
        return Fraction(nearest * 1000, 1001)
    return Fraction(told).limit_denominator(1000) or USUAL_RATE


def write_video(
    path: Path, frames: Iterable[np.ndarray], rate: Fraction, sound: Path | None = None, about: str = ""
) -> int:
    """Write an MP4 (H.264) that every browser plays. The file is there when it is whole, and not before.

    Args:
        path: of the file; it is overwritten.
        frames: (height, width, 3) uint8 RGB, of one size with even sides.
        rate: frames a second.
        sound: a video whose sound it gets.
        about: a comment that the file carries.

    Returns:
        How many frames there were.

    Raises:
        UserError: there is no ffmpeg.
        OSError: it couldn't be written.
    """
    ffmpeg = need_ffmpeg()
    part = path.resolve().with_name(f".{path.stem}.part.mp4")
    options: dict[str, Any] = {"fps": float(rate), "quality": 8, "macro_block_size": 2, "ffmpeg_log_level": "quiet"}
    if sound:
        options |= {"audio_path": str(sound.resolve()), "audio_codec": "aac"}
    about_it = ["-metadata", f"comment={about}", "-movflags", "+faststart"]
    writer, count = None, 0
    try:
        for frame in frames:
            if writer is None:
                height, width = frame.shape[:2]
                writer = ffmpeg.write_frames(str(part), (width, height), output_params=about_it, **options)
                writer.send(None)
            try:
                writer.send(np.ascontiguousarray(frame))
            except OSError:  # with ffmpeg's whole command line
                raise OSError(f"ffmpeg stopped while it wrote {path}") from None
            count += 1
        if writer is not None:
            writer.close()
            try:
                _first(ffmpeg.read_frames(str(part)))
            except Unusable:
                raise OSError(f"ffmpeg wrote nothing that can be played to {path}: is the disk full?") from None
            os.replace(part, path)
    finally:
        if writer is not None:
            writer.close()
        part.unlink(missing_ok=True)
    return count
