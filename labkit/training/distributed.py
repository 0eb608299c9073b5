"""Several processes under torchrun. Gradients are averaged after backward, so any game works."""

import atexit
import importlib
import os
from collections.abc import Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

END = -1


def _leave() -> None:
    """End the group while Python still stands: its threads, alive at the very end of a process, may abort it.

    They end with the last reference to the group: see `_no_defaults`.
    """
    if dist.is_initialized():
        dist.destroy_process_group()


def _no_defaults() -> None:
    """Import what would keep a group for ever, while there is none.

    Functions of `torch.distributed.nn` have the group of the time of their import as a default argument, and the first
    step of an optimizer imports them.
    """
    importlib.import_module("torch.distributed.nn.functional")


class OutOfStep(RuntimeError):
    """The processes are not at the same turn of the game."""


class Processes:
    """This process among its fellows; alone unless started by torchrun."""

    def __init__(self) -> None:
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        if self.world > 1 and not dist.is_initialized():
            _no_defaults()
            backend = "nccl" if torch.cuda.is_available() else "gloo"
            dist.init_process_group(backend, timeout=timedelta(minutes=10))
            if backend == "gloo":  # NCCL ends by itself, and waiting for a process that failed could hang
                atexit.register(_leave)

    @property
    def main(self) -> bool:
        """Whether this is the process that writes files and talks."""
        return self.rank == 0

    @property
    def local_rank(self) -> int:
        """Which of this machine's devices is ours."""
        return int(os.environ.get("LOCAL_RANK", 0))

    def agree(self, player: int, gradients: int, players: Sequence[str], device: torch.device) -> None:
        """All processes must be at the turn of the same player, with as many gradients, before any are averaged.

        Args:
            player: index into `players`, or `END` after the last turn.
            gradients: how many of the player's parameters received one.
            players: names, for the message.
            device: where the processes exchange tensors.

        Raises:
            OutOfStep: they are not; the message names both turns.
        """
        if self.world == 1:
            return
        mine = torch.tensor([player, gradients], device=device)
        everyone = [torch.empty_like(mine) for _ in range(self.world)]
        dist.all_gather(everyone, mine)
        turns = [(int(turn[0]), int(turn[1])) for turn in everyone]
        if len(set(turns)) > 1:
            said = [
                f"process {rank} "
                + ("has ended its turns" if who == END else f"moves {players[who]!r} ({count} gradients)")
                for rank, (who, count) in enumerate(turns)
            ]
            raise OutOfStep(
                f"the game fell out of step: {'; '.join(said)}. "
                "`turns` must yield the same players in every process: decide by `step`, not by the batch"
            )

    def average(self, gradients: Sequence[Tensor]) -> None:
        """Replace each gradient by its mean over the processes, in one message."""
        if self.world == 1 or not gradients:
            return
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.world
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
            gradient.copy_(mean.view_as(gradient))

    def share(self, module: nn.Module) -> None:
        """Everyone starts from the main process's weights and buffers."""
        if self.world > 1:
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.data, 0)

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether any process says so: a clock or a signal must stop all of them at the same step."""
        if self.world == 1:
            return flag
        said = torch.tensor([int(flag)], device=device)
        dist.all_reduce(said, op=dist.ReduceOp.MAX)
        return bool(said.item())

    def wait(self) -> None:
        """Until everyone is here."""
        if self.world > 1:
            dist.barrier()
