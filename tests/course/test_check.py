"""What a student sees: their own function or the reference, notices, hints in a ladder, an honest report."""

import gc
import random
import sys
import threading
import time
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from labkit.course import check, hint, passed, report
from labkit.course import notice as notices
from labkit.course.exercise import LABS, Wrong, exercise
from labkit.course.guard import Printed, limited
from labkit.errors import UserError
from tests.course.lab01_answers import RIGHT, WRONG, d_infinite, d_stub

NAME = "01.discriminator_loss"
REFERENCE = exercise(NAME).reference
SWAPPED = WRONG[NAME]["fake-sign"]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    # By sys.modules: as an attribute of the package, `check` is the function.
    monkeypatch.setattr(sys.modules["labkit.course.check"], "_records", {})


def test_a_function_that_behaves_comes_back_as_it_is(capsys):
    function = RIGHT[NAME]["cross-entropy"]
    assert check(NAME, function) is function and passed(NAME)
    assert "your function behaves" in capsys.readouterr().out


def test_one_that_does_not_is_replaced_with_notice_and_hint(capsys):
    assert check(NAME, SWAPPED) is REFERENCE and not passed(NAME)
    printed = capsys.readouterr().out
    assert "goes down when D calls fakes real" in printed and "label of a fake is 0" in printed
    assert "goes on with the reference" in printed and "Hint 1" not in printed
    assert "solutions/01_gan_basics.ipynb" in printed


def test_quiet_shows_nothing(capsys):
    check(NAME, SWAPPED, quiet=True)
    assert capsys.readouterr().out == ""


def test_a_stub_is_not_called_wrong(capsys):
    assert check(NAME, d_stub) is REFERENCE
    printed = capsys.readouterr().out
    assert "not done yet" in printed and "✗" not in printed and "●○○, 5 minutes" in printed


def test_running_the_check_cell_again_does_not_make_the_reference_the_students(capsys):
    function = check(NAME, SWAPPED)
    assert check(NAME, function) is REFERENCE and not passed(NAME)
    assert "does not count as yours" in capsys.readouterr().out


def test_repeated_checks_climb_the_ladder_and_hint_does_too(capsys):
    hints = exercise(NAME).hints
    for rung in range(4):
        capsys.readouterr()
        check(NAME, SWAPPED)
        printed = capsys.readouterr().out
        assert [text in printed for text in hints] == [i < rung for i in range(3)]
    for rung in (1, 2, 3, 3):
        hint("01.slerp")
        printed = capsys.readouterr().out
        assert [text in printed for text in exercise("01.slerp").hints] == [i < rung for i in range(3)]


def test_an_error_is_one_sentence_with_the_students_own_line(capsys):
    check(NAME, WRONG[NAME]["raised"])
    printed = capsys.readouterr().out
    assert "`return bce(real_logits, target)`" in printed and "ValueError" in printed and "Traceback" not in printed
    source = "def discriminator_loss(real, fake):\n    x = real + 1\n    return x @ nothing\n"
    namespace: dict = {}
    exec(compile(source, "<cell>", "exec"), namespace)
    check(NAME, namespace["discriminator_loss"])
    assert "line 3" in capsys.readouterr().out


@pytest.mark.parametrize("value", [3, torch.zeros(1), None, "f", torch.nn.ReLU])
def test_something_else_than_a_function(value, capsys):
    assert check(NAME, value) is REFERENCE
    assert "not a function" in capsys.readouterr().out or value is torch.nn.ReLU


def test_unknown_exercises_name_the_nearest():
    for call in (lambda: check("01.slrp", print), lambda: passed("01.slrp"), lambda: hint("01.slrp")):
        with pytest.raises(UserError, match=r"01\.slerp"):
            call()
    with pytest.raises(UserError):
        report("99")


