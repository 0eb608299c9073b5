"""The loop and what surrounds it."""

from labkit.training.launch import launch
from labkit.training.loop import train
from labkit.training.play import Adam
from labkit.training.run import Run, load
from labkit.training.settings import Settings

__all__ = ["Adam", "Run", "Settings", "launch", "load", "train"]
