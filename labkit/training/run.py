"""What training leaves: the game, its averages, the log."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from labkit.models.game import Game
from labkit.pictures import png
from labkit.threads import single_thread
from labkit.training import checkpoint
from labkit.training.averages import Averages
from labkit.training.progress import dashboard


@dataclass
class Run:
    """A finished or interrupted training.

    Attributes:
        game: with the weights of the last step.
        averages: of the networks that `game.averaged` names.
        folder: where everything was written, if anywhere.
        history: the lines of log.jsonl.
        step: iterations done.
        images: images seen.
        seconds: of training.
    """

    game: Game
    averages: Averages
    folder: Path | None
    history: list[dict[str, Any]]
    step: int
    images: int
    seconds: float

    def sample(self, n: int = 64, seed: int = 0) -> Tensor:
        """Draw n images of the averaged game, (n, C, H, W) in [−1, 1], on the CPU; the same for the same seed."""
        with single_thread(), self.averages.in_place(self.game):
            return self.game.sample(n, generator=torch.Generator().manual_seed(seed)).cpu()

    def picture(self, n: int = 64, seed: int = 0, *, columns: int | None = None, scale: int = 2) -> bytes:
        """A grid of samples as a PNG, so many columns wide."""
        return png(self.sample(n, seed), columns, scale)

    def curves(self) -> bytes:
        """Loss curves and samples as a PNG; the curves alone of a game that draws nothing without a condition."""
        return dashboard(self.history, self.sample() if self.game.latent_dim else None)


def load(folder: str | Path, game: Game, *, best: bool = False) -> Game:
    """Fill a game with the averaged weights of a run, in eval mode.

    Args:
        folder: the run folder.
        game: built as it was for training.
        best: the checkpoint with the best score instead of the last one.

    Raises:
        UserError: no checkpoint there, a damaged one, or one of another game.
    """
    state = checkpoint.load(Path(folder) / ("best.pt" if best else "last.pt"))
    checkpoint.compare({"model": state["identity"]["model"]}, {"model": repr(game)}, Path(folder))
    game.load_state_dict(state["game"])
    for name, weights in state["averages"].items():
        game.get_submodule(name).load_state_dict(weights)
    return game.eval()
