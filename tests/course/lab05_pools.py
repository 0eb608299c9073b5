"""Right answers to Lab 05's exercise on the pool of past fakes, and a pool whose parts can be exchanged."""

import random

import numpy as np
import torch
from torch import nn


def fair():
    return random.random() < 0.5


def anywhere(pool):
    return random.randrange(len(pool))


def copied(image):
    return image.detach().clone()


def put(pool, k, image):
    """The new one takes the old one's place."""
    old, pool[k] = pool[k], image
    return old


def pool_of(
    coin=fair,
    place=anywhere,
    full=lambda pool, size: len(pool) >= size,
    swap=put,
    copy=copied,
    fill=lambda pool, image: pool.append(image),
    keep=lambda pool, image: None,
    start=list,
    walk=lambda images: images,
    give=lambda image, new: image,
    end=lambda given: torch.stack(given).detach(),
    batch=lambda pool: None,
):
    """A pool with one part done in another way."""

    def image_pool(size):
        pool = start()

        def exchange(images):
            given = []
            batch(pool)
            for image in walk(images):
                new = copy(image)
                if size == 0:
                    given.append(image)
                elif not full(pool, size):
                    fill(pool, new)
                    given.append(give(image, image))
                elif coin():
                    given.append(give(swap(pool, place(pool), new), image))
                else:
                    keep(pool, new)
                    given.append(give(image, image))
            return end(given)

        return exchange

    return image_pool


def right_numpy(size):
    kept, generator = [], np.random.default_rng()

    def exchange(images):
        out = images.detach().clone()
        for i in range(len(out)):
            if len(kept) < size:
                kept.append(out[i].numpy().copy())
            elif size and generator.integers(2):
                k = generator.integers(size)
                old = torch.from_numpy(kept[k].copy())
                kept[k] = out[i].numpy().copy()
                out[i] = old
        return out

    return exchange


class RightModule(nn.Module):
    """Everything in one buffer, as the library has it."""

    def __init__(self, size):
        super().__init__()
        self.size, self.count = size, 0
        self.register_buffer("kept", None)

    def forward(self, images):
        images = images.detach()
        if self.kept is None:
            self.kept = images.new_zeros(self.size, *images.shape[1:])
        given = []
        for image, coin, place in zip(images, torch.rand(len(images)), torch.rand(len(images))):
            old = image.clone()
            if self.count < self.size:
                self.kept[self.count] = image
                self.count += 1
            elif self.size and coin > 0.5:
                k = int(place * self.size)
                old = self.kept[k].clone()
                self.kept[k] = image
            given.append(old[None])
        return torch.cat(given)


def right_shuffled(size):
    """A coin of two faces, and a pool that is shuffled before its last one is taken."""
    kept = []

    def one(image):
        if len(kept) < size:
            kept.append(image)
        elif size and random.choice("ab") == "a":
            random.shuffle(kept)
            kept.append(image)
            return kept.pop(-2)
        return image

    def exchange(images):
        return torch.stack([one(image) for image in images.detach().clone().unbind()])

    return exchange


def right_one_draw(size):
    """One number from 0 to 2·size − 1: the first half are places."""
    kept = {}

    def exchange(images):
        images = images.data.clone()
        for i, image in enumerate(images.clone()):
            k = len(kept) if len(kept) < size else random.randrange(2 * size or 1)
            if k in kept:
                images[i] = kept[k]
            if k < size:
                kept[k] = image
        return images

    return exchange


IMAGE_POOL_RIGHT = {
    "list": pool_of(),
    "numpy, a generator of its own": right_numpy,
    "module, one buffer": lambda size: RightModule(size),
    "shuffled": right_shuffled,
    "one draw": right_one_draw,
    "torch's numbers": pool_of(
        coin=lambda: bool(torch.randint(2, ())), place=lambda pool: int(torch.randint(len(pool), (1,)))
    ),
    "method": lambda size: RightModule(size).forward,
}
