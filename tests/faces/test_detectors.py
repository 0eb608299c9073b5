import numpy as np
import pytest

from labkit import faces
from labkit.errors import UserError
from labkit.faces.detectors import MISSED, detect_labels, detect_landmarks

NUMBER = {name: i for i, name in enumerate(faces.CLASSES)}


@pytest.fixture(scope="module")
def truth():
    return faces.render(faces.sample(range(120)), 64, ("labels", "landmarks"))


def test_landmarks_stray_as_far_as_is_said(truth):
    points = truth["landmarks"]
    error = detect_landmarks(points, 3, spread=2.0, gross=0.0) - points
    assert error.std() == pytest.approx(2.0, rel=0.05)
    # Half of the variance is the face's: the mean error of a face does not average out.
    assert error.mean(axis=1).std() == pytest.approx(2.0 * 0.5**0.5, rel=0.15)
    far = np.abs(detect_landmarks(points, 3, spread=2.0, gross=0.05) - points).max(axis=-1) > 9
    assert 0.02 < far.mean() < 0.06
    np.testing.assert_array_equal(detect_landmarks(points, 3), detect_landmarks(points, 3))
    assert (detect_landmarks(points, 3) != detect_landmarks(points, 4)).all(axis=(1, 2)).all()
    np.testing.assert_array_equal(detect_landmarks(points, 3, spread=0.0, gross=0.0), points)


def test_labels_err_at_edges_and_lose_whole_parts(truth):
    labels = truth["labels"]
    np.testing.assert_array_equal(detect_labels(labels, 1, wander=0.0, missed=0.0), labels)
    moved = detect_labels(labels, 1, wander=1.0, missed=0.0)
    inside = np.ones_like(labels, dtype=bool)
    for axis, step in ((1, 1), (1, -1), (2, 1), (2, -1)):
        for reach in range(1, 6):
            inside &= np.roll(labels, step * reach, axis) == labels
    wrong = moved != labels
    assert 0.02 < wrong.mean() < 0.15
    assert wrong[inside].mean() < 0.1 * wrong.mean()
    lost = detect_labels(labels, 1, wander=0.0, missed=0.3)
    had, has = ((rows == NUMBER["nose"]).any(axis=(1, 2)) for rows in (labels, lost))
    assert 0.15 < 1 - has[had].mean() < 0.45
    changed = lost != labels
    assert set(np.unique(labels[changed])) <= {NUMBER[name] for name in MISSED}
    assert set(np.unique(lost[changed])) <= {NUMBER[name] for name in MISSED.values()}


def test_impossible_errors_are_refused(truth):
    with pytest.raises(UserError):
        detect_landmarks(truth["landmarks"], 0, spread=-1.0)
    with pytest.raises(UserError):
        detect_labels(truth["labels"], 0, missed=2.0)
