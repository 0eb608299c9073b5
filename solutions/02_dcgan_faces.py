# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Lab 02 · DCGAN, and arithmetic on faces
#
# You will make this: faces of people who don't exist. Then you add glasses to one of them, by adding two vectors.

# %%
import torch

from labkit.errors import UserError
from labkit.models.dcgan import dcgan
from labkit.recipes import load_game
from labkit.widgets import show


def seeded(seed):
    return torch.Generator().manual_seed(seed)


try:
    artist, _ = load_game("dcgan-faces")
    SHIPPED = True
    show(
        artist.sample(24, generator=seeded(3)), "Twenty-four faces by the generator that ships with labkit.", columns=12
    )
except UserError as missing:
    artist, SHIPPED = dcgan((3, 64, 64), latent_dim=100, width=8).eval(), False
    print(f"{missing}.\nUntil then this notebook plays with the generator that you train below.")

# %% [markdown]
# ## Minutes, and what to know first
#
# | | `smoke` | `cpu` (2 cores) | `gpu` (T4) |
# |---|---|---|---|
# | running everything | under 1 minute | about 30 minutes | 30 minutes (estimated) |
# | download | 0 MB | 0 MB | 0 MB |
#
# Reading and the six exercises take three hours.
#
# **Know first**: Lab 01 (the game, its two losses, turns). A little linear algebra: mean, dot product, projection. Start with `smoke`, solve the exercises, then set `cpu` or `gpu` and run all again.

# %%
import os

SCALE = os.environ.get("LABKIT_SCALE", "smoke")  # "smoke", "cpu", "gpu" or "paper"
DATA = "faces"  # or "celeba", or "path/to/a/folder": see "On real photographs"
SMOKE = SCALE == "smoke"

# %% [markdown]
# ## The idea
#
# Radford, Metz & Chintala, *Unsupervised representation learning with deep convolutional GANs*, 2016. The game of Lab 01, with networks that train steadily on colour pictures. Section 3 gives five rules:
#
# 1. no pooling: **strided** convolutions (D), **transposed** ones (G);
# 2. **batch norm** in both, but not at G's output and not at D's input;
# 3. no hidden fully connected layers;
# 4. **ReLU** in G, and tanh at its end;
# 5. **leaky ReLU** in D.
#
# Letters: $x ∈ ℝ^{B×3×64×64}$ in $[-1, 1]$ (`image`), $z ∈ ℝ^{B×100}$, $z \sim N(0, I)$ (`latent`), $G$ (`generator`), $D$ (`discriminator`; here it gives a score $s ∈ ℝ$, before any sigmoid).

# %%
import labkit.data
from labkit.course import check, hint, passed, report
from labkit.recipes import open_data

data = open_data("dcgan-faces", DATA, SCALE)
batch = labkit.data.Stream(data, 32, seed=0).batch(0)
print(data)
show(batch["image"], "One batch of x. These are drawn by labkit and show nobody.", columns=16)

# %% [markdown]
# The built-in faces come with the truth: 35 attributes each (glasses, smile, hat …). G never sees them. We use them to *measure*.
#
# **Question**: nobody tells G what glasses are. Can it still learn to draw them? Can it learn a *direction* for them?
#
# <details><summary>Answer</summary>To draw them: yes, or D would miss them. A direction: nothing forces it. That one exists is what this paper found, and what you will test.</details>

# %% [markdown]
# ## What flows where
#
# ```
# z (100)                                            G
#  └─ 1×1 ─► 4×4 ─► 8×8 ─► 16×16 ─► 32×32 ─► 64×64 ─ tanh ─► x
#            8w     4w     2w       w        3       channels
#
# score ◄─ 1×1 ◄─ 4×4 ◄─ 8×8 ◄─ 16×16 ◄─ 32×32 ◄─ 64×64 ◄─ x
#                 8w     4w     2w       w         3         D
# ```
#
# Each arrow of G doubles the map and halves the channels. D goes the same way back. `w` is the `width`: 8 at `smoke`, 32 at `cpu`, 128 in the paper.
#
# **Predict**: which arrow of G holds most of the weights? Which one does most of the arithmetic?

# %% [markdown]
# A *transposed* convolution writes where a convolution reads: each input pixel adds a 4×4 stamp to the output, and with stride 2 the stamps stand two pixels apart. From $n$ it makes
#
# $$(n - 1)·\text{stride} - 2·\text{padding} + \text{kernel} \qquad (1)$$
#
# Batch norm takes each channel's mean and spread over the batch to 0 and 1, then learns a scale γ and a shift β of its own.
#
# **Question**: what does a bias in the convolution do, if batch norm follows?
#
# <details><summary>Answer</summary>Nothing: the mean is subtracted, and the bias with it. β does its work.</details>

# %% [markdown]
# ### Exercise 1 · A block of the generator
# ●○○ · 10 minutes · 3 points. All of G is this block, four times.
#
# Write `generator_block(in_channels, out_channels)`: a module that doubles height and width by a transposed convolution with a kernel of 4, then batch norm, then ReLU. No weight without a use.

# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"02-generator_block"}
from torch import nn


