"""How a student watches: one bar, live curves and a grid in a notebook; a bar or plain lines elsewhere."""

import io
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor
from tqdm.auto import tqdm

from labkit.pictures import grid


def in_notebook() -> bool:
    """Whether a notebook's front end can show pictures."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


class Progress:
    """Tells how training goes; silent in all processes but the main one.

    Args:
        total: what is counted: steps, or seconds for a run that has a time limit alone.
        unit: `step` or `s`.
        start: how much was done before.
        show: `auto`, or `none`.
    """

    def __init__(self, total: float, unit: str, start: float = 0, show: str = "auto"):
        self.live = show == "auto" and in_notebook()
        self.plain = show == "auto" and not self.live and not sys.stderr.isatty()
        self._unit, self._total, self._done = unit, total, start
        self._images: Tensor | None = None
        self._display = None
        self._drawn = self._said = 0.0
        self._cost = 0.0
        self._columns: int | None = None
        hidden = show == "none" or self.plain
        layout = "{l_bar}{bar}| {n:.0f}/{total:.0f} " + unit + " [{elapsed} gone, {remaining} left{postfix}]"
        self._bar = tqdm(total=total, initial=min(start, total), disable=hidden, bar_format=layout, leave=True)

    def step(self, done: float, rate: float, losses: str = "") -> None:
        """Move the bar to `done`, at so many images a second."""
        self._done = done
        if not self._bar.disable:
            self._bar.set_postfix_str(f"{rate:,.0f} images/s{losses}", refresh=False)
            self._bar.update(min(done, self._total) - self._bar.n)  # a last batch may go past the end

    def show(
        self,
        history: Sequence[Mapping[str, Any]],
        images: Tensor | None,
        last: bool = False,
        columns: int | None = None,
    ) -> None:
        """Refresh curves and grid in place, or print a line; every few seconds, for a tenth of the time at most."""
        self._images, self._columns = images if images is not None else self._images, columns
        now = time.perf_counter()
        if self.live and (last or now - self._drawn > max(2.0, 10 * self._cost)):
            self._draw(history)
            self._drawn = time.perf_counter()
            self._cost = self._drawn - now
        elif self.plain and history and (last or now - self._said > 10):
            self._said = now
            values = "  ".join(f"{name} {value:.3g}" for name, value in history[-1].items() if "/" in name)
            print(f"{self._done:,.0f} of {self._total:,.0f} {self._unit}  {values}", file=sys.stderr, flush=True)

    def _draw(self, history: Sequence[Mapping[str, Any]]) -> None:
        from IPython.display import Image, display

        picture = Image(
            data=dashboard(history, self._images, self._columns), alt="Loss curves so far, and images drawn just now."
        )
        if self._display is None:
            self._display = display(picture, display_id=True)
        else:
            self._display.update(picture)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()


def dashboard(history: Sequence[Mapping[str, Any]], images: Tensor | None = None, columns: int | None = None) -> bytes:
    """Loss curves, scores and a sample grid as one PNG.

    Args:
        history: log lines; values named `player/loss` and `score/name` are drawn over the images seen.
        images: (n, C, H, W) in [−1, 1], drawn beside the curves.
        columns: images a row; a square where not given.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(name for entry in history for name in entry if "/" in name))
    losses = [name for name in names if not name.startswith("score/") and not name.endswith("_score")]
    scores = [name for name in names if name.startswith("score/")]
    panels = 1 + bool(scores) + (images is not None)
    figure = Figure(figsize=(4.2 * panels, 3.4), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(1, panels, squeeze=False)[0])
    styles = ["-", "--", ":", "-."]
    for axis, group in zip(axes, [losses, scores] if scores else [losses]):
        for index, name in enumerate(group):
            points = [(entry["images"] / 1000, entry[name]) for entry in history if name in entry]
            dot = "o" if len(points) == 1 else None  # a line of one point is not seen
            axis.plot(*zip(*points), styles[index % 4], marker=dot, label=name.removeprefix("score/"), linewidth=1.6)
        axis.set_xlabel("thousands of images seen")
        axis.set_title("score (lower is better)" if group is scores else "losses", fontsize=10)
        if group:
            axis.legend(fontsize=8, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    if images is not None:
        axes[-1].imshow(grid(images, columns), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes[-1].set_axis_off()
        axes[-1].set_title("drawn just now, from the same start each time", fontsize=10)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
