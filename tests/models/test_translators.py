"""pix2pix and CycleGAN: the published sizes, what each score sees, what each term does."""

import numpy as np
import pytest
import torch
from torch.nn.functional import l1_loss

from labkit.errors import UserError
from labkit.models.cyclegan import CycleGAN
from labkit.models.pix2pix import Pix2Pix, feature_distance
from labkit.nn.conditions import CONDITIONS, check_labels, condition, labels_as_planes
from labkit.nn.patch import PatchDiscriminator
from labkit.nn.pool import ImagePool
from labkit.nn.resnet import ResNetTranslator
from labkit.nn.unet import UNet
from labkit.training.play import rehearse


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    "make, size",
    [
        (lambda: UNet(3, 3, 256), 54_413_955),
        (lambda: UNet(3, 3, 128), 41_828_995),
        (lambda: PatchDiscriminator(6), 2_768_705),
        (lambda: ResNetTranslator(3, 3, blocks=9), 11_378_179),
        (lambda: ResNetTranslator(3, 3, blocks=6), 7_837_699),
        (lambda: PatchDiscriminator(3, norm="instance"), 2_764_737),
        (lambda: ResNetTranslator(36, 3, blocks=9, downs=4), 182_546_755),
    ],
)
def test_published_sizes(make, size):
    with torch.device("meta"):
        assert count(make()) == size


@pytest.mark.parametrize("layers, field", [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142)])
def test_each_score_sees_one_patch(layers, field):
    """Receptive field by gradient support: which pixels move one score in the middle."""
    torch.manual_seed(0)
    image = torch.randn(1, 3, 192, 192, requires_grad=True)
    scores = PatchDiscriminator(3, 4, layers, norm="none")(image)
    middle = scores.shape[-1] // 2
    (slope,) = torch.autograd.grad(scores[0, 0, middle, middle], image)
    seen = slope.abs().sum((0, 1)) > 0
    assert int(seen.any(0).sum()) == int(seen.any(1).sum()) == field


def test_scores_of_a_large_picture_are_a_grid():
    assert PatchDiscriminator(6, 8)(torch.randn(1, 6, 256, 256)).shape == (1, 1, 30, 30)


def batch(n=3, size=32):
    torch.manual_seed(1)
    return {
        "image": torch.rand(n, 3, size, size) * 2 - 1,
        "labels": torch.randint(0, 19, (n, size, size), dtype=torch.uint8),
        "drawing": torch.rand(n, 1, size, size) * 2 - 1,
        "cartoon": torch.rand(n, 3, size, size) * 2 - 1,
        "paired": torch.rand(n, 3, size, size) * 2 - 1,
        "landmarks": torch.rand(n, 68, 2) * size,
        "other": torch.rand(n, 3, size, size) * 2 - 1,
    }


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_have_the_channels_that_they_say(name):
    made = condition(name)(batch())
    assert made.shape == (3, CONDITIONS[name].channels, 32, 32)
    assert made.dtype == torch.float32 and made.min() >= -1 and made.max() <= 1


def test_what_conditions_hide_and_show():
    some = batch()
    planes = labels_as_planes(some["labels"])
    assert torch.equal(planes.argmax(1), some["labels"].long()) and (planes.sum(1) == 1).all()
    for wrong in (19, 255):
        with pytest.raises(UserError, match=f"class {wrong}"):
            check_labels(np.full((3, 2, 2), wrong, dtype=np.uint8))
    check_labels(some["labels"].numpy())
    hole = condition("hole")(some)
    assert (hole[:, :3, 8:24, 8:24] == 0).all() and torch.equal(hole[:, :3, :8], some["image"][:, :, :8])
    assert hole[:, 3].mean() == 0.25
    small = condition("small")(some)
    assert (small[:, :, :4, :4] == small[:, :, :1, :1]).all()
    torch.testing.assert_close(small[:, :, 0, 0], some["image"][:, :, :4, :4].mean((2, 3)))
    flat = condition("grey")({"image": torch.full((1, 3, 4, 4), 0.3)})
    torch.testing.assert_close(flat, torch.full((1, 1, 4, 4), 0.3))
    dots = condition("landmarks")({"image": torch.zeros(1, 3, 32, 32), "landmarks": torch.tensor([[[5.0, 20.0]]])})
    assert dots[0, 0].argmax() == 20 * 32 + 5 and dots[0, 0, 20, 5] == 1 and dots[0, 0, 5, 20] < -0.99
    with pytest.raises(UserError, match="needs the field 'drawing'"):
        condition("drawing")({"image": some["image"]})
    with pytest.raises(UserError, match="labels"):
        condition("lables")


