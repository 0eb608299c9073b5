# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Lab 04 · pix2pix
#
# You will make this: paint a map of a face (skin here, hair there, a hat on top) and a network draws the face. And because the true map of each face is known, you measure how well it obeys.

# %%
import torch

import labkit.data
from labkit.errors import UserError
from labkit.evaluation import batch_of, draw_all
from labkit.models.pix2pix import Pix2Pix, visible
from labkit.recipes import load_game
from labkit.widgets import show

SIDE = 64
few = labkit.data.open("faces", split="test", count=200, fields=["labels", "drawing"])


def shipped(name, source):
    """The translator that ships, or an untrained one of a small size."""
    try:
        return load_game(name)[0], True
    except UserError as missing:
        print(f"{missing}.\nUntil then this notebook plays with an untrained one.")
        return Pix2Pix((3, SIDE, SIDE), source=source, width=8, critic_width=8, patch=1).eval(), False


painter, SHIPPED = shipped("labels-to-face", "labels")
first = batch_of(few, slice(10))
show(
    torch.cat([visible(painter.condition(first)), painter.translate(painter.condition(first)), first["image"]]),
    "Above: label maps. Middle: what the translator that ships with labkit draws. Below: the true faces, unseen by it.",
    columns=10,
)

# %% [markdown]
# ## Minutes, and what to know first
#
# | | `smoke` | `cpu` (2 cores) | `gpu` (T4) |
# |---|---|---|---|
# | running everything | under 1 minute | about 35 minutes | 35 minutes (estimated) |
# | download | 0 MB | 0 MB | 0 MB |
#
# Reading and the four exercises take two and a half hours. A cell that takes more than half a minute at `cpu` says so.
#
# **Know first**: Lab 01 (the game, its losses, turns), Lab 02 (strided and transposed convolutions, batch norm). Start with `smoke`, solve the exercises, then set `cpu` or `gpu` and run all again.

# %%
import os

SCALE = os.environ.get("LABKIT_SCALE", "smoke")  # "smoke", "cpu", "gpu" or "paper"
DATA, SOURCE = "faces", "labels"  # or "celebamask-hq"; or a folder of pairs and "paired": see "On real photographs"
SMOKE = SCALE == "smoke"

# %% [markdown]
# ## The idea
#
# Isola, Zhu, Zhou & Efros, *Image-to-image translation with conditional adversarial networks*, 2017 (pix2pix). From a picture x to a picture y: labels to a street, a drawing to a shoe, day to night. Training needs **pairs** (x, y).
#
# Before, each such task had a loss of its own, made by experts. Here the loss is *learned*: a discriminator that sees x and y says whether they belong together and look real.
#
# Letters: x (`source`), here $x ∈ \{0, 1\}^{B×19×64×64}$, one plane a class; y (`image`), $y ∈ ℝ^{B×3×64×64}$ in $[-1, 1]$; $G(x)$ (`fake`); $D(x, y)$, a map of scores (logits).

# %%
from labkit.course import check, hint, passed, report
from labkit.recipes import open_data, settings_for

data = open_data("pix2pix", DATA, SCALE, {"source": SOURCE})
batch = labkit.data.Stream(data, 16, seed=0).batch(0)
print(data)
show(batch["image"], "One batch of y. These are drawn by labkit and show nobody.", columns=16)

# %% [markdown]
# **Question**: a label map says where the hair is, and not which colour it has. One x, many right y. G is a function: it gives *one* picture. What will it draw for the hair, if the loss is the distance to y?
#
# <details><summary>Answer</summary>The colour that is least wrong over all hair, mean or median. Nobody need have it. The next cell computes both.</details>

# %% [markdown]
# Take one pixel that is black in 60 % of the faces, red in 30 % and white in 10 %. G must choose one value c for red, green and blue each.
#
# **Predict**: which c minimises $\mathbb{E}|y - c|$ (L1)? Which one $\mathbb{E}(y - c)^2$ (L2)?

# %%
colours = torch.tensor([[-0.9, -0.9, -0.9]] * 6 + [[0.6, -0.6, -0.8]] * 3 + [[0.9, 0.9, 0.9]])
values = torch.linspace(-1, 1, 401)
apart = values[:, None, None] - colours
for name, cost in (("L1", apart.abs()), ("L2", apart.square())):
    best = values[cost.mean(1).argmin(0)]
    print(f"{name}: red {best[0]:+.2f}, green {best[1]:+.2f}, blue {best[2]:+.2f}")

# %% [markdown]
# L2 takes the **mean**: a colour that no face had. L1 takes the **median**, of each channel alone: here black for everybody, and of ten textures a smooth one. Both are safe answers to an open question, and a safe answer is blurred.
#
# A discriminator does not accept it: no real hair is that even. It asks for *one* of the right answers. So the paper uses both (its equation 4):
#
# $$G^* = \arg\min_G \max_D\; \mathcal{L}_{cGAN}(G, D) + λ\, \mathbb{E}\lVert y - G(x) \rVert_1, \qquad λ = 100 \qquad (1)$$

