"""The explorers of styles as a student meets them in JupyterLab: each answers a key at once."""

import os
from pathlib import Path

import pytest

from labkit.doctor import chromium
from tests.browser import browsing, write_notebook
from tests.test_browser import MEDIAN, WORST

pytest.importorskip("playwright", reason="playwright is not installed, so no browser was tried")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed, so no browser was tried")

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine, so no browser was tried"),
]

# The shipped generator where there is one; else its sizes, drawn large enough to be seen.
CELLS = """
import torch
from labkit.errors import UserError
from labkit.models.spaces import w_space, z_space
from labkit.models.stylegan import StyleGAN
from labkit.nn.directions import Directions
from labkit.recipes import load_game, settings_for
from labkit.widgets import LayerSources, NoiseLayers, StyleMixing, Truncation, TwoSpaces, Unlabelled

torch.manual_seed(0)
try:
    game, _ = load_game("stylegan")
except UserError:
    game = StyleGAN((3, 64, 64), **settings_for("stylegan", "gpu")[0]).eval()
    for layer in game.synthesis.layers:
        torch.nn.init.constant_(layer.strength, 0.3)
Z, W = z_space(game), w_space(game)
z = Z.latent(1000, torch.Generator().manual_seed(0))
w = W.to_style(game.mapping(z)).detach()
names = ("Eyeglasses", "Smiling")
directions = tuple(Directions.fit(x, (z[:, :2] > 0).float(), names) for x in (z, w))
# %%
StyleMixing(game)
# %%
Truncation(game)
# %%
NoiseLayers(game)
# %%
TwoSpaces(Z, W, directions, amounts=(dict.fromkeys(names, 8.0), dict.fromkeys(names, 8.0)))
# %%
Unlabelled(game, {"coordinates": torch.eye(w.shape[1])})
# %%
LayerSources(game)
"""
SLIDERS = ("mixing", "truncation", "noise", "two spaces", "unlabelled")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The notebook, opened and run; the tests go down it one after the other."""
    folder = tmp_path_factory.mktemp("styles")
    work = folder / "work"
    work.mkdir()
    write_notebook(work / "styles.ipynb", CELLS)
    with browsing(work, chromium(), folder / "home") as browser, browser.open("styles.ipynb") as page:
        page.run_all(seconds=120)
        assert page.errors() == []
        yield page
        shots = os.environ.get("LABKIT_SCREENSHOTS")
        if shots:
            for number, name in enumerate((*SLIDERS, "sources"), start=1):
                cell(page, number).screenshot(path=Path(shots) / f"styles-{name.replace(' ', '-')}.png")


def cell(page, number):
    found = page.page.locator(".jp-CodeCell").nth(number)
    found.scroll_into_view_if_needed()
    found.locator("img").first.wait_for()
    return found


@pytest.mark.parametrize(("number", "name"), list(enumerate(SLIDERS, start=1)))
def test_a_key_changes_the_picture_at_once(page, number, name):
    delays = page.move(cell(page, number).locator(".noUi-handle").first, moves=50)
    print(f"{name}: {delays}")
    assert delays.missed == 0
    assert delays.median <= MEDIAN and delays.worst <= WORST


def test_a_layer_takes_its_style_from_another_face_by_key(page):
    of = cell(page, 6)
    mix = of.locator("figure img").last
    before, words = mix.get_attribute("src"), mix.get_attribute("alt")
    button = of.locator("button[title='layer 2 takes its style from face C']")
    button.focus()
    page.page.keyboard.press("Enter")
    page._until(lambda: mix.get_attribute("src") != before, 5, "the mix has changed")
    assert "from C: 2" in mix.get_attribute("alt") and mix.get_attribute("alt") != words


def test_nothing_went_wrong_in_the_page(page):
    assert page.errors() == []
