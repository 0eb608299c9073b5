"""Blind answers to the exercises on unpaired translation: least squares, the cycle loss, the identity loss and the pool
of past fakes. Written from the task texts alone, before the judges.

RIGHT: exercise → name → answer. WRONG: exercise → name → (answer, what a good hint would have to point at).
"""

import copy
import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.functional import l1_loss, mse_loss, smooth_l1_loss

# ---------------------------------------------------------------------------------------------------- least_squares


def ls_mse(real, fake):
    d = 0.5 * (F.mse_loss(real, torch.ones_like(real)) + F.mse_loss(fake, torch.zeros_like(fake)))
    return d, F.mse_loss(fake, torch.ones_like(fake))


def ls_module(real, fake):
    criterion = nn.MSELoss()
    one, zero, valid = torch.ones(real.shape), torch.zeros(fake.shape), torch.ones(fake.shape)
    loss_real, loss_fake = criterion(real, one), criterion(fake, zero)
    return (loss_real + loss_fake) / 2, criterion(fake, valid)


def ls_sums(real, fake):
    d = ((real - 1) ** 2).sum() / (2 * real.numel()) + (fake**2).sum() / (2 * fake.numel())
    g = ((fake - 1) ** 2).sum() / fake.numel()
    return d, g


def ls_expanded(real, fake):
    r, f = real.flatten(), fake.flatten()
    fake_power = (f @ f) / len(f)
    d = ((r @ r) / len(r) - 2 * r.mean() + 1 + fake_power) / 2
    return [d, fake_power - 2 * f.mean() + 1]


def ls_two_halves(real, fake):
    return 0.5 * real.sub(1).pow(2).mean() + 0.5 * fake.pow(2).mean(), (1 - fake).square().mean()


def ls_double(real, fake):
    real, fake = real.double(), fake.double()
    return torch.mean((1 - real) ** 2) * 0.5 + torch.mean(fake * fake) * 0.5, torch.mean((1 - fake) ** 2)


def ls_targets(real, fake):
    def to(scores, target):
        return ((scores - target) ** 2).mean()

    return (to(real, 1.0) + to(fake, 0.0)) / 2, to(fake, 1.0)


def ls_norms(real, fake):
    d = (torch.linalg.norm((real - 1).flatten()) ** 2 / real.numel() + fake.norm() ** 2 / fake.numel()) / 2
    return d, (fake - 1).norm() ** 2 / fake.numel()


def ls_sigmoid(real, fake):
    return ls_mse(torch.sigmoid(real), torch.sigmoid(fake))


def ls_bce(real, fake):
    d = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    d = d + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    return d / 2, F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


def ls_one_shape(real, fake):
    return 0.5 * (F.mse_loss(real, torch.ones_like(fake)) + F.mse_loss(fake, torch.zeros_like(real))), F.mse_loss(
        fake, torch.ones_like(real)
    )


def ls_together(real, fake):
    return 0.5 * ((real - 1) ** 2 + fake**2).mean(), ((fake - 1) ** 2).mean()


def ls_detached(real, fake):
    return 0.5 * ((real - 1) ** 2).mean() + 0.5 * (fake.detach() ** 2).mean(), ((fake - 1) ** 2).mean()


def ls_d(real, fake):
    return 0.5 * (((real - 1) ** 2).mean() + (fake**2).mean())


def ls_g(real, fake):
    return ((fake - 1) ** 2).mean()


def ls_in_place(real, fake):
    real -= 1
    d = 0.5 * ((real**2).mean() + (fake**2).mean())
    fake -= 1
    return d, (fake**2).mean()


