"""Adversarial losses against their formulas, penalties against what is known of simple critics."""

import math

import pytest
import torch
from torch import nn

from labkit.nn.latent import around, slerp
from labkit.nn.losses import ADVERSARIAL_LOSSES, gradient_penalty, r1_penalty

S = torch.linspace(-6, 6, 25, dtype=torch.float64)


def sigmoid(s):
    return 1 / (1 + math.exp(-s))


FORMULAS = {
    "non-saturating": (
        lambda s: -math.log(sigmoid(s)),
        lambda s: -math.log(1 - sigmoid(s)),
        lambda s: -math.log(sigmoid(s)),
    ),
    "saturating": (
        lambda s: -math.log(sigmoid(s)),
        lambda s: -math.log(1 - sigmoid(s)),
        lambda s: math.log(1 - sigmoid(s)),
    ),
    "least-squares": (lambda s: (s - 1) ** 2 / 2, lambda s: s**2 / 2, lambda s: (s - 1) ** 2 / 2),
    "hinge": (lambda s: max(0, 1 - s), lambda s: max(0, 1 + s), lambda s: -s),
    "wasserstein": (lambda s: -s, lambda s: s, lambda s: -s),
}


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES)
def test_losses_are_their_formulas(name):
    loss = ADVERSARIAL_LOSSES[name]
    for term, formula in zip((loss.real, loss.fake, loss.fool), FORMULAS[name]):
        assert float(term(S)) == pytest.approx(sum(formula(float(s)) for s in S) / len(S), rel=1e-5)
        assert float(term(S.view(5, 1, 5))) == pytest.approx(float(term(S)))
        assert torch.isfinite(term(torch.tensor([-500.0, 500.0])))


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES)
def test_d_learns_to_tell_apart_and_g_to_fool(name):
    loss, s = ADVERSARIAL_LOSSES[name], torch.tensor(0.1, requires_grad=True)
    slope = [float(torch.autograd.grad(term(s), s)[0]) for term in (loss.real, loss.fake, loss.fool)]
    assert slope[0] < 0 < slope[1] and slope[2] < 0


def images(n=5, seed=0):
    return torch.randn(n, 2, 3, 4, generator=torch.Generator().manual_seed(seed))


def test_penalties_of_a_linear_critic_are_exact():
    """D(x) = ⟨w, x⟩: the slope is w everywhere, so GP = (‖w‖ − 1)² and R1 = ‖w‖², whatever the images."""
    w = torch.randn(24, generator=torch.Generator().manual_seed(1))

    def critic(x):
        return x.flatten(1) @ w

    for penalty in (r1_penalty, lambda c, x: gradient_penalty(c, x, x)):
        with pytest.raises(RuntimeError, match="graph was dropped"):  # nothing here that it could train
            penalty(critic, images())
    w.requires_grad_()
    wanted = float((w.detach().norm() - 1) ** 2)
    assert float(gradient_penalty(critic, images(), images(seed=2)).detach()) == pytest.approx(wanted, rel=1e-5)
    assert float(r1_penalty(critic, images()).detach()) == pytest.approx(float(w.detach().square().sum()), rel=1e-5)


def test_the_penalty_is_taken_between_real_and_fake():
    """D(x) = ‖x‖²/2 has slope x itself, so the penalty tells where it was measured."""
    real, fake = images(), images(seed=2)
    scale = torch.ones((), requires_grad=True)

    def critic(x):
        return scale * x.flatten(1).square().sum(1) / 2

    mix = torch.rand(5, 1, 1, 1, generator=torch.Generator().manual_seed(3))
    between = (mix * real + (1 - mix) * fake).flatten(1).norm(dim=1)
    wanted = (between - 1).square().mean()
    assert float(gradient_penalty(critic, real, fake, mix).detach()) == pytest.approx(float(wanted), rel=1e-5)


def test_the_penalty_trains_the_critic_and_not_the_generator():
    critic = nn.Sequential(nn.Flatten(), nn.Linear(24, 8), nn.Tanh(), nn.Linear(8, 1))
    fake = images(seed=2).requires_grad_()
    gradient_penalty(critic, images(), fake).backward()
    assert critic[1].weight.grad.abs().sum() > 0 and fake.grad is None


def test_a_flat_critic_gives_no_nan():
    weight = torch.zeros(24, requires_grad=True)
    gradient_penalty(lambda x: x.flatten(1) @ weight, images(), images(seed=2)).backward()
    assert weight.grad.isfinite().all()


def test_penalties_are_float32_under_autocast():
    critic = nn.Sequential(nn.Flatten(), nn.Linear(24, 8), nn.Tanh(), nn.Linear(8, 1))
    mix = torch.full((5, 1, 1, 1), 0.3)
    plain = gradient_penalty(critic, images(), images(seed=2), mix)
    with torch.autocast("cpu", torch.bfloat16):
        cast = gradient_penalty(critic, images(), images(seed=2), mix)
    assert cast.dtype == torch.float32 and torch.equal(plain, cast)


def test_slerp():
    a, b = torch.eye(3)[:1] * 2, torch.eye(3)[1:2] * 2
    torch.testing.assert_close(slerp(a, b, 0.0), a)
    torch.testing.assert_close(slerp(a, b, 1.0), b)
    torch.testing.assert_close(slerp(a, b, 1 / 3), 2 * torch.tensor([[math.cos(math.pi / 6), 0.5, 0.0]]))
    torch.testing.assert_close(slerp(a, a, 0.5), a)
    assert slerp(a, -a, torch.tensor([[0.5]])).isfinite().all()
    torch.testing.assert_close(around(a, b, math.pi / 2), b)
