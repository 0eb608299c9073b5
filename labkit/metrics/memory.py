"""Has a generator learned its training images by heart? Distances to the nearest, beside those of new images."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labkit.metrics.judges import judge
from labkit.threads import single_thread

Images = Tensor | np.ndarray


@dataclass(frozen=True)
class Nearest:
    """How near images lie to the nearest training image, in the features of FD-faces.

    Attributes:
        samples: mean distance of a generator's images.
        held_out: mean distance of real images that training never saw: what a generator that copies nothing gets.
        copies: share of the samples that lie nearer to a training image than 99 % of the held-out images do; about
            0.01 where nothing is copied, 1 where everything is.
    """

    samples: float
    held_out: float
    copies: float


def nearest_training(samples: Images, held_out: Images, training: Images) -> Nearest:
    """The overfitting test of Lab 02.

    A mean of the samples well below the held-out one, or many `copies`, speaks for memory. It looks at one space of
    features and at these samples alone: it can show copies, and can't prove that there are none.

    Args:
        samples: faces as a :class:`labkit.metrics.judges.Judge` takes them.
        held_out: real faces that training never saw.
        training: all faces that it saw.

    Raises:
        UserError: images of a wrong form, or grey.
    """
    look = judge("features")
    seen = look(training)
    with single_thread():
        near, held = (
            torch.cat([torch.cdist(part, seen).min(1).values for part in look(images).split(500)])
            for images in (samples, held_out)
        )
    copies = float((near < held.quantile(0.01)).float().mean())
    return Nearest(float(near.mean()), float(held.mean()), copies)
