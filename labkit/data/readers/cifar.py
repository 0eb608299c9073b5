"""CIFAR-10 from its own files, through torchvision's reader, which checks their md5s before it unpickles them."""

from typing import Any

import numpy as np
from PIL import Image

from labkit.data.readers.layout import Ask, Layout
from labkit.data.rows import Table
from labkit.errors import UserError

FOLDER = "cifar-10-batches-py"
SIZE = 32


def _table(ask: Ask) -> Table:
    from torchvision.datasets import CIFAR10

    try:
        found = CIFAR10(str(ask.top), train=ask.split == "train")
    except Exception as error:  # RuntimeError for a wrong md5, and whatever unpickling raises
        raise UserError(f"the files in {ask.top / FOLDER} are incomplete or damaged: fetch cifar-10 again") from error

    def decode(row: int) -> dict[str, Any]:
        picture = Image.fromarray(found.data[row])
        if ask.size != SIZE:
            picture = picture.resize((ask.size, ask.size), Image.Resampling.LANCZOS)
        if ask.channels == 1:
            picture = picture.convert("L")
        image = np.asarray(picture).reshape(ask.size, ask.size, ask.channels)
        return {"image": image, "label": found.targets[row]}

    return Table([f"{FOLDER}/{row}" for row in range(len(found.data))], decode, found.classes)


LAYOUT = Layout(
    "cifar-10",
    1,
    here=lambda top: (top / FOLDER).is_dir(),
    splits=lambda top: ("train", "test"),
    table=_table,
    fields=("image", "label"),
    parts=lambda top: (FOLDER,),
    size=SIZE,
)
