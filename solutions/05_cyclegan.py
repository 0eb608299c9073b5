# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Lab 05 · CycleGAN
#
# You will make this: a network that turns faces into cartoons, and another that turns cartoons into faces. Neither was ever shown a face *with* its cartoon. And yet you measure how far each cartoon is from the true one.

# %%
import torch

import labkit.data
from labkit.errors import UserError
from labkit.evaluation import batch_of
from labkit.models.cyclegan import CycleGAN
from labkit.recipes import load_game
from labkit.widgets import show

try:
    artist, _ = load_game("face-to-cartoon")
    SHIPPED = True
except UserError as missing:
    artist, SHIPPED = CycleGAN((3, 64, 64), width=8, blocks=1, critic_width=8, patch=1).eval(), False
    print(f"{missing}.\nUntil then this notebook plays with the translators that you train below.")

few = labkit.data.open("faces", split="test", count=200, fields=["cartoon"])
people = batch_of(few)
a, b = people["image"], people["cartoon"]
if SHIPPED:
    there = artist.translate(a[:10])
    show(
        torch.cat([a[:10], there, artist.translate(there, back=True), b[:10]]),
        "Faces; cartoons of them by the translator that ships; its way back; the true cartoons, which it never saw.",
        columns=10,
    )

# %% [markdown]
# ## Minutes, and what to know first
#
# | | `smoke` | `cpu` (2 cores) | `gpu` (T4) |
# |---|---|---|---|
# | running everything | under 1 minute | about 45 minutes | 40 minutes (estimated) |
# | download | 0 MB | 0 MB | 0 MB |
#
# Reading and the four exercises take two and a half hours. A cell that takes more than half a minute at `cpu` says so.
#
# **Know first**: Lab 04 (translation with pairs, patches, the U-Net). Start with `smoke`, solve the exercises, then set `cpu` or `gpu` and run all again.

# %%
import os

SCALE = os.environ.get("LABKIT_SCALE", "smoke")  # "smoke", "cpu", "gpu" or "paper"
DATA, OTHER = "faces", "cartoon"  # or "horse2zebra" and "label": see "On real photographs"
SMOKE = SCALE == "smoke"

# %% [markdown]
# ## The idea
#
# Zhu, Park, Isola & Efros, *Unpaired image-to-image translation using cycle-consistent adversarial networks*, 2017 (CycleGAN). pix2pix needs pairs. Who has a photograph of a horse, and of the same horse as a zebra?
#
# Two heaps of pictures are easy to have: a **domain** A (faces) and a domain B (cartoons). What is wanted: $G : A → B$ that keeps what the picture shows.
#
# Letters: $a$ (`image`), $b$ (`other`), both $∈ ℝ^{N×3×64×64}$ in $[-1, 1]$; $G$ (`forward_net`), $F : B → A$ (`backward_net`); $D_B$ tells $b$ from $G(a)$, $D_A$ tells $a$ from $F(b)$.

# %%
from labkit.course import check, hint, passed, report
from labkit.recipes import open_data, settings_for

data = open_data("cyclegan", DATA, SCALE, {"other": OTHER})
batch = labkit.data.Stream(data, 16, seed=0).batch(0)
print(data)
show(torch.cat([batch["image"], batch["other"]]), "Above: A. Below: B. Nobody is in both.", columns=16)

# %% [markdown]
# The built-in faces know each face's true cartoon. Training never sees it: A is made of the first half of the people, B of the other half. We keep the pairs of *new* people, to measure.
#
# **Question**: only the GAN's loss: $D_B$ says whether G(a) looks like a cartoon. Nothing else. Name two G's that win this game and are useless.
#
# <details><summary>Answer</summary>One that draws the same good cartoon for every a. One that draws a good cartoon of somebody else for every a. D sees single pictures: it can't tell whose.</details>

# %% [markdown]
# ## The cycle
#
# ```
#        G             F                       F             G
#   a ──────► G(a) ──────► F(G(a)) ≈ a    b ──────► F(b) ──────► G(F(b)) ≈ b
#               │                                     │
#              D_B                                   D_A
# ```
#
# A translator from French to English and back should give the same sentence. If G drew the *same* cartoon for everybody, F could not find the way back.
#
# $$\mathcal{L}_{cyc} = \mathbb{E}_a \lVert F(G(a)) - a \rVert_1 + \mathbb{E}_b \lVert G(F(b)) - b \rVert_1 \qquad (1)$$
#
# All in all, with λ = 10: $\;\mathcal{L} = \mathcal{L}_{GAN}(G, D_B) + \mathcal{L}_{GAN}(F, D_A) + λ\, \mathcal{L}_{cyc}\;$ (2).

# %% [markdown]
# ### Exercise 1 · The cycle loss
# ●●○ · 10 minutes · 2 points. The idea of the paper, in two terms.
#
# Write `cycle_loss(G, F, a, b, weight=10.0)`: equation 1 times `weight`, each norm as a *mean* over all numbers.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"05-cycle_loss"}
def cycle_loss(G, F, a, b, weight=10.0):
    """G, F: translators. a, b: (B, C, H, W), of the two domains. Returns a scalar."""
    ### BEGIN SOLUTION
    return weight * ((F(G(a)) - a).abs().mean() + (G(F(b)) - b).abs().mean())
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"05-cycle_loss-test","points":2}
cycle_loss = check("05.cycle_loss", cycle_loss)
### BEGIN HIDDEN TESTS
assert passed("05.cycle_loss")
### END HIDDEN TESTS

