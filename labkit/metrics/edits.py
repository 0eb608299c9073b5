"""Did an edit add what it should, and keep the rest? Judged by a net that knows the attributes, frozen before.

For each attribute: *success*, the share of fresh images without it that have it after the edit; *kept*, the share of
the other attributes that stay as they were; and as a control the success of a random direction of the same length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

Draw = Callable[[Tensor], Tensor]
"""Latents (N, D) to images."""
Look = Callable[[Tensor], Tensor]
"""Images to probabilities (N, A)."""

COMMON = (0.10, 0.90)
"""Only attributes of such prevalence count as kept or lost: one that hardly anybody has is kept by doing nothing."""


@dataclass(frozen=True)
class Edit:
    """How well one attribute can be added.

    Attributes:
        name: the attribute.
        amount: length of the step in latent space.
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
    """

    def __init__(self, draw: Draw, look: Look, names: Sequence[str], exclusive: Sequence[Sequence[str]] = ()) -> None:
        self.draw, self.look, self.names = draw, look, tuple(names)
        grouped = {name for group in exclusive for name in group}
        self.facts = [[self.names.index(name) for name in group] for group in exclusive]
        self.facts += [[i] for i, name in enumerate(self.names) if name not in grouped]

    def judge(self, latent: Tensor) -> Tensor:
        """What the judge says of the images of these latents: probabilities (N, A)."""
        with torch.no_grad():
            return torch.cat([self.look(self.draw(part)) for part in latent.split(250)])

    def kept(self, before: Tensor, after: Tensor, without: int) -> float:
        """The share of facts other than attribute ``without``'s own that stay, among the common ones."""
        had, have = before > 0.5, after > 0.5
        shares = []
        for fact in self.facts:
            prevalence = had[:, fact].any(1).float().mean()
            # Of exclusive attributes each is rarer than the group: the group counts if its first answers vary.
            if without in fact or not (len(fact) > 1 or COMMON[0] <= prevalence <= COMMON[1]):
                continue
            same = _answer(before, fact) == _answer(after, fact) if len(fact) > 1 else (had == have)[:, fact[0]]
            shares.append(same.float().mean())
        return float(torch.stack(shares).mean())

    def measure(self, name: str, vector: Tensor, amount: float, latent: Tensor, seed: int = 0) -> Edit:
        """Add an attribute to all of these latents' faces that lack it.

        Args:
            name: the attribute.
            vector: its direction, (D,).
            amount: how far to go along it.
            latent: fresh latents (N, D).
            seed: of the random directions of the control, one a face.
        """
        target = self.names.index(name)
        before = self.judge(latent)
        lacking = before[:, target] < 0.5
        z, before = latent[lacking], before[lacking]
        after = self.judge(z + amount * normalize(vector, dim=0))
        random = torch.randn(z.shape, generator=torch.Generator().manual_seed(seed))
        control = self.judge(z + amount * normalize(random, dim=1))
        return Edit(
            name,
            float(amount),
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
        """
        target = self.names.index(name)
        before = self.judge(latent)
        z = latent[before[:, target] < 0.5]
        best, most = 0.0, -1.0
        length = latent.shape[1] ** 0.5
        for amount in amounts or [length * k / 16 for k in range(2, 21)]:
            success = float((self.judge(z + amount * normalize(vector, dim=0))[:, target] > 0.5).float().mean())
            if success >= aim:
                return amount
            if success > most:
                best, most = amount, success
        return best


def _answer(probabilities: Tensor, fact: list[int]) -> Tensor:
    """Which of a group of exclusive attributes it is, or none (-1): (N,)."""
    value, index = probabilities[:, fact].max(1)
    return torch.where(value > 0.5, index, torch.full_like(index, -1))
