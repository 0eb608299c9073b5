"""The loop that most tutorials teach, written plainly: float32, NCHW, `Adam` as it comes, a scalar read each step.

It is the yardstick of `labkit bench`: the same networks, images and losses as in our own loop.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import CelebA, ImageFolder

from labkit.models.gan import GAN
from labkit.models.stylegan import StyleGAN
from labkit.nn.filters import Blur
from labkit.nn.modulation import ModulatedConv2d


class Textbook:
    """D on real images, D on fakes, then G: three backward passes, gradients for everyone."""

    def __init__(self, game: GAN, device: torch.device):
        self.generator, self.discriminator = game.generator.to(device), game.discriminator.to(device)
        self.latent_dim, self.device = game.latent_dim, device
        self.criterion = nn.BCEWithLogitsLoss()
        self.optimizer_d = torch.optim.Adam(self.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def step(self, real: Tensor) -> tuple[float, float]:
        """One iteration on real images (B, C, H, W) in [−1, 1]; the losses of D and G."""
        ones = torch.ones(len(real), device=self.device)
        zeros = torch.zeros(len(real), device=self.device)

        self.discriminator.zero_grad()
        loss_real = self.criterion(self.discriminator(real), ones)
        loss_real.backward()
        fake = self.generator(torch.randn(len(real), self.latent_dim, device=self.device))
        loss_fake = self.criterion(self.discriminator(fake.detach()), zeros)
        loss_fake.backward()
        self.optimizer_d.step()

        self.generator.zero_grad()
        loss_g = self.criterion(self.discriminator(fake), ones)
        loss_g.backward()
        self.optimizer_g.step()
        return (loss_real + loss_fake).item(), loss_g.item()


class TextbookStyleGAN:
    """StyleGAN2's iteration as its widespread PyTorch versions have it, without the lazy penalties.

    Styles scale the weights of a convolution with one group an image, filters are depthwise convolutions, and every
    backward pass fills the gradients of both networks.
    """

    def __init__(self, game: StyleGAN, device: torch.device):
        self.game, self.device = game.to(device), device
        for module in game.modules():
            if isinstance(module, ModulatedConv2d):
                module.fused = True
            if isinstance(module, Blur):
                module.small = 0
        generator = [*game.mapping.parameters(), *game.synthesis.parameters()]
        self.optimizer_d = torch.optim.Adam(game.discriminator.parameters(), lr=2e-3, betas=(0.0, 0.99))
        self.optimizer_g = torch.optim.Adam(generator, lr=2e-3, betas=(0.0, 0.99))

    def step(self, real: Tensor) -> tuple[float, float]:
        """One iteration on real images (B, C, H, W) in [−1, 1]; the losses of D and G."""
        game = self.game
        self.optimizer_d.zero_grad()
        fake = game.synthesis(game.styles(len(real)), game.noise(len(real)))
        loss_d = softplus(game.discriminator(fake.detach())).mean() + softplus(-game.discriminator(real)).mean()
        loss_d.backward()
        self.optimizer_d.step()
        self.optimizer_g.zero_grad()
        fake = game.synthesis(game.styles(len(real)), game.noise(len(real)))
        loss_g = softplus(-game.discriminator(fake)).mean()
        loss_g.backward()
        self.optimizer_g.step()
        return loss_d.item(), loss_g.item()


def _steps(size: int) -> transforms.Compose:
    return transforms.Compose(
        [
            transforms.Resize(size),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        ]
    )


def loader(folder: Path, size: int, batch: int, workers: int = 2) -> DataLoader:
    """Every epoch decodes and resizes every JPEG anew, in worker processes."""
    pictures = ImageFolder(str(folder), _steps(size))
    return DataLoader(pictures, batch_size=batch, shuffle=True, num_workers=workers, drop_last=True)


class _SomeOfCelebA(CelebA):
    """torchvision's reader for a part of CelebA, whose shorter lists have other md5s than the official ones."""

    def _check_integrity(self) -> bool:
        return True


def celeba_loader(root: Path, size: int, batch: int, workers: int = 2) -> DataLoader:
    """Torchvision's CelebA (all five lists in ``root/celeba``), as :func:`loader` has its folder."""
    pictures = _SomeOfCelebA(str(root), split="train", transform=_steps(size))
    return DataLoader(pictures, batch_size=batch, shuffle=True, num_workers=workers, drop_last=True)
