"""Isola et al. 2017, *Image-to-image translation with conditional adversarial networks* (pix2pix).

G sees a condition x (labels, a drawing …) and draws y; D sees both and judges patches. G's loss is the GAN's plus
λ ‖y − G(x)‖₁: L1 makes it right on the whole, the GAN makes it sharp (equation 4).

With other switches it is the game of Wang et al. 2018 (pix2pixHD), by sections of that paper:
- `scales` (3.2): several discriminators, each on a picture half as large; their GAN terms are added up (equation 2);
- `matching` (3.2): features of D that must be alike for G(x) and y (equations 3 and 4);
- `network` (3.2): `resnet`, the global generator, and `enhancer`, the coarse-to-fine one, trained in three phases:

      coarse = Pix2Pix((3, 64, 64), network="resnet", …)                    # 1. the global network, at half the size
      fine = Pix2Pix((3, 128, 128), network="enhancer", frozen=True, …)
      fine.adopt(coarse)                                                    # 2. the enhancer alone
      joint = Pix2Pix((3, 128, 128), network="enhancer", …)
      joint.load_state_dict(fine.state_dict())                              # 3. both

- `source="labels-and-edges"` (3.3): the boundaries of instances beside the labels.

Departures: no perceptual loss on VGG features, which the authors' program adds with weight 10: it needs weights of
ImageNet, and labkit works offline. No encoder of instances' features (3.4). D pads by 1, as pix2pix does, and not by 2.
Paper's settings: width 64, downs 4, blocks 9, norm `instance`, l1 0, matching 10, scales 3 (2 below 2048 px), loss
`least-squares` with adversarial 2: λ was weighed against (D − 1)², and ours is the half of it (Mao et al. 2017).
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from labkit.errors import UserError, nearest
from labkit.models.game import Game, Turn, evaluating
from labkit.nn.conditions import CLASSES, condition
from labkit.nn.enhancer import LocalEnhancer, halved
from labkit.nn.initial import normal_weights, zero_biases
from labkit.nn.losses import ADVERSARIAL_LOSSES
from labkit.nn.palette import CLASS_COLOURS
from labkit.nn.patch import PatchDiscriminator
from labkit.nn.resnet import ResNetTranslator, check_sides
from labkit.nn.unet import UNet

NETWORKS = ("unet", "resnet", "enhancer")


class Pix2Pix(Game):
    """A translator against a judge of patches, on pairs.

    Args:
        image_shape: (C, H, W) of y; H = W for `unet`.
        source: what G is shown, a key of `labkit.nn.conditions.CONDITIONS`.
        network: G: `unet`; `resnet`, pix2pixHD's global generator; `enhancer`, with the local enhancer around that.
        width: channels of G's first map (ngf); of the global network's where there is an enhancer.
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
        downs: halvings in the global network, from 1 on; a U-Net always halves to one pixel.
        blocks: residual blocks of the global network, from 1 on.
        frozen: the enhancer's global network doesn't learn (phase 2).

    Raises:
        UserError: an unknown condition, network, loss or norm, with the nearest names; a size that G can't take; frozen
            without an enhancer.
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
        downs: int = 3,
        blocks: int = 6,
        frozen: bool = False,
    ):
        super().__init__()
        if loss not in ADVERSARIAL_LOSSES:
            raise UserError(nearest(loss, ADVERSARIAL_LOSSES, "loss"))
        if network not in NETWORKS:
            raise UserError(nearest(network, NETWORKS, "network"))
        if downs < 1 or blocks < 1:
            raise UserError(f"the global network has a halving and a block at least, not {downs} and {blocks}")
        if frozen and network != "enhancer":
            raise UserError(f"frozen is said of the enhancer's global network: network='enhancer', not {network!r}")
        self.image_shape, self.latent_dim = image_shape, 0
        self.condition, outputs = condition(source), image_shape[0]
        inputs = self.condition.channels
        self.generator: nn.Module
        if network == "unet":
            self.generator = UNet(inputs, outputs, image_shape[1], width, norm, dropout, skips)
        elif network == "resnet":
            check_sides(image_shape[1:], downs)
            self.generator = ResNetTranslator(inputs, outputs, width, blocks, downs, norm)
        else:
            check_sides(image_shape[1:], downs + 1)
            self.generator = LocalEnhancer(inputs, outputs, width, blocks, downs, norm, frozen)
        self.global_network = {"source": source, "width": width, "downs": downs, "blocks": blocks, "norm": norm}
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
        ) + (f", frozen={self.generator.frozen}" if isinstance(self.generator, LocalEnhancer) else "")

    @property
    def players(self) -> Mapping[str, nn.Module]:
        """D and G; without a term that asks D, G alone."""
        judges = {"discriminator": self.discriminator} if len(self.discriminator) else {}
        return {**judges, "generator": self.generator}

    def adopt(self, game: "Pix2Pix") -> "Pix2Pix":
        """Take over the global network that a `resnet` game trained: the step from phase 1 to phase 2. Before training.

        Its last three layers stay behind, and so do its discriminators, which judged smaller pictures.

        Args:
            game: with the same source, width, downs, blocks and norm; its weights as they are, so let it hold the
                averages if those are wanted. It is only read.

        Returns:
            This game.

        Raises:
            UserError: this game has no enhancer, or the other's network is of another kind or size: what differs.
        """
        if not isinstance(self.generator, LocalEnhancer):
            raise UserError("only a game with network='enhancer' can adopt a global network")
        if not isinstance(game.generator, ResNetTranslator):
            raise UserError("an enhancer adopts the global network of a game with network='resnet'")
        here, there = self.global_network, game.global_network
        apart = [f"{name} {there[name]!r} and not {here[name]!r}" for name in here if here[name] != there[name]]
        if apart:
            raise UserError(f"the global network doesn't fit this enhancer: it has {', '.join(apart)}")
        self.generator.coarse.load_state_dict(game.generator.body.state_dict())
        return self

    def judged(self, source: Tensor, image: Tensor) -> list[list[Tensor]]:
        """What each discriminator makes of the pair (x, y): all its maps, the scores last."""
        pair, found = torch.cat([source, image], 1), []
        for network in self.discriminator:
            assert isinstance(network, PatchDiscriminator)
            found.append(network.maps(pair))
            pair = halved(pair)
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
    """Feature matching (Wang et al. 2018, equation 3): Σ_k 1/K · 4/J · Σ_j mean |D_k^j(x, G(x)) − D_k^j(x, y)|.

    K discriminators, J maps each, the scores not among them: 4 in a D of patches of 70, where 4/J is 1. Equation 4 adds
    the discriminators up; the authors' program, of which λ = 10 is the weight, takes their mean, and so do we. Terms of
    the GAN, however, are added up in both.

    Args:
        fake: of each discriminator its maps of (x, G(x)), as `Pix2Pix.judged` gives them.
        real: those of (x, y).
    """
    apart = [l1_loss(a.float(), b.float()) for x, y in zip(fake, real) for a, b in zip(x[:-1], y[:-1])]
    return 4 * torch.stack(apart).mean()


def visible(source: Tensor) -> Tensor:
    """A condition as colour pictures (B, 3, H, W) in [−1, 1]: classes in colours, one plane grey, a hole as it is."""
    channels = source.shape[1]
    if channels > 4:
        planes, edges = source[:, :CLASSES], source[:, CLASSES:]
        palette = torch.from_numpy(CLASS_COLOURS[: planes.shape[1]]).to(source).div(127.5).sub(1)
        colours = torch.einsum("bchw,cd->bdhw", planes, palette)
        return torch.where(edges.sum(1, keepdim=True) > 0, -1.0, colours)  # edges black
    return source.expand(-1, 3, -1, -1) if channels == 1 else source[:, :3]
