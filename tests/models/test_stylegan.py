"""StyleGAN2: the published sizes, and what must be exact whatever the weights."""

import pytest
import torch

from labkit.errors import UserError
from labkit.models.adain import AdaINSynthesis
from labkit.models.critics import Discriminator
from labkit.models.stylegan import Mapping, StyleGAN, Synthesis
from labkit.training.play import rehearse


def count(*modules):
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


@pytest.mark.parametrize(
    "size, base, generator, discriminator",
    [(1024, 32_768, 30_370_060, 29_012_513), (256, 16_384, 24_767_458, 24_001_089)],
)
def test_published_sizes(size, base, generator, discriminator):
    with torch.device("meta"):
        f, g = Mapping(512, 512), Synthesis((3, size, size), 512, base, 512)
        assert count(f, g) == generator and count(Discriminator((3, size, size), base, 512)) == discriminator
    assert g.styles == {1024: 18, 256: 14}[size] and count(f) == 2_101_248


def test_the_size_of_the_first_stylegan():
    with torch.device("meta"):
        f, g = Mapping(512, 512), AdaINSynthesis((3, 1024, 1024), 512, 16_384, 512, every_picture=True)
    assert count(f, g) == 26_219_115


def test_the_players_may_differ_in_size():
    with torch.device("meta"):
        game = StyleGAN((3, 32, 32), base=512, most=32, critic_base=1024, critic_most=64)
        alike = StyleGAN((3, 32, 32), base=512, most=32)
        assert count(game.discriminator) == count(Discriminator((3, 32, 32), 1024, 64))
        assert count(alike.discriminator) == count(Discriminator((3, 32, 32), 512, 32))
        assert count(game.synthesis) == count(alike.synthesis) == count(Synthesis((3, 32, 32), 512, 512, 32))


def test_the_strided_critic_is_the_dcgan_s_as_wide_as_g():
    torch.manual_seed(0)
    game = StyleGAN((3, 64, 64), base=512, most=32, critic="strided")
    halves = [layer for layer in game.discriminator.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.out_channels for layer in halves] == [16, 32, 64, 128, 1]  # 512 channels / 32 px, then doubled
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in game.discriminator.modules())
    assert abs(halves[2].weight.std().item() - 0.02) < 1e-3
    assert abs(halves[-1].weight.std().item() - 0.02) < 1e-3 and halves[-1].in_channels == 129
    images = torch.randn(4, 3, 64, 64)
    assert game.critic(images).shape == (4,) and game.critic(images[:3]).shape == (3,)


def test_the_strided_critic_sees_that_all_images_are_alike():
    torch.manual_seed(0)
    critic = StyleGAN((3, 16, 16), critic="strided", **SMALL).discriminator
    image = torch.randn(1, 3, 16, 16)
    torch.nn.init.constant_(critic.layers[-1].weight[:, -1:], 1.0)  # of the map that tells how varied the batch is
    alike, varied = critic(image.expand(4, -1, -1, -1))[0], critic(torch.cat([image, torch.randn(3, 3, 16, 16)]))[0]
    assert varied - alike > 0.05


@pytest.mark.parametrize("generator", ["modulated", "adain"])
def test_fresh_pictures_are_as_large_as_their_gain(generator):
    """At 1 half of the values lie beyond [-1, 1]; 0.25 begins near the data."""
    drawn = {}
    for gain in (1.0, 0.25):
        torch.manual_seed(0)
        game = StyleGAN((3, 32, 32), base=512, most=64, generator=generator, picture_gain=gain)
        for picture in game.synthesis.pictures:
            torch.nn.init.constant_(picture.bias, 0.5)  # it is scaled with the rest
        with torch.no_grad():
            drawn[gain] = game.draw(torch.randn(8, 512), game.noise(8))
    torch.testing.assert_close(drawn[0.25], drawn[1.0] / 4, atol=1e-5, rtol=1e-4)
    assert drawn[1.0].square().mean() > 1 and 0.1 < drawn[0.25].square().mean() < 0.6


SMALL = {"latent_dim": 16, "style_dim": 16, "mapping_layers": 2, "base": 256, "most": 24}


@pytest.fixture(params=["modulated", "adain"])
def game(request):
    torch.manual_seed(0)
    return StyleGAN((3, 32, 32), generator=request.param, **SMALL)


@pytest.fixture
def w(game):
    return game.mapping(torch.randn(4, 16))


def wake(game):
    """Noise strengths other than 0, as after some training."""
    for layer in game.synthesis.layers:
        torch.nn.init.constant_(layer.strength, 0.5)


def test_each_channel_may_have_its_own_noise():
    """One channel of the last layer gets noise: the others stay as they are."""
    game = StyleGAN((3, 32, 32), channel_noise=True, **SMALL)
    shapes = {tuple(layer.strength.shape) for layer in game.synthesis.layers}
    assert shapes == {(24, 1, 1), (16, 1, 1), (8, 1, 1)}
    layer, x, w = game.synthesis.layers[-1], torch.randn(2, 8, 32, 32), torch.randn(2, 16)
    noise = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        layer.strength[3] = 0.5
        for form in (torch.contiguous_format, torch.channels_last):
            x = x.contiguous(memory_format=form)
            change = (layer(x, w, noise) - layer(x, w, None)).abs().amax((0, 2, 3))
            assert change[3] > 0.1 and not change[:3].any() and not change[4:].any()
    one = StyleGAN((3, 32, 32), **SMALL)
    assert all(layer.strength.dim() == 0 for layer in one.synthesis.layers)


