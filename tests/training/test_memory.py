"""Freed memory is kept: a step's large blocks cost no new pages."""

import os
import platform
import subprocess
import sys

import pytest

from labkit.training.memory import keep_freed_memory

FAULTS = """
import resource, torch
from labkit.training.precision import prepare_backends
{before}
def faults():
    start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        blocks = [torch.zeros(6 << 20) for _ in range(3)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start
faults()
print(faults())
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")


def page_faults(before: str) -> int:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    told = subprocess.run(
        [sys.executable, "-c", FAULTS.format(before=before)],
        env={**own, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(told.stdout)


@glibc
def test_preparing_for_training_on_a_cpu_keeps_freed_memory():
    prepare = "prepare_backends(torch.device('cpu'))"
    assert page_faults(prepare) < 100
    assert page_faults("") > 10_000  # 24 MB are 6,144 pages, a few times ten


@glibc
def test_a_user_s_own_settings_of_the_allocator_stay(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "131072")
    assert not keep_freed_memory()


def test_another_library_without_mallopt_is_no_error(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert not keep_freed_memory()
