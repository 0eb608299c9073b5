"""What holds for the checkout as a whole: its address, its environment file, its notebooks, its hooks."""

import inspect
import json
import re
import subprocess
import sys

import pytest

from conftest import pytest_collection_modifyitems
from labkit import __version__
from tests.checkout import PROJECT, ROOT, source_files

CONDA_NAMES = {"torch": "pytorch"}
MADE = {".ipynb", ".safetensors", ".png", ".gif", ".mp4"}


def floors(requirements: list[str]) -> dict[str, str]:
    found = {}
    for requirement in requirements:
        match = re.fullmatch(r"([\w.-]+)\s*>=\s*([\w.]+)", requirement.partition(";")[0].strip())
        assert match, f"{requirement} is not a floor"
        found[CONDA_NAMES.get(match[1], match[1])] = match[2]
    return found


def test_the_address_stands_in_one_source_file():
    address = PROJECT["urls"]["Repository"]
    owner_and_name = re.fullmatch(r"https://github\.com/([\w-]+/[\w-]+)", address)[1]
    found = [
        str(path)
        for path in source_files()
        if path.suffix not in MADE and owner_and_name in (ROOT / path).read_text(encoding="utf-8", errors="replace")
    ]
    assert found == ["pyproject.toml"]


def test_conda_gets_the_same_floors():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    listed = [line.strip()[2:] for line in lines if re.match(r"\s*- [\w.-]+\s*>=", line)]
    wanted = floors(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"])
    wanted["python"] = PROJECT["requires-python"].removeprefix(">=")
    assert floors(listed) == wanted


def test_dependencies_are_floors():
    for requirements in PROJECT["optional-dependencies"].values():
        floors([requirement for requirement in requirements if not requirement.startswith("labkit[")])


def test_one_version():
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def notebooks() -> list:
    paths = sorted(path for folder in ("notebooks", "solutions") for path in (ROOT / folder).glob("*.ipynb"))
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in paths]


@pytest.mark.parametrize("path", notebooks())
def test_notebooks_hold_no_outputs_and_name_their_kernel(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not [cell for cell in cells if cell["outputs"] or cell["execution_count"] is not None]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_no_file_has_outgrown_its_room():
    long = [
        f"{path}: {lines} lines"
        for path in source_files()
        if path.suffix == ".py" and path.parts[0] == "labkit"
        for lines in [len((ROOT / path).read_text(encoding="utf-8").splitlines())]
        if lines > 370
    ]
    assert not long


LIGHT = """
import sys, time
start = time.perf_counter()
import labkit
print(time.perf_counter() - start, "torch" in sys.modules, "numpy" in sys.modules)
"""


def test_importing_labkit_is_light():
    told = subprocess.run([sys.executable, "-c", LIGHT], check=True, capture_output=True, text=True).stdout.split()
    assert float(told[0]) < 2.0
    assert told[1:] == ["False", "False"]


def test_rooms_open_when_they_are_used():
    import labkit

    assert labkit.errors.UserError is not None
    assert "training" in dir(labkit)
    with pytest.raises(AttributeError, match="trainig"):
        labkit.trainig  # noqa: B018


def test_notebook_cells_get_time_for_their_last_message():
    plugin = pytest.importorskip("nbval.plugin")
    cell = plugin.IPyNbCell.__new__(plugin.IPyNbCell)
    pytest_collection_modifyitems([cell])
    assert cell.output_timeout >= 60
    assert "self.output_timeout" in inspect.getsource(plugin), "nbval has renamed what conftest.py sets"
