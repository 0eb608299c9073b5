"""Writes the stored references: ``python -m tests.faces.references``, after a change of the drawing that is meant."""

from pathlib import Path

import numpy as np
from PIL import Image

from labkit import faces

FOLDER = Path(__file__).parent / "references"
PAINTED = ("bare", "drawing", "cartoon", "caricature", "caricature_geometry")
NUMBERS = ("landmarks", "caricature_landmarks", "visible", "uv")


def painted(count: int = 4, size: int = 64) -> np.ndarray:
    """The other pictures, a row a channel, a column a face: (5 · size, count · size, 3) uint8."""
    rows = faces.render(faces.sample(range(count)), size, PAINTED)
    return np.concatenate(
        [np.concatenate(np.broadcast_to(rows[c], (count, size, size, 3)), axis=1) for c in PAINTED], axis=0
    )


def numbers(count: int = 4, size: int = 64) -> dict[str, np.ndarray]:
    """Points of these faces, and of the correspondence every eighth pixel."""
    rows = faces.render(faces.sample(range(count)), size, NUMBERS)
    return {**rows, "uv": rows["uv"][:, ::8, ::8]}


if __name__ == "__main__":
    for size, count in ((64, 12), (128, 6)):
        rows = faces.render(faces.sample(range(count)), size, ("image", "labels"))
        for channel in ("image", "labels"):
            path = FOLDER / f"{channel}_{size}.png"
            Image.fromarray(np.concatenate(rows[channel], axis=1)).save(path, optimize=True)
            print(path)
    Image.fromarray(painted()).save(FOLDER / "painted_64.png", optimize=True)
    np.savez_compressed(FOLDER / "numbers_64.npz", **numbers())
