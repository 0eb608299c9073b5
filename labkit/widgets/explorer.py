"""Explorers: sliders on the left, a picture that answers at once, and a picture twin for people without widgets."""

import base64
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from labkit.pictures import png
from labkit.threads import single_thread

if TYPE_CHECKING:
    import ipywidgets


class Explorer:
    """A picture that follows some controls.

    Subclasses set `controls` (ipywidgets by name) and write `images` and `describe`, which take the controls' values by
    name. A notebook shows the explorer where it is the last value of a cell. Every control works with the keyboard:
    Tab to it, then arrow keys, Enter or Space.

    Args:
        width: of the picture on the page, in pixels.
    """

    columns: int | None = None
    """Images a row; all in one where not given."""

    def __init__(self, width: int = 360):
        self.width = width
        self.controls: dict[str, ipywidgets.Widget] = {}
        self._view: ipywidgets.HTML | None = None
        self._quiet = False

    def images(self, *args: Any, **values: Any) -> Tensor:
        """What the controls' values mean, (n, C, H, W) in [−1, 1]."""
        raise NotImplementedError

    def describe(self, *args: Any, **values: Any) -> str:
        """The picture in words: the text alternative."""
        raise NotImplementedError

    def values(self) -> dict[str, Any]:
        """The controls' values now, by name; buttons have none."""
        return {name: control.value for name, control in self.controls.items() if hasattr(control, "value")}

    def render(self, **values: Any) -> bytes:
        """Callback to encoded picture: the PNG for these values, the others as they stand."""
        with single_thread(), torch.no_grad():
            images = self.images(**{**self.values(), **values})
            return png(images, columns=self.columns or len(images))

    def update(self, *_: object) -> None:
        """Redraw the picture in the page."""
        if self._view is not None and not self._quiet:
            self._view.value = self._html()

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Several controls change inside, and the picture is redrawn once, afterwards."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False
        self.update()

    def layout(self, view: "ipywidgets.Widget") -> list["ipywidgets.Widget"]:
        """What stands on the page from top to bottom; `view` is the picture."""
        return [*self.controls.values(), view]

    def _html(self) -> str:
        words = escape(self.describe(**self.values()))
        style = f"width:{self.width}px;max-width:100%;image-rendering:pixelated;border:1px solid #888"
        return f"{inline(self.render(), words, style)}<div>{words}</div>"

    @property
    def widget(self) -> "ipywidgets.Widget":
        """The explorer as one widget, made at the first call."""
        import ipywidgets

        from labkit.widgets.names import Names

        if self._view is None:
            self._view = ipywidgets.HTML(self._html())
            for control in self.controls.values():
                if hasattr(control, "value"):
                    control.observe(self.update, "value")
            self._box = ipywidgets.VBox([Names(), *self.layout(self._view)])
            self._box.add_class("labkit-explorer")
        return self._box

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)


def inline(picture: bytes, words: str, style: str) -> str:
    """A PNG as an element of a page that keeps its place: else the page below jumps until the picture is decoded.

    Args:
        picture: the PNG's bytes.
        words: what it shows, escaped.
        style: CSS beside its shape.
    """
    wide, high = struct.unpack(">II", picture[16:24])  # the first chunk of every PNG
    code = base64.b64encode(picture).decode()
    return f'<img src="data:image/png;base64,{code}" alt="{words}" style="aspect-ratio:auto {wide}/{high};{style}">'


def slider(start: float, stop: float, step: float, label: str, value: float | None = None) -> "ipywidgets.Widget":
    """A slider wide enough for its label and for fingers, that answers while it moves."""
    import ipywidgets

    kind = ipywidgets.IntSlider if all(isinstance(x, int) for x in (start, stop, step)) else ipywidgets.FloatSlider
    return kind(
        value=start if value is None else value,
        min=start,
        max=stop,
        step=step,
        description=label,
        style={"description_width": "min(120px, 30%)"},
        layout=ipywidgets.Layout(width="420px", max_width="100%"),
    )


def button(label: str, action: Callable[[], None], tooltip: str) -> "ipywidgets.Widget":
    """A button with a word on it and a tooltip that says what it does."""
    import ipywidgets

    made = ipywidgets.Button(description=label, tooltip=tooltip, layout=ipywidgets.Layout(width="170px"))
    made.on_click(lambda _: action())
    return made