LEAST_RIGHT = {
    "mse_loss": ls_mse,
    "MSELoss": ls_module,
    "sums over numel": ls_sums,
    "expanded, list": ls_expanded,
    "two halves": ls_two_halves,
    "double": ls_double,
    "helper": ls_targets,
    "norms": ls_norms,
}
LEAST_WRONG = {
    "sigmoid": (ls_sigmoid, "scores go through a sigmoid first"),
    "bce": (ls_bce, "cross entropy in place of squares"),
    "not halved": (lambda r, f: (2 * ls_d(r, f), ls_g(r, f)), "the ½ is missing in D's loss"),
    "both halved": (lambda r, f: (ls_d(r, f), 0.5 * ls_g(r, f)), "G's loss is not halved"),
    "neither": (lambda r, f: (2 * ls_d(r, f), 0.5 * ls_g(r, f)), "½ on the wrong one"),
    "one halved": (
        lambda r, f: (0.5 * ((r - 1) ** 2).mean() + (f**2).mean(), ls_g(r, f)),
        "½ on the real term alone: parentheses",
    ),
    "swapped": (lambda r, f: (ls_g(r, f), ls_d(r, f)), "the two losses are in the wrong order"),
    "labels swapped": (
        lambda r, f: (0.5 * ((r**2).mean() + ((f - 1) ** 2).mean()), (f**2).mean()),
        "labels 0 and 1 are swapped",
    ),
    "generator towards 0": (lambda r, f: (ls_d(r, f), (f**2).mean()), "G's target is 1"),
    "generator negated": (lambda r, f: (ls_d(r, f), -(f**2).mean()), "G maximises D's term: unbounded"),
    "fakes at −1": (
        lambda r, f: (0.5 * (((r - 1) ** 2).mean() + ((f + 1) ** 2).mean()), ls_g(r, f)),
        "the fake target is 0, not −1",
    ),
    "abs": (
        lambda r, f: (0.5 * ((r - 1).abs().mean() + f.abs().mean()), (f - 1).abs().mean()),
        "absolute values in place of squares",
    ),
    "sum": (
        lambda r, f: (0.5 * (((r - 1) ** 2).sum() + (f**2).sum()), ((f - 1) ** 2).sum()),
        "sums in place of means",
    ),
    "square of the mean": (
        lambda r, f: (0.5 * ((r.mean() - 1) ** 2 + f.mean() ** 2), (f.mean() - 1) ** 2),
        "the mean is taken before the square",
    ),
    "no mean": (lambda r, f: (0.5 * ((r - 1) ** 2 + 0).flatten(), ((f - 1) ** 2).flatten()), "no mean at all"),
    "only one": (ls_d, "returns D's loss alone"),
    "added": (lambda r, f: ls_d(r, f) + ls_g(r, f), "adds the two losses"),
    "dict": (lambda r, f: {"d": ls_d(r, f), "g": ls_g(r, f)}, "returns a dict"),
    "three": (lambda r, f: (((r - 1) ** 2).mean() / 2, (f**2).mean() / 2, ls_g(r, f)), "returns three numbers"),
    "stacked": (lambda r, f: torch.stack([ls_d(r, f), ls_g(r, f)]), "one tensor: the graphs hang together"),
    "items": (lambda r, f: (ls_d(r, f).item(), ls_g(r, f).item()), "numbers without a graph"),
    "detached": (ls_detached, "D does not learn from the fakes"),
    "generator detached": (lambda r, f: (ls_d(r, f), ls_g(r, f.detach())), "G does not learn"),
    "one shape": (ls_one_shape, "targets have the shape of the other scores"),
    "together": (ls_together, "adds tensors of different shapes before the mean"),
    "generator with real": (
        lambda r, f: (ls_d(r, f), ls_g(r, f) + ((r - 1) ** 2).mean()),
        "G's loss also has the real term",
    ),
    "in place": (ls_in_place, "changes its inputs"),
    "smoothed": (
        lambda r, f: (0.5 * (((r - 0.9) ** 2).mean() + (f**2).mean()), ls_g(r, f)),
        "one-sided label smoothing",
    ),
    "only real": (lambda r, f: (0.5 * ((r - 1) ** 2).mean(), ls_g(r, f)), "D's loss lacks the fakes"),
    "minus": (lambda r, f: (0.5 * (((r - 1) ** 2).mean() - (f**2).mean()), ls_g(r, f)), "fake term subtracted"),
}

# ---------------------------------------------------------------------------------------------------- cycle_loss


def c_plain(G, F, a, b, weight=10.0):
    return weight * ((F(G(a)) - a).abs().mean() + (G(F(b)) - b).abs().mean())


def c_l1(G, F, a, b, weight=10.0):
    forward = l1_loss(F(G(a)), a)
    backward = l1_loss(G(F(b)), b)
    return forward * weight + backward * weight


def c_module(G, F, a, b, weight=10.0):
    criterion = nn.L1Loss()
    fake_b, fake_a = G(a), F(b)
    rec_a, rec_b = F(fake_b), G(fake_a)
    return criterion(rec_a, a) * weight + criterion(rec_b, b) * weight


def c_loop(G, F, a, b, weight=10.0):
    total = 0.0
    for there, back, x in ((G, F, a), (F, G, b)):
        total = total + torch.mean(torch.abs(x - back(there(x))))
    return weight * total


def c_per_picture(G, F, a, b, weight=10.0):
    one = (F(G(a)) - a).abs().mean(dim=(1, 2, 3)).mean()
    two = (G(F(b)) - b).abs().flatten(1).mean(1).mean()
    return weight * (one + two)


def c_sums(G, F, a, b, weight=10.0):
    return weight * (l1_loss(F(G(a)), a, reduction="sum") / a.numel() + (G(F(b)) - b).norm(p=1) / b.numel())


def c_helper(G, F, a, b, weight=10.0):
    def cycle(first, second, x):
        return l1_loss(second(first(x)), x.detach())

    return sum([cycle(G, F, a), cycle(F, G, b)]) * weight


