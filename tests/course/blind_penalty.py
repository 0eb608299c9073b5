"""Blind answers to `gradient_penalty`. See `blind_answers`."""

import torch
import torch.nn.functional as F
from torch.func import grad, vmap


def blend(real, fake, epsilon=None):
    epsilon = torch.rand(len(real), 1, 1, 1) if epsilon is None else epsilon
    return (epsilon * real + (1 - epsilon) * fake).detach().requires_grad_()


def slopes(critic, x):
    (found,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return found


def norms(critic, x):
    return slopes(critic, x).flatten(1).norm(dim=1)


def p_plain(critic, real, fake):
    epsilon = torch.rand(real.shape[0], 1, 1, 1, device=real.device)
    mixed = (epsilon * real + (1 - epsilon) * fake).requires_grad_(True)
    scores = critic(mixed)
    gradient = torch.autograd.grad(scores, mixed, grad_outputs=torch.ones_like(scores), create_graph=True)[0]
    return ((gradient.view(len(real), -1).norm(2, dim=1) - 1) ** 2).mean()


def p_loop(critic, real, fake):
    total = 0.0
    for x, g in zip(real, fake):
        epsilon = torch.rand(())
        mixed = (epsilon * x + (1 - epsilon) * g)[None].detach().requires_grad_()
        total = total + (slopes(critic, mixed).norm() - 1) ** 2
    return total / len(real)


def p_vmap(critic, real, fake):
    mixed = torch.lerp(fake, real, torch.rand(len(real))[:, None, None, None])
    gradient = vmap(grad(lambda x: critic(x[None]).squeeze()))(mixed)
    return F.mse_loss(gradient.flatten(1).norm(dim=1), torch.ones(len(real)))


def p_func_grad(critic, real, fake):
    mixed = torch.lerp(real, fake, torch.empty(len(real), 1, 1, 1).uniform_())
    gradient = grad(lambda x: critic(x).sum())(mixed)
    return torch.linalg.vector_norm(gradient, dim=(1, 2, 3)).sub(1).square().mean()


def p_einsum(critic, real, fake):
    epsilon = torch.rand_like(real[:, :1, :1, :1]).expand_as(real)
    gradient = slopes(critic, (fake + epsilon * (real - fake)).detach().requires_grad_())
    norm = (torch.einsum("bchw,bchw->b", gradient, gradient) + 1e-12).sqrt()
    return (norm**2 - 2 * norm + 1).mean()


def p_jacobian(critic, real, fake):
    mixed = blend(real, fake)
    gradient = torch.autograd.functional.jacobian(lambda x: critic(x).sum(), mixed, create_graph=True)
    return torch.mean((torch.linalg.norm(gradient.flatten(1), dim=1) - 1).pow(2))


def p_no_graph(critic, real, fake):
    mixed = blend(real, fake)
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed)
    return ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()


def p_retain_graph(critic, real, fake):
    mixed = blend(real, fake)
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, retain_graph=True)
    return ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean().requires_grad_()


def p_mean_of_scores(critic, real, fake):
    mixed = blend(real, fake)
    (gradient,) = torch.autograd.grad(critic(mixed).mean(), mixed, create_graph=True)
    return ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()