# %% [markdown]
# **Predict** the cycle loss of four pairs (G, F) that learned nothing:
# both do nothing; both turn colours into their negatives; both mirror the picture; G makes it grey and F does nothing.


# %%
def mean_grey(x):
    return x.mean(1, keepdim=True).expand_as(x)


untrained = {
    "do nothing": (lambda x: x, lambda x: x),
    "negatives": (lambda x: -x, lambda x: -x),
    "mirror": (lambda x: x.flip(3), lambda x: x.flip(3)),
    "grey, and nothing": (mean_grey, lambda x: x),
}
for title, (G, F) in untrained.items():
    print(f"{title:>18}: cycle loss {float(cycle_loss(G, F, a[:50], b[:50])):5.2f}")
show(torch.cat([-a[:8], a[:8].flip(3)]), "G(a) of two perfect cycles: negatives, mirrors.", columns=8)

# %% [markdown]
# Three of four are perfect. The cycle asks that *nothing be lost*; it does not ask that anything be *right*. Mirrored cartoons even fool $D_B$, as people look both ways. Nothing in the loss tells left from right.
#
# So what makes it work? That G is a short stack of convolutions, which finds it easier to keep things where they are. The paper's result rests on a bias that its loss does not name.

# %% [markdown]
# ### Exercise 2 · The identity loss
# ●○○ · 5 minutes · 1 point. What should G do to a picture that already is a cartoon?
#
# For paintings → photographs the paper adds (section 5.2) $\mathcal{L}_{idt} = \mathbb{E}_b \lVert G(b) - b \rVert_1 + \mathbb{E}_a \lVert F(a) - a \rVert_1$, with ½λ. Write `identity_loss(G, F, a, b, weight=5.0)`: `weight` times that, norms as means.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"05-identity_loss"}
def identity_loss(G, F, a, b, weight=5.0):
    """As above. Returns a scalar."""
    ### BEGIN SOLUTION
    return weight * ((G(b) - b).abs().mean() + (F(a) - a).abs().mean())
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"05-identity_loss-test","points":1}
identity_loss = check("05.identity_loss", identity_loss)
### BEGIN HIDDEN TESTS
assert passed("05.identity_loss")
### END HIDDEN TESTS

# %%
for title, (G, F) in untrained.items():
    print(f"{title:>18}: identity loss {float(identity_loss(G, F, a[:50], b[:50])):5.2f}")

# %% [markdown]
# Negatives and mirrors now cost. The identity loss pins colours and sides down: what already fits B should stay as it is. It also holds G back: "do nothing" has loss 0. Its weight is a choice.

# %% [markdown]
# ## Least squares
#
# The paper's GAN loss is that of Mao et al. 2017. D gives real pictures the score 1 and fakes 0:
#
# $$\mathcal{L}_D = \tfrac12 \bigl(\mathbb{E}[(s_{real} - 1)^2] + \mathbb{E}[s_{fake}^2]\bigr), \qquad \mathcal{L}_G = \mathbb{E}[(s_{fake} - 1)^2] \qquad (3)$$
#
# **Predict**: a fake has the score −6: D is very sure. How steep is G's loss there, compared with the loss of Lab 01, −log σ(s)? And at s = +6, where D was fooled long ago?

# %%
from torch.nn.functional import softplus

for score in (-6.0, 0.0, 1.0, 6.0):
    s = torch.tensor(score, requires_grad=True)
    slopes = [torch.autograd.grad(loss(s), s)[0].item() for loss in (lambda s: softplus(-s), lambda s: (s - 1) ** 2)]
    print(f"score {score:4.0f}: slope {slopes[0]:6.3f} (Lab 01), {slopes[1]:6.1f} (least squares)")

# %% [markdown]
# The farther a fake is from 1, the harder it is pulled, from *both* sides: a fake that D finds too real is pulled back as well. Scores stay in a small range, and both losses stay comparable with λ times the cycle, all through training.

# %% [markdown]
# ### Exercise 3 · The losses of least squares
# ●○○ · 5 minutes · 2 points. No sigmoid, no logarithm.
#
# Write `least_squares(real, fake)`: both losses of equation 3, D's first. (Who is detached is settled by who calls it.)


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"05-least_squares"}
def least_squares(real, fake):
    """real, fake: scores of any shape. Returns (D's loss, G's loss), two scalars."""
    ### BEGIN SOLUTION
    d_loss = 0.5 * ((real - 1).square().mean() + fake.square().mean())
    return d_loss, (fake - 1).square().mean()
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"05-least_squares-test","points":2}
least_squares = check("05.least_squares", least_squares)
### BEGIN HIDDEN TESTS
assert passed("05.least_squares")
### END HIDDEN TESTS

