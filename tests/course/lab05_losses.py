"""Answers to Lab 05's exercises on losses: least squares, the cycle, the identity; right ones and wrong ones."""

import copy

import torch
import torch.nn.functional as nf
from torch import nn

# 05.least_squares


def sq(scores, target):
    return (scores - target).square().mean()


def d_right(r, f):
    return (sq(r, 1) + sq(f, 0)) / 2


def g_right(r, f):
    return sq(f, 1)


def ls(d=d_right, g=g_right, end=lambda d, g: (d, g)):
    """Both losses with one part done in another way."""

    def least_squares(real, fake):
        return end(d(real, fake), g(real, fake))

    return least_squares


def ls_mse(real, fake):
    one, zero = torch.ones_like, torch.zeros_like
    d = 0.5 * nf.mse_loss(real, one(real)) + 0.5 * nf.mse_loss(fake, zero(fake))
    return d, nn.MSELoss()(fake, one(fake))


def ls_dots(real, fake):
    r, f = (1 - real).flatten(), fake.flatten()
    return [0.5 * (r @ r / len(r) + f @ f / len(f)), (1 - f) @ (1 - f) / len(f)]


def ls_lerp(real, fake):
    return torch.lerp(sq(real, 1.0), sq(fake, 0.0), 0.5), fake.sub(1).pow(2).sum() / fake.numel()


def ls_variance(real, fake):
    def to(s, target):
        return s.var(unbiased=False) + (s.mean() - target) ** 2

    return 0.5 * (to(real, 1) + to(fake, 0)), to(fake, 1)


def ls_changes(real, fake):
    fake.data.sub_(1)
    return ls()(real, fake)


def logistic(s):
    return nf.softplus(s).mean()


