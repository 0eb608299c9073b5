"""Small made-up pictures, class maps and broken files, so that most tests need no photographs."""

from pathlib import Path

import numpy as np
from PIL import Image

from labkit.data import labels

BROKEN = {"cut.jpg": "truncated", "empty.jpg": "an empty file", "letter.png": "not a picture", "huge.png": "too many"}


def save(image, path: Path, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(path, **options)
    return path


def plain(path: Path, grey: int = 100, size: tuple[int, int] = (24, 24)) -> Path:
    """A picture of one grey; size is (width, height)."""
    return save(Image.new("RGB", size, (grey,) * 3), path, **({"quality": 95} if path.suffix == ".jpg" else {}))


def brightness(data, field: str = "image") -> list[int]:
    """The mean of each picture, to the nearest ten."""
    return [round(float(picture.mean()), -1) for picture in data.fields[field]]


def broken(folder: Path) -> dict[str, str]:
    """One file of each kind that can't be used, and a word of the reason that should be given for it."""
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    whole = save(noise, folder / "cut.jpg", quality=95)
    whole.write_bytes(whole.read_bytes()[:3000])
    (folder / "empty.jpg").touch()
    (folder / "letter.png").write_text("Dear Sir, this is no picture.")
    save(Image.new("1", (20_000, 10_000)), folder / "huge.png")
    return BROKEN


def face_map(order: str = "celebamask-hq", size: int = 40) -> np.ndarray:
    """A class map with every class of an order once: brows above eyes above nose above mouth, the neck below."""
    row = {"hair": 0, "l_brow": 8, "r_brow": 8, "l_eye": 12, "r_eye": 12, "nose": 18, "u_lip": 24, "mouth": 26}
    row |= {"l_lip": 28, "neck": 34}
    ids = np.zeros((size, size), dtype=np.uint8)
    names = labels.ORDERS[order]
    ids[4:32, 8:32] = names.index("skin")
    for name, top in row.items():
        left = {"l": 24, "r": 12}.get(name[0], 18) if name[1:] in ("_brow", "_eye") else 18
        ids[top : top + 2, left : left + 4] = names.index(name)
    return ids
