# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Lab 03 · StyleGAN
#
# You will make this: faces whose shape comes from one person and whose colours come from another. And you find out whether the paper's most famous claim is true here.

# %%
import torch

from labkit.errors import UserError
from labkit.models.stylegan import StyleGAN
from labkit.recipes import load_game, settings_for
from labkit.widgets import StyleMixing, show


def seeded(seed):
    return torch.Generator().manual_seed(seed)


try:
    artist, _ = load_game("stylegan")
    SHIPPED = True
    table = StyleMixing(artist, rows=2, columns=5).picture()
    show(table, "Each face: early layers from the face at its left, late layers from the face above.")
except UserError as missing:
    artist, SHIPPED = StyleGAN((3, 64, 64), **settings_for("stylegan", "smoke")[0]).eval(), False
    print(f"{missing}.\nUntil then this notebook plays with the generator that you train below.")

# %% [markdown]
# ## Minutes, and what to know first
#
# | | `smoke` | `cpu` (2 cores) | `gpu` (T4) |
# |---|---|---|---|
# | running everything | under 1 minute | about 30 minutes | 60 minutes (estimated) |
# | download | 0 MB | 0 MB | 0 MB |
#
# Reading and the six exercises take three hours.
#
# **Know first**: Lab 01 (the game, gradient penalties), Lab 02 (DCGAN, directions of attributes). Start with `smoke`, solve the exercises, then set `cpu` or `gpu` and run all again.

# %%
import os

SCALE = os.environ.get("LABKIT_SCALE", "smoke")  # "smoke", "cpu", "gpu" or "paper"
DATA = "faces"  # or "celeba", or "path/to/a/folder": see "On real photographs"
SMOKE = SCALE == "smoke"

# %% [markdown]
# ## The idea
#
# Two papers by Karras et al.: *A style-based generator architecture for GANs* (2019, StyleGAN), and *Analyzing and improving the image quality of StyleGAN* (2020, StyleGAN2).
#
# DCGAN's G reads z once, at its first layer. All that z says must pass through every layer after that. StyleGAN turns this round:
#
# 1. G begins with a *learned constant*: the same for every picture.
# 2. A **mapping network** f turns z into w.
# 3. w enters at **every** layer, as a *style*: how strong each channel shall be.
# 4. What is mere chance (where each freckle lies) comes from **noise**, added to every map.

# %% [markdown]
# ```
# z (128) ─ normalise ─ f: linear layers ─► w (128) ─┬──────────┬──────────┬────────► …
#                                                    A          A          A
#                                                    ▼          ▼          ▼
#                      constant 4×4 ───────────► conv ─────► conv ↑ ───► conv ───► … 64×64
#                                                    ▲          ▲          ▲
#                                                  noise      noise      noise
# ```
#
# Letters: $z ∈ ℝ^{B×128}$, $z \sim N(0, I)$ (`latent`); $f$ (`mapping`); $w ∈ ℝ^{B×128}$; $A$ a linear layer of each convolution (`affine`); $g$ (`synthesis`), so $G(z) = g(f(z))$; $x ∈ ℝ^{B×3×64×64}$, in $[-1, 1]$ (`image`); $D$ (`discriminator`).
#
# **Question**: z and w have the same length. What can f be good for?
#
# <details><summary>Answer</summary>z is a round cloud. Faces are not: there is hardly a bald child. A G that reads z must bend the round cloud until it fits, and bent is what directions in it become. f can do the bending before g begins, so that W has room to be straight. That is a claim: you will test it.</details>

# %%
import labkit.data
from labkit.course import check, hint, passed, report
from labkit.recipes import open_data

data = open_data("stylegan", DATA, SCALE)
batch = labkit.data.Stream(data, 32, seed=0).batch(0)
print(data)
show(batch["image"], "One batch of x. These are drawn by labkit and show nobody.", columns=16)

# %% [markdown]
# ## The mapping network
#
# First z is brought to one length, **pixel norm**:
#
# $$z ← z \Big/ \sqrt{\tfrac1D \textstyle\sum_i z_i^2 + 10^{-8}} \qquad (1)$$
#
# Then it goes through a few linear layers, each with a leaky ReLU of slope 0.2 behind it.
#
# **Predict**: z has 128 normal numbers. How long is it before (1), and how long after? What is lost?

# %%
z = torch.randn(1000, 128, generator=seeded(0))
lengths = z.norm(dim=1)
print(f"lengths before: {lengths.mean():.2f} ± {lengths.std():.2f}; √128 = {128**0.5:.2f}")

# %% [markdown]
# In many dimensions all normal vectors are about equally long already. (1) makes it exact: only z's *direction* speaks. Nothing that G could use is lost, and f never sees a z of odd length.

# %% [markdown]
# ### Exercise 1 · From z to w
# ●○○ · 10 minutes · 2 points. Eight lines of the paper, and half of its fame.
#
# Write `mapping_network(z, layers)`: equation 1, then for each layer: apply it, then leaky ReLU of slope 0.2 (after the last one too).


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"03-mapping_network"}
from torch.nn.functional import leaky_relu


def mapping_network(z, layers):
    """z: (B, D). layers: a list of modules without activation, of any widths. Returns w, (B, D')."""
    ### BEGIN SOLUTION
    h = z / (z.square().mean(dim=1, keepdim=True) + 1e-8).sqrt()
    for layer in layers:
        h = leaky_relu(layer(h), 0.2)
    return h
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"03-mapping_network-test","points":2}
mapping_network = check("03.mapping_network", mapping_network)
### BEGIN HIDDEN TESTS
assert passed("03.mapping_network")
### END HIDDEN TESTS

