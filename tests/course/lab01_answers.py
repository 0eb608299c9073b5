"""Answers to Lab 01's exercises as students write them: right ones that differ, wrong ones by their mistake's name."""

import math

import torch
import torch.nn.functional as F
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits, logsigmoid, softplus

from labkit.models.game import Turn

bce = binary_cross_entropy_with_logits
mean = torch.mean


# 01.discriminator_loss


def d_cross_entropy(real_logits, fake_logits):
    return bce(real_logits, torch.ones_like(real_logits)) + bce(fake_logits, torch.zeros_like(fake_logits))


def d_logsigmoid(real_logits, fake_logits):
    return -(logsigmoid(real_logits) + logsigmoid(-fake_logits)).mean()


def d_module_in_place(real_logits, fake_logits):
    loss = torch.nn.BCEWithLogitsLoss()
    total = loss(real_logits, torch.ones_like(real_logits))
    total += loss(fake_logits, torch.zeros_like(fake_logits))
    return total


def d_concatenated(real_logits, fake_logits):
    logits = torch.cat([real_logits, fake_logits])
    target = torch.cat([torch.ones_like(real_logits), torch.zeros_like(fake_logits)])
    return 2 * bce(logits, target)


def d_in_place_on_input(real_logits, fake_logits):
    real_logits.data.mul_(-1)
    return softplus(real_logits).mean() + softplus(fake_logits).mean()


def d_in_place_on_leaf(real_logits, fake_logits):
    real_logits *= -1
    return softplus(real_logits).mean() + softplus(fake_logits).mean()


def d_numbers_only(real_logits, fake_logits):
    return (softplus(-real_logits).mean() + softplus(fake_logits).mean()).item()


def d_infinite(real_logits, fake_logits):
    while True:
        pass


def d_no_return(real_logits, fake_logits):
    softplus(-real_logits).mean() + softplus(fake_logits).mean()


def d_crash(real_logits, fake_logits):
    target = torch.ones(7)
    return bce(real_logits, target)


def d_stub(real_logits, fake_logits):
    raise NotImplementedError()


def _d(loss):
    def discriminator_loss(real_logits, fake_logits):
        return loss(real_logits, fake_logits)

    return discriminator_loss


D_WRONG = {
    "fake-sign": _d(lambda r, f: softplus(-r).mean() + softplus(-f).mean()),
    "real-sign": _d(lambda r, f: bce(r, torch.zeros_like(r)) + bce(f, torch.zeros_like(f))),
    "both-signs": _d(lambda r, f: bce(r, torch.zeros_like(r)) + bce(f, torch.ones_like(f))),
    "maximised": _d(lambda r, f: logsigmoid(r).mean() + logsigmoid(-f).mean()),
    "unstable": _d(lambda r, f: -torch.log(r.sigmoid()).mean() - torch.log(1 - f.sigmoid()).mean()),
    "only-real": _d(lambda r, f: softplus(-r).mean()),
    "only-fake": _d(lambda r, f: softplus(f).mean()),
    "half": _d(lambda r, f: (softplus(-r).mean() + softplus(f).mean()) / 2),
    "sum": _d(lambda r, f: softplus(-r).sum() + softplus(f).sum()),
    "not-a-scalar": _d(lambda r, f: softplus(-r) + softplus(f)),
    "difference": _d(lambda r, f: softplus(-r).mean() - softplus(f).mean()),
    "wasserstein": _d(lambda r, f: f.mean() - r.mean()),
    "hinge": _d(lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean()),
    "least-squares": _d(lambda r, f: F.mse_loss(r, torch.ones_like(r)) + F.mse_loss(f, torch.zeros_like(f))),
    "sigmoid-twice": _d(lambda r, f: bce(r.sigmoid(), torch.ones_like(r)) + bce(f.sigmoid(), torch.zeros_like(f))),
    "probabilities": _d(lambda r, f: (1 - r.sigmoid()).mean() + f.sigmoid().mean()),
    "smoothed": _d(lambda r, f: bce(r, torch.full_like(r, 0.9)) + bce(f, torch.zeros_like(f))),
    "cut-graph-fake": _d(lambda r, f: softplus(-r).mean() + softplus(f.detach()).mean()),
    "cut-graph": _d(lambda r, f: softplus(-r.detach()).mean() + softplus(f.detach()).mean()),
    "changes-input": d_in_place_on_input,
    "not-a-tensor": d_numbers_only,
    "none": d_no_return,
    "signature": lambda logits: softplus(-logits).mean(),
    "raised": d_crash,
}
D_ALSO_WRONG = [
    ("changes-input", d_in_place_on_leaf),
    ("unstable", _d(lambda r, f: -torch.log(r.sigmoid() + 1e-8).mean() - torch.log(1 - f.sigmoid() + 1e-8).mean())),
    (
        "unstable",
        _d(
            lambda r, f: (
                binary_cross_entropy(r.sigmoid(), torch.ones_like(r))
                + binary_cross_entropy(f.sigmoid(), torch.zeros_like(f))
            )
        ),
    ),
    ("raised", _d(lambda r, f: binary_cross_entropy(r, torch.ones_like(r)))),
    ("slope-real", _d(lambda r, f: (r**3).mean() + softplus(f).mean())),
]

