"""How DCGAN's weights begin (Radford et al. 2016, section 4), judged on a small network."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, translate
from labkit.nn.initial import normal_weights as initialise

BEFORE = 3.0  # what every convolution's weights are before: nothing that could pass for drawn
CONVOLUTIONS = {"up": "transposed-missed", "up_again": "transposed-missed", "inner.down": "plain-missed"}


def _network() -> nn.Module:
    """Layers to be initialised; it is never run, so they need not fit each other."""
    network = nn.Sequential()
    network.add_module("up", nn.ConvTranspose2d(24, 40, 4, 2, 1, bias=False))
    network.add_module("up_again", nn.ConvTranspose2d(24, 40, 4, 2, 1, bias=False))
    network.add_module("norm", nn.BatchNorm2d(4096))
    inner = nn.Sequential()
    inner.add_module("down", nn.Conv2d(24, 40, 4, 2, 1, bias=False))
    inner.add_module("norm", nn.BatchNorm2d(4096))
    inner.add_module("leaky", nn.LeakyReLU(0.2))
    network.add_module("inner", inner)
    network.add_module("linear", nn.Linear(20, 20))
    for name in CONVOLUTIONS:
        nn.init.constant_(network.get_submodule(name).weight, BEFORE)  # type: ignore[arg-type]
    return network


def judge_initialise(function: Callable) -> None:
    """Apply it to every module of a network, as `game.apply` does, and look at the weights."""
    network = _network()
    linear = network.get_submodule("linear").weight.detach().clone()  # type: ignore[operator]
    _apply(function, network)
    weights = {name: _weight(network, name, (24, 40, 4, 4)) for name in ("up", "up_again")}
    weights["inner.down"] = _weight(network, "inner.down", (40, 24, 4, 4))
    scales = {name: _weight(network, name, (4096,)) for name in ("norm", "inner.norm")}
    same = [bool((weight == BEFORE).all()) for weight in weights.values()]
    if all(same) and all(bool((scale == 1).all()) for scale in scales.values()):
        raise Wrong(
            "nothing",
            "after your function all weights are as they were.",
            "Write into the module: `nn.init.normal_(module.weight, mean, std)`. `torch.randn(…)` makes a new tensor.",
        )
    for name, weight in weights.items():
        _judge_convolution(name, weight)
    if torch.equal(weights["up"], weights["up_again"]):
        raise Wrong("same-numbers", "two layers got the very same random numbers.", "No `torch.manual_seed` in here.")
    for name, scale in scales.items():
        _judge_scale(scale, _shift(network, name))
    if not torch.equal(linear, network.get_submodule("linear").weight.detach()):  # type: ignore[operator]
        raise Wrong(
            "touches-others",
            "your function also changes a linear layer, and the task says that all else stays as it is.",
            "Ask what a module is: `isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))`, `isinstance(module, "
            "nn.BatchNorm2d)`.",
        )


def _apply(function: Callable, network: nn.Module) -> None:
    try:
        network.apply(function)
    except (Exception, SystemExit) as error:
        text = str(error)
        if "in-place operation" in text and "requires grad" in text:
            raise Wrong(
                "leaf",
                "PyTorch does not let you write into a weight while it records for gradients.",
                "`nn.init.normal_(…)` takes care of that itself; so does `with torch.no_grad():`.",
            ) from None
        raised = translate(error, function)
        if not isinstance(raised, Raised):
            raise raised from None
        if isinstance(error, AttributeError) and ("has no attribute" in text or "NoneType" in text):
            raise Wrong(
                "asks-nobody",
                f"{raised.sentence}.",
                "`apply` also comes by with activations and with the `Sequential` itself, which have no weights: first "
                "ask which kind of module it is.",
            ) from None
        if isinstance(error, TypeError) and "positional argument" in text:
            raise Wrong(
                "signature", f"{raised.sentence}.", "`apply` calls your function with one module: `initialise(module)`."
            ) from None
        raise raised from None


def _weight(network: nn.Module, name: str, shape: tuple[int, ...]) -> Tensor:
    weight = network.get_submodule(name).weight
    if not isinstance(weight, Tensor) or weight.shape != shape:
        raise Wrong(
            "shape",
            f"a weight of the shape {shape} is no tensor of that shape any more.",
            "Fill the weights that are there; their shape is the layer's own.",
        )
    if not isinstance(weight, nn.Parameter) or not weight.requires_grad:
        raise Wrong(
            "frozen",
            "a weight does not ask for a gradient any more: it would never learn.",
            "Write into `module.weight`; put no other tensor in its place.",
        )
    return weight.detach()


def _shift(network: nn.Module, name: str) -> Tensor:
    return network.get_submodule(name).bias.detach()  # type: ignore[operator,union-attr]


def _judge_convolution(name: str, weight: Tensor) -> None:
    mean, std = float(weight.mean()), float(weight.std())
    kind = "transposed convolutions" if name.startswith("up") else "plain convolutions"
    if (weight == BEFORE).all():
        other = "`nn.ConvTranspose2d`, which is no `nn.Conv2d`" if kind[0] == "t" else "`nn.Conv2d`: D has these"
        raise Wrong(CONVOLUTIONS[name], f"your function leaves {kind} as they were.", f"There is also {other}.")
    if not weight.isfinite().all():
        raise Wrong("not-finite", f"the weights of {kind} are not finite.", "Two arguments: mean 0, std 0.02.")
    if abs(mean - BEFORE) < 0.1:
        raise Wrong(
            "added",
            "you add random numbers to the weights that were there.",
            "Replace them: `nn.init.normal_` fills a tensor anew.",
        )
    if std == 0:
        raise Wrong(
            "constant",
            f"all weights of a layer are {mean:.3g}: all its channels would do, and learn, the same.",
            "Random numbers make them different: N(0, 0.02²).",
        )
    if abs(mean) > 3e-3 * max(1.0, std / 0.02):
        raise Wrong("mean", f"the weights of {kind} have the mean {mean:.3g}.", "Theirs is 0; the norm's scale has 1.")
    for value, mistake, hint in (
        (0.0004, "variance", "0.02² = 0.0004 is the variance. `normal_` takes the standard deviation: 0.02."),
        (0.1414, "root", "N(0, 0.02²) has the *standard deviation* 0.02: no root is needed."),
        (1.0, "standard", "`torch.randn` has the standard deviation 1: multiply by 0.02."),
        (0.02 / 3**0.5, "uniform", "U(−0.02, 0.02) has no tails. The paper draws from the normal distribution."),
    ):
        if abs(std - value) < 0.05 * value:
            raise Wrong(mistake, f"the weights of {kind} have the standard deviation {std:.4f}.", hint)
    if abs(std - 0.02) > 0.05 * 0.02:
        raise Wrong(
            "std",
            f"the weights of {kind} have the standard deviation {std:.4f}, and 0.02 is asked for.",
            "The same for every layer, whatever its size: `nn.init.normal_(module.weight, 0.0, 0.02)`.",
        )
    if float((weight / std).pow(4).mean()) < 2.6:
        raise Wrong(
            "not-normal",
            "the spread of the weights is right, but they are not normal: there are no tails.",
            "`nn.init.normal_`, not `uniform_`.",
        )


def _judge_scale(scale: Tensor, shift: Tensor) -> None:
    mean, std = float(scale.mean()), float(scale.std())
    if (scale == 1).all():
        raise Wrong(
            "norm-missed",
            "your function leaves the scale of batch norms at exactly 1.",
            "Theirs is drawn too: N(1, 0.02²). `isinstance(module, nn.BatchNorm2d)`.",
        )
    if abs(mean) < 0.01 and std < 0.1:
        raise Wrong(
            "norm-zero",
            "the scale of batch norms lies around 0: every map is multiplied by almost nothing.",
            "A scale's neutral value is 1: N(1, 0.02²). Only convolutions have the mean 0.",
        )
    if abs(mean) < 0.1 and abs(std - 1) < 0.1:
        raise Wrong(
            "swapped", "the scale of batch norms has mean 0.02 and spread 1.", "The mean comes first, then std."
        )
    if not (abs(mean - 1) < 3e-3 and abs(std - 0.02) < 0.06 * 0.02):
        raise Wrong(
            "norm-spread",
            f"the scale of batch norms has mean {mean:.3f} and standard deviation {std:.4f}.",
            "`nn.init.normal_(module.weight, 1.0, 0.02)`.",
        )
    if shift.any():
        raise Wrong(
            "shift",
            f"the shift (bias) of batch norms is not 0 but up to {float(shift.abs().max()):.3g}.",
            "Only the scale is drawn; `nn.init.zeros_(module.bias)`.",
        )


INITIALISE = Exercise(
    name="02.initialise",
    title="How weights begin",
    points=2,
    difficulty=1,
    minutes=10,
    reference=initialise,
    hints=(
        "A convolution adds up many numbers, a norm's scale multiplies one. What is the neutral value of each?",
        "W ~ N(0, 0.02²) for both kinds of convolution, γ ~ N(1, 0.02²) and β = 0 for batch norms.",
        "`if isinstance(module, (…, …)): nn.init.normal_(module.weight, …, …)`, and an `elif` for `nn.BatchNorm2d`.",
    ),
    judge=judge_initialise,
)