def generator_block(in_channels, out_channels):
    """Returns a module: (B, in_channels, H, W) → (B, out_channels, 2H, 2W)."""
    ### BEGIN SOLUTION
    return nn.Sequential(
        nn.ConvTranspose2d(in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"02-generator_block-test","points":3}
generator_block = check("02.generator_block", generator_block)
### BEGIN HIDDEN TESTS
assert passed("02.generator_block")
### END HIDDEN TESTS


# %% [markdown]
# G from your blocks. The first arrow is given: from 1×1 to 4×4 a stamp of 4 needs neither stride nor padding. The last one ends in tanh, without a norm: a norm there would force every batch to one mean colour.


# %%
class MyGenerator(nn.Module):
    def __init__(self, width, latent_dim=100):
        super().__init__()
        first = nn.ConvTranspose2d(latent_dim, 8 * width, 4, bias=False)
        self.layers = nn.Sequential(
            nn.Sequential(first, nn.BatchNorm2d(8 * width), nn.ReLU()),
            *[generator_block(k * width, k * width // 2) for k in (8, 4, 2)],
            nn.Sequential(nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh()),
        )

    def forward(self, z):
        return self.layers(z[:, :, None, None])


h = torch.randn(2, 100, 1, 1)
for layer in MyGenerator(width=32).layers:
    before, h = h.shape[2], layer(h)
    size = sum(p.numel() for p in layer.parameters())
    work = layer[0].weight.numel() * (1 if before == 1 else before**2)
    print(
        f"{before:>2} → {h.shape[2]:>2}: {h.shape[1]:>3} channels, {size:>7,} weights, {work / 1e6:5.1f} million products"
    )

# %% [markdown]
# Most weights sit at the small maps. Most arithmetic sits in the middle: fewer weights, but used at more places.
#
# Below is what *flows*: the first eight channels behind each arrow, for one z.

# %%
from torch.nn.functional import interpolate


def maps_of(generator, z):
    h, found = z[:, :, None, None], []
    for layer in generator.layers:
        h = layer(h)
        if isinstance(layer, nn.ReLU):
            shown = h[0, :8, None] / h[0, :8].amax((1, 2)).clamp(min=1e-6)[:, None, None, None]
            found.append(interpolate(shown, size=64) * 2 - 1)
    return torch.cat(found)


with torch.no_grad():
    maps = maps_of(artist.generator, artist.latent(1, seeded(3)))
show(maps, "Rows: 4×4, 8×8, 16×16, 32×32. Each row is finer. At 32×32 you see parts of the face.", columns=8, scale=1)

# %% [markdown]
# ## How weights begin
#
# Section 4: all weights from $N(0, 0.02^2)$. Today's tutorials add: γ of batch norms from $N(1, 0.02^2)$, β = 0.
#
# **Predict**: draw G's weights with a standard deviation of 1 instead. Batch norm brings each hidden map back to scale. What about the last layer, which has no norm? Which share of pixels will be beyond ±0.99, where tanh is flat?

# %%
for std in (0.02, 0.2, 1.0):
    torch.manual_seed(0)
    untrained = MyGenerator(width=8)
    for p in untrained.parameters():
        if p.dim() == 4:
            nn.init.normal_(p, 0, std)
    with torch.no_grad():
        pixels = untrained(torch.randn(64, 100))
    print(f"std {std:4}: {float((pixels.abs() > 0.99).float().mean()):6.1%} of the pixels are beyond ±0.99")

# %% [markdown]
# Where tanh is flat its slope is almost 0, and no gradient passes. Small weights keep G's first pictures grey, with slopes near 1 everywhere.

# %% [markdown]
# ### Exercise 2 · How weights begin
# ●○○ · 10 minutes · 2 points. A network that begins badly may never recover.
#
# Write `initialise(module)`. `game.apply` calls it once for *every* module of G and D. For both kinds of convolution draw the weight from $N(0, 0.02^2)$; for batch norms the weight (γ) from $N(1, 0.02^2)$, and set the bias (β) to 0. In place; all else stays as it is.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"02-initialise"}
def initialise(module):
    """module: any `nn.Module`, a `Sequential` or an activation too. Returns nothing."""
    ### BEGIN SOLUTION
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"02-initialise-test","points":2}
initialise = check("02.initialise", initialise)
### BEGIN HIDDEN TESTS
assert passed("02.initialise")
### END HIDDEN TESTS

# %% [markdown]
# ## Train it and watch
#
# Your G, your first weights, labkit's D (the same in the other direction), the losses of Lab 01. Cost: 10 minutes at `cpu`. The run is kept in a folder: a stopped kernel goes on where it was.
#
# **What you should see** at `cpu`: after one minute a light oval on a coloured ground; after three, eyes and hair; at the end faces, some of them torn. Two likely troubles: all samples alike (*What goes wrong*, no. 4), or a fine grid over everything (no. 3).

# %%
from labkit.models.dcgan import Discriminator
from labkit.models.gan import GAN
from labkit.recipes import settings_for
from labkit.training import train

options, settings = settings_for("dcgan-faces", SCALE)
torch.manual_seed(0)
mine = GAN(
    MyGenerator(options["width"]),
    Discriminator((3, 64, 64), options["width"]),
    latent_dim=100,
    image_shape=(3, 64, 64),
)
mine.apply(initialise)
folder = f"runs/02-dcgan-{SCALE}-{data.name.strip('/').replace('/', '_')}"
faces = train(mine, data, run=folder, **settings)
show(faces.picture(24, columns=12), "Twenty-four faces by your own generator. At smoke they are still noise.")

# %% [markdown]
# **Question**: D's score of real faces stays above that of fakes to the end. Is that bad?
#
# <details><summary>Answer</summary>No. D sees something that G does not draw well yet, and that is what G learns from. Bad is a gap that grows and grows: then D knows each fake by a single trait, and its gradient says little.</details>

# %% [markdown]
# Whose faces shall the rest of the notebook use? A generator that ships was trained longer by the same recipe; its card says how long. Write `"mine"` to go on with yours.

# %%
PLAY_WITH = "shipped"


def averaged(run):
    for name, network in run.averages.modules.items():
        setattr(run.game, name, network)
    return run.game.cpu().eval()


if PLAY_WITH == "mine" or not SHIPPED or data.name != "faces":
    artist = averaged(faces)
    print("From here on: your own generator.")
else:
    print("From here on: the generator that ships with labkit.")

# %% [markdown]
# ## What came after, and why
#
# | year | idea | what it changes |
# |---|---|---|
# | 2017 | **hinge** loss (Lim & Ye) | D stops learning from what it knows |
# | 2018 | **R1** (Mescheder et al.) | D may not be steep at real images |
# | 2018 | **spectral norm** (Miyato et al.) | no layer of D may stretch by more than 1 |
# | 2018 | **averaged weights**, EMA (Yazıcı et al.; Karras et al.) | G is drawn from a mean over time |
# | 2020 | **augmentation** (Zhao et al.; Karras et al.) | D sees changed pictures, and can't learn them by heart |
#
# Four of five hold *D* back. **Question**: why should a worse D give a better G?

# %% [markdown]
# Because G learns from D's *slope*, not from its verdict. A D that is sure is flat: nothing to learn. A D that is steep sends G far, into the unknown.
#
# The hinge loss is the simplest brake. With $s$ for D's score:
#
# $$\begin{aligned}L_D =\;& \mathbb{E}_x[\max(0,\, 1 - s_x)] + \mathbb{E}_z[\max(0,\, 1 + s_{G(z)})]\\ L_G =\;& -\mathbb{E}_z[s_{G(z)}]\end{aligned} \qquad (2)$$
#
# **Predict**: a real image has the score 3. How large is its share of D's gradient here? And with the loss of Lab 01?

# %%
from torch.nn.functional import relu, softplus

for score in (-1.0, 0.0, 0.99, 3.0):
    s = torch.tensor(score, requires_grad=True)
    slopes = [torch.autograd.grad(loss(s), s)[0].item() for loss in (lambda s: softplus(-s), lambda s: relu(1 - s))]
    print(f"score {score:5.2f} of a real image: slope {slopes[0]:6.3f} (Lab 01), {slopes[1]:6.3f} (hinge)")

# %% [markdown]
# ### Exercise 3 · The hinge loss
# ●○○ · 5 minutes · 2 points. Two straight lines, and D no longer grows for ever.
#
# Write `hinge_loss(real_scores, fake_scores)`: $L_D$ of equation 2 as a scalar, to be minimised; the mean over each batch, then the sum of the two.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"02-hinge_loss"}
def hinge_loss(real_scores, fake_scores):
    """real_scores, fake_scores: D's scores, (B,). Returns a scalar."""
    ### BEGIN SOLUTION
    return relu(1 - real_scores).mean() + relu(1 + fake_scores).mean()
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"02-hinge_loss-test","points":2}
hinge_loss = check("02.hinge_loss", hinge_loss)
### BEGIN HIDDEN TESTS
assert passed("02.hinge_loss")
### END HIDDEN TESTS

# %% [markdown]
# ### See each one matter
#
# A small ablation: five games that differ in one thing. To see it in a minute each, the faces are small (32 px), few (1,000), and G and D narrow. Real training differs in degree, not in kind.
#
# R1 and spectral norm go without batch norm in D: they hold for each image alone.

# %%
from labkit.models.game import Turn

few = labkit.data.open("faces", size=32, fields=("image",), count=256 if SMOKE else 1000)
new = labkit.data.open("faces", size=32, fields=("image",), count=256 if SMOKE else 1000, split="test")
WIDTH = 4 if SMOKE else 16


class MyHinge(GAN):
    def turns(self, batch, step):
        real = batch["image"]
        fake = self.generator(self.latent(len(real)))
        yield Turn("discriminator", loss=hinge_loss(self.critic(real), self.critic(fake.detach())))
        yield Turn("generator", fool=-self.critic(fake).mean())


def small(kind=GAN, **options):
    torch.manual_seed(0)
    game = dcgan((3, 32, 32), latent_dim=100, width=WIDTH, **options)
    game.__class__ = kind
    return game


def short(game, minutes=1.0, **changed):
    _, settings = settings_for("dcgan-faces", SCALE, minutes=None if SMOKE else minutes)
    length = {"steps": 4, "previews": 1} if SMOKE else {}
    return train(game, few, **{**settings, "batch": 32, "average_images": 5_000, **length, **changed})


# %% [markdown]
# Four numbers of each:
# - **gap**: D's mean score of real faces minus that of fakes. How easily does D win?
# - **slope**: $\lVert ∇_x D(x) \rVert$ at real faces. How steep is D?
# - **by heart**: D's mean score of the faces it trains on minus that of *new* real faces. What D has learned by heart.
# - **FD-faces** with the last weights and with averaged ones, against new faces. 0 is best.
#
# **Predict** before you run: which game has the smallest gap? Which the smallest slope? Do averaged weights help more, or less, than any of the others?

# %%
from labkit.metrics.judges import fd_faces

N = 200 if SMOKE else 1000


def numbers(run):
    D, device = run.game.discriminator, run.game.device
    x, unseen = (d.tensor(range(128))["image"].to(device) for d in (few, new))
    with torch.no_grad():
        real, held, fake = (float(D(images).mean()) for images in (x, unseen, run.game.generator(run.game.latent(128))))
    (slope,) = torch.autograd.grad(D(x.requires_grad_()).sum(), x)
    raw, mean = run.game.sample(N, generator=seeded(1)).cpu(), run.sample(N, seed=1)
    return {
        "gap": real - fake,
        "slope": float(slope.flatten(1).norm(dim=1).mean()),
        "by heart": real - held,
        "FD, last": fd_faces(raw, new.images(N)),
        "FD, averaged": fd_faces(mean, new.images(N)),
    }


def table(found):
    print(" " * 16 + "".join(f"{name:>14}" for name in next(iter(found.values()))))
    for title, row in found.items():
        print(f"{title:>16}" + "".join(f"{value:14.2f}" for value in row.values()))


# %% [markdown]
# Cost: five minutes at `cpu`, one for each game.

# %%
games = {
    "DCGAN": small(),
    "your hinge": small(MyHinge),
    "R1": small(r1=1.0, critic_norm=False),
    "spectral norm": small(loss="hinge", spectral=True, critic_norm=False),
    "augmentation": small(augment=("colour", "translation")),
}
ablation = {title: short(game) for title, game in games.items()}
found = {title: numbers(run) for title, run in ablation.items()}
table(found)

# %%
samples = torch.cat([run.sample(12, seed=2) for run in ablation.values()])
show(samples, f"Rows: {', '.join(ablation)}. Twelve samples each, from the same z, with averaged weights.", columns=12)

# %% [markdown]
# What we saw at `cpu` in two short runs: the gap falls from 4.5 (DCGAN) to 3 (hinge), 0.4 (R1) and 0 to 0.6 (spectral norm); the slope from 6 to 0.3. *By heart* falls from 0.4 to 0 with R1 and spectral norm, and to below 0.2 with augmentation.
#
# Averaged weights have the lower FD in every row, at no cost. Between the rows FD is mixed after one minute: hinge was best, spectral norm last. A D that is held back teaches slowly at first; it wins later, when the plain one knows its 1,000 faces by heart.

# %% [markdown]
# **Question**: "FD is lower with R1 in my table." One run each. Is that a result?
#
# <details><summary>Answer</summary>A hint. Train three seeds each, and give mean ± standard deviation (<code>labkit.metrics.combine</code>). A difference smaller than the spread of seeds is none.</details>

# %% [markdown]
# ## Truncation
#
# One more trick, after training. Brock et al. (2019) draw z nearer to the middle: every number farther than a limit from 0 is drawn again.
#
# **Predict**: with a limit of 1, will faces look better or worse? More or less alike? And with 0.5?

# %% [markdown]
# ### Exercise 4 · Truncation
# ●●○ · 10 minutes · 3 points. Quality against variety, on one dial.
#
# Write `truncated(n, dim, limit)`: n × dim independent numbers from $N(0, 1)$, each drawn again while $|z_i| >$ limit.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"02-truncated"}
def truncated(n, dim, limit):
    """Returns (n, dim): N(0, 1), cut at −limit and limit."""
    ### BEGIN SOLUTION
    z = torch.randn(n, dim)
    while (far := z.abs() > limit).any():
        z[far] = torch.randn(int(far.sum()))
    return z
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"02-truncated-test","points":3}
truncated = check("02.truncated", truncated)
### BEGIN HIDDEN TESTS
assert passed("02.truncated")
### END HIDDEN TESTS


