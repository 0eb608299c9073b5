"""A student at a browser: the launcher, notebooks in a real JupyterLab, a real Chromium, sliders that are moved."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from labkit.doctor import chromium

MEDIAN, WORST = 120, 300
"""Milliseconds from a key to the changed picture (design.md, section 5)."""
OPENING = 90.0
"""Seconds that a page or a kernel may take to appear on a busy machine."""

# Timed inside the page, where no driver's round trips are counted: from the key, or a stroke with the button down, to
# the first frame after a picture with another address has been decoded.
WATCH = """
() => {
  const seen = window.seen = {key: 0, changed: 0, count: 0};
  const done = () => requestAnimationFrame(() => {
    if (seen.key && !seen.changed) seen.changed = performance.now();
    seen.count += 1;
  });
  const start = () => { seen.key = performance.now(); seen.changed = 0; };
  document.addEventListener('keydown', start, true);
  document.addEventListener('pointermove', event => { if (event.buttons) start(); }, true);
  new MutationObserver(changes => {
    for (const change of changes) {
      const fresh = change.type === 'attributes' ? [change.target]
        : [...change.addedNodes].flatMap(n => n.querySelectorAll ? [n, ...n.querySelectorAll('img, canvas')] : []);
      for (const node of fresh) {
        if (node.tagName === 'IMG') node.decode().then(done, () => {});
        if (node.tagName === 'CANVAS') done();
      }
    }
  }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
}
"""


@dataclass(frozen=True)
class Delays:
    """From key to changed picture, in milliseconds, and the moves after which no picture changed."""

    times: tuple[float, ...]
    missed: int

    @property
    def median(self) -> float:
        return sorted(self.times)[len(self.times) // 2]

    @property
    def worst(self) -> float:
        return max(self.times)

    def __str__(self) -> str:
        if not self.times:
            return f"no picture changed in {self.missed} moves"
        figures = f"median {self.median:.0f} ms, worst {self.worst:.0f} ms"
        return f"{len(self.times)} moves: {figures}; {self.missed} without a change"


class Page:
    """One notebook, open in JupyterLab."""

    def __init__(self, page: Any, server: str, token: str, path: Path):
        self.page, self.path = page, path
        self._api = f"{server}/api/kernels?token={token}"
        self._errors: list[str] = []
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        # a workspace of its own: JupyterLab would open the last notebook again beside this one
        page.goto(f"{server}/lab/workspaces/{path.stem}/tree/{path.name}?token={token}", timeout=OPENING * 1000)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=OPENING * 1000)
        self._until(lambda: self._kernels(), OPENING, "a kernel has started")

    def _until(self, happened, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds:.0f} s: {what}")
            self.page.wait_for_timeout(250)

    def _kernels(self) -> list[dict[str, Any]]:
        for _ in range(10):
            try:
                with urllib.request.urlopen(self._api, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError:  # 500 while a kernel comes or goes
                self.page.wait_for_timeout(500)
        raise TimeoutError("the server does not list its kernels")

    def run_all(self, seconds: float) -> None:
        """Run → Run All Cells, and wait until every code cell has run, or one has failed."""
        self.page.click(".lm-MenuBar-itemLabel:text-is('Run')")
        self.page.click(".lm-Menu-itemLabel:text-is('Run All Cells')")
        self._until(self._has_run, seconds, "every cell has run")
        self.page.wait_for_timeout(500)

    def _has_run(self) -> bool:
        if any(kernel["execution_state"] != "idle" for kernel in self._kernels()):
            return False
        self.page.keyboard.press("Control+s")
        self.page.wait_for_timeout(500)
        return bool(self.errors()) or all(cell["execution_count"] for cell in self.cells() if "".join(cell["source"]))

    def cells(self) -> list[dict[str, Any]]:
        """The code cells as JupyterLab has saved them."""
        for _ in range(20):
            with contextlib.suppress(json.JSONDecodeError):  # half of it is written
                notebook = json.loads(self.path.read_text(encoding="utf-8"))
                break
            self.page.wait_for_timeout(250)
        return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]

    def errors(self) -> list[str]:
        """What went wrong in the cells and in the page."""
        outputs = [output for cell in self.cells() for output in cell["outputs"] if output["output_type"] == "error"]
        return [f"{output['ename']}: {output['evalue']}" for output in outputs] + self._errors

    def sliders(self) -> Any:
        """The handles of all sliders, from top to bottom; every part of the notebook is scrolled into being first."""
        for cell in self.page.locator(".jp-Notebook .jp-Cell").all():
            cell.scroll_into_view_if_needed()
        return self.page.locator(".jupyter-widgets .noUi-handle")

    def move(self, slider: Any, moves: int, *, patience: float = 3.0) -> Delays:
        """Move a slider with the arrow keys, to the right until its end and back again, and time the picture."""
        slider.scroll_into_view_if_needed()
        self.page.evaluate(WATCH)
        slider.focus()
        times, missed, key = [], 0, "ArrowRight"
        for _ in range(moves):
            now = slider.get_attribute("aria-valuenow")
            if now == slider.get_attribute("aria-valuemax"):
                key = "ArrowLeft"
            elif now == slider.get_attribute("aria-valuemin"):
                key = "ArrowRight"
            self.page.evaluate("() => { window.seen.key = 0 }")
            self.page.keyboard.press(key)
            end = time.monotonic() + patience
            delay = None
            while delay is None and time.monotonic() < end:
                self.page.wait_for_timeout(15)
                delay = self.page.evaluate("() => window.seen.changed ? window.seen.changed - window.seen.key : null")
            if delay is None:
                missed += 1
            else:
                times.append(delay)
            self.page.wait_for_timeout(60)  # a picture that comes late is not the next move's
        return Delays(tuple(times), missed)

    def screenshot(self, path: Path) -> None:
        """What is on the screen now."""
        self.page.screenshot(path=path)


class Browser:
    """JupyterLab on a folder, and a Chromium that looks at it."""

    def __init__(self, chromium: Any, server: str, token: str, work: Path):
        self._chromium, self._server, self._token, self._work = chromium, server, token, work

    @contextlib.contextmanager
    def open(self, notebook: str) -> Iterator[Page]:
        """Open a notebook; its kernel ends with it."""
        page = self._chromium.new_page(viewport={"width": 1400, "height": 1000})
        opened = Page(page, self._server, self._token, self._work / notebook)
        try:
            yield opened
        finally:
            for kernel in opened._kernels():
                address = f"{self._server}/api/kernels/{kernel['id']}?token={self._token}"
                urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=30).close()
            page.close()

    @contextlib.contextmanager
    def classic(self, notebook: str) -> Iterator[Any]:
        """Open a notebook in the classic page, where nbclassic is installed: the bare page of the driver."""
        page = self._chromium.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{self._server}/nbclassic/notebooks/{notebook}?token={self._token}", timeout=OPENING * 1000)
        yield page
        page.close()


@contextlib.contextmanager
def browsing(work: Path, executable: str, home: Path) -> Iterator[Browser]:
    """Run ``labkit lab WORK --no-browser`` as a student does, read the address that it prints, and start a browser.

    Args:
        work: the student's folder.
        executable: path of a Chromium.
        home: where Jupyter keeps its settings meanwhile, so that the tester's own play no part.
    """
    from playwright.sync_api import sync_playwright

    own = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    command = [sys.executable, "-u", "-m", "labkit", "lab", str(work), "--no-browser"]
    environment = {**os.environ, **own, "JUPYTERLAB_SETTINGS_DIR": str(home / "settings")}
    launcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert launcher.stdout is not None
        address = next((found[0] for line in launcher.stdout if (found := re.search(r"http://\S+", line))), None)
        assert address, "labkit lab printed no address"
        server, token = address.split("/lab/")[0], address.split("token=")[1]
        flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=executable, args=flags)
            yield Browser(chromium, server, token, work)
            chromium.close()
    finally:
        launcher.terminate()
        launcher.wait(timeout=60)


def write_notebook(path: Path, cells: str) -> None:
    """A notebook of code cells that are parted by ``# %%``."""
    made = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "source": source.strip(),
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for i, source in enumerate(cells.split("# %%"))
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")


MARKS = [
    pytest.mark.alone,
    pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine, so no browser was tried"),
]
"""Of every file of tests that needs a browser."""


@contextlib.contextmanager
def explorers(folder: Path, cells: str, names: Sequence[str]) -> "Iterator[Page]":
    """A notebook of these cells, opened and run without an error. Explorers stand in the cells from the second on.

    Args:
        folder: an empty one.
        cells: see `write_notebook`.
        names: of the explorers, for their pictures in the folder that LABKIT_SCREENSHOTS names.
    """
    work = folder / "work"
    work.mkdir()
    write_notebook(work / "explorers.ipynb", cells)
    with browsing(work, chromium(), folder / "home") as browser, browser.open("explorers.ipynb") as page:
        page.run_all(seconds=120)
        assert page.errors() == []
        yield page
        if shots := os.environ.get("LABKIT_SCREENSHOTS"):
            for number, name in enumerate(names, start=1):
                cell(page, number).screenshot(path=Path(shots) / f"{name.replace(' ', '-')}.png")


def cell(page: "Page", number: int) -> Any:
    """A code cell, scrolled into view, with its picture."""
    found = page.page.locator(".jp-CodeCell").nth(number)
    found.scroll_into_view_if_needed()
    found.locator("img").first.wait_for()
    return found


def answers_at_once(page: "Page", number: int, name: str) -> None:
    """Fifty moves of an explorer's first slider by key: each changes the picture, within design.md's times."""
    delays = page.move(cell(page, number).locator(".noUi-handle").first, moves=50)
    print(f"{name}: {delays}")
    assert delays.missed == 0
    assert delays.median <= MEDIAN and delays.worst <= WORST