# 01.generator_loss


def _g(loss):
    def generator_loss(fake_logits):
        return loss(fake_logits)

    return generator_loss


G_RIGHT = {
    "cross-entropy": _g(lambda f: bce(f, torch.ones_like(f))),
    "logsigmoid": _g(lambda f: -logsigmoid(f).mean()),
    "log-sum-exp": _g(lambda f: torch.logaddexp(torch.zeros_like(f), -f).mean()),
    "sum-over-count": _g(lambda f: softplus(-f).sum() / f.numel()),
}
G_WRONG = {
    "saturating": _g(lambda f: -softplus(f).mean()),
    "discriminators": _g(lambda f: bce(f, torch.zeros_like(f))),
    "maximised": _g(lambda f: logsigmoid(f).mean()),
    "wasserstein": _g(lambda f: -f.mean()),
    "unstable": _g(lambda f: -torch.log(torch.sigmoid(f)).mean()),
    "sum": _g(lambda f: softplus(-f).sum()),
    "not-a-scalar": _g(lambda f: softplus(-f)),
    "least-squares": _g(lambda f: ((f - 1) ** 2).mean()),
    "probabilities": _g(lambda f: (1 - torch.sigmoid(f)).mean()),
    "sigmoid-twice": _g(lambda f: bce(torch.sigmoid(f), torch.ones_like(f))),
    "log-mean": _g(lambda f: -torch.log(torch.sigmoid(f).mean())),
    "cut-graph": _g(lambda f: softplus(-f.detach()).mean()),
    "none": _g(lambda f: None),
}

# 01.turns


def discriminator_loss(real_logits, fake_logits):
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits):
    return softplus(-fake_logits).mean()


def turns_attached(game, batch, step):
    """The fake is not detached in D's turn: harmless, the loop's backward goes to D alone."""
    real = batch["image"]
    fake = game.generator(game.latent(real.shape[0]))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake)))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_new_latents(game, batch, step):
    real = batch["image"]
    with torch.no_grad():
        fake = game.generator(game.latent(len(real)))
    yield Turn(
        "discriminator", real=mean(softplus(-game.discriminator(real))), fake=mean(softplus(game.discriminator(fake)))
    )
    logits = game.discriminator(game.generator(game.latent(len(real))))
    yield Turn("generator", fool=bce(logits, torch.ones_like(logits)))


def turns_one_pass(game, batch, step):
    """Real and fake go through D together, and the losses are sums."""
    real = batch["image"]
    fake = game.generator(game.latent(len(real)))
    real_logits, fake_logits = game.discriminator(torch.cat([real, fake.detach()])).chunk(2)
    yield Turn("discriminator", loss=softplus(-real_logits).sum() + softplus(fake_logits).sum())
    yield Turn("generator", loss=softplus(-game.discriminator(fake)).sum())
    return


def turns_stale(game, batch, step):
    real = batch["image"]
    fake = game.generator(game.latent(len(real)))
    fake_logits = game.discriminator(fake)
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), fake_logits))
    yield Turn("generator", loss=generator_loss(fake_logits))


def turns_swapped(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(fake.detach()), game.discriminator(real)))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_generator_first(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))


