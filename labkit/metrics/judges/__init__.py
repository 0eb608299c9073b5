"""Judges of the built-in faces: frozen nets, trained once on the truth, that score what the labs generate.

>>> from labkit.metrics.judges import judge
>>> probability = judge("attributes")(images)  # uint8 (N, H, W, 3), or floats (N, 3, H, W) in [-1, 1]
>>> classes, points = judge("parsing")(images), judge("landmarks")(images)
>>> alike = judge("identity")(images) @ judge("identity")(others).T

Later labs are scored by them and never train on them: a model that learns to please a judge makes its verdict
meaningless, so a judge refuses pictures that carry a gradient. How good each is on fresh faces stands on its card,
``judge(name).card["measured"]``, beside what guessing would give.
"""

from labkit.metrics.judges.judge import JUDGES, Judge, fd_faces, judge

__all__ = ["JUDGES", "Judge", "fd_faces", "judge"]
