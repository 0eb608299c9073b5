# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Lab 01 · A GAN that draws digits
#
# You will make this: a network that writes any digit you ask for, in any hand.

# %%
import torch

from labkit.recipes import load_game
from labkit.widgets import show

writer, _ = load_game("cgan")
show(
    writer.sample(40, generator=torch.Generator().manual_seed(3)),
    "Forty drawings, asked for as 0, 1, … 9 in turn.",
    columns=10,
)

# %% [markdown]
# ## Minutes, and what to know first
#
# | | `smoke` | `cpu` (2 cores) | `gpu` (T4) |
# |---|---|---|---|
# | running everything | under 1 minute | about 12 minutes | 20 minutes (estimated) |
# | download | 0 or 12 MB | 0 or 12 MB | 0 or 12 MB |
#
# Reading and the six exercises take two to three hours.
#
# **Know first**: what a neural network, a loss and a gradient are; a little PyTorch. `SCALE` says how long trainings take. Start with `smoke`, solve the exercises, then set `cpu` or `gpu` and run all again.

# %%
import os

SCALE = os.environ.get("LABKIT_SCALE", "smoke")  # "smoke", "cpu", "gpu" or "paper"
# "auto": MNIST where it can be had. Or "mnist", "digits", "path/to/a/folder"
DATA = "auto"

# %% [markdown]
# ## The idea
#
# Goodfellow et al., *Generative adversarial nets*, 2014. Two networks play one game:
#
# $$\begin{aligned}\min_G \max_D \;\; & \mathbb{E}_{x}[\log D(x)] \\ +\; & \mathbb{E}_{z}[\log(1 - D(G(z)))] \qquad (1)\end{aligned}$$
#
# - $x$: a real image, $x \in \mathbb{R}^{1×28×28}$, values in $[-1, 1]$; in code `image`.
# - $z \sim N(0, I)$, $z \in \mathbb{R}^{64}$: random numbers; in code `latent`.
# - $G(z)$: a fake image; in code `generator`.
# - $D(\cdot) \in (0, 1)$: how sure D is that an image is real; in code `discriminator`.
#
# In code D ends before the sigmoid: it gives a *logit* $s$, and $D = \sigma(s) = 1/(1+e^{-s})$.

# %%
from labkit.course import check, hint, passed, report
from labkit.widgets import two_players

two_players()

# %% [markdown]
# Solid arrows carry images and scores, the dashed line gradients. **Question**: cover the dashed line with a finger. What would G still know about handwriting?
#
# <details><summary>Answer</summary>Nothing. G never sees x. It only hears how to change its own pixels so that D's score rises.</details>

# %% [markdown]
# ## The data
#
# 60,000 real handwritten digits (MNIST) where they can be had, else digits that labkit draws itself. Each batch is $x ∈ ℝ^{B×1×28×28}$ in $[-1, 1]$: −1 is black, +1 is white.

# %%
import labkit.data

data = labkit.data.open_first("mnist", "digits") if DATA == "auto" else labkit.data.open(DATA, size=28, channels=1)
batch = labkit.data.Stream(data, 64, seed=0).batch(0)
print(data)
show(batch["image"], "One batch of real images, as D will see them.", columns=16)

# %% [markdown]
# ## Two losses
#
# D wants $\log D(x)$ and $\log(1 - D(G(z)))$ to be large. We minimise, so its loss is
#
# $$\begin{aligned}L_D =\; & \mathbb{E}_x[-\log D(x)] \\ +\; & \mathbb{E}_z[-\log(1 - D(G(z)))]\end{aligned}$$
#
# Put $D = \sigma(s)$ in: $-\log \sigma(s) = \log(1 + e^{-s})$, which PyTorch calls `softplus(-s)`. **Question**: and $-\log(1 - \sigma(s))$? Write it down before you read on.

# %%
from torch.nn.functional import softplus

