"""Goodfellow et al. 2014, *Generative Adversarial Nets*: the game of two, and its multilayer-perceptron players.

min_G max_D  E_x[log D(x)] + E_z[log(1 − D(G(z)))]                                                      (equation 1)

The same game with other losses is least-squares GAN (Mao et al. 2017), the hinge game (Lim & Ye 2017) and, with several
critic steps and a gradient penalty, WGAN-GP (Gulrajani et al. 2017, algorithm 1).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from labkit.errors import UserError, nearest
from labkit.models.game import Game, Turn, evaluating
from labkit.nn.augment import augment, check_augmentations
from labkit.nn.losses import ADVERSARIAL_LOSSES, gradient_penalty, r1_penalty


class GAN(Game):
    """Generator against discriminator.

    Args:
        generator: G, from z (B, latent_dim) to images (B, C, H, W) in [−1, 1].
        discriminator: D, from images to scores before any sigmoid, (B,).
        latent_dim: length of z.
        image_shape: (C, H, W).
        loss: a key of `labkit.nn.losses.ADVERSARIAL_LOSSES`.
        critic_steps: D's moves before one of G's. The batch is cut into as many parts, so each move sees other images.
        gradient_penalty: weight λ of WGAN-GP's penalty; 0 for none.
        r1: weight γ of R1, (γ/2) E‖∇D(x)‖² on real images (Mescheder et al. 2018); 0 for none.
        r1_every: R1 is computed in every so-manieth step, and weighted so many times (lazy regularisation, Karras et
            al. 2020, section 3.1).
        augment: changes that D sees every image through; keys of `labkit.nn.augment.AUGMENTATIONS`.

    Raises:
        UserError: an unknown loss or augmentation, with the nearest names.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        loss: str = "non-saturating",
        critic_steps: int = 1,
        gradient_penalty: float = 0.0,
        r1: float = 0.0,
        r1_every: int = 8,
        augment: Sequence[str] = (),
    ):
        super().__init__()
        if loss not in ADVERSARIAL_LOSSES:
            raise UserError(nearest(loss, ADVERSARIAL_LOSSES, "loss"))
        check_augmentations(augment)
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.image_shape = latent_dim, image_shape
        self.loss = ADVERSARIAL_LOSSES[loss]
        self.critic_steps, self.gradient_penalty = critic_steps, gradient_penalty
        self.r1, self.r1_every, self.augment = r1, r1_every, tuple(augment)

    def extra_repr(self) -> str:
        """The options that make this another game: part of what a resumed run must agree with."""
        return (
            f"loss={self.loss.name}, critic_steps={self.critic_steps}, gradient_penalty={self.gradient_penalty}, "
            f"r1={self.r1}, r1_every={self.r1_every}, augment={self.augment}, latent_dim={self.latent_dim}"
        )

    @property
    def players(self) -> Mapping[str, nn.Module]:
        """D and G."""
        return {"discriminator": self.discriminator, "generator": self.generator}

    def turns(self, batch: Mapping[str, Tensor], step: int) -> Iterator[Turn]:
        """Algorithm 1 of the paper: `critic_steps` moves of D, then one of G, on the last fakes."""
        for real in batch["image"].chunk(self.critic_steps):
            fake = self.generator(self.latent(len(real)))
            yield self.judge(self.critic, real, fake.detach(), step)
        yield Turn("generator", fool=self.loss.fool(self.critic(fake)))

    def critic(self, image: Tensor) -> Tensor:
        """D's scores (B,) of images as D is shown them: through the augmentations."""
        return self.discriminator(augment(image, self.augment, self.uniform))

    def judge(self, critic, real: Tensor, fake: Tensor, step: int = 0) -> Turn:
        """D's turn: what `critic` (image → score) says of real and of fake images."""
        real_score, fake_score = critic(real), critic(fake)
        losses = {"real": self.loss.real(real_score), "fake": self.loss.fake(fake_score)}
        if self.gradient_penalty:
            mix = self.uniform(len(real), 1, 1, 1)
            losses["penalty"] = self.gradient_penalty * gradient_penalty(critic, real, fake, mix)
        if self.r1 and step % self.r1_every == 0:
            losses["r1"] = 0.5 * self.r1 * self.r1_every * r1_penalty(critic, real)
        watch = {"real_score": real_score.detach().float().mean(), "fake_score": fake_score.detach().float().mean()}
        return Turn("discriminator", watch=watch, **losses)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw n images, (n, C, H, W) in [−1, 1]."""
        with evaluating(self.generator):
            return self.generator(self.latent(n, generator)).float()


class Generator(nn.Module):
    """G: z → three hidden layers → an image. `width` units in the first, twice as many in each next one."""

    def __init__(self, latent_dim: int, image_shape: tuple[int, int, int], width: int):
        super().__init__()
        self.image_shape = image_shape
        sizes = [latent_dim, width, 2 * width, 4 * width]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], prod(image_shape)), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent_dim) → (B, C, H, W) in [−1, 1]."""
        return self.layers(z).view(len(z), *self.image_shape)


class Discriminator(nn.Module):
    """D: an image → three hidden layers → a score, with dropout as in the original."""

    def __init__(self, image_shape: tuple[int, int, int], width: int, dropout: float = 0.3):
        super().__init__()
        sizes = [prod(image_shape), 4 * width, 2 * width, width]
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], 1))

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, H, W) → (B,) scores."""
        return self.layers(image).squeeze(1)


def mlp_gan(image_shape: tuple[int, int, int] = (1, 28, 28), latent_dim: int = 64, width: int = 256, **options) -> GAN:
    """A GAN whose players know nothing of pictures: each pixel is one number among others. Options as for `GAN`."""
    return GAN(
        Generator(latent_dim, image_shape, width),
        Discriminator(image_shape, width),
        latent_dim=latent_dim,
        image_shape=image_shape,
        **options,
    )