# %% [markdown]
# ## Styles, as in the first paper: AdaIN
#
# How can w rule a map of 64 channels? The first paper took **adaptive instance normalisation**. From w each layer makes two numbers a channel, $γ$ and $β$, by its own linear layer $A$:
#
# $$\text{AdaIN}(x_i, w) = γ_i\, \frac{x_i - μ(x_i)}{σ(x_i)} + β_i \qquad (2)$$
#
# $μ$ and $σ$ are taken over the places of *one channel of one image*. So a style first wipes out how strong a channel was, then says how strong it shall be.

# %% [markdown]
# ### Exercise 2 · AdaIN
# ●○○ · 10 minutes · 2 points. Batch norm's cousin: no batch, and the scale comes from w.
#
# Write `adain(x, gamma, beta)`: equation 2. A flat map (σ = 0) must not give NaN: put a small ε where it is needed.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"03-adain"}
def adain(x, gamma, beta):
    """x: (B, C, H, W). gamma, beta: (B, C). Returns (B, C, H, W)."""
    ### BEGIN SOLUTION
    mean = x.mean(dim=(2, 3), keepdim=True)
    spread = (x.var(dim=(2, 3), keepdim=True, unbiased=False) + 1e-8).sqrt()
    return gamma[:, :, None, None] * (x - mean) / spread + beta[:, :, None, None]
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"03-adain-test","points":2}
adain = check("03.adain", adain)
### BEGIN HIDDEN TESTS
assert passed("03.adain")
### END HIDDEN TESTS

# %% [markdown]
# ### The droplet
#
# Faces by the first StyleGAN carry a blob somewhere, like a drop of water. The second paper found out why.
#
# **Predict**: a map in which all is about 1, and at one place stands the number 100. AdaIN divides by σ. What becomes of all the *other* places?

# %%
calm = torch.randn(1, 1, 32, 32, generator=seeded(1))
ones, zeros = torch.ones(1, 1), torch.zeros(1, 1)
for spike in (0.0, 10.0, 30.0, 100.0):
    x = calm.clone()
    x[0, 0, 16, 16] += spike
    out = adain(x, ones, zeros)
    others = out.flatten()[torch.arange(1024) != 16 * 32 + 16]
    print(f"spike {spike:5.0f}: σ = {x.std():5.2f}, the other places after AdaIN ±{others.std():.2f}")

# %% [markdown]
# One spike makes all others small. So G has a secret switch: with a spike it decides how strong the rest of the map is, *although* AdaIN was there to decide that. It pays with a drop in the picture, and hides it where D looks least.
#
# The cure (2020): don't divide by what *is* in the map. Divide by what is *expected* there.

# %% [markdown]
# ## Styles, as in the second paper: modulated convolution
#
# Let $s ∈ ℝ^{B×C}$ be the style, $w_{ocij}$ the weight of a convolution (here the paper's w is a weight; mind the letter). Each image gets weights of its own:
#
# $$w'_{ocij} = s_c\, w_{ocij}, \qquad w''_{ocij} = w'_{ocij} \Big/ \sqrt{\textstyle\sum_{c,i,j} w'^2_{ocij} + 10^{-8}} \qquad (3)$$
#
# If the inputs are independent with variance 1, the output has variance 1: by arithmetic on weights alone. No map is looked at, so no spike pays.
#
# **Question**: the batch has B images, and each has its own weights. `conv2d` takes one set. What now?

# %% [markdown]
# Two ways:
# - **groups**: lay the images side by side as channels, (1, B·C, H, W), and convolve with B groups;
# - **scale what goes in and out**: a sum $\sum_c s_c w_c x_c$ does not care whether $s_c$ belongs to w or to x. So multiply the *input* by s, convolve with the shared weight, divide the *output* by the norm.
#
# They give the same. One of them is faster.
#
# ### Exercise 3 · Modulated convolution
# ●●● · 25 minutes · 4 points. The heart of StyleGAN2.
#
# Write `modulated_conv(x, weight, style)`: equation 3 and the convolution, with zero padding of K // 2, so that the size stays.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"03-modulated_conv"}
from torch.nn.functional import conv2d


def modulated_conv(x, weight, style):
    """x: (B, C, H, W). weight: (O, C, K, K), K odd. style: (B, C). Returns (B, O, H, W)."""
    ### BEGIN SOLUTION
    norm = (style.square() @ weight.square().sum(dim=(2, 3)).T + 1e-8).sqrt()
    out = conv2d(x * style[:, :, None, None], weight, padding=weight.shape[-1] // 2)
    return out / norm[:, :, None, None]
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"03-modulated_conv-test","points":4}
modulated_conv = check("03.modulated_conv", modulated_conv)
### BEGIN HIDDEN TESTS
assert passed("03.modulated_conv")
### END HIDDEN TESTS

# %% [markdown]
# Yours beside both ways, as `labkit.nn.modulation` has them. **Predict**: which is faster here, and by how much?

# %%
import time

from labkit.nn.modulation import ModulatedConv2d

torch.manual_seed(0)
layer = ModulatedConv2d(64, 64, 3, style_dim=128)
x, w = torch.randn(16, 64, 32, 32), torch.randn(16, 128)
results, milliseconds = {}, {}
for name, fused in (("scaled activations", False), ("weights of its own for each image", True)):
    layer.fused = fused
    for _ in range(3):  # a step forward and back, the third one timed
        start = time.perf_counter()
        results[name] = layer(x, w)
        results[name].sum().backward()
        milliseconds[name] = 1000 * (time.perf_counter() - start)
with torch.no_grad():
    results["yours"] = modulated_conv(x, layer.weight, layer.affine(w))
    for name, out in results.items():
        apart = float((out - results["scaled activations"]).abs().max())
        took = f", {milliseconds[name]:.0f} ms forward and back" if name in milliseconds else ""
        print(f"{name:>34}: differs by at most {apart:.0e}{took}")

# %% [markdown]
# All agree to rounding. On a CPU the second way is slower: B sets of weights must be written, read again, and get B gradients. In bf16 a whole training step took 2.4 times as long. So `labkit` scales activations.
#
# Now the droplet's test again. **Predict**: the same spike, a modulated convolution. What becomes of the other places?

