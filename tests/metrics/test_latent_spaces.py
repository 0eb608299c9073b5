"""Path length and separability on generators whose answers are known."""

import math

import pytest
import torch

from labkit.metrics.paths import path_length
from labkit.metrics.separability import conditional_entropy, separability


def latents(n, dim, seed=0):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed))


def test_the_path_length_of_a_linear_generator_is_that_of_its_steps():
    """d(G(x(t)), G(x(t + ε))) / ε² is ‖A (b − a)‖² wherever on the line."""
    a, b, matrix = latents(400, 6), latents(400, 6, 1), latents(9, 6, 2)
    found = path_length(lambda z: z @ matrix.T, a, b, arc=False, features=lambda x: x)
    exact = ((b - a) @ matrix.T).square().sum(1).sort().values
    assert found.mean == pytest.approx(float(exact[4:-4].mean()), rel=2e-3)
    assert found.median == pytest.approx(float(exact.median()), rel=2e-3) and found.n == 400


def test_an_arc_is_as_long_as_its_angle_times_its_radius():
    a, b = (torch.nn.functional.normalize(latents(300, 8, seed), dim=1) * 3 for seed in (0, 1))
    found = path_length(lambda z: z, a, b, arc=True, features=lambda x: x)
    angle = torch.acos((a * b).sum(1) / 9)
    exact = (3 * angle).square().sort().values
    assert found.mean == pytest.approx(float(exact[3:-3].mean()), rel=1e-2)


def test_a_generator_with_cliffs_has_longer_paths():
    """Both go as far in all: evenly, or nearly all of it near z₀ = 0. So half of the cliff's paths are short."""
    a, b = latents(2000, 4), latents(2000, 4, 1)
    even, cliff = (
        path_length(
            lambda z, k=k: torch.tanh(k * z) / torch.tanh(torch.tensor(k)), a, b, arc=False, features=lambda x: x
        )
        for k in (0.3, 8.0)
    )
    assert cliff.mean > 2 * even.mean and cliff.median < even.median * 2


def test_ends_are_where_samples_are():
    """The square of z is steep far from 0: paths of normal latents are, at their ends, farther out than between."""
    a, b = latents(3000, 4), latents(3000, 4, 1)
    ends, between = (
        path_length(lambda z: z.square(), a, b, arc=False, between=one, features=lambda x: x) for one in (False, True)
    )
    assert ends.mean > 1.3 * between.mean


@pytest.mark.parametrize(
    "side, answer, bits",
    [([0, 0, 1, 1], [0, 0, 1, 1], 0.0), ([0, 1, 0, 1], [0, 0, 1, 1], math.log(2)), ([0] * 4, [0, 1, 1, 1], 0.5623)],
)
def test_conditional_entropy(side, answer, bits):
    found = conditional_entropy(torch.tensor(side), torch.tensor(answer, dtype=torch.bool))
    assert found == pytest.approx(bits, abs=1e-4)


def test_what_is_flat_is_parted_and_what_is_bent_is_not():
    """One attribute is linear in the latents, one is their distance from 0, one is a coin."""
    z = latents(6000, 5)
    coin = torch.randn(6000, generator=torch.Generator().manual_seed(9))
    logits = torch.stack([4 * z[:, 0] - 1, 3 * (z.norm(dim=1) - 2), coin], 1)
    found = separability(z, logits.sigmoid(), ("flat", "bent", "coin"))
    assert found.entropies["flat"] < 0.05
    assert found.entropies["bent"] > 0.5 and found.entropies["coin"] > 0.6
    assert found.score == pytest.approx(math.exp(sum(found.entropies.values())))
    alone = separability(z, logits[:, :1].sigmoid(), ("flat",))
    assert alone.unknown < 0.1 and alone.accuracy > 0.98 and alone.explained > 0.9
    luck = separability(z, logits[:, 2:].sigmoid(), ("coin",))
    assert luck.unknown > 0.9 and abs(luck.accuracy - 0.5) < 0.06 and luck.explained < 0.05


def test_attributes_that_nobody_has_are_left_out():
    z = latents(2000, 3)
    said = torch.stack([(3 * z[:, 0]).sigmoid(), torch.full((2000,), 0.01)], 1)
    assert list(separability(z, said, ("some", "none")).entropies) == ["some"]
    with pytest.raises(ValueError, match="common"):
        separability(z, said[:, 1:], ("none",))