def c_picture_by_picture(G, F, a, b, weight=10.0):
    terms_a = [l1_loss(F(G(x[None])), x[None]) for x in a]
    terms_b = [l1_loss(G(F(x[None])), x[None]) for x in b]
    return weight * (torch.stack(terms_a).mean() + torch.stack(terms_b).mean())


def c_shadow(G, F, a, b, weight=10.0):
    return weight * (F.l1_loss(F(G(a)), a) + F.l1_loss(G(F(b)), b))


def c_no_grad(G, F, a, b, weight=10.0):
    with torch.no_grad():
        fake_b, fake_a = G(a), F(b)
    return weight * (l1_loss(F(fake_b), a) + l1_loss(G(fake_a), b))


def c_backward(G, F, a, b, weight=10.0):
    loss = c_plain(G, F, a, b, weight)
    loss.backward()
    return loss


def c_pair_diff(G, F, a, b, weight=10.0):
    return weight * torch.cat([(F(G(a)) - a), (G(F(b)) - b)]).abs().mean()


def c_requires(G, F, a, b, weight=10.0):
    for p in F.parameters():
        p.requires_grad = False
    return c_plain(G, F, a, b, weight)


def c_eval(G, F, a, b, weight=10.0):
    G.eval()
    F.eval()
    return c_plain(G, F, a, b, weight)


def c_precedence(G, F, a, b, weight=10.0):
    return weight * l1_loss(F(G(a)), a) + l1_loss(G(F(b)), b)


CYCLE_RIGHT = {
    "plain": c_plain,
    "l1_loss": c_l1,
    "L1Loss": c_module,
    "loop": c_loop,
    "mean of pictures": c_per_picture,
    "sums over numel": c_sums,
    "helper, detached target": c_helper,
    "picture by picture": c_picture_by_picture,
}
CYCLE_WRONG = {
    "F is functional": (c_shadow, "F is the network here, not torch.nn.functional"),
    "only forward": (lambda G, F, a, b, weight=10.0: weight * l1_loss(F(G(a)), a), "b's cycle is missing"),
    "only backward": (lambda G, F, a, b, weight=10.0: weight * l1_loss(G(F(b)), b), "a's cycle is missing"),
    "order": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(G(F(a)), a) + l1_loss(F(G(b)), b)),
        "G takes pictures of A: F(G(a))",
    ),
    "same net twice": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(G(G(a)), a) + l1_loss(F(F(b)), b)),
        "the way back is the other network",
    ),
    "squared": (
        lambda G, F, a, b, weight=10.0: weight * (mse_loss(F(G(a)), a) + mse_loss(G(F(b)), b)),
        "squares in place of absolute values",
    ),
    "smooth": (
        lambda G, F, a, b, weight=10.0: weight * (smooth_l1_loss(F(G(a)), a) + smooth_l1_loss(G(F(b)), b)),
        "the smooth L1 loss",
    ),
    "paired": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(G(a), b) + l1_loss(F(b), a)),
        "compares G(a) with b as if they were a pair",
    ),
    "back to the other": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(F(G(a)), b) + l1_loss(G(F(b)), a)),
        "each cycle is compared with the other domain",
    ),
    "identity": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(G(b), b) + l1_loss(F(a), a)),
        "this is the identity loss",
    ),
    "no way back": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(G(a), a) + l1_loss(F(b), b)),
        "G(a) itself is compared with a",
    ),
    "detached": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(F(G(a).detach()), a) + l1_loss(G(F(b).detach()), b)),
        "detach in between: the first network does not learn",
    ),
    "no_grad": (c_no_grad, "no_grad in between"),
    "one detached": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(F(G(a).detach()), a) + l1_loss(G(F(b)), b)),
        "detach in one of the two",
    ),
    "no weight": (lambda G, F, a, b, weight=10.0: c_plain(G, F, a, b, 1.0), "the weight is missing"),
    "fixed weight": (lambda G, F, a, b, weight=10.0: c_plain(G, F, a, b, 10.0), "weight is always 10"),
    "weight on one": (c_precedence, "the weight on the first term alone: parentheses"),
    "sum": (
        lambda G, F, a, b, weight=10.0: weight * ((F(G(a)) - a).abs().sum() + (G(F(b)) - b).abs().sum()),
        "sums in place of means",
    ),
    "sum per picture": (
        lambda G, F, a, b, weight=10.0: (
            weight * ((F(G(a)) - a).abs().sum((1, 2, 3)).mean() + (G(F(b)) - b).abs().sum((1, 2, 3)).mean())
        ),
        "a sum over the pixels",
    ),
    "halved": (lambda G, F, a, b, weight=10.0: c_plain(G, F, a, b, weight / 2), "half of it"),
    "no abs": (
        lambda G, F, a, b, weight=10.0: weight * ((F(G(a)) - a).mean() + (G(F(b)) - b).mean()),
        "without absolute values",
    ),
    "abs of the mean": (
        lambda G, F, a, b, weight=10.0: weight * ((F(G(a)) - a).mean().abs() + (G(F(b)) - b).mean().abs()),
        "the mean comes before the absolute value",
    ),
    "joined": (c_pair_diff, "one mean over both"),
    "backward": (c_backward, "calls backward"),
    "freezes": (c_requires, "freezes F"),
    "eval": (c_eval, "puts the networks into eval mode"),
    "pair": (
        lambda G, F, a, b, weight=10.0: (weight * l1_loss(F(G(a)), a), weight * l1_loss(G(F(b)), b)),
        "returns two numbers",
    ),
    "item": (lambda G, F, a, b, weight=10.0: c_plain(G, F, a, b, weight).item(), "a number without a graph"),
    "copies": (
        lambda G, F, a, b, weight=10.0: c_plain(copy.deepcopy(G), copy.deepcopy(F), a, b, weight),
        "works on copies of the networks",
    ),
    "difference": (
        lambda G, F, a, b, weight=10.0: weight * (l1_loss(F(G(a)), a) - l1_loss(G(F(b)), b)),
        "subtracts the second",
    ),
    "no default": (lambda G, F, a, b, weight: c_plain(G, F, a, b, weight), "weight has no default"),
    "other default": (lambda G, F, a, b, weight=1.0: c_plain(G, F, a, b, weight), "the default is 10"),
}

