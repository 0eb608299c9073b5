"""Style mixing: some layers take their style from one face, others from another (Karras et al. 2019, section 3.1)."""

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from labkit.models.stylegan import StyleGAN
from labkit.pictures import png
from labkit.threads import single_thread
from labkit.widgets.explorer import Explorer, button, slider
from labkit.widgets.figure import metadata
from labkit.widgets.panels import Look, Panels, Words, sheet

if TYPE_CHECKING:
    import ipywidgets

PSI = 0.8
"""Truncation of the faces that explorers begin with: a little nearer to the mean, and seldom torn."""


def layer_sides(game: StyleGAN) -> list[int]:
    """The side of the map at which each style of w enters; the last is that of the picture itself."""
    return [*game.synthesis.noise_sides, game.image_shape[1]][: game.synthesis.styles]


def span(game: StyleGAN, first: int, last: int) -> str:
    """Layers in words: ``coarse (4 to 8 px)``; last is not part of it."""
    sides = layer_sides(game)[first:last]
    if not sides:
        return "no layer"
    names = ["coarse" if side <= 8 else "middle" if side <= 32 else "fine" for side in (sides[0], sides[-1])]
    said = names[0] if names[0] == names[1] else f"{names[0]} to {names[1]}"
    return f"{said} ({sides[0]} px)" if sides[0] == sides[-1] else f"{said} ({sides[0]} to {sides[-1]} px)"


def between(first: int, last: int) -> str:
    """``layers 3 to 8``; last is not part of it."""
    return f"layer {first}" if last - first == 1 else f"layers {first} to {last - 1}"


class Styles:
    """Faces of a StyleGAN for explorers: their w, with one noise for all.

    Args:
        game: in eval mode.
        seed: of the faces and the noise.
        psi: truncation.
    """

    def __init__(self, game: StyleGAN, seed: int = 0, psi: float = PSI):
        self.game, self.psi = game.eval(), psi
        self._draws = torch.Generator().manual_seed(seed)
        self.noise = game.noise(1, torch.Generator().manual_seed(seed))

    def new(self, n: int) -> Tensor:
        """W of n other faces, (n, style_dim)."""
        with torch.no_grad():
            mapping = self.game.mapping
            return mapping.truncate(mapping(self.game.latent(n, self._draws)), self.psi)

    def every(self, w: Tensor) -> Tensor:
        """The same w at every layer: (n, D) → (n, styles, D)."""
        return w[:, None].expand(-1, self.game.synthesis.styles, -1)

    def draw(self, w: Tensor) -> Tensor:
        """The pictures of (n, D) or (n, styles, D)."""
        return self.game.draw(w, self.noise)


class StyleMixing(Explorer):
    """A table of faces: each takes its early layers from the face at its left and its late ones from the face above.

    Args:
        game: a StyleGAN in eval mode.
        rows: faces at the left.
        columns: faces above.
        seed: of the faces.
        width: of the table, in pixels.
    """

    def __init__(self, game: StyleGAN, rows: int = 2, columns: int = 4, seed: int = 0, width: int = 480):
        super().__init__(width)
        self.styles, self.rows, self.above = Styles(game, seed), rows, columns
        self.columns = columns + 1
        self._faces()
        last = game.synthesis.styles
        self.controls = {
            "crossover": slider(1, last - 1, 1, "crossover", value=3),
            "new": button("other faces", self.renew, "Draw other faces to mix"),
        }

    def _faces(self) -> None:
        self.left, self.top = self.styles.new(self.rows), self.styles.new(self.above)
        with single_thread(), torch.no_grad():
            self._edge = self.styles.draw(torch.cat([self.top, self.left]))
        self._tables: dict[int, Tensor] = {}

    def renew(self) -> None:
        """Other faces."""
        self._faces()
        self.update()

    def mixes(self, crossover: int) -> Tensor:
        """The styles inside of the table, row by row: (rows · columns, styles, D)."""
        left = self.styles.every(self.left).repeat_interleave(self.above, 0)
        top = self.styles.every(self.top).repeat(self.rows, 1, 1)
        return torch.cat([left[:, :crossover], top[:, crossover:]], 1)

    def images(self, crossover: int) -> Tensor:
        """The table: a blank corner, the faces above, then each row after the face at its left.

        There are few, and one goes back and forth between them: each is drawn once.
        """
        above = self._edge[: self.above]
        if crossover not in self._tables:
            self._tables[crossover] = self.styles.draw(self.mixes(crossover)).unflatten(0, (self.rows, self.above))
        inside = self._tables[crossover]
        rows = torch.cat([self._edge[self.above :, None], inside], 1).flatten(0, 1)
        return torch.cat([torch.ones_like(above[:1]), above, rows])

    def describe(self, crossover: int) -> str:
        """Which layers come from where."""
        game, last = self.styles.game, self.styles.game.synthesis.styles
        return (
            f"From the left: {between(0, crossover)}, {span(game, 0, crossover)}. "
            f"From above: {between(crossover, last)}, {span(game, crossover, last)}."
        )

    def picture(self) -> bytes:
        """The picture twin: the table for a coarse, a middle and a fine crossover, below each other, as a PNG."""
        rows: list[tuple[str, Tensor]] = []
        sides, last = layer_sides(self.styles.game), self.styles.game.synthesis.styles
        for side in (16, 32, 64):
            at = next((k for k, one in enumerate(sides) if one >= side and k), last - 1)
            with single_thread(), torch.no_grad():
                table = self.images(at).split(self.above + 1)
            rows += [(self.describe(at) if not k else "", row) for k, row in enumerate(table)]
        file = io.BytesIO()
        sheet(rows).save(file, "png", pnginfo=metadata("Style mixing."))
        return file.getvalue()