# %% [markdown]
# ## A memory for D
#
# Batches are tiny (the paper's hold one picture). D sees one fake, corrects itself, and forgets the last. G and D can go round in circles. Shrivastava et al. 2017 show D a mixture of new fakes and older ones. CycleGAN does it with a **pool** of 50:
#
# for each new fake, while the pool is not full, keep it and show it. After that toss a coin: heads, show the new one and keep nothing; tails, show a random one of the pool, and put the new one in its place.
#
# **Predict**: a pool of 50, batches of one. How old is the picture that D sees, on average, in steps?

# %% [markdown]
# ### Exercise 4 · The image pool
# ●●● · 20 minutes · 3 points. Few lines, and each can go wrong in silence.
#
# Write `image_pool(size)`: it returns a function `exchange(images)` that does the above for each image of a batch in turn, and returns a batch of the same shape. Keep copies, without their graph: no gradient flows through the pool. With `size` 0 it returns what it gets.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"05-image_pool"}
import random


def image_pool(size):
    """Returns exchange: (B, C, H, W) → (B, C, H, W)."""
    ### BEGIN SOLUTION
    pool = []

    def exchange(images):
        shown = []
        for image in images.detach():
            if len(pool) < size:
                pool.append(image.clone())
            elif size and random.random() < 0.5:
                k = random.randrange(size)
                image, pool[k] = pool[k], image.clone()
            shown.append(image)
        return torch.stack(shown)

    return exchange
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"05-image_pool-test","points":3}
image_pool = check("05.image_pool", image_pool)
### BEGIN HIDDEN TESTS
assert passed("05.image_pool")
### END HIDDEN TESTS

# %%
exchange = image_pool(50)
ages = []
for step in range(5000):
    ages.append(step - int(exchange(torch.full((1, 1, 1, 1), float(step)))))
ages = torch.tensor(ages[200:]).float()
print(
    f"new: {float((ages == 0).float().mean()):.0%}. Older ones: {ages[ages > 0].mean():.0f} steps old; of all, {ages.mean():.0f}"
)

# %% [markdown]
# Half are new. A place in the pool is given up with probability ½ · 1/50 a step, so an older picture is 100 steps old on average, and all together 50. D judges what G does now, and also what it did a minute ago.

# %% [markdown]
# ## The translators
#
# The paper's G is no U-Net. Two convolutions of stride 2 each halve the picture; **residual blocks** change it there, $h ← h + \text{conv}(\text{conv}(h))$; two transposed ones bring it back. Padding mirrors the edge, so that no frame is drawn. Norms are **instance** norms: mean and spread of each map of *each picture*.
#
# **Predict**: after an instance norm, does G still know whether a was dark or light, pale or strong in contrast?

# %%
from torch import nn

from labkit.nn.resnet import ResNetTranslator

print(f"paper's size, 9 blocks: {sum(p.numel() for p in ResNetTranslator(3, 3, blocks=9).parameters()):,} weights")
print(f"6 blocks, for pictures up to 128 px: {sum(p.numel() for p in ResNetTranslator(3, 3, blocks=6).parameters()):,}")
norm = nn.InstanceNorm2d(3)
for title, other in (("half the contrast", a[:4] * 0.5), ("lighter by 0.3", a[:4] + 0.3)):
    print(f"{title}: after the norm the largest difference is {float((norm(a[:4]) - norm(other)).abs().max()):.4f}")

# %% [markdown]
# Light and contrast are thrown away. For a *style* that is welcome: they belong to the domain more than to the picture. (Lab 03 did the same: AdaIN is instance norm, and then w's own mean and spread.) Batch norm would mix the pictures of a batch instead, and a training batch here has one to four.

# %% [markdown]
# ## Train it and watch
#
# Your losses, your pools, labkit's networks. Cost: 10 minutes at `cpu`.
#
# **What you should see** at `cpu`: in the first minute grey blurs; after three, dark outlines on the cartoons; at the end cartoons whose lines are right and whose colours are pale. The way back looks right from early on. Two likely troubles: negatives (*What goes wrong*, no. 1), or pictures that hardly change (wait; if not, the identity loss weighs too much).

# %%
from labkit.models.game import Turn
from labkit.training import train

options, settings = settings_for("cyclegan", SCALE, {"other": OTHER})
options.pop("other")


class MyCycleGAN(CycleGAN):
    def __init__(self, image_shape, **options):
        super().__init__(image_shape, **options)
        self.exchange_a, self.exchange_b = image_pool(50), image_pool(50)

    def turns(self, batch, step):
        a, b = batch["image"], batch["other"]
        G, F, D_A, D_B = self.forward_net, self.backward_net, self.critic_a, self.critic_b
        to_b, to_a = G(a), F(b)
        fool_b, fool_a = (least_squares(score, score)[1].float() for score in (D_B(to_b), D_A(to_a)))
        cycle, same = cycle_loss(G, F, a, b), identity_loss(G, F, a, b)
        yield Turn("generators", fool_b=fool_b, fool_a=fool_a, cycle=cycle, identity=same)
        judge_b = least_squares(D_B(b), D_B(self.exchange_b(to_b)))[0]
        judge_a = least_squares(D_A(a), D_A(self.exchange_a(to_a)))[0]
        yield Turn("discriminators", judge_b=judge_b.float(), judge_a=judge_a.float())


