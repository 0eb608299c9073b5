# ruff: noqa: E501
"""The builder: stubs, stability, staleness, set-up cell, and sentences for malformed masters."""

import ast
import json
import subprocess
import sys

import nbformat
import pytest

from labkit.course import build
from labkit.errors import UserError
from tests.course.conftest import MASTER

pytest.importorskip("jupytext")


def _source(path):
    return "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"])


def test_builds_stubs_and_solutions_twice_the_same(root):
    assert build.main(root=root) == 0
    solved, stubs = root / "solutions/01_tiny.ipynb", root / "notebooks/01_tiny.ipynb"
    first = solved.read_bytes(), stubs.read_bytes()
    assert "return softplus(-fake_logits).mean()" in _source(solved) and "BEGIN HIDDEN TESTS" in _source(solved)
    text = _source(stubs)
    assert "    # YOUR CODE HERE\n    raise NotImplementedError()" in text
    assert (
        "softplus(-fake_logits)" not in text and "HIDDEN TESTS" not in text and "passed(" not in text.split("report")[1]
    )
    assert 'discriminator_loss = check("01.discriminator_loss", discriminator_loss)' in text
    for path in (solved, stubs):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3" and notebook.metadata.accelerator == "GPU"
        assert notebook.metadata.colab.name == "01_tiny.ipynb"
        assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
        assert "jupytext" not in str(notebook.metadata) and "lines_to_next_cell" not in path.read_text(encoding="utf-8")
    solved.unlink()
    stubs.unlink()
    build.main(root=root)
    assert (solved.read_bytes(), stubs.read_bytes()) == first and b"\r" not in first[0]


def test_cell_ids_survive_a_new_cell_above(root):
    build.main(root=root)
    path = root / "notebooks/01_tiny.ipynb"
    before = {cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}
    master = root / "solutions/01_tiny.py"
    master.write_text(MASTER.replace("# %%\nimport torch", "# %%\nimport math\n\n# %%\nimport torch"), encoding="utf-8")
    build.main(root=root)
    assert before < {cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}


def test_check_names_what_is_stale(root, capsys):
    assert build.main(check=True, root=root) == 1
    build.main(root=root)
    assert build.main(check=True, root=root) == 0
    master = root / "solutions/01_tiny.py"
    master.write_text(MASTER.replace("A tiny lab", "Another lab"), encoding="utf-8")
    (root / "notebooks/02_gone.ipynb").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    before = (root / "notebooks/01_tiny.ipynb").read_bytes()
    assert build.main(check=True, root=root) == 1
    printed = capsys.readouterr().out
    assert "notebooks/01_tiny.ipynb is stale" in printed and "notebooks/02_gone.ipynb has no master" in printed
    assert (root / "notebooks/01_tiny.ipynb").read_bytes() == before


def test_every_notebook_has_badges_and_a_set_up_cell_from_the_one_address(root):
    build.main(root=root)
    for folder in ("solutions", "notebooks"):
        cells = json.loads((root / folder / "01_tiny.ipynb").read_text(encoding="utf-8"))["cells"]
        badge, setup = ("".join(cell["source"]) for cell in cells[1:3])
        assert "somebody/some-course/blob/main/" + folder + "/01_tiny.ipynb" in badge
        assert "colab.research.google.com" in badge and "kaggle.com" in badge
        assert "git+https://github.com/somebody/some-course" in setup and cells[2]["metadata"]["tags"] == [
            "labkit-setup"
        ]
        ast.parse(setup)
        assert '"--no-deps", "git+' in setup and '"PIL": "pillow>=10"' in setup and "numpy>=" not in setup


def _run_setup(root, before):
    cells = json.loads((root / "notebooks/01_tiny.ipynb").read_text(encoding="utf-8"))["cells"]
    code = before + "\n" + "".join(cells[2]["source"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_set_up_cell_does_nothing_here_and_installs_labkit_alone_when_hosted(root):
    build.main(root=root)
    assert _run_setup(root, "").strip() == "This machine: nothing to set up."
    hosted = """
import importlib.util, os, subprocess
os.environ["KAGGLE_KERNEL_RUN_TYPE"] = "Interactive"
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name in ("labkit", "tqdm") else find(name, *a)
def run(command, **options):
    print(*command[1:])
    return subprocess.CompletedProcess(command, 0)
subprocess.run = run
"""
    lines = _run_setup(root, hosted).splitlines()
    assert lines[0] == "-m pip install --quiet --no-deps git+https://github.com/somebody/some-course"
    assert lines[1] == "-m pip install --quiet tqdm>=4.66"
    assert len(lines) == 3 and "GPU" in lines[2]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("    ### END SOLUTION\n\n\n# %% nbgrader={\"schema_version\":3,\"grade\":true", "\n\n# %% nbgrader={\"schema_version\":3,\"grade\":true", 26, "BEGIN SOLUTION without its END"),
        ("    ### BEGIN SOLUTION\n    return softplus(-real", "    return softplus(-real", 27, "END SOLUTION without its BEGIN"),
        ("### END HIDDEN TESTS\n\n# %% [markdown]", "\n# %% [markdown]", 33, "BEGIN HIDDEN TESTS without its END"),
        ('"solution":true,"task":false,"grade_id":"01-d', '"solution":false,"task":false,"grade_id":"01-d', 26, "lacks"),
        ("import torch\n", "import torch  ### BEGIN SOLUTION\n", 12, "stands alone"),
    ],
)  # fmt: skip
def test_a_malformed_master_is_one_sentence_with_file_and_line(root, old, new, line, words):
    assert old in MASTER
    (root / "solutions/01_tiny.py").write_text(MASTER.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError) as error:
        build.main(root=root)
    assert f"01_tiny.py:{line}: " in str(error.value) and words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("# # A tiny lab", "# # A tiny lab\n# ## Another heading", "2 headings"),
        ("# # A tiny lab", "# " + "word " * 121, "121 words"),
        ("# # A tiny lab", "# ![](a.png)", "text alternative"),
        ("# # A tiny lab", "# <img src='a.png'>", "alt text"),
        ("# ●○○ · 5 minutes · 2 points. D", "# D", "●○○ to ●●●"),
        ("# ●○○ · 5 minutes · 2 points. D", "# ●●○ · 5 minutes. D", "says otherwise"),
        ('"points":2', '"points":3', "is worth 2 points"),
        ("01-generator_loss-test", "01-discriminator_loss-test", "is taken by"),
        ("01-generator_loss", "01.generator_loss", "refuses a dot"),
        (
            '### BEGIN HIDDEN TESTS\nassert passed("01.generator_loss")\n### END HIDDEN TESTS',
            "",
            "without hidden tests",
        ),
    ],
)
def test_lint_says_what_a_master_has_against_the_rules(root, capsys, old, new, words):
    assert old in MASTER
    (root / "solutions/01_tiny.py").write_text(MASTER.replace(old, new), encoding="utf-8")
    build.main(root=root)
    capsys.readouterr()
    assert build.main(check=True, root=root) == 1
    printed = capsys.readouterr().out
    assert words in printed and "solutions/01_tiny.py:" in printed
