"""What ψ does, and what the noise does: truncation towards the mean face, and stochastic variation."""

import io
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from labkit.models.stylegan import StyleGAN
from labkit.threads import single_thread
from labkit.widgets.explorer import button, slider
from labkit.widgets.figure import metadata
from labkit.widgets.mixing import Styles, span
from labkit.widgets.panels import Panels, Words, sheet

if TYPE_CHECKING:
    import ipywidgets


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


class Truncation(Panels):
    """w̄ + ψ (w − w̄): from the mean face at ψ = 0 to the face itself at 1, and past it, or to its opposite below 0.

    Args:
        game: a StyleGAN in eval mode.
        faces: shown beside the mean face.
        seed: of the faces.
        width: of all pictures together, in pixels.
    """

    def __init__(self, game: StyleGAN, faces: int = 4, seed: int = 0, width: int = 600):
        super().__init__(width)
        self.styles, self.faces = Styles(game, seed, psi=1.0), faces
        self.w, last = self.styles.new(faces), game.synthesis.styles
        self.controls = {
            "psi": slider(-1.0, 1.5, 0.05, "ψ", value=0.7),
            "layers": slider(1, last, 1, "first layers", value=last),
            "new": button("other faces", self.renew, "Draw other faces"),
        }

    def renew(self) -> None:
        """Other faces."""
        self.w = self.styles.new(self.faces)
        self.update()

    def truncated(self, psi: float, layers: int) -> Tensor:
        """Styles (faces, styles, D): truncated in the first layers, as they were in the others."""
        w = self.styles.every(self.w)
        return torch.cat([self.styles.game.mapping.truncate(w[:, :layers], psi), w[:, layers:]], 1)

    def images(self, psi: float, layers: int) -> Tensor:
        """The mean face, and the truncated ones."""
        mean = self.still("mean", 0, lambda: self.styles.draw(self.styles.game.mapping.mean[None]))
        return torch.cat([mean, self.styles.draw(self.truncated(psi, layers))])

    def captions(self, psi: float, layers: int) -> list[Words]:
        """The mean face, and ψ under each other one."""
        now = f"ψ = {_signed(psi)}"
        return [("mean face", "the mean face"), *((now, f"face {k + 1} at {now}") for k in range(self.faces))]

    def describe(self, psi: float, layers: int) -> str:
        """How far from the mean, and in which layers."""
        return (
            f"ψ = {psi:.2f} in the {span(self.styles.game, 0, layers)} layers; at 0 all faces are the mean face there."
        )

    def picture(self) -> bytes:
        """The picture twin: the faces at six values of ψ, as a PNG."""
        file, rows = io.BytesIO(), []
        with single_thread(), torch.no_grad():
            for psi in (-0.7, 0.0, 0.35, 0.7, 1.0, 1.3):
                styles = self.truncated(psi, self.styles.game.synthesis.styles)
                rows.append((f"ψ = {psi}", self.styles.draw(styles)))
        sheet(rows).save(file, "png", pnginfo=metadata("Truncation."))
        return file.getvalue()


