"""The same people with glasses and without, young and old, in two lights: nothing else changes."""

import numpy as np
import pytest

from labkit import faces
from labkit.faces.variants import VARIANTS

PEOPLE = faces.sample(range(300, 316))
NAMES = faces.ATTRIBUTES


def attributes(variant):
    return faces.render(VARIANTS[variant].change(PEOPLE), 64, ["attributes"])["attributes"]


def picture(variant):
    return faces.render(VARIANTS[variant].change(PEOPLE), 64, ["image"])["image"].astype(int)


def test_every_variant_has_an_opposite_that_names_it():
    for name, variant in VARIANTS.items():
        assert variant.name == name and VARIANTS[variant.opposite].opposite == name != variant.opposite


@pytest.mark.parametrize("variant, attribute, value", [
    ("glasses", "Eyeglasses", 1), ("no_glasses", "Eyeglasses", 0), ("young", "Young", 1), ("old", "Young", 0),
])  # fmt: skip
def test_everybody_has_what_it_is_named_after(variant, attribute, value):
    assert (attributes(variant)[:, NAMES.index(attribute)] == value).all()


@pytest.mark.parametrize("one, other", [("glasses", "no_glasses"), ("young", "old"), ("summer", "winter")])
def test_they_are_the_same_people(one, other):
    """What glasses, age and light leave alone: sex, smile, hat and the shape of the hair."""
    kept = [NAMES.index(name) for name in ("Smiling", "Wearing_Hat", "Wearing_Lipstick", "No_Beard")]
    assert np.array_equal(attributes(one)[:, kept], attributes(other)[:, kept])
    apart = np.abs(picture(one) - picture(other))
    assert apart.mean() > 1 and (apart.max(axis=(1, 2, 3)) > 60).all()


def test_glasses_change_the_face_alone():
    apart = np.abs(picture("glasses") - picture("no_glasses")).max(axis=-1)
    assert not apart[:, :8].any() and not apart[:, -8:].any()


def test_winter_is_bluer_than_summer():
    summer, winter = picture("summer").mean((0, 1, 2)), picture("winter").mean((0, 1, 2))
    assert winter[2] - winter[0] > summer[2] - summer[0] + 20
