"""What every test needs: one thread, the smallest scale, and notebooks that may be slow."""

import os
import shutil
import sys
from collections.abc import Iterator

import pytest

# Two OpenMP threads on a machine with one free core run a step up to a hundred times slower than one. Set before torch
# is imported, and inherited by the kernels and processes that tests start.
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
os.environ.setdefault("LABKIT_SCALE", "smoke")


pytest.register_assert_rewrite("tests.browser", "tests.course.judged")  # so that their assertions explain themselves


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give notebook cells time for their last message: nbval's 5 s, which no option changes, fail on a busy machine."""
    for item in items:
        if type(item).__name__ == "IPyNbCell":
            item.output_timeout = 120  # type: ignore[attr-defined]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Notebooks under test start anew: they would go on with, or refuse, what another version left in their folder."""
    if not hasattr(session.config, "workerinput"):  # the main process, before any worker runs a notebook
        for folder in ("notebooks", "solutions"):
            shutil.rmtree(session.config.rootpath / folder / "runs", ignore_errors=True)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Undo what a test, or the code that it tried, did to torch's thread count."""
    yield
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