# %%
def draw(z):
    with torch.no_grad():
        return torch.cat([artist.generator(part) for part in z.split(250)])


torch.manual_seed(0)
rows = []
for limit in (3.0, 1.5, 1.0, 0.5):
    latents = truncated(N, 100, limit)
    images = draw(latents)
    rows.append(images[:12])
    distance = f", FD-faces {fd_faces(images, data.images(N)):.1f}" if data.name == "faces" else ""
    print(
        f"limit {limit}: length of z {latents.norm(dim=1).mean():4.1f}, variety {float(images.std(0).mean()):.3f}{distance}"
    )
show(
    torch.cat(rows),
    "Rows: limit 3, 1.5, 1, 0.5. Downwards more alike. From where on are they no longer better?",
    columns=12,
)

# %% [markdown]
# *Variety* is the standard deviation of a pixel over the faces. It only falls. The faces get calmer at first, then fade: at 0.5 a z is about 2.7 long, and G was trained on lengths near 10. It was never asked to draw from there.
#
# Brock et al. saw this too: many of their generators could not be truncated, until training kept G's weights nearly orthogonal. So a dial that is in every demo is a property of *some* generators. Where you see truncated samples, you see a model's best side; FD is measured without.

# %% [markdown]
# ## Arithmetic on faces
#
# The paper's most famous figure (section 6.3.2), in its own words: *smiling woman − neutral woman + neutral man = smiling man*. Not on pixels, but on z:
#
# $$G(\bar z_A - \bar z_B + z_C), \qquad \bar z_A = \tfrac13 \textstyle\sum_{i \in A} z_i \qquad (3)$$
#
# To find faces with glasses among thousands we need eyes. A *judge* looks for us: a small network, trained on the truth of the built-in faces, frozen before any GAN was trained. It never teaches G.

