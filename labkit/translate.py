"""Pictures, folders of pictures and videos through a trained translator, to files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from torch import Tensor
from tqdm.auto import tqdm

from labkit import weights
from labkit.data.dataset import as_input
from labkit.data.pictures import (
    MAX_PIXELS,
    Unusable,
    large_pictures_allowed,
    opened_picture,
    plain_picture,
    reduced_picture,
)
from labkit.errors import UserError
from labkit.evaluation import is_translator
from labkit.models.cyclegan import CycleGAN
from labkit.models.game import Game
from labkit.models.pix2pix import Pix2Pix, visible
from labkit.nn.conditions import CLASSES
from labkit.nn.enhancer import LocalEnhancer
from labkit.nn.palette import CLASS_COLOURS
from labkit.nn.unet import UNet
from labkit.pictures import to_uint8
from labkit.places import choose_places, find_files
from labkit.recipes import load_game, shipped
from labkit.threads import single_thread
from labkit.training.precision import choose_device
from labkit.videos import open_video, write_video

BATCH_PIXELS = 2**18
"""Frames of a video go through together up to so many pixels: 64 of 64 px, 4 of 256 px."""
NEAR, STRANGE = 40, 0.2
"""A colour this far from every class's (0 … 441) is none of them; where so large a share is, it is no label map."""
WHITE, DARK, TILES, PAPER = 250, 96, 4, 0.93
"""Of drawings: what counts as white paper and as a dark board (0 … 255), parts a side whose light is looked at, and the
share of that light from which on all is white."""


@dataclass(frozen=True)
class Written:
    """One file.

    Attributes:
        input: what was translated.
        output: what was written.
        frames: of a video; None for a picture.
        sound: whether a video has any, the input's own.
    """

    input: Path
    output: Path
    frames: int | None = None
    sound: bool = False


@dataclass(frozen=True)
class Translated:
    """What was written, and (file, reason) of each that couldn't be used."""

    written: tuple[Written, ...]
    skipped: tuple[tuple[Path, str], ...]


def translate_files(
    model: str | Path,
    inputs: Sequence[str | Path],
    out: str | Path = "translated",
    *,
    back: bool = False,
    size: int | None = None,
    beside: bool = False,
    device: str = "auto",
    progress: bool = True,
) -> Translated:
    """Translate files with a pix2pix or a CycleGAN.

    Pictures become PNG files, videos and moving GIFs MP4 files with the same rate and sound. The names stay, of folders
    with their sub-folders; where two would be the same, one becomes `name-2`. No input is ever overwritten. Each file
    says in its metadata that it is synthetic.

    Args:
        model: a run's folder, or the name of a shipped checkpoint.
        inputs: picture files, videos and folders of both. What they must show is what the model was trained on: for
            `labels` a map of class numbers, or of the colours of `labkit.nn.palette`; for `drawing` a drawing on paper.
        out: a folder, or for one input that is a file a name that ends in .png or .mp4.
        back: CycleGAN's F, from B to A.
        size: short side of the results in pixels, for networks that take any size: the whole picture is translated.
            Without it the middle square, at the size that the model was trained at.
        beside: source and result side by side.
        device: see `labkit.training.precision.choose_device`.
        progress: show a bar, where standard error is a terminal.

    Raises:
        UserError: no translator; a missing input; a size that the network can't take; nothing that could be translated;
            a video and no ffmpeg.
    """
    game, about = load_game(model)
    translator = Translator(game, about, str(model), back, size, beside, choose_device(device))
    files, skipped = find_files(inputs, Path(out))
    places = choose_places(files, Path(out), one=len(inputs) == 1 and not Path(inputs[0]).is_dir())
    written = []
    with single_thread(), tqdm(files, unit="file", disable=None if progress else True) as bar:
        for (file, _), place in zip(bar, places):
            place.parent.mkdir(parents=True, exist_ok=True)
            about_it = f"synthetic: translated by labkit with {model} from {file.name}"
            try:
                if place.suffix == ".mp4":
                    written.append(_video(translator, file, place, about_it, progress))
                else:
                    info = PngInfo()
                    info.add_text("Description", about_it)
                    (result,) = translator.draw([translator.read(file)])
                    Image.fromarray(result.squeeze(2) if result.shape[2] == 1 else result).save(place, pnginfo=info)
                    written.append(Written(file, place))
            except Unusable as error:
                skipped.append((file, error.reason))
    if not written:
        more = f", and {len(skipped) - 1} more" if len(skipped) > 1 else ""
        raise UserError(f"nothing could be translated: {skipped[0][0]}: {skipped[0][1]}{more}")
    return Translated(tuple(written), tuple(skipped))


