"""Every check of Lab 03 passes right answers that differ, and names each wrong answer's own mistake."""

import time

import pytest
import torch

from labkit.course.exercise import LABS, exercise
from labkit.course.verdict import judge
from tests.course import lab03_layers as layers
from tests.course import lab03_maps as maps
from tests.course import lab03_penalties as penalties

NAMES = list(LABS["03"].exercises)
ANSWERS = (
    (layers.MAPPING_RIGHT, layers.MAPPING_WRONG, layers.MAPPING_ALSO_WRONG),
    (layers.ADAIN_RIGHT, layers.ADAIN_WRONG, layers.ADAIN_ALSO_WRONG),
    (maps.CONV_RIGHT, maps.CONV_WRONG, maps.CONV_ALSO_WRONG),
    (maps.NOISE_RIGHT, maps.NOISE_WRONG, maps.NOISE_ALSO_WRONG),
    (penalties.R1_RIGHT, penalties.R1_WRONG, penalties.R1_ALSO_WRONG),
    (penalties.TRUNCATE_RIGHT, penalties.TRUNCATE_WRONG, penalties.TRUNCATE_ALSO_WRONG),
)
RIGHT = {name: right for name, (right, _, _) in zip(NAMES, ANSWERS)}
WRONG = {name: wrong for name, (_, wrong, _) in zip(NAMES, ANSWERS)}
RIGHT_CASES = [pytest.param(n, f, id=f"{n}: {k}") for n in NAMES for k, f in RIGHT[n].items()]
WRONG_CASES = [pytest.param(n, k, f, id=f"{n}: {k}") for n in NAMES for k, f in WRONG[n].items()]
WRONG_CASES += [(name, mistake, f) for name, (_, _, also) in zip(NAMES, ANSWERS) for mistake, f in also]


@pytest.mark.parametrize(("name", "function"), RIGHT_CASES)
def test_right_answers_that_differ_pass(name, function):
    for seed in range(5):
        torch.manual_seed(seed)
        verdict = judge(exercise(name), function)
        assert verdict.kind == "right", verdict


@pytest.mark.parametrize(("name", "mistake", "function"), WRONG_CASES)
def test_a_wrong_answer_gets_its_own_hint(name, mistake, function):
    judge(exercise(name), function)  # Torch imports parts of itself at their first use.
    for seed in range(3):
        torch.manual_seed(seed)
        started = time.process_time()
        verdict = judge(exercise(name), function)
        assert time.process_time() - started < 0.5
        assert (verdict.kind, verdict.mistake) == ("wrong", mistake), verdict
        assert verdict.message and verdict.hint


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_have_messages_and_hints_of_their_own(name):
    assert len(RIGHT[name]) >= 5 and len(WRONG[name]) >= 15
    verdicts = {mistake: judge(exercise(name), function) for mistake, function in WRONG[name].items()}
    said = {(verdict.message, verdict.hint) for verdict in verdicts.values()}
    assert len(said) == len(verdicts)


@pytest.mark.parametrize("name", NAMES)
def test_the_references_behave_and_stubs_are_not_wrong(name):
    def stub(*arguments):
        raise NotImplementedError()

    task = exercise(name)
    assert judge(task, lambda *arguments: task.reference(*arguments)).kind == "right"
    assert judge(task, task.reference).kind == "reference"
    assert judge(task, stub).kind == "todo"
    assert len(task.hints) == 3 and task.points > 0 and task.minutes > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_right_answer_is_never_failed_by_chance(name):
    function = next(iter(RIGHT[name].values()))
    for seed in range(100, 160):
        torch.manual_seed(seed)
        assert judge(exercise(name), function).kind == "right", seed
