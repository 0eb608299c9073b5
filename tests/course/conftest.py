# ruff: noqa: E501
"""A small checkout with one master, as the real ones are written."""

import pytest

MASTER = '''\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # A tiny lab

# %%
import torch
from torch.nn.functional import softplus

from labkit.course import check, passed, report

# %% [markdown]
# ## Exercise · The discriminator's loss
# ●○○ · 5 minutes · 2 points. D must learn from both.
#
# Write `discriminator_loss(real_logits, fake_logits)`.

# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"01-discriminator_loss"}
def discriminator_loss(real_logits, fake_logits):
    """Logits of any shape → a scalar."""
    ### BEGIN SOLUTION
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"01-discriminator_loss-test","points":2}
discriminator_loss = check("01.discriminator_loss", discriminator_loss)
### BEGIN HIDDEN TESTS
assert passed("01.discriminator_loss")
### END HIDDEN TESTS

# %% [markdown]
# ## Exercise · The generator's loss
# ●○○ · 5 minutes · 2 points.

# %% nbgrader={"schema_version":3,"grade":false,"locked":false,"solution":true,"task":false,"grade_id":"01-generator_loss"}
def generator_loss(fake_logits):
    """Logits of any shape → a scalar."""
    ### BEGIN SOLUTION
    return softplus(-fake_logits).mean()
    ### END SOLUTION


# %% nbgrader={"schema_version":3,"grade":true,"locked":true,"solution":false,"task":false,"grade_id":"01-generator_loss-test","points":2}
generator_loss = check("01.generator_loss", generator_loss)
### BEGIN HIDDEN TESTS
assert passed("01.generator_loss")
### END HIDDEN TESTS

# %%
assert generator_loss(torch.zeros(3)) < 1
report("01")
'''

PROJECT = """\
[project]
name = "labkit"
dependencies = ["torch>=2.5", "numpy>=1.26", "tqdm>=4.66", "pillow>=10", "tomli>=2; python_version < '3.11'"]

[project.urls]
Repository = "https://github.com/somebody/some-course"
"""


@pytest.fixture
def root(tmp_path):
    """A checkout with pyproject.toml and solutions/01_tiny.py."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "solutions/01_tiny.py").write_text(MASTER, encoding="utf-8")
    return tmp_path
