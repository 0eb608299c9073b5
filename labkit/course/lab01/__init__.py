"""Lab 01, GAN basics on MNIST: six exercises, each with its reference answer and the judge of a student's."""

from labkit.course.lab01.conditioning import CONDITION_IMAGE
from labkit.course.lab01.interpolation import SLERP
from labkit.course.lab01.losses import DISCRIMINATOR_LOSS, GENERATOR_LOSS
from labkit.course.lab01.penalty import GRADIENT_PENALTY
from labkit.course.lab01.turns import TURNS

EXERCISES = (DISCRIMINATOR_LOSS, GENERATOR_LOSS, TURNS, GRADIENT_PENALTY, CONDITION_IMAGE, SLERP)