SMALL = {"width": 4, "critic_width": 4, "patch": 1}


@pytest.mark.parametrize("source", CONDITIONS)
def test_it_can_be_rehearsed_with_every_condition(source):
    torch.manual_seed(0)
    game = Pix2Pix((3, 32, 32), source, **SMALL)
    rehearse(game, batch(), 0)
    assert game.preview(batch()).shape == (9, 3, 32, 32) and game.preview_columns == 3


@pytest.mark.parametrize(
    "options", [{"network": "resnet", "norm": "instance"}, {"scales": 2, "matching": 10.0, "loss": "least-squares"}]
)
def test_the_later_paper_s_game(options):
    torch.manual_seed(0)
    game = Pix2Pix((3, 32, 32), **SMALL, **options)
    turns = list(game.turns(batch(), 0))
    assert [turn.player for turn in turns] == ["discriminator", "generator"]
    assert ("matching" in turns[1].losses) == ("matching" in options)
    rehearse(game, batch(), 0)


def test_each_term_can_be_left_out():
    torch.manual_seed(0)
    both = [set(turn.losses) for turn in Pix2Pix((3, 32, 32), **SMALL).turns(batch(), 0)]
    assert both == [{"real", "fake"}, {"l1", "fool"}]
    alone = Pix2Pix((3, 32, 32), adversarial=0.0, **SMALL)
    assert [set(turn.losses) for turn in alone.turns(batch(), 0)] == [{"l1"}] and list(alone.players) == ["generator"]
    rehearse(alone, batch(), 0)
    gan = [set(turn.losses) for turn in Pix2Pix((3, 32, 32), l1=0.0, **SMALL).turns(batch(), 0)]
    assert gan == [{"real", "fake"}, {"fool"}]


def test_features_of_equal_pictures_match():
    torch.manual_seed(0)
    game = Pix2Pix((3, 32, 32), scales=2, matching=1.0, **SMALL).eval().requires_grad_(False)
    source = condition("labels")(batch())
    one, two = batch()["image"], batch()["other"]
    assert float(feature_distance(game.judged(source, one), game.judged(source, one))) == 0
    assert float(feature_distance(game.judged(source, one), game.judged(source, two))) > 0
    assert len(game.judged(source, one)) == 2


def test_a_judge_sees_the_condition():
    torch.manual_seed(0)
    game = Pix2Pix((3, 32, 32), **SMALL).eval()
    image, source = batch()["image"], condition("labels")(batch())
    assert not torch.equal(game.judged(source, image)[0][-1], game.judged(source.flip(3), image)[0][-1])


def test_skips_carry_what_one_pixel_cannot():
    """Without skips a detail of the input has no way round the innermost map; the wiring alone changes."""
    torch.manual_seed(0)
    with_skips, without = (UNet(3, 3, 32, 8, norm="none", dropout=0.0, skips=skips) for skips in (True, False))
    assert [len(net.encoder) for net in (with_skips, without)] == [5, 5]
    x = torch.randn(1, 3, 32, 32)
    for net, reaches in ((with_skips, True), (without, False)):
        with torch.no_grad():
            for layer in net.decoder[:1]:  # cut the way through the innermost map
                layer[1].weight.zero_()
                layer[1].bias.zero_()
            changed = (net(x) - net(torch.zeros_like(x))).abs().max() > 1e-6
        assert bool(changed) == reaches


def test_dropout_is_off_when_it_translates_and_on_when_it_trains():
    torch.manual_seed(0)
    game = Pix2Pix((3, 64, 64), **SMALL)
    source = condition("labels")(batch(size=64))
    assert torch.equal(game.translate(source), game.translate(source))
    assert not torch.equal(game.generator(source), game.generator(source))
    assert game.generator.training


def test_a_pool_keeps_the_first_and_then_tosses_a_coin():
    pool = ImagePool(4, (1, 1, 1))
    draws = torch.Generator().manual_seed(0)

    def uniform(n, *shape):
        return torch.rand(n, *shape, generator=draws)

    first = torch.arange(4.0).view(4, 1, 1, 1)
    assert torch.equal(pool.exchange(first, uniform), first) and int(pool.count) == 4
    given, held = [], []
    for k in range(4, 2004):
        before = set(pool.images.flatten().tolist())
        out = float(pool.exchange(torch.full((1, 1, 1, 1), float(k)), uniform))
        after = set(pool.images.flatten().tolist())
        given.append(out == k)
        assert out == k or (out in before and out not in after and k in after), "an old one makes room for the new"
        assert (out == k) == (before == after)
        held.append(len(after))
    assert 0.46 < sum(given) / len(given) < 0.54 and set(held) == {4}
    new = torch.rand(3, 1, 1, 1, requires_grad=True)
    assert torch.equal(ImagePool(0, (1, 1, 1)).exchange(new, uniform), new.detach())
    assert not pool.exchange(new, uniform).requires_grad


