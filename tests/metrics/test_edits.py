"""Success, kept and control, against a count by hand; and how far is chosen on latents of their own."""

from math import isnan

import pytest
import torch

from labkit.errors import UserError
from labkit.metrics.edits import Edits

NAMES = ("hat", "smile", "fair", "dark", "rare")


def draw(latent):
    return latent


def look(image):
    """The image is its latent, and each number above 0 an attribute that is there."""
    return (image > 0).float()


@pytest.fixture
def edits():
    return Edits(draw, look, NAMES, exclusive=[("fair", "dark")])


#                     hat  smile fair  dark  rare
BEFORE = torch.tensor([
    [-1.0, +1.0, +1.0, -1.0, -1.0],
    [-1.0, -1.0, -1.0, +1.0, -1.0],
    [-2.0, +1.0, -1.0, -1.0, -1.0],
    [-4.0, -1.0, +1.0, -1.0, -1.0],
    [+1.0, +1.0, -1.0, -1.0, -1.0],
])  # fmt: skip


def test_numbers_equal_a_count_by_hand(edits):
    # Three units along this: hat +1.8, smile −2.4. Of the four without a hat, the first two get one (−1 → 0.8); the
    # third stays below (−0.2), as the fourth; the two that smile smile no more. The hair stays.
    vector = torch.tensor([0.6, -0.8, 0.0, 0.0, 0.0]) * 7
    edit = edits.measure("hat", vector, 3.0, BEFORE)
    assert (edit.name, edit.amount, edit.faces) == ("hat", 3.0, 4)
    assert edit.success == pytest.approx(2 / 4)
    # Common among the four: smile (2 of 4 have it, 2 of 4 keep what they had) and hair (fair, dark, none, fair: all
    # keep). Nobody has the rare one: it does not count.
    assert edit.kept == pytest.approx((2 / 4 + 4 / 4) / 2)


def test_an_edit_may_be_another_for_each_face(edits):
    """The hat, exactly as far as each needs it: all have it, and nothing else has changed."""
    needed = torch.tensor([1.0, 0, 0, 0, 0])
    edit = edits.measure_move("hat", lambda z: z + (0.5 - z[:, :1]) * needed, BEFORE)
    assert (edit.success, edit.kept, edit.faces) == (1, 1, 4)
    assert edit.amount == pytest.approx((1.5 + 1.5 + 2.5 + 4.5) / 4)
    goal = edits.choose("hat", lambda z, goal: z + goal * needed, [1.0, 2.5, 5.0], BEFORE, 0.7)
    assert goal == 2.5


def test_exclusive_attributes_count_once():
    before = torch.tensor([[0, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0]]).float()
    after = before.clone()
    after[0, 2:4] = torch.tensor([0.0, 1.0])  # one head of hair changes: two attributes, one fact
    together = Edits(draw, look, NAMES, exclusive=[("fair", "dark")])
    alone = Edits(draw, look, NAMES)
    assert together.kept(before, after, 0) == pytest.approx((1 + 3 / 4) / 2)
    assert alone.kept(before, after, 0) == pytest.approx((1 + 3 / 4 + 3 / 4) / 3)


def test_of_exclusive_attributes_the_surest_is_the_answer():
    edits = Edits(draw, look, NAMES, exclusive=[("fair", "dark")])
    before = torch.tensor([[0, 0, 0.9, 0.6, 0], [0, 0, 0.1, 0.9, 0]])
    same = torch.tensor([[0, 0, 0.7, 0.1, 0], [0, 0, 0.8, 0.9, 0]])
    none = torch.tensor([[0, 0, 0.4, 0.3, 0], [0, 0, 0.1, 0.9, 0]])
    assert edits.kept(before, same, 0) == 1.0
    assert edits.kept(before, none, 0) == pytest.approx(0.5)


def test_an_attribute_does_not_keep_its_own_group(edits):
    before = torch.tensor([[0, 0, 1, 0, 0], [0, 1, 0, 1, 0]]).float()
    after = torch.tensor([[0, 0, 0, 1, 0], [0, 1, 0, 1, 0]]).float()
    assert edits.kept(before, after, NAMES.index("dark")) == 1.0  # smile alone is left


