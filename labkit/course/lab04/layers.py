"""Layers that keep what they read: whatever a student wires, they run, and afterwards they say what was wired."""

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

BANK = 12  # More weights than any right input has channels; a wrong one uses them again.


class Layer(nn.Module):
    """A layer of a U-Net that halves or doubles, and takes any number of channels so that no wrong wiring stops it.

    Args:
        name: how it is told of, "encoder[0]".
        outputs: channels of its map.
        doubles: whether it doubles height and width; else it halves them.
        calls: where it writes down that it was called: a list that all layers of a network share.
    """

    def __init__(self, name: str, outputs: int, doubles: bool, calls: list[str]):
        super().__init__()
        self.name, self.doubles, self.calls = name, doubles, calls
        self.weight = nn.Parameter(torch.randn(outputs, BANK) / 2)
        self.bias = nn.Parameter(torch.randn(outputs) / 2)
        self.read: list[Tensor] = []
        self.made: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """(B, any, H, W) → (B, outputs, H/2, W/2) or (B, outputs, 2·H, 2·W).

        Raises:
            TypeError: x is no tensor (B, C, H, W).
        """
        if not isinstance(x, Tensor) or x.dim() != 4:
            got = f"a tensor of the shape {tuple(x.shape)}" if isinstance(x, Tensor) else f"a {type(x).__name__}"
            raise TypeError(f"{self.name} reads one map (B, C, H, W), and it was given {got}")
        self.calls.append(self.name)
        self.read.append(x.detach().clone())
        mixed = torch.einsum("oc,bchw->bohw", self.weight[:, torch.arange(x.shape[1]) % BANK], x)
        mixed = torch.tanh(mixed + self.bias[:, None, None])
        if self.doubles:
            out = mixed.repeat_interleave(2, 2).repeat_interleave(2, 3)
        else:
            out = adaptive_avg_pool2d(mixed, (max(x.shape[2] // 2, 1), max(x.shape[3] // 2, 1)))
        self.made.append(out.detach().clone())
        return out


def network(widths: tuple[int, ...], outputs: tuple[int, ...]) -> tuple[list[Layer], list[Layer], list[str]]:
    """An encoder and a decoder whose maps have so many channels, and the list of their calls."""
    calls: list[str] = []
    encoder = [Layer(f"encoder[{k}]", width, False, calls) for k, width in enumerate(widths)]
    decoder = [Layer(f"decoder[{k}]", width, True, calls) for k, width in enumerate(outputs)]
    return encoder, decoder, calls