def test_pools_are_in_the_checkpoint():
    torch.manual_seed(0)
    game = CycleGAN((3, 16, 16), 4, 1, 4, 1, pool=5)
    list(game.turns(batch(2, 16), 0))
    assert int(game.state_dict()["pool_a.count"]) == 2 and game.state_dict()["pool_b.images"].abs().sum() > 0


def test_one_cycle():
    torch.manual_seed(0)
    game = CycleGAN((3, 32, 32), 4, 1, 4, 1)
    turns = list(game.turns(batch(), 0))
    assert [turn.player for turn in turns] == ["generators", "discriminators"]
    assert set(turns[0].losses) == {"fool_a", "fool_b", "cycle", "identity"}
    assert set(turns[1].losses) == {"real_a", "fake_a", "real_b", "fake_b"}
    rehearse(CycleGAN((3, 32, 32), 4, 1, 4, 1), batch(), 0)
    assert game.preview(batch()).shape == (18, 3, 32, 32) and game.preview_columns == 3
    without = CycleGAN((3, 32, 32), 4, 1, 4, 1, identity=0.0)
    assert "identity" not in next(iter(without.turns(batch(), 0))).losses


def test_the_translators_of_a_cyclegan_can_halve_less_and_go_without_a_norm():
    game = CycleGAN((3, 30, 30), 4, 1, 4, 1, downs=1, norm="none")
    assert not any(isinstance(module, torch.nn.InstanceNorm2d) for module in game.forward_net.modules())
    assert any(isinstance(module, torch.nn.InstanceNorm2d) for module in game.critic_a.modules())
    strided = [m for m in game.backward_net.modules() if isinstance(m, torch.nn.Conv2d) and m.stride == (2, 2)]
    assert len(strided) == 1 and game.translate(torch.zeros(2, 3, 30, 30)).shape == (2, 3, 30, 30)


def test_cycle_and_identity_are_nothing_where_both_are_the_identity():
    game = CycleGAN((3, 32, 32), 4, 1, 4, 1)
    game.forward_net, game.backward_net = torch.nn.Identity(), torch.nn.Identity()
    losses = next(iter(game.turns(batch(), 0))).losses
    assert float(losses["cycle"]) == float(losses["identity"]) == 0


def test_the_cycle_weighs_ten_and_identity_half_of_it():
    torch.manual_seed(0)
    game, some = CycleGAN((3, 32, 32), 4, 1, 4, 1).eval(), batch()
    losses = next(iter(game.turns(some, 0))).losses
    a, b = some["image"], some["other"]
    there, back = game.translate(a), game.translate(b, back=True)
    cycle = l1_loss(game.translate(there, back=True), a) + l1_loss(game.translate(back), b)
    torch.testing.assert_close(losses["cycle"].detach(), 10 * cycle)
    same = l1_loss(game.translate(b), b) + l1_loss(game.translate(a, back=True), a)
    torch.testing.assert_close(losses["identity"].detach(), 5 * same)
    # The paper's λ = 10 stands beside (D(G(a)) − 1)², not beside the half of it.
    with torch.no_grad():
        torch.testing.assert_close(losses["fool_b"].detach(), (game.critic_b(there) - 1).square().mean())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Pix2Pix((3, 48, 48)),
        lambda: Pix2Pix((3, 32, 32), source="lables"),
        lambda: Pix2Pix((3, 32, 32), network="unett"),
        lambda: Pix2Pix((3, 32, 32), norm="bach"),
        lambda: Pix2Pix((3, 32, 32), **SMALL).sample(3),
        lambda: CycleGAN((3, 30, 30)),
        lambda: CycleGAN((3, 32, 32), loss="squares"),
        lambda: CycleGAN((3, 32, 32), 4, 1, 4, 1).sample(3),
        lambda: list(CycleGAN((3, 32, 32), 4, 1, 4, 1).turns({"image": torch.zeros(1, 3, 32, 32)}, 0)),
    ],
)
def test_mistakes_are_sentences(wrong):
    with pytest.raises(UserError):
        wrong()
