import numpy as np
import pytest

from labkit.data import available
from labkit.data import open as open_data
from labkit.errors import UserError
from tests.data.made import brightness, broken, plain


def two_domains(top):
    for folder, greys in (("trainA", (10, 20)), ("trainB", (200, 210, 220)), ("testA", (30,)), ("testB", (230,))):
        for grey in greys:
            plain(top / folder / f"{grey}.jpg", grey)


def test_two_domains_are_one_data_set_with_a_label(tmp_path):
    two_domains(tmp_path / "horse2zebra")
    data = open_data(tmp_path, size=8)
    assert data.classes == ("A", "B") and data.fields["label"].tolist() == [0, 0, 1, 1, 1]
    assert brightness(data.where(label="A")) == [10, 20] and brightness(data.where(label=1)) == [200, 210, 220]
    test = open_data(tmp_path, size=8, split="test")
    assert brightness(test) == [30, 230] and test.split == "test"
    with pytest.raises(UserError, match=r"no 'valid' split.*it has train and test"):
        open_data(tmp_path, split="valid")


def test_a_domain_stays_in_the_cache_file(tmp_path):
    two_domains(tmp_path)
    data = open_data(tmp_path, size=8)
    assert np.shares_memory(data.where(label=1).fields["image"], data.fields["image"])


def test_horse2zebra_names_its_domains(cache_root):
    assert not available("horse2zebra")
    two_domains(cache_root / "horse2zebra" / "horse2zebra")
    data = open_data("horse2zebra", size=8)
    assert available("horse2zebra", "test") and data.classes == ("horse", "zebra") and data.name == "horse2zebra"
    assert brightness(data.where(label="zebra")) == [200, 210, 220]


def test_broken_files_leave_the_labels_right(tmp_path):
    two_domains(tmp_path)
    reasons = broken(tmp_path / "trainA")
    data = open_data(tmp_path, size=8)
    assert data.fields["label"].tolist() == [0, 0, 1, 1, 1] and brightness(data)[:3] == [10, 20, 200]
    told = {path.rsplit("/", 1)[-1]: reason for path, reason in data.skipped}
    assert told.keys() == reasons.keys() and all(word in told[name] for name, word in reasons.items())


def test_the_real_folders(packs):
    data = open_data(packs / "photo2caricature", size=16)
    assert len(data.where(label="A")) == len(data.where(label="B")) == 260
    assert len(open_data(packs / "photo2caricature", size=16, split="test")) == 80


def test_two_identities_are_two_class_folders(packs):
    data = open_data(packs / "faceswap", size=16)
    assert data.classes == ("personA", "personB") and len(data.where(label="personB")) == 300
