import numpy as np
import pytest

from labkit.data import labels
from labkit.data import open as open_data
from labkit.errors import UserError
from labkit.faces import CLASSES
from tests.data.made import brightness, broken, face_map, plain, save

FOLDERS = {"seg1": "face-parsing", "segs": "psgan", "parsing": "mt"}


def makeup(top, folder="seg1", lists=True):
    for domain, greys in (("makeup", (100, 110)), ("non-makeup", (10, 20, 30))):
        for grey in greys:
            plain(top / "images" / domain / f"{grey}.png", grey)
            save(face_map(FOLDERS[folder], 40), top / folder / domain / f"{grey}.png")
        if lists:
            (top / f"{domain}.txt").write_text("".join(f"{domain}/{grey}.png\n" for grey in greys))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("lists", [True, False])
def test_each_kind_of_map_gives_the_same_labels(tmp_path, folder, lists):
    makeup(tmp_path, folder, lists)
    data = open_data(tmp_path, size=40)
    assert data.classes == ("non-makeup", "makeup") and data.fields["label"].tolist() == [0, 0, 0, 1, 1]
    assert brightness(data) == [10, 20, 30, 100, 110] and brightness(data.where(label="makeup")) == [100, 110]
    assert np.array_equal(data.fields["labels"][0], face_map())


def test_the_19_classes_come_before_the_14(tmp_path):
    for folder in FOLDERS:
        makeup(tmp_path, folder)
    save(np.full((40, 40), 18, np.uint8), tmp_path / "seg1" / "makeup" / "100.png")
    assert np.unique(open_data(tmp_path, size=8).where(label=1).fields["labels"][0]).tolist() == [CLASSES.index("hat")]


def test_a_face_without_a_map_is_skipped_only_where_maps_are_wanted(tmp_path):
    makeup(tmp_path)
    (tmp_path / "seg1" / "makeup" / "100.png").unlink()
    data = open_data(tmp_path, size=8)
    assert len(data) == 4 and data.skipped[0][1] == "has no class map in seg1, segs, parsing"
    assert len(open_data(tmp_path, size=8, fields=["label"])) == 5
    assert list(open_data(tmp_path, size=8, fields=["label"]).fields) == ["image", "label"]


def test_lists_and_pictures_that_disagree_are_named(tmp_path):
    makeup(tmp_path)
    (tmp_path / "makeup.txt").write_text("makeup/100.png\nmakeup/gone.png\n\n")
    data = open_data(tmp_path, size=8)
    assert brightness(data) == [10, 20, 30, 100]
    assert {path.rsplit("/", 1)[-1]: reason for path, reason in data.skipped} == {
        "gone.png": "in makeup.txt, but there is no such picture",
        "110.png": "not in makeup.txt",
    }


def test_maps_of_another_kind_are_named(tmp_path):
    makeup(tmp_path, "parsing", lists=False)
    save(np.full((9, 9), 14, np.uint8), tmp_path / "parsing" / "makeup" / "100.png")
    save(np.tile(np.uint8([0, 255]), (9, 5)), tmp_path / "parsing" / "makeup" / "110.png")
    reasons = broken(tmp_path / "images" / "makeup")
    data = open_data(tmp_path, size=8)
    told = {"/".join(path.split("/")[-3:]): reason for path, reason in data.skipped}
    assert told["parsing/makeup/100.png"] == "has the class id 14, but only 0 to 13 have a meaning"
    assert "black-and-white" in told["parsing/makeup/110.png"]
    assert all(word in told[f"images/makeup/{name}"] for name, word in reasons.items()) and len(data) == 3


def test_a_test_split_there_is_not(tmp_path):
    makeup(tmp_path)
    with pytest.raises(UserError, match=r"no 'test' split"):
        open_data(tmp_path, split="test")


def test_the_real_faces_with_their_maps(packs):
    data, every = open_data("mt", size=128), open_data("mt", size=128, fields=["label"])
    assert (len(every), len(data), len(data.skipped)) == (43, 31, 12)
    assert len(every.where(label="makeup")) == 23 and len(every.where(label="non-makeup")) == 20
    image, classes = data.images().astype(int), data.fields["labels"]
    red, lips = image[..., 0] - image[..., 1], np.isin(classes, (11, 12))
    made_up = data.fields["label"] == 1
    assert red[made_up][lips[made_up]].mean() > red[~made_up][lips[~made_up]].mean() > 20


def test_the_makeup_sets_own_order_is_told_from_psgans(packs, tmp_path):
    """The two maps in ``parsing``: as the set's own order they show faces, as PSGAN's 14 classes they would not."""
    maps = list((packs / "makeup" / "parsing").rglob("*.png"))
    for path in maps:
        for folder in ("mt", "psgan"):
            name = f"{path.parent.name}/{path.name}"
            target = tmp_path / folder / ("parsing" if folder == "mt" else "segs") / name
            target.parent.mkdir(parents=True)
            target.symlink_to(path)
            for part in (path.parent.name, "makeup", "non-makeup"):
                (tmp_path / folder / "images" / part).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / "images" / name).symlink_to(packs / "makeup" / "images" / name)
    right, wrong = (open_data(tmp_path / folder, size=64).fields["labels"] for folder in ("mt", "psgan"))
    face = [(found[:, 16:48, 16:48] == CLASSES.index("skin")).mean() for found in (right, wrong)]
    assert len(right) == 2 and face[0] > 0.5 > 0.1 > face[1]
    shared = [name for name in labels.ORDERS["mt"] if (right == CLASSES.index(name)).any()]
    place = {name: np.argwhere(right == CLASSES.index(name))[:, 1:].mean(0) for name in shared}
    heights = [place[name][0] for name in ("l_brow", "l_eye", "nose", "u_lip", "l_lip")]
    assert heights == sorted(heights) and place["l_eye"][1] > place["r_eye"][1]
