"""The usual loops of pix2pix and CycleGAN, written plainly, and our steps against them.

float32, NCHW, `Adam` as it comes, one network after the other, and every loss read as a number in each iteration.
"""

import random
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from labkit.bench.apart import OURS, in_turns
from labkit.bench.measure import Comparison, bench_trainer, first, machine, noise_data
from labkit.models.cyclegan import CycleGAN
from labkit.models.pix2pix import Pix2Pix
from labkit.training.precision import Precision, choose_device


def _adam(*networks: nn.Module) -> torch.optim.Adam:
    parameters = [parameter for network in networks for parameter in network.parameters()]
    return torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999))


class TextbookPix2Pix:
    """D on the fake pair, D on the true pair, then G through D; D's gradients are switched off for G's turn."""

    def __init__(self, game: Pix2Pix, device: torch.device):
        self.game, (self.critic,) = game.to(device), game.discriminator
        self.gan, self.l1 = nn.BCEWithLogitsLoss(), nn.L1Loss()
        self.optimizer_d, self.optimizer_g = _adam(self.critic), _adam(game.generator)

    def step(self, x: Tensor, y: Tensor) -> tuple[float, ...]:
        """One iteration on conditions and pictures; the losses."""
        fake = self.game.generator(x)
        self.critic.requires_grad_(True)
        self.optimizer_d.zero_grad()
        scores = self.critic(torch.cat([x, fake.detach()], 1))
        loss_fake = self.gan(scores, torch.zeros_like(scores))
        scores = self.critic(torch.cat([x, y], 1))
        loss_real = self.gan(scores, torch.ones_like(scores))
        (0.5 * (loss_fake + loss_real)).backward()
        self.optimizer_d.step()

        self.critic.requires_grad_(False)
        self.optimizer_g.zero_grad()
        scores = self.critic(torch.cat([x, fake], 1))
        loss_gan, loss_l1 = self.gan(scores, torch.ones_like(scores)), 100 * self.l1(fake, y)
        (loss_gan + loss_l1).backward()
        self.optimizer_g.step()
        return loss_fake.item(), loss_real.item(), loss_gan.item(), loss_l1.item()


class TextbookCycleGAN:
    """Both translators with the judges switched off, then one judge after the other, fakes from lists of 50."""

    def __init__(self, game: CycleGAN, device: torch.device):
        self.game, self.l1 = game.to(device), nn.L1Loss()
        self.optimizer_g = _adam(game.forward_net, game.backward_net)
        self.optimizer_d = _adam(game.critic_a, game.critic_b)
        self.pools: tuple[list[Tensor], list[Tensor]] = ([], [])

    @staticmethod
    def _loss(scores: Tensor, wanted: float) -> Tensor:
        return nn.functional.mse_loss(scores, torch.full_like(scores, wanted))

    @staticmethod
    def _exchanged(pool: list[Tensor], images: Tensor) -> Tensor:
        given = []
        for image in images.detach():
            if len(pool) < 50:
                pool.append(image)
            elif random.random() > 0.5:
                k = random.randrange(50)
                image, pool[k] = pool[k], image
            given.append(image)
        return torch.stack(given)

    def step(self, a: Tensor, b: Tensor) -> tuple[float, ...]:
        """One iteration on pictures of both domains; the losses."""
        game, judges = self.game, (self.game.critic_a, self.game.critic_b)
        to_b, to_a = game.forward_net(a), game.backward_net(b)
        again_a, again_b = game.backward_net(to_b), game.forward_net(to_a)
        for judge in judges:
            judge.requires_grad_(False)
        self.optimizer_g.zero_grad()
        losses = [
            self._loss(game.critic_b(to_b), 1.0),
            self._loss(game.critic_a(to_a), 1.0),
            10 * self.l1(again_a, a),
            10 * self.l1(again_b, b),
            5 * self.l1(game.forward_net(b), b),
            5 * self.l1(game.backward_net(a), a),
        ]
        torch.stack(losses).sum().backward()
        self.optimizer_g.step()

        for judge in judges:
            judge.requires_grad_(True)
        self.optimizer_d.zero_grad()
        for judge, real, fake, pool in zip(judges, (a, b), (to_a, to_b), self.pools):
            shown = self._exchanged(pool, fake)
            loss = 0.5 * (self._loss(judge(real), 1.0) + self._loss(judge(shown), 0.0))
            loss.backward()
            losses.append(loss)
        self.optimizer_d.step()
        return tuple(loss.item() for loss in losses)


def pix2pix_step_speed(batch: int = 16, size: int = 64, width: int = 32, patch: int = 2, rounds: int = 8) -> Comparison:
    """A training step of pix2pix from labels against the textbook's: same networks, same batch."""
    device = choose_device()
    mine, theirs = in_turns(partial(_pix2pix_step, batch=batch, size=size, width=width, patch=patch), rounds, device)
    note = f"{Precision.on(device).name}; {machine(device)}"
    return Comparison(f"pix2pix step, {size} px, ngf {width}, batch {batch}", batch / mine, batch / theirs, note)


def _pix2pix_step(side: str, batch: int, size: int, width: int, patch: int) -> Callable[[], object]:
    game, device = Pix2Pix((3, size, size), width=width, critic_width=width, patch=patch), choose_device()
    labels = np.random.default_rng(1).integers(0, 19, (batch * 2, size, size), np.uint8)
    data = noise_data(batch * 2, size, labels=labels)
    if side == OURS:
        return bench_trainer(game, data, batch).iterate
    some = first(data, batch, device)
    return partial(TextbookPix2Pix(game, device).step, game.condition(some).contiguous(), some["image"].contiguous())


def cyclegan_step_speed(
    batch: int = 4, size: int = 64, width: int = 16, blocks: int = 4, patch: int = 2, rounds: int = 8
) -> Comparison:
    """A training step of CycleGAN against the textbook's: same networks, same batch."""
    device = choose_device()
    make = partial(_cyclegan_step, batch=batch, size=size, width=width, blocks=blocks, patch=patch)
    mine, theirs = in_turns(make, rounds, device)
    note = f"{Precision.on(device).name}; {machine(device)}"
    name = f"CycleGAN step, {size} px, ngf {width}, {blocks} blocks, batch {batch}"
    return Comparison(name, batch / mine, batch / theirs, note)


def _cyclegan_step(side: str, batch: int, size: int, width: int, blocks: int, patch: int) -> Callable[[], object]:
    game, device = CycleGAN((3, size, size), width, blocks, 2 * width, patch), choose_device()
    other = np.random.default_rng(1).integers(0, 256, (batch * 2, size, size, 3), np.uint8)
    data = noise_data(batch * 2, size, other=other)
    if side == OURS:
        return bench_trainer(game, data, batch, channels_last=False).iterate  # as the recipe
    some = first(data, batch, device)
    return partial(TextbookCycleGAN(game, device).step, some["image"].contiguous(), some["other"].contiguous())
