"""The painting explorer outside of JupyterLab: a page that loads widgets by RequireJS, as Colab and VS Code do.

Neither can be started here. What they share with the classic notebook is how a widget reaches the page: anywidget as an
AMD module on Backbone's models, in a host that knows nothing of JupyterLab's styles and shortcuts.
"""

import contextlib

import numpy as np
import pytest

from labkit import faces
from labkit.doctor import chromium
from labkit.nn.palette import PARTS
from labkit.widgets.strokes import brush
from tests.browser import MARKS, OPENING, WATCH, browsing, write_notebook
from tests.painting import CELLS, numbers, stroke

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed, so no browser was tried")
pytest.importorskip("nbclassic", reason="nbclassic is not installed, so the classic notebook was not tried")

pytestmark = MARKS

READY = "() => window.Jupyter?.notebook?.kernel?.is_connected()"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classic")
    work = folder / "work"
    work.mkdir()
    write_notebook(work / "classic.ipynb", CELLS)
    with browsing(work, chromium(), folder / "home") as browser, browser.classic("classic.ipynb") as page:
        page.wait_for_function(READY, timeout=OPENING * 1000)
        for _ in range(4):  # widgets are an extension, which may come after the kernel: what was shown before is lost
            page.evaluate("() => Jupyter.notebook.execute_all_cells()")
            with contextlib.suppress(sync_api.TimeoutError):
                page.locator("canvas.map").nth(1).wait_for(timeout=OPENING * 250)
                break
        yield page


def test_a_stroke_is_painted_answered_and_undone(page):
    of = page.locator(".code_cell").nth(1)
    loaded = faces.render(faces.sample([1_000_000_003]), 64, ["labels"])["labels"][0]
    of.scroll_into_view_if_needed()
    assert np.array_equal(numbers(of), loaded)
    hat = PARTS.index("hat")
    of.locator(".parts label.choice", has_text="hat").first.locator("input").check()
    page.evaluate(WATCH)
    path = [(12 + 2 * k, 10) for k in range(21)]
    times = stroke(page, of, path)
    print(f"the classic notebook: median {sorted(times)[len(times) // 2]:.0f} ms")
    assert (numbers(of) != brush(loaded, path, hat, 5)).sum() <= 6
    of.locator("img[alt*='painted by you']").wait_for()
    of.locator("canvas.map").focus()
    for key in ("z", "a", "b", "x"):  # in the notebook's command mode a, b and x would change its cells
        page.keyboard.press(key)
    of.locator("img[alt*='as it was loaded']").wait_for()
    assert np.array_equal(numbers(of), loaded)
    assert page.locator(".code_cell").count() == 3
