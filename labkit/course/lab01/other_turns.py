"""Gradients of the turns that students write where another is asked for, and what to say about each."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from labkit.course.lab01.losses import discriminator_loss, generator_loss

Gradient = list[Tensor]


def gradients(
    player: str, parameters: list[nn.Parameter], real: Tensor, fake: Tensor
) -> tuple[Gradient, Mapping[str, tuple[Gradient, str, str]]]:
    """The right gradient of a player's turn, and mistake → (its gradient, what it does, what to look at).

    Args:
        player: whose turn it is.
        parameters: that player's.
        real: D's logits for the real images.
        fake: D's logits for the fakes, with a graph back to G.
    """

    def slope(loss: Tensor) -> Gradient:
        grads = torch.autograd.grad(loss, parameters, allow_unused=True, retain_graph=True)
        return [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, grads)]

    if player == "discriminator":
        right = slope(discriminator_loss(real, fake))
        return right, {
            "swapped": (
                slope(discriminator_loss(fake, real)),
                "D learns to call real images fake and fakes real: the two are swapped.",
                "`discriminator_loss(real_logits, fake_logits)`: D(real) first, D(fake) second.",
            ),
            "only-fake-loss": (
                slope(softplus(fake).mean()),
                "D's loss only counts its fakes.",
                "Give `discriminator_loss` the real logits as well as the fake ones.",
            ),
            "only-real-loss": (
                slope(softplus(-real).mean()),
                "D's loss only counts the real images.",
                "Give `discriminator_loss` the fake logits as well (and detach the image, not D's logits of it).",
            ),
            "fools-itself": (
                slope(generator_loss(fake)),
                "in its own turn D minimises G's loss: it learns to be fooled.",
                "D's turn takes `discriminator_loss`, G's turn takes `generator_loss`.",
            ),
            "both-losses": (
                slope(discriminator_loss(real, fake) + generator_loss(fake)),
                "D's turn also minimises G's loss, so D is told to catch fakes and to be fooled by them.",
                "Each turn holds its own player's loss only: `generator_loss` belongs to the second `Turn`.",
            ),
            "same-twice": (
                slope(discriminator_loss(fake, fake)),
                "D's loss gets the fake logits twice.",
                "`discriminator_loss(D(real), D(fake))`.",
            ),
            "probabilities": (
                slope(discriminator_loss(real.sigmoid(), fake.sigmoid())),
                "D's opinions go through a sigmoid before they reach your loss, which has one of its own.",
                "Both losses take raw logits: what `game.discriminator` gives, as it is.",
            ),
            "negative": (
                [-grad for grad in right],
                "D climbs its loss instead of descending it.",
                "Your loss is already something to minimise: no minus in front of it.",
            ),
        }
    right = slope(generator_loss(fake))
    return right, {
        "generator-negative": (
            [-grad for grad in right],
            "G's loss falls when D catches its fakes: the sign is wrong.",
            "Your `generator_loss` is already something to minimise: no minus in front of it.",
        ),
        "wrong-loss-generator": (
            slope(softplus(fake).mean()),
            "G's turn minimises D's fake term, so G learns to make fakes that are easy to catch.",
            "G's turn takes `generator_loss`, D's turn takes `discriminator_loss`.",
        ),
        "saturating": (
            slope(-softplus(fake).mean()),
            "G's turn uses the saturating loss, log(1 − D(G(z))).",
            "Use the non-saturating `generator_loss` that you wrote above.",
        ),
        "probabilities-generator": (
            slope(generator_loss(fake.sigmoid())),
            "in G's turn D's opinion goes through a sigmoid before it reaches your loss, which has one of its own.",
            "`generator_loss` takes raw logits: what `game.discriminator` gives, as it is.",
        ),
    }
