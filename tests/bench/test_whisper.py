"""The hidden message of Lab 05, measured: on a game whose message is known, and on one that has learned nothing yet."""

import pytest
import torch

from labkit.bench import whisper as module
from labkit.models.cyclegan import CycleGAN


class Hider(CycleGAN):
    """G draws grey, and writes the colours into it at a fiftieth of their size; F reads nothing else."""

    def translate(self, image, back=False):
        plain = image.mean(1, keepdim=True)
        return plain + 50 * (image - plain) if back else plain + (image - plain) / 50


def test_a_message_is_lost_in_noise():
    a = torch.rand(20, 3, 32, 32, generator=torch.Generator().manual_seed(0)) - 0.5
    game = Hider((3, 32, 32), 4, 1, 4, 1)
    found = module.ways_back(game, a, a.mean(1, keepdim=True).expand(-1, 3, -1, -1))
    own, true = found["own"], found["true"]
    assert own[0] < true[0] - 10  # 8 bits spoil some of so small a message
    assert own == sorted(own) and own[-1] == pytest.approx(true[-1], rel=0.02)


def test_before_training_nothing_is_hidden(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    real = module.datasets.open
    monkeypatch.setattr(module.datasets, "open", lambda name, **ask: real(name, **{"count": 64, **ask}))
    monkeypatch.setattr(module, "N", 12)
    found = module.whisper(tmp_path / "sheet.png", seeds=(0, 1), minutes=None, steps=1, progress="none")
    assert found["seeds"] == 2 and found["images"] == 8 and len(found["gains"]) == 2
    assert len(found["own"]) == len(found["true"]) == len(found["noise"])
    assert max(abs(gain) for gain in found["gains"]) < 3 and min(found["own"]) > 5
    assert found["apart"] > 5 and (tmp_path / "sheet.png").stat().st_size > 1000
