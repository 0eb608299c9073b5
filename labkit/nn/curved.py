"""Edits that follow the bends of latent space.

A direction (`labkit.nn.directions`) is one straight line for every face, and holds the other attributes still only as
far as they are linear in z. Here a small net predicts what a judge says of G(z) from z alone, which is TL-GAN's
regression (Guan 2018) with a hidden layer; an edit looks for the nearest z of which the net says that the attribute is
there and the others are as they were:

    min_d  max(0, goal − f_k(z + d)) + λ Σ_{j ≠ k} max(0, s_j (f_j(z) − f_j(z + d)))² / A + μ |d|²

with s_j the sign of f_j(z): the others may become surer of what they are, but not less.

Two things make f trustworthy where it counts. It is fitted again with edits that it proposed itself and what the judge
said of them (:meth:`Predictor.proposed`; on-policy data, as DAgger of Ross et al. 2011): the first f has seen draws of
z alone, and an edit is none. And where the judge has seen the face that is edited, half of f's error there is taken off
the other attributes: along a short step an error hardly changes.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, logit, nn
from torch.nn.functional import binary_cross_entropy_with_logits, relu

from labkit.errors import position

SURE = 4.0
"""Logits beyond this are as good as this: what is certain need not become more so."""
TRUSTED, MOST = 0.5, 3.0
"""Which part of f's error at a face is taken to hold for its edits too, and the most that it may count, in logits."""


class Predictor(nn.Module):
    """f: latents (N, D) → logits of A attributes (N, A). Made by :meth:`fit`.

    Args:
        latent_dim: D.
        names: of the A attributes.
        width: of the three hidden layers.
    """

    def __init__(self, latent_dim: int, names: Sequence[str], width: int = 512):
        super().__init__()
        self.names = tuple(names)
        sizes = [latent_dim, width, width, width]
        hidden = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.SiLU())]
        self.layers = nn.Sequential(*hidden, nn.Linear(width, len(self.names)))

    def forward(self, latent: Tensor) -> Tensor:
        """(N, D) → (N, A) logits."""
        return self.layers(latent)

    @classmethod
    def fit(
        cls,
        latent: Tensor,
        attribute: Tensor,
        names: Sequence[str],
        *,
        epochs: int = 25,
        width: int = 512,
        batch: int = 256,
        seed: int = 0,
    ) -> "Predictor":
        """Learn from latents and what a judge says of their images. Some ten thousand are needed.

        Args:
            latent: z, (N, D).
            attribute: (N, A), 0/1 or probabilities.
            names: of the attributes.
            epochs: how often each latent is seen (AdamW, one cycle of the rate).
            width: of the hidden layers.
            batch: latents a step.
            seed: of the first weights and of the order.
        """
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(seed)
            net = cls(latent.shape[1], names, width)
            optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.05)
            steps = max(1, epochs * len(latent) // batch)
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
            for _ in range(steps):
                rows = torch.randint(len(latent), (min(batch, len(latent)),))
                loss = binary_cross_entropy_with_logits(net(latent[rows]), attribute[rows].float())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        return net.eval().requires_grad_(False)

    def index(self, name: str) -> int:
        """An attribute's column.

        Raises:
            UserError: unknown, with the nearest names.
        """
        return position(name, self.names, "attribute")

    def move(
        self,
        latent: Tensor,
        name: str,
        goal: float = 4.0,
        *,
        free: Sequence[str] = (),
        said: Tensor | None = None,
        keep: float = 4.0,
        near: float = 0.2,
        steps: int = 100,
    ) -> Tensor:
        """The nearest latents whose images have the attribute, and are otherwise as before, as far as f can tell.

        Args:
            latent: (N, D).
            name: the attribute to add.
            goal: the logit that it shall reach; the farther, the surer.
            free: attributes that may change with it, such as the other colours of hair.
            said: what the judge says of the images of these latents, probabilities (N, A). With it f is corrected.
            keep: λ of the module's equation.
            near: its μ.
            steps: of Adam, all latents at once, each for itself.

        Raises:
            UserError: an unknown attribute, with the nearest names.
        """
        target = self.index(name)
        held = torch.ones(len(self.names), device=latent.device)
        held[[target, *(self.index(other) for other in free)]] = 0
        guess = self(latent).detach()
        error = torch.zeros_like(guess)
        if said is not None:
            error = (TRUSTED * held * (logit(said, 1e-4) - guess)).clamp(-MOST, MOST)
        before = (guess + error).clamp(-SURE, SURE)
        sides = before.sign() if said is None else (said - 0.5).sign()
        step = torch.zeros_like(latent, requires_grad=True)
        optimizer = torch.optim.Adam([step], lr=0.1)
        with torch.enable_grad():
            for k in range(steps):
                optimizer.param_groups[0]["lr"] = 0.1 * (1 - k / steps)
                now = self(latent + step) + error
                lost = (relu((before - now) * sides) * held).square().mean(1)
                loss = relu(goal - now[:, target]) + keep * lost + near * step.square().sum(1)
                optimizer.zero_grad()
                loss.sum().backward(inputs=[step])
                optimizer.step()
        return (latent + step).detach()

    def proposed(
        self, latent: Tensor, names: Sequence[str], goals: Sequence[float], exclusive: Sequence[Sequence[str]] = ()
    ) -> Tensor:
        """Edits to learn from: let the judge name their images, and fit again with them beside the draws of z.

        Args:
            latent: z, (N, D); a thousand of them at a time get the same attribute.
            names: of the attributes, one after the other.
            goals: the logits to aim at, one after the other.
            exclusive: groups of names of which a face has one, such as hair colours: see `free` of :meth:`move`.

        Returns:
            (N, D), row for row.
        """
        moved = []
        for k, some in enumerate(latent.split(1_000)):
            name = names[k % len(names)]
            moved.append(self.move(some, name, goals[k % len(goals)], free=rivals(name, exclusive), steps=40))
        return torch.cat(moved)


def rivals(name: str, exclusive: Sequence[Sequence[str]]) -> list[str]:
    """The other names of the groups that a name is in: they give way to it."""
    return [other for group in exclusive if name in group for other in group if other != name]
