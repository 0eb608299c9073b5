"""More blind answers to `turns`, and the tables of them all. See `blind_answers`."""

import torch
from torch.nn.functional import softplus

from labkit.models.game import Turn
from tests.course import blind_turns as of
from tests.course.blind_turns import d_turn, discriminator_loss, draw, g_turn, generator_loss


def t_own_noise(game, batch, step):
    fake = game.generator(torch.randn(len(batch["image"]), 64))
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_uniform(game, batch, step):
    fake = game.generator(torch.rand(len(batch["image"]), game.latent_dim))
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_backward(game, batch, step):
    fake = draw(game, batch)
    first = d_turn(game, batch["image"], fake)
    first.losses["loss"].backward()
    yield first
    second = g_turn(game, fake)
    second.losses["loss"].backward()
    yield second


def t_backward_kept(game, batch, step):
    fake = draw(game, batch)
    for make in (lambda: d_turn(game, batch["image"], fake), lambda: g_turn(game, fake)):
        turn = make()
        turn.losses["loss"].backward(retain_graph=True)
        yield turn


def t_whole_batch(game, batch, step):
    fake = game.generator(game.latent(len(batch)))
    yield d_turn(game, batch, fake)
    yield g_turn(game, fake)


def t_len_of_dict(game, batch, step):
    fake = game.generator(game.latent(len(batch)))
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_positional(game, batch, step):
    fake = draw(game, batch)
    loss = discriminator_loss(game.discriminator(batch["image"]), game.discriminator(fake.detach()))
    yield Turn("discriminator", loss)
    yield Turn("generator", generator_loss(game.discriminator(fake)))


def t_floats(game, batch, step):
    fake = draw(game, batch)
    for turn in (d_turn(game, batch["image"], fake), g_turn(game, fake)):
        yield Turn(turn.player, loss=turn.losses["loss"].item())


def t_tuples(game, batch, step):
    fake = draw(game, batch)
    yield "discriminator", d_turn(game, batch["image"], fake).losses["loss"]
    yield "generator", g_turn(game, fake).losses["loss"]


def t_seeded(game, batch, step):
    torch.manual_seed(0)
    yield from of.t_plain(game, batch, step)


def t_same_latents(game, batch, step):
    latent = game.latent(len(batch["image"]), generator=torch.Generator().manual_seed(0))
    fake = game.generator(latent)
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_every_fifth(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    if step % 5 == 0:
        yield g_turn(game, fake)


def t_rescales(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"] * 2 - 1, fake)
    yield g_turn(game, fake)


def t_rescales_in_place(game, batch, step):
    real = batch["image"]
    real.add_(1).div_(2)
    fake = draw(game, batch)
    yield d_turn(game, real, fake)
    yield g_turn(game, fake)


def t_two_of_g(game, batch, step):
    yield from of.t_plain(game, batch, step)
    yield g_turn(game, draw(game, batch))


def t_two_of_d(game, batch, step):
    yield d_turn(game, batch["image"], draw(game, batch))
    yield from of.t_plain(game, batch, step)


def t_eval(game, batch, step):
    game.eval()
    yield from of.t_plain(game, batch, step)


def t_probabilities(game, batch, step):
    fake = draw(game, batch)
    on_real, on_fake = game.discriminator(batch["image"]).sigmoid(), game.discriminator(fake.detach()).sigmoid()
    yield Turn("discriminator", loss=discriminator_loss(on_real, on_fake))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake).sigmoid()))


def t_both_losses_for_d(game, batch, step):
    fake = draw(game, batch)
    on_fake = game.discriminator(fake)
    loss = discriminator_loss(game.discriminator(batch["image"]), on_fake)
    yield Turn("discriminator", loss=loss, fool=generator_loss(on_fake))
    yield g_turn(game, fake)


def t_detached_logits(game, batch, step):
    fake = draw(game, batch)
    on_fake = game.discriminator(fake).detach()
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(batch["image"]), on_fake))
    yield g_turn(game, fake)


