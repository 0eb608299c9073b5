# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Lab 00 · Start here
#
# Five minutes. At the end you have a network on this page that writes any digit you ask for, and you have trained a first one of your own.
#
# **Cost**: no account, no GPU; the only download (12 MB) is optional. *Run All* takes under a minute.
#
# **What to know first**: some Python. If you have seen a neural network being trained once, that is enough.

# %% [markdown]
# ## A game of two networks
#
# A *generative adversarial network* (GAN) is two networks that play against each other (Goodfellow et al., 2014).
#
# The **generator** G gets random numbers z and draws an image G(z). The **discriminator** D gets an image and gives it a score: high for "real", low for "fake". D learns to tell them apart. G learns to draw images that D calls real.
#
# Before you run the next cell, guess: does G ever see a real image?

# %%
from labkit.widgets import DrawMe, show, two_players

two_players()

# %% [markdown]
# No. Follow the arrows: real images go to D only. All that G ever gets is a gradient, which says how each pixel of its fake should change so that D's score rises. From that alone it learns to write.

# %% [markdown]
# ## A network that already writes
#
# A trained generator (a *checkpoint*: its saved weights) ships with labkit. It was told, for each image, which digit was meant: a *conditional* GAN. You will build one in Lab 01.

# %%
import torch

from labkit.recipes import load_game

writer, card = load_game("cgan")
seeds = torch.Generator().manual_seed(0)
show(writer.sample(50, generator=seeds), "Fifty drawings: five of each digit, every row starts at 0.", columns=10)

# %% [markdown]
# None of these was ever written by a hand. Each comes from 64 random numbers, the *latent* z, and the *class*, the digit that was asked for.
#
# Now move the sliders. With the keyboard: Tab to a slider, then the arrow keys. What changes when you change the *hand*, and what stays?

# %%
explorer = DrawMe(writer)
explorer

# %% [markdown]
# The *hand* moves z round a circle; the class stays, while slant, weight and shape change. Nobody told the network what slant is.
#
# No sliders on your screen? This picture shows the same: a row for each digit, a column for each hand.

# %%
show(explorer.picture(), "Ten rows, the digits 0 to 9. Along a row the digit stays and the handwriting changes.")

# %% [markdown]
# ## How long should things take? You decide
#
# Every lab has one cell like the next. `SCALE` rules the whole notebook.
#
# | scale | for | a training takes |
# |---|---|---|
# | `"smoke"` | seeing that everything runs | seconds; the pictures stay bad |
# | `"cpu"` | a laptop | 2 to 5 minutes |
# | `"gpu"` | a free Colab GPU | a few minutes, better pictures |
# | `"paper"` | the sizes of the original | long |
#
# Change it, then *Run All* again.

# %%
import os

SCALE = os.environ.get("LABKIT_SCALE", "smoke")  # "smoke", "cpu", "gpu" or "paper"

# %% [markdown]
# ## A training of your own
#
# Cost: seconds at `smoke`, two minutes at `cpu`. Real handwritten digits (MNIST) are used where they can be had, about 12 MB; otherwise labkit draws digits itself.
#
# **What you should see**: grey noise, then blobs, then strokes, then digits. Both loss curves wobble and neither goes to zero: each network's progress is the other's trouble. If the picture stays grey, the scale is still `smoke`.

# %%
from labkit.recipes import train_lab

length = {} if SCALE == "smoke" else {"minutes": 2}
run = train_lab("dcgan", scale=SCALE, run=f"runs/start-{SCALE}", **length)
show(run.picture(36, columns=12), "Thirty-six samples of your own generator. At smoke: still noise.")

# %% [markdown]
# ## Stopped? Go on
#
# Colab disconnects, laptops sleep. A run folder holds everything that the next step depends on. Run the cell above again: it finds the checkpoint and goes on, bit for bit as if nothing had happened. It asks for another folder when you change the data or the model.
#
# On Colab, put the folder on your Drive, so that it outlives the machine: `run="/content/drive/MyDrive/runs/start"`.

# %%
print(f"{run.step} steps, {run.images} images, {run.seconds:.0f} s of training, kept in {run.folder}")

# %% [markdown]
# ## How exercises work
#
# You write a function; `check` runs it on small cases and says what it *does*. Here is one, answered wrongly on purpose: a walk from a to b in latent space that should follow an arc.
#
# If you are stuck, `hint("01.slerp")` shows one hint after another. Nothing is lost by skipping: `check` then returns the reference answer, says so, and the notebook goes on.

# %%
from labkit import course
from labkit.course import hint


def slerp(a, b, t):
    return a + t * (b - a)


slerp = course.check("01.slerp", slerp)

# %% [markdown]
# ## What the labs are
#
# | lab | you make | ready |
# |---|---|---|
# | 00 | this page | yes |
# | 01 | a GAN that draws digits, from two losses to a conditional DCGAN | yes |
# | 02 | faces with DCGAN, and arithmetic on them | yes |
# | 03 | StyleGAN: shape from one face, colours from another | yes |
# | 04 | pix2pix: paint a map, and a face is drawn | yes |
# | 05 | CycleGAN: faces and cartoons, without pairs | yes |
# | 06 … | region styles, makeup, face swap, caricature, pen portraits | in preparation |
#
# Each has the same ten parts, and each ends by measuring what was made.

# %% [markdown]
# ## Where to work
#
# **Colab, Kaggle**: the badge at the top opens this notebook there; its set-up cell installs labkit beside the torch that is there, and says how to switch the GPU on.
#
# **Your machine**: `make lab`, or `python -m labkit lab`. Your copies lie in `work/`, and are never overwritten.
#
# **Two GPUs**, as on Kaggle: `labkit.training.launch(["dcgan", "--scale=gpu"], processes=2)` trains on both.
#
# What does this machine have?

# %%
from labkit.doctor import main as doctor

_ = doctor()

# %% [markdown]
# Next: [Lab 01](01_gan_basics.ipynb), where you write both losses yourself.