LEAST_RIGHT = {
    "squares": ls(),
    "mse_loss": ls_mse,
    "dot products, a list": ls_dots,
    "lerp": ls_lerp,
    "variance and mean": ls_variance,
    "double": ls(d=lambda r, f: d_right(r.double(), f.double())),
}
LEAST_WRONG = {
    "not-halved": ls(d=lambda r, f: sq(r, 1) + sq(f, 0)),
    "quartered": ls(d=lambda r, f: d_right(r, f) / 2),
    "one-halved": ls(d=lambda r, f: sq(r, 1) / 2 + sq(f, 0)),
    "sum": ls(d=lambda r, f: ((r - 1).square().sum() + f.square().sum()) / 2),
    "joined": ls(d=lambda r, f: torch.cat([(r - 1).flatten(), f.flatten()]).square().mean()),
    "labels-swapped": ls(d=lambda r, f: (sq(r, 0) + sq(f, 1)) / 2),
    "fake-label": ls(d=lambda r, f: (sq(r, 1) + sq(f, 1)) / 2),
    "real-label": ls(d=lambda r, f: (sq(r, 0) + sq(f, 0)) / 2),
    "minus-one": ls(d=lambda r, f: (sq(r, 1) + sq(f, -1)) / 2),
    "real-minus-one": ls(d=lambda r, f: (sq(r, -1) + sq(f, 0)) / 2),
    "difference": ls(d=lambda r, f: (sq(r, 1) - sq(f, 0)) / 2),
    "negative": ls(d=lambda r, f: -d_right(r, f)),
    "only-real": ls(d=lambda r, f: sq(r, 1) / 2),
    "only-fake": ls(d=lambda r, f: sq(f, 0)),
    "generators": ls(d=g_right),
    "sigmoid": ls(d=lambda r, f: d_right(r.sigmoid(), f.sigmoid())),
    "cross-entropy": ls(d=lambda r, f: (logistic(-r) + logistic(f)) / 2),
    "absolute": ls(d=lambda r, f: ((r - 1).abs().mean() + f.abs().mean()) / 2),
    "mean-first": ls(d=lambda r, f: ((r.mean() - 1) ** 2 + f.mean() ** 2) / 2),
    "root": ls(d=lambda r, f: d_right(r, f).sqrt()),
    "smoothed": ls(d=lambda r, f: (sq(r, 0.9) + sq(f, 0)) / 2),
    "hinge": ls(d=lambda r, f: nf.relu(1 - r).mean() + nf.relu(1 + f).mean()),
    "wasserstein": ls(d=lambda r, f: f.mean() - r.mean()),
    "g-halved": ls(g=lambda r, f: sq(f, 1) / 2),
    "g-target": ls(g=lambda r, f: sq(f, 0)),
    "g-negated": ls(g=lambda r, f: -sq(f, 0)),
    "g-negative": ls(g=lambda r, f: -sq(f, 1)),
    "g-minus-one": ls(g=lambda r, f: sq(f, -1)),
    "g-with-real": ls(g=lambda r, f: sq(f, 1) + sq(r, 1)),
    "g-on-real": ls(g=lambda r, f: sq(r, 1)),
    "g-discriminators": ls(g=d_right),
    "g-sum": ls(g=lambda r, f: (f - 1).square().sum()),
    "g-sigmoid": ls(g=lambda r, f: sq(f.sigmoid(), 1)),
    "g-cross-entropy": ls(g=lambda r, f: logistic(-f)),
    "g-absolute": ls(g=lambda r, f: (f - 1).abs().mean()),
    "g-mean-first": ls(g=lambda r, f: (f.mean() - 1) ** 2),
    "g-root": ls(g=lambda r, f: sq(f, 1).sqrt()),
    "g-smoothed": ls(g=lambda r, f: sq(f, 0.9)),
    "g-wasserstein": ls(g=lambda r, f: -f.mean()),
    "swapped": ls(end=lambda d, g: (g, d)),
    "discriminator-cut-real": ls(d=lambda r, f: d_right(r.detach(), f)),
    "discriminator-cut-fake": ls(d=lambda r, f: d_right(r, f.detach())),
    "generator-cut-fake": ls(g=lambda r, f: sq(f.detach(), 1)),
    "discriminator-half-graph": ls(d=lambda r, f: (((r - 1) * (r - 1).detach()).mean() + sq(f, 0)) / 2),
    "generator-half-graph": ls(g=lambda r, f: ((f - 1) * (f - 1).detach()).mean()),
    "sizes": ls(d=lambda r, f: ((r - 1).square() + f.square()).mean() / 2),
    "other-value": ls(d=lambda r, f: (sq(2 * r, 1) + sq(f, 0)) / 2),
    "not-the-mean": ls(d=lambda r, f: ((r - 1).square().median() + sq(f, 0)) / 2),
    "stacked": ls(end=lambda d, g: torch.stack([d, g])),
    "one-value": ls(end=lambda d, g: d + g),
    "not-a-pair": ls(end=lambda d, g: {"d": d, "g": g}),
    "not-a-tensor": ls(end=lambda d, g: (d.item(), g.item())),
    "not-a-scalar": ls(g=lambda r, f: (f - 1).square()),
    "not-finite": ls(g=lambda r, f: sq(f, 1) / 0),
    "changes-input": ls_changes,
    "none": lambda real, fake: None,
    "signature": lambda scores: scores.mean(),
}
LEAST_ALSO_WRONG = [
    ("labels-swapped", ls(lambda r, f: (sq(r, 0) + sq(f, 1)) / 2, lambda r, f: sq(f, 0))),
    ("sum", ls(d=lambda r, f: ((r - 1).square().sum() / len(r) + f.square().sum() / len(f)) / 2)),
    ("g-cross-entropy", ls(g=lambda r, f: -logistic(f))),
    ("swapped", ls(d=lambda r, f: sq(f, 1), g=lambda r, f: sq(r, 1) + sq(f, 0))),
    ("not-a-pair", ls(end=lambda d, g: (d, g, d + g))),
    ("raised", ls(g=lambda r, f: f @ nothing)),  # noqa: F821
]

# 05.cycle_loss and 05.identity_loss


def l1(made, target):
    return (made - target).abs().mean()


def cycles(G, F, a, b):
    return (F(G(a)), a), (G(F(b)), b)


def same(G, F, a, b):
    return (G(b), b), (F(a), a)


def made(
    pairs,
    default,
    distance=l1,
    total=lambda first, second, weight: weight * (first + second),
    before=lambda G, F: None,
    after=lambda loss, G, F: loss,
):
    """A loss of two comparisons with one part done in another way."""

    def loss(G, F, a, b, weight=default):
        before(G, F)
        return after(total(*(distance(*pair) for pair in pairs(G, F, a, b)), weight), G, F)

    return loss


