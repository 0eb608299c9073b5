"""Did an edit add what it should, and keep the rest? Judged by a net that knows the attributes, frozen before.

For each attribute: *success*, the share of fresh images without it that have it after the edit; *kept*, the share of
the other attributes that stay as they were; and as a control the success of a random direction of the same length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

from labkit.errors import UserError, position

Draw = Callable[[Tensor], Tensor]
"""Latents (N, D) to images."""
Look = Callable[[Tensor], Tensor]
"""Images to probabilities (N, A)."""
Move = Callable[[Tensor], Tensor]
"""Latents (N, D) to edited ones."""

COMMON = (0.10, 0.90)
"""Only attributes of such prevalence count as kept or lost: what hardly anybody has, or lacks, stays by itself."""


@dataclass(frozen=True)
class Edit:
    """How well one attribute can be added.

    Attributes:
        name: the attribute.
        amount: length of the step in latent space, the mean of the faces' own.
        success: share of the faces without it that have it afterwards.
        kept: share of the other common attributes that stay as they were.
        control: the success of random directions of the same length.
        control_kept: what those keep.
        faces: how many fresh faces were edited.
    """

    name: str
    amount: float
    success: float
    kept: float
    control: float
    control_kept: float
    faces: int


class Edits:
    """Edits of one generator, judged by one net.

    Args:
        draw: the generator, (N, D) → images.
        look: the judge, images → probabilities (N, A).
        names: of its attributes.
        exclusive: groups of names that are one fact (hair colours): they change together, and count once.

    Raises:
        UserError: a group with a name that the judge does not know.
    """

    def __init__(self, draw: Draw, look: Look, names: Sequence[str], exclusive: Sequence[Sequence[str]] = ()) -> None:
        self.draw, self.look, self.names = draw, look, tuple(names)
        grouped = {name for group in exclusive for name in group}
        self.facts = [[self.index(name) for name in group] for group in exclusive]
        self.facts += [[i] for i, name in enumerate(self.names) if name not in grouped]

    def index(self, name: str) -> int:
        """An attribute's column.

        Raises:
            UserError: unknown, with the nearest names.
        """
        return position(name, self.names, "attribute")

    def lacking(self, name: str, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Those of the latents whose images lack an attribute, and what the judge says of them.

        Raises:
            UserError: an unknown attribute, or one that all of the images have.
        """
        target, before = self.index(name), self.judge(latent)
        without = before[:, target] < 0.5
        if not without.any():
            raise UserError(f"all {len(latent)} images have {name!r}: there is none to add it to")
        return latent[without], before[without]

    def judge(self, latent: Tensor) -> Tensor:
        """What the judge says of the images of these latents: probabilities (N, A)."""
        with torch.no_grad():
            return torch.cat([self.look(self.draw(part)) for part in latent.split(250)])

    def kept(self, before: Tensor, after: Tensor, without: int) -> float:
        """The share of facts other than attribute ``without``'s own that stay, among the common ones; else nan."""
        shares = []
        for fact in self.facts:
            first = _answer(before, fact)
            # Of exclusive attributes each is rarer than the group: it is common if no one answer is nearly everybody's.
            often = first.unique(return_counts=True)[1].max()
            if without not in fact and often <= COMMON[1] * len(first):
                shares.append((_answer(after, fact) == first).float().mean())
        return float(torch.stack(shares).mean()) if shares else float("nan")

    def measure(self, name: str, vector: Tensor, amount: float, latent: Tensor, seed: int = 0) -> Edit:
        """Add an attribute to all of these latents' faces that lack it, along a direction.

        Args:
            name: the attribute.
            vector: its direction, (D,).
            amount: how far to go along it.
            latent: fresh latents (N, D).
            seed: of the random directions of the control, one a face.

        Raises:
            UserError: an unknown attribute, or one that all of the images have.
        """
        edit = self.measure_move(name, lambda z: z + amount * normalize(vector, dim=0), latent, seed)
        return replace(edit, amount=float(amount))

    def measure_move(self, name: str, move: Move, latent: Tensor, seed: int = 0) -> Edit:
        """As `measure`, for an edit that may be another one for each face.

        Args:
            name: the attribute.
            move: latents (N, D) to edited ones.
            latent: fresh latents (N, D).
            seed: of the random directions of the control, in which each face goes as far as the edit moved it.

        Raises:
            UserError: an unknown attribute, or one that all of the images have.
        """
        target = self.index(name)
        z, before = self.lacking(name, latent)
        moved = move(z)
        length = (moved - z).norm(dim=1, keepdim=True)
        random = torch.randn(z.shape, generator=torch.Generator().manual_seed(seed))
        after, control = self.judge(moved), self.judge(z + length * normalize(random, dim=1))
        return Edit(
            name,
            float(length.mean()),
            float((after[:, target] > 0.5).float().mean()),
            self.kept(before, after, target),
            float((control[:, target] > 0.5).float().mean()),
            self.kept(before, control, target),
            len(z),
        )

    def choose_amount(
        self, name: str, vector: Tensor, latent: Tensor, *, aim: float = 0.9, amounts: Sequence[float] | None = None
    ) -> float:
        """The shortest step that adds the attribute to a share ``aim`` of these faces, else the one that adds it most.

        Choose on other latents than those that are measured.

        Raises:
            UserError: an unknown attribute, or one that all of the images have.
        """
        length = latent.shape[1] ** 0.5
        amounts = amounts or [length * k / 16 for k in range(2, 21)]
        return self.choose(name, lambda z, amount: z + amount * normalize(vector, dim=0), amounts, latent, aim)

    def choose(
        self, name: str, move: Callable[[Tensor, float], Tensor], amounts: Sequence[float], latent: Tensor, aim: float
    ) -> float:
        """As `choose_amount`, for a move that takes an amount: the first that is enough, else the best."""
        target = self.index(name)
        z, _ = self.lacking(name, latent)
        best, most = 0.0, -1.0
        for amount in amounts:
            success = float((self.judge(move(z, amount))[:, target] > 0.5).double().mean())
            if success >= aim:
                return amount
            if success > most:
                best, most = amount, success
        return best


def _answer(probabilities: Tensor, fact: list[int]) -> Tensor:
    """Which of a fact's attributes it is, or none (-1): (N,)."""
    value, index = probabilities[:, fact].max(1)
    return torch.where(value > 0.5, index, torch.full_like(index, -1))