s = torch.tensor([-100.0, -2.0, 0.0, 2.0, 100.0])
print("logit s            ", [f"{value:.0f}" for value in s])
naive = torch.log(1 - torch.sigmoid(s))
print("log(1 - sigmoid(s))", [f"{value:.3f}" for value in naive])
print("the safe way       ", [f"{value:.3f}" for value in -softplus(s)])

# %% [markdown]
# It is `softplus(s)`: `-softplus(s)` is the safe way above. The two agree, until D is sure: at $s = 100$ the sigmoid is rounded to 1 and its logarithm to −inf. One such image, and the whole loss is lost. So losses take logits.

# %% [markdown]
# ### Exercise 1 · The discriminator's loss
# ●○○ · 5 minutes · 2 points. Everything that G learns comes through this loss.
#
# Write `discriminator_loss(real_logits, fake_logits)`: $L_D$ as a scalar. Take the mean over each batch of logits, then add the two.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"01-discriminator_loss"}
def discriminator_loss(real_logits, fake_logits):
    """L_D of equation 1, to be minimised.

    real_logits: D's logits for real images, (B,). fake_logits: for fakes, (B,). Returns a scalar.
    """
    ### BEGIN SOLUTION
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"01-discriminator_loss-test","points":2}
discriminator_loss = check("01.discriminator_loss", discriminator_loss)
### BEGIN HIDDEN TESTS
assert passed("01.discriminator_loss")
### END HIDDEN TESTS

# %% [markdown]
# G could minimise what D maximises, $\mathbb{E}_z[\log(1 - D(G(z)))]$ (*saturating*), or it could maximise $\mathbb{E}_z[\log D(G(z))]$ (*non-saturating*). Both want D to say "real".
#
# **Predict**: early on D is sure that a fake is fake, $s = -6$. Which of the two has the larger slope there? Write two numbers, then run.

# %%
s = torch.tensor(-6.0, requires_grad=True)
for name, loss in (("saturating", -softplus(s)), ("non-saturating", softplus(-s))):
    (slope,) = torch.autograd.grad(loss, s)
    print(f"{name:>15}: slope {slope:.4f} at s = -6")

# %% [markdown]
# The saturating loss is flat exactly where G has most to learn: its slope is $-\sigma(s)$, the other's is $-\sigma(-s)$. That is why the paper itself, in section 3, trains G with the second.

# %% [markdown]
# ### Exercise 2 · The generator's loss
# ●○○ · 5 minutes · 2 points. A flat loss teaches nothing.
#
# Write `generator_loss(fake_logits)`: the non-saturating loss $\mathbb{E}_z[-\log D(G(z))]$, the mean over the batch.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"01-generator_loss"}
def generator_loss(fake_logits):
    """The non-saturating loss of G, to be minimised. fake_logits: (B,). Returns a scalar."""
    ### BEGIN SOLUTION
    return softplus(-fake_logits).mean()
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"01-generator_loss-test","points":2}
generator_loss = check("01.generator_loss", generator_loss)
### BEGIN HIDDEN TESTS
assert passed("01.generator_loss")
### END HIDDEN TESTS

# %% [markdown]
# ### Other losses, same game
#
# Later papers kept the game and changed the losses. `labkit.nn.losses` has five; this plots what G minimises over D's logit.
#
# **Predict**: which of them gives G a slope that doesn't depend on $s$ at all?

# %%
import io

from matplotlib.figure import Figure

from labkit.nn.losses import ADVERSARIAL_LOSSES

figure = Figure(figsize=(6, 3.4), layout="constrained")
axis = figure.subplots()
s = torch.linspace(-6, 6, 121)
for (name, loss), style in zip(ADVERSARIAL_LOSSES.items(), ["-", "--", ":", "-.", (0, (1, 1, 5, 1))]):
    axis.plot(s, [loss.fool(score) for score in s], linestyle=style, label=name)
