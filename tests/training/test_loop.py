"""Averages, precision, failures and what a run leaves behind."""

import json
import math

import pytest
import torch
from PIL import Image
from torch.nn.functional import softplus

from labkit.errors import UserError
from labkit.models.game import Turn
from labkit.threads import ThreadGuard, choose_threads, single_thread
from labkit.training import Settings, checkpoint, load
from labkit.training.averages import Averages
from labkit.training.meters import Diverged
from labkit.training.precision import Precision, choose_precision
from labkit.training.progress import Progress, dashboard
from tests.training.tiny import convolutional, data, digest, plain, quick


def test_averages_are_counted_in_images():
    """After half_life images at a constant weight the old value counts one half, whatever the batch."""
    for batch in (1, 10, 50):
        game = convolutional()
        averages = Averages(game, half_life=100, ramp=math.inf)
        norm = game.generator.layers[1]
        before = norm.weight.detach().clone(), norm.running_var.clone()
        with torch.no_grad():
            norm.weight.add_(1)
            norm.running_var.add_(2)
            norm.num_batches_tracked.fill_(17)
        for seen in range(batch, 101, batch):
            averages.update(batch, seen)
        followed = averages.modules["generator"].layers[1]
        torch.testing.assert_close(followed.weight, before[0] + 0.5)
        torch.testing.assert_close(followed.running_var, before[1] + 1.0)
        assert int(followed.num_batches_tracked) == 17


def test_samples_come_from_the_averages_and_leave_no_trace():
    game = convolutional()
    run = quick(game)
    raw = digest(game.state_dict())
    one, two = run.sample(9), run.sample(9)
    assert torch.equal(one, two) and one.shape == (9, 1, 8, 8) and one.abs().max() <= 1
    assert digest(game.state_dict()) == raw and game.generator.training
    assert not torch.equal(one, game.sample(9, generator=torch.Generator().manual_seed(0)))


def test_a_loss_that_is_not_finite_stops_the_run_and_names_it(tmp_path):
    game, kind = plain(), type(plain())

    def turns(self, batch, step):
        for turn in kind.turns(self, batch, step):
            if step == 5 and turn.player == "generator":
                turn.losses["fool"] = turn.losses["fool"] * float("nan")
            yield turn

    game.turns = turns.__get__(game)
    with pytest.raises(Diverged, match="loss 'fool' of 'generator' is not finite at step 5") as caught:
        quick(game, run=tmp_path, steps=20, save_seconds=0.0)
    assert "learning rate" in str(caught.value)
    state = checkpoint.load(tmp_path / "last.pt")
    assert state["step"] == 5 and all(tensor.isfinite().all() for tensor in state["game"].values())


def test_a_gradient_that_is_not_finite_never_reaches_the_disk(tmp_path):
    """The root's slope at zero is infinite: the loss is finite, the weights after it are not."""
    game, kind = plain(), type(plain())

    def turns(self, batch, step):
        for turn in kind.turns(self, batch, step):
            if step == 3 and turn.player == "discriminator":
                turn.losses["root"] = (0 * self.discriminator(batch["image"]).mean()).sqrt()
            yield turn

    game.turns = turns.__get__(game)
    with pytest.raises(Diverged, match="not finite at step 3"):
        quick(game, run=tmp_path, steps=20, save_seconds=0.0)
    assert all(tensor.isfinite().all() for tensor in checkpoint.load(tmp_path / "last.pt")["game"].values())


def test_a_step_that_the_scaler_skips_is_no_failure():
    """fp16: an overflow in D's gradient halves D's scale, leaves D where it is, and doesn't touch G's scaler."""
    from labkit.training.loop import Trainer

    game, kind = plain(), type(plain())

    def turns(self, batch, step):
        for turn in kind.turns(self, batch, step):
            if step == 0 and turn.player == "discriminator":
                turn.losses["real"] = 1e35 * self.discriminator(batch["image"]).float().mean()
            yield turn

    game.turns = turns.__get__(game)
    trainer = Trainer(game, data(), Settings(steps=3, batch=8, threads=1, precision="fp16"), None, None, {})
    before = game.discriminator[1].weight.detach().clone(), game.generator[0].weight.detach().clone()
    trainer.iterate()
    assert torch.equal(game.discriminator[1].weight, before[0])
    assert not torch.equal(game.generator[0].weight, before[1])
    scales = {name: scaler.get_scale() for name, scaler in trainer.players.scalers.items()}
    assert scales["discriminator"] == scales["generator"] / 2
    trainer.iterate()
    assert not torch.equal(game.discriminator[1].weight, before[0])
    trainer.meters.check(2)


def test_precision_follows_the_hardware(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert choose_precision(torch.device("cuda")) == "fp16"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    assert choose_precision(torch.device("cuda")) == "bf16"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (6, 1))
    assert choose_precision(torch.device("cuda")) == "float32"
    for has, wanted in ((True, "bf16"), (False, "float32")):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda has=has: has)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        assert choose_precision(torch.device("cpu")) == wanted
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.delattr(torch.cpu, name)
    for flags, wanted in (("flags: avx2 amx_bf16", "bf16"), ("flags: avx2", "float32")):
        monkeypatch.setattr("pathlib.Path.read_text", lambda path, flags=flags: flags)
        assert choose_precision(torch.device("cpu")) == wanted
    monkeypatch.undo()
    assert Precision("fp16", "cpu").scaler().is_enabled() and not Precision("bf16", "cpu").scaler().is_enabled()
    with pytest.raises(UserError, match="did you mean 'bf16'"):
        Precision.on(torch.device("cpu"), "bf61")


