"""The yardsticks of pix2pix and CycleGAN train the same games as we do; the tables of Labs 04 and 05 say what is."""

import copy

import numpy as np
import pytest
import torch

from labkit.bench import lab04, lab05
from labkit.bench.translators import (
    TextbookCycleGAN,
    TextbookPix2Pix,
    cyclegan_step_speed,
    pix2pix_step_speed,
)
from labkit.data.dataset import Dataset
from labkit.models.cyclegan import CycleGAN
from labkit.models.pix2pix import Pix2Pix
from labkit.training.loop import Trainer
from labkit.training.settings import Settings

PLAIN = Settings(
    steps=1, batch=4, threads=1, precision="float32", channels_last=False, fused=False, rehearse=False, progress="none"
)


def pictures(n=8, size=16):
    random = np.random.default_rng(0)
    fields = {name: random.integers(0, 256, (n, size, size, 3), np.uint8) for name in ("image", "other")}
    return Dataset("made", {**fields, "labels": random.integers(0, 19, (n, size, size), np.uint8)})


def same(ours, theirs):
    """Weights to rounding. A bias before a norm has no gradient but rounding, of which Adam makes a whole step."""
    for (name, a), (_, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=5e-4 if name.endswith("bias") else 2e-5, rtol=1e-4, msg=name)


def test_a_step_of_pix2pix_is_the_textbook_s():
    torch.manual_seed(0)
    game = Pix2Pix((3, 16, 16), width=8, critic_width=8, patch=1, dropout=0.0)
    trainer = Trainer(copy.deepcopy(game), pictures(), PLAIN, None, None, {})
    some = trainer.stream.batch(0)
    textbook = TextbookPix2Pix(copy.deepcopy(game), torch.device("cpu"))
    losses = textbook.step(game.condition(some), some["image"])
    trainer.iterate()
    assert len(losses) == 4 and all(np.isfinite(losses))
    same(trainer.game.generator, textbook.game.generator)
    same(trainer.game.discriminator, textbook.game.discriminator)


def test_a_step_of_cyclegan_is_the_textbook_s():
    torch.manual_seed(0)
    game = CycleGAN((3, 16, 16), width=8, blocks=1, critic_width=8, patch=1)
    trainer = Trainer(copy.deepcopy(game), pictures(), PLAIN, None, None, {})
    some = trainer.stream.batch(0)
    textbook = TextbookCycleGAN(copy.deepcopy(game), torch.device("cpu"))
    losses = textbook.step(some["image"], some["other"])
    trainer.iterate()
    assert len(losses) == 8 and all(np.isfinite(losses))
    for name in ("forward_net", "backward_net", "critic_a", "critic_b"):
        same(getattr(trainer.game, name), getattr(textbook.game, name))


def test_the_textbook_s_pool_gives_older_pictures_half_the_time():
    pool, old = [], 0
    for step in range(1000):
        old += int(TextbookCycleGAN._exchanged(pool, torch.full((1, 1, 1, 1), float(step)))[0]) != step
    assert len(pool) == 50 and 400 < old < 560


@pytest.mark.alone
def test_never_slower_than_the_textbook():
    for found in (
        pix2pix_step_speed(batch=8, width=16, rounds=4),
        cyclegan_step_speed(blocks=2, rounds=4),
    ):
        print(f"{found.name}: × {found.ratio:.2f} ({found.note})")
        assert found.ratio >= 0.9


def test_the_table_of_lab_04():
    one = {"value": 0.8, "fd": 5.0, "floor": 0.9, "baseline": 0.7, "minutes": 8.0, "threads": "1", "images": 1000}
    found = {
        "n": 100,
        "cpu": one,
        "shipped": dict.fromkeys(lab04.SHIPPED, one),
        "ablation": {"images": 500, "games": {"L1 alone": {"iou": 0.6, "levels": 30.0, "fd": 40.0}}},
        "stroke_ms": {"median": 4.0, "worst": 9.0},
    }
    said = "\n".join(" | ".join(row) for row in lab04.rows(found))
    assert "re-parsed IoU 0.800" in said and "nearest training pair 0.700" in said and "at least 0.75" in said
    assert "L1 alone" in said and "4.0 ms" in said


def test_the_table_of_lab_05():
    one = {"value": 20.0, "baseline": 28.0, "images": 1000, "minutes": 10.0, "threads": "1"}
    told = {"noise": [0.0, 5.0], "own": [12.0, 19.0], "true": [18.0, 19.5]}
    ready = {**one, "others": {"back": (17.0, 28.0)}, "message": told}
    hidden = {"images": 40_000, "minutes": 6.0, "noise": [0, 10], "apart": 7.0, "seeds": 2, "gains": [9.0, 15.0]}
    hidden.update(own=[9.0, 13.0], true=[21.0, 20.0])
    found = {"n": 100, "cpu": one, "shipped": ready, "pairs": {**one, "value": 10.0}, "whisper": hidden}
    said = "\n".join(" | ".join(row) for row in lab05.rows(found))
    assert "20.0 grey levels from the true cartoon" in said and "2.0 times as far off" in said
    assert "noise 5: 19.0 and 19.5" in said and "doing nothing 28.0" in said
    assert "noise 10: 13.0 and 20.0" in said and "7.0 levels from the true ones" in said
    assert "gains 9.0, 15.0 with 2 seeds" in said
