"""Answers to Lab 02's exercises on scores and latents as students write them: right ones that differ, wrong ones."""

import math

import torch
import torch.nn.functional as F
from torch import nn

# 02.hinge_loss


def hinge(loss):
    def hinge_loss(real_scores, fake_scores):
        return loss(real_scores, fake_scores)

    return hinge_loss


def hinge_paper(real_scores, fake_scores):
    """As equation 16 writes it: what D maximises, with a minus."""
    zero = torch.zeros(1)
    return -torch.minimum(zero, -1 + real_scores).mean() - torch.minimum(zero, -1 - fake_scores).mean()


def hinge_loop(real_scores, fake_scores):
    total = 0
    for score in real_scores:
        total = total + (1 - score if score < 1 else 0 * score) / len(real_scores)
    for score in fake_scores:
        total = total + (1 + score if score > -1 else 0 * score) / len(fake_scores)
    return total


def hinge_in_place(real_scores, fake_scores):
    real, fake = 1 - real_scores, 1 + fake_scores
    real.clamp_(min=0)
    fake.relu_()
    return torch.mean(real).add_(torch.mean(fake))


def hinge_embedding(real_scores, fake_scores):
    loss = nn.MarginRankingLoss(margin=1.0)
    ones, zero = torch.ones_like(real_scores), torch.zeros_like(real_scores)
    return loss(real_scores, zero, ones) + loss(
        torch.zeros_like(fake_scores), fake_scores, torch.ones_like(fake_scores)
    )


def hinge_masked(real_scores, fake_scores):
    return ((1 - real_scores) * (real_scores < 1)).double().mean() + ((1 + fake_scores) * (fake_scores > -1)).mean()


def hinge_changes(real_scores, fake_scores):
    real_scores.data.neg_()
    return F.relu(1 + real_scores).mean() + F.relu(1 + fake_scores).mean()


relu = F.relu
HINGE_RIGHT = {
    "paper": hinge_paper,
    "loop": hinge_loop,
    "in place": hinge_in_place,
    "ranking loss": hinge_embedding,
    "masked": hinge_masked,
    "sum over count": hinge(lambda r, f: relu(1 - r).sum() / r.numel() + relu(1 + f).sum() / len(f)),
}
HINGE_WRONG = {
    "both-signs": hinge(lambda r, f: relu(1 + r).mean() + relu(1 - f).mean()),
    "fake-sign": hinge(lambda r, f: relu(1 - r).mean() + relu(1 - f).mean()),
    "real-sign": hinge(lambda r, f: relu(1 + r).mean() + relu(1 + f).mean()),
    "no-margin": hinge(lambda r, f: relu(-r).mean() + relu(f).mean()),
    "wasserstein": hinge(lambda r, f: f.mean() - r.mean()),
    "no-max": hinge(lambda r, f: (1 - r).mean() + (1 + f).mean()),
    "mean-inside": hinge(lambda r, f: relu(1 - r.mean()) + relu(1 + f.mean())),
    "min": hinge(lambda r, f: torch.clamp(1 - r, max=0).mean() + torch.clamp(1 + f, max=0).mean()),
    "maximised": hinge(lambda r, f: torch.clamp(r - 1, max=0).mean() + torch.clamp(-1 - f, max=0).mean()),
    "only-real": hinge(lambda r, f: relu(1 - r).mean()),
    "only-fake": hinge(lambda r, f: relu(1 + f).mean()),
    "generators": hinge(lambda r, f: -f.mean()),
    "squared": hinge(lambda r, f: (relu(1 - r) ** 2).mean() + (relu(1 + f) ** 2).mean()),
    "half": hinge(lambda r, f: torch.cat([relu(1 - r), relu(1 + f)]).mean()),
    "sum": hinge(lambda r, f: relu(1 - r).sum() + relu(1 + f).sum()),
    "difference": hinge(lambda r, f: relu(1 - r).mean() - relu(1 + f).mean()),
    "softplus": hinge(lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean()),
    "soft-corner": hinge(lambda r, f: F.softplus(1 - r).mean() + F.softplus(1 + f).mean()),
    "probabilities": hinge(lambda r, f: relu(1 - r.sigmoid()).mean() + relu(1 + f.sigmoid()).mean()),
    "largest": hinge(lambda r, f: torch.max(relu(1 - r)) + torch.max(relu(1 + f))),
    "absolute": hinge(lambda r, f: (1 - r).abs().mean() + (1 + f).abs().mean()),
    "least-squares": hinge(lambda r, f: ((1 - r) ** 2).mean() + ((1 + f) ** 2).mean()),
    "other-value": hinge(lambda r, f: relu(0.5 - r).mean() + relu(0.5 + f).mean()),
    "not-the-mean": hinge(lambda r, f: relu(1 - r).median() + relu(1 + f).median()),
    "cut-graph-fake": hinge(lambda r, f: relu(1 - r).mean() + relu(1 + f.detach()).mean()),
    "cut-graph": hinge(lambda r, f: (relu(1 - r).mean() + relu(1 + f).mean()).detach()),
    "not-a-scalar": hinge(lambda r, f: relu(1 - r) + relu(1 + f[: len(r)])),
    "not-a-tensor": hinge(lambda r, f: (relu(1 - r).mean() + relu(1 + f).mean()).item()),
    "batch-of-one": hinge(lambda r, f: sum(relu(1 - r.squeeze())) / len(r) + sum(relu(1 + f.squeeze())) / len(f)),
    "pair": hinge(lambda r, f: (relu(1 - r).mean(), relu(1 + f).mean())),
    "changes-input": hinge_changes,
    "none": hinge(lambda r, f: None),
    "signature": lambda scores: relu(1 - scores).mean(),
}
HINGE_ALSO_WRONG = [
    ("not-the-mean", hinge(lambda r, f: F.relu6(1 - r).mean() + F.relu6(1 + f).mean())),
    ("other-value", hinge(lambda r, f: F.leaky_relu(1 - r).mean() + F.leaky_relu(1 + f).mean())),
    ("cut-graph-real", hinge(lambda r, f: relu(1 - r.detach()).mean() + relu(1 + f).mean())),
]

