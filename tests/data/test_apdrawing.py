import numpy as np
import pytest

from labkit.data import available
from labkit.data import open as open_data
from labkit.errors import UserError
from tests.data.made import broken, plain, save

POINTS = np.array([(20, 24), (40, 24), (30, 34), (22, 44), (38, 44)])


def portraits(top, folder="data/train", count=3):
    for i in range(count):
        photo = np.zeros((64, 64, 3), np.uint8)
        for x, y in POINTS:
            photo[y - 1 : y + 2, x - 1 : x + 2] = 200
        drawing = np.full((64, 64, 3), 250, np.uint8)
        whole = photo if folder.endswith("single") else np.concatenate([photo, drawing], 1)
        save(whole, top / "dataset" / folder / f"{i}.png")
        mask = np.zeros((64, 64), np.uint8)
        mask[:, 16:48] = 255
        save(mask, top / "dataset" / "mask" / "ALL" / f"{i}.png")
        text = "\n".join(f"{x} {y}" for x, y in POINTS)
        (top / "dataset" / "landmark" / "ALL").mkdir(parents=True, exist_ok=True)
        (top / "dataset" / "landmark" / "ALL" / f"{i}.txt").write_text(text)
    return top


@pytest.mark.parametrize("size", [32, 64, 128])
def test_drawing_mask_and_landmarks_fit_the_photograph(tmp_path, size):
    data = open_data(portraits(tmp_path), size=size)
    assert len(data) == 3 and data.fields["paired"].min() > 200
    mask = data.fields["mask"]
    assert mask.shape == (3, size, size, 1) and (mask[0, :, size // 2] == 255).all() and mask[0, :, 0].max() == 0
    at = np.rint(data.fields["landmarks"][0]).astype(int)
    assert data.images()[0][at[:, 1], at[:, 0]].min() > 100
    assert np.allclose(data.fields["landmarks"][0], (POINTS + 0.5) * size / 64 - 0.5)


def test_photographs_alone_are_a_test_split(tmp_path):
    portraits(tmp_path, "data/test_single")
    assert "paired" not in open_data(tmp_path, size=8, split="test").fields
    with pytest.raises(UserError, match=r"no 'train' split.*it has test"):
        open_data(tmp_path, size=8)
    with pytest.raises(UserError, match=r"no paired here"):
        open_data(tmp_path, size=8, split="test", fields=["paired"])


def test_what_lacks_a_mask_or_landmarks_is_named_where_they_are_wanted(tmp_path):
    base = portraits(tmp_path, count=5) / "dataset"
    (base / "mask" / "ALL" / "0.png").unlink()
    plain(base / "mask" / "ALL" / "1.png", size=(32, 32))
    (base / "landmark" / "ALL" / "2.txt").write_text("1 2\n3 4\n")
    (base / "landmark" / "ALL" / "3.txt").unlink()
    reasons = broken(base / "data" / "train")
    data = open_data(tmp_path, size=8)
    told = {"/".join(path.split("/")[-3:]): reason for path, reason in data.skipped}
    assert len(data) == 1 and told["mask/ALL/0.png"] == "there is no such file"
    assert told["mask/ALL/1.png"] == "is 32 x 32 pixels, but its photograph 64 x 64"
    assert told["landmark/ALL/2.txt"] == told["landmark/ALL/3.txt"] == "has no five landmarks"
    assert set(reasons) <= {name.split("/")[-1] for name in told} and len(told) == 8
    assert len(open_data(tmp_path, size=8, fields=["paired"])) == 5


def test_the_real_portraits(packs):
    assert available("apdrawing", "test") and not available("apdrawing")
    data = open_data("apdrawing", size=128, split="test")
    assert len(data) == 30 and not data.skipped
    points = data.fields["landmarks"]
    aligned = np.array([(201.1, 246.9), (310.9, 246.9), (256, 311.8), (206.6, 370.8), (305.4, 370.8)]) / 4
    assert np.abs(points - aligned).mean() < 3
    at = np.rint(points).astype(int)
    rows = np.arange(30)[:, None]
    assert (data.fields["mask"][rows, at[..., 1], at[..., 0]] > 200).mean() > 0.98  # faces lie in the person
