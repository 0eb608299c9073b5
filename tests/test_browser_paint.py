"""The painting explorer as a student meets it in JupyterLab: mouse, finger and keys, each answered at once."""

import numpy as np
import pytest

from labkit import faces
from labkit.nn.palette import CLASS_COLOURS, PARTS
from labkit.widgets.strokes import brush, fill
from tests.browser import MARKS, Delays, cell, explorers
from tests.browser import WATCH as WATCHING

pytest.importorskip("playwright", reason="playwright is not installed, so no browser was tried")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed, so no browser was tried")

pytestmark = MARKS

MEDIAN = 150
"""Milliseconds from a stroke to the changed picture."""
SIDE, HAT, HAIR = 64, PARTS.index("hat"), PARTS.index("hair")

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


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The notebook, opened and run; the tests go down it one after the other."""
    with explorers(tmp_path_factory.mktemp("painting"), CELLS, ("painting labels", "painting a drawing")) as page:
        yield page


@pytest.fixture(scope="module")
def loaded():
    """What the first explorer begins with."""
    return faces.render(faces.sample([1_000_000_003]), SIDE, ["labels"])["labels"][0]


def numbers(of) -> np.ndarray:
    """The classes on the page's canvas, by their colours."""
    code = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    seen = np.array(of.locator("canvas.map").evaluate(code), np.int64).reshape(SIDE, SIDE, 4)[..., :3]
    return (seen[:, :, None] == CLASS_COLOURS.astype(np.int64)).all(-1).argmax(-1).astype(np.uint8)


def at(of, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the canvas lies on the screen."""
    box = of.locator("canvas.map").bounding_box()
    return box["x"] + (x + 0.5) * box["width"] / SIDE, box["y"] + (y + 0.5) * box["height"] / SIDE


def stroke(page, of, path) -> list[float]:
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


def choose(of, part: str) -> None:
    of.locator(".parts label.choice", has_text=part).first.locator("input").check()


def settled(page, of, words: str) -> None:
    page._until(lambda: words in of.locator("img").get_attribute("alt"), 5, f"the picture's words say {words!r}")


def test_the_page_shows_the_label_map_and_the_face(page, loaded):
    of = cell(page, 1)
    assert np.array_equal(numbers(of), loaded)
    assert of.locator("img").get_attribute("src").startswith("data:image/png;base64,")
    assert "as it was loaded" in of.locator("img").get_attribute("alt")


def test_a_stroke_by_mouse_is_painted_and_answered_at_once(page, loaded):
    of = cell(page, 1)
    choose(of, "hat")
    page.page.evaluate(WATCHING)
    path = [(12 + 0.8 * k, 10 + 4 * np.sin(k / 6)) for k in range(51)]
    delays = Delays(tuple(stroke(page.page, of, path)), 0)
    print(f"painting: {delays}")
    right = brush(loaded, path, HAT, 5)
    assert (numbers(of) != right).sum() <= 6  # the screen's pixels are no finer than its mouse
    assert (right != loaded).sum() > 100
    assert delays.median <= MEDIAN and delays.worst <= 400


def test_undo_takes_the_whole_stroke_back_and_redo_does_it_again(page, loaded):
    of = cell(page, 1)
    painted = numbers(of)
    of.locator("button", has_text="undo").click()
    assert np.array_equal(numbers(of), loaded)
    settled(page, of, "as it was loaded")
    of.locator("button", has_text="redo").click()
    assert np.array_equal(numbers(of), painted)
    settled(page, of, "painted by you")
    of.locator("button", has_text="as it was").click()
    settled(page, of, "as it was loaded")
    assert np.array_equal(numbers(of), loaded)


def test_keys_paint_fill_and_undo_and_the_notebook_keeps_its_hands_off(page, loaded):
    of, before = cell(page, 1), len(page.cells())
    choose(of, "hair")
    of.locator("canvas.map").focus()
    keys = page.page.keyboard
    for key in ["Shift+ArrowUp"] * 12 + ["Shift+ArrowLeft"] * 12 + ["Space"]:  # the upper left corner
        keys.press(key)
    cornered = brush(loaded, [(0, 0)], HAIR, 5)
    assert np.array_equal(numbers(of), cornered)
    assert "column 1, row 1: hair" in of.locator(".live").inner_text()
    for key in ("z", "f"):
        keys.press(key)
    assert np.array_equal(numbers(of), fill(loaded, 0, 0, HAIR))
    keys.press("z")
    for key in ("d", "ArrowRight", "ArrowRight", "d"):  # the brush stays down
        keys.press(key)
    assert np.array_equal(numbers(of), brush(loaded, [(0, 0), (2, 0)], HAIR, 5))
    for key in ("z", "z", "a", "b", "x"):  # in a notebook's command mode these would change its cells
        keys.press(key)
    assert np.array_equal(numbers(of), loaded) and len(page.cells()) == before


def test_a_finger_paints(page, loaded):
    of = cell(page, 1)
    choose(of, "hat")
    touch = page.page.context.new_cdp_session(page.page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        some = [dict(zip("xy", at(of, *point))) for point in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": some})

    send("touchStart", (20, 10))
    send("touchMove", (30, 10))
    send("touchMove", (40, 10))
    send("touchEnd")
    assert (numbers(of) != brush(loaded, [(20, 10), (40, 10)], HAT, 5)).sum() <= 6
    settled(page, of, "painted by you")


def test_another_face_can_be_loaded(page, loaded):
    of = cell(page, 1)
    of.locator("button", has_text="another face").click()
    settled(page, of, "as it was loaded")
    assert (numbers(of) != loaded).any()


def test_the_pen_draws(page):
    of = cell(page, 2)
    page.page.mouse.move(*at(of, 10, 5))
    page.page.mouse.down()
    page.page.mouse.move(*at(of, 50, 5), steps=8)
    page.page.mouse.up()
    settled(page, of, "drawn by you")
    row = of.locator("canvas.map").evaluate("c => [...c.getContext('2d').getImageData(0, 5, 64, 1).data]")
    assert max(row[4 * 11 : 4 * 50 : 4]) == 0  # black from column 11 to 49


def test_nothing_went_wrong_in_the_page(page):
    assert page.errors() == []
