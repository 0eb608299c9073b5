"""Isola et al. 2017, *Image-to-image translation with conditional adversarial networks* (pix2pix).

G sees a condition x (labels, a drawing …) and draws y; D sees both and judges patches. G's loss is the GAN's plus
λ ‖y − G(x)‖₁: L1 makes it right on the whole, the GAN makes it sharp (equation 4).

With `scales` and `matching` it is the game of Wang et al. 2018 (pix2pixHD): several discriminators, each on a picture
half as large, and features of D that must be alike for G(x) and y (equations 2 to 4 there).
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, l1_loss

from labkit.errors import UserError, nearest
from labkit.models.game import Game, Turn, evaluating
from labkit.nn.conditions import condition
from labkit.nn.initial import normal_weights, zero_biases
from labkit.nn.losses import ADVERSARIAL_LOSSES
from labkit.nn.patch import PatchDiscriminator
from labkit.nn.resnet import ResNetTranslator
from labkit.nn.unet import UNet


class Pix2Pix(Game):
    """A translator against a judge of patches, on pairs.

    Args:
        image_shape: (C, H, W) of y, H = W.
        source: what G is shown, a key of `labkit.nn.conditions.CONDITIONS`.
        network: G: `unet`, or `resnet`, the global generator of pix2pixHD.
        width: channels of G's first map (ngf).
        critic_width: channels of D's first map (ndf).
        patch: D's convolutions of stride 2; see `PatchDiscriminator`. 0 looks at single pixels, 3 at patches of 70.
        loss: a key of `labkit.nn.losses.ADVERSARIAL_LOSSES`.
        l1: weight λ of the L1 term; 0 leaves the GAN alone.
        adversarial: weight of the GAN's term; 0 leaves L1 alone.
        scales: discriminators, each after the first on a picture half as large as the one before.
        matching: weight of pix2pixHD's feature matching; 0 for none.
        dropout: in the U-Net.
        skips: of the U-Net.
        norm: in both networks: `batch`, `instance` or `none`.

    Raises:
        UserError: an unknown condition, network, loss or norm, with the nearest names; a size that a U-Net can't take.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 256, 256),
        source: str = "labels",
        network: str = "unet",
        width: int = 64,
        critic_width: int = 64,
        patch: int = 3,
        loss: str = "non-saturating",
        l1: float = 100.0,
        adversarial: float = 1.0,
        scales: int = 1,
        matching: float = 0.0,
        dropout: float = 0.5,
        skips: bool = True,
        norm: str = "batch",
    ):
        super().__init__()
        if loss not in ADVERSARIAL_LOSSES:
            raise UserError(nearest(loss, ADVERSARIAL_LOSSES, "loss"))
        if network not in ("unet", "resnet"):
            raise UserError(nearest(network, ("unet", "resnet"), "network"))
        self.image_shape, self.latent_dim = image_shape, 0
        self.condition, outputs = condition(source), image_shape[0]
        inputs = self.condition.channels
        self.generator: nn.Module = (
            UNet(inputs, outputs, image_shape[1], width, norm, dropout, skips)
            if network == "unet"
            else ResNetTranslator(inputs, outputs, width, blocks=6, downs=3, norm=norm)
        )
        judges = scales if adversarial or matching else 0
        self.discriminator = nn.ModuleList(
            PatchDiscriminator(inputs + outputs, critic_width, patch, norm) for _ in range(judges)
        )
        self.loss = ADVERSARIAL_LOSSES[loss]
        self.l1, self.adversarial, self.matching = l1, adversarial, matching
        self.apply(normal_weights).apply(zero_biases)

    def extra_repr(self) -> str:
        """The options that make this another game."""
        return (
            f"source={self.condition.name}, loss={self.loss.name}, l1={self.l1}, adversarial={self.adversarial}, "
            f"matching={self.matching}"
        )

    @property
    def players(self) -> Mapping[str, nn.Module]:
        """D and G; without a term that asks D, G alone."""
        judges = {"discriminator": self.discriminator} if len(self.discriminator) else {}
        return {**judges, "generator": self.generator}

    def judged(self, source: Tensor, image: Tensor) -> list[list[Tensor]]:
        """What each discriminator makes of the pair (x, y): all its maps, the scores last."""
        pair, found = torch.cat([source, image], 1), []
        for network in self.discriminator:
            assert isinstance(network, PatchDiscriminator)
            found.append(network.maps(pair))
            pair = avg_pool2d(pair, 3, 2, 1, count_include_pad=False)
        return found

    def turns(self, batch: Mapping[str, Tensor], step: int) -> Iterator[Turn]:
        """One move of D, with half of its loss so that it learns more slowly (section 3.3), and one of G."""
        source, image = self.condition(batch), batch["image"]
        fake = self.generator(source)
        if len(self.discriminator):
            real_maps, fake_maps = self.judged(source, image), self.judged(source, fake.detach())
            real = torch.stack([self.loss.real(maps[-1]) for maps in real_maps]).sum()
            false = torch.stack([self.loss.fake(maps[-1]) for maps in fake_maps]).sum()
            yield Turn("discriminator", real=0.5 * real, fake=0.5 * false)
        losses = {}
        if self.l1:
            losses["l1"] = self.l1 * l1_loss(fake.float(), image)
        if len(self.discriminator):
            fake_maps = self.judged(source, fake)
            fool = torch.stack([self.loss.fool(maps[-1]) for maps in fake_maps]).sum()
            if self.adversarial:
                losses["fool"] = self.adversarial * fool
            if self.matching:
                with torch.no_grad():
                    real_maps = self.judged(source, image)
                losses["matching"] = self.matching * feature_distance(fake_maps, real_maps)
        yield Turn("generator", watch=None, **losses)

    def translate(self, source: Tensor) -> Tensor:
        """G(x) in eval mode: (B, channels of the condition, H, W) → (B, C, H, W) in [−1, 1].

        The original draws in train mode, with dropout and the statistics of the batch at hand. With batches of one that
        was all it had; with larger ones the running statistics are better, and the same picture comes each time.
        """
        with evaluating(self.generator):
            return self.generator(source).float()

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """There is nothing to draw without a condition.

        Raises:
            UserError: always.
        """
        raise UserError("pix2pix draws from a condition: ask translate(source), not sample(n)")

    def preview(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Conditions above, what G makes of them in the middle, the truth below: a column each of up to eight."""
        some = {name: field[:8] for name, field in batch.items()}
        source = self.condition(some)
        self.preview_columns = len(source)
        return torch.cat([visible(source), self.translate(source), some["image"]])


def feature_distance(fake: list[list[Tensor]], real: list[list[Tensor]]) -> Tensor:
    """Mean over discriminators and layers of the mean |difference|; the scores themselves don't count."""
    apart = [l1_loss(a.float(), b.float()) for x, y in zip(fake, real) for a, b in zip(x[:-1], y[:-1])]
    return torch.stack(apart).mean()


def visible(source: Tensor) -> Tensor:
    """A condition as colour pictures (B, 3, H, W) in [−1, 1]: classes in colours, one plane grey, a hole as it is."""
    channels = source.shape[1]
    if channels > 4:
        hues = torch.linspace(0, 1, channels + 1, device=source.device)[:channels]
        angles = (hues[:, None] + torch.tensor([0.0, 1 / 3, 2 / 3], device=source.device)) * 2 * torch.pi
        return torch.einsum("bchw,cd->bdhw", source, angles.cos() * 0.9)
    return source.expand(-1, 3, -1, -1) if channels == 1 else source[:, :3]