axis.set(xlabel="logit s of a fake", ylabel="G's loss", ylim=(-7, 12), title="fake to D  ←   →  real to D")
axis.legend(fontsize=8)
picture = io.BytesIO()
figure.savefig(picture, format="png")
show(
    picture.getvalue(),
    "G's loss over the fake's logit. Saturating is flat on the left; hinge and Wasserstein are straight.",
)

# %% [markdown]
# Hinge and Wasserstein: a straight line, slope −1 everywhere (for G they are the same; D differs). Least squares even punishes fakes that D finds *too* real, $s > 1$.

# %% [markdown]
# ## Two networks
#
# The first players are plain: layers of all pixels at once. G's last layer is a tanh, so $G(z) ∈ [-1, 1]$; D's last layer gives one logit.
#
# Before training, look at what G draws and what D says of it.

# %%
from labkit.models.gan import mlp_gan
from labkit.recipes import settings_for

torch.manual_seed(0)
options, _ = settings_for("gan", SCALE)
game = mlp_gan(**options)


def weights(network):
    return f"{sum(parameter.numel() for parameter in network.parameters()):,} weights"


logits = game.discriminator(batch["image"])
print("G:", tuple(game.latent(64).shape), "→", tuple(game.sample(64).shape), weights(game.generator))
print("D:", tuple(batch["image"].shape), "→", tuple(logits.shape), weights(game.discriminator))
show(game.sample(16), "Sixteen images of an untrained G: every pixel near 0, grey, with a little noise.", columns=16)

# %% [markdown]
# ## One iteration
#
# Algorithm 1 of the paper: D moves, then G moves, again and again. In labkit a game *tells* its turns and the loop moves the players:
#
# ```
# yield Turn("discriminator", loss=...)   # the loop steps D, and nobody else
# yield Turn("generator", loss=...)       # then G
# ```
#
# Between two `yield`s the loop computes the gradient for that player's weights alone, steps its optimizer, and comes back. So the second line already sees the new D.
#
# **Predict**: G's turn uses the same fakes. May it also use the same logits, computed before D moved?

# %% [markdown]
# No: those belong to the old D, and PyTorch would complain that their graph is stale. Compute D(fake) again in G's turn.
#
# And `detach`? In D's turn the fakes are *data*: nothing is to flow into G. Here the loop asks only for D's gradients, so forgetting `detach` does no harm to the result, it only costs time. In a loop that calls `backward()` it would leave D's wishes in G's gradient, unless you clear it before G's turn.

# %% [markdown]
# ### Exercise 3 · One iteration, turn by turn
# ●●○ · 15 minutes · 4 points. With it, you can train any GAN.
#
# Write `turns(game, batch, step)`: draw fakes with `game.generator` and `game.latent(n)`, as many as there are real images in `batch["image"]`; yield D's turn, then G's, with your two losses.

# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"01-turns"}
from labkit.models.game import Turn


def turns(game, batch, step):
    """One iteration. batch["image"]: real images (B, 1, 28, 28). Yields two turns."""
    ### BEGIN SOLUTION
    real = batch["image"]
    fake = game.generator(game.latent(len(real)))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"01-turns-test","points":4}
turns = check("01.turns", turns)
### BEGIN HIDDEN TESTS
assert passed("01.turns")
### END HIDDEN TESTS

# %% [markdown]
# ## Train it and watch
#
# Your `turns`, in the loop. Cost: 1 minute at `cpu`.
#
# **What you should see**: noise, then a blob, then thick strokes. D's loss falls below $2\log 2 = 1.39$, where a coin would be, and stays between 0.4 and 1.4. Two likely troubles: every image shows the same digit (go to *What goes wrong*), or D's loss falls to 0 and the images freeze (a sign error: run the checks again).

# %%
from labkit.models.gan import GAN
from labkit.training import train


class MyGAN(GAN):
    turns = turns