torch.manual_seed(0)
folder = f"runs/05-cyclegan-{SCALE}-{data.name.strip('/').replace('/', '_')}-{OTHER}"
mine = train(MyCycleGAN(data.image_shape, **options), data, run=folder, **settings)

# %% [markdown]
# (`cycle_loss` computes G(a) once more, so this game costs a quarter more than labkit's own, which shares it. Your pools live in the notebook: a run that is resumed begins with empty ones. labkit's are kept in the checkpoint.)


# %%
def averaged(run):
    for name, network in run.averages.modules.items():
        setattr(run.game, name, network)
    return run.game.cpu().eval()


own = averaged(mine)
shown = own.preview({"image": batch["image"], "other": batch["other"]})
show(shown, "Rows: a, G(a), F(G(a)); b, F(b), G(F(b)). At smoke nothing has been learned yet.", columns=8)

# %% [markdown]
# ## Play
#
# Whose translators shall the rest of the notebook use? Those that ship, *the artist* from here on, were trained longer, with half the weight for the GAN. Write `"mine"` to go on with yours.

# %%
PLAY_WITH = "shipped"

if PLAY_WITH == "mine" or not SHIPPED or (DATA, OTHER) != ("faces", "cartoon"):
    artist = own
    print("From here on: your own translators.")
else:
    print("From here on: the translators that ship with labkit.")

# %% [markdown]
# An explorer: a; G(a), with noise that you add; F of that; and what was lost. At 0 it is the cycle that was trained.
#
# **Question**: look at the way back. Some of the backdrop's blots and colours have returned. Are they in the cartoon? Can you see them there? Write down: noise of 10 grey levels on the cartoon, and a comes back how much worse?

# %%
from labkit.widgets import Message

domain_a = a if (DATA, OTHER) == ("faces", "cartoon") else batch["image"]
message = Message(artist, domain_a[:20])
message

# %%
show(message.picture(), "The same without controls: five strengths of noise, from 0 to 20 grey levels.")

# %% [markdown]
# ## A hidden message
#
# A true cartoon has no room for much of the face: fine shades, the backdrop's blots. Yet $\mathcal{L}_{cyc}$ wants all of it back. So G is paid for writing it *somewhere*, best where D does not look. Chu, Zhmoginov & Sandler, *CycleGAN, a master of steganography*, 2017, found it in changes too small to see: a little noise destroyed the way back.
#
# Does ours hide? **Predict** two curves: the error of the way back from G(a), and from the *true* cartoon, in which nobody wrote anything, with noise of 0 to 40 grey levels on both.

# %%
import matplotlib.pyplot as plt

from labkit.metrics.translation import levels_off

count = 20 if SMOKE else 200
source, target = domain_a[:count], b[:count]
with torch.no_grad():
    sent = artist.translate(source)
noise = torch.randn(sent.shape, generator=torch.Generator().manual_seed(0))
strengths = (0, 1, 2, 4, 6, 10, 15, 20, 30, 40)


def way_back(pictures):
    return [
        levels_off(artist.translate((pictures + noise * s / 127.5).clamp(-1, 1), back=True), source) for s in strengths
    ]


plt.figure(figsize=(6, 3.5))
plt.plot(strengths, way_back(sent), "o-", label="F(G(a) + noise)")
if data.name == "faces" and OTHER == "cartoon":
    plt.plot(strengths, way_back(target), "s--", label="F(true cartoon + noise)")
plt.xlabel("noise, grey levels")
plt.ylabel("distance to a, grey levels")
plt.ylim(0)
plt.legend()
plt.grid(alpha=0.3)
plt.show()

# %% [markdown]
# Measured with the artist: 13.4 grey levels from its own cartoons, 17.2 from true ones. So G does write something for F. But noise of 10 costs 0.1, and the gap stays: the message is no whisper. It lies in plain sight: G keeps blots and shades that a true cartoon has not. Our small D, after an hour on one core, lets it.
#
# So a small cycle error says little about the translation. When does G whisper?

# %% [markdown]
# ### Where the colours hide
#
# Take a B that has *no* room for something which $\mathcal{L}_{cyc}$ wants back, and in which D sees at once when it is written plainly: **grey pictures**. Nobody shows G the grey of a face: grey pictures of *other* people are domain B, as always.
#
# This CycleGAN is yours, with two changes for speed at 32 px: one halving, and no instance norm (which takes the mean of each channel away, and so colours have to be learned twice).
#
# **Predict**: after six minutes, how does F know what colour the hat was? And after noise of 10 grey levels on G(a)?
#
# Cost: six minutes at `cpu`.

# %%
from labkit.data.domains import two_domains
from labkit.evaluation import true_pairs
from labkit.training import Adam

in_colour = labkit.data.open("faces", size=32, count=256 if SMOKE else None)
torch.manual_seed(0)
colours = averaged(
    train(
        CycleGAN((3, 32, 32), width=16, blocks=2, critic_width=32, patch=2, downs=1, norm="none"),
        two_domains(in_colour, "grey"),
        batch=8,
        optimizers=Adam(1e-3),
        average_images=5_000,
        precision="float32",  # bfloat16 has eight bits, and would round a whisper away
        channels_last=False,
        progress="none",
        **({"steps": 4} if SMOKE else {"minutes": 6.0}),
    )
)

