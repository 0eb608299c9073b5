"""How the judges are made and measured: the pool, the pictures that are spoiled, the figures, one command."""

import json

import numpy as np
import pytest
import torch

from labkit import faces, weights
from labkit.bench.truth import learned
from labkit.metrics.judges import JUDGES, Judge, attributes, features, identity, landmarks, parsing, train
from labkit.metrics.judges.imperfect import imperfect
from labkit.metrics.judges.pool import FRESH, TRAINING, people, pool


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path_factory.getbasetemp() / "judges"))


def test_no_lab_draws_the_judges_faces():
    for name, first in faces.SPLITS.items():
        if name != "judges":
            assert abs(first - TRAINING) >= 10**8 and abs(first - FRESH) >= 10**8
    assert FRESH - TRAINING > 10**8


def test_photos_of_a_person_share_shape_and_skin_and_nothing_else():
    batch = people(TRAINING, 40, 4, "independent")
    assert len(set(batch.person.tolist())) == 10 and (batch.person.reshape(10, 4) == batch.person[::4, None]).all()
    values = batch.values.reshape(10, 4, -1)
    for i, parameter in enumerate(faces.PARAMETERS):
        column = values[:, :, i]
        if parameter.group in ("shape", "skin"):
            assert (column == column[:, :1]).all(), parameter.name
        else:
            assert len(np.unique(column)) > 1 and (column != column[:, :1]).any(), parameter.name
    other = people(FRESH, 8, 4, "independent")
    assert not set(other.person.tolist()) & set(batch.person.tolist())


def test_a_moved_picture_moves_with_its_truth():
    few = pool(FRESH, 8)
    still, moved = (few.batch(np.arange(8), shift) for shift in (None, np.tile([2, -1], (8, 1))))
    assert torch.equal(moved["image"][:, :, :-1, 2:], still["image"][:, :, 1:, :-2])
    assert torch.equal(moved["labels"][:, :-1, 2:], still["labels"][:, 1:, :-2])
    assert torch.allclose(moved["landmarks"], still["landmarks"] + torch.tensor([2.0, -1.0]))
    assert torch.equal(moved["image"][:, :, :, 0], moved["image"][:, :, :, 2]), "the edge is repeated"
    assert torch.equal(moved["attributes"], still["attributes"])
    assert still["image"].shape == (8, 3, 64, 64) and still["image"].abs().max() <= 1


def test_the_pool_is_rendered_once_and_is_the_render(monkeypatch):
    first = pool(FRESH, 8)
    monkeypatch.setattr(faces, "render", None)
    again = pool(FRESH, 8)
    monkeypatch.undo()
    drawn = faces.render(faces.sample(range(FRESH, FRESH + 8)), 64, ("image", "landmarks"))
    assert np.array_equal(again.fields["image"], drawn["image"]) and np.array_equal(
        first.fields["landmarks"], drawn["landmarks"]
    )


def test_spoiled_pictures_are_still_pictures():
    image = pool(FRESH, 8).batch(np.arange(8))["image"].repeat(25, 1, 1, 1)
    spoiled = imperfect(image, torch.Generator().manual_seed(0))
    assert torch.equal(spoiled, imperfect(image, torch.Generator().manual_seed(0)))
    change = (spoiled - image).abs().mean((1, 2, 3))
    assert spoiled.abs().max() <= 1 and change.max() < 0.3 and change.mean() > 0.02
    assert 0 < (change < 1e-6).sum() < 60, "some pass untouched, most don't"