# ---------------------------------------------------------------------------------------------------- identity_loss


def i_plain(G, F, a, b, weight=5.0):
    return weight * ((G(b) - b).abs().mean() + (F(a) - a).abs().mean())


def i_l1(G, F, a, b, weight=5.0):
    same_b, same_a = G(b), F(a)
    return l1_loss(same_b, b) * weight + l1_loss(same_a, a) * weight


def i_loop(G, F, a, b, weight=5.0):
    return weight * sum(nn.L1Loss()(net(x), x) for net, x in ((G, b), (F, a)))


def i_flat(G, F, a, b, weight=5.0):
    one, two = (b - G(b)).flatten(), (a - F(a)).flatten()
    return weight * (one.abs().sum() / len(one) + two.abs().sum() / len(two))


def i_sign(G, F, a, b, weight=5.0):
    one, two = G(b) - b, F(a) - a
    return weight * (one * one.sign()).mean() + weight * torch.maximum(two, -two).mean()


def i_pictures(G, F, a, b, weight=5.0):
    total = torch.zeros(())
    for x in b:
        total = total + weight * l1_loss(G(x.unsqueeze(0)), x.unsqueeze(0)) / len(b)
    for x in a:
        total = total + weight * l1_loss(F(x.unsqueeze(0)), x.unsqueeze(0)) / len(a)
    return total


def i_shadow(G, F, a, b, weight=5.0):
    return weight * (F.l1_loss(G(b), b) + F.l1_loss(F(a), a))


def i_no_grad(G, F, a, b, weight=5.0):
    with torch.no_grad():
        return i_plain(G, F, a, b, weight)


