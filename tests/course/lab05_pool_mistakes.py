"""Typical wrong answers to Lab 05's exercise on the pool of past fakes."""

import random
from itertools import count

import torch

from tests.course.lab05_pools import anywhere, fair, pool_of, put, right_numpy


def view(size):
    state = {}

    def exchange(images):
        images, out = images.detach(), []
        pool = state.setdefault("pool", torch.zeros(size, *images.shape[1:]))
        for image in images:
            filled = state.setdefault("filled", 0)
            old = image
            if filled < size:
                pool[filled] = image
                state["filled"] += 1
            elif fair():
                k = random.randrange(size)
                old = pool[k]
                pool[k] = image
            out.append(old)
        return torch.stack(out)

    return exchange


def batches(size):
    kept = []

    def exchange(images):
        images = images.detach().clone()
        if len(kept) < size:
            kept.append(images)
        elif size and fair():
            return put(kept, anywhere(kept), images)
        return images

    return exchange


def from_the_batch(size):
    seen = count()

    def exchange(images):
        images = images.detach()
        given = [random.choice(images) if next(seen) >= size and size and fair() else image for image in images]
        return torch.stack(given)

    return exchange


def at_once(size):
    """As if all pictures of a call came at the same moment."""
    kept = []

    def exchange(images):
        images = images.detach().clone()
        if len(kept) < size or not size:
            kept.extend(images[: size - len(kept)])
            return images
        coins = [fair() for _ in images]
        places = [anywhere(kept) for _ in images]
        out = [kept[k] if coin else image for image, coin, k in zip(images, coins, places)]
        for image, coin, k in zip(images, coins, places):
            if coin:
                kept[k] = image
        return torch.stack(out)

    return exchange


def zeros(size):
    kept = []

    def exchange(images):
        if not kept:
            kept.extend(torch.zeros(size, *images.shape[1:]))
        return torch.stack([put(kept, anywhere(kept), new) if fair() else new for new in images.detach().clone()])

    return exchange


SHARED: list = []


def once(name, function):
    """A pool with a number that is drawn once a call, at the first picture."""
    state = {}

    def ask(*arguments):
        return state.setdefault("drawn", function(*arguments))

    return pool_of(batch=lambda pool: state.clear(), **{name: ask})


def seeded(size):
    torch.manual_seed(0)
    return right_numpy(size)


def same_coins(size):
    kept = []

    def one(image, coin):
        if len(kept) < size:
            kept.append(image)
            return image
        return put(kept, anywhere(kept), image) if size and coin else image

    def exchange(images):
        coins = random.Random(0)
        return torch.stack([one(image, coins.random() < 0.5) for image in images.detach().clone()])

    return exchange


def forgets(size):
    return lambda images: pool_of()(size)(images)


def size_0(size):
    kept = []

    def one(image):
        if len(kept) < size:
            kept.append(image)
            return image
        return put(kept, random.randrange(size), image) if fair() else image

    return lambda images: torch.stack([one(image) for image in images.detach().clone()])


def size_0_as_1(size):
    return pool_of()(max(size, 1))


def changes_input(size):
    inner = right_numpy(size)

    def exchange(images):
        images.data.clamp_(-0.5, 0.5)
        return inner(images)

    return exchange


def per_pixel(size):
    inner = pool_of()(size)

    def exchange(images):
        return torch.where(torch.rand_like(images) < 0.5, inner(images), images.detach())

    return exchange


def appended(pool, k, image):
    pool.append(image)
    return pool[k]


def lost(pool, k, image):
    return pool.pop(k)


def other_place(pool, k, image):
    old = pool[k]
    pool[anywhere(pool)] = image
    return old


def overwritten(pool, k, image):
    pool[k] = image
    return pool[k]


def pushed(pool, image):
    pool[anywhere(pool)] = image


def sometimes(pool, image):
    if random.random() < 0.4:
        pool.append(image)


class WithQuery:
    def __init__(self, size):
        self.size = size

    def query(self, images):
        return images


