"""What a translator's pictures say when they are read again."""

import numpy as np
import pytest

from labkit import data
from labkit.metrics.translation import nearest_pairs, reparsed


@pytest.fixture(scope="module")
def faces():
    return data.open("faces", split="test", count=64, fields=("labels",))


def test_true_pictures_are_read_well_and_those_of_others_are_not(faces):
    labels = np.asarray(faces.fields["labels"])
    true = reparsed(faces.images(None), labels)
    others = reparsed(faces.images(None)[::-1], labels)
    assert true.mean > 0.75 > 0.6 > others.mean
    assert true.each["background"] > 0.95 and "skin" in true.each
    assert set(true.each) >= set(others.each) - {"cloth"}


def test_only_common_classes_count(faces):
    labels = np.asarray(faces.fields["labels"])
    all_of_them, common = (reparsed(faces.images(None), labels, least=least) for least in (0.0, 0.05))
    assert common.mean > all_of_them.mean and common.each == all_of_them.each
    with pytest.raises(ValueError, match="compare"):
        reparsed(faces.images(8), labels)


def test_the_nearest_pair_is_the_map_itself_where_it_is_known(faces):
    labels = np.asarray(faces.fields["labels"])
    assert nearest_pairs(labels, labels, chunk=20).tolist() == list(range(64))
    rows = nearest_pairs(labels[:8], labels[8:])
    alike = (labels[8:][rows] == labels[:8]).mean()
    assert alike > (labels[8:16] == labels[:8]).mean()
