import numpy as np
import pytest
from PIL import Image

from labkit.data import available, labels
from labkit.data import open as open_data
from labkit.errors import UserError
from labkit.faces import CLASSES
from tests.data.made import brightness, broken, face_map, plain, save


def merged(top, order="celebamask-hq", count=4, size=40):
    """A folder of pictures and merged maps; returns the map in CelebAMask-HQ's order."""
    for i in range(count):
        plain(top / "images" / f"{i}.jpg", 10 * i)
        save(face_map(order, size), top / "masks" / f"{i}.png")
    return labels.lookup(order)[face_map(order, size)]


@pytest.mark.parametrize("order", ["celebamask-hq", "face-parsing"])
@pytest.mark.parametrize("told", ["classes.txt", "option", "maps"])
def test_either_order_on_disk_gives_the_same_labels(tmp_path, order, told):
    expected = merged(tmp_path, order)
    if told == "classes.txt":
        (tmp_path / "classes.txt").write_text("\n".join(labels.ORDERS[order]))
    option = {"label_order": order} if told == "option" else {}
    data = open_data(tmp_path, size=40, **option)
    assert data.fields["labels"].shape == (4, 40, 40) and data.fields["labels"].dtype == np.uint8
    assert np.array_equal(data.fields["labels"][1], expected) and brightness(data) == [0, 10, 20, 30]


def test_classes_txt_is_believed_against_the_option(tmp_path):
    merged(tmp_path)
    (tmp_path / "classes.txt").write_text("\n".join(CLASSES))
    with pytest.raises(UserError, match=r"label_order is 'face-parsing', but .*classes\.txt"):
        open_data(tmp_path, size=8, label_order="face-parsing")


def test_an_order_that_cannot_be_judged_is_asked_for(tmp_path):
    merged(tmp_path, count=2)
    with pytest.raises(UserError, match=r"can't tell.*label_order='celebamask-hq'.*layout='folder'") as caught:
        open_data(tmp_path, size=8)
    assert "\n" not in str(caught.value)
    assert "labels" in open_data(tmp_path, size=8, label_order="celebamask-hq").fields
    assert open_data(tmp_path, size=8, layout="folder").classes == ("images", "masks")
    assert list(open_data(tmp_path, size=8, fields=["image"]).fields) == ["image"]  # no order is needed for these


def test_labels_are_never_mixed_by_resizing(tmp_path):
    merged(tmp_path)
    save(np.where(face_map() == 1, 18, 0).astype(np.uint8), tmp_path / "masks" / "0.png")
    assert set(np.unique(open_data(tmp_path, size=23, label_order="celebamask-hq").fields["labels"][0])) == {0, 18}


def test_maps_follow_their_pictures_at_any_size_and_shape(tmp_path):
    top = tmp_path
    picture = np.zeros((60, 120, 3), np.uint8)
    picture[10:30, 50:70] = 255
    ids = np.zeros((30, 60), np.uint8)
    ids[5:15, 25:35] = 13
    save(picture, top / "images" / "a.png")
    save(ids, top / "masks" / "a.png")
    data = open_data(top, size=30, label_order="celebamask-hq")
    assert np.array_equal(data.fields["labels"][0] == 13, data.images()[0, ..., 0] > 127)


def test_palette_maps_are_read_as_ids_and_colours_refused(tmp_path):
    expected = merged(tmp_path)
    palette = Image.fromarray(face_map(), "P")
    palette.putpalette([(7 * i) % 256 for i in range(768)])
    palette.save(tmp_path / "masks" / "0.png")
    palette.convert("RGB").save(tmp_path / "masks" / "1.png")
    data = open_data(tmp_path, size=40, label_order="celebamask-hq")
    assert np.array_equal(data.fields["labels"][0], expected) and len(data) == 3
    assert data.skipped == ((str(tmp_path / "masks" / "1.png"), "a picture in colour (RGB), not a map of class ids"),)


def test_black_and_white_masks_and_unknown_ids_are_told(tmp_path):
    merged(tmp_path)
    save(((face_map() > 0) * 255).astype(np.uint8), tmp_path / "masks" / "0.png")
    save(np.full((40, 40), 19, np.uint8), tmp_path / "masks" / "1.png")
    data = open_data(tmp_path, size=8, label_order="celebamask-hq")
    assert [reason for _, reason in data.skipped] == [
        "a black-and-white mask (only 0 and 255), not a map of class ids 0 to 18",
        "has the class id 19, but only 0 to 18 have a meaning",
    ]
    for i in (2, 3):
        save(((face_map() > 0) * 255).astype(np.uint8), tmp_path / "masks" / f"{i}.png")
    with pytest.raises(UserError, match=r"no class map in .* can be used .*black-and-white mask"):
        open_data(tmp_path, size=8)


def test_halves_without_their_other_half_are_named(tmp_path):
    merged(tmp_path)
    (tmp_path / "masks" / "1.png").unlink()
    (tmp_path / "images" / "2.jpg").unlink()
    reasons = broken(tmp_path / "images")
    save(face_map(), tmp_path / "masks" / "empty.png")
    data = open_data(tmp_path, size=8, label_order="celebamask-hq", layout="images+masks")
    skipped = {path.rsplit("/", 2)[-2] + "/" + path.rsplit("/", 1)[-1]: reason for path, reason in data.skipped}
    assert len(data) == 2 and len(skipped) == 2 + len(reasons)
    assert skipped["images/1.jpg"] == "there is no class map of that name in masks"
    assert skipped["masks/2.png"] == "a class map without a picture"
    assert skipped["images/empty.jpg"] == "an empty file"
    assert data.note.startswith(f"{len(skipped)} of ")


