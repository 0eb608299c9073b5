"""The thin-plate spline against what is known of it, and against scipy's."""

import pytest
import torch

from labkit.nn.warp import ThinPlateSpline

PIXEL = 2 / 128  # of a picture of 128 pixels, in the frame [-1, 1]


def points(count, seed=0, batch=3):
    return torch.rand(batch, count, 2, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_identity_translation_and_affine_maps_are_exact_everywhere(dtype):
    c, q = points(16), points(500, 1).to(dtype)
    matrix, shift = torch.tensor([[0.8, 0.3], [-0.2, 1.3]]), torch.tensor([0.11, -0.07])
    for values, wanted in (
        (c, q),
        (c + shift, q + shift.to(dtype)),
        (c @ matrix + shift, q @ matrix.to(dtype) + shift.to(dtype)),
    ):
        spline = ThinPlateSpline.fit(c, values).to(dtype)
        assert (spline(q) - wanted).abs().max() < 1e-4 * PIXEL


def test_passes_through_its_points():
    c, v = points(90), points(90, 1)
    spline = ThinPlateSpline.fit(c, v)
    assert (spline(c) - v).abs().max() < 1e-9
    near = c + 0.1 * v  # neighbours pulled apart by many pixels: harder than any face
    assert (ThinPlateSpline.fit(c, near).to(torch.float32)(c) - near).abs().max() < 5e-2 * PIXEL


def test_equals_scipys():
    interpolate = pytest.importorskip("scipy.interpolate")
    c, v, q = points(30), points(30, 1), points(200, 2)
    ours = ThinPlateSpline.fit(c, v)(q)
    for row in range(len(c)):
        theirs = interpolate.RBFInterpolator(c[row].numpy(), v[row].numpy(), kernel="thin_plate_spline", degree=1)
        assert torch.allclose(ours[row], torch.from_numpy(theirs(q[row].numpy())), atol=1e-9)


def test_bends_nothing_on_average_and_order_does_not_matter():
    c, v = points(20), points(20, 1)
    spline = ThinPlateSpline.fit(c, v)
    assert spline.weights.sum(1).abs().max() < 1e-9
    assert torch.einsum("bkd,bke->bde", spline.weights, spline.centres).abs().max() < 1e-9
    shuffled = torch.randperm(20, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(ThinPlateSpline.fit(c[:, shuffled], v[:, shuffled])(c), spline(c), atol=1e-10)


def test_unused_centres_are_as_if_they_were_not_there():
    c, v, q = points(12), points(12, 1), points(50, 2)
    doubled = torch.cat([c, c[:, :1]], 1), torch.cat([v, v[:, :1] + 1], 1)
    used = torch.ones(3, 13)
    used[:, -1] = 0
    assert torch.allclose(ThinPlateSpline.fit(*doubled, used=used)(q), ThinPlateSpline.fit(c, v)(q), atol=1e-11)
    with pytest.raises(torch.linalg.LinAlgError):
        ThinPlateSpline.fit(torch.zeros(1, 5, 2), torch.zeros(1, 5, 2))


def test_jacobian_is_the_slope():
    spline, q, step = ThinPlateSpline.fit(points(15), points(15, 1)), points(40, 2).double(), 1e-6
    slopes = spline.jacobian(q)
    for axis in (0, 1):
        ahead, behind = q.clone(), q.clone()
        ahead[..., axis] += step
        behind[..., axis] -= step
        assert torch.allclose(slopes[..., axis], (spline(ahead) - spline(behind)) / (2 * step), atol=1e-6)


def test_gradients_reach_centres_and_values():
    c, v = points(10).requires_grad_(), points(10, 1).requires_grad_()
    ThinPlateSpline.fit(c, v)(points(30, 2)).square().sum().backward()
    for gradient in (c.grad, v.grad):
        assert gradient is not None and gradient.isfinite().all() and gradient.abs().sum() > 0


def test_a_row_does_not_depend_on_its_batch():
    c, v, q = points(94, batch=5), points(94, 1, batch=5), points(1000, 2, batch=5)
    whole = ThinPlateSpline.fit(c, v).to(torch.float32)(q)
    alone = ThinPlateSpline.fit(c[3:4], v[3:4]).to(torch.float32)(q[3:4])
    assert torch.equal(whole[3:4], alone)