def turns_detached(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"]))).detach()
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake)))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_return(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    d = Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    return d, Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_own_backward(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    loss = discriminator_loss(game.discriminator(real), game.discriminator(fake.detach()))
    loss.backward(retain_graph=True)
    yield Turn("discriminator", loss=loss)
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_own_step(game, batch, step):
    optimiser = torch.optim.Adam(game.discriminator.parameters())
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    loss = discriminator_loss(game.discriminator(real), game.discriminator(fake.detach()))
    loss.backward()
    optimiser.step()
    optimiser.zero_grad()
    yield Turn("discriminator", loss=loss)
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_real_in_generator(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=-discriminator_loss(game.discriminator(real), game.discriminator(fake)))


def turns_no_real(game, batch, step):
    fake = game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=softplus(game.discriminator(fake.detach())).mean())
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_no_fake(game, batch, step):
    fake = game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=softplus(-game.discriminator(batch["image"])).mean())
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_fixed_batch(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(64))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_own_latent(game, batch, step):
    real = batch["image"]
    fake = game.generator(torch.randn(len(real), 64))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_one_turn(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    loss = discriminator_loss(game.discriminator(real), game.discriminator(fake.detach()))
    yield Turn("discriminator", loss=loss + generator_loss(game.discriminator(fake)) * 0)


def turns_endless(game, batch, step):
    while True:
        yield from turns_attached(game, batch, step)


def turns_tuple(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield "discriminator", discriminator_loss(game.discriminator(real), game.discriminator(fake.detach()))
    yield "generator", generator_loss(game.discriminator(fake))


def turns_wrong_names(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("D", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("G", loss=generator_loss(game.discriminator(fake)))


def turns_wrong_sign(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=-generator_loss(game.discriminator(fake)))


def turns_ds_loss_for_g(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=softplus(game.discriminator(fake)).mean())


def turns_saturating(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=-softplus(game.discriminator(fake)).mean())


def turns_vector_loss(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=softplus(-game.discriminator(real)) + softplus(game.discriminator(fake.detach())))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


def turns_no_grad_over_yield(game, batch, step):
    real = batch["image"]
    with torch.no_grad():
        fake = game.generator(game.latent(len(real)))
        yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake)))
    yield Turn("generator", loss=generator_loss(game.discriminator(game.generator(game.latent(len(real))))))


def turns_scaled_batch(game, batch, step):
    batch["image"] += 0.1
    yield from turns_attached(game, batch, step)


def turns_positional(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", generator_loss(game.discriminator(fake)))


def turns_detached_logits(game, batch, step):
    real, fake = batch["image"], game.generator(game.latent(len(batch["image"])))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake).detach()))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


TURNS_RIGHT = {"attached": turns_attached, "new latents": turns_new_latents, "one pass, sums": turns_one_pass}
TURNS_WRONG = {
    "stale": turns_stale,
    "swapped": turns_swapped,
    "order": turns_generator_first,
    "detached-generator": turns_detached,
    "no-yield": turns_return,
    "own-backward": turns_own_backward,
    "own-step": turns_own_step,
    "real-in-generator": turns_real_in_generator,
    "no-real": turns_no_real,
    "no-fake-discriminator": turns_no_fake,
    "batch-size": turns_fixed_batch,
    "own-latent": turns_own_latent,
    "too-few": turns_one_turn,
    "more-turns": turns_endless,
    "no-turn": turns_tuple,
    "player": turns_wrong_names,
    "turn-positional": turns_positional,
    "only-real-loss": turns_detached_logits,
    "generator-negative": turns_wrong_sign,
    "wrong-loss-generator": turns_ds_loss_for_g,
    "saturating": turns_saturating,
    "turn-loss": turns_vector_loss,
    "no-grad": turns_no_grad_over_yield,
    "changes-input": turns_scaled_batch,
}

# 01.gradient_penalty


def penalty(
    *,
    mix=lambda real: torch.rand(len(real), 1, 1, 1),
    point=lambda real, fake, e: e * real + (1 - e) * fake,
    total=lambda score: score.sum(),
    create=True,
    ask=True,
    value=lambda slope: ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean(),
):
    """A gradient penalty, with one part done in another way."""

    def gradient_penalty(critic, real, fake):
        between = point(real, fake, mix(real))
        if ask:
            between = between.detach().requires_grad_(True)
        slope = torch.autograd.grad(total(critic(between)), between, create_graph=create)[0]
        return value(slope)

    return gradient_penalty