def each(x, y):
    return torch.stack([nf.l1_loss(one, other) for one, other in zip(x, y)]).mean()


def backward(loss, G, F):
    loss.backward(retain_graph=True)
    return loss


def frozen(loss, G, F):
    F.requires_grad_(False)
    return loss


def in_eval(loss, G, F):
    G.eval()
    return loss


def half(x, y):
    d = (x - y).abs().mean()
    return 2 * d - d.detach()


def clears(G, F):
    G.zero_grad()


def joined(pairs, default, whole):
    def loss(G, F, a, b, weight=default):
        return weight * whole * torch.cat([(x - y).flatten() for x, y in pairs(G, F, a, b)]).abs().mean()

    return loss


def changes(pairs, default):
    def loss(G, F, a, b, weight=default):
        a.clamp_(-1, 1)
        return made(pairs, default)(G, F, a, b, weight)

    return loss


def rights(pairs, default):
    return {
        "abs and mean": made(pairs, default),
        "l1_loss": made(pairs, default, nf.l1_loss),
        "module": made(pairs, default, nn.L1Loss()),
        "picture by picture": made(pairs, default, each),
        "two products": made(pairs, default, total=lambda f, s, w: s * w + f * w),
        "norm over count": made(pairs, default, lambda x, y: torch.linalg.vector_norm(x - y, 1) / y.numel()),
        "larger minus smaller": made(pairs, default, lambda x, y: (torch.maximum(x, y) - torch.minimum(x, y)).mean()),
    }


def wrongs(pairs, default, names):
    """What goes wrong with weights, norms and graphs, whatever is compared."""

    def of(**part):
        return made(pairs, default, **part)

    return {
        "no-weight": of(total=lambda f, s, w: f + s),
        "fixed-weight": of(total=lambda f, s, w: default * (f + s)),
        "weight-on-one": of(total=lambda f, s, w: w * f + s),
        "weight-twice": of(total=lambda f, s, w: w * w * (f + s)),
        "divided": of(total=lambda f, s, w: (f + s) / w),
        "halved": of(total=lambda f, s, w: w * (f + s) / 2),
        "joined": joined(pairs, default, 2),
        "doubled": of(total=lambda f, s, w: 2 * w * (f + s)),
        "ten-times": of(total=lambda f, s, w: 10 * w * (f + s)),
        f"only-{names[0]}": of(total=lambda f, s, w: w * f),
        f"only-{names[1]}": of(total=lambda f, s, w: w * s),
        "squared": of(distance=nf.mse_loss),
        "root": of(distance=lambda x, y: nf.mse_loss(x, y).sqrt()),
        "smooth": of(distance=nf.smooth_l1_loss),
        "sum": of(distance=lambda x, y: (x - y).abs().sum()),
        "partial-sum": of(distance=lambda x, y: (x - y).abs().sum((1, 2, 3)).mean()),
        "no-absolute": of(distance=lambda x, y: (x - y).mean()),
        "mean-first": of(distance=lambda x, y: (x - y).mean().abs()),
        "largest": of(distance=lambda x, y: (x - y).abs().max()),
        "difference": of(total=lambda f, s, w: w * (f - s)),
        "negative": of(total=lambda f, s, w: -w * (f + s)),
        "product": of(total=lambda f, s, w: w * f * s),
        "default": made(pairs, 1.0),
        "other-value": of(distance=lambda x, y: (x - 0.5 * y).abs().mean()),
        "half-graph": of(distance=half),
        "cut-graph": torch.no_grad()(of()),
        "not-pictures": made(lambda G, F, a, b: pairs(G, F, a.tolist(), b), default),
        "sizes": made(
            lambda G, F, a, b: [(torch.cat(x), torch.cat(y)) for x, y in [zip(*pairs(G, F, a, b))]] * 2, default
        ),
        "several": of(total=lambda f, s, w: (w * f, w * s)),
        "not-finite": of(distance=lambda x, y: l1(x, y) / 0),
        "frozen": of(after=frozen),
        "eval-mode": of(after=in_eval),
        "clears-gradients": of(before=clears),
        "own-backward": of(after=backward),
        "changes-input": changes(pairs, default),
        "not-a-scalar": of(distance=lambda x, y: (x - y).abs().mean((1, 2, 3))),
        "not-a-tensor": of(total=lambda f, s, w: float(w * (f + s))),
        "none": of(after=lambda loss, G, F: None),
        "signature": lambda G, F, a, weight=10.0: weight * l1(F(G(a)), a),
    }