# %%
import numpy as np

from labkit.metrics.judges import judge
from labkit.nn.directions import logistic


class Probe:
    """For photographs: logistic regression on D's features, pooled to 4×4, as in section 5 of the paper."""

    def __init__(self, game, data, count=4000):
        self.game, self.names = game, data.names["attributes"]
        self.held = min(1000, len(data) // 4)  # the first rows stay unseen, for a test
        rows = data.tensor(np.arange(self.held, min(self.held + count, len(data))))
        features, has = self.features(rows["image"]), (rows["attributes"] > 0).float()
        self.middle, self.spread = features.mean(0), features.std(0) + 1e-6
        self.weights = logistic((features - self.middle) / self.spread, has, decay=0.1)
        scores = (features - self.middle) / self.spread @ self.weights.T
        share = has.mean(0).clamp(0.001, 0.999)
        self.bias = torch.stack([-s.quantile(1 - p) for s, p in zip(scores.T, share)])

    @torch.no_grad()
    def features(self, images):
        h, found = images.to(self.game.device), []
        for layer in self.game.discriminator.layers[:-1]:
            h = layer(h)
            if isinstance(layer, nn.LeakyReLU):
                found.append(nn.functional.adaptive_max_pool2d(h, 4).flatten(1).cpu())
        return torch.cat(found, 1)

    def __call__(self, images):
        return torch.sigmoid((self.features(images) - self.middle) / self.spread @ self.weights.T + self.bias)


if data.name != "faces" and "attributes" in data.fields:
    look = Probe(artist, data)
else:
    look = judge("attributes")
    if data.name != "faces":
        print("This judge learned from drawn faces: of photographs it says more than it knows.")
NAMES = tuple(look.names)

# %% [markdown]
# First, 4,000 faces of G and what the judge says of them: $z ∈ ℝ^{N×100}$, `has` $∈ \{0, 1\}^{N×A}$.

# %%
z = artist.latent(400 if SMOKE else 4000, seeded(0))
probability = torch.cat([look(draw(part)) for part in z.split(500)])
share = (probability > 0.5).float().mean(0)
VARIED = [name for name, part in zip(NAMES, share) if 0.1 < part < 0.9]
if len(VARIED) < 4:
    print("The judge sees the same in nearly all of these faces: train longer. Until then, the surer half is 'with'.")
has = (probability > (0.5 if len(VARIED) >= 4 else probability.median(0).values)).long()
enough = [name for i, name in enumerate(NAMES) if min(has[:, i].sum(), len(has) - has[:, i].sum()) >= 3]
CHOSEN = [name for name in ("Eyeglasses", "Smiling", "Wearing_Hat", "Facing_Left", "Young") if name in enough]
first = CHOSEN[0]
print(f"{len(enough)} of {len(NAMES)} attributes have at least 3 faces with and 3 without; we use {', '.join(CHOSEN)}")

# %% [markdown]
# The recipe of the paper, as it stands: three faces with, three without, the difference added to a new one.
#
# **Predict**: out of ten new faces, how many will have the attribute afterwards? And will they still be the same persons?


# %%
def three_minus_three(name, k=3, seed=0):
    column = has[:, NAMES.index(name)]
    with_it, without = (column == 1).nonzero()[:, 0], (column == 0).nonzero()[:, 0]
    pick = seeded(seed)
    a, b = (rows[torch.randperm(len(rows), generator=pick)[:k]] for rows in (with_it, without))
    return z[a].mean(0) - z[b].mean(0), a, b


step, a, b = three_minus_three(first)
people = artist.latent(10, seeded(7))
show(draw(torch.cat([z[a], z[b]])), f"Left: A, three faces with {first}. Right: B, three without.", columns=6)
show(draw(torch.cat([people, people + step])), f"Above: ten new faces. Below: plus A − B. Count {first}.", columns=10)

# %% [markdown]
# About half of them, on a good day; and strangers look out of many of the others. **Why?** Think of it as signal and noise before you unfold.
#
# <details><summary>Answer</summary>Six random people differ in everything, not in glasses alone. The mean of three z still carries much of it: $\bar z_A - \bar z_B$ has a noise of length $\sqrt{100 · (1/3 + 1/3)} ≈ 8.2$, almost as long as a z itself (10). The part that means "glasses" is shorter. Averaging more faces shrinks the noise by $1/\sqrt{k}$, and leaves the signal.</details>

# %% [markdown]
# ### Exercise 5 · The direction of an attribute
# ●●○ · 10 minutes · 3 points. The paper's idea, with enough faces.
#
# Write `attribute_direction(latent, has)`: the mean latent of the images that have it, minus the mean of those that don't. Return the difference as it is.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"02-attribute_direction"}
def attribute_direction(latent, has):
    """latent: z, (N, D). has: (N,) int64 of 0 and 1. Returns (D,)."""
    ### BEGIN SOLUTION
    return latent[has == 1].mean(dim=0) - latent[has == 0].mean(dim=0)
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"02-attribute_direction-test","points":3}
attribute_direction = check("02.attribute_direction", attribute_direction)
### BEGIN HIDDEN TESTS
assert passed("02.attribute_direction")
### END HIDDEN TESTS

