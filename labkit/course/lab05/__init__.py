"""Lab 05, CycleGAN: four exercises, each with its reference answer and the judge of a student's."""

from labkit.course.lab05.cycle import CYCLE_LOSS
from labkit.course.lab05.identity import IDENTITY_LOSS
from labkit.course.lab05.least_squares import LEAST_SQUARES
from labkit.course.lab05.pool import IMAGE_POOL

EXERCISES = (LEAST_SQUARES, CYCLE_LOSS, IDENTITY_LOSS, IMAGE_POOL)
