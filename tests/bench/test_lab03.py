"""What Lab 03 measures, on a game too small to be good at anything."""

import pytest
import torch

from labkit.bench import lab03, spaces
from labkit.bench.measure import recipe_speed, stylegan_step_speed
from labkit.bench.textbook import TextbookStyleGAN
from labkit.models.stylegan import StyleGAN
from labkit.nn.filters import Blur
from labkit.nn.modulation import ModulatedConv2d

SMALL = {"latent_dim": 16, "style_dim": 16, "mapping_layers": 2, "base": 256, "most": 16}


@pytest.fixture(scope="module")
def game():
    torch.manual_seed(0)
    return StyleGAN((3, 64, 64), **SMALL).eval()


class Look:
    """Two attributes that half of the faces have: a brighter left or upper half."""

    names = ("Smiling", "Young")

    def __call__(self, images):
        halves = torch.stack([images[..., :32].mean((1, 2, 3)), images[..., :32, :].mean((1, 2, 3))], 1)
        return torch.sigmoid(60 * (halves - images.mean((1, 2, 3))[:, None]))


def test_z_and_w_are_measured_on_the_same_questions(game, monkeypatch):
    monkeypatch.setattr(spaces, "PATHS", 40)
    monkeypatch.setattr(spaces, "NAMED", 400)
    monkeypatch.setattr(spaces, "judge", lambda name: Look())
    monkeypatch.setattr(spaces, "ONE_OF", ())
    found = spaces.spaces(game, seeds=(0, 1))
    assert list(found) == ["Z", "W"]
    for space in found.values():
        assert space["ppl"]["mean"] > 0 and space["ppl_end"]["mean"] > 0 and space["ppl"]["std"] > 0
        assert 1 <= space["score"]["mean"] < 4 and 0.5 < space["accuracy"]["mean"] <= 1
        assert set(space["edits"]["each"]) == set(Look.names)
        assert all(row["success"] > 0.3 for row in space["edits"]["each"].values()), "a plane finds the way"


def test_the_table_says_who_is_better():
    one = {"fd": 3.0, "images": 1000, "minutes": 10.0, "threads": "1", "precision": 0.9, "recall": 0.4}
    number = {"mean": 0.5, "std": 0.1}
    edits = {"success": 0.8, "kept": 0.9, "good": ["Young"], "each": {"Young": {}, "Smiling": {}}}
    space = {**dict.fromkeys(("ppl", "ppl_end", "score", "accuracy", "explained"), number), "edits": edits}
    numbers = dict.fromkeys(("ppl", "ppl_end", *spaces.PARTED), 0.5)
    runs = [
        {**one, "fd": fd, "spaces": {"Z": {**numbers, "ppl": 20.0}, "W": {**numbers, "ppl": ppl, "accuracy": 0.6}}}
        for fd, ppl in ((10.0, 10.0), (12.0, 12.0), (14.0, 23.0))
    ]
    found = {
        "n": 100,
        "images": 1000,
        "cpu": runs,
        "cpu_before": {**one, "fd": 6.0},
        "equal": {**one, "pace": 1.5},
        "before": {"ours": {**one, "fd": 12.0}, "paper": {**one, "fd": 4.0}},
        "early": {"images": 200, "ours": {**one, "fd": 11.0}, "theirs": {**one, "fd": 44.0}},
        "shipped": {
            **one,
            "floor": 0.1,
            "baseline": 99.0,
            "attributes": {"mean": 0.02, "worst": 0.1, "which": "Bald"},
            "before": {**one, "fd": 4.0, "attributes": {"mean": 0.03}},
            "spaces": {"Z": space, "W": space},
            "explorer_ms": {"median": 30.0, "worst": 50.0},
        },
    }
    assert all(not lab03.rows({k: v for k, v in found.items() if k != part}) for part in lab03.PARTS)
    rows = lab03.rows(found)
    assert all(len(row) == 3 for row in rows)
    text = "\n".join(" | ".join(row) for row in rows)
    assert (
        "FD-faces 3.00 against 12.00: × 0.25" in text
        and "sees × 1.50 as many" in text
        and "12.0 against 6.0: × 2.00" in text
        and "3.00 against 4.00: × 0.75" in text
        and "30.0 ms, worst 50 ms" in text
    )
    assert "the same after 200 images each | FD-faces 11.0 against 44.0: × 0.25" in text
    assert "FD-faces 12.0 ± 2.0, 3 seeds" in text and "15 ± 7 against 20 ± 0 | W better in 2 of 3" in text
    assert "0.600 ± 0.000 against 0.500 ± 0.000 | W better in 3 of 3" in text
    assert "0.500 ± 0.100 against 0.500 ± 0.100" in text and "success 80% against 80%" in text


def test_both_are_trained_for_as_many_images_at_both_lengths(monkeypatch):
    def train(lab, name, keep, images, decay=None, change=None, **settings):
        return {"folder": f"{lab}-{name}", "images": images, "decay": decay}

    class Score:
        value, precision, recall = 1.0, 0.9, 0.1
        table = staticmethod(lambda: "")

    monkeypatch.setattr(lab03, "trained", train)
    monkeypatch.setattr(lab03, "evaluate_samples", lambda folder, n: Score())
    monkeypatch.setattr(lab03, "recipe_speed", lambda *labs: type("Speed", (), {"ratio": 2.0}))
    found = lab03.lab03(parts=("equal", "before", "early"))
    assert {one["images"] for one in (found["equal"], *found["before"].values())} == {lab03.IMAGES}
    ours, theirs = found["early"]["ours"], found["early"]["theirs"]
    assert ours["images"] == theirs["images"] == found["early"]["images"] == lab03.EARLY < lab03.IMAGES
    assert ours["decay"] == (lab03.EARLY / 2, lab03.EARLY) and theirs["decay"] is None
    assert found["equal"]["decay"] == (lab03.IMAGES / 2, lab03.IMAGES)
    assert len({one["folder"] for one in (found["equal"], *found["before"].values(), ours, theirs)}) == 5


def test_the_textbook_draws_the_same_pictures():
    """Groups and depthwise filters in place of scaled activations and matrices: the same function."""
    torch.manual_seed(0)
    game = StyleGAN((3, 16, 16), **SMALL).eval()
    w, noise = torch.randn(3, 16), game.noise(3)
    with torch.no_grad():
        ours = game.draw(w, noise)
        textbook = TextbookStyleGAN(game, torch.device("cpu"))
        assert all(module.fused for module in game.modules() if isinstance(module, ModulatedConv2d))
        assert all(module.small == 0 for module in game.modules() if isinstance(module, Blur))
        torch.testing.assert_close(game.draw(w, noise), ours, atol=1e-4, rtol=1e-4)
    before = {name: p.clone() for name, p in game.named_parameters()}
    losses = textbook.step(torch.rand(4, 3, 16, 16) * 2 - 1)
    assert all(torch.isfinite(torch.tensor(losses)))
    still = [name for name, p in game.named_parameters() if torch.equal(p, before[name])]
    assert not still, f"not trained: {still}"


@pytest.mark.alone
def test_our_step_of_stylegan_is_not_slower():
    found = stylegan_step_speed(batch=16, rounds=3, base=512, most=64)
    print(f"StyleGAN step: × {found.ratio:.2f} ({found.note})")
    assert found.ratio >= 1.0


def test_two_recipes_are_timed_side_by_side():
    """Each with its own batch and players; the smaller lab is the faster one."""
    found = recipe_speed("stylegan", "gan", scale="smoke", images=32, rounds=2)
    assert 0 < found.ours < found.textbook and found.name.startswith("stylegan beside gan")