# %% [markdown]
# ## G: a U-Net
#
# ```
# x ─► E0 ──► E1 ──► E2 ──► E3 ──► E4 ──► E5      each E halves the map: 64 → 32 → … → 1
#       │      │      │      │      │      │
#       ▼      ▼      ▼      ▼      ▼      ▼
#      [,]    [,]    [,]    [,]    [,]    D0      each D doubles it
#       D5 ◄── D4 ◄── D3 ◄── D2 ◄── D1 ◄───┘
#       │                                  [,]: reads two maps, joined by channels
#       ▼
#      G(x)
# ```
#
# Down to one pixel, so that the whole picture is understood. Up again, so that it is drawn. And **skips** across, from each map to the one of its size.
#
# **Question**: where exactly does the edge of the hair run? Which maps know it: the outer or the inner ones?
#
# <details><summary>Answer</summary>The outer ones. The inner one holds what the picture is about, in a single pixel. Without skips each edge must be squeezed through it.</details>

# %% [markdown]
# ### Exercise 1 · The way through a U-Net
# ●●○ · 15 minutes · 2 points. One line carries the whole idea of skips.
#
# Write `unet_forward(encoder, decoder, x)`: both are lists of n layers. Encoder layer k gives $e_k$. The first decoder layer reads $e_{n-1}$; decoder layer $k ≥ 1$ reads $[d_{k-1}, e_{n-1-k}]$: its predecessor's map first, joined along the channels.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"04-unet_forward"}
def unet_forward(encoder, decoder, x):
    """encoder, decoder: lists of layers. x: (B, C, H, W). Returns what the last decoder layer gives."""
    ### BEGIN SOLUTION
    maps = []
    for layer in encoder:
        x = layer(x)
        maps.append(x)
    x = decoder[0](maps.pop())
    for layer in decoder[1:]:
        x = layer(torch.cat([x, maps.pop()], dim=1))
    return x
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"04-unet_forward-test","points":2}
unet_forward = check("04.unet_forward", unet_forward)
### BEGIN HIDDEN TESTS
assert passed("04.unet_forward")
### END HIDDEN TESTS

# %% [markdown]
# The layers are given: labkit's `UNet` makes them (4×4 convolutions of stride 2; batch norm; leaky ReLU going down, ReLU going up; tanh at the end). Its way through them is yours from here on.
#
# **Predict**: which decoder layer has the most weights? The sizes are printed below.

# %%
from labkit.nn.unet import UNet


class MyUNet(UNet):
    def forward(self, x):
        return unet_forward(self.encoder, self.decoder, x)


net = MyUNet(inputs=19, outputs=3, size=SIDE, width=32)
maps = []
for layer in [*net.encoder, *net.decoder]:
    layer.register_forward_hook(lambda layer, seen, out: maps.append((tuple(seen[0].shape[1:]), tuple(out.shape[1:]))))
net(torch.zeros(2, 19, SIDE, SIDE))
for (read, gave), layer in zip(maps, [*net.encoder, *net.decoder]):
    print(f"{read!s:>14} → {gave!s:<14} {sum(p.numel() for p in layer.parameters()):>9,} weights")
print(f"paper's size, 256 px: {sum(p.numel() for p in UNet(3, 3, 256).parameters()):,}")

# %% [markdown]
# Most weights sit at the inner maps, which have the most channels. The outer decoder layers are small: they need only join what is meant with where it is.
#
# The paper gives G no z. Its noise is **dropout** in the inner decoder layers, also when it draws. (How much comes of that is one of the questions below.)

# %% [markdown]
# ## D: a judge of patches
#
# L1 already takes care of what is large: a face that is too dark on the whole costs L1 much. What L1 is blind to is small: edges, texture. So D need not see the whole. The **PatchGAN** gives one score for each *patch*; the loss is their mean.
#
# It is a short row of convolutions, 4×4 with padding 1: some of stride 2 (`downs`), then two of stride 1. A score sees a square of side r. From the last layer back to the first, with each layer's stride s:
#
# $$r ← (r - 1)·s + 4, \qquad \text{from } r = 1 \qquad (2)$$
#
# **Predict**: how large is r with 1, 2 and 3 downs? The paper's is called "70×70": how many downs has it?

# %%
for downs in (1, 2, 3):
    r = 1
    for stride in (1, 1, *[2] * downs):
        r = (r - 1) * stride + 4
    print(f"{downs} downs: a score sees {r} × {r} pixels")

