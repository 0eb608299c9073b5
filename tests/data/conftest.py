import os
from pathlib import Path

import pytest

from labkit.data import catalogue, digits


@pytest.fixture(autouse=True)
def cache_root(tmp_path, monkeypatch) -> Path:
    """Every test has a cache of its own and no packs; those that want real MNIST ask for it."""
    root = tmp_path / "cache"
    monkeypatch.setenv("LABKIT_DATA", str(root))
    monkeypatch.delenv("LABKIT_TEST_DATA", raising=False)
    monkeypatch.setattr(catalogue, "_unreachable", {})
    return root


@pytest.fixture
def few_digits(monkeypatch) -> None:
    """The built-in digits, only 300 and 100 of them."""
    monkeypatch.setattr(digits, "SIZES", {"train": 300, "test": 100})


_PACKS = os.environ.get("LABKIT_TEST_DATA")


@pytest.fixture
def packs(monkeypatch) -> Path:
    """The folder with the packs of real data."""
    if not _PACKS or not (Path(_PACKS) / "mnist").is_dir():
        pytest.skip("LABKIT_TEST_DATA does not name a folder with the real MNIST files")
    path = Path(_PACKS).resolve()
    monkeypatch.setenv("LABKIT_TEST_DATA", str(path))
    return path
