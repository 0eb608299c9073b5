"""Answers to Lab 03's exercises on truncation and lazy R1: right ones that differ, typical wrong ones."""

import torch

# 03.truncate


def cut(value=lambda w, m, psi: m + psi * (w - m), some=lambda k, layers: k < layers, rest=lambda w, m: w):
    """A truncation with one part done in another way."""

    def truncate(w, w_mean, psi, layers):
        chosen = some(torch.arange(w.shape[1]), layers)[:, None]
        return torch.where(chosen, value(w, w_mean, psi), rest(w, w_mean))

    return truncate


def cut_clone(w, w_mean, psi, layers):
    w = w.clone()
    w[:, :layers] = torch.lerp(w_mean.expand_as(w[:, :layers]), w[:, :layers], psi)
    return w


def cut_loop(w, w_mean, psi, layers):
    out = []
    for k in range(w.shape[1]):
        out.append(psi * w[:, k] + (1 - psi) * w_mean if k < layers else w[:, k])
    return torch.stack(out, dim=1)


def cut_psis(w, w_mean, psi, layers):
    """A ψ for each layer, as the published code has it."""
    psis = torch.ones(w.shape[1], 1)
    psis[:layers] = psi
    return w_mean + psis * (w - w_mean)


@torch.no_grad()
def cut_split(w, w_mean, psi, layers):
    coarse, fine = w.split([layers, w.shape[1] - layers], dim=1)
    return torch.cat((w_mean[None, None] + psi * (coarse - w_mean), fine), dim=1)


def cut_images(w, w_mean, psi, layers):
    w = w.clone()
    w[:layers] = w_mean + psi * (w[:layers] - w_mean)
    return w


def cut_numbers(w, w_mean, psi, layers):
    w = w.clone()
    w[..., :layers] = (w_mean + psi * (w - w_mean))[..., :layers]
    return w


def cut_negative(w, w_mean, psi, layers):
    w = w.clone()
    w[:, -layers:] = w_mean + psi * (w[:, -layers:] - w_mean)
    return w


def cut_by_layer(w, w_mean, psi, layers):
    powers = psi ** torch.arange(1.0, w.shape[1] + 1)[:, None]
    return cut(value=lambda w, m, psi: m + powers * (w - m))(w, w_mean, psi, layers)


def cut_changes(w, w_mean, psi, layers):
    w[:, :layers] = w_mean + psi * (w[:, :layers] - w_mean)
    return w


TRUNCATE_RIGHT = {
    "where": cut(),
    "clone and lerp": cut_clone,
    "loop": cut_loop,
    "a psi a layer": cut_psis,
    "split, no gradient": cut_split,
    "from w": cut(value=lambda w, m, psi: w + (1 - psi) * (m - w)),
}
TRUNCATE_WRONG = {
    "unchanged": lambda w, m, psi, layers: w,
    "all-layers": lambda w, m, psi, layers: m + psi * (w - m),
    "last-layers": cut_negative,
    "other-layers": cut(some=lambda k, layers: k >= layers),
    "one-more": cut(some=lambda k, layers: k <= layers),
    "one-less": cut(some=lambda k, layers: k < layers - 1),
    "one-layer": cut(some=lambda k, layers: k == layers),
    "not-the-first": cut(some=lambda k, layers: (k > 0) & (k < layers)),
    "images": cut_images,
    "numbers": cut_numbers,
    "reversed": cut(value=lambda w, m, psi: psi * m + (1 - psi) * w),
    "towards-zero": cut(value=lambda w, m, psi: psi * w),
    "mean-lost": cut(value=lambda w, m, psi: psi * (w - m)),
    "minus": cut(value=lambda w, m, psi: m + psi * (m - w)),
    "added": cut(value=lambda w, m, psi: m + psi * w),
    "from-w": cut(value=lambda w, m, psi: w + psi * (w - m)),
    "batch-mean": cut(value=lambda w, m, psi: w.mean(0) + psi * (w - w.mean(0))),
    "mean-face": cut(value=lambda w, m, psi: m.expand_as(w)),
    "others-mean": cut(rest=lambda w, m: m.expand_as(w)),
    "others-zero": cut(rest=lambda w, m: torch.zeros_like(w)),
    "twice": cut(value=lambda w, m, psi: m + psi**2 * (w - m)),
    "weaker-by-layer": cut_by_layer,
    "clamped": cut(value=lambda w, m, psi: m + (w - m).clamp(-abs(psi), abs(psi))),
    "psi-clamped": cut(value=lambda w, m, psi: m + min(psi, 1) * (w - m)),
    "which-layers": cut(some=lambda k, layers: k % 3 == 0),
    "other-value": cut(value=lambda w, m, psi: m + 0.9 * psi * (w - m)),
    "sizes": lambda w, m, psi, layers: torch.cat([m + psi * (w - m)[:layers], w[:, layers:]], 1),
    "shape": lambda w, m, psi, layers: m + psi * (w[:, :layers] - m),
    "not-a-tensor": lambda w, m, psi, layers: (m + psi * (w[:, :layers] - m), w[:, layers:]),
    "not-finite": cut(value=lambda w, m, psi: m + (w - m) / 0),
    "changes-input": cut_changes,
    "none": lambda w, m, psi, layers: None,
    "signature": lambda w, psi: w,
}
TRUNCATE_ALSO_WRONG = [
    ("one-layer", cut(some=lambda k, layers: k == layers - 1)),
    ("batch-mean", cut(value=lambda w, m, psi: w.mean((0, 1)) + psi * (w - w.mean((0, 1))))),
    ("clamped", cut(value=lambda w, m, psi: w.clamp(-psi, psi))),
    ("minus", cut(value=lambda w, m, psi: psi * (w - m) - m)),
    ("psi-clamped", cut(value=lambda w, m, psi: m + max(psi, 0) * (w - m))),
    ("fixed-psi", cut(value=lambda w, m, psi: m + 0.7 * (w - m))),
    ("which-layers", cut(some=lambda k, layers: k < 6)),
]

