"""What each lab trains: model, data, and settings by scale. A new lab is one entry here; `labkit.recipes` runs it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from labkit.data.dataset import Dataset
from labkit.data.domains import opposite, two_domains
from labkit.errors import UserError, nearest
from labkit.faces import CHANNELS, VARIANTS
from labkit.models.cgan import ConditionalGAN
from labkit.models.cyclegan import CycleGAN
from labkit.models.dcgan import dcgan
from labkit.models.game import Game
from labkit.models.gan import GAN, mlp_gan
from labkit.models.pix2pix import Pix2Pix
from labkit.models.stylegan import StyleGAN
from labkit.nn.conditions import check_labels, condition
from labkit.training import Adam

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
        fields: from the options to the fields of the built-in faces that it trains on, beside the picture.
        arrange: from the data and the options to what it trains on.
    """

    name: str
    title: str
    build: Callable[..., Game]
    data: tuple[str, ...]
    scales: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    fields: Callable[[Mapping[str, Any]], tuple[str, ...]] = field(default=lambda options: (), repr=False)
    arrange: Callable[[Dataset, Mapping[str, Any]], Dataset] = field(default=lambda data, options: data, repr=False)

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


def _unlabelled(make: Callable[..., Game]) -> Callable[..., Game]:
    """Builds a game that has no use for classes."""

    def build(image_shape: tuple[int, int, int], classes: int, **options: Any) -> Game:
        return make(image_shape, **options)

    return build


def _cgan(image_shape: tuple[int, int, int], classes: int, **options: Any) -> Game:
    if not classes:
        raise UserError("the lab 'cgan' needs labels: a data set with classes, or a folder with a sub-folder for each")
    return ConditionalGAN(image_shape, classes=classes, **options)


def _cyclegan(image_shape: tuple[int, int, int], classes: int, other: str = "cartoon", **options: Any) -> Game:
    """`other` says what the second domain is: see `labkit.data.domains.two_domains`."""
    return CycleGAN(image_shape, **options)


def _pix2pix(image_shape: tuple[int, int, int], classes: int, target: str = "image", **options: Any) -> Game:
    """`target` says what G draws: the picture, or another field of pictures; see `_pairs`."""
    return Pix2Pix(image_shape, **options)


def _pair_fields(options: Mapping[str, Any]) -> tuple[str, ...]:
    wanted = (condition(options.get("source", "labels")).field, options.get("target", "image"))
    return tuple(field for field in wanted if field not in ("image", "paired"))


def _pairs(data: Dataset, options: Mapping[str, Any]) -> Dataset:
    """What G draws as `image`. Where that is another field than the picture, the picture is what it is shown: `paired`.

    Raises:
        UserError: labels that are no class; a target that the data lacks, or a source that the picture is not.
    """
    source, target = options.get("source", "labels"), options.get("target", "image")
    if "labels" in data.fields and condition(source).field == "labels":
        check_labels(data.fields["labels"])
    if target == "image":
        return data
    if target not in data.fields:
        raise UserError(nearest(target, data.fields, f"field of {data.name}"))
    if source != "paired":
        raise UserError(f"what draws {target!r} is shown the picture: give the option source=paired")
    drawn, picture = data.fields[target], data.fields["image"]
    if drawn.ndim != 4 or drawn.shape[1:3] != picture.shape[1:3]:
        raise UserError(f"{target!r} is no picture of the size of 'image'")
    asked = f"{data.drawn} target={target}" if data.drawn else ""
    return replace(data, fields={**data.fields, "image": drawn, "paired": picture}, drawn=asked)


def _other_fields(options: Mapping[str, Any]) -> tuple[str, ...]:
    other = options.get("other", "cartoon")
    if other in VARIANTS:
        return (opposite(other), other)
    return (other,) if other in CHANNELS else ()


def _lazy(lr: float, every: int) -> Adam:
    """Adam for a player whose penalty comes once in `every` steps and weighs `every` times as much.

    Karras et al. 2020, appendix B: with c = every / (every + 1) its rate is c·lr and its β₂ is 0.99ᶜ.
    """
    c = every / (every + 1)
    return Adam(lr=lr * c, betas=(0.0, 0.99**c))


def _styles(**options: Any) -> dict[str, Any]:
    """StyleGAN2 for 64 px on one device: short vectors, few maps, no path-length penalty, and a D that costs little.

    With the residual D of the paper a step takes 1.6 times as long and, at this width, faces are worse after as many
    images. Pictures start at a quarter of the paper's size, near that of the data: otherwise g first learns to make its
    maps small. Each channel has its own strength of the noise, as in StyleGAN: with one for all, a layer that wants
    grain in some maps has it in all, and the last layer's are dark specks.
    """
    short = {"latent_dim": 128, "style_dim": 128, "mapping_layers": 2, "mixing": 0.5, "path_length": 0.0, "r1": 1.0}
    return {**short, "critic": "strided", "picture_gain": 0.25, "channel_noise": True, **options}


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