# 02.truncated


def cut_module(n, dim, limit):
    return nn.init.trunc_normal_(torch.empty(n, dim), a=-limit, b=limit)


def cut_inverse(n, dim, limit):
    """By the inverse of the normal distribution's cumulative function, in float64."""
    edge = math.erf(limit / math.sqrt(2))
    return torch.erfinv(torch.empty(n, dim, dtype=torch.float64).uniform_(-edge, edge)) * math.sqrt(2)


def cut_loop(n, dim, limit):
    kept = []
    while len(kept) < n * dim:
        kept += [float(value) for value in torch.randn(n * dim) if -limit <= value <= limit]
    return torch.tensor(kept[: n * dim]).view(n, dim)


def cut_where(n, dim, limit):
    z = torch.randn(n, dim)
    while z.abs().max() > limit:
        z = torch.where(z.abs() > limit, torch.randn(n, dim), z)
    return z


def cut_many(n, dim, limit):
    z = torch.randn(20 * n * dim)
    return z[z.abs() < limit][: n * dim].reshape(dim, n).T


def cut_once(n, dim, limit):
    z = torch.randn(n, dim)
    far = z.abs() > limit
    z[far] = torch.randn(int(far.sum()))
    return z


def cut_zeroed(n, dim, limit):
    z = torch.randn(n, dim)
    return z * (z.abs() <= limit)


def cut_upper(n, dim, limit):
    z = torch.randn(n, dim)
    while (far := z > limit).any():
        z[far] = torch.randn(int(far.sum()))
    return z


def cut_seeded(n, dim, limit):
    torch.manual_seed(1)
    return cut_module(n, dim, limit)


def cut_rescaled(n, dim, limit):
    z = torch.randn(n, dim)
    return z / z.abs().max() * limit