# %%
weight, style = torch.ones(1, 1, 1, 1), torch.ones(1, 1)
for spike in (0.0, 100.0):
    x = calm.clone()
    x[0, 0, 16, 16] += spike
    out = modulated_conv(x, weight, style).flatten()
    print(f"spike {spike:5.0f}: the other places ±{out[torch.arange(1024) != 16 * 32 + 16].std():.2f}")

# %% [markdown]
# Nothing. The switch is gone, and with it the reason for a drop.

# %% [markdown]
# ## Noise
#
# Where each hair lies is chance. A G without noise must invent chance from z, and pays for it with capacity. StyleGAN adds a picture of noise to every map, times a *learned* strength, which begins at 0:
#
# $$x_c ← x_c + σ_c\, n, \qquad n \sim N(0, I), \; n ∈ ℝ^{1×H×W} \text{ for each image} \qquad (4)$$
#
# **Question**: why one n for all channels of a map, and not one each?
#
# <details><summary>Answer</summary>It marks a <i>place</i>: "here a hair more". All channels must agree on where, and each decides by σ how much it listens.</details>

# %% [markdown]
# ### Exercise 4 · Noise
# ●○○ · 10 minutes · 2 points. One line, if its shapes are right.
#
# Write `add_noise(x, strength)`: equation 4, with new noise at each call.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"03-add_noise"}
def add_noise(x, strength):
    """x: (B, C, H, W). strength: (C,). Returns (B, C, H, W)."""
    ### BEGIN SOLUTION
    noise = torch.randn(x.shape[0], 1, *x.shape[2:], device=x.device, dtype=x.dtype)
    return x + strength.to(x.dtype)[:, None, None] * noise
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"03-add_noise-test","points":2}
add_noise = check("03.add_noise", add_noise)
### BEGIN HIDDEN TESTS
assert passed("03.add_noise")
### END HIDDEN TESTS

# %% [markdown]
# ## The penalty, lazily
#
# D is held back by R1 (Mescheder et al. 2018; Lab 02 used it):
#
# $$R_1 = \tfrac{γ}{2}\, \mathbb{E}_x \lVert ∇_x D(x) \rVert^2 \qquad (5)$$
#
# It costs a gradient of a gradient: about as much as the rest of D's step. StyleGAN2 found that every 16th step is enough, *if it then weighs 16 times as much*.
#
# **Predict**: what happens if you forget the 16?

# %% [markdown]
# ### Exercise 5 · Lazy R1
# ●●○ · 20 minutes · 4 points. The trick that made the second paper affordable.
#
# Write `lazy_r1(critic, real, step, gamma, every)`: what D adds to its loss at `step` (0, 1, 2 …). At steps that `every` divides: `every` times equation 5, a scalar that D's weights can learn from. At all others: 0, and the critic is not asked.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"03-lazy_r1"}
def lazy_r1(critic, real, step, gamma, every):
    """critic: (B, C, H, W) → (B,) or (B, 1). real: (B, C, H, W). Returns a scalar, or 0."""
    ### BEGIN SOLUTION
    if step % every:
        return 0.0
    image = real.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(critic(image).sum(), image, create_graph=True)
    return every * gamma / 2 * slope.square().sum(dim=(1, 2, 3)).mean()
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"03-lazy_r1-test","points":4}
lazy_r1 = check("03.lazy_r1", lazy_r1)
### BEGIN HIDDEN TESTS
assert passed("03.lazy_r1")
### END HIDDEN TESTS

# %% [markdown]
# ## Your G, from your pieces
#
# One *layer*: modulated convolution, noise, bias, leaky ReLU. At each new size the map is doubled first (here by copying pixels; labkit's own layer filters, so that no edge is jagged).
#
# At every size a 1×1 layer makes a picture, and all pictures are doubled and *summed*: the **skip generator**. A young G can so begin with small pictures, with no need to grow the network by hand.


# %%
from itertools import pairwise

from torch import nn
from torch.nn.functional import interpolate

from labkit.nn.equalized import EqualizedLinear
from labkit.nn.modulation import channels, sides