def penalty_grad_outputs(critic, real, fake):
    epsilon = torch.rand(real.size(0), *[1] * (real.dim() - 1), device=real.device).expand_as(real)
    between = torch.lerp(fake, real, epsilon).requires_grad_(True)
    scores = critic(between)
    grads = torch.autograd.grad(
        outputs=scores, inputs=between, grad_outputs=torch.ones_like(scores), create_graph=True, retain_graph=True
    )[0]
    return torch.mean((torch.sqrt(grads.view(len(real), -1).pow(2).sum(1) + 1e-12) - 1) ** 2)


def penalty_backward(critic, real, fake):
    between = (torch.rand(len(real), 1, 1, 1) * (real - fake) + fake).detach().requires_grad_()
    critic(between).sum().backward(create_graph=True)
    return ((between.grad.flatten(1).norm(dim=1) - 1) ** 2).mean()


def penalty_one_by_one(critic, real, fake):
    terms = []
    for x, y in zip(real, fake):
        between = torch.lerp(x, y, torch.rand(())).detach()[None].requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        terms.append((slope.norm() - 1) ** 2)
    return torch.stack(terms).mean()


def penalty_flat_outputs(critic, real, fake):
    between = torch.lerp(real, fake, torch.rand(len(real), 1, 1, 1)).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between), between, torch.ones(len(real)), create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


PENALTY_RIGHT = {
    "image by image": penalty_one_by_one,
    "plain": penalty(),
    "grad_outputs": penalty_grad_outputs,
    "other way round": penalty(point=lambda real, fake, e: real + e * (fake - real)),
    "norm over dimensions": penalty(value=lambda s: (torch.linalg.vector_norm(s, dim=(1, 2, 3)) - 1).square().mean()),
}
PENALTY_WRONG = {
    "create-graph": penalty(create=False),
    "batch-norm": penalty(value=lambda s: (s.norm() - 1) ** 2),
    "channel-norm": penalty(value=lambda s: ((s.norm(dim=1) - 1) ** 2).mean()),
    "epsilon-per-pixel": penalty(mix=torch.rand_like),
    "epsilon-shared": penalty(mix=lambda real: torch.rand(1)),
    "epsilon-constant": penalty(mix=lambda real: 0.5),
    "epsilon-range": penalty(mix=lambda real: torch.randn(len(real), 1, 1, 1)),
    "only-real": penalty(point=lambda real, fake, e: real),
    "only-fake": penalty(point=lambda real, fake, e: fake),
    "no-square": penalty(value=lambda s: (s.flatten(1).norm(dim=1) - 1).mean()),
    "no-minus-one": penalty(value=lambda s: s.flatten(1).square().sum(1).mean()),
    "squared-norm": penalty(value=lambda s: (s.flatten(1).square().sum(1) - 1).square().mean()),
    "requires-grad": penalty(ask=False),
    "mean-in-norm": penalty(value=lambda s: (s.flatten(1).square().mean(1).sqrt() - 1).square().mean()),
    "critic-mean": penalty(total=lambda score: score.mean()),
    "grad-outputs": penalty(total=lambda score: score),
    "sum": penalty(value=lambda s: (s.flatten(1).norm(dim=1) - 1).square().sum()),
    "weighted": penalty(value=lambda s: 10 * (s.flatten(1).norm(dim=1) - 1).square().mean()),
    "one-sided": penalty(value=lambda s: (s.flatten(1).norm(dim=1) - 1).clamp(min=0).square().mean()),
    "entry-wise": penalty(value=lambda s: (s - 1).square().mean()),
    "not-a-scalar": penalty(value=lambda s: (s.flatten(1).norm(dim=1) - 1).square()),
    "epsilon-shape": penalty(mix=lambda real: torch.rand(len(real))),
    "off-the-line": penalty(point=lambda real, fake, e: real + 0.5 * real.std() * torch.randn_like(real)),
    "own-backward": penalty_backward,
    "grad-outputs-shape": penalty_flat_outputs,
}

# 01.condition_image


def condition_expand(image, label, classes):
    planes = F.one_hot(label, classes).float()[:, :, None, None].expand(-1, -1, image.shape[2], image.shape[3])
    return torch.cat((image, planes), dim=1)


def condition_integers(image, label, classes):
    b, _, h, w = image.shape
    return torch.cat([image, F.one_hot(label, classes).view(b, classes, 1, 1).repeat(1, 1, h, w)], 1)


