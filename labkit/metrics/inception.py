"""The usual FID, with Inception's features, for those who have its weights. labkit never downloads them by itself."""

import hashlib
import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.metrics.frechet import frechet_distance
from labkit.metrics.network import as_uint8

FILE = "weights-inception-2015-12-05-6726825d.pth"
SHA256_START = "6726825d"
SOURCE = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}"
CHUNK = 50


def find_weights() -> Path:
    """The file with Inception's weights, in the folder that ``LABKIT_CACHE`` names or in ``~/.cache/labkit``.

    Raises:
        UserError: it is not there (the message says where to get it and where to put it), or it is damaged.
    """
    folder = Path(os.environ.get("LABKIT_CACHE") or Path.home() / ".cache" / "labkit")
    file = folder / FILE
    if not file.is_file():
        raise UserError(
            f"FID needs Inception's weights, which labkit does not ship: download {SOURCE} (91 MB) and put it at "
            f"{file}, and install torch-fidelity (pip install torch-fidelity). FD-digits needs neither."
        )
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    if not digest.hexdigest().startswith(SHA256_START):
        raise UserError(
            f"{file} is damaged (its sha256 should start with {SHA256_START}): delete it and download {SOURCE} again."
        )
    return file


def inception_features(images: Tensor | np.ndarray, device: str = "cpu") -> Tensor:
    """Inception's pooled features of images, as the TensorFlow original gives them.

    Args:
        images: uint8 (N, H, W, C) or floats (N, C, H, W) in [-1, 1]; grey images count as RGB with three equal
            channels.
        device: where the network runs.

    Returns:
        float32 (N, 2048) on the CPU.

    Raises:
        UserError: the weights or torch-fidelity are missing, or the images are of a wrong form.
    """
    file = find_weights()
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError as error:
        raise UserError("FID needs torch-fidelity: pip install torch-fidelity. FD-digits does not.") from error
    # torch-fidelity unpickles without restriction; reading the file with restriction first shows that it holds
    # numbers only.
    torch.load(file, weights_only=True, map_location="cpu")
    network = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(file)).to(device)
    pixels = as_uint8(images)
    pixels = pixels.expand(-1, 3, -1, -1) if pixels.shape[1] == 1 else pixels
    with torch.no_grad():
        return torch.cat([network(chunk.to(device))[0].cpu() for chunk in pixels.split(CHUNK)])


def frechet_inception_distance(images: Tensor | np.ndarray, real: Tensor | np.ndarray, device: str = "cpu") -> float:
    """FID of images against real ones; compare only figures of the same N, of at least 20,000 images.

    Args:
        images: as in :func:`inception_features`.
        real: likewise.
        device: where Inception runs.

    Raises:
        UserError: as in :func:`inception_features`.
    """
    return frechet_distance(inception_features(images, device), inception_features(real, device))