class NoiseLayers(Panels):
    """One face, and noise in the layers that are ticked: what changes, and where.

    The slider is a factor to the strength that the generator has learned. Where pictures vary is shown so.

    Args:
        game: a StyleGAN in eval mode.
        seed: of the face.
        draws: noises of which the spread is taken.
        width: of the four pictures together, in pixels.
    """

    def __init__(self, game: StyleGAN, seed: int = 0, draws: int = 8, width: int = 600):
        import ipywidgets

        super().__init__(width)
        self.styles, self.draws = Styles(game, seed), draws
        self.w, self._turn = self.styles.new(1), 0
        self.sides = list(game.synthesis.noise_sides)
        self.layers = [f"layer {k}, {side} px" for k, side in enumerate(self.sides)]
        self._noises(seed)
        self.controls = {"strength": slider(0.0, 3.0, 0.1, "strength", value=1.0)}
        for layer in self.layers:
            self.controls[layer] = ipywidgets.Checkbox(
                value=True, description=layer, indent=False, layout=ipywidgets.Layout(width="130px")
            )

    def _noises(self, seed: int) -> None:
        self.noises = self.styles.game.noise(self.draws, torch.Generator().manual_seed(seed))

    def again(self) -> None:
        """Other noise, the same face."""
        self._turn += 1
        self._noises(1000 + self._turn)
        self.update()

    def renew(self) -> None:
        """Another face, the same noise."""
        self._turn += 1
        self.w = self.styles.new(1)
        self.update()

    def noise(self, strength: float, draws: int, **on: bool) -> list[Tensor]:
        """Noise of the first draws: `strength` times as strong where it is on, and 0 where it is off."""
        return [n[:draws] * strength * float(on[layer]) for n, layer in zip(self.noises, self.layers)]

    def _spread(self, **on: bool) -> Tensor:
        many = self.styles.game.draw(self.w.expand(self.draws, -1), self.noise(1.0, self.draws, **on))
        return many.std(0, keepdim=True).mean(1, keepdim=True).expand(-1, self.styles.game.image_shape[0], -1, -1)

    def _most(self, **on: bool) -> float:
        with single_thread(), torch.no_grad():
            return float(self.still("spread", (self._turn, *on.values()), lambda: self._spread(**on)).max())

    def images(self, strength: float, **on: bool) -> Tensor:
        """Without noise, with it, the difference eight times as large, and the spread over the draws."""
        game = self.styles.game
        bare = self.still("bare", self._turn, lambda: game.draw(self.w))
        spread = self.still("spread", (self._turn, *on.values()), lambda: self._spread(**on))
        noisy = game.draw(self.w, self.noise(strength, 1, **on))
        return torch.cat([bare, noisy, (noisy - bare) * 8, spread / spread.max().clamp(min=1e-3) * 2 - 1])

    def captions(self, strength: float, **on: bool) -> list[Words]:
        """What each picture is."""
        return [
            ("no noise", "the face without noise"),
            ("with noise", self.describe(strength=strength, **on).rstrip(".")),
            ("difference × 8", "the difference of both, eight times as large; grey is none"),
            (
                f"where it varies, at most ±{self._most(**on):.2f}",
                f"white where {self.draws} draws of the noise differ most, at the learned strength",
            ),
        ]

    def describe(self, strength: float, **on: bool) -> str:
        """Where there is noise."""
        ticked = [str(k) for k, layer in enumerate(self.layers) if on[layer]]
        where = f"in layer{'s' * (len(ticked) > 1)} {', '.join(ticked)}" if ticked else "in no layer"
        return f"Noise of {strength:.1f} times the learned strength {where}."

    def layout(self, view: "ipywidgets.Widget") -> list["ipywidgets.Widget"]:
        """Boxes in a row, the slider, buttons, pictures."""
        import ipywidgets

        wrap = ipywidgets.Layout(display="flex", flex_flow="row wrap")
        strength, *boxes = self.controls.values()
        again = button("other noise", self.again, "Draw the noise anew for the same face")
        new = button("another face", self.renew, "Draw another face")
        return [ipywidgets.Box(boxes, layout=wrap), strength, ipywidgets.Box([again, new], layout=wrap), view]

    def picture(self) -> bytes:
        """The picture twin: the four pictures with noise everywhere, and at each size alone, as a PNG."""
        sizes = sorted(set(self.sides))
        file, rows = io.BytesIO(), []
        with single_thread(), torch.no_grad():
            for title, wanted in (("noise everywhere", sizes), *((f"noise at {side} px", [side]) for side in sizes)):
                on = {layer: side in wanted for layer, side in zip(self.layers, self.sides)}
                rows.append((f"{title}: at most ±{self._most(**on):.3f}", self.images(1.0, **on)))
        sheet(rows).save(file, "png", pnginfo=metadata("Noise at each size."))
        return file.getvalue()
