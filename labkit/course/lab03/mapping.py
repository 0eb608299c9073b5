"""The mapping network f: z → w (Karras et al. 2019, section 2; its norm: Karras et al. 2018, section 4.2), judged."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, gelu, leaky_relu, linear, relu, silu

from labkit.course.asked import SIZES, Known, asked, judge_gradients, recognise_any, tensor
from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import call, near
from labkit.nn.equalized import EqualizedLinear

Function = Callable[[Tensor], Tensor]
BY_ROW = "One number for each z: `z.square().mean(1, keepdim=True)`, of the shape (B, 1)."
WIDTHS = ((5, (6, 7, 4)), (1, (3, 8)), (3, (5, 5, 5, 5)))


def mapping_network(z: Tensor, layers: Sequence[nn.Module]) -> Tensor:
    """The network w = f(z): z is normalised, then layer, leaky ReLU, layer, leaky ReLU …: (B, D) → (B, D')."""
    w = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for layer in layers:
        w = leaky_relu(layer(w), 0.2)
    return w


def judge_mapping_network(function: Callable) -> None:
    """One to three layers, batches of several z and of one, layers that are more than W x + b, and z = 0."""
    for count, widths in WIDTHS:
        torch.manual_seed(count)
        layers: list[nn.Module] = [nn.Linear(a, b) for a, b in pairwise(widths)]
        _judge_case(function, _latent(count, widths[0]), layers)
    scaled: list[nn.Module] = [EqualizedLinear(4, 6, 0.5), EqualizedLinear(6, 3, -0.5)]
    _judge_case(function, _latent(2, 4), scaled)
    zero = torch.cat([_latent(1, 4).detach(), torch.zeros(1, 4)])
    value = call(function, zero, scaled)
    if not (isinstance(value, Tensor) and value.isfinite().all() and near(value, mapping_network(zero, scaled))):
        raise Wrong(
            "no-epsilon",
            "for z = 0 your function divides by 0, and w is not finite.",
            "That is what the tiny number is for: √(mean of z² + 1e-8).",
        )


def _latent(count: int, dim: int) -> Tensor:
    """Latents of unequal length whose numbers don't have mean 0."""
    lengths = torch.tensor([0.4, 2.5, 1.0, 0.6, 1.7])[:count, None]
    return (lengths * (torch.randn(count, dim) + 0.5)).requires_grad_()


def _judge_case(function: Callable, z: Tensor, layers: list[nn.Module]) -> None:
    given = list(layers)
    value = _ask(function, z, given)
    if [id(layer) for layer in given] != [id(layer) for layer in layers]:
        raise Wrong(
            "changes-layers",
            "your function changes the list of layers, and the next call would find another one.",
            "`for layer in layers:` takes nothing out of the list.",
        )
    with torch.no_grad():
        width = mapping_network(z, layers).shape
    value = tensor(value, tuple(width), "Each layer makes of (B, D) a (B, D'): the last one's D' is the length of w.")
    right = mapping_network(z, layers)
    if near(value, right):
        weights = [next(layer.parameters()) for layer in layers]
        judge_gradients(value, [right], {"z": z, **{f"layer-{k}": w for k, w in enumerate(weights)}})
        return
    again = _ask(function, z, list(layers))
    if isinstance(again, Tensor) and not near(again, value):
        raise Wrong(
            "random",
            "two calls with the same z and the same layers give different w.",
            "Nothing is drawn in here: the layers are given, with their weights, and each is called as it is.",
        )
    with torch.no_grad():
        recognise_any(value, _mistakes(z, layers))
    raise _unnamed(function, value, right)


def _ask(function: Callable, z: Tensor, layers: list[nn.Module]) -> Any:
    order = "The layers fit each other in the order of the list: each takes what the one before it gave."
    told = [(("shapes cannot be multiplied",), "layer-order", order), (SIZES, "row-shape", BY_ROW)]
    return asked(function, z, layers, told=told)


def _leaky(x: Tensor) -> Tensor:
    return leaky_relu(x, 0.2)


def _network(start: Tensor, layers: Sequence[nn.Module], activation: Function = _leaky) -> Tensor:
    for layer in layers:
        start = activation(layer(start))
    return start


def _norm(z: Tensor) -> Tensor:
    return z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()


def _norms(z: Tensor) -> list[Known]:
    """Mistake → (what goes into the first layer, what it does, what to look at)."""
    centred = z - z.mean(1, keepdim=True)
    spreads = [z.std(1, keepdim=True, unbiased=unbiased) for unbiased in (True, False)]
    return [
        ("no-norm", [z], "z goes into the first layer as it is.", "First divide it by √(mean of z² + 1e-8)."),
        (
            "unit-length",
            [z / z.norm(dim=1, keepdim=True)],
            "you make z of length 1, so the more numbers it has, the smaller each of them is.",
            "Divide by the root of the *mean* of z², not of the sum: the length becomes √D.",
        ),
        (
            "whole-batch",
            [z / z.square().mean().sqrt(), z / z.norm()],
            "you divide the whole batch by one number, so a long z stays longer than the others.",
            BY_ROW,
        ),
        (
            "over-batch",
            [z / z.square().mean(0).sqrt(), z / z.norm(dim=0)],
            "your mean runs over the batch: w of one z depends on the others beside it.",
            "Dimension 0 counts the images, dimension 1 the numbers of one z. " + BY_ROW,
        ),
        (
            "no-root",
            [z / z.square().mean(1, keepdim=True)],
            "you divide by the mean of z²: without its root, a long z comes out short.",
            "z / √(mean of z² + 1e-8): `.sqrt()`, or `z * (…).rsqrt()`.",
        ),
        (
            "multiplied",
            [z * z.square().mean(1, keepdim=True).sqrt()],
            "you multiply by the root where the equation divides: long ones get longer.",
            "`z / (…).sqrt()`, or `z * (…).rsqrt()`.",
        ),
        (
            "standardised",
            [centred / spread for spread in spreads],
            "you subtract the mean of z first: that is layer norm, and one direction of z is lost.",
            "Pixel norm subtracts nothing: z / √(mean of z² + 1e-8).",
        ),
        (
            "centred",
            [centred, _norm(centred)],
            "you subtract the mean of z, and so one direction of z is lost.",
            "Pixel norm only divides.",
        ),
        (
            "deviation",
            [z / spread for spread in spreads],
            "you divide by the deviation of z's numbers from their mean.",
            "The mean of z² itself: nothing is subtracted before the square.",
        ),
        (
            "absolute",
            [z / z.abs().mean(1, keepdim=True)],
            "you divide by the mean of |z|.",
            "The root of the mean of the squares: √(mean of z² + 1e-8).",
        ),
        (
            "largest",
            [z / z.abs().amax(1, keepdim=True)],
            "you divide by the largest number of z.",
            "The root of the mean of the squares: √(mean of z² + 1e-8).",
        ),
        (
            "epsilon",
            [z / (z.square().mean(1, keepdim=True) + e).sqrt() for e in (1e-3, 1e-2, 0.1, 1)],
            "your tiny number is so large that it makes short z shorter.",
            "1e-8.",
        ),
    ]


def _activations() -> list[tuple[str, list[Function], str, str]]:
    """Mistake → (what stands in the activation's place, what it does, what to look at)."""
    slope = "`leaky_relu(x, 0.2)`: x where it is positive, 0.2·x where it is negative."
    return [
        (
            "linear",
            [lambda x: x],
            "there is no activation between your layers: many of them do no more than a single one.",
            "After each layer: " + slope,
        ),
        (
            "slope",
            [lambda x: leaky_relu(x, 0.01)],
            "your leaky ReLU has PyTorch's own slope, 0.01.",
            "The slope is 0.2: " + slope,
        ),
        ("relu", [relu], "your activation makes a 0 of every negative number: a ReLU.", "A leaky one: " + slope),
        (
            "gain",
            [lambda x: leaky_relu(x, 0.2) * sqrt(2)],
            "you multiply each activation by √2.",
            "That gain belongs to the layers' scale. Here: " + slope,
        ),
        ("squashed", [torch.tanh, torch.sigmoid], "you squash every layer's output.", slope),
        ("smooth", [silu, gelu, elu], "your activation is a smooth relative of ReLU.", slope),
    ]


def _mistakes(z: Tensor, layers: list[nn.Module]) -> list[Known]:
    start = _norm(z)
    known: list[Known] = [(m, [_network(made, layers) for made in starts], a, b) for m, starts, a, b in _norms(z)]
    known += [(m, [_network(start, layers, f) for f in made], a, b) for m, made, a, b in _activations()]
    plain = before = each = start
    matrices = [torch.as_tensor(layer.weight) for layer in layers]
    for layer in layers:
        plain = layer(plain)
        before = layer(_leaky(before))
        each = _leaky(layer(_norm(each)))
    by_hand, no_bias = start, start
    for layer, matrix in zip(layers, matrices):
        by_hand = _leaky(linear(by_hand, matrix, torch.as_tensor(layer.bias)))
        no_bias = _leaky(linear(no_bias, matrix))
    known += [
        (
            "no-last-activation",
            [layers[-1](_network(start, layers[:-1]))],
            "your last layer has no activation behind it.",
            "The paper's f ends in one too: leaky ReLU after *each* layer.",
        ),
        (
            "only-last-activation",
            [_leaky(plain)],
            "only your last layer has an activation: all before it do no more than a single one.",
            "It stands inside of the loop: `w = leaky_relu(layer(w), 0.2)`.",
        ),
        (
            "activation-first",
            [before],
            "your activation comes before each layer instead of after it.",
            "`leaky_relu(layer(w), 0.2)`, not `layer(leaky_relu(w, 0.2))`.",
        ),
        (
            "norm-every-layer",
            [each],
            "you normalise before every layer.",
            "Once, at the beginning: from there on lengths may mean something.",
        ),
        (
            "norm-last",
            [_norm(_network(z, layers)), _norm(_network(start, layers))],
            "you normalise w at the end, so all w get the same length.",
            "z is normalised, before the first layer; w is left as it is.",
        ),
        (
            "by-hand",
            [by_hand, no_bias],
            "you multiply by the layers' weights yourself, and lose what else a layer does (a bias, a scale).",
            "Call the layer: `layer(w)`.",
        ),
    ]
    if len({matrix.shape for matrix in matrices}) == 1 and len(layers) > 1:
        known += [
            (
                "reversed",
                [_network(start, layers[::-1])],
                "you run the layers from the last to the first.",
                "In the order of the list.",
            ),
            (
                "skipped",
                [_network(start, some) for some in (layers[1:], layers[:-1], layers[:1], layers[-1:])],
                "some of the layers are not used.",
                "`for layer in layers:` runs them all, and `return` stands behind the loop.",
            ),
            (
                "first-again",
                [_network(start, [one] * len(layers)) for one in layers],
                "you run the same layer again and again.",
                "Each layer once: `for layer in layers:`.",
            ),
        ]
    return known


def _unnamed(function: Callable, value: Tensor, right: Tensor) -> Wrong:
    """Say which half is off: behind one layer that does nothing, positive numbers show the norm alone."""
    z = torch.tensor([[3.0, 4.0]])
    try:
        found = torch.as_tensor(function(z, [nn.Identity()])).detach()
    except Exception:  # It has passed other layers; whatever it is here, it says nothing.
        found = torch.full((1, 2), float("nan"))
    if found.shape == z.shape and not near(found, _norm(z)):
        return Wrong(
            "other-norm",
            f"of z = (3, 4), with one layer that does nothing, you make ({float(found[0, 0]):.3f}, "
            f"{float(found[0, 1]):.3f}), and it should be (0.849, 1.131).",
            "(3² + 4²)/2 = 12.5, so divide by √12.5 = 3.536; the activation leaves positive numbers as they are.",
        )
    worst = int((value - right).detach().abs().argmax())
    return Wrong(
        "other-activation",
        f"one number of your w is {float(value.flatten()[worst].detach()):.4f}, and it should be "
        f"{float(right.flatten()[worst].detach()):.4f}.",
        "The norm of z once; then for each layer, in order: the layer, then leaky ReLU of slope 0.2.",
    )


MAPPING_NETWORK = Exercise(
    name="03.mapping_network",
    title="The mapping network",
    points=2,
    difficulty=1,
    minutes=10,
    reference=mapping_network,
    hints=(
        "Should G draw another face for 2·z than for z? And what are two layers without an activation between them?",
        "h₀ = z / √((1/D) Σ_j z_j² + 1e-8), the sum over the D numbers of *one* z; h_k = LeakyReLU₀.₂(A_k(h_{k−1})); "
        "w is the last h.",
        "`w = z / (z.square().mean(…, keepdim=True) + 1e-8).sqrt()`, then `for layer in layers:` with "
        "`w = leaky_relu(…)`.",
    ),
    judge=judge_mapping_network,
)
