import subprocess
import sys

import numpy as np
import pytest

from labkit import data, faces
from labkit.data import faces as door
from labkit.errors import UserError

pytestmark = pytest.mark.usefixtures("cache_root")


def entries(cache_root):
    return {path.name.rsplit("-", 1)[0]: path for path in (cache_root / "arrays").iterdir() if path.is_dir()}


def test_what_is_opened_is_what_is_rendered():
    opened = data.open("faces", size=16, count=300, fields=["labels", "landmarks"])
    truth = faces.render(faces.split("train", 300), 16, ("image", "labels", "landmarks"))
    assert set(opened.fields) == set(truth)
    for field, rows in truth.items():
        np.testing.assert_array_equal(opened.fields[field], rows, err_msg=field)
    assert opened.names["attributes"] == faces.ATTRIBUTES


def test_a_field_is_drawn_once_and_others_are_added(cache_root, monkeypatch):
    data.open("faces", size=16, count=20, fields=["labels"])
    drawn = []
    monkeypatch.setattr(door, "_rendered", lambda job, real=door._rendered: (drawn.append(job["fields"]), real(job))[1])
    data.open("faces", size=16, count=20, fields=["labels"])
    assert drawn == []
    both = data.open("faces", size=16, count=20, fields=["labels", "drawing", "attributes"])
    assert drawn == [["drawing", "attributes"]]
    assert both.fields["drawing"].shape == (20, 16, 16, 1)
    assert set(entries(cache_root)) == {f"faces-train-16x16-{f}" for f in ("image", "labels", "drawing", "attributes")}


def test_another_version_is_drawn_anew(cache_root, monkeypatch):
    before = data.open("faces", size=16, count=8).fields["image"].filename
    monkeypatch.setattr(faces, "VERSION", faces.VERSION + 1)
    assert data.open("faces", size=16, count=8).fields["image"].filename != before


def test_child_processes_draw_the_same(monkeypatch):
    alone = data.open("faces", size=16, count=600)
    monkeypatch.setattr(door, "_WORKERS_PAY_FROM", 1)
    monkeypatch.setattr(door, "cores", lambda: 2)
    shared = data.open("faces", size=16, count=601)
    for field in ("image", "attributes"):
        np.testing.assert_array_equal(shared.fields[field][:600], alone.fields[field])


def test_a_child_that_dies_is_a_sentence_and_leaves_nothing(cache_root, monkeypatch):
    monkeypatch.setattr(door, "_WORKERS_PAY_FROM", 1)
    monkeypatch.setattr(door, "cores", lambda: 2)
    real = subprocess.Popen

    def broken(command, **options):
        return real([sys.executable, "-c", "raise SystemExit('no memory left')"], **options)

    monkeypatch.setattr(subprocess, "Popen", broken)
    with pytest.raises(UserError, match="no memory left"):
        data.open("faces", size=16, count=600)
    assert not [path for path in (cache_root / "arrays").iterdir() if path.is_dir()]


def test_it_opens_from_a_script_without_a_guard(tmp_path, cache_root):
    script = tmp_path / "script.py"
    script.write_text(
        "from labkit import data\nfrom labkit.data import faces\n"
        "faces._WORKERS_PAY_FROM = 1\nprint(len(data.open('faces', size=16, count=520)))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["520"], done.stderr


def test_splits_and_kinds_are_other_faces():
    sets = [data.open("faces", size=16, count=40, split=split) for split in ("train", "test", "unseen")]
    sets.append(data.open("faces-natural", size=16, count=40))
    pictures = [rows.tobytes() for one in sets for rows in one.fields["image"]]
    # Of the test seeds, those inside the box are also the first of `unseen`; training shares a face with neither.
    assert len(set(pictures)) >= 160 - 8 and not set(pictures[:40]) & set(pictures[40:])
    worn = sets[2].fields["attributes"]
    assert worn[:, faces.ATTRIBUTES.index("Eyeglasses")].all() and worn[:, faces.ATTRIBUTES.index("Wearing_Hat")].all()
    assert sets[3].name != sets[0].name and sets[3].fingerprint != sets[0].fingerprint


def test_the_natural_faces_have_a_name_of_their_own():
    opened = data.open("faces-natural", size=16, count=30, split="unseen", fields=["parameters"])
    np.testing.assert_array_equal(opened.fields["parameters"], faces.split("unseen", 30, sampler="natural").values)
    assert opened.name == "faces-natural" and opened.split == "unseen"
    assert data.open_first("faces-natural", size=16, count=30).name == "faces-natural"


def test_people_have_twenty_faces_each(cache_root):
    opened = data.open("faces", split="people", size=16, count=280, fields=["identity", "caricature", "parameters"])
    people = faces.people(14, 20)
    assert opened.fields["identity"].tolist() == [person for person in range(14) for _ in range(20)]
    np.testing.assert_array_equal(opened.fields["parameters"], people.values)
    truth = faces.render(people[250:270], 16, ("image", "caricature"))
    for field, rows in truth.items():
        np.testing.assert_array_equal(opened.fields[field][250:270], rows, err_msg=field)
    ninth = opened.where(identity=9)
    assert len(ninth) == 20 and len({picture.tobytes() for picture in ninth.fields["image"]}) == 20


def test_people_come_with_their_number_and_are_shared_by_child_processes(monkeypatch):
    monkeypatch.setattr(door, "_WORKERS_PAY_FROM", 1)
    monkeypatch.setattr(door, "cores", lambda: 2)
    monkeypatch.setitem(door.COUNTS, "people", 600)
    shared = data.open("faces", split="people", size=16)
    assert set(shared.fields) == {"image", "attributes", "identity"} and len(shared) == 600
    truth = faces.render(faces.people(30, 20)[580:], 16, ("image",))
    np.testing.assert_array_equal(shared.fields["image"][580:], truth["image"])
    assert shared.fields["identity"][-1] == 29


@pytest.mark.parametrize(
    ("name", "split", "there"),
    [
        ("faces", "people", True),
        ("faces", "unseen", True),
        ("faces", "valid", False),
        ("faces-natural", "seen", True),
        ("faces-natural", "people", False),
        ("digits", "people", False),
    ],
)
def test_which_splits_are_available(name, split, there):
    assert data.available(name, split) == there
    if not there:
        with pytest.raises(UserError, match="split"):
            data.open(name, split=split)


def test_smiling_faces_can_be_picked_out():
    opened = data.open("faces", size=16, count=60)
    smiling = opened.where(Smiling=1)
    assert 10 < len(smiling) < 50
    assert smiling.fields["attributes"][:, faces.ATTRIBUTES.index("Smiling")].all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fields": ["lables"]}, "labels"),
        ({"split": "trian"}, "train"),
        ({"channels": 1}, "colour"),
        ({"count": 0}, "at least 1"),
        ({"size": 4}, "pixels"),
        ({"split": "people", "count": 110}, "20 faces a person: count must be a multiple of it, not 110"),
    ],
)
def test_wrong_requests_are_sentences(options, says):
    with pytest.raises(UserError, match=says):
        data.open("faces", **{"size": 16, "count": 4, **options})
