"""How good are the samples? Distances, manifolds, class coverage, and the one score that labs print: ``FD-digits``."""

from labkit.metrics.coverage import Coverage, class_coverage
from labkit.metrics.frechet import frechet_distance
from labkit.metrics.kernel import kernel_distance
from labkit.metrics.memory import Nearest, nearest_training
from labkit.metrics.neighbours import density_coverage, precision_recall
from labkit.metrics.network import digits_network, features
from labkit.metrics.scores import Combined, Score, combine, quick_score, score

__all__ = [
    "Combined",
    "Coverage",
    "Nearest",
    "Score",
    "class_coverage",
    "combine",
    "density_coverage",
    "digits_network",
    "features",
    "frechet_distance",
    "kernel_distance",
    "nearest_training",
    "precision_recall",
    "quick_score",
    "score",
]