# %% [markdown]
# ### Exercise 2 · A discriminator of patches
# ●●○ · 20 minutes · 3 points. The D of nearly every translator since.
#
# Write `patch_discriminator(channels, width, downs)`: `downs` 4×4 convolutions of stride 2, then one of stride 1, with `width`, 2·`width`, 4·`width` … channels, at most 8·`width`; leaky ReLU of slope 0.2 behind each, and batch norm before it in all but the first. Last, one 4×4 convolution of stride 1 to one channel, alone. Padding 1 everywhere.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"04-patch_discriminator"}
from torch import nn


def patch_discriminator(channels, width, downs):
    """Returns a module: (B, channels, H, W) → logits (B, 1, H / 2^downs − 2, W / 2^downs − 2)."""
    ### BEGIN SOLUTION
    layers = []
    for k in range(downs + 1):
        wide = width * min(2**k, 8)
        layers.append(nn.Conv2d(channels, wide, 4, 2 if k < downs else 1, 1))
        if k > 0:
            layers.append(nn.BatchNorm2d(wide))
        layers.append(nn.LeakyReLU(0.2))
        channels = wide
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 1))
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"04-patch_discriminator-test","points":3}
patch_discriminator = check("04.patch_discriminator", patch_discriminator)
### BEGIN HIDDEN TESTS
assert passed("04.patch_discriminator")
### END HIDDEN TESTS

# %% [markdown]
# Does a score see what the formula says? Ask the gradient: which pixels of the input move *one* score in the middle? (In eval mode: batch norm in train mode looks at everything.)

# %%
picture = first["image"][:1]
shown = []
for downs in (1, 2, 3):
    torch.manual_seed(0)
    judge_of_patches = patch_discriminator(3, 16, downs).eval()
    x = torch.zeros(1, 3, 128, 128, requires_grad=True)
    scores = judge_of_patches(x)
    middle = scores.shape[-1] // 2
    (slope,) = torch.autograd.grad(scores[0, 0, middle, middle], x)
    seen = (slope.abs().sum(1) > 0)[0]
    print(
        f"{downs} downs: {scores.shape[-1]}×{scores.shape[-1]} scores of 128 px; one sees {int(seen.any(0).sum())} px"
    )
    window = seen[32:96, 32:96].float()
    shown.append(picture * (0.35 + 0.65 * window) - 0.65 * (1 - window))
show(torch.cat(shown), "Bright: what one score sees of a face of 64 px, with 1, 2 and 3 downs.", columns=3, scale=3)

# %% [markdown]
# With one down a score sees an eye; with two, half the width of the picture; with three, nearly all of it in the middle: that is the "full" discriminator here. At the paper's 256 px a patch of 70 is a thirteenth of the picture.
#
# A second gain: fewer weights, and D can judge pictures of any size.

# %% [markdown]
# ## What D is shown
#
# **Question**: show D only y or G(x). G could win with one sharp, beautiful face for *every* map. Show D the pair. What changes?
#
# <details><summary>Answer</summary>A beautiful face beside the wrong map is a fake, and D learns to see it: hair where the map says skin. That is the c in cGAN.</details>
#
# With logits $s$ and σ the sigmoid, each $\mathbb{E}$ a mean over the batch and over all patches:
#
# $$\mathcal{L}_D = \tfrac12 \bigl(\mathbb{E}[-\log σ(D(x, y))] + \mathbb{E}[-\log(1 - σ(D(x, G(x))))]\bigr) \qquad (3)$$
#
# The half is meant to slow D down against G (section 3.3 of the paper). With Adam, which cancels a constant factor, it hardly does.

# %% [markdown]
# ### Exercise 3 · The loss of D, which sees pairs
# ●●○ · 15 minutes · 2 points. Forget x, and G may ignore you.
#
# Write `discriminator_loss(D, x, y, fake)`: equation 3 as a scalar. D takes *one* tensor: x and the picture, joined along the channels in this order. G is not to learn from it.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"04-discriminator_loss"}
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss


def discriminator_loss(D, x, y, fake):
    """x: (B, 19, H, W). y, fake: (B, 3, H, W). D: (B, 22, H, W) → logits (B, 1, h, w). Returns a scalar."""
    ### BEGIN SOLUTION
    real = D(torch.cat([x, y], dim=1))
    false = D(torch.cat([x, fake.detach()], dim=1))
    right = binary_cross_entropy_with_logits(real, torch.ones_like(real))
    return (right + binary_cross_entropy_with_logits(false, torch.zeros_like(false))) / 2
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"04-discriminator_loss-test","points":2}
discriminator_loss = check("04.discriminator_loss", discriminator_loss)
### BEGIN HIDDEN TESTS
assert passed("04.discriminator_loss")
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 4 · The loss of G
# ●○○ · 10 minutes · 2 points. Two terms, one number between them.
#
# Write `generator_loss(D, x, y, fake, l1=100.0)`: the non-saturating loss, $\mathbb{E}[-\log σ(D(x, G(x)))]$, plus `l1` times the mean of $|y - G(x)|$.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"04-generator_loss"}
def generator_loss(D, x, y, fake, l1=100.0):
    """As above. fake: G(x), with its graph. Returns a scalar."""
    ### BEGIN SOLUTION
    logits = D(torch.cat([x, fake], dim=1))
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits)) + l1 * l1_loss(fake, y)
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"04-generator_loss-test","points":2}
generator_loss = check("04.generator_loss", generator_loss)
### BEGIN HIDDEN TESTS
assert passed("04.generator_loss")
### END HIDDEN TESTS