def test_two_photos_of_a_person_are_side_by_side():
    rows = identity.draw(80, 12, np.random.default_rng(0)).reshape(-1, 2)
    assert (rows[:, 0] // 8 == rows[:, 1] // 8).all() and (rows[:, 0] != rows[:, 1]).all()
    assert len(set(rows[:, 0] // 8)) == 6


def test_attribute_rates_are_counted():
    truth = np.zeros((10, len(faces.ATTRIBUTES)), np.uint8)
    truth[:2] = 1
    probability = np.zeros(truth.shape)
    probability[[0, 5]] = 0.9  # one of two, and one of eight that have it not
    row = attributes.rates(probability, truth)["Smiling"]
    assert row == {"share": 0.2, "base": 0.8, "accuracy": 0.8, "balanced": pytest.approx((1 / 2 + 7 / 8) / 2, abs=1e-4)}


def test_overlaps_are_intersection_over_union():
    truth, found = np.zeros((1, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8)
    truth[0, :2], found[0, :3] = 5, 5
    assert parsing.overlaps(found, truth) == {
        "background": pytest.approx(4 / 8),
        faces.CLASSES[5]: pytest.approx(8 / 12, abs=1e-4),
    }


def test_landmark_errors_are_distances():
    truth = np.random.default_rng(0).uniform(10, 50, (3, 68, 2)).astype(np.float32)
    truth[:, 36], truth[:, 45] = (20, 30), (40, 30)
    visible = np.ones((3, 68), np.uint8)
    visible[:, :5] = 0
    found = truth + np.float32([3, 4])
    found[:, :5] += 100
    values = landmarks.errors(found, truth, visible)
    assert values["pixels"] == pytest.approx(5, abs=1e-3) and values["interocular"] == pytest.approx(0.25, abs=1e-4)
    assert values["gross"] == 1 and values["hidden"] > 100


def test_area_under_the_curve_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(0)
    same, other = rng.integers(0, 10, 50) + 2.0, rng.integers(0, 10, 70) + 0.0
    slow = np.mean([(a > b) + 0.5 * (a == b) for a in same for b in other])
    assert identity.area_under(same, other) == pytest.approx(slow)


def test_persons_are_compared():
    rng = np.random.default_rng(0)
    centre = rng.normal(size=(40, 64))
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)  # noqa: E731
    tone = rng.uniform(size=40)
    clear = identity.compare(unit(np.repeat(centre, 4, 0) + 0.1 * rng.normal(size=(160, 64))), 4, tone)
    assert clear["auc"] == clear["rank_1"] == clear["auc_same_tone"] == 1 and clear["accuracy"] > 0.99
    assert 0.2 < clear["threshold"] < 0.99
    blind = identity.compare(unit(rng.normal(size=(160, 64))), 4, tone)
    assert blind["auc"] == pytest.approx(0.5, abs=0.08) and blind["rank_1"] < 0.15
    assert blind["accuracy"] == pytest.approx(0.5, abs=0.12)


def test_hair_that_is_seen():
    table = torch.zeros(3, len(faces.ATTRIBUTES), dtype=torch.uint8)
    table[1, faces.ATTRIBUTES.index("Brown_Hair")] = 1
    table[2, faces.ATTRIBUTES.index("Red_Hair")] = 1
    assert [features.HAIR[i] for i in features.hair_of(table)] == ["none", "Brown_Hair", "Red_Hair"]
    drawn = torch.from_numpy(faces.render(faces.sample(range(300)), 16, ("attributes",))["attributes"])
    assert set(features.hair_of(drawn).tolist()) == set(range(len(features.HAIR)))


@pytest.mark.parametrize("name", JUDGES)
def test_training_learns_the_truth(name):
    # A dozen steps on a few faces: the loss falls, and nothing is left without a gradient.
    task = JUDGES[name]
    few = pool(TRAINING, 64, photos=task.PHOTOS)
    torch.manual_seed(0)
    network = task.Network()
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
    batch = few.batch(np.arange(64).reshape(8, 8)[:, :2].ravel())
    losses = []
    for _ in range(14):
        loss = task.loss(network, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
    answer = Judge(name, network, {})((few.fields["image"])[:3])
    assert len(answer) == 3 and torch.isfinite(answer.float()).all()


def test_the_truth_can_be_learned():
    """In steps, not minutes: how fast this machine is says nothing about the faces. `make results` takes longer."""
    found = learned(minutes=None, count=6_000, steps=600)
    print(f"landmarks {found['pixels']:.2f} px (guess {found['pixels_guess']:.1f}), IoU {found['iou']:.2f}")
    assert found["pixels"] < 1.3 and found["pixels_guess"] > 3.0
    assert found["iou"] > 0.5 > 2 * found["iou_guess"]


def test_a_training_has_one_length():
    assert [train.progress(None, 4)(step) for step in range(5)] == [0, 0.25, 0.5, 0.75, 1]
    hour, moment = train.progress(60.0, None), train.progress(1e-9, None)
    assert 0 <= hour(10**6) < 0.01 and moment(0) > 1
    for both_or_none in ((1.0, 4), (None, None)):
        with pytest.raises(ValueError, match="one length"):
            train.progress(*both_or_none)


def test_one_command_makes_weights_that_load(tmp_path, monkeypatch):
    monkeypatch.setattr(attributes, "measure", lambda ask: {"accuracy": 0.5})
    assert train.main(["attributes", "--minutes", "0.01", "--faces", "64", "--out", str(tmp_path)]) == 0
    tensors, card = weights.load("faces-attributes", tmp_path)
    network = attributes.Network()
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
    assert card["steps"] >= 1 and card["measured"] == {"accuracy": 0.5} and card["faces"]["version"] == faces.VERSION
    assert "python -m labkit.metrics.judges.train attributes --minutes 0.01" in card["made_by"]
    json.dumps(card)


def test_the_learning_rate_goes_up_and_down_once():
    rates = [train.rate(share) for share in np.linspace(0, 1, 101)]
    top = int(np.argmax(rates))
    assert rates[top] == pytest.approx(train.LEARNING_RATE) and 10 <= top <= 20
    assert np.all(np.diff(rates[: top + 1]) > 0) and np.all(np.diff(rates[top:]) < 0) and rates[-1] < 1e-9
