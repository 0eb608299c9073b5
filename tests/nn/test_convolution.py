"""Convolutions as matrix products give what torch's own give, and no more than is asked of them."""

import copy

import pytest
import torch
from torch import nn

from labkit.nn import convolution

SHAPES = [
    ("Conv2d", (6, 40, 4, 2, 1), (3, 6, 8, 8)),  # 48 places, 40 channels: one product
    ("Conv2d", (6, 4, 4, 2, 1), (3, 6, 8, 8)),  # product for the weights alone
    ("Conv2d", (6, 2, 4, 2, 1), (3, 6, 16, 16)),  # torch's for both
    ("Conv2d", (5, 9, (3, 1), (1, 2), (1, 0)), (2, 5, 4, 6)),
    ("Conv2d", (7, 1, 4), (8, 7, 4, 4)),  # a DCGAN's last
    ("ConvTranspose2d", (9, 12, 4), (5, 9, 1, 1)),  # a DCGAN's first
    ("ConvTranspose2d", (40, 6, 4, 2, 1), (3, 40, 4, 4)),
    ("ConvTranspose2d", (2, 6, 4, 2, 1), (3, 2, 8, 8)),
]


@pytest.fixture(autouse=True)
def without_tiles(monkeypatch):
    monkeypatch.setattr(convolution, "_amx", lambda: False)


def pair(name, arguments, shape, bias=True):
    """The same layer twice, torch's and ours, and an image."""
    torch.manual_seed(0)
    theirs = getattr(nn, name)(*arguments, bias=bias)
    ours = getattr(convolution, name)(*arguments, bias=bias)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours, torch.randn(shape)


@pytest.mark.parametrize(("name", "arguments", "shape"), SHAPES)
@pytest.mark.parametrize("bias", [False, True])
def test_map_and_gradients_are_torch_s_up_to_rounding(name, arguments, shape, bias):
    theirs, ours, image = pair(name, arguments, shape, bias)
    found = []
    for layer in (theirs, ours):
        x = image.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            y = layer(x)
        slope = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y.dtype)
        y.backward(slope)
        found.append([y, x.grad, *(p.grad for p in layer.parameters())])
    for one, other in zip(*found):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert (one.float() - other.float()).norm() < 0.01 * one.float().norm()


@pytest.mark.parametrize(("name", "arguments", "shape"), SHAPES)
def test_second_derivatives_are_right(name, arguments, shape):
    theirs, _, image = pair(name, arguments, shape, bias=False)
    function = convolution._Convolution if name == "Conv2d" else convolution._Transposed
    image, weight = image.double()[:2].requires_grad_(), theirs.weight.detach().double().requires_grad_()

    def layer(image, weight):
        return function.apply(image, weight, theirs.stride, theirs.padding)

    assert torch.autograd.gradcheck(layer, (image, weight), fast_mode=True)
    assert torch.autograd.gradgradcheck(layer, (image, weight), fast_mode=True)


@pytest.mark.parametrize(("name", "arguments", "shape"), [SHAPES[0], SHAPES[6]])
def test_only_the_gradients_that_a_player_needs_are_computed(name, arguments, shape, monkeypatch):
    """G's turn goes back through D, whose weights don't move: half of D's work would be wasted."""
    _, ours, image = pair(name, arguments, shape, bias=False)
    before, done = nn.Parameter(torch.ones(())), []
    correlate = convolution._correlate
    monkeypatch.setattr(convolution, "_correlate", lambda *given: done.append("weights") or correlate(*given))
    for inner in ("conv2d_input", "_convolve"):
        real = getattr(convolution, inner)
        monkeypatch.setattr(convolution, inner, lambda *given, real=real: done.append("image") or real(*given))

    def went_back(inputs):
        with torch.autocast("cpu", torch.bfloat16):
            y = ours(image * before)
        done.clear()
        y.float().square().sum().backward(inputs=inputs)
        return done

    assert went_back([before]) == ["image"]
    assert went_back([ours.weight]) == ["weights"]
    assert sorted(went_back([before, ours.weight])) == ["image", "weights"]


def test_a_penalty_on_slopes_reaches_the_weights():
    """R1: the gradient along a real image, a leaf, differentiated once more."""
    theirs, ours, image = pair(*SHAPES[0])
    found = []
    for layer in (theirs, ours):
        x = image.bfloat16().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            (slope,) = torch.autograd.grad(layer(x).float().square().sum(), x, create_graph=True)
        slope.float().square().sum().backward()
        found.append(layer.weight.grad)
    assert (found[0] - found[1]).norm() < 0.03 * found[0].norm()
    assert found[0].norm() > 0


@pytest.mark.parametrize(("name", "arguments", "shape"), SHAPES)
def test_float32_is_torch_s_own_to_the_bit(name, arguments, shape):
    theirs, ours, image = pair(name, arguments, shape)
    assert torch.equal(theirs(image), ours(image))


def test_what_products_do_not_cover_is_torch_s_own():
    torch.manual_seed(0)
    image = torch.randn(2, 8, 6, 6, dtype=torch.bfloat16)
    for more in ({"groups": 2}, {"dilation": 2}, {"padding": "same"}, {"padding": 1, "padding_mode": "reflect"}):
        ours = convolution.Conv2d(8, 16, 3, **more).bfloat16()
        theirs = nn.Conv2d(8, 16, 3, **more).bfloat16()
        theirs.load_state_dict(ours.state_dict())
        assert torch.equal(ours(image), theirs(image))
    ours = convolution.ConvTranspose2d(8, 16, 3, 2, 1, output_padding=1).bfloat16()
    theirs = nn.ConvTranspose2d(8, 16, 3, 2, 1, output_padding=1).bfloat16()
    theirs.load_state_dict(ours.state_dict())
    assert torch.equal(ours(image), theirs(image))
    one = convolution.Conv2d(8, 16, 3).bfloat16()
    assert one(image[0]).shape == (16, 4, 4)  # without a batch


def test_a_cpu_with_tiles_keeps_torch_s(monkeypatch):
    monkeypatch.setattr(convolution, "_amx", lambda: True)
    monkeypatch.setattr(convolution._Convolution, "apply", lambda *given: pytest.fail("a product was used"))
    _, ours, image = pair(*SHAPES[0])
    with torch.autocast("cpu", torch.bfloat16):
        assert ours(image).dtype == torch.bfloat16


def test_maps_and_gradients_stay_channels_last():
    """Otherwise the next layer would reorder them, and fused Adam the weights."""
    _, ours, image = pair(*SHAPES[0], bias=False)
    ours, image = ours.to(memory_format=torch.channels_last), image.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        y = ours(image)
    y.sum().backward()
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert ours.weight.grad.is_contiguous(memory_format=torch.channels_last)


def test_a_trained_layer_can_be_copied():
    _, ours, image = pair(*SHAPES[0])
    with torch.autocast("cpu", torch.bfloat16):
        ours(image).sum().backward()
    assert torch.equal(copy.deepcopy(ours).weight, ours.weight)
