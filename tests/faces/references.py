"""Writes the stored references: ``python -m tests.faces.references``, after a change of the drawing that is meant."""

from pathlib import Path

import numpy as np
from PIL import Image

from labkit import faces

if __name__ == "__main__":
    for size, count in ((64, 12), (128, 6)):
        rows = faces.render(faces.sample(range(count)), size, ("image", "labels"))
        for channel in ("image", "labels"):
            path = Path(__file__).parent / "references" / f"{channel}_{size}.png"
            Image.fromarray(np.concatenate(rows[channel], axis=1)).save(path, optimize=True)
            print(path)
