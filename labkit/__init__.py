"""labkit: the course that people learn GANs from, and the small package behind it.

``import labkit`` is light: torch and everything that needs it is imported when a sub-package is first used.
"""

import importlib
from types import ModuleType

__version__ = "0.1.0"

_ROOMS = ("bench", "course", "data", "errors", "metrics", "models", "nn", "recipes", "training", "widgets")


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS])
