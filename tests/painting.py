"""Painting in a browser: a small notebook with both explorers, and hands for their canvas."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from labkit.nn.palette import CLASS_COLOURS

SIDE = 64

# The shipped translators where there are some; else one of their size.
CELLS = """
import torch
from labkit import faces
from labkit.errors import UserError
from labkit.models.pix2pix import Pix2Pix
from labkit.recipes import load_game
from labkit.widgets import PaintDrawing, PaintLabels

def game(name, source):
    try:
        return load_game(name)[0]
    except UserError:
        torch.manual_seed(0)
        made = Pix2Pix((3, 64, 64), source=source, width=20, critic_width=8, patch=1)
        for p in made.generator.parameters():
            torch.nn.init.normal_(p, 0, 0.1)
        return made

people = faces.render(faces.sample(range(1_000_000_003, 1_000_000_006)), 64, ["labels", "drawing"])
# %%
PaintLabels(game("labels-to-face", "labels"), people["labels"])
# %%
PaintDrawing(game("drawing-to-face", "drawing"), people["drawing"][..., 0])
"""


def numbers(of: Any) -> np.ndarray:
    """The classes on the page's canvas, by their colours."""
    code = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    seen = np.array(of.locator("canvas.map").evaluate(code), np.int64).reshape(SIDE, SIDE, 4)[..., :3]
    return (seen[:, :, None] == CLASS_COLOURS.astype(np.int64)).all(-1).argmax(-1).astype(np.uint8)


def at(of: Any, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the canvas lies on the screen."""
    box = of.locator("canvas.map").bounding_box()
    return box["x"] + (x + 0.5) * box["width"] / SIDE, box["y"] + (y + 0.5) * box["height"] / SIDE


def stroke(page: Any, of: Any, path: Sequence[tuple[float, float]]) -> list[float]:
    """Paint along a path with the mouse; the milliseconds until the picture has changed, move by move."""
    page.mouse.move(*at(of, *path[0]))
    page.mouse.down()
    times = []
    for x, y in path[1:]:
        page.evaluate("() => { window.seen.key = 0 }")
        page.mouse.move(*at(of, x, y))
        found = page.wait_for_function("() => window.seen.changed && window.seen.changed - window.seen.key")
        times.append(found.json_value())
        page.wait_for_timeout(40)
    page.mouse.up()
    return times
