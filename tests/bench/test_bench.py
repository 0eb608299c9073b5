"""The yardstick trains the same game as we do, and the data path is as fast as we say."""

import copy
import json

import numpy as np
import pytest
import torch

from labkit.bench.measure import data_speed, step_speed, write_photographs
from labkit.bench.results import take_in
from labkit.bench.table import BEGIN, EDITS_BEGIN, EDITS_END, END, table, write
from labkit.bench.textbook import Textbook
from labkit.data.dataset import Dataset
from labkit.errors import UserError
from labkit.training.loop import Trainer
from labkit.training.settings import Settings
from tests.training.tiny import convolutional, data


def test_the_textbook_is_faithful():
    """Same networks, same images, same latents: one step of either leaves the same weights, to rounding."""
    game = convolutional()
    settings = Settings(steps=1, batch=8, threads=1, precision="float32", channels_last=False, fused=False)
    trainer = Trainer(copy.deepcopy(game), data(), settings, None, None, {})
    batch = trainer.stream.batch(0)["image"]
    trainer._seed()
    latent = trainer.game.latent(8)
    textbook = Textbook(copy.deepcopy(game), torch.device("cpu"))
    original, torch.randn = torch.randn, lambda *shape, **options: latent
    try:
        textbook.step(batch)
    finally:
        torch.randn = original
    trainer.iterate()
    for name in ("generator", "discriminator"):
        ours, theirs = getattr(trainer.game, name).state_dict(), getattr(textbook, name).state_dict()
        for key, tensor in ours.items():
            # G's fakes pass D once more in the textbook's way of counting too: running statistics agree as well.
            torch.testing.assert_close(tensor, theirs[key], atol=2e-5, rtol=1e-4, msg=f"{name}.{key}")


@pytest.mark.alone
def test_never_slower_than_the_textbook():
    """A small net and few rounds: the real figures come from `labkit bench`. Without bf16 hardware the bar is 1.0."""
    found = step_speed(batch=32, width=32, rounds=8)
    print(f"step: × {found.ratio:.2f} ({found.note})")
    assert found.ratio >= 1.0


@pytest.mark.alone
def test_the_data_path_is_ten_times_faster(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    found = data_speed(n=512, rounds=2)
    print(f"data: × {found.ratio:.0f}")
    assert found.ratio >= 10


def test_photographs_are_about_200_px(tmp_path):
    from PIL import Image

    write_photographs(tmp_path, 3)
    files = sorted(tmp_path.rglob("*.jpg"))
    assert len(files) == 3 and Image.open(files[0]).size == (178, 218)
    assert files[0].read_bytes() != files[1].read_bytes()


def test_the_table_stands_between_its_marks(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    found = {
        "start": {"import_s": 0.5, "first_picture_s": 3.0, "explorer_ms": 4.0},
        "resume": {"killed": True, "two_processes": False},
        "where": {"start": "2026-01-01 on a test", "resume": "2026-01-02 on another"},
    }
    write(found, readme)
    text = readme.read_text()
    assert "\nold\n" not in text and text.startswith("before") and text.endswith("after\n")
    assert "DOES NOT HOLD" in text and "0.50 s" in text and table(found) in text
    assert "start 2026-01-01 on a test; resume 2026-01-02 on another." in text
    assert EDITS_BEGIN not in text  # nothing of Lab 02 was measured, and no mark is asked for
    readme.write_text("nothing")
    with pytest.raises(UserError):
        write(found, readme)


def test_a_part_replaces_its_share_alone():
    found = {"lab03": {"cpu": 1, "equal": 2}, "where": {"lab03": "old"}}
    take_in(found, "lab03.cpu", {"cpu": 3}, "new")
    assert found == {"lab03": {"cpu": 3, "equal": 2}, "where": {"lab03": "old", "lab03.cpu": "new"}}
    assert "Lab 03" not in table(found)  # what ships was not measured yet
    for name in ("lab03.equal", "lab03.before", "lab03.early", "lab03.shipped"):
        take_in(found, name, {name[6:]: 4}, "newer")
    assert "lab03" not in found["where"]
    assert found["lab03"] == {"cpu": 3, **dict.fromkeys(("equal", "before", "early", "shipped"), 4)}
    take_in(found, "lab03", {"cpu": 5}, "newest")
    assert found == {"lab03": {"cpu": 5}, "where": {"lab03": "newest"}}


def test_the_readme_holds_what_was_measured():
    """The committed table is the one that results.json gives."""
    from labkit.data.arrays import checkout

    root = checkout()
    found = json.loads((root / "results.json").read_text())
    assert table(found) in (root / "README.md").read_text()


def test_noise_data_is_a_data_set():
    from labkit.bench.measure import noise_data

    data = noise_data(3, labels=np.zeros((3, 64, 64), np.uint8))
    assert isinstance(data, Dataset) and len(data) == 3 and data.fields["labels"].shape == (3, 64, 64)


def test_the_edits_stand_between_marks_of_their_own(tmp_path):
    way = {"success": 0.9, "kept": 0.95, "control": 0.04, "control_kept": 0.7, "amount": 5.0}
    row = {"faces": 700, "judge": 0.99, "curved": way, "line": {**way, "kept": 0.8}, "recipe": {**way, "success": 0.5}}
    shares = {"mean": 0.02, "worst": 0.1, "which": "Young", "each": {}}
    side = {"fd": 10.0, "precision": 0.5, "recall": 0.5, "images": 100_000, "minutes": 10.0, "attributes": shares}
    edits = {"Young": {**row, "curved": {**way, "success": 0.6}}, "Hat": row}
    lab = {"n": 10_000, "seeds": 1, "threads": 2, "cpu": {**side, "fd": 35.0}}
    lab["shipped"] = {**side, "floor": 0.1, "baseline": 300.0, "edits": edits}
    found = {"lab02": lab, "where": {"lab02": "2026-01-01 on a test"}}
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}\n{END}\n{EDITS_BEGIN}\nold\n{EDITS_END}\nafter\n")
    write(found, readme)
    text = readme.read_text()
    assert "3.5 times below" in text and text.endswith("after\n")
    assert (
        "curved edits: 2 attributes, 700 fresh faces each | success 75 %, others kept 95 %; "
        "85 % and 88 % reached by 1 of them" in text
    )
    assert (
        "straight directions: 2 attributes, 700 fresh faces each | success 90 %, others kept 80 %; "
        "85 % and 88 % reached by 0 of them" in text
    )
    assert text.index("**Hat** | 90 %, 95 % | 90 %, 80 % | 50 %, 95 % | 4.0 % | 99 %") < text.index("| Young | 60 %")
