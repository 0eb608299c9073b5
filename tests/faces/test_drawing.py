"""The pen: not an edge map, the same hand twice the same, and each artist in their own way."""

import numpy as np
import pytest
import torch

from labkit.faces import Face, Faces, render, sample
from labkit.faces.artists import TEAM
from labkit.faces.canvas import Canvas
from labkit.faces.geometry import Geometry, Look
from labkit.faces.ink import FARTHEST, Pen, stray
from labkit.faces.paint import paint
from labkit.faces.palettes import ARTISTS
from labkit.faces.render import pixel_centres

SIZE = 128
PEOPLE = sample(range(24))
LINER, BRUSH, SKETCHER, GRAPHIC = range(4)


def drawn(faces, size=SIZE):
    return render(faces, size, ("drawing",))["drawing"]


def ink_of(faces, change=lambda pen: None):
    """Ink (N, S, S) of a pen that stays exactly on what it sees."""
    with torch.inference_mode():
        geometry = Geometry(Look(torch.from_numpy(faces.values)))
        pen = Pen(geometry.look, SIZE)
        change(pen)
        canvas = Canvas(geometry, *pixel_centres(len(faces), SIZE, torch.device("cpu")), ("ink",), pen=pen)
        paint(canvas)
        return canvas.layers["ink"][:, 0].numpy()


def steady(pen):
    """No wobble, even pressure, no gaps, no second stroke."""
    pen.fields[:, 0], pen.fields[:, 1], pen.fields[:, 2], pen.fields[:, 3] = 0, 1, 1, 0


def test_there_is_a_rule_for_every_artist():
    assert len(TEAM) == len(ARTISTS)


def test_the_same_hand_repeats_to_the_bit_and_another_does_not():
    first = drawn(PEOPLE)
    assert first.shape == (24, SIZE, SIZE, 1) and first.dtype == np.uint8
    assert np.array_equal(first, drawn(PEOPLE))
    other = drawn(PEOPLE.replace(hand_seed=(PEOPLE["hand_seed"] + 0.37) % 1))
    changed = np.abs(first.astype(int) - other).mean(axis=(1, 2, 3))
    assert changed.min() > 3, "another hand must draw another picture"


def test_artists_draw_the_same_face_differently():
    by = [drawn(PEOPLE.replace(artist=k)).astype(int) for k in range(4)]
    for a in range(4):
        for b in range(a):
            assert np.abs(by[a] - by[b]).mean() > 8


@pytest.mark.parametrize("channel", ["drawing", "cartoon"])
def test_a_drawing_does_not_depend_on_its_batch(channel):
    together = render(PEOPLE, 64, (channel, "image"))[channel]
    for i in (0, 7, 23):
        assert np.array_equal(render(PEOPLE[i : i + 1], 64, (channel,))[channel][0], together[i])


@pytest.mark.parametrize("artist", range(4), ids=ARTISTS)
def test_a_drawing_is_not_the_map_of_its_edges(artist):
    faces = PEOPLE.replace(artist=artist)
    exact = ink_of(faces, steady)
    free = 1 - drawn(faces)[..., 0] / 255
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(exact, free)]
    low, high = ((0.15, 0.65), (0.35, 0.85), (0.1, 0.6), (0.4, 0.9))[artist]  # blacks are large, lines are thin
    assert low < np.mean(alike) < high


