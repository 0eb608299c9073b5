"""Faces with their truth for the judges: rendered once, kept in the array cache, never seeds that a lab uses.

The judges have a split of their own (:data:`labkit.faces.SPLITS`): neither a lab's faces nor those that a judge is
measured on were ever a judge's training.
"""

import functools
import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from labkit import faces
from labkit.data import arrays
from labkit.metrics.judges.blocks import SIZE

TRAINING = faces.SPLITS["judges"]
FRESH = TRAINING + 500_000_000
CHANNELS = ("image", "labels", "landmarks", "visible", "attributes", "parameters", "identity")
_AT_ONCE = 512


@functools.cache
def version() -> dict[str, int | str]:
    """Which faces these are: the renderer's and the sampler's version, and a hash of eight faces' bytes.

    The hash tells a renderer that was changed without a new version; it holds for one kind of machine.
    """
    few = faces.render(faces.sample(range(8)), SIZE, ("image", "labels", "landmarks", "attributes"))
    probe = hashlib.sha256(b"".join(array.tobytes() for array in few.values())).hexdigest()[:12]
    return {"version": faces.VERSION, "probe": probe}


@dataclass(frozen=True)
class Pool:
    """Rendered faces: every channel of :data:`CHANNELS`, one row a face, the photos of a person side by side.

    Attributes:
        fields: the channels by name.
        photos: how many faces follow each other that are one person.
    """

    fields: dict[str, np.ndarray]
    photos: int = 1

    def __len__(self) -> int:
        return len(self.fields["image"])

    def batch(self, rows: np.ndarray, shift: np.ndarray | None = None) -> dict[str, Tensor]:
        """Some rows, as a network takes them.

        Args:
            rows: (B,) which.
            shift: (B, 2) whole pixels by which each picture, its labels and its landmarks are moved right and down;
                what comes in is the edge, repeated.

        Returns:
            ``image`` (B, 3, 64, 64) in [-1, 1], channels_last; ``labels`` (B, 64, 64) int64; the others as they are.
        """
        picked = {name: array[rows] for name, array in self.fields.items()}
        if shift is not None:
            line = np.arange(SIZE)
            across, down = (np.clip(line - shift[:, axis, None], 0, SIZE - 1) for axis in (0, 1))
            places = (np.arange(len(rows))[:, None, None], down[:, :, None], across[:, None, :])
            picked["image"], picked["labels"] = picked["image"][places], picked["labels"][places]
            picked["landmarks"] = picked["landmarks"] + shift[:, None, :].astype(np.float32)
        batch = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in picked.items()}
        batch["image"] = batch["image"].permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
        batch["labels"] = batch["labels"].long()
        return batch


def people(first: int, count: int, photos: int, kind: str) -> faces.Faces:
    """Faces by seed; with several photos a person, all but shape and skin is drawn anew for each, hair and age too."""
    seeds = np.arange(first, first + count)
    drawn = faces.sample(seeds, sampler=kind)
    if photos == 1:
        return drawn
    persons = first + count + np.arange(count) // photos
    return drawn.adopt(faces.sample(persons, sampler=kind), "shape", "skin")


def pool(first: int, count: int, *, photos: int = 1, kind: str = "independent") -> Pool:
    """Faces with their truth, rendered at the first call and read from the array cache afterwards.

    Args:
        first: the first seed; see :data:`TRAINING` and :data:`FRESH`.
        count: how many faces.
        photos: how many of them, side by side, are one person.
        kind: the sampler.
    """

    def build(writer: arrays.Writer) -> dict:
        everyone = people(first, count, photos, kind)
        with tqdm(total=count, desc="faces", unit="face", delay=2) as bar:
            for start in range(0, count, _AT_ONCE):
                part = everyone[start : start + _AT_ONCE]
                writer.append(**faces.render(part, SIZE, CHANNELS))
                bar.update(len(part))
        return {}

    content = {"faces": version(), "first": first, "count": count, "photos": photos, "kind": kind}
    return Pool(arrays.cached("judges", content, build)[0], photos)
