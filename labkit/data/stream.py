"""Batches as a pure function of (seed, images seen): nothing to save, and the same on any number of processes."""

import numpy as np
import torch
from torch import Tensor

from labkit.data.dataset import Dataset, as_input
from labkit.data.mirror import mirrored

# What must stay free on a GPU beside the data: networks, activations, the allocator's slack.
_ROOM_BYTES = 2 << 30


class Stream:
    """Endless shuffled batches of a data set.

    The examples form one endless line: epoch 0 in its order, then epoch 1 in another, and so on, every epoch with each
    picture exactly once. ``batch(images_seen)`` reads the line from that place on, over an epoch's end if need be. The
    order of an epoch depends on (seed, epoch) alone, through numpy's counter-based Philox generator, of which only the
    raw 64-bit words are used: those are the same in every numpy version.

    Args:
        dataset: what to read.
        batch_size: the global batch B, summed over all ranks.
        seed: which shuffling.
        device: where batches go. On a CUDA device with room the uint8 arrays live there.
        rank: this process's number; it gets rows rank, rank + world, rank + 2 world, … of the global batch.
        world: how many processes share a global batch.
        flip: mirror half of the pictures left to right, chosen anew each epoch, with what belongs to them
            (:mod:`labkit.data.mirror`): the left eye of a class map becomes the right one.

    Raises:
        ValueError: for an empty data set, or a batch size that is not a positive multiple of the number of processes.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        *,
        seed: int = 0,
        device: str | torch.device = "cpu",
        rank: int = 0,
        world: int = 1,
        flip: bool = False,
    ) -> None:
        if not len(dataset):
            raise ValueError("the data set is empty")
        if batch_size < 1 or batch_size % world:
            raise ValueError(f"a batch of {batch_size} can't be shared equally by {world} process(es)")
        if not 0 <= rank < world:
            raise ValueError(f"rank {rank} is not among {world} process(es)")
        self.dataset, self.batch_size, self.seed, self.flip = dataset, batch_size, seed, flip
        self.rank, self.world, self.device = rank, world, torch.device(device)
        self._arrays = {field: torch.from_numpy(array) for field, array in dataset.fields.items()}
        if self._fits_on_device():
            self._arrays = {field: array.to(self.device) for field, array in self._arrays.items()}
        self._epochs: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def batch(self, images_seen: int) -> dict[str, Tensor]:
        """This rank's rows of the global batch that follows after ``images_seen`` pictures.

        Args:
            images_seen: how many pictures (of all ranks together) came before; any number from 0 on.

        Returns:
            ``image``: float32 (B / world, C, H, W) in [-1, 1], channels_last strides; ``label``: int64, where there is
            one; any other 4-d uint8 field like ``image``, and any further field as it is stored.
        """
        indices, mirrored = self._rows(images_seen)
        rows = torch.from_numpy(indices)
        flips = torch.from_numpy(np.flatnonzero(mirrored)) if self.flip else None
        return {field: self._read(field, array, rows, flips) for field, array in self._arrays.items()}

    def indices(self, images_seen: int) -> np.ndarray:
        """Which examples :meth:`batch` reads: (B / world,) int64."""
        return self._rows(images_seen)[0]

    def _rows(self, images_seen: int) -> tuple[np.ndarray, ...]:
        if images_seen < 0:
            raise ValueError(f"images seen can't be negative: {images_seen}")
        start, stop = images_seen, images_seen + self.batch_size
        parts = []
        while start < stop:
            epoch, offset = divmod(start, len(self.dataset))
            take = min(stop - start, len(self.dataset) - offset)
            order, mirrored = self._epoch(epoch)
            parts.append((order[offset : offset + take], mirrored[offset : offset + take]))
            start += take
        # Every world-th row, not a block: a game that cuts its batch has the same parts on any world size.
        mine = slice(self.rank, None, self.world)
        return tuple(np.concatenate(rows)[mine] for rows in zip(*parts))

    def _epoch(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The order (N,) and the coin tosses (N,) of an epoch; two are kept, for batches that run over the end."""
        if epoch not in self._epochs:
            while len(self._epochs) >= 2:
                del self._epochs[next(iter(self._epochs))]
            words = np.random.Philox(key=np.array([self.seed % 2**64, epoch], dtype=np.uint64))
            order = np.argsort(words.random_raw(len(self.dataset)), kind="stable")
            mirrored = (words.random_raw(len(self.dataset)) >> np.uint64(63)).astype(bool)
            self._epochs[epoch] = (order, mirrored)
        return self._epochs[epoch]

    def _read(self, field: str, array: Tensor, rows: Tensor, flips: Tensor | None) -> Tensor:
        here = array.index_select(0, rows.to(array.device))
        if flips is not None:
            where = flips.to(array.device)
            names = self.dataset.names.get(field, ())
            here[where] = mirrored(field, here[where], self.dataset.image_shape[2], names)
        if self.device.type == "cuda" and here.device.type == "cpu":
            here = here.pin_memory()
        # uint8 crosses the bus, a quarter of the float's bytes, and becomes float on the other side.
        return as_input(here.to(self.device, non_blocking=True))

    def _fits_on_device(self) -> bool:
        if self.device.type != "cuda":
            return False
        free, _ = torch.cuda.mem_get_info(self.device)
        return sum(array.nbytes for array in self._arrays.values()) + _ROOM_BYTES < free / 2
