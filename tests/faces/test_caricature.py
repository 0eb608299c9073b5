"""Caricatures: an exact warp that does not fold, of differences that an artist exaggerates."""

import numpy as np
import pytest
import torch
from torch.nn.functional import grid_sample

from labkit.faces import Face, Faces, render, sample
from labkit.faces.caricature import LEAST_AREA, Caricature, controls, exaggerate, likes, linear_rule
from labkit.faces.geometry import Geometry, Look
from labkit.faces.parameters import PARAMETERS, in_group
from labkit.faces.render import pixel_centres

PEOPLE = sample(range(64))
SHAPE = in_group("shape")
SIZE = 128


def looked_up(image, displacement):
    """The image (N, S, S, 3) where the displacement (N, S, S, 2) in pixels points, bilinear."""
    size = image.shape[1]
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    at = torch.stack([x, y], 2) + torch.from_numpy(displacement)
    grid = (at + 0.5) * (2 / size) - 1
    planes = torch.from_numpy(image).float().permute(0, 3, 1, 2)
    return grid_sample(planes, grid, align_corners=False, padding_mode="border").permute(
        0, 2, 3, 1
    ).numpy(), grid.numpy()


def steepness(image):
    """The largest change to a neighbour within two pixels, (N, S, S)."""
    grey = torch.from_numpy(image).float().mean(3)[:, None]
    high = torch.nn.functional.max_pool2d(grey, 5, 1, 2)
    return (high + torch.nn.functional.max_pool2d(-grey, 5, 1, 2))[:, 0].numpy()


@pytest.mark.parametrize("grain, off", [({"grain": 0.0}, 1.2), ({}, 2.0)], ids=["without grain", "as it comes"])
@pytest.mark.parametrize("size", [64, 128])
def test_the_geometry_is_the_picture_warped_by_the_displacement(size, grain, off):
    # Grain lies on the finished picture, as a sensor's does: the warped one has its own.
    out = render(PEOPLE.replace(**grain), size, ("image", "caricature_geometry", "displacement"))
    warped, grid = looked_up(out["image"], out["displacement"])
    error = np.abs(out["caricature_geometry"].astype(float) - warped).max(axis=3)
    calm = (steepness(out["caricature_geometry"]) < 24) & (np.abs(grid) < 1).all(axis=3)
    assert calm.mean() > 0.35
    print(f"off by {error[calm].mean():.2f} grey levels, {calm.mean():.0%} of the pixels calm")
    assert error[calm].mean() < off
    assert error.mean() < 5.0


def test_classes_are_warped_alike():
    out = render(PEOPLE, SIZE, ("labels", "caricature_labels", "displacement"))
    y, x = np.mgrid[:SIZE, :SIZE]
    fx, fy = (np.clip(np.rint(g + out["displacement"][..., k]), 0, SIZE - 1).astype(int) for k, g in ((0, x), (1, y)))
    moved = np.stack([labels[b, a] for labels, a, b in zip(out["labels"], fx, fy)])
    assert (moved == out["caricature_labels"]).mean() > 0.96


def test_landmarks_land_where_the_displacement_says():
    out = render(PEOPLE, SIZE, ("landmarks", "caricature_landmarks", "landmark_displacement"))
    assert np.allclose(out["caricature_landmarks"] - out["landmarks"], out["landmark_displacement"], atol=1e-4)
    with torch.inference_mode():
        warp = Caricature(PEOPLE, exaggerate(PEOPLE))
        back = warp.spline.to(torch.float64)(warp.landmarks)
    there = (back.numpy() + 1) * SIZE / 2 - 0.5
    assert np.abs(there - out["landmarks"]).max() < 0.01


def test_it_never_folds():
    people = sample(range(1000, 1256))
    with torch.inference_mode():
        warp = Caricature(people, exaggerate(people))
        x, y = pixel_centres(len(people), SIZE, torch.device("cpu"))
        slopes = warp.spline.jacobian(torch.stack([x, y], 3).flatten(1, 2))
        area = slopes[..., 0, 0] * slopes[..., 1, 1] - slopes[..., 0, 1] * slopes[..., 1, 0]
        u, v = (t.double() for t in warp.grid(x, y))
    assert float(area.min()) > LEAST_AREA
    assert float(warp.strength.mean()) > 0.75, "few must be held back for that"
    # Nor do neighbouring pixels change places.
    (ax, ay), (bx, by) = (
        (t[:, :-1, 1:] - t[:, :-1, :-1] for t in (u, v)),
        (t[:, 1:, :-1] - t[:, :-1, :-1] for t in (u, v)),
    )
    assert float((ax * by - ay * bx).min()) > 0
    assert float(torch.hypot(u - x, v - y).max()) * SIZE / 2 < warp.slack(SIZE) - 1


def test_a_warp_that_would_fold_is_shrunk():
    face = Faces.of(Face())
    crossed = face.replace(eye_distance=-0.19)  # the eyes would change places
    with torch.inference_mode():
        warp = Caricature(face, crossed)
        slopes = warp.spline.jacobian(torch.stack(pixel_centres(1, 64, torch.device("cpu")), 3).flatten(1, 2))
    assert float(warp.strength) < 0.9
    assert float((slopes[..., 0, 0] * slopes[..., 1, 1] - slopes[..., 0, 1] * slopes[..., 1, 0]).min()) > LEAST_AREA


