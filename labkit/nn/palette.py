"""A colour and a name for each class of a label map, for people: background black, the two of a pair alike."""

import numpy as np

CLASS_COLOURS = np.array(
    [
        (0, 0, 0), (240, 196, 160), (208, 140, 96), (64, 96, 224), (32, 176, 240), (112, 208, 255), (112, 64, 16),
        (160, 104, 40), (232, 112, 176), (255, 168, 208), (120, 16, 32), (224, 32, 48), (255, 96, 104), (96, 56, 136),
        (0, 144, 96), (255, 208, 0), (184, 232, 72), (176, 168, 152), (96, 112, 128),
    ],
    dtype=np.uint8,
)  # fmt: skip
"""(19, 3), in the order of CelebAMask-HQ."""

PARTS = (
    "background", "skin", "nose", "glasses", "left eye", "right eye", "left brow", "right brow", "left ear",
    "right ear", "mouth", "upper lip", "lower lip", "hair", "hat", "earring", "necklace", "neck", "clothes",
)  # fmt: skip
"""The classes in words, in the same order; left is the person's left, the image's right."""