def condition_in_place(image, label, classes):
    planes = torch.zeros(len(image), classes, *image.shape[2:])
    planes[torch.arange(len(image)), label] = 1
    return torch.cat([image, planes], 1)


def condition_compare(image, label, classes):
    hot = (label[:, None] == torch.arange(classes)[None]).to(image)
    return torch.cat([image, hot[..., None, None] * torch.ones_like(image[:, :1])], 1)


def condition(planes, join=lambda image, planes: torch.cat([image, planes], 1)):
    """One-hot planes made by `planes(one_hot (B, classes), image)` and put together by `join`."""

    def condition_image(image, label, classes):
        return join(image, planes(F.one_hot(label, classes).float(), image))

    return condition_image


def spread(hot, image):
    """The right planes."""
    return hot[:, :, None, None].expand(-1, -1, *image.shape[2:])


def condition_one_plane(image, label, classes):
    return torch.cat([image, label.float()[:, None, None, None].expand(-1, 1, *image.shape[2:])], 1)


def condition_few_classes(image, label, classes):
    return torch.cat([image, spread(F.one_hot(label).float(), image)], 1)


def condition_ten(image, label, classes):
    return torch.cat([image, spread(F.one_hot(label, 10).float(), image)], 1)


def corner(hot, image):
    """One-hot in one corner only."""
    planes = torch.zeros(*hot.shape, *image.shape[2:])
    planes[:, :, 0, 0] = hot
    return planes


CONDITION_RIGHT = {
    "expand": condition_expand,
    "integers, repeat": condition_integers,
    "in place on its own planes": condition_in_place,
    "compare": condition_compare,
}
CONDITION_WRONG = {
    "planes-first": condition(spread, lambda image, planes: torch.cat([planes, image], 1)),
    "num-classes": condition_few_classes,
    "label-as-number": condition_one_plane,
    "hard-coded": condition_ten,
    "not-spread": condition(lambda hot, image: hot[:, :, None, None]),
    "not-everywhere": condition(corner),
    "values": condition(lambda hot, image: spread(hot, image) * 0.5),
    "inverted": condition(lambda hot, image: 1 - spread(hot, image)),
    "plus-minus": condition(lambda hot, image: 2 * spread(hot, image) - 1),
    "wrong-plane": condition(lambda hot, image: spread(hot.flip(0), image)),
    "scrambled": condition(lambda hot, image: hot.repeat(1, image[0, 0].numel()).view(*hot.shape, *image.shape[2:])),
    "image-changed": condition(spread, lambda image, planes: torch.cat([image * planes.sum(1, True) * 0.5, planes], 1)),
    "wrong-dimension": condition(spread, lambda image, planes: torch.cat([image, planes], -1)),
    "no-concatenation": condition(spread, lambda image, planes: planes),
    "cut-graph": condition(spread, lambda image, planes: torch.cat([image.detach(), planes], 1)),
    "not-a-tensor": condition(spread, lambda image, planes: (image, planes)),
}

# 01.slerp


def slerp_formula(a, b, t):
    if isinstance(t, torch.Tensor) and t.dim() == 1:
        t = t.unsqueeze(1)
    t = t * torch.ones(len(a), 1)
    cosine = F.cosine_similarity(a, b, dim=1).clamp(-1, 1).unsqueeze(1)
    omega = torch.arccos(cosine)
    weights = torch.sin((1 - t) * omega) / torch.sin(omega), torch.sin(t * omega) / torch.sin(omega)
    return torch.where(torch.sin(omega) < 1e-3, (1 - t) * a + t * b, weights[0] * a + weights[1] * b)


def slerp_directions(a, b, t):
    """The direction on the unit sphere, the length on a straight line."""
    t = torch.as_tensor(t, dtype=a.dtype).reshape(-1, 1)
    unit_a, unit_b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    omega = torch.acos((unit_a * unit_b).sum(1, keepdim=True).clamp(-1 + 1e-6, 1 - 1e-6))
    unit = (torch.sin((1 - t) * omega) * unit_a + torch.sin(t * omega) * unit_b) / torch.sin(omega)
    return unit * ((1 - t) * a.norm(dim=1, keepdim=True) + t * b.norm(dim=1, keepdim=True))