torch.manual_seed(0)
parts = mlp_gan(**options)
mine = MyGAN(parts.generator, parts.discriminator, latent_dim=64, image_shape=(1, 28, 28))
_, settings = settings_for("gan", SCALE, minutes=None if SCALE == "smoke" else 1)
mlp = train(mine, data, **settings)
show(mlp.picture(48, columns=12), "Forty-eight samples of the MLP GAN.")

# %% [markdown]
# **Question**: the loss of D did not go to 0, and G's did not fall steadily. Did training fail?
#
# <details><summary>Answer</summary>No. Each loss is measured against an opponent that also learns. A steady value means that they keep up with each other; it says nothing about pictures. If D were at 50 %, the fakes could be perfect, or D could be bad. So we look, and then we measure.</details>

# %% [markdown]
# ## Convolutions
#
# An MLP must learn each stroke anew at each place. DCGAN (Radford et al., 2016) uses strided convolutions: G doubles a 7×7 map twice, D halves the image twice. Batch normalisation keeps activations in scale; G's output and D's input have none.
#
# **Predict**: at `cpu` the MLP's G has about 250,000 weights. Has the convolutional G more, fewer, or about as many? And D?

# %%
from labkit.models.dcgan import dcgan

small = dcgan((1, 28, 28), latent_dim=64, width=32)
for name, one in (("MLP", game), ("DCGAN", small)):
    print(f"{name:>6}: G {weights(one.generator)}, D {weights(one.discriminator)}")
print(small.generator.layers)

# %% [markdown]
# The sizes are alike, but they are spent otherwise: here one filter serves every place. Train it. Cost: 4 minutes at `cpu`; the run is kept in a folder, so a stopped kernel goes on where it was.
#
# **What you should see** at `cpu`: separate strokes after half a minute, most samples readable as digits at the end.

# %%
from labkit.recipes import train_lab

folder = f"runs/01-dcgan-{SCALE}-{data.name.strip('/').replace('/', '_')}"
conv = train_lab("dcgan", data=data, scale=SCALE, run=folder)
show(conv.picture(48, columns=12), "Forty-eight samples of the DCGAN.")

# %% [markdown]
# ## Wasserstein: a critic that may not be steep
#
# Arjovsky et al. (2017) let D give any number, and measure a distance: the largest difference of mean scores, over all critics with slope at most 1. Gulrajani et al. (2017) keep the slope near 1 by a penalty:
#
# $$\lambda\, \mathbb{E}_{\hat x}\big[(\lVert \nabla_{\hat x} D(\hat x) \rVert_2 - 1)^2\big], \qquad \hat x = \epsilon x + (1-\epsilon) G(z),\; \epsilon \sim U[0,1] \qquad (3)$$
#
# The norm is taken per image, over all its pixels; so D has no batch norm here, which would mix images. The penalty is itself trained on, so its gradient needs a graph.

# %% [markdown]
# ### Exercise 4 · The gradient penalty
# ●●● · 20 minutes · 4 points. It made training much less a matter of luck.
#
# Write `gradient_penalty(critic, real, fake)` without $\lambda$. Draw one $\epsilon$ an image. `torch.autograd.grad(..., create_graph=True)` gives a gradient that can be differentiated again.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"01-gradient_penalty"}
def gradient_penalty(critic, real, fake):
    """Equation 3 without λ. critic: (B, C, H, W) → (B,). real, fake: (B, C, H, W). Returns a scalar."""
    ### BEGIN SOLUTION
    epsilon = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = (epsilon * real + (1 - epsilon) * fake).detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"01-gradient_penalty-test","points":4}
gradient_penalty = check("01.gradient_penalty", gradient_penalty)
### BEGIN HIDDEN TESTS
assert passed("01.gradient_penalty")
### END HIDDEN TESTS

# %% [markdown]
# Your penalty in a game: D moves twice, on half a batch each, then G. D's two moves are a `for` loop, because a game is ordinary Python. Cost: 1 minute at `cpu`.
#
# **What you should see**: the curve `minus_distance` falls first, because D learns to measure. It rises later, towards 0, as the fakes come nearer; then it *does* say something about quality.


