import gzip
import shutil

import numpy as np
import pytest

from labkit.data import available
from labkit.data import open as open_data
from labkit.errors import UserError
from tests.data.made import brightness, broken, plain, save

NAMES = [f"{i:06d}.jpg" for i in range(1, 7)]
ATTRIBUTES = ("Smiling", "Male")


def lists(places=None):
    """Small lists in CelebA's own form: picture i has identity 10 i, and splits train x 4, valid, test."""
    places = places or [[69 + i, 111, 108, 111, 88, 135, 72, 152, 105, 152] for i in range(6)]
    rows = [f"{name} {'-1' if i % 2 else ' 1'} -1" for i, name in enumerate(NAMES)]
    marks = [f"{name} {' '.join(map(str, place))}" for name, place in zip(NAMES, places)]
    return {
        "list_attr_celeba.txt": "\n".join(["6", " ".join(ATTRIBUTES), *rows]),
        "identity_CelebA.txt": "\n".join(f"{name} {10 * i}" for i, name in enumerate(NAMES)),
        "list_eval_partition.txt": "\n".join(f"{name} {max(0, i - 3)}" for i, name in enumerate(NAMES)),
        "list_landmarks_align_celeba.txt": "\n".join(["6", "lefteye_x lefteye_y and so on", *marks]),
    }


def celeba(top, folder="", size=(178, 218), **options):
    for i, name in enumerate(NAMES):
        plain(top / "img_align_celeba" / name, 10 * i, size)
    (top / folder).mkdir(exist_ok=True)
    for name, text in lists(**options).items():
        (top / folder / name).write_text(text)
    return top


def test_all_that_the_lists_know_comes_with_the_pictures(tmp_path):
    data = open_data(celeba(tmp_path), size=16)
    assert brightness(data) == [0, 10, 20, 30] and data.fields["identity"].tolist() == [0, 10, 20, 30]
    assert data.names["attributes"] == ATTRIBUTES and data.fields["attributes"].dtype == np.uint8
    assert data.fields["attributes"].tolist() == [[1, 0], [0, 0], [1, 0], [0, 0]] and data.fields["landmarks"].ndim == 3
    assert brightness(data.where(Smiling=1)) == [0, 20]
    assert not data.skipped and not data.note and data.image_shape == (3, 16, 16)


def test_the_official_splits(tmp_path):
    celeba(tmp_path)
    assert brightness(open_data(tmp_path, size=8, split="valid")) == [40]
    assert brightness(open_data(tmp_path, size=8, split="test")) == [50]


