"""Explorers of faces: several pictures side by side, each with its own caption and text alternative."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Protocol

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from labkit.pictures import grid, png
from labkit.threads import single_thread
from labkit.widgets.explorer import Explorer, inline

Words = tuple[str, str]
"""A caption, and the text alternative of the picture above it."""


class Look(Protocol):
    """A judge of attributes: images (N, 3, H, W) to probabilities (N, A) of its names."""

    names: Sequence[str]

    def __call__(self, images: Tensor, /) -> Tensor:
        """Judge pictures."""
        ...


class Drawer(Protocol):
    """A generator and its latents: a GAN in eval mode, or one of a StyleGAN's spaces."""

    latent_dim: int
    image_shape: tuple[int, int, int]

    def eval(self) -> Any:
        """Itself, in eval mode."""

    def latent(self, n: int, generator: torch.Generator | None = None, /) -> Tensor:
        """Latents (n, D)."""
        ...

    @property
    def generator(self) -> Callable[[Tensor], Tensor]:
        """Latents (n, D) to images (n, C, H, W)."""
        ...


def plain(name: str) -> str:
    """An attribute's name as one says it: ``Wearing_Hat`` → ``wearing hat``."""
    return name.replace("_", " ").lower()


def seen(judge: Look | None, images: Tensor, most: int = 6) -> list[str]:
    """What a judge sees in each picture, surest first, in words; empty without a judge."""
    if judge is None:
        return [""] * len(images)
    sure, order = judge(images.clamp(-1, 1)).sort(1, descending=True)
    found = [[plain(judge.names[i]) for p, i in zip(row, at) if p > 0.5][:most] for row, at in zip(sure, order)]
    return [", ".join(names) or "nothing that it knows" for names in found]


class Panels(Explorer):
    """An explorer whose `images` stand side by side, each above its caption.

    Subclasses also write `captions`. A picture that takes long to draw and seldom changes goes through `still`.

    Args:
        width: of all pictures together, in pixels; on a narrow page they shrink.
        judge: a net that knows attributes: what it sees is said in words, for those who can't see the picture.
    """

    def __init__(self, width: int = 720, judge: Look | None = None):
        super().__init__(width)
        self.judge = judge
        self._still: dict[str, tuple[object, Tensor]] = {}

    result = -1
    """Which of the pictures the judge is asked about."""

    def judged(self) -> bool:
        """Whether there is a result for the judge to see."""
        return self.judge is not None

    def captions(self, *args: Any, **values: Any) -> list[Words]:
        """A caption and a text alternative for each picture."""
        raise NotImplementedError

    def still(self, name: str, key: object, draw: Callable[[], Tensor]) -> Tensor:
        """Pictures that are drawn again only when `key` changes."""
        if name not in self._still or self._still[name][0] != key:
            self._still[name] = key, draw()
        return self._still[name][1]

    def _html(self) -> str:
        values = self.values()
        with single_thread(), torch.no_grad():
            images = self.images(**values)
            result = images[self.result][None]
            verdict = f" The judge sees: {seen(self.judge, result)[0]}." if self.judged() else ""
        captions = self.captions(**values)
        captions[self.result] = captions[self.result][0], f"{captions[self.result][1]}.{verdict}"
        said = escape(self.describe(**values) + verdict)
        each = f"flex:1 1 0;min-width:64px;max-width:{self.width // len(images)}px;margin:0;text-align:center"
        narrow = f"max-width:min({self.width}px,100%)"
        figures = [
            f'<figure style="{each}">{inline(png(image[None]), escape(words), "width:100%;border:1px solid #888")}'
            f'<figcaption style="line-height:1.35">{escape(caption)}</figcaption></figure>'
            for image, (caption, words) in zip(images, captions)
        ]
        return (
            f'<div style="display:flex;flex-wrap:wrap;gap:6px;{narrow}">{"".join(figures)}</div>'
            f'<div style="line-height:1.35;white-space:normal;{narrow}">{said}</div>'
        )


_LACKING = str.maketrans({"−": "-", "ψ": "psi", "σ": "sigma"})
"""Signs that Pillow's own font has not."""


def sheet(rows: Sequence[tuple[str, Tensor]], scale: int = 1) -> Image.Image:
    """Rows of images, each under a line of text.

    Args:
        rows: the line, which may be empty, and images (n, C, H, W) in [−1, 1].
        scale: each pixel becomes scale × scale.
    """
    line, font = 20, ImageFont.load_default(size=14)
    strips = [
        (text.translate(_LACKING), grid(images, len(images), scale=scale).convert("RGB")) for text, images in rows
    ]
    lines = [line if text else 0 for text, _ in strips]
    width = max(max(strip.width, int(font.getlength(text)) + 8) for text, strip in strips)
    page = Image.new("RGB", (width, sum(strip.height + 4 for _, strip in strips) + sum(lines)), "white")
    pen, top = ImageDraw.Draw(page), 0
    for (text, strip), above in zip(strips, lines):
        pen.text((4, top + 2), text, fill="black", font=font)
        page.paste(strip, (0, top + above))
        top += strip.height + above + 4
    return page
