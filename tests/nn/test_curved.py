"""Curved edits: on attributes that are no linear functions of z they add one and keep the others; a line can't."""

import copy

import pytest
import torch

from labkit.errors import UserError
from labkit.nn.curved import Predictor
from labkit.nn.directions import Directions

NAMES = ("ring", "side", "product")


def truth(z):
    """Far from the middle in the plane of z0 and z1; on which side in z2; the sign of z0 · z3."""
    return torch.stack([z[:, :2].square().sum(1) > 2.0, z[:, 2] > 0, z[:, 0] * z[:, 3] > 0], 1)


@pytest.fixture(scope="module")
def fitted():
    z = torch.randn(8000, 6, generator=torch.Generator().manual_seed(0))
    has = truth(z).float()
    return Predictor.fit(z, has, NAMES, epochs=12, width=64), Directions.fit(z, has, NAMES)


@pytest.fixture
def fresh(fitted):
    z = torch.randn(600, 6, generator=torch.Generator().manual_seed(1))
    return z[~truth(z)[:, 0]]


def test_it_predicts_what_no_line_can(fitted):
    z = torch.randn(2000, 6, generator=torch.Generator().manual_seed(2))
    right = ((fitted[0](z) > 0) == truth(z)).float().mean(0)
    assert right.min() > 0.9


def test_it_adds_one_and_keeps_the_others(fitted, fresh):
    net, lines = fitted
    moved = net.move(fresh, "ring", goal=1.5)
    after, before = truth(moved), truth(fresh)
    assert after[:, 0].float().mean() > 0.9
    kept = (after == before)[:, 1:].float().mean()
    assert kept > 0.95
    straight = truth(fresh + lines.vector("ring") * (moved - fresh).norm(dim=1, keepdim=True))
    # A line that is right for one latent is wrong for its neighbour.
    assert straight[:, 0].float().mean() < 0.85 and (straight == before)[:, 1:].float().mean() < kept - 0.03


def test_a_farther_goal_goes_farther(fitted, fresh):
    near, far = (fitted[0].move(fresh, "side", goal=goal) for goal in (0.5, 4.0))
    assert (near - fresh).norm(dim=1).mean() < (far - fresh).norm(dim=1).mean()
    assert fitted[0](far)[:, 1].mean() > fitted[0](near)[:, 1].mean()


def test_what_has_it_already_stays(fitted):
    z = torch.tensor([[2.0, 2.0, 3.0, 1.0, 0.0, 0.0]])
    assert (fitted[0].move(z, "side", goal=1.0) - z).norm() < 0.1


def test_each_latent_is_moved_for_itself(fitted, fresh):
    together = fitted[0].move(fresh[:8], "ring")
    torch.testing.assert_close(fitted[0].move(fresh[3:4], "ring"), together[3:4], atol=1e-3, rtol=1e-3)
    assert not together.requires_grad


def test_what_is_free_may_change(fitted, fresh):
    held, free = (fitted[0].move(fresh, "ring", free=names) for names in ((), ("product", "side")))
    assert (free - fresh).norm(dim=1).mean() < (held - fresh).norm(dim=1).mean()


def test_the_same_seed_is_the_same_net():
    z = torch.randn(300, 4, generator=torch.Generator().manual_seed(0))
    has = (z > 0).float()
    nets = [Predictor.fit(z, has, "abcd", epochs=1, width=8, seed=seed) for seed in (0, 0, 1)]
    assert torch.equal(nets[0](z), nets[1](z)) and not torch.equal(nets[0](z), nets[2](z))


def test_unknown_attributes(fitted, fresh):
    with pytest.raises(UserError, match="did you mean 'ring'"):
        fitted[0].move(fresh, "rink")


def test_what_the_judge_said_of_a_face_corrects_the_net(fitted, fresh):
    biased = copy.deepcopy(fitted[0])
    biased.layers[-1].bias[1] += 3.0  # it takes most for "side"
    said = truth(fresh).float()
    shares = [
        (truth(biased.move(fresh, "ring", goal=1.5, **given))[:, 1] == truth(fresh)[:, 1]).float().mean()
        for given in ({}, {"said": said})
    ]
    assert shares[1] > 0.95 and shares[1] > shares[0] + 0.02
    agreed = fitted[0].move(fresh, "ring", goal=1.5, said=fitted[0](fresh).sigmoid())
    assert (agreed - fitted[0].move(fresh, "ring", goal=1.5)).abs().mean() < 1e-3


def test_proposals_take_the_attributes_in_turn_and_rivals_give_way(fitted):
    z = torch.randn(2500, 6, generator=torch.Generator().manual_seed(3))
    tried = fitted[0].proposed(z, ("ring", "side"), (2.0, 1.0), exclusive=(("ring", "product"),))
    parts = [
        fitted[0].move(z[:1000], "ring", 2.0, free=["product"], steps=40),
        fitted[0].move(z[1000:2000], "side", 1.0, steps=40),
        fitted[0].move(z[2000:], "ring", 2.0, free=["product"], steps=40),
    ]
    assert torch.equal(tried, torch.cat(parts))


def test_practice_keeps_promises():
    """A net that has seen few latents is wrong where it moves them to; its own proposals mend that."""
    draw = lambda n, seed: torch.randn(n, 6, generator=torch.Generator().manual_seed(seed))  # noqa: E731
    z, new = draw(250, 0), draw(1000, 1)
    fit = lambda z: Predictor.fit(z, truth(z).float(), NAMES, epochs=30, width=64, batch=64)  # noqa: E731
    first = fit(z)
    again = fit(torch.cat([z, first.proposed(draw(3000, 2), NAMES, (1.0, 3.0))]))
    lacking = new[~truth(new)[:, 2]]
    had = [truth(net.move(lacking, "product", goal=2.0))[:, 2].float().mean() for net in (first, again)]
    assert had[1] > had[0] + 0.03
