"""Inversion finds the latent that drew an image, again and again the same one, and leaves the generator alone."""

import pytest
import torch

from labkit.errors import UserError
from labkit.models.dcgan import dcgan
from labkit.nn.inversion import invert


@pytest.fixture(scope="module")
def game():
    torch.manual_seed(0)
    game = dcgan((3, 16, 16), 8, 8)
    with torch.no_grad():
        game.generator.train()(torch.randn(256, 8))  # batch norm's averages
        game.generator.layers[-2].weight.mul_(20)  # untrained pictures are nearly grey
    return game.eval()


def test_it_finds_what_drew_an_image(game):
    z = game.latent(3, torch.Generator().manual_seed(7))
    with torch.no_grad():
        image = game.generator(z)
    found = invert(game.generator, image, 8, starts=4, steps=200, pull=0.0)
    apart = (image[0] - image[1]).square().mean()
    assert (found.image - image).square().flatten(1).mean(1).max() < 0.01 * apart
    assert torch.cosine_similarity(found.latent, z).min() > 0.98
    assert found.losses.shape == (201, 3) and (found.losses[-1] < 0.05 * found.losses[0]).all()
    with torch.no_grad():
        assert torch.allclose(game.generator(found.latent), found.image, atol=1e-5)


def test_an_image_alone_and_among_others_gives_the_same(game):
    with torch.no_grad():
        image = game.generator(game.latent(2, torch.Generator().manual_seed(7)))
    both, again = (invert(game.generator, image, 8, starts=2, steps=5) for _ in range(2))
    alone = invert(game.generator, image[1:], 8, starts=2, steps=5)
    assert torch.allclose(alone.latent, both.latent[1:], atol=1e-4)
    assert torch.equal(both.latent, again.latent) and torch.equal(both.losses, again.losses)
    other = invert(game.generator, image, 8, starts=2, steps=5, seed=1)
    assert not torch.equal(both.latent, other.latent)


def test_more_starts_end_no_worse(game):
    with torch.no_grad():
        image = game.generator(game.latent(1, torch.Generator().manual_seed(3)))
    ends = [float(invert(game.generator, image, 8, starts=k, steps=30).losses[-1]) for k in (1, 2, 4)]
    assert ends[0] >= ends[1] - 1e-6 >= ends[2] - 2e-6


def test_the_pull_keeps_latents_on_the_sphere(game):
    with torch.no_grad():
        image = game.generator(2.5 * game.latent(1, torch.Generator().manual_seed(3)))  # from far out
    free, held = (invert(game.generator, image, 8, steps=150, lr=0.2, pull=pull).latent.norm() for pull in (0.0, 100.0))
    assert abs(held - 8**0.5) < 0.3 < abs(free - 8**0.5)


def test_the_generator_stays_as_it_was(game):
    before = {name: value.clone() for name, value in game.state_dict().items()}
    with torch.no_grad():  # as in a notebook that only draws
        invert(game.generator, torch.zeros(1, 3, 16, 16), 8, steps=3)
    assert all(torch.equal(value, before[name]) for name, value in game.state_dict().items())
    assert all(parameter.grad is None for parameter in game.parameters())


def test_mistakes_are_told(game):
    with pytest.raises(UserError, match=r"shape \(1, 16, 16\), the generator draws \(3, 16, 16\)"):
        invert(game.generator, torch.zeros(1, 1, 16, 16), 8)
    with pytest.raises(UserError, match="at least one"):
        invert(game.generator, torch.zeros(1, 3, 16, 16), 8, starts=0)