def test_settings_are_restored_whatever_the_function_does():
    def meddling(real_logits, fake_logits):
        torch.manual_seed(1)
        random.seed(1)
        np.random.seed(1)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.set_num_threads(2)
        return softplus(-real_logits).mean()

    threads = torch.get_num_threads()
    torch.manual_seed(7)
    random.seed(7)
    np.random.seed(7)
    expected = torch.rand(1), random.random(), np.random.rand()
    torch.manual_seed(7)
    random.seed(7)
    np.random.seed(7)
    check(NAME, meddling, quiet=True)
    check("01.turns", RIGHT["01.turns"]["attached"], quiet=True)
    assert (torch.rand(1), random.random(), np.random.rand()) == expected
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled() and torch.get_num_threads() == threads


def test_right_answers_pass_under_no_grad_and_other_defaults():
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            for name in LABS["01"].exercises:
                for function in RIGHT[name].values():
                    assert check(name, function, quiet=True) is function
            assert not torch.is_grad_enabled() and torch.is_autocast_enabled("cpu")
    finally:
        torch.set_default_dtype(torch.float32)


def test_an_endless_loop_is_stopped_in_other_threads_too(monkeypatch, capsys):
    monkeypatch.setattr("labkit.course.verdict.judge.__defaults__", (0.3,))
    done = []
    thread = threading.Thread(target=lambda: done.append(check(NAME, d_infinite)))
    before = threading.active_count()
    thread.start()
    thread.join(10)
    assert done == [REFERENCE]
    time.sleep(0.2)
    assert threading.active_count() <= before
    assert "was stopped" in capsys.readouterr().out


def test_the_time_limit_does_not_leave_half_an_import_behind(tmp_path, monkeypatch):
    (tmp_path / "slow_module_for_a_test.py").write_text("import time\ntime.sleep(1)\nwhole = True\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("labkit.course.verdict.judge.__defaults__", (0.3,))

    def importing(real_logits, fake_logits):
        import slow_module_for_a_test

        assert slow_module_for_a_test.whole
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    assert check(NAME, importing) is importing


def test_what_a_function_prints_is_shown_once_and_short(capsys):
    def chatty(real_logits, fake_logits):
        print("shape", real_logits.shape)
        return softplus(-real_logits).mean() + softplus(fake_logits).mean()

    assert check(NAME, chatty) is chatty
    assert 1 <= capsys.readouterr().out.count("It printed: shape") <= 5


def test_the_report_tells_whose_answers_ran(capsys):
    report()
    assert "Nothing was checked" in capsys.readouterr().out
    check(NAME, RIGHT[NAME]["log-sigmoid"], quiet=True)
    check("01.slerp", WRONG["01.slerp"]["straight"], quiet=True)
    check("01.turns", d_stub, quiet=True)
    report()
    printed = capsys.readouterr().out
    assert "1 of 6 answers are your own: 2 of 18 points" in printed
    lines = {line.split()[1]: line for line in printed.splitlines() if "01." in line}
    assert "yours" in lines[NAME] and "2/2" in lines[NAME]
    assert "reference" in lines["01.slerp"] and "reference" in lines["01.turns"] and "0/3" in lines["01.slerp"]
    assert "not checked" in lines["01.generator_loss"]


class _Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_in_a_notebook_the_notice_is_html_with_escaped_text(monkeypatch):
    shown = []
    monkeypatch.setattr(notices, "in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))

    def bad(real_logits, fake_logits):
        raise ValueError("<b>&")

    check(NAME, bad)
    check(NAME, SWAPPED)
    hint(NAME)
    report()
    assert len(shown) == 4
    for data in shown:
        parser = _Balanced()
        parser.feed(data["text/html"])
        assert not parser.open and data["text/plain"]
    assert "&lt;b&gt;" in shown[0]["text/html"] and "<code>" in shown[0]["text/html"]


def test_the_notebook_s_heap_is_no_part_of_a_check_s_collections():
    seen = []

    def work():
        seen.append(gc.get_freeze_count())
        raise Wrong("any", "any.", "any")

    with pytest.raises(Wrong):
        limited(work, 1.0, Printed())
    assert seen[0] > 10_000 and gc.get_freeze_count() == 0
