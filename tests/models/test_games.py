"""Shapes, sizes and wiring of the games of Lab 01."""

import pytest
import torch

from labkit.errors import UserError
from labkit.models.cgan import ConditionalGAN, condition_image, condition_latent
from labkit.models.dcgan import dcgan, sides
from labkit.models.game import Seat, evaluating
from labkit.models.gan import GAN, mlp_gan


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_dcgan_64_has_the_parameters_of_the_usual_tutorial():
    game = dcgan((3, 64, 64), latent_dim=100, width=64)
    assert count(game.generator) == 3_576_704 and count(game.discriminator) == 2_765_568


@pytest.mark.parametrize(
    "size, wanted",
    [(28, [4, 7, 14, 28]), (32, [4, 8, 16, 32]), (64, [4, 8, 16, 32, 64]), (30, [4, 8, 15, 30]), (9, [3, 5, 9])],
)
def test_sides(size, wanted):
    assert sides(size) == wanted


@pytest.mark.parametrize("size", [5, 6, 7, 8, 9, 30, 31, 33, 45])
def test_any_size_is_reached_and_scored(size):
    game = dcgan((2, size, size), 3, 2)
    image = game.sample(3)
    assert image.shape == (3, 2, size, size) and game.discriminator(image).shape == (3,)


@pytest.mark.parametrize("size", [1, 4])
def test_sizes_without_a_doubling(size):
    with pytest.raises(UserError, match=f"{size} px"):
        sides(size)


GAMES = {
    "mlp": lambda: mlp_gan(width=16),
    "dcgan": lambda: dcgan((1, 28, 28), 8, 4),
    "dcgan32": lambda: dcgan((3, 32, 32), 8, 4),
    "cgan": lambda: ConditionalGAN(latent_dim=8, width=4),
    "wgan": lambda: dcgan((1, 28, 28), 8, 4, loss="wasserstein", critic_steps=2, gradient_penalty=10.0),
}


@pytest.mark.parametrize("name", GAMES)
def test_shapes_and_ranges(name):
    game = GAMES[name]()
    images = game.sample(5, generator=torch.Generator().manual_seed(1))
    assert images.shape == (5, *game.image_shape) and images.min() >= -1 and images.max() <= 1
    assert not images.requires_grad and game.generator.training
    batch = {"image": images[:4], "label": torch.arange(4)}
    turns = list(game.turns(batch, 0))
    assert [turn.player for turn in turns] == ["discriminator"] * game.critic_steps + ["generator"]
    assert all(loss.dim() == 0 and loss.requires_grad for turn in turns for loss in turn.losses.values())
    assert ("penalty" in turns[0].losses) == (name == "wgan")


def test_dcgan_starts_from_narrow_normals():
    weights = dcgan((1, 64, 64), 100, 32).generator.layers[0].weight
    assert abs(float(weights.detach().std()) - 0.02) < 0.001 and abs(float(weights.detach().mean())) < 0.001


def test_a_critic_under_a_penalty_scores_each_image_alone():
    """With batch norm another image beside it would change a score, and the penalty would mean nothing."""
    for norm, alone in ((False, True), (True, False)):
        critic = dcgan((1, 16, 16), 4, 8, critic_norm=norm).discriminator
        one, other, third = torch.randn(3, 1, 1, 16, 16)
        scores = critic(torch.cat([one, other])), critic(torch.cat([one, third]))
        assert bool((scores[0][0] - scores[1][0]).abs() < 1e-6) == alone


def test_an_unknown_loss_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'hinge'"):
        mlp_gan(loss="hing")


def test_the_repr_tells_the_options_apart():
    """A resumed run compares it."""
    assert repr(mlp_gan(width=8)) != repr(mlp_gan(width=8, loss="hinge")) != repr(mlp_gan(width=8, critic_steps=2))


def test_draws_of_several_processes_are_the_rows_of_one():
    game = mlp_gan(width=8)
    game.seat = Seat(0, 1, torch.Generator().manual_seed(4))
    whole = game.latent(6)
    parts = []
    for rank in (0, 1):
        game.seat = Seat(rank, 2, torch.Generator().manual_seed(4))
        parts.append(game.latent(3))
    for rank, part in enumerate(parts):
        assert torch.equal(part, whole[rank::2])


def test_evaluating_gives_back_each_modules_own_mode():
    game = mlp_gan(width=8)
    game.discriminator.layers[3].eval()
    before = [module.training for module in game.modules()]
    with evaluating(game):
        assert not any(module.training for module in game.modules()) and not torch.is_grad_enabled()
    assert [module.training for module in game.modules()] == before


def test_conditions():
    image, label = torch.zeros(2, 1, 3, 4), torch.tensor([0, 2])
    planes = condition_image(image, label, 3)
    assert planes.shape == (2, 4, 3, 4)
    assert planes[:, 1:, 0, 0].tolist() == [[1, 0, 0], [0, 0, 1]] and (planes.std(dim=(2, 3)) == 0).all()
    assert condition_latent(torch.zeros(2, 5), label, 3)[:, 5:].tolist() == [[1, 0, 0], [0, 0, 1]]


def test_a_conditional_generator_hears_the_label():
    game = GAMES["cgan"]()
    z = game.latent(1).expand(10, -1)
    with evaluating(game):
        images = game.draw(z, torch.arange(10))
    assert (images[1:] - images[:-1]).abs().amax(dim=(1, 2, 3)).min() > 0


def test_critic_steps_see_other_images():
    game = dcgan((1, 8, 8), 4, 4, critic_steps=2)
    seen = []
    original = GAN.judge
    game.judge = lambda critic, real, *more: (seen.append(real), original(game, critic, real, *more))[1]
    batch = {"image": torch.randn(6, 1, 8, 8)}
    list(game.turns(batch, 0))
    assert torch.equal(torch.cat(seen), batch["image"])
