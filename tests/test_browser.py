"""Labs 00, 01 and 03 as a student meets them: the launcher, JupyterLab, a browser, Run All, a slider."""

import os
from pathlib import Path

import pytest

from labkit.doctor import chromium
from tests.browser import MARKS, MEDIAN, WORST, browsing

pytest.importorskip("playwright", reason="playwright is not installed, so no browser was tried")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed, so no browser was tried")

pytestmark = MARKS


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a student")
    with browsing(folder / "work", chromium(), folder / "home") as browser:
        yield browser


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory):
    folder = Path(os.environ.get("LABKIT_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# 03 is the largest page: eight explorers with fourteen sliders, among forty pictures.
@pytest.mark.parametrize(("notebook", "moves"), [("00_start_here", 50), ("01_gan_basics", 50), ("03_stylegan", 12)])
def test_run_all_then_play(browser, screenshots, notebook, moves):
    with browser.open(f"{notebook}.ipynb") as page:
        page.screenshot(screenshots / f"{notebook}-opened.png")
        page.run_all(seconds=300)
        assert page.errors() == []
        sliders = page.sliders()
        assert sliders.count() > 0, "no slider to play with"
        delays = [page.move(slider, moves) for slider in sliders.all()]
        page.screenshot(screenshots / f"{notebook}-played.png")
    for number, figures in enumerate(delays):
        print(f"{notebook}, slider {number}: {figures}")
    assert [figures for figures in delays if figures.missed] == []
    assert [figures for figures in delays if figures.median > MEDIAN or figures.worst > WORST] == []
