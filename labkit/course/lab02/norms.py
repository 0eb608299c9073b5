"""What a block's output says of its norm and its activation, whatever layers they are made of."""

import torch
from torch import Tensor, nn

from labkit.course.exercise import Wrong
from labkit.course.judging import call


def judge_activation(out: Tensor) -> None:
    """Whether the numbers (B, C, H, W) that leave a block in train mode come from ReLU behind a norm."""
    out = out.detach()
    if not out.isfinite().all():
        raise Wrong("not-finite", "your block gives numbers that are not finite.", "Is there a division by zero?")
    per_channel = out.transpose(0, 1).flatten(1)
    lowest, mean, std = per_channel.min(1).values, per_channel.mean(1), per_channel.std(1)
    if out.min() >= 0:
        zeros = float((out == 0).float().mean())
        if zeros > 0.02:
            return
        if out.max() <= 1:
            raise Wrong(
                "sigmoid",
                "all numbers that leave your block lie between 0 and 1: a sigmoid.",
                "G's hidden layers end in ReLU; a sigmoid is flat at both ends, and gradients die there.",
            )
        raise Wrong(
            "not-relu",
            "no number that leaves your block is 0, and ReLU makes a 0 of every negative one.",
            "`nn.ReLU()`: max(0, h), no smooth relative of it.",
        )
    if 0.9 < out.abs().max() <= 1 and (out.square().mean((0, 2, 3)) - 0.4).abs().max() < 0.1:
        raise Wrong(
            "tanh",
            "all numbers that leave your block lie between −1 and 1: a tanh.",
            "tanh stands at G's very end, where pixels are made. Hidden layers have ReLU.",
        )
    tied = (per_channel <= lowest[:, None] + 1e-6).float().mean(1)
    if (tied > 0.1).all():
        raise Wrong(
            "norm-last",
            "many numbers that leave your block are one and the same negative one: the norm comes behind ReLU.",
            "Convolution, then norm, then ReLU.",
        )
    if mean.abs().max() < 0.05 and (std - 1).abs().max() < 0.05:
        raise Wrong(
            "no-relu",
            "half of the numbers that leave your block are negative: after the norm nothing follows.",
            "Without a non-linear step, all of G's blocks together would be one linear map: add `nn.ReLU()`.",
        )
    negative, positive = per_channel.clamp(max=0).square().mean(1), per_channel.clamp(min=0).square().mean(1)
    if (negative < 0.3 * positive).all() and (positive - 0.5).abs().max() < 0.2:
        raise Wrong(
            "leaky",
            "negative numbers leave your block, but made smaller: a leaky ReLU, or one of its relatives.",
            "In DCGAN the leaky ReLU is D's. G has the plain one: `nn.ReLU()`.",
        )
    raise Wrong(
        "relu-not-last",
        "negative numbers leave your block: ReLU is missing, or not its last step.",
        "In this order: convolution, batch norm, ReLU.",
    )


def judge_norm(block: nn.Module, x: Tensor) -> None:
    """Batch norm does not see the scale of the whole batch, but keeps one image's scale apart from another's."""
    with torch.no_grad():
        out, louder = call(block, x), call(block, 10 * x)
        one = x.clone()
        one[0] *= 10
        only_one = call(block, one)
    if out.square().mean() < 0.05:
        raise Wrong(
            "scale",
            f"the numbers that leave your block have a mean square of {out.square().mean():.2g}, and behind a norm and "
            "ReLU it is near 0.5.",
            "A norm's scale begins near 1, not near 0: N(1, 0.02²), which is the next exercise.",
        )
    if not _alike(louder, out):
        raise Wrong(
            "no-norm",
            f"an input 10 times as large makes your output {float(louder.norm() / out.norm()):.1f} times as large: "
            "nothing normalises it.",
            "`nn.BatchNorm2d(out_channels)` between the convolution and ReLU keeps the numbers in scale through G.",
        )
    if _alike(only_one[0], out[0]):
        raise Wrong(
            "per-image",
            "one image of the batch made 10 times as large does not change your output: each is normalised alone.",
            "Instance, layer and group norm look at one image; DCGAN's is batch norm: `nn.BatchNorm2d`.",
        )
    spread = out.square().mean((0, 2, 3))
    if spread.min() < 0.3 or spread.max() > 0.75:
        raise Wrong(
            "norm-first",
            f"the channels that leave your block have mean squares from {spread.min():.2f} to {spread.max():.2f}; "
            "behind a norm and ReLU they are near 0.5.",
            "The norm comes behind the convolution, not before it: what ReLU gets shall have mean 0 and variance 1.",
        )


def judge_eval(block: nn.Module, x: Tensor) -> None:
    """In eval mode an image must not depend on its neighbours in the batch."""
    block.eval()
    with torch.no_grad():
        together, alone = call(block, x), call(block, x[:1])
    block.train()
    if not _alike(together[:1], alone):
        raise Wrong(
            "no-running",
            "in eval mode your block draws another picture of the same input when other images stand beside it.",
            "Batch norm has to keep running statistics for that (`track_running_stats=True`, the default).",
        )


def _alike(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).norm() <= 0.02 * b.norm() + 1e-6)
