"""Two domains without pairs, made of a data set that may well have them: what CycleGAN trains on."""

from dataclasses import replace

import numpy as np
import torch

from labkit.data.dataset import Dataset
from labkit.errors import UserError, nearest
from labkit.faces import VARIANTS
from labkit.nn.conditions import grey

GREY = "grey"
"""The one second domain that every data set has: its own pictures without their colours."""


def without_colours(pictures: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 3) → the same, each pixel's three numbers its brightness."""
    plain = np.empty_like(pictures)
    for start in range(0, len(pictures), 1_000):
        some = torch.from_numpy(np.array(pictures[start : start + 1_000])).permute(0, 3, 1, 2).float()
        plain[start : start + 1_000] = grey(some).round().byte().permute(0, 2, 3, 1).numpy()
    return plain


def opposite(other: str) -> str:
    """The field of domain A where B is this one: the picture itself, or a variant's opposite."""
    return VARIANTS[other].opposite if other in VARIANTS else "image"


def two_domains(dataset: Dataset, other: str = "label") -> Dataset:
    """A's pictures as `image` and B's as `other`, of different people where the data knows pairs.

    Args:
        dataset: with two classes of pictures, an attribute, or two kinds of picture a row.
        other: what B is. ``label``: the second class, A the first. An attribute, such as ``Eyeglasses``: the pictures
            that have it, A those that don't. A field of pictures, such as ``cartoon``: that field of the second half of
            the rows, A the pictures of the first half, so that no pair is ever in reach. Another variant of the
            built-in faces, such as ``glasses``: that field, and A is its opposite. ``grey``: the second half of the
            rows without colours, A the first half as it is.

    Returns:
        As many of each domain; of the larger one some rows are left out.

    Raises:
        UserError: no such class, attribute or field, with the nearest names; a domain without pictures.
    """
    shape = dataset.fields["image"].shape[1:]
    alike = (shape, (*shape[:2], 1))  # a grey picture is one in colour whose channels agree
    kinds = [name for name, array in dataset.fields.items() if name != "image" and array.shape[1:] in alike]
    attributes = dataset.names.get("attributes", ()) if "attributes" in dataset.fields else ()
    if other == "label" and "label" in dataset.fields:
        a, b = (dataset.where(label=number).fields["image"] for number in (0, 1))
    elif other in attributes:
        a, b = (dataset.where(**{other: number}).fields["image"] for number in (0, 1))
    elif other == GREY and other not in kinds and shape[2] == 3:
        half = len(dataset) // 2
        a, b = dataset.fields["image"][:half], without_colours(dataset.fields["image"][half:])
    elif other in kinds:
        half, first = len(dataset) // 2, opposite(other)
        if first not in dataset.fields:
            raise UserError(f"A is the opposite of {other!r}: open {dataset.name} with fields=({first!r}, {other!r})")
        a, b = dataset.fields[first][:half], dataset.fields[other][half:]
        b = b if b.shape[1:] == shape else np.repeat(b, shape[2], axis=3)
    else:
        known = [*kinds, *attributes, *(["label"] if "label" in dataset.fields else [])]
        if not known:
            raise UserError(f"{dataset.name} has one domain: no classes, no attributes, no second kind of picture")
        raise UserError(nearest(other, known, f"second domain in {dataset.name}"))
    n = min(len(a), len(b))
    if not n:
        raise UserError(f"a domain of {dataset.name} by {other!r} has no pictures")
    fields: dict[str, np.ndarray] = {"image": a[:n], "other": b[:n]}
    note = f"A and B by {other}, {n:,} pictures each, not paired"
    drawn = f"{dataset.drawn} domains={other}" if dataset.drawn and other in (*kinds, GREY) else ""
    return replace(dataset, fields=fields, classes=(), names={}, note=note, drawn=drawn)
