"""The built wheel, installed far from the checkout beside nothing but what it asks for, as on Colab."""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.checkout import PROJECT, ROOT, source_files

packaging = pytest.importorskip("packaging.requirements")
pytest.importorskip("build")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy of the source files, so that nothing ignored or left over can slip in."""
    source, out = tmp_path_factory.mktemp("source tree"), tmp_path_factory.mktemp("wheel")
    for path in source_files():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(out.glob("*.whl"))


def needed_by(requirements: list[str]) -> dict[str, importlib.metadata.Distribution]:
    """The installed distributions that these requirements lead to, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    left = [packaging.Requirement(text) for text in requirements]
    while left:
        requirement = left.pop()
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        extras = requirement.extras or {""}
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        if name in found:
            continue
        found[name] = importlib.metadata.distribution(name)
        for text in found[name].requires or []:
            inner = packaging.Requirement(text)
            if not inner.marker or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                inner.marker = None
                left.append(inner)
    return found


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The interpreter of a new environment: the wheel, and links to the installed things that it asks for. No jupyter,
    no pytest, no scipy: an import that pyproject.toml does not declare fails here."""
    environment = tmp_path_factory.mktemp("fresh environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())
    for distribution in needed_by(PROJECT["dependencies"]).values():
        for file in distribution.files or []:
            top, link = file.parts[0], site / file.parts[0]
            if top not in ("..", "__pycache__") and not top.endswith(".pth") and not link.exists():
                link.symlink_to(Path(distribution.locate_file(top)))
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    installed = subprocess.run([*install, "--quiet", "--disable-pip-version-check"], capture_output=True, text=True)
    assert installed.returncode == 0, installed.stderr
    return python


@pytest.fixture
def run(python, tmp_path):
    """Runs the fresh environment's Python far from the checkout, with a home and a cache of its own."""

    def run(*words: str, code: int = 0) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LABKIT"))}
        own = {"HOME": str(tmp_path), "LABKIT_DATA": str(tmp_path / "data"), "PYTHONSAFEPATH": "1"}
        options = {"cwd": tmp_path, "env": kept | own, "capture_output": True, "text": True, "timeout": 300}
        done = subprocess.run([python, *words], **options)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


def test_wheel_holds_what_a_notebook_needs_and_no_more(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    held = {folder: {Path(name).name for name in names if name.startswith(folder)} for folder in
            ("labkit/_notebooks/", "labkit/_datasets/", "labkit/weights/")}  # fmt: skip
    assert held["labkit/_notebooks/"] == {path.name for path in source_files() if path.match("notebooks/*.ipynb")}
    assert held["labkit/_datasets/"] == {path.name for path in source_files() if path.match("datasets/*.toml")}
    shipped = {path.name for path in source_files() if path.match("labkit/weights/*")}
    assert held["labkit/weights/"] == shipped
    assert {Path(name).parts[0] for name in names} == {"labkit", Path(names[-1]).parts[0]}
    assert "labkit/py.typed" in names


def test_every_module_imports_with_only_what_is_declared(run, python):
    tell = """
import importlib, json, pkgutil, labkit
names = [module.name for module in pkgutil.walk_packages(labkit.__path__, "labkit.") if "__main__" not in module.name]
failed = {}
for name in names:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
print(json.dumps([labkit.__file__, labkit.__version__, len(names), failed]))
"""
    file, version, count, failed = json.loads(run("-c", tell))
    assert Path(file).is_relative_to(python.parents[1])
    assert version in importlib.metadata.version("labkit")
    assert count > 20
    assert failed == {}


def test_doctor_misses_only_jupyter(run):
    found = {finding["about"]: finding for finding in json.loads(run("-m", "labkit", "doctor", "--json", code=1))}
    assert {about for about, finding in found.items() if finding["state"] == "missing"} == {"JupyterLab", "kernel"}
    assert "_notebooks" in found["notebooks"]["found"]


def test_notebooks_can_be_copied(run, tmp_path):
    tell = "from labkit import lab; from pathlib import Path; lab.copy_notebooks(lab.shipped_notebooks(), Path('work'))"
    run("-c", tell)
    names = {path.name for path in source_files() if path.match("notebooks/*.ipynb")}
    assert {path.name for path in (tmp_path / "work").glob("*.ipynb")} == names


def test_the_script_is_installed(run, python):
    shown = subprocess.run([python.with_name("labkit"), "--version"], check=True, capture_output=True, text=True)
    assert shown.stdout.startswith("labkit ")


def test_data_cards_and_checkpoints_are_read(run):
    assert "digits" in run("-m", "labkit", "data", "list")
    tell = "from labkit import weights; print([len(weights.load(name)[0]) for name in weights.names()])"
    sizes = json.loads(run("-c", tell))
    assert sizes and all(sizes)
    tell = "from labkit.data.cards import cards; print(sorted(cards()))"
    assert "'mnist'" in run("-c", tell)


CHECKS = """
import torch.nn.functional as F
from labkit.course import check, passed
def right(fake_logits):
    return F.softplus(-fake_logits).mean()
def wrong(fake_logits):
    return F.softplus(fake_logits).mean()
first = check("01.generator_loss", right, quiet=True)
was = passed("01.generator_loss")
second = check("01.generator_loss", wrong)
print(first is right, was, second is wrong, passed("01.generator_loss"))
"""


def test_checks_judge_a_right_and_a_wrong_function(run):
    told = run("-c", CHECKS)
    assert told.splitlines()[-1] == "True True False False"
    assert len(told.splitlines()) > 1, "the wrong answer came without a word"