# %% [markdown]
# ## Train it and watch
#
# Your U-Net, your D, your two losses. Cost: 8 minutes at `cpu`. The run is kept in a folder: a stopped kernel goes on where it was.
#
# **What you should see** at `cpu`: after half a minute the right areas in one brown; after two, eyes and teeth; at the end hair with strands, in some colour, and a mottled skin here and there. `loss` of D stays near 0.4 to 0.6. Two likely troubles: smooth faces without edges (D learns nothing: is `fake` detached in G's loss?), or a colour noise that does not go away (D is too strong).

# %%
from labkit.models.game import Turn
from labkit.nn.initial import normal_weights, zero_biases
from labkit.training import train

options, settings = settings_for("pix2pix", SCALE, {"source": SOURCE})


class MyPix2Pix(Pix2Pix):
    def __init__(self, width=32, critic_width=32, patch=2, source=SOURCE):
        super().__init__(data.image_shape, source=source, width=width, critic_width=critic_width, patch=patch)
        inputs, outputs = self.condition.channels, data.image_shape[0]
        self.generator = MyUNet(inputs, outputs, data.image_shape[1], width)
        self.discriminator = patch_discriminator(inputs + outputs, critic_width, patch)
        self.apply(normal_weights).apply(zero_biases)

    def turns(self, batch, step):
        x, y = self.condition(batch), batch["image"]
        fake = self.generator(x)
        yield Turn("discriminator", loss=discriminator_loss(self.discriminator, x, y, fake))
        yield Turn("generator", loss=generator_loss(self.discriminator, x, y, fake))


torch.manual_seed(0)
folder = f"runs/04-pix2pix-{SCALE}-{data.name.strip('/').replace('/', '_')}-{SOURCE}"
mine = train(MyPix2Pix(**options), data, run=folder, **settings)


# %%
def averaged(run):
    for name, network in run.averages.modules.items():
        setattr(run.game, name, network)
    return run.game.cpu().eval()


own = averaged(mine)
seen = batch if data.name != "faces" else first
x = own.condition(seen)[:10]
show(
    torch.cat([visible(x), own.translate(x), seen["image"][:10]]),
    "Above: x. Middle: your G. Below: y. At smoke it is still grey.",
    columns=len(x),
)

# %% [markdown]
# **Question**: the hair of your faces has another colour than the true one. Is that a mistake?
#
# <details><summary>Answer</summary>No: x does not say it. It costs L1 all the same. So "L1 to the truth" can't tell a good painter from a careful one: we need a measure that asks only what x says.</details>

# %% [markdown]
# ## Play: paint a face
#
# Whose network shall paint? The one that ships was trained longer by the same recipe, with a narrower G. Write `"mine"` to go on with yours.

# %%
PLAY_WITH = "shipped"

if PLAY_WITH == "mine" or not SHIPPED:
    painter = own if SOURCE == "labels" else painter
    print("You paint with your own G.")
else:
    print("You paint with the one that ships with labkit.")

# %% [markdown]
# Pick a class, paint on the left, and look at the right. *Fill* changes a whole area at once. With keys: click on the map or reach it with Tab, then arrows, space, F, Z.
#
# Try, and predict each time: hair where the hat is. A third eye. Glasses painted over the eyes. Everything hair.

# %%
from labkit.widgets import PaintDrawing, PaintLabels

board = PaintLabels(painter, few.fields["labels"][:20])
board.widget

# %%
board.load(4)
board.paint("right eye", [(32, 22)], size=5)
board.paint("hat", [(16, 12), (48, 12)], size=9)
board.paint("glasses", [(22, 33), (28, 33)], size=5)
board.paint("glasses", [(36, 33), (42, 33)], size=5)
show(
    board.picture(), "The same without controls: a face's map, then a third eye, a hat, glasses; below, what is drawn."
)

# %% [markdown]
# A third eye is drawn badly, or not at all: no face had one. G does not know what an eye *is*; it knows what lies under "eye" in 20,000 maps.
#
# Now a pen. This is another network of the same kind: from drawings to faces. On the empty page (press *another drawing* until it comes) draw an oval with two dots.

# %%
artist, _ = shipped("drawing-to-face", "drawing")
pen = PaintDrawing(artist, few.fields["drawing"][:6, ..., 0])
pen.widget

