"""Karras et al. 2020, *Analyzing and improving the image quality of StyleGAN* (StyleGAN2).

z ~ N(0, I) → mapping network f → w ∈ W → a style at every layer of the synthesis network g, which starts from a learned
constant: x = g(f(z), noise). Several w may be mixed, each for some of the layers. With `generator="adain"` g is that of
Karras et al. 2019, *A style-based generator architecture for GANs*: see `labkit.models.adain`.

Weights come from labkit's own runs and checkpoints (safetensors, or a run's `last.pt`, read without running code). The
networks that were published with StyleGAN2-ADA are pickles, which run code when they are opened: they are not read.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Named
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from labkit.errors import UserError, nearest
from labkit.models.adain import AdaINSynthesis
from labkit.models.critics import CRITICS
from labkit.models.game import Game, Group, Turn, evaluating
from labkit.nn.augment import augment, check_augmentations
from labkit.nn.equalized import GAIN, EqualizedLinear, activate_scaled
from labkit.nn.filters import Blur
from labkit.nn.losses import path_lengths, r1_penalty
from labkit.nn.modulation import ModulatedConv2d, channels, sides

Noise = Sequence[Tensor | None]
"""For each layer of the synthesis network (B, 1, H, W), or None for a layer without."""


class Mapping(nn.Module):
    """f: z → w (Karras et al. 2019, section 2). z is brought to length √D first.

    Args:
        latent_dim: length D of z.
        style_dim: length of w.
        layers: how many.
        lr_multiplier: how much slower it learns than the rest; at full speed it goes astray.
    """

    mean: Tensor

    def __init__(self, latent_dim: int, style_dim: int, layers: int = 8, lr_multiplier: float = 0.01):
        super().__init__()
        sizes = [latent_dim, *[style_dim] * layers]
        self.layers = nn.Sequential(
            *[EqualizedLinear(a, b, 0.0, lr_multiplier, activation=True) for a, b in pairwise(sizes)]
        )
        self.register_buffer("mean", torch.zeros(style_dim))

    def forward(self, z: Tensor) -> Tensor:
        """(B, latent_dim) → (B, style_dim)."""
        return self.layers(pixel_norm(z))

    @torch.no_grad()
    def follow(self, w: Tensor, keep: float = 0.995) -> None:
        """Take a batch of w (B, style_dim) into the running mean w̄."""
        self.mean.lerp_(w.detach().float().mean(0), 1 - keep)

    def truncate(self, w: Tensor, psi: float) -> Tensor:
        """w̄ + ψ (w − w̄): at ψ = 0 the mean face, at 1 w itself (Karras et al. 2019, appendix B)."""
        return self.mean + psi * (w - self.mean)


def pixel_norm(z: Tensor) -> Tensor:
    """Divide z by √(mean z² + ε) over its numbers, so that its length says nothing."""
    return z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class Layer(nn.Module):
    """Modulated convolution, noise, bias, activation.

    Args:
        inputs: channels.
        outputs: channels.
        style_dim: length of w.
        up: double the size.
        channel_noise: a strength of the noise for each channel, and not one for all.
    """

    def __init__(self, inputs: int, outputs: int, style_dim: int, up: bool = False, channel_noise: bool = False):
        super().__init__()
        self.convolution = ModulatedConv2d(inputs, outputs, 3, style_dim, up=up)
        self.strength = nn.Parameter(torch.zeros((outputs, 1, 1) if channel_noise else ()))  # of the noise
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """(B, inputs, H, W), (B, style_dim) and noise (B, 1, H', W') → (B, outputs, H', W')."""
        x = self.convolution(x, w, self.bias, GAIN)
        if noise is not None:
            x = x.add_(over_channels((GAIN * self.strength * noise).to(x.dtype), x))
        return activate_scaled(x)


def over_channels(noise: Tensor, x: Tensor) -> Tensor:
    """(B, 1, H, W) → x's shape and memory format. Adding what is laid out alike is much faster than stretching."""
    layout = torch.contiguous_format if x.is_contiguous() else torch.channels_last
    return noise.expand(len(x), x.shape[1], -1, -1).contiguous(memory_format=layout)


class ToRGB(nn.Module):
    """A 1×1 modulated convolution without demodulation, added to the doubled picture from below (a skip generator).

    Args:
        inputs: channels.
        style_dim: length of w.
        colours: of the picture.
        gain: factor of what is added.
    """

    def __init__(self, inputs: int, style_dim: int, colours: int, gain: float = 1.0):
        super().__init__()
        self.gain = gain
        self.convolution = ModulatedConv2d(inputs, colours, 1, style_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(colours))
        self.enlarge = Blur(up=2)

    def forward(self, x: Tensor, w: Tensor, below: Tensor | None) -> Tensor:
        """(B, inputs, H, W), (B, style_dim) and the picture of half the size → (B, colours, H, W)."""
        picture = self.convolution(x, w, gain=self.gain).float() + self.gain * self.bias[:, None, None]
        return picture if below is None else picture + self.enlarge(below)


