"""``judge(name)``: a frozen net that was trained on the truth of the built-in faces, ready to be asked."""

import functools
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from labkit import weights
from labkit.errors import UserError, nearest
from labkit.metrics.frechet import frechet_distance
from labkit.metrics.judges import attributes, features, identity, landmarks, parsing
from labkit.metrics.judges.blocks import SIZE
from labkit.metrics.network import as_uint8
from labkit.threads import single_thread

JUDGES: dict[str, ModuleType] = {
    "attributes": attributes,
    "parsing": parsing,
    "landmarks": landmarks,
    "identity": identity,
    "features": features,
}
# Small enough that one chunk's activations stay in a core's cache.
CHUNK = 64


def weights_name(name: str) -> str:
    """The name of a judge's file in ``labkit/weights``."""
    return f"faces-{name}"


def network_input(images: Tensor) -> Tensor:
    """Turn uint8 images (N, 3, H, W) into the networks' input: (N, 3, 64, 64) in [-1, 1], channels_last.

    Other sizes are resized bilinearly with antialiasing.

    Raises:
        UserError: the images are grey.
    """
    if images.shape[1] != 3:
        raise UserError(
            f"The judges of faces look at colour, and these images have {images.shape[1]} channel(s): open the data "
            "with channels=3."
        )
    image = images.contiguous().float() / 127.5 - 1
    if image.shape[-2:] != (SIZE, SIZE):
        image = F.interpolate(image, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    # One layout for all: another would take another convolution, and change the last digits of a score.
    return image.contiguous(memory_format=torch.channels_last)


def _refuse_gradient(network: nn.Module, given: tuple[Any, ...]) -> None:
    if any(isinstance(images, Tensor) and images.requires_grad for images in given):
        raise UserError(
            "A judge is never used in a loss: a model that learns to please it makes its verdict meaningless. "
            "Detach the images, or train a net of your own."
        )


class Judge:
    """A frozen net. Call it with pictures.

    Attributes:
        name: ``attributes``, ``parsing``, ``landmarks``, ``identity`` or ``features``.
        network: in eval mode, without gradients.
        card: how it was trained and how well it does on fresh faces; ``card["answer"]`` says what a call returns.
        names: what the columns (or classes) of the answer stand for.
        sha256: of the weights file.
    """

    def __init__(self, name: str, network: nn.Module, card: dict[str, Any]) -> None:
        self.name, self.card = name, card
        self.network: Any = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.network.register_forward_pre_hook(_refuse_gradient)
        self.names: tuple[str, ...] = JUDGES[name].NAMES
        self.sha256: str = card.get("sha256", "")

    def __repr__(self) -> str:
        return f"Judge({self.name!r}, {self.sha256[:8]}: {JUDGES[self.name].ANSWER})"

    @torch.no_grad()
    def __call__(self, images: Tensor | np.ndarray) -> Tensor:
        """Ask about pictures, a chunk at a time on one CPU thread.

        Args:
            images: uint8 (N, H, W, 3), or floats (N, 3, H, W) in [-1, 1]; all are rounded to 8 bits, and other sizes
                than 64 pixels are resized.

        Returns:
            attributes: (N, 35) float32, probabilities of ``labkit.faces.ATTRIBUTES``.
            parsing: (N, H, W) uint8, classes of ``labkit.faces.CLASSES`` at the pictures' size.
            landmarks: (N, 68, 2) float32, x and y in the pictures' pixels; the first pixel's centre is 0.
            identity: (N, 64) float32 of length 1; above a dot product of ``card["measured"]["threshold"]`` two
                pictures are more likely of one person than of two.
            features: (N, 64) float32, the space of FD-faces.

        Raises:
            UserError: the images are of a wrong form, grey, or carry a gradient, as they would inside a loss.
        """
        _refuse_gradient(self.network, (images,))
        pictures = as_uint8(images)
        size = (int(pictures.shape[-2]), int(pictures.shape[-1]))
        with single_thread():
            found = [self.network.answer(self.network(network_input(part)), size) for part in pictures.split(CHUNK)]
        return torch.cat(found)


@functools.cache
def judge(name: str) -> Judge:
    """A shipped judge of faces, read once in a process; its weights are checked against its card.

    A judge scores what a model makes. It is never trained further, and never part of a loss.

    Args:
        name: ``attributes``, ``parsing``, ``landmarks``, ``identity`` or ``features``.

    Raises:
        UserError: for an unknown name, or a weights file that is missing or damaged.
    """
    if name not in JUDGES:
        raise UserError(nearest(name, JUDGES, "judge"))
    tensors, card = weights.load(weights_name(name))
    network: nn.Module = JUDGES[name].Network()
    network.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    )
    return Judge(name, network, card)


def fd_faces(fake: Tensor | np.ndarray, real: Tensor | np.ndarray) -> float:
    """``FD-faces``: the Fréchet distance between two sets of faces, in the features of the feature net.

    Only distances at the same N compare; ``labkit.metrics.score`` gives it with an interval, floor and baselines.

    Args:
        fake: images as a :class:`Judge` takes them.
        real: other images.

    Returns:
        The distance, ≥ 0.

    Raises:
        UserError: images of a wrong form, grey, or with a gradient.

    Warns:
        UserWarning: a set has no more images than there are features.
    """
    look = judge("features")
    return frechet_distance(look(fake), look(real))