# %%
direction = attribute_direction(z, has[:, NAMES.index(first)])
print(f"{first}: length of the direction {direction.norm():.2f}, of a z about {z.norm(dim=1).mean():.1f}")
for k in (3, 10, 30, 100):
    if k <= min(has[:, NAMES.index(first)].sum(), (1 - has[:, NAMES.index(first)]).sum()):
        steps = [three_minus_three(first, k, seed)[0] for seed in range(20)]
        cosine = torch.stack([torch.cosine_similarity(one, direction, dim=0) for one in steps]).mean()
        length = torch.stack([one.norm() for one in steps]).mean()
        print(f"from {k:>3} and {k:>3} faces: length {length:4.1f}, cosine with it {cosine:.2f}")

# %% [markdown]
# With three faces most of the step is noise. With a hundred most of it is signal. (The length of the direction is a poor guide for *how far* to go: that we choose by looking, or by the judge.)

# %%
amounts = torch.linspace(-6, 6, 9)
unit = direction / direction.norm()
walks = torch.cat([draw(one + amounts[:, None] * unit) for one in people[:4]])
show(walks, f"Four people, moved along the direction of {first} by −6 … 6. Middle: as they were.", columns=9)

# %% [markdown]
# Look closely. **Question**: what else changes along the way, and why?
#
# <details><summary>Answer</summary>Whatever went together with it in the 4,000 faces, in the data or by G's own habits. A direction of means follows every correlation.</details>

# %% [markdown]
# ### Press faces into A, B and C
#
# The first explorer: equation 3 by hand. `example` lets the judge pick. Everything works with Tab, arrow keys and Enter.
#
# **Task**: try single faces, then three. Find a pair A, B that transfers well to two different C.

# %%
from labkit.widgets import Arithmetic

arithmetic = Arithmetic(artist, a=[0, 1, 2], b=[3, 4, 5], c=6, judge=look)
try:
    arithmetic.example(first)
except UserError as error:
    print(error)
arithmetic

# %%
show(arithmetic.picture(), "The same without controls: the three means, and the result at growing strength.")

# %% [markdown]
# ## Only the glasses
#
# Guan (2018, *TL-GAN*): take out of each direction what belongs to the others. Let $o_1 … o_K$ be the directions that must stay still. Moving along $d$ leaves them alone if $d · o_k = 0$ for each:
#
# $$d' = d - O^{\mathsf T} (O\,O^{\mathsf T})^{-1} O\, d, \qquad O = [o_1, …, o_K] ∈ ℝ^{K×100} \qquad (4)$$
#
# **Question**: why not simply subtract $d$'s projection on each $o_k$, one after the other?
#
# <details><summary>Answer</summary>The $o_k$ overlap. After the second is taken out, a bit of the first is back.</details>

# %% [markdown]
# ### Exercise 6 · Leave the others alone
# ●●● · 20 minutes · 4 points. From "something changes" to "only this changes".
#
# Write `orthogonal_direction(direction, others)`: the part of `direction` that is orthogonal to every row of `others`. The rows have any length and are not orthogonal to each other. The result may have any positive length.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"02-orthogonal_direction"}
def orthogonal_direction(direction, others):
    """direction: (D,). others: (K, D), K < D, linearly independent. Returns (D,)."""
    ### BEGIN SOLUTION
    q, _ = torch.linalg.qr(others.T)
    return direction - q @ (q.T @ direction)
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"02-orthogonal_direction-test","points":4}
orthogonal_direction = check("02.orthogonal_direction", orthogonal_direction)
### BEGIN HIDDEN TESTS
assert passed("02.orthogonal_direction")
### END HIDDEN TESTS

# %%
means = torch.stack([attribute_direction(z, has[:, NAMES.index(name)]) for name in CHOSEN])
for i, name in enumerate(CHOSEN):
    rest = torch.cat([means[:i], means[i + 1 :]])
    alone = orthogonal_direction(means[i], rest)
    before = torch.cosine_similarity(means[i][None], rest).abs().max()
    kept = alone.norm() / means[i].norm() if alone.norm() > 0 else 0.0
    print(
        f"{name:>14}: largest cosine with another {before:.2f} → {torch.cosine_similarity(alone[None], rest).abs().max():.2f}"
    )

# %% [markdown]
# `labkit.nn.directions.Directions` does this for all attributes at once, from the slopes of a linear regression of the judge's answers on z (`least_squares`; `logistic` is there too). The second explorer gives each a slider, and a box that locks it.
#
# **Task**: give somebody glasses with nothing locked. Undo. Lock hair and hat, and try again. What does locking cost?

# %%
from labkit.nn.directions import Directions
from labkit.widgets import Sliders

columns = [NAMES.index(name) for name in enough]
directions = Directions.fit(z, probability[:, columns], enough)
sliders = Sliders(artist, directions, CHOSEN, judge=look)
sliders

# %%
show(sliders.picture(), "The same without sliders: a row for each attribute, from less to more.")

# %% [markdown]
# ### When the line is not straight
#
# A direction is one line for all faces. It holds the others still as far as they are *linear* in z. Are they?
#
# **Predict**: a plane in z parts smiles from the rest. How often is it right, if guessing is right half the time? And a small network with three hidden layers, which may bend?
#
# Cost: one minute at `cpu`.

# %%
from labkit.nn.curved import Predictor

many = artist.latent(1500 if SMOKE else 20_000, seeded(13))
said = torch.cat([look(draw(part)) for part in many.split(500)])
cut = len(many) // 10
predictor = Predictor.fit(many[cut:], said[cut:], NAMES, epochs=30 if SMOKE else 25, batch=128 if SMOKE else 256)
planes = Directions.fit(many[cut:], said[cut:], NAMES, apart=False).slopes
truth = said[:cut] > 0.5
for name in CHOSEN:
    i = NAMES.index(name)
    heights = many[:cut] @ planes[i]
    flat = (heights > heights.quantile(1 - float(truth[:, i].float().mean()))) == truth[:, i]
    bent = (predictor(many[:cut])[:, i] > 0) == truth[:, i]
    print(
        f"{name:>14}: the plane is right for {flat.float().mean():.0%}, the bent surface for {bent.float().mean():.0%}"
    )

# %% [markdown]
# With 20,000 faces the network sees more than the plane (with the 1,500 of `smoke` hardly): attributes are *bent* in z. So each face needs a step of its own. With $f_k$ for the network's answer (a logit) we look for the nearest $z + d$ that has attribute k, and whose other answers are as they were:
#
# $$\min_d\; \max(0,\, g - f_k(z + d)) + λ \textstyle\sum_{j ≠ k} \text{loss of } f_j + μ \lVert d \rVert^2 \qquad (5)$$
#
# No picture is drawn on the way: $f$ knows z alone. **Predict**: which step is longer, this one or the straight one?

