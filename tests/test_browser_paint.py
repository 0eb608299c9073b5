"""The painting explorer as a student meets it in JupyterLab: mouse, finger and keys, each answered at once."""

import numpy as np
import pytest

from labkit import faces
from labkit.nn.palette import PARTS
from labkit.widgets.strokes import brush, fill
from tests.browser import MARKS, Delays, cell, explorers
from tests.browser import WATCH as WATCHING
from tests.painting import CELLS, SIDE, at, numbers, stroke

pytest.importorskip("playwright", reason="playwright is not installed, so no browser was tried")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed, so no browser was tried")

pytestmark = MARKS

MEDIAN = 150
"""Milliseconds from a stroke to the changed picture."""
HAT, HAIR = PARTS.index("hat"), PARTS.index("hair")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The notebook, opened and run; the tests go down it one after the other."""
    with explorers(tmp_path_factory.mktemp("painting"), CELLS, ("painting labels", "painting a drawing")) as page:
        yield page


@pytest.fixture(scope="module")
def loaded():
    """What the first explorer begins with."""
    return faces.render(faces.sample([1_000_000_003]), SIDE, ["labels"])["labels"][0]


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
