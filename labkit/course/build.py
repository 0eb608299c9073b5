"""`labkit build`: the notebooks from their masters, byte for byte the same each time, and a check that none is stale.

`solutions/NN_topic.py` → `solutions/NN_topic.ipynb` (solved) and `notebooks/NN_topic.ipynb` (with stubs), both without
outputs. Every notebook gets a badge cell and a set-up cell, made from the one repository address in pyproject.toml.
"""

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import labkit
from labkit.course.master import Cell, lint, read, student_source
from labkit.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# What Colab and Kaggle bring themselves and what must stay as it is there.
THEIRS = ("torch", "torchvision", "numpy")
MODULES = {"pillow": "PIL"}

# Folded away in JupyterLab and on Colab: nobody has to read it.
SETUP_METADATA = {"tags": ["labkit-setup"], "cellView": "form", "jupyter": {"source_hidden": True}}

SETUP = """\
# @title Set-up (installs labkit on Colab and Kaggle; does nothing elsewhere)
import importlib.util
import os
import subprocess
import sys

hosted = "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ
if hosted and importlib.util.find_spec("labkit") is None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    # --no-deps: torch and numpy stay as they are here.
    done = subprocess.run([*pip, "--no-deps", "git+{address}"])
    light = {light}
    missing = [package for module, package in light.items() if importlib.util.find_spec(module) is None]
    if missing and done.returncode == 0:
        done = subprocess.run([*pip, *missing])
    importlib.invalidate_caches()
    if done.returncode != 0:
        raise SystemExit("labkit could not be installed. On Kaggle: Settings > Turn on internet, then run this again.")
if hosted:
    import torch

    if torch.cuda.is_available():
        print(f"GPU: {{torch.cuda.get_device_name()}}. Set SCALE to 'gpu' to use it.")
    else:
        print("No GPU. On Colab: Runtime > Change runtime type > T4 GPU. On Kaggle: Settings > Accelerator.")
elif importlib.util.find_spec("labkit") is None:
    print("labkit is not installed here: run `make lab` (or `pip install -e .`) in its folder, and use that kernel.")
else:
    print("This machine: nothing to set up.")"""


def main(check: bool = False, root: Path | None = None) -> int:
    """Build all notebooks, or tell which are stale.

    Args:
        check: write nothing; lint the masters and compare.
        root: the checkout; by default the one that this package lies in.

    Returns:
        0, or 1 where `check` finds a stale notebook or a master against the rules.

    Raises:
        UserError: no checkout, a malformed master (file and line), or jupytext is missing.
    """
    root = root or checkout()
    address, requirements = project(root)
    problems: list[str] = []
    expected: dict[Path, str] = {}
    for master in sorted((root / "solutions").glob("*.py")):
        cells = read(master)
        problems += [problem.replace(f"{root}/", "", 1) for problem in lint(master, cells)]
        for folder, solved in (("solutions", True), ("notebooks", False)):
            path = root / folder / f"{master.stem}.ipynb"
            expected[path] = render(notebook(master, cells, solved, folder, address, requirements))
    stale = [path for path, text in expected.items() if not path.exists() or _read(path) != text]
    orphans = {*root.glob("solutions/*.ipynb"), *root.glob("notebooks/*.ipynb")} - set(expected)
    if check:
        problems += [f"{path.relative_to(root)} is stale: run `labkit build`" for path in stale]
        problems += [f"{path.relative_to(root)} has no master in solutions/" for path in sorted(orphans)]
        print("\n".join(problems) or f"{len(expected)} notebooks are up to date")
        return 1 if problems else 0
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(expected[path].encode())
        print(f"built {path.relative_to(root)}")
    print("\n".join([*problems, f"{len(expected)} notebooks, {len(stale)} of them new or changed"]))
    return 0


def checkout() -> Path:
    """The folder with labkit's pyproject.toml: around this package, or the working directory.

    Raises:
        UserError: neither is a checkout.
    """
    for folder in (Path(labkit.__file__).resolve().parents[1], Path.cwd()):
        if (folder / "pyproject.toml").is_file() and (folder / "solutions").is_dir():
            return folder
    raise UserError("labkit build works in a checkout of labkit (a folder with pyproject.toml and solutions/)")


def project(root: Path) -> tuple[str, dict[str, str]]:
    """The repository's address, and module → requirement for the light dependencies, from pyproject.toml.

    Raises:
        UserError: pyproject.toml has no [project.urls] Repository.
    """
    data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = data.get("urls", {}).get("Repository", "").rstrip("/").removesuffix(".git")
    if not address:
        raise UserError(f"{root / 'pyproject.toml'} has no [project.urls] Repository: badges are built from it")
    light = {}
    for requirement in data.get("dependencies", ()):
        name = re.match(r"[\w.-]+", requirement).group()  # type: ignore[union-attr]
        if name not in THEIRS and ";" not in requirement:
            light[MODULES.get(name, name.replace("-", "_"))] = requirement
    return address, light


def notebook(
    master: Path, cells: list[Cell], solved: bool, folder: str, address: str, requirements: Mapping[str, str]
) -> dict[str, Any]:
    """A notebook (nbformat 4.5) from a master's cells, with badges and set-up behind the title.

    Args:
        master: the master's path; its stem names the notebook.
        cells: as `read` gives them.
        solved: with the solutions, or with stubs.
        folder: "solutions" or "notebooks".
        address: the repository's.
        requirements: as `project` gives them.
    """
    ids: dict[str, int] = {}
    built = [_cell(cell.kind, cell.source if solved else student_source(cell, master), cell, ids) for cell in cells]
    badge = Cell("markdown", badges(address, f"{folder}/{master.stem}.ipynb"), {"tags": ["labkit-badges"]}, 0)
    light = json.dumps(dict(requirements))
    setup = Cell("code", SETUP.format(address=address, light=light), SETUP_METADATA, 0)
    first = 1 if cells and cells[0].kind == "markdown" else 0
    fixed = [
        _cell(cell.kind, cell.source, Cell(cell.kind, cell.metadata["tags"][0], cell.metadata, 0), ids)
        for cell in (badge, setup)
    ]
    return {
        "cells": [*built[:first], *fixed, *built[first:]],
        "metadata": {
            "accelerator": "GPU",
            "colab": {"name": f"{master.stem}.ipynb", "provenance": []},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def badges(address: str, path: str) -> str:
    """Links that open a notebook on Colab and Kaggle, and one to its page."""
    page = f"{address}/blob/main/{path}"
    links = [f"[Open this notebook's page]({page})"]
    if address.startswith("https://github.com/"):
        colab = page.replace("https://github.com/", "https://colab.research.google.com/github/", 1)
        kaggle = f"https://kaggle.com/kernels/welcome?src={page}"
        links = [
            f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})",
            f"[![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)]({kaggle})",
            *links,
        ]
    return " ".join(links)


def render(built: Mapping[str, Any]) -> str:
    """A notebook as text, the same text for the same notebook."""
    return json.dumps(built, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _cell(kind: str, source: str, master: Cell, ids: dict[str, int]) -> dict[str, Any]:
    """A cell whose id follows from the master's text (numbered where that repeats): it survives new cells above it."""
    grade_id = str(master.nbgrader.get("grade_id", ""))
    digest = hashlib.sha256(f"{kind}\0{grade_id}\0{'' if grade_id else master.source}".encode()).hexdigest()[:12]
    ids[digest] = ids.get(digest, 0) + 1
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": digest if ids[digest] == 1 else f"{digest}-{ids[digest]}",
        "metadata": master.metadata,
        "source": source.splitlines(keepends=True),
    }
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
