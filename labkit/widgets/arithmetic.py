"""Arithmetic on faces: press faces into A, B and C, and see G(z̄_A − z̄_B + z_C).

Radford et al. 2016, section 6.3.2: the mean latent of three smiling women, minus that of three neutral women, plus a
neutral man, is drawn as a smiling man.
"""

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from labkit.errors import UserError, nearest
from labkit.threads import single_thread
from labkit.widgets.explorer import button, slider
from labkit.widgets.figure import metadata
from labkit.widgets.panels import Drawer, Look, Panels, Words, plain, sheet
from labkit.widgets.thumbnails import Thumbnails

if TYPE_CHECKING:
    import ipywidgets

SETS = ("A", "B", "C")
_PAGES = 40  # that `example` searches at most


class Arithmetic(Panels):
    """A − B + C on faces that are pressed, with a slider for how much of A − B is added.

    Args:
        game: any GAN in eval mode, or a StyleGAN's space.
        a: numbers of the faces with something: glasses, say.
        b: numbers of faces without it, else alike.
        c: number of the face that shall get it.
        judge: a net that knows attributes: it says what it sees, and finds faces for `example`.
        seed: of the faces that can be picked.
        count: faces a page.
        width: of the four pictures together, in pixels.
    """

    def __init__(
        self,
        game: Drawer,
        a: Iterable[int] = (),
        b: Iterable[int] = (),
        c: int | None = None,
        *,
        judge: Look | None = None,
        seed: int = 0,
        count: int = 24,
        width: int = 720,
    ):
        import ipywidgets

        super().__init__(width, judge)
        self.game = game.eval()
        self.picked: dict[str, list[int]] = {"A": list(a), "B": list(b), "C": [] if c is None else [c]}
        self.faces = Thumbnails(game, self.press, self.belongs, seed=seed, count=count, judge=judge)
        self.target = ipywidgets.ToggleButtons(
            options=list(SETS),
            description="press faces into",
            style={"description_width": "120px", "button_width": "56px"},
            layout=ipywidgets.Layout(width="420px", max_width="100%"),
            tooltips=["faces that have something", "faces that lack it", "the face that shall get it"],
        )
        self.controls = {"strength": slider(-2.0, 2.0, 0.05, "strength", value=1.0)}

    def belongs(self, number: int) -> str:
        """The set that a face is in, or ""."""
        return next((name for name, members in self.picked.items() if number in members), "")

    def press(self, number: int) -> None:
        """Put a face into the chosen set, or take it out of there; C holds one, and no face is in two sets."""
        target, was = self.target.value, self.belongs(number)
        if was:
            self.picked[was].remove(number)
        if was != target:
            self.picked[target] = [number] if target == "C" else [*self.picked[target], number]
        self._changed()

    def clear(self) -> None:
        """Empty all sets."""
        self.picked = {name: [] for name in SETS}
        self._changed()

    def example(self, name: str, each: int = 3) -> "Arithmetic":
        """Let the judge pick: A has the attribute for sure, B and C lack it; B is else as like A as can be.

        Args:
            name: one of the judge's attributes.
            each: faces in A and in B.

        Raises:
            UserError: without a judge, for an unknown attribute, or where too few faces have it.
        """
        if self.judge is None:
            raise UserError("the judge picks the example: make the explorer with judge=…")
        if name not in self.judge.names:
            raise UserError(nearest(name, self.judge.names, "attribute"))
        index = list(self.judge.names).index(name)
        probability = torch.empty(0)
        for page in range(_PAGES):
            numbers = range(page * self.faces.count, (page + 1) * self.faces.count)
            with single_thread(), torch.no_grad():
                found = self.judge(self.game.generator(self.faces.latent(numbers)).clamp(-1, 1)).cpu()
            probability = torch.cat([probability.to(found), found])
            sure = probability[:, index]
            if (sure > 0.9).sum() >= each and (sure < 0.1).sum() > each:
                break
        # A generator that has learnt little leaves the judge in doubt: then the surest of all that were drawn.
        has = min(0.9, float(sure.topk(each).values[-1]))
        lacks = max(0.1, float(sure.topk(each + 1, largest=False).values[-1]))
        if has <= 0.5 or lacks >= 0.5:
            raise UserError(f"too few of {len(sure)} faces have {plain(name)}, or lack it: take another attribute")
        a = (sure >= has).nonzero().flatten()[:each]
        without = (sure <= lacks).nonzero().flatten()
        rest = [i for i in range(probability.shape[1]) if i != index]
        unlike = (probability[without][:, None, rest] - probability[a][None][:, :, rest]).square().sum(2).amin(1)
        b = without[unlike.argsort(stable=True)[:each]].tolist()
        c = next(number for number in without.tolist() if number not in b)
        self.picked = {"A": a.tolist(), "B": b, "C": [c]}
        self._changed()
        return self

    def _changed(self) -> None:
        self.faces.refresh()
        self.update()

    def mean(self, name: str) -> Tensor:
        """The mean latent of a set, (1, D); zero, which takes no part in the sum, for an empty one."""
        members = self.faces.latent(self.picked[name])
        return members.mean(0, keepdim=True) if len(members) else torch.zeros(1, self.game.latent_dim)

    def latent(self, strength: float = 1.0) -> Tensor:
        """z_C + strength · (z̄_A − z̄_B), (1, D)."""
        return self.mean("C") + strength * (self.mean("A") - self.mean("B"))

    def images(self, strength: float) -> Tensor:
        """The mean faces of A and B, C, and the result: (4, C, H, W). An empty set is a grey square."""

        def draw() -> Tensor:
            drawn = self.game.generator(torch.cat([self.mean(name) for name in SETS]))
            return torch.stack([x if self.picked[name] else torch.full_like(x, 0.8) for name, x in zip(SETS, drawn)])

        fixed = self.still("sets", str(self.picked), draw)
        if not self.picked["C"]:
            return torch.cat([fixed, fixed[2:]])
        return torch.cat([fixed, self.game.generator(self.latent(strength))])

    def judged(self) -> bool:
        """Whether there is a result, and a judge."""
        return self.judge is not None and bool(self.picked["C"])

    def captions(self, strength: float) -> list[Words]:
        """Which faces each picture is the mean of."""
        said: list[Words] = []
        for name, sign in zip(SETS, ("", "− ", "+ ")):
            members = ", ".join(str(number) for number in self.picked[name])
            if not members:
                said.append((f"{sign}{name}: empty", f"set {name} is empty"))
            elif len(self.picked[name]) == 1:
                said.append((f"{sign}{name}: face {members}", f"{name}, face {members}"))
            else:
                said.append((f"{sign}{name}: mean of {members}", f"{name}, the face of the mean of {members}"))
        if self.picked["C"]:
            done = f"C {'+' if strength >= 0 else '−'} {abs(strength):.2f} (A − B)"
            return [*said, (f"= {done}", f"the result, {done}")]
        return [*said, ("= nothing yet", "no result yet")]

    def describe(self, strength: float) -> str:
        """What to do next, or what is to be seen."""
        if not self.picked["A"]:
            return (
                "A is empty. Choose A above, then press faces that have something: glasses, or a smile. Three are good."
            )
        if not self.picked["B"]:
            return "B is empty. Choose B above, then press faces that lack what A has, and are else like those in A."
        if not self.picked["C"]:
            return "C is empty. Choose C above, then press the face that shall get what A has and B lacks."
        return f"Face {self.picked['C'][0]}, and {strength:.2f} times what A has and B lacks."

    def layout(self, view: "ipywidgets.Widget") -> list["ipywidgets.Widget"]:
        """The faces, the sets, the slider, the pictures."""
        empty = button("empty A, B and C", self.clear, "Take all faces out of the three sets")
        return [self.faces.widget, self.target, *self.controls.values(), view, empty]

    def picture(self, strengths: Iterable[float] = (0.0, 0.5, 1.0, 1.5, 2.0)) -> bytes:
        """The picture twin: faces with their numbers, the three sets, and results of several strengths, as a PNG."""
        rows = self.faces.picture()
        with single_thread(), torch.no_grad():
            for name, members in self.picked.items():
                if members:
                    z = self.faces.latent(members)
                    z = torch.cat([z, z.mean(0, keepdim=True)]) if len(z) > 1 else z
                    last = ", and last the face of their mean" if len(members) > 1 else ""
                    text = f"{name}: {', '.join(str(number) for number in members)}{last}"
                    rows.append((text, self.game.generator(z)))
            if self.picked["C"]:
                steps = list(strengths)
                text = "C + s (A − B), s = " + ", ".join(f"{s:g}" for s in steps)
                rows.append((text, self.game.generator(torch.cat([self.latent(s) for s in steps]))))
        file = io.BytesIO()
        sheet(rows).save(file, "png", pnginfo=metadata("Arithmetic on faces."))
        return file.getvalue()