class MyLayer(nn.Module):
    def __init__(self, inputs, outputs, style_dim, up):
        super().__init__()
        self.affine = EqualizedLinear(style_dim, inputs, bias=1.0)  # A: from w to the style
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.strength = nn.Parameter(torch.zeros(outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.up = up

    def forward(self, x, w, noise):
        x = interpolate(x, scale_factor=2.0) if self.up else x
        x = modulated_conv(x, self.weight, self.affine(w))
        # Explorers bring their own noise.
        x = add_noise(x, self.strength) if noise is None else x + self.strength[:, None, None] * noise
        return leaky_relu(x + self.bias[:, None, None], 0.2) * 2**0.5


# %% [markdown]
# And g: one layer at 4×4, two at each further size. `w` may be (B, 128), or (B, styles, 128): another w for every layer. That is all that style mixing needs.


# %%
class MySynthesis(nn.Module):
    def __init__(self, image_shape, style_dim, base, most):
        super().__init__()
        self.sides = sides(image_shape[1])
        widths = [channels(side, base, most) for side in self.sides]
        self.constant = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        pairs = [(widths[0], widths[0], False)]
        for below, width in pairwise(widths):
            pairs += [(below, width, True), (width, width, False)]
        self.layers = nn.ModuleList([MyLayer(a, b, style_dim, up) for a, b, up in pairs])
        self.pictures = nn.ModuleList([nn.Conv2d(width, image_shape[0], 1) for width in widths])
        self.styles = len(self.layers)
        self.noise_sides = [4, *(side for side in self.sides[1:] for _ in range(2))]

    def forward(self, w, noise=None):
        w = w[:, None].expand(-1, self.styles, -1) if w.dim() == 2 else w
        noise = noise or [None] * self.styles
        x, picture = self.constant.expand(len(w), -1, -1, -1), None
        for k, layer in enumerate(self.layers):
            x = layer(x, w[:, k], noise[k])
            if k % 2 == 0:  # the last layer of a size
                new = self.pictures[k // 2](x).float()
                picture = new if picture is None else new + interpolate(picture, scale_factor=2.0, mode="bilinear")
        return picture


# %% [markdown]
# The game. D and the losses of Lab 01 are labkit's (D: residual blocks, and a map that tells how varied the batch is). In training half of the images take their late layers from a second w: **mixing**, so that no layer may count on its neighbours' style.

# %%
from torch.nn.functional import softplus

from labkit.models.game import Turn
from labkit.models.stylegan import Mapping


class MyMapping(Mapping):
    def forward(self, z):
        return mapping_network(z, self.plain)

    @property
    def plain(self):
        return [lambda h, layer=layer: layer_without_activation(layer, h) for layer in self.layers]


def layer_without_activation(layer, h):
    return nn.functional.linear(h, layer.weight * layer.scale, layer.bias * layer.lr_multiplier) * 2**0.5


class MyStyleGAN(StyleGAN):
    def __init__(self, image_shape, base, most, mapping_layers=4, **options):
        super().__init__(image_shape, base=base, most=most, mapping_layers=mapping_layers, **options)
        self.mapping = MyMapping(self.latent_dim, self.style_dim, mapping_layers)
        self.synthesis = MySynthesis(image_shape, self.style_dim, base, most)

    def turns(self, batch, step):
        D, real = self.discriminator, batch["image"]
        fake = self.synthesis(self.styles(len(real)))
        with torch.autocast(self.device.type, enabled=False):  # penalties need all digits
            penalty = lazy_r1(D, real, step, self.r1, self.r1_every)
        yield Turn("discriminator", loss=softplus(-D(real)).mean() + softplus(D(fake.detach())).mean() + penalty)
        yield Turn("generator", fool=softplus(-D(fake)).mean())


# %% [markdown]
# ## Train it and watch
#
# Cost: 10 minutes at `cpu`. The run is kept in a folder: a stopped kernel goes on where it was.
#
# **What you should see** at `cpu`: after half a minute coloured clouds with dark specks (that is the noise, far too strong at first); after three, heads with hair; at the end faces with eyes and mouths, still soft. Two likely troubles: all faces from a handful of types (*What goes wrong*, no. 1), or a D loss near 0 (no. 2).

# %%
from labkit.training import train

options, settings = settings_for("stylegan", SCALE)
torch.manual_seed(0)
mine = MyStyleGAN(data.image_shape, **options)
folder = f"runs/03-stylegan-{SCALE}-{data.name.strip('/').replace('/', '_')}"
faces = train(mine, data, run=folder, **settings)
show(faces.picture(24, columns=12), "Twenty-four faces by your own G. At smoke they are still noise.")

# %% [markdown]
# Whose faces shall the rest of the notebook use? The generator that ships was trained ten times as long by the same recipe, with a wider network; its card says how. Write `"mine"` to go on with yours.

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
# ## Mix styles
#
# Now w may differ from layer to layer. **Predict**: the first four layers (4×4 and 8×8) from Anna, all others from Ben. Who gives the pose? The hair colour? The background?
#
# Move the crossover with the arrow keys.

# %%
mixing = StyleMixing(artist, rows=2, columns=4)
mixing

# %%
show(mixing.picture(), "The same without controls: a coarse, a middle and a fine crossover.")

# %% [markdown]
# **Task**: find the crossover at which hair *shape* stays with the left face and hair *colour* goes to the upper one. Is there one?
#
# Then freely: every layer from A, B or C. **Question**: which single layer changes the background? Which one changes nothing that you can see?

# %%
from labkit.metrics.judges import judge
from labkit.widgets import LayerSources

look = judge("attributes")
sources = LayerSources(artist, judge=look if data.name == "faces" else None)
sources

# %%
show(sources.picture(), "The same without buttons: A, B, then A with the layers of one size from B, small to large.")

# %% [markdown]
# "Style" is the paper's word, not the painter's. Coarse layers hold pose and the shape of head and hair, middle ones features, fine ones colours. Nobody told them so: a 4×4 map *can't* hold an iris, and a 64×64 layer comes too late to turn a head.
#
# So w is not "the style of one layer". It is one vector, and each layer reads from it what it can use.

# %% [markdown]
# ### Which attribute lives where? In numbers
#
# For each size: give its layers to another face, and ask the judge which attributes changed. **Predict**: glasses (4–8, 16–32 or 64)? Hair colour?

# %%
from labkit.widgets.mixing import layer_sides

layer_side = torch.tensor(layer_sides(artist))
n = 40 if SMOKE else 400
with torch.no_grad():
    a, b = artist.mapping(artist.latent(n, seeded(1))), artist.mapping(artist.latent(n, seeded(2)))
    fixed = artist.noise(1, seeded(0))


def named(w):
    with torch.no_grad():
        return torch.cat([look(artist.draw(part, fixed).clamp(-1, 1)) for part in w.split(100)]) > 0.5


every = a[:, None].expand(-1, len(layer_side), -1)
before, other = named(every), named(b[:, None].expand(-1, len(layer_side), -1))
moved = {}
for side in layer_side.unique().tolist():
    mixed = torch.where((layer_side == side)[:, None], b[:, None], every)
    after = named(mixed)
    moved[side] = [float((after != before)[(before != other)[:, i], i].float().mean()) for i in range(len(look.names))]
shown = ("Eyeglasses", "Smiling", "Facing_Left", "Wearing_Hat", "Blond_Hair", "Dark_Background", "Young", "Long_Hair")
print("of faces that differ, changed by layers of  " + "".join(f"{side:>6} px" for side in moved))
for name in [name for name in shown if name in look.names]:
    print(f"{name:>42}  " + "".join(f"{row[look.names.index(name)]:8.0%} " for row in moved.values()))

# %% [markdown]
# ## Truncation
#
# In Lab 02 you cut z. Here the middle of *W* is known: the mean $\bar w = \mathbb{E}_z[f(z)]$, followed in training. So draw every w nearer to it:
#
# $$w' = \bar w + ψ\,(w - \bar w) \qquad (6)$$
#
# **Predict**: what does $g(\bar w)$ look like: grey fog, or a face?

# %% [markdown]
# ### Exercise 6 · Truncation in W
# ●○○ · 10 minutes · 2 points. The dial behind every StyleGAN picture that you have seen.
#
# Write `truncate(w, w_mean, psi, layers)`: equation 6 in the first `layers` layers; the others keep their w.


# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"03-truncate"}
def truncate(w, w_mean, psi, layers):
    """w: (B, L, D). w_mean: (D,). psi: a number. layers: int, 0 to L. Returns (B, L, D)."""
    ### BEGIN SOLUTION
    return torch.cat([w_mean + psi * (w[:, :layers] - w_mean), w[:, layers:]], dim=1)
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"03-truncate-test","points":2}
truncate = check("03.truncate", truncate)
### BEGIN HIDDEN TESTS
assert passed("03.truncate")
### END HIDDEN TESTS

# %%
styles = artist.synthesis.styles
with torch.no_grad():
    w = artist.mapping(artist.latent(11, seeded(4)))[:, None].expand(-1, styles, -1)
    rows = [artist.draw(truncate(w, artist.mapping.mean, psi, styles), fixed) for psi in (-0.7, 0.0, 0.5, 1.0)]
show(
    torch.cat(rows),
    "Rows: ψ = −0.7, 0, 0.5, 1. At 0 everybody is the mean face; below 0 each is an opposite.",
    columns=11,
)

# %%
from labkit.widgets import Truncation

truncation = Truncation(artist)
truncation

# %%
show(truncation.picture(), "The same without controls: six values of ψ.")

# %% [markdown]
# The mean of *pictures* is fog. The picture of the mean w is a face: W is no space of pixels.
#
# **Question**: most StyleGAN faces on the web use ψ = 0.5 to 0.7. What is missing in them?
#
# <details><summary>Answer</summary>Whatever is rare: hats, odd poses, unusual hair. Quality rises, variety falls. FD is measured at ψ = 1.</details>

# %% [markdown]
# ## What is chance?
#
# The third explorer: one w, and noise. **Predict**: with the noise off at all sizes, is the face worse? Where in the picture will two draws of the noise differ: eyes, hair, background?

# %%
from labkit.widgets import NoiseLayers

chance = NoiseLayers(artist)
chance

# %%
show(
    chance.picture(),
    "The same without controls. Columns: no noise, noise, difference × 8, where it varies. First row: noise everywhere; then at 4, 8 … 64 px alone.",
)

# %% [markdown]
# The right picture is white where draws differ. Built-in faces have grain, strands and freckles that nothing in the face decides: those went to the noise. Glasses are not up to chance, and don't flicker.

# %% [markdown]
# ## Z against W
#
# The claim (2019, section 4): in W, what faces differ in is *more linear* and *less entangled* than in Z. No photo set could test it exactly: there the attributes themselves are guesses. Here they are known.
#
# First by hand. The same face, one step along the same attribute's direction, in Z and in W. **Predict**: which side changes more of what it should not?

# %%
from labkit.models.spaces import w_space, z_space
from labkit.nn.directions import Directions

Z, W = z_space(artist), w_space(artist)
m = 500 if SMOKE else 6000
z = Z.latent(m, seeded(6))
with torch.no_grad():
    w = artist.mapping(z)
    said = torch.cat([look(W.draw(part)) for part in w.split(500)])
share = (said > 0.5).float().mean(0)
VARIED = [name for name, part in zip(look.names, share) if 0.05 < part < 0.95]
if len(VARIED) < 4:
    print("The judge sees the same in nearly all of these faces: train longer. Until then the surer half is 'with'.")
    said, VARIED = (said > said.median(0).values).float(), list(look.names)
columns = [look.names.index(name) for name in VARIED]
in_z, in_w = (Directions.fit(latent, said[:, columns], VARIED) for latent in (z, w))
CHOSEN = [name for name in ("Eyeglasses", "Smiling", "Wearing_Hat", "Facing_Left", "Young", *VARIED) if name in VARIED][
    :5
]
print(f"{len(VARIED)} of {len(look.names)} attributes vary; we use {', '.join(CHOSEN)}")

# %% [markdown]
# How long is a fair step? In each space we take the shortest one that gives the attribute to 85 of 100 *other* faces.

# %%
from labkit.faces import ONE_OF
from labkit.metrics.edits import Edits

groups = [[name for name in group if name in look.names] for group in ONE_OF]
meters = {space.name: Edits(space.draw, look, look.names, [g for g in groups if g]) for space in (Z, W)}
some = {space.name: space.latent(40 if SMOKE else 200, seeded(7)) for space in (Z, W)}


def fair(space, directions, name):
    length = float((some[space.name] - some[space.name].mean(0)).norm(dim=1).mean())
    tried = [length * k / 8 for k in ((4, 8) if SMOKE else range(1, 13))]
    try:
        return meters[space.name].choose_amount(
            name, directions.vector(name), some[space.name], aim=0.85, amounts=tried
        )
    except UserError:  # all of them have it
        return length


amounts = tuple({name: fair(space, one, name) for name in CHOSEN} for space, one in ((Z, in_z), (W, in_w)))

# %%
from labkit.widgets import TwoSpaces

both = TwoSpaces(Z, W, (in_z, in_w), CHOSEN, amounts=amounts, judge=look)
both

# %%
show(both.picture(), "The same without controls: each attribute in Z, then in W, from −1.5 to 1.5 steps.")

# %% [markdown]
# One face proves nothing. In numbers, on fresh faces: **success** of the step, and **kept**, the share of the other attributes that stay.

# %%
fresh = {space.name: space.latent(60 if SMOKE else 400, seeded(8)) for space in (Z, W)}
print("attribute         space   success  kept")
for name in CHOSEN:
    for space, directions, steps in ((Z, in_z, amounts[0]), (W, in_w, amounts[1])):
        try:
            edit = meters[space.name].measure(name, directions.vector(name), steps[name], fresh[space.name])
            print(f"{name:<16}  {space.name:<6}  {edit.success:6.0%}  {edit.kept:5.0%}")
        except UserError as error:
            print(f"{name:<16}  {space.name:<6}  {error}")

# %% [markdown]
# Compare *kept* within a pair, where success is about equal. (The README's table has all attributes, with three draws of latents.)

# %% [markdown]
# ### Linear separability
#
# The paper's own test (section 4.2). A plane in the space, for each attribute: how much do we still not know of the attribute, once we know the side of the plane? $H(Y|X)$ is 0 for a perfect plane. The score is $\exp \sum_i H(Y_i | X_i)$: 1 is perfect.
#
# **Predict**: in which space is it smaller?

# %%
from labkit.metrics.separability import separability

if SMOKE:
    print(f"{m} faces are too few for planes in 128 dimensions: read nothing into these figures.")
for name, latent in (("Z", z), ("W", w)):
    try:
        found = separability(latent, said, look.names)
        print(
            f"{name}: separability {found.score:6.2f} over {len(found.entropies)} attributes; the planes are right for "
            f"{found.accuracy:.0%} (50 % is chance); a linear fit explains {found.explained:.0%} of the logits"
        )
    except ValueError as error:
        print(f"{name}: {error}")

# %% [markdown]
# ### Perceptual path length
#
# The other test (section 4.1): walk between two latents in tiny steps, and sum how much the picture changes.
#
# $$\text{PPL} = \mathbb{E}\Big[\tfrac{1}{ε^2}\, d\big(G(x(t)),\, G(x(t + ε))\big)\Big] \qquad (7)$$
#
# In Z along the arc (your slerp), in W along the line. The paper's $d$ is a network trained on photographs (LPIPS). Ours is the squared distance of the judge's features, so figures compare with each other only.
#
# **Predict**: a long path is a bad one. Why? In which space is it longer?

# %%
from labkit.metrics.paths import path_length

paths = 60 if SMOKE else 1000
for space in (Z, W):
    a, b = space.latent(paths, seeded(9)), space.latent(paths, seeded(10))
    found = path_length(space.generator, a, b, arc=space is Z)
    ends = path_length(space.generator, a, b, arc=space is Z, between=False)
    print(f"{space.name}: PPL {found.mean:7.1f} (median {found.median:.1f}); at the paths' ends {ends.mean:7.1f}")

# %% [markdown]
# A path that is longer than it needs to be passes through things that neither end has: a hat that comes and goes.
#
# Careful with "W wins": a *line* in W may pass through places where no f(z) lies, and the paper itself (table 4) found that a deeper f can make the whole path longer and only the ends shorter. Write down what *you* found, and how large the difference is.

# %% [markdown]
# ## Directions that nobody labelled
#
# No judge, no labels: can we still find what matters?
#
# - **GANSpace** (Härkönen et al. 2020): principal components of many w. What varies most comes first.
# - **SeFa** (Shen & Zhou 2021): no samples at all. A style is $A w + b$. The n for which $\lVert A n \rVert$ is largest changes styles the most: the first eigenvector of $A^{\mathsf T} A$.
#
# **Predict**: will the first direction be one thing (age), or a mixture?

# %%
from labkit.nn.unsupervised import principal_directions, sefa
from labkit.widgets import Unlabelled

components, spread = principal_directions(w)
parts = [getattr(one, "convolution", one) for one in artist.synthesis.layers]  # yours have A in the layer itself
affine = torch.cat([one.affine.weight for one in parts])
closed, strength = sefa(affine)
print(
    f"the first 10 of {len(spread)} components hold {float(spread[:10].square().sum() / spread.square().sum()):.0%} of W's variance"
)
unlabelled = Unlabelled(artist, {"GANSpace": components, "SeFa": closed})
unlabelled

# %%
show(unlabelled.picture(4), "The same without controls: the first four directions of each, from −2.5 to 2.5 σ.")

# %% [markdown]
# **Task**: find three directions that you can name, in layers of your choice ("hair colour, layers 6 to 9"). Type the name, press *keep it*. Then check it on other faces: your name is a guess until then. `unlabelled.named` holds what you kept.

# %%
mine_named = unlabelled.named or {}
people = unlabelled.styles.new(6)
for name in mine_named:
    with torch.no_grad():
        changed = unlabelled.styles.draw(unlabelled.apply(people, name, 2.0))
        show(
            torch.cat([unlabelled.styles.draw(people), changed]),
            f"Above: six new faces. Below: plus 2 σ of “{name}”.",
            columns=6,
        )
print(f"you have named {len(mine_named)} directions")

# %% [markdown]
# ## Find a given face, and edit it
#
# As in Lab 02: descend on the latent until G draws the wanted face. In W this is easier: w may be any vector, but then it can leave the places where styles lie, and edits stop working there. So we search in W *whitened*: 0 is the mean, 1 is a usual distance.
#
# **Predict**: which come back best: training faces, new faces, or G's own?

# %%
from labkit.models.spaces import whitened_space
from labkit.nn.inversion import invert

try:
    fresh_real = labkit.data.open(DATA, split="test", **({"count": 64} if DATA == "faces" else {}))
except UserError as error:
    fresh_real = data
    print(f"{error}: the training set's own pictures stand in for new ones.")
white = whitened_space(artist, 1000 if SMOKE else 10_000)
k = 2 if SMOKE else 4
wanted = {
    "training": data.tensor(range(k))["image"],
    "new": fresh_real.tensor(range(k))["image"],
    "G's own": artist.sample(k, generator=seeded(11)),
}
target = torch.cat([images.contiguous() for images in wanted.values()])
found = invert(white.generator, target, white.latent_dim, starts=1 if SMOKE else 2, steps=10 if SMOKE else 150)
error = (found.image - target).square().flatten(1).mean(1).sqrt()
print("pixel error:", ", ".join(f"{name} {part.mean():.3f}" for name, part in zip(wanted, error.split(k))))
show(
    torch.cat([target, found.image]),
    f"Above: {k} training faces, {k} new ones, {k} of G's own. Below: what W has.",
    columns=3 * k,
)

# %% [markdown]
# Now the found w can be edited like any other. The sliders begin at a face that G never saw.

# %%
from labkit.widgets import Sliders

start = white.to_style(found.latent[k : k + 1])
edit = Sliders(W, in_w, CHOSEN, amounts=amounts[1], judge=look, start=start)
edit

# %%
show(edit.picture(), "The same without sliders: each attribute, from less to more, from the found face.")

# %% [markdown]
# ## Measure it
#
# **FD-faces** against faces that training never saw, at equal N. **Predict**: the StyleGAN that ships against the DCGAN that ships. By which factor?

# %%
from labkit.metrics import score

if data.name == "faces":
    n = 200 if SMOKE else 2000
    scored = {"the artist": score(artist.sample, data, n=n)}
    with faces.averages.in_place(faces.game):
        scored["your own G"] = score(faces.game.sample, data, n=n)
    try:
        scored["the DCGAN that ships"] = score(load_game("dcgan-faces")[0].sample, data, n=n)
    except UserError as error:
        print(error)
    print(scored["the artist"].table())
    for name, one in scored.items():
        print(f"{name:>21}: FD-faces {one.value:6.2f}, precision {one.precision:.2f}, recall {one.recall:.2f}")
else:
    print(f"FD-faces looks at the built-in faces; for {data.name} use your eyes, and labkit.metrics with Inception.")

# %% [markdown]
# Two ways to be fair: *equal images* (what does the architecture learn from the same data?) and *equal minutes* (what does a student with ten minutes get?). StyleGAN's step is several times as dear. The README has both figures, and says which is which.

# %% [markdown]
# And ψ. **Predict**: at ψ = 0.7, do precision and recall rise or fall? And FD?

# %%
if data.name == "faces":
    for psi in (1.0, 0.7, 0.4):
        one = score(artist.sample(n, generator=seeded(3), psi=psi), data, n=n)
        print(f"ψ = {psi}: FD-faces {one.value:6.2f}, precision {one.precision:.2f}, recall {one.recall:.2f}")

# %% [markdown]
# ## On real photographs
#
# Change one word: `DATA = "celeba"` (202,599 photographs of known people, 1.4 GB; the card in `datasets/` says where from, and on what terms). Or the path of a folder. The notebook then plays with your own generator; the judge learned from drawn faces, so read its words with care, or take `Probe` from Lab 02.
#
# Expect at `cpu`: coloured ovals with hair. At `gpu`, after an hour: faces. For few photographs (under 5,000) add `augment=["colour", "translation"]` to the options: D then can't learn them by heart.
#
# These are pictures of people, who did not agree to your experiment. Don't publish edits of them.

# %%
print(data, "·", len(data.skipped), "files skipped")

# %% [markdown]
# ## What goes wrong, and why
#
# Three failures. Each: cause it, see its number move, mend it. Small games: 32 px, 2,000 faces, narrow nets. Cost: one minute each at `cpu`.


# %%
few = labkit.data.open("faces", size=32, fields=("image",), count=256 if SMOKE else 2000)
new = labkit.data.open("faces", size=32, fields=("image",), count=256 if SMOKE else 1000, split="test")
NARROW = {**options, "base": 256 if SMOKE else 512, "most": 16 if SMOKE else 64, "mixing": 0.5}


def small(minutes=1.0, optimizers=None, **changed):
    torch.manual_seed(0)
    game = StyleGAN((3, 32, 32), **{**NARROW, **changed})
    length = {"steps": 4, "previews": 1} if SMOKE else {}
    own = {**settings, "minutes": None if SMOKE else minutes, "images": None, "steps": None, "batch": 16, **length}
    return train(game, few, **{**own, "average_images": 5_000, "optimizers": optimizers or settings["optimizers"]})


def variety(images):
    return float(torch.pdist(images.float().flatten(1)).mean())


REAL = variety(few.tensor(range(128))["image"])


def report_on(title, run):
    from labkit.metrics.judges import fd_faces

    number = 200 if SMOKE else 1000
    samples = run.sample(number, seed=1)
    game, x = run.game, few.tensor(range(64))["image"].to(run.game.device)
    with torch.no_grad():
        real, fake = game.discriminator(x).mean(), game.discriminator(samples[:64].to(x.device)).mean()
    print(
        f"{title:>24}: gap {float(real - fake):6.2f}, variety {variety(samples[:128]) / REAL:.2f}, "
        f"FD-faces {fd_faces(samples, new.images(number)):.1f}"
    )


# %% [markdown]
# ### 1 · The mapping network at full speed
#
# f learns at a *hundredth* of the usual rate (the option `mapping_rate`). **Predict**: what happens at the full rate?

# %%
fast, slow = small(mapping_rate=1.0), small()
report_on("f at full rate", fast)
report_on("mended: a hundredth", slow)
show(
    torch.cat([fast.sample(12, 2), slow.sample(12, 2)]), "Above: f at the full rate. Below: at a hundredth.", columns=12
)

# %% [markdown]
# f is a chain of layers in front of *everything*: a small change of f moves all styles of all layers at once. At full rate it jumps from answer to answer, and all z may land on a few w: faces of a few types. Slow f, quick g: g always plays against nearly the same W.

# %% [markdown]
# ### 2 · D too fast
#
# **Predict**: D at ten times its rate. Gap? Variety?

# %%
from labkit.training import Adam

rates = settings["optimizers"]
hasty = {**rates, "discriminator": Adam(10 * rates["discriminator"].lr, rates["discriminator"].betas)}
unstable = small(optimizers=hasty)
report_on("D ten times as fast", unstable)
report_on("mended: as in the recipe", slow)
show(torch.cat([unstable.sample(12, 2), slow.sample(12, 2)]), "Above: a hasty D. Below: as in the recipe.", columns=12)

# %% [markdown]
# The lazy penalty comes every 16th step. In between a hasty D may run away, and nobody holds it. So lazy R1 and D's rate belong together: who raises the one must ask more often for the other (`r1_every=4`).

# %% [markdown]
# ### 3 · The droplet, alive
#
# The first paper's generator is one option away: `generator="adain"`. The number to watch: how far the highest peak of a map lies from its mean, in standard deviations. Of 1,024 normal numbers about 3.5.


# %%
@torch.no_grad()
def peaks(run):
    found, hooks = [], []
    networks = run.averages.modules
    for layer in networks["synthesis"].layers:
        hooks.append(layer.register_forward_hook(lambda _, __, out: found.append(out.flatten(2))))
    networks["synthesis"](networks["mapping"](run.game.cpu().latent(32, seeded(0))))
    for hook in hooks:
        hook.remove()
    heights = [(h - h.mean(2, keepdim=True)).abs().amax(2) / h.std(2).clamp(min=1e-3) for h in found]
    return [float(height.amax()) for height in heights]


first_paper = small(generator="adain")
report_on("AdaIN", first_paper)
report_on("modulated convolution", slow)
for title, run in (("AdaIN", first_paper), ("modulated", slow)):
    print(f"{title:>24}: highest peak of each layer " + " ".join(f"{peak:5.1f}" for peak in peaks(run)))

# %% [markdown]
# A minute is short for a droplet to grow: the paper saw it from 64×64 on, in long trainings. What is there already is the *reason*: with AdaIN a peak pays, and G may use it. If your peaks are alike, say so; then the honest sentence is "not seen in one minute".

# %% [markdown]
# ## Five questions
#
# Answer without the computer, then unfold.
#
# <details><summary>1. Multiply a style by 7. What does a demodulated convolution give?</summary>The same (up to ε): the norm takes the 7 out again. Only the <i>ratios</i> of a style's numbers count.</details>
# <details><summary>2. Why does the 1×1 layer that makes the picture have no demodulation?</summary>Its output is no map for a further layer but colour: there the size must be free.</details>
# <details><summary>3. With ψ = 0 and the noise on: are all pictures equal?</summary>All have the mean face; noise still moves hairs and grain.</details>

# %% [markdown]
# <details><summary>4. A direction in W changes the age and the hair. Is W entangled?</summary>Perhaps; or in the data old people have grey hair, and then no space can know better. Built-in faces are drawn with every factor on its own, so here the excuse does not count.</details>
# <details><summary>5. Lazy R1 with `every = 16`, but without the factor 16. What is γ in effect?</summary>γ / 16: D is held back by a sixteenth.</details>

# %% [markdown]
# ## Three experiments
#
# 1. **2 minutes**: `small(mixing=0.0)`: mix styles with it by hand. Do the layers still part the work?
# 2. **10 minutes**: `mapping_layers` 1, 2, 4, 8 in the small game: how do separability in W and PPL change?
# 3. **30 minutes**: path-length regularisation (`path_length=2.0`) for the small game, three seeds each: is PPL in W shorter, and what does FD say?

# %% [markdown]
# ## The papers and this page
#
# | Karras et al. 2019, 2020 | here |
# |---|---|
# | W is more linear than Z (separability, PPL) | the cells *Z against W*; all figures in the README |
# | FID far below the baseline's at equal training | FD-faces against DCGAN at equal images and equal minutes: README |
# | noise makes stochastic detail only | *where it varies*: grain and hair |
# | droplets come from instance norm | the spike's arithmetic; peaks after a minute |
# | R1 every 16 steps does no harm | used throughout |

# %% [markdown]
# **Departures**: 64 px and at most 256 channels (paper: 1,024 px and 512); f with 4 layers of 128 (8 of 512); hundreds of thousands of images in place of 25 million; no path-length regularisation by default; rates two to three times the paper's; the judge's features in place of LPIPS. Your own G doubles maps without a filter. So figures show directions, not limits.

# %% [markdown]
# ## Who uses this, and who misuses it
#
# Used: the standard of face synthesis from 2019 to 2022, and the base of most face editing since; synthetic data where real faces may not be shared; design of avatars, shoes, rooms. Misused: profile pictures of nobody, by the thousand, for networks of fake accounts; "what will your child look like" apps that keep the photographs; edits of real people without asking.
#
# Detectors learned StyleGAN's traces well (the droplet was one). They know little of the next method's. A mark that says "synthetic" is worth more than a detector.

# %% [markdown]
# **References**: Huang & Belongie 2017 (AdaIN) · Karras et al. 2018 (progressive growing, pixel norm, equalised rates) · Mescheder, Geiger & Nowozin 2018 (R1) · Brock, Donahue & Simonyan 2019 (truncation) · Karras, Laine & Aila 2019 (StyleGAN) · Karras et al. 2020 (StyleGAN2) · Karras et al. 2020 (ADA) · Zhao et al. 2020 (DiffAugment) · Härkönen et al. 2020 (GANSpace) · Zhu et al. 2020 (P-norm space) · Shen & Zhou 2021 (SeFa)

# %%
from labkit.widgets import keep

with torch.no_grad():
    crowd = torch.cat([mixing.images(crossover=4)])
print(
    "kept as",
    keep(
        crowd,
        "my_styles.png",
        "Faces of two kinds of parents: shape from the left, style from above.",
        columns=mixing.columns,
    ),
)

# %% [markdown]
# How much of it was yours?

# %%
report("03")
