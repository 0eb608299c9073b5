"""The real nbgrader takes the built notebooks as they are: full points for the solved one, none for the stubs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.course import build

pytest.importorskip("nbgrader", reason="nbgrader is an instructor's extra: pip install 'labkit[instructor]'")
pytest.importorskip("jupytext")

REPOSITORY = Path(__file__).parents[2]
LAB01 = REPOSITORY / "solutions/01_gan_basics.ipynb"
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "labkit"
c.ExecutePreprocessor.timeout = 600
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\\nraise NotImplementedError()"}
"""


def _nbgrader(course, *arguments, timeout):
    environment = {**os.environ, "LABKIT_SCALE": "smoke", "OMP_NUM_THREADS": "1", "JUPYTER_PLATFORM_DIRS": "1"}
    # nbgrader looks for `alembic` in PATH.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    environment |= {"IPYTHONDIR": str(course / ".ipython"), "JUPYTER_DATA_DIR": str(course / ".jupyter")}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course, env=environment, capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _points(course, solved, stubs, timeout):
    """Generate the assignment from the solved notebook, grade both; student → (points, of)."""
    (course / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    (course / "source/lab").mkdir(parents=True)
    shutil.copy(solved, course / "source/lab/lab.ipynb")
    _nbgrader(course, "generate_assignment", "lab", "--force", timeout=timeout)
    for student, path in {"solver": solved, "sleeper": stubs}.items():
        folder = course / "submitted" / student / "lab"
        folder.mkdir(parents=True)
        shutil.copy(path, folder / "lab.ipynb")
    _nbgrader(course, "autograde", "lab", timeout=timeout)
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return {
            student: (submission.score, submission.max_score)
            for student in ("solver", "sleeper")
            for submission in [gradebook.find_submission("lab", student)]
        }


def test_nbgrader_accepts_a_small_lab(root):
    build.main(root=root)
    points = _points(root, root / "solutions/01_tiny.ipynb", root / "notebooks/01_tiny.ipynb", 200)
    assert points == {"solver": (4, 4), "sleeper": (0, 4)}
    import nbformat

    released = nbformat.read(root / "release/lab/lab.ipynb", as_version=4)
    ours = nbformat.read(root / "notebooks/01_tiny.ipynb", as_version=4)
    # All but the badges, which open either version.
    assert [cell.source for cell in released.cells][2:] == [cell.source for cell in ours.cells][2:]


@pytest.mark.skipif(not LAB01.exists(), reason="solutions/01_gan_basics.ipynb is not built yet")
def test_nbgrader_accepts_lab_01(tmp_path):
    points = _points(tmp_path, LAB01, REPOSITORY / "notebooks" / LAB01.name, 900)
    assert points["solver"][0] == points["solver"][1] > 0 and points["sleeper"] == (0, points["solver"][1])
