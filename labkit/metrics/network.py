"""The network that looks at digits for the scores: 64 features and 10 classes, frozen.

A Fréchet distance is only as good as the features it is measured in. Inception's were trained on photographs and cost
91 MB; for digits a small classifier of digits sees better, and scores 2,000 images in about a second on one CPU
thread. It was trained once by ``python -m labkit.metrics.train_digits_network``; its card is
``labkit/weights/digits.json``.
"""

import functools

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from labkit import weights
from labkit.errors import UserError
from labkit.threads import single_thread

FEATURES = 64
SIZE = 28
# Small enough that one chunk's activations stay in a core's cache.
CHUNK = 250


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class DigitsNetwork(nn.Module):
    """A small convolutional classifier of 28×28 digits whose last hidden layer is the feature space of ``FD-digits``.

    The features are standardised (a batch norm without scale or shift) and not rectified: over the training data each
    has mean 0 and variance 1, so that no feature rules the distance and a Gaussian is a fair description of them.
    """

    sha256: str = ""
    card: dict

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _block(1, 16, 1),
            _block(16, 32, 2),
            _block(32, 32, 1),
            _block(32, 64, 2),
            _block(64, 64, 1),
            nn.MaxPool2d(2),
        )
        self.project = nn.Linear(64 * 3 * 3, FEATURES, bias=False)
        self.standardise = nn.BatchNorm1d(FEATURES, affine=False)
        self.classify = nn.Linear(FEATURES, 10)

    def features(self, image: Tensor) -> Tensor:
        """Features of images.

        Args:
            image: (N, 1, 28, 28) in [-1, 1].

        Returns:
            (N, 64), each about mean 0 and variance 1 over real digits.

        Raises:
            UserError: the network is frozen and the image carries a gradient, as it would inside a loss.
        """
        if image.requires_grad and not self.training:
            raise UserError(
                "The scoring network is never used in a loss: a model that learns to please it makes its score "
                "meaningless. Detach the images, or train a classifier of your own."
            )
        return self.standardise(self.project(self.body(image).flatten(1)))

    def classes(self, features: Tensor) -> Tensor:
        """Class scores (N, 10), before the softmax, from features (N, 64)."""
        return self.classify(F.relu(features))

    def logits(self, image: Tensor) -> Tensor:
        """Class scores (N, 10), before the softmax, of images (N, 1, 28, 28) in [-1, 1]."""
        return self.classes(self.features(image))

    def forward(self, image: Tensor) -> Tensor:
        """The same as :meth:`logits`."""
        return self.logits(image)


@functools.lru_cache(maxsize=1)
def digits_network() -> DigitsNetwork:
    """The frozen scoring network, with its ``card`` and ``sha256``; read once in a process.

    Raises:
        UserError: the weights file is missing or damaged.
    """
    tensors, content = weights.load("digits")
    network = DigitsNetwork()
    network.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    )
    network.card, network.sha256 = content, content["sha256"]
    return network.eval().requires_grad_(False)


def as_uint8(images: Tensor | np.ndarray) -> Tensor:
    """Bring images to the form in which all of them, real and generated, are scored: rounded to 8 bits.

    Args:
        images: uint8 arrays (N, H, W) or (N, H, W, C), or floats (N, C, H, W) in [-1, 1].

    Returns:
        uint8 (N, C, H, W) on the CPU.

    Raises:
        UserError: the shape is not one of these, or a value is not finite or lies outside [-1, 1].
    """
    tensor = torch.as_tensor(np.ascontiguousarray(images) if isinstance(images, np.ndarray) else images).detach().cpu()
    if tensor.dtype == torch.uint8 and tensor.ndim == 3:
        return tensor[:, None]
    if tensor.ndim != 4 or len(tensor) == 0:
        raise UserError(
            f"Images to score have the shape {tuple(tensor.shape)}; expected uint8 (N, H, W, C) or floats (N, C, H, W)."
        )
    if tensor.dtype == torch.uint8:
        # Generated images may come as uint8 in torch's order; no image here is 1 or 3 pixels wide.
        return tensor if tensor.shape[1] in (1, 3) and tensor.shape[3] not in (1, 3) else tensor.permute(0, 3, 1, 2)
    if not tensor.is_floating_point():
        raise UserError(f"Images to score are {tensor.dtype}; expected uint8, or floats in [-1, 1].")
    tensor = tensor.float()
    if not torch.isfinite(tensor).all():
        raise UserError("Images to score hold values that are not finite: the generator has broken down.")
    low, high = tensor.min().item(), tensor.max().item()
    if low < -1.01 or high > 1.01:
        raise UserError(f"Images to score run from {low:.3g} to {high:.3g}; floats are expected in [-1, 1].")
    return ((tensor.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def network_input(images: Tensor) -> Tensor:
    """Turn uint8 images (N, 1, H, W) into the network's input: (N, 1, 28, 28) in [-1, 1].

    Other sizes are resized bilinearly with antialiasing (an aliased shrink alone moves such scores: Parmar et al.
    2022), so a score at 32 px compares models at 32 px, against real images resized in the same way.

    Raises:
        UserError: the images are not grey.
    """
    if images.shape[1] != 1:
        raise UserError(
            f"FD-digits looks at grey digits, and these have {images.shape[1]} channels: open the data with channels=1."
        )
    # Plain strides: another layout would take another convolution, and change the last digits of a score.
    image = images[:, 0].contiguous()[:, None].float() / 127.5 - 1
    if image.shape[-2:] != (SIZE, SIZE):
        image = F.interpolate(image, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    return image


@torch.no_grad()
def features(network: DigitsNetwork, images: Tensor | np.ndarray) -> Tensor:
    """Features of many images, a chunk at a time on one thread.

    Args:
        network: the scoring network.
        images: as in :func:`as_uint8`.

    Returns:
        float32 (N, 64).

    Raises:
        UserError: the images are of a wrong form, or carry a gradient.
    """
    if isinstance(images, Tensor) and images.requires_grad:
        raise UserError("The scoring network is never used in a loss: detach the images before scoring them.")
    with single_thread():
        return torch.cat([network.features(network_input(chunk)) for chunk in as_uint8(images).split(CHUNK)])
