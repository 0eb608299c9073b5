"""Answers to Lab 04's exercises on losses, D's on pairs and G's with L1: right ones that differ, typical wrong ones."""

import torch
import torch.nn.functional as F
from torch import nn

bce = F.binary_cross_entropy_with_logits


def pair(a, b):
    return torch.cat([a, b], 1)


def plus(s):
    return F.softplus(s).mean()


# 04.discriminator_loss


def judge_of(
    real=pair,
    false=pair,
    loss=lambda r, f: (plus(-r) + plus(f)) / 2,
    cut=torch.detach,
    ask=lambda D, p: D(p),
):
    """A loss of D with one part done in another way; `false` gets x (or y, by `x=`) and the fake."""

    def discriminator_loss(D, x, y, fake):
        return loss(ask(D, real(x, y)), ask(D, false(x, cut(fake))))

    return discriminator_loss


def d_bce(D, x, y, fake):
    r, f = D(pair(x, y)), D(pair(x, fake.detach()))
    return 0.5 * bce(r, torch.ones_like(r)) + 0.5 * bce(f, torch.zeros_like(f))


def d_one_call(D, x, y, fake):
    r, f = D(pair(torch.cat([x, x]), torch.cat([y, fake.data]))).chunk(2)
    return -(F.logsigmoid(r) + F.logsigmoid(-f)).mean() / 2


def d_pictures(D, x, y, fake):
    terms = []
    for a, b, c in zip(x, y, fake.clone().detach()):
        r, f = D(torch.cat([a, b])[None]), D(torch.cat([a, c])[None])
        terms.append(
            nn.BCEWithLogitsLoss()(torch.stack([r, f]), torch.stack([r.new_ones(r.shape), f.new_zeros(f.shape)]))
        )
    return sum(terms) / len(terms)


def d_no_grad(D, x, y, fake):
    with torch.no_grad():
        false = torch.hstack([x, fake])
    return torch.lerp(plus(D(false)), plus(-D(torch.hstack([x, y]))), 0.5)


def d_with_y(D, x, y, fake):
    return judge_of(false=lambda x, f: pair(y, f))(D, x, y, fake)


def d_three(D, x, y, fake):
    return judge_of(real=lambda x, y: torch.cat([x, y, fake.detach()], 1))(D, x, y, fake)


def d_in_place(D, x, y, fake):
    fake.detach_()
    return d_bce(D, x, y, fake)


def d_backward(D, x, y, fake):
    loss = d_bce(D, x, y, fake)
    loss.backward(retain_graph=True)
    return loss


def d_clears(D, x, y, fake):
    D.zero_grad()
    return d_bce(D, x, y, fake)


def d_freezes(D, x, y, fake):
    loss = d_bce(D, x, y, fake)
    D.requires_grad_(False)
    return loss


def d_eval(D, x, y, fake):
    D.eval()
    return d_bce(D, x, y, fake)


def d_changes(D, x, y, fake):
    y += 0.1
    return d_bce(D, x, y, fake)


def d_half_graph(D, x, y, fake):
    r, f = D(pair(x, y)), D(pair(x, fake.detach()))
    return (plus(-r) + plus(f) + plus(-r) - plus(-r).detach()) / 2


def d_real_cut(D, x, y, fake):
    r, f = D(pair(x, y)).detach(), D(pair(x, fake.detach()))
    return (plus(-r) + plus(f)) / 2


def d_fake_cut(D, x, y, fake):
    r, f = D(pair(x, y)), D(pair(x, fake)).detach()
    return (plus(-r) + plus(f)) / 2


def d_logarithms(r, f):
    return -(r.sigmoid().log().mean() + (1 - f.sigmoid()).log().mean()) / 2