# 03.lazy_r1


def slope_of(critic, x, create=True):
    return torch.autograd.grad(critic(x).sum(), x, create_graph=create)[0]


def squares(g):
    return g.flatten(1).square().sum(1).mean()


def r1(
    value=squares,
    gain=lambda gamma, every: every * gamma / 2,
    due=lambda step, every: step % every == 0,
    slope=slope_of,
    point=lambda real: real.detach().clone().requires_grad_(),
    zero=lambda: 0.0,
):
    """A lazy R1 with one part done in another way."""

    def lazy_r1(critic, real, step, gamma, every):
        if not due(step, every):
            return zero()
        return gain(gamma, every) * value(slope(critic, point(real)))

    return lazy_r1


def r1_tensor_zero(critic, real, step, gamma, every):
    if step % every != 0:
        return torch.zeros((), device=real.device)
    x = real.detach().requires_grad_(True)
    scores = critic(x)
    (g,) = torch.autograd.grad(scores, x, grad_outputs=torch.ones_like(scores), create_graph=True, retain_graph=True)
    return 0.5 * gamma * every * g.pow(2).sum([1, 2, 3]).mean()


def r1_images(critic, real, step, gamma, every):
    total = 0
    if step % every == 0:
        for image in real:
            x = image[None].detach().requires_grad_()
            total = total + slope_of(critic, x).norm() ** 2 / len(real)
        total = total * gamma * every / 2
    return total


def r1_functional(critic, real, step, gamma, every):
    if step - step // every * every:
        return 0
    slope = torch.func.grad(lambda x: critic(x).sum())(real)
    return torch.linalg.vector_norm(slope, dim=(1, 2, 3)).square().mean() * (every * gamma / 2)


def r1_not_lazy(critic, real, step, gamma, every):
    return r1(due=lambda step, every: True)(critic, real, step, gamma, every) * (step % every == 0)


def r1_backward(critic, real, step, gamma, every):
    if step % every:
        return 0.0
    x = real.detach().requires_grad_()
    critic(x).sum().backward(create_graph=True)
    return every * gamma / 2 * squares(x.grad)


def r1_critic_mean(critic, x):
    return torch.autograd.grad(critic(x).mean(), x, create_graph=True)[0]


def r1_scores(critic, real, step, gamma, every):
    return 0.0 if step % every else every * gamma / 2 * critic(real).square().mean()


def r1_grad_outputs(critic, x):
    return torch.autograd.grad(critic(x), x, create_graph=True)[0]


def r1_flat_outputs(critic, x):
    return torch.autograd.grad(critic(x), x, torch.ones(len(x)), create_graph=True)[0]


def r1_changes(critic, real, step, gamma, every):
    real *= 1.5
    return r1()(critic, real, step, gamma, every)


def r1_clears(critic, real, step, gamma, every):
    critic.zero_grad()
    return r1()(critic, real, step, gamma, every)


def r1_freezes(critic, real, step, gamma, every):
    critic.requires_grad_(False)
    return r1()(critic, real, step, gamma, every)


def r1_none(critic, real, step, gamma, every):
    if step % every == 0:
        return r1()(critic, real, step, gamma, every)


