"""Paint what a translator is shown, and see at once what it makes of it: label maps, or a drawing by pen."""

import base64
import io
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.models.pix2pix import Pix2Pix
from labkit.nn.conditions import labels_as_planes
from labkit.nn.palette import CLASS_COLOURS, PARTS
from labkit.threads import single_thread
from labkit.widgets.explorer import Explorer
from labkit.widgets.figure import metadata
from labkit.widgets.panels import sheet
from labkit.widgets.strokes import Point, brush, fill

if TYPE_CHECKING:
    import ipywidgets

INK, PAPER = 0, 255
_numbers = itertools.count()


class Painter(Explorer):
    """A canvas of numbers, and the picture that a translator makes of it.

    In a page it is painted with mouse, finger or keys. Without one, `paint`, `fill` and `undo` do the same, and
    `picture` shows what came of it.

    Args:
        draw: the canvas (H, W) uint8 → a picture (1, C, H, W) in [−1, 1].
        examples: (N, H, W) uint8, what can be loaded; the first is loaded.
        parts: what the brush can paint, in words.
        values: the number that stands for each part on the canvas.
        colours: (r, g, b) of each part, 0 to 255.
        title: what is painted.
        another: the label of the button that loads the next example.
        part: which part the brush begins with.
        size: of the brush, in pixels.
        width: of the picture, in pixels.

    Raises:
        UserError: no example, or examples that are no square maps of uint8.
    """

    def __init__(
        self,
        draw: Callable[[np.ndarray], Tensor],
        examples: np.ndarray,
        parts: Sequence[str],
        values: Sequence[int],
        colours: Sequence[Sequence[int]],
        title: str,
        another: str = "another face",
        part: int = 0,
        size: int = 5,
        width: int = 320,
    ):
        super().__init__(width)
        examples = np.asarray(examples)
        if examples.ndim != 3 or not len(examples) or examples.shape[1] != examples.shape[2]:
            raise UserError(f"the painting explorer wants square maps (N, S, S), not {examples.shape}")
        self.draw, self.examples = draw, examples.astype(np.uint8)
        self.parts, self.values_of, self.colours = tuple(parts), tuple(values), np.asarray(colours, np.uint8)
        self.title, self.another, self.part, self.size = title, another, part, size
        self.number, self.canvas = 0, self.examples[0].copy()
        self._past: list[np.ndarray] = []
        self._board: Any = None

    def values(self) -> dict[str, Any]:
        """The canvas as it is now."""
        return {"canvas": self.canvas}

    def images(self, canvas: np.ndarray) -> Tensor:
        """What the translator makes of the canvas, (1, C, H, W)."""
        return self.draw(canvas)

    def describe(self, canvas: np.ndarray) -> str:
        """The largest parts of the canvas, and how much has been painted."""
        shares = {name: float((canvas == value).mean()) for name, value in zip(self.parts, self.values_of)}
        most = sorted((share, name) for name, share in shares.items() if share >= 0.005)[::-1][:4]
        begun = float((canvas != self.examples[self.number]).mean())
        painted = f"{begun:.0%} of the pixels painted by you" if begun >= 0.005 else "as it was loaded"
        said = ", ".join(f"{name} {share:.0%}" for share, name in most)
        return f"What the network draws. The map: {said}; {painted}."

    def paint(self, part: str, points: Sequence[Point], size: float | None = None) -> None:
        """A stroke: see `labkit.widgets.strokes.brush`.

        Raises:
            UserError: no such part.
        """
        self._change(brush(self.canvas, points, self._value(part), self.size if size is None else size))

    def fill(self, part: str, x: int, y: int) -> None:
        """Fill what hangs together with a pixel: see `labkit.widgets.strokes.fill`.

        Raises:
            UserError: no such part.
        """
        self._change(fill(self.canvas, x, y, self._value(part)))

    def undo(self) -> None:
        """Take the last `paint`, `fill` or `load` back."""
        if self._past:
            self.canvas = self._past.pop()
            self._load()

    def load(self, number: int) -> None:
        """Load an example; after the last comes the first."""
        self.number = number % len(self.examples)
        self._change(self.examples[self.number].copy())

    def coloured(self, canvas: np.ndarray) -> Tensor:
        """The canvas as people see it, uint8 (1, 3, H, W)."""
        seen = np.repeat(canvas[..., None], 3, axis=2)
        for value, colour in zip(self.values_of, self.colours):
            seen[canvas == value] = colour
        return torch.from_numpy(seen).permute(2, 0, 1)[None]

    def picture(self) -> bytes:
        """The picture twin: the maps that were painted one after the other, and below each what is drawn, as a PNG."""
        shown = [*self._past[-4:], self.canvas]
        with single_thread(), torch.no_grad():
            maps = torch.cat([self.coloured(one) for one in shown]).float().div(127.5).sub(1)
            drawn = torch.cat([self.images(one) for one in shown]).expand(-1, 3, -1, -1)
        file = io.BytesIO()
        page = sheet([(self.title, maps), (self.describe(self.canvas), drawn)], scale=2)
        page.save(file, "png", pnginfo=metadata("Painted by hand, drawn by a network."))
        return file.getvalue()

    def _value(self, part: str) -> int:
        from labkit.errors import nearest

        if part not in self.parts:
            raise UserError(nearest(part, self.parts, "part"))
        return self.values_of[self.parts.index(part)]

    def _change(self, canvas: np.ndarray) -> None:
        self._past.append(self.canvas)
        self.canvas = canvas
        self._load()

    def _load(self) -> None:
        """Show the canvas in the page, where there is one."""
        if self._board is not None:
            with self._board.hold_sync():
                self._board.canvas, self._board.loads = _code(self.canvas), self._board.loads + 1
                self._answer()

    def _answer(self) -> None:
        self._board.picture = f"data:image/png;base64,{base64.b64encode(self.render()).decode()}"
        self._board.words = self.describe(self.canvas)

    def _painted(self, _: object) -> None:
        """The page has painted: one answer for each."""
        raw = np.frombuffer(base64.b64decode(self._board.painted), np.uint8)
        if raw.size == self.canvas.size:
            self._past, self.canvas = [*self._past[-19:], self.canvas], raw.reshape(self.canvas.shape).copy()
        with self._board.hold_sync():
            self._answer()
            self._board.answered = self._board.serial

    def _wished(self, _: object) -> None:
        self.load(self.number + (self._board.wish == "another"))

    @property
    def widget(self) -> "ipywidgets.Widget":
        """The explorer as one widget, made at the first call."""
        from labkit.widgets.board import Board

        if self._board is None:
            self._board = Board(
                side=self.canvas.shape[0],
                title=self.title,
                another=self.another,
                parts=list(self.parts),
                colours=self.colours.tolist(),
                values=list(self.values_of),
                number=next(_numbers),
                part=self.part,
                size=self.size,
                canvas=_code(self.canvas),
            )
            self._answer()
            self._board.observe(self._painted, "serial")
            self._board.observe(self._wished, "wishes")
        return self._board


