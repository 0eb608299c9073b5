"""Where a gradient penalty looks: critics that keep what they are given, and a judge of the interpolates among it."""

import torch
from torch import Tensor, nn

from labkit.course.exercise import Wrong
from labkit.course.judging import near


class Critic(nn.Module):
    """A critic that keeps its inputs: linear, ⟨w, x⟩ · scale, or quadratic, ½ · scale · ‖x‖².

    Args:
        weight: w, (C, H, W), or None for the quadratic one.
        scale: its one parameter.
        column: whether it gives (B, 1) instead of (B,).
    """

    def __init__(self, weight: Tensor | None, scale: float, column: bool = False):
        super().__init__()
        self.weight, self.column = weight, column
        self.scale = nn.Parameter(torch.tensor(scale))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B,) or (B, 1)."""
        self.seen.append(_plain(x))
        score = (x * self.weight if self.weight is not None else 0.5 * x.square()).flatten(1).sum(1) * self.scale
        return score[:, None] if self.column else score


def _plain(x: Tensor) -> Tensor:
    """A copy of x; below `vmap`, of the whole batch."""
    unwrap = getattr(torch.func, "debug_unwrap", None)  # Torch 2.8 and later.
    return (unwrap(x.detach(), recurse=True) if unwrap else x.detach()).clone()


def batches(critic: Critic, real: Tensor) -> list[Tensor]:
    """The batches that the critic saw; one may have come image by image."""
    whole = [x.reshape(real.shape) for x in critic.seen if x.numel() == real.numel() and len(x) == len(real)]
    pieces = [x for x in critic.seen if x.shape[1:] == real.shape[1:] and len(x) == 1]
    return whole or ([torch.cat(pieces)] if len(pieces) == len(real) else [])


def judge_weights(x: Tensor, real: Tensor, fake: Tensor) -> None:
    """Whether each x̂ is some sum a·real + b·fake, and if so, whether a + b = 1."""
    both = torch.stack([real, fake], 2)
    weights = torch.linalg.lstsq(both, x[:, :, None]).solution
    total = weights.sum((1, 2))
    if near(both @ weights, x[:, :, None]) and (total - 1).abs().max() > 1e-2:
        raise Wrong(
            "weights",
            f"your x̂ weighs the real and the fake image with numbers that add up to {total[0].item():.2f}, not to 1.",
            "One ε for both: x̂ = εx + (1 − ε)G(z). With plain sums or two ε of their own, x̂ leaves the line.",
        )


def judge_points(mix: Tensor, again: Tensor) -> None:
    """Judge ε of each pixel, (B, C·H·W), of two calls."""
    per_image = mix.mean(1)
    if near(mix, torch.ones_like(mix)) or near(mix, torch.zeros_like(mix)):
        which, x_hat = ("real", "x̂ = x") if near(mix, torch.ones_like(mix)) else ("fake", "x̂ = G(z)")
        raise Wrong(
            f"only-{which}",
            f"you take the gradient at the {which} images only.",
            f"The penalty holds along the lines *between* real and fake: x̂ = εx + (1 − ε)G(z), not {x_hat}.",
        )
    if mix.std(1).max() > 1e-2:
        if mix.min() < -1e-3 or mix.max() > 1 + 1e-3:
            raise Wrong(
                "off-the-line",
                "your x̂ does not lie between its real and its fake image.",
                "x̂ = εx + (1 − ε)G(z) with ε between 0 and 1, the same for all pixels of an image.",
            )
        raise Wrong(
            "epsilon-per-pixel",
            "ε differs between the pixels of one image, so x̂ is not on the straight line between two images.",
            "One ε for all pixels of an image: `torch.rand(B, 1, 1, 1)`, which spreads over C, H and W.",
        )
    if per_image.min() > 1 - 1e-3 or per_image.max() < 1e-3:
        end = "real" if per_image.min() > 0 else "fake"
        raise Wrong(
            "beyond",
            f"your x̂ lies beyond the {end} image, on the far side of the line.",
            "From the fake towards the real image: x̂ = G(z) + ε(x − G(z)). Is the difference the right way round?",
        )
    if per_image.min() < -1e-3 or per_image.max() > 1 + 1e-3:
        raise Wrong(
            "epsilon-range",
            f"ε goes from {per_image.min().item():.2f} to {per_image.max().item():.2f}: x̂ leaves the line's two ends.",
            "ε ~ U[0, 1] is `torch.rand`; `torch.randn` is the normal distribution.",
        )
    if (per_image * (1 - per_image)).abs().max() < 1e-3:
        raise Wrong(
            "epsilon-ends",
            "your ε is 0 or 1: x̂ is either a real image or a fake, and never between the two.",
            "ε ~ U[0, 1] takes all the values between: `torch.rand(B, 1, 1, 1)`.",
        )
    if near(mix, again) and per_image.std() >= 1e-3:
        raise Wrong(
            "epsilon-repeated",
            "ε is drawn, but comes out the same in each call.",
            "No `torch.manual_seed` in here: it also makes all random numbers after it repeat.",
        )
    if per_image.std() < 1e-3:
        if near(mix, again):
            raise Wrong(
                "epsilon-constant",
                f"ε is always {per_image[0].item():.2f}, so one point of each line is ever looked at.",
                "Draw ε at random, in every call: U[0, 1].",
            )
        raise Wrong(
            "epsilon-shared",
            "the whole batch shares one ε.",
            "Draw B of them, one an image, shaped to meet (B, C, H, W): `torch.rand(B, 1, 1, 1)`.",
        )


def judge_spread(mix: Tensor) -> None:
    """Judge whether ε of many images, (B, C·H·W), is spread evenly over [0, 1]."""
    found = mix.mean(1).sort().values
    even = (torch.arange(len(found)) + 0.5) / len(found)
    if (found - even).abs().max() > 0.25:
        raise Wrong(
            "epsilon-uneven",
            f"your ε is not spread over [0, 1]: of {len(found)}, half are below {found.median().item():.2f}, and the "
            f"largest is {found[-1].item():.2f}.",
            "ε ~ U[0, 1] as `torch.rand` draws it: no factor, no square.",
        )
