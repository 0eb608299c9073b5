"""Lab 04, pix2pix: four exercises, each with its reference answer and the judge of a student's."""

from labkit.course.lab04.discriminator import DISCRIMINATOR_LOSS
from labkit.course.lab04.generator import GENERATOR_LOSS
from labkit.course.lab04.patch import PATCH_DISCRIMINATOR
from labkit.course.lab04.unet import UNET_FORWARD

EXERCISES = (UNET_FORWARD, PATCH_DISCRIMINATOR, DISCRIMINATOR_LOSS, GENERATOR_LOSS)
