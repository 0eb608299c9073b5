"""What a network of convolutions does, measured: what a score sees, how far scores stand apart, what lies between.

Weights are made positive, biases 0 and norms are left out, so that nothing cancels: a score's gradient is then more
than 0 wherever the score looks, and a picture of −1 shows how often a negative number is made smaller.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

CONVOLUTIONS = (torch.conv2d, functional.conv2d)
NORMS = (
    *(functional.batch_norm, functional.instance_norm, functional.group_norm, functional.layer_norm),
    *(torch.batch_norm, torch.instance_norm, torch.group_norm, torch.layer_norm),
)
POOLS = (
    *(functional.max_pool2d, functional.avg_pool2d, functional.adaptive_avg_pool2d, functional.adaptive_max_pool2d),
    *(torch.max_pool2d, functional.max_pool2d_with_indices),
)
DROPOUTS = (functional.dropout, functional.dropout2d, functional.alpha_dropout, functional.feature_alpha_dropout)


class Watch(TorchFunctionMode):
    """While it is on, writes down this thread's convolutions, norms, dropouts and pools in the order in which they run.

    Args:
        bare: leaves norms and dropouts out: their input comes back.
    """

    def __init__(self, bare: bool = False):
        super().__init__()
        self.bare = bare
        self.events: list[str] = []
        self.weights: list[tuple[int, ...]] = []

    def __torch_function__(self, func: Callable, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Called by torch in place of each of its functions."""
        kwargs = kwargs or {}
        for kind, known in (("norm", NORMS), ("dropout", DROPOUTS), ("pool", POOLS)):
            if func in known:
                self.events.append(kind)
                if self.bare and kind != "pool":
                    return args[0] if args else kwargs["input"]
        if func in CONVOLUTIONS:
            weight = args[1] if len(args) > 1 else kwargs["weight"]
            self.events.append("convolution")
            self.weights.append(tuple(weight.shape))
        return func(*args, **kwargs)


@dataclass(frozen=True)
class Reach:
    """What was measured.

    Attributes:
        rows: from the first to the last row that a score sees.
        columns: the same across.
        stride: how many rows the next score looks further on.
        whole: whether a score sees the picture from end to end.
        holes: whether there are rows between them that it does not see.
    """

    rows: int
    columns: int
    stride: int
    whole: bool
    holes: bool


def make_bare(net: nn.Module, x: Tensor) -> nn.Module:
    """Positive weights, no biases, eval mode. Run a few times on x, for norms of weights that learn."""
    with torch.no_grad():
        for module in net.modules():
            slope = isinstance(module, nn.PReLU)
            for weight in () if slope else module.parameters(recurse=False):
                sizes = weight.abs() / (weight.abs().mean() + 1e-12)
                weight.copy_((sizes + 0.5) / weight[0].numel() if weight.dim() > 1 else 0 * weight)
        net.train()
        with Watch(bare=True):
            for _ in range(3):
                net(x[:1])
    return net.eval()


def bare(net: nn.Module, x: Tensor) -> Tensor:
    """The scores (B, 1, h, w) of a network that `make_bare` has prepared."""
    with Watch(bare=True):
        return net(x.to(next(net.parameters()).dtype))


def measure(net: nn.Module, channels: int, size: int) -> Reach | None:
    """What a score in the middle of a picture of size × size sees; None if no gradient shows it."""
    x = torch.ones(1, channels, size, size, requires_grad=True)
    scores = bare(net, x)
    row, column = scores.shape[2] // 2, scores.shape[3] // 2
    if not scores.requires_grad:
        return None
    grads = [
        torch.autograd.grad(scores[0, 0, r, column], x, retain_graph=True, allow_unused=True)[0]
        for r in (row, min(row + 1, scores.shape[2] - 1))
    ]
    if any(grad is None or not grad.any() for grad in grads):
        return None
    seen = [grad[0].abs().sum(0) > 0 for grad in grads]
    rows, columns = seen[0].any(1).nonzero()[:, 0], seen[0].any(0).nonzero()[:, 0]
    across, down = int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1
    below = seen[1].any(1).nonzero()[:, 0]
    return Reach(
        rows=down,
        columns=across,
        stride=int(below[0] - rows[0]),
        whole=down == across == size,
        holes=len(rows) < down or len(columns) < across,
    )


def receptive(kernels: Sequence[int], strides: Iterable[int]) -> tuple[int, int]:
    """Receptive field and stride of layers in a row: r ← (r − 1)·s + k, from the last layer to the first."""
    field, stride = 1, 1
    for kernel, step in reversed(list(zip(kernels, strides))):
        field, stride = (field - 1) * step + kernel, stride * step
    return field, stride
