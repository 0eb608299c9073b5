"""The training loop. It knows games, and no model by name.

Exact resume rests on three things: a batch is a pure function of (seed, images seen), everything random is seeded from
(seed, step, rank) at the start of each step, and all the rest is in the checkpoint.
"""

import os
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from labkit.data.dataset import Dataset
from labkit.data.stream import Stream
from labkit.errors import UserError
from labkit.models.game import Game
from labkit.threads import ThreadGuard, choose_threads, cores, single_thread
from labkit.training import checkpoint
from labkit.training.averages import Averages
from labkit.training.distributed import Processes
from labkit.training.interrupts import Interrupts
from labkit.training.meters import Meters, check_weights
from labkit.training.play import Players, play, rehearse
from labkit.training.precision import Precision, choose_device, prepare_backends
from labkit.training.progress import Progress
from labkit.training.record import Record
from labkit.training.run import Run
from labkit.training.settings import Settings

Score = Callable[[Game], Mapping[str, float]]


def train(
    game: Game,
    data: Dataset,
    *,
    run: str | Path | None = None,
    score: Score | None = None,
    about: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Run:
    """Train a game, or go on where a killed run stopped.

    Args:
        game: moved to the device, and trained in place.
        data: what it learns from.
        run: folder for checkpoints, log and samples; training resumes from what it finds there. None writes nothing.
        score: of the averaged game, in eval mode: names and values, the first of which says which checkpoint is best
            (lower is better).
        about: noted in config.json, for whoever rebuilds the game from the folder.
        settings: as `Settings`.

    Returns:
        The run: the game, its averages, and the log.

    Raises:
        UserError: a mistake in `turns`, another experiment in the folder, a damaged checkpoint, a full disk.
        Diverged: a loss or a weight is no longer finite; the last good checkpoint is kept.
        KeyboardInterrupt: asked to stop; the checkpoint of the last whole step is written first.
    """
    trainer = Trainer(game, data, Settings(**settings), run, score, about or {})
    states = torch.get_rng_state(), random.getstate(), np.random.get_state(), torch.get_num_threads()
    try:
        return trainer.train()
    finally:
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])
        torch.set_num_threads(states[3])


