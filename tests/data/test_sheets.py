import numpy as np

from labkit.data import Dataset
from labkit.data.sheets import contact_sheet, shown


def noise(*shape, top=256):
    return np.random.default_rng(0).integers(0, top, shape, dtype=np.uint8)


def test_fields_stand_side_by_side_and_label_maps_in_colour():
    fields = {"image": noise(5, 8, 8, 3), "attributes": noise(5, 40), "labels": noise(5, 8, 8, top=19)}
    fields["paired"] = noise(5, 8, 8, 3)
    data = Dataset("set", fields)
    assert shown(data) == ["image", "labels", "paired"]
    sheet = np.asarray(contact_sheet(data, rows=2, columns=6))
    assert sheet.shape == (16, 6 * 8, 3)
    assert np.array_equal(sheet[:8, :8], fields["image"][0]) and np.array_equal(sheet[:8, 16:24], fields["paired"][0])
    coloured = sheet[:8, 8:16]
    for number in range(19):  # one colour a class, another one for each
        here = coloured[fields["labels"][0] == number]
        assert len(np.unique(here, axis=0)) <= 1
    assert len(np.unique(coloured.reshape(-1, 3), axis=0)) == len(np.unique(fields["labels"][0]))


def test_grey_pictures_beside_others_become_colour():
    data = Dataset("set", {"image": noise(4, 8, 8, 3), "drawing": noise(4, 8, 8, 1)})
    sheet = np.asarray(contact_sheet(data, rows=1, columns=4))
    assert np.array_equal(sheet[:, 8:16], np.repeat(data.fields["drawing"][0], 3, axis=2))
    alone = contact_sheet(Dataset("set", {"image": noise(4, 8, 8, 1)}), rows=1, columns=4)
    assert alone.mode == "L"


def test_landmarks_are_dots_on_the_image_and_those_outside_are_left_out():
    points = np.array([[[2.2, 5.0], [-3.0, 1.0], [8.0, 1.0], [np.nan, 2.0]]], dtype=np.float32)
    data = Dataset("set", {"image": np.zeros((1, 8, 8, 1), np.uint8), "landmarks": points})
    sheet = np.asarray(contact_sheet(data, rows=1, columns=1))
    assert [tuple(spot) for spot in np.argwhere(sheet.any(axis=2))] == [(5, 2)]
    assert not data.fields["image"].any()


def test_two_domains_get_a_row_each():
    label = np.array([0, 1, 0, 1, 1])
    data = Dataset("set", {"image": noise(5, 8, 8, 3), "label": label}, classes=("horse", "zebra"))
    sheet = np.asarray(contact_sheet(data, columns=4))
    assert sheet.shape == (16, 32, 3)
    assert np.array_equal(sheet[8:, 8:16], data.fields["image"][3]) and not sheet[:8, 16:].any()


def test_a_preview_is_a_sheet_of_as_many_faces_as_it_shows(cache_root):
    from labkit import data

    sheet = data.preview("faces", size=16, fields=["image", "labels"])
    assert sheet.size == (16 * 16, 8 * 16) and len(np.unique(np.asarray(sheet).reshape(-1, 3), axis=0)) > 500
    (entry,) = [path for path in (cache_root / "arrays").iterdir() if "image" in path.name]
    assert len(np.load(entry / "image.npy", mmap_mode="r")) == 128