class LayerSources(Panels):
    """For every layer a choice: does its style come from face A, B or C?

    Args:
        game: a StyleGAN in eval mode.
        seed: of the faces.
        judge: a net that knows attributes: it says what it sees.
        width: of the four pictures together, in pixels.
    """

    NAMES = ("A", "B", "C")

    def __init__(self, game: StyleGAN, seed: int = 0, judge: Look | None = None, width: int = 600):
        import ipywidgets

        super().__init__(width, judge)
        self.styles = Styles(game, seed)
        self.w = self.styles.new(len(self.NAMES))
        self._turn = 0
        self.controls = {
            f"layer {k}": ipywidgets.ToggleButtons(
                options=self.NAMES,
                value="A" if k < 3 else "B",
                description=f"{k} · {side} px",
                tooltips=[f"layer {k} takes its style from face {name}" for name in self.NAMES],
                style={"button_width": "40px", "description_width": "64px"},
                layout=ipywidgets.Layout(width="264px", margin="0 12px 0 0"),
            )
            for k, side in enumerate(layer_sides(game))
        }

    def all_from(self, name: str) -> None:
        """Every layer from one face."""
        with self.quietly():
            for control in self.controls.values():
                control.value = name

    def renew(self) -> None:
        """Three other faces; the choices stay."""
        self.w, self._turn = self.styles.new(len(self.NAMES)), self._turn + 1
        self.update()

    def mix(self, *sources: str) -> Tensor:
        """The styles, (1, styles, D), from a name for each layer."""
        at = [self.NAMES.index(name) for name in sources]
        return self.w[at][None]

    def images(self, **sources: str) -> Tensor:
        """A, B, C and the mix."""
        ends = self.still("ends", self._turn, lambda: self.styles.draw(self.w))
        return torch.cat([ends, self.styles.draw(self.mix(*sources.values()))])

    def captions(self, **sources: str) -> list[Words]:
        """The faces' names, and which layers the mix took from each."""
        return [*((name, f"face {name}") for name in self.NAMES), ("the mix", self.describe(**sources).rstrip("."))]

    def describe(self, **sources: str) -> str:
        """Which layers come from which face."""
        chosen = list(sources.values())
        said = [
            f"{name}: " + (", ".join(str(k) for k, one in enumerate(chosen) if one == name) or "none")
            for name in self.NAMES
        ]
        return "Layers from face " + "; from ".join(said) + "."

    def layout(self, view: "ipywidgets.Widget") -> list["ipywidgets.Widget"]:
        """The pictures above, three buttons for each layer below."""
        import ipywidgets

        wrap = ipywidgets.Layout(display="flex", flex_flow="row wrap")
        whole = [
            button(f"all {name}", partial(self.all_from, name), f"Every layer from face {name}") for name in self.NAMES
        ]
        new = button("other faces", self.renew, "Draw three other faces")
        choices = ipywidgets.Layout(display="flex", flex_flow="row wrap", max_width="660px")
        rows = ipywidgets.Box([*self.controls.values()], layout=choices)
        return [view, ipywidgets.Box([*whole, new], layout=wrap), rows]

    def picture(self) -> bytes:
        """The picture twin: A with one pair of layers at a time from B, as a PNG."""
        sides = layer_sides(self.styles.game)
        mixes: list[Any] = []
        for side in sorted(set(sides)):
            mixes.append(self.mix(*("B" if one == side else "A" for one in sides)))
        with single_thread(), torch.no_grad():
            ends = self.styles.draw(self.w[:2])
            return png(torch.cat([ends, self.styles.draw(torch.cat(mixes))]), columns=len(mixes) + 2, scale=2)
