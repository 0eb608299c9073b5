"""Every check passes right answers that differ, and names each wrong answer's own mistake."""

import time

import pytest

from labkit.course.exercise import LABS, exercise
from labkit.course.verdict import judge
from tests.course.judged import is_named, is_whole, passes
from tests.course.lab01_answers import D_ALSO_WRONG, RIGHT, WRONG, d_infinite, d_stub

NAMES = list(LABS["01"].exercises)
RIGHT_CASES = [pytest.param(n, f, id=f"{n}: {k}") for n in NAMES for k, f in RIGHT[n].items()]
WRONG_CASES = [pytest.param(n, k, f, id=f"{n}: {k}") for n in NAMES for k, f in WRONG[n].items()]
WRONG_CASES += [("01.discriminator_loss", mistake, function) for mistake, function in D_ALSO_WRONG]


@pytest.mark.parametrize(("name", "function"), RIGHT_CASES)
def test_right_answers_that_differ_pass(name, function):
    passes(name, function)


@pytest.mark.parametrize(("name", "mistake", "function"), WRONG_CASES)
def test_a_wrong_answer_gets_its_own_hint(name, mistake, function):
    is_named(name, mistake, function, seconds=1, without_hint=("raised",))


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_have_messages_and_hints_of_their_own(name):
    assert len(RIGHT[name]) >= 3 and len(WRONG[name]) >= 8
    verdicts = [judge(exercise(name), function) for function in WRONG[name].values()]
    assert len({v.message for v in verdicts}) == len(verdicts)
    assert len({v.hint for v in verdicts}) == len(verdicts), sorted(v.hint for v in verdicts)


def test_an_endless_loop_is_stopped():
    started = time.monotonic()
    verdict = judge(exercise("01.discriminator_loss"), d_infinite, seconds=0.3)
    assert verdict.kind == "wrong" and verdict.mistake == "too-slow"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("name", NAMES)
def test_the_references_behave_and_stubs_are_not_wrong(name):
    is_whole(name)
    assert judge(exercise(name), lambda *args: d_stub(0, 0)).kind == "todo"
