"""Lab 02, DCGAN and arithmetic on faces: six exercises, each with its reference answer and the judge of a student's."""

from labkit.course.lab02.block import GENERATOR_BLOCK
from labkit.course.lab02.hinge import HINGE_LOSS
from labkit.course.lab02.initial import INITIALISE
from labkit.course.lab02.means import ATTRIBUTE_DIRECTION
from labkit.course.lab02.orthogonal import ORTHOGONAL_DIRECTION
from labkit.course.lab02.truncation import TRUNCATED

EXERCISES = (GENERATOR_BLOCK, INITIALISE, HINGE_LOSS, TRUNCATED, ATTRIBUTE_DIRECTION, ORTHOGONAL_DIRECTION)
