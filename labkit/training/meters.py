"""Losses between two lines of the log. They stay on the device; reading one each step would stall it."""

from collections.abc import Mapping

import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.models.game import Game


class Diverged(UserError):
    """A loss or a weight is no longer finite."""


_ADVICE = (
    "Try a smaller learning rate, a larger gradient penalty, or another loss; look for a division by zero or the log "
    "of zero. The last good checkpoint is kept."
)


class Meters:
    """The values of the steps since the last line of the log, by name."""

    def __init__(self) -> None:
        self._values: dict[str, list[Tensor]] = {}
        self._last: dict[str, float] = {}

    def add(self, seen: Mapping[str, Tensor]) -> None:
        """The values of one step, detached scalars by `player/name`."""
        for name, value in seen.items():
            self._values.setdefault(name, []).append(value.float())

    def read(self) -> dict[str, float]:
        """Means since the last reading; starts anew."""
        self._last = {name: torch.stack(values).mean().item() for name, values in self._values.items()}
        self._values = {}
        return self._last

    def line(self) -> str:
        """Each player's latest mean loss, for the bar."""
        totals: dict[str, float] = {}
        for name, value in self._last.items():
            if not name.endswith("_score"):
                player = name.partition("/")[0]
                totals[player] = totals.get(player, 0.0) + value
        return "".join(f", {player} {total:.2f}" for player, total in totals.items())

    def finite(self) -> bool:
        """Whether all values since the last reading are finite."""
        return all(bool(torch.stack(values).isfinite().all()) for values in self._values.values())

    def check(self, step: int) -> None:
        """Look at all values since the last reading, of which the newest is of step `step` − 1.

        Raises:
            Diverged: one is not finite; names the player, the loss and the step of the first.
        """
        found = []
        for order, (name, values) in enumerate(self._values.items()):
            bad = (~torch.stack(values).isfinite()).nonzero()
            if len(bad):
                found.append((step - len(values) + int(bad[0]), order, name))
        if found:
            at, _, name = min(found)
            player, _, loss = name.partition("/")
            raise Diverged(f"the loss {loss!r} of {player!r} is not finite at step {at}. {_ADVICE}")

    def diverged(self, weight: str, step: int) -> Diverged:
        """The error for a weight that is not finite although every loss was."""
        return Diverged(f"the weight {weight!r} is not finite after step {step - 1}. {_ADVICE}")

    def state_dict(self) -> dict[str, Tensor]:
        """Values since the last reading, one tensor a name, so that a resumed log has the same means."""
        return {name: torch.stack(values) for name, values in self._values.items()}

    def load_state_dict(self, state: Mapping[str, Tensor], device: torch.device) -> None:
        """Take over what `state_dict` gave."""
        self._values = {name: list(values.to(device)) for name, values in state.items()}


def check_weights(game: Game) -> str | None:
    """The name of the first parameter or buffer that is not finite, if any."""
    named = [(name, tensor) for name, tensor in game.state_dict().items() if tensor.is_floating_point()]
    if not named:
        return None
    finite = torch.stack([tensor.isfinite().all() for _, tensor in named])
    bad = (~finite).nonzero()
    return named[int(bad[0])][0] if len(bad) else None
