"""Filters, equalised layers and modulated convolutions against plain loops and their own laws."""

import pytest
import torch
from torch.nn.functional import conv2d, instance_norm

from labkit.nn.equalized import EnlargingConv2d, EqualizedConv2d, EqualizedLinear
from labkit.nn.filters import BLUR, Blur, filter2d, upfirdn2d
from labkit.nn.losses import path_lengths
from labkit.nn.modulation import AdaIN, ModulatedConv2d
from labkit.nn.variety import minibatch_deviation


def naive(x, kernel, up, down, padding):
    """Zeros, padding, a true convolution and every so-manieth pixel, one number after the other."""
    height, width = x.shape[2:]
    before, after = padding
    spread = torch.zeros(*x.shape[:2], height * up, width * up, dtype=x.dtype)
    spread[:, :, ::up, ::up] = x
    padded = torch.zeros(
        *x.shape[:2],
        height * up + max(before, 0) + max(after, 0),
        width * up + max(before, 0) + max(after, 0),
        dtype=x.dtype,
    )
    padded[:, :, max(before, 0) : max(before, 0) + height * up, max(before, 0) : max(before, 0) + width * up] = spread
    lo, hi = max(-before, 0), max(-after, 0)
    padded = padded[:, :, lo : padded.shape[2] - hi, lo : padded.shape[3] - hi]
    size = len(kernel)
    out = torch.zeros(*x.shape[:2], padded.shape[2] - size + 1, padded.shape[3] - size + 1, dtype=x.dtype)
    for i in range(size):
        for j in range(size):
            out += kernel[size - 1 - i, size - 1 - j] * padded[:, :, i : i + out.shape[2], j : j + out.shape[3]]
    return out[:, :, ::down, ::down]