# %%
face, plain = true_pairs("faces", 32, "grey", 100 if SMOKE else 300)
sent = colours.translate(face)
whisper = torch.randn(sent.shape, generator=torch.Generator().manual_seed(0)) / 127.5
read = {k: colours.translate((sent + k * whisper).clamp(-1, 1), back=True) for k in (0, 2, 5, 10, 20)}
blank = colours.translate(plain, back=True)
for k, pictures in read.items():
    print(f"F(G(a) + noise of {k:>2}): {levels_off(pictures, face):5.1f} grey levels from a")
print(
    f"F(true grey picture): {levels_off(blank, face):5.1f}. G(a) and the true one: {levels_off(sent, plain):.1f} apart"
)
show(
    torch.cat([rows[:12] for rows in (face, sent, plain, read[0], read[10], blank)]),
    "Rows: faces; G(a); the true grey pictures; F(G(a)); F through noise of 10; F of the true grey pictures.",
    columns=12,
)

# %% [markdown]
# Look closely at the second row: fine dots and stripes, another pattern for each colour. That is the message, and G and F agreed on it alone.
#
# Measured, with three seeds: the way back from G(a) is 7 grey levels off; from the true grey picture, in which nobody wrote, 16. G(a) and the true one are 7 apart. Of the 9 levels that the message gains, noise of 5 leaves 7, of 10 six, of 20 three or four.

# %% [markdown]
# This is what a cycle loss pays for, once D is good enough to forbid writing in plain sight. Who reads only the cycle error sees a perfect translator. The cures: noise on G(a) while training (question 4), or no cycle at all (CUT, 2020).

# %% [markdown]
# ## Measure it against the truth
#
# No photographs can answer this: how far is G(a) from the *true* b? Here the pair of each new face is known. Beside it stand: doing nothing; and pix2pix, which was shown the pairs, for as many pictures as your CycleGAN.
#
# **Predict**: doing nothing is about 28 grey levels off. CycleGAN? pix2pix with pairs? Cost: five minutes at `cpu`.

# %%
from labkit.models.pix2pix import Pix2Pix

N = 100 if SMOKE else 500
held_out = batch_of(labkit.data.open("faces", split="test", count=N, fields=["cartoon"]))


def draw(translate, pictures):
    with torch.no_grad():
        return torch.cat([translate(some) for some in pictures.split(50)])


SEEN = mine.images
paired = open_data("pix2pix", "faces", SCALE, {"source": "paired", "target": "cartoon"})
torch.manual_seed(0)
with_pairs = Pix2Pix((3, 64, 64), source="paired", width=8 if SMOKE else 24, critic_width=32, patch=2)
_, length = settings_for("pix2pix", SCALE, images=SEEN)
taught = averaged(train(with_pairs, paired, **{**length, "decay": None}))

# %%
faces, cartoons = held_out["image"], held_out["cartoon"]
found = {
    "doing nothing": faces,
    "your CycleGAN": draw(own.translate, faces),
    "the artist": draw(artist.translate, faces),
    f"pix2pix, {SEEN:,} pairs": draw(taught.translate, faces),
}
for title, pictures in found.items():
    print(f"{title:>24}: {levels_off(pictures, cartoons):5.1f} grey levels from the true cartoon")
shown = torch.cat([faces[:10], *(pictures[:10] for pictures in list(found.values())[1:]), cartoons[:10]])
show(shown, f"Rows: the faces, {', '.join(list(found)[1:])}, the true cartoons.", columns=10)

# %% [markdown]
# Measured: the artist 21.4 (after an hour), pix2pix 14.5 after as many pictures, doing nothing 28.3 (README). Ten minutes of CycleGAN are hardly nearer than doing nothing: dark lines in the right places, and colours still adrift.
#
# The difference is the price of having no pairs; a part of it is that L1 on pairs trains almost on this very measure. Look at the pictures too: CycleGAN has the *style*, and errs where nobody told it what belongs to whom (how thick the line, how flat the shade, which green).

# %% [markdown]
# ### Which part does what?
#
# Five games that differ in one thing, at 32 px, so that each sees enough. Two numbers each: the distance to the true cartoon, and the way there and back.
#
# **Predict**: which one has the best way back? Is it the best translator? (The identity loss weighs 5 in all but the third.)
#
# Cost: seven minutes at `cpu`, 80 seconds each.

# %%
SMALL = 32
count = 256 if SMOKE else 8000
tiny = labkit.data.open("faces", size=SMALL, count=count, fields=["cartoon"])
tiny_new = batch_of(labkit.data.open("faces", size=SMALL, split="test", count=N, fields=["cartoon"]))


def small(**changed):
    torch.manual_seed(0)
    return CycleGAN(
        (3, SMALL, SMALL),
        **{"width": 4 if SMOKE else 16, "blocks": 1 if SMOKE else 3, "critic_width": 16, "patch": 1, **changed},
    )


