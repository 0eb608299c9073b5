"""Explorers answer at once, follow their controls, speak, and have picture twins."""

import base64
import io
import re
import statistics
import time

import numpy as np
import pytest
import torch
from PIL import Image

from labkit.models.cgan import ConditionalGAN
from labkit.models.dcgan import dcgan
from labkit.widgets import Between, DrawMe, keep, show, two_players


def decode(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("L"))


@pytest.fixture(scope="module")
def writer():
    torch.manual_seed(0)
    return ConditionalGAN(width=32)


@pytest.fixture(scope="module")
def plain():
    torch.manual_seed(0)
    return dcgan((1, 28, 28), 64, 32)


def test_every_control_changes_the_picture(writer, plain):
    for explorer, moves in ((DrawMe(writer), {"digit": 3, "hand": 90}), (Between(plain), {"t": 0.2})):
        before = explorer.render()
        assert explorer.render() == before
        for name, value in moves.items():
            assert explorer.render(**{name: value}) != before, name


def test_a_moved_slider_changes_the_page_and_its_words(writer):
    explorer = DrawMe(writer)
    assert explorer.widget is explorer.widget
    html = explorer.widget.children[-1].value
    explorer.controls["digit"].value = 2
    changed = explorer.widget.children[-1].value
    assert changed != html and 'alt="three drawings of the digit 2' in changed
    code = re.search(r"base64,([^\"]+)", changed).group(1)
    assert decode(base64.b64decode(code)).shape == (28, 88)
    explorer.controls["new"].click()
    assert explorer.widget.children[-1].value != changed


def test_a_new_picture_has_its_place_before_it_is_decoded(writer, plain):
    """Without the shape the page below collapses and comes back at every move."""
    for explorer in (DrawMe(writer), Between(plain)):
        html = explorer.widget and explorer._view.value
        wide, high = Image.open(io.BytesIO(base64.b64decode(re.search('base64,([^"]+)', html)[1]))).size
        assert f"aspect-ratio:auto {wide}/{high};" in html


def test_between_starts_at_a_and_ends_at_b(plain):
    explorer = Between(plain)
    for t, end in ((0.0, 0), (1.0, 2)):
        shown = decode(explorer.render(t=t))
        tiles = [shown[:, left : left + 28] for left in (0, 30, 60)]
        assert np.abs(tiles[1].astype(int) - tiles[end]).max() <= 1


def test_picture_twins(writer, plain):
    assert decode(DrawMe(writer).picture(hands=4)).shape == (2 * (10 * 30 - 2), 2 * (4 * 30 - 2))
    assert decode(Between(plain).picture(5)).shape == (3 * 28, 3 * (5 * 30 - 2))


@pytest.mark.alone
def test_callback_to_encoded_picture(writer, plain):
    """Median of 50 on one thread: at most 50 ms."""
    for explorer, name, values in (
        (DrawMe(writer), "hand", range(0, 250, 5)),
        (Between(plain), "t", np.linspace(0, 1, 50)),
    ):
        explorer.render()
        times = []
        for value in values:
            start = time.perf_counter()
            explorer.render(**{name: value})
            times.append(1000 * (time.perf_counter() - start))
        print(f"{type(explorer).__name__}: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms")
        assert statistics.median(times) <= 50


def test_a_kept_picture_says_that_it_is_synthetic(tmp_path):
    path = keep(torch.zeros(4, 1, 8, 8), tmp_path / "mine.png", "Four grey squares.")
    with Image.open(path) as picture:
        assert "Synthetic" in picture.text["Description"] and "Four grey squares" in picture.text["Description"]
        page = np.asarray(picture.convert("L"))
    assert (page[-20:] < 160).any(), "no visible mark"


def test_pictures_carry_their_words(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    show(torch.zeros(2, 1, 8, 8), "Two squares.")
    assert 'alt="Two squares."' in shown[0].data and "<figcaption>Two squares.</figcaption>" in shown[0].data
    svg = two_players()._repr_html_()
    assert 'role="img"' in svg and "G never sees a real image" in svg