DISCRIMINATOR_RIGHT = {
    "softplus": judge_of(),
    "bce": d_bce,
    "one call": d_one_call,
    "picture by picture": d_pictures,
    "without gradients, lerp": d_no_grad,
    "pair detached": judge_of(false=lambda x, f: pair(x, f).detach(), cut=lambda f: f),
    "logaddexp": judge_of(loss=lambda r, f: torch.logaddexp(torch.cat([-r, f]), torch.zeros(())).mean()),
}
DISCRIMINATOR_WRONG = {
    "picture-alone": judge_of(real=lambda x, y: y, false=lambda x, f: f),
    "condition-alone": judge_of(real=lambda x, y: x),
    "order": judge_of(real=lambda x, y: pair(y, x), false=lambda x, f: pair(f, x)),
    "wrong-condition": d_with_y,
    "condition-twice": judge_of(real=lambda x, y: pair(x, x)),
    "three": d_three,
    "mismatched": judge_of(false=lambda x, f: pair(x.flip(0), f)),
    "along-the-batch": judge_of(real=lambda x, y: torch.cat([x, y]), false=lambda x, f: torch.cat([x, f])),
    "side-by-side": judge_of(real=lambda x, y: torch.cat([x, y], 3)),
    "added": judge_of(real=torch.add, false=torch.add),
    "picture-changed": judge_of(real=lambda x, y: pair(x, y + 0.1)),
    "condition-changed": judge_of(real=lambda x, y: pair(x.sigmoid(), y)),
    "other-input": judge_of(real=lambda x, y: pair(x, y)[..., :4]),
    "without-d": judge_of(ask=lambda D, p: p.mean((1, 2, 3)) * D.weight[0]),
    "no-real": judge_of(real=lambda x, y: torch.empty(0, 6, 6, 8), loss=lambda r, f: plus(f) + r.sum()),
    "two-arguments": judge_of(ask=lambda D, p: D(p, p)),
    "not-a-pair": judge_of(real=lambda x, y: (x, y)),
    "sizes": judge_of(real=lambda x, y: pair(x, y[..., :2])),
    "label-shape": judge_of(loss=lambda r, f: bce(r, torch.ones(len(r))) + bce(f, torch.zeros(len(f)))),
    "logits-as-probabilities": judge_of(loss=lambda r, f: F.binary_cross_entropy(r, torch.ones_like(r))),
    "not-halved": judge_of(loss=lambda r, f: plus(-r) + plus(f)),
    "quartered": judge_of(loss=lambda r, f: F.softplus(torch.cat([-r, f])).mean() / 2),
    "sum": judge_of(loss=lambda r, f: F.softplus(torch.cat([-r, f])).sum()),
    "labels-swapped": judge_of(loss=lambda r, f: (plus(r) + plus(-f)) / 2),
    "fake-label": judge_of(loss=lambda r, f: (plus(-r) + plus(-f)) / 2),
    "real-label": judge_of(loss=lambda r, f: (plus(r) + plus(f)) / 2),
    "only-real": judge_of(loss=lambda r, f: plus(-r)),
    "only-fake": judge_of(loss=lambda r, f: plus(f) / 2),
    "one-halved": judge_of(loss=lambda r, f: plus(-r) + plus(f) / 2),
    "difference": judge_of(loss=lambda r, f: (plus(-r) - plus(f)) / 2),
    "negative": judge_of(loss=lambda r, f: -(plus(-r) + plus(f)) / 2),
    "sigmoid-twice": judge_of(loss=lambda r, f: (plus(-r.sigmoid()) + plus(f.sigmoid())) / 2),
    "mean-first": judge_of(loss=lambda r, f: (plus(-r.mean()) + plus(f.mean())) / 2),
    "smoothed": judge_of(loss=lambda r, f: (bce(r, 0 * r + 0.9) + plus(f)) / 2),
    "least-squares": judge_of(loss=lambda r, f: ((r - 1).square().mean() + f.square().mean()) / 2),
    "hinge": judge_of(loss=lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean()),
    "wasserstein": judge_of(loss=lambda r, f: f.mean() - r.mean()),
    "no-logarithm": judge_of(loss=lambda r, f: (1 - r.sigmoid()).mean() + f.sigmoid().mean()),
    "generators": judge_of(loss=lambda r, f: plus(-f)),
    "other-value": judge_of(loss=lambda r, f: (plus(-2 * r) + plus(f)) / 2),
    "unstable": judge_of(loss=d_logarithms),
    "not-finite": judge_of(loss=lambda r, f: plus(-r) / 0),
    "not-detached": judge_of(cut=lambda fake: fake),
    "real-logits-cut": d_real_cut,
    "fake-logits-cut": d_fake_cut,
    "half-graph": d_half_graph,
    "cut-graph": torch.no_grad()(judge_of()),
    "cuts-the-fake": d_in_place,
    "own-backward": d_backward,
    "clears-gradients": d_clears,
    "frozen": d_freezes,
    "eval-mode": d_eval,
    "changes-input": d_changes,
    "pair": judge_of(loss=lambda r, f: (plus(-r), plus(f))),
    "not-a-scalar": judge_of(loss=lambda r, f: F.softplus(-r) + F.softplus(f)),
    "not-a-tensor": judge_of(loss=lambda r, f: (plus(-r) + plus(f)).item() / 2),
    "none": lambda D, x, y, fake: None,
    "signature": lambda D, real, fake: D(real),
}
DISCRIMINATOR_ALSO_WRONG = [
    ("sum", judge_of(loss=lambda r, f: (F.softplus(-r).sum() + F.softplus(f).sum()) / 2 / len(r))),
    ("quartered", judge_of(loss=lambda r, f: (plus(-r) + plus(f)) / 4)),
    ("labels-swapped", judge_of(loss=lambda r, f: plus(r) + plus(-f))),
    ("unstable", judge_of(loss=lambda r, f: -((r.sigmoid() + 1e-8).log() + (1 - f.sigmoid() + 1e-8).log()).mean() / 2)),
    ("no-fake", judge_of(false=lambda x, f: torch.empty(0, 6, 6, 8), loss=lambda r, f: plus(-r) + f.sum())),
    ("raised", judge_of(loss=lambda r, f: r @ nothing)),  # noqa: F821
]