def test_shapes_and_ranges(game):
    images = game.sample(5, generator=torch.Generator().manual_seed(1))
    assert images.shape == (5, 3, 32, 32) and images.abs().max() <= 1 and not images.requires_grad
    assert game.discriminator(images).shape == (5,)
    assert torch.equal(images, game.sample(5, generator=torch.Generator().manual_seed(1)))


def test_without_truncation_w_is_w_and_at_zero_all_are_one_face(game):
    game.mapping.follow(torch.randn(64, 16), keep=0.0)
    w = game.mapping(torch.randn(3, 16))
    torch.testing.assert_close(game.mapping.truncate(w, 1.0), w)
    with torch.no_grad():
        images = game.draw(game.mapping.truncate(w, 0.0))
    assert torch.equal(images[0], images[1]) and torch.equal(images[0], images[2])
    assert not torch.equal(*game.draw(w)[:2])


def test_noise_says_nothing_before_training_and_something_after(game, w):
    with torch.no_grad():
        one, two = game.noise(4), game.noise(4)
        assert torch.equal(game.draw(w, one), game.draw(w, two)) and torch.equal(game.draw(w, one), game.draw(w))
        wake(game)
        assert not torch.equal(game.draw(w, one), game.draw(w, two))
        assert torch.equal(game.draw(w, one), game.draw(w, one))


def test_a_style_acts_from_its_layer_on(game, w):
    """Of two mixes that agree up to layer k, the maps agree up to there: coarse styles can't see fine ones."""
    other = game.mapping(torch.randn(4, 16))
    styles = w[:, None].expand(-1, game.synthesis.styles, -1).clone()
    with torch.no_grad():
        whole = game.draw(styles)
        assert torch.equal(whole, game.draw(w))
        changed = []
        for k in range(game.synthesis.styles):
            mixed = styles.clone()
            mixed[:, k] = other
            changed.append((game.draw(mixed) - whole).abs().mean())
        assert all(change > 0 for change in changed)
        all_other = other[:, None].expand_as(styles)
        assert torch.equal(game.draw(all_other), game.draw(other))


def test_one_step_moves_every_weight_and_only_its_player_s():
    torch.manual_seed(0)
    game = StyleGAN((3, 16, 16), **SMALL)
    wake(game)
    turns = list(game.turns({"image": torch.randn(8, 3, 16, 16)}, 0))
    assert [turn.player for turn in turns] == ["discriminator", "generator"]
    assert set(turns[0].losses) == {"real", "fake", "r1"} and set(turns[1].losses) == {"fool", "path"}
    for turn, network in zip(turns, ((game.discriminator,), (game.mapping, game.synthesis))):
        parameters = [p for module in network for p in module.parameters()]
        gradients = torch.autograd.grad(sum(turn.losses.values()), parameters, allow_unused=True)
        assert all(g is not None and torch.isfinite(g).all() and g.abs().sum() > 0 for g in gradients)


def test_penalties_come_as_often_as_is_said_and_weigh_as_much():
    torch.manual_seed(0)
    game = StyleGAN((3, 16, 16), r1_every=4, path_every=2, **SMALL)
    names = [[set(turn.losses) for turn in game.turns({"image": torch.randn(4, 3, 16, 16)}, step)] for step in range(5)]
    assert ["r1" in turns[0] for turns in names] == [True, False, False, False, True]
    assert ["path" in turns[1] for turns in names] == [True, False, True, False, True]
    every = StyleGAN((3, 16, 16), r1_every=1, path_length=0, **SMALL)
    every.load_state_dict(game.state_dict())
    image = torch.randn(4, 3, 16, 16)
    lazy, usual = (next(iter(one.turns({"image": image}, 0))).losses["r1"] for one in (game, every))
    torch.testing.assert_close(lazy, 4 * usual)


def test_mixing_changes_style_once_and_about_as_often_as_is_said():
    torch.manual_seed(0)
    game = StyleGAN((3, 32, 32), mixing=0.5, **SMALL)
    styles = game.styles(400)
    steps = (styles[:, 1:] - styles[:, :-1]).abs().sum(2) > 0
    assert steps.sum(1).max() == 1 and 0.4 < steps.any(1).float().mean() < 0.6
    assert steps.any(0).all(), "a crossover before every layer but the first"


def test_the_path_penalty_is_none_where_all_lengths_are_the_mean():
    torch.manual_seed(0)
    game = StyleGAN((3, 16, 16), **SMALL)
    first = float(game._path_penalty(4).detach())
    assert first > 0 and float(game.usual_length) > 0


def test_the_mean_of_w_is_followed_in_training():
    torch.manual_seed(0)
    game = StyleGAN((3, 16, 16), **SMALL)
    list(game.turns({"image": torch.randn(4, 3, 16, 16)}, 1))
    assert game.mapping.mean.abs().sum() > 0


@pytest.mark.parametrize("critic", ["residual", "strided"])
def test_it_can_be_rehearsed(critic):
    torch.manual_seed(0)
    rehearse(StyleGAN((3, 16, 16), critic=critic, **SMALL), {"image": torch.randn(8, 3, 16, 16)}, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"image_shape": (3, 48, 48)}, {"generator": "adian"}, {"critic": "stride"}, {"augment": ("color",)}],
)
def test_mistakes_are_sentences(wrong):
    with pytest.raises(UserError):
        StyleGAN(**{"image_shape": (3, 16, 16), **SMALL, **wrong})
