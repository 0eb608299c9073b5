"""Freed memory is kept: a step's large blocks cost no new pages."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.training.memory import keep_freed_memory

BLOCK = 48 << 20
"""Bytes: more than the 32 MiB up to which glibc learns by itself to keep a block."""
TIMES = 10 * 3
FAULTS = """
import resource, torch
from labkit.training.precision import prepare_backends
{before}
def faults():
    start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        blocks = [torch.zeros({block} // 4) for _ in range(3)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start
faults()
print(faults())
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")


def page_faults(before: str) -> int:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    told = subprocess.run(
        [sys.executable, "-c", FAULTS.format(before=before, block=BLOCK)],
        env={**own, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(told.stdout)


def page() -> int:
    """Bytes that a fault brings."""
    huge = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return 2 << 20 if huge.exists() and "[always]" in huge.read_text() else os.sysconf("SC_PAGE_SIZE")


@glibc
def test_preparing_for_training_on_a_cpu_keeps_freed_memory():
    prepare = "prepare_backends(torch.device('cpu'))"
    assert page_faults(prepare) < 100
    assert page_faults("") > 0.9 * TIMES * BLOCK / page()


@glibc
def test_a_user_s_own_settings_of_the_allocator_stay(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "131072")
    assert not keep_freed_memory()


def test_another_library_without_mallopt_is_no_error(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert not keep_freed_memory()
