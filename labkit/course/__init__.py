"""Exercises that are checked on the spot, notebooks built from their masters, and submissions graded.

In a notebook: `from labkit.course import check, hint, passed, report`.
"""

from labkit.course.check import check, hint, passed, report

__all__ = ["check", "hint", "passed", "report"]
