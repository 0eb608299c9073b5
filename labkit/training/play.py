"""One iteration: ask the game for a turn, move that player, let the game go on."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.models.game import Game, Networks, player_groups
from labkit.training.distributed import END, Processes
from labkit.training.mistakes import MistakeInTurns, check_gradients, check_turn, explain
from labkit.training.precision import Precision

_OVER = object()


@dataclass(frozen=True)
class Adam:
    """Settings of torch's Adam; DCGAN's rates by default (Radford et al. 2016, section 4)."""

    lr: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    eps: float = 1e-8

    def optimizer(self, player: Networks, fused: bool = True) -> torch.optim.Adam:
        """For one player; each group's rate times its multiplier."""
        groups = [{"params": list(group.parameters), "lr": self.lr * group.lr_multiplier} for group in player.groups]
        betas = (float(self.betas[0]), float(self.betas[1]))
        return torch.optim.Adam(groups, lr=self.lr, betas=betas, eps=self.eps, fused=fused)


class Players:
    """Every player's optimizer and gradient scaler."""

    def __init__(self, game: Game, settings: Adam | Mapping[str, Adam], precision: Precision, fused: bool = True):
        self.networks = player_groups(game)
        self.names = list(self.networks)
        self.device = game.device
        adam = settings if isinstance(settings, Mapping) else dict.fromkeys(self.names, settings)
        self.optimizers = {name: adam[name].optimizer(player, fused) for name, player in self.networks.items()}
        self.scalers = {name: precision.scaler() for name in self.names}
        self._rates = {name: [group["lr"] for group in one.param_groups] for name, one in self.optimizers.items()}

    def slow(self, share: float) -> None:
        """All learning rates at a share of what the settings say."""
        for name, optimizer in self.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self._rates[name]):
                group["lr"] = rate * share

    def state_dict(self) -> dict:
        """Optimizers' and scalers' states, by player."""
        return {
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "scalers": {name: scaler.state_dict() for name, scaler in self.scalers.items()},
        }

    def load_state_dict(self, state: dict) -> None:
        """Take over what `state_dict` gave; moments get the memory format of their parameters.

        Fused Adam walks a parameter and its moments in memory order: moments reloaded contiguous beside channels_last
        weights would be applied to the wrong weights, without an error.
        """
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
            for parameter, moments in optimizer.state.items():
                for key, moment in moments.items():
                    if torch.is_tensor(moment) and moment.shape == parameter.shape:
                        moments[key] = torch.empty_like(parameter, dtype=moment.dtype).copy_(moment)
        for name, scaler in self.scalers.items():
            if state["scalers"][name]:
                scaler.load_state_dict(state["scalers"][name])

    def move(self, player: str, loss: Tensor, processes: Processes) -> None:
        """Descend `loss` in this player's parameters alone."""
        parameters = self.networks[player].parameters
        optimizer, scaler = self.optimizers[player], self.scalers[player]
        backward(loss if not scaler.is_enabled() else scaler.scale(loss), player, parameters)
        gradients = check_gradients(player, parameters)
        processes.agree(self.names.index(player), len(gradients), self.names, self.device)
        processes.average(gradients)
        scaler.step(optimizer)
        scaler.update()
        for parameter in parameters:  # fused Adam changes weights unseen by autograd: a stale graph would go unnoticed
            torch.autograd.graph.increment_version(parameter)
        optimizer.zero_grad(set_to_none=True)


def backward(loss: Tensor, player: str, parameters: list) -> None:
    """Gradients of `loss` for these parameters and no others, so nothing is computed for the opponent.

    Raises:
        MistakeInTurns: the graph is used up, stale or empty.
    """
    try:
        loss.backward(inputs=parameters)
    except RuntimeError as error:
        explained = explain(error, player)
        raise explained from (None if explained is not error else error)


def iterate(
    game: Game,
    batch: Mapping[str, Tensor],
    step: int,
    precision: Precision,
    names: list[str],
    move: Callable[[str, Tensor], None],
) -> dict[str, Tensor]:
    """All turns of one iteration.

    Autocast surrounds each `next()`, never the whole iteration: it caches casts of the weights, and they move.

    Returns:
        Detached losses and watched values by `player/name`, the last of each where a player moved several times.
    """
    seen: dict[str, Tensor] = {}
    turns = game.turns(batch, step)
    if not hasattr(turns, "__next__"):
        raise MistakeInTurns("`turns` must be a generator: use `yield Turn(…)`, not `return`")
    while True:
        with precision.autocast():
            turn = next(turns, _OVER)
        if turn is _OVER:
            break
        turn = check_turn(turn, names)
        move(turn.player, torch.stack([loss.reshape(()).float() for loss in turn.losses.values()]).sum())
        for name, value in {**turn.losses, **turn.watch}.items():
            seen[f"{turn.player}/{name}"] = value.detach().reshape(())
    if not torch.is_grad_enabled():
        torch.set_grad_enabled(True)
        raise MistakeInTurns("`turns` ended with gradients switched off")
    if not seen:
        raise MistakeInTurns("`turns` yielded no turn")
    return seen


def play(
    game: Game, batch: Mapping[str, Tensor], step: int, players: Players, precision: Precision, processes: Processes
) -> dict[str, Tensor]:
    """One training iteration, in step with the other processes."""
    seen = iterate(
        game, batch, step, precision, players.names, lambda player, loss: players.move(player, loss, processes)
    )
    processes.agree(END, 0, players.names, players.device)
    return seen


def rehearse(game: Game, batch: Mapping[str, Tensor], step: int) -> None:
    """Play one iteration on a copy, in float32 and without moving, so that mistakes show before anything is trained.

    A stale graph hides under autocast, where the saved weights are casts that no step touches; in float32 it can't.

    Raises:
        MistakeInTurns: what is wrong with `turns`.
    """
    copy = deepcopy(game)
    networks = player_groups(copy)

    def move(player: str, loss: Tensor) -> None:
        parameters = networks[player].parameters
        backward(loss, player, parameters)
        check_gradients(player, parameters)
        with torch.no_grad():
            for parameter in parameters:
                parameter.grad = None
                parameter.add_(0)  # counts as a change: a graph that saved the old weights is stale now

    few = {name: value[:16] for name, value in batch.items()}
    iterate(copy, few, step, Precision("float32", game.device.type), list(networks), move)
