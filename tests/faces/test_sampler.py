"""The joint distribution that sampler.py writes down, measured."""

import hashlib
import itertools

import numpy as np
import pytest

from labkit import faces
from labkit.errors import UserError
from labkit.faces.parameters import in_group
from labkit.faces.splits import SPLITS, UNSEEN, inside
from labkit.faces.truth import EXCLUSIVE, attributes

COUNT = 12_000
# Four standard deviations of a correlation of independent factors: one false alarm in 16,000 pairs.
CHANCE = 4 / COUNT**0.5

# What the natural sampler ties to its causes; all else must be related to nothing of another row.
CAUSES = {
    "masculine": {
        *("5_o_Clock_Shadow", "Bald", "Big_Lips", "Big_Nose", "Bushy_Eyebrows", "Goatee", "Mustache", "No_Beard"),
        *("Full_Beard", "Long_Hair", "Wavy_Hair", "Bangs", "Rosy_Cheeks", "Wearing_Earrings", "Wearing_Lipstick"),
        *("Wearing_Necklace", "Wearing_Eyeshadow", "Freckles"),
    },
    "age": {"Young", "Gray_Hair", "Black_Hair", "Blond_Hair", "Brown_Hair", "Red_Hair", "Dyed_Hair", "Bald"},
    "skin_tone": {
        *("Pale_Skin", "Dark_Skin", "Freckles", "Wavy_Hair"),
        *("Black_Hair", "Blond_Hair", "Brown_Hair", "Red_Hair", "Dyed_Hair", "Gray_Hair"),
    },
}


def related_by_meaning(a, b):
    return any(a in group and b in group for group in EXCLUSIVE)


@pytest.fixture(scope="module")
def drawn():
    return {name: faces.sample(range(COUNT), sampler=name) for name in faces.SAMPLERS}


def test_a_face_has_at_most_one_of_each_group(drawn):
    for batch in drawn.values():
        has = attributes(batch)
        for group in faces.ONE_OF:
            columns = has[:, [faces.ATTRIBUTES.index(name) for name in group]].astype(int)
            assert columns.sum(1).max() == 1 and (columns.sum(0) > 0).all(), group


def correlations(batch):
    table = np.corrcoef(attributes(batch).astype(float).T)
    return {
        (faces.ATTRIBUTES[i], faces.ATTRIBUTES[j]): table[i, j]
        for i, j in itertools.combinations(range(len(faces.ATTRIBUTES)), 2)
    }


@pytest.mark.parametrize("name", faces.SAMPLERS)
def test_every_parameter_stays_in_its_range_and_uses_it(drawn, name):
    for p in faces.PARAMETERS:
        column = drawn[name][p.name].astype(float)
        assert p.low - 1e-6 <= column.min() and column.max() <= p.high + 1e-6, p.name
        if p.choices:
            assert set(column) == set(range(len(p.choices))), p.name
        else:
            assert np.ptp(column) > 0.45 * (p.high - p.low), p.name


def test_independent_attributes_are_related_by_meaning_alone(drawn):
    found = {pair: r for pair, r in correlations(drawn["independent"]).items() if not related_by_meaning(*pair)}
    assert len(found) > 400
    assert {pair: r for pair, r in found.items() if abs(r) > CHANCE + 0.005} == {}


def test_independent_parameters_of_different_groups_are_unrelated(drawn):
    table = np.corrcoef(drawn["independent"].values.astype(float).T)
    group = np.array([p.group for p in faces.PARAMETERS])
    across = np.abs(table[group[:, None] != group[None, :]])
    assert across.max() < CHANCE + 0.01


def test_every_attribute_is_common_enough_to_measure(drawn):
    share = attributes(drawn["independent"]).mean(axis=0)
    assert ((share > 0.04) & (share < 0.75)).all(), dict(zip(faces.ATTRIBUTES, share))


def test_natural_attributes_are_related_through_their_causes_alone(drawn):
    causes = {name: {cause for cause, row in CAUSES.items() if name in row} for name in faces.ATTRIBUTES}
    accidental = {
        pair: round(r, 3)
        for pair, r in correlations(drawn["natural"]).items()
        if not (causes[pair[0]] & causes[pair[1]]) and not related_by_meaning(*pair)
    }
    assert {pair: r for pair, r in accidental.items() if abs(r) > CHANCE + 0.005} == {}


def test_natural_faces_are_as_people_are(drawn):
    r = correlations(drawn["natural"])
    assert r["Gray_Hair", "Young"] < -0.4
    assert r["Black_Hair", "Dark_Skin"] > 0.3
    assert r["Wearing_Lipstick", "Wearing_Eyeshadow"] > 0.4
    assert r["No_Beard", "Long_Hair"] > 0.2
    assert abs(r["Wearing_Earrings", "Dark_Skin"]) < CHANCE
    assert abs(r["Smiling", "Wearing_Lipstick"]) < CHANCE


def test_a_face_depends_on_its_seed_alone():
    block = faces.sample(range(100, 110))
    alone = faces.sample([107, 3, 107])
    assert (alone.values[0] == block.values[7]).all() and (alone.values[2] == block.values[7]).all()
    assert (faces.sample(107).values[0] == block.values[7]).all()
    assert not (block.values[0] == block.values[1]).all()


def test_the_same_seed_is_the_same_face_everywhere():
    """Fails on any machine, or any change, that draws other faces: then raise faces.VERSION and write the new sums."""
    sums = {
        s: hashlib.sha256(faces.sample(range(500), sampler=s).values.tobytes()).hexdigest()[:16] for s in faces.SAMPLERS
    }
    assert sums == {"independent": "937a9fe9f5a2f9a4", "natural": "c1ee1cac35d4ac69"}


def test_one_person_shares_shape_and_skin_and_has_new_moods():
    batch = faces.people(3, 4, seed=5)
    assert batch.person.tolist() == [5] * 4 + [6] * 4 + [7] * 4
    own = batch.values[:4]
    assert (own[:, in_group("shape", "skin", "hair")] == own[:1, in_group("shape", "skin", "hair")]).all()
    assert len(np.unique(own[:, in_group("expression")], axis=0)) == 4
    assert not (batch.values[0, in_group("shape")] == batch.values[4, in_group("shape")]).any()
    restless = faces.people(1, 4, keep=("shape", "skin")).values
    assert len(np.unique(restless[:, in_group("hair")], axis=0)) == 4


def test_splits_share_no_face_and_the_box_is_kept():
    train, test = faces.split("train", 300), faces.split("test", 300)
    assert not set(map(bytes, train.values)) & set(map(bytes, test.values))
    seen, unseen = faces.split("seen", 300), faces.split("unseen", 60)
    assert len(seen) == 300 and len(unseen) == 60
    assert not inside(seen, UNSEEN).any() and inside(unseen, UNSEEN).all()
    assert len({SPLITS[name] for name in ("train", "test", "judges")}) == 3
    dark_and_blond = faces.split("unseen", 5, box={"skin_tone": (0.7, 1.0), "hair_colour": (5, 6)})
    assert (dark_and_blond["skin_tone"] >= 0.7).all()


def test_wrong_requests_are_sentences():
    with pytest.raises(UserError, match="natural"):
        faces.sample(3, sampler="natral")
    with pytest.raises(UserError, match="from 0"):
        faces.sample(-1)
    with pytest.raises(UserError, match="persons"):
        faces.sample([1, 2], persons=[1])
    with pytest.raises(UserError, match="train"):
        faces.split("trian", 3)
    with pytest.raises(UserError, match="box"):
        faces.split("unseen", 1, box={"smile": (5.0, 6.0)})
