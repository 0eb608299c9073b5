"""Modulated convolution with demodulation (Karras et al. 2020, equations 1 and 3), judged."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from labkit.course.asked import SIZES, asked, judge_gradients, recognise_any, tensor
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import call, near
from labkit.course.lab03.modulations import NORM, modulation_mistakes

# B, C, O, K, H, W
CASES = ((3, 4, 5, 3, 6, 7), (1, 3, 2, 5, 8, 5), (2, 5, 3, 1, 4, 3), (2, 3, 3, 3, 5, 4))


def modulated_conv(x: Tensor, weight: Tensor, style: Tensor) -> Tensor:
    """(B, C, H, W), (O, C, K, K) and (B, C) → (B, O, H, W): each image convolved with a weight of its own."""
    batch, _, height, width = x.shape
    own = weight[None] * style[:, None, :, None, None]  # (B, O, C, K, K)
    own = own / (own.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    groups = x.reshape(1, -1, height, width)
    out = conv2d(groups, own.flatten(0, 1), padding=weight.shape[-1] // 2, groups=batch)
    return out.reshape(batch, -1, height, width)


def judge_modulated_conv(function: Callable) -> None:
    """Four shapes (kernels of 3, 5 and 1; a batch of one), styles of both signs, and a style of zeros."""
    for seed, case in enumerate(CASES):
        batch, _, outputs, _, height, width = case
        x, weight, style = (made.requires_grad_() for made in _inputs(seed, case))
        hint = "x's batch and size, the weight's number of outputs: (B, O, H, W)."
        value = _shaped(_ask(function, x, weight, style), (batch, outputs, height, width), weight, hint)
        right = modulated_conv(x, weight, style)
        if near(value, right):
            judge_gradients(value, [right], {"x": x, "weight": weight, "style": style})
            continue
        with torch.no_grad():
            recognise_any(value, modulation_mistakes(x, weight, style))
        raise _unnamed(value.detach(), right.detach())
    x, weight, style = _inputs(9, CASES[0])
    style[1] = 0
    value = call(function, x, weight, style)
    if not (isinstance(value, Tensor) and value.isfinite().all()):
        raise Wrong(
            "no-epsilon",
            "for a style of zeros your norm is 0, and the result is not finite.",
            "The tiny number below the root: √(Σ w′² + 1e-8).",
        )


def _inputs(seed: int, case: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    batch, inputs, outputs, kernel, height, width = case
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, inputs, height, width, generator=generator) + 0.3
    scales = torch.linspace(0.5, 1.8, outputs)[:, None, None, None]
    weight = scales * torch.randn(outputs, inputs, kernel, kernel, generator=generator)
    style = torch.randn(batch, inputs, generator=generator) * torch.linspace(0.6, 1.9, batch)[:, None] + 0.5
    return x, weight, style


def _ask(function: Callable, x: Tensor, weight: Tensor, style: Tensor) -> Any:
    sizes = "The style scales *input* channels: `weight[None] * style[:, None, :, None, None]` is (B, O, C, K, K)."
    groups = "A group an image: input (1, B·C, H, W), weight (B·O, C, K, K), and `groups=B`."
    told = [(SIZES, "sizes", sizes), (("expected input",), "groups", groups)]
    return asked(function, x, weight, style, told=told)


def _shaped(value: Any, shape: tuple[int, ...], weight: Tensor, hint: str) -> Tensor:
    if isinstance(value, Tensor) and value.dim() == 4 and value.shape[:2] == shape[:2]:
        lost = [shape[d] - value.shape[d] for d in (2, 3)]
        if lost[0] == lost[1] != 0:
            kernel = weight.shape[-1]
            raise Wrong(
                "padding",
                f"with a kernel of {kernel} your maps change from {tuple(shape[2:])} to {tuple(value.shape[2:])}.",
                f"Zeros around them keep the size: `padding=K // 2`, here {kernel // 2}.",
            )
    return tensor(value, shape, hint)


def _unnamed(value: Tensor, right: Tensor) -> Wrong:
    extra = value - right
    if near(extra, extra.mean((2, 3), keepdim=True).expand_as(extra)):
        return Wrong(
            "bias",
            "each map of your result is right up to a number that is added to all of it: a bias.",
            "Equation 3 has none: `conv2d` without its `bias`.",
        )
    ratio = (value * right).sum() / right.square().sum()
    if near(value, ratio * right):
        return Wrong(
            "factor",
            f"your result is {float(ratio):.4g} times the right one.",
            "After demodulation there is no further factor: " + NORM,
        )
    if near(value[:1], right[:1]):
        return Wrong("only-first", "only the first image of the batch comes out right.", "Each image has its own w″.")
    each = (value * right).sum((2, 3), keepdim=True) / right.square().sum((2, 3), keepdim=True)
    if near(value, each * right):
        return Wrong(
            "other-norm",
            f"each map of your result is right up to a factor, which runs from {float(each.min()):.3g} to "
            f"{float(each.max()):.3g}: the norm is another one.",
            NORM,
        )
    at = np.unravel_index(int((value - right).abs().argmax()), tuple(right.shape))
    return Wrong(
        "other-value",
        f"your number at {tuple(int(k) for k in at)} is {float(value[at]):.4f}, and it should be "
        f"{float(right[at]):.4f}.",
        "Three steps: w′ = s·w, (B, O, C, K, K); w″ = w′/√(Σ w′² + 1e-8); each image convolved with its own w″.",
    )


MODULATED_CONV = Exercise(
    name="03.modulated_conv",
    title="Modulated convolution",
    points=4,
    difficulty=3,
    minutes=25,
    reference=modulated_conv,
    hints=(
        "If x has deviation 1, what is the deviation of Σ w′·x? Can you know it without a look at x?",
        "w′_bocij = s_bc·w_ocij; w″_bocij = w′_bocij/√(Σ_{c,i,j} w′_bocij² + 1e-8).",
        "`own = weight[None] * style[:, None, :, None, None]`; `own / (…).sqrt()`; then `conv2d` of "
        "`x.reshape(1, B * C, H, W)` with `own.flatten(0, 1)` and `groups=B`, or one image after the other.",
    ),
    judge=judge_modulated_conv,
)
