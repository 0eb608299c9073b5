"""Untrained games, saved as runs, and a look at what they are shown."""

import numpy as np
import pytest

from labkit import data, recipes
from labkit.models.cyclegan import CycleGAN
from labkit.models.pix2pix import Pix2Pix
from tests.translate.files import noise


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Makes a run of a lab with these options, of an untrained game for 32 px."""
    folder, made = tmp_path_factory.mktemp("runs"), {}
    fields = {"image": noise(8, 32, 32, 3), "other": noise(8, 32, 32, 3), "paired": noise(8, 32, 32, 3)}
    fields |= {"labels": noise(8, 32, 32) % 19, "drawing": noise(8, 32, 32, 1)}
    fields |= {"landmarks": np.zeros((8, 68, 2), np.float32)}
    faces = data.Dataset("made here", fields)

    def run(lab, **change):
        key = f"{lab} {change}"
        if key not in made:
            made[key] = str(folder / f"run {len(made)}")
            small = {"critic_width": 8, "patch": 1, "width": 8} if lab != "gan" else {}
            options = {"change": {**small, **change}, "scale": "smoke", "progress": "none", "threads": 1}
            with pytest.MonkeyPatch.context() as patch:  # `shown` is about translations, not about previews
                for game in (Pix2Pix, CycleGAN):
                    patch.setattr(game, "preview", lambda self, batch: batch["image"])
                recipes.train_lab(lab, data=faces, run=made[key], steps=1, batch=2, device="cpu", **options)
        return made[key]

    return run


@pytest.fixture
def shown(monkeypatch):
    """What the games are shown; they answer with their first planes."""
    seen = []

    def translate(self, source, back=False):
        seen.append(source)
        return (-source if back else source)[:, :3].clamp(-1, 1).expand(-1, 3, -1, -1)

    monkeypatch.setattr(Pix2Pix, "translate", translate)
    monkeypatch.setattr(CycleGAN, "translate", translate)
    return seen
