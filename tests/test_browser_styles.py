"""The explorers of styles, and of what CycleGAN hides, as a student meets them in JupyterLab: each answers at once."""

import pytest

from tests.browser import MARKS, answers_at_once, cell, explorers

pytest.importorskip("playwright", reason="playwright is not installed, so no browser was tried")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed, so no browser was tried")

pytestmark = MARKS

# The shipped generator where there is one; else its sizes, drawn large enough to be seen.
CELLS = """
import torch
from labkit import faces
from labkit.errors import UserError
from labkit.models.spaces import w_space, z_space
from labkit.models.stylegan import StyleGAN
from labkit.nn.directions import Directions
from labkit.recipes import load_game, settings_for
from labkit.widgets import LayerSources, Message, NoiseLayers, StyleMixing, Truncation, TwoSpaces, Unlabelled

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
people = faces.render(faces.sample(range(1_000_000_003, 1_000_000_006)), 64, ["image"])["image"]
Message(load_game("face-to-cartoon")[0], torch.from_numpy(people).permute(0, 3, 1, 2).float() / 127.5 - 1)
# %%
LayerSources(game)
"""
SLIDERS = ("mixing", "truncation", "noise", "two spaces", "unlabelled", "message")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The notebook, opened and run; the tests go down it one after the other."""
    with explorers(tmp_path_factory.mktemp("styles"), CELLS, (*SLIDERS, "sources")) as page:
        yield page


@pytest.mark.parametrize(("number", "name"), list(enumerate(SLIDERS, start=1)))
def test_a_key_changes_the_picture_at_once(page, number, name):
    answers_at_once(page, number, name)


def test_a_layer_takes_its_style_from_another_face_by_key(page):
    of = cell(page, 7)
    mix = of.locator("figure img").last
    before, words = mix.get_attribute("src"), mix.get_attribute("alt")
    button = of.locator("button[title='layer 2 takes its style from face C']")
    button.focus()
    page.page.keyboard.press("Enter")
    page._until(lambda: mix.get_attribute("src") != before, 5, "the mix has changed")
    assert "from C: 2" in mix.get_attribute("alt") and mix.get_attribute("alt") != words


def test_every_slider_has_a_name(page):
    """A screen reader says it; ipywidgets alone ties no label to a handle."""
    named = [slider.get_attribute("aria-label") for slider in page.sliders().all()]
    assert len(named) >= len(SLIDERS) and all(named)
    assert cell(page, 2).get_by_role("slider", name="ψ").count() == 1


def test_nothing_went_wrong_in_the_page(page):
    assert page.errors() == []
