"""A grid of numbered faces that are pressed: with the mouse, a finger, or Tab and Enter or Space."""

import base64
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from labkit.pictures import png
from labkit.threads import single_thread
from labkit.widgets.explorer import button
from labkit.widgets.panels import Drawer, Look, seen

if TYPE_CHECKING:
    import ipywidgets

# The picture is a button's background: that needs no JavaScript of ours, so it works wherever ipywidgets do.
_STYLE = """<style>
button.{key} {{ width: {width}px; height: {height}px; margin: 2px; padding: {image}px 0 0; box-sizing: border-box;
  border: 3px solid transparent; border-radius: 4px; font-size: 12px; line-height: 18px; color: #111; overflow: hidden;
  background: #fff url(data:image/png;base64,{code}) no-repeat; background-clip: padding-box; }}
button.{key}:hover, button.{key}:focus {{ border-color: #6b7280; }}
button.{key}:focus-visible {{ outline: 3px solid #111; outline-offset: 1px; }}
button.{key}.labkit-marked {{ border-color: #1d4ed8; font-weight: bold; background-color: #dbeafe; }}
{places}</style>"""


class Thumbnails:
    """Samples of a game, a page of them as buttons with pictures. A sample's number stays its own for good.

    Args:
        game: any GAN in eval mode, or a StyleGAN's space.
        press: called with a sample's number.
        mark: what is written beside a sample's number ("A"), or "".
        seed: of the samples: the same seed gives the same faces.
        count: samples a page.
        judge: says in words what each face has.
    """

    def __init__(
        self,
        game: Drawer,
        press: Callable[[int], None],
        mark: Callable[[int], str],
        *,
        seed: int = 0,
        count: int = 24,
        judge: Look | None = None,
    ):
        self.game, self.press, self.mark, self.count, self.judge = game, press, mark, count, judge
        self.page = 0
        self.latents = torch.empty(0, game.latent_dim)
        self._seed = torch.Generator().manual_seed(seed)
        self._words: list[str] = []
        self._buttons: list[ipywidgets.Button] = []
        self.latent([0])

    def latent(self, numbers: Sequence[int]) -> Tensor:
        """The latents of these samples, (n, D); those that no page has shown yet are drawn."""
        while len(self.latents) <= max(numbers, default=0):
            new = self.game.latent(self.count, self._seed)
            self.latents = torch.cat([self.latents.to(new), new])
        return self.latents[list(numbers)]

    def turn(self, pages: int) -> None:
        """Show the next page, or an earlier one."""
        self.page = max(0, self.page + pages)
        self._show()

    def numbers(self) -> range:
        """The samples of this page."""
        return range(self.page * self.count, (self.page + 1) * self.count)

    def images(self) -> Tensor:
        """This page's faces, (count, C, H, W)."""
        with single_thread(), torch.no_grad():
            return self.game.generator(self.latent(self.numbers()))

    def picture(self, columns: int = 8) -> list[tuple[str, Tensor]]:
        """This page's faces as rows of a sheet, with their numbers."""
        images, first = self.images(), self.page * self.count
        return [
            (f"faces {first + start} … {min(first + start + columns, first + self.count) - 1}", row)
            for start, row in zip(range(0, self.count, columns), images.split(columns))
        ]

    def refresh(self) -> None:
        """Write on each button what it is and where it has been put."""
        for number, words, made in zip(self.numbers(), self._words, self._buttons):
            mark = self.mark(number)
            made.description = f"{number} · {mark}" if mark else f"face {number}"
            has = f"face {number}: {words}" if words else f"face {number}"
            made.tooltip = f"{has}. It is {mark}: press to take it out." if mark else f"{has}. Press to pick it."
            made.add_class("labkit-marked") if mark else made.remove_class("labkit-marked")

    def _show(self) -> None:
        if not self._buttons:
            return
        images = self.images()
        self._words = seen(self.judge, images, most=4)
        height, width = images.shape[-2:]
        places = "".join(
            f"button.{self._key}-{place} {{ background-position: -{place * (width + 2)}px 0; }}\n"
            for place in range(self.count)
        )
        code = base64.b64encode(png(images, columns=self.count)).decode()
        self._style.value = _STYLE.format(
            key=self._key, width=width + 6, height=height + 24, image=height, code=code, places=places
        )
        self._earlier.disabled = self.page == 0
        self.refresh()

    @property
    def widget(self) -> "ipywidgets.Widget":
        """The grid as one widget, made at the first call."""
        import ipywidgets

        if not self._buttons:
            self._key = f"labkit-{secrets.token_hex(4)}"  # two notebooks can be open on one page
            self._style = ipywidgets.HTML(layout=ipywidgets.Layout(display="none"))
            self._buttons = [ipywidgets.Button() for _ in range(self.count)]
            for place, made in enumerate(self._buttons):
                made.add_class(self._key)
                made.add_class(f"{self._key}-{place}")
                made.on_click(lambda _, place=place: self.press(self.numbers()[place]))
            self._more = button("more faces", lambda: self.turn(1), "Show the next faces; what you picked stays picked")
            self._earlier = button("earlier faces", lambda: self.turn(-1), "Show the faces before these")
            wrap = ipywidgets.Layout(display="flex", flex_flow="row wrap", max_width="936px")
            # On a phone three rows are in view, so that the picture below them is near.
            some = ipywidgets.Layout(
                display="flex", flex_flow="row wrap", max_width="936px", max_height="290px", overflow="auto"
            )
            self._box = ipywidgets.VBox(
                [
                    self._style,
                    ipywidgets.Box(self._buttons, layout=some),
                    ipywidgets.Box([self._more, self._earlier], layout=wrap),
                ]
            )
            self._show()
        return self._box