def test_threads(monkeypatch):
    monkeypatch.setenv("LABKIT_THREADS", "3")
    assert choose_threads() == 3
    monkeypatch.delenv("LABKIT_THREADS")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    from labkit import threads

    monkeypatch.setattr(threads, "cores", lambda: 2)
    for busy, wanted in ((0.0, 2), (0.2, 2), (0.9, 1), (2.0, 1)):
        monkeypatch.setattr(threads, "busy_cores", lambda busy=busy: busy)
        assert choose_threads() == wanted, busy
    with single_thread():
        assert torch.get_num_threads() == 1


def test_the_guard_gives_up_threads_when_steps_become_much_slower(monkeypatch):
    from labkit import threads

    clock, used = [0.0], [2]
    monkeypatch.setattr(threads.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(threads.torch, "get_num_threads", lambda: used[0])
    monkeypatch.setattr(threads.torch, "set_num_threads", lambda n: used.__setitem__(0, n))
    guard = ThreadGuard(window=5)

    def steps(n, seconds):
        for _ in range(n):
            clock[0] += seconds
            if guard.step():
                return True
        return False

    assert not steps(10, 0.1) and not steps(10, 0.3)
    assert steps(10, 3.0) and used == [1]


def test_what_a_run_leaves(tmp_path):
    run = quick(convolutional(), run=tmp_path, steps=12, previews=4, about={"lab": "tiny"})
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8, 12] and lines[-1]["images"] == 96
    assert {"discriminator/real", "discriminator/fake", "generator/fool"} < set(lines[0])
    assert json.loads((tmp_path / "config.json").read_text())["about"] == {"lab": "tiny"}
    pictures = sorted((tmp_path / "samples").glob("*.png"))
    assert 4 <= len(pictures) <= 6 and pictures[-1].stem == "000012"
    with Image.open(tmp_path / "training.gif") as film:
        assert film.n_frames >= 4
    assert list((tmp_path / "tensorboard").glob("events.*")), "TensorBoard is installed with the dev extra"
    again = load(tmp_path, convolutional())
    expected = run.sample(4)
    assert torch.equal(again.sample(4, generator=torch.Generator().manual_seed(0)), expected)


def test_the_best_checkpoint_is_kept_beside_the_last(tmp_path):
    values = iter([5.0, 2.0, 9.0, 7.0])
    run = quick(
        convolutional(), run=tmp_path, steps=8, score=lambda game: {"FD": next(values)}, score_images=16, log_steps=100
    )
    assert [line["score/FD"] for line in run.history if "score/FD" in line] == [5.0, 2.0, 9.0, 7.0]
    assert checkpoint.load(tmp_path / "best.pt")["step"] == 4 and checkpoint.load(tmp_path / "last.pt")["step"] == 8


def test_minutes_end_a_run():
    run = quick(plain(), steps=None, minutes=0.01)
    assert 0.5 < run.seconds < 3


def test_settings_without_an_end_or_misspelt():
    with pytest.raises(UserError, match="when to stop"):
        Settings()
    with pytest.raises(UserError, match="positive"):
        Settings(steps=0)
    with pytest.raises(TypeError, match="step_count"):
        quick(plain(), step_count=3)


def test_training_leaves_the_callers_randomness_alone():
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    game = plain()
    torch.set_rng_state(state)
    quick(game)
    assert torch.equal(torch.rand(3), wanted)


def test_the_bar_stays_whole_where_the_last_batch_goes_past_the_end(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    for begin in (0.0, 103.0):  # 103 of 100 images: a finished run that is opened again
        bar = Progress(100, "images", begin)
        bar._bar.disable = False
        bar.step(112.0, 50.0)
        bar.close()
    assert "100/100 images" in capsys.readouterr().err


def test_the_dashboard_is_a_picture():
    import io

    history = [{"step": i, "images": i * 8, "d/real": 1 / i, "score/FD": 9.0 / i} for i in range(1, 5)]
    with Image.open(io.BytesIO(dashboard(history, torch.zeros(4, 1, 8, 8)))) as picture:
        assert picture.width > 2 * picture.height


def test_turn_keeps_losses_and_watched_apart():
    turn = Turn("d", watch={"score": torch.tensor(1.0)}, real=softplus(torch.tensor(0.0)))
    assert list(turn.losses) == ["real"] and list(turn.watch) == ["score"]


def test_rates_fall_in_a_straight_line_from_images_to_images():
    settings = Settings(steps=1, decay=(100, 300))
    assert [settings.rate(images) for images in (0, 100, 150, 200, 300, 999)] == [1, 1, 0.75, 0.5, 0, 0]
    assert Settings(steps=1).rate(10**9) == 1
    for wrong in ((300, 100), (-1, 100), (100, 100)):
        with pytest.raises(UserError, match="decay"):
            Settings(steps=1, decay=wrong)


def test_nothing_moves_once_rates_are_zero_and_a_resumed_run_goes_on_where_it_was(tmp_path):
    """Half of the decay, a stop, the other half: the same weights as in one go; past the end they stay."""
    quickly = {"batch": 8, "decay": (16, 64), "average_images": 10.0}
    whole = quick(convolutional(), steps=6, run=tmp_path / "whole", **quickly)
    quick(convolutional(), steps=4, run=tmp_path / "parts", **quickly)
    parts = quick(convolutional(), steps=6, run=tmp_path / "parts", **quickly)
    assert digest(whole.game.state_dict()) == digest(parts.game.state_dict())
    other = quick(convolutional(), steps=6, **{**quickly, "decay": None})
    assert digest(other.game.state_dict()) != digest(whole.game.state_dict())
    over = quick(convolutional(), steps=8, run=tmp_path / "over", **quickly)
    weights = {name: p.clone() for name, p in over.game.named_parameters()}
    still = quick(convolutional(), steps=10, run=tmp_path / "over", **quickly)
    assert all(torch.equal(p, weights[name]) for name, p in still.game.named_parameters())