IDENTITY_RIGHT = {
    "plain": i_plain,
    "l1_loss": i_l1,
    "loop": i_loop,
    "flat": i_flat,
    "by sign": i_sign,
    "picture by picture": i_pictures,
}
IDENTITY_WRONG = {
    "F is functional": (i_shadow, "F is the network here"),
    "wrong domains": (
        lambda G, F, a, b, weight=5.0: weight * (l1_loss(G(a), a) + l1_loss(F(b), b)),
        "G is given its own target domain: b",
    ),
    "cycles": (
        lambda G, F, a, b, weight=5.0: weight * (l1_loss(F(G(a)), a) + l1_loss(G(F(b)), b)),
        "this is the cycle loss",
    ),
    "paired": (
        lambda G, F, a, b, weight=5.0: weight * (l1_loss(G(a), b) + l1_loss(F(b), a)),
        "compares with the other domain",
    ),
    "mixed targets": (
        lambda G, F, a, b, weight=5.0: weight * (l1_loss(G(b), a) + l1_loss(F(a), b)),
        "right inputs, wrong targets",
    ),
    "squared": (
        lambda G, F, a, b, weight=5.0: weight * (mse_loss(G(b), b) + mse_loss(F(a), a)),
        "squares in place of absolute values",
    ),
    "only G": (lambda G, F, a, b, weight=5.0: weight * l1_loss(G(b), b), "F's term is missing"),
    "only F": (lambda G, F, a, b, weight=5.0: weight * l1_loss(F(a), a), "G's term is missing"),
    "default 10": (lambda G, F, a, b, weight=10.0: i_plain(G, F, a, b, weight), "the default is 5"),
    "halved again": (lambda G, F, a, b, weight=5.0: 0.5 * i_plain(G, F, a, b, weight), "another ½"),
    "times ten": (lambda G, F, a, b, weight=5.0: 10 * i_plain(G, F, a, b, weight), "λ once more"),
    "no weight": (lambda G, F, a, b, weight=5.0: i_plain(G, F, a, b, 1.0), "no weight"),
    "weight on one": (
        lambda G, F, a, b, weight=5.0: weight * l1_loss(G(b), b) + l1_loss(F(a), a),
        "the weight on the first term alone",
    ),
    "sum": (
        lambda G, F, a, b, weight=5.0: weight * ((G(b) - b).abs().sum() + (F(a) - a).abs().sum()),
        "sums",
    ),
    "no_grad": (i_no_grad, "no graph"),
    "detached": (lambda G, F, a, b, weight=5.0: i_plain(G, F, a, b, weight).detach(), "no graph"),
    "one detached": (
        lambda G, F, a, b, weight=5.0: weight * (l1_loss(G(b), b) + l1_loss(F(a).detach(), a)),
        "F does not learn",
    ),
    "G for both": (
        lambda G, F, a, b, weight=5.0: weight * (l1_loss(G(b), b) + l1_loss(G(a), a)),
        "G in place of F",
    ),
    "nets swapped": (
        lambda G, F, a, b, weight=5.0: weight * (l1_loss(F(b), b) + l1_loss(G(a), a)),
        "F and G are swapped",
    ),
    "zero": (lambda G, F, a, b, weight=5.0: weight * (l1_loss(b, b) + l1_loss(a, a)), "no network at all"),
    "average": (
        lambda G, F, a, b, weight=5.0: weight * (l1_loss(G(b), b) + l1_loss(F(a), a)) / 2,
        "the mean of the two",
    ),
    "tuple": (
        lambda G, F, a, b, weight=5.0: (weight * l1_loss(G(b), b), weight * l1_loss(F(a), a)),
        "returns a tuple",
    ),
}

# ---------------------------------------------------------------------------------------------------- image_pool


def p_closure(size):
    pool = []

    def exchange(images):
        given = []
        for image in images.detach():
            if len(pool) < size:
                pool.append(image.clone())
                given.append(image)
            elif size > 0 and random.random() < 0.5:
                k = random.randrange(size)
                given.append(pool[k])
                pool[k] = image.clone()
            else:
                given.append(image)
        return torch.stack(given)

    return exchange


class PoolAsPublished:
    """As people know it from the published code, with detach."""

    def __init__(self, pool_size):
        self.pool_size = pool_size
        if self.pool_size > 0:
            self.num_imgs = 0
            self.images = []

    def query(self, images):
        if self.pool_size == 0:
            return images
        return_images = []
        for image in images:
            image = torch.unsqueeze(image.data, 0)
            if self.num_imgs < self.pool_size:
                self.num_imgs = self.num_imgs + 1
                self.images.append(image.clone())
                return_images.append(image)
            else:
                p = random.uniform(0, 1)
                if p > 0.5:
                    random_id = random.randint(0, self.pool_size - 1)
                    tmp = self.images[random_id].clone()
                    self.images[random_id] = image.clone()
                    return_images.append(tmp)
                else:
                    return_images.append(image)
        return_images = torch.cat(return_images, 0)
        return return_images

    __call__ = query


def p_published(size):
    return PoolAsPublished(size)


def p_method(size):
    return PoolAsPublished(size).query


def p_module(size):
    class Pool(nn.Module):
        def __init__(self):
            super().__init__()
            self.kept = []

        @torch.no_grad()
        def forward(self, images):
            out = images.clone()
            for i in range(images.shape[0]):
                new = images[i].clone()
                if len(self.kept) < size:
                    self.kept.append(new)
                elif size and torch.rand(()) < 0.5:
                    k = torch.randint(size, ()).item()
                    out[i], self.kept[k] = self.kept[k], new
            return out

    return Pool()


def p_tensor(size):
    state = {"pool": None, "count": 0}

    def exchange(images):
        images = images.detach().clone()
        if size == 0:
            return images
        if state["pool"] is None:
            state["pool"] = torch.empty(size, *images.shape[1:], dtype=images.dtype)
        pool, out = state["pool"], images.clone()
        for i in range(len(images)):
            if state["count"] < size:
                pool[state["count"]] = images[i]
                state["count"] += 1
            elif np.random.rand() < 0.5:
                k = np.random.randint(size)
                out[i] = pool[k]
                pool[k] = images[i]
        return out

    return exchange


