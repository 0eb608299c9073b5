"""Two domains, and never a pair between them."""

import numpy as np
import pytest

from labkit.data.dataset import Dataset
from labkit.data.domains import two_domains
from labkit.errors import UserError


def made(n=10, **fields):
    """Pictures whose pixels are their row's number."""
    rows = np.arange(n, dtype=np.uint8)
    image = np.broadcast_to(rows[:, None, None, None], (n, 4, 4, 3)).copy()
    return Dataset("made", {"image": image, **fields})


def rows(array):
    return array[:, 0, 0, 0].tolist()


def test_a_second_kind_of_picture_is_taken_of_other_rows():
    whole = made()
    found = two_domains(Dataset("made", {**whole.fields, "cartoon": whole.fields["image"] + 100}), "cartoon")
    assert rows(found.fields["image"]) == [0, 1, 2, 3, 4] and rows(found.fields["other"]) == [105, 106, 107, 108, 109]
    assert not set(rows(found.fields["image"])) & {row - 100 for row in rows(found.fields["other"])}
    assert "not paired" in found.note
    grey = two_domains(Dataset("made", {**whole.fields, "drawing": whole.fields["image"][..., :1]}), "drawing")
    assert grey.fields["other"].shape == (5, 4, 4, 3) and rows(grey.fields["other"]) == [5, 6, 7, 8, 9]
    assert grey.tensor([0, 3])["other"].shape == (2, 3, 4, 4)


def test_grey_is_made_of_other_rows_colours():
    image = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3), np.uint8)
    found = two_domains(Dataset("made", {"image": image}), "grey")
    assert np.array_equal(found.fields["image"], image[:3])
    other = found.fields["other"]
    assert other.dtype == np.uint8 and other.shape == (3, 4, 4, 3) and (other == other[..., :1]).all()
    assert np.abs(other[..., 0] - image[3:6] @ np.array([0.299, 0.587, 0.114])).max() <= 0.51
    with pytest.raises(UserError, match="one domain"):
        two_domains(Dataset("made", {"image": image[..., :1]}), "grey")


def test_an_attribute_parts_those_without_from_those_with():
    attributes = np.array([[0, 1], [1, 0], [0, 1], [0, 1], [1, 1], [0, 0]] + [[0, 0]] * 4, dtype=np.uint8)
    data = made(attributes=attributes)
    data.names["attributes"] = ("Eyeglasses", "Young")
    found = two_domains(data, "Eyeglasses")
    assert rows(found.fields["other"]) == [1, 4] and rows(found.fields["image"]) == [0, 2]


def test_two_classes_are_two_domains():
    found = two_domains(made(label=np.array([1, 0, 1, 0, 0, 1, 1, 1, 1, 1])))
    assert rows(found.fields["image"]) == [1, 3, 4] and rows(found.fields["other"]) == [0, 2, 5]
    assert found.classes == () and len(found) == 3


def test_of_two_variants_a_is_the_opposite_of_b():
    whole = made()
    fields = {**whole.fields, "glasses": whole.fields["image"] + 100, "no_glasses": whole.fields["image"] + 200}
    found = two_domains(Dataset("made", fields), "glasses")
    assert rows(found.fields["image"]) == [200, 201, 202, 203, 204]
    assert rows(found.fields["other"]) == [105, 106, 107, 108, 109]
    del fields["no_glasses"]
    with pytest.raises(UserError, match="no_glasses"):
        two_domains(Dataset("made", fields), "glasses")


def test_what_is_one_domain_says_so():
    with pytest.raises(UserError, match="one domain"):
        two_domains(made())
    data = made(attributes=np.zeros((10, 1), np.uint8))
    data.names["attributes"] = ("Eyeglasses",)
    with pytest.raises(UserError, match="Eyeglasses"):
        two_domains(data, "Eyeglases")
    with pytest.raises(UserError):
        two_domains(data, "Eyeglasses")  # nobody has them
