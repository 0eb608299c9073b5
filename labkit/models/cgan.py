"""Mirza & Osindero 2014, *Conditional generative adversarial nets*: both players are told which class is meant.

min_G max_D  E_x[log D(x | y)] + E_z[log(1 − D(G(z | y)))]                                              (equation 2)

The players are DCGAN's: G sees y as a one-hot vector behind z, D as one more plane an image and class.
"""

from collections.abc import Iterator, Mapping
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from labkit.models.dcgan import Discriminator, Generator
from labkit.models.game import Turn, evaluating
from labkit.models.gan import GAN
from labkit.nn.initial import normal_weights


def condition_latent(z: Tensor, label: Tensor, classes: int) -> Tensor:
    """(B, latent_dim) and labels (B,) → (B, latent_dim + classes): y as a one-hot vector behind z."""
    return torch.cat([z, one_hot(label, classes).to(z.dtype)], 1)


def condition_image(image: Tensor, label: Tensor, classes: int) -> Tensor:
    """(B, C, H, W) and labels (B,) → (B, C + classes, H, W): one plane a class, of ones for the image's own class."""
    planes = one_hot(label, classes).to(image.dtype)[:, :, None, None]
    return torch.cat([image, planes.expand(-1, -1, *image.shape[2:])], 1)


class ConditionalGAN(GAN):
    """A GAN that draws what it is asked for.

    Args:
        image_shape: (C, H, W) with H = W.
        latent_dim: length of z, without the label.
        width: channels of the largest hidden map.
        classes: how many classes there are; labels are 0 … classes − 1.
        options: as for `GAN`.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        latent_dim: int = 64,
        width: int = 32,
        classes: int = 10,
        **options,
    ):
        channels, height, side = image_shape
        super().__init__(
            Generator(latent_dim + classes, image_shape, width),
            Discriminator((channels + classes, height, side), width),
            latent_dim=latent_dim,
            image_shape=image_shape,
            **options,
        )
        self.classes = classes
        self.apply(normal_weights)

    def draw(self, z: Tensor, label: Tensor) -> Tensor:
        """G(z | y): (B, latent_dim) and (B,) → (B, C, H, W) in [−1, 1]."""
        return self.generator(condition_latent(z, label, self.classes))

    def score(self, image: Tensor, label: Tensor) -> Tensor:
        """D(x | y): (B, C, H, W) and (B,) → (B,) scores."""
        return self.discriminator(condition_image(image, label, self.classes))

    def turns(self, batch: Mapping[str, Tensor], step: int) -> Iterator[Turn]:
        """As `GAN`, each fake asked for the class of the real image beside it."""
        parts = zip(batch["image"].chunk(self.critic_steps), batch["label"].chunk(self.critic_steps))
        for real, label in parts:
            fake = self.draw(self.latent(len(real)), label)
            yield self.judge(partial(self.score, label=label), real, fake.detach(), step)
        yield Turn("generator", fool=self.loss.fool(self.score(fake, label)))

    def sample(self, n: int, *, generator: torch.Generator | None = None, label: Tensor | None = None) -> Tensor:
        """Draw n images (n, C, H, W) in [−1, 1] of the classes `label` (n,), or of 0, 1, 2, … in turn."""
        label = torch.arange(n) % self.classes if label is None else label
        with evaluating(self.generator):
            return self.draw(self.latent(n, generator), label.to(self.device)).float()
