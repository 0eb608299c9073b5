"""Blind answers to `turns`. See `blind_answers`; `blind_moves` has more of them, and the tables."""

import torch
from torch.nn.functional import logsigmoid, softplus

from labkit.models.game import Turn

# The two losses that the notebook has by then.


def discriminator_loss(real_logits, fake_logits):
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits):
    return softplus(-fake_logits).mean()


def draw(game, batch):
    return game.generator(game.latent(len(batch["image"])))


def d_turn(game, real, fake):
    return Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))


def g_turn(game, fake):
    return Turn("generator", loss=generator_loss(game.discriminator(fake)))


def t_plain(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_no_detach(game, batch, step):
    real = batch["image"]
    fake = game.generator(game.latent(real.size(0)))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake)))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def t_new_fakes(game, batch, step):
    yield d_turn(game, batch["image"], draw(game, batch))
    yield g_turn(game, draw(game, batch))


def t_one_pass(game, batch, step):
    real = batch["image"]
    fake = draw(game, batch)
    real_logits, fake_logits = game.discriminator(torch.cat([real, fake.detach()])).chunk(2)
    yield Turn("discriminator", loss=discriminator_loss(real_logits, fake_logits))
    yield g_turn(game, fake)


def t_named_losses(game, batch, step):
    fake = draw(game, batch)
    on_real, on_fake = game.discriminator(batch["image"]), game.discriminator(fake.detach())
    watch = {"sure": on_real.detach().sigmoid().mean()}
    yield Turn("discriminator", watch=watch, real=-logsigmoid(on_real).mean(), fake=-logsigmoid(-on_fake).mean())
    yield Turn("generator", fool=-logsigmoid(game.discriminator(fake)).mean())


def t_same_latent_twice(game, batch, step):
    latent = game.latent(batch["image"].shape[0])
    with torch.no_grad():
        fake = game.generator(latent)
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, game.generator(latent))


def t_from_helpers(game, batch, step):
    def first():
        nonlocal fake
        fake = draw(game, batch)
        yield d_turn(game, batch["image"], fake)

    fake = None
    yield from first()
    yield from (g_turn(game, made) for made in [fake])


def t_returns_iterator(game, batch, step):
    fake = draw(game, batch)
    return (move() for move in (lambda: d_turn(game, batch["image"], fake), lambda: g_turn(game, fake)))


def t_freezes_d(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    game.discriminator.requires_grad_(False)
    loss = generator_loss(game.discriminator(fake))
    game.discriminator.requires_grad_(True)
    yield Turn("generator", loss=loss)


class Subclass:
    def judge(self, game, real, fake):
        return discriminator_loss(game.discriminator(real), game.discriminator(fake))

    def turns(self, game, batch, step):
        fake = draw(game, batch)
        yield Turn("discriminator", total=self.judge(game, batch["image"], fake.detach()))
        yield Turn("generator", total=generator_loss(game.discriminator(fake)))


def t_g_first(game, batch, step):
    fake = draw(game, batch)
    yield g_turn(game, fake)
    yield d_turn(game, batch["image"], fake)


def t_64_fakes(game, batch, step):
    fake = game.generator(game.latent(64))
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_one_fake(game, batch, step):
    fake = game.generator(game.latent(1))
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_sample(game, batch, step):
    fake = game.sample(len(batch["image"]))
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_detached_for_both(game, batch, step):
    fake = draw(game, batch).detach()
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_stale_logits(game, batch, step):
    fake = draw(game, batch)
    logits = game.discriminator(fake)
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(batch["image"]), logits))
    yield Turn("generator", loss=generator_loss(logits))


def t_list(game, batch, step):
    fake = draw(game, batch)
    return [d_turn(game, batch["image"], fake), g_turn(game, fake)]


def t_both_before(game, batch, step):
    fake = draw(game, batch)
    first, second = d_turn(game, batch["image"], fake), g_turn(game, fake)
    yield first
    yield second


def t_d_only(game, batch, step):
    yield d_turn(game, batch["image"], draw(game, batch))


def t_g_only(game, batch, step):
    yield g_turn(game, draw(game, batch))


def t_swapped_logits(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, fake.detach(), batch["image"])
    yield g_turn(game, fake)


def t_minus_d(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    loss = discriminator_loss(game.discriminator(batch["image"]), game.discriminator(fake))
    yield Turn("generator", loss=-loss)


def t_g_on_real(game, batch, step):
    yield d_turn(game, batch["image"], draw(game, batch))
    yield g_turn(game, batch["image"])


def t_real_as_fakes(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], batch["image"])
    yield g_turn(game, fake)


def t_short_names(game, batch, step):
    fake = draw(game, batch)
    yield Turn("D", loss=discriminator_loss(game.discriminator(batch["image"]), game.discriminator(fake.detach())))
    yield Turn("G", loss=generator_loss(game.discriminator(fake)))


def t_d_twice(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    yield Turn("discriminator", loss=generator_loss(game.discriminator(fake)))


def t_swapped_players(game, batch, step):
    fake = draw(game, batch)
    yield Turn("generator", loss=d_turn(game, batch["image"], fake).losses["loss"])
    yield Turn("discriminator", loss=g_turn(game, fake).losses["loss"])