@pytest.mark.parametrize("up, down", [(1, 1), (2, 1), (1, 2), (2, 2), (3, 2)])
@pytest.mark.parametrize("padding", [(0, 0), (2, 1), (1, 2), (3, 4), (-1, 1), (1, -1)])
@pytest.mark.parametrize("size", [3, 4])
def test_upfirdn2d_equals_the_naive_loop(up, down, padding, size):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 6, 5, generator=generator, dtype=torch.float64)
    kernel = torch.randn(size, size, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(upfirdn2d(x, kernel, up, down, padding), naive(x, kernel, up, down, padding))


def test_the_filter_has_a_sum_of_one_and_resampling_keeps_a_flat_picture():
    assert filter2d(BLUR).sum() == pytest.approx(1) and filter2d((1, 2, 1)).shape == (3, 3)
    flat = torch.full((1, 2, 8, 8), 0.7)
    for blur, side in ((Blur(up=2), 16), (Blur(down=2), 4)):
        out = blur(flat)
        assert out.shape == (1, 2, side, side)
        torch.testing.assert_close(out[:, :, 2:-2, 2:-2], torch.full_like(out[:, :, 2:-2, 2:-2], 0.7))


def test_doubling_keeps_a_ramp_where_it_is():
    """A picture that moves by half a pixel at each size would drift apart in the skip generator."""
    ramp = torch.arange(16.0).expand(1, 1, 16, 16)
    doubled = Blur(up=2)(ramp)[0, 0, 16, 4:28]
    torch.testing.assert_close(doubled, (torch.arange(4.0, 28.0) - 0.5) / 2)


def test_equalised_weights_keep_the_scale_and_a_step_moves_them_alike():
    torch.manual_seed(0)
    x = torch.randn(4000, 300)
    assert EqualizedLinear(300, 50)(x).std().item() == pytest.approx(1, rel=0.05)
    assert EqualizedConv2d(40, 50, 3)(torch.randn(4, 40, 32, 32))[:, :, 1:-1, 1:-1].std().item() == pytest.approx(
        1, rel=0.05
    )
    slow, fast = EqualizedLinear(300, 1, lr_multiplier=0.01), EqualizedLinear(300, 1)
    moved = []
    for layer in (slow, fast):
        before = layer(torch.eye(300)).detach()
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
        layer(torch.ones(1, 300)).sum().backward()
        optimizer.step()
        moved.append((layer(torch.eye(300)).detach() - before).abs().mean())
    assert moved[0] / moved[1] == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_both_ways_of_modulation_agree(up, demodulate):
    torch.manual_seed(1)
    layer = ModulatedConv2d(6, 5, 3, 7, demodulate=demodulate, up=up)
    x, w = torch.randn(4, 6, 8, 8), torch.randn(4, 7)
    by_activations = layer(x, w)
    layer.fused = True
    assert by_activations.shape == (4, 5, 16 if up else 8, 16 if up else 8)
    torch.testing.assert_close(by_activations, layer(x, w), atol=2e-5, rtol=1e-4)


def test_modulation_is_scaling_the_input_and_dividing_by_the_norm():
    torch.manual_seed(2)
    layer = ModulatedConv2d(6, 5, 3, 7)
    x, w = torch.randn(1, 6, 8, 8), torch.randn(1, 7)
    style = layer.affine(w)[0]
    weight = layer.weight * layer.scale * style[None, :, None, None]
    weight = weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt()
    assert weight.flatten(1).norm(dim=1).sub(1).abs().max() < 1e-6
    torch.testing.assert_close(layer(x, w), conv2d(x, weight, padding=1), atol=1e-5, rtol=1e-4)


def test_a_louder_style_does_not_make_a_louder_map():
    torch.manual_seed(3)
    layer = ModulatedConv2d(6, 5, 3, 7)
    x, w = torch.randn(2, 6, 8, 8), torch.randn(2, 7)
    before = layer(x, w)
    with torch.no_grad():
        layer.affine.weight.mul_(5)
        layer.affine.bias.mul_(5)
    torch.testing.assert_close(layer(x, w), before, atol=1e-5, rtol=1e-4)


def test_adain_gives_the_mean_and_spread_that_the_style_asks_for():
    torch.manual_seed(4)
    layer = AdaIN(5, 7)
    x, w = 3 + 4 * torch.randn(2, 5, 16, 16), torch.randn(2, 7)
    gamma, beta = layer.affine(w).chunk(2, 1)
    out = layer(x, w)
    torch.testing.assert_close(out.mean((2, 3)), beta, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(out.std((2, 3), unbiased=False), gamma.abs(), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(layer(10 * x, w), out, atol=1e-4, rtol=1e-3)


def test_adain_is_an_instance_norm_with_a_style_in_any_layout_and_format():
    torch.manual_seed(4)
    layer = AdaIN(5, 7)
    x, w = 3 + 4 * torch.randn(3, 5, 8, 6), torch.randn(3, 7)
    gamma, beta = layer.affine(w)[:, :, None, None].chunk(2, 1)
    wanted = gamma * instance_norm(x) + beta
    torch.testing.assert_close(layer(x, w), wanted, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(layer(x.to(memory_format=torch.channels_last), w), wanted, atol=1e-5, rtol=1e-5)
    coarse = layer(x.bfloat16(), w)
    assert coarse.dtype == torch.bfloat16 and (coarse - wanted).abs().max() < 0.1
    fine = [one.double()[:2, ..., :3].requires_grad_() for one in (x, w)]
    assert torch.autograd.gradgradcheck(AdaIN(5, 3).double(), fine)  # R1 and path lengths ask for the second derivative


def test_an_enlarging_convolution_is_a_convolution_of_doubled_pixels():
    torch.manual_seed(6)
    fast, plain = EnlargingConv2d(4, 3).double(), EqualizedConv2d(4, 3, 3).double()
    torch.nn.init.normal_(fast.bias)
    plain.load_state_dict(fast.state_dict())
    x = torch.randn(2, 4, 5, 6, dtype=torch.float64, requires_grad=True)
    doubled = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert fast(x).shape == (2, 3, 10, 12)
    torch.testing.assert_close(fast(x, 1.5), plain(doubled, 1.5))
    weights = torch.randn(2, 3, 10, 12, dtype=torch.float64)
    for one, other in ((x, x), (fast.weight, plain.weight), (fast.bias, plain.bias)):
        (ours,) = torch.autograd.grad((fast(x) * weights).sum(), one)
        (theirs,) = torch.autograd.grad((plain(doubled) * weights).sum(), other, retain_graph=True)
        torch.testing.assert_close(ours, theirs)


def test_the_deviation_of_a_collapsed_batch_is_none():
    torch.manual_seed(5)
    one = torch.randn(1, 3, 4, 4)
    assert minibatch_deviation(one.expand(8, -1, -1, -1), 4).abs().max() < 1e-3
    varied = torch.randn(8, 3, 4, 4)
    found = minibatch_deviation(varied, 4)
    assert found.shape == (8, 1, 4, 4)
    for k in range(2):  # a group: images k, k + 2, k + 4, k + 6
        wanted = varied[k::2].var(0, unbiased=False).sqrt().mean()
        torch.testing.assert_close(found[k::2], torch.full((4, 1, 4, 4), float(wanted)), atol=1e-4, rtol=1e-4)
    assert minibatch_deviation(varied[:3], 4).shape == (3, 1, 4, 4)


def test_path_lengths_of_a_linear_generator():
    """g(w) = A w: Jᵀ y is Aᵀ y, its squared length summed over the style and averaged over the layers."""
    torch.manual_seed(6)
    matrix = torch.randn(12, 5)
    w = torch.randn(3, 2, 5, requires_grad=True)
    images = (w.sum(1) @ matrix.T).reshape(3, 3, 2, 2)
    noise = torch.randn(3, 3, 2, 2)
    wanted = (noise.flatten(1) / 2 @ matrix).square().sum(1).sqrt()
    torch.testing.assert_close(path_lengths(images, w, noise), wanted)


@pytest.mark.parametrize("options", [{"up": 2}, {"down": 2}, {"padding": (1, 1)}, {"padding": (2, 2)}])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_matrices_and_convolutions_blur_alike(options, layout):
    """Uneven taps, so that a filter laid on the wrong way round shows; and the gradient, which is what they are for."""
    torch.manual_seed(0)
    blur = Blur((1.0, 3.0, 2.0, 0.5), **options)
    results = []
    for small in (80, 0):
        blur.small = small
        x = torch.linspace(-1, 1, 2 * 3 * 12 * 10).sin().view(2, 3, 12, 10).contiguous(memory_format=layout)
        y = blur(x.requires_grad_())
        (slope,) = torch.autograd.grad(y.square().sum(), x)
        results.append((y.detach(), slope))
    torch.testing.assert_close(results[0], results[1])
    assert results[0][0].is_contiguous(memory_format=layout)
