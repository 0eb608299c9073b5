"""Lab → model + data + settings, for each scale. What `labkit train`, `sample` and `evaluate` and the notebooks run."""

import inspect
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from labkit import data as datasets
from labkit import weights
from labkit.errors import UserError, nearest
from labkit.models.cgan import ConditionalGAN
from labkit.models.dcgan import dcgan
from labkit.models.game import Game
from labkit.models.gan import GAN, mlp_gan
from labkit.pictures import to_uint8
from labkit.threads import single_thread
from labkit.training import Adam, Run, load, train
from labkit.training.precision import choose_device

if TYPE_CHECKING:
    from labkit.metrics import Score

SCALES = ("smoke", "cpu", "gpu", "paper")


@dataclass(frozen=True)
class Lab:
    """What a lab trains.

    Attributes:
        name: its model's name.
        title: one line.
        build: from the images' shape, the number of classes and the model's options to a game.
        data: data sets to take, the first that can be had.
        scales: for each scale the model's options and the settings of `train`.
        options: all that the model can be asked for, such as its loss, by name with the default.
    """

    name: str
    title: str
    build: Callable[..., Game]
    data: tuple[str, ...]
    scales: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def check(self, options: Mapping[str, Any]) -> None:
        """Refuse options that the model does not have.

        Raises:
            UserError: an unknown name, with the nearest ones; a value of another kind than the default.
        """
        for name, value in options.items():
            if name not in self.options:
                raise UserError(nearest(name, self.options, f"option of {self.name!r}"))
            wanted, given = (_kind(one) for one in (self.options[name], value))
            if wanted != given:
                raise UserError(f"the option {name} must be a {wanted}, such as {self.options[name]!r}, not {value!r}")


def _gan(image_shape: tuple[int, int, int], classes: int, **options: Any) -> Game:
    return mlp_gan(image_shape, **options)


def _dcgan(image_shape: tuple[int, int, int], classes: int, **options: Any) -> Game:
    return dcgan(image_shape, **options)


def _cgan(image_shape: tuple[int, int, int], classes: int, **options: Any) -> Game:
    if not classes:
        raise UserError("the lab 'cgan' needs labels: a data set with classes, or a folder with a sub-folder for each")
    return ConditionalGAN(image_shape, classes=classes, **options)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth value"
    return "number" if isinstance(value, int | float) else "word" if isinstance(value, str) else "list"


def _options_of(*makers: Callable) -> dict[str, Any]:
    """What can be chosen when a model is made: arguments that have a default, with it."""
    found = (argument for maker in makers for argument in inspect.signature(maker).parameters.values())
    given = ("image_shape", "classes")  # by the data
    return {one.name: one.default for one in found if one.default is not one.empty and one.name not in given}


_DIGITS = ("mnist", "digits")
_WASSERSTEIN = {"loss": "wasserstein", "critic_steps": 5, "gradient_penalty": 10.0, "critic_norm": False}
# Found by a sweep on MNIST: five times the usual rate, and a second moment that forgets sooner, learn most a minute.
_FAST = Adam(lr=1e-3, betas=(0.5, 0.99))
# Gulrajani et al. 2017, algorithm 1, has 1e-4 and (0, 0.9), for networks a hundred times larger.
_CRITIC = Adam(lr=1e-3, betas=(0.0, 0.99))
_MINUTES = 4.0  # of training at scale `cpu`: what a student waits for on two cores


def _scales(smoke: dict, cpu: dict, gpu: dict, paper: dict, **common: Any) -> dict[str, tuple[dict, dict]]:
    """Model options by scale, with the lengths that all labs on digits share."""
    return {
        "smoke": (smoke, {"steps": 12, "batch": 32, "previews": 3, "log_steps": 4, **common}),
        "cpu": (cpu, {"minutes": _MINUTES, "batch": 64, **common}),
        "gpu": (gpu, {"images": 3_000_000, "batch": 128, "average_images": 50_000, **common}),
        "paper": (paper, {"images": 6_000_000, "batch": 128, "average_images": 50_000, **common}),
    }


def _convolutional(**options: Any) -> dict[str, dict]:
    widths = {"smoke": 8, "cpu": 32, "gpu": 64, "paper": 128}
    return {scale: {"latent_dim": 64, "width": width, **options} for scale, width in widths.items()}


