"""Scores of translators: what has learned nothing scores as the trivial baseline, and the truth scores best."""

import json

import pytest
import torch

from labkit.errors import UserError
from labkit.evaluation import batch_of, evaluate_translator, open_truth
from labkit.metrics.translation import IOU, LEVELS
from labkit.models.cyclegan import CycleGAN
from labkit.models.pix2pix import Pix2Pix

N = 40


def about(lab, **options):
    return {"lab": lab, "data": "faces", "options": options}


@pytest.fixture(scope="module")
def cycle():
    return CycleGAN((3, 64, 64), width=8, blocks=1, critic_width=8, patch=1)


@pytest.fixture(scope="module")
def truth():
    return batch_of(open_truth("faces", 64, ("labels", "cartoon"), n=N))


@pytest.mark.parametrize("other", ["cartoon", "drawing", "glasses", "winter"])
def test_a_translator_that_does_nothing_is_as_far_off_as_the_picture_is(cycle, monkeypatch, other):
    monkeypatch.setattr(cycle, "translate", lambda x, back=False: x)
    found = evaluate_translator(cycle, about("cyclegan", other=other), N)
    assert found.name == LEVELS and found.value == found.baseline > 1 and found.floor == 0
    assert found.others["back"] == pytest.approx((found.value, found.value)) and found.others["there and back"][0] == 0


def test_the_truth_is_nothing_off(cycle, truth, monkeypatch):
    monkeypatch.setattr(cycle, "translate", lambda x, back=False: truth["image" if back else "cartoon"])
    found = evaluate_translator(cycle, about("cyclegan", other="cartoon"), N)
    assert found.value == 0 < found.baseline and found.others["back"][0] == 0


def test_the_two_directions_are_not_mixed_up(cycle, truth, monkeypatch):
    """A game that draws grey there and leaves the picture alone on the way back."""
    monkeypatch.setattr(cycle, "translate", lambda x, back=False: x if back else torch.zeros_like(x))
    found = evaluate_translator(cycle, about("cyclegan", other="cartoon"), N)
    grey = float((truth["cartoon"] * 127.5).abs().mean())
    assert abs(found.value - grey) < 1 and found.others["back"] == (found.baseline, found.baseline)


def test_true_faces_are_read_as_well_as_the_judge_can(truth, monkeypatch):
    game = Pix2Pix((3, 64, 64), width=8, critic_width=8, patch=1)
    monkeypatch.setattr(game, "translate", lambda source: truth["image"])
    found = evaluate_translator(game, about("pix2pix"), N)
    assert found.name == IOU and found.value == found.floor > found.baseline > 0.4
    assert found.others[LEVELS][0] == 0 < found.others[LEVELS][1]
    monkeypatch.setattr(game, "translate", lambda source: truth["image"].flip(0))
    assert evaluate_translator(game, about("pix2pix"), N).value < found.baseline


def test_beside_a_drawing_s_face_stands_that_of_the_nearest_drawing(truth, monkeypatch):
    """The baseline knows what the translator knows: a drawing. By the true labels it would find nearer faces."""
    game = Pix2Pix((3, 64, 64), source="drawing", width=8, critic_width=8, patch=1)
    monkeypatch.setattr(game, "translate", lambda source: truth["image"])
    found = evaluate_translator(game, about("pix2pix", source="drawing"), N)
    by_labels = evaluate_translator(
        Pix2Pix((3, 64, 64), width=8, critic_width=8, patch=1), about("pix2pix"), N
    ).baseline
    assert 0.2 < found.baseline < by_labels < found.value == found.floor


def test_another_target_is_compared_with_that(truth, monkeypatch):
    game = Pix2Pix((3, 64, 64), source="paired", width=8, critic_width=8, patch=1)
    monkeypatch.setattr(game, "translate", lambda source: truth["cartoon"])
    found = evaluate_translator(game, about("pix2pix", source="paired", target="cartoon"), N)
    assert found.name == LEVELS and found.value == 0 < found.baseline


def test_the_score_is_told_in_words_and_numbers(cycle):
    found = evaluate_translator(cycle, about("cyclegan", other="cartoon"), N)
    table = found.table()
    assert f"N = {N}" in table and "the picture as it came" in table and f"{found.value:.3f}" in table
    assert json.loads(json.dumps(found.json()))["value"] == found.value
    assert found.brief()["value"] == round(found.value, 3) and "there and back" in found.brief()


def test_what_nobody_knows_the_truth_of_is_refused(cycle):
    with pytest.raises(UserError, match="truth is known"):
        evaluate_translator(cycle, {"lab": "cyclegan", "data": "horse2zebra", "options": {}}, N)
    with pytest.raises(UserError, match="Eyeglasses"):
        evaluate_translator(cycle, about("cyclegan", other="Eyeglasses"), N)
