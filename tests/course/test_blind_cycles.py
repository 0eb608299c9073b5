"""The checks of Lab 05 on answers that were written before the judges: right ones pass, others hear why."""

import pytest
import torch

from labkit.course.exercise import exercise
from labkit.course.verdict import judge
from tests.course.blind_cycles import RIGHT, WRONG
from tests.course.judged import passes

RIGHT_CASES = [pytest.param(n, f, id=f"{n}: {k}") for n in RIGHT for k, f in RIGHT[n].items()]
WRONG_CASES = [pytest.param(n, f, id=f"{n}: {k}") for n in WRONG for k, (f, _) in WRONG[n].items()]


@pytest.mark.parametrize(("name", "function"), RIGHT_CASES)
def test_right_answers_pass(name, function):
    passes(f"05.{name}", function, range(3))


@pytest.mark.parametrize(("name", "function"), WRONG_CASES)
def test_wrong_answers_are_told_what_they_do(name, function):
    torch.manual_seed(0)
    verdict = judge(exercise(f"05.{name}"), function)
    assert verdict.kind == "wrong" and len(verdict.message) > 20 and verdict.hint, verdict


@pytest.mark.parametrize("name", WRONG)
def test_no_answer_is_told_that_it_is_merely_wrong(name):
    vague = {"other-value", "not-the-mean", "odd", "raised", "shape", "altered", "not-in-the-pool", "not-finite"}
    torch.manual_seed(0)
    mistakes = {
        answer: judge(exercise(f"05.{name}"), function).mistake for answer, (function, _) in WRONG[name].items()
    }
    assert not {answer: mistake for answer, mistake in mistakes.items() if mistake in vague}
