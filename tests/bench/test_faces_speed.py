import os

import pytest

from labkit.bench.faces import faces_speed
from labkit.threads import cores


def test_figures_come_from_a_set_in_an_empty_cache_that_is_gone_afterwards(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    found = faces_speed(count=40, alone=32, size=32)
    assert os.environ["LABKIT_DATA"] == str(tmp_path) and not list(tmp_path.iterdir())
    assert found["together"] == pytest.approx(40 / found["first_s"])
    assert 0 < found["again_s"] < found["first_s"]


@pytest.mark.alone
def test_faces_are_drawn_fast():
    found = faces_speed(count=4_000)
    print(found)
    assert found["one_thread"] >= 60
    assert cores() < 2 or found["together"] >= 150, "with the start of the processes, on a machine that others use"
    assert found["again_s"] < 1
