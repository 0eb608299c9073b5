"""The overfitting test: copies are found, and new faces are not taken for copies."""

import numpy as np
import pytest

from labkit import faces
from labkit.metrics import nearest_training

N = 200


@pytest.fixture(scope="module")
def sets():
    training = faces.render(faces.split("train", 3 * N), 64)["image"]
    held_out = faces.render(faces.split("test", 2 * N), 64)["image"]
    return training, held_out[:N], held_out[N:]


def test_new_faces_are_no_copies(sets):
    training, held_out, others = sets
    found = nearest_training(others, held_out, training)
    assert found.samples == pytest.approx(found.held_out, rel=0.05)
    assert found.copies < 0.06


def test_copies_with_a_little_noise_are_found(sets):
    training, held_out, _ = sets
    noise = np.random.default_rng(0).integers(-3, 4, training[:N].shape)
    copied = (training[:N].astype(int) + noise).clip(0, 255).astype(np.uint8)
    found = nearest_training(copied, held_out, training)
    assert found.samples < 0.5 * found.held_out
    assert found.copies > 0.9


def test_half_copies_count_half(sets):
    training, held_out, others = sets
    found = nearest_training(np.concatenate([training[: N // 2], others[: N // 2]]), held_out, training)
    assert 0.45 < found.copies < 0.56
