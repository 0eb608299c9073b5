"""Blind answers to `discriminator_loss` and `generator_loss`. See `blind_answers`."""

import torch
import torch.nn.functional as F
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import logsigmoid, softplus


def d_by_cross_entropy(real_logits, fake_logits):
    criterion = torch.nn.BCEWithLogitsLoss()
    real = criterion(real_logits, torch.ones_like(real_logits))
    fake = criterion(fake_logits, torch.zeros_like(fake_logits))
    return real + fake


def d_by_loops(real_logits, fake_logits):
    total = 0
    for s in real_logits:
        total = total + softplus(-s) / real_logits.numel()
    for s in fake_logits:
        total = total + softplus(s) / fake_logits.numel()
    return total


def d_by_log_sum_exp(real_logits, fake_logits):
    def minus_log_sigmoid(s):
        return torch.stack([torch.zeros_like(s), -s]).logsumexp(dim=0)

    return minus_log_sigmoid(real_logits).mean() + minus_log_sigmoid(-fake_logits).mean()


def d_by_two_classes(real_logits, fake_logits):
    def columns(s):
        return torch.stack([torch.zeros_like(s), s], dim=1)

    real = F.cross_entropy(columns(real_logits), torch.ones(len(real_logits), dtype=torch.long))
    return real + F.cross_entropy(columns(fake_logits), torch.zeros(len(fake_logits), dtype=torch.long))


def d_by_hand(real_logits, fake_logits):
    def stable(x):
        return torch.where(x > 0, x, 0) + torch.log1p(torch.exp(-x.abs()))

    return stable(-real_logits).mean() + stable(fake_logits).mean()


def d_in_double(real_logits, fake_logits):
    both = torch.cat([-real_logits, fake_logits]).double()
    n, m = len(real_logits), len(fake_logits)
    weight = torch.cat([torch.full((n,), 1 / n), torch.full((m,), 1 / m)]).double()
    return torch.einsum("b,b->", torch.logaddexp(both, torch.zeros_like(both)), weight).float()


def d_changes_inputs(real_logits, fake_logits):
    real = real_logits.detach().neg_()
    return softplus(real).mean() + softplus(fake_logits).mean() + 0 * real_logits.sum()


def d_negates_in_place(real_logits, fake_logits):
    return softplus(real_logits.neg_()).mean() + softplus(fake_logits).mean()


def d_clamps(real_logits, fake_logits):
    real, fake = (torch.sigmoid(s).clamp(1e-7, 1 - 1e-7) for s in (real_logits, fake_logits))
    return -torch.log(real).mean() - torch.log(1 - fake).mean()


def d_bce_of_probabilities(real_logits, fake_logits):
    real, fake = torch.sigmoid(real_logits), torch.sigmoid(fake_logits)
    return F.binary_cross_entropy(real, torch.ones_like(real)) + F.binary_cross_entropy(fake, torch.zeros_like(fake))


def d_two_sigmoids(real_logits, fake_logits):
    return d_by_cross_entropy(torch.sigmoid(real_logits), torch.sigmoid(fake_logits))


def d_labels_of_64(real_logits, fake_logits):
    bce = F.binary_cross_entropy_with_logits
    return bce(real_logits, torch.ones(64)) + bce(fake_logits, torch.zeros(64))


def d_smooth_labels(real_logits, fake_logits):
    real = F.binary_cross_entropy_with_logits(real_logits, torch.full_like(real_logits, 0.9))
    return real + softplus(fake_logits).mean()


def d_no_return(real_logits, fake_logits):
    loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    print("loss", float(loss))


# --- generator_loss -------------------------------------------------------------------------------------------


def g_by_loop(fake_logits):
    losses = []
    for s in fake_logits.unbind():
        losses.append(torch.logaddexp(torch.zeros_like(s), -s))
    return torch.stack(losses).sum() / len(losses)


def g_by_two_classes(fake_logits):
    columns = torch.stack([torch.zeros_like(fake_logits), fake_logits], 1)
    return -torch.log_softmax(columns, dim=1)[:, 1].mean()


def g_without_grad(fake_logits):
    with torch.no_grad():
        return softplus(-fake_logits).mean()


def g_bce_of_probabilities(fake_logits):
    found = torch.sigmoid(fake_logits)
    return F.binary_cross_entropy(found, torch.ones_like(found))