def short(game, pictures, minutes=1.33, **changed):
    _, length = settings_for("cyclegan", SCALE, minutes=None if SMOKE else minutes)
    limits = {"steps": 2, "previews": 1} if SMOKE else {}
    return averaged(
        train(
            game,
            pictures,
            **{**length, "batch": 4, "average_images": 2_000, "decay": None, "progress": "none", **limits, **changed},
        )
    )


def score(game, first, second):
    to_b = draw(game.translate, first)
    again = draw(lambda some: game.translate(some, back=True), to_b)
    return levels_off(to_b, second), levels_off(again, first), to_b


# %%

halves = two_domains(tiny, "cartoon")
games = {
    "all of it": {},
    "no cycle": {"cycle": 0.001, "identity": 5000.0},
    "no identity": {"identity": 0.0},
    "no pool": {"pool": 0},
    "no GAN": {"adversarial": 0.0},
}
rows = {}
off = levels_off(tiny_new["image"], tiny_new["cartoon"])
print(f"{'doing nothing':>14}: {off:5.1f} from the true cartoon, there and back 0.0")
for title, changed in games.items():
    there, again, rows[title] = score(short(small(**changed), halves), tiny_new["image"], tiny_new["cartoon"])
    print(f"{title:>14}: {there:5.1f} from the true cartoon, there and back {again:4.1f}")

# %%
shown = torch.cat([tiny_new["image"][:12], *(pictures[:12] for pictures in rows.values()), tiny_new["cartoon"][:12]])
show(shown, f"Rows: faces, {', '.join(rows)}, true cartoons. The same twelve people.", columns=12)

# %% [markdown]
# Measured: doing nothing 31.3; all of it 38.1, no cycle 38.5, no identity 50.9, no pool 38.3, no GAN 36.7. There and back: 22 each, without the cycle 30. So 80 seconds are too few for a good cartoon, and yet enough to see who does what.
#
# The identity loss holds the colours. The cycle ties G(a) to a. The GAN alone makes *cartoons*: the row without it is a blur that scores best. The pool shows in longer runs, if at all.

# %% [markdown]
# ### Other pairs of domains
#
# Glasses, age, the light of summer and winter: nobody has such pairs of photographs. Here each person exists in both domains; training sees different people in each.
#
# **Predict**: which of the three will CycleGAN do best, against doing nothing? Which one needs *knowledge of places* (where glasses go), which one only colours?
#
# Cost: four minutes at `cpu`.

# %%
from labkit.data.domains import opposite
from labkit.metrics.judges import judge

seen_by = judge("attributes")
ASKED = {"glasses": "Eyeglasses", "old": "Young"}


def share(images, name):
    return float((seen_by(images)[:, list(seen_by.names).index(name)] > 0.5).float().mean())


for other in ("glasses", "old", "winter"):
    first = opposite(other)
    pictures = labkit.data.open("faces", size=SMALL, count=count, fields=[first, other])
    new = batch_of(labkit.data.open("faces", size=SMALL, split="test", count=N, fields=[first, other]))
    there, _, drawn = score(short(small(), two_domains(pictures, other)), new[first], new[other])
    print(f"{first} → {other}: {there:.1f} grey levels off; doing nothing {levels_off(new[first], new[other]):.1f}")
    if name := ASKED.get(other):
        found = [
            f"{title} {share(images, name):.0%}"
            for title, images in (("a", new[first]), ("G(a)", drawn), ("the truth", new[other]))
        ]
        print(f"    the judge sees {name}: {', '.join(found)}")
    show(
        torch.cat([new[first][:12], drawn[:12], new[other][:12]]), f"{first} → {other}: a, G(a), the truth.", columns=12
    )

# %% [markdown]
# Measured: winter 16.9 grey levels off, doing nothing 33.0: light is colour, everywhere alike, and these networks do that well. Glasses: the judge sees them on 68 % of G(a), before on 3 %; but 23.7 grey levels off, where doing nothing is 2.3. Age: between both.
#
# Doing nothing has a low distance where little should change. So the figure alone would call glasses a failure, and the judge alone a success. Both are half right: G puts something dark on the eyes, and repaints everything else a little.

# %% [markdown]
# ### Two people
#
# A holds a thousand pictures of one person, B of another: other poses, looks, hats, light. CycleGAN learns both directions. So G puts the second head on the first one's picture: a face swap?
#
# The truth is known: the *same picture* (pose, look, hat, backdrop) with the second person's head. **Predict**: does G(a) come nearer to it than a itself? What will G change, and what can it not?

# %%
from labkit import faces as people_of
from labkit.data.dataset import Dataset

each = 128 if SMOKE else 1000
GROUPS = ("shape", "skin", "age", "hair")
A, B = (people_of.people(1, each + 100, seed=person) for person in (3, 11))
SIDE = 64


def pictures_of(some):
    return people_of.render(some, SIDE, ["image"])["image"]


album_a, album_b = pictures_of(A), pictures_of(B)
two = Dataset("two people", {"image": album_a[:each], "other": album_b[:each]})
swapped = pictures_of(A[each:].adopt(people_of.sample([11 for _ in range(100)]), *GROUPS))
show(torch.from_numpy(album_a[each : each + 8]).permute(0, 3, 1, 2), "The first person.", columns=8)
show(
    torch.from_numpy(swapped[:8]).permute(0, 3, 1, 2),
    "The truth: the same pictures with the second person's head.",
    columns=8,
)