TRUNCATED_RIGHT = {
    "trunc_normal_": cut_module,
    "inverse": cut_inverse,
    "loop": cut_loop,
    "where": cut_where,
    "many": cut_many,
}
TRUNCATED_WRONG = {
    "untruncated": lambda n, dim, limit: torch.randn(n, dim),
    "scaled": lambda n, dim, limit: limit * torch.randn(n, dim),
    "once": cut_once,
    "one-side": cut_upper,
    "beyond": lambda n, dim, limit: torch.rand(n, dim) * 4 * limit - 2 * limit,
    "clamped": lambda n, dim, limit: torch.randn(n, dim).clamp(-limit, limit),
    "zeroed": cut_zeroed,
    "one-sided": lambda n, dim, limit: cut_module(n, dim, limit).abs(),
    "uniform": lambda n, dim, limit: (torch.rand(n, dim) * 2 - 1) * limit,
    "squashed": lambda n, dim, limit: limit * torch.tanh(torch.randn(n, dim)),
    "rescaled": cut_rescaled,
    "distribution": lambda n, dim, limit: nn.init.trunc_normal_(torch.empty(n, dim), std=limit, a=-limit, b=limit),
    "seeded": cut_seeded,
    "repeated": lambda n, dim, limit: cut_module(1, dim, limit).repeat(n, 1),
    "shape": lambda n, dim, limit: cut_module(dim, n, limit),
    "not-finite": lambda n, dim, limit: cut_module(n, dim, limit) / 0 * 0,
    "none": lambda n, dim, limit: None,
    "signature": lambda n, limit: None,
}
TRUNCATED_ALSO_WRONG = [
    ("distribution", lambda n, dim, limit: F.normalize(torch.randn(n, dim), dim=1) * limit),
    ("distribution", lambda n, dim, limit: limit * torch.sin(torch.randn(n, dim))),
    ("beyond", lambda n, dim, limit: nn.init.trunc_normal_(torch.empty(n, dim))),
]

# 02.attribute_direction


def direction_products(latent, has):
    h = has.to(latent.dtype)
    return h @ latent / h.sum() - (1 - h) @ latent / (1 - h).sum()


def direction_loop(latent, has):
    sums, counts = torch.zeros(2, latent.shape[1]), [0, 0]
    for row, flag in zip(latent, has.tolist()):
        sums[flag] += row
        counts[flag] += 1
    return sums[1] / counts[1] - sums[0] / counts[0]


def direction_groups(latent, has):
    order = has.argsort()
    without, yes = latent[order].split([int((has == 0).sum()), int(has.sum())])
    return yes.double().mean(0) - without.double().mean(0)


def direction_from_all(latent, has):
    """(mean with − mean of all) over the share of those without: the same."""
    return (latent[has.bool()].mean(0) - latent.mean(0)) / (1 - has.float().mean())


DIRECTION_RIGHT = {
    "booleans": lambda latent, has: latent[has > 0].mean(0) - latent[~(has > 0)].mean(dim=0),
    "products": direction_products,
    "loop": direction_loop,
    "sorted, in float64": direction_groups,
    "from all": direction_from_all,
}
DIRECTION_WRONG = {
    "reversed": lambda z, h: z[h == 0].mean(0) - z[h == 1].mean(0),
    "only-with": lambda z, h: z[h == 1].mean(0),
    "only-without": lambda z, h: z[h == 0].mean(0),
    "minus-all": lambda z, h: z[h == 1].mean(0) - z.mean(0),
    "added": lambda z, h: z[h == 1].mean(0) + z[h == 0].mean(0),
    "sums": lambda z, h: z[h == 1].sum(0) - z[h == 0].sum(0),
    "one-count": lambda z, h: ((2 * h - 1)[:, None] * z).mean(0),
    "half-rows": lambda z, h: z[: int(h.sum())].mean(0) - z[int(h.sum()) :].mean(0),
    "indexed-0": lambda z, h: z[h].mean(0) - z[1 - h].mean(0),
    "indexed-1": lambda z, h: z[h].mean(0) - z[~h].mean(0),
    "unit": lambda z, h: F.normalize(z[h == 1].mean(0) - z[h == 0].mean(0), dim=0),
    "medians": lambda z, h: z[h == 1].median(0).values - z[h == 0].median(0).values,
    "covariance": lambda z, h: ((h.float() - h.float().mean())[:, None] * z).mean(0),
    "factor": lambda z, h: 2 * (z[h == 1].mean(0) - z[h == 0].mean(0)),
    "backwards": lambda z, h: 3 * (z[h == 0].mean(0) - z[h == 1].mean(0)),
    "other-direction": lambda z, h: z[h == 1][0] - z[h == 0][0],
    "scalar": lambda z, h: z[h == 1].mean() - z[h == 0].mean(),
    "shape": lambda z, h: z[h == 1].mean(0, keepdim=True) - z[h == 0].mean(0, keepdim=True),
    "sizes": lambda z, h: (z * h).sum(0) / h.sum() - (z * (1 - h)).sum(0) / (1 - h).sum(),
    "not-a-tensor": lambda z, h: (z[h == 1].mean(0) - z[h == 0].mean(0)).tolist(),
    "not-finite": lambda z, h: z[h == 1].mean(0) - z[h == 2].mean(0),
    "none": lambda z, h: None,
    "signature": lambda z: z.mean(0),
}

