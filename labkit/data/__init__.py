"""Data: one door (:func:`open`), one array cache, one batch stream.

Write ``labkit.data.open("mnist")``: a ``from labkit.data import open`` hides Python's own ``open``.
"""

from labkit.data.catalogue import FACES, available, open, open_first
from labkit.data.dataset import Dataset
from labkit.data.sheets import preview
from labkit.data.stream import Stream

__all__ = ["FACES", "Dataset", "Stream", "available", "open", "open_first", "preview"]