# %%
class MyWGAN(GAN):
    def turns(self, batch, step):
        for real in batch["image"].chunk(2):
            fake = self.generator(self.latent(len(real)))
            minus_distance = self.discriminator(fake.detach()).mean() - self.discriminator(real).mean()
            penalty = 10 * gradient_penalty(self.discriminator, real, fake.detach())
            yield Turn("discriminator", minus_distance=minus_distance, penalty=penalty)
        yield Turn("generator", fool=-self.discriminator(fake).mean())


torch.manual_seed(0)
parts = dcgan((1, 28, 28), latent_dim=64, width=8 if SCALE == "smoke" else 32, critic_norm=False)
wgan = MyWGAN(parts.generator, parts.discriminator, latent_dim=64, image_shape=(1, 28, 28))
_, settings = settings_for("wgan", SCALE, minutes=None if SCALE == "smoke" else 1)
wasserstein = train(wgan, data, **settings)
show(wasserstein.picture(48, columns=12), "Forty-eight samples of the WGAN-GP after a short training.")

# %% [markdown]
# ## "Draw me a 7"
#
# So far you get what z gives. A conditional GAN (Mirza & Osindero, 2014) tells both players which class $y$ is meant: $G(z\,|\,y)$ and $D(x\,|\,y)$.
#
# G gets $y$ as a one-hot vector behind $z$. D must see it too. **Question**: what would G do with $y$ if D were not told?
#
# <details><summary>Answer</summary>Ignore it. A perfect 3 would pass for any y.</details>

# %% [markdown]
# ### Exercise 5 · Tell D which digit is meant
# ●●○ · 10 minutes · 3 points. A condition that D can't see is no condition.
#
# Write `condition_image(image, label, classes)`: append `classes` planes behind the image's channels; the plane of the image's own class is 1 everywhere, the others 0. From (B, C, H, W) to (B, C + classes, H, W).


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"01-condition_image"}
def condition_image(image, label, classes):
    """image: (B, C, H, W). label: (B,) int64 in 0 … classes − 1. Returns (B, C + classes, H, W)."""
    ### BEGIN SOLUTION
    planes = torch.nn.functional.one_hot(label, classes).to(image)[:, :, None, None]
    return torch.cat([image, planes.expand(-1, -1, *image.shape[2:])], dim=1)
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"01-condition_image-test","points":3}
condition_image = check("01.condition_image", condition_image)
### BEGIN HIDDEN TESTS
assert passed("01.condition_image")
### END HIDDEN TESTS

# %% [markdown]
# Train it: your planes for D, labkit's one-hot vector for G. Cost: 3 minutes at `cpu`.
#
# **What you should see** at `cpu`: after one minute each column of the grid keeps to its digit; after three, nearly all are clean. If the columns mix, D does not see the label: run the check again.

# %%
from labkit.models.cgan import ConditionalGAN


class MyConditionalGAN(ConditionalGAN):
    def score(self, image, label):
        return self.discriminator(condition_image(image, label, self.classes))


torch.manual_seed(0)
cgan = MyConditionalGAN(width=8 if SCALE == "smoke" else 32)
_, settings = settings_for("cgan", SCALE, minutes=None if SCALE == "smoke" else 3)
conditional = train(cgan, data, **settings)
show(
    conditional.picture(50, columns=10),
    "Fifty samples, asked for as 0, 1, … 9 in turn. At smoke they are still noise.",
    scale=2,
)

# %% [markdown]
# ## Play
#
# From here on the notebook plays with a trained writer: yours, or the shipped one while `SCALE` is `smoke`.


# %%
def averaged(run):
    for name, network in run.averages.modules.items():
        setattr(run.game, name, network)
    return run.game.cpu().eval()


if SCALE != "smoke":
    writer = averaged(conditional)