# 04.generator_loss


def g_of(
    shown=pair,
    gan=lambda s: plus(-s),
    distance=lambda y, fake: (y - fake).abs().mean(),
    total=lambda gan, distance, l1: gan + l1 * distance,
    default=100.0,
):
    """A loss of G with one part done in another way."""

    def generator_loss(D, x, y, fake, l1=default):
        return total(gan(D(shown(x, fake))), distance(y, fake), l1)

    return generator_loss


def g_bce(D, x, y, fake, l1=100.0):
    s = D(torch.hstack((x, fake)))
    return torch.add(bce(s, s.new_ones(s.shape)), F.l1_loss(fake, y), alpha=l1)


def g_pictures(D, x, y, fake, l1=100.0):
    each = [plus(-D(torch.cat([a, c])[None])) + l1 * (c - b).abs().mean() for a, b, c in zip(x, y, fake)]
    return torch.stack(each).mean()


def g_frozen(D, x, y, fake, l1=100.0):
    D.requires_grad_(False)
    s = D(pair(x, fake))
    D.requires_grad_(True)
    return -F.logsigmoid(s).sum() / s.numel() + l1 * nn.L1Loss()(y, fake)


def g_if(D, x, y, fake, l1=100.0):
    loss = torch.logaddexp(-D(pair(x, fake)), torch.zeros(())).mean()
    return loss + l1 * (y.sub(fake)).abs().flatten().mean() if l1 else loss


def g_with_y(D, x, y, fake, l1=100.0):
    return g_of(shown=lambda x, f: pair(y, f))(D, x, y, fake, l1)


def g_real_too(D, x, y, fake, l1=100.0):
    return (plus(-D(pair(x, fake))) + plus(-D(pair(x, y)))) / 2 + l1 * F.l1_loss(fake, y)


def g_real_pair(D, x, y, fake, l1=100.0):
    D(pair(x, fake))
    return plus(-D(pair(x, y))) + l1 * F.l1_loss(fake, y)


def g_on_real(D, x, y, fake, l1=100.0):
    return plus(-D(pair(x, y))) + l1 * F.l1_loss(fake, y)


def g_to_condition(D, x, y, fake, l1=100.0):
    return plus(-D(pair(x, fake))) + l1 * F.l1_loss(fake, x)


def g_without_fake(D, x, y, fake, l1=100.0):
    return plus(-D(pair(x, fake))) + l1 * F.l1_loss(y, x)


def g_without_d(D, x, y, fake, l1=100.0):
    return l1 * F.l1_loss(fake, y)


def g_eval(D, x, y, fake, l1=100.0):
    return g_bce(D.eval(), x, y, fake, l1)


def g_freezes(D, x, y, fake, l1=100.0):
    return g_bce(D.requires_grad_(False), x, y, fake, l1)


def g_backward(D, x, y, fake, l1=100.0):
    loss = g_bce(D, x, y, fake, l1)
    loss.backward(retain_graph=True)
    return loss


def g_detached(D, x, y, fake, l1=100.0):
    return g_bce(D, x, y, fake.detach(), l1)


def g_half_graph(D, x, y, fake, l1=100.0):
    d = (y - fake).abs()
    return plus(-D(pair(x, fake))) + l1 * (d + d - d.detach()).mean()


def g_changes(D, x, y, fake, l1=100.0):
    fake.data.clamp_(-1, 1)
    return g_bce(D, x, y, fake, l1)


