"""Does a CycleGAN hide its source in what it draws (Chu et al. 2017)? Faces to grey pictures and back, without pairs.

Grey has no room for colours, the cycle loss wants them back, and D would see them written plainly.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit import data as datasets
from labkit.data.dataset import Dataset
from labkit.evaluation import in_chunks
from labkit.metrics.translation import levels_off
from labkit.models.cyclegan import CycleGAN
from labkit.pictures import save_grid
from labkit.training import Adam, train

SIDE, TRAINED, NEW = 32, 8_000, 300
NOISES = (0, 2, 5, 10, 20)
"""Added to the grey picture before it is read, in grey levels."""


def grey(pictures: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 3) → the same without colours (ITU-R BT.601)."""
    return (pictures @ np.array([0.299, 0.587, 0.114]) + 0.5).astype(np.uint8)[..., None].repeat(3, -1)


def whisper(minutes: float = 6.0, sheet: Path | None = None, **settings: Any) -> dict[str, Any]:
    """Train one as Lab 05 does; how far the way back is from the face, from its own grey pictures and from true ones.

    Args:
        minutes: of training.
        sheet: where to put faces, grey pictures and ways back as a picture.
        settings: other ones of `train`.
    """
    pictures = np.asarray(datasets.open("faces", size=SIDE, count=TRAINED).fields["image"])
    strangers = grey(pictures)[np.random.default_rng(0).permutation(len(pictures))]
    torch.manual_seed(0)
    game = CycleGAN((3, SIDE, SIDE), width=16, blocks=2, critic_width=32, patch=2, downs=1, norm="none")
    given = {"minutes": minutes, "batch": 8, "optimizers": Adam(1e-3), "precision": "float32", "channels_last": False}
    data = Dataset("colour and grey", {"image": pictures, "other": strangers})
    run = train(game, data, **{**given, "progress": "none", **settings})
    artist = run.game.eval()
    assert isinstance(artist, CycleGAN)

    held_out = np.asarray(datasets.open("faces", size=SIDE, split="test", count=NEW).fields["image"])
    faces, plain = (torch.from_numpy(p).permute(0, 3, 1, 2).float() / 127.5 - 1 for p in (held_out, grey(held_out)))
    with torch.no_grad():
        sent = artist.translate(faces)
    noise = torch.randn(sent.shape, generator=torch.Generator().manual_seed(0)) / 127.5

    def back(pictures: Tensor, strength: float) -> Tensor:
        noisy = (pictures + strength * noise).clamp(-1, 1)
        return in_chunks(lambda some: artist.translate(some, back=True), noisy).float() / 127.5 - 1

    if sheet:
        rows = (faces, sent, plain, back(sent, 0), back(sent, 10), back(plain, 0))
        save_grid(torch.cat([row[:12] for row in rows]), sheet, columns=12)
    return {
        "images": run.images,
        "minutes": run.seconds / 60,
        "noise": list(NOISES),
        "own": [levels_off(back(sent, strength), faces) for strength in NOISES],
        "true": [levels_off(back(plain, strength), faces) for strength in NOISES],
        "apart": levels_off(sent, plain),
    }
