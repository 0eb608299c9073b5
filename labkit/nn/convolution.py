"""Convolutions that a CPU computes as matrix products, where that is faster: bf16, small maps, many channels.

Every patch of the image becomes a row of a matrix, the weights are another, and one product gives the map (im2col;
Chellapilla, Puri & Simard 2006, *High performance convolutional neural networks for document processing*). Libraries
prefer direct convolution, which copies no patches. But before each they bring the weights into an order of their own,
which costs more than the patches where the weights outnumber the pixels; and their gradient of the weights in bf16 is
half as fast as a product on CPUs that have AVX512-BF16 without AMX. `labkit bench` measures what it brings.
"""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad
from torch.nn.grad import conv2d_input, conv2d_weight

FEW, SOME = 4, 16
"""Up to so many places of the kernel for each output channel the product is faster: for the map, for the gradient of
the weights (measured on the layers of a DCGAN at 64 px, batch 64)."""


def patches(image: Tensor, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
    """(B, C, H, W) → (B · H' · W', kernel height · kernel width · C), a row for each place of the kernel."""
    rows, columns = padding
    windows = pad(image, (columns, columns, rows, rows)) if rows or columns else image
    windows = windows.unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1])  # (B, C, H', W', kh, kw)
    return windows.permute(0, 2, 3, 4, 5, 1).reshape(-1, kernel[0] * kernel[1] * image.shape[1])


def _rows(image: Tensor) -> Tensor:
    """(B, C, H, W) → (B · H · W, C)."""
    return image.permute(0, 2, 3, 1).reshape(-1, image.shape[1])


def _filters(weight: Tensor) -> Tensor:
    """(N, C, kh, kw) → (N, kh · kw · C); a view where the weights are channels_last."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def _wanted(ctx, position: int) -> bool:
    """Whether the backward pass that runs needs the gradient of this input.

    `needs_input_grad` says only whether it could be asked for; `backward(inputs=…)` asks for one player's alone.
    """
    node = ctx.next_functions[position][0]
    if node is None or not ctx.needs_input_grad[position]:
        return False
    try:
        return torch._C._will_engine_execute_node(node)
    except (AttributeError, RuntimeError):  # a leaf under `autograd.grad`, for which torch doesn't tell
        return True


class _Convolution(torch.autograd.Function):
    """`conv2d` without bias; map and gradients from the same formulas, so that it can be differentiated twice."""

    @staticmethod
    def forward(ctx, image: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
        ctx.save_for_backward(image, weight)
        ctx.stride, ctx.padding = stride, padding
        return _convolve(image, weight, stride, padding)

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple:
        image, weight = ctx.saved_tensors
        along_image = along_weight = None
        if _wanted(ctx, 0):
            along_image = conv2d_input(image.shape, weight, slope, ctx.stride, ctx.padding)
        if _wanted(ctx, 1):
            along_weight = _correlate(image, slope, weight, ctx.stride, ctx.padding)
        return along_image, along_weight, None, None


class _Transposed(torch.autograd.Function):
    """`conv_transpose2d` without bias: the map is what a convolution's gradient along its image is, and vice versa."""

    @staticmethod
    def forward(ctx, image: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
        ctx.save_for_backward(image, weight)
        ctx.stride, ctx.padding = stride, padding
        if image.shape[2:] == (1, 1) and padding == (0, 0):  # nothing overlaps: one product
            flat = image.flatten(1) @ _filters(weight)
            return flat.unflatten(1, (*weight.shape[2:], weight.shape[1])).permute(0, 3, 1, 2)
        return conv_transpose2d(image, weight, None, stride, padding)

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple:
        image, weight = ctx.saved_tensors
        along_image = along_weight = None
        if _wanted(ctx, 0):
            along_image = _convolve(slope, weight, ctx.stride, ctx.padding)
        if _wanted(ctx, 1):
            along_weight = _correlate(slope, image, weight, ctx.stride, ctx.padding)
        return along_image, along_weight, None, None


def _convolve(image: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
    """`conv2d` by whichever way is faster."""
    kernel = weight.shape[2], weight.shape[3]
    height, width = ((side + 2 * p - k) // s + 1 for side, p, k, s in zip(image.shape[2:], padding, kernel, stride))
    if len(image) * height * width > FEW * len(weight):
        return conv2d(image, weight, None, stride, padding)
    found = patches(image, kernel, stride, padding) @ _filters(weight).T
    return found.view(len(image), height, width, -1).permute(0, 3, 1, 2)


def _correlate(
    image: Tensor, slope: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]
) -> Tensor:
    """Gradient of the weights: each patch by the slope at its place, summed, in the weights' shape."""
    if slope[:, 0].numel() > SOME * len(weight):
        return conv2d_weight(image, weight.shape, slope, stride, padding)
    kernel = weight.shape[2], weight.shape[3]
    found = _rows(slope).T @ patches(image, kernel, stride, padding)
    return found.view(len(weight), *kernel, -1).permute(0, 3, 1, 2)


@cache
def _amx() -> bool:
    """Whether the library's bf16 convolutions run on matrix tiles, as fast as products."""
    return bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())


def _as_products(layer: nn.Conv2d | nn.ConvTranspose2d, image: Tensor) -> bool:
    """Whether this layer may compute in bf16 here, and products be the faster way."""
    if image.device.type != "cpu" or image.dim() != 4 or torch.compiler.is_compiling() or _amx():
        return False
    used = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else image.dtype
    plain = layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros"
    return used == torch.bfloat16 and plain and not isinstance(layer.padding, str)


def _apply(function: type[torch.autograd.Function], layer: nn.Conv2d | nn.ConvTranspose2d, image: Tensor) -> Tensor:
    found = function.apply(image.bfloat16(), layer.weight.bfloat16(), layer.stride, layer.padding)
    return found if layer.bias is None else found + layer.bias.bfloat16()[:, None, None]


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d`, with the same parameters and values up to rounding, faster in bf16 on a CPU."""

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, H, W) → (B, N, H', W')."""
        return _apply(_Convolution, self, image) if _as_products(self, image) else super().forward(image)


class ConvTranspose2d(nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d`, with the same parameters and values up to rounding, faster in bf16 on a CPU."""

    def forward(self, image: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(B, C, H, W) → (B, N, H', W')."""
        if output_size is not None or self.output_padding != (0, 0) or not _as_products(self, image):
            return super().forward(image, output_size)
        return _apply(_Transposed, self, image)
