"""Puts the notebooks and the dataset cards, which live beside the package, inside the wheel.

An editable install reads the originals; everything else about the package is in pyproject.toml.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
CARRIED = {"notebooks/*.ipynb": "_notebooks", "datasets/*.toml": "_datasets"}


class BuildWithNotebooks(build_py):
    """The usual build, and the carried files."""

    def run(self) -> None:
        """Build, then copy each carried pattern to its folder in the package."""
        super().run()
        if self.editable_mode:
            return
        for pattern, folder in CARRIED.items():
            target = Path(self.build_lib, "labkit", folder)
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for path in sorted(ROOT.glob(pattern)):
                shutil.copyfile(path, target / path.name)


setup(cmdclass={"build_py": BuildWithNotebooks})
