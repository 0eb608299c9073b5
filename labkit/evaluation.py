"""Scores of translators on built-in faces that training never saw: the truth of each picture is known.

pix2pix to faces: can the labels be read from the drawn face? CycleGAN, and pix2pix to other pictures: how far is each
picture from the true one, which an unpaired training never saw beside its source?
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from labkit import data as datasets
from labkit.data.dataset import Dataset, as_input
from labkit.data.domains import GREY, opposite, without_colours
from labkit.errors import UserError
from labkit.faces import CHANNELS, VARIANTS
from labkit.metrics.translation import IOU, LEVELS, Translation, levels_off, nearest_pairs, nearest_planes, reparsed
from labkit.models.cyclegan import CycleGAN
from labkit.models.game import Game
from labkit.models.pix2pix import Pix2Pix
from labkit.pictures import to_uint8
from labkit.threads import single_thread

CHUNK = 100
UNCHANGED = "the picture as it came"


def is_translator(game: Game) -> bool:
    """Whether it makes pictures of pictures, and not of latents."""
    return isinstance(game, Pix2Pix | CycleGAN)


def in_chunks(draw: Callable[[Tensor], Tensor], sources: Tensor) -> Tensor:
    """What is drawn of many sources, a few at a time on one thread, as uint8 (N, C, H, W)."""
    with single_thread(), torch.no_grad():
        return torch.cat([to_uint8(draw(some)) for some in sources.split(CHUNK)])


def evaluate_translator(game: Game, about: Mapping[str, Any], n: int = 2_000, data: str | None = None) -> Translation:
    """Score a translator.

    Args:
        game: a trained pix2pix or CycleGAN.
        about: its config or card: lab, data and options.
        n: held-out faces, at most 2,000.
        data: built-in faces of another kind.

    Raises:
        UserError: data without the truth: photographs have none.
    """
    name = data or about["data"]
    if name not in datasets.FACES:
        raise UserError(f"a translation is scored where its truth is known: --data faces, not {name}")
    n = min(n, 2_000)
    if isinstance(game, CycleGAN):
        return _unpaired(game, about["options"].get("other", "cartoon"), name, n)
    assert isinstance(game, Pix2Pix)
    target = about["options"].get("target", "image")
    return _to_faces(game, name, n) if target == "image" else _to_pictures(game, target, name, n)


def open_truth(name: str, size: int, fields: tuple[str, ...], split: str = "test", n: int | None = None) -> Dataset:
    """Built-in faces with these fields, in which each row is one face."""
    wanted = [field for field in dict.fromkeys(fields) if field != "image"]
    return datasets.open(name, size=size, split=split, count=n, fields=wanted)


def batch_of(data: Dataset, rows: slice = slice(None)) -> dict[str, Tensor]:
    """Rows of a data set as a game gets them."""
    return {field: as_input(torch.from_numpy(np.array(array[rows]))) for field, array in data.fields.items()}


def draw_all(game: Pix2Pix, data: Dataset) -> Tensor:
    """What pix2pix makes of every row, uint8 (N, C, H, W)."""
    drawn = []
    for start in range(0, len(data), CHUNK):
        source = game.condition(batch_of(data, slice(start, start + CHUNK)))
        drawn.append(in_chunks(game.translate, source))
    return torch.cat(drawn)


def _shown(game: Pix2Pix, data: Dataset) -> Tensor:
    """What pix2pix is shown of every row, at a quarter of its side: (N, channels, H / 4, W / 4)."""
    chunks = (slice(start, start + CHUNK) for start in range(0, len(data), CHUNK))
    with single_thread():
        return torch.cat([avg_pool2d(game.condition(batch_of(data, rows)), 4) for rows in chunks])


def _to_faces(game: Pix2Pix, name: str, n: int) -> Translation:
    """The labels of the drawn face, read by the frozen judge; trivial: the training face whose condition is nearest."""
    size, field = game.image_shape[1], game.condition.field
    held_out = open_truth(name, size, ("labels", field), n=n)
    known = open_truth(name, size, (field,), "train")
    labels, true = np.asarray(held_out.fields["labels"]), held_out.images(None)
    drawn = draw_all(game, held_out)
    if field == "labels":
        at = nearest_pairs(labels, np.asarray(known.fields["labels"]))
    else:
        at = nearest_planes(_shown(game, held_out), _shown(game, known))
    near = torch.from_numpy(np.ascontiguousarray(known.fields["image"][at])).permute(0, 3, 1, 2)
    own, trivial, best = (reparsed(some, labels) for some in (drawn, near, true))
    return Translation(
        IOU,
        own.mean,
        best.mean,
        trivial.mean,
        "nearest training pair",
        n,
        f"{name} (test)",
        {LEVELS: (levels_off(drawn, true), levels_off(near, true))},
    )


def _to_pictures(game: Pix2Pix, target: str, name: str, n: int) -> Translation:
    """Grey levels between what is drawn and the truth; trivial: the picture as it came."""
    held_out = open_truth(name, game.image_shape[1], (target,), n=n)
    picture = batch_of(held_out)
    drawn = in_chunks(game.translate, picture["image"])
    truth = picture[target].expand(-1, game.image_shape[0], -1, -1)
    unchanged = levels_off(picture["image"], truth)
    return Translation(LEVELS, levels_off(drawn, truth), 0.0, unchanged, UNCHANGED, n, f"{name} (test)", {})


def true_pairs(name: str, size: int, other: str, n: int) -> tuple[Tensor, Tensor]:
    """Held-out built-in faces in both of the domains that `labkit.data.domains.two_domains` makes, (n, 3, H, W) each.

    Raises:
        UserError: domains whose pairs nobody knows.
    """
    if other == GREY:
        pictures = open_truth(name, size, (), n=n).fields["image"]
        a, b = (as_input(torch.from_numpy(np.array(some))) for some in (pictures, without_colours(pictures)))
        return a, b
    if other not in CHANNELS and other not in VARIANTS:
        raise UserError(f"nobody knows the true pairs of {other!r}: score a run with other=cartoon, drawing, glasses …")
    first = opposite(other)
    picture = batch_of(open_truth(name, size, (first, other), n=n))
    return picture[first], picture[other].expand(-1, 3, -1, -1)


def _unpaired(game: CycleGAN, other: str, name: str, n: int) -> Translation:
    """Grey levels between G(a) and the true b, and between F(b) and the true a; trivial: the picture as it came."""
    a, b = true_pairs(name, game.image_shape[1], other, n)
    to_b = in_chunks(game.translate, a)
    to_a = in_chunks(lambda some: game.translate(some, back=True), b)
    again = in_chunks(lambda some: game.translate(some, back=True), as_input(to_b.permute(0, 2, 3, 1)))
    unchanged = levels_off(a, b)
    others = {"back": (levels_off(to_a, a), unchanged), "there and back": (levels_off(again, a), 0.0)}
    return Translation(LEVELS, levels_off(to_b, b), 0.0, unchanged, UNCHANGED, n, f"{name} (test)", others)
