"""Exponential moving averages of weights (EMA), counted in images."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from labkit.models.game import Game, frozen_copy


class Averages:
    """The averaged copies of a game's networks.

    After k images a weight seen then counts 0.5^(k / half_life). Early in a run the half-life is at most `ramp` of the
    images seen, so that the average leaves the initial weights soon (as in Karras et al. 2020, ADA: ramp 0.05).

    Args:
        game: whose submodules `game.averaged` are followed.
        half_life: in images.
        ramp: largest half-life as a share of the images seen.
    """

    def __init__(self, game: Game, half_life: float, ramp: float = 0.05):
        self.half_life, self.ramp = half_life, ramp
        self.modules = {name: frozen_copy(game.get_submodule(name)) for name in game.averaged}
        self._floats: tuple[list[Tensor], list[Tensor]] = ([], [])
        self._others: list[tuple[Tensor, Tensor]] = []
        for name, average in self.modules.items():
            source = game.get_submodule(name)
            now = [*source.parameters(), *source.buffers()]
            for mine, theirs in zip([*average.parameters(), *average.buffers()], now):
                if mine.is_floating_point():
                    self._floats[0].append(mine)
                    self._floats[1].append(theirs)
                else:
                    self._others.append((mine, theirs))

    @torch.no_grad()
    def update(self, batch: int, images: int) -> None:
        """Follow one iteration of `batch` images, `images` seen in all."""
        half_life = max(min(self.half_life, self.ramp * images), 1e-8)
        keep = 0.5 ** (batch / half_life)
        mine, theirs = self._floats
        if mine:
            torch._foreach_lerp_(mine, theirs, 1 - keep)
        for copy, source in self._others:
            copy.copy_(source)

    @contextmanager
    def in_place(self, game: Game) -> Iterator[None]:
        """Inside, the game holds the averages in place of its networks."""
        originals = {name: game.get_submodule(name) for name in self.modules}
        try:
            _put(game, self.modules)
            yield
        finally:
            _put(game, originals)

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """One state dict a network."""
        return {name: module.state_dict() for name, module in self.modules.items()}

    def load_state_dict(self, state: dict[str, dict[str, Tensor]]) -> None:
        """Take over what `state_dict` gave."""
        for name, module in self.modules.items():
            module.load_state_dict(state[name])


def _put(game: Game, modules: dict[str, nn.Module]) -> None:
    for name, module in modules.items():
        parent, _, child = name.rpartition(".")
        setattr(game.get_submodule(parent), child, module)
