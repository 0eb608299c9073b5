import pytest
import torch

from labkit.errors import UserError
from labkit.models.dcgan import dcgan
from labkit.nn.augment import AUGMENTATIONS, augment


def uniform_of(seed):
    generator = torch.Generator().manual_seed(seed)
    return lambda n, *shape: torch.rand(n, *shape, generator=generator)


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_each_kind_changes_every_image_in_its_own_way_and_lets_gradients_through(kind):
    image = torch.rand(16, 3, 32, 32).mul(2).sub(1).requires_grad_()
    changed = augment(image, [kind], uniform_of(0))
    assert changed.shape == image.shape
    moved = (changed - image).detach().abs().amax((1, 2, 3))
    assert (moved > 1e-3).sum() >= 15
    changed.sum().backward()
    assert image.grad.abs().amax((1, 2, 3)).min() > 0
    assert torch.equal(changed, augment(image, [kind], uniform_of(0)))
    assert not torch.equal(changed, augment(image, [kind], uniform_of(1)))


def test_no_kinds_change_nothing():
    image = torch.randn(2, 3, 8, 8)
    assert augment(image, (), uniform_of(0)) is image


def test_translation_moves_by_whole_pixels_up_to_an_eighth():
    image = torch.zeros(200, 1, 32, 32)
    image[:, :, 16, 16] = 1
    moved = augment(image, ["translation"], uniform_of(0)).flatten(1).argmax(1)
    rows, columns = moved // 32 - 16, moved % 32 - 16
    assert rows.min() == columns.min() == -4 and rows.max() == columns.max() == 4
    assert abs(rows.float().mean()) < 0.5


def test_cutout_leaves_a_hole_of_at_most_half_the_side():
    changed = augment(torch.ones(200, 1, 32, 32), ["cutout"], uniform_of(0))[:, 0]
    assert set(changed.unique().tolist()) == {0.0, 1.0}
    hole = (changed == 0).sum((1, 2))
    assert hole.max() == 16 * 16 and hole.min() >= 8 * 8


def test_colour_keeps_the_shape_of_what_is_seen():
    image = torch.rand(64, 3, 8, 8)
    changed = augment(image, ["colour"], uniform_of(0))
    # Channels are mixed with their mean, and scaled and shifted as a whole: an affine map of the pixel's colour.
    grey, before = changed.mean(1).flatten(1), image.mean(1).flatten(1)
    slope = ((grey - grey.mean(1, keepdim=True)) * (before - before.mean(1, keepdim=True))).sum(1) / before.var(1).mul(
        63
    )
    assert slope.min() > 0.4 and slope.max() < 1.6


def test_an_unknown_kind_is_named_with_the_nearest():
    with pytest.raises(UserError, match="cutout"):
        augment(torch.zeros(1, 1, 8, 8), ["cutuot"], uniform_of(0))
    with pytest.raises(UserError, match="colour"):
        dcgan((1, 8, 8), 4, 4, augment=("color",))


def test_both_players_see_augmented_images_and_r1_is_lazy():
    game = dcgan((3, 16, 16), 4, 4, augment=("cutout",), r1=2.0, r1_every=3, critic_norm=False)
    game.seat.generator = torch.Generator().manual_seed(0)
    shown = []
    game.discriminator.register_forward_pre_hook(lambda _, args: shown.append(args[0]))
    batch = {"image": torch.ones(4, 3, 16, 16)}
    for step in range(4):
        shown.clear()
        turns = list(game.turns(batch, step))
        assert ("r1" in turns[0].losses) == (step in (0, 3))
        assert (shown[0] == 0).any(), "D saw the real images whole"
    plain = dcgan((3, 16, 16), 4, 4, r1=2.0, r1_every=1, critic_norm=False)
    plain.load_state_dict(game.state_dict())
    lazy = dcgan((3, 16, 16), 4, 4, r1=2.0, r1_every=5, critic_norm=False)
    lazy.load_state_dict(game.state_dict())
    once, five = (next(iter(g.turns(batch, 0))).losses["r1"] for g in (plain, lazy))
    torch.testing.assert_close(five, 5 * once)
