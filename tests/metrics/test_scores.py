"""FD-digits: ordered as it should be, never alone, the same twice, and only comparable things compared."""

import dataclasses
import json
import math
import time
import warnings

import numpy as np
import pytest
import torch

from labkit import data
from labkit.data import Dataset
from labkit.errors import UserError
from labkit.metrics import class_coverage, combine, quick_score, score
from labkit.metrics.measures import real_set

N = 1000


@pytest.fixture(scope="module")
def digits():
    return data.open("digits", split="test")


@pytest.fixture(scope="module")
def floats(digits):
    """Images of the set that are on neither side of the real set at N."""
    used = np.random.default_rng(20_000).permutation(len(digits))[: 2 * N]
    rest = np.setdiff1d(np.arange(len(digits)), used)
    return digits.tensor(rest)["image"].contiguous()


def sampler(images, noise=0.0):
    def sample(n, *, generator):
        picked = images[torch.randint(len(images), (n,), generator=generator)]
        return (picked + noise * torch.randn(picked.shape, generator=generator)).clamp(-1, 1)

    return sample


@pytest.fixture(scope="module")
def good(digits, floats):
    return score(sampler(floats), digits, n=N)


def test_real_images_score_as_the_floor(good):
    assert good.name == "FD-digits" and good.n == N
    # Two draws of the same thing: within a factor that noise allows, and far from any trivial generator.
    assert 0.5 * good.floor.value < good.value < 2 * good.floor.value
    assert good.floor.value > 0.05, "the floor's images are the reference's own"
    assert good.value < 0.02 * good.baseline.value
    assert abs(good.kid) < 0.05 * abs(good.baselines["mean image"].kid)
    assert good.precision > 0.8 and good.recall > 0.8 and good.coverage > 0.85 and 0.8 < good.density < 1.2
    assert good.classes.covered == 10 and good.classes.divergence < 0.02


def test_worse_samples_score_worse(digits, floats, good):
    noisy = score(sampler(floats, noise=0.4), digits, n=N)
    blurred = score(torch.nn.functional.avg_pool2d(floats, 5, 1, 2), digits, n=N)
    for worse in (noisy, blurred):
        assert worse.value > 5 * good.floor.value and worse.low > good.high
        assert worse.precision < good.precision and worse.kid > 5 * abs(good.kid)
    noise = score(torch.rand(N, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1, digits, n=N)
    assert noise.value > noisy.value and noise.precision < 0.05


def test_a_baseline_is_measured_like_a_model(digits, good):
    # One real image, repeated: flawless, and collapsed.
    collapsed = good.baselines["one real image"]
    assert collapsed.precision == 1 and collapsed.recall < 0.01 and collapsed.coverage < 0.05
    assert collapsed.classes.covered == 1 and collapsed.classes.entropy == 0
    used = np.sort(np.random.default_rng(20_000).permutation(len(digits))[:N])
    by_hand = score(digits.fields["image"][used[:1]].repeat(N, axis=0), digits, n=N)
    assert by_hand.value == pytest.approx(collapsed.value, rel=1e-6)
    assert good.baseline.value == min(measures.value for measures in good.baselines.values())


def test_collapse_onto_three_digits_is_a_number(digits, floats):
    label = torch.from_numpy(np.array(digits.fields["label"]))
    image = digits.tensor(np.flatnonzero(label < 3))["image"].contiguous()
    found = score(sampler(image), digits, n=N)
    assert found.classes.covered == 3
    assert found.classes.entropy == pytest.approx(math.log(3), abs=0.05)
    assert found.classes.divergence == pytest.approx(math.log(10 / 3), abs=0.15)
    assert found.precision > 0.8 and found.recall < 0.6 and found.coverage < 0.5


def test_a_seed_fixes_the_score(digits, floats, good):
    assert score(sampler(floats), digits, n=N).json() == good.json()
    other = score(sampler(floats), digits, n=N, seed=1)
    assert other.value != good.value and other.floor == good.floor


def test_the_sampler_is_asked_in_chunks_without_gradients(digits, floats):
    asked = []

    def sample(n, generator):
        asked.append(n)
        assert not torch.is_grad_enabled()
        return floats[: n * len(asked)][-n:]

    assert score(sample, digits, n=650).n == 650
    assert sum(asked) == 650 and max(asked) <= 500
    # The second argument may have another name.
    assert score(lambda n, g: floats[torch.randint(len(floats), (n,), generator=g)], digits, n=N).n == N


def test_the_live_score_is_the_score_and_quick(digits, floats, good):
    live = quick_score(sampler(floats), digits, n=N)
    assert live["FD-digits"] == pytest.approx(good.value) and live["coverage"] == pytest.approx(good.coverage)
    assert live["classes"] == 10
    start = time.perf_counter()
    quick_score(floats, digits)
    assert time.perf_counter() - start < 10  # about 1 s on a free core


def test_real_statistics_are_kept(digits):
    kept = real_set(digits, N)
    assert real_set(digits, N) is kept
    assert real_set(digits, N + 1) is not kept
    again = Dataset("digits", digits.fields, digits.classes, split="test")
    assert real_set(again, N) is kept
    changed = dict(digits.fields, image=255 - digits.fields["image"])
    assert real_set(Dataset("digits", changed, split="test"), N) is not kept


def test_pictures_of_32_pixels_score_in_their_own_right(digits, floats):
    wide = dict(digits.fields, image=np.pad(digits.fields["image"], ((0, 0), (2, 2), (2, 2), (0, 0))))
    at_32 = Dataset("digits", wide, digits.classes, split="test")
    found = score(torch.nn.functional.pad(floats, (2, 2, 2, 2), value=-1), at_32, n=400)
    assert found.value < 0.02 * found.baseline.value and found.classes.covered == 10
    with pytest.warns(UserWarning, match="28×28 and the data 32×32"):
        assert score(floats, at_32, n=400).value > found.value


def test_a_small_set_is_scored_at_the_n_it_has(digits, floats):
    few = Dataset("few", {"image": digits.fields["image"][:500]})
    with pytest.warns(UserWarning, match="N = 250"):
        assert score(floats, few, n=N).n == 250
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert score(floats[:250], digits, n=N).n == 250


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (torch.zeros(500, 1, 28, 28, requires_grad=True), "never used in a loss"),
        (torch.zeros(500, 3, 28, 28), "channels"),
        (torch.zeros(100, 1, 28, 28), "needs more than 128 images"),
        (lambda n, generator: torch.full((n, 1, 28, 28), 255.0), r"in \[-1, 1\]"),
        (lambda n, generator: torch.full((n, 1, 28, 28), float("inf")), "broken down"),
        (lambda n, generator: torch.zeros(n - 1, 1, 28, 28), "gave 998 images"),
    ],
)
def test_wrong_samples_are_a_sentence(digits, sample, message):
    with pytest.raises(UserError, match=message):
        score(sample, digits, n=N)


