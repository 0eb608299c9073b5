"""Boundaries of instances, against a pixel-by-pixel oracle."""

import numpy as np
import pytest
import torch

from labkit import faces
from labkit.models.pix2pix import visible
from labkit.nn.conditions import CLASSES, boundaries, condition, labels_as_planes


def oracle(labels):
    """A pixel at a time: does any of its four neighbours have another number?"""
    out = np.zeros(labels.shape, dtype=np.float32)
    n, height, width = labels.shape
    for b, y, x in np.ndindex(n, height, width):
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < height and 0 <= u < width and labels[b, v, u] != labels[b, y, x]:
                out[b, y, x] = 1
    return out


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
@pytest.mark.parametrize("numbers", [2, 3, 19, 200])
def test_boundaries_are_what_a_loop_over_pixels_finds(dtype, numbers):
    labels = torch.from_numpy(np.random.default_rng(numbers).integers(0, numbers, (3, 9, 13))).to(dtype)
    coarse = labels[:, :5, :7].repeat_interleave(4, 1).repeat_interleave(3, 2)  # with pixels inside, too
    for some in (labels, coarse):
        edges = boundaries(some)
        assert edges.dtype == torch.float32 and edges.shape == (3, 1, *some.shape[1:])
        assert np.array_equal(edges[:, 0].numpy(), oracle(some.numpy()))
    assert 0 < float(boundaries(coarse).mean()) < 1


def test_a_constant_map_has_no_boundary():
    assert boundaries(torch.full((2, 8, 8), 7, dtype=torch.uint8)).sum() == 0
    assert boundaries(torch.zeros(1, 1, 1, dtype=torch.uint8)).shape == (1, 1, 1, 1)


def test_both_pixels_of_a_pair_are_marked_and_a_corner_is_no_neighbour():
    labels = torch.zeros(1, 5, 5, dtype=torch.uint8)
    labels[0, 2, 2] = 1
    cross = torch.tensor([[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]])
    assert torch.equal(boundaries(labels)[0, 0].int(), cross.int())


def test_instances_of_a_class_that_touch_are_told_apart_by_their_numbers():
    classes, instances = torch.ones(1, 4, 4, dtype=torch.uint8), torch.ones(1, 4, 4, dtype=torch.int64)
    instances[..., 2:] = 1001
    assert boundaries(classes).sum() == 0 and boundaries(instances)[0, 0, 0].tolist() == [0, 1, 1, 0]


def test_the_condition_is_the_planes_and_the_edges_of_built_in_faces():
    labels = torch.from_numpy(faces.render(faces.sample(range(2)), 32, ("labels",))["labels"])
    made = condition("labels-and-edges")({"labels": labels})
    assert made.shape == (2, CLASSES + 1, 32, 32)
    assert torch.equal(made[:, :CLASSES], labels_as_planes(labels))
    assert torch.equal(made[:, CLASSES:], boundaries(labels)) and 0.05 < float(made[:, CLASSES].mean()) < 0.6
    seen, plain = visible(made), visible(made[:, :CLASSES])
    edge = (made[:, CLASSES:] > 0).expand(-1, 3, -1, -1)
    assert (seen[edge] == -1).all() and torch.equal(seen[~edge], plain[~edge])
