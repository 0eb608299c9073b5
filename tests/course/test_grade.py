# ruff: noqa: E501
"""The grader: points from the student's own functions; crashes, loops, hogs and forgeries cost their exercise alone."""

import json
import time

import pytest
import torch

from labkit.course import grade
from labkit.course.grade import main

D_RIGHT = "def discriminator_loss(r, f):\n    return softplus(-r).mean() + softplus(f).mean()\n"
G_RIGHT = "def generator_loss(f):\n    return softplus(-f).mean()\n"
IMPORTS = "import torch\nfrom torch import nn\nfrom torch.nn.functional import softplus\n"


def notebook(tmp_path, *cells, name="one.ipynb"):
    """A submission; a cell is its source, or (source, grade_id)."""
    made = []
    for cell in cells:
        source, grade_id = cell if isinstance(cell, tuple) else (cell, None)
        nbgrader = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
        made.append({"cell_type": "code", "metadata": nbgrader, "source": source.splitlines(True), "outputs": []})
    path = tmp_path / name
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def graded(path):
    """Exercise → (points, outcome, message)."""
    result = grade.grade(path)
    assert result["points"] == sum(one["points"] for one in result["exercises"])
    return {one["exercise"][3:]: (one["points"], one["outcome"], one["message"]) for one in result["exercises"]}


def test_right_wrong_stub_and_missing(tmp_path):
    torch.ones(3, requires_grad=True).sum().backward()  # Autograd has run before the grader forks.
    path = notebook(
        tmp_path,
        "%matplotlib inline\n!pip install labkit\n" + IMPORTS + "bce = nn.BCEWithLogitsLoss()\nraise SystemExit",
        ("def discriminator_loss(r, f):\n    return bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))\n", "01-discriminator_loss"),
        ('discriminator_loss = check("01.discriminator_loss", discriminator_loss)', "01-discriminator_loss-test"),
        ("def generator_loss(f):\n    return -softplus(f).mean()\n", "01-generator_loss"),
        ("def slerp(a, b, t):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n", "01-slerp"),
        ("def condition_image(image, label, classes)\n    return image", "01-condition_image"),
    )  # fmt: skip
    got = graded(path)
    assert got["discriminator_loss"] == (2, "right", "")
    assert got["generator_loss"][:2] == (0, "wrong") and "[saturating]" in got["generator_loss"][2]
    assert got["slerp"][:2] == (0, "not done") and got["turns"][:2] == (0, "missing")
    assert got["condition_image"][:2] == (0, "missing") and "does not parse" in got["condition_image"][2]


def test_metadata_lost_and_helpers_defined_elsewhere(tmp_path):
    path = notebook(
        tmp_path,
        "import no_such_package\nfrom google.colab import drive\n" + IMPORTS,
        "LAMBDA: float = 10.0\nhalf = 0.5\ndef _plus(x):\n    return softplus(x).mean() * (half + half)\n",
        "x = _plus(torch.randn(3))\nprint(x)\ntraining = run_for_hours()\n",
        "%%time\ndef discriminator_loss(r, f):\n    return _plus(-r) + _plus(f)\n",
        "def generator_loss(f):\n    return 0\n",
        "def generator_loss(f):\n    return _plus(-f)\n",
    )
    got = graded(path)
    assert got["discriminator_loss"][0] == 2 and got["generator_loss"][0] == 2


def test_turns_uses_the_own_losses_or_the_references(tmp_path):
    turns = """
from labkit.models.game import Turn
def turns(game, batch, step):
    real = batch["image"]
    fake = game.generator(game.latent(len(real)))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))
"""
    got = graded(notebook(tmp_path, IMPORTS, D_RIGHT, "def generator_loss(f):\n    return softplus(f).mean()\n", turns))
    assert got["turns"][:2] == (4, "right") and got["generator_loss"][0] == 0 and got["discriminator_loss"][0] == 2


