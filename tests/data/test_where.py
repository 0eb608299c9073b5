import numpy as np
import pytest

from labkit.data import Dataset
from labkit.errors import UserError


@pytest.fixture
def data():
    image = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    fields = {
        "image": image,
        "label": np.array([0, 0, 0, 1, 1, 1]),
        "identity": np.array([7, 8, 9, 7, 8, 9]),
        "attributes": np.array([[1, 0], [0, 0], [1, 1], [0, 1], [1, 0], [0, 0]], np.uint8),
    }
    return Dataset("people", fields, ("photo", "drawing"), names={"attributes": ("Smiling", "Male")})


def rows(data):
    return data.fields["image"][:, 0, 0, 0].tolist()


def test_rows_by_number_by_name_by_several_and_by_attribute(data):
    assert rows(data.where(label=1)) == rows(data.where(label="drawing")) == [3, 4, 5]
    assert rows(data.where(identity=[7, 9])) == [0, 2, 3, 5]
    assert rows(data.where(Smiling=1)) == [0, 2, 4] and rows(data.where(Smiling=True, Male=0)) == [0, 4]
    assert rows(data.where(label="photo", identity=np.int64(8))) == [1]
    assert data.where(label=1).fields["identity"].tolist() == [7, 8, 9] and data.where(label=1).classes == data.classes


def test_neighbouring_rows_are_not_copied(data):
    assert np.shares_memory(data.where(label=1).fields["image"], data.fields["image"])
    assert not np.shares_memory(data.where(identity=7).fields["image"], data.fields["image"])


@pytest.mark.parametrize(
    "wanted, told",
    [
        ({"labels": 1}, "did you mean 'label'"),
        ({"Smilling": 1}, "did you mean 'Smiling'"),
        ({"label": "drawings"}, "did you mean 'drawing'"),
        ({"image": 1}, "unknown field of people"),
        ({"label": 5}, "no picture of people has label=5"),
    ],
)
def test_what_there_is_not_is_a_sentence(data, wanted, told):
    with pytest.raises(UserError, match=told):
        data.where(**wanted)


def test_only_some_fields(data):
    assert list(data.only(["label"]).fields) == ["image", "label"]
    with pytest.raises(UserError, match="did you mean 'label'"):
        data.only(["lable"])


def test_another_selection_has_another_fingerprint(data):
    assert len({data.fingerprint, data.where(label=1).fingerprint, data.only(["label"]).fingerprint}) == 3