@pytest.mark.parametrize(("have", "counts"), [(9, False), (10, True), (50, True), (90, True), (91, False)])
def test_only_common_attributes_count(have, counts):
    before = torch.zeros(100, 2)
    before[:have, 1] = 1
    kept = Edits(draw, look, ("hat", "smile")).kept(before, 1 - before, 0)
    assert kept == 0.0 if counts else isnan(kept)


def test_a_group_with_one_answer_for_nearly_all_does_not_count(edits):
    before = torch.zeros(100, 5)
    before[:95, 2], before[:50, 1] = 1, 1
    after = before.clone()
    after[:, 2:4] = 0
    assert edits.kept(before, after, 0) == 1.0


def test_the_control_goes_as_far_in_random_directions(edits):
    seen = []

    def watched(latent):
        seen.append(latent)
        return latent

    torch.manual_seed(0)
    latent, vector = torch.randn(400, 5), torch.eye(5)[0]
    edit = Edits(watched, look, NAMES).measure("hat", vector, 2.0, latent, seed=3)
    after, control = seen[-2], seen[-1]  # 400 latents are judged in parts of 250, those without a hat in one
    before = latent[latent[:, 0] <= 0]
    assert torch.allclose((after - before).norm(dim=1), torch.full((len(before),), 2.0), atol=1e-5)
    steps = control - before
    assert torch.allclose(steps.norm(dim=1), torch.full((len(before),), 2.0), atol=1e-5)
    assert steps.mean(0).norm() < 0.4, "one direction for all is no control"
    assert edit.control == pytest.approx(float((control[:, 0] > 0).float().mean()))
    assert edit.control < edit.success and edit.control_kept < edit.kept
    again = edits.measure("hat", vector, 2.0, latent, seed=3)
    assert (again.control, again.success) == (edit.control, edit.success)
    assert edits.measure("hat", vector, 2.0, latent, seed=4).control != edit.control


def test_the_shortest_step_that_reaches_the_aim_is_chosen(edits):
    latent = torch.full((10, 5), -1.0)
    latent[:, 0] = -torch.arange(1.0, 11.0) / 2 + 0.01  # a step of k / 2 gives hats to k of ten
    vector = torch.eye(5)[0]
    amounts = [0.5 * k for k in range(1, 13)]
    assert edits.choose_amount("hat", vector, latent, aim=0.9, amounts=amounts) == 4.5
    assert edits.choose_amount("hat", vector, latent, aim=0.25, amounts=amounts) == 1.5
    # out of reach: the first of those that add it most
    assert edits.choose_amount("hat", vector, latent, aim=0.9, amounts=[0.5, 2.0, 2.1]) == 2.0
    assert 0 < edits.choose_amount("hat", vector, latent) <= 1.25 * 5**0.5


def test_what_is_chosen_on_some_latents_is_measured_on_others(edits):
    torch.manual_seed(0)
    vector = torch.eye(5)[0]
    chosen = edits.choose_amount("hat", vector, torch.randn(500, 5), aim=0.9)
    edit = edits.measure("hat", vector, chosen, torch.randn(500, 5))
    assert edit.amount == chosen and 0.8 < edit.success <= 1 and edit.kept == 1.0


def test_mistakes_are_told(edits):
    vector = torch.eye(5)[0]
    for ask in (
        lambda: edits.measure("smiel", vector, 1.0, BEFORE),
        lambda: edits.choose_amount("smiel", vector, BEFORE),
        lambda: Edits(draw, look, NAMES, exclusive=[("fair", "smiel")]),
    ):
        with pytest.raises(UserError, match="unknown attribute 'smiel'; did you mean 'smile'"):
            ask()
    for ask in (
        lambda: edits.measure("hat", vector, 1.0, torch.ones(3, 5)),
        lambda: edits.choose_amount("hat", vector, torch.ones(3, 5)),
    ):
        with pytest.raises(UserError, match="all 3 images have 'hat'"):
            ask()
