"""Directions that were found without labels, for a student to name: GANSpace and SeFa."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import normalize

from labkit.errors import UserError
from labkit.models.stylegan import StyleGAN
from labkit.threads import single_thread
from labkit.widgets.explorer import button, slider
from labkit.widgets.figure import metadata
from labkit.widgets.mixing import Styles, between, span
from labkit.widgets.panels import Panels, Words, sheet

if TYPE_CHECKING:
    import ipywidgets


@dataclass(frozen=True)
class Named:
    """A direction that somebody has named.

    Attributes:
        vector: (D,), of length 1.
        amount: length of the step of one.
        layers: the first and the last.
    """

    vector: Tensor
    amount: float
    layers: tuple[int, int]


class Unlabelled(Panels):
    """Steps along directions that nobody labelled, in the layers that are chosen. Look, and give them names.

    Args:
        game: a StyleGAN in eval mode.
        methods: for each method its directions (K, D), one a row, the most important first.
        seed: of the faces.
        most: directions of each method that can be chosen.
        samples: of w, of which a direction's step is the standard deviation.
        width: of the three pictures together, in pixels.
    """

    def __init__(
        self,
        game: StyleGAN,
        methods: Mapping[str, Tensor],
        seed: int = 0,
        most: int = 20,
        samples: int = 2000,
        width: int = 480,
    ):
        import ipywidgets

        super().__init__(width)
        self.styles, self._turn = Styles(game, seed), 0
        self.methods = {name: normalize(rows[:most].float(), dim=1) for name, rows in methods.items()}
        w = Styles(game, seed + 1, psi=1.0).new(samples)
        self.spread = {name: (w @ rows.T).std(0) for name, rows in self.methods.items()}
        self.w, last = self.styles.new(1), game.synthesis.styles
        self.named: dict[str, Named] = {}
        narrow = {"description_width": "min(120px, 30%)"}
        few = min(len(rows) for rows in self.methods.values())
        self.controls = {
            "method": ipywidgets.Dropdown(
                options=list(self.methods),
                description="found by",
                style=narrow,
                layout=ipywidgets.Layout(width="300px", max_width="97%"),
            ),
            "number": slider(0, few - 1, 1, "direction"),
            "amount": slider(-4.0, 4.0, 0.1, "step, in σ", value=2.0),
            "layers": ipywidgets.IntRangeSlider(
                value=(0, last - 1),
                min=0,
                max=last - 1,
                description="layers",
                style=narrow,
                layout=ipywidgets.Layout(width="420px", max_width="100%"),
            ),
        }
        self.name = ipywidgets.Text(description="I call it", placeholder="what does it change?", style=narrow)
        self.message = ipywidgets.HTML()

    def step(self, method: str, number: int, amount: float, layers: tuple[int, int]) -> Tensor:
        """What is added to the styles, (1, styles, D)."""
        step = torch.zeros(1, self.styles.game.synthesis.styles, self.w.shape[1])
        step[:, layers[0] : layers[1] + 1] = amount * self.spread[method][number] * self.methods[method][number]
        return step

    def images(self, method: str, number: int, amount: float, layers: tuple[int, int]) -> Tensor:
        """The face with the step taken back, as it is, and with it."""
        step = self.step(method, number, amount, layers)
        start = self.styles.every(self.w)
        middle = self.still("start", self._turn, lambda: self.styles.draw(self.w))
        ends = self.styles.draw(torch.cat([start - step, start + step]))
        return torch.cat([ends[:1], middle, ends[1:]])

    def captions(self, method: str, number: int, amount: float, layers: tuple[int, int]) -> list[Words]:
        """The steps."""
        back, on = (f"{sign * amount:+.1f} σ".replace("-", "−") for sign in (-1, 1))
        return [
            (back, f"the step taken back, {back}"),
            ("the face", "the face"),
            (on, f"the step of {on} along direction {number}"),
        ]

    def describe(self, method: str, number: int, amount: float, layers: tuple[int, int]) -> str:
        """Which direction, and where it acts."""
        first, last = layers[0], layers[1] + 1
        return f"{method}, direction {number}, in {between(first, last)}, {span(self.styles.game, first, last)}."

    def renew(self) -> None:
        """Another face: does the direction mean the same there?"""
        self.w, self._turn = self.styles.new(1), self._turn + 1
        self.update()

    def keep(self) -> None:
        """Keep this direction under the name that stands in the field."""
        name, values = self.name.value.strip(), self.values()
        if not name:
            self.message.value = '<div role="status">Write a name first.</div>'
            return
        method, number = values["method"], values["number"]
        self.named[name] = Named(
            self.methods[method][number], float(self.spread[method][number]), tuple(values["layers"])
        )
        self.message.value = f'<div role="status">Kept: {escape(", ".join(self.named))}.</div>'

    def apply(self, w: Tensor, name: str, amount: float) -> Tensor:
        """Styles (n, styles, D) of w (n, D) after a step of so many σ along a direction that was kept.

        Raises:
            UserError: nothing was kept under that name.
        """
        if name not in self.named:
            raise UserError(f"no direction is called {name!r}; kept are: {', '.join(self.named) or 'none'}")
        one, styles = self.named[name], self.styles.every(w).clone()
        styles[:, one.layers[0] : one.layers[1] + 1] += amount * one.amount * one.vector
        return styles

    def layout(self, view: "ipywidgets.Widget") -> list["ipywidgets.Widget"]:
        """Controls, pictures, the field for a name."""
        import ipywidgets

        wrap = ipywidgets.Layout(display="flex", flex_flow="row wrap")
        keep = button("keep it", self.keep, "Keep this direction, in these layers, under this name")
        new = button("another face", self.renew, "The same step from another face")
        return [*self.controls.values(), view, ipywidgets.Box([self.name, keep, new], layout=wrap), self.message]

    def picture(self, directions: int = 6, amount: float = 2.5) -> bytes:
        """The picture twin: the first directions of each method, from −amount to amount σ, as a PNG."""
        rows, last = [], self.styles.game.synthesis.styles
        with single_thread(), torch.no_grad():
            for method in self.methods:
                for number in range(min(directions, len(self.methods[method]))):
                    steps = [
                        self.step(method, number, float(t), (0, last - 1)) for t in torch.linspace(-amount, amount, 7)
                    ]
                    styles = self.styles.every(self.w) + torch.cat(steps)
                    rows.append((f"{method}, direction {number}, −{amount} to {amount} σ", self.styles.draw(styles)))
        file = io.BytesIO()
        sheet(rows).save(file, "png", pnginfo=metadata("Directions found without labels."))
        return file.getvalue()