GENERATOR_RIGHT = {
    "softplus": g_of(),
    "bce": g_bce,
    "picture by picture": g_pictures,
    "frozen and back": g_frozen,
    "only where it counts": g_if,
    "maximum": g_of(distance=lambda y, f: torch.maximum(y - f, f - y).mean()),
}
GENERATOR_WRONG = {
    "picture-alone": g_of(shown=lambda x, f: f),
    "condition-alone": g_of(shown=lambda x, f: x),
    "order": g_of(shown=lambda x, f: pair(f, x)),
    "wrong-condition": g_with_y,
    "along-the-batch": g_of(shown=lambda x, f: torch.cat([x, f])),
    "no-fake": g_on_real,
    "without-d": lambda D, x, y, fake, l1=100.0: F.l1_loss(fake, y) + 1,
    "no-gan": g_without_d,
    "l1-forgotten": g_of(total=lambda g, d, l1: g + d),
    "l1-on-gan": g_of(total=lambda g, d, l1: l1 * g + d),
    "l1-on-both": g_of(total=lambda g, d, l1: l1 * (g + d)),
    "l1-subtracted": g_of(total=lambda g, d, l1: g - l1 * d),
    "l1-divides": g_of(total=lambda g, d, l1: g + d / l1),
    "l1-squared": g_of(total=lambda g, d, l1: g + l1**2 * d),
    "blended": g_of(total=lambda g, d, l1: (g + l1 * d) / (1 + l1)),
    "no-distance": g_of(total=lambda g, d, l1: g),
    "multiplied": g_of(total=lambda g, d, l1: g * l1 * d),
    "halved": g_of(total=lambda g, d, l1: (g + l1 * d) / 2),
    "fixed-weight": g_of(total=lambda g, d, l1: g + 100 * d),
    "negative": g_of(total=lambda g, d, l1: -(g + l1 * d)),
    "default": g_of(default=10.0),
    "zero-ignored": g_of(total=lambda g, d, l1: g + (l1 or 100) * d),
    "label-0": g_of(gan=plus),
    "saturating": g_of(gan=lambda s: -plus(s)),
    "gan-subtracted": g_of(gan=lambda s: -plus(-s)),
    "gan-halved": g_of(gan=lambda s: plus(-s) / 2),
    "gan-sum": g_of(gan=lambda s: F.softplus(-s).sum()),
    "sigmoid-twice": g_of(gan=lambda s: plus(-s.sigmoid())),
    "mean-first": g_of(gan=lambda s: plus(-s.mean())),
    "least-squares": g_of(gan=lambda s: (s - 1).square().mean()),
    "minus-score": g_of(gan=lambda s: -s.mean()),
    "no-logarithm": g_of(gan=lambda s: 1 - s.sigmoid().mean()),
    "smoothed": g_of(gan=lambda s: bce(s, 0 * s + 0.9)),
    "real-too": g_real_too,
    "real-pair": g_real_pair,
    "squared": g_of(distance=F.mse_loss),
    "smooth-l1": g_of(distance=F.smooth_l1_loss),
    "distance-sum": g_of(distance=lambda y, f: (y - f).abs().sum()),
    "no-abs": g_of(distance=lambda y, f: (y - f).mean()),
    "euclidean": g_of(distance=lambda y, f: (y - f).norm()),
    "distance-halved": g_of(distance=lambda y, f: (y - f).abs().mean() / 2),
    "largest": g_of(distance=lambda y, f: (y - f).abs().max()),
    "to-condition": g_to_condition,
    "without-fake": g_without_fake,
    "other-value": g_of(gan=lambda s: plus(-2 * s)),
    "unstable": g_of(gan=lambda s: -s.sigmoid().log().mean()),
    "not-finite": g_of(gan=lambda s: plus(-s) / 0),
    "gan-detached": g_of(shown=lambda x, f: pair(x, f.detach())),
    "l1-detached": g_of(distance=lambda y, f: (y - f.detach()).abs().mean()),
    "half-graph": g_half_graph,
    "cut-graph": g_detached,
    "frozen": g_freezes,
    "eval-mode": g_eval,
    "own-backward": g_backward,
    "changes-input": g_changes,
    "two-arguments": lambda D, x, y, fake, l1=100.0: plus(-D(x, fake)) + l1 * F.l1_loss(fake, y),
    "pair": g_of(total=lambda g, d, l1: (g, l1 * d)),
    "not-a-scalar": g_of(distance=lambda y, f: (y - f).abs()),
    "not-a-tensor": g_of(total=lambda g, d, l1: (g + l1 * d).item()),
    "none": lambda D, x, y, fake, l1=100.0: None,
    "signature": lambda D, x, y, fake: plus(-D(pair(x, fake))),
}
GENERATOR_ALSO_WRONG = [
    ("distance-sum", g_of(distance=lambda y, f: (y - f).abs().sum((1, 2, 3)).mean())),
    ("no-abs", g_of(distance=lambda y, f: (y - f).mean().abs())),
    ("label-0", g_of(gan=plus, distance=F.mse_loss)),
    ("saturating", g_of(gan=lambda s: -plus(s), total=lambda g, d, l1: g + d)),
    ("squared", g_of(distance=lambda y, f: (y - f).square().mean() / 2)),
    ("euclidean", g_of(distance=lambda y, f: F.mse_loss(y, f).sqrt())),
]
