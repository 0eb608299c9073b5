"""A pool of earlier fakes for D (Shrivastava et al. 2017, section 2.3), so that it does not forget them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class ImagePool(nn.Module):
    """Until it is full it keeps what comes and gives it back. After that, for each image a coin: the image itself, or
    one of the pool, whose place it takes.

    Its images are buffers: a run that is resumed goes on with the same pool. Nothing waits for the device.

    Args:
        size: images that are kept; 0 gives back what comes.
        shape: (C, H, W) of an image.
    """

    images: Tensor
    count: Tensor

    def __init__(self, size: int, shape: tuple[int, int, int]):
        super().__init__()
        self.size = size
        self.register_buffer("images", torch.zeros(max(size, 1), *shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def exchange(self, image: Tensor, uniform: Callable[..., Tensor]) -> Tensor:
        """Images (B, C, H, W) against as many, one after the other; they carry no gradient.

        Args:
            image: the newest fakes.
            uniform: (n, k) numbers in [0, 1): `labkit.models.game.Game.uniform`.
        """
        image = image.detach()
        if not self.size:
            return image
        given = []
        for new, (coin, place) in zip(image.to(self.images.dtype), uniform(len(image), 2)):
            full = self.count >= self.size
            slot = torch.where(full, (place * self.size).long(), self.count)[None]
            old = self.images.index_select(0, slot)[0]
            swap = full & (coin < 0.5)
            given.append(torch.where(swap, old, new))
            self.images.index_copy_(0, slot, torch.where(swap | ~full, new, old)[None])
            self.count += (~full).long()
        return torch.stack(given).to(image.dtype)