R1_RIGHT = {
    "plain": r1(),
    "tensor zero, grad_outputs": r1_tensor_zero,
    "image by image": r1_images,
    "functional": r1_functional,
    "mean of sums": r1(value=lambda g: g.square().sum() / len(g)),
    "norm": r1(value=lambda g: (g.flatten(1).norm(2, dim=1) ** 2).mean(), zero=lambda: torch.tensor(0)),
    "in float64": r1(value=lambda g: squares(g.double())),
}
R1_WRONG = {
    "no-gain": r1(gain=lambda gamma, every: gamma / 2),
    "gain-divides": r1(gain=lambda gamma, every: gamma / 2 / every),
    "gain-root": r1(gain=lambda gamma, every: gamma / 2 * every**0.5),
    "gain-squared": r1(gain=lambda gamma, every: gamma / 2 * every**2),
    "no-half": r1(gain=lambda gamma, every: gamma * every),
    "quarter": r1(gain=lambda gamma, every: gamma / 4 * every),
    "no-gamma": r1(gain=lambda gamma, every: every / 2),
    "bare": r1(gain=lambda gamma, every: 1),
    "gamma-squared": r1(gain=lambda gamma, every: every * gamma**2 / 2),
    "negative": r1(gain=lambda gamma, every: -every * gamma / 2),
    "no-square": r1(value=lambda g: g.flatten(1).norm(dim=1).mean()),
    "wgan": r1(value=lambda g: (g.flatten(1).norm(dim=1) - 1).square().mean()),
    "gradients-averaged": r1(value=lambda g: g.mean(0).square().sum()),
    "norms-averaged": r1(value=lambda g: g.flatten(1).norm(dim=1).mean() ** 2),
    "critic-mean": r1(slope=r1_critic_mean),
    "batch-sum": r1(value=lambda g: g.square().sum()),
    "pixel-mean": r1(value=lambda g: g.square().mean()),
    "partial-norm": r1(value=lambda g: g.square().sum(1).mean()),
    "one-norm": r1(value=lambda g: g.abs().flatten(1).sum(1).mean()),
    "entry-sum": r1(value=lambda g: g.flatten(1).sum(1).square().mean()),
    "fourth-power": r1(value=lambda g: g.flatten(1).square().sum(1).square().mean()),
    "scores": r1_scores,
    "other-value": r1(value=lambda g: 0.3 * squares(g)),
    "clears-gradients": r1_clears,
    "frozen": r1_freezes,
    "missed": r1(due=lambda step, every: step % every == 0 and step < 10),
    "not-at-real": r1(point=lambda real: (0.5 * real).detach().requires_grad_()),
    "create-graph": r1(slope=lambda critic, x: slope_of(critic, x, create=False)),
    "half-graph": r1(value=lambda g: (g * g.detach()).flatten(1).sum(1).mean()),
    "own-backward": r1_backward,
    "requires-grad": r1(point=lambda real: real),
    "grad-outputs": r1(slope=r1_grad_outputs),
    "grad-outputs-shape": r1(slope=r1_flat_outputs),
    "marks-input": r1(point=lambda real: real.requires_grad_()),
    "not-lazy": r1_not_lazy,
    "never": r1(due=lambda step, every: False),
    "always": r1(due=lambda step, every: True),
    "only-first": r1(due=lambda step, every: step == 0),
    "not-at-zero": r1(due=lambda step, every: step > 0 and step % every == 0),
    "inverted": r1(due=lambda step, every: step % every),
    "late": r1(due=lambda step, every: step % every == 1),
    "early": r1(due=lambda step, every: (step + 1) % every == 0),
    "divided": r1(due=lambda step, every: step // every),
    "first-steps": r1(due=lambda step, every: step // every == 0),
    "plan": r1(due=lambda step, every: step % 3 == 0),
    "every-one": r1(due=lambda step, every: step % every == 0 and every > 1),
    "odd-zero": r1(zero=lambda: torch.zeros(1)),
    "not-a-scalar": r1(value=lambda g: g.flatten(1).square().sum(1)),
    "not-a-tensor": r1(value=lambda g: squares(g).item()),
    "changes-input": r1_changes,
    "none": r1_none,
    "signature": lambda critic, real, gamma: 0.0,
}
R1_ALSO_WRONG = [
    ("no-square", r1(value=lambda g: g.flatten(1).norm(dim=1).mean(), gain=lambda gamma, every: gamma / 2)),
    ("pixel-mean", r1(value=lambda g: g.square().mean(), gain=lambda gamma, every: every * gamma)),
    ("create-graph", r1(value=lambda g: squares(g.detach()))),
    ("partial-norm", r1(value=lambda g: g.square().sum((2, 3)).mean())),
    ("plan", r1(due=lambda step, every: step % 16 == 0 or step == 2)),
    ("not-a-tensor", r1(value=lambda g: (squares(g),) * 2, gain=lambda gamma, every: 1)),
]
