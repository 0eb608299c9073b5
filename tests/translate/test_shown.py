"""What a network is shown of each kind of picture, and what comes out."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from labkit import recipes
from labkit.data.dataset import as_input
from labkit.data.pictures import Unusable
from labkit.errors import UserError
from labkit.nn.conditions import condition, labels_as_planes
from labkit.nn.palette import CLASS_COLOURS
from labkit.pictures import to_uint8
from labkit.translate import classes_in, on_white, translate_files
from tests.translate.files import (
    label_file,
    labels,
    load,
    noise,
    photographed,
    save,
    sketch,
)


def test_a_picture_becomes_what_the_game_draws_of_it(run, tmp_path):
    model, picture = run("cyclegan"), noise(32, 32, 3)
    done = translate_files(model, [save(tmp_path / "a.bmp", picture)], tmp_path / "out")
    game, _ = recipes.load_game(model)
    wanted = to_uint8(game.translate(as_input(torch.from_numpy(picture[None]))))[0].permute(1, 2, 0).numpy()
    assert [one.output for one in done.written] == [tmp_path / "out" / "a.png"]
    assert np.abs(load(done.written[0].output).astype(int) - wanted).max() <= 1
    assert np.abs(wanted.astype(int) - picture).mean() > 10
    assert "synthetic" in Image.open(tmp_path / "out" / "a.png").text["Description"]


def test_back_is_the_other_network(run, tmp_path):
    model, picture = run("cyclegan"), noise(32, 32, 3)
    file, game = save(tmp_path / "a.png", picture), recipes.load_game(run("cyclegan"))[0]
    wanted = to_uint8(game.translate(as_input(torch.from_numpy(picture[None])), back=True))[0].permute(1, 2, 0).numpy()
    translate_files(model, [file], tmp_path / "there.png")
    translate_files(model, [file], tmp_path / "back.png", back=True)
    assert np.abs(load(tmp_path / "back.png").astype(int) - wanted).max() <= 1
    assert np.abs(load(tmp_path / "there.png").astype(int) - wanted).mean() > 5


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "I;16", "1"])
def test_every_mode_is_read(run, shown, tmp_path, mode):
    grey = np.repeat(np.repeat(np.array([[0, 255], [255, 0]], np.uint8), 16, 0), 16, 1)
    picture = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    file = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    picture.save(file)
    translate_files(run("cyclegan"), [file], tmp_path / "out")
    assert (shown[0] - as_input(torch.from_numpy(grey[None, :, :, None]))).abs().max() < 0.02


def test_pictures_stand_upright_and_only_their_middle_is_taken(run, shown, tmp_path):
    picture = np.zeros((64, 96, 3), np.uint8)  # as it is stored: lying on its side
    picture[:, :48, 0], picture[:32, :, 1] = 255, 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the stored left is the top
    save(tmp_path / "a.png", picture, exif=exif)
    translate_files(run("cyclegan"), [tmp_path / "a.png"], tmp_path / "out")
    red, green = shown[0][0, 0], shown[0][0, 1]
    assert shown[0].shape == (1, 3, 32, 32)
    assert red[:14].min() > 0.9 and red[18:].max() < -0.9
    assert green[:, 18:].min() > 0.9 and green[:, :14].max() < -0.9


@pytest.mark.parametrize("lab, change, step", [("cyclegan", {}, 4), ("pix2pix", {"network": "resnet"}, 8)])
def test_a_size_keeps_the_whole_picture(run, shown, tmp_path, lab, change, step):
    source = {} if lab == "cyclegan" else {"source": "paired"}
    model = run(lab, **change, **source)
    wide = np.repeat(np.linspace(0, 255, 101).astype(np.uint8)[None], 50, 0)
    translate_files(model, [save(tmp_path / "a.png", wide)], tmp_path / "out", size=48)
    assert shown[0].shape[2] == 48 and shown[0].shape[3] == 96
    assert shown[0][..., 0].max() < -0.9 and shown[0][..., -1].min() > 0.9
    with pytest.raises(UserError, match=f"multiples of {step} from {2 * step} on"):
        translate_files(model, [tmp_path / "a.png"], tmp_path / "out", size=50)


def test_real_networks_take_that_size(run, tmp_path):
    file = save(tmp_path / "a.png", noise(50, 101, 3))
    for model in (run("cyclegan"), run("pix2pix", network="resnet", source="paired")):
        done = translate_files(model, [file], tmp_path / "out", size=48)
        assert load(done.written[0].output).shape == (48, 96, 3)


def test_a_unet_has_one_size(run, tmp_path):
    file = save(tmp_path / "a.png", noise(50, 101, 3))
    with pytest.raises(UserError, match="U-Net, which takes 32 px only"):
        translate_files(run("pix2pix", source="paired"), [file], tmp_path / "out", size=64)
    done = translate_files(run("pix2pix", source="paired"), [file], tmp_path / "out", size=32)
    assert load(done.written[0].output).shape == (32, 32, 3)


KINDS = ["colours", "large", "numbers", "numbers in 16 bits", "numbers in colour", "clear background", "palette"]
KINDS += ["lying on its side", "foreign palette"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_label_maps_come_back_exactly(run, shown, tmp_path, kind):
    translate_files(run("pix2pix"), [label_file(tmp_path / "a.png", kind)], tmp_path / "out")
    assert torch.equal(shown[0], labels_as_planes(torch.from_numpy(labels())[None]))


def test_boundaries_are_drawn_of_a_label_map(run, shown, tmp_path):
    model = run("pix2pix", source="labels-and-edges")
    translate_files(model, [label_file(tmp_path / "a.png", "colours")], tmp_path / "out")
    assert shown[0].shape == (1, 20, 32, 32) and 0 < shown[0][:, 19].mean() < 1


def test_what_is_no_label_map_is_not_taken_for_one(run, tmp_path):
    with pytest.raises(UserError, match=r"photo\.png: no label map: [0-9]+% of it"):
        translate_files(run("pix2pix"), [save(tmp_path / "photo.png", noise(32, 32, 3))], tmp_path / "out")
    mask = labels()
    mask[0, 0] = 255
    with pytest.raises(Unusable, match="class 255, and there are 19"):
        classes_in(Image.fromarray(mask))
    near = np.clip(CLASS_COLOURS[labels()].astype(int) + (noise(32, 32, 3) % 19 - 9.0), 0, 255)
    assert np.array_equal(classes_in(Image.fromarray(near.astype(np.uint8))), labels())


@pytest.mark.parametrize(
    "picture, off",
    [(sketch(), 0), (np.repeat(sketch()[..., None], 3, 2), 0), (255 - sketch(), 0), (photographed(), 15)],
    ids=["greys", "in colour", "chalk", "photographed"],
)
def test_drawings_are_shown_black_on_white(run, shown, tmp_path, picture, off):
    translate_files(run("pix2pix", source="drawing"), [save(tmp_path / "a.png", picture)], tmp_path / "out")
    assert shown[0].shape == (1, 1, 32, 32)
    apart = np.abs(to_uint8(shown[0])[0, 0].numpy().astype(int) - sketch())
    assert apart.max() <= off
    if off:
        assert np.abs(picture.astype(int) - sketch()).max() > 6 * off


def test_a_drawing_in_which_one_corner_is_all_ink_keeps_it_dark():
    drawing = photographed()
    drawing[:8, :8] = 10
    assert on_white(drawing)[:6, :6].max() < 60 and on_white(drawing)[12:, 12:20].mean() > 215


def test_the_second_domain_of_drawings_is_read_as_drawings(run, shown, tmp_path):
    file = save(tmp_path / "a.png", photographed())
    translate_files(run("cyclegan", other="other"), [file], tmp_path / "out", back=True)
    model = run("cyclegan", identity=0.4)
    config = Path(model, "config.json")
    about = json.loads(config.read_text())
    about["about"]["options"]["other"] = "drawing"
    config.write_text(json.dumps(about))
    translate_files(model, [file], tmp_path / "out", back=True)
    paper = [float(one[0, :, 2, 2].mean()) for one in shown]
    assert shown[1].shape == (1, 3, 32, 32) and paper[0] < 0.1 and paper[1] > 0.9


@pytest.mark.parametrize("source, channels", [("grey", 1), ("small", 3), ("hole", 4), ("paired", 3)])
def test_conditions_are_made_of_the_picture(run, shown, tmp_path, source, channels):
    picture = noise(32, 32, 3)
    translate_files(run("pix2pix", source=source), [save(tmp_path / "a.png", picture)], tmp_path / "out")
    image = as_input(torch.from_numpy(picture[None]))
    assert shown[0].shape[1] == channels
    assert torch.allclose(shown[0], condition(source)({"image": image, "paired": image}))


def test_landmarks_are_not_in_a_picture(run, tmp_path):
    with pytest.raises(UserError, match="draws from landmarks, which can't be read from a picture file"):
        translate_files(run("pix2pix", source="landmarks"), [save(tmp_path / "a.png", noise(32, 32, 3))], tmp_path)


def test_source_and_result_side_by_side(run, shown, tmp_path):
    file = label_file(tmp_path / "a.png", "colours")
    translate_files(run("pix2pix"), [file], tmp_path / "labels.png", beside=True)
    both = load(tmp_path / "labels.png")
    assert both.shape == (32, 64, 3) and np.array_equal(both[:, :32], CLASS_COLOURS[labels()])
    assert np.array_equal(
        both[:, 32:] > 200, labels_as_planes(torch.from_numpy(labels())[None])[0, :3].permute(1, 2, 0)
    )
    picture = noise(32, 32, 3)
    translate_files(run("cyclegan"), [save(tmp_path / "b.png", picture)], tmp_path / "c.png", beside=True, back=True)
    assert np.array_equal(load(tmp_path / "c.png"), np.concatenate([picture, 255 - picture], 1))
