"""What is recognised by itself, what is cached, and the doors to data sets that are not in the packs."""

import os
import pickle

import numpy as np
import pytest

from labkit.data import available, rows
from labkit.data import open as open_data
from labkit.data.readers import cifar
from labkit.data.readers.named import LAYOUTS, NAMED
from labkit.errors import UserError
from tests.data.made import brightness, plain, save


def test_folders_that_only_look_alike_are_plain_folders(tmp_path):
    for name in ("a/trainA/1.jpg", "b/images/makeup/1.jpg", "c/images/1.jpg", "c/masks/2.png", "d/index/1.jpg"):
        plain(tmp_path / name)
    (tmp_path / "d" / "index.csv").write_text("name,price\nx,1\n")
    plain(tmp_path / "e" / "1.jpg")
    (tmp_path / "e" / "index.csv").write_bytes(b"\xff\x00\xfe")
    for folder in "abcde":
        assert set(open_data(tmp_path / folder, size=8).fields) <= {"image", "label"}
        assert len(open_data(tmp_path / folder, size=8)) == (2 if folder == "c" else 1)


def test_a_format_is_found_one_folder_down_but_not_in_a_folder_of_many(tmp_path):
    for part in ("trainA", "trainB"):
        plain(tmp_path / "x" / "y" / part / "1.jpg")
    assert open_data(tmp_path / "x", size=8).classes == ("A", "B")
    for i in range(17):
        plain(tmp_path / "x" / f"person{i}" / "1.jpg")
    assert len(open_data(tmp_path / "x", size=8).classes) == 18


def test_every_named_data_set_says_what_is_missing(cache_root):
    for name in NAMED:
        assert not available(name)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_unknown_fields_splits_and_options_are_sentences(name):
    with pytest.raises(UserError, match="layout is for folders"):
        open_data(name, layout="pairs")
    with pytest.raises(UserError, match="did you mean 'train'"):
        open_data(name, split="trian")
    with pytest.raises(UserError, match="fields must be a list"):
        open_data(name, fields="image")


def test_fields_of_the_digits(few_digits):
    assert list(open_data("digits", fields=["image"]).fields) == ["image"]
    for options in ({"fields": ["lable"]}, {"split": "valid"}, {"label_order": "mt"}):
        with pytest.raises(UserError):
            open_data("digits", **options)


def test_label_order_is_for_class_maps(tmp_path):
    plain(tmp_path / "1.jpg")
    with pytest.raises(UserError, match=r"label_order is for.*images\+masks"):
        open_data(tmp_path, label_order="face-parsing")


def test_the_cache_follows_the_files(tmp_path):
    for part in ("trainA", "trainB"):
        plain(tmp_path / part / "1.jpg", 10)
    assert brightness(open_data(tmp_path, size=8)) == [10, 10]
    plain(tmp_path / "trainA" / "1.jpg", 90)
    os.utime(tmp_path / "trainA" / "1.jpg", ns=(1, 1))
    assert brightness(open_data(tmp_path, size=8)) == [90, 10]
    plain(tmp_path / "trainB" / "2.jpg", 30)
    assert brightness(open_data(tmp_path, size=8)) == [90, 10, 30]


def test_the_second_open_decodes_nothing(tmp_path, monkeypatch):
    for part in ("trainA", "trainB"):
        plain(tmp_path / part / "1.jpg", 10)
    open_data(tmp_path, size=8)
    monkeypatch.setattr(rows, "_write", lambda *a: pytest.fail("decoded again"))
    assert len(open_data(tmp_path, size=8)) == 2


def test_large_folders_are_looked_at_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "_LOOKED_AT", 3)
    for i in range(5):
        plain(tmp_path / "many" / f"{i}.jpg")
    before = rows.stamps(tmp_path)
    assert len(before) == 1 and before[0][:2] == ("many", 5)
    (tmp_path / "many" / "4.jpg").unlink()
    assert rows.stamps(tmp_path) != before


def test_pictures_in_folders_of_thousands_are_no_classes(cache_root):
    top = cache_root / "ffhq-thumbnails" / "thumbnails128x128"
    for number, grey in ((0, 10), (59_999, 20), (60_000, 30)):
        plain(top / f"{number // 1000 * 1000:05d}" / f"{number:05d}.png", grey)
    (top / "LICENSE.txt").write_text("terms")
    data = open_data("ffhq-thumbnails", size=8)
    assert list(data.fields) == ["image"] and brightness(data) == [10, 20]
    assert brightness(open_data("ffhq-thumbnails", size=8, split="test")) == [30]