# %%
with_it = directions.move(people, {first: 6.0})
bent = predictor.move(people, first, goal=5.0, said=look(draw(people)))
print(f"length of the step: straight 6.0, bent {(bent - people).norm(dim=1).mean():.1f}")
show(
    torch.cat([draw(people), draw(with_it), draw(bent)]),
    f"Above: ten faces. Middle: plus {first}, straight. Below: bent. Who stays the same person?",
    columns=10,
)

# %% [markdown]
# f has only ever seen draws of z. An edit is none: z + d was *chosen*, because f likes it there. So f's errors are chosen too. Two remedies:
# - `said`: half of f's error at a face, which the judge tells, is taken to hold for its edits too;
# - `predictor.proposed`: f proposes edits, the judge says what they are, and f is fitted again with both (learning from one's own mistakes: DAgger, Ross et al. 2011).
#
# The README's table rests on both, with 100,000 draws and 240,000 proposals. With the few thousand of a lab's minute, the second changes little.

# %% [markdown]
# ### Walk from face to face
#
# The third explorer: pick faces, walk the arc between them (your slerp of Lab 01), keep it as a GIF.
#
# **Predict**: half way between a face with a hat and one without, is there half a hat?

# %%
from labkit.widgets import Walk

walk = Walk(artist, (0, 1, 2), judge=look)
walk

# %%
show(walk.picture(), "The same without buttons: points of the walk between the picked faces.")

# %% [markdown]
# Often the hat comes suddenly: G has learned that hats are whole. Where it fades, D has let it pass.
#
# Smooth walks prove no understanding, and they don't prove that nothing was learned by heart. So we measure.

# %% [markdown]
# ## Measure it
#
# **FD-faces**: the Fréchet distance between the features of real and of generated faces, in a small frozen network that no GAN ever saw. Only values at equal N compare; it is no percentage.
#
# **Predict**: the shipped generator against your own: a factor of 1.5, 3 or 10?

# %%
from labkit.metrics import score

scored = {}
if data.name == "faces":
    n = 200 if SMOKE else 2000
    with faces.averages.in_place(faces.game):
        scored["your generator"] = score(faces.game.sample, data, n=n)
    scored["the artist"] = score(artist.sample, data, n=n)
    print(scored["the artist"].table())
    print(f"\nyour own generator: FD-faces {scored['your generator'].value:.2f}")
else:
    print(f"FD-faces looks at the built-in faces; for {data.name} use your eyes, and labkit.metrics with Inception.")

# %% [markdown]
# The *floor* is what other real faces get at the same N. The *baselines* need no training at all.
#
# A distance is one number. Attributes say more: does G draw hats as often as there are hats?

# %%
known = torch.as_tensor(np.asarray(data.fields["attributes"]) > 0) if "attributes" in data.fields else has
truth = known.float()  # where the data says nothing, the judge's own words stand in
shares = {name: (float(truth[:, i].mean()), float(share[i])) for i, name in enumerate(NAMES)}
worst = sorted(shares.items(), key=lambda item: -abs(item[1][0] - item[1][1]))
print("              attribute   data  samples")
for name, (real, fake) in worst[:6] + worst[-4:]:
    print(f"{name:>23}  {real:5.1%}   {fake:5.1%}")
print(
    f"mean absolute difference {np.mean([abs(r - f) for r, f in shares.values()]):.1%} (largest first, then the smallest)"
)

# %% [markdown]
# Rare things are what a GAN forgets first: D seldom misses them. (The judge errs too: on its card, `look.card["measured"]`, stands how often.)

# %% [markdown]
# ### Does arithmetic work? In numbers
#
# `labkit.metrics.edits`, on fresh faces without the attribute:
# - **success**: share that have it afterwards;
# - **kept**: share of all *other* common attributes that stay (hair colours count as one);
# - **control**: the success of a random direction of the same length. Not 0: a long step changes a face anyhow.
#
# How far to go is chosen on other faces. **Predict**: which way keeps most, and which succeeds most: 3 − 3, means, directions held apart, or the bent step?

# %%
from labkit.faces import ONE_OF
from labkit.metrics.edits import Edits

groups = [[name for name in group if name in NAMES] for group in ONE_OF]
edits = Edits(draw, look, NAMES, exclusive=[group for group in groups if group])
tuning, fresh = artist.latent(50 if SMOKE else 300, seeded(11)), artist.latent(50 if SMOKE else 800, seeded(12))
steps_tried, goals = ((4.0, 8.0), (4.0,)) if SMOKE else (None, (2.0, 4.0, 6.0, 8.0))


def bend(name, goal=None):
    return lambda z, goal=goal: predictor.move(z, name, goal, said=edits.judge(z))


print("attribute       way            step   success  kept  control")
if len(VARIED) < 4:
    print("Nothing to measure yet: the judge sees the same in nearly all faces.")
for name in CHOSEN[: 2 if SMOKE else None] if len(VARIED) >= 4 else []:
    recipe, *_ = three_minus_three(name)
    means, apart = attribute_direction(z, has[:, NAMES.index(name)]), directions.vector(name)
    goal = edits.choose(name, bend(name), goals, tuning, 0.9)
    measured = {
        "3 − 3": edits.measure(name, recipe, float(recipe.norm()), fresh),
        "means": edits.measure(name, means, edits.choose_amount(name, means, tuning, amounts=steps_tried), fresh),
        "apart": edits.measure(name, apart, edits.choose_amount(name, apart, tuning, amounts=steps_tried), fresh),
        "bent": edits.measure_move(name, bend(name, goal), fresh),
    }
    for way, edit in measured.items():
        print(f"{name:<14}  {way:<12} {edit.amount:5.1f}   {edit.success:6.0%}  {edit.kept:5.0%}   {edit.control:5.0%}")

# %% [markdown]
# Read a line as a whole: success without *kept* is easy (draw another person who has glasses), *kept* without success easier still (do nothing).
#
# Compare the rows: 3 − 3 fails often and keeps little. Directions from thousands of faces succeed more often. The bent step goes a third as far, and keeps most. "A direction changes only its attribute" is a claim to measure, attribute by attribute. (For all attributes: the table in the README.)

# %% [markdown]
# ### Has it learned faces by heart?
#
# For each sample the nearest training face, by the judge's features. If G copied, samples would lie *nearer* to training faces than new real faces do.
#
# **Predict**: are samples nearer to the training faces than new real faces are, or farther?

# %%
features = judge("features")
try:
    fresh_real = labkit.data.open(DATA, split="test", **({"count": 256} if SMOKE and DATA == "faces" else {}))
except UserError as error:
    fresh_real = data
    print(f"{error}: there are no new real faces, so the training set's own stand in for them.")
