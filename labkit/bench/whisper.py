"""Does a CycleGAN hide its source in what it draws (Chu et al. 2017)? The way back tells, with noise on what was drawn.

Faces to cartoons leave little to hide. Grey has no room for colours, the cycle loss wants them back, and D would see
them written plainly.
"""

import statistics
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from labkit import data as datasets
from labkit.bench.runs import trained
from labkit.data.domains import GREY, two_domains
from labkit.evaluation import in_chunks, true_pairs
from labkit.metrics.translation import levels_off
from labkit.models.cyclegan import CycleGAN
from labkit.pictures import save_grid
from labkit.recipes import load_game
from labkit.training import Adam

SIDE, N = 32, 500
NOISES = (0, 2, 5, 10, 20)
"""Added to what F reads, in grey levels."""
GAME = {"other": GREY, "blocks": 2, "adversarial": 2.0, "downs": 1, "norm": "none"}
"""Options beside those of scale `cpu`."""
LENGTH = {"minutes": 6.0, "batch": 8, "optimizers": Adam(1e-3), "precision": "float32"}
"""Settings; bfloat16 has eight bits, and would round a whisper away."""


def back(game: CycleGAN, pictures: Tensor, strength: float) -> Tensor:
    """F of pictures (N, C, H, W) in [−1, 1] with so many grey levels of noise, uint8."""
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0)) / 127.5
    return in_chunks(lambda some: game.translate(some, back=True), (pictures + strength * noise).clamp(-1, 1))


def sent(game: CycleGAN, a: Tensor) -> Tensor:
    """G(a) as it would be saved, in 8 bits: (N, C, H, W) in [−1, 1]."""
    return in_chunks(game.translate, a).float() / 127.5 - 1


def ways_back(game: CycleGAN, a: Tensor, b: Tensor) -> dict[str, list[float]]:
    """How far F is from a, in grey levels: from `own`, which is G(a), and from the `true` b, which hides nothing."""
    sides = {"own": sent(game, a), "true": b}
    lost = {name: [levels_off(back(game, side, noise), a) for noise in NOISES] for name, side in sides.items()}
    return {"noise": [float(noise) for noise in NOISES], **lost}


def whisper(
    sheet: Path | None = None, keep: bool = False, seeds: tuple[int, ...] = (0, 1, 2), **settings: Any
) -> dict[str, Any]:
    """CycleGANs between faces and grey pictures of other people, as Lab 05 trains one; means over the seeds.

    Args:
        sheet: where to put the first one's faces, grey pictures and ways back as a picture.
        keep: see `labkit.bench.runs.trained`.
        seeds: of the trainings.
        settings: other ones of `train_lab`.
    """
    data = two_domains(datasets.open("faces", size=SIDE), GREY)
    a, b = true_pairs("faces", SIDE, GREY, N)
    each = []
    for seed in seeds:
        given = {"data": data, "scale": "cpu", "seed": seed, "change": GAME, **LENGTH, **settings}
        made = trained("cyclegan", f"cyclegan-grey-{seed}", keep, **given)
        game, _ = load_game(made["folder"])
        assert isinstance(game, CycleGAN)
        each.append({**made, **ways_back(game, a, b), "apart": levels_off(sent(game, a), b)})
        print(each[-1], flush=True)
        if sheet and seed == seeds[0]:
            drawn = sent(game, a[:12])
            ways = (back(game, pictures, noise) for pictures, noise in ((drawn, 0), (drawn, 10), (b[:12], 0)))
            save_grid(torch.cat([a[:12], drawn, b[:12], *(way.float() / 127.5 - 1 for way in ways)]), sheet, columns=12)
    numbers = {key: statistics.fmean(one[key] for one in each) for key in ("images", "minutes", "apart")}
    curves = {key: [statistics.fmean(some) for some in zip(*(one[key] for one in each))] for key in ("own", "true")}
    gains = [one["true"][0] - one["own"][0] for one in each]
    return {"seeds": len(seeds), "noise": each[0]["noise"], **numbers, **curves, "gains": gains}