def test_colour_is_refused(digits, floats):
    colour = Dataset("photos", {"image": np.repeat(digits.fields["image"][:2000], 3, axis=3)})
    with pytest.raises(UserError, match=r"'photos' is in colour.*channels=1"):
        score(floats, colour, n=N)


def test_the_table_is_aligned_and_names_what_was_measured(good):
    lines = good.table().splitlines()
    assert lines[0].startswith("FD-digits, N = 1,000") and "FID" not in good.table()
    ends = {len(line) for line in lines[:6]}
    assert len(ends) == 1
    for start in ("this model", "other real images (floor)", "pixel-wise Gaussian", "mean image", "one real image"):
        assert any(line.startswith(start) for line in lines)
    assert good.network[:8] in good.table() and "digits (test)" in good.table()


def test_json_is_whole(good):
    found = json.loads(json.dumps(good.json()))
    assert found["value"] == good.value and found["floor"]["value"] == good.floor.value
    assert set(found["baselines"]) == set(good.baselines) and found["classes"]["covered"] == 10
    assert found["network"] == good.network and found["n"] == N


def test_scores_of_several_seeds(good):
    three = [dataclasses.replace(good, value=value, seed=seed) for seed, value in enumerate((1.0, 2.0, 6.0))]
    both = combine(three)
    assert both.mean["value"] == 3 and both.std["value"] == pytest.approx(math.sqrt(7))
    assert both.std["recall"] == 0 and both.mean["covered"] == 10 and both.runs == 3
    assert both.floor == good.floor.value and "3 runs" in both.table()
    json.dumps(both.json())
    for other in ({"n": 2000}, {"network": "0" * 64}, {"dataset": "mnist (train)"}):
        with pytest.raises(UserError, match="don't compare"):
            combine([good, dataclasses.replace(good, **other)])
    with pytest.raises(UserError, match="at least two"):
        combine([good])


def test_class_coverage_of_labels():
    label = torch.tensor([0] * 900 + [1] * 70 + [2] * 30)
    found = class_coverage(label, classes=4)
    assert found.frequencies == pytest.approx((0.9, 0.07, 0.03, 0.0))
    assert found.covered == 2, "three per cent is not above three per cent"
    assert found.n == 1000 and found.threshold == 0.03
    share = np.array([0.9, 0.07, 0.03])
    assert found.entropy == pytest.approx(-(share * np.log(share)).sum())
    assert found.divergence == pytest.approx((share * np.log(share * 4)).sum())
    assert class_coverage(label, classes=4, reference=found.frequencies).divergence == 0
    assert class_coverage(label.numpy(), classes=4, threshold=0.02).covered == 3
    assert class_coverage(torch.arange(10).repeat(5)).entropy == pytest.approx(math.log(10))


def test_class_coverage_of_images(digits):
    found = class_coverage(digits.images(2000))
    truth = np.bincount(digits.fields["label"][:2000], minlength=10) / 2000
    assert found.frequencies == pytest.approx(tuple(truth), abs=0.01)


@pytest.mark.parametrize("labels", [torch.tensor([0, 10]), torch.tensor([-1]), torch.tensor([0.5]), torch.tensor([])])
def test_wrong_labels_are_a_sentence(labels):
    with pytest.raises(UserError, match=r"0\.\.9"):
        class_coverage(labels)


def test_a_grey_photo_folder_without_labels_can_be_scored(digits, floats):
    bare = Dataset("folder", {"image": digits.fields["image"][:2500]})
    found = score(floats, bare, n=400)
    assert sum(found.class_frequencies) == pytest.approx(1)
