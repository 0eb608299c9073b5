"""The built-in digits: pen strokes drawn into small grey pictures, with labels, the same on every machine.

A digit begins as one of the skeletons in :mod:`labkit.data.strokes`; its control points tremble, then the whole bends,
leans, turns and stretches as a hand would have it; a round pen whose pressure varies follows the curve. As in MNIST the
digit fits a box of 20 pixels in a picture of 28, and lies about the centre by its centre of mass.

Every number comes from counter-based 64-bit words, and the curve is rounded to 1/1024 pixel before it is drawn with
additions, multiplications, divisions and square roots alone, which IEEE 754 defines to the last bit. So the pictures,
and with them a data set's fingerprint, do not depend on the processor or on the versions of numpy and torch.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from labkit.data.arrays import Writer, cached
from labkit.data.dataset import Dataset
from labkit.data.strokes import WAYS
from labkit.threads import single_thread

# Raise this when the drawing changes: cached arrays of another version are not used.
VERSION = 3
SIZES = {"train": 60_000, "test": 10_000}
CLASSES = tuple("0123456789")

_SEEDS = {"train": 1, "test": 2}
_BLOCK = 5_000
_WORDS = 272
_POINTS = 20  # control points that a way of writing may have
_STEP = 0.55  # pixels of 28 between two dabs of the pen; fewer for big pictures, where each dab is larger
_GRAIN = 7  # the paper's grain is a smooth field through so many random heights a side


class _Random:
    """Uniform and bell-shaped numbers for a block of pictures, each picture with its own row of random words."""

    def __init__(self, words: np.ndarray) -> None:
        self._uniforms = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        self._used = 0

    def uniform(self, low: float, high: float, count: int = 1) -> np.ndarray:
        """(pictures, count) in [low, high)."""
        self._used += count
        drawn = self._uniforms[:, self._used - count : self._used]
        if drawn.shape[1] != count:
            raise ValueError("a picture's random words are used up: raise _WORDS and VERSION")
        return low + (high - low) * drawn

    def bell(self, spread: float, count: int = 1) -> np.ndarray:
        """(pictures, count) of mean 0 and the given standard deviation, never beyond three of them."""
        three = self.uniform(-1.0, 1.0, 3 * count).reshape(-1, count, 3)
        return spread * (three[..., 0] + three[..., 1] + three[..., 2])


@cache
def _way(text: str, zoom: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A way of writing: controls (P, 2) in [-1/2, 1/2], dabs as weights of them (M, P), places in the stroke (M,)."""
    controls: list[tuple[float, float]] = []
    rows: list[tuple[list[int], list[float]]] = []
    places: list[float] = []
    for stroke in text.split("|"):
        first = len(controls)
        corners = []
        for i, point in enumerate(stroke.split(",")):
            x, y = point.replace("!", "").split()
            controls.append((float(x) / 100 - 0.5, float(y) / 100 - 0.5))
            if "!" in point:
                corners.append(first + i)
        last = len(controls) - 1
        stops = {first, last, *corners}
        stroke_rows = []
        for i in range(first, last):
            length = float(np.hypot(*np.subtract(controls[i + 1], controls[i]))) * 1.15
            count = max(2, int(np.ceil(length * 20 * max(zoom, 1.0) ** 0.75 / _STEP)))
            # At an end or a corner the neighbour beyond is the point itself: the curve does not look past it.
            four = [i if i in stops else i - 1, i, i + 1, i + 1 if i + 1 in stops else i + 2]
            for t in np.arange(count + (i + 1 == last)) / count:
                factors = [t * (-1 + t * (2 - t)), 2 + t * t * (3 * t - 5), t * (1 + t * (4 - 3 * t)), t * t * (t - 1)]
                stroke_rows.append((four, [factor / 2 for factor in factors]))
        rows += stroke_rows
        places += list(np.linspace(0, 1, len(stroke_rows)))
    weights = np.zeros((len(rows), len(controls)))
    for row, (four, factors) in enumerate(rows):
        np.add.at(weights[row], four, factors)
    return np.array(controls), weights, np.array(places)


