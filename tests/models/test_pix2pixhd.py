"""pix2pixHD: published sizes, the three phases of its training, what each term weighs."""

import copy

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d

from labkit.data.dataset import Dataset
from labkit.errors import UserError
from labkit.models.game import player_groups
from labkit.models.pix2pix import Pix2Pix, feature_distance
from labkit.nn.conditions import condition
from labkit.nn.enhancer import LocalEnhancer, halved
from labkit.nn.patch import PatchDiscriminator
from labkit.nn.resnet import ResNetTranslator
from labkit.training import train
from labkit.training.play import rehearse

SMALL = {
    "source": "labels-and-edges",
    "width": 4,
    "critic_width": 4,
    "patch": 1,
    "norm": "instance",
    "loss": "least-squares",
    "l1": 0.0,
    "scales": 2,
    "matching": 10.0,
    "downs": 2,
    "blocks": 2,
}


def coarse_game(seed=0, size=16, **options):
    torch.manual_seed(seed)
    return Pix2Pix((3, size, size), network="resnet", **{**SMALL, **options})


def fine_game(seed=1, size=32, **options):
    torch.manual_seed(seed)
    return Pix2Pix((3, size, size), network="enhancer", **{**SMALL, **options})


def batch(n=2, size=32):
    torch.manual_seed(2)
    return {
        "image": torch.rand(n, 3, size, size) * 2 - 1,
        "labels": torch.randint(0, 19, (n, size // 4, size // 4), dtype=torch.uint8)
        .repeat_interleave(4, 1)
        .repeat_interleave(4, 2),
    }


def data(n=8, size=32):
    some = batch(n, size)
    pictures = ((some["image"] + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    return Dataset("made up", {"image": pictures, "labels": some["labels"].numpy()})


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_sizes():
    """36 channels: the 35 classes of Cityscapes and the edges."""
    with torch.device("meta"):
        enhancer = LocalEnhancer(36, 3, 64, blocks=9, downs=4)
        assert count(enhancer) == 182_857_059
        whole = ResNetTranslator(36, 3, 64, blocks=9, downs=4)
        assert count(whole) == 182_546_755 and count(enhancer.coarse) == count(whole.body) == 182_546_755 - 9_411
        assert [k * count(PatchDiscriminator(39, norm="instance")) for k in (2, 3)] == [5_603_202, 8_404_803]
        paper = {"network": "enhancer", "source": "labels-and-edges", "norm": "instance", "downs": 4, "blocks": 9}
        game = Pix2Pix((3, 512, 1024), scales=3, matching=10.0, l1=0.0, loss="least-squares", **paper)
        assert count(game.generator) == 182_857_059 - (36 - 20) * 49 * (64 + 32)
        source = torch.zeros(1, 20, 512, 1024)
        assert game.generator(source).shape == (1, 3, 512, 1024)
        assert [maps[-1].shape[-2:] for maps in game.judged(source, torch.zeros(1, 3, 512, 1024))] == [
            (62, 126),
            (30, 62),
            (14, 30),
        ]


@pytest.mark.parametrize("downs, sides", [(1, (8, 12)), (2, (16, 24)), (3, (32, 32)), (3, (48, 64))])
def test_shapes_and_range(downs, sides):
    torch.manual_seed(0)
    enhancer = LocalEnhancer(5, 3, 4, blocks=1, downs=downs)
    drawn = enhancer(torch.randn(2, 5, *sides))
    assert drawn.shape == (2, 3, *sides) and drawn.abs().max() <= 1
    features = enhancer.coarse(torch.randn(2, 5, sides[0] // 2, sides[1] // 2))
    assert features.shape == (2, 4, sides[0] // 2, sides[1] // 2) and features.min() >= 0


def test_the_body_and_the_last_three_layers_are_the_whole():
    torch.manual_seed(0)
    network, x = ResNetTranslator(5, 3, 4, blocks=1), torch.randn(2, 5, 16, 16)
    features = network.body(x)
    assert features.shape == (2, 4, 16, 16) and torch.equal(network.layers[-3:](features), network(x))
    assert {f"layers.{name}" for name in network.body.state_dict()} < set(network.state_dict())


def test_halved_is_the_mean_of_the_pixels_that_there_are():
    x = torch.rand(1, 1, 6, 8, dtype=torch.float64)
    padded = np.pad(x[0, 0].numpy(), 1, constant_values=np.nan)
    true = [[np.nanmean(padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]) for j in range(4)] for i in range(3)]
    np.testing.assert_allclose(halved(x)[0, 0].numpy(), true, rtol=1e-12)
    planes = condition("labels")(batch())
    torch.testing.assert_close(halved(planes).sum(1), torch.ones(2, 16, 16))


def test_without_the_global_features_the_enhancer_goes_its_own_path():
    enhancer, source = fine_game().generator, condition("labels-and-edges")(batch())
    with torch.no_grad():
        whole, own = enhancer(source), enhancer.back(enhancer.front(source))
        last = enhancer.coarse[-3]  # convolution, norm, ReLU: a constant map is 0 behind instance norm
        last.weight.zero_(), last.bias.zero_()
        assert torch.equal(enhancer.coarse(halved(source)), torch.zeros(2, 4, 16, 16))
        assert torch.equal(enhancer(source), own) and not torch.allclose(whole, own, atol=1e-3)


def test_adopted_features_are_those_of_the_global_game():
    coarse, fine, source = coarse_game(), fine_game(frozen=True), condition("labels-and-edges")(batch())
    before = copy.deepcopy(fine.state_dict())
    small = halved(source)
    assert not torch.allclose(coarse.generator.body(small), fine.generator.coarse(small), atol=1e-2)
    assert fine.adopt(coarse) is fine
    assert torch.equal(coarse.generator.body(small), fine.generator.coarse(small))
    after = fine.state_dict()
    own = [name for name in after if "generator.coarse" not in name]
    assert own and all(torch.equal(before[name], after[name]) for name in own)
    with torch.no_grad():
        next(coarse.generator.parameters()).add_(1)
    assert not torch.equal(coarse.generator.body(small), fine.generator.coarse(small)), "a copy, not the same weights"


@pytest.mark.parametrize(
    "options, told",
    [
        ({"width": 8}, "width 8 and not 4"),
        ({"blocks": 3}, "blocks 3 and not 2"),
        ({"downs": 1}, "downs 1 and not 2"),
        ({"source": "labels"}, "source 'labels' and not 'labels-and-edges'"),
        ({"norm": "none"}, "norm 'none' and not 'instance'"),
        ({"norm": "batch", "width": 2}, "width 2 and not 4, norm 'batch'"),
    ],
)
def test_what_does_not_fit_is_not_adopted(options, told):
    fine = fine_game()
    before = copy.deepcopy(fine.state_dict())
    with pytest.raises(UserError, match=told):
        fine.adopt(coarse_game(**options))
    assert all(torch.equal(before[name], value) for name, value in fine.state_dict().items())


def moved(game, **settings):
    """The tensors that two steps of training change."""
    before = copy.deepcopy(game.state_dict())
    train(game, data(), steps=2, batch=4, device="cpu", threads=1, progress="none", **settings)
    return {name for name, value in game.state_dict().items() if not torch.equal(before[name], value)}


# A bias in front of instance norm is taken away again by the mean: its gradient is rounding, and Adam moves it or not.
def weights(names):
    return {name for name in names if name.endswith("weight")}


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_three_phases(norm):
    coarse = coarse_game(norm=norm)
    phase_2 = fine_game(norm=norm, frozen=True).adopt(coarse)
    frozen = {name for name in phase_2.state_dict() if name.startswith("generator.coarse")}
    kept = {name: phase_2.state_dict()[name].clone() for name in frozen}
    names = {parameter: name for name, parameter in phase_2.named_parameters()}
    players = {name: {names[p] for p in player.parameters} for name, player in player_groups(phase_2).items()}
    assert not frozen & set().union(*players.values()) and players["generator"]
    changed = moved(phase_2)
    assert not changed & frozen and weights(changed) == weights(set(phase_2.state_dict()) - frozen)
    assert not phase_2.generator.coarse.training and phase_2.generator.front.training
    # Phase 3 goes on where phase 2 stopped, with everybody moving.
    phase_3 = fine_game(3, norm=norm)
    phase_3.load_state_dict(phase_2.state_dict())
    assert all(torch.equal(kept[name], phase_3.state_dict()[name]) for name in frozen)
    assert weights(moved(phase_3)) == weights(phase_3.state_dict()) and phase_3.generator.coarse.training


def test_one_game_can_go_through_the_phases():
    game = fine_game(frozen=True)
    game.generator.freeze(False)
    assert all(parameter.requires_grad for parameter in game.parameters())
    game.generator.freeze()
    assert not any(parameter.requires_grad for parameter in game.generator.coarse.parameters())
    assert "frozen=True" in repr(game) and "frozen" not in repr(coarse_game())


def test_a_saved_game_draws_the_same(tmp_path):
    source = condition("labels-and-edges")(batch())
    game = fine_game(frozen=True, norm="batch").adopt(coarse_game(norm="batch"))
    same = {"batch": 4, "device": "cpu", "threads": 1, "progress": "none", "channels_last": False}
    train(game, data(), steps=2, run=tmp_path / "run", **same)
    torch.save(game.state_dict(), tmp_path / "game.pt")
    again = fine_game(5, frozen=True, norm="batch")
    assert not torch.equal(again.translate(source), game.translate(source))
    again.load_state_dict(torch.load(tmp_path / "game.pt", weights_only=True))
    assert torch.equal(again.translate(source), game.translate(source))
    # The loop goes on with it, too, and refuses a phase that is another.
    resumed = fine_game(6, frozen=True, norm="batch")
    run = train(resumed, data(), steps=3, run=tmp_path / "run", **same)
    assert run.step == 3
    with pytest.raises(UserError, match="frozen"):
        train(fine_game(norm="batch"), data(), steps=4, run=tmp_path / "run", **same)


def test_both_networks_can_be_rehearsed_and_previewed():
    for game, size in ((coarse_game(), 16), (fine_game(), 32), (fine_game(frozen=True), 32)):
        some = batch(3, size)
        rehearse(game, some, 0)
        assert [set(turn.losses) for turn in game.turns(some, 0)] == [{"real", "fake"}, {"fool", "matching"}]
        pictures = game.preview(some)
        assert pictures.shape == (9, 3, size, size) and pictures.abs().max() <= 1


@pytest.mark.parametrize("scales, patch", [(1, 3), (2, 3), (3, 1)])
def test_what_feature_matching_weighs(scales, patch):
    """Σ_k (1 / scales) (4 / (patch + 1)) Σ_j mean |difference|, times λ; the GAN's terms add up over the scales."""
    game = coarse_game(size=64, scales=scales, patch=patch, matching=7.0, adversarial=2.0).eval()
    some = batch(size=64)
    source, image = game.condition(some), some["image"]
    discriminator, generator = (
        {name: float(loss.detach()) for name, loss in turn.losses.items()} for turn in game.turns(some, 0)
    )
    x, y = torch.cat([source, image], 1), torch.cat([source, game.translate(source)], 1)
    matching = fool = real = 0.0
    with torch.no_grad():
        for judge in game.discriminator:
            ours, theirs = judge.maps(y), judge.maps(x)
            assert len(ours) == patch + 2
            for a, b in zip(ours[:-1], theirs[:-1]):
                matching += 7.0 / scales * 4 / (patch + 1) * float((a.double() - b.double()).abs().mean())
            fool += float((ours[-1] - 1).square().mean())
            real += float((theirs[-1] - 1).square().mean())
            x, y = (avg_pool2d(pair, 3, 2, 1, count_include_pad=False) for pair in (x, y))
    assert generator["matching"] == pytest.approx(matching, rel=1e-5)
    assert generator["fool"] == pytest.approx(fool, rel=1e-5), "our least squares has a half, which the 2 takes away"
    assert discriminator["real"] == pytest.approx(real / 4, rel=1e-5), "that half, and D's own"


def test_feature_matching_by_hand():
    fake = [[torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 1, 1), torch.full((1, 1, 1, 1), 9.0)]] * 2
    real = [
        [torch.full((1, 1, 2, 2), 1.0), torch.full((1, 2, 1, 1), -2.0), torch.zeros(1, 1, 1, 1)],
        [torch.full((1, 1, 2, 2), 4.0), torch.full((1, 2, 1, 1), 8.0), torch.zeros(1, 1, 1, 1)],
    ]
    assert float(feature_distance(fake, real)) == (4 / 2) * (1 + 2 + 4 + 8) / 2
    assert float(feature_distance(fake, fake)) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: fine_game(size=36),
        lambda: fine_game(size=8),
        lambda: coarse_game(size=18),
        lambda: fine_game(width=5),
        lambda: fine_game(downs=0),
        lambda: fine_game(blocks=0),
        lambda: coarse_game(frozen=True),
        lambda: Pix2Pix((3, 32, 32), frozen=True),
        lambda: Pix2Pix((3, 32, 32), network="enhanser"),
        lambda: fine_game().translate(torch.zeros(1, 20, 32, 36)),
        lambda: coarse_game().adopt(coarse_game()),
        lambda: fine_game().adopt(fine_game()),
    ],
)
def test_mistakes_are_sentences(wrong):
    with pytest.raises(UserError):
        wrong()
