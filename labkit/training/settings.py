"""How a game is trained: everything but the game, the data and the folder."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from labkit.errors import UserError
from labkit.models.game import Game
from labkit.training.play import Adam


@dataclass(frozen=True)
class Settings:
    """What `train` takes beside the game and the data. The first three end the run; at least one is needed.

    Attributes:
        steps: iterations in all.
        images: images in all.
        minutes: minutes of training in all, those before a resume counted in.
        batch: images an iteration, over all processes.
        seed: of the stream and of everything drawn.
        flip: mirror half of the images.
        optimizers: one `Adam`, or one for each player.
        average_images: half-life of the weights' average, in images.
        decay: images at which all learning rates begin to fall in a straight line, and those at which they are 0.
        precision: `auto`, `float32`, `bf16` or `fp16`.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        threads: CPU threads; None chooses by what is free.
        compile: `torch.compile` the networks. Measured by `labkit bench`; off unless it helps.
        channels_last: lay images out with channels innermost, as fast convolutions want them.
        fused: Adam in one kernel.
        log_steps: iterations between two lines of the log.
        score_images: images between two scores.
        previews: pictures of the samples over the run.
        save_seconds: between two checkpoints.
        progress: `auto`, or `none`.
        rehearse: play one iteration on a copy first, to catch mistakes.
    """

    steps: int | None = None
    images: int | None = None
    minutes: float | None = None
    batch: int = 64
    seed: int = 0
    flip: bool = False
    optimizers: Adam | Mapping[str, Adam] = field(default_factory=Adam)
    average_images: float = 20_000
    decay: tuple[float, float] | None = None
    precision: str = "auto"
    device: str = "auto"
    threads: int | None = None
    compile: bool = False
    channels_last: bool = True
    fused: bool = True
    log_steps: int = 25
    score_images: int = 20_000
    previews: int = 40
    save_seconds: float = 30.0
    progress: str = "auto"
    rehearse: bool = True

    def __post_init__(self) -> None:
        ends = (self.steps, self.images, self.minutes)
        if all(end is None for end in ends):
            raise UserError("say when to stop: steps=…, images=… or minutes=…")
        if any(end is not None and end <= 0 for end in ends) or self.batch < 1:
            raise UserError("steps, images, minutes and batch must be positive")
        if self.decay and not 0 <= self.decay[0] < self.decay[1]:
            raise UserError(f"decay=(from, to) counts images, from before to: {self.decay} does not")

    def identity(self, game: Game, data) -> dict[str, str]:
        """What a resumed run must share with the one before; compared by `checkpoint.compare`."""
        weights = {name: tuple(tensor.shape) for name, tensor in game.state_dict().items()}
        identity = {
            "model": repr(game),
            "weights": "\n".join(f"{name} {shape}" for name, shape in weights.items()),
            "data": f"{data.name} {data.split} {data.image_shape} {data.fingerprint}, flip={self.flip}",
            "batch": str(self.batch),
            "seed": str(self.seed),
            "optimizers": repr(self.optimizers) + f"\nfused={self.fused}",
            "average": f"half-life of {self.average_images:g} images",
        }
        # A game from a notebook or a script is what its `turns` says; our own change with the version of labkit alone.
        if not type(game).__module__.startswith("labkit."):
            identity["turns"] = _source(type(game).turns)
        return identity

    def progress_of(self, step: int, images: int, seconds: float) -> float:
        """How much of the run is done, in [0, 1] or beyond: the nearest of the ends that are set."""
        shares = [
            done / end
            for done, end in ((step, self.steps), (images, self.images), (seconds, (self.minutes or 0) * 60))
            if end
        ]
        return max(shares)

    def rate(self, images: int) -> float:
        """What all learning rates are multiplied by after so many images; minutes play no part."""
        if not self.decay:
            return 1.0
        start, end = self.decay
        return min(1.0, max(0.0, (end - images) / (end - start)))

    def plain(self) -> dict:
        """As JSON takes it."""
        return asdict(self)


def _source(function: Callable) -> str:
    try:
        return inspect.getsource(function)
    except OSError:  # typed at a prompt
        return getattr(function, "__qualname__", repr(type(function)))