# %%
pen.paint("pen", [(20, 34), (28, 34), (28, 40), (20, 40), (20, 34)], size=1)
pen.paint("pen", [(36, 34), (44, 34), (44, 40), (36, 40), (36, 34)], size=1)
pen.paint("pen", [(28, 36), (36, 36)], size=1)
show(pen.picture(), "The same without controls: a drawing, and how it changes when glasses are drawn on it.")

# %% [markdown]
# ## Measure it against the truth
#
# Does the face obey the map? The paper asked a network that labels photographs to read G's streets ("FCN score"). We have better: a frozen judge of parsing, trained on the truth of drawn faces, never used in a loss.
#
# For each class: pixels in both maps, over pixels in either. **IoU**, intersection over union. 1 is perfect. Its mean is over the classes that hold more than 1 % of the pixels.
#
# **Predict** three numbers: the IoU of *true* faces, read by the judge (it errs too); of your G; and of a translator that learned nothing and copies the training face whose map is most alike.

# %%
from labkit.metrics.judges import fd_faces
from labkit.metrics.translation import levels_off, nearest_pairs, reparsed

N = 100 if SMOKE else 1000
held_out = labkit.data.open("faces", size=SIDE, split="test", count=N, fields=["labels", "drawing"])
known = labkit.data.open("faces", size=SIDE, fields=["labels"], count=512 if SMOKE else None)
labels, truth = held_out.fields["labels"], held_out.images(None)
twins = torch.from_numpy(known.fields["image"][nearest_pairs(labels, known.fields["labels"])]).permute(0, 3, 1, 2)


def numbers(images):
    read = reparsed(images, labels)
    return {"IoU": read.mean, "grey levels off": levels_off(images, truth), "FD-faces": fd_faces(images, truth)}


def heading():
    print(" " * 26 + f"{'IoU':>9}{'grey levels off':>17}{'FD-faces':>10}")


def row(title, images):
    found = numbers(images)
    print(f"{title:>26}{found['IoU']:9.3f}{found['grey levels off']:17.1f}{found['FD-faces']:10.1f}")


candidates = {"the truth": truth, "nearest training pair": twins}
if SOURCE == "labels":
    candidates["your G"] = draw_all(own, held_out)
candidates["the painter"] = draw_all(painter, held_out)
heading()
for title, images in candidates.items():
    row(title, images)

# %% [markdown]
# (At `smoke` your G has learned nothing: read the painter's line.) The nearest training pair is a true drawn face: its FD is best, its IoU is not. G obeys more and looks less true. Grey levels can't part them: both guess colours.
#
# No single number is enough: a copier wins FD, a blur wins L1.

# %%
each = {title: reparsed(images, labels).each for title, images in candidates.items()}
print(" " * 12 + "".join(f"{title:>24}" for title in each))
for name in each["the truth"]:
    print(f"{name:>12}" + "".join(f"{row.get(name, 0):24.2f}" for row in each.values()))

# %% [markdown]
# (The classes are those of CelebAMask-HQ: `eye_g` glasses, `ear_r` earring, `neck_l` necklace, `u_lip` and `l_lip` the lips, `l_` and `r_` otherwise the person's left and right.) Large areas are easy. Earrings, necklaces and lips are a few pixels each: one pixel aside halves their IoU, for the judge on true faces too. A figure of 0.5 means nothing before you know the judge's own.

# %% [markdown]
# ### The paper's ablation
#
# Which of the parts is needed? Take one away at a time: L1, the GAN, the skips; and change the size of the patch.
#
# **Predict** before you run: which row has the lowest "grey levels off"? Which the best FD? What is lost without skips: IoU, FD, or both?
#
# Cost: six minutes at `cpu`, 45 seconds for each of seven games; a line comes as each is done. They are narrow, so that each sees enough pictures.

# %%
WIDTH = 4 if SMOKE else 16
pairs = labkit.data.open("faces", size=SIDE, fields=["labels", "drawing", "landmarks"], count=256 if SMOKE else None)


def small(**changed):
    torch.manual_seed(0)
    shape = {"width": WIDTH, "critic_width": WIDTH, "patch": 2, **changed}
    return Pix2Pix((3, SIDE, SIDE), **shape)


def short(game, minutes=0.75, **changed):
    _, length = settings_for("pix2pix", SCALE, minutes=None if SMOKE else minutes)
    limits = {"steps": 2, "previews": 1} if SMOKE else {}
    run = train(game, pairs, **{**length, "average_images": 2_000, "progress": "none", **limits, **changed})
    return averaged(run)


games = {
    "L1 alone": small(adversarial=0.0),
    "cGAN alone": small(l1=0.0),
    "L1 + cGAN, 34 px": small(),
    "without skips": small(skips=False),
    "1 px (PixelGAN)": small(patch=0),
    "16 px": small(patch=1),
    "full picture": small(patch=3),
}
drawn = {}
heading()
for title, game in games.items():
    drawn[title] = draw_all(short(game), held_out)
    row(title, drawn[title])

