"""Directions of attributes: on a toy whose true axes are known, and what locking promises."""

import pytest
import torch
from torch.nn.functional import cosine_similarity, normalize

from labkit.errors import UserError
from labkit.nn.directions import Directions, least_squares, logistic, mean_difference, orthogonalise

NAMES = ("glasses", "smile", "hat")
D = 12


@pytest.fixture(scope="module")
def toy():
    """A linear generator and a linear judge: attribute a is there where the image lies beyond a plane."""
    torch.manual_seed(0)
    latent = torch.randn(20_000, D)
    drawn = torch.randn(D, 30)  # G: z → x
    axes = torch.randn(3, D)
    judge = axes @ torch.linalg.pinv(drawn).T  # a(x) with a(G(z)) = axes · z
    score = (latent @ drawn) @ judge.T
    return latent, (score > torch.tensor([0.0, 2.0, -2.0])).float(), axes


@pytest.mark.parametrize("method", [mean_difference, least_squares, logistic])
def test_every_method_finds_the_true_axes(toy, method):
    latent, has, axes = toy
    assert cosine_similarity(method(latent, has), axes).min() > 0.99


def test_mean_difference_agrees_with_logistic(toy):
    latent, has, _ = toy
    assert cosine_similarity(mean_difference(latent, has), logistic(latent, has)).min() > 0.99


def test_mean_difference_is_the_difference_of_means(toy):
    latent, has, _ = toy
    z, a = latent[:50], has[:50, 0]
    expected = z[a == 1].mean(0) - z[a == 0].mean(0)
    assert torch.allclose(mean_difference(z, a), expected, atol=1e-5)
    assert torch.allclose(mean_difference(z, has[:50])[0], expected, atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_attribute_that_all_or_none_have_gives_no_direction(value):
    with pytest.raises(ValueError, match="with the attribute and latents without"):
        mean_difference(torch.randn(5, D), torch.full((5,), value))


def test_least_squares_finds_exact_slopes_and_ignores_the_mean():
    torch.manual_seed(0)
    latent, slopes = torch.randn(200, D) + 3, torch.randn(3, D)
    assert torch.allclose(least_squares(latent, latent @ slopes.T + 5), slopes, atol=1e-5)


def test_logistic_stays_finite_where_a_plane_parts_all():
    torch.manual_seed(0)
    latent = torch.randn(50, D)
    found = logistic(latent, (latent[:, :1] > 0).float())
    assert found.isfinite().all() and cosine_similarity(found, torch.eye(D)[:1]) > 0.8
    assert not found.requires_grad


@pytest.mark.parametrize("k", [1, 4, 11])
def test_orthogonalise_is_orthogonal(k):
    torch.manual_seed(k)
    direction, others = torch.randn(D), torch.randn(k, D)
    rest = orthogonalise(direction, others)
    assert (normalize(others, dim=1) @ rest).abs().max() < 1e-6
    assert torch.allclose(orthogonalise(rest, others), rest, atol=1e-6)
    # what was taken away lies in the span of the others
    away = (direction - rest)[:, None]
    assert torch.allclose(others.T @ torch.linalg.lstsq(others.T, away).solution, away, atol=1e-4)


def test_orthogonalise_takes_others_that_repeat_each_other():
    torch.manual_seed(0)
    direction, other = torch.randn(D), torch.randn(1, D)
    once = orthogonalise(direction, other)
    assert torch.allclose(orthogonalise(direction, torch.cat([other, 2 * other, -other])), once, atol=1e-6)


def test_orthogonalise_against_nothing_is_the_identity():
    direction = torch.randn(D)
    assert torch.equal(orthogonalise(direction, torch.empty(0, D)), direction)


def test_nothing_is_left_of_a_direction_that_the_others_span():
    others = torch.randn(D, D, generator=torch.Generator().manual_seed(0))
    assert orthogonalise(torch.ones(D), others).norm() < 1e-5


@pytest.fixture(scope="module")
def directions(toy):
    return Directions.fit(toy[0], toy[1], NAMES)


def test_vectors_have_length_one(directions):
    assert torch.allclose(directions.vectors.norm(dim=1), torch.ones(3))
    assert directions.vector("smile", ["hat"]).norm() == pytest.approx(1)


def test_fitted_together_a_direction_moves_its_own_attribute_and_no_other(toy):
    latent, has, axes = toy
    together = Directions.fit(latent, has, NAMES, ridge=1e-6)
    alone = Directions.fit(latent, has, NAMES, apart=False)
    for directions, most in ((together, 0.02), (alone, 1.0)):
        moved = directions.vectors @ normalize(axes, dim=1).T
        assert (moved.diagonal() > 0.5).all()
        assert (moved - moved.diagonal().diag()).abs().max() < most
    assert cosine_similarity(alone.vectors, axes).min() > 0.99


def test_locked_predictions_stay_still(directions):
    z = torch.randn(8, D)
    moved = directions.move(z, {"smile": 3.0, "glasses": -2.0}, locked=["hat"])
    change = (moved - z) @ directions.slopes.T
    unit = directions.slopes.norm(dim=1)
    assert (change[:, 2] / unit[2]).abs().max() < 1e-5
    assert (change[:, 1] > 0).all() and (change[:, 0] < 0).all()
    free = (directions.move(z, {"smile": 3.0}) - z) @ directions.slopes.T
    assert (free[:, 1] > 0).all()


def test_a_lock_does_not_hold_its_own_attribute(directions):
    assert torch.equal(directions.vector("smile", ["smile"]), directions.vector("smile"))
    assert directions.vector("smile", ["smile", "hat"]) @ directions.slopes[1] > 0


def test_no_step_is_no_change(directions):
    z = torch.randn(2, D)
    assert torch.equal(directions.move(z, {"smile": 0.0}), z)
    assert torch.allclose((directions.move(z, {"smile": -2.0}) - z).norm(dim=1), torch.full((2,), 2.0))


def test_an_unknown_attribute_is_told_with_the_nearest(directions):
    for ask in (
        lambda: directions.vector("smiel"),
        lambda: directions.vector("hat", ["smiel"]),
        lambda: directions.move(torch.zeros(1, D), {"smiel": 1.0}),
    ):
        with pytest.raises(UserError, match="unknown attribute 'smiel'; did you mean 'smile'"):
            ask()