m = 128 if SMOKE else 1000
train_images = data.images(None if SMOKE else 10_000)
train_set = features(train_images)


def nearest_face(images):
    return torch.cdist(features(images), train_set).min(dim=1)


samples = artist.sample(m, generator=seeded(5))
near, held = nearest_face(samples), nearest_face(fresh_real.images(m))
print(
    f"mean distance to the nearest training face: samples {near.values.mean():.2f}, new real faces {held.values.mean():.2f}"
)
closest = near.values.argsort()[:10]
twins = torch.from_numpy(train_images[near.indices[closest].numpy()]).permute(0, 3, 1, 2)
pairs = torch.cat([(samples[closest] * 127.5 + 127.5).round().byte(), twins])
show(
    pairs, "Above: the ten samples that lie nearest to a training face. Below: that face. The same person?", columns=10
)

# %% [markdown]
# If the two means are alike, nothing speaks for copies. Larger: the samples are unlike any face yet. Smaller: copies, or blur, as a blurry face lies near everything. So always look at the pairs as well. One training face that appears again and again is such a neighbour of everybody.

# %% [markdown]
# ### Find a given face
#
# Can G draw *this* face? Descend on z itself, G frozen: $\min_z \lVert G(z) - x \rVert^2 + λ \lVert z \rVert^2$.
#
# **Predict**: which faces will come out better: training faces, new real faces, or G's own samples?


