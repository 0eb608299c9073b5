"""A walk through faces that are picked: slerp from each to the next, by hand or played, and kept as a GIF."""

import io
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.nn.latent import slerp
from labkit.pictures import animate
from labkit.threads import single_thread
from labkit.widgets.explorer import button, slider
from labkit.widgets.figure import SYNTHETIC, keep, metadata
from labkit.widgets.panels import Drawer, Look, Panels, Words, sheet
from labkit.widgets.saving import Saving, free_name
from labkit.widgets.thumbnails import Thumbnails

if TYPE_CHECKING:
    import ipywidgets

_FRAME = 100  # milliseconds that a frame of a played walk stays


class Walk(Panels):
    """Interpolate between picked faces, in the order in which they were picked.

    Args:
        game: any GAN in eval mode, or a StyleGAN's space.
        faces: numbers of the faces picked at first.
        steps: frames from one face to the next.
        judge: a net that knows attributes: it says what it sees.
        seed: of the faces that can be picked.
        count: faces a page.
        width: of the three pictures together, in pixels.
    """

    def __init__(
        self,
        game: Drawer,
        faces: Iterable[int] = (0, 1),
        *,
        steps: int = 20,
        judge: Look | None = None,
        seed: int = 0,
        count: int = 24,
        width: int = 540,
    ):
        import ipywidgets

        super().__init__(width, judge)
        self.game, self.steps, self.picked = game.eval(), steps, list(faces)
        self.faces = Thumbnails(game, self.press, self.stop, seed=seed, count=count, judge=judge)
        wide = ipywidgets.Layout(width="190px")
        back = ipywidgets.Checkbox(description="and back to the first", indent=False, layout=wide)
        self.controls = {"frame": slider(0, 1, 1, "frame", value=0), "back": back}
        # Play runs in the browser, but its own buttons are pictures without names: ours takes their place.
        self.player = ipywidgets.Play(interval=_FRAME, min=0, max=1, layout=ipywidgets.Layout(display="none"))
        self._playing = "playing" if self.player.has_trait("playing") else "_playing"  # as ipywidgets 7 has it
        self.play_button = button("play", self.play, "Play the walk, or stop it where it is")
        self.player.observe(self._name_button, self._playing)
        # One way: a slider moved by hand would else send two messages for each key.
        ipywidgets.jsdlink((self.player, "value"), (self.controls["frame"], "value"))
        back.observe(lambda _: self._measure(), "value")
        self.saving = Saving("my-walk", self.save, "save the GIF", "Save the whole walk as an animation")
        self._measure()

    def stop(self, number: int) -> str:
        """A face's place on the walk ("stop 2"), or ""."""
        return f"stop {self.picked.index(number) + 1}" if number in self.picked else ""

    def press(self, number: int) -> None:
        """Put a face at the end of the walk, or take it out."""
        self.picked.remove(number) if number in self.picked else self.picked.append(number)
        with self.quietly():
            self._measure()
        self.faces.refresh()

    def clear(self) -> None:
        """Start a new walk."""
        self.picked = []
        with self.quietly():
            self._measure()
        self.faces.refresh()

    def play(self) -> None:
        """Play the walk from where it is, or stop it; at its end, from the start."""
        starts = not getattr(self.player, self._playing)
        with self.player.hold_sync():
            self.player.value = self.controls["frame"].value
            setattr(self.player, self._playing, starts)

    def _name_button(self, change: Mapping[str, Any]) -> None:
        self.play_button.description = "pause" if change["new"] else "play"

    def stops(self, back: bool) -> list[int]:
        """The numbers of the faces that the walk passes."""
        return [*self.picked, *self.picked[:1]] if back and len(self.picked) > 1 else self.picked

    def length(self, back: bool) -> int:
        """The last frame's number."""
        return max(0, len(self.stops(back)) - 1) * self.steps

    def _measure(self) -> None:
        last = max(1, self.length(self.controls["back"].value))
        for control in (self.controls["frame"], self.player):
            control.max = last

    def latent(self, frame: int, back: bool = False) -> Tensor:
        """The latent (1, D) at a frame: slerp between the stops before and after it.

        Raises:
            UserError: nothing is picked.
        """
        if not self.picked:
            raise UserError("pick at least one face to start from")
        stops = self.faces.latent(self.stops(back))
        leg = min(max(0, frame) // self.steps, max(0, len(stops) - 2))
        end = min(leg + 1, len(stops) - 1)
        return slerp(stops[leg : leg + 1], stops[end : end + 1], min(1.0, frame / self.steps - leg))

    def images(self, frame: int, back: bool) -> Tensor:
        """The stop before, the point between, the stop after: (3, C, H, W); grey where nothing is picked."""
        if not self.picked:
            return torch.full((3, *self.game.image_shape), 0.8)
        start, end = self._leg(frame, back)
        ends = self.still("ends", (start, end), lambda: self.game.generator(self.faces.latent([start, end])))
        now = self.game.generator(self.latent(frame, back))
        return torch.cat([ends[:1], now, ends[1:]])

    def _leg(self, frame: int, back: bool) -> tuple[int, int]:
        stops = self.stops(back)
        leg = min(frame // self.steps, max(0, len(stops) - 2))
        return stops[leg], stops[min(leg + 1, len(stops) - 1)]

    result = 1

    def judged(self) -> bool:
        """Whether there is a walk, and a judge."""
        return self.judge is not None and bool(self.picked)

    def captions(self, frame: int, back: bool) -> list[Words]:
        """From where, how far, to where."""
        if not self.picked:
            return [("from", "no face yet"), ("between", "no face yet"), ("to", "no face yet")]
        start, end = self._leg(frame, back)
        share = self._share(frame, back)
        words = f"{share} % of the way from face {start} to face {end}"
        return [(f"face {start}", f"face {start}"), (f"{share} % of the way", words), (f"face {end}", f"face {end}")]

    def _share(self, frame: int, back: bool) -> int:
        legs = max(1, len(self.stops(back)) - 1)
        return round(100 * (frame / self.steps - min(frame // self.steps, legs - 1)))

    def describe(self, frame: int, back: bool) -> str:
        """What to do next, or where on the walk this is."""
        if len(self.picked) < 2:
            return "Press two faces or more: the walk goes through them in that order."
        path = " → ".join(str(number) for number in self.stops(back))
        return f"The walk: {path}. Frame {frame} of {self.length(back)}."

    def frames(self, back: bool) -> Tensor:
        """The whole walk, (frames, C, H, W); a closed one ends where the first frame comes again.

        Raises:
            UserError: fewer than two faces.
        """
        if len(self.picked) < 2:
            raise UserError("pick two faces or more: a walk goes from one to another")
        z = torch.cat([self.latent(frame, back) for frame in range(self.length(back) + 1)])
        with single_thread(), torch.no_grad():
            return torch.cat([self.game.generator(part) for part in z.split(32)])

    def save(self, name: str) -> list[Path]:
        """Save the walk as NAME.gif; every frame is marked as synthetic. Nothing is written over.

        Raises:
            UserError: fewer than two faces, or a name that is none.
        """
        path, images = free_name(name, (".gif",)), self.frames(self.controls["back"].value)
        path = path.with_name(path.name + ".gif")
        caption = f"A walk between {len(self.picked)} faces."
        with tempfile.TemporaryDirectory() as folder:
            files = [keep(x[None], Path(folder) / f"{i:04d}.png", caption, scale=6) for i, x in enumerate(images)]
            animate(files, path, _FRAME * len(files) / 1000, comment=f"{caption} S{SYNTHETIC[1:]}.")
        return [path]

    def layout(self, view: "ipywidgets.Widget") -> list["ipywidgets.Widget"]:
        """The faces, the pictures, the frame's slider and player."""
        import ipywidgets

        wrap = ipywidgets.Layout(display="flex", flex_flow="row wrap", align_items="center")
        new = button("new walk", self.clear, "Take all faces out of the walk")
        row = ipywidgets.Box([self.player, self.play_button, new, self.controls["back"]], layout=wrap)
        return [self.faces.widget, view, self.controls["frame"], row, self.saving.widget]

    def picture(self, n: int = 9) -> bytes:
        """The picture twin: the faces with their numbers, and n points of each leg of the walk, as a PNG."""
        back, rows = self.controls["back"].value, self.faces.picture()
        stops = self.faces.latent(self.stops(back)) if len(self.picked) > 1 else torch.empty(0, self.game.latent_dim)
        t = torch.linspace(0, 1, n)
        with single_thread(), torch.no_grad():
            for leg in range(len(stops) - 1):
                start, end = self.stops(back)[leg : leg + 2]
                z = slerp(stops[leg].expand(n, -1), stops[leg + 1].expand(n, -1), t)
                rows.append((f"from face {start} to face {end}", self.game.generator(z)))
        file = io.BytesIO()
        sheet(rows).save(file, "png", pnginfo=metadata("A walk between faces."))
        return file.getvalue()
