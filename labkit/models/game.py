"""A GAN is a game: a module that holds its networks, names its players, and tells one iteration as a generator.

    class GAN(Game):
        def turns(self, batch, step):
            real = batch["image"]
            fake = self.generator(self.latent(len(real)))
            yield Turn("discriminator", real=…, fake=…)
            yield Turn("generator", fool=…)

Between two `yield`s the training loop moves that player, and nobody else.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from labkit.errors import UserError


class Turn:
    """One player's move: the losses it minimises, already weighted; the loop descends their sum.

    Args:
        player: whose parameters move, a key of `Game.players`.
        watch: scalars that are logged beside the losses and minimised by nobody.
        losses: scalar tensors, by the name under which they are logged.
    """

    __slots__ = ("losses", "player", "watch")

    def __init__(self, player: str, /, *, watch: Mapping[str, Tensor] | None = None, **losses: Tensor):
        self.player = player
        self.losses = losses
        self.watch = dict(watch or {})

    def __repr__(self) -> str:
        return f"Turn({self.player!r}, {', '.join(self.losses)})"


@dataclass(frozen=True)
class Group:
    """Parameters of one player that learn at `lr_multiplier` times the player's learning rate."""

    parameters: Sequence[nn.Parameter]
    lr_multiplier: float = 1.0


@dataclass
class Seat:
    """Where a game sits among several processes, and from what it draws there.

    The random generator is seeded alike in all of them, so every process draws for the global batch and keeps its rows.
    """

    rank: int = 0
    world: int = 1
    generator: torch.Generator | None = None

    def __deepcopy__(self, memo: dict) -> "Seat":
        return Seat(self.rank, self.world)


@dataclass
class Networks:
    """A game's player as seen by the loop: a name and its parameter groups."""

    name: str
    groups: list[Group] = field(default_factory=list)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All parameters of the player, in the order of its groups."""
        return [parameter for group in self.groups for parameter in group.parameters]


class Game(nn.Module):
    """Base of all models. Subclasses hold networks as attributes and write `turns`.

    Attributes:
        averaged: names of the submodules whose weights the loop averages (EMA); sampling uses the averages.
        image_shape: (C, H, W) of the images that the game makes.
        latent_dim: length of a latent vector z; 0 where pictures come from a condition alone.
        preview_columns: images a row in the previews; None makes them square.
    """

    preview_columns: int | None = None
    averaged: tuple[str, ...] = ("generator",)
    image_shape: tuple[int, int, int]
    latent_dim: int

    def __init__(self) -> None:
        super().__init__()
        self.seat = Seat()

    @property
    def players(self) -> Mapping[str, nn.Module | Sequence[Group]]:
        """Name → the network, or the parameter groups, that move at this player's turn. Disjoint."""
        raise NotImplementedError

    def turns(self, batch: Mapping[str, Tensor], step: int) -> Iterator[Turn]:
        """One training iteration, told turn by turn.

        Args:
            batch: what the stream gives; `batch["image"]` is (B, C, H, W) in [−1, 1].
            step: iterations before this one.
        """
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where the game's parameters are."""
        return next(self.parameters()).device

    def normal(self, n: int, *shape: int, generator: torch.Generator | None = None) -> Tensor:
        """Standard normal numbers, (n, *shape): this process's rows of the global batch, or n draws of `generator`."""
        return self._draw(torch.randn, n, shape, generator)

    def uniform(self, n: int, *shape: int, generator: torch.Generator | None = None) -> Tensor:
        """Uniform numbers in [0, 1), (n, *shape), drawn as `normal` draws."""
        return self._draw(torch.rand, n, shape, generator)

    def _draw(self, kind, n: int, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
        if generator is not None:
            return kind(n, *shape, generator=generator, device=generator.device).to(self.device)
        seat = self.seat
        whole = kind(n * seat.world, *shape, generator=seat.generator, device=self.device)
        return whole[seat.rank :: seat.world]

    def latent(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Latent vectors z ~ N(0, I), (n, latent_dim)."""
        return self.normal(n, self.latent_dim, generator=generator)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw n images, (n, C, H, W) in [−1, 1], in eval mode and without gradients."""
        raise NotImplementedError

    def preview(self, batch: Mapping[str, Tensor]) -> Tensor:
        """What to draw while training, (n, C, H, W) in [−1, 1]: the same latents each time, so that change is seen."""
        return self.sample(64, generator=torch.Generator().manual_seed(0))


def player_groups(game: Game) -> dict[str, Networks]:
    """The players of a game with their parameter groups, checked.

    Raises:
        UserError: a player without parameters, a parameter that two players share, or one that nobody trains.
    """
    found: dict[str, Networks] = {}
    owner: dict[nn.Parameter, str] = {}
    names = {parameter: name for name, parameter in game.named_parameters()}
    for name, given in game.players.items():
        groups = [Group(list(given.parameters()))] if isinstance(given, nn.Module) else list(given)
        groups = [Group([p for p in group.parameters if p.requires_grad], group.lr_multiplier) for group in groups]
        player = Networks(name, groups)
        if not player.parameters:
            raise UserError(f"the player {name!r} has no trainable parameters")
        for parameter in player.parameters:
            if parameter in owner:
                raise UserError(
                    f"the players {owner[parameter]!r} and {name!r} share the parameter {names.get(parameter, '?')!r}"
                )
            owner[parameter] = name
        found[name] = player
    idle = [name for parameter, name in names.items() if parameter.requires_grad and parameter not in owner]
    if idle:
        raise UserError(f"nobody trains {idle[0]!r} ({len(idle)} parameters): name a player for it, or freeze it")
    return found


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Eval mode and no gradients inside; each submodule's own mode again afterwards."""
    modes = [(module, module.training) for root in modules for module in root.modules()]
    try:
        for root in modules:
            root.eval()
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def frozen_copy(module: nn.Module) -> nn.Module:
    """An independent copy in eval mode that needs no gradients."""
    return deepcopy(module).eval().requires_grad_(False)
