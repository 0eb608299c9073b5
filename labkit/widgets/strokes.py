"""Brush and bucket on a small picture of numbers, as the painting explorer has them in the page too."""

from collections.abc import Sequence

import numpy as np

Point = tuple[float, float]
"""x, y in pixels; the centre of the first pixel is (0, 0)."""


def brush(canvas: np.ndarray, points: Sequence[Point], value: int, size: float = 1) -> np.ndarray:
    """Draw a line with a round brush: a pixel is painted if its centre lies within size / 2 of the line.

    Args:
        canvas: (H, W) uint8, left as it is.
        points: one for a dot, more for a line through all of them.
        value: what is painted.
        size: the brush's diameter in pixels; 1 paints the nearest pixel of each place.
    """
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]].astype(np.float64)
    painted, reach = canvas.copy(), max(size / 2, 0.5) + 1e-6
    for (x0, y0), (x1, y1) in zip(points, points[1:] if len(points) > 1 else points):
        long = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-12)
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / long, 0, 1)
        near = (x - x0 - along * (x1 - x0)) ** 2 + (y - y0 - along * (y1 - y0)) ** 2 <= reach**2
        painted[near] = value
    return painted


def fill(canvas: np.ndarray, x: int, y: int, value: int) -> np.ndarray:
    """Paint the pixels of one value that hang together with (x, y), over edges and not over corners.

    Args:
        canvas: (H, W) uint8, left as it is.
        x: column of the pixel where it begins.
        y: its row.
        value: what is painted.
    """
    painted, old = canvas.copy(), canvas[y, x]
    if old == value:
        return painted
    todo = [(x, y)]
    while todo:
        column, row = todo.pop()
        inside = 0 <= row < canvas.shape[0] and 0 <= column < canvas.shape[1]
        if inside and painted[row, column] == old:
            painted[row, column] = value
            todo += [(column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)]
    return painted