def _video(translator: "Translator", file: Path, place: Path, about: str, progress: bool) -> Written:
    video, frames = open_video(file)

    def drawn() -> Iterator[np.ndarray]:
        taken = (translator.take(Image.fromarray(frame)) for frame in frames)
        hidden = None if progress else True
        with tqdm(total=video.frames or None, unit="frame", desc=file.name, leave=False, disable=hidden) as bar:
            for first in taken:
                some = [first, *islice(taken, max(1, BATCH_PIXELS // (first.shape[0] * first.shape[1])) - 1)]
                for result in translator.draw(some):
                    yield np.broadcast_to(result, (*result.shape[:2], 3))
                bar.update(len(some))

    try:
        count = write_video(place, drawn(), video.rate, file if video.sound else None, about)
    finally:
        frames.close()
    return Written(file, place, count, video.sound)


class Translator:
    """A game, and how what it is shown is made of a picture.

    Args:
        game: a trained game.
        about: its config or card.
        name: for sentences.
        back: see `translate_files`, also for the others.
        size: …
        beside: …
        device: where it runs.

    Raises:
        UserError: as `translate_files`.
    """

    def __init__(
        self, game: Game, about: dict[str, Any], name: str, back: bool, size: int | None, beside: bool, device: Any
    ):
        if not is_translator(game):
            known = [one for one in shipped() if weights.card(one)["lab"] in ("pix2pix", "cyclegan")]
            also = f", or one of {', '.join(known)}" if known else ""
            raise UserError(f"{name} translates no pictures: name a run of pix2pix or cyclegan{also}")
        if back and not isinstance(game, CycleGAN):
            raise UserError(f"{name} is a pix2pix and has one direction: leave out --back")
        self.game, self.back, self.beside, self.device = game.to(device), back, beside, device
        if isinstance(game, Pix2Pix):
            field = {"image": "picture", "paired": "picture", "cartoon": "picture"}
            self.kind = {**field, "drawing": "drawing", "labels": "labels"}.get(game.condition.field, "")
            self.channels = 1 if self.kind == "drawing" else 3
            if not self.kind:
                raise UserError(f"{name} draws from {game.condition.name}, which can't be read from a picture file")
        else:
            drawing = back and about["options"].get("other", "cartoon") == "drawing"
            self.kind, self.channels = "drawing" if drawing else "picture", game.image_shape[0]
        self.step = _step(game)
        self.sides = (game.image_shape[2], game.image_shape[1])
        self.size = size if self.step else None
        if size is not None and not self.step and size != min(self.sides):
            raise UserError(f"{name} has a U-Net, which takes {self.sides[0]} px only: leave out --size")
        if size is not None and self.step and (size % self.step or size < 2 * self.step):
            raise UserError(f"--size {size} can't be: {name} takes multiples of {self.step} from {2 * self.step} on")

    def read(self, file: Path) -> np.ndarray:
        """What the game is shown of a picture file, as `take`.

        Raises:
            Unusable: no picture, a damaged one, or one of another kind than the game knows.
        """
        with large_pictures_allowed(), opened_picture(file) as picture:
            if self.kind == "labels":
                if picture.width * picture.height > MAX_PIXELS:
                    raise Unusable(f"{picture.width} x {picture.height} pixels are too many: save it smaller")
                return self.take(ImageOps.exif_transpose(picture))
            short = max(self.size or 0, *self.sides)
            return self.take(reduced_picture(picture, min(picture.size), short, self.channels))

    def take(self, picture: Image.Image) -> np.ndarray:
        """Cut to shape, resize, and for drawings and labels see what is meant.

        Args:
            picture: upright, at any size.

        Returns:
            (H, W, C) uint8, or for labels (H, W) class numbers.
        """
        sides, box = self.shape(*picture.size)
        if self.kind == "labels":
            return classes_in(picture.resize(sides, Image.Resampling.NEAREST, box=box))
        plain = plain_picture(picture, self.channels if self.kind == "picture" else 1)
        array = np.asarray(plain.resize(sides, Image.Resampling.LANCZOS, box=box))
        if self.kind == "drawing":
            array = np.repeat(on_white(array)[..., None], self.channels, 2)
        return array.reshape(sides[1], sides[0], -1)

    def shape(self, width: int, height: int) -> tuple[tuple[int, int], tuple[float, float, float, float]]:
        """Sides of the result, and the middle part of a picture of this size that fills it."""
        sides = self.sides
        # A hole has a place in a square alone.
        if self.size and isinstance(self.game, Pix2Pix) and self.game.condition.name == "hole":
            sides = (self.size, self.size)
        elif self.size:
            short = min(width, height)
            sides = (width * self.size // short, height * self.size // short)
            sides = (sides[0] // self.step * self.step, sides[1] // self.step * self.step)
        scale = max(sides[0] / width, sides[1] / height)
        left, top = (width - sides[0] / scale) / 2, (height - sides[1] / scale) / 2
        return sides, (max(0.0, left), max(0.0, top), min(width, width - left), min(height, height - top))

    @torch.no_grad()
    def draw(self, taken: Sequence[np.ndarray]) -> np.ndarray:
        """Results of pictures of one size as `take` gives them: (B, H, W, C) uint8, C 1 or 3."""
        shown = as_input(torch.from_numpy(np.stack(taken)).to(self.device))
        if isinstance(self.game, Pix2Pix):
            shown = self.game.condition({"image": shown, self.game.condition.field: shown})
            result, shown = self.game.translate(shown), visible(shown)
        else:
            assert isinstance(self.game, CycleGAN)
            result = self.game.translate(shown, back=self.back)
        if self.beside:
            channels = max(shown.shape[1], result.shape[1])
            result = torch.cat([_in_colour(one, channels) for one in (shown, result)], 3)
        return to_uint8(result).permute(0, 2, 3, 1).numpy()


def _in_colour(images: Tensor, channels: int) -> Tensor:
    return images.expand(-1, channels, -1, -1)


def _step(game: Game) -> int:
    """Sides must be multiples of this; 0 where the network takes one size only."""
    if not isinstance(game, Pix2Pix):
        return 4
    if isinstance(game.generator, UNet):
        return 0
    downs = game.global_network["downs"]
    assert isinstance(downs, int)
    halvings = downs + isinstance(game.generator, LocalEnhancer)
    return max(4, 2**halvings)  # the condition `small` is a quarter of the side


def classes_in(picture: Image.Image) -> np.ndarray:
    """Class numbers (H, W) uint8 of a label map.

    Greys are the numbers themselves, and so are a palette's indices unless its colours are those of the classes.
    Colours stand for the class with the nearest colour in `labkit.nn.palette`; where it is clear, it is background.

    Raises:
        Unusable: a number that is no class, or many colours that are none.
    """
    if picture.mode in ("L", "LA", "1", "I;16", "I", "F"):
        return _numbers(np.asarray(picture.convert("L") if picture.mode == "LA" else picture))
    clear = picture.convert("RGBA")
    colours = np.asarray(Image.alpha_composite(Image.new("RGBA", clear.size, "black"), clear))[..., :3]
    if (colours == colours[..., :1]).all() and colours.max() < CLASSES:  # numbers, saved in colour
        return _numbers(colours[..., 0])
    apart = np.linalg.norm(colours[:, :, None].astype(np.float32) - CLASS_COLOURS.astype(np.float32), axis=3)
    if picture.mode == "P" and apart.min(2).max() > NEAR:
        return _numbers(np.asarray(picture))
    strange = float((apart.min(2) > NEAR).mean())
    if strange > STRANGE:
        raise Unusable(f"no label map: {strange:.0%} of it has colours that stand for no class")
    return apart.argmin(2).astype(np.uint8)


def _numbers(values: np.ndarray) -> np.ndarray:
    if int(values.max()) >= CLASSES or int(values.min()) < 0:
        wrong = int(values.max()) if int(values.max()) >= CLASSES else int(values.min())
        raise Unusable(f"no label map: it has a class {wrong}, and there are {CLASSES}, from 0 on")
    return values.astype(np.uint8)


def on_white(drawing: np.ndarray) -> np.ndarray:
    """A drawing as networks know them, black on white: paper and its shadows become white, chalk on a board is turned.

    Args:
        drawing: greys (H, W) uint8; one that is mostly white already stays as it is.

    Returns:
        (H, W) uint8.
    """
    edge = np.concatenate([drawing[0], drawing[-1], drawing[:, 0], drawing[:, -1]])
    if np.median(edge) < DARK and np.median(drawing) < DARK:
        drawing = 255 - drawing
    if (drawing >= WHITE).mean() >= 0.5:
        return drawing
    rows = np.array_split(drawing, min(TILES, len(drawing)))
    light = np.array([[np.percentile(tile, 90) for tile in np.array_split(row, TILES, 1)] for row in rows], np.float32)
    least = max(1.0, float(light.max()) / 3)  # a part that is all ink has no paper to measure
    # The light goes on changing beyond the middles of the outer parts.
    light = np.pad(np.maximum(light, least), 1, "reflect", reflect_type="odd")
    height, width = drawing.shape
    inner = (1, 1, light.shape[1] - 1, light.shape[0] - 1)
    paper = np.asarray(Image.fromarray(light).resize((width, height), Image.Resampling.BILINEAR, box=inner))
    paper = np.clip(paper, least, 255) * PAPER
    return np.clip(np.rint(drawing * (255 / paper)), 0, 255).astype(np.uint8)
