"""Lab 03, StyleGAN: six exercises, each with its reference answer and the judge of a student's."""

from labkit.course.lab03.adain import ADAIN
from labkit.course.lab03.mapping import MAPPING_NETWORK
from labkit.course.lab03.modulated import MODULATED_CONV
from labkit.course.lab03.noise import ADD_NOISE
from labkit.course.lab03.r1 import LAZY_R1
from labkit.course.lab03.truncation import TRUNCATE

EXERCISES = (MAPPING_NETWORK, ADAIN, MODULATED_CONV, ADD_NOISE, LAZY_R1, TRUNCATE)