# %%
rows = torch.cat([images[:10] for images in drawn.values()])
show(rows, f"Rows: {'; '.join(drawn)}. The same ten maps in each.", columns=10)

# %% [markdown]
# After 24,000 images each (README's table, one seed): L1 alone has the *best* IoU, 0.86, and the least grey levels off; L1 + cGAN 0.78, the GAN alone 0.66. Without skips 0.47, and twice the FD: every edge had to pass through one pixel.
#
# Surprised? L1 draws what is safe: the right areas, in one brown. That is easy to read. The judge asks where things lie, and not whether a face looks true: look at the rows. In the paper's street scenes both measures agreed; a measure is tied to its data.

# %% [markdown]
# The patches differ in FD from 37 (1 px) over 40 (full) and 42 (34 px) to 59 (16 px), and little in IoU. The paper's order is another one, with 70 px best. One seed, 24,000 images: **what may you conclude?**
#
# <details><summary>Answer</summary>That the patch matters less than the skips. For more, train three seeds of each and compare the difference with their spread (experiment 3). At 1 px D only sees which colours occur, and FD-faces seems to like colours.</details>

# %% [markdown]
# ### One game, other tasks
#
# Nothing in the game knows what a label is. Change x, and it is another tool: a drawing becomes a face; grey gets colour; 68 landmarks become a face (so someone else's could drive it, which Face2Face does with a model in 3D); each pixel becomes 4×4; a hole is filled.
#
# **Predict**: after 45 seconds each, which of the five is nearest to the truth, in grey levels? Which is farthest? What does each x leave open?
#
# Cost: four minutes at `cpu`.

# %%
tasks = ("drawing", "grey", "landmarks", "small", "hole")
lined = labkit.data.open("faces", size=SIDE, split="test", count=N, fields=["labels", "drawing", "landmarks"])
some, shown = batch_of(lined, slice(8)), []
for source in tasks:
    game = short(small(source=source))
    x = game.condition(some)
    shown.append(torch.cat([visible(x), game.translate(x)]))
    off = levels_off(draw_all(game, lined), truth)
    print(f"{source:>10}: {off:5.1f} grey levels off")
show(torch.cat([*shown, some["image"]]), f"Two rows each, x and G(x): {', '.join(tasks)}. Last: the truth.", columns=8)

# %% [markdown]
# Measured: small 8, hole 10, grey 18, drawing 36, landmarks 38 grey levels off. The more x tells, the less is left to guess. *Small* and *hole* keep true colours; *grey* leaves hue and saturation open; *landmarks* tell no colour, no hair and no light.
#
# That is also a warning. A network that makes sixteen pixels of one *invents* fifteen. In a photograph of a suspect they are nobody's.

# %% [markdown]
# ### Where is the noise?
#
# "G needs noise, or it gives one answer." The paper puts dropout into G, also when drawing. (Ours has one layer of dropout at 64 px; theirs three.) **Predict**: draw the same map 20 times with dropout on. How far apart are two of the pictures, compared with the faces of two people?

# %%
x = own.condition(seen)[:6]
for layer in own.generator.modules():
    layer.train(isinstance(layer, nn.Dropout))  # dropout on, batch norm as it is
with torch.no_grad():
    draws = torch.stack([own.generator(x) for _ in range(20)])
own.generator.eval()
print(f"two draws of one map: {levels_off(draws[0], draws[1]):.1f} grey levels apart")
print(f"the true faces of two people: {levels_off(truth[:50], truth[50:100]):.1f}")
show(draws[:4].flatten(0, 1), "Four draws of six maps. Look for differences.", columns=6)

# %% [markdown]
# Measured: 1 grey level, and two people are 47 apart. L1 rewards *one* picture, the median one, and noise only moves G away from it. Isola et al. first fed Gaussian noise, which "the generator simply learned to ignore"; of dropout they "observe only minor stochasticity" (section 3.1). Later work had to force it (BicycleGAN 2017), or gave each region a style of its own: Lab 06.

# %% [markdown]
# ### pix2pixHD: the same game, larger
#
# Wang et al. 2018 bring it to 2048×1024. Four changes, all of them switches of `Pix2Pix`:
#
# - G **coarse to fine** (`network="enhancer"`): a global network at half the size, an enhancer around it;
# - D at several **scales**: one on the picture, one on its half, one on its quarter, alike but each with weights of its own;
# - **feature matching**: the mean of $|D^k(x, y) - D^k(x, G(x))|$, summed over D's inner maps k, in place of L1 on pixels;
# - **edges between instances** in x: two cars side by side have one label.
#
# Below: matching and scales, with a ResNet, instance norm and least squares as in that paper. So more than one thing differs. Cost: 45 seconds at `cpu`.

