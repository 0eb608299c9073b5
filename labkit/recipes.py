"""Lab → model + data + settings, for each scale. What `labkit train`, `sample` and `evaluate` and the notebooks run."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from labkit import data as datasets
from labkit import weights
from labkit.errors import UserError, nearest
from labkit.labs import LABS, SCALES, Lab
from labkit.models.game import Game
from labkit.pictures import to_uint8
from labkit.threads import single_thread
from labkit.training import Run, load, train
from labkit.training.precision import choose_device

if TYPE_CHECKING:
    from labkit.metrics import Score
    from labkit.metrics.translation import Translation


def choose_scale() -> str:
    """`LABKIT_SCALE` if it is set, else `gpu` on a machine with an accelerator and `cpu` elsewhere.

    Raises:
        UserError: `LABKIT_SCALE` is no scale, with the nearest names.
    """
    wanted = os.environ.get("LABKIT_SCALE", "")
    if wanted:
        return _known_scale(wanted)
    return "cpu" if choose_device().type == "cpu" else "gpu"


def _known_scale(scale: str) -> str:
    if scale not in SCALES:
        raise UserError(nearest(scale, SCALES, "scale"))
    return scale


def find_lab(name: str) -> Lab:
    """A lab by name.

    Raises:
        UserError: unknown, with the nearest names.
    """
    if name not in LABS:
        raise UserError(nearest(name, LABS, "lab"))
    return LABS[name]


def settings_for(
    lab: str, scale: str | None = None, change: Mapping[str, Any] | None = None, **overrides: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model's options and `train`'s settings, by lab and scale; `steps`, `images`, `minutes` replace the length.

    Args:
        lab: a key of `LABS`.
        scale: one of `SCALES`; by the machine where not given.
        change: options of the model that replace the recipe's.
        overrides: settings of `train` that replace the recipe's.

    Raises:
        UserError: an unknown lab, scale or option, with the nearest names.
    """
    options, settings = find_lab(lab).scales[_known_scale(scale) if scale else choose_scale()]
    find_lab(lab).check(change or {})
    overrides = {name: value for name, value in overrides.items() if value is not None}
    if overrides.keys() & {"steps", "images", "minutes"}:
        settings = {name: value for name, value in settings.items() if name not in ("steps", "images", "minutes")}
    return {**options, **(change or {})}, {**settings, **overrides}


def open_data(
    lab: str,
    name: str | None = None,
    scale: str | None = None,
    change: Mapping[str, Any] | None = None,
    split: str = "train",
) -> datasets.Dataset:
    """The named data set or folder, or the first of the lab's own that can be had, with what the lab trains on.

    The built-in faces are drawn when they are first used, which takes a minute; at scale `smoke` only a few are.

    Args:
        lab: a key of `LABS`.
        name: of a data set, or a folder.
        scale: one of `SCALES`.
        change: options of the model that replace the recipe's, such as {"source": "drawing"}.
        split: of the data.

    Raises:
        UserError: no such data set, or one that lacks what the lab asks for.
    """
    found, options = find_lab(lab), settings_for(lab, scale, change)[0]
    ask: dict[str, Any] = {"split": split}
    if (name or found.data[0]) in datasets.FACES:
        ask |= {"count": 512} if (scale or choose_scale()) == "smoke" else {}
        ask |= {"fields": fields} if (fields := found.fields(options)) else {}
    elif options.get("source") == "paired" and Path(str(name)).expanduser().is_dir():
        ask["fields"] = ("image", "paired")
    whole = datasets.open(name, **ask) if name else datasets.open_first(*found.data, **ask)
    return found.arrange(whole, options)


