import numpy as np
import pytest

from labkit.data import open as open_data
from labkit.data.pictures import Unusable, read_aligned
from labkit.data.readers import caricature
from labkit.errors import UserError
from tests.data.made import brightness, broken, plain, save

POINTS = np.array([(30.0, 40), (70, 40), (50, 60), (35, 80), (65, 80)])


def test_the_index_gives_domain_and_person(tmp_path):
    rows = ["path,identity,domain"]
    for person, grey in (("ann", 10), ("bob", 30)):
        for domain, more in (("caricature", 100), ("photo", 0)):
            plain(tmp_path / "ourcar" / person / f"{domain}.jpg", grey + more)
            rows.append(f"ourcar/{person}/{domain}.jpg,{person},{domain}")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    data = open_data(tmp_path, size=8)
    assert data.classes == ("photo", "caricature") and data.names["identity"] == ("ann", "bob")
    assert brightness(data) == [10, 30, 110, 130] and data.fields["identity"].tolist() == [0, 1, 0, 1]
    assert brightness(data.where(identity="bob", label="photo")) == [30]
    rows = [*rows, "ourcar/ann/gone.jpg,ann,photo", "ourcar/ann,photo"]
    (tmp_path / "index.csv").write_text("\n".join(rows))
    reasons = broken(tmp_path / "ourcar" / "ann")
    data = open_data(tmp_path, size=8)
    told = {path.rsplit("/", 1)[-1]: reason for path, reason in data.skipped}
    assert len(data) == 4 and told["gone.jpg"] == "in index.csv, but there is no such picture"
    assert told["index.csv"] == "line 7 is not path, identity, domain"
    assert told.keys() == {"gone.jpg", "index.csv", *reasons} and told["cut.jpg"] == "not in index.csv"


def test_the_real_pack(packs):
    data = open_data("webcaricature", size=32)
    assert len(data.where(label="photo")) == 1568 and len(data.where(label="caricature")) == 813
    assert len(data.names["identity"]) == 109 and not data.skipped


def dotted(path, points, size=(100, 120)):
    """A black picture with a white dot at each point."""
    array = np.zeros((size[1], size[0], 3), np.uint8)
    for x, y in np.round(points).astype(int):
        array[y - 1 : y + 2, x - 1 : x + 2] = 255
    return save(array, path)


@pytest.mark.parametrize("zoom", [1, 4])
@pytest.mark.parametrize("angle", [0, 0.4])
def test_aligning_brings_the_dots_to_their_places(tmp_path, zoom, angle):
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = ((POINTS - 50) @ turn + 50) * zoom
    dotted(tmp_path / "a.png", points, (120 * zoom, 120 * zoom))
    targets = POINTS * 0.6 + 5
    image, moved = read_aligned(tmp_path / "a.png", 64, 1, points, targets)
    assert np.allclose(moved, targets, atol=1e-3)  # a similarity maps them exactly
    for x, y in targets:
        near = image[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4, 0].astype(float)
        where = np.argwhere(near > 0.5 * near.max()).mean(0) - 3 + (round(y), round(x))
        assert near.max() > 30 and np.abs(where - (y, x)).max() < 0.8


def test_what_lies_outside_is_white_and_odd_landmarks_are_refused(tmp_path):
    plain(tmp_path / "a.png", 0)
    image, _ = read_aligned(tmp_path / "a.png", 32, 3, POINTS, POINTS)
    assert image[0, 0].max() == 0 and image[-1, -1].min() == 255
    with pytest.raises(Unusable, match="all in one place"):
        read_aligned(tmp_path / "a.png", 32, 3, np.ones((5, 2)), POINTS)


def webcaricature(top, person="Ann Lee"):
    lines = []
    for name in ("P00001", "P00002", "C00001"):
        dotted(top / "OriginalImages" / person / f"{name}.jpg", POINTS)
        numbers = " ".join(f"{v:.3f}" for v in POINTS.ravel())
        lines.append(f"data/WebCaricature/OriginalImages/{person.replace(' ', '_')}/{name}.jpg {numbers}")
    (top / "landmarks.txt").write_text("\n".join(lines))
    (top / "train.txt").write_text("Ann_Lee/P00001.jpg\nAnn_Lee/C00001.jpg\n")
    (top / "test.txt").write_text("Ann_Lee/P00002.jpg\n")


