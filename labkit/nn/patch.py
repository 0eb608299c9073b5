"""A discriminator of patches: each of its scores sees one square of the image (Isola et al. 2017, section 3.2.2)."""

from collections.abc import Callable

from torch import Tensor, nn

from labkit.errors import UserError, nearest
from labkit.nn.convolution import Conv2d

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": nn.InstanceNorm2d,  # no scale or shift of its own, as in CycleGAN
    "none": lambda channels: nn.Identity(),
}


def normalisation(name: str) -> Callable[[int], nn.Module]:
    """What makes a norm for so many channels.

    Raises:
        UserError: unknown, with the nearest names.
    """
    if name not in NORMS:
        raise UserError(nearest(name, NORMS, "norm"))
    return NORMS[name]


class PatchDiscriminator(nn.Module):
    """4×4 convolutions of stride 2, then two of stride 1; no score sees the whole image.

    Receptive field by `layers`: 0: 1 px (a PixelGAN of 1×1 convolutions), 1: 16, 2: 34, 3: 70, 4: 142, 5: 286.

    Args:
        inputs: channels of the image, with the condition's before it.
        width: channels of the first map (ndf).
        layers: convolutions of stride 2.
        norm: `batch` (pix2pix), `instance` (CycleGAN) or `none`; not in the first layer nor in the last.

    Raises:
        UserError: an unknown norm, with the nearest names.
    """

    def __init__(self, inputs: int, width: int = 64, layers: int = 3, norm: str = "batch"):
        super().__init__()
        make, bias = normalisation(norm), norm != "batch"
        if layers == 0:
            self.layers = nn.ModuleList(
                [
                    nn.Sequential(Conv2d(inputs, width, 1), nn.LeakyReLU(0.2)),
                    nn.Sequential(Conv2d(width, 2 * width, 1, bias=bias), make(2 * width), nn.LeakyReLU(0.2)),
                    Conv2d(2 * width, 1, 1, bias=bias),
                ]
            )
            return
        self.layers = nn.ModuleList([nn.Sequential(Conv2d(inputs, width, 4, 2, 1), nn.LeakyReLU(0.2))])
        channels = width
        for k in range(1, layers + 1):
            wider, stride = min(width * 2**k, 8 * width), 2 if k < layers else 1
            self.layers.append(
                nn.Sequential(Conv2d(channels, wider, 4, stride, 1, bias=bias), make(wider), nn.LeakyReLU(0.2))
            )
            channels = wider
        self.layers.append(Conv2d(channels, 1, 4, 1, 1))

    def maps(self, x: Tensor) -> list[Tensor]:
        """The maps behind every layer, the scores (B, 1, h, w) last: what feature matching compares."""
        found = []
        for layer in self.layers:
            x = layer(x)
            found.append(x)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → scores (B, 1, h, w)."""
        return self.maps(x)[-1]