def test_the_hand_strays_one_to_three_pixels():
    with torch.inference_mode():
        look = Look(torch.from_numpy(sample(range(200)).values))
        x, y = (t * SIZE / 2 for t in stray(look, SIZE))
    offset = torch.hypot(x, y)
    assert 0.9 < offset.mean() < 2.2
    assert offset.max() <= FARTHEST * 2**0.5
    # Neighbours are drawn in one stroke: they stray together.
    assert (x[:, :, 1:] - x[:, :, :-1]).abs().max() < 0.45
    # At half the size, half as far.
    with torch.inference_mode():
        half = torch.hypot(*stray(look, SIZE // 2)) * SIZE / 4
    assert abs(float(half.mean() / offset.mean()) - 0.5) < 0.02


def test_drawn_lines_lie_near_what_they_show():
    ndimage = pytest.importorskip("scipy.ndimage")
    faces = PEOPLE.replace(artist=LINER)
    exact, free = ink_of(faces, steady) > 0.4, drawn(faces)[..., 0] < 110
    away = np.concatenate([ndimage.distance_transform_edt(~e)[f] for e, f in zip(exact, free)])
    assert 0.4 < away.mean() < 2.2
    assert np.percentile(away, 95) < 6


@pytest.mark.parametrize(
    ("artist", "low", "high"), [(LINER, 3, 12), (BRUSH, 5, 35), (SKETCHER, 3, 22), (GRAPHIC, 6, 38)]
)
def test_how_much_ink(artist, low, high):
    share = 100 * (1 - drawn(sample(range(48)).replace(artist=artist)) / 255).mean(axis=(1, 2, 3))
    assert low * 0.7 < share.min() and low < share.mean() < high and share.max() < 1.5 * high


def test_dark_hair_is_filled_and_light_hair_is_not():
    face = Faces.of(Face(artist=BRUSH))
    black, blond = (1 - drawn(face.replace(hair_colour=k)) / 255 for k in (0, 5))
    top = np.s_[0, 14:34, 44:84]
    assert black[top].mean() > 0.5 > 0.3 > blond[top].mean()
    gleam = black[top].mean(axis=1)
    assert gleam.min() < 0.75 * gleam.max(), "the gleam stays white"


def test_hidden_lines_are_rubbed_out():
    # The neck's sides run up behind the cheeks; they must not be seen through them.
    face = Faces.of([Face(artist=LINER, hand_seed=seed / 8) for seed in range(8)])
    x = np.arange(SIZE)[None] + np.zeros((SIZE, 1))
    y = x.T
    look = face[0]
    px, py = ((np.array((look.neck_width, 0.34)) * look.scale + (0, look.shift_y)) + 1) * SIZE / 2
    cheek = (np.abs(x - px) < 4) & (np.abs(y - py) < 4)
    assert ink_of(face, steady)[:, cheek].max() < 0.1
    seen_through = ink_of(face, lambda pen: (steady(pen), setattr(pen, "outline", no_rubbing(pen))))
    assert seen_through[:, cheek].max() > 0.6


def no_rubbing(pen):
    draw = type(pen).outline

    def outline(window, d, strength, inside, part):
        draw(pen, window, d, strength, torch.zeros_like(inside), part)

    return outline


def test_the_cartoon_lies_on_the_picture():
    faces = PEOPLE.replace(artist=LINER, grain=0.0)
    pictures = render(faces, SIZE, ("image", "cartoon", "labels"))
    assert pictures["cartoon"].shape == pictures["image"].shape
    bare = Faces.of(Face(artist=GRAPHIC))
    cartoon, labels = (render(bare, SIZE, ("cartoon", "labels"))[name][0] for name in ("cartoon", "labels"))
    border = (labels[1:, 1:] == 13) & ((labels[:-1, 1:] == 0) | (labels[1:, :-1] == 0))
    assert cartoon[1:, 1:][border].mean() < 90, "an outline runs where hair meets the background"
    for image, flat in zip(pictures["image"], pictures["cartoon"]):
        assert np.corrcoef(image.ravel(), flat.ravel())[0, 1] > 0.6
        # Flat: fewer tones.
        assert len(np.unique(flat.reshape(-1, 3) // 8, axis=0)) < len(np.unique(image.reshape(-1, 3) // 8, axis=0))


def test_the_pen_leaves_picture_and_classes_alone():
    alone = render(PEOPLE, 64, ("image", "labels"))
    together = render(PEOPLE, 64, ("image", "labels", "cartoon", "drawing", "caricature"))
    for name in alone:
        assert np.array_equal(alone[name], together[name])