# %% [markdown]
# Cost: four minutes at `cpu`. Three measures: *likeness*, the cosine between what the judge of identity sees in two faces (1: the same); how far the landmarks are apart; grey levels.

# %%
torch.manual_seed(0)
twins = CycleGAN(
    (3, SIDE, SIDE), width=8 if SMOKE else 16, blocks=1 if SMOKE else 4, critic_width=16, patch=1 if SMOKE else 2
)
swapper = short(twins, two, minutes=4.0)
before = torch.from_numpy(album_a[each:]).permute(0, 3, 1, 2).float() / 127.5 - 1
truth = torch.from_numpy(swapped).permute(0, 3, 1, 2)
after = draw(swapper.translate, before)

# %%
who = judge("identity")
place = judge("landmarks")


def likeness(one, other):
    return float((who(one) * who(other)).sum(1).mean())


marks = {title: place(images) for title, images in {"a": before, "G(a)": after, "truth": truth}.items()}


def apart(one, other):
    return float((marks[one] - marks[other]).norm(dim=-1).mean())


print(f"likeness to the true swap: a {likeness(before, truth):.2f}, G(a) {likeness(after, truth):.2f}")
print(
    f"landmarks: a to the true swap {apart('a', 'truth'):.2f} px; G(a) to a {apart('G(a)', 'a'):.2f} px, to the true swap {apart('G(a)', 'truth'):.2f} px"
)
print(f"grey levels off: a {levels_off(before, truth):.1f}, G(a) {levels_off(after, truth):.1f}")
show(torch.cat([before[:10], after[:10], truth[:10].float() / 127.5 - 1]), "Rows: a, G(a), the true swap.", columns=10)

# %% [markdown]
# Measured: likeness to the true swap 0.74, before 0.51: red hair, paler skin, another person. And the price: 19.6 grey levels off, where a itself is 11.9. Hats and backdrops changed colour, glasses and freckles went, eyes and mouth no longer say what a's said. The landmarks are as far from the true swap as a's were.
#
# So it learned both directions, and swaps badly. No loss says *which* differences between the albums are the person, and which the moment. The cycle is content with any exchange that can be undone. The way out: **one** encoder that sees what both people share, and a decoder for each: Lab 08.

# %% [markdown]
# ## On real photographs
#
# Change one line, and training and play run on it:
#
# - `DATA, OTHER = "horse2zebra", "label"`: 2,400 photographs (111 MB), the paper's own; also a folder with two sub-folders, one a domain.
# - `DATA, OTHER = "celeba", "Eyeglasses"`: any attribute: those without it, and those with it.
#
# At `cpu` ten minutes give you colours and stripes, not zebras. At `gpu` with the paper's size expect a day. Measuring against the truth stays with the built-in faces: photographs have none. The paper asked people: on maps ↔ aerial photographs about a quarter took the fake for real.

# %%
print(data, "·", len(data.skipped), "files skipped")

# %% [markdown]
# ## What goes wrong, and why
#
# Two failures that the cycle allows, caused and measured.

# %% [markdown]
# ### 1 · Negatives
#
# A perfect cycle needs no right colours. Start G and F near "negative" (some runs find it by themselves), without identity loss. **Predict**: does training find back? And with identity loss? Cost: 90 seconds at `cpu`.