def slerp_turning(a, b, t):
    """Turn a towards the part of b that is at a right angle to it (equal lengths in mind)."""
    t = torch.as_tensor(t, dtype=a.dtype).reshape(-1, 1)
    u = F.normalize(a, dim=1)
    v = F.normalize(b, dim=1)
    omega = torch.atan2((v - u * (u * v).sum(1, keepdim=True)).norm(dim=1, keepdim=True), (u * v).sum(1, keepdim=True))
    side = F.normalize(v - u * (u * v).sum(1, keepdim=True), dim=1)
    length = a.norm(dim=1, keepdim=True) ** (1 - t) * b.norm(dim=1, keepdim=True) ** t
    return length * (torch.cos(t * omega) * u + torch.sin(t * omega) * side)


def walk(
    *,
    angle=lambda a, b: torch.acos(F.cosine_similarity(a, b, dim=1)[:, None].clamp(-1, 1)),
    value=lambda a, b, t, o: torch.where(
        o.sin() < 1e-3, torch.lerp(a, b, t), (((1 - t) * o).sin() * a + (t * o).sin() * b) / o.sin()
    ),
    time=lambda t: torch.as_tensor(t).reshape(-1, 1).expand(-1, 1),
):
    """A slerp, with one part done in another way."""

    def slerp(a, b, t):
        t = time(t)
        return value(a, b, t if not isinstance(t, torch.Tensor) or len(t) > 1 else t.expand(len(a), 1), angle(a, b))

    return slerp


def raw(a, b, t, o):
    """The formula without a thought for parallel latents."""
    return (((1 - t) * o).sin() * a + (t * o).sin() * b) / o.sin()


SLERP_RIGHT = {
    "formula": slerp_formula,
    "directions and lengths": slerp_directions,
    "turning": slerp_turning,
    "walk": walk(),
}
SLERP_WRONG = {
    "straight": walk(value=lambda a, b, t, o: torch.lerp(a, b, t.expand_as(a))),
    "normalised-line": walk(
        value=lambda a, b, t, o: F.normalize(torch.lerp(a, b, t.expand_as(a)), dim=1) * a.norm(dim=1, keepdim=True)
    ),
    "reversed": walk(time=lambda t: 1 - torch.as_tensor(t).reshape(-1, 1)),
    "whole-batch": walk(angle=lambda a, b: torch.acos((a * b).sum() / (a.norm() * b.norm()))),
    "not-normalised": walk(angle=lambda a, b: torch.acos((a * b).sum(1, keepdim=True)), value=raw),
    "unit-length": walk(value=lambda a, b, t, o: raw(F.normalize(a, dim=1), F.normalize(b, dim=1), t, o)),
    "no-division": walk(value=lambda a, b, t, o: ((1 - t) * o).sin() * a + (t * o).sin() * b),
    "parallel": walk(value=raw),
    "t-shape": walk(time=lambda t: t),
    "cosines": walk(angle=lambda a, b: torch.full((len(a), 1), math.pi / 2)),
    "angle": walk(angle=lambda a, b: torch.acos(F.cosine_similarity(a, b, dim=1)[:, None].clamp(-1, 1)) / 2 + 0.1),
    "smooth-time": walk(
        time=lambda t: (3 - 2 * torch.as_tensor(t).reshape(-1, 1)) * torch.as_tensor(t).reshape(-1, 1) ** 2
    ),
    "row-shape": walk(angle=lambda a, b: torch.acos(F.cosine_similarity(a, b, dim=1)), value=raw),
    "shape": walk(value=lambda a, b, t, o: raw(a, b, t, o).mean(0)),
}

RIGHT = {
    "01.discriminator_loss": {
        "cross-entropy": d_cross_entropy,
        "log-sigmoid": d_logsigmoid,
        "module, in place on its own": d_module_in_place,
        "concatenated": d_concatenated,
    },
    "01.generator_loss": G_RIGHT,
    "01.turns": TURNS_RIGHT,
    "01.gradient_penalty": PENALTY_RIGHT,
    "01.condition_image": CONDITION_RIGHT,
    "01.slerp": SLERP_RIGHT,
}
WRONG = {
    "01.discriminator_loss": D_WRONG,
    "01.generator_loss": G_WRONG,
    "01.turns": TURNS_WRONG,
    "01.gradient_penalty": PENALTY_WRONG,
    "01.condition_image": CONDITION_WRONG,
    "01.slerp": SLERP_WRONG,
}
