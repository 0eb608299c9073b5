"""A StyleGAN's latent spaces, each as a generator: what walks, adds and inverts in Z does so in W as well."""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.models.stylegan import StyleGAN


class Space:
    """Latents of one of a StyleGAN's spaces and the picture of each, always with the same noise.

    It has what explorers, directions and inversion ask of a GAN: `latent`, `generator`, `latent_dim`, `image_shape`.

    Args:
        game: in eval mode.
        name: what the space is called.
        latent: n and a generator of random numbers to latents (n, D).
        to_style: latents (n, D) to w (n, style_dim).
        seed: of the noise that all pictures share: otherwise hair would change with every step of a walk.
    """

    def __init__(
        self,
        game: StyleGAN,
        name: str,
        latent: Callable[..., Tensor],
        to_style: Callable[[Tensor], Tensor],
        seed: int = 0,
    ):
        self.game, self.name, self.latent, self.to_style = game, name, latent, to_style
        self.image_shape = game.image_shape
        self.noise = game.noise(1, torch.Generator().manual_seed(seed))
        with torch.no_grad():
            self.latent_dim = latent(1, torch.Generator().manual_seed(0)).shape[1]

    def generator(self, latent: Tensor) -> Tensor:
        """(n, D) → (n, C, H, W), about [−1, 1]; gradients flow."""
        return self.game.draw(self.to_style(latent), self.noise)

    @torch.no_grad()
    def draw(self, latent: Tensor) -> Tensor:
        """(n, D) → (n, C, H, W) cut to [−1, 1], as judges want them."""
        return torch.cat([self.generator(part).float().clamp(-1, 1) for part in latent.split(100)])

    def eval(self) -> "Space":
        """Itself, its game in eval mode."""
        self.game.eval()
        return self


def z_space(game: StyleGAN, seed: int = 0) -> Space:
    """Z, brought to length √D as the mapping network does first."""
    return Space(game, "Z", game.latent, game.mapping, seed)


def w_space(game: StyleGAN, psi: float = 1.0, seed: int = 0) -> Space:
    """W; samples are drawn towards the mean by ψ."""

    def latent(n: int, generator: torch.Generator | None = None) -> Tensor:
        with torch.no_grad():
            return game.mapping.truncate(game.mapping(game.latent(n, generator)), psi)

    return Space(game, "W", latent, lambda w: w, seed)


def whitened_space(game: StyleGAN, samples: int = 10_000, seed: int = 0) -> Space:
    """W with the mean of its samples at 0 and their covariance I: distances from 0 say how usual a w is.

    Inversion that stays near 0 here stays where styles are (Zhu et al. 2020, *Improved StyleGAN embedding*, section
    4.1, whose P_N space also undoes the last leaky ReLU).
    """
    with torch.no_grad():
        w = game.mapping(game.latent(samples, torch.Generator().manual_seed(seed))).double()
        mean, centred = w.mean(0), w - w.mean(0)
        values, axes = torch.linalg.eigh(centred.T @ centred / samples)
        spread = (axes * values.clamp(min=0).sqrt()) @ axes.T
        mean, spread = mean.float(), spread.float()

    def latent(n: int, generator: torch.Generator | None = None) -> Tensor:
        return game.normal(n, game.style_dim, generator=generator)

    return Space(game, "W, whitened", latent, lambda v: mean + v @ spread, seed)