def test_the_border_stays():
    d = render(PEOPLE, SIZE, ("displacement",))["displacement"]
    edge = np.concatenate([d[:, 0], d[:, -1], d[:, :, 0], d[:, :, -1]], axis=1)
    assert np.abs(edge).mean() < 0.5 and np.percentile(np.abs(edge), 99) < 3


def test_no_strength_is_no_change():
    values = exaggerate(PEOPLE, strength=0.0).values
    # Saturation moves the most unusual a little; the rest stays where it was.
    spans = np.array([(p.high - p.low) / 2 for p in PARAMETERS])[SHAPE]
    assert (np.abs(values[:, SHAPE] - PEOPLE.values[:, SHAPE]) / spans).mean() < 0.05
    with torch.inference_mode():
        warp = Caricature(PEOPLE, PEOPLE)
        x, y = pixel_centres(len(PEOPLE), 64, torch.device("cpu"))
        gx, gy = warp.grid(x, y)
    assert max(float((gx - x).abs().max()), float((gy - y).abs().max())) * 32 < 1e-3


def test_what_is_unusual_grows():
    z = (PEOPLE.values - [p.default for p in PARAMETERS])[:, SHAPE]
    more = (exaggerate(PEOPLE).values - PEOPLE.values)[:, SHAPE]
    grew = np.sign(z) == np.sign(more)
    span = np.array([p.high - p.low for p in PARAMETERS])[SHAPE]
    plain, odd = np.abs(z) / span < 0.05, np.abs(z) / span > 0.25
    assert grew[odd].mean() > 0.85 and grew[odd].mean() > grew[plain].mean()
    assert np.array_equal(
        np.delete(
            exaggerate(PEOPLE).values, SHAPE + [i for i, p in enumerate(PARAMETERS) if p.group == "hair"], axis=1
        ),
        np.delete(PEOPLE.values, SHAPE + [i for i, p in enumerate(PARAMETERS) if p.group == "hair"], axis=1),
    )


def displacements(faces, target):
    with torch.inference_mode():
        here, there = (controls(Geometry(Look(torch.from_numpy(f.values))))[0][:, :68] for f in (faces, target))
    return (there - here).flatten(1).numpy()


def test_several_a_person_and_no_linear_rule_explains_them():
    hands = [displacements(PEOPLE, exaggerate(PEOPLE.replace(artist=0, hand_seed=h))) for h in (0.1, 0.5, 0.9)]
    artists = [displacements(PEOPLE, exaggerate(PEOPLE.replace(artist=a, hand_seed=0.1))) for a in range(4)]
    assert likes().shape == (4, len(SHAPE) + 2)

    def alike(a, b):
        return np.mean([np.corrcoef(p, q)[0, 1] for p, q in zip(a, b)])

    assert 0.5 < alike(hands[0], hands[1]) < 0.97
    assert 0.3 < alike(artists[0], artists[2]) < alike(hands[0], hands[1])
    rule = displacements(PEOPLE, linear_rule(PEOPLE, 2.5))
    for drawn in artists:
        best = (rule * drawn).sum() / (rule * rule).sum()
        left = ((drawn - best * rule) ** 2).sum() / (drawn**2).sum()
        assert 0.12 < left < 0.7, "the linear rule explains some, and not nearly all"


def test_linear_rule_is_linear_in_the_middle():
    mean = Faces.of(Face())
    assert np.allclose(linear_rule(mean, 3.0).values, mean.values, atol=1e-6)
    near = mean.replace(nose_width=mean["nose_width"] + 0.003)
    assert np.isclose((linear_rule(near, 2.0)["nose_width"] - mean["nose_width"])[0], 0.006, rtol=0.05)


def test_the_same_again_and_alone():
    channels = ("caricature", "caricature_geometry", "caricature_landmarks", "displacement")
    together = render(PEOPLE[:12], 64, channels)
    again, alone = render(PEOPLE[:12], 64, channels), render(PEOPLE[5:6], 64, channels)
    for name in channels:
        assert np.array_equal(together[name], again[name]), name
        assert np.array_equal(together[name][5], alone[name][0]), name
    other = render(PEOPLE[:12].replace(hand_seed=0.123), 64, channels)
    assert (np.abs(other["displacement"] - together["displacement"]).max(axis=(1, 2, 3)) > 0.2).all()


def test_artists_paint_in_their_own_colours():
    by = [render(PEOPLE.replace(artist=a, hand_seed=0.3), 64, ("caricature", "caricature_geometry")) for a in range(4)]
    for a in range(4):
        assert np.abs(by[a]["caricature"].astype(int) - by[a]["caricature_geometry"]).mean() > 10
        for b in range(a):
            assert np.abs(by[a]["caricature"].astype(int) - by[b]["caricature"]).mean() > 10
