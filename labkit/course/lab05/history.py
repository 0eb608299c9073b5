"""Pictures that are told apart by their numbers, and the history of a pool: which of them came in, which came back."""

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

from labkit.course.asked import Told, asked
from labkit.course.exercise import Wrong

SHAPE = (2, 2, 3)  # One for all: a pool that is shared by mistake then mixes pictures, and does not fail.
LATER = 7.25  # What stands in a batch's memory after the call: it was used again for something else.
STACK = "`torch.stack(given)` makes (B, C, H, W) of a list of B pictures (C, H, W)."
OUT_OF_RANGE = (
    "out of range",
    "out of bounds",
    "empty range",
    "empty sequence",
    "from == ",
    "from' to be less",
    "low >=",
)
TOLD: tuple[Told, ...] = (
    (
        OUT_OF_RANGE,
        "out-of-range",
        "The places of a list are 0 to len(pool) − 1, and a pool that is not full has fewer than `size`. "
        "`random.randint(0, n)` can give n itself; `random.randrange(n)` and `torch.randint(n, ())` can't.",
    ),
    (
        ("Can't call numpy()", "that requires grad"),
        "numpy-of-graph",
        "The fakes carry a graph. `images.detach()` first.",
    ),
    (
        ("expected Tensor as element", "must be tuple of Tensors", "must be Tensors"),
        "not-tensors",
        "What is stacked are pictures: is there something else in the pool or in your list?",
    ),
    (
        ("stack expects each tensor", "Sizes of tensors must match", "must match the size", "must match the existing"),
        "sizes",
        "The pool holds single pictures (C, H, W), and a batch may have any number of them: `for image in images:`.",
    ),
)
_numbers = itertools.count(1)


def pictures(count: int) -> Tensor:
    """Pictures that no call has made before: the first pixel names one, and the others follow from it."""
    names = [(next(_numbers) * 2654435761 % 2**23) / 2**22 - 1 for _ in range(count)]
    return _like(torch.tensor(names))


def _like(names: Tensor) -> Tensor:
    pixels = torch.arange(1, torch.Size(SHAPE).numel())
    rest = torch.cos(3 * names[:, None] * pixels)
    return torch.cat([names[:, None], rest], 1).reshape(-1, *SHAPE)


class Run:
    """A student's pool that is given pictures. `log` has (call, picture that came, picture that came back).

    Args:
        exchange: the student's.
        size: what its pool was made with.
    """

    def __init__(self, exchange: Callable, size: int):
        self.exchange, self.size = exchange, size
        self.calls, self.all = 0, torch.empty(0, *SHAPE)
        self.known: dict[float, int] = {}
        self.log: list[tuple[int, int, int]] = []

    def feed(self, count: int) -> None:
        """One batch, with a graph; its memory is then used for something else.

        Raises:
            Wrong: what comes back is no batch of pictures that came in.
        """
        new, first = pictures(count), len(self.all)
        self.known.update({name: first + k for k, name in enumerate(new[:, 0, 0, 0].tolist())})
        self.all = torch.cat([self.all, new])
        images = new.clone().requires_grad_() * 1
        value = asked(self.exchange, images, told=TOLD)
        given = self._names(self._batch(value, new), first)
        self.log += [(self.calls, first + k, name) for k, name in enumerate(given)]
        self.calls += 1
        images.detach().fill_(LATER)

    def _batch(self, value: object, new: Tensor) -> Tensor:
        count, shape = len(new), tuple(new.shape)
        if isinstance(value, (list, tuple)):
            raise Wrong("list", f"you return a {type(value).__name__} of pictures, and D reads one tensor.", STACK)
        if not isinstance(value, Tensor):
            raise Wrong("not-a-tensor", f"`exchange` returned a {type(value).__name__}, and D reads a tensor.", STACK)
        if value.shape != shape:
            raise self._shape(value, new)
        if value.dtype != new.dtype:
            raise Wrong(
                "dtype",
                f"pictures of {new.dtype} come in, and {value.dtype} comes back.",
                "Keep the numbers as they are: `torch.empty_like(images)`, or a list and `torch.stack`.",
            )
        if value.requires_grad and self.size:
            raise Wrong(
                "graph",
                "what you return still has G's graph: D's loss would send gradients into G.",
                "`images.detach()` first, and take every picture from there: those that you give back at once, and "
                "those that you store.",
            )
        return value.detach().clone().reshape(count, *SHAPE)

    def _shape(self, value: Tensor, new: Tensor) -> Wrong:
        count, got = len(new), tuple(value.shape)
        says = f"{count} pictures {SHAPE} come in, and your result has the shape {got}"
        if got == (count * SHAPE[0], *SHAPE[1:]):
            return Wrong("cat", f"{says}: the pictures are joined along their channels.", "Not `torch.cat`: " + STACK)
        if got == (count, 1, *SHAPE):
            hint = "No `[None]` and no `unsqueeze(0)` before `torch.stack`; with them, `torch.cat` is the right one."
            return Wrong("extra-dimension", f"{says}: one dimension too many.", hint)
        if got in ((1, *SHAPE), SHAPE) and count > 1:
            hint = "Each picture that comes in has its answer: a list `given`, filled in the loop, and " + STACK
            return Wrong("one-picture", f"{says}: one picture alone.", hint)
        if value.dim() == 4 and got[1:] == SHAPE:
            hint = "Exactly one picture comes back for each one that comes in: itself, or an older one. "
            return Wrong("count", f"{says}: another number of pictures.", hint + STACK)
        return Wrong("shape", f"{says}.", "The same shape comes back. " + STACK)

    def _names(self, value: Tensor, first: int) -> list[int]:
        names = value[:, 0, 0, 0].tolist()
        found = [self.known.get(name, -1) for name in names]
        if min(found) < 0 or not value.equal(self.all[found]):
            raise self._unknown(value, found, first)
        return found

    def _unknown(self, value: Tensor, found: list[int], first: int) -> Wrong:
        """What a picture is that never came in."""
        odd = next(k for k, name in enumerate(found) if name < 0 or not value[k].equal(self.all[name]))
        picture = value[odd]
        if bool((value == LATER).any()):
            return Wrong(
                "alias",
                "a picture in your pool changed after you had stored it: its memory was used for another one.",
                "`image.detach()` shares the caller's memory. Store a copy: `image.detach().clone()`.",
            )
        if not picture.any():
            return Wrong(
                "empty",
                "a picture of zeros comes back, which never came in: a place of the pool that was not filled yet.",
                "Nothing is drawn before the pool is full: count what is stored.",
            )
        if picture.allclose(_like(picture.flatten()[:1])[0], atol=1e-6):
            return Wrong(
                "shared",
                "your pool gives back a picture that only another pool was given: the two share what they store.",
                "Each `image_pool(size)` starts with a list of its own, made inside of it: no global list, and no "
                "`pool=[]` as a default value, which is made once for all calls.",
            )
        pixels = (self.all == picture).flatten(1).any(0)
        if pixels.all():
            return Wrong(
                "mixed",
                "a picture comes back whose pixels are of several others.",
                "One coin for a whole picture, and not for each pixel: `torch.rand(())`, one number.",
            )
        own = self.all[first + odd]
        return Wrong(
            "altered",
            f"a picture comes back that never came in: it differs from the one at its place by up to "
            f"{float((picture - own).abs().max()):.3g}.",
            "Pictures are stored and given back as they are: no scaling, no noise, no mean of two.",
        )