def shadowed(G, F, a, b, weight=10.0):
    return weight * F.l1_loss(F(G(a)), a)


def copied(G, F, a, b):
    other = copy.deepcopy(F)
    return (other(G(a)), a), (G(other(b)), b)


CYCLE_RIGHT = rights(cycles, 10.0)
CYCLE_WRONG = {
    **wrongs(cycles, 10.0, "ab"),
    "order": made(lambda G, F, a, b: cycles(F, G, a, b), 10.0),
    "same-network": made(lambda G, F, a, b: ((G(G(a)), a), (F(F(b)), b)), 10.0),
    "paired": made(lambda G, F, a, b: ((G(a), b), (F(b), a)), 10.0),
    "crossed": made(lambda G, F, a, b: ((F(G(a)), b), (G(F(b)), a)), 10.0),
    "identity": made(same, 10.0),
    "one-way": made(lambda G, F, a, b: ((G(a), a), (F(b), b)), 10.0),
    "last-step": made(lambda G, F, a, b: ((F(G(a)), G(a)), (G(F(b)), F(b))), 10.0),
    "twice-round": made(lambda G, F, a, b: ((F(G(F(G(a)))), a), (G(F(G(F(b)))), b)), 10.0),
    "detached-between": made(lambda G, F, a, b: ((F(G(a).detach()), a), (G(F(b).detach()), b)), 10.0),
    "cut-graph-F": made(copied, 10.0),
    "cut-graph-G": made(lambda G, F, a, b: cycles(copy.deepcopy(G), F, a, b), 10.0),
    "shadowed": shadowed,
}
CYCLE_ALSO_WRONG = [
    ("halved", joined(cycles, 10.0, 1)),
    ("order", made(lambda G, F, a, b: ((F(G(a)), a), (F(G(b)), b)), 10.0)),
    ("detached-between", made(lambda G, F, a, b: ((F(G(a)), a), (G(F(b).detach()), b)), 10.0)),
    ("crossed", made(lambda G, F, a, b: ((F(G(a)), a), (G(F(b)), a)), 10.0)),
    ("smooth", made(cycles, 10.0, lambda x, y: nf.huber_loss(x, y, delta=0.5))),
    ("root", made(cycles, 10.0, torch.dist)),
]

IDENTITY_RIGHT = rights(same, 5.0)
IDENTITY_WRONG = {
    **wrongs(same, 5.0, "GF"),
    "wrong-domain": made(lambda G, F, a, b: ((G(a), a), (F(b), b)), 5.0),
    "wrong-network": made(lambda G, F, a, b: ((G(b), b), (G(a), a)), 5.0),
    "cycles": made(cycles, 5.0),
    "order": made(lambda G, F, a, b: ((F(G(b)), b), (G(F(a)), a)), 5.0),
    "paired": made(lambda G, F, a, b: ((G(a), b), (F(b), a)), 5.0),
    "crossed": made(lambda G, F, a, b: ((G(b), a), (F(a), b)), 5.0),
    "both-ways": made(lambda G, F, a, b: ((G(b), F(a)), (G(b), F(a))), 5.0),
    "zero": made(lambda G, F, a, b: ((b, b), (a, a)), 5.0),
    "cut-graph-F": made(lambda G, F, a, b: ((G(b), b), (F(a).detach(), a)), 5.0),
    "cut-graph-G": made(lambda G, F, a, b: ((G(b).detach(), b), (F(a), a)), 5.0),
    "shadowed": shadowed,
}
IDENTITY_ALSO_WRONG = [
    ("wrong-domain", made(lambda G, F, a, b: ((G(a), a), (F(a), a)), 5.0)),
    ("crossed", made(lambda G, F, a, b: ((G(b), b), (F(a), b)), 5.0)),
    ("squared", made(same, 5.0, lambda x, y: nf.mse_loss(x, y) / 2)),
    ("default", made(same, 10.0)),
]