def test_warpgans_lists_give_splits_and_aligned_faces(tmp_path):
    webcaricature(tmp_path)
    data = open_data(tmp_path, size=256)
    assert data.fields["label"].tolist() == [0, 1] and data.classes == ("photo", "caricature")
    assert data.names["identity"] == ("Ann_Lee",) and len(open_data(tmp_path, size=32, split="test")) == 1
    eyes = data.fields["landmarks"][0, :2]
    assert abs(eyes[:, 1] - (0.7 * 256 * -0.039 + 127.5)).max() < 12 and 45 < np.ptp(eyes[:, 0]) < 65
    for x, y in data.fields["landmarks"][0]:
        assert data.images()[0, round(y), round(x)].min() > 150


def test_lists_with_missing_entries_are_named(tmp_path):
    webcaricature(tmp_path)
    lines = (tmp_path / "landmarks.txt").read_text().splitlines()
    (tmp_path / "landmarks.txt").write_text("\n".join([lines[0], "not a line", lines[1].replace("30.000", "nan")]))
    (tmp_path / "train.txt").write_text("Ann_Lee/P00001.jpg\nAnn_Lee/C00001.jpg\nBob/P00009.jpg\nAnn_Lee/P00002.jpg\n")
    data = open_data(tmp_path, size=32)
    told = {path.rsplit("/", 1)[-1]: reason for path, reason in data.skipped}
    assert len(data) == 1 and told == {
        "P00009.jpg": "in train.txt, but there is no such picture",
        "C00001.jpg": "no entry in landmarks.txt",
        "P00002.jpg": "no entry in landmarks.txt",
    }


def test_without_lists_everything_is_for_training_and_has_no_landmarks(tmp_path):
    webcaricature(tmp_path)
    for name in ("train", "test", "landmarks"):
        (tmp_path / f"{name}.txt").unlink()
    plain(tmp_path / "OriginalImages" / "Ann Lee" / "x.jpg")
    data = open_data(tmp_path, size=16)
    assert len(data) == 3 and "landmarks" not in data.fields and data.skipped[0][1] == "called neither P... nor C..."
    with pytest.raises(UserError, match=r"it has train"):
        open_data(tmp_path, split="test")


def test_the_real_lists(packs):
    folder = packs / "webcaricature_lists"
    points = caricature.landmarks(folder / "landmarks.txt")
    assert len(points) == 12_016
    people = {}
    for split, count in (("train", 6_128), ("test", 5_888)):
        names = [caricature._key(line) for line in (folder / f"{split}.txt").read_text().split()]
        assert len(names) == count and set(names) <= points.keys()
        people[split] = {name.split("/")[0] for name in names}
    assert len(people["train"]) == len(people["test"]) == 126 and not people["train"] & people["test"]
    five = np.stack(list(points.values()))
    upright = five[:, :2, 1].mean(1) < five[:, 3:, 1].mean(1)
    assert upright.mean() > 0.99 and (five[:, 0, 0] < five[:, 1, 0]).mean() > 0.99  # eyes left to right, mouth below


def test_a_picture_that_the_real_lists_name_is_aligned_by_them(packs, tmp_path):
    points = caricature.landmarks(packs / "webcaricature_lists" / "landmarks.txt")["John_Malkovich/P00003.jpg"]
    dotted(tmp_path / "OriginalImages" / "John Malkovich" / "P00003.jpg", points, (500, 400))
    for name in ("landmarks", "train", "test"):
        (tmp_path / f"{name}.txt").symlink_to(packs / "webcaricature_lists" / f"{name}.txt")
    found = [split for split in ("train", "test") if "John_Malkovich" in (tmp_path / f"{split}.txt").read_text()]
    data = open_data(tmp_path, size=128, split=found[0])
    assert len(data) == 1 and len(data.skipped) > 5000
    for x, y in data.fields["landmarks"][0]:
        assert data.images()[0, round(y), round(x)].mean() > 100
