"""Zhu et al. 2017, *Unpaired image-to-image translation using cycle-consistent adversarial networks* (CycleGAN).

G: A → B and F: B → A, each against a D of its own domain, and F(G(a)) ≈ a, G(F(b)) ≈ b (equation 3). No pairs: the
batch's pictures of A and of B have nothing to do with each other.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from labkit.errors import UserError, nearest
from labkit.models.game import Game, Turn, evaluating
from labkit.nn.initial import normal_weights, zero_biases
from labkit.nn.losses import ADVERSARIAL_LOSSES
from labkit.nn.patch import PatchDiscriminator
from labkit.nn.pool import ImagePool
from labkit.nn.resnet import ResNetTranslator


class CycleGAN(Game):
    """Two translators, two judges, two pools.

    A batch holds A's pictures as `image` and B's as `other`.

    Args:
        image_shape: (C, H, W), H and W divisible by 2**downs.
        width: channels of the translators' first map.
        blocks: residual blocks.
        critic_width: channels of the judges' first map.
        patch: the judges' convolutions of stride 2.
        cycle: weight λ of the cycle loss.
        identity: weight of the identity loss, as a share of λ: G(b) ≈ b, F(a) ≈ a (section 5.2).
        pool: past fakes that each judge is shown from.
        loss: a key of `labkit.nn.losses.ADVERSARIAL_LOSSES`; least squares in the paper.
        adversarial: weight of the translators' GAN terms. The paper weighs λ against (D − 1)², and our least squares
            are the half of it (Mao et al. 2017), hence 2.
        downs: halvings before the residual blocks.
        norm: of the translators, a key of `labkit.nn.patch.NORMS`; instance norm in the paper. Without any, colours
            pass from the first steps on, and small pictures are learned in a fraction of the steps.

    Raises:
        UserError: an unknown loss, or a size that can't be halved so often.
    """

    averaged = ("forward_net", "backward_net")

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (3, 256, 256),
        width: int = 64,
        blocks: int = 9,
        critic_width: int = 64,
        patch: int = 3,
        cycle: float = 10.0,
        identity: float = 0.5,
        pool: int = 50,
        loss: str = "least-squares",
        adversarial: float = 2.0,
        downs: int = 2,
        norm: str = "instance",
    ):
        super().__init__()
        if loss not in ADVERSARIAL_LOSSES:
            raise UserError(nearest(loss, ADVERSARIAL_LOSSES, "loss"))
        channels, height, across = image_shape
        if height % 2**downs or across % 2**downs:
            raise UserError(f"CycleGAN halves its pictures {downs} times: {height} × {across} can't be")
        self.image_shape, self.latent_dim = image_shape, 0
        self.forward_net = ResNetTranslator(channels, channels, width, blocks, downs, norm)
        self.backward_net = ResNetTranslator(channels, channels, width, blocks, downs, norm)
        self.critic_a = PatchDiscriminator(channels, critic_width, patch, "instance")
        self.critic_b = PatchDiscriminator(channels, critic_width, patch, "instance")
        self.pool_a, self.pool_b = ImagePool(pool, image_shape), ImagePool(pool, image_shape)
        self.cycle, self.identity, self.adversarial = cycle, identity, adversarial
        self.loss = ADVERSARIAL_LOSSES[loss]
        self.apply(normal_weights).apply(zero_biases)

    def extra_repr(self) -> str:
        """The options that make this another game."""
        weights = f"cycle={self.cycle}, identity={self.identity}, adversarial={self.adversarial}"
        return f"{weights}, pool={self.pool_a.size}, loss={self.loss.name}"

    @property
    def players(self) -> Mapping[str, nn.Module]:
        """Both translators move together, and both judges."""
        return {
            "generators": nn.ModuleList([self.forward_net, self.backward_net]),
            "discriminators": nn.ModuleList([self.critic_a, self.critic_b]),
        }

    def turns(self, batch: Mapping[str, Tensor], step: int) -> Iterator[Turn]:
        """The translators first, then the judges on fakes of the pools."""
        a, b = self.pair(batch)
        to_b, to_a = self.forward_net(a), self.backward_net(b)
        cycled = l1_loss(self.backward_net(to_b).float(), a) + l1_loss(self.forward_net(to_a).float(), b)
        losses = {
            "fool_b": self.adversarial * self.loss.fool(self.critic_b(to_b)),
            "fool_a": self.adversarial * self.loss.fool(self.critic_a(to_a)),
            "cycle": self.cycle * cycled,
        }
        if self.identity:
            same = l1_loss(self.forward_net(b).float(), b) + l1_loss(self.backward_net(a).float(), a)
            losses["identity"] = self.cycle * self.identity * same
        yield Turn("generators", watch=None, **losses)
        old_b, old_a = (pool.exchange(fake, self.uniform) for pool, fake in ((self.pool_b, to_b), (self.pool_a, to_a)))
        losses = {**self.judge("a", a, old_a), **self.judge("b", b, old_b)}
        yield Turn("discriminators", watch=None, **losses)

    def judge(self, domain: str, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Half of a judge's loss, so that it learns more slowly than the translators (appendix 7.1)."""
        critic = self.critic_a if domain == "a" else self.critic_b
        return {
            f"real_{domain}": 0.5 * self.loss.real(critic(real)),
            f"fake_{domain}": 0.5 * self.loss.fake(critic(fake)),
        }

    @staticmethod
    def pair(batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """A's pictures and B's.

        Raises:
            UserError: the data has one domain only.
        """
        if "other" not in batch:
            raise UserError("CycleGAN wants two domains: a data set with the fields 'image' (A) and 'other' (B)")
        return batch["image"], batch["other"]

    def translate(self, image: Tensor, back: bool = False) -> Tensor:
        """G(a), or with `back` F(b): (B, C, H, W) → the same shape, in [−1, 1], in eval mode."""
        network = self.backward_net if back else self.forward_net
        with evaluating(network):
            return network(image).float()

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """There is nothing to draw without a picture.

        Raises:
            UserError: always.
        """
        raise UserError("CycleGAN translates pictures: ask translate(image), not sample(n)")

    def preview(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Rows of up to eight: a, G(a), F(G(a)); b, F(b), G(F(b))."""
        a, b = (images[:8] for images in self.pair(batch))
        self.preview_columns = len(a)
        to_b, to_a = self.translate(a), self.translate(b, back=True)
        return torch.cat([a, to_b, self.translate(to_b, back=True), b, to_a, self.translate(to_a)])
