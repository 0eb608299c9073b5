import numpy as np
import pytest
import torch

from labkit.data import Dataset, Stream
from labkit.data.mirror import mirrored
from labkit.faces import CLASSES, render, sample


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
    with pytest.raises(ValueError, match="displacement"):
        mirrored("displacement", torch.zeros(1, 4, 4, 2), 4)
    with pytest.raises(ValueError, match="7 landmarks"):
        mirrored("landmarks", torch.zeros(1, 7, 2), 4)
