"""Sliders for attributes: walk along a direction each, hold other attributes still, keep what you like."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from labkit.nn.directions import Directions
from labkit.threads import single_thread
from labkit.widgets.explorer import button, slider
from labkit.widgets.figure import keep, metadata
from labkit.widgets.panels import Drawer, Look, Panels, Words, plain, sheet
from labkit.widgets.saving import Saving, free_name

if TYPE_CHECKING:
    import ipywidgets

_LOCK = "lock "  # before an attribute's name: its box among the controls


class Sliders(Panels):
    """A slider for each attribute and a box that locks it: what is locked, the other sliders leave still.

    Still is the linear prediction of the attribute from z (`Directions.slopes`), so the picture nearly so. A slider at
    0 changes nothing, and the order of the moves plays no part.

    Args:
        game: any GAN in eval mode, or a StyleGAN's space.
        directions: of the attributes.
        names: attributes with a slider; all where not given. The others have boxes only.
        locked: attributes that are locked at first.
        amounts: length of the step of a slider at 1, by attribute; √D, the length of a latent, where not given.
        judge: a net that knows attributes: it says what it sees.
        seed: of the first face.
        start: the latent (1, D) to begin with, such as that of an inverted photograph, in place of a sample.
        width: of both pictures together, in pixels.

    Raises:
        UserError: an attribute without a direction, with the nearest names.
    """

    def __init__(
        self,
        game: Drawer,
        directions: Directions,
        names: Sequence[str] | None = None,
        *,
        locked: Sequence[str] = (),
        amounts: Mapping[str, float] | None = None,
        judge: Look | None = None,
        seed: int = 0,
        start: Tensor | None = None,
        width: int = 440,
    ):
        import ipywidgets

        super().__init__(width, judge)
        self.game, self.directions = game.eval(), directions
        self.names = tuple(directions.names if names is None else names)
        for name in (*self.names, *locked, *(amounts or {})):
            directions.index(name)
        self.amounts = dict.fromkeys(self.names, game.latent_dim**0.5) | dict(amounts or {})
        self._seed = torch.Generator().manual_seed(seed)
        self.start = game.latent(1, self._seed) if start is None else start
        self._past: list[tuple[Tensor, dict[str, Any]]] = []
        self._touched = ""
        self._vectors: dict[tuple[str, ...], Tensor] = {}
        self.controls = {name: slider(-1.5, 1.5, 0.05, plain(name), value=0.0) for name in self.names}
        for name in directions.names:
            own = name in self.names
            self.controls[_LOCK + name] = ipywidgets.Checkbox(
                value=name in locked,
                description=f"lock {plain(name)}" if own else plain(name),
                tooltip=f"hold {plain(name)} still while others move",
                indent=False,
                layout=ipywidgets.Layout(width="190px" if own else "160px", margin="2px 8px"),
            )
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self._remember(name, change["old"]), "value")
        self.undo_button = button("undo", self.undo, "Take back what you did last")
        self.saving = Saving(
            "my-face", self.save, "save face and vector", "Save the picture (PNG) and its latent (npz)"
        )
        self._enable()

    def _remember(self, name: str, old: object) -> None:
        """Before a change by hand: all moves of one control in a row are one change."""
        if self._quiet:
            return
        if name != self._touched:
            self._past.append((self.start, {**self.values(), name: old}))
            self._touched = name
        self._enable()

    def _enable(self) -> None:
        self.undo_button.disabled = not self._past
        for name in self.names:
            self.controls[name].disabled = self.controls[_LOCK + name].value

    def _go(self, start: Tensor, values: Mapping[str, Any], remember: bool = True) -> None:
        if remember:
            self._past.append((self.start, self.values()))
        self._touched = ""
        with self.quietly():
            self.start = start
            for name, value in values.items():
                self.controls[name].value = value
        self._enable()

    def random(self) -> None:
        """Another face; sliders go back to 0, locks stay."""
        self._go(self.game.latent(1, self._seed), dict.fromkeys(self.names, 0.0))

    def reset(self) -> None:
        """All sliders to 0, nothing locked."""
        self._go(self.start, {name: 0.0 if name in self.names else False for name in self.controls})

    def undo(self) -> None:
        """Take back the last change: the moves of one slider, a lock, another face, a reset."""
        if self._past:
            self._go(*self._past.pop(), remember=False)

    def vector(self, name: str, locked: Sequence[str]) -> Tensor:
        """The direction (D,) of a slider under these locks, of length 1."""
        key = (name, *locked)
        if key not in self._vectors:
            self._vectors[key] = self.directions.vector(name, locked)
        return self._vectors[key]

    def locked(self, values: Mapping[str, Any]) -> list[str]:
        """The attributes whose boxes are ticked."""
        return [name for name in self.directions.names if values[_LOCK + name]]

    def latent(self, **values: Any) -> Tensor:
        """The latent z plus each slider's step, (1, D)."""
        values = {**self.values(), **values}
        locked, z = self.locked(values), self.start
        for name in self.names:
            if values[name]:
                z = z + values[name] * self.amounts[name] * self.vector(name, locked).to(z)
        return z

    def images(self, **values: Any) -> Tensor:
        """The face before and after, (2, C, H, W)."""
        before = self.still("start", self.start.tolist(), lambda: self.game.generator(self.start))
        return torch.cat([before, self.game.generator(self.latent(**values))])

    def captions(self, **values: Any) -> list[Words]:
        """Before, and after with what moved."""
        return [("before", "the face before any step"), ("after", f"the face after: {self._moved(values)}")]

    def _moved(self, values: Mapping[str, Any]) -> str:
        steps = [f"{plain(name)} {values[name]:+.2f}" for name in self.names if values[name]]
        return ", ".join(steps).replace("-", "−") or "no step yet"

    def describe(self, **values: Any) -> str:
        """The steps and the locks."""
        locked = self.locked(values)
        held = f" Locked: {', '.join(plain(name) for name in locked)}." if locked else ""
        return f"After: {self._moved(values)}.{held}"

    def save(self, name: str) -> list[Path]:
        """Save the face as NAME.png, marked as synthetic, and its vector as NAME.npz; nothing is written over.

        The vector's file holds ``z`` (D,), ``start`` (D,), and the ``names`` and ``amounts`` (lengths) of the steps:
        ``numpy.load("NAME.npz")["z"]``.

        Raises:
            UserError: a name that is none.
        """
        path, values = free_name(name, (".png", ".npz")), self.values()
        picture, vector = path.with_name(path.name + ".png"), path.with_name(path.name + ".npz")
        z = self.latent()
        with single_thread(), torch.no_grad():
            keep(self.game.generator(z), picture, f"A face: {self._moved(values).replace('−', '-')}.", scale=6)
        np.savez(
            vector,
            z=z[0].cpu().numpy(),
            start=self.start[0].cpu().numpy(),
            names=np.array(self.names),
            amounts=np.array([values[name] * self.amounts[name] for name in self.names]),
        )
        return [picture, vector]

    def layout(self, view: "ipywidgets.Widget") -> list["ipywidgets.Widget"]:
        """The picture on top, then the buttons, sliders with locks, boxes, and what is saved."""
        import ipywidgets

        wrap = ipywidgets.Layout(display="flex", flex_flow="row wrap", max_width="760px")
        many = ipywidgets.Layout(
            display="flex", flex_flow="row wrap", max_width="760px", max_height="200px", overflow="auto"
        )
        row = ipywidgets.Layout(display="flex", flex_flow="row wrap", align_items="center")
        sliders = [
            ipywidgets.Box([self.controls[name], self.controls[_LOCK + name]], layout=row) for name in self.names
        ]
        boxes = [self.controls[_LOCK + name] for name in self.directions.names if name not in self.names]
        hold = ipywidgets.HTML("<div>hold still:</div>") if boxes else ipywidgets.HTML()
        actions = [
            button("random face", self.random, "Another face, all sliders at 0"),
            self.undo_button,
            button("reset", self.reset, "All sliders to 0, nothing locked"),
        ]
        return [
            view,
            ipywidgets.Box(actions, layout=wrap),
            *sliders,
            hold,
            ipywidgets.Box(boxes, layout=many),
            self.saving.widget,
        ]

    def picture(self, steps: Sequence[float] = (-1.0, -0.5, 0.0, 0.5, 1.0)) -> bytes:
        """The picture twin: each slider at several places, the others at 0, under the locks as they stand, as a PNG."""
        locked = self.locked(self.values())
        at = torch.tensor(steps)[:, None]
        rows = []
        with single_thread(), torch.no_grad():
            for name in self.names:
                z = self.start + at * self.amounts[name] * self.vector(name, locked).to(self.start)
                others = [plain(other) for other in locked if other != name]
                held = f" (locked: {', '.join(others)})" if others else ""
                text = f"{plain(name)}: {', '.join(f'{step:+g}' for step in steps)}{held}"
                rows.append((text, self.game.generator(z)))
        file = io.BytesIO()
        sheet(rows).save(file, "png", pnginfo=metadata("A face, moved along directions of attributes."))
        return file.getvalue()
