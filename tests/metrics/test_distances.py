"""Our distances against torch-fidelity, torchmetrics, and plain loops, on fixed random features."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from labkit.errors import UserError
from labkit.metrics import density_coverage, frechet_distance, kernel_distance, precision_recall
from labkit.metrics.frechet import Moments, interval
from labkit.metrics.neighbours import neighbour_scores


def draw(n, d=24, shift=0.3, scale=1.2, seed=0):
    """Correlated features, so that a transposed or a diagonal covariance would show."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).normal(size=(d, d)) / np.sqrt(d)
    return torch.from_numpy(rng.normal(size=(n, d)) @ mix * scale + shift)


A, B = draw(700), draw(900, shift=0.0, scale=1.0, seed=1)


def test_frechet_is_torch_fidelitys():
    fid = pytest.importorskip("torch_fidelity.metric_fid")
    theirs = fid.fid_statistics_to_metric(fid.fid_features_to_statistics(A), fid.fid_features_to_statistics(B), False)
    assert frechet_distance(A, B) == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)


def test_frechet_is_torchmetrics():
    fid = pytest.importorskip("torchmetrics.image.fid")
    stats = [(x.mean(0), x.T.cov()) for x in (A, B)]
    theirs = fid._compute_fid(stats[0][0], stats[0][1], stats[1][0], stats[1][1]).item()
    assert frechet_distance(A, B) == pytest.approx(theirs, rel=1e-4)
    assert frechet_distance(B, A) == pytest.approx(theirs, rel=1e-4)


def test_frechet_of_known_gaussians():
    # Σ₁ = 4I and Σ₂ = I: d·(2 − 1)² and the shift's square.
    x = torch.randn(4000, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    white = (x - x.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(x.T.cov())).T
    assert frechet_distance(white * 2 + 3, white) == pytest.approx(6 * 1 + 6 * 9, rel=1e-6)


@pytest.mark.parametrize("n", [700, 10])
def test_frechet_of_a_set_with_itself_is_zero(n):
    x = 100 * A[:n]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert frechet_distance(x, x) < 1e-6
        # The same moments from another order of rows: not the same numbers bit by bit.
        assert frechet_distance(x, x.flip(0)) < 1e-6


def test_singular_covariances_are_right_and_warned_of():
    # In 40 dimensions 12 points span at most 11; the distance must be that of the points turned into few dimensions.
    few, other = draw(12, d=5), draw(12, d=5, seed=3)
    turn = torch.linalg.qr(torch.randn(40, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0][:5]
    with pytest.warns(UserWarning, match=r"12 images for 40 features.*singular"):
        wide = frechet_distance(few @ turn, other @ turn)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert wide == pytest.approx(frechet_distance(few, other), rel=1e-9)


def test_one_image_repeated_has_no_covariance():
    constant = A[:1].expand(50, -1)
    expected = (A[0] - B.mean(0)).square().sum() + B.T.cov().trace()
    assert frechet_distance(constant, B) == pytest.approx(expected.item(), rel=1e-9)


@pytest.mark.parametrize(
    ("a", "message"),
    [(A[:, :3], "must be the same"), (A[0], "expected"), (A[:1], "two rows"), (A / 0, "not finite")],
)
@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance])
def test_bad_features_are_a_sentence(measure, a, message):
    with pytest.raises(UserError, match=message):
        measure(a, B)


def test_interval_is_as_wide_as_new_samples_scatter():
    real = Moments.of(draw(2000, d=8, seed=50))
    found = [interval(draw(400, d=8, seed=seed), real) for seed in range(60)]
    values = torch.tensor([value for value, _, _ in found])
    half = torch.tensor([(high - low) / 2 for _, low, high in found]).mean() / 2.093
    assert 0.8 < half / values.std() < 1.3
    assert all(low <= value <= high for value, low, high in found)
    inside = sum(low < values.mean() < high for _, low, high in found)
    assert inside >= 52  # 57 of 60 expected
    assert interval(draw(400, d=8), real)[0] == pytest.approx(
        frechet_distance(draw(400, d=8), draw(2000, d=8, seed=50))
    )


