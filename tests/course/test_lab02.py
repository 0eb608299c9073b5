"""Every check of Lab 02 passes right answers that differ, and names each wrong answer's own mistake."""

import pytest

from labkit.course.exercise import LABS
from tests.course import lab02_networks as networks
from tests.course import lab02_vectors as vectors
from tests.course.judged import different, is_named, is_whole, passes

NAMES = list(LABS["02"].exercises)
RIGHT = dict(
    zip(
        NAMES,
        (
            networks.BLOCK_RIGHT,
            networks.INIT_RIGHT,
            vectors.HINGE_RIGHT,
            vectors.TRUNCATED_RIGHT,
            vectors.DIRECTION_RIGHT,
            vectors.ORTHOGONAL_RIGHT,
        ),
    )
)
WRONG = dict(
    zip(
        NAMES,
        (
            networks.BLOCK_WRONG,
            networks.INIT_WRONG,
            vectors.HINGE_WRONG,
            vectors.TRUNCATED_WRONG,
            vectors.DIRECTION_WRONG,
            vectors.ORTHOGONAL_WRONG,
        ),
    )
)
RIGHT_CASES = [pytest.param(n, f, id=f"{n}: {k}") for n in NAMES for k, f in RIGHT[n].items()]
WRONG_CASES = [pytest.param(n, k, f, id=f"{n}: {k}") for n in NAMES for k, f in WRONG[n].items()]
WRONG_CASES += [("02.generator_block", mistake, function) for mistake, function in networks.BLOCK_ALSO_WRONG]
WRONG_CASES += [("02.hinge_loss", mistake, function) for mistake, function in vectors.HINGE_ALSO_WRONG]
WRONG_CASES += [("02.truncated", mistake, function) for mistake, function in vectors.TRUNCATED_ALSO_WRONG]
WRONG_CASES += [("02.initialise", mistake, function) for mistake, function in networks.INIT_ALSO_WRONG]


@pytest.mark.parametrize(("name", "function"), RIGHT_CASES)
def test_right_answers_that_differ_pass(name, function):
    passes(name, function)


@pytest.mark.parametrize(("name", "mistake", "function"), WRONG_CASES)
def test_a_wrong_answer_gets_its_own_hint(name, mistake, function):
    is_named(name, mistake, function, seconds=1)


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_have_messages_and_hints_of_their_own(name):
    assert len(RIGHT[name]) >= 5 and len(WRONG[name]) >= 15
    # Both ways of taking 0 and 1 for row numbers are one mistake.
    assert different(name, WRONG[name]) == len(WRONG[name]) - ("indexed-1" in WRONG[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_references_behave_and_stubs_are_not_wrong(name):
    is_whole(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_right_answer_is_never_failed_by_chance(name):
    passes(name, next(iter(RIGHT[name].values())), range(100, 160))
