"""One step of DCGAN's generator (Radford et al. 2016, section 3): doubled, normalised, rectified; judged."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call
from labkit.course.lab02.norms import judge_activation, judge_eval, judge_norm

ORDER = "`nn.Sequential(nn.ConvTranspose2d(…), nn.BatchNorm2d(…), nn.ReLU())`, in this order."


def generator_block(in_channels: int, out_channels: int) -> nn.Module:
    """Transposed convolution that doubles height and width, batch norm, ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def judge_generator_block(function: Callable) -> None:
    """Two numbers of channels, maps that are not square; then norm, activation, reach and weights of a block."""
    for inputs, outputs in ((6, 3), (4, 7)):
        torch.manual_seed(inputs)
        block, x = _make(function, inputs, outputs), torch.randn(4, inputs, 5, 7)
        out = _run(block, x, outputs)
        if not torch.equal(out, _run(block, x, outputs)):
            raise Wrong(
                "random",
                "your block gives another result each time for the same input.",
                "Dropout is not part of this block: all randomness of a sample comes from z.",
            )
        judge_activation(out)
        judge_norm(block, x)
        judge_eval(block, x)
        _judge_reach(block, x)
        _judge_weights(block, x, outputs)
    first, second = function(6, 3), function(6, 3)
    mine, others = list(first.parameters()), list(second.parameters())
    if {id(p) for p in mine} & {id(p) for p in others}:
        raise Wrong(
            "shared",
            "two calls of your function give blocks with the same weights: training one would move the other.",
            "Make the layers inside of the function, so that each call makes new ones.",
        )
    if all(torch.equal(p, q) for p, q in zip(mine, others)):
        raise Wrong(
            "seeded",
            "two blocks of your function begin with the very same random weights.",
            "No `torch.manual_seed` in here.",
        )


def _make(function: Callable, inputs: int, outputs: int) -> nn.Module:
    block = call(function, inputs, outputs)
    if isinstance(block, (list, tuple)):
        raise Wrong(
            "list",
            f"your function returned a {type(block).__name__} of layers, and nothing says how to run them.",
            "`nn.Sequential(*layers)` makes one module of them.",
        )
    if not isinstance(block, nn.Module):
        raise Wrong(
            "not-a-module",
            f"your function returned a {type(block).__name__}: an optimiser would not find its weights.",
            "Return an `nn.Module`: " + ORDER,
        )
    if not any(True for _ in block.parameters()):
        raise Wrong(
            "no-weights", "your block has no weights: it can't learn how to double.", "A transposed convolution learns."
        )
    if not all(p.requires_grad for p in block.parameters()):
        raise Wrong(
            "frozen", "some of your block's weights don't ask for a gradient.", "Leave `requires_grad` as it is."
        )
    if not all(module.training for module in block.modules()):
        raise Wrong(
            "eval-mode", "your block comes in eval mode.", "A new module is in train mode: leave out `.eval()`."
        )
    return block