def _code(canvas: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(canvas).tobytes()).decode()


class PaintLabels(Painter):
    """Paint a label map with the classes' colours; the network draws the face.

    Args:
        game: a pix2pix whose source is `labels`.
        examples: label maps (N, S, S) uint8 of the game's size.
        width: of the picture, in pixels.
    """

    def __init__(self, game: Pix2Pix, examples: np.ndarray, width: int = 320):
        game.eval()

        def draw(canvas: np.ndarray) -> Tensor:
            return game.translate(labels_as_planes(torch.from_numpy(canvas)[None]).to(game.device)).cpu()

        hair = PARTS.index("hair")
        super().__init__(
            draw, examples, PARTS, range(len(PARTS)), CLASS_COLOURS.tolist(), "the label map", part=hair, width=width
        )


class PaintDrawing(Painter):
    """Draw with a pen; the network makes a face of it.

    Args:
        game: a pix2pix whose source is `drawing`.
        examples: drawings (N, S, S) uint8, black on white; an empty page is added as the last.
        width: of the picture, in pixels.
    """

    def __init__(self, game: Pix2Pix, examples: np.ndarray, width: int = 320):
        game.eval()

        def draw(canvas: np.ndarray) -> Tensor:
            page = torch.from_numpy(canvas).float().div(127.5).sub(1)
            return game.translate(page[None, None].to(game.device)).cpu()

        pages = np.concatenate([np.asarray(examples), np.full_like(np.asarray(examples)[:1], PAPER)])
        super().__init__(
            draw, pages, ("pen", "eraser"), (INK, PAPER), ((0, 0, 0), (255, 255, 255)), "the drawing",
            another="another drawing", size=1, width=width,
        )  # fmt: skip

    def describe(self, canvas: np.ndarray) -> str:
        """How much ink there is, and how much has been drawn."""
        begun = float((canvas != self.examples[self.number]).mean())
        ink = 1 - float(canvas.mean()) / PAPER
        drawn = f"{begun:.1%} of the pixels drawn by you" if begun else "as it was loaded"
        return f"What the network makes of the drawing. Ink: {ink:.0%} of the page; {drawn}."