class Synthesis(nn.Module):
    """g of StyleGAN2: one layer at 4×4, two at every further size, a picture at each size, all summed.

    Layers take their style from w_0, w_1, …, and the picture of a size takes that of the layer after it, as published.

    Args:
        image_shape: (C, H, W) with H = W, a power of 2.
        style_dim: length of w.
        base: channels times side of the large maps.
        most: channels of the small maps.
        gain: factor of every size's picture.
        channel_noise: as for `Layer`.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        style_dim: int,
        base: int,
        most: int,
        gain: float = 1.0,
        channel_noise: bool = False,
    ):
        super().__init__()
        self.sides = sides(image_shape[1])
        widths = [channels(side, base, most) for side in self.sides]
        self.constant = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        self.layers = nn.ModuleList([Layer(widths[0], widths[0], style_dim, False, channel_noise)])
        self.pictures = nn.ModuleList([ToRGB(widths[0], style_dim, image_shape[0], gain)])
        for below, width in pairwise(widths):
            for inputs, up in ((below, True), (width, False)):
                self.layers.append(Layer(inputs, width, style_dim, up, channel_noise))
            self.pictures.append(ToRGB(width, style_dim, image_shape[0], gain))
        self.styles = 2 * len(self.sides)
        self.noise_sides = [self.sides[0], *(side for side in self.sides[1:] for _ in range(2))]

    def forward(self, w: Tensor, noise: Noise | None = None) -> Tensor:
        """(B, style_dim), or (B, styles, style_dim) of mixed styles, → (B, C, H, W), about [−1, 1]."""
        w = w[:, None].expand(-1, self.styles, -1) if w.dim() == 2 else w
        noise = noise or [None] * len(self.layers)
        x = self.layers[0](self.constant.expand(len(w), -1, -1, -1), w[:, 0], noise[0])
        picture = self.pictures[0](x, w[:, 1], None)
        for k in range(1, len(self.sides)):
            x = self.layers[2 * k - 1](x, w[:, 2 * k - 1], noise[2 * k - 1])
            x = self.layers[2 * k](x, w[:, 2 * k], noise[2 * k])
            picture = self.pictures[k](x, w[:, 2 * k + 1], picture)
        return picture


class StyleGAN(Game):
    """The game of StyleGAN2: non-saturating losses, lazy R1, style mixing, lazy path-length regularisation.

    Args:
        image_shape: (C, H, W) with H = W, a power of 2 from 8 on.
        latent_dim: length of z.
        style_dim: length of w.
        mapping_layers: of f.
        mapping_rate: how much slower f learns than the rest.
        base: channels of a map times its side, for large maps.
        most: channels of the small maps.
        critic: D. `residual`: StyleGAN2's; `strided`: the DCGAN's with minibatch deviation in place of batch
            norm, which at few channels takes less than half the time, but has no equalised rate.
        critic_base: `base` of D; 0: as in g.
        critic_most: `most` of D; 0: as in g.
        generator: `modulated` (StyleGAN2) or `adain` (StyleGAN).
        picture_gain: factor of what becomes colour. At StyleGAN2's 1 a fresh g's pictures go far beyond [−1, 1], and
            g first learns to make its maps small; 0.25 begins near the data (`output_scale` of StyleGAN3, Karras et
            al. 2021).
        channel_noise: a strength of the noise for each channel, as in StyleGAN (and always with `adain`), in place of
            StyleGAN2's one for a layer. With one G can't have grain without specks, and a young one has specks.
        mixing: share of the images that take their late layers from a second w.
        r1: weight γ of R1, (γ/2) E‖∇D(x)‖².
        r1_every: R1 is computed in every so-manieth step, and weighted so many times.
        path_length: weight of the path-length penalty; 0 for none.
        path_every: as `r1_every`.
        augment: changes that D sees every image through; keys of `labkit.nn.augment.AUGMENTATIONS`.

    Raises:
        UserError: an image size that is no power of 2; an unknown generator, critic or augmentation.
    """

    averaged = ("mapping", "synthesis")
    usual_length: Tensor
    synthesis: Synthesis | AdaINSynthesis

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 64, 64),
        latent_dim: int = 512,
        style_dim: int = 512,
        mapping_layers: int = 8,
        mapping_rate: float = 0.01,
        base: int = 32_768,
        most: int = 512,
        critic: str = "residual",
        critic_base: int = 0,
        critic_most: int = 0,
        generator: str = "modulated",
        picture_gain: float = 1.0,
        channel_noise: bool = False,
        mixing: float = 0.9,
        r1: float = 10.0,
        r1_every: int = 16,
        path_length: float = 2.0,
        path_every: int = 4,
        augment: Sequence[str] = (),
    ):
        super().__init__()
        if generator not in SYNTHESIS:
            raise UserError(nearest(generator, SYNTHESIS, "generator"))
        if critic not in CRITICS:
            raise UserError(nearest(critic, CRITICS, "critic"))
        check_augmentations(augment)
        self.image_shape, self.latent_dim, self.style_dim = image_shape, latent_dim, style_dim
        self.mapping = Mapping(latent_dim, style_dim, mapping_layers, mapping_rate)
        more = {"channel_noise": channel_noise} if generator == "modulated" else {}
        self.synthesis = SYNTHESIS[generator](image_shape, style_dim, base, most, picture_gain, **more)
        self.discriminator = CRITICS[critic](image_shape, critic_base or base, critic_most or most)
        self.mixing, self.augment = mixing, tuple(augment)
        self.r1, self.r1_every, self.path_length, self.path_every = r1, r1_every, path_length, path_every
        self.register_buffer("usual_length", torch.zeros(()))

    def extra_repr(self) -> str:
        """The options that make this another game."""
        return (
            f"mixing={self.mixing}, r1={self.r1}, r1_every={self.r1_every}, path_length={self.path_length}, "
            f"path_every={self.path_every}, augment={self.augment}"
        )

    @property
    def players(self) -> Named[str, nn.Module | Sequence[Group]]:
        """D; and G, which is f and g together."""
        return {
            "discriminator": self.discriminator,
            "generator": [Group([*self.mapping.parameters(), *self.synthesis.parameters()])],
        }

    def noise(self, n: int, generator: torch.Generator | None = None) -> list[Tensor]:
        """For each layer (n, 1, side, side): what makes one strand of hair lie otherwise."""
        return [self.normal(n, 1, side, side, generator=generator) for side in self.synthesis.noise_sides]

    def styles(self, n: int) -> Tensor:
        """W for every layer, (n, styles, style_dim); some images change to a second w at a random layer."""
        first = self.mapping(self.latent(n))
        self.mapping.follow(first)
        w = first[:, None].expand(-1, self.synthesis.styles, -1)
        if not self.mixing:
            return w
        chance, place = self.uniform(n, 2).unbind(1)
        crossover = 1 + (place * (self.synthesis.styles - 1)).floor()
        late = torch.arange(self.synthesis.styles, device=w.device) >= crossover[:, None]
        mixed = late & (chance < self.mixing)[:, None]
        return torch.where(mixed[..., None], self.mapping(self.latent(n))[:, None], w)

    def critic(self, image: Tensor) -> Tensor:
        """D's scores (B,) of images as D is shown them: through the augmentations."""
        return self.discriminator(augment(image, self.augment, self.uniform))

    def turns(self, batch: Named[str, Tensor], step: int) -> Iterator[Turn]:
        """One move of each, with what the step asks for beside it."""
        real = batch["image"]
        fake = self.synthesis(self.styles(len(real)), self.noise(len(real)))
        real_score, fake_score = self.critic(real), self.critic(fake.detach())
        losses = {"real": softplus(-real_score).mean(), "fake": softplus(fake_score).mean()}
        if self.r1 and step % self.r1_every == 0:
            losses["r1"] = 0.5 * self.r1 * self.r1_every * r1_penalty(self.critic, real)
        watch = {"real_score": real_score.detach().mean(), "fake_score": fake_score.detach().mean()}
        yield Turn("discriminator", watch=watch, **losses)
        losses = {"fool": softplus(-self.critic(fake)).mean()}
        if self.path_length and step % self.path_every == 0:
            losses["path"] = self.path_length * self.path_every * self._path_penalty(max(1, len(real) // 2))
        yield Turn("generator", watch=None, **losses)

    def _path_penalty(self, n: int) -> Tensor:
        """E(‖Jᵀ y‖ − a)², with a the running mean of the lengths: equal steps in W shall be equal steps in pictures."""
        with torch.autocast(self.device.type, enabled=False):
            w = self.styles(n)
            images = self.synthesis(w, self.noise(n))
            lengths = path_lengths(images, w, self.normal(*images.shape))
            self.usual_length.lerp_(lengths.detach().mean(), 0.01)
            return (lengths - self.usual_length.clone()).square().mean()

    def draw(self, w: Tensor, noise: Noise | None = None) -> Tensor:
        """g(w): (B, style_dim) or (B, styles, style_dim) → (B, C, H, W), about [−1, 1]."""
        return self.synthesis(w, noise)

    def sample(self, n: int, *, generator: torch.Generator | None = None, psi: float = 1.0) -> Tensor:
        """Draw n images, (n, C, H, W) cut to [−1, 1]; `psi` draws w towards the mean."""
        with evaluating(self.mapping, self.synthesis):
            w = self.mapping.truncate(self.mapping(self.latent(n, generator)), psi)
            return self.synthesis(w, self.noise(n, generator)).clamp(-1, 1).float()


SYNTHESIS: dict[str, type[Synthesis] | type[AdaINSynthesis]] = {"modulated": Synthesis, "adain": AdaINSynthesis}