def _run(block: nn.Module, x: Tensor, outputs: int) -> Tensor:
    try:
        out = call(block, x)
    except Raised as raised:
        _explain(raised, x)
        raise
    if not isinstance(out, Tensor):
        raise Wrong(
            "not-a-tensor", f"your block gave a {type(out).__name__}.", "A block maps one tensor to one tensor."
        )
    count, _, height, width = x.shape
    wanted = (count, outputs, 2 * height, 2 * width)
    if out.shape == wanted:
        return out
    shown = f"from {tuple(x.shape)} your block makes {tuple(out.shape)}, and {wanted} is asked for"
    if out.dim() == 4 and out.shape[1] != outputs:
        raise Wrong(
            "channels",
            f"{shown}: the number of channels is not `out_channels`.",
            "`nn.ConvTranspose2d(in_channels, out_channels, …)`: from the one to the other, no fixed numbers.",
        )
    sizes = {
        (height, width): ("same-size", "the size stays as it is.", "The stride is 2: every pixel moves two on."),
        (2 * height + 2, 2 * width + 2): ("no-padding", "one row and column too many on each side.", "`padding=1`."),
        (height // 2, width // 2): ("halved", "it is halved.", "`Conv2d` with stride 2 halves; `ConvTranspose2d` …"),
        (4 * height, 4 * width): ("fourfold", "it is doubled twice.", "One step doubles once: one stride of 2."),
    }
    mistake = sizes.get((int(out.shape[-2]), int(out.shape[-1])))
    if out.dim() == 4 and mistake:
        raise Wrong(mistake[0], f"{shown}: {mistake[1]}", mistake[2])
    raise Wrong(
        "size",
        f"{shown}.",
        "From n it makes (n − 1)·stride − 2·padding + kernel: for 2n, kernel 4, stride 2, padding 1.",
    )


def _explain(raised: Raised, x: Tensor) -> None:
    text = str(raised.error)
    if "running_mean should contain" in text or "num_features" in text or "normalized_shape" in text:
        raise Wrong(
            "norm-channels",
            f"{raised.sentence}.",
            "Batch norm comes behind the convolution, so it has `out_channels` channels.",
        ) from None
    if "to have" in text and "channels" in text:
        raise Wrong(
            "channels-swapped",
            f"{raised.sentence}.",
            "`nn.ConvTranspose2d(in_channels, out_channels, …)`: first what comes in, then what goes out.",
        ) from None


def _judge_reach(block: nn.Module, x: Tensor) -> None:
    """How many rows and columns of the output one input pixel reaches: the kernel's size, whatever makes it."""
    block.eval()
    generator = torch.Generator().manual_seed(7)
    here = torch.randn(32, x.shape[1], 9, 9, generator=generator)
    there = here.clone()
    there[:, :, 4, 4] += 3 * torch.randn(32, x.shape[1], generator=generator)
    with torch.no_grad():
        moved = (call(block, here) - call(block, there)).abs().amax((0, 1)) > 1e-6
    block.train()
    rows, columns = int(moved.any(1).sum()), int(moved.any(0).sum())
    if rows == columns == 4:
        return
    shown = f"one pixel of your block's input reaches {rows} × {columns} pixels of its output"
    if rows == columns == 3:
        raise Wrong(
            "uneven",
            f"{shown}: every second pixel is written by more windows than its neighbour: a checkerboard.",
            "A kernel that the stride divides is even: kernel 4, stride 2, padding 1.",
        )
    if rows == columns == 2:
        raise Wrong(
            "no-overlap",
            f"{shown}: the windows never overlap, so the picture is made of 2 × 2 tiles.",
            "Kernel 4 with stride 2: each window overlaps its neighbours by half.",
        )
    raise Wrong("reach", f"{shown}, and a kernel of 4 reaches 4 × 4.", "`kernel_size=4, stride=2, padding=1`.")


def _judge_weights(block: nn.Module, x: Tensor, outputs: int) -> None:
    """No weight without a use: batch norm subtracts the mean, and with it any bias before it."""
    out = call(block, x)
    mix = torch.randn(out.shape, generator=torch.Generator().manual_seed(9))
    parameters = list(block.parameters())
    grads = torch.autograd.grad((out * mix).sum(), parameters, allow_unused=True)
    largest = max((float(grad.norm()) for grad in grads if grad is not None), default=0.0)
    idle = [p for p, grad in zip(parameters, grads) if grad is None or float(grad.norm()) < 1e-4 * largest]
    if idle:
        raise Wrong(
            "idle-bias",
            f"{sum(p.numel() for p in idle)} of your block's weights do nothing: their gradient is 0 for any input.",
            "Batch norm subtracts each channel's mean, and with it the bias of the convolution: `bias=False` there.",
        )
    learned: Any = sum(p.numel() == outputs for p in parameters)
    if learned < 2:
        raise Wrong(
            "no-scale",
            "after your norm every channel has mean 0 and variance 1 for ever: no scale and shift is learned.",
            "`nn.BatchNorm2d(out_channels)` learns both (`affine=True`, which is the default).",
        )


GENERATOR_BLOCK = Exercise(
    name="02.generator_block",
    title="A block of the generator",
    points=3,
    difficulty=1,
    minutes=10,
    reference=generator_block,
    hints=(
        "Which layer makes a map larger and still learns how? And which one keeps the numbers behind it in scale?",
        "Size of a transposed convolution: (n − 1)·stride − 2·padding + kernel = 2n. Then (h − μ_batch)/σ_batch, then "
        "max(0, h).",
        "`nn.Sequential(nn.ConvTranspose2d(in_channels, out_channels, 4, 2, 1, bias=…), nn.BatchNorm2d(…), …)`.",
    ),
    judge=judge_generator_block,
)
