"""What an exercise is: its task in numbers, its reference answer, its hints, and a judge of behaviour."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from labkit.errors import UserError, nearest


class Wrong(Exception):
    """What a judge raises when a student's function misbehaves.

    Args:
        mistake: a short name for this mistake, unlike that of any other mistake of the exercise.
        message: what the function did, in words ("your loss goes down when D calls fakes real"). `Code` in backticks.
        hint: what to look at, for this very mistake.
    """

    def __init__(self, mistake: str, message: str, hint: str = ""):
        super().__init__(message)
        self.mistake, self.message, self.hint = mistake, message, hint


@dataclass(frozen=True)
class Exercise:
    """One thing a student writes.

    Attributes:
        name: "LAB.function", for example "01.slerp"; the part behind the dot is the function's name in the notebook.
        title: the task's title.
        points: what a right answer is worth.
        difficulty: 1, 2 or 3 (●○○ to ●●●).
        minutes: how long it takes somebody who meets the idea for the first time.
        reference: a right answer, used where the student's own does not behave yet.
        hints: a ladder of three: a question, the equation, the shape of the answer.
        judge: calls the function and raises `Wrong` for the first mistake that it can name.
    """

    name: str
    title: str
    points: int
    difficulty: int
    minutes: int
    reference: Callable
    hints: tuple[str, str, str]
    judge: Callable[[Callable], None]

    @property
    def lab(self) -> str:
        """The lab's number, "01"."""
        return self.name.split(".")[0]

    @property
    def function(self) -> str:
        """What the function is called in the notebook, "slerp"."""
        return self.name.split(".")[1]

    @property
    def dots(self) -> str:
        """The difficulty as it stands in the text, "●●○"."""
        return "●" * self.difficulty + "○" * (3 - self.difficulty)

    @property
    def grade_id(self) -> str:
        """The name that nbgrader knows the cell by. It allows letters, digits, "_" and "-", and no dot."""
        return self.name.replace(".", "-")


@dataclass(frozen=True)
class Lab:
    """A notebook with exercises: its name and the module whose `EXERCISES` it uses."""

    notebook: str
    module: str

    @property
    def exercises(self) -> dict[str, Exercise]:
        """The lab's exercises by name, in the notebook's order."""
        return {exercise.name: exercise for exercise in importlib.import_module(self.module).EXERCISES}


LABS = {
    "01": Lab("01_gan_basics", "labkit.course.lab01"),
    "02": Lab("02_dcgan_faces", "labkit.course.lab02"),
    "03": Lab("03_stylegan", "labkit.course.lab03"),
    "04": Lab("04_pix2pix", "labkit.course.lab04"),
    "05": Lab("05_cyclegan", "labkit.course.lab05"),
}


def exercise(name: str) -> Exercise:
    """The exercise of that name.

    Raises:
        UserError: there is none; names the nearest.
    """
    lab = LABS.get(str(name).split(".")[0])
    if lab is not None and name in lab.exercises:
        return lab.exercises[name]
    raise UserError(nearest(str(name), [known for lab in LABS.values() for known in lab.exercises], "exercise"))