FORGERIES = {
    "exit": "import os\ndef generator_loss(f):\n    os._exit(0)\n",
    "sys.exit": "import sys\ndef generator_loss(f):\n    sys.exit(0)\n",
    "print": 'def generator_loss(f):\n    print(\'{"kind": "right", "points": 2, "token": ""}\')\n    return f.sum()\n',
    "patched check": (
        "import labkit.course.check\nimport labkit.course.verdict as v\nimport labkit.course.judging as j\n"
        "def generator_loss(f):\n    j.near = lambda *a: True\n    labkit.course.check.passed = lambda n: True\n"
        "    v.judge = lambda *a: v.Verdict('right')\n    return f.sum()\n"
    ),
    "patched through the package": (
        "import labkit\ndef generator_loss(f):\n    labkit.course.judging.near = lambda *a: True\n    return f.sum()\n"
    ),
    "patched torch": "import torch\ndef generator_loss(f):\n    torch.equal = lambda *a: True\n    return f.sum()\n",
    "patched torch to pass": (
        "import torch\nfrom torch.nn.functional import softplus\n"
        "def generator_loss(f):\n    torch.equal = lambda *a: True\n    return softplus(-f).mean()\n"
    ),
    "writes to every pipe": (
        'import os\ndef generator_loss(f):\n    text = b\'{"kind": "right", "token": "x"}\'\n'
        "    for i in range(3, 60):\n        try:\n"
        "            os.write(i, len(text).to_bytes(4, 'big') + text)\n        except OSError:\n            pass\n    os._exit(0)\n"
    ),
    "memory": "import torch\ndef generator_loss(f):\n    return torch.ones(10**10).sum() + f.sum()\n",
    "memory, slowly": "def generator_loss(f):\n    kept = []\n    while True:\n        kept.append(bytearray(10**8))\n",
    "redefined check": "def check(name, function):\n    return function\ndef passed(name):\n    return True\ndef generator_loss(f):\n    return f\n",
    "class body": "import os\nclass Helper:\n    os._exit(0)\ndef generator_loss(f):\n    return Helper\n",
    "crash": "import ctypes\ndef generator_loss(f):\n    return ctypes.string_at(0)\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forgery_earns_nothing_and_costs_nothing_else(tmp_path, kind):
    got = graded(notebook(tmp_path, IMPORTS, D_RIGHT, (FORGERIES[kind], "01-generator_loss")))
    assert got["generator_loss"][0] == 0 and got["generator_loss"][1] in ("wrong", "stopped"), got["generator_loss"]
    assert got["discriminator_loss"] == (2, "right", "")


def test_endless_code_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(grade, "WALL", 4.0)
    loop = "def generator_loss(f):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n"
    at_import = "class Helper:\n    while True: pass\ndef slerp(a, b, t):\n    return Helper\n"
    started = time.monotonic()
    got = graded(notebook(tmp_path, IMPORTS, D_RIGHT, loop, at_import))
    assert got["generator_loss"][:2] == (0, "stopped") and got["slerp"][:2] == (0, "stopped")
    assert got["discriminator_loss"][0] == 2 and time.monotonic() - started < 20


def test_unreadable_files_are_sentences_and_the_others_are_graded(tmp_path, capsys):
    good = notebook(tmp_path, IMPORTS + D_RIGHT + G_RIGHT)
    broken, listed, other = (
        tmp_path / "broken.ipynb",
        tmp_path / "list.ipynb",
        notebook(tmp_path, "x = 1", name="x.ipynb"),
    )
    broken.write_text('{"cells": [', encoding="utf-8")
    listed.write_text("[1, 2]", encoding="utf-8")
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\xff\xfe")
    paths = [broken, listed, other, binary, tmp_path / "missing.ipynb", tmp_path, good]
    assert main(paths) == 2
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 6 and all(str(path) in line for path, line in zip(paths, lines))
    assert "one.ipynb: 4 of 18 points" in captured.out
    assert main([*paths[:1], good], as_json=True) == 2
    results = json.loads(capsys.readouterr().out)
    assert "error" in results[0] and results[1]["points"] == 4 and results[1]["lab"] == "01"
    assert main([good], as_json=True) == 0