def test_a_known_classes_txt_decides_however_few_maps_there_are(tmp_path):
    merged(tmp_path)
    for i in (0, 1, 2):
        (tmp_path / "masks" / f"{i}.png").rename(tmp_path / "masks" / f"{i}_lost.png")
    assert open_data(tmp_path, size=8).classes == ("images", "masks")  # without it, two folders of pictures
    (tmp_path / "classes.txt").write_text("nose\nmouth")
    assert open_data(tmp_path, size=8).classes == ("images", "masks")
    (tmp_path / "classes.txt").write_text("\n".join(f"{i} {name}" for i, name in enumerate(CLASSES)))
    data = open_data(tmp_path, size=8)
    assert brightness(data) == [30] and data.fields["labels"].shape == (1, 8, 8) and not data.classes
    assert len(data.skipped) == 6 and "6 of 7 files" in data.note


def distributed(top, faces=(0, 1, 2000), mapping=True):
    """CelebAMask-HQ as its archive unpacks: face i has grey 10 * position."""
    for position, face in enumerate(faces):
        plain(top / "CelebA-HQ-img" / f"{face}.jpg", 10 * position, (64, 64))
        for name in ("skin", "hair", "l_eye"):
            part = np.zeros((32, 32), np.uint8)
            part[{"skin": slice(8, 32), "hair": slice(0, 16), "l_eye": slice(12, 14)}[name]] = 255
            folder = top / "CelebAMask-HQ-mask-anno" / str(face // 2000)
            save(part if name != "hair" else np.repeat(part[..., None], 3, 2), folder / f"{face:05d}_{name}.png")
    lines = [f"{face}.jpg  {'1' if face else '-1'} -1" for face in faces]
    (top / "CelebAMask-HQ-attribute-anno.txt").write_text("\n".join([str(len(faces)), "Smiling Young", *lines]))
    if mapping:
        orig = (162_770, 162_771, 182_638)
        rows = [f"{face}  {number - 1}  {number:06d}.jpg" for face, number in zip(faces, orig)]
        (top / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(["idx orig_idx orig_file", *rows]))


def test_parts_are_merged_in_order_later_over_earlier(tmp_path):
    distributed(tmp_path / "CelebAMask-HQ", mapping=False)
    data = open_data(tmp_path, size=32)
    rows = data.fields["labels"][0][:, 0]
    assert len(data) == 3 and brightness(data) == [0, 10, 20]
    # hair (13) covers the eye (4), which covers the skin (1)
    assert rows.tolist() == [13] * 16 + [1] * 16
    assert data.names["attributes"] == ("Smiling", "Young")
    assert data.fields["attributes"].tolist() == [[0, 0], [1, 0], [1, 0]]


def test_the_mapping_to_celeba_gives_its_official_splits(tmp_path):
    distributed(tmp_path)
    assert [brightness(open_data(tmp_path, size=8, split=s)) for s in ("train", "valid", "test")] == [[0], [10], [20]]


def test_a_face_without_parts_or_with_odd_ones_is_named(tmp_path):
    distributed(tmp_path, mapping=False)
    for path in (tmp_path / "CelebAMask-HQ-mask-anno" / "1").iterdir():
        path.unlink()
    save(np.zeros((16, 16), np.uint8), tmp_path / "CelebAMask-HQ-mask-anno" / "0" / "00001_hair.png")
    (tmp_path / "CelebAMask-HQ-mask-anno" / "0" / "00001_nose.png").write_text("no picture")
    plain(tmp_path / "CelebA-HQ-img" / "portrait.jpg")
    data = open_data(tmp_path, size=8)
    told = {path.rsplit("/", 1)[-1]: reason for path, reason in data.skipped}
    assert len(data) == 1 and told["portrait.jpg"] == "its name is not a number"
    assert told["2000.jpg"] == "there is no part of it in CelebAMask-HQ-mask-anno"
    assert told["00001_nose.png"].startswith("not a picture")
    (tmp_path / "CelebAMask-HQ-mask-anno" / "0" / "00001_nose.png").unlink()
    told = {path.rsplit("/", 1)[-1]: reason for path, reason in open_data(tmp_path, size=8).skipped}
    assert told["00001_hair.png"] == "has another size than the face's other parts"


def test_the_real_maps_lie_on_their_faces(packs):
    data = open_data("celebamask-hq", size=128)
    assert len(data) == 420 and not data.skipped and available("celebamask-hq")
    classes, image = data.fields["labels"], data.images().astype(int)
    assert classes.max() == 18
    place = {
        n: np.argwhere(classes == CLASSES.index(n))[:, 1:].mean(0) for n in ("hair", "nose", "u_lip", "l_lip", "neck")
    }
    assert place["hair"][0] < place["nose"][0] < place["u_lip"][0] < place["l_lip"][0] < place["neck"][0]
    red = image[..., 0] - image[..., 1]
    lips = np.isin(classes, (11, 12))
    assert red[lips].mean() > red[classes == 1].mean() + 5 > red[classes == 13].mean()
    # the person's left eye is on the right of the picture; some of the pack's pictures are mirrored
    left, right = ((classes == i) * np.arange(128) for i in (4, 5))
    both = ((classes == 4).any((1, 2))) & ((classes == 5).any((1, 2)))
    mean = [(x.sum((1, 2)) / np.maximum((classes == i).sum((1, 2)), 1))[both] for x, i in ((left, 4), (right, 5))]
    assert (mean[0] > mean[1]).mean() > 0.9
