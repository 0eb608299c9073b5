"""Who moves at a turn, and what a student hears who gets `turns` wrong."""

import pytest
import torch
from torch.nn.functional import softplus

from labkit.errors import UserError
from labkit.models.game import Group, Turn, player_groups
from labkit.training.mistakes import MistakeInTurns
from tests.training.tiny import convolutional, plain, quick


def d_turn(game, real, fake):
    return Turn(
        "discriminator", real=softplus(-game.discriminator(real)).mean(), fake=softplus(game.discriminator(fake)).mean()
    )


def g_turn(game, fake):
    return Turn("generator", fool=softplus(-game.discriminator(fake)).mean())


def watched(game, name):
    return {key: tensor.clone() for key, tensor in game.state_dict().items() if key.startswith(name)}


@pytest.mark.parametrize("mover, other", [("discriminator", "generator"), ("generator", "discriminator")])
def test_a_turn_moves_its_player_and_nobody_else(mover, other):
    game = plain()

    def turns(self, batch, step):
        fake = self.generator(self.latent(len(batch["image"])))
        yield d_turn(self, batch["image"], fake) if mover == "discriminator" else g_turn(self, fake)

    game.turns = turns.__get__(game)
    before = watched(game, mover), watched(game, other)
    quick(game, steps=1)
    assert all(not torch.equal(tensor, game.state_dict()[key]) for key, tensor in before[0].items())
    assert all(torch.equal(tensor, game.state_dict()[key]) for key, tensor in before[1].items())
    assert all(parameter.grad is None for parameter in game.parameters())


def test_every_tensor_is_trained():
    game = convolutional()
    before = {name: parameter.detach().clone() for name, parameter in game.named_parameters()}
    quick(game, steps=2)
    assert [name for name, parameter in game.named_parameters() if torch.equal(parameter, before[name])] == []


def reused(game, batch, step):
    fake = game.generator(game.latent(8))
    score = game.discriminator(fake)
    yield Turn("discriminator", real=softplus(-game.discriminator(batch["image"])).mean(), fake=softplus(score).mean())
    yield Turn("generator", fool=softplus(-score).mean())


def stale(game, batch, step):
    fake = game.generator(game.latent(8))
    score = game.discriminator(fake)
    yield d_turn(game, batch["image"], fake.detach())
    yield Turn("generator", fool=softplus(-score).mean())


def detached(game, batch, step):
    fake = game.generator(game.latent(8)).detach()
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def without_gradients(game, batch, step):
    with torch.no_grad():
        yield d_turn(game, batch["image"], game.generator(game.latent(8)))


def constant(game, batch, step):
    yield Turn("discriminator", real=torch.tensor(1.0))


def vector(game, batch, step):
    yield Turn("discriminator", real=softplus(-game.discriminator(batch["image"])))


def number(game, batch, step):
    yield Turn("discriminator", real=softplus(-game.discriminator(batch["image"])).mean().item())


def unknown(game, batch, step):
    yield Turn("generater", fool=softplus(-game.discriminator(batch["image"])).mean())


def returned(game, batch, step):
    return d_turn(game, batch["image"], batch["image"])


def nothing(game, batch, step):
    yield from ()


def bare(game, batch, step):
    yield softplus(-game.discriminator(batch["image"])).mean()


MISTAKES = [
    (reused, "used up"),
    (stale, "have moved since"),
    (detached, "did you detach the fake"),
    (without_gradients, "switched off over a `yield`"),
    (constant, "depend on no parameter"),
    (vector, r"has shape \(8,\)"),
    (number, "is a float, not a tensor"),
    (unknown, "no player 'generater'"),
    (returned, "must be a generator"),
    (nothing, "yielded no turn"),
    (bare, "must yield Turn"),
]


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("turns, sentence", MISTAKES, ids=[turns.__name__ for turns, _ in MISTAKES])
def test_mistakes_are_sentences_before_anything_moves(turns, sentence, precision):
    game = plain()
    game.turns = turns.__get__(game)
    before = {key: tensor.clone() for key, tensor in game.state_dict().items()}
    with pytest.raises(MistakeInTurns, match=sentence):
        quick(game, precision=precision)
    assert all(torch.equal(tensor, game.state_dict()[key]) for key, tensor in before.items())
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("turns, sentence", MISTAKES[:6], ids=[turns.__name__ for turns, _ in MISTAKES[:6]])
def test_mistakes_are_sentences_in_the_loop_too(turns, sentence):
    """A game may go wrong later than at its first step."""
    game, kind = plain(), type(plain())
    game.turns = (lambda self, batch, step: (kind.turns if step < 3 else turns)(self, batch, step)).__get__(game)
    with pytest.raises(MistakeInTurns, match=sentence):
        quick(game)


def test_shared_missing_and_idle_parameters():
    game = plain()

    def with_players(players):
        return type("Odd", (type(game),), {"players": property(lambda self: players)})

    everything = list(game.parameters())
    for players, sentence in (
        ({"a": [Group(everything)], "b": [Group(everything[:1])]}, "share the parameter"),
        ({"a": [Group(everything[:2])]}, "nobody trains"),
        ({"a": [Group(everything)], "b": []}, "no trainable parameters"),
    ):
        game.__class__ = with_players(players)
        with pytest.raises(UserError, match=sentence):
            player_groups(game)


def test_a_group_learns_at_its_own_rate():
    game = plain()

    class TwoRates(type(game)):
        @property
        def players(self):
            slow, fast = (list(self.generator[layer].parameters()) for layer in (0, 2))
            return {"generator": [Group(slow, 0.01), Group(fast)], "discriminator": self.discriminator}

    game.__class__ = TwoRates
    watched = game.generator[0].weight, game.generator[2].weight
    before = [parameter.detach().clone() for parameter in watched]
    quick(game, steps=1)
    moved = [float((parameter.detach() - b).abs().max()) for parameter, b in zip(watched, before)]
    assert moved[0] == pytest.approx(0.01 * moved[1], rel=0.05)
