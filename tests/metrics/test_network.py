"""The scoring network: whole, frozen, good enough, and fed as its page says."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest
import torch

from labkit import data, weights
from labkit.errors import UserError
from labkit.metrics import digits_network, features, inception, train_digits_network
from labkit.metrics.network import as_uint8


@pytest.fixture(scope="module")
def digits():
    return data.open("digits", split="test")


def accuracy(dataset):
    image, label = (torch.from_numpy(np.array(dataset.fields[field])) for field in ("image", "label"))
    return train_digits_network.accuracy(digits_network(), image.permute(0, 3, 1, 2), label)


def test_the_shipped_file_is_its_cards_and_small():
    raw = (weights.FOLDER / "digits.safetensors").read_bytes()
    card = weights.card("digits")
    assert hashlib.sha256(raw).hexdigest() == card["sha256"] == digits_network().sha256
    assert len(raw) == card["bytes"] <= 500_000
    assert {"seed", "epochs", "minutes", "accuracy", "made_by"} <= set(card)
    assert "never part of a loss" in card["use"]


@pytest.mark.skipif("LABKIT_TEST_DATA" not in os.environ, reason="LABKIT_TEST_DATA does not name a folder with MNIST")
def test_names_real_mnist():
    found = accuracy(data.open("mnist", split="test"))
    assert found >= 0.99
    assert found == pytest.approx(digits_network().card["accuracy"]["mnist"], abs=5e-4)


def test_names_the_built_in_digits(digits):
    assert accuracy(digits) >= 0.99


def test_features_are_64_standardised_numbers(digits):
    found = features(digits_network(), digits.images(2000))
    assert found.shape == (2000, 64)
    assert found.mean(0).abs().max() < 1 and 0.3 < found.std(0).min() < found.std(0).max() < 2


def test_a_damaged_file_is_named(tmp_path):
    for ending in (".safetensors", ".json"):
        shutil.copy(weights.FOLDER / f"digits{ending}", tmp_path)
    file = tmp_path / "digits.safetensors"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1  # one bit of one weight: it would load and answer
    file.write_bytes(raw)
    with pytest.raises(UserError, match="damaged") as error:
        weights.load("digits", tmp_path)
    assert str(file) in str(error.value)
    (tmp_path / "digits.json").write_text("{")
    with pytest.raises(UserError, match=r"digits\.json is damaged"):
        weights.load("digits", tmp_path)
    file.unlink()
    shutil.copy(weights.FOLDER / "digits.json", tmp_path)
    with pytest.raises(UserError, match="missing"):
        weights.load("digits", tmp_path)
    with pytest.raises(UserError, match="unknown checkpoint 'digts'; did you mean 'digits'"):
        weights.load("digts")


def test_the_network_is_frozen_and_refuses_a_gradient():
    network = digits_network()
    assert not network.training and not any(weight.requires_grad for weight in network.parameters())
    image = torch.zeros(2, 1, 28, 28, requires_grad=True)
    # A generator's output has a gradient without being a leaf.
    for wrong in (image, image * 1):
        for use in (network, network.logits, network.features, lambda x: features(network, x)):
            with pytest.raises(UserError, match="never used in a loss"):
                use(wrong)


def test_bytes_and_floats_and_layouts_give_the_same_features(digits):
    stored = digits.images(300)
    expected = features(digits_network(), stored)
    floats = torch.from_numpy(stored).permute(0, 3, 1, 2).float() / 127.5 - 1
    for form in (stored[..., 0], floats, floats.to(memory_format=torch.channels_last), as_uint8(floats)):
        assert torch.equal(features(digits_network(), form), expected)


def test_other_sizes_are_resized_to_the_same_picture(digits):
    small = torch.from_numpy(digits.images(200)).permute(0, 3, 1, 2).float() / 127.5 - 1
    double = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    near = features(digits_network(), double) - features(digits_network(), small)
    assert near.square().mean() < 0.05


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(4, 3, 28, 28), "grey digits"),
        (torch.full((4, 1, 28, 28), 200.0), r"in \[-1, 1\]"),
        (torch.full((4, 1, 28, 28), float("nan")), "not finite"),
        (torch.zeros(28, 28), "shape"),
        (torch.zeros(4, 1, 28, 28, dtype=torch.int64), "int64"),
    ],
)
def test_wrong_images_are_a_sentence(images, message):
    with pytest.raises(UserError, match=message):
        features(digits_network(), images)


def test_threads_are_given_back(digits):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        features(digits_network(), digits.images(10))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_training_command_writes_weights_that_load(tmp_path, monkeypatch, digits, capsys):
    def few(name, split):
        rows = slice(0, 512) if split == "train" else slice(600, 700)
        image = torch.from_numpy(np.array(digits.fields["image"][rows])).permute(0, 3, 1, 2)
        return image, torch.from_numpy(np.array(digits.fields["label"][rows]))

    monkeypatch.setattr(train_digits_network, "read", few)
    monkeypatch.setattr(train_digits_network.data, "open", lambda name: digits)
    assert train_digits_network.main(["--epochs", "5", "--seed", "3", "--out", str(tmp_path)]) == 0
    tensors, card = weights.load("digits", tmp_path)
    assert card["seed"] == 3 and card["epochs"] == 5
    assert card["accuracy"]["digits"] > 0.5  # of 0.1 by chance: it learns
    assert {key: value.shape for key, value in tensors.items()} == {
        key: value.shape for key, value in digits_network().state_dict().items()
    }
    assert json.loads((tmp_path / "digits.json").read_text())["sha256"] == card["sha256"]


def test_inception_says_where_its_weights_go(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    with pytest.raises(UserError) as error:
        inception.frechet_inception_distance(torch.zeros(4, 3, 28, 28), torch.zeros(4, 3, 28, 28))
    file = tmp_path / inception.FILE
    assert str(file) in str(error.value) and "pip install torch-fidelity" in str(error.value)
    assert not list(tmp_path.iterdir())
    file.write_bytes(b"<html>quota exceeded</html>")
    with pytest.raises(UserError, match="damaged"):
        inception.find_weights()
