"""The measurement of CelebA's epoch: both sides give the same pictures, and ours are there ten times sooner."""

import os

import numpy as np
import pytest
import torch

from labkit.bench import celeba_speed, measure
from labkit.bench.results import data
from labkit.bench.table import table
from labkit.bench.textbook import celeba_loader
from labkit.data import open as open_data
from tests.data.made import save
from tests.data.test_celeba import celeba

PACKS = os.environ.get("LABKIT_TEST_DATA", "")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("LABKIT_TEST_DATA", raising=False)


def test_both_sides_give_the_same_pictures(tmp_path):
    top = celeba(tmp_path / "cache" / "celeba")
    rng = np.random.default_rng(0)
    for path in (top / "img_align_celeba").iterdir():
        coarse = rng.integers(0, 256, (11, 9, 3), np.uint8)
        save(np.asarray(np.kron(coarse, np.ones((20, 20, 1), np.uint8)))[:218, :178], path, quality=95)
    measure._as_torchvision_wants_it(top, tmp_path / "celeba")
    theirs = torch.cat([images for images, _ in celeba_loader(tmp_path, 64, 1, workers=0)])
    batch = open_data("celeba", size=64).tensor(range(4))
    assert len(theirs) == 4  # the official split's
    for ours in batch["image"]:
        assert (theirs - ours).abs().mean((1, 2, 3)).min() < 0.04


def test_without_photographs_nothing_is_claimed():
    assert celeba_speed() is None and data() == {}
    assert "CelebA" not in table({"where": {"data": "today on this"}, "data": {}})


def test_the_figure_lands_in_the_table():
    one = {"name": "CelebA alone, 64 px", "ours": 3000.0, "textbook": 100.0, "ratio": 30.0, "note": ""}
    text = table({"where": {"data": "today on this"}, "data": {"celeba": one}})
    assert "| CelebA alone, 64 px | × 30.00 (3,000 against 100 images/s) | ≥ 10 |" in text


@pytest.mark.alone
@pytest.mark.skipif(not PACKS, reason="LABKIT_TEST_DATA does not name the real photographs")
def test_the_real_photographs_come_ten_times_faster(monkeypatch):
    monkeypatch.setenv("LABKIT_TEST_DATA", PACKS)
    found = celeba_speed(rounds=2)
    print(f"CelebA: × {found.ratio:.0f} ({found.note})")
    assert found.ratio >= 10