@pytest.mark.parametrize(("subsets", "size"), [(1, 700), (20, 100)])
def test_kernel_distance_is_torch_fidelitys(subsets, size):
    kid = pytest.importorskip("torch_fidelity.metric_kid")
    theirs = kid.kid_features_to_metric(
        A, B[:700], kid_subsets=subsets, kid_subset_size=size, kid_kernel="poly", kid_kernel_poly_degree=3,
        kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1, rng_seed=2020, verbose=False,
    )  # fmt: skip
    ours = kernel_distance(A, B[:700], subsets=subsets, subset_size=size)
    assert ours.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)
    assert ours.spread == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-4, abs=1e-9)


def test_kernel_distance_is_torchmetrics():
    kid = pytest.importorskip("torchmetrics.image.kid")
    theirs = kid.poly_mmd(A, B[:700]).item()
    assert kernel_distance(A, B[:700], subsets=1).value == pytest.approx(theirs, rel=1e-4)


def test_kernel_distance_is_unbiased():
    # A biased estimator stays above zero; over many small equal sets the unbiased one averages zero.
    values = [kernel_distance(draw(50, seed=seed), draw(50, seed=1000 + seed), subsets=1).value for seed in range(100)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 10
    assert min(values) < 0


def test_precision_recall_is_torch_fidelitys():
    prc = pytest.importorskip("torch_fidelity.metric_prc")
    generated, real = A * 1.3, B
    theirs = prc.prc_features_to_metric(
        generated, real, prc_neighborhood=3, prc_batch_size=10_000, save_cpu_ram=False, verbose=False
    )
    ours = precision_recall(generated, real)
    assert ours.precision == pytest.approx(theirs["precision"], rel=1e-4)
    assert ours.recall == pytest.approx(theirs["recall"], rel=1e-4)
    assert 0.05 < ours.precision < 0.95 and ours.precision != ours.recall


def naive_density_coverage(generated, real, k):
    generated, real = generated.numpy(), real.numpy()
    radius = np.array([np.sort(np.linalg.norm(real - row, axis=1))[k] for row in real])
    distance = np.array([[np.linalg.norm(sample - row) for row in real] for sample in generated])
    inside = distance <= radius
    return inside.sum() / (k * len(generated)), inside.any(0).mean()


@pytest.mark.parametrize("k", [1, 5])
def test_density_coverage_is_the_papers_definition(k):
    generated, real = A[:250], B[:230]
    ours = density_coverage(generated, real, k=k)
    density, coverage = naive_density_coverage(generated, real, k)
    assert ours.density == pytest.approx(density, rel=1e-4)
    assert ours.coverage == pytest.approx(coverage, rel=1e-4)
    assert 0 < coverage < 1


def test_all_four_at_once_are_the_single_ones():
    assert neighbour_scores(A, B) == pytest.approx((*precision_recall(A, B), *density_coverage(A, B)))


def test_copies_are_precise_and_recall_nothing():
    collapsed = neighbour_scores(B[:1].expand(300, -1), B)
    assert collapsed.precision == 1 and collapsed.recall < 0.01 and collapsed.coverage < 0.05


def test_too_few_rows_for_the_neighbours():
    with pytest.raises(UserError, match="too few"):
        precision_recall(A[:3], B)


def test_ten_thousand_rows_take_seconds_and_little_memory():
    if not Path("/proc/self/status").exists():
        pytest.skip("the highest memory of a process is read from /proc")
    # In a process of its own: what earlier tests left in the allocator's heap is no memory of this one. Not by
    # getrusage, whose maximum a child inherits from its parent.
    code = """
import re, time, torch
from pathlib import Path
from labkit.metrics import frechet_distance
from labkit.metrics.neighbours import neighbour_scores
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(0)
a, b = (torch.randn(10_000, 64, generator=generator) for _ in range(2))
highest = lambda: 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before, start = highest(), time.perf_counter()
neighbour_scores(a, b)
frechet_distance(a, b)
print(highest() - before, time.perf_counter() - start)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grown, seconds = map(float, done.stdout.split())
    assert seconds < 30
    # One matrix of all distances alone would be 800 MB.
    assert 0 < grown < 300e6