# %%
class Negative(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return (self.network(x) - x).clamp(-1, 1)


def inverted(identity):
    game = small(identity=identity)
    game.forward_net, game.backward_net = Negative(game.forward_net), Negative(game.backward_net)
    return game


for title, identity in (("without identity", 0.0), ("with identity", 0.5)):
    game = inverted(identity)
    there, again, drawn = score(short(game, halves, minutes=0.75), tiny_new["image"], tiny_new["cartoon"])
    print(f"{title:>18}: {there:5.1f} from the true cartoon, there and back {again:4.1f}")
    show(drawn[:12], f"{title}: G(a)", columns=12)

# %% [markdown]
# Measured: 73.6 and 72.3 grey levels off, there and back 4.8 and 7.1: the best cycle of this page, on the worst pictures. Neither finds back in 45 seconds. With the identity loss there is a pull (G(b) ≈ b has no place for a negative), against a cycle that is content.
#
# So a run that begins badly is begun anew, and a good cycle loss is no reason to wait.

# %% [markdown]
# ### 2 · Inventing what B has more of
#
# Cohen, Luck & Honari 2018: a translator that matches distributions must also match what they *differ in by accident*. Let A be people without glasses, in summer; B people *with* glasses, in winter. We only asked for winter.
#
# **Predict**: how many of G(a) wear glasses, of people who wear none? The judge of attributes counts. Cost: two minutes at `cpu`.

# %%
pictures = labkit.data.open("faces", size=SMALL, count=count, fields=["summer", "winter", "attributes"])
new = labkit.data.open("faces", size=SMALL, split="test", count=N, fields=["summer", "winter", "attributes"])
new = batch_of(new.where(Eyeglasses=0))
glasses = pictures.fields["attributes"][:, pictures.names["attributes"].index("Eyeglasses")] == 1
fair = min(int(glasses.sum()), int((~glasses).sum()))
shifted = Dataset(
    "shifted", {"image": pictures.fields["summer"][~glasses][:fair], "other": pictures.fields["winter"][glasses][:fair]}
)
name = "Eyeglasses"
drawn = draw(short(small(identity=0.0), shifted, minutes=2.0).translate, new["summer"])
print(
    f"wearing glasses, by the judge: a {share(new['summer'], name):.0%}, the true winter {share(new['winter'], name):.0%}, G(a) {share(drawn, name):.0%}"
)
show(torch.cat([new["summer"][:12], drawn[:12], new["winter"][:12]]), "Rows: a, G(a), the true winter.", columns=12)

# %% [markdown]
# Measured: 4 % of a, 3 % of the true winter pictures, 63 % of G(a). G gives glasses to people who wear none: D_B has never seen a winter face without. It learned what *differs* between A and B, and the data said glasses. No loss is wrong, and no curve shows it.
#
# In a scan of a brain the glasses are a tumour (Cohen et al. show it). Before you train, ask what else differs between your two heaps.

# %% [markdown]
# ## Five questions
#
# Answer without the computer, then unfold.
#
# <details><summary>1. Cycle loss 0, both D's fooled. Is G right?</summary>Not necessarily: mirror every face, or swap people consistently. The losses name no correspondence.</details>
# <details><summary>2. Why is a U-Net with skips a risky G here?</summary>It can copy a through the outermost skip: a cheap cycle, and a cheap place to hide a message. The residual G has no way round its middle.</details>
# <details><summary>3. Least squares: D's score of a fake is 3. Where is G pulled?</summary>Back to 1. With −log σ it would be left alone.</details>

# %% [markdown]
# <details><summary>4. You add noise to G(a) *during training*, before F reads it. What changes?</summary>A message of tiny changes no longer survives: G must keep what F needs in visible form, or F must guess. Cartoons become cleaner, the cycle loss higher.</details>
# <details><summary>5. A has 5 % hats, B has 60 %. What will G do?</summary>Put hats on people: D_B sees at once that hats are missing. Balance the domains first.</details>

# %% [markdown]
# ## Three experiments
#
# 1. **2 minutes**: `small(cycle=1.0)` and `small(cycle=100.0)` in "Which part does what?": where is the true distance lowest?
# 2. **10 minutes**: question 4 as code. A `turns` that gives F `to_b + 0.05 * torch.randn_like(to_b)`. Does the message go? What of the distance to the truth?
# 3. **30 minutes**: three seeds of "all of it" and "no pool", mean ± standard deviation. Is the pool's gain larger than the spread?

# %% [markdown]
# ## The paper and this page
#
# | Zhu et al. 2017 | here |
# |---|---|
# | unpaired results come near pix2pix with pairs, on its own tasks | distance to the true cartoon, beside pix2pix |
# | without the GAN or without the cycle, results are much worse | *Which part does what?*, after 80 seconds: seen in the rows more than in the figures |
# | the identity loss keeps colours | *Negatives* |
# | the pool makes training steady | row *no pool* |
# | fails where shapes must change | *Two people*: colours change, eyes and mouths suffer |
# | F(G(a)) ≈ a | and what it proves: *A hidden message* |

# %% [markdown]
# **Departures**: 64 px in place of 256 (32 in the experiments), 16 channels and four blocks or fewer in place of 64 and nine, batches of four and a learning rate of 5e-4 in place of 1 and 2e-4; weights averaged before drawing; G and F move together, as in the paper's later code; drawn faces in place of photographs; the artist weighs the GAN half as much. Figures show what a part does, not how good CycleGAN can be.

# %% [markdown]
# ## Who uses this, and who misuses it
#
# Used: to make training pictures for rare weather, simulation to camera for robots, scanners matched to one another, paintings and photographs. Misused or trusted too far: a scan "translated" from one machine to another may show a tumour that was never there, or hide one that was: failure 2, with a patient. And a face swap needs no consent to be made.
#
# The next cell saves a picture with a visible mark and metadata that say it is synthetic.

# %% [markdown]
# **References**: Johnson, Alahi & Fei-Fei 2016 (the residual translator) · Ulyanov et al. 2016 (instance norm) · Mao et al. 2017 (least squares) · Shrivastava et al. 2017 (pool) · Zhu et al. 2017 · Chu, Zhmoginov & Sandler 2017 · Liu, Breuel & Kautz 2017 (UNIT) · Cohen, Luck & Honari 2018 · Huang et al. 2018 (MUNIT) · Park et al. 2020 (CUT: one direction, no cycle)

# %%
from labkit.widgets import keep

both = (
    torch.cat([domain_a[20:28], artist.translate(domain_a[20:28])])
    if len(domain_a) >= 28
    else torch.cat([domain_a[:8], artist.translate(domain_a[:8])])
)
print("kept as", keep(both, "my_cartoons.png", "Above: faces. Below: what CycleGAN makes of them.", columns=8))

# %% [markdown]
# How much of it was yours?

# %%
report("05")
