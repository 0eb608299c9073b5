import os

import numpy as np
import pytest
from PIL import Image

from labkit.data import available, folder, pictures, rows
from labkit.data import open as open_data
from labkit.errors import UserError


def left_red_right_blue(width=40, height=40):
    array = np.zeros((height, width, 3), np.uint8)
    array[:, : width // 2, 0] = 255
    array[:, width // 2 :, 2] = 255
    return Image.fromarray(array)


def save(image, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


@pytest.fixture
def photos(tmp_path):
    return tmp_path / "photos"


def one(photos, **options):
    return open_data(photos, **{"size": 8, **options}).images()[0].astype(int)


def test_any_size_becomes_the_middle_square(photos):
    array = np.full((30, 90, 3), 10, np.uint8)
    array[:, 30:60] = 200
    save(Image.fromarray(array), photos / "wide.png")
    assert np.abs(one(photos)[:, 1:-1] - 200).max() <= 3


def test_the_default_is_64_pixels_in_colour(photos):
    save(left_red_right_blue(300, 200), photos / "deep" / "er" / "a.JPG")
    assert open_data(str(photos)).image_shape == (3, 64, 64)
    assert open_data(photos, channels=1, size=16).image_shape == (1, 16, 16)


def test_resizing_is_antialiased(photos):
    stripes = np.zeros((256, 256), np.uint8)
    stripes[:, ::2] = 255
    save(Image.fromarray(stripes), photos / "a.png")
    assert np.abs(one(photos, size=16) - 127).max() < 12


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_exif_rotation_is_undone(photos, turn):
    upright = left_red_right_blue()
    stored = {1: upright, 3: upright.rotate(180), 6: upright.rotate(90), 8: upright.rotate(-90)}[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    save(stored, photos / "a.jpg", exif=exif, quality=95)
    image = one(photos)
    assert image[:, :3, 0].min() > 200 and image[:, :3, 2].max() < 60 and image[:, -3:, 2].min() > 200


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB-key"])
def test_transparency_is_laid_on_white(photos, mode):
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    if mode == "LA":
        clear = clear.convert("LA")
    if mode == "P":
        clear = Image.new("P", (20, 20), 0)
        clear.putpalette([255, 0, 0, 0, 0, 0])
        clear.info["transparency"] = 0
    if mode == "RGB-key":
        clear = Image.new("RGB", (20, 20), (255, 0, 0))
        clear.info["transparency"] = (255, 0, 0)
    save(clear, photos / "a.png", **({"transparency": clear.info["transparency"]} if clear.info else {}))
    assert one(photos).min() == 255
    assert one(photos, channels=1).min() == 255


def test_cmyk_palette_and_two_level_pictures_keep_their_colours(photos):
    red = Image.new("RGB", (20, 20), (255, 0, 0))
    save(red.convert("CMYK"), photos / "a.jpg", quality=95)
    save(red.convert("P"), photos / "b.png")
    save(Image.new("1", (20, 20), 1), photos / "c.png")
    a, b, c = open_data(photos, size=8).images().astype(int)
    assert np.abs(a - (255, 0, 0)).max() < 8 and np.abs(b - (255, 0, 0)).max() < 8 and c.min() == 255


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_greys_keep_their_brightness(photos, suffix):
    save(Image.fromarray(np.full((20, 20), 128 * 257, np.uint16)), photos / f"a.{suffix}")
    assert np.abs(one(photos) - 128).max() <= 1


def test_floating_point_and_32_bit_pictures_are_scaled(photos):
    save(Image.fromarray(np.full((20, 20), 0.5, np.float32)), photos / "a.tif")
    ramp = np.linspace(0, 1000, 400).reshape(20, 20).astype(np.float32)
    save(Image.fromarray(ramp), photos / "b.tif")
    save(Image.fromarray(np.full((20, 20), 100, np.int32)), photos / "c.tif")
    a, b, c = open_data(photos, size=20, channels=1).images().astype(int)
    assert np.abs(a - 128).max() <= 1 and b.min() <= 2 and b.max() >= 253 and np.abs(c - 100).max() <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("whole", [True, False])
def test_a_picture_with_pixels_that_are_no_numbers_is_named(photos, recwarn, value, whole):
    save(left_red_right_blue(), photos / "a.png")
    pixels = np.full((20, 20), value if whole else 0.5, np.float32)
    pixels[3, 4] = value
    save(Image.fromarray(pixels), photos / "b.tif")
    data = open_data(photos, size=8)
    assert data.skipped == ((str(photos / "b.tif"), "has pixels that are no numbers (NaN) or infinite"),)
    assert len(data) == 1 and not [warning for warning in recwarn if warning.category is RuntimeWarning]


def broken_files(photos):
    save(left_red_right_blue(), photos / "a.png")
    whole = save(left_red_right_blue(400, 400), photos / "b.jpg", quality=95)
    whole.write_bytes(whole.read_bytes()[:1500])
    (photos / "empty.jpg").touch()
    (photos / "letter.png").write_text("Dear Sir, this is no picture.")
    (photos / "noise.gif").write_bytes(b"GIF89a" + bytes(range(200)))
    save(left_red_right_blue(), photos / "z.webp")
    (photos / "notes.txt").write_text("not even called a picture")
    (photos / ".hidden.png").write_text("left by an operating system")


def test_broken_files_are_skipped_with_a_reason_and_a_count(photos, capsys):
    broken_files(photos)
    data = open_data(photos, size=8)
    assert len(data) == 2
    assert {os.path.basename(path): bool(reason) for path, reason in data.skipped} == dict.fromkeys(
        ["b.jpg", "empty.jpg", "letter.png", "noise.gif"], True
    )
    assert dict(data.skipped)[str(photos / "empty.jpg")] == "an empty file"
    assert data.note.startswith("4 of 6 files")
    assert "skipped 4 of 6 files" in capsys.readouterr().err
    assert open_data(photos, size=8).skipped == data.skipped  # also from the cache


def test_a_folder_of_nothing_but_broken_files_is_one_sentence(photos, cache_root):
    photos.mkdir()
    (photos / "a.png").touch()
    with pytest.raises(UserError, match=r"none of the 1 files.*a\.png: an empty file") as caught:
        open_data(photos)
    assert "\n" not in str(caught.value)
    assert not list((cache_root / "arrays").glob("photos*"))


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), lambda p: (p / "sub").mkdir(parents=True)])
def test_an_empty_folder_is_one_sentence(photos, make):
    make(photos)
    with pytest.raises(UserError, match=r"holds no pictures"):
        open_data(photos)


def test_a_missing_folder_and_a_file_are_one_sentence(photos, tmp_path):
    with pytest.raises(UserError, match=r"there is no folder"):
        open_data(photos)
    with pytest.raises(UserError, match=r"is a file, not a folder"):
        open_data(save(left_red_right_blue(), tmp_path / "a.png"))
    assert not available(photos)


def test_an_unreadable_folder_is_one_sentence(photos, monkeypatch):
    save(left_red_right_blue(), photos / "a.png")
    scandir = os.scandir

    def denied(path):
        if os.fspath(path) == str(photos):
            raise PermissionError(13, "Permission denied", str(photos))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(UserError, match=r"can't be read .permission denied"):
        open_data(photos)


def test_an_unreadable_sub_folder_is_listed(photos, monkeypatch):
    save(left_red_right_blue(), photos / "a.png")
    save(left_red_right_blue(), photos / "shut" / "b.png")
    scandir = os.scandir

    def denied(path):
        if os.fspath(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    data = open_data(photos, size=8)
    assert len(data) == 1 and data.skipped == ((str(photos / "shut"), "permission denied"),)


def test_sub_folders_are_classes(photos):
    save(left_red_right_blue(), photos / "dog" / "x" / "1.png")
    save(left_red_right_blue(), photos / "cat" / "1.png")
    save(left_red_right_blue(), photos / "cat" / "2.png")
    data = open_data(photos, size=8)
    assert data.classes == ("cat", "dog") and data.fields["label"].tolist() == [0, 0, 1]


@pytest.mark.parametrize("others", [[], ["cat/b.png", "c.png"]])
def test_without_two_clean_class_folders_there_are_no_labels(photos, others):
    for name in ["dog/a.png", *others]:
        save(left_red_right_blue(), photos / name)
    data = open_data(photos, size=8)
    assert "label" not in data.fields and data.classes == () and len(data) == 1 + len(others)


def test_labels_stay_with_their_pictures_when_files_are_broken(photos):
    for i in range(5):
        save(Image.new("RGB", (9, 9), (0, 0, 0)), photos / "black" / f"{i}.png")
        save(Image.new("RGB", (9, 9), (255, 255, 255)), photos / "white" / f"{i}.png")
    (photos / "black" / "2.png").write_bytes(b"")
    data = open_data(photos, size=8)
    assert (data.images().mean(axis=(1, 2, 3)) > 128).tolist() == (data.fields["label"] == 1).tolist()


def test_train_and_test_folders_are_splits(photos):
    save(left_red_right_blue(), photos / "train" / "a.png")
    save(left_red_right_blue(), photos / "train" / "b.png")
    save(left_red_right_blue(), photos / "val" / "c.png")
    assert len(open_data(photos, size=8)) == 2 and len(open_data(photos, size=8, split="test")) == 1


def test_a_folder_that_is_not_divided_has_no_test_split(photos):
    save(left_red_right_blue(), photos / "a.png")
    with pytest.raises(UserError, match=r"no 'test' split"):
        open_data(photos, split="test")


def test_the_array_follows_the_files(photos, monkeypatch):
    save(Image.new("L", (9, 9), 10), photos / "a.png")
    assert one(photos).max() == 10
    decoded = []
    read = folder.read_picture
    monkeypatch.setattr(folder, "read_picture", lambda *a: decoded.append(a) or read(*a))
    one(photos)
    assert not decoded
    save(Image.new("L", (9, 9), 200), photos / "a.png")
    os.utime(photos / "a.png", ns=(1, 1))
    assert one(photos).min() == 200
    save(Image.new("L", (9, 9), 30), photos / "b.png")
    assert len(open_data(photos, size=8)) == 2
    os.rename(photos / "b.png", photos / "0.png")
    assert one(photos).max() == 30


def test_a_huge_jpeg_is_read_small_and_a_huge_png_is_skipped(photos, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100_000)
    save(left_red_right_blue(1600, 1600), photos / "a.jpg", quality=95)
    save(left_red_right_blue(1600, 1600), photos / "b.png")
    data = open_data(photos, size=16)
    assert len(data) == 1 and data.images()[0][:, :6, 0].min() > 240
    assert data.skipped == ((str(photos / "b.png"), "1600 x 1600 pixels are too many: save it smaller"),)
    assert Image.MAX_IMAGE_PIXELS == 1000


def test_a_20000_pixel_strip_is_read(photos):
    save(Image.new("L", (20_000, 40), 77), photos / "a.png")
    assert np.unique(one(photos, channels=1)).tolist() == [77]


def test_order_does_not_depend_on_blocks(photos, monkeypatch):
    monkeypatch.setattr(rows, "_BLOCK", 3)
    for value in range(10):
        save(Image.new("L", (9, 9), value * 20), photos / f"{value}.png")
    assert open_data(photos, size=8).images()[:, 0, 0, 0].tolist() == [value * 20 for value in range(10)]