sevens = writer.sample(24, generator=torch.Generator().manual_seed(1), label=torch.full((24,), 7))
show(sevens, "You asked for a 7, twenty-four times.", columns=12)

# %% [markdown]
# In 64 dimensions nearly all $z \sim N(0, I)$ have a length near $\sqrt{64} = 8$. **Predict**: how long is the middle of a straight line between two of them?
#
# <details><summary>Answer</summary>Near 5.7. About three samples in 10,000 are that short, so G was hardly ever asked to draw from there. An arc keeps the length.</details>

# %% [markdown]
# ### Exercise 6 · Walk along the sphere
# ●●○ · 15 minutes · 3 points. Between two samples, most straight lines lead through nowhere.
#
# Write `slerp(a, b, t)` for $a, b ∈ ℝ^{B×D}$, row by row, with ω the angle between the two rows:
#
# $$\frac{\sin((1-t)\,\omega)}{\sin \omega}\,a + \frac{\sin(t\,\omega)}{\sin \omega}\,b$$
#
# `t` is a number, or one for each row as (B,) or (B, 1). Nearly parallel rows must stay finite.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"01-slerp"}
def slerp(a, b, t):
    """Spherical interpolation (Shoemake, 1985). a, b: (B, D). t: a number, (B,) or (B, 1). Returns (B, D)."""
    ### BEGIN SOLUTION
    t = torch.as_tensor(t, dtype=a.dtype)
    t = t[:, None] if t.dim() == 1 else t
    unit_a, unit_b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    omega = (unit_a * unit_b).sum(1, keepdim=True).clamp(-1, 1).acos()
    sine = omega.sin()
    flat = sine < 1e-4
    safe = torch.where(flat, torch.ones_like(sine), sine)
    arc = ((1 - t) * omega).sin() / safe * a + (t * omega).sin() / safe * b
    return torch.where(flat, a + t * (b - a), arc)
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"01-slerp-test","points":3}
slerp = check("01.slerp", slerp)
### BEGIN HIDDEN TESTS
assert passed("01.slerp")
### END HIDDEN TESTS

# %%
a, b = (writer.latent(1, torch.Generator().manual_seed(seed)).expand(11, -1) for seed in (4, 5))
t = torch.linspace(0, 1, 11)[:, None]
threes = torch.full((11,), 3)
with torch.no_grad():
    walks = torch.cat([writer.draw(slerp(a, b, t), threes), writer.draw(a + t * (b - a), threes)])
show(walks, "Above: your walk along the arc. Below: the straight line. Look at the middle columns.", columns=11)
arc, line = slerp(a, b, t)[5].norm(), (a + t * (b - a))[5].norm()
print(f"length of z in the middle: arc {arc:.1f}, line {line:.1f}")

# %% [markdown]
# **Question**: the walk is smooth. Does that prove that G has not memorised its training set?
#
# <details><summary>Answer</summary>No. A network can glide between memorised images. Smoothness only says that G is smooth. Lab 02 looks for the nearest training images.</details>

# %% [markdown]
# ### The explorer
#
# First slider: which digit. Second: z on a circle. Tab and arrow keys work. **Task**: find a hand in which the 7 has a bar; then change the digit. What of the hand stays?

# %%
from labkit.widgets import DrawMe

explorer = DrawMe(writer)
explorer

# %%
show(explorer.picture(), "The same without sliders: digits 0 to 9 in rows, hands in columns.")

# %% [markdown]
# And the unconditional way: a slider between two samples, along an arc. **Predict**: what is half way between two different digits?

# %%
from labkit.widgets import Between

walk = Between(averaged(conv) if SCALE != "smoke" else load_game("dcgan")[0], seed=18)
walk

# %%
show(
    walk.picture(), "The same without a slider: nine points of the walk from a to b. Half way is often no digit at all."
)

