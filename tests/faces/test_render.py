from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from labkit import faces
from labkit.errors import UserError
from tests.faces import references

REFERENCES = Path(__file__).parent / "references"


@pytest.fixture(scope="module")
def drawn():
    return faces.render(faces.sample(range(24)), 64, tuple(faces.CHANNELS))


def test_every_channel_has_the_shape_and_type_that_is_said(drawn):
    assert set(drawn) == set(faces.CHANNELS)
    sizes = {"N": 24, "S": 64}
    for channel, says in faces.CHANNELS.items():
        shape, dtype = says.split(":")[0].rsplit(" ", 1)
        wanted = tuple(sizes.get(word.strip(), word.strip()) for word in shape.strip("()").split(",") if word.strip())
        assert drawn[channel].shape == tuple(map(int, wanted)), channel
        assert drawn[channel].dtype == np.dtype(dtype), channel


def test_any_subset_of_channels_is_the_same(drawn):
    batch = faces.sample(range(24))
    for channel in faces.CHANNELS:
        np.testing.assert_array_equal(faces.render(batch, 64, [channel])[channel], drawn[channel], err_msg=channel)


def test_a_face_does_not_depend_on_its_batch(drawn):
    some = faces.render(faces.sample([17, 4]), 64, tuple(faces.CHANNELS))
    for channel in faces.CHANNELS:
        np.testing.assert_array_equal(some[channel][0], drawn[channel][17], err_msg=channel)
        np.testing.assert_array_equal(some[channel][1], drawn[channel][4], err_msg=channel)


def test_one_face_a_list_and_none_can_be_drawn(drawn):
    face = faces.sample_face(3)
    np.testing.assert_array_equal(faces.render(face)["image"][0], drawn["image"][3])
    assert faces.render([face, face], 32)["image"].shape == (2, 32, 32, 3)
    nobody = faces.render(faces.sample(range(0)), 64, tuple(faces.CHANNELS))
    assert all(len(rows) == 0 for rows in nobody.values())


@pytest.mark.parametrize("size", [32, 48, 200])
def test_other_sizes_show_the_same_face(size, drawn):
    image = faces.render(faces.sample(range(4)), size)["image"]
    small = np.stack([np.asarray(Image.fromarray(i).resize((16, 16), Image.Resampling.BOX), float) for i in image])
    same = np.stack(
        [np.asarray(Image.fromarray(i).resize((16, 16), Image.Resampling.BOX), float) for i in drawn["image"][:4]]
    )
    assert np.abs(small - same).mean() < 6


@pytest.mark.parametrize(("size", "count"), [(64, 12), (128, 6)])
def test_pictures_are_those_that_are_stored(size, count):
    """Made by ``python -m tests.faces.references``; when another drawing is meant, raise faces.VERSION with them."""
    new = faces.render(faces.sample(range(count)), size, ("image", "labels"))
    stored = np.asarray(Image.open(REFERENCES / f"image_{size}.png"))
    difference = np.abs(np.concatenate(new["image"], axis=1).astype(int) - stored)
    assert difference.max() <= 1
    labels = np.asarray(Image.open(REFERENCES / f"labels_{size}.png"))
    assert (np.concatenate(new["labels"], axis=1) != labels).mean() < 1e-4


def test_the_other_pictures_and_the_points_are_those_that_are_stored():
    stored = np.asarray(Image.open(REFERENCES / "painted_64.png"))
    difference = np.abs(references.painted().astype(int) - stored)
    # A shadow's edge or a poster's step may fall on the other side of a pixel.
    assert (difference > 1).mean() < 1e-3
    before = np.load(REFERENCES / "numbers_64.npz")
    for name, new in references.numbers().items():
        np.testing.assert_allclose(new, before[name], atol=2e-3, err_msg=name)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_devices_agree_within_a_grey_level():
    batch = faces.sample(range(64))
    here, there = (faces.render(batch, 64, ("image", "labels"), device=d) for d in ("cpu", "cuda"))
    assert np.abs(here["image"].astype(int) - there["image"]).max() <= 1
    assert (here["labels"] != there["labels"]).mean() < 1e-4


def test_threads_do_not_change_the_picture(drawn):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again = faces.render(faces.sample(range(24)), 64)["image"]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(again, drawn["image"])


def test_wrong_requests_are_sentences():
    with pytest.raises(UserError, match="labels"):
        faces.render(faces.Face(), 64, ["lables"])
    with pytest.raises(UserError, match="pixels"):
        faces.render(faces.Face(), 4)


def test_regions_are_not_flat(drawn):
    """Table 13.2: a flat region would make "paint its mean colour" a perfect model."""
    image, labels = drawn["image"].astype(float), drawn["labels"]
    for name in ("background", "skin", "hair", "cloth", "neck"):
        where = labels == faces.CLASSES.index(name)
        spread = [image[i][where[i]].std(axis=0).mean() for i in range(len(image)) if where[i].sum() > 60]
        assert np.median(spread) > 6, (name, np.median(spread))