def build(lab: str, image_shape: tuple[int, int, int], classes: int, options: Mapping[str, Any], seed: int = 0) -> Game:
    """A lab's game with weights drawn from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return find_lab(lab).build(tuple(image_shape), classes, **options)


def train_lab(
    lab: str,
    *,
    data: str | datasets.Dataset | None = None,
    scale: str | None = None,
    seed: int = 0,
    run: str | Path | None = None,
    score: bool = False,
    change: Mapping[str, Any] | None = None,
    **overrides: Any,
) -> Run:
    """Train a lab by its recipe.

    Args:
        lab: a key of `LABS`.
        data: a data set, its name, or a folder; the lab's own where not given.
        scale: one of `SCALES`; by the machine where not given.
        seed: of weights, stream and draws.
        run: the run folder, where training also resumes from; None writes nothing.
        score: score the samples while training and keep the best checkpoint beside the last.
        change: options of the model that replace the recipe's, such as {"loss": "hinge"}.
        overrides: settings of `train` that replace the recipe's; None leaves the recipe's own.

    Raises:
        UserError: as `train`; also an unknown lab, scale, option or data set.
    """
    options, settings = settings_for(lab, scale, change, **overrides)
    dataset = data if isinstance(data, datasets.Dataset) else open_data(lab, data, scale, change)
    game = build(lab, dataset.image_shape, len(dataset.classes), options, seed)
    about = {
        "lab": lab,
        "scale": scale or choose_scale(),
        "data": dataset.name,
        "image_shape": dataset.image_shape,
        "classes": len(dataset.classes),
        "options": options,
    }
    live = _live_score(dataset) if score else None
    return train(game, dataset, run=run, seed=seed, about=about, score=live, **settings)


def _live_score(dataset: datasets.Dataset) -> Callable[[Game], dict[str, float]]:
    from labkit.metrics import quick_score

    return lambda game: quick_score(game.sample, dataset)


def shipped() -> list[str]:
    """Names of the games whose trained networks come with labkit: of a lab, or of what a translator does."""
    return [name for name in weights.names() if "lab" in weights.card(name)]


def load_game(source: str | Path, *, best: bool = False) -> tuple[Game, dict[str, Any]]:
    """A trained game and what is known about it.

    Args:
        source: a run folder, or the name of a checkpoint that ships with labkit: see `shipped`.
        best: for a run: the checkpoint with the best score instead of the last.

    Returns:
        The game in eval mode with averaged weights, and its config or card.

    Raises:
        UserError: neither a run nor a lab with a shipped checkpoint; a damaged checkpoint.
    """
    config = Path(source) / "config.json"
    if config.is_file():
        about = json.loads(config.read_text())["about"]
        if "lab" not in about:
            raise UserError(f"{source} was trained from a notebook's own game: load it with labkit.training.load")
        game = build(about["lab"], about["image_shape"], about["classes"], about["options"])
        return _fast(load(source, game, best=best)), about
    if Path(source).is_dir():
        raise UserError(f"{source} is not a run folder: it has no config.json")
    if source not in shipped():
        if source in LABS:
            raise UserError(f"no checkpoint of {source!r} ships with labkit; train one with: labkit train {source}")
        raise UserError(nearest(str(source), {**LABS, **dict.fromkeys(shipped())}, "lab or checkpoint"))
    tensors, card = weights.load(str(source))
    game = build(card["lab"], card["image_shape"], card["classes"], card["options"])
    for name in game.averaged:
        own = {key.removeprefix(f"{name}."): value.float() for key, value in tensors.items() if key.startswith(name)}
        game.get_submodule(name).load_state_dict(own)
    return _fast(game.eval()), card


def _fast(game: Game) -> Game:
    """Channels innermost, as in training: on a CPU a StyleGAN draws twice as fast, and nothing draws slower."""
    return game.to(memory_format=torch.channels_last)


def sample_images(source: str | Path, n: int = 64, seed: int = 0) -> Tensor:
    """Images of a run or of a shipped checkpoint, uint8 (n, C, H, W), the same for the same seed."""
    game, _ = load_game(source)
    with single_thread():
        return to_uint8(game.sample(n, generator=torch.Generator().manual_seed(seed)))


def evaluate(source: str | Path, *, n: int = 10_000, data: str | None = None, seed: int = 0) -> "Score | Translation":
    """Score a run or a shipped checkpoint: samples by `evaluate_samples`, translations by `labkit.evaluation`.

    Raises:
        UserError: as `evaluate_samples`; a translator on pictures whose truth nobody knows.
    """
    from labkit.evaluation import evaluate_translator, is_translator

    game, about = load_game(source)
    if is_translator(game):
        return evaluate_translator(game, about, n, data)
    return evaluate_samples(source, n=n, data=data, seed=seed)


def evaluate_samples(source: str | Path, *, n: int = 10_000, data: str | None = None, seed: int = 0) -> "Score":
    """Score n samples of a run or of a shipped checkpoint against a data set, by default the one it was trained on.

    Digits are compared with the training split, as FID usually is; built-in faces with faces that training never saw.

    Raises:
        UserError: as `load_game` and `labkit.metrics.score`: photographs in colour have no network that scores them.
    """
    from labkit.metrics import score

    game, about = load_game(source)
    name = data or about["data"]
    if name in datasets.FACES:
        real = datasets.open(name, size=game.image_shape[1], split="test", count=2 * n, fields=["image"])
    else:
        real = datasets.open(name, channels=game.image_shape[0])
    return score(game.sample, real, n=n, seed=seed)