# %%
as_hd = {"norm": "instance", "loss": "least-squares", "adversarial": 2.0, "l1": 0.0, "downs": 2, "blocks": 2}
matching = draw_all(short(small(network="resnet", matching=10.0, scales=2, **as_hd)), held_out)
heading()
row("L1 + cGAN, U-Net", drawn["L1 + cGAN, 34 px"])
row("matching, 2 scales, ResNet", matching)
shown = torch.cat([drawn["L1 + cGAN, 34 px"][:10], matching[:10]])
show(shown, "Above: L1 + cGAN and a U-Net. Below: feature matching, two scales and a ResNet.", columns=10)

# %% [markdown]
# Measured: IoU 0.49 against 0.77. After the same 45 seconds this is no fair race: a ResNet step takes longer, so it saw fewer pictures. What feature matching does: it asks that D's *inner view* of G(x) be like that of y, over all patches, instead of each pixel's colour. The colour of hair may then differ from y at a lower price.

# %% [markdown]
# ## On real photographs
#
# Change one line, and all cells run:
#
# - `DATA, SOURCE = "celebamask-hq", "labels"`: 30,000 photographs with maps of the same 19 classes (3 GB; the card in `datasets/` says where from, and on what terms: research only).
# - `DATA, SOURCE = "cmp-facades", "paired"`: 606 house fronts, the paper's own.
# - `DATA, SOURCE = "path/to/pairs", "paired"`: a folder of pictures with y in the left half and x in the right one, as the facades have it.

# %% [markdown]
# At `cpu` with few pairs expect photographs that look astonishing, *on the training maps*: with 420 pairs of CelebAMask-HQ, eight minutes were enough to give each map the very hair and light of its photograph, of which the map says nothing. That is learning by heart. *Measure it* stays with the built-in faces, whose judge learned from drawn faces.

# %%
print(data, "·", len(data.skipped), "files skipped")

# %% [markdown]
# ## What goes wrong, and why
#
# Four failures: one of measuring, one of drawing, one of data, one of asking too much.

# %% [markdown]
# ### 1 · A blur that passes for success
#
# Look at the row *L1 alone* above: it has the least distance to the truth, the best IoU, and faces that are all alike. **Question**: a paper reports "our method has a lower L1 than pix2pix". What do you answer?
#
# <details><summary>Answer</summary>So has a blurred picture. L1 rewards the median of all right answers. Ask for a measure of realism beside it, and for the pictures.</details>

# %% [markdown]
# ### 2 · `.eval()` changes the picture
#
# A question that users of pix2pix ask again and again. With batches of *one* (the paper uses 1 to 10) batch norm takes mean and spread of this very picture, and the authors draw in train mode too. In eval mode it takes averages over training, which need not fit any single picture.
#
# **Predict**: your G was trained with batches of 16. Draw 8 maps in one batch, and one by one: in eval mode, and in train mode without dropout. Which of the four differ?

# %%
x = own.condition(seen)[:8]


def train_mode(network):
    network.train()
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.eval()
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 0.0  # look, but don't remember
    return network


with torch.no_grad():
    ways = {
        "eval, one batch": own.generator.eval()(x),
        "eval, one by one": torch.cat([own.generator(a) for a in x.split(1)]),
    }
    network = train_mode(own.generator)
    ways["train, one batch"] = network(x)
    ways["train, one by one"] = torch.cat([network(a) for a in x.split(1)])
own.generator.eval()
for title, images in ways.items():
    print(f"{title:>18}: {levels_off(images, ways['eval, one batch']):5.2f} grey levels from the first")
show(torch.cat(list(ways.values())), f"Rows: {', '.join(ways)}.", columns=8)

# %% [markdown]
# In eval mode each picture is drawn alone, whoever stands beside it. In train mode its neighbours change it: measured, 20 grey levels, another skin and another hat. One by one is another network again (it is instance norm), which this G was never trained to be.
#
# So: train with a batch of one, draw in train mode or use instance norm. Train with larger batches, draw in eval mode. Mix them, and you draw with a network that nobody trained.

# %% [markdown]
# ### 3 · A mask of 0 and 255
#
# A class map is *numbers of classes*. Many programs save masks as pictures of 0 and 255, and JPEG makes new numbers at every edge. One-hot planes of such a map are empty; nothing warns you, and training runs.

# %%
from labkit.nn.conditions import check_labels, labels_as_planes

mask = torch.zeros(1, SIDE, SIDE, dtype=torch.uint8)
mask[:, 20:40, 20:40] = 255
print("pixels without a class:", int((labels_as_planes(mask).sum(1) == 0).sum()))
try:
    check_labels(mask.numpy())
except UserError as error:
    print("labkit refuses:", error)

# %% [markdown]
# ### 4 · Asked for what it never saw
#
# **Predict**: a map upside down. A map that is all hair. What will G draw? The IoU?

