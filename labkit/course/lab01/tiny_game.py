"""A game small enough to be played within a check, whose networks remember what they were given."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from labkit.course.exercise import Wrong
from labkit.models.game import Game, Turn

LATENT = 3


class Recorder(nn.Module):
    """A network that keeps what it was given and what it gave."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.seen: list[Tensor] = []
        self.given: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """Whatever the layers give."""
        draws = isinstance(self.layers[0], nn.Linear)
        if not isinstance(x, Tensor):
            raise Wrong(
                "not-images",
                f"{'G' if draws else 'D'} is given a {type(x).__name__}, and it takes a tensor.",
                'The batch is a dict; its images are `batch["image"]`. Latents are `game.latent(n)`.',
            )
        if draws and x.shape[1:] != (LATENT,):
            raise Wrong(
                "own-latent",
                f"G is given something of shape {tuple(x.shape)}, and this game's latents have (B, {LATENT}).",
                "Each game knows how long its latents are: `game.latent(n)` draws n of them.",
            )
        self.seen.append(x.detach().clone())
        y = self.layers(x)
        self.given.append(y.detach().clone())
        return y


class TinyGame(Game):
    """A game for a judge: 3 latent numbers, 2×2 images, D and G with a hidden layer each. Keeps the latents it drew."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.generator = Recorder(
            nn.Linear(LATENT, 8), nn.Tanh(), nn.Linear(8, 4), nn.Tanh(), nn.Unflatten(1, (1, 2, 2))
        )
        self.discriminator = Recorder(nn.Flatten(), nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Flatten(0))
        self.latent_dim, self.image_shape = LATENT, (1, 2, 2)
        self.drawn: list[Tensor] = []
        with torch.no_grad():  # Logits well away from zero: there all losses and their mistakes differ.
            for parameter in self.parameters():
                parameter.mul_(2.5)

    @property
    def players(self) -> dict[str, nn.Module]:
        """As a game's."""
        return {"discriminator": self.discriminator, "generator": self.generator}

    def latent(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """z, (n, 3)."""
        z = super().latent(n, generator)
        self.drawn += z.detach().clone()
        return z

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Not for training, which the student is told."""
        raise Wrong(
            "sample",
            "you draw fakes with `game.sample`, which is for looking at: no gradient could get back to G.",
            "`game.generator(game.latent(n))` draws the same images with their graph.",
        )

    def turns(self, batch: Mapping[str, Tensor], step: int) -> Iterator[Turn]:
        """What the student is to write."""
        raise Wrong(
            "game-turns",
            "you call the `turns` of the game, and here they are yours to write: this game has none.",
            "Two `yield Turn(…)` of your own, with the two losses that you wrote above.",
        )

    def forget(self) -> None:
        """Empty the records."""
        for network in (self.generator, self.discriminator):
            network.seen.clear()
            network.given.clear()