IMAGE_POOL_WRONG = {
    "never": pool_of(coin=lambda: False),
    "gives-the-new": pool_of(swap=overwritten),
    "view": view,
    "always": pool_of(coin=lambda: True),
    "too-rarely": pool_of(coin=lambda: random.random() < 0.4),
    "too-often": pool_of(coin=lambda: random.random() < 0.6),
    "not-replaced": pool_of(swap=lambda pool, k, image: pool[k]),
    "grows": pool_of(swap=appended),
    "not-kept": pool_of(swap=lost),
    "other-place": pool_of(swap=other_place),
    "always-stores": pool_of(keep=pushed),
    "one-more": pool_of(full=lambda pool, size: len(pool) > size),
    "one-less": pool_of(full=lambda pool, size: len(pool) >= max(size - 1, 1)),
    "other-size": pool_of(full=lambda pool, size: len(pool) >= 20),
    "early": pool_of(full=lambda pool, size: len(pool) >= size or (len(pool) > 1 and random.random() < 0.5)),
    "fill-skips": pool_of(fill=sometimes),
    "forgets": forgets,
    "order": pool_of(end=lambda given: torch.stack(given[::-1]).detach()),
    "from-the-batch": from_the_batch,
    "batches": batches,
    "one-coin": once("coin", fair),
    "same-coins": same_coins,
    "one-place": once("place", anywhere),
    "call-at-once": at_once,
    "one-slot": pool_of(place=lambda pool: 0),
    "oldest": pool_of(swap=lambda pool, k, image: pool.append(image) or pool.pop(0)),
    "never-one": pool_of(place=lambda pool: random.randrange(max(len(pool) - 1, 1))),
    "uneven": pool_of(place=lambda pool: round(random.random() * (len(pool) - 1))),
    "out-of-range": pool_of(place=lambda pool: random.randint(0, len(pool))),
    "graph": pool_of(copy=lambda image: image.clone(), end=torch.stack),
    "keeps-graph": pool_of(copy=lambda image: image.clone()),
    "alias": pool_of(copy=lambda image: image.detach()),
    "shared": pool_of(start=lambda: SHARED),
    "seeded": seeded,
    "empty": zeros,
    "mixed": per_pixel,
    "altered": pool_of(give=lambda image, new: (image + new) / 2 + 0.1),
    "size-0": size_0,
    "changes-input": changes_input,
    "numpy-of-graph": lambda size: lambda images: torch.from_numpy(images.numpy().copy()),
    "not-tensors": lambda size: lambda images: torch.stack([image.tolist() for image in images]),
    "sizes": lambda size: lambda images: torch.stack([images[0], images]).detach(),
    "list": pool_of(end=list),
    "not-a-tensor": lambda size: lambda images: images.detach().numpy(),
    "dtype": pool_of(end=lambda given: torch.stack(given).detach().double()),
    "cat": pool_of(end=lambda given: torch.cat(given).detach()),
    "extra-dimension": pool_of(end=lambda given: torch.stack(given)[:, None].detach()),
    "one-picture": pool_of(end=lambda given: given[-1][None].detach()),
    "count": pool_of(end=lambda given: torch.stack(given + given).detach()),
    "shape": pool_of(end=lambda given: torch.stack(given).flatten(1).detach()),
    "not-callable": lambda size: WithQuery(size),
    "tensor": lambda size: torch.zeros(size, 3, 4, 4),
    "not-empty-at-first": lambda size: [].pop(random.randrange(0)),
    "none": lambda size: None,
    "signature": lambda size, images: images,
}
IMAGE_POOL_ALSO_WRONG = [
    ("never", lambda size: lambda images: images.detach().clone()),
    ("never", pool_of(coin=lambda: False, fill=lambda pool, image: None)),
    ("grows", pool_of(keep=lambda pool, image: pool.append(image))),
    ("early", pool_of(full=lambda pool, size: len(pool) > 0)),
    ("other-size", pool_of(full=lambda pool, size: len(pool) >= 8)),
    ("early", pool_of(full=lambda pool, size: len(pool) > 0 and fair())),
    ("fill-skips", pool_of(fill=lambda pool, image: pool.append(image) if fair() else None)),
    ("one-slot", pool_of(place=lambda pool: -1)),
    ("size-0", size_0_as_1),
    ("graph", pool_of(give=lambda image, new: image, end=torch.stack)),
    ("signature", lambda size: lambda: None),
    ("none", lambda size: lambda images: None),
    ("not-callable", lambda size: []),
    ("not-callable", lambda size: WithQuery),
    (
        "too-often",
        pool_of(swap=lambda pool, k, image: pool.append(image) or pool.pop(anywhere(pool)), coin=lambda: True),
    ),
    ("raised", lambda size: lambda images: images @ nothing),  # noqa: F821
]