@pytest.mark.parametrize("place", ["Anno", "annotations_full", ".csv", "nested"])
def test_the_lists_are_found_where_downloads_put_them(tmp_path, place):
    celeba(tmp_path, folder=place if place in ("Anno", "annotations_full") else "")
    if place == "annotations_full":
        for path in (tmp_path / place).iterdir():
            path.with_suffix(".txt.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    if place == ".csv":  # as a well-known copy has them: commas, the picture's column named, no count
        for path in tmp_path.glob("*.txt"):
            lines = [",".join(line.split()) for line in path.read_text().splitlines() if len(line.split()) > 1]
            headless = ["image_id,value"] if path.name in ("identity_CelebA.txt", "list_eval_partition.txt") else []
            lines = headless + lines if headless else [f"image_id,{lines[0]}", *lines[1:]]
            path.with_suffix(".csv").write_text("\n".join(lines))
            path.unlink()
    if place == "nested":
        (tmp_path / "img_align_celeba").rename(tmp_path / "x")
        (tmp_path / "img_align_celeba").mkdir()
        (tmp_path / "x").rename(tmp_path / "img_align_celeba" / "img_align_celeba")
    data = open_data(tmp_path, size=8)
    assert data.fields["identity"].tolist() == [0, 10, 20, 30] and data.names["attributes"] == ATTRIBUTES


@pytest.mark.parametrize("size", [(178, 218), (89, 109)])
def test_crop_and_landmarks_agree_at_full_and_at_half_size(tmp_path, size):
    """A white dot at each picture's left eye is where the landmark says it is, and rows above 20 are cut off."""
    celeba(tmp_path)
    scale = size[0] / 178
    for i, name in enumerate(NAMES):
        picture = np.zeros((size[1], size[0], 3), np.uint8)
        picture[: int(18 * scale)] = 255
        x, y = ((c + 0.5) * scale - 0.5 for c in (69 + i, 111))
        picture[round(y - 2) : round(y + 3), round(x - 2) : round(x + 3)] = 255
        save(picture, tmp_path / "img_align_celeba" / name, quality=95)
    data = open_data(tmp_path, size=89)
    for image, eye in zip(data.images().astype(float).mean(-1), data.fields["landmarks"][:, 0]):
        assert image[0].max() < 40
        y, x = (np.argwhere(image > 128)).mean(0)
        assert abs(x - eye[0]) < 0.8 and abs(y - eye[1]) < 0.8


def test_landmarks_that_are_all_zero_are_not_served(tmp_path):
    celeba(tmp_path, places=[[0] * 10] * 6)
    data = open_data(tmp_path, size=8)
    assert "landmarks" not in data.fields and "only zeros" in data.note
    with pytest.raises(UserError, match=r"no landmarks here.*only zeros"):
        open_data(tmp_path, size=8, fields=["landmarks"])


def test_a_picture_that_a_list_lacks_is_named(tmp_path):
    celeba(tmp_path)
    text = (tmp_path / "list_attr_celeba.txt").read_text()
    text = text.replace(NAMES[1], "other.jpg").replace("000003.jpg  1 -1", "000003.jpg x")
    (tmp_path / "list_attr_celeba.txt").write_text(text)
    data = open_data(tmp_path, size=8)
    assert brightness(data) == [0, 30]
    reasons = [(path[-10:], reason) for path, reason in data.skipped]
    assert reasons == [(name, "no entry in list_attr_celeba.txt") for name in NAMES[1:3]]


def test_entries_without_a_picture_are_counted(tmp_path):
    celeba(tmp_path)
    (tmp_path / "img_align_celeba" / NAMES[0]).unlink()
    assert "1 of the 6 pictures in list_eval_partition.txt are not here" in open_data(tmp_path, size=8).note


def test_broken_pictures_are_named_and_their_rows_left_out(tmp_path):
    celeba(tmp_path)
    broken(tmp_path)
    for name, bad in zip(NAMES, ("cut.jpg", "empty.jpg")):
        shutil.copy(tmp_path / bad, tmp_path / "img_align_celeba" / name)
    data = open_data(tmp_path, size=8)
    assert data.fields["identity"].tolist() == [20, 30] and len(data.skipped) == 2
    assert [path[-10:] for path, _ in data.skipped] == NAMES[:2]


def test_a_list_that_is_no_text_is_one_sentence(tmp_path):
    celeba(tmp_path)
    (tmp_path / "identity_CelebA.txt").write_bytes(b"\xff\xfe\x00\x01" * 10)
    with pytest.raises(UserError, match=r"the list .*identity_CelebA\.txt can't be read") as caught:
        open_data(tmp_path, size=8)
    assert "\n" not in str(caught.value)


def test_pictures_alone_are_enough(tmp_path):
    celeba(tmp_path)
    for path in tmp_path.glob("*.txt"):
        path.unlink()
    data = open_data(tmp_path, size=8)
    assert list(data.fields) == ["image"] and len(data) == 6
    with pytest.raises(UserError, match=r"no 'test' split.*it has train"):
        open_data(tmp_path, size=8, split="test")


def test_the_real_pack(packs):
    data = open_data("celeba", size=32)
    assert available("celeba") and len(data) == 7475 and data.fields["attributes"].shape == (7475, 40)
    assert "landmarks" not in data.fields and not data.skipped
    lines = (packs / "celeba" / "celeba" / "list_attr_celeba.txt").read_text().splitlines()
    for row in (0, 1234, 7474):
        assert [int(v) > 0 for v in lines[2 + row].split()[1:]] == data.fields["attributes"][row].astype(bool).tolist()
    blond, dark = (data.where(**{name: 1}).images().mean() for name in ("Blond_Hair", "Black_Hair"))
    assert blond > dark + 10


def test_the_full_lists_say_the_same_of_the_pack(packs, tmp_path):
    """Beside a hundred of the pack's pictures: only the complete official lists, or only the pack's own."""
    real = packs / "celeba"
    pictures = sorted((real / "celeba" / "img_align_celeba").iterdir())[:100]
    for top in (tmp_path / "full", tmp_path / "own"):
        (top / "img_align_celeba").mkdir(parents=True)
        for path in pictures:
            (top / "img_align_celeba" / path.name).symlink_to(path)
    (tmp_path / "full" / "annotations_full").symlink_to(real / "annotations_full")
    for path in (real / "celeba").glob("*.txt"):
        (tmp_path / "own" / path.name).symlink_to(path)
    for path in (real / "placeholders_NOT_REAL").glob("list_*.txt"):
        (tmp_path / "own" / path.name).symlink_to(path)
    full, own = (open_data(tmp_path / name, size=8) for name in ("full", "own"))
    assert sorted(full.fields) == sorted(own.fields) == ["attributes", "identity", "image"]
    assert full.names == own.names and "202,499 of the 202,599 pictures" in full.note and "only zeros" in own.note
    for field in full.fields:
        assert np.array_equal(full.fields[field], own.fields[field])
