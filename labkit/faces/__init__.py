"""The built-in faces: parametric, drawn by us, with the exact truth of every pixel. They show nobody.

>>> from labkit import faces
>>> people = faces.sample(range(8))
>>> pictures = faces.render(people, size=64, channels=("image", "labels", "landmarks"))
>>> smiling = faces.render(people.replace(smile=1.0))["image"]
"""

from labkit.faces.batch import Faces
from labkit.faces.parameters import GROUPS, NAMES, PARAMETERS, Face, describe
from labkit.faces.render import CHANNELS, VERSION, render
from labkit.faces.sampler import SAMPLERS, sample, sample_face
from labkit.faces.splits import SPLITS, people, split
from labkit.faces.truth import ATTRIBUTES, CLASSES, MAKEUP, ONE_OF
from labkit.faces.variants import VARIANTS, Variant

__all__ = [
    "ATTRIBUTES", "CHANNELS", "CLASSES", "GROUPS", "MAKEUP", "NAMES", "ONE_OF", "PARAMETERS", "SAMPLERS", "SPLITS",
    "VARIANTS", "VERSION", "Face", "Faces", "Variant", "describe", "people", "render", "sample", "sample_face", "split",
]  # fmt: skip
