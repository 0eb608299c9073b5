"""Directions without labels, where they are known."""

import torch

from labkit.nn.unsupervised import principal_directions, sefa


def test_principal_directions_are_the_axes_of_an_ellipsoid():
    turn = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(0)))[0]
    spread = torch.tensor([5.0, 3.0, 2.0, 1.0, 0.1])
    latent = torch.randn(20_000, 5, generator=torch.Generator().manual_seed(1)) * spread @ turn + 7
    directions, found = principal_directions(latent)
    torch.testing.assert_close(found, spread, rtol=0.03, atol=0.01)
    assert ((directions @ turn.T).diagonal().abs() > 0.99).all()
    torch.testing.assert_close(directions @ directions.T, torch.eye(5), atol=1e-5, rtol=0)


def test_sefa_finds_what_the_weights_stretch_most():
    """Rows of one length that nearly all look along e₁, a few along e₂, none along e₃."""
    weight = torch.tensor([[1.0, 0.1, 0.0]] * 8 + [[0.1, 1.0, 0.0]] * 2)
    directions, strength = sefa(weight)
    assert directions[0].abs().argmax() == 0 and directions[1].abs().argmax() == 1
    assert directions[2, 2].abs() > 0.999 and strength[2] < 1e-3
    assert (strength[:-1] >= strength[1:]).all()
    torch.testing.assert_close(
        directions, sefa(weight * torch.linspace(0.1, 5, 10)[:, None])[0].abs() * directions.sign()
    )