def _skeletons(labels: np.ndarray, choice: np.ndarray) -> Iterator[tuple[np.ndarray, str]]:
    """Which pictures (indices) are written in which way."""
    for digit, ways in WAYS.items():
        edges = np.cumsum([often for often, _ in ways])
        way_of = np.searchsorted(edges, choice * edges[-1], side="right")
        for number, (_, text) in enumerate(ways):
            yield np.flatnonzero((labels == digit) & (way_of == number)), text


def _curve(random: _Random, controls: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The dabs of n pictures written one way: (n, M, 2) in pixels of a 28-pixel picture, before quantising."""
    tremble = random.uniform(0.01, 0.056)[:, :, None]
    points = controls + tremble * random.bell(1.0, 2 * _POINTS).reshape(-1, _POINTS, 2)[:, : len(controls)]
    x, y = np.moveaxis(weights @ points, 2, 0)
    x = x * (0.8 * np.exp2(random.bell(0.25)))
    # The hand: taper, bow, a slow wave, then the lean (most writers lean to the right) and the turn of the paper.
    x = x * (1 + random.bell(0.16) * y) + random.bell(0.12) * (y * y - 0.08)
    y = y * (1 + random.bell(0.14) * x) + random.bell(0.12) * (x * x - 0.04)
    wave, turns, start = random.bell(0.016), random.uniform(1.0, 2.2), random.uniform(0.0, 1.0)
    x = x + wave * np.sin(2 * np.pi * (turns * y + start))
    y = y + random.bell(0.016) * np.sin(2 * np.pi * (turns * x - start))
    x = x - (0.16 + random.bell(0.27)) * y
    angle = random.bell(0.1)
    x, y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    box = random.uniform(0.86, 1.02) * (20 - 2.2)
    scale = box / np.maximum(np.maximum(np.ptp(x, axis=1), np.ptp(y, axis=1)), 1e-3)[:, None]
    x, y = x * scale, y * scale
    x = x - x.mean(axis=1, keepdims=True) + 13.5 + random.bell(0.6)
    y = y - y.mean(axis=1, keepdims=True) + 13.5 + random.bell(0.6)
    return np.clip(np.stack([x, y], axis=2), 1.0, 26.0)


def _pen(random: _Random, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radius (n, M) in pixels of 28 and darkness (n, M) in 0..1 of each dab, given its place in the stroke, 0 to 1."""
    weight = random.uniform(0.0, 1.0)
    radius = 0.85 + 1.15 * weight * (0.5 + 0.5 * random.uniform(0.0, 1.0))
    beats, start = random.uniform(0.5, 2.5), random.uniform(0.0, 1.0)
    pressure = np.sin(2 * np.pi * (beats * place + start))
    lift = np.minimum(1.0, 0.72 + 4.0 * np.minimum(place, 1 - place))
    radius = radius * (1 + random.uniform(0.0, 0.28) * pressure) * lift
    fade = random.uniform(0.0, 1.0) ** 4 * 0.5
    darkness = 1.0 - fade * (0.5 - 0.5 * pressure) - random.uniform(0.0, 1.0) ** 2 * 0.2
    return radius, np.clip(darkness, 0.25, 1.0)


def _block(seed: int, number: int, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The first ``count`` pictures (count, size, size) uint8 and labels (count,) of a block of 5,000."""
    words = np.random.Philox(key=np.array([seed, number], dtype=np.uint64)).random_raw(_BLOCK * (_WORDS + 1))
    labels = (np.argsort(words[:_BLOCK], kind="stable")[:count] % 10).astype(np.int64)
    rows = words[_BLOCK:].reshape(_BLOCK, _WORDS)[:count]
    choice = _Random(rows[:, :1]).uniform(0.0, 1.0)[:, 0]
    zoom = size / 28
    pictures = np.zeros((count, size, size), dtype=np.uint8)
    for which, text in _skeletons(labels, choice):
        for part in np.array_split(which, max(1, len(which) * size * size // 400_000)):
            if len(part):
                random = _Random(rows[part, 1:])
                controls, weights, place = _way(text, zoom)
                pictures[part] = _ink(random, _curve(random, controls, weights), *_pen(random, place), zoom, size)
    return pictures, labels


def _ink(
    random: _Random, dabs: np.ndarray, radius: np.ndarray, darkness: np.ndarray, zoom: float, size: int
) -> np.ndarray:
    """Press n x M round dabs onto n sheets: (n, size, size) uint8, bit-exact on every machine.

    A dab covers a pixel by its distance to the rim over the softness of the edge; a pixel keeps the heaviest dab; the
    paper's grain makes edges ragged and fills uneven.
    """
    soft, rough = random.uniform(0.7, 1.7), random.uniform(0.0, 1.0) ** 2 * 0.9
    grain = _exact(_smooth(random.uniform(-0.5, 0.5, _GRAIN * _GRAIN).reshape(-1, _GRAIN, _GRAIN), size))
    at, rim, edge = _exact((dabs + 0.5) * zoom - 0.5), _exact(radius * zoom), _exact(soft * zoom)
    count = len(rim)
    reach = int(np.ceil(float((rim + edge / 2).max()) + 0.5))
    wide = size + 2 * reach
    window = torch.arange(-reach, reach + 1)
    nearest = torch.floor(at + 0.5)
    away = (nearest - at)[..., None] + window
    distance = torch.sqrt(away[..., 1, :, None] ** 2 + away[..., 0, None, :] ** 2)
    cover = 0.5 + (rim[..., None, None] - distance) / edge[..., None, None]
    cover = cover.clamp_(0.0, 1.0).mul_(_exact(darkness)[..., None, None])
    corner = nearest.long() + reach
    pixel = (torch.arange(count)[:, None] * wide + corner[..., 1]) * wide + corner[..., 0]
    index = pixel[..., None, None] + (window[:, None] * wide + window)
    sheet = torch.zeros(count * wide * wide).scatter_reduce_(0, index.reshape(-1), cover.reshape(-1), "amax")
    ink = sheet.reshape(count, wide, wide)[:, reach:-reach, reach:-reach]
    ink = (ink + _exact(rough)[..., None] * grain * (4 * ink * (1.25 - ink))).clamp_(0.0, 1.0)
    ink = (ink * ink * (3 - 2 * ink) * 1.06).clamp_(max=1.0)
    return torch.floor(ink * 255 + 0.5).to(torch.uint8).numpy()


def _exact(values: np.ndarray) -> torch.Tensor:
    """Rounded to 1/1024, so that the last bits of sines and matrix products, which differ by machine, are gone."""
    return torch.from_numpy(np.rint(values * 1024) / 1024).float()


def _smooth(heights: np.ndarray, size: int) -> np.ndarray:
    """(n, g, g) values interpolated to (n, size, size)."""
    place = np.linspace(0, heights.shape[1] - 1, size)
    tent = np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(heights.shape[1])))
    return tent @ heights @ tent.T


def draw(count: int, *, size: int = 28, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw digits.

    Args:
        count: how many; the first pictures of a longer draw are the same.
        size: height and width in pixels.
        seed: which hand; any number from 0 on.

    Returns:
        Pictures (count, size, size) uint8, white ink (255) on black (0) as in MNIST, and labels (count,) int64 in 0..9.
    """
    starts = range(0, count, _BLOCK)
    with single_thread():
        blocks = [_block(seed, start // _BLOCK, min(_BLOCK, count - start), size) for start in starts]
    empty = (np.zeros((0, size, size), dtype=np.uint8), np.zeros(0, dtype=np.int64))
    pictures, labels = zip(*blocks or [empty])
    return np.concatenate(pictures), np.concatenate(labels)


def open_digits(*, size: int | None = None, channels: int | None = None, split: str = "train") -> Dataset:
    """The built-in digits: 60,000 to train on, 10,000 others to test; see :func:`labkit.data.open`."""
    side, depth = size or 28, channels or 1

    def build(writer: Writer) -> dict[str, Any]:
        total = SIZES[split]
        for start in tqdm(range(0, total, _BLOCK), desc=f"drawing digits ({split})", unit_scale=_BLOCK, leave=False):
            pictures, labels = _block(_SEEDS[split], start // _BLOCK, min(_BLOCK, total - start), side)
            writer.append(image=np.repeat(pictures[..., None], depth, axis=3), label=labels)
        return {}

    content = {"reader": "digits", "version": VERSION, "split": split, "size": side, "channels": depth}
    fields, _ = cached(f"digits-{split}-{side}x{side}x{depth}", content, build)
    return Dataset("digits", fields, classes=CLASSES, split=split)