# %% [markdown]
# ## Measure it
#
# Looking is easily fooled. `labkit.metrics` scores 10,000 samples with a small frozen classifier that G and D never see:
#
# - **FD-digits**: the Fréchet distance between the classifier's features of real and of generated images. 0 is best. It is no percentage, and not the FID of papers, which uses another network.
# - **precision**: how many samples look real. **recall**: how much of the real variety is drawn.
# - **classes**: how many digits have more than 3 % of the samples.
#
# **Predict**: which of your GANs has the lowest FD? And what will the *mean image* of all digits get, 10, 100 or 1000? Cost: about a minute at `cpu`.

# %%
from labkit.metrics import score

n = 1_000 if SCALE == "smoke" else 10_000
scores = {}
runs = {"MLP GAN, short": mlp, "DCGAN": conv, "WGAN-GP, short": wasserstein, "conditional": conditional}
for title, run in runs.items():
    with run.averages.in_place(run.game):
        scores[title] = score(run.game.sample, data, n=n)
print(scores["DCGAN"].table())
print()
for title, found in scores.items():
    manifold = f"precision {found.precision:.2f}, recall {found.recall:.2f}"
    print(f"{title:>15}: FD-digits {found.value:6.2f}, {manifold}, {found.classes.covered} of 10 classes")

# %% [markdown]
# The mean image gets about 135. Read the lines below the model's. The *floor* is what other real images get at the same N: nobody can be meaningfully better. The *baselines* need no training: noise with the right mean, the mean image, one image repeated. A model that isn't far below them has learned nothing yet (at `smoke` yours won't be).
#
# One training is one sample. A claim such as "A beats B" needs three seeds.

# %% [markdown]
# ## On real photographs
#
# Change one word: `DATA = "path/to/a/folder"` trains on your own pictures, cut to squares, in grey at 28 px. You need some hundred pictures, and for the conditional GAN a sub-folder for each class, ten at most. Broken files are listed and skipped. FD-digits and its classes mean nothing for photographs: skip those cells.
#
# If MNIST could not be had, `data` is the built-in set. Put the four files where the message said, and run again.

# %%
print(data, "·", len(data.skipped), "files skipped")

# %% [markdown]
# ## What goes wrong: mode collapse
#
# **Predict**: G gets eight moves for each move of D. D hardly learns in between. Will the samples be better, blurrier, or all alike? Cost: twice 45 seconds at `cpu`.


# %%
class Greedy(GAN):
    def turns(self, batch, step):
        real = batch["image"]
        fake = self.generator(self.latent(len(real)))
        yield self.judge(self.discriminator, real, fake.detach())
        for _ in range(self.moves):
            fake = self.generator(self.latent(len(real)))
            yield Turn("generator", fool=self.loss.fool(self.discriminator(fake)))


def cause(moves, minutes=0.75):
    torch.manual_seed(0)
    parts = mlp_gan(**options)
    greedy = Greedy(parts.generator, parts.discriminator, latent_dim=64, image_shape=(1, 28, 28))
    greedy.moves = moves
    _, settings = settings_for("gan", SCALE, minutes=None if SCALE == "smoke" else minutes)
    return train(greedy, data, **settings)


collapsed = cause(moves=8)
show(collapsed.picture(48, columns=12), "Forty-eight samples of a G that moves eight times as often as D.")

# %% [markdown]
# At `cpu`: all alike. G runs to the one image that the present D likes best, and every z leads there. It is not a blurry mean of all digits: the *set* has no variety. When D catches up, all samples jump elsewhere together.
#
# See it as a number: how many classes are drawn? (Measured at `cpu`: 1 or 2 of 10 with eight moves, 8 or 9 of 10 with one.)

# %%
from labkit.metrics import class_coverage

mended = cause(moves=1)
for title, run in (("8 moves of G", collapsed), ("1 move of G", mended)):
    coverage = class_coverage(run.sample(2_000))
    share = "  ".join(f"{digit}:{100 * float(part):.0f}%" for digit, part in enumerate(coverage.frequencies))
    print(f"{title:>13}: {coverage.covered} of 10 classes   {share}")
