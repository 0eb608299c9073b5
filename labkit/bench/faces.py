"""How fast the built-in faces are drawn, and how soon a set of them is ready."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labkit import faces
from labkit.data.faces import open_faces
from labkit.threads import cores

CHANNELS = ("image", "labels", "landmarks")


@contextmanager
def _elsewhere() -> Iterator[None]:
    """An empty cache, so that the first use is measured."""
    before = os.environ.get("LABKIT_DATA")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LABKIT_DATA"] = str(Path(folder))
        try:
            yield
        finally:
            os.environ.pop("LABKIT_DATA")
            if before is not None:
                os.environ["LABKIT_DATA"] = before


def faces_speed(count: int = 20_000, alone: int = 1_024, size: int = 64) -> dict[str, Any]:
    """Faces a second with image, labels and landmarks: one thread, then a whole set by one process a core.

    Args:
        count: faces of the set, drawn into an empty cache, with the start of the processes.
        alone: faces drawn by this process on one thread.
        size: in pixels.
    """
    people = faces.sample(range(alone))
    faces.render(people[:64], size, CHANNELS)
    began = time.perf_counter()
    faces.render(people, size, CHANNELS)
    one = alone / (time.perf_counter() - began)
    with _elsewhere():
        began = time.perf_counter()
        open_faces(size=size, fields=CHANNELS, count=count)
        first = time.perf_counter() - began
        began = time.perf_counter()
        open_faces(size=size, fields=CHANNELS, count=count)
        again = time.perf_counter() - began
    return {
        "size": size,
        "one_thread": one,
        "processes": min(cores(), 16),
        "together": count / first,
        "count": count,
        "first_s": first,
        "again_s": again,
    }