# %%
upside, hairy = labels[:8, ::-1].copy(), labels[:8].copy()
hairy[:] = 13
odd = torch.cat([torch.from_numpy(upside), torch.from_numpy(hairy)])
with torch.no_grad():
    answers = painter.translate(labels_as_planes(odd))
flipped = truth[:8, ::-1].copy()
print(
    f"upside down: IoU {reparsed(answers[:8], upside).mean:.2f}; the true faces upside down: {reparsed(flipped, upside).mean:.2f}"
)
print(f"all hair: {reparsed(answers[8:], hairy).mean:.2f}")
show(answers, "Above: faces drawn from maps upside down. Below: from maps that are all hair.", columns=8)

# %% [markdown]
# What needs only the neighbourhood is still drawn; what needs the whole (light from above, where a mouth belongs) is lost. The judge is as lost as G: it reads true faces upside down no better, so the IoU can't tell. A translator, and a judge, are right only near their training data, and neither says when it has left it.

# %% [markdown]
# ## Five questions
#
# Answer without the computer, then unfold.
#
# <details><summary>1. λ = 0. What may G do that it may not with λ = 100?</summary>Choose freely among all pictures that fit x in D's eyes. It needs no longer be near this y. Training is less steady: D alone must teach where everything is.</details>
# <details><summary>2. D sees y without x. Which mistake of G costs nothing?</summary>A good face for the wrong map, as far as D is asked. L1 still pulls.</details>
# <details><summary>3. Why does D's loss use fake.detach(), and G's not?</summary>D's step is not to move G. In G's step the gradient must pass through D into G.</details>

# %% [markdown]
# <details><summary>4. A PatchGAN of 16 px at 256 px: which mistakes can't it see?</summary>All that need a wider view: two eyes of different colours, a nose too far left. L1 must keep those right.</details>
# <details><summary>5. Skips help. Name a task where they hurt.</summary>Where input and output are not aligned: a face seen from the left to one seen from the right. The skip copies edges to places where they don't belong.</details>

# %% [markdown]
# ## Three experiments
#
# 1. **2 minutes**: `row("λ = 10", draw_all(short(small(l1=10.0)), held_out))`, and λ = 1000: where do IoU and FD turn?
# 2. **10 minutes**: swap drawing and face. `open_data("pix2pix", "faces", SCALE, {"source": "paired", "target": "drawing"})` is data in which the picture is x and its drawing y. Train on it. Is this direction easier? Why?
# 3. **30 minutes**: three seeds of two rows of the ablation, mean ± standard deviation. Which difference survives?

# %% [markdown]
# ## The paper and this page
#
# | Isola et al. 2017 | here |
# |---|---|
# | L1 alone "leads to reasonable but blurry results" | row *L1 alone*: least distance, one brown for all |
# | cGAN alone is sharper, with artefacts | row *cGAN alone* |
# | the U-Net gives better pictures than an encoder-decoder | row *without skips* |
# | 70×70 patches beat 1×1, 16×16 and the full picture | not seen here: four rows of patches, at 64 px, one seed |
# | dropout gives "minor stochasticity" | *Where is the noise?* |
# | FCN score of G's pictures against that of true ones | re-parsed IoU, the judge's own beside it |

# %% [markdown]
# **Departures**: 64 px in place of 256, G with 32 and fewer first channels (paper: 64) and one layer of dropout (paper: three), patches of 34 px; batches of 16 and a learning rate of 5e-4 in place of 1 and 2e-4, for speed, so pictures are drawn in eval mode; weights averaged; no random crops; drawn faces in place of streets and shoes. The figures show which part does what, not how good pix2pix can be.

# %% [markdown]
# ## Who uses this, and who misuses it
#
# Used: maps from aerial pictures and back, stains of tissue computed rather than applied, drafts in architecture and games, colour for old films, medical scans from one machine to another. Every one of them *invents* what x leaves open; in a scan that may be a tumour, or its absence.
#
# Misused: faces "restored" from a few pixels as evidence; clothes removed from photographs. The people in the picture were never asked.
#
# The next cell saves a picture with a visible mark and metadata that say it is synthetic.

# %% [markdown]
# **References**: Ronneberger, Fischer & Brox 2015 (U-Net) · Long, Shelhamer & Darrell 2015 (FCN) · Pathak et al. 2016 (filling holes) · Thies et al. 2016 (Face2Face) · Isola et al. 2017 · Zhu et al. 2017 (BicycleGAN) · Wang et al. 2018 (pix2pixHD) · Lee et al. 2020 (CelebAMask-HQ)

# %%
from labkit.widgets import keep

people = batch_of(few, slice(20, 28))
x = painter.condition(people)
print(
    "kept as",
    keep(torch.cat([visible(x), painter.translate(x)]), "my_translations.png", "Above: maps. Below: drawn.", columns=8),
)

# %% [markdown]
# How much of it was yours?

# %%
report("04")
