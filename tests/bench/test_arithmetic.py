"""The table of edits, on a generator and a judge whose answers are known: the image is z, and the judge reads it."""

from types import SimpleNamespace

import pytest
import torch

from labkit.bench import arithmetic as module

NAMES = ("Wearing_Hat", "Eyeglasses", "Black_Hair", "Blond_Hair", "Bald")
DIM = 40


class Look:
    """Glasses go with hats in the latents; nobody is bald."""

    names = NAMES

    def __init__(self):
        self.card = {"measured": {"each": {name: {"balanced": 0.9 + i / 100} for i, name in enumerate(NAMES)}}}

    def __call__(self, image):
        hat, glasses, hair = image[:, 0], 0.6 * image[:, 0] + 0.8 * image[:, 1], image[:, 2]
        return torch.sigmoid(20 * torch.stack([hat - 1, glasses - 1, hair - 1, -1 - hair, hat - 50], 1))


@pytest.fixture(scope="module")
def measure():
    artist = SimpleNamespace(
        latent=lambda n, generator: torch.randn(n, DIM, generator=generator), generator=lambda z: z
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "judge", lambda name: Look())
        patch.setattr(module, "ONE_OF", (("Black_Hair", "Blond_Hair"),))
        yield lambda **counts: module.arithmetic(artist, seed=100, **counts)


@pytest.fixture(scope="module")
def table(measure):
    return measure(fit=4000, practice=2000, tuning=500, fresh=2000, epochs=8)


@pytest.mark.parametrize("name", NAMES[:4])
def test_what_is_there_is_added_and_the_rest_is_kept(table, name):
    for way in ("line", "curved"):
        row = table[name][way]
        assert 0.8 < row["success"] <= 1 and row["kept"] > 0.85, way
        assert row["control"] < 0.2 and row["amount"] > 0
    assert table[name]["faces"] == module.ENOUGH and table[name]["curved"]["goal"] in module.GOALS
    assert table[name]["curved"]["amount"] < table[name]["line"]["amount"], "each face goes only as far as it must"


def test_six_faces_carry_more_than_the_attribute(table):
    for row in (table[name] for name in NAMES[:4]):
        recipe, line = row["recipe"], row["line"]
        assert recipe["control"] < recipe["success"] < line["success"] and recipe["kept"] < line["kept"] - 0.1


def test_the_judges_own_error_stands_beside(table):
    assert [table[name]["judge"] for name in NAMES[:4]] == [0.9, 0.91, 0.92, 0.93]


def test_attributes_that_nobody_has_are_left_out(table):
    assert "Bald" not in table


def test_too_few_faces_give_no_figure(measure):
    assert not measure(fit=1000, practice=1000, tuning=100, fresh=module.ENOUGH // 2, epochs=1)
