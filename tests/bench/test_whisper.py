"""The hidden message of Lab 05, measured: what is trained, what is compared."""

import numpy as np

from labkit.bench import whisper as module


def test_grey_is_one_number_for_three():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), np.uint8)
    plain = module.grey(pictures)
    assert plain.dtype == np.uint8 and plain.shape == pictures.shape
    assert (plain == plain[..., :1]).all()
    assert np.array_equal(module.grey(plain), plain)


def test_before_training_nothing_is_hidden(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "TRAINED", 32)
    monkeypatch.setattr(module, "NEW", 12)
    found = module.whisper(minutes=None, steps=1, sheet=tmp_path / "sheet.png")
    assert found["images"] == 8 and len(found["own"]) == len(found["true"]) == len(found["noise"])
    assert min(found["own"]) > min(found["true"]) - 2 > 5
    assert found["apart"] > 5 and (tmp_path / "sheet.png").stat().st_size > 1000