class Trainer:
    """One run: what `train` sets up, and the loop over its steps."""

    def __init__(self, game: Game, data: Dataset, settings: Settings, run, score: Score | None, about: Mapping):
        self.settings, self.data, self.score, self.about = settings, data, score, about
        self.processes = Processes()
        self.device = choose_device(settings.device)
        if self.device.type == "cuda" and self.processes.world > 1:
            self.device = torch.device("cuda", self.processes.local_rank)
            torch.cuda.set_device(self.device)
        prepare_backends(self.device)
        self.threads = settings.threads or choose_threads()
        self.precision = Precision.on(self.device, settings.precision)
        self.record = Record(run) if run and self.processes.main else None
        self.folder = Path(run) if run else None

        self.game = game.to(self.device)
        if settings.channels_last:
            game.to(memory_format=torch.channels_last)
        game.train()
        self.identity = settings.identity(game, data)
        self.processes.share(game)
        self.players = Players(game, settings.optimizers, self.precision, settings.fused)
        self.averages = Averages(game, settings.average_images)
        self.stream = Stream(
            data,
            settings.batch,
            seed=settings.seed,
            device=self.device,
            rank=self.processes.rank,
            world=self.processes.world,
            flip=settings.flip,
        )
        game.seat.rank, game.seat.world = self.processes.rank, self.processes.world
        self.shared = game.seat.generator = torch.Generator(self.device)
        self.meters = Meters()
        self.step = self.images = 0
        self.seconds = 0.0
        self.best: float | None = None
        self.history: list[dict[str, Any]] = []
        self._saved_step = -1
        self._whole = True

    def train(self) -> Run:
        """Resume, rehearse, loop, save."""
        settings = self.settings
        self._resume()
        if settings.rehearse and self.step == 0:
            self._seed()
            rehearse(self.game, self.stream.batch(0), 0)
        torch.set_num_threads(self.threads)
        if settings.compile:
            _compile(self.game)
        progress = self._progress()
        guard, interrupts = ThreadGuard(), Interrupts()
        next_picture = self._share_done() if self.step else 0.0
        saved = time.perf_counter()
        try:
            with interrupts:
                while not self._over():
                    if self._share_done() >= next_picture:
                        next_picture = self._share_done() + 1 / settings.previews
                        self._preview(progress)
                        guard.pause()
                    self.iterate()
                    if guard.step():
                        self.threads = 1
                        self._log({"note": "other work took the cores: one thread from here on"})
                    progress.step(*self._done(), self.meters.line())
                    if self.score and self._due(settings.score_images):
                        self._score()
                        guard.pause()
                    late = time.perf_counter() - saved > settings.save_seconds
                    if self.record and late:
                        self.save()
                        saved = time.perf_counter()
                        guard.pause()
                    if self._agreed(interrupts.asked):
                        raise KeyboardInterrupt
            self.meters.check(self.step)
            self._preview(progress, last=True)
        except KeyboardInterrupt:
            self._preview(progress, last=True)
            raise
        finally:
            progress.close()
            if self.record and self.step != self._saved_step and self._sound():
                self.save()
            if self.record:
                self.record.end()
        return self.run()

    def iterate(self) -> None:
        """One step: seed, fetch, play, average, count."""
        start = time.perf_counter()
        self._seed()
        batch = self.stream.batch(self.images)
        self._whole = False
        if self.settings.decay:
            self.players.slow(self.settings.rate(self.images))
        seen = play(self.game, batch, self.step, self.players, self.precision, self.processes)
        self.step += 1
        self.images += self.settings.batch
        self.averages.update(self.settings.batch, self.images)
        self.meters.add(seen)
        self._whole = True
        if self.step % self.settings.log_steps == 0:
            self.meters.check(self.step)
            self._log(self.meters.read())
        self.seconds += time.perf_counter() - start

    def _seed(self) -> None:
        """Everything random in this step comes from (seed, step, rank); the game's own draws from (seed, step)."""
        shared, own = (
            np.random.SeedSequence([self.settings.seed, self.step, rank]).generate_state(2, np.uint32).tolist()
            for rank in (0, self.processes.rank + 1)
        )
        self.shared.manual_seed(shared[0] << 32 | shared[1])
        torch.manual_seed(own[0] << 32 | own[1])
        np.random.seed(own[0])
        random.seed(own[1])

    def _share_done(self) -> float:
        return self.settings.progress_of(self.step, self.images, self.seconds)

    def _over(self) -> bool:
        over = self._share_done() >= 1
        return self._agreed(over) if self.settings.minutes else over

    def _agreed(self, flag: bool) -> bool:
        """Whether any process says so: clocks and signals differ. Asking stalls a GPU; every eighth step is enough."""
        if self.processes.world > 1 and self.step % 8:
            return False
        return self.processes.any(flag, self.device)

    def _due(self, every: int) -> bool:
        return self.images // every > (self.images - self.settings.batch) // every

    def _sound(self) -> bool:
        """Whether the state lies between two steps and all of it is finite."""
        return self._whole and self.meters.finite() and check_weights(self.game) is None

    def _progress(self) -> Progress:
        show = self.settings.progress if self.processes.main else "none"
        total, unit = (
            (self.settings.steps, "steps")
            if self.settings.steps
            else (self.settings.images, "images")
            if self.settings.images
            else ((self.settings.minutes or 0) * 60, "seconds")
        )
        return Progress(total, unit, self._amount(unit), show)

    def _amount(self, unit: str) -> float:
        return {"steps": self.step, "images": self.images, "seconds": self.seconds}[unit]

    def _done(self) -> tuple[float, float]:
        unit = "steps" if self.settings.steps else "images" if self.settings.images else "seconds"
        return self._amount(unit), self.images / max(self.seconds, 1e-9)

    @torch.no_grad()
    def _preview(self, progress: Progress, last: bool = False) -> None:
        if not self.processes.main:
            return
        with single_thread(), self.averages.in_place(self.game):
            images = self.game.preview(self.stream.batch(0)).cpu()
        if self.record:
            self.record.picture(images, self.step, self.game.preview_columns)
        progress.show(self.history, images, last, self.game.preview_columns)

    def _score(self) -> None:
        """Score the averaged game; keep it if it is the best so far."""
        if not self.processes.main or self.score is None:
            return
        with single_thread(), self.averages.in_place(self.game):
            values = {f"score/{name}": float(value) for name, value in self.score(self.game).items()}
        self._log(values)
        criterion = next(iter(values.values()))
        if self.best is None or criterion < self.best:
            self.best = criterion
            if self.record and self._sound():
                checkpoint.save(self.record.best, self.state())

    def _log(self, values: Mapping[str, Any]) -> None:
        entry = {"step": self.step, "images": self.images, "seconds": round(self.seconds, 2), **values}
        self.history.append(entry)
        if self.record:
            self.record.log(entry)

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "identity": self.identity,
            "session": self._session(),
            "step": self.step,
            "images": self.images,
            "seconds": self.seconds,
            "best": self.best,
            "game": self.game.state_dict(),
            "averages": self.averages.state_dict(),
            "meters": self.meters.state_dict(),
            **self.players.state_dict(),
        }

    def save(self) -> None:
        """Write last.pt; the checkpoint before it stays if anything is not finite.

        Raises:
            Diverged: something is not finite.
        """
        if not self.record:
            return
        self.meters.check(self.step)
        if broken := check_weights(self.game):
            raise self.meters.diverged(broken, self.step)
        checkpoint.save(self.record.last, self.state())
        self._saved_step = self.step

    def _session(self) -> dict[str, str]:
        """What may differ after a resume, at the price of exactness; a difference is logged."""
        return {
            "device": torch.cuda.get_device_name() if self.device.type == "cuda" else self.device.type,
            "precision": self.precision.name,
            "threads": str(self.threads),
            "processes": str(self.processes.world),
            "torch": str(torch.__version__),
            "decay": str(self.settings.decay),
        }

    def _resume(self) -> None:
        """Take over the folder's last checkpoint, if there is one."""
        last = self.folder / "last.pt" if self.folder else None
        changes: dict[str, str] = {}
        if last and last.exists():
            state = checkpoint.load(last)
            checkpoint.compare(state["identity"], self.identity, last.parent)
            try:
                self.game.load_state_dict(state["game"])
                self.averages.load_state_dict(state["averages"])
                self.players.load_state_dict(state)
            except (KeyError, RuntimeError, ValueError) as error:
                raise UserError(f"the checkpoint {last} does not fit: {checkpoint.first_line(error)}") from error
            self.meters.load_state_dict(state["meters"], self.device)
            self.step, self.images, self.seconds = state["step"], state["images"], state["seconds"]
            self.best, self._saved_step = state["best"], state["step"]
            # As many threads as before, or the last bits differ; unless somebody asks for another number.
            asked = self.settings.threads or os.environ.get("LABKIT_THREADS")
            if not asked and state["session"]["threads"].isdigit():
                self.threads = min(int(state["session"]["threads"]), cores())
            now = self._session()
            changes = {key: f"{old} → {now[key]}" for key, old in state["session"].items() if now[key] != old}
        self.processes.wait()
        if self.record:
            config = {
                "about": dict(self.about),
                "settings": self.settings.plain(),
                "session": self._session(),
                "identity": self.identity,
            }
            self.history = self.record.begin(config, self.step)
        if changes:
            self._log({"note": "resumed, no longer bit for bit: " + ", ".join(f"{k} {v}" for k, v in changes.items())})

    def run(self) -> Run:
        """What the caller gets."""
        return Run(self.game, self.averages, self.folder, self.history, self.step, self.images, self.seconds)


def _compile(game: Game) -> None:
    for network in game.children():
        network.compile()
