"""How weights begin where the papers say so."""

from torch import nn


def normal_weights(module: nn.Module) -> None:
    """Convolutions from N(0, 0.02²); batch norm's scale from N(1, 0.02²), its shift 0. For `nn.Module.apply`.

    Radford et al. 2016, section 4 (DCGAN), and after it pix2pix and CycleGAN.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def zero_biases(module: nn.Module) -> None:
    """Biases of convolutions begin at 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module.bias is not None:
        nn.init.zeros_(module.bias)
