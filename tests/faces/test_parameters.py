import dataclasses

import numpy as np
import pytest

from labkit import faces
from labkit.errors import UserError
from labkit.faces.parameters import INDEX, in_group


def test_every_parameter_says_its_range_its_unit_and_what_it_does():
    assert len(faces.NAMES) == len(set(faces.NAMES)) == len(dataclasses.fields(faces.Face)) - 1
    for p in faces.PARAMETERS:
        assert p.low < p.high and p.low <= p.default <= p.high, p.name
        assert p.unit and p.says, p.name
        assert not p.choices or p.high == len(p.choices) - 1, p.name
    text = faces.describe()
    assert all(name in text for name in faces.NAMES)


def test_a_face_is_frozen_and_goes_through_a_batch_unchanged():
    face = faces.sample_face(7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        face.smile = 1.0
    assert faces.Faces.of(face).face(0) == face
    assert faces.Faces.of([face, faces.Face()])[1].smile == 0.0


def test_replace_names_the_nearest_parameter():
    batch = faces.sample(range(3))
    changed = batch.replace(smile=[0.0, 0.5, 1.0])
    assert changed["smile"].tolist() == [0.0, 0.5, 1.0]
    others = np.delete(np.arange(len(faces.NAMES)), INDEX["smile"])
    assert (changed.values[:, others] == batch.values[:, others]).all()
    with pytest.raises(UserError, match="smile"):
        batch.replace(smyle=1.0)


def test_adopt_takes_whole_groups_and_with_the_shape_the_person():
    a, b = faces.sample(range(4)), faces.sample(range(10, 14))
    swapped = b.adopt(a, "pose", "expression", "light")
    moved = in_group("pose", "expression", "light")
    kept = np.setdiff1d(np.arange(len(faces.NAMES)), moved)
    assert (swapped.values[:, moved] == a.values[:, moved]).all()
    assert (swapped.values[:, kept] == b.values[:, kept]).all()
    assert (swapped.person == b.person).all()
    assert (b.adopt(a, "shape").person == a.person).all()
    with pytest.raises(UserError, match="did you mean 'pose'"):
        b.adopt(a, "poses")


@pytest.mark.parametrize(
    "wrong", [{"hair_colour": 40}, {"hat": -1}, {"glasses": 0.5}, {"smile": float("nan")}, {"yaw": [0, float("inf")]}]
)
def test_values_that_are_none_are_sentences(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        faces.sample(range(2)).replace(**wrong)
    assert faces.sample(range(2)).replace(smile=1.4)["smile"].tolist() == pytest.approx([1.4, 1.4])


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError):
        faces.Faces(np.zeros((2, 3), np.float32), np.zeros(2, np.int64))
