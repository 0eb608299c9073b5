"""The same edit of the same face in Z and in W, side by side."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from labkit.models.spaces import Space
from labkit.nn.directions import Directions
from labkit.threads import single_thread
from labkit.widgets.explorer import button, slider
from labkit.widgets.figure import metadata
from labkit.widgets.panels import Look, Panels, Words, plain, seen, sheet

if TYPE_CHECKING:
    pass


class TwoSpaces(Panels):
    """A step along an attribute's direction, taken in two spaces from the same face.

    Args:
        z: the space whose latents are drawn.
        w: the space that the mapping network leads to.
        directions: of the attributes, in each of both.
        names: attributes to choose from; all where not given.
        amounts: for each space the length of the step at strength 1, by attribute.
        judge: a net that knows attributes: it says what changed.
        seed: of the first face.
        width: of the three pictures together, in pixels.

    Raises:
        UserError: an attribute without a direction, with the nearest names.
    """

    def __init__(
        self,
        z: Space,
        w: Space,
        directions: tuple[Directions, Directions],
        names: Sequence[str] | None = None,
        *,
        amounts: tuple[Mapping[str, float], Mapping[str, float]],
        judge: Look | None = None,
        seed: int = 0,
        width: int = 480,
    ):
        import ipywidgets

        super().__init__(width, judge)
        self.spaces, self.directions, self.amounts = (z.eval(), w.eval()), directions, amounts
        self.names = tuple(directions[0].names if names is None else names)
        for name in self.names:
            for one in directions:
                one.index(name)
        self._draws = torch.Generator().manual_seed(seed)
        self._begin()
        self.controls = {
            "attribute": ipywidgets.Dropdown(
                options=[(plain(name), name) for name in self.names],
                description="attribute",
                style={"description_width": "min(120px, 30%)"},
                layout=ipywidgets.Layout(width="300px", max_width="97%"),
            ),
            "strength": slider(-1.5, 1.5, 0.05, "strength", value=1.0),
            "new": button("another face", self.renew, "Draw another face"),
        }

    def _begin(self) -> None:
        z = self.spaces[0].latent(1, self._draws)
        with torch.no_grad():
            self.starts = z, self.spaces[0].to_style(z)

    def renew(self) -> None:
        """Another face."""
        self._begin()
        self.update()

    def moved(self, attribute: str, strength: float) -> tuple[Tensor, Tensor]:
        """The latents after the step, in each space (1, D)."""
        z, w = (
            start + strength * amounts[attribute] * one.vector(attribute)
            for start, one, amounts in zip(self.starts, self.directions, self.amounts)
        )
        return z, w

    def images(self, attribute: str, strength: float) -> Tensor:
        """The face, and after a step in Z and in W."""
        face, w = self.starts[0].tolist(), self.spaces[1]
        start = self.still("start", face, lambda: w.generator(self.starts[1]))

        def ends() -> Tensor:
            styles = [space.to_style(at) for space, at in zip(self.spaces, self.moved(attribute, strength))]
            return w.generator(torch.cat(styles))

        return torch.cat([start, self.still("ends", (face, attribute, strength), ends)])  # `describe` asks again

    def captions(self, attribute: str, strength: float) -> list[Words]:
        """The face, and the space of each step."""
        step = f"{strength:+.2f} {plain(attribute)}".replace("-", "−")
        return [("the face", "the face before"), (f"in Z: {step}", f"in Z: {step}"), (f"in W: {step}", f"in W: {step}")]

    def describe(self, attribute: str, strength: float) -> str:
        """What came, and what went, by the judge."""
        step = f"{strength:+.2f} {plain(attribute)}".replace("-", "−")
        if self.judge is None:
            return f"{step}, in Z and in W."
        with single_thread(), torch.no_grad():
            words = seen(self.judge, self.images(attribute, strength), most=99)
        before, *after = (set(each.split(", ")) - {"nothing that it knows"} for each in words)
        said = []
        for space, now in zip(self.spaces, after):
            changes = [f"+ {name}" for name in sorted(now - before)] + [f"− {name}" for name in sorted(before - now)]
            said.append(f"In {space.name}: {', '.join(changes) or 'no change'}.")
        return f"{step}. The judge sees: " + " ".join(said)

    def judged(self) -> bool:
        """The judge's words are in `describe` already."""
        return False

    def picture(self, n: int = 7) -> bytes:
        """The picture twin: for each attribute the way in Z and the way in W, as a PNG."""
        rows = []
        with single_thread(), torch.no_grad():
            for name in self.names:
                for place, space in enumerate(self.spaces):
                    at = torch.cat([self.moved(name, float(t))[place] for t in torch.linspace(-1.5, 1.5, n)])
                    rows.append((f"{plain(name)} in {space.name}, −1.5 to 1.5", space.generator(at)))
        file = io.BytesIO()
        sheet(rows).save(file, "png", pnginfo=metadata("The same edits in Z and in W."))
        return file.getvalue()