LABS: dict[str, Lab] = {
    lab.name: lab
    for lab in (
        Lab(
            "gan",
            "a GAN of multilayer perceptrons (Goodfellow et al. 2014)",
            _gan,
            _DIGITS,
            _scales(
                smoke={"width": 32},
                cpu={"width": 64},
                gpu={"width": 128},
                paper={"width": 512, "latent_dim": 100},
                optimizers=_FAST,
            ),
            _options_of(mlp_gan, GAN),
        ),
        Lab(
            "dcgan",
            "a GAN of strided convolutions (Radford et al. 2016)",
            _dcgan,
            _DIGITS,
            _scales(**_convolutional(), optimizers=_FAST),
            _options_of(dcgan, GAN),
        ),
        Lab(
            "dcgan-faces",
            "a DCGAN that draws faces (Radford et al. 2016)",
            _dcgan,
            ("faces",),
            {
                "smoke": ({"latent_dim": 100, "width": 8}, {"steps": 12, "batch": 32, "previews": 3, "log_steps": 4}),
                "cpu": ({"latent_dim": 100, "width": 32}, {"minutes": 10.0, "batch": 64, "optimizers": _FAST}),
                # R1 in place of D's batch norm: a lower FD-faces after as many minutes, and steady for hours.
                "gpu": (
                    {"latent_dim": 100, "width": 64, "r1": 1.0, "critic_norm": False},
                    {"images": 3_000_000, "batch": 64, "optimizers": _FAST, "average_images": 50_000},
                ),
                # Section 4 of the paper, whose generator begins with 1,024 maps of 4 x 4.
                "paper": (
                    {"latent_dim": 100, "width": 128},
                    {"images": 6_000_000, "batch": 128, "optimizers": Adam(lr=2e-4, betas=(0.5, 0.999))},
                ),
            },
            _options_of(dcgan, GAN),
        ),
        Lab(
            "cgan",
            "a conditional GAN that draws the class it is asked for (Mirza & Osindero 2014)",
            _cgan,
            _DIGITS,
            _scales(**_convolutional(), optimizers=_FAST),
            _options_of(ConditionalGAN, GAN),
        ),
        Lab(
            "wgan",
            "a Wasserstein GAN with gradient penalty (Gulrajani et al. 2017)",
            _dcgan,
            _DIGITS,
            _scales(**_convolutional(**_WASSERSTEIN), optimizers=_CRITIC),
            _options_of(dcgan, GAN),
        ),
    )
}


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


def open_data(lab: str, name: str | None = None, scale: str | None = None) -> datasets.Dataset:
    """The named data set or folder, or the first of the lab's own that can be had.

    The built-in faces are drawn when they are first used, which takes a minute; at scale `smoke` only a few are.
    """
    first = name or find_lab(lab).data[0]
    few: dict[str, Any] = {"count": 512} if first in datasets.FACES and (scale or choose_scale()) == "smoke" else {}
    return datasets.open(name, **few) if name else datasets.open_first(*find_lab(lab).data, **few)


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
    dataset = data if isinstance(data, datasets.Dataset) else open_data(lab, data, scale)
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


def load_game(source: str | Path, *, best: bool = False) -> tuple[Game, dict[str, Any]]:
    """A trained game and what is known about it.

    Args:
        source: a run folder, or a lab's name for the checkpoint that ships with labkit.
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
        return load(source, game, best=best), about
    if Path(source).is_dir():
        raise UserError(f"{source} is not a run folder: it has no config.json")
    find_lab(str(source))
    if source not in weights.names():
        raise UserError(f"no checkpoint of {source!r} ships with labkit; train one with: labkit train {source}")
    tensors, card = weights.load(str(source))
    game = build(card["lab"], card["image_shape"], card["classes"], card["options"])
    for name in game.averaged:
        own = {key.removeprefix(f"{name}."): value.float() for key, value in tensors.items() if key.startswith(name)}
        game.get_submodule(name).load_state_dict(own)
    return game.eval(), card


def sample_images(source: str | Path, n: int = 64, seed: int = 0) -> Tensor:
    """Images of a run or of a shipped checkpoint, uint8 (n, C, H, W), the same for the same seed."""
    game, _ = load_game(source)
    with single_thread():
        return to_uint8(game.sample(n, generator=torch.Generator().manual_seed(seed)))


def evaluate(source: str | Path, *, n: int = 10_000, data: str | None = None, seed: int = 0) -> "Score":
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
