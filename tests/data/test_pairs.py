import numpy as np
import pytest
from PIL import Image

from labkit.data import available
from labkit.data import open as open_data
from labkit.errors import UserError
from tests.data.made import brightness, broken, plain, save


def pair(path, left=50, right=200, size=(24, 16)):
    array = np.full((size[1], size[0], 3), left, np.uint8)
    array[:, size[0] // 2 :] = right
    return save(array, path)


def test_halves_are_divided_to_the_pixel(tmp_path):
    pair(tmp_path / "a.png", 0, 255, (128, 64))
    data = open_data(tmp_path, layout="pairs", size=16)
    assert data.fields["image"].max() == 0 and data.fields["paired"].min() == 255  # nothing leaks over the middle
    assert data.image_shape == (3, 16, 16)


def test_each_half_is_cut_to_its_own_middle_square(tmp_path):
    array = np.zeros((40, 40, 3), np.uint8)  # two halves of 20 x 40; their middle squares are rows 10 to 30
    array[10:30, :20], array[10:30, 20:] = 100, 200
    save(np.concatenate([array, array[:, :2]], 1), tmp_path / "a.png")
    data = open_data(tmp_path, layout="pairs", size=20)
    assert data.fields["image"][0, 1:-1].min() >= 90


def test_a_folder_of_pairs_must_be_asked_for(tmp_path):
    pair(tmp_path / "a.png")
    assert "paired" not in open_data(tmp_path, size=8).fields
    with pytest.raises(UserError, match=r"'pair'; did you mean 'pairs'"):
        open_data(tmp_path, layout="pair")
    with pytest.raises(UserError, match=r"not laid out as 'pairs': there is no such folder"):
        open_data(tmp_path / "none", layout="pairs")


def test_splits_are_folders(tmp_path):
    for split, grey in (("train", 10), ("val", 20), ("test", 30)):
        pair(tmp_path / "maps" / split / "1.png", grey)
    data = [open_data(tmp_path, layout="pairs", size=8, split=s) for s in ("train", "valid", "test")]
    assert [brightness(d) for d in data] == [[10], [20], [30]]
    assert data[2].split == "test"


def test_what_is_no_pair_is_named(tmp_path):
    pair(tmp_path / "good.png")
    plain(tmp_path / "square.png", size=(16, 16))
    plain(tmp_path / "odd.png", size=(33, 16))
    reasons = broken(tmp_path)
    data = open_data(tmp_path, layout="pairs", size=8)
    told = {path.rsplit("/", 1)[-1]: reason for path, reason in data.skipped}
    assert len(data) == 1 and told["odd.png"] == "33 x 16 pixels are not two equal pictures side by side"
    assert told.keys() == {"square.png", "odd.png", *reasons}
    assert all(reasons[name] in told[name] for name in ("empty.jpg", "letter.png", "huge.png"))


def test_photographs_and_palette_maps_of_one_name(tmp_path):
    for i in range(3):
        plain(tmp_path / "base" / f"{i}.jpg", 10 * i)
        palette = Image.new("P", (24, 24), i)
        palette.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
        save(palette, tmp_path / "base" / f"{i}.png")
    data = open_data(tmp_path, layout="twins", size=8)
    assert brightness(data) == [0, 10, 20]
    assert data.fields["paired"][:, 0, 0].tolist() == [[0, 0, 0], [255, 0, 0], [0, 0, 255]]
    plain(tmp_path / "base" / "1.png", size=(24, 20))
    (tmp_path / "base" / "2.png").unlink()
    plain(tmp_path / "base" / "2.jpg")
    plain(tmp_path / "base" / "3.png")
    told = {p.rsplit("/", 1)[-1]: reason for p, reason in open_data(tmp_path, layout="twins", size=8).skipped}
    assert told == {
        "1.jpg": "is 24 x 24 pixels, but base/1.png is 24 x 20",
        "2.jpg": "its other half is missing",
        "3.png": "its other half is missing",
    }


def test_sketches_are_found_by_their_person(tmp_path):
    for split, photo, sketch in (("train", "f-005-01", "F2-005-01-sz1"), ("test", "m1-004-01", "m1-004-01-sz1")):
        plain(tmp_path / "CUHK" / split / "photos" / f"{photo}.jpg", 10)
        plain(tmp_path / "CUHK" / split / "sketches" / f"{sketch}.jpg", 200)
    plain(tmp_path / "CUHK" / "train" / "photos" / "m-020-01.jpg")
    for split, lost in (("train", 1), ("test", 0)):
        data = open_data(tmp_path, size=8, split=split)
        assert brightness(data) == [10] and brightness(data, "paired") == [200] and len(data.skipped) == lost


@pytest.mark.parametrize("name, counts", [("cmp-facades", (27, 5)), ("cufs", (120, 21))])
def test_the_real_pairs(packs, name, counts):
    data = [open_data(name, split=split) for split in ("train", "test")]
    assert tuple(map(len, data)) == counts and available(name, "test") and not available(name, "valid")
    left, right = data[0].fields["image"].astype(int), data[0].fields["paired"].astype(int)
    if name == "cufs":  # a sketch has no colour, its photograph has
        assert np.ptp(right, axis=3).mean() < 3 < np.ptp(left, axis=3).mean()
    else:  # a facade's labels are pure colours
        assert np.ptp(right, axis=3).mean() > 2 * np.ptp(left, axis=3).mean()


def test_the_two_real_facades_with_their_true_maps(packs):
    data = open_data(packs / "facades_predlabels" / "cmp_ground_truth", layout="twins")
    assert len(data) == 2 and not data.skipped
