"""The checkout that the tests judge."""

import os
import subprocess
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LEFT_OUT = {"work", "runs", "build", "dist", "__pycache__"}


def source_files() -> list[Path]:
    """The files that git knows or would take, relative to the checkout; without git, those that look like it."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        names = [Path(name) for name in told.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in LEFT_OUT]
            names += [Path(folder, name).relative_to(ROOT) for name in files]
    return sorted(name for name in names if (ROOT / name).is_file())
