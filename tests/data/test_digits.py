import hashlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.data import digits
from labkit.data import open as open_data
from labkit.data.strokes import WAYS


def test_the_drawing_is_frozen():
    """Same pictures on every machine and version. If you mean to change them: raise digits.VERSION, then this sum."""
    pictures, labels = digits.draw(200, seed=1)
    assert hashlib.sha256(pictures.tobytes() + labels.tobytes()).hexdigest()[:16] == "6372eb6967585d28"


def test_a_short_draw_is_the_beginning_of_a_long_one():
    pictures, labels = digits.draw(120, seed=3)
    first, first_labels = digits.draw(40, seed=3)
    assert np.array_equal(pictures[:40], first) and np.array_equal(labels[:40], first_labels)
    assert digits.draw(0)[0].shape == (0, 28, 28)


def test_seeds_draw_different_digits():
    assert not np.array_equal(digits.draw(20, seed=1)[0], digits.draw(20, seed=2)[0])


def test_classes_are_equally_common():
    _, labels = digits.draw(5000, seed=9)
    assert np.bincount(labels).tolist() == [500] * 10
    assert set(labels[:40]) == set(range(10))


def test_digits_are_ink_on_a_black_border_and_of_many_weights():
    pictures, _ = digits.draw(1000, seed=4)
    assert np.median(pictures.max(axis=(1, 2))) > 240
    assert pictures.max(axis=(1, 2)).min() > 90
    assert (pictures[:, [0, -1]] > 0).mean() < 0.02
    ink = pictures.mean(axis=(1, 2))
    assert ink.std() > 0.25 * ink.mean()
    assert len(np.unique(pictures.reshape(1000, -1), axis=0)) == 1000


@pytest.mark.parametrize("size", [16, 32, 64])
def test_another_size_shows_the_same_digit(size):
    small, labels = digits.draw(30, seed=5)
    other, other_labels = digits.draw(30, size=size, seed=5)
    assert other.shape == (30, size, size) and np.array_equal(labels, other_labels)

    def shrunk(pictures):
        return F.adaptive_avg_pool2d(torch.from_numpy(pictures).float()[:, None], 7).flatten(1)

    a, b = shrunk(small), shrunk(other)
    nearest = torch.cdist(a, b).argmin(dim=1)
    assert (nearest == torch.arange(30)).float().mean() > 0.9


def test_every_way_of_writing_fits_the_renderer():
    assert set(WAYS) == set(range(10))
    for ways in WAYS.values():
        assert len(ways) >= 3
        for often, text in ways:
            controls, weights, places = digits._way(text, 1.0)
            assert often > 0 and len(controls) <= digits._POINTS and np.abs(controls).max() <= 0.5
            assert np.allclose(weights.sum(axis=1), 1) and places.min() == 0 and places.max() == 1


def test_a_corner_is_reached_and_a_stroke_ends_where_it_should():
    controls, weights, _ = digits._way("0 0, 100 0!, 100 100 | 0 100, 50 50", 1.0)
    curve = weights @ controls
    for point in controls:
        assert np.linalg.norm(curve - point, axis=1).min() < 1e-12
    first = curve[: int(np.argmax(np.all(np.isclose(curve, controls[2]), axis=1))) + 1]
    assert np.all(np.isclose(first[:, 1], -0.5) | np.isclose(first[:, 0], 0.5))


def test_open_gives_both_splits_at_any_shape(few_digits):
    train, test = open_data("digits"), open_data("digits", split="test")
    assert train.image_shape == (1, 28, 28) and len(train) == 300 and len(test) == 100
    assert train.classes == tuple("0123456789") and train.fields["label"].dtype == np.int64
    assert not np.array_equal(train.images(100), test.images(100))
    assert train.fingerprint != test.fingerprint
    coloured = open_data("digits", size=32, channels=3)
    assert coloured.image_shape == (3, 32, 32)
    assert np.array_equal(coloured.images()[..., 0], coloured.images()[..., 2])


def test_the_second_open_draws_nothing(few_digits, monkeypatch):
    first = open_data("digits")
    monkeypatch.setattr(digits, "_block", lambda *a: pytest.fail("drawn again"))
    assert np.array_equal(open_data("digits").images(), first.images())


def test_a_new_version_is_drawn_anew(few_digits, monkeypatch):
    open_data("digits")
    monkeypatch.setattr(digits, "VERSION", digits.VERSION + 1)
    monkeypatch.setattr(
        digits, "_block", lambda s, n, count, side: (np.zeros((count, side, side), np.uint8), np.zeros(count, np.int64))
    )
    assert open_data("digits").images().max() == 0


def test_linear_is_not_enough_and_a_small_network_is():
    """Real training is needed: nearest mean and linear stay clearly below, a small convolutional network does well."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pictures, labels = digits.draw(12_000, seed=11)
    images, targets = torch.from_numpy(pictures)[:, None].float() / 127.5 - 1, torch.from_numpy(labels)
    train, test = slice(0, 10_000), slice(10_000, None)
    flat = images.flatten(1)
    means = torch.stack([flat[train][targets[train] == digit].mean(0) for digit in range(10)])
    assert (torch.cdist(flat[test], means).argmin(1) == targets[test]).float().mean() < 0.85

    def accuracy(net, epochs):
        optimizer = torch.optim.Adam(net.parameters(), 3e-3)
        for _ in range(epochs):
            for rows in torch.randperm(10_000).split(64):
                optimizer.zero_grad()
                F.cross_entropy(net(images[rows]), targets[rows]).backward()
                optimizer.step()
        return (net(images[test]).argmax(1) == targets[test]).float().mean().item()

    linear = accuracy(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), 3)
    layers = [
        nn.Conv2d(1, 12, 3, 2, 1),
        nn.ReLU(),
        nn.Conv2d(12, 24, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24 * 49, 10),
    ]
    network = accuracy(nn.Sequential(*layers), 5)
    torch.set_num_threads(threads)
    assert linear < 0.95
    assert network > 0.97
