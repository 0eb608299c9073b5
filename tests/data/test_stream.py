import numpy as np
import pytest
import torch

from labkit.data import Dataset, Stream


def dataset(count=50, channels=3, height=4, width=6):
    words = np.random.Philox(key=7).random_raw(count * height * width * channels)
    image = (words % 256).astype(np.uint8).reshape(count, height, width, channels)
    image[0, 0, 0, 0], image[1, 0, 0, 0] = 0, 255
    return Dataset("noise", {"image": image, "label": np.arange(count)}, classes=tuple(map(str, range(count))))


def test_batch_is_a_pure_function_of_seed_and_images_seen():
    data = dataset()
    forwards = [Stream(data, 8, seed=3, flip=True).batch(n)["image"] for n in (0, 8, 400, 48)]
    stream = Stream(data, 8, seed=3, flip=True)
    backwards = [stream.batch(n)["image"] for n in (48, 400, 8, 0)][::-1]
    for a, b in zip(forwards, backwards):
        assert torch.equal(a, b)


def test_seeds_and_epochs_have_different_orders():
    data = dataset()
    first = Stream(data, 50, seed=0).batch(0)["label"]
    assert not torch.equal(first, Stream(data, 50, seed=1).batch(0)["label"])
    assert not torch.equal(first, Stream(data, 50, seed=0).batch(50)["label"])
    assert not torch.equal(first, torch.arange(50))


def test_every_epoch_has_every_picture_once_and_batches_run_over_its_end():
    data = dataset(50)
    stream = Stream(data, 16)
    seen = torch.cat([stream.batch(n)["label"] for n in range(0, 400, 16)])
    assert len(seen) == 400
    for epoch in range(8):
        assert sorted(seen[epoch * 50 : epoch * 50 + 50].tolist()) == list(range(50))


def test_a_batch_may_be_larger_than_the_data():
    labels = Stream(dataset(5), 12).batch(0)["label"].tolist()
    assert sorted(labels[:5]) == sorted(labels[5:10]) == list(range(5))


@pytest.mark.parametrize("world", [2, 4])
def test_ranks_together_read_what_one_process_reads(world):
    data = dataset()
    for seen in (0, 24, 48, 1000):
        whole = Stream(data, 16, seed=5, flip=True).batch(seen)
        parts = [Stream(data, 16, seed=5, rank=r, world=world, flip=True).batch(seen) for r in range(world)]
        for field in whole:
            for rank, part in enumerate(parts):
                assert torch.equal(whole[field][rank::world], part[field])


def test_pictures_are_floats_from_minus_one_to_one_in_channels_last():
    data = dataset()
    batch = Stream(data, 50).batch(0)
    image = batch["image"]
    assert image.shape == (50, 3, 4, 6) and image.dtype == torch.float32
    assert image.is_contiguous(memory_format=torch.channels_last)
    assert image.min() == -1.0 and image.max() == 1.0
    assert batch["label"].dtype == torch.int64
    expected = torch.from_numpy(data.fields["image"][batch["label"].numpy()]).permute(0, 3, 1, 2) / 127.5 - 1
    assert torch.allclose(image, expected)
    assert torch.equal(data.tensor(batch["label"])["image"], image)


def test_flip_mirrors_about_half_left_to_right_and_anew_each_epoch():
    data = dataset(200)
    stream = Stream(data, 200, flip=True)
    chosen = []
    for epoch in range(2):
        batch = stream.batch(200 * epoch)
        plain = data.tensor(batch["label"])["image"]
        kept = (batch["image"] == plain).flatten(1).all(1)
        mirrored = (batch["image"] == plain.flip(3)).flatten(1).all(1)
        assert torch.all(kept ^ mirrored)
        assert 70 < mirrored.sum() < 130
        chosen.append(set(batch["label"][mirrored].tolist()))
    assert chosen[0] != chosen[1]


def test_the_order_is_frozen():
    """A run must resume on another machine and with another numpy: these indices may never change."""
    assert Stream(dataset(20), 8, seed=1).indices(16).tolist() == [11, 1, 4, 19, 14, 10, 0, 15]


def test_batches_do_not_share_memory_with_the_data():
    data = dataset()
    before = data.fields["image"].copy()
    Stream(data, 50, flip=True).batch(0)["image"].zero_()
    assert np.array_equal(before, data.fields["image"])


@pytest.mark.parametrize("options", [{"world": 3}, {"rank": 2, "world": 2}, {"rank": -1}])
def test_wrong_shares_are_refused(options):
    with pytest.raises(ValueError):
        Stream(dataset(), 16, **options)


def test_an_empty_dataset_is_refused():
    with pytest.raises(ValueError, match="empty"):
        Stream(Dataset("none", {"image": np.zeros((0, 4, 4, 1), dtype=np.uint8)}), 4)


def test_dataset_says_what_it_is():
    data = dataset()
    assert (len(data), data.image_shape, data.size, data.channels) == (50, (3, 4, 6), 4, 3)
    assert data.images(5).shape == (5, 4, 6, 3)
    assert np.array_equal(data.images([3, 1]), data.fields["image"][[3, 1]])
    with pytest.raises(ValueError, match="differ in length"):
        Dataset("x", {"image": data.fields["image"], "label": np.arange(3)})
    with pytest.raises(ValueError, match="uint8"):
        Dataset("x", {"image": np.zeros((3, 4, 4, 1))})


def test_the_fingerprint_follows_name_split_shape_and_content():
    fields = {"image": np.zeros((10, 4, 4, 1), dtype=np.uint8)}
    other = {"image": np.ones((10, 4, 4, 1), dtype=np.uint8)}
    prints = [
        Dataset("a", fields).fingerprint,
        Dataset("b", fields).fingerprint,
        Dataset("a", fields, split="test").fingerprint,
        Dataset("a", other).fingerprint,
        Dataset("a", {"image": np.zeros((10, 2, 8, 1), dtype=np.uint8)}).fingerprint,
    ]
    assert len(set(prints)) == 5
    assert prints[0] == Dataset("a", {"image": fields["image"].copy()}).fingerprint
    assert Dataset("/here/a", fields).fingerprint == Dataset("/there/a/", fields).fingerprint
