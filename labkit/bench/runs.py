"""Trainings that the figures of a lab rest on, each in its folder of `runs/results`."""

import shutil
from pathlib import Path
from typing import Any

from labkit.recipes import train_lab
from labkit.training import checkpoint


def trained(lab: str, name: str, keep: bool, **settings: Any) -> dict[str, Any]:
    """Train a lab, and say how.

    Args:
        lab: see `labkit.recipes.train_lab`, also for the settings.
        name: of the folder.
        keep: go on with a run that is there, which is nothing to do for a finished one, instead of training anew.
        settings: scale, change, images …
    """
    folder = Path("runs", "results", name)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    run = train_lab(lab, run=folder, **settings)
    threads = checkpoint.load(folder / "last.pt")["session"]["threads"]
    return {"folder": str(folder), "images": run.images, "minutes": run.seconds / 60, "threads": threads}
