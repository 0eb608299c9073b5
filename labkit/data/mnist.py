"""MNIST and Fashion-MNIST, each read from four original files in the place where torchvision keeps them."""

import gzip
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from labkit.data.arrays import Writer, cached, entry_folder
from labkit.data.cards import cards
from labkit.data.dataset import Dataset
from labkit.data.download import fetch, md5, not_available
from labkit.data.sources import candidates
from labkit.errors import UserError

VERSION = 1

_FOLDERS = {"mnist": "MNIST/raw", "fashion-mnist": "FashionMNIST/raw"}
NAMES = tuple(_FOLDERS)

_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
_BLOCK = 5_000


def raw_folders(name: str = "mnist") -> list[Path]:
    """Where the files are looked for, first the folder that downloads go to."""
    return list(dict.fromkeys([top / _FOLDERS[name] for top in candidates(name)]))


def available(split: str = "train", name: str = "mnist") -> bool:
    """Whether a split can be opened at 28 pixels without a network."""
    return _entry(name, split, 28, 1).exists() or folder_with(name, split) is not None


def open_mnist(
    *,
    size: int | None = None,
    channels: int | None = None,
    split: str = "train",
    timeout: float = 20.0,
    name: str = "mnist",
) -> Dataset:
    """MNIST or Fashion-MNIST; see :func:`labkit.data.open`.

    At size 32 the pictures get a border of two black pixels; at other sizes they are resized (bilinear, antialiased).

    Args:
        size: height and width in pixels; 28 where not given.
        channels: 1, or 3 for three equal ones.
        split: ``train`` (60,000) or ``test`` (10,000).
        timeout: seconds without an answer after which a download source is given up.
        name: ``mnist`` or ``fashion-mnist``.

    Raises:
        UserError: when the files are not there and can't be downloaded, or one is damaged.
    """
    side, depth = size or 28, channels or 1
    build: Callable[[Writer], dict[str, Any]] = partial(
        _build, name=name, split=split, side=side, depth=depth, timeout=timeout
    )
    fields, _ = cached(f"{name}-{split}-{side}x{side}x{depth}", _content(name, split, side, depth), build)
    return Dataset(name, fields, classes=tuple(cards()[name]["classes"]), split=split)


def _known(name: str) -> dict[str, dict[str, Any]]:
    return {file["name"]: file for file in cards()[name]["files"]}


def _content(name: str, split: str, side: int, depth: int) -> dict[str, Any]:
    sums = [_known(name)[file]["md5"] for file in _FILES[split]]
    return {"reader": "mnist", "version": VERSION, "md5": sums, "size": side, "channels": depth}


def _entry(name: str, split: str, side: int, depth: int) -> Path:
    return entry_folder(f"{name}-{split}-{side}x{side}x{depth}", _content(name, split, side, depth))


def folder_with(name: str, split: str) -> Path | None:
    """The folder that a split is read from, if it has both files of it."""
    for folder in raw_folders(name):
        if all((folder / file).is_file() for file in _FILES[split]):
            return folder
    return None


def _build(writer: Writer, *, name: str, split: str, side: int, depth: int, timeout: float) -> dict[str, Any]:
    folder = folder_with(name, split) or _download(name, split, timeout)
    pictures, labels = (_read(folder / file, _known(name)[file]["md5"]) for file in _FILES[split])
    for start in range(0, len(pictures), _BLOCK):
        block = _resized(pictures[start : start + _BLOCK], side)
        writer.append(
            image=np.repeat(block[..., None], depth, axis=3), label=labels[start : start + _BLOCK].astype(np.int64)
        )
    return {}


def _download(name: str, split: str, timeout: float) -> Path:
    folder = raw_folders(name)[0]
    for file in _FILES[split]:
        known = _known(name)[file]
        sources = [source + file for source in cards()[name]["sources"]]
        try:
            fetch(sources, folder / file, md5_hex=known["md5"], size=known.get("bytes"), timeout=timeout)
        except ConnectionError as error:
            title = "MNIST" if name == "mnist" else "Fashion-MNIST"
            raise not_available(title, error, folder) from error
    return folder


def _read(path: Path, md5_hex: str) -> np.ndarray:
    """One idx file (big-endian sizes, then bytes) as an array; its md5 is checked first."""
    try:
        found = md5(path)
        if found != md5_hex:
            raise UserError(
                f"{path} is damaged (its md5 is {found}, not {md5_hex}): delete it and try again, "
                "and it will be fetched anew"
            )
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"{path} can't be read ({error}): delete it and try again, and it will be fetched anew"
        ) from error
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(tuple(int(length) for length in shape))


def _resized(pictures: np.ndarray, side: int) -> np.ndarray:
    if side == 28:
        return pictures
    if side == 32:
        return np.pad(pictures, ((0, 0), (2, 2), (2, 2)))
    here = torch.from_numpy(pictures.copy())[:, None].float()
    resized = F.interpolate(here, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
    return resized.round().clamp(0, 255).to(torch.uint8)[:, 0].numpy()
