"""What a student's `turns` may get wrong, told as a sentence. Raised by the loop, most of it before the first step."""

import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from labkit.errors import UserError
from labkit.models.game import Turn


class MistakeInTurns(UserError):
    """`turns` does something that can't train; the message says what, and what to try."""


_STALE = "compute D(fake) again after D moved, in the generator's own turn"
_SENTENCES = (
    (
        r"backward through the graph a second time",
        "the losses of {player!r} reuse a graph that an earlier turn has used up: " + _STALE,
    ),
    (
        r"modified by an inplace operation",
        "the losses of {player!r} were computed with weights that have moved since: " + _STALE,
    ),
    (
        r"does not require grad",
        "the losses of {player!r} depend on no parameter at all: did you use .item(), .data or torch.no_grad()?",
    ),
)


def explain(error: RuntimeError, player: str) -> Exception:
    """The sentence for an error of backward, or the error itself where there is none."""
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, str(error)):
            return MistakeInTurns(sentence.format(player=player))
    return error


def check_turn(turn: object, players: Sequence[str]) -> Turn:
    """A turn as it comes out of `turns`.

    Raises:
        MistakeInTurns: not a turn, an unknown player, no losses, a loss that is no scalar tensor, gradients left off.
    """
    if not torch.is_grad_enabled():
        torch.set_grad_enabled(True)
        raise MistakeInTurns(
            "gradients were switched off over a `yield`: leave `with torch.no_grad():` before yielding"
        )
    if not isinstance(turn, Turn):
        raise MistakeInTurns(f"`turns` must yield Turn(player, name=loss, …), not {type(turn).__name__}")
    if turn.player not in players:
        raise MistakeInTurns(f"there is no player {turn.player!r}; this game has {', '.join(map(repr, players))}")
    if not turn.losses:
        raise MistakeInTurns(f"the turn of {turn.player!r} has no loss: write Turn({turn.player!r}, name=loss)")
    for name, loss in turn.losses.items():
        if not isinstance(loss, Tensor):
            raise MistakeInTurns(f"the loss {name!r} of {turn.player!r} is a {type(loss).__name__}, not a tensor")
        if loss.numel() != 1:
            shape = tuple(loss.shape)
            raise MistakeInTurns(f"the loss {name!r} of {turn.player!r} has shape {shape}: take its mean, to a scalar")
    return turn


def check_gradients(player: str, parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """The gradients that arrived.

    Raises:
        MistakeInTurns: none did.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        raise MistakeInTurns(
            f"no parameter of {player!r} received a gradient: did you detach the fake, or score other images?"
        )
    return gradients
