import numpy as np
import pytest
import torch

from labkit import data
from labkit.data import Dataset, Stream
from labkit.data.mirror import mirrored
from labkit.errors import UserError
from labkit.faces import ATTRIBUTES, CLASSES, render, sample


def test_a_batch_is_mirrored_with_all_that_belongs_to_it():
    """Marks at two eyes: after a flip the labels and landmarks must still point at the right marks."""
    image = np.zeros((64, 8, 8, 3), np.uint8)
    labels = np.zeros((64, 8, 8), np.uint8)
    image[:, 2, 1], image[:, 2, 5] = 100, 200  # image left: the right eye
    labels[:, 2, 1], labels[:, 2, 5] = CLASSES.index("r_eye"), CLASSES.index("l_eye")
    landmarks = np.tile(np.float32([(1, 2), (5, 2), (3, 4), (2, 6), (4, 6)]), (64, 1, 1))
    numbers = np.tile(np.uint8([0, 1]), (64, 1))
    data = Dataset("x", {"image": image, "labels": labels, "landmarks": landmarks, "attributes": numbers})
    batch = Stream(data, 64, flip=True).batch(0)
    flipped = 0
    for pixels, classes, points in zip(batch["image"], batch["labels"], batch["landmarks"].long()):
        first, second = points[0], points[1]
        assert first[0] < second[0] and classes[first[1], first[0]] == CLASSES.index("r_eye")
        assert classes[second[1], second[0]] == CLASSES.index("l_eye")
        flipped += int(pixels[0, first[1], first[0]] > pixels[0, second[1], second[0]])
        assert pixels[0, first[1], first[0]] > -1 < pixels[0, second[1], second[0]]
    assert 16 < flipped < 48 and (batch["attributes"] == torch.tensor([0, 1])).all()


def test_68_landmarks_of_a_mirrored_symmetric_face_stay_in_their_places():
    face = sample([3]).replace(yaw=0.0, roll=0.0)
    points = torch.from_numpy(render(face, size=64, channels=("landmarks",))["landmarks"])
    turned = mirrored("landmarks", points, 64)
    assert (turned - points).abs().max() < 4
    order = mirrored("visible", torch.arange(68)[None].to(torch.uint8), 64)[0].long()
    assert order.sort().values.tolist() == list(range(68)) and torch.equal(order[order], torch.arange(68))
    assert order[[0, 17, 27, 36, 48, 57, 60]].tolist() == [16, 26, 27, 45, 54, 57, 64]


def test_masks_are_mirrored_and_what_would_be_wrong_is_refused():
    mask = torch.arange(6, dtype=torch.uint8).reshape(1, 2, 3, 1)
    assert torch.equal(mirrored("mask", mask, 3), mask.flip(2))
    with pytest.raises(UserError, match="displacement"):
        mirrored("displacement", torch.zeros(1, 4, 4, 2), 4)
    with pytest.raises(UserError, match="7 landmarks"):
        mirrored("landmarks", torch.zeros(1, 7, 2), 4)


def test_who_faces_left_faces_right_in_the_mirror():
    rows = torch.arange(len(ATTRIBUTES), dtype=torch.uint8)[None]
    turned = mirrored("attributes", rows, 64, ATTRIBUTES)[0].tolist()
    left, right = ATTRIBUTES.index("Facing_Left"), ATTRIBUTES.index("Facing_Right")
    assert (turned[left], turned[right]) == (right, left)
    turned[left], turned[right] = left, right
    assert turned == list(range(len(ATTRIBUTES)))


def test_the_truth_of_a_mirrored_batch_of_faces_is_the_mirror_s(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    fields = ("attributes", "labels", "landmarks", "caricature_labels", "caricature_landmarks", "caricature_geometry")
    built_in = data.open("faces", count=64, fields=fields)
    batch, plain = Stream(built_in, 64, flip=True).batch(0), Stream(built_in, 64).batch(0)
    flipped = (batch["image"] != plain["image"]).flatten(1).any(1)
    assert 16 < flipped.sum() < 48
    left = ATTRIBUTES.index("Facing_Left")
    assert torch.equal(batch["attributes"][flipped, left], plain["attributes"][flipped, left + 1])
    for labels, points in (("labels", "landmarks"), ("caricature_labels", "caricature_landmarks")):
        for name, corner in (("r_eye", 36), ("l_eye", 45)):
            shown = (batch[labels] == CLASSES.index(name)).nonzero()
            for row in shown[:, 0].unique():
                middle = shown[shown[:, 0] == row][:, 2].float().mean()
                other = batch[points][row, 81 - corner, 0]
                assert (batch[points][row, corner, 0] - middle).abs() < (other - middle).abs(), (labels, name)


def test_parameters_can_t_be_mirrored():
    with pytest.raises(UserError, match="'parameters' can't be mirrored"):
        mirrored("parameters", torch.zeros(2, 119), 64)