def p_pop(size):
    """A list whose order changes: the new one always comes to the end."""
    pool = []

    def one(image):
        if size == 0:
            return image
        if len(pool) < size:
            pool.append(image.clone())
            return image
        if random.choice([True, False]):
            old = pool.pop(random.randint(0, len(pool) - 1))
            pool.append(image.clone())
            return old
        return image

    return lambda images: torch.stack([one(image) for image in images.detach()])


def p_shuffle(size):
    kept = deque()
    rng = np.random.default_rng()

    def exchange(images):
        result = torch.empty_like(images, requires_grad=False)
        for i, image in enumerate(images):
            image = image.detach().clone()
            if len(kept) < size:
                kept.append(image)
                result[i] = image
            elif size == 0 or rng.integers(2) == 0:
                result[i] = image
            else:
                kept.rotate(int(rng.integers(size)))
                result[i] = kept.popleft()
                kept.append(image)
        return result

    return exchange


def p_numpy(size):
    pool = []

    def exchange(images):
        out = []
        for image in images.detach().numpy():
            if len(pool) < size:
                pool.append(image.copy())
                out.append(image)
            elif size and random.getrandbits(1):
                k = random.sample(range(size), 1)[0]
                out.append(pool[k])
                pool[k] = image.copy()
            else:
                out.append(image)
        return torch.from_numpy(np.stack(out))

    return exchange


def p_draws_first(size):
    """All coins and places of a batch are drawn at once, and used one by one."""
    pool = []

    def exchange(images):
        coins = torch.rand(len(images)).lt(0.5).tolist()
        places = torch.randint(max(size, 1), (len(images),)).tolist()
        out = []
        for image, coin, k in zip(images.detach().clone(), coins, places):
            if len(pool) < size:
                pool.append(image)
            elif coin and size:
                image, pool[k] = pool[k], image
            out.append(image)
        return torch.stack(out)

    return exchange


def p_private(size):
    generator = random.Random(7)
    pool = {}

    def exchange(images):
        out = images.detach().clone()
        for i, image in enumerate(images.detach()):
            if len(pool) < size:
                pool[len(pool)] = image.clone()
            elif size and generator.random() >= 0.5:
                k = generator.randrange(size)
                out[i] = pool[k]
                pool[k] = image.clone()
        return out

    return exchange


def p_global_first(size):
    return pw_global(size, fresh=True)


def pool_with(
    coin=lambda: random.random() < 0.5,
    place=lambda pool: random.randrange(len(pool)),
    full=lambda pool, size: len(pool) >= size,
    swap=None,
    keep=lambda pool, image: None,
    copy_in=lambda image: image.detach().clone(),
    give=lambda image: image.detach(),
    end=torch.stack,
):
    """A pool with one part done in another way, as a student might slip there."""

    def image_pool(size):
        pool = []

        def exchange(images):
            if size == 0:
                return images.detach()
            given = []
            for image in images:
                if not full(pool, size):
                    pool.append(copy_in(image))
                    given.append(give(image))
                elif coin():
                    if swap:
                        given.append(swap(pool, image))
                        continue
                    k = place(pool)
                    given.append(give(pool[k]))
                    pool[k] = copy_in(image)
                else:
                    keep(pool, image)
                    given.append(give(image))
            return end(given)

        return exchange

    return image_pool


def pw_not_replaced(pool, image):
    return random.choice(pool)


def pw_appends(pool, image):
    old = random.choice(pool)
    pool.append(image.detach().clone())
    return old


def pw_loses(pool, image):
    return pool.pop(random.randrange(len(pool)))


def pw_other_place(pool, image):
    old = random.choice(pool)
    pool[random.randrange(len(pool))] = image.detach().clone()
    return old


def pw_overwritten(pool, image):
    k = random.randrange(len(pool))
    pool[k] = image.detach().clone()
    return pool[k]


def pw_view(size):
    state = {"count": 0}

    def exchange(images):
        images = images.detach()
        pool = state.setdefault("pool", torch.zeros(size, *images.shape[1:]))
        out = []
        for image in images:
            if state["count"] < size:
                pool[state["count"]] = image
                state["count"] += 1
                out.append(image)
            elif random.random() < 0.5:
                k = random.randrange(size)
                old = pool[k]
                pool[k] = image
                out.append(old)
            else:
                out.append(image)
        return torch.stack(out)

    return exchange


def pw_view_late(size):
    """The old one is a view of the pool's tensor, but is copied out before the overwriting: two in a row clash."""
    state = {"count": 0}

    def exchange(images):
        images = images.detach()
        pool = state.setdefault("pool", torch.zeros(size, *images.shape[1:]))
        for i in range(len(images)):
            if state["count"] < size:
                pool[state["count"]] = images[i]
                state["count"] += 1
            elif random.random() < 0.5:
                k = random.randrange(size)
                images[i], pool[k] = pool[k], images[i]
        return images

    return exchange