# 02.orthogonal_direction


def apart_qr(direction, others):
    q, _ = torch.linalg.qr(others.T)
    return direction - q @ (q.T @ direction)


def apart_gram_schmidt(direction, others):
    basis = []
    for row in [*others, direction]:
        for one in basis:
            row = row - (row @ one) / (one @ one) * one
        basis.append(row)
    return basis[-1]


def apart_least_squares(direction, others):
    weights = torch.linalg.lstsq(others.T, direction[:, None]).solution
    rest = direction - (others.T @ weights).squeeze(1)
    return rest / rest.norm()


def apart_projector(direction, others):
    others = others.double()
    return (torch.eye(others.shape[1]).double() - torch.linalg.pinv(others) @ others) @ direction.double()


def apart_null_space(direction, others):
    rest = torch.linalg.svd(others, full_matrices=True).Vh[len(others) :]
    return rest.T @ (rest @ direction)


def apart_in_turn(direction, others):
    for other in others:
        direction = direction - (direction @ other) / (other @ other) * other
    return direction


def each(direction, others):
    return sum((direction @ other) / (other @ other) * other for other in others)


def apart_last(direction, others):
    for other in others:
        result = direction - (direction @ other) / (other @ other) * other
    return result


def apart_first(direction, others):
    for other in others:
        return direction - (direction @ other) / (other @ other) * other


def apart_another(direction, others):
    start = torch.ones_like(direction)
    return apart_qr(start, others)


def apart_changes(direction, others):
    direction -= each(direction, others)
    return direction


ORTHOGONAL_RIGHT = {
    "QR": apart_qr,
    "Gram–Schmidt": apart_gram_schmidt,
    "least squares, unit": apart_least_squares,
    "projector in float64": apart_projector,
    "null space": apart_null_space,
    "solve": lambda d, o: d - o.T @ torch.linalg.solve(o @ o.T, o @ d),
}
ORTHOGONAL_WRONG = {
    "each-alone": lambda d, o: d - each(d, o),
    "in-turn": apart_in_turn,
    "not-divided": lambda d, o: d - (o @ d) @ o,
    "divided-by-length": lambda d, o: d - ((o @ d) / o.norm(dim=1)) @ o,
    "added": lambda d, o: d + each(d, o),
    "projection": lambda d, o: d - apart_qr(d, o),
    "flipped": lambda d, o: -apart_qr(d, o),
    "unchanged": lambda d, o: d / d.norm(),
    "mean-other": lambda d, o: d - (d @ o.mean(0)) / o.mean(0).square().sum() * o.mean(0),
    "only-first": apart_first,
    "only-last": apart_last,
    "another": apart_another,
    "not-orthogonal": lambda d, o: d - 0.5 * (d - apart_qr(d, o)),
    "zero": lambda d, o: torch.zeros_like(d),
    "shape": lambda d, o: o - (o @ d / (d @ d))[:, None] * d,
    "sizes": lambda d, o: d - o @ (o @ d),
    "not-finite": lambda d, o: d / 0,
    "changes-input": apart_changes,
    "none": lambda d, o: None,
    "signature": lambda d: d,
}
