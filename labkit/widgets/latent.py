"""First walks through the latent space of a generator: between two samples, and round in one class."""

from math import pi

import torch
from torch import Tensor

from labkit.models.cgan import ConditionalGAN
from labkit.models.gan import GAN
from labkit.nn.latent import around, slerp
from labkit.pictures import png
from labkit.threads import single_thread
from labkit.widgets.explorer import Explorer, button, slider


def _latent(game: GAN, seed: int) -> Tensor:
    return game.latent(1, torch.Generator().manual_seed(seed))


class Between(Explorer):
    """A slider between two samples: G(slerp(a, b, t)), with new ends at a button's press.

    Args:
        game: any GAN in eval mode.
        seed: of the first end; the other's is one more.
        width: of the picture on the page, in pixels.
    """

    def __init__(self, game: GAN, seed: int = 0, width: int = 420):
        super().__init__(width)
        self.game, self.seed = game.eval(), seed
        self.controls = {
            "t": slider(0.0, 1.0, 0.02, "from a to b (t)", value=0.5),
            "new": button("new a and b", self.renew, "Draw two other samples to walk between"),
        }

    def renew(self) -> None:
        """Two other samples."""
        self.seed += 2
        self.update()

    def images(self, t: float) -> Tensor:
        """a, the point between, b."""
        a, b = _latent(self.game, self.seed), _latent(self.game, self.seed + 1)
        return self.game.generator(torch.cat([a, slerp(a, b, t), b]))

    def describe(self, t: float) -> str:
        """What is to be seen."""
        return f"left: sample a. middle: G(slerp(a, b, {t:.2f})). right: sample b."

    def picture(self, n: int = 9) -> bytes:
        """The picture twin: n points of the walk from a to b, as a PNG."""
        a, b = _latent(self.game, self.seed), _latent(self.game, self.seed + 1)
        t = torch.linspace(0, 1, n)
        with single_thread(), torch.no_grad():
            return png(self.game.generator(slerp(a.expand(n, -1), b.expand(n, -1), t)), columns=n, scale=3)


class DrawMe(Explorer):
    """A slider for the class and one for the hand: G(z | y) with z on a circle through two samples.

    Args:
        game: a conditional GAN in eval mode.
        seed: of the circle.
        width: of the picture on the page, in pixels.
    """

    def __init__(self, game: ConditionalGAN, seed: int = 0, width: int = 420):
        super().__init__(width)
        self.game, self.seed = game.eval(), seed
        self.controls = {
            "digit": slider(0, game.classes - 1, 1, "digit (y)", value=7),
            "hand": slider(0, 360, 5, "hand (z), °"),
            "new": button("another writer", self.renew, "Draw another circle of latents"),
        }

    def renew(self) -> None:
        """Another circle."""
        self.seed += 2
        self.update()

    def images(self, digit: int, hand: int) -> Tensor:
        """The digit asked for, in three hands next to each other."""
        a, b = _latent(self.game, self.seed), _latent(self.game, self.seed + 1)
        z = torch.cat([around(a, b, (hand + turn) * pi / 180) for turn in (0, 15, 30)])
        return self.game.draw(z, torch.full((3,), digit))

    def describe(self, digit: int, hand: int) -> str:
        """What is to be seen."""
        return f"three drawings of the digit {digit}, in hands at {hand}, {hand + 15} and {hand + 30} degrees."

    def picture(self, hands: int = 9) -> bytes:
        """The picture twin: every class in a row, in so many hands, as a PNG."""
        a, b = _latent(self.game, self.seed), _latent(self.game, self.seed + 1)
        z = torch.cat([around(a, b, 2 * pi * index / hands) for index in range(hands)]).repeat(self.game.classes, 1)
        label = torch.arange(self.game.classes).repeat_interleave(hands)
        with single_thread(), torch.no_grad():
            return png(self.game.draw(z, label), columns=hands, scale=2)