def test_celeba_hq_with_and_without_class_folders(cache_root):
    top = cache_root / "celeba-hq"
    plain(top / "1.jpg", 10)
    assert list(open_data("celeba-hq", size=8).fields) == ["image"]
    (top / "1.jpg").unlink()
    for split, grey in (("train", 10), ("val", 30)):
        plain(top / "celeba_hq" / split / "female" / "1.jpg", grey)
        plain(top / "celeba_hq" / split / "male" / "2.jpg", grey + 10)
    assert brightness(open_data("celeba-hq", size=8).where(label="male")) == [20]
    assert brightness(open_data("celeba-hq", size=8, split="test")) == [30, 40]


@pytest.mark.parametrize("name, folder", [("edges2shoes", "edges2shoes"), ("maps", "maps")])
def test_pairs_by_name(cache_root, name, folder):
    for split, grey in (("train", 10), ("val", 30)):
        array = np.full((16, 32, 3), grey, np.uint8)
        array[:, 16:] = 200
        save(array, cache_root / name / folder / split / "1.png")
    assert brightness(open_data(name, size=8)) == [10] and brightness(open_data(name, size=8), "paired") == [200]
    assert brightness(open_data(name, size=8, split="test")) == [30] and available(name, "test")


def tiny_cifar(top, monkeypatch):
    """CIFAR-10's files in small, and torchvision told their md5s."""
    import hashlib

    from torchvision.datasets import CIFAR10

    folder = top / cifar.FOLDER
    folder.mkdir(parents=True)
    made = {}
    for i, name in enumerate(["data_batch_1", "test_batch", "batches.meta"]):
        data = np.full((2, 3072), 10 * i, np.uint8)
        data[:, :1024] += 50  # the first of the three planes is red
        names = ["airplane", "automobile"]
        content = {"label_names": names} if name.endswith("meta") else {"data": data, "labels": [1, 0]}
        (folder / name).write_bytes(pickle.dumps(content))
        made[name] = hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", made["data_batch_1"]]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", made["test_batch"]]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": made["batches.meta"]}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    return folder


def test_cifar_10_from_its_own_files(cache_root, monkeypatch):
    folder = tiny_cifar(cache_root / "cifar-10", monkeypatch)
    data = open_data("cifar-10")
    assert data.image_shape == (3, 32, 32) and data.classes == ("airplane", "automobile")
    assert data.fields["label"].tolist() == [1, 0] and data.images()[0, 0, 0].tolist() == [50, 0, 0]
    assert open_data("cifar-10", split="test").images()[0, 0, 0].tolist() == [60, 10, 10]
    assert open_data("cifar-10", size=16, channels=1).image_shape == (1, 16, 16)
    (folder / "data_batch_1").write_bytes(b"other bytes")
    with pytest.raises(UserError, match=r"incomplete or damaged: fetch cifar-10 again"):
        open_data("cifar-10")


def test_fashion_mnist_reads_its_own_folder(cache_root, monkeypatch):
    import gzip
    import hashlib
    import struct

    from labkit.data import mnist
    from labkit.data.cards import cards

    folder = cache_root / "fashion-mnist" / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    files = {
        "train-images-idx3-ubyte.gz": struct.pack(">4I", 0x803, 2, 28, 28) + bytes([7] * 2 * 784),
        "train-labels-idx1-ubyte.gz": struct.pack(">2I", 0x801, 2) + bytes([9, 0]),
    }
    listed = []
    for name, data in files.items():
        (folder / name).write_bytes(gzip.compress(data))
        sums = hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()
        listed.append({"name": name, "md5": sums})
    card = {**cards()["mnist"], "files": listed, "classes": [f"class {i}" for i in range(10)]}
    monkeypatch.setattr(mnist, "cards", lambda: {"fashion-mnist": card})
    data = open_data("fashion-mnist")
    assert data.name == "fashion-mnist" and data.classes[9] == "class 9" and data.fields["label"].tolist() == [9, 0]
    assert available("fashion-mnist") and not available("fashion-mnist", "valid")


def test_layout_names_are_known_and_their_own(tmp_path):
    assert len(LAYOUTS) == 14 and all(name == layout.name for name, layout in LAYOUTS.items())
    for name in LAYOUTS:
        with pytest.raises(UserError, match="not laid out as"):
            (tmp_path / "empty").mkdir(exist_ok=True)
            open_data(tmp_path / "empty", layout=name)
