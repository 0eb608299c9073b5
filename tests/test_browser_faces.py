"""The explorers of faces as a student meets them in JupyterLab: keys that press faces, move sliders, play a walk."""

import pytest

from tests.browser import MARKS, answers_at_once, cell, explorers

pytest.importorskip("playwright", reason="playwright is not installed, so no browser was tried")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed, so no browser was tried")

pytestmark = MARKS

CELLS = """
import torch
from labkit.models.dcgan import dcgan
from labkit.nn.directions import Directions
from labkit.widgets import Arithmetic, Sliders, Walk

torch.manual_seed(0)
game = dcgan((3, 64, 64), 100, 32)
with torch.no_grad():
    for _ in range(20):  # batch norm's averages: pictures of noise are as large as those of faces, grey ones are not
        game.generator.train()(torch.randn(16, 100))
    game.generator.layers[-2].weight.mul_(10)
latent = torch.randn(2000, 100)
names = ("Eyeglasses", "Smiling", "Hat", "Young", "Bald", "Beard")
directions = Directions.fit(latent, (latent[:, :6] > 0).float(), names)
# %%
Arithmetic(game, (1, 2, 3), (4, 5, 6), 7)
# %%
Sliders(game, directions, ("Eyeglasses", "Smiling", "Hat"), locked=("Young",))
# %%
Walk(game, (0, 1, 2))
"""
NAMES = ("arithmetic", "sliders", "walk")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The notebook, opened and run; the tests go down it one after the other."""
    with explorers(tmp_path_factory.mktemp("a student"), CELLS, NAMES) as page:
        yield page


def alts(of):
    return [image.get_attribute("alt") for image in of.locator("figure img").all()]


def until(page, happened, seconds=5):
    page._until(happened, seconds, "the page has answered")


@pytest.mark.parametrize(("number", "name"), list(enumerate(NAMES, start=1)))
def test_a_key_changes_the_picture_at_once(page, number, name):
    answers_at_once(page, number, name)


def test_keys_press_faces(page):
    of = cell(page, 1)
    faces = of.locator("button[class*=labkit-]")
    assert faces.count() == 24
    shown = faces.nth(8).evaluate("button => getComputedStyle(button).backgroundImage")
    assert shown.startswith('url("data:image/png'), "a face without its picture"
    before = alts(of)
    faces.nth(8).focus()
    page.page.keyboard.press("Enter")
    until(page, lambda: faces.nth(8).inner_text() == "8 · A")
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Space")
    until(page, lambda: faces.nth(9).inner_text() == "9 · A")
    until(page, lambda: alts(of) != before and "1, 2, 3, 8, 9" in alts(of)[0])
    assert "It is A: press to take it out" in faces.nth(9).get_attribute("title")
    of.locator("button:text-is('B')").press("Enter")
    faces.nth(9).press("Enter")
    until(page, lambda: faces.nth(9).inner_text() == "9 · B")


def test_undo_and_save_by_key(page):
    of = cell(page, 2)
    slider, now = of.locator(".noUi-handle").nth(1), alts(of)[1]
    slider.focus()
    page.page.keyboard.press("ArrowRight")
    until(page, lambda: "smiling" in alts(of)[1])
    of.locator("button:text-is('undo')").press("Enter")
    until(page, lambda: alts(of)[1] == now)
    of.locator("input[type=text]").last.fill("anna")
    of.locator("button:text-is('save face and vector')").press("Space")
    until(page, lambda: of.locator("[role=status]").count() and "anna.npz" in of.locator("[role=status]").inner_text())
    assert (page.path.parent / "anna.png").exists() and (page.path.parent / "anna.npz").exists()


def test_a_walk_is_played_to_its_end(page):
    of = cell(page, 3)
    slider = of.locator(".noUi-handle").first
    slider.focus()
    page.page.keyboard.press("Home")
    until(page, lambda: slider.get_attribute("aria-valuenow") == "0.0")
    of.locator("button:text-is('play')").press("Enter")
    of.locator("button:text-is('pause')").wait_for()
    until(page, lambda: slider.get_attribute("aria-valuenow") == "40.0", seconds=20)
    until(page, lambda: alts(of)[1].startswith("100 % of the way from face 1 to face 2"))
    of.locator("button:text-is('play')").wait_for()


def test_nothing_went_wrong_in_the_page(page):
    assert page.errors() == []
