"""Games and data that train in a second."""

import hashlib
import multiprocessing
import os
import signal
import time

import numpy as np
import torch
from torch import nn

from labkit.data.dataset import Dataset
from labkit.models.dcgan import dcgan
from labkit.models.gan import GAN
from labkit.training import train

SHAPE = (1, 8, 8)


def data(n: int = 96) -> Dataset:
    """Bright squares somewhere on a dark ground."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 40, (n, 8, 8, 1), np.uint8)
    for image in images:
        top, left = rng.integers(0, 5, 2)
        image[top : top + 4, left : left + 4] = 200
    return Dataset("squares", {"image": images, "label": np.arange(n) % 10}, classes=tuple("0123456789"))


def convolutional(**options) -> GAN:
    torch.manual_seed(5)
    return dcgan(SHAPE, latent_dim=6, width=8, **options)


def plain(**options) -> GAN:
    """No batch norm, no dropout: every image is treated alone, so several processes can equal one."""
    torch.manual_seed(5)
    generator = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 64), nn.Tanh(), nn.Unflatten(1, SHAPE))
    critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1), nn.Flatten(0))
    return GAN(generator, critic, latent_dim=6, image_shape=SHAPE, **options)


def quick(game, run=None, **settings):
    options = {"steps": 6, "batch": 8, "threads": 1, "progress": "none", "precision": "float32", "log_steps": 4}
    return train(game, data(), run=run, **{**options, **settings})


def digest(state) -> str:
    """A hash of every tensor and number in nested dictionaries, bit for bit, in any memory format."""
    found = hashlib.sha256()

    def visit(value):
        if isinstance(value, dict):
            for key in value:
                found.update(repr(key).encode())
                visit(value[key])
        elif isinstance(value, list | tuple):
            for item in value:
                visit(item)
        elif torch.is_tensor(value):
            found.update(value.detach().contiguous().numpy().tobytes())
        else:
            found.update(repr(value).encode())

    visit(state)
    return found.hexdigest()


def fork(work, *arguments) -> multiprocessing.Process:
    """A child with torch already imported, so that it can be killed within milliseconds."""
    child = multiprocessing.get_context("fork").Process(target=_quiet, args=(work, *arguments))
    child.start()
    return child


def _quiet(work, *arguments):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    work(*arguments)


def finish(child: multiprocessing.Process, seconds: float = 120) -> int:
    child.join(seconds)
    if child.exitcode is None:
        child.kill()
        raise AssertionError("the child hangs")
    return child.exitcode


def wait_for(condition, seconds: float = 60) -> None:
    start = time.perf_counter()
    while not condition():
        assert time.perf_counter() - start < seconds, "waited in vain"
        time.sleep(0.002)