D_RIGHT = {
    "cross entropy with logits": d_by_cross_entropy,
    "loops": d_by_loops,
    "log-sum-exp": d_by_log_sum_exp,
    "two classes": d_by_two_classes,
    "by hand": d_by_hand,
    "in double": d_in_double,
    "logsigmoid": lambda real, fake: -(logsigmoid(real).mean() + logsigmoid(-fake).mean()),
    "one mean over both": lambda real, fake: (softplus(-real) + softplus(fake)).mean(),
    "minus s": lambda real, fake: (softplus(real) - real).mean() + softplus(fake).mean(),
}
G_RIGHT = {
    "loop": g_by_loop,
    "two classes": g_by_two_classes,
    "cross entropy with ones": lambda s: bce(s, torch.ones_like(s)),
    "logsigmoid": lambda fake_logits: -logsigmoid(fake_logits).mean(),
    "minus s": lambda s: (softplus(s) - s).mean(),
    "dot": lambda s: softplus(-s) @ torch.full_like(s, 1 / len(s)),
}
D_WRONG = {
    "log of sigmoid": (
        "log(0) = -inf at sure logits",
        "unstable",
        lambda real, fake: -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean(),
    ),
    "plus 1e-8": (
        "finite at sure logits, but flat and far too small there",
        "unstable",
        lambda real, fake: -torch.log(real.sigmoid() + 1e-8).mean() - torch.log(1 - fake.sigmoid() + 1e-8).mean(),
    ),
    "log of 1 + exp": (
        "exp overflows at s = 100",
        "unstable",
        lambda real, fake: torch.log(1 + torch.exp(-real)).mean() + torch.log(1 + torch.exp(fake)).mean(),
    ),
    "clamps": ("flat at sure logits", "unstable", d_clamps),
    "BCE of probabilities": (
        "BCE without logits is cut at sure logits and has no slope there",
        "unstable",
        d_bce_of_probabilities,
    ),
    "two sigmoids": ("BCE with logits of what is already a probability", "sigmoid-twice", d_two_sigmoids),
    "swapped": (
        "real and fake change places",
        "both-signs",
        lambda real, fake: softplus(real).mean() + softplus(-fake).mean(),
    ),
    "negated": (
        "the value to be maximised",
        "maximised",
        lambda real, fake: logsigmoid(real).mean() + logsigmoid(-fake).mean(),
    ),
    "minus between": (
        "subtracts the fake part",
        "difference",
        lambda real, fake: softplus(-real).mean() - softplus(fake).mean(),
    ),
    "1 - s": (
        "1 − s in place of 1 − D",
        "one-minus-logit",
        lambda real, fake: -logsigmoid(real).mean() - logsigmoid(1 - fake).mean(),
    ),
    "sums": ("sums in place of means", "sum", lambda real, fake: softplus(-real).sum() + softplus(fake).sum()),
    "halved": ("halves the loss", "half", lambda real, fake: (softplus(-real).mean() + softplus(fake).mean()) / 2),
    "mean of both": ("one mean of all 2B", "half", lambda real, fake: softplus(torch.cat([-real, fake])).mean()),
    "mean of logits": (
        "averages before softplus",
        "logits-averaged",
        lambda real, fake: softplus(-real.mean()) + softplus(fake.mean()),
    ),
    "real only": ("leaves out the fakes", "only-real", lambda real, fake: softplus(-real).mean()),
    "fake only": ("leaves out the real ones", "only-fake", lambda real, fake: softplus(fake).mean()),
    "both real": (
        "wants fakes called real too",
        "fake-sign",
        lambda real, fake: softplus(-real).mean() + softplus(-fake).mean(),
    ),
    "real twice": (
        "never looks at fake_logits",
        "ignores-fake",
        lambda real, fake: softplus(-real).mean() + softplus(real).mean(),
    ),
    "Wasserstein": ("another loss", "wasserstein", lambda real, fake: fake.mean() - real.mean()),
    "hinge": ("another loss", "hinge", lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean()),
    "least squares": ("another loss", "least-squares", lambda real, fake: ((real - 1) ** 2).mean() + (fake**2).mean()),
    "item": ("a number without a graph", "not-a-tensor", lambda real, fake: d_by_cross_entropy(real, fake).item()),
    "detach": ("cuts the gradient", "cut-graph-fake", lambda real, fake: d_by_cross_entropy(real, fake.detach())),
    "no mean": ("one number an image", "not-a-scalar", lambda real, fake: softplus(-real) + softplus(fake)),
    "pair": ("two losses, not added", "pair", lambda real, fake: (softplus(-real).mean(), softplus(fake).mean())),
    "keeps a dimension": (
        "shape (1,)",
        "not-a-scalar",
        lambda real, fake: (softplus(-real) + softplus(fake)).mean(0, keepdim=True),
    ),
    "detached in place": ("writes −s into real_logits and gives it no gradient", "changes-input", d_changes_inputs),
    "in place": ("changes real_logits", "changes-input", d_negates_in_place),
    "labels of 64": ("takes B to be 64", "raised", d_labels_of_64),
    "smooth labels": ("label 0.9 for real", "smoothed", d_smooth_labels),
    "no return": ("prints, returns None", "none", d_no_return),
    "median": (
        "the median in place of the mean",
        "not-the-mean",
        lambda real, fake: softplus(-real).median() + softplus(fake).median(),
    ),
    "base 2": ("bits, not nats", "factor", lambda real, fake: d_by_cross_entropy(real, fake) / torch.tensor(2.0).log()),
}
G_WRONG = {
    "squeezes": (
        "fails for a batch of one (later)",
        "batch-of-one",
        lambda s: sum(softplus(-one) for one in s.squeeze()) / len(s),
    ),
    "saturating": ("the loss of equation 1, flat where G must learn", "saturating", lambda s: -softplus(s).mean()),
    "saturating by log": (
        "the same, −inf at sure logits",
        "saturating",
        lambda s: torch.log(1 - torch.sigmoid(s)).mean(),
    ),
    "wants fake": ("rewards being found out", "discriminators", lambda s: softplus(s).mean()),
    "zeros as labels": ("rewards being found out", "discriminators", lambda s: bce(s, torch.zeros_like(s))),
    "no minus": ("maximised, not minimised", "maximised", lambda s: logsigmoid(s).mean()),
    "log of sigmoid": ("−log(0) at sure logits", "unstable", lambda s: -torch.log(torch.sigmoid(s)).mean()),
    "plus 1e-8": ("flat at sure logits", "unstable", lambda s: -torch.log(torch.sigmoid(s) + 1e-8).mean()),
    "log of 1 + exp": ("exp overflows", "unstable", lambda s: torch.log1p(torch.exp(-s)).mean()),
    "BCE of probabilities": ("no slope at sure logits", "unstable", g_bce_of_probabilities),
    "two sigmoids": ("sigmoid and then logits again", "sigmoid-twice", lambda s: softplus(-torch.sigmoid(s)).mean()),
    "sum": ("a sum", "sum", lambda s: softplus(-s).sum()),
    "no mean": ("one number an image", "not-a-scalar", lambda s: softplus(-s)),
    "mean of logits": ("averages before softplus", "logits-averaged", lambda s: softplus(-s.mean())),
    "halved": ("halved", "half", lambda s: 0.5 * softplus(-s).mean()),
    "Wasserstein": ("another loss", "wasserstein", lambda s: -s.mean()),
    "least squares": ("another loss", "least-squares", lambda s: ((s - 1) ** 2).mean()),
    "minus D": ("−D in place of −log D", "probability-negated", lambda s: -torch.sigmoid(s).mean()),
    "1 - D": ("1 − D in place of −log D", "probabilities", lambda s: (1 - torch.sigmoid(s)).mean()),
    "float": ("a number without a graph", "not-a-tensor", lambda s: float(softplus(-s).mean())),
    "without grad": ("no gradient for G", "cut-graph", g_without_grad),
    "worst only": ("the largest in place of the mean", "not-the-mean", lambda s: softplus(-s).max()),
    "first 64": ("divides by 64 whatever B is", "hard-coded", lambda s: softplus(-s).sum() / 64),
    "in place": ("changes the logits", "changes-input", lambda s: softplus(s.neg_()).mean()),
    "drops the last": (
        "leaves out one image",
        "not-the-mean",
        lambda s: softplus(-s[:-1]).mean() if len(s) > 1 else softplus(-s).mean(),
    ),
}