# %%
def invert(images, steps=20 if SMOKE else 300):
    latent = torch.zeros(len(images), artist.latent_dim, requires_grad=True)
    optimizer = torch.optim.Adam([latent], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        error = (artist.generator(latent) - images).square().flatten(1).mean(1)
        (error.sum() + 1e-4 * latent.square().sum()).backward(inputs=[latent])
        optimizer.step()
    return latent.detach(), error.detach().sqrt().mean()


faces_of = {
    "training": data.tensor(range(6))["image"],
    "new": fresh_real.tensor(range(6))["image"],
    "G's own": artist.sample(6, generator=seeded(8)),
}
wanted = {title: images.contiguous() for title, images in faces_of.items()}
inverted = {title: invert(images) for title, images in wanted.items()}
print("pixel error:", ", ".join(f"{title} {error:.3f}" for title, (_, error) in inverted.items()))
both = torch.cat([torch.cat([*wanted.values()]), draw(torch.cat([one for one, _ in inverted.values()]))])
show(
    both,
    "Above: six training faces, six new ones, six of G's own. Below: the nearest that G can draw.",
    columns=18,
    scale=1,
)

# %% [markdown]
# (`labkit.nn.inversion` does it with several starts.) G's own faces come back nearly whole: a z exists. Real ones come back as a relative: what lies off G's surface can't be drawn. If training faces came back much better than new ones, that would again speak for learning by heart.

# %% [markdown]
# ### Is D good for anything?
#
# "D is thrown away." The paper (section 5) kept it: features of D, pooled to 4×4, and a linear classifier on top. `Probe` above is that.
#
# **Predict**: D was never told what glasses are. Does a linear classifier on its features find them better than guessing?

# %%
if "attributes" in data.fields:
    probe = Probe(faces.game.eval(), data)
    unseen = fresh_real.tensor(range(min(probe.held, len(fresh_real))))
    right = ((probe(unseen["image"]) > 0.5) == (unseen["attributes"] > 0)).float().mean(0)
    common = (unseen["attributes"] > 0).float().mean(0)
    for name in CHOSEN:
        i = NAMES.index(name)
        print(f"{name:>14}: right {right[i]:.0%}; always the commoner answer: {max(common[i], 1 - common[i]):.0%}")

# %% [markdown]
# ## On real photographs
#
# Change one word: `DATA = "celeba"` (202,599 photographs of known people, 1.4 GB; the card in `datasets/` says where from, and on what terms). Or the path of a folder. All cells run: CelebA's own attribute names, your own generator, and `Probe` for a judge.
#
# Expect less: poses, light and background vary, and at `cpu` ten minutes are too few. At `gpu` you get faces; look at teeth, ears and glasses' frames. FD-faces is not for photographs and says so.
#
# These are pictures of people, who did not agree to your experiment. Don't publish edits of them.

# %%
print(data, "·", len(data.skipped), "files skipped")

# %% [markdown]
# ## What goes wrong, and why
#
# Four failures. Each: cause it, see its number move, mend it. First a number for variety: the mean distance between two samples, over that between two real faces. 1 is right; 0 is one face for every z.


# %%
def variety(images):
    flat = images.float().flatten(1)
    return float(torch.pdist(flat).mean())


REAL = variety(few.tensor(range(128))["image"])


def report_on(title, run):
    found = numbers(run)
    varied = variety(run.sample(128, seed=4)) / REAL
    print(f"{title:>24}: gap {found['gap']:6.2f}, variety {varied:.2f}, FD-faces {found['FD, averaged']:.2f}")


# %% [markdown]
# ### 1 · D too strong
#
# **Predict**: D learns with twenty times G's rate. D's loss will be near 0. What of the pictures? Cost: twice 45 seconds at `cpu`.

# %%
from labkit.training import Adam

unfair = {"discriminator": Adam(4e-3, (0.5, 0.99)), "generator": Adam(2e-4, (0.5, 0.99))}
strong = short(small(critic_norm=False), 0.75, optimizers=unfair)
braked = short(small(critic_norm=False, r1=1.0), 0.75, optimizers=unfair)
report_on("D too strong", strong)
report_on("mended by R1", braked)
show(
    torch.cat([strong.sample(12, 2), braked.sample(12, 2)]),
    "Above: D too strong. Below: the same rates, with R1.",
    columns=12,
)

# %% [markdown]
# The gap runs away (measured: 244; with R1 2.3): each fake is found out by a wide margin, and the slope that G gets has little to do with faces. Variety fell to 0.3. R1 makes steepness expensive, and the same rates work: 0.7. (Equal rates mend it too; R1 forgives.)

# %% [markdown]
# ### 2 · No batch norm
#
# **Predict**: take all norms out of G, and keep the weights' 0.02. How large are the numbers behind the fourth block, compared with the first? No training needed.

# %%
torch.manual_seed(0)
for title, norm in (("with batch norm", True), ("without", False)):
    network = MyGenerator(width=16).apply(initialise)
    h, spread = torch.randn(64, 100, 1, 1), []
    with torch.no_grad():
        for layer in network.layers:
            for part in layer:
                h = h if isinstance(part, nn.BatchNorm2d) and not norm else part(h)
            spread.append(float(h.std()))
    print(f"{title:>16}: standard deviation behind each arrow  " + "  ".join(f"{s:.1e}" for s in spread))

# %% [markdown]
# Without norms each layer multiplies by about 0.3: what arrives at the end is grey, whatever z was. All samples are alike, before any training, and gradients fade on their way back in the same manner.
#
# Batch norm is not "only for speed": with these first weights it is what lets z through. (Today's other mends: weights scaled by layer, He et al. 2015; residual blocks.)

# %% [markdown]
# ### 3 · Checkerboards
#
# Stamps that overlap unevenly print a pattern (Odena et al., 2016). **Predict**: a flat map, all weights equal. With which kernel is the output flat: 3 or 4?


# %%
def grid(images):
    """Power of patterns that repeat every 2 pixels, over that of slightly longer ones: 1 is nothing special."""
    power = torch.fft.fft2(images.float()).abs().square().mean((0, 1))
    half = power.shape[0] // 2
    return float((power[half].sum() + power[:, half].sum()) / (power[half - 1].sum() + power[:, half - 1].sum()))


for kernel in (3, 4):
    up = nn.ConvTranspose2d(1, 1, kernel, 2, bias=False)
    nn.init.ones_(up.weight)
    with torch.no_grad():
        out = up(torch.ones(1, 1, 8, 8))[0, 0, 4:6, 4:8]
    print(f"kernel {kernel}: two rows of the output {out.tolist()}")
for title, images in (("real faces", batch["image"]), ("the artist", artist.sample(64)), ("your G", faces.sample(64))):
    print(f"{title:>12}: grid {grid(images):.2f}")

# %% [markdown]
# An even kernel only makes a flat output *possible*; a young G still prints grids, as its four phases learn at different speeds. That is the fine grid in early samples. Two mends: more training, or a resized map and then an ordinary convolution (which your check of exercise 1 also accepts).

# %% [markdown]
# ### 4 · Mode collapse
#
# **Predict**: G moves eight times for each move of D. Variety: 1, 0.5 or 0.1? Cost: twice 45 seconds at `cpu`.


# %%
class Greedy(GAN):
    def turns(self, batch, step):
        real = batch["image"]
        fake = self.generator(self.latent(len(real)))
        yield self.judge(self.critic, real, fake.detach(), step)
        for _ in range(8):
            yield Turn("generator", fool=self.loss.fool(self.critic(self.generator(self.latent(len(real))))))


collapsed = short(small(Greedy), 0.75)
fair = short(small(), 0.75)
report_on("8 moves of G", collapsed)
report_on("mended: 1 move", fair)
show(torch.cat([collapsed.sample(12, 2), fair.sample(12, 2)]), "Above: eight moves of G. Below: one.", columns=12)

# %% [markdown]
# All z lead to what the present D likes best. It is not a blurry mean face: single pictures may look sharp; the *set* has no variety. (Measured at `cpu`: 0.08 with eight moves, 0.64 with one.) FD sees it too.

# %% [markdown]
# ## Five questions
#
# Answer without the computer, then unfold.
#
# <details><summary>1. Why is there no batch norm at G's output?</summary>It would force each batch to one mean and spread of colours; a dark face would need a light neighbour.</details>
# <details><summary>2. Hinge: D's loss is 0. What does G's loss do?</summary>It is −E[s], a straight line: G's gradient goes on. Only D rests.</details>
# <details><summary>3. 3 − 3 often fails. With 300 − 300?</summary>It fails less: noise shrinks like 1/√k. What remains are true correlations: exercise 6.</details>

# %% [markdown]
# <details><summary>4. After orthogonalising, "young" still changes the hair colour. Why?</summary>The judge's answer is linear in z only nearly; or the data ties both so that no direction has one alone. Orthogonal in z is not independent in pictures.</details>
# <details><summary>5. Walks are smooth and neighbours differ. Is nothing learned by heart?</summary>It is evidence, in one feature space, for these samples. Rare faces may still be copies: look at the nearest pairs, and invert training faces.</details>

# %% [markdown]
# ## Three experiments
#
# 1. **2 minutes**: in "See each one matter" give R1 the weights 0.1 and 10. Where is the FD lowest? Is the gap a guide?
# 2. **10 minutes**: `GAN(…, loss="hinge", augment=("colour", "translation"))` in "Train it": does FD-faces fall below your first one?
# 3. **30 minutes**: three seeds of two rows of the ablation, with mean ± standard deviation. Which difference survives?

# %% [markdown]
# ## The paper and this page
#
# | Radford et al. 2016 | here |
# |---|---|
# | batch norm "proved critical to get deep generators to begin learning" | signals without it: *What goes wrong*, no. 2 |
# | "averaging the Z vector for three exemplars showed consistent and stable generations" | success of 3 − 3 in the edits table: about half |
# | walks show "no sign of memorisation" | nearest faces of samples and of new faces, beside each other |
# | D's features classify without labels | `Probe` against always guessing |
# | "a generator that has learned visual concepts" as directions | success, kept, control |

# %% [markdown]
# **Departures**: the first map has 256 channels at `cpu` (paper: 1,024); Adam at 1e-3 in place of 2e-4, for speed; weights averaged before sampling; drawn faces in place of three million photographs; the ablation runs at 32 px on 1,000 faces. So figures show that an idea works and in which direction, not how far it can go.

# %% [markdown]
# ## Who uses this, and who misuses it
#
# Used: as the first baseline of nearly every image GAN since; sliders for faces in photo apps and character editors; small data sets for medical and astronomical pictures. Misused: profile pictures of people who don't exist, for fraud and for crowds that aren't there; "beauty" and "age" edits of real people without asking.
#
# A direction carries the data's prejudice: if glasses go with age in the pictures, they will in the slider. Who publishes a slider should publish its *kept*.
#
# The next cell saves a picture with a visible mark and metadata that say it is synthetic.

# %% [markdown]
# **References**: He et al. 2015 (initialisation) · Ioffe & Szegedy 2015 (batch norm) · Radford, Metz & Chintala 2016 · Odena, Dumoulin & Olah 2016 (checkerboards) · White 2016 (slerp) · Lim & Ye 2017 · Heusel et al. 2017 (FID) · Guan 2018 (TL-GAN) · Karras et al. 2018 (averaged G) · Mescheder, Geiger & Nowozin 2018 · Miyato et al. 2018 · Brock, Donahue & Simonyan 2019 · Yazıcı et al. 2019 · Karras et al. 2020 (ADA) · Zhao et al. 2020 (DiffAugment) · Shen et al. 2020 (InterFaceGAN)

# %%
from labkit.widgets import keep

crowd = artist.latent(8, seeded(20))
both = draw(torch.cat([crowd, predictor.move(crowd, first, goal=6.0)]))
print("kept as", keep(both, "my_faces.png", f"Above: eight faces. Below: plus {first}.", columns=8))

# %% [markdown]
# How much of it was yours?

# %%
report("02")