def t_g_without_grad(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    with torch.no_grad():
        logits = game.discriminator(fake)
    yield Turn("generator", loss=generator_loss(logits))


def t_half_the_batch(game, batch, step):
    real = batch["image"][: len(batch["image"]) // 2]
    yield from of.t_plain(game, {"image": real}, step)


def t_saturating(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    yield Turn("generator", loss=-softplus(game.discriminator(fake)).mean())


def t_g_wants_fake(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    yield Turn("generator", loss=softplus(game.discriminator(fake)).mean())


def t_only_real(game, batch, step):
    fake = draw(game, batch)
    yield Turn("discriminator", loss=softplus(-game.discriminator(batch["image"])).mean())
    yield g_turn(game, fake)


def t_forgets_yield(game, batch, step):
    fake = draw(game, batch)
    d_turn(game, batch["image"], fake)
    return g_turn(game, fake)


# Later, with the judge in sight.


def t_freeze_and_thaw(game, batch, step):
    for weight in game.discriminator.parameters():
        weight.requires_grad = True
    fake = draw(game, batch).to(game.device)
    yield d_turn(game, batch["image"].to(game.device), fake)
    for weight in game.discriminator.parameters():
        weight.requires_grad = False
    yield g_turn(game, fake)


def t_left_frozen(game, batch, step):
    fake = draw(game, batch)
    yield d_turn(game, batch["image"], fake)
    game.discriminator.requires_grad_(False)
    yield g_turn(game, fake)


def t_one_latent(game, batch, step):
    fake = game.generator(game.latent(1).expand(len(batch["image"]), -1))
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_twice_as_many(game, batch, step):
    fake = game.generator(game.latent(2 * len(batch["image"])))
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


def t_the_games_own(game, batch, step):
    yield from game.turns(batch, step)


def t_noisy_fakes(game, batch, step):
    fake = draw(game, batch)
    fake = fake + 0.1 * torch.randn_like(fake)
    yield d_turn(game, batch["image"], fake)
    yield g_turn(game, fake)


RIGHT = {
    "plain": of.t_plain,
    "no detach": of.t_no_detach,
    "new fakes for G": of.t_new_fakes,
    "real and fake in one pass": of.t_one_pass,
    "named losses and watch": of.t_named_losses,
    "the same latent twice": of.t_same_latent_twice,
    "from helpers": of.t_from_helpers,
    "returns an iterator": of.t_returns_iterator,
    "freezes D": of.t_freezes_d,
    "a method": of.Subclass().turns,
    "freezes D and thaws it": t_freeze_and_thaw,
}
WRONG = {
    "G first": ("G moves before D", "order", of.t_g_first),
    "64 fakes": ("64 fakes whatever B is", "batch-size", of.t_64_fakes),
    "one fake": ("a single fake", "batch-size", of.t_one_fake),
    "sample": ("`sample` gives no gradient to G", "sample", of.t_sample),
    "detached for both": ("G gets no gradient", "detached-generator", of.t_detached_for_both),
    "stale logits": ("G's turn reuses logits of the old D", "stale", of.t_stale_logits),
    "a list": ("both turns are computed before D moves", "no-yield", of.t_list),
    "both before": ("both turns are computed before D moves", "stale", of.t_both_before),
    "D only": ("G never moves", "too-few", of.t_d_only),
    "G only": ("D never moves", "order", of.t_g_only),
    "swapped logits": ("fakes as real and real as fakes", "swapped", of.t_swapped_logits),
    "minus D's loss": ("the saturating loss for G", "real-in-generator", of.t_minus_d),
    "saturating": ("the saturating loss for G", "saturating", t_saturating),
    "G on real": ("G's turn looks at real images", "no-fake-generator", of.t_g_on_real),
    "real as fakes": ("D sees real images twice", "no-fake-discriminator", of.t_real_as_fakes),
    "D and G": ("players that nobody knows", "player", of.t_short_names),
    "D twice": ("D makes G's move", "order", of.t_d_twice),
    "swapped players": ("each player minimises the other's loss", "order", of.t_swapped_players),
    "own noise": ("takes z to have 64 numbers", "own-latent", t_own_noise),
    "uniform": ("uniform z", "own-latent", t_uniform),
    "backward": ("the graph is gone when the loop needs it", "own-backward", t_backward),
    "backward kept": ("adds to the weights' .grad itself", "own-backward", t_backward_kept),
    "whole batch": ("the dict in place of its images", "not-images", t_whole_batch),
    "len of the dict": ("as many fakes as the batch has keys", "batch-size", t_len_of_dict),
    "positional": ("a loss without a name", "turn-positional", t_positional),
    "floats": ("losses without a graph", "turn-number", t_floats),
    "tuples": ("tuples in place of Turns", "no-turn", t_tuples),
    "seeded": ("the same z in each iteration", "same-latents", t_seeded),
    "same latents": ("the same z in each iteration", "same-latents", t_same_latents),
    "every fifth": ("G moves only now and then", "too-few", t_every_fifth),
    "rescales": ("images beyond [−1, 1]", "changed-images", t_rescales),
    "rescales in place": ("changes the batch", "changes-input", t_rescales_in_place),
    "G moves twice": ("a third turn", "more-turns", t_two_of_g),
    "D moves twice": ("a third turn", "order", t_two_of_d),
    "eval": ("switches dropout off", "eval-mode", t_eval),
    "probabilities": ("sigmoid before losses that take logits", "probabilities", t_probabilities),
    "both losses for D": ("D also minimises G's loss", "both-losses", t_both_losses_for_d),
    "detached logits": ("D learns nothing from fakes", "only-real-loss", t_detached_logits),
    "G without grad": ("G gets no gradient", "cut-graph", t_g_without_grad),
    "half the batch": ("leaves half of the images out", "no-real", t_half_the_batch),
    "G wants fake": ("G's loss rewards being found out", "wrong-loss-generator", t_g_wants_fake),
    "real only": ("D never sees a fake", "no-fake-discriminator", t_only_real),
    "the game's own": ("asks the game for what it should write (later)", "game-turns", t_the_games_own),
    "left frozen": ("D stays frozen in the next iteration", "left-frozen", t_left_frozen),
    "one latent": ("all fakes are one image", "one-latent", t_one_latent),
    "twice as many": ("2B fakes for B real images", "batch-size", t_twice_as_many),
    "noisy fakes": ("noise on the fakes", "changed-images", t_noisy_fakes),
    "forgets yield": ("returns one turn, yields none", "no-yield", t_forgets_yield),
}
