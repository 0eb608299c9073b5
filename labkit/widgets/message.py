"""What CycleGAN hides in its pictures: noise that nobody sees, and the way back loses what it had written there."""

import io

import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.metrics.translation import levels_off
from labkit.models.cyclegan import CycleGAN
from labkit.threads import single_thread
from labkit.widgets.explorer import button, slider
from labkit.widgets.figure import metadata
from labkit.widgets.panels import Panels, Words, sheet

STRENGTHS = (0.0, 2.0, 5.0, 10.0, 20.0)
"""Of the noise in the picture twin's rows, in grey levels."""


class Message(Panels):
    """a, G(a) with noise on it, and F of that: how far does it come back? (Chu et al. 2017)

    Args:
        game: a CycleGAN in eval mode.
        images: a, (N, C, H, W) in [−1, 1]: pictures of the first domain.
        width: of the four pictures together, in pixels.

    Raises:
        UserError: no picture.
    """

    def __init__(self, game: CycleGAN, images: Tensor, width: int = 600):
        super().__init__(width)
        if not len(images):
            raise UserError("the explorer wants a picture at least")
        self.game, self.faces, self.number = game.eval(), images, 0
        self.noise = torch.randn(images.shape[1:], generator=torch.Generator().manual_seed(0))
        self.controls = {
            "strength": slider(0.0, 40.0, 1.0, "noise"),
            "new": button("another face", self.renew, "Take another picture"),
        }

    def renew(self) -> None:
        """The next picture; after the last comes the first."""
        self.number = (self.number + 1) % len(self.faces)
        self.update()

    def _there(self) -> Tensor:
        a = self.faces[self.number, None].to(self.game.device)
        return self.still("there", self.number, lambda: self.game.translate(a).cpu())

    def images(self, strength: float) -> Tensor:
        """a; G(a) with normal noise of so many grey levels; F of that; 4 · |F − a|, brighter where more is lost."""
        a = self.faces[self.number, None]
        sent = (self._there() + self.noise * strength / 127.5).clamp(-1, 1)
        back = self.still(
            "back", (self.number, strength), lambda: self.game.translate(sent.to(self.game.device), back=True).cpu()
        )
        return torch.cat([a, sent, back, ((back - a).abs() * 4 - 1).clamp(-1, 1)])

    def lost(self, strength: float) -> float:
        """Mean |F(G(a) + noise) − a|, in grey levels."""
        with single_thread(), torch.no_grad():
            pictures = self.images(strength)
        return levels_off(pictures[2:3], pictures[:1])

    def captions(self, strength: float) -> list[Words]:
        """What each picture is."""
        lost = f"{self.lost(strength):.1f} grey levels off"
        return [
            ("a", "the picture a"),
            (f"G(a) + {strength:.0f} levels", f"its translation, with noise of {strength:.0f} grey levels"),
            (f"F of that: {lost}", f"translated back, {lost}"),
            ("what was lost", "the difference to a, four times as large: bright where more was lost"),
        ]

    def describe(self, strength: float) -> str:
        """The noise and the loss."""
        return f"With noise of {strength:.0f} grey levels, a comes back {self.lost(strength):.1f} grey levels off."

    def picture(self) -> bytes:
        """The picture twin: the same picture at five strengths of the noise, as a PNG."""
        file, rows = io.BytesIO(), []
        with single_thread(), torch.no_grad():
            for strength in STRENGTHS:
                rows.append((self.describe(strength), self.images(strength)))
        sheet(rows, scale=2).save(file, "png", pnginfo=metadata("A hidden message."))
        return file.getvalue()