def pw_always_stores(size):
    pool = []

    def exchange(images):
        out = []
        for image in images.detach().clone():
            if len(pool) < size:
                pool.append(image)
                out.append(image)
                continue
            k = random.randrange(size)
            out.append(pool[k] if random.random() < 0.5 else image)
            pool[k] = image
        return torch.stack(out)

    return exchange


def pw_one_coin(size):
    pool = []

    def exchange(images):
        out, swap = [], random.random() < 0.5
        for image in images.detach().clone():
            if len(pool) < size:
                pool.append(image)
                out.append(image)
            elif swap and size:
                k = random.randrange(size)
                out.append(pool[k])
                pool[k] = image
            else:
                out.append(image)
        return torch.stack(out)

    return exchange


def pw_one_place(size):
    pool = []

    def exchange(images):
        out, k = [], random.randrange(max(size, 1))
        for image in images.detach().clone():
            if len(pool) < size:
                pool.append(image)
                out.append(image)
            elif size and random.random() < 0.5:
                out.append(pool[k])
                pool[k] = image
            else:
                out.append(image)
        return torch.stack(out)

    return exchange


def pw_vectorised(size):
    state = {"pool": None}

    def exchange(images):
        images = images.detach().clone()
        if size == 0:
            return images
        pool = state["pool"]
        if pool is None or len(pool) < size:
            state["pool"] = images if pool is None else torch.cat([pool, images])
            return images
        mask = torch.rand(len(images)) < 0.5
        k = torch.randint(len(pool), (len(images),))
        out = torch.where(mask[:, None, None, None], pool[k], images)
        pool[k[mask]] = images[mask]
        return out

    return exchange


def pw_per_pixel(size):
    inner = p_closure(size)

    def exchange(images):
        return torch.where(torch.rand_like(images) < 0.5, inner(images), images).detach()

    return exchange


GLOBAL_POOL: list = []


def pw_global(size, fresh=False):
    if fresh:
        GLOBAL_POOL.clear()

    def exchange(images):
        out = []
        for image in images.detach().clone():
            if len(GLOBAL_POOL) < size:
                GLOBAL_POOL.append(image)
                out.append(image)
            elif size and random.random() < 0.5:
                k = random.randrange(size)
                out.append(GLOBAL_POOL[k])
                GLOBAL_POOL[k] = image
            else:
                out.append(image)
        return torch.stack(out)

    return exchange


def pw_default(size, pool=[]):  # noqa: B006
    def exchange(images):
        out = []
        for image in images.detach().clone():
            if len(pool) < size:
                pool.append(image)
                out.append(image)
            elif size and random.random() < 0.5:
                k = random.randrange(size)
                out.append(pool[k])
                pool[k] = image
            else:
                out.append(image)
        return torch.stack(out)

    return exchange


def pw_seeded(size):
    random.seed(0)
    return p_closure(size)


def pw_seeded_inside(size):
    inner = p_module(size)

    def exchange(images):
        torch.manual_seed(42)
        return inner(images)

    return exchange


def pw_zero(size):
    pool = []

    def exchange(images):
        out = []
        for image in images.detach().clone():
            if len(pool) < size:
                pool.append(image)
                out.append(image)
            elif random.random() < 0.5:
                k = random.randint(0, size - 1)
                out.append(pool[k])
                pool[k] = image
            else:
                out.append(image)
        return torch.stack(out)

    return exchange


def pw_refills(size):
    """Starts the pool anew in each call."""

    def exchange(images):
        return p_closure(size)(images)

    return exchange


def pw_no_loop(size):
    """One picture of a batch at most, as if the batch were one."""
    pool = []

    def exchange(images):
        images = images.detach().clone()
        if len(pool) < size:
            pool.append(images)
            return images
        if size and random.random() < 0.5:
            k = random.randrange(size)
            old = pool[k]
            pool[k] = images
            return old
        return images

    return exchange


def pw_half_stored(size):
    pool = []

    def exchange(images):
        out = []
        for image in images.detach().clone():
            if random.random() < 0.5 or size == 0:
                out.append(image)
            elif len(pool) < size:
                pool.append(image)
                out.append(image)
            else:
                k = random.randrange(size)
                out.append(pool[k])
                pool[k] = image
        return torch.stack(out)

    return exchange


class NeedsQuery:
    def __init__(self, size):
        self.inner = p_closure(size)

    def query(self, images):
        return self.inner(images)