# Found by sweeps on built-in faces. G at the paper's 2e-3 and up to 1.2e-2: so few images want larger steps. D from
# 1e-3, which is slower to learn, to 4e-3, which goes astray.
_STYLES = {"generator": Adam(lr=6e-3, betas=(0.0, 0.99)), "discriminator": Adam(lr=2e-3, betas=(0.5, 0.99))}

LABS: dict[str, Lab] = {
    lab.name: lab
    for lab in (
        Lab(
            "gan",
            "a GAN of multilayer perceptrons (Goodfellow et al. 2014)",
            _unlabelled(mlp_gan),
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
            _unlabelled(dcgan),
            _DIGITS,
            _scales(**_convolutional(), optimizers=_FAST),
            _options_of(dcgan, GAN),
        ),
        Lab(
            "dcgan-faces",
            "a DCGAN that draws faces (Radford et al. 2016)",
            _unlabelled(dcgan),
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
            "stylegan",
            "a StyleGAN2 that draws faces (Karras et al. 2020)",
            _unlabelled(StyleGAN),
            ("faces",),
            {
                "smoke": (
                    _styles(latent_dim=32, style_dim=32, base=256, most=16),
                    {"steps": 8, "batch": 16, "previews": 2, "log_steps": 4, "optimizers": _STYLES},
                ),
                "cpu": (
                    _styles(base=1024, most=128),
                    {"minutes": 10.0, "batch": 16, "optimizers": _STYLES},
                ),
                "gpu": (
                    _styles(base=1024, most=128),
                    {
                        "images": 600_000,
                        "batch": 16,
                        "optimizers": _STYLES,
                        "average_images": 50_000,
                        "decay": (300_000, 600_000),  # large steps first, then small ones
                    },
                ),
                # Karras et al. 2020, tables of appendix B, at the data's own size.
                "paper": (
                    {},
                    {
                        "images": 25_000_000,
                        "batch": 32,
                        "average_images": 10_000,
                        "optimizers": {"generator": _lazy(2e-3, 4), "discriminator": _lazy(2e-3, 16)},
                    },
                ),
            },
            _options_of(StyleGAN),
        ),
        Lab(
            "pix2pix",
            "a translator on pairs, by default from label maps to faces (Isola et al. 2017)",
            _pix2pix,
            ("faces",),
            {
                "smoke": (
                    {"width": 8, "critic_width": 8, "patch": 1},
                    {"steps": 8, "batch": 8, "previews": 2, "log_steps": 4},
                ),
                "cpu": (
                    {"width": 32, "critic_width": 32, "patch": 2},
                    {"minutes": 8.0, "batch": 16, "optimizers": Adam(5e-4)},
                ),
                "gpu": (
                    {"width": 64, "critic_width": 64, "patch": 2},
                    {"images": 1_000_000, "batch": 16, "optimizers": Adam(5e-4), "decay": (500_000, 1_000_000)},
                ),
                "paper": ({}, {"images": 80_000, "batch": 1, "flip": True, "decay": (40_000, 80_000)}),
            },
            _options_of(_pix2pix, Pix2Pix),
            _pair_fields,
            _pairs,
        ),
        Lab(
            "cyclegan",
            "two translators without pairs, by default between faces and cartoons (Zhu et al. 2017)",
            _cyclegan,
            ("faces",),
            {
                "smoke": (
                    {"width": 8, "blocks": 1, "critic_width": 8, "patch": 1, "pool": 8},
                    {"steps": 4, "batch": 2, "previews": 2, "log_steps": 2},
                ),
                # Half of the paper's weight for the GAN: nearer to the true cartoons after as many images.
                "cpu": (
                    {"width": 16, "blocks": 4, "critic_width": 32, "patch": 2, "adversarial": 1.0},
                    {
                        "minutes": 10.0,
                        "batch": 4,
                        "optimizers": Adam(5e-4),
                        "average_images": 5_000,
                        "channels_last": False,  # a fifth faster: instance norm and mirrored edges want NCHW on a CPU
                    },
                ),
                "gpu": (
                    {"width": 32, "blocks": 6, "critic_width": 64, "patch": 2, "adversarial": 1.0},
                    {"images": 400_000, "batch": 4, "optimizers": Adam(5e-4), "decay": (200_000, 400_000)},
                ),
                "paper": ({}, {"images": 240_000, "batch": 1, "flip": True, "decay": (120_000, 240_000)}),
            },
            _options_of(_cyclegan, CycleGAN),
            _other_fields,
            lambda data, options: two_domains(data, options.get("other", "cartoon")),
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
            _unlabelled(dcgan),
            _DIGITS,
            _scales(**_convolutional(**_WASSERSTEIN), optimizers=_CRITIC),
            _options_of(dcgan, GAN),
        ),
    )
}
