"""Every check of Lab 05 passes right answers that differ, and names each wrong answer's own mistake."""

import pytest

from labkit.course.exercise import LABS
from tests.course import lab05_losses as losses
from tests.course import lab05_pool_mistakes as slips
from tests.course import lab05_pools as pools
from tests.course.judged import different, is_named, is_whole, passes

NAMES = list(LABS["05"].exercises)
ANSWERS = (
    (losses.LEAST_RIGHT, losses.LEAST_WRONG, losses.LEAST_ALSO_WRONG),
    (losses.CYCLE_RIGHT, losses.CYCLE_WRONG, losses.CYCLE_ALSO_WRONG),
    (losses.IDENTITY_RIGHT, losses.IDENTITY_WRONG, losses.IDENTITY_ALSO_WRONG),
    (pools.IMAGE_POOL_RIGHT, slips.IMAGE_POOL_WRONG, slips.IMAGE_POOL_ALSO_WRONG),
)
RIGHT = {name: right for name, (right, _, _) in zip(NAMES, ANSWERS)}
WRONG = {name: wrong for name, (_, wrong, _) in zip(NAMES, ANSWERS)}
RIGHT_CASES = [pytest.param(n, f, id=f"{n}: {k}") for n in NAMES for k, f in RIGHT[n].items()]
WRONG_CASES = [pytest.param(n, k, f, id=f"{n}: {k}") for n in NAMES for k, f in WRONG[n].items()]
WRONG_CASES += [(name, mistake, f) for name, (_, _, also) in zip(NAMES, ANSWERS) for mistake, f in also]


@pytest.mark.parametrize(("name", "function"), RIGHT_CASES)
def test_right_answers_that_differ_pass(name, function):
    passes(name, function)


@pytest.mark.parametrize(("name", "mistake", "function"), WRONG_CASES)
def test_a_wrong_answer_gets_its_own_hint(name, mistake, function):
    is_named(name, mistake, function, seconds=0.5)


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_have_messages_and_hints_of_their_own(name):
    assert len(RIGHT[name]) >= 5 and len(WRONG[name]) >= 15
    assert different(name, WRONG[name]) == len(WRONG[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_references_behave_and_stubs_are_not_wrong(name):
    is_whole(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_right_answer_is_never_failed_by_chance(name):
    passes(name, next(iter(RIGHT[name].values())), range(100, 160))
