"""The checks of Lab 01 on answers that were collected before the judges were read: right ones pass, others hear why."""

import pytest

from labkit.course.exercise import exercise
from labkit.course.verdict import judge
from tests.course.blind_answers import RIGHT, WRONG
from tests.course.judged import is_named, passes

RIGHT_CASES = [pytest.param(n, f, id=f"{n}: {k}") for n in RIGHT for k, f in RIGHT[n].items()]
WRONG_CASES = [pytest.param(n, *case[1:], id=f"{n}: {k}") for n in WRONG for k, case in WRONG[n].items()]

# What a student has to read at those answers whose hint once led astray, or that once passed.
TOLD = {
    ("discriminator_loss", "1 - s"): "logit, not a probability",
    ("discriminator_loss", "mean of logits"): "average the logits first",
    ("discriminator_loss", "real twice"): "Where do you use `fake_logits`",
    ("discriminator_loss", "median"): "`.mean()` over all of the batch",
    ("discriminator_loss", "base 2"): "base 2",
    ("discriminator_loss", "pair"): "add the parts",
    ("generator_loss", "log of sigmoid"): "softplus(-s)",
    ("generator_loss", "mean of logits"): "average the logits first",
    ("generator_loss", "halved"): "half",
    ("generator_loss", "first 64"): "divide by 64",
    ("generator_loss", "worst only"): "`.mean()` over all of the batch",
    ("generator_loss", "squeezes"): "a batch of one image",
    ("turns", "sample"): "no gradient could get back to G",
    ("turns", "uniform"): "`game.latent` did not draw",
    ("turns", "whole batch"): '`batch["image"]`',
    ("turns", "seeded"): "manual_seed",
    ("turns", "same latents"): "a seed of its own",
    ("turns", "floats"): "lost its graph",
    ("turns", "every fifth"): "whatever `step` is",
    ("turns", "rescales"): "no rescaling",
    ("turns", "eval"): "eval mode",
    ("turns", "probabilities"): "raw logits",
    ("turns", "both losses for D"): "its own player's loss only",
    ("turns", "twice as many"): "10 fakes for 5 real",
    ("gradient_penalty", "slope in real"): "with respect to x̂",
    ("gradient_penalty", "seeded"): "manual_seed",
    ("gradient_penalty", "epsilon 0 or 1"): "never between",
    ("gradient_penalty", "half of the line"): "not spread over [0, 1]",
    ("gradient_penalty", "784 pixels"): "Images of another size",
    ("gradient_penalty", "two epsilons"): "not to 1",
    ("gradient_penalty", "epsilon twice"): "not to 1",
    ("gradient_penalty", "beyond"): "the right way round",
    ("gradient_penalty", "norm over the batch"): "runs over the batch",
    ("gradient_penalty", "mean norm"): "average the norms first",
    ("gradient_penalty", "mean gradient"): "average the gradients first",
    ("gradient_penalty", "largest slope"): "largest entry",
    ("gradient_penalty", "of the scores"): "critic's scores",
    ("gradient_penalty", "half"): "half",
    ("condition_image", "label everywhere"): "the label's number",
    ("condition_image", "label in its plane"): "another number than 1",
    ("condition_image", "times the image"): "another number than 1",
    ("condition_image", "28 × 28"): "image.shape[2:]",
    ("condition_image", "square planes"): "image.shape[2:]",
    ("condition_image", "turned"): "in this order",
    ("condition_image", "one channel"): "image.shape[1]",
    ("condition_image", "no offset"): "image.shape[1]",
    ("condition_image", "grey first"): "2 channels one is left",
    ("condition_image", "everybody's"): "several classes",
    ("condition_image", "all ones"): "several classes",
    ("slerp", "length 8"): "Nothing is to be rescaled",
    ("slerp", "no unit rows, clamped"): "divide by the lengths",
    ("slerp", "first angle"): "its own angle",
    ("slerp", "over columns"): "down the columns",
    ("slerp", "length over columns"): "down the columns",
    ("slerp", "acute"): "`.abs()`",
    ("slerp", "clamp from 0"): "clamp from −1",
    ("slerp", "cosine for angle"): "torch.acos",
    ("slerp", "degrees"): "radians",
    ("slerp", "divides by ω"): "not the angle",
    ("slerp", "minus"): "added",
    ("slerp", "keeps a"): "has not faded",
    ("slerp", "t ignored"): "change with t",
    ("slerp", "nan to a"): "does not end at b",
    ("slerp", "any parallel"): "Decide row by row",
    ("slerp", "early line"): "leaves the sphere",
}


@pytest.mark.parametrize(("name", "function"), RIGHT_CASES)
def test_a_right_answer_passes_whatever_it_looks_like(name, function):
    passes(f"01.{name}", function)


@pytest.mark.parametrize(("name", "mistake", "function"), WRONG_CASES)
@pytest.mark.filterwarnings("ignore:Using backward:UserWarning", "ignore:Converting a tensor:UserWarning")
def test_a_wrong_answer_is_told_its_mistake(name, mistake, function):
    is_named(f"01.{name}", mistake, function, seconds=1)


@pytest.mark.parametrize(("name", "answer"), TOLD)
def test_the_hint_says_what_to_mend(name, answer):
    _, _, function = WRONG[name][answer]
    verdict = judge(exercise(f"01.{name}"), function)
    assert TOLD[name, answer] in f"{verdict.message} {verdict.hint}", verdict


@pytest.mark.parametrize("name", WRONG)
def test_no_answer_is_told_that_it_is_merely_wrong(name):
    vague = {"other-value", "other-points", "wrong-value", "angle", "ends", "odd"}
    assert not [answer for answer, (_, mistake, _) in WRONG[name].items() if mistake in vague]
