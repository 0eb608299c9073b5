"""Radford, Metz & Chintala 2016, *Unsupervised representation learning with deep convolutional GANs* (DCGAN).

Guidelines of its section 3: strided convolutions in place of pooling; batch normalisation in both networks, but not at
G's output nor D's input; no hidden fully connected layers; ReLU and tanh in G, leaky ReLU in D; weights drawn from
N(0, 0.02²).
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from labkit.errors import UserError
from labkit.models.gan import GAN
from labkit.nn.convolution import Conv2d, ConvTranspose2d
from labkit.nn.initial import normal_weights


def sides(size: int) -> list[int]:
    """Sides of the maps from the smallest, of 3 or 4 pixels, to the image: 64 → 4, 8, 16, 32, 64; 28 → 4, 7, 14, 28.

    Raises:
        UserError: an image of fewer than 5 pixels.
    """
    if size < 5:
        raise UserError(f"a DCGAN can't draw {size} px: take 5 or more")
    found = [size]
    while found[0] > 4:
        found.insert(0, (found[0] + 1) // 2)
    return found


def doubling(small: int, large: int) -> tuple[int, int, int]:
    """Kernel, stride and padding of the convolution between two sides: 2n ↔ n by 4/2/1, the odd 2n − 1 ↔ n by 3/2/1."""
    return (4 if large == 2 * small else 3), 2, 1


class Generator(nn.Module):
    """G: z as a 1×1 map → a small map of many channels → doubled, with half the channels, up to the image.

    Args:
        latent_dim: length of the input vector.
        image_shape: (C, H, W) with H = W.
        width: channels of the largest hidden map (ngf).
    """

    def __init__(self, latent_dim: int, image_shape: tuple[int, int, int], width: int):
        super().__init__()
        maps = sides(image_shape[1])
        channels = width * 2 ** (len(maps) - 2)
        layers = [ConvTranspose2d(latent_dim, channels, maps[0], bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
        for small, large in pairwise(maps[:-1]):
            layers += [
                ConvTranspose2d(channels, channels // 2, *doubling(small, large), bias=False),
                nn.BatchNorm2d(channels // 2),
                nn.ReLU(),
            ]
            channels //= 2
        last = ConvTranspose2d(channels, image_shape[0], *doubling(*maps[-2:]), bias=False)
        layers += [last, nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent_dim) → (B, C, H, W) in [−1, 1]."""
        return self.layers(z[:, :, None, None])


class Discriminator(nn.Module):
    """D: halved, with twice the channels, down to the smallest map; one last convolution sees all of it.

    Args:
        image_shape: (C, H, W) with H = W.
        width: channels of the first hidden map (ndf).
        norm: batch normalisation, as in the paper. A gradient penalty asks for none: it holds for each image alone, and
            batch statistics tie a score to the other images (Gulrajani et al. 2017, section 4).
        spectral: divide each weight by its largest singular value (Miyato et al. 2018), which bounds D's slope.
    """

    def __init__(self, image_shape: tuple[int, int, int], width: int, norm: bool = True, spectral: bool = False):
        super().__init__()
        maps = sides(image_shape[1])
        layers = [Conv2d(image_shape[0], width, *doubling(*maps[-2:]), bias=False), nn.LeakyReLU(0.2)]
        channels = width
        for large, small in pairwise(maps[-2::-1]):
            layers += [
                Conv2d(channels, channels * 2, *doubling(small, large), bias=not norm),
                nn.BatchNorm2d(channels * 2) if norm else nn.Identity(),
                nn.LeakyReLU(0.2),
            ]
            channels *= 2
        self.layers = nn.Sequential(*layers, Conv2d(channels, 1, maps[0], bias=False))
        if spectral:
            for layer in self.layers:
                if isinstance(layer, nn.Conv2d):
                    spectral_norm(layer)

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, H, W) → (B,) scores."""
        return self.layers(image).flatten()


def dcgan(
    image_shape: tuple[int, int, int] = (3, 64, 64),
    latent_dim: int = 100,
    width: int = 64,
    critic_norm: bool = True,
    spectral: bool = False,
    **options,
) -> GAN:
    """The game of `GAN` between convolutional players, with options as for `GAN`.

    `critic_norm` is D's batch norm, `spectral` its spectral norm (which makes the scale of D's first weights void).
    """
    game = GAN(
        Generator(latent_dim, image_shape, width),
        Discriminator(image_shape, width, critic_norm, spectral),
        latent_dim=latent_dim,
        image_shape=image_shape,
        **options,
    )
    game.apply(normal_weights)
    return game
