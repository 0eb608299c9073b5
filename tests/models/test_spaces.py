"""Z and W as generators of their own."""

import pytest
import torch

from labkit.models.spaces import w_space, whitened_space, z_space
from labkit.models.stylegan import StyleGAN


@pytest.fixture(scope="module")
def game():
    torch.manual_seed(0)
    game = StyleGAN((3, 16, 16), latent_dim=12, style_dim=10, mapping_layers=2, base=128, most=16).eval()
    for layer in game.synthesis.layers:
        torch.nn.init.constant_(layer.strength, 0.5)
    game.mapping.follow(game.mapping(torch.randn(500, 12)), keep=0.0)
    return game


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def test_a_path_through_z_and_through_w_is_the_same_picture(game):
    z, w = z_space(game), w_space(game)
    latent = z.latent(4, seeded(1))
    with torch.no_grad():
        assert torch.equal(z.generator(latent), w.generator(game.mapping(latent)))
        assert torch.equal(z.generator(latent), z.generator(latent)), "the noise stays"
    assert (z.latent_dim, w.latent_dim, z.image_shape) == (12, 10, (3, 16, 16))


def test_truncation_draws_towards_the_mean(game):
    whole, near = w_space(game).latent(5, seeded(2)), w_space(game, psi=0.5).latent(5, seeded(2))
    torch.testing.assert_close(near, (whole + game.mapping.mean) / 2)


def test_whitened_styles_are_normal_numbers_of_the_right_spread(game):
    space = whitened_space(game)
    w = game.mapping(game.latent(5000, seeded(3))).detach()
    styles = space.to_style(space.latent(5000, seeded(4)))
    torch.testing.assert_close(styles.mean(0), w.mean(0), atol=0.1, rtol=0.1)
    torch.testing.assert_close(torch.cov(styles.T), torch.cov(w.T), atol=0.1, rtol=0.1)
    torch.testing.assert_close(space.to_style(torch.zeros(1, 10))[0], w.mean(0), atol=0.05, rtol=0.05)


def test_gradients_reach_the_latent(game):
    latent = w_space(game).latent(2, seeded(5)).requires_grad_()
    w_space(game).generator(latent).sum().backward()
    assert latent.grad.abs().sum() > 0