show(mended.picture(48, columns=12), "The cure: as many moves for D as for G. (At smoke: still noise.)")

# %% [markdown]
# Did you watch the losses under collapse? For a long time both of D's stood near 0.69 = log 2: D at 50 %, a coin, and the samples as bad as can be.
#
# Other cures: a critic that is kept smooth (your gradient penalty), several moves of D, batch normalisation, minibatch statistics (Lab 03).
#
# **Try**: give your WGAN-GP game eight moves of G. Does the penalty help?

# %% [markdown]
# ## Five questions
#
# Answer without the computer, then unfold.
#
# <details><summary>1. D's accuracy is 50 %. Did training work?</summary>It may have: the fakes are perfect. Or D is too weak to see anything. Look at the samples and at FD.</details>
# <details><summary>2. Why does G not see real images, and still draws digits?</summary>The gradient of D's score says for every pixel which way is "more real".</details>
# <details><summary>3. What would happen without z, with G(0) alone?</summary>One image. The randomness of samples is that of z.</details>

# %% [markdown]
# <details><summary>4. FD-digits is 2.0 at N = 1,000 and 1.7 at N = 10,000 for the same model. Why?</summary>The distance is biased upwards at small N; compare only at equal N.</details>
# <details><summary>5. Why is D thrown away at the end, and what could it be good for?</summary>Its features know what strokes look like: they serve to classify, and to start another training.</details>

# %% [markdown]
# ## Three experiments
#
# 1. **1 minute**: `train(mlp_gan(**options, loss="saturating"), data, **settings_for("gan", "cpu", minutes=1)[1])`. Watch G's curve in the first seconds.
# 2. **5 minutes**: `small.generator.layers[1] = torch.nn.Identity()` takes the first batch normalisation out; then `train(small, data, minutes=4)`. What happens to recall?
# 3. **20 minutes**: train the DCGAN with three seeds and give mean ± standard deviation with `labkit.metrics.combine`.

# %% [markdown]
# ## The paper and this page
#
# | Goodfellow et al. 2014 | here |
# |---|---|
# | "the entire system can be trained with backpropagation" | yes: two losses, one loop |
# | the game's optimum is $D = 1/2$ | $D = 1/2$ also appeared under collapse, with bad samples |
# | judged by a Parzen window on MNIST | your FD-digits: `scores["MLP GAN, short"].value` |
# | the non-saturating loss gives stronger gradients early | slopes 0.998 against 0.002 at $s = -6$ |
#
# **Departures**: smaller networks, Adam in place of momentum, no maxout, two critic moves instead of five and a higher rate for WGAN-GP; weights are averaged over training (EMA) before sampling. So figures show that the idea works, not how good it can be.

# %% [markdown]
# ## Who uses this, and who misuses it
#
# Drawn digits are harmless. The same game, larger, draws faces of people who don't exist, and puts words on faces that do. Two habits start here: say how a picture was made, and measure before you claim. The next cell saves a picture with a visible mark and metadata that say it is synthetic.
#
# **References**: Shoemake 1985 · Goodfellow et al. 2014 · Mirza & Osindero 2014 · Radford, Metz & Chintala 2016 · White 2016 · Mao et al. 2017 · Arjovsky, Chintala & Bottou 2017 · Lim & Ye 2017 (hinge) · Gulrajani et al. 2017 · Heusel et al. 2017 (FID, and two learning rates) · Kynkäänniemi et al. 2019 (precision and recall)

# %%
from labkit.widgets import keep

drawings = writer.sample(30, generator=torch.Generator().manual_seed(9))
caption = "Digits asked for as 0 to 9" + (", by the network that ships with labkit" if SCALE == "smoke" else "")
print("kept as", keep(drawings, "my_digits.png", caption, columns=10))

# %% [markdown]
# How much of it was yours?

# %%
report("01")
