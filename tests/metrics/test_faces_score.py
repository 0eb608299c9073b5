"""FD-faces: it ranks damage step by step, collapse too, and stands in the same score as FD-digits."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch

from labkit import faces
from labkit.data import Dataset
from labkit.errors import UserError
from labkit.metrics import frechet_distance, quick_score, score
from labkit.metrics.judges import fd_faces, judge
from labkit.metrics.judges.corruptions import KINDS, LEVELS, corrupt, ladder
from labkit.metrics.judges.pool import FRESH

FIRST, N = FRESH + 200_000_000, 500


@pytest.fixture(scope="module")
def drawn():
    return faces.render(faces.sample(range(FIRST, FIRST + 3 * N)), 64)["image"]


@pytest.fixture(scope="module")
def data(drawn):
    return Dataset("faces", {"image": drawn[: 2 * N]}, split="test")


@pytest.fixture(scope="module")
def good(drawn, data):
    return score(drawn[2 * N :], data, n=N)


def test_the_shipped_ladder_is_whole_and_monotone():
    card = judge("features").card["measured"]["ladder"]
    assert len(KINDS) == 8 and LEVELS >= 8 and card["n"] >= 2000
    for kind in KINDS:
        steps = [card["floor"], *card[kind]]
        assert len(card[kind]) == LEVELS and card["monotone"][kind]
        assert all(low < high for low, high in pairwise(steps)), kind
        assert steps[-1] > 5 * card["floor"], kind


def test_a_short_ladder_with_the_shipped_net(drawn):
    again = ladder(judge("features"), drawn[:N], drawn[N : 2 * N], levels=4)
    assert all(again["monotone"].values()), again
    # The card's steps 2, 4, 6 and 8 are these; at a smaller N all stand higher, by about as much as the floor does.
    card = judge("features").card["measured"]["ladder"]
    for kind in KINDS:
        assert again[kind][-1] - again["floor"] == pytest.approx(card[kind][-1] - card["floor"], rel=0.35), kind
    assert card["floor"] < again["floor"] < 12 * card["floor"]


def test_each_kind_of_damage_grows_and_is_the_same_again(drawn):
    for kind in KINDS:
        one = drawn[:80]
        change = [np.abs(corrupt(one, kind, level).astype(int) - one).mean() for level in (0.125, 0.5, 1.0)]
        assert 0 < change[0] < change[1] < change[2], kind
        assert np.array_equal(corrupt(one, kind, 0.5), corrupt(one, kind, 0.5))
        assert corrupt(one, kind, 1.0).shape == one.shape and corrupt(one, kind, 1.0).dtype == np.uint8


def test_shuffled_patches_are_the_same_pixels(drawn):
    one, mixed = drawn[:5], corrupt(drawn[:5], "patch shuffle", 1.0)
    assert np.array_equal(np.sort(one.reshape(5, -1), 1), np.sort(mixed.reshape(5, -1), 1))
    patches = lambda a: a.reshape(5, 8, 8, 8, 8, 3).swapaxes(2, 3).reshape(5, 64, -1)  # noqa: E731
    moved = (patches(one) != patches(mixed)).any(2).sum(1)
    assert (moved > 20).all() and (moved <= 32).all()


def test_collapse_repeats_few_pictures(drawn):
    assert len(np.unique(corrupt(drawn[:200], "collapse", 1.0), axis=0)) <= 20
    half = corrupt(drawn[:200], "collapse", 0.5)
    assert (half == drawn[:200]).all((1, 2, 3)).sum() >= 100


def test_fd_faces_is_the_frechet_distance_of_the_features(drawn):
    look = judge("features")
    a, b = drawn[:N], drawn[N : 2 * N]
    assert fd_faces(a, b) == pytest.approx(frechet_distance(look(a), look(b)))
    assert fd_faces(a, a) < 1e-6
    floats = torch.from_numpy(a).permute(0, 3, 1, 2).float() / 127.5 - 1
    assert fd_faces(floats, b) == pytest.approx(fd_faces(a, b), rel=1e-6)
    with pytest.raises(UserError, match="never used in a loss"):
        fd_faces(floats.requires_grad_(), b)


def test_real_faces_score_as_the_floor(good, data):
    assert good.name == "FD-faces" and good.n == N and good.network == judge("features").sha256
    assert 0.6 * good.floor.value < good.value < 1.6 * good.floor.value
    assert good.value < 0.1 * good.baseline.value
    assert good.precision > 0.7 and good.recall > 0.7 and good.coverage > 0.8
    assert good.classes.covered == 7 and good.classes.divergence < 0.05
    live = quick_score(lambda n, generator: torch.from_numpy(data.fields["image"][:n]), data, n=N)
    assert set(live) == {"FD-faces", "coverage", "classes"}


def test_worse_faces_score_worse(drawn, data, good):
    for kind in ("blur", "noise", "holes"):
        worse = score(corrupt(drawn[2 * N :], kind, 0.5), data, n=N)
        # Not precision: what is blurred looks like the middle of all faces, which is well within the real ones.
        assert worse.low > good.high and worse.kid > good.kid and worse.recall < good.recall - 0.1, kind


def test_collapse_onto_bald_faces_is_a_number(data):
    bald = faces.sample(range(FIRST, FIRST + N)).replace(bald=1.0)
    found = score(faces.render(bald, 64)["image"], data, n=N)
    assert found.classes.covered == 1 and found.class_frequencies[0] > 0.9
    assert found.classes.divergence > 1 and found.value > 3 * found.floor.value


def test_the_table_names_the_space(good):
    lines = good.table().splitlines()
    assert lines[0].startswith("FD-faces, N = 500") and "7 of 7" in lines[1]
    assert "Samples by hair  none: " in good.table() and "black: " in good.table()
    assert f"network faces-features {good.network[:8]}, 8-bit images, 64 px" in good.table()
    assert json.loads(json.dumps(good.json()))["name"] == "FD-faces"


def test_other_colour_pictures_are_refused(drawn):
    with pytest.raises(UserError, match=r"'photos' is in colour"):
        score(drawn[:N], Dataset("photos", {"image": drawn}), n=N)
    with pytest.raises(UserError, match="look at colour"):
        score(drawn[:N, :, :, :1], Dataset("faces", {"image": drawn}), n=N)