def p_wrt_real(critic, real, fake):
    real = real.detach().requires_grad_()
    epsilon = torch.rand(len(real), 1, 1, 1)
    scores = critic(epsilon * real + (1 - epsilon) * fake)
    (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    return ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()


def p_in_place(critic, real, fake):
    mixed = real.lerp_(fake, torch.rand(len(real), 1, 1, 1)).requires_grad_()
    return ((norms(critic, mixed) - 1) ** 2).mean()


def p_backward(critic, real, fake):
    mixed = blend(real, fake)
    critic(mixed).sum().backward(create_graph=True)
    return ((mixed.grad.flatten(1).norm(dim=1) - 1) ** 2).mean()


def p_784(critic, real, fake):
    gradient = slopes(critic, blend(real, fake)).view(-1, 784)
    return ((gradient.norm(dim=1) - 1) ** 2).mean()


def p_seeded(critic, real, fake):
    torch.manual_seed(0)
    return ((norms(critic, blend(real, fake)) - 1) ** 2).mean()


def p_two_epsilons(critic, real, fake):
    first, second = torch.rand(2, len(real), 1, 1, 1)
    return ((norms(critic, (first * real + second * fake).requires_grad_()) - 1) ** 2).mean()


def penalty_at(x):
    """An answer that takes the slope at x(real, fake)."""
    return lambda critic, real, fake: ((norms(critic, x(real, fake).detach().requires_grad_()) - 1) ** 2).mean()


def penalty_of(reduce):
    """An answer with another reduction of the gradients (B, C, H, W)."""
    return lambda critic, real, fake: reduce(slopes(critic, blend(real, fake)))


def square(norm):
    return ((norm - 1) ** 2).mean()


RIGHT = {
    "plain": p_plain,
    "loop": p_loop,
    "vmap of grad": p_vmap,
    "func.grad, epsilon on the fake": p_func_grad,
    "einsum with a tiny epsilon below the root": p_einsum,
    "jacobian": p_jacobian,
}
WRONG = {
    "no graph": ("no create_graph: the penalty has no gradient", "create-graph", p_no_graph),
    "retain_graph": ("retain_graph in place of create_graph", "create-graph", p_retain_graph),
    "mean of scores": ("the slope of the mean score is B times too small", "critic-mean", p_mean_of_scores),
    "slope in real": ("differentiates by real, not by the mix: off by ε", "with-respect-to", p_wrt_real),
    "in place": ("writes the mix into real", "changes-input", p_in_place),
    "backward": ("backward() leaves garbage in the critic's .grad", "own-backward", p_backward),
    "784 pixels": ("takes images to have 784 pixels", "hard-coded", p_784),
    "seeded": ("the same ε in each call, and the global generator set back", "epsilon-repeated", p_seeded),
    "epsilon 0 or 1": (
        "either end of the line, never between (later)",
        "epsilon-ends",
        penalty_at(lambda real, fake: blend(real, fake, torch.randint(0, 2, (len(real), 1, 1, 1)))),
    ),
    "half of the line": (
        "ε up to 1/2 (later)",
        "epsilon-uneven",
        penalty_at(lambda real, fake: blend(real, fake, torch.rand(len(real), 1, 1, 1) / 2)),
    ),
    "mean gradient": (
        "averages the gradients first (later)",
        "gradients-averaged",
        penalty_of(lambda g: (g.mean(0).norm() - 1) ** 2),
    ),
    "two epsilons": ("the weights don't add to 1", "weights", p_two_epsilons),
    "one epsilon": (
        "one ε for the whole batch",
        "epsilon-shared",
        penalty_at(lambda real, fake: blend(real, fake, torch.rand(1))),
    ),
    "epsilon a pixel": (
        "one ε a pixel",
        "epsilon-per-pixel",
        penalty_at(lambda real, fake: blend(real, fake, torch.rand_like(real))),
    ),
    "epsilon (B,)": (
        "ε (B,) meets the width",
        "epsilon-shape",
        penalty_at(lambda real, fake: blend(real, fake, torch.rand(len(real)))),
    ),
    "epsilon (B, 1)": (
        "ε (B, 1) meets the height",
        "epsilon-shape",
        penalty_at(lambda real, fake: blend(real, fake, torch.rand(len(real), 1))),
    ),
    "64 epsilons": (
        "64 ε whatever B is",
        "epsilon-shape",
        penalty_at(lambda real, fake: blend(real, fake, torch.rand(64, 1, 1, 1))),
    ),
    "epsilon a channel": (
        "one ε a channel: right for grey images only",
        "epsilon-per-pixel",
        penalty_at(lambda real, fake: blend(real, fake, torch.rand(*real.shape[:2], 1, 1))),
    ),
    "normal epsilon": (
        "ε ~ N(0, 1)",
        "epsilon-range",
        penalty_at(lambda real, fake: blend(real, fake, torch.randn(len(real), 1, 1, 1))),
    ),
    "half way": ("ε = 1/2 always", "epsilon-constant", penalty_at(lambda real, fake: (real + fake) / 2)),
    "at real": ("never looks at the fakes", "only-real", penalty_at(lambda real, fake: real)),
    "at fake": ("never looks at the real images", "only-fake", penalty_at(lambda real, fake: fake)),
    "beyond": (
        "goes away from the fakes",
        "beyond",
        penalty_at(lambda real, fake: real + torch.rand(len(real), 1, 1, 1) * (real - fake)),
    ),
    "epsilon twice": (
        "ε for both",
        "weights",
        penalty_at(lambda real, fake: torch.rand(len(real), 1, 1, 1) * (real + fake)),
    ),
    "norm of the batch": ("one norm for the whole batch", "batch-norm", penalty_of(lambda g: (g.norm() - 1) ** 2)),
    "norm over channels": ("a norm a pixel", "channel-norm", penalty_of(lambda g: square(g.norm(dim=1)))),
    "norm over the image": (
        "a norm a channel: right for grey images only",
        "partial-norm",
        penalty_of(lambda g: square(g.norm(dim=(2, 3)))),
    ),
    "norm over the rows": ("dim=3 only", "partial-norm", penalty_of(lambda g: square(g.norm(dim=-1)))),
    "norm over the batch": ("dim=0", "norm-over-images", penalty_of(lambda g: square(g.flatten(1).norm(dim=0)))),
    "no square": ("norm − 1, not squared", "no-square", penalty_of(lambda g: (g.flatten(1).norm(dim=1) - 1).mean())),
    "absolute": ("|norm − 1|", "no-square", penalty_of(lambda g: (g.flatten(1).norm(dim=1) - 1).abs().mean())),
    "no one": ("pulls the slope to 0", "no-minus-one", penalty_of(lambda g: g.flatten(1).norm(dim=1).square().mean())),
    "no root": ("the squared norm − 1", "squared-norm", penalty_of(lambda g: square(g.flatten(1).square().sum(1)))),
    "with lambda": ("λ = 10 is in it", "weighted", penalty_of(lambda g: 10 * square(g.flatten(1).norm(dim=1)))),
    "one-sided": (
        "spares slopes below 1",
        "one-sided",
        penalty_of(lambda g: (g.flatten(1).norm(dim=1) - 1).relu().square().mean()),
    ),
    "sum": ("a sum over the batch", "sum", penalty_of(lambda g: (g.flatten(1).norm(dim=1) - 1).square().sum())),
    "no mean": ("a number an image", "not-a-scalar", penalty_of(lambda g: (g.flatten(1).norm(dim=1) - 1).square())),
    "mean norm": (
        "averages before the square",
        "norms-averaged",
        penalty_of(lambda g: (g.flatten(1).norm(dim=1).mean() - 1) ** 2),
    ),
    "1-norm": ("the 1-norm", "one-norm", penalty_of(lambda g: square(g.flatten(1).abs().sum(1)))),
    "root of the mean": (
        "divides by the pixels",
        "mean-in-norm",
        penalty_of(lambda g: square(g.flatten(1).square().mean(1).sqrt())),
    ),
    "largest slope": ("the max norm", "max-norm", penalty_of(lambda g: square(g.flatten(1).abs().amax(1)))),
    "detached": ("detached", "create-graph", penalty_of(lambda g: square(g.flatten(1).norm(dim=1)).detach())),
    "item": ("a number", "not-a-tensor", penalty_of(lambda g: square(g.flatten(1).norm(dim=1)).item())),
    "of the scores": (
        "penalises the score, not its slope",
        "scores",
        lambda critic, real, fake: ((critic(blend(real, fake)) - 1) ** 2).mean(),
    ),
    "half": ("halved", "half", lambda critic, real, fake: 0.5 * square(norms(critic, blend(real, fake)))),
}
