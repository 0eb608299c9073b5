"""A judge as those see it who measure one."""

from typing import Any, Protocol

import numpy as np
from torch import Tensor


class Asked(Protocol):
    """What is called with pictures, uint8 (N, H, W, 3) or floats (N, 3, H, W) in [-1, 1], and answers."""

    network: Any

    def __call__(self, images: Tensor | np.ndarray) -> Tensor:
        """The answers, a row a picture."""
        ...