POOL_RIGHT = {
    "closure": p_closure,
    "as published": p_published,
    "bound method": p_method,
    "module": p_module,
    "tensor": p_tensor,
    "pop and append": p_pop,
    "deque": p_shuffle,
    "numpy": p_numpy,
    "draws first": p_draws_first,
    "a generator of its own": p_private,
}
POOL_WRONG = {
    "never": (pool_with(coin=lambda: False), "never swaps"),
    "always": (pool_with(coin=lambda: True), "always swaps"),
    "p = 0.3": (pool_with(coin=lambda: random.random() < 0.3), "probability"),
    "p = 0.75": (pool_with(coin=lambda: random.random() > 0.25), "probability"),
    "one in size": (pool_with(coin=lambda: random.randrange(10) == 0), "probability"),
    "not replaced": (pool_with(swap=pw_not_replaced), "the new one does not take the old one's place"),
    "appends": (pool_with(swap=pw_appends), "the pool grows"),
    "loses": (pool_with(swap=pw_loses), "the new one is not kept"),
    "other place": (pool_with(swap=pw_other_place), "the new one overwrites another one"),
    "overwritten": (pool_with(swap=pw_overwritten), "overwritten before it is given back"),
    "view": (pw_view, "a view of the pool: overwritten before it is given back"),
    "view, late": (pw_view_late, "a view of the pool, and it writes into the input"),
    "always stores": (pw_always_stores, "the pool changes even where the new one is given back"),
    "keeps all": (pool_with(keep=lambda pool, image: pool.append(image.detach().clone())), "the pool grows"),
    "never full": (pool_with(full=lambda pool, size: len(pool) >= 50), "holds 50 whatever size is"),
    "one too many": (pool_with(full=lambda pool, size: len(pool) > size), "size + 1 images"),
    "one too few": (pool_with(full=lambda pool, size: len(pool) >= max(size - 1, 1)), "size − 1 images"),
    "early": (pool_with(full=lambda pool, size: len(pool) > 0), "swaps before the pool is full"),
    "first": (pool_with(place=lambda pool: 0), "always the same place"),
    "last": (pool_with(place=lambda pool: -1), "always the same place"),
    "oldest": (pool_with(swap=lambda pool, image: (pool.append(image.detach()), pool.pop(0))[1]), "always the oldest"),
    "never the last": (pool_with(place=lambda pool: random.randrange(max(len(pool) - 1, 1))), "not uniform"),
    "inclusive": (pool_with(place=lambda pool: random.randint(0, len(pool))), "randint includes its end"),
    "rounded": (pool_with(place=lambda pool: round(random.random() * (len(pool) - 1))), "the ends half as often"),
    "one coin": (pw_one_coin, "one coin for the whole batch"),
    "one place": (pw_one_place, "one place for the whole batch"),
    "vectorised": (pw_vectorised, "all images of a batch see the same pool"),
    "batches": (pw_no_loop, "whole batches are kept in place of images"),
    "per pixel": (pw_per_pixel, "a coin for each pixel"),
    "graph": (pool_with(copy_in=lambda image: image, give=lambda image: image), "no detach"),
    "graph given": (pool_with(give=lambda image: image), "the image given back itself still has a gradient"),
    "graph kept": (
        pool_with(copy_in=lambda image: image.clone(), end=lambda given: torch.stack(given).detach()),
        "the pool keeps the graph",
    ),
    "alias": (pool_with(copy_in=lambda image: image.detach()), "no copy: the caller's tensor"),
    "list": (pool_with(end=lambda given: given), "returns a list"),
    "cat": (pool_with(end=torch.cat), "the batch's dimension is lost"),
    "stack of batches": (pool_with(give=lambda image: image.detach()[None]), "a dimension too many"),
    "last one only": (pool_with(end=lambda given: given[-1][None]), "one image comes back"),
    "global": (pw_global, "two pools share their images"),
    "mutable default": (pw_default, "two pools share their images"),
    "global, cleared": (p_global_first, "two pools share their images"),
    "seeded": (pw_seeded, "seeds the global generator"),
    "seeded inside": (pw_seeded_inside, "seeds the global generator at each call"),
    "size 0": (pw_zero, "fails with size 0"),
    "anew": (pw_refills, "starts a new pool in each call"),
    "half stored": (pw_half_stored, "fills only with probability ½"),
    "needs query": (NeedsQuery, "a class in place of a function"),
    "object without call": (lambda size: NeedsQuery(size), "the object can't be called"),
    "a list": (lambda size: [], "returns a list in place of a function"),
    "images too": (lambda size, images: p_closure(size)(images), "takes images right away"),
}

RIGHT = {
    "least_squares": LEAST_RIGHT,
    "cycle_loss": CYCLE_RIGHT,
    "identity_loss": IDENTITY_RIGHT,
    "image_pool": POOL_RIGHT,
}
WRONG = {
    "least_squares": LEAST_WRONG,
    "cycle_loss": CYCLE_WRONG,
    "identity_loss": IDENTITY_WRONG,
    "image_pool": POOL_WRONG,
}
