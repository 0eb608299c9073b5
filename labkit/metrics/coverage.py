"""Mode collapse as a number: how often the samples show each class."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.errors import UserError
from labkit.metrics.network import CHUNK, as_uint8, digits_network, network_input
from labkit.threads import single_thread

CLASSES = 10
THRESHOLD = 0.03


@dataclass(frozen=True)
class Coverage:
    """Frequencies of the classes in n samples.

    Attributes:
        frequencies: share of each class, adding up to 1.
        n: number of samples.
        threshold: share above which a class counts as shown.
        covered: how many classes are shown.
        entropy: of the frequencies, in nats; log(number of classes) when all are equally frequent, 0 when there is one.
        divergence: Kullback-Leibler divergence of the frequencies from the data's, in nats; 0 when they are the same.
    """

    frequencies: tuple[float, ...]
    n: int
    threshold: float
    covered: int
    entropy: float
    divergence: float

    def json(self) -> dict:
        """As a dictionary that ``json.dumps`` takes."""
        return {
            "frequencies": [round(share, 6) for share in self.frequencies],
            "n": self.n,
            "threshold": self.threshold,
            "covered": self.covered,
            "entropy": self.entropy,
            "divergence": self.divergence,
        }


@torch.no_grad()
def labels_of(images: Tensor | np.ndarray) -> Tensor:
    """What the frozen digits network sees in images (as in ``network.as_uint8``): int64 (N,) in 0..9.

    Raises:
        UserError: the images are of a wrong form.
    """
    network = digits_network()
    with single_thread():
        return torch.cat([network.logits(network_input(chunk)).argmax(1) for chunk in as_uint8(images).split(CHUNK)])


def class_coverage(
    images: Tensor | np.ndarray,
    classes: int = CLASSES,
    threshold: float = THRESHOLD,
    reference: tuple[float, ...] | None = None,
) -> Coverage:
    """Count the classes among samples.

    A class that is named is not a digit that is well drawn: the network names noise, too. Read it beside the distance
    and precision.

    Args:
        images: images, which the digits network names, or int64 labels (N,) in [0, classes).
        classes: how many there are.
        threshold: share of the samples above which a class counts as shown.
        reference: the classes' shares in the data, for the divergence; equal shares by default.

    Raises:
        UserError: no samples, or a label outside [0, classes).
    """
    array = torch.as_tensor(np.asarray(images)) if not isinstance(images, Tensor) else images
    labels = array.cpu() if array.ndim == 1 else labels_of(array)
    if len(labels) == 0 or labels.is_floating_point() or labels.min() < 0 or labels.max() >= classes:
        raise UserError(f"class_coverage wants images, or whole-number labels in 0..{classes - 1}, and at least one.")
    share = torch.bincount(labels.long(), minlength=classes).double() / len(labels)
    expected = (
        torch.full_like(share, 1 / classes) if reference is None else torch.tensor(reference, dtype=torch.float64)
    )
    if len(expected) != classes:
        raise UserError(f"The reference has {len(expected)} classes, the samples have {classes}.")
    # A class that the data hardly has must not make the divergence infinite.
    divergence = torch.xlogy(share, share / expected.clamp(min=1e-6)).sum().item()
    return Coverage(
        frequencies=tuple(share.tolist()),
        n=len(labels),
        threshold=threshold,
        covered=int((share > threshold).sum()),
        entropy=max(-torch.xlogy(share, share).sum().item(), 0.0),
        divergence=max(divergence, 0.0),
    )
