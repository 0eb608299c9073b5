"""The explorer of what CycleGAN hides: noise on the way, and what comes back."""

import io
import statistics
import time

import pytest
import torch
from PIL import Image

from labkit.errors import UserError
from labkit.models.cyclegan import CycleGAN
from labkit.widgets import Message


@pytest.fixture(scope="module")
def game():
    torch.manual_seed(0)
    return CycleGAN((3, 64, 64), width=16, blocks=4, critic_width=8, patch=1).eval()


@pytest.fixture(scope="module")
def faces():
    return torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def drawn(explorer, **values):
    with torch.no_grad():
        return explorer.images(**{**explorer.values(), **values})


def test_without_noise_it_is_the_cycle(game, faces):
    pictures = drawn(Message(game, faces), strength=0.0)
    there = game.translate(faces[:1])
    torch.testing.assert_close(pictures[1:2], there)
    torch.testing.assert_close(pictures[2:3], game.translate(there, back=True))


def test_noise_is_of_the_strength_that_it_says(game, faces):
    explorer = Message(game, faces)
    calm, noisy = drawn(explorer, strength=0.0), drawn(explorer, strength=10.0)
    assert torch.equal(calm[0], noisy[0]) and 9 < float((noisy[1] - calm[1]).std() * 127.5) < 11
    assert not torch.equal(calm[2], noisy[2])
    assert "10 grey levels" in explorer.describe(10.0) and f"{explorer.lost(10.0):.1f}" in explorer.describe(10.0)


def test_what_was_lost_is_nothing_where_the_way_back_is_right(game, faces, monkeypatch):
    monkeypatch.setattr(game, "translate", lambda x, back=False: x)
    explorer = Message(game, faces)
    assert explorer.lost(0.0) == 0 and (drawn(explorer, strength=0.0)[3] == -1).all()
    assert 5 < explorer.lost(10.0) < 10  # the mean of |noise|


def test_another_face_comes_at_a_press_and_the_words_follow(game, faces):
    explorer = Message(game, faces)
    page = explorer.widget.children[-1]
    before = page.value
    explorer.controls["new"].click()
    assert explorer.number == 1 and page.value != before and page.value.count("alt=") == 4
    explorer.controls["strength"].value = 20.0
    assert "20 grey levels" in page.value
    with Image.open(io.BytesIO(explorer.picture())) as twin:
        assert twin.width >= 4 * 64 and twin.height >= 5 * 64


def test_no_picture_is_no_explorer(game):
    with pytest.raises(UserError, match="a picture"):
        Message(game, torch.zeros(0, 3, 64, 64))


@pytest.mark.alone
def test_an_answer_takes_50_ms_at_most(game, faces):
    explorer, taken = Message(game, faces), []
    explorer.widget  # noqa: B018
    for k in range(50):
        begun = time.perf_counter()
        explorer.controls["strength"].value = float(k % 39 + 1)
        taken.append(1000 * (time.perf_counter() - begun))
    print(f"noise to encoded pictures: median {statistics.median(taken):.1f} ms, worst {max(taken):.1f} ms")
    assert statistics.median(taken) < 50
