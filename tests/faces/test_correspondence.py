"""The dense correspondence: landmarks of any face carry the mean face's, and places are found again on another face."""

import numpy as np
import torch

from labkit.faces import Face, Faces, render, sample
from labkit.faces.correspondence import OPEN, SHOWN, correspondence, mean_face, opened
from labkit.faces.geometry import Geometry, Look
from labkit.faces.truth import landmarks

SIZE = 128
PEOPLE = sample(range(64))


def mean_landmarks():
    return render(Face(), SIZE, ("landmarks",))["landmarks"][0]


def test_landmarks_carry_the_mean_faces():
    with torch.inference_mode():
        geometry = Geometry(Look(torch.from_numpy(PEOPLE.values)))
        here = (landmarks(opened(geometry), SIZE) + 0.5) * (2 / SIZE) - 1
        there = (landmarks(mean_face(torch.device("cpu")), SIZE) + 0.5) * (2 / SIZE) - 1
        place = correspondence(geometry).to(torch.float32)(here)
        as_drawn = correspondence(geometry).to(torch.float32)((landmarks(geometry, SIZE) + 0.5) * (2 / SIZE) - 1)
    assert float((place - there).abs().max()) < 1e-3
    # Lids that are less open than OPEN lie elsewhere than where they are matched; all else is matched as it is drawn.
    awake = np.minimum(PEOPLE["right_eye_open"], PEOPLE["left_eye_open"]) >= OPEN
    others = np.setdiff1d(np.arange(68), np.arange(36, 48))
    off = (as_drawn - there).abs().amax(2).numpy()
    assert 30 < awake.sum() < len(PEOPLE) and off[awake].max() < 1e-3 and off[:, others].max() < 1e-3


def test_it_is_there_where_the_face_is_seen():
    out = render(PEOPLE, 64, ("uv", "labels"))
    assert out["uv"].dtype == np.float32 and out["uv"].shape == (64, 64, 64, 2)
    assert np.array_equal(~np.isnan(out["uv"][..., 0]), np.isin(out["labels"], SHOWN))
    assert np.nanmin(out["uv"]) >= -1 and np.nanmax(out["uv"]) <= 1


def test_the_mean_face_maps_to_itself():
    uv = render(Face(), SIZE, ("uv",))["uv"][0]
    line = (np.arange(SIZE) + 0.5) * 2 / SIZE - 1
    seen = ~np.isnan(uv[..., 0])
    assert np.abs(uv[..., 0] - line)[seen].max() < 1e-4 and np.abs(uv[..., 1] - line[:, None])[seen].max() < 1e-4


def test_landmarks_of_one_face_are_found_on_another():
    # Turned and smiling faces without what hides a face; the mouth's inner lips are one line on the mean face.
    people = sample(range(200, 240)).replace(glasses=0, hat=0, beard=0, moustache=0, bangs=0, bald=1)
    out = render(people, SIZE, ("uv", "landmarks"))
    inner = np.arange(17, 60)
    errors = []
    for a, b in zip(range(0, 40, 2), range(1, 40, 2)):
        place = out["uv"][b].reshape(-1, 2)
        for k in inner:
            x, y = out["landmarks"][a, k]
            col, row = round(x), round(y)
            wanted = out["uv"][a, row, col]
            if np.isnan(wanted).any():
                continue
            wanted = wanted + 0.0
            found = np.nanargmin(((place - wanted) ** 2).sum(1))
            errors.append(np.hypot(found % SIZE - out["landmarks"][b, k, 0], found // SIZE - out["landmarks"][b, k, 1]))
    print(f"landmarks through uv at {SIZE} px: median {np.median(errors):.2f}, 95 % {np.percentile(errors, 95):.2f} px")
    assert np.median(errors) < 1.0 and np.percentile(errors, 95) < 3.0


def shut(people):
    return people.replace(right_eye_open=0.0, left_eye_open=0.0)


def test_it_does_not_fold_on_the_skin():
    people = PEOPLE.replace(glasses=0)
    for some in (people, shut(people)):
        out = render(some, SIZE, ("uv", "labels"))
        across, down = (np.diff(out["uv"], axis=axis) for axis in (2, 1))
        turn = across[:, :-1, :, 0] * down[:, :, :-1, 1] - across[:, :-1, :, 1] * down[:, :, :-1, 0]
        skin = (out["labels"] == 1) | (out["labels"] == 2)
        skin = skin[:, :-1, :-1] & skin[:, 1:, :-1] & skin[:, :-1, 1:]
        folded = (turn[skin] <= 0).mean()
        print(f"folded: {folded:.3%} of the skin's pixels")
        assert folded < 0.002


def test_shutting_the_eyes_moves_nothing_but_the_eyes():
    people = PEOPLE.replace(glasses=0, right_eye_open=1.0, left_eye_open=1.0)
    before, after = (render(some, SIZE, ("uv", "labels")) for some in (people, shut(people)))
    cheek = (before["labels"] == 1) & (after["labels"] == 1)
    cheek[:, : SIZE // 2] = False  # the lower half: below the eyes
    moved = np.linalg.norm(before["uv"] - after["uv"], axis=-1)[cheek] * SIZE / 2
    print(f"moved: mean {moved.mean():.2f}, 95 % {np.quantile(moved, 0.95):.2f} px")
    assert moved.mean() < 0.6 and np.quantile(moved, 0.95) < 2.5


def test_it_does_not_depend_on_the_batch():
    together = render(PEOPLE[:9], 64, ("uv",))["uv"]
    assert np.array_equal(render(PEOPLE[4:5], 64, ("uv",))["uv"][0], together[4], equal_nan=True)
    assert Faces.of(Face())  # the frame of u and v
