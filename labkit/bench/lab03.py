"""What Lab 03 claims: StyleGAN against the DCGAN at equal images and at equal minutes, and W against Z."""

import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from labkit.bench.lab02 import GOOD_KEPT, GOOD_SUCCESS, frequencies
from labkit.bench.runs import trained
from labkit.faces import ONE_OF
from labkit.metrics.edits import Edits
from labkit.metrics.judges import judge
from labkit.metrics.paths import path_length
from labkit.metrics.separability import separability
from labkit.models.spaces import Space, w_space, z_space
from labkit.models.stylegan import StyleGAN
from labkit.nn.directions import Directions
from labkit.pictures import save_grid
from labkit.recipes import evaluate_samples, load_game
from labkit.threads import single_thread
from labkit.training.precision import Precision

LAB, BEFORE = "stylegan", "dcgan-faces"
N = 10_000
IMAGES = 200_000
"""At which both are compared."""
PATHS = 2_000
NAMED = 12_000
"""Samples that the judge of attributes names, for planes and directions."""
LONGEST = 2.0
"""The longest step that is tried, in mean distances of a latent from the middle."""
SEEDS = (0, 1, 2)
Row = tuple[str, str, str]


def lab03(sheet: Path | None = None, keep: bool = False) -> dict[str, Any]:
    """Train the lab at scale `cpu`, and for `IMAGES` at scale `gpu` beside the DCGAN; measure that and what ships.

    Args:
        sheet: where to put samples of the ten minutes as a picture.
        keep: measure runs that are there already, and finish those that were stopped, instead of training anew.
    """
    found: dict[str, Any] = {"n": N, "images": IMAGES}
    cpu = _trained(LAB, "cpu", "cpu", keep)
    found["cpu"] = cpu
    if sheet:
        game, _ = load_game(cpu["folder"])
        save_grid(game.sample(72, generator=torch.Generator().manual_seed(0)), sheet, columns=12)
    found["equal"] = {lab: _trained(lab, "gpu", "equal", keep, images=IMAGES) for lab in (LAB, BEFORE)}
    return {**found, "shipped": shipped()}


def _trained(lab: str, scale: str, name: str, keep: bool, images: int | None = None) -> dict[str, Any]:
    made = trained(lab, f"{lab}-{name}", keep, scale=scale, images=images)
    score = evaluate_samples(made["folder"], n=N)
    print(score.table(), flush=True)
    return {**made, "fd": score.value, "precision": score.precision, "recall": score.recall}


def shipped() -> dict[str, Any]:
    """The checkpoint that comes with labkit: its score beside the DCGAN's, its spaces, and how fast it answers."""
    game, card = load_game(LAB)
    assert isinstance(game, StyleGAN)
    score, before = evaluate_samples(LAB, n=N), evaluate_samples(BEFORE, n=N)
    made, made_before = card["made"], load_game(BEFORE)[1]["made"]
    print(score.table(), flush=True)
    return {
        "fd": score.value,
        "precision": score.precision,
        "recall": score.recall,
        "floor": score.floor.value,
        "baseline": score.baseline.value,
        "images": made["images"],
        "minutes": made["minutes"],
        "threads": made["session"]["threads"],
        "before": {
            "fd": before.value,
            "images": made_before["images"],
            "minutes": made_before["minutes"],
            "threads": made_before["session"]["threads"],
            "attributes": frequencies(load_game(BEFORE)[0]),
        },
        "attributes": frequencies(game),
        "spaces": spaces(game),
        "explorer_ms": explorer_ms(game),
    }


def spaces(game: StyleGAN, seeds: tuple[int, ...] = SEEDS) -> dict[str, dict[str, Any]]:
    """Z and W: path lengths, separability and what a linear fit explains, by seeds of latents; edits, by the first.

    The seeds are of what is measured, not of trainings: they say how sure a figure is for this one generator.
    """
    return {space.name: measure_space(space, seeds) for space in (z_space(game), w_space(game))}


def measure_space(space: Space, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """What `spaces` says of one of them."""
    each: list[dict[str, float]] = []
    edits: dict[str, Any] = {}
    for seed in seeds:
        latent, said = _named(space, seed)
        parted = separability(latent, said, judge("attributes").names)
        numbers = {name: getattr(parted, name) for name in ("score", "unknown", "accuracy", "explained")}
        each.append({**_paths(space, seed), **numbers})
        edits = edits or _edits(space, latent, said)
    by_key = {key: [one[key] for one in each] for key in each[0]}
    spread = {
        key: {"mean": statistics.fmean(some), "std": statistics.stdev(some) if len(some) > 1 else 0.0}
        for key, some in by_key.items()
    }
    print(space.name, spread, flush=True)
    return {**spread, "edits": edits}


def _latents(space: Space, n: int, seed: int) -> Tensor:
    return space.latent(n, torch.Generator().manual_seed(seed))


def _paths(space: Space, seed: int) -> dict[str, float]:
    """PPL over whole paths, and at their ends."""
    a, b = _latents(space, PATHS, 10 * seed + 1), _latents(space, PATHS, 10 * seed + 2)
    return {
        key: path_length(space.generator, a, b, arc=space.name == "Z", between=between, seed=seed).mean
        for key, between in (("ppl", True), ("ppl_end", False))
    }


def _meter(space: Space) -> Edits:
    look, precision = judge("attributes"), Precision.on(torch.device("cpu"))

    def draw(latent: Tensor) -> Tensor:
        with precision.autocast():
            return space.draw(latent)

    return Edits(draw, look, look.names, exclusive=ONE_OF)


def _named(space: Space, seed: int) -> tuple[Tensor, Tensor]:
    """Latents, and what the judge of attributes says of their faces."""
    latent = _latents(space, NAMED, 10 * seed + 3)
    return latent, _meter(space).judge(latent)


def _edits(space: Space, latent: Tensor, said: Tensor, tuning: int = 150, fresh: int = 600) -> dict[str, Any]:
    """Straight steps: each as long as is needed for success on most of some faces, measured on others."""
    meter, names = _meter(space), judge("attributes").names
    common = [i for i, name in enumerate(names) if 0.05 < float((said[:, i] > 0.5).float().mean()) < 0.95]
    directions = Directions.fit(latent, said[:, common], [names[i] for i in common])
    length = float((latent - latent.mean(0)).square().sum(1).mean().sqrt())
    amounts = [length * LONGEST * k / 8 for k in range(1, 9)]
    steps, others = _latents(space, tuning, 4), _latents(space, fresh, 5)
    measured = {}
    for name in directions.names:
        vector = directions.vector(name)
        amount = meter.choose_amount(name, vector, steps, aim=GOOD_SUCCESS + 0.03, amounts=amounts)
        edit = meter.measure(name, vector, amount, others)
        measured[name] = {key: round(getattr(edit, key), 4) for key in ("success", "kept", "amount", "faces")}
    good = [name for name, one in measured.items() if one["success"] >= GOOD_SUCCESS and one["kept"] >= GOOD_KEPT]
    means = {key: statistics.fmean(one[key] for one in measured.values()) for key in ("success", "kept")}
    return {**means, "good": good, "each": measured}


def explorer_ms(game: StyleGAN, times: int = 50) -> dict[str, float]:
    """Style mixing, from callback to encoded picture on one thread: median and worst, in milliseconds."""
    from labkit.widgets.mixing import StyleMixing

    explorer = StyleMixing(game)
    explorer.render()
    found, last = [], game.synthesis.styles - 1
    with single_thread():
        for k in range(times):
            start = time.perf_counter()
            explorer.render(crossover=1 + k % last)
            found.append(1000 * (time.perf_counter() - start))
    return {"median": statistics.median(found), "worst": max(found)}


def rows(found: dict[str, Any]) -> list[Row]:
    """Lines of the README's table."""
    cpu, equal, ready = found["cpu"], found["equal"], found["shipped"]
    ours, theirs, before = equal[LAB], equal[BEFORE], ready["before"]
    z, w = (ready["spaces"][name] for name in ("Z", "W"))

    def both(key: str, digits: int) -> str:
        return " against ".join(f"{one[key]['mean']:,.{digits}f} ± {one[key]['std']:,.{digits}f}" for one in (w, z))

    return [
        (
            f"Lab 03, StyleGAN, {cpu['minutes']:.1f} minutes of {cpu['threads']} thread(s) on the built-in faces "
            f"({cpu['images']:,} images)",
            f"FD-faces {cpu['fd']:.1f}, one seed",
            f"real against real {ready['floor']:.2f}; best trivial baseline {ready['baseline']:.0f}; "
            f"N = {found['n']:,}",
        ),
        (
            f"StyleGAN against DCGAN after {found['images']:,} images each",
            f"FD-faces {ours['fd']:.2f} against {theirs['fd']:.2f}: × {ours['fd'] / theirs['fd']:.2f}",
            f"less than half; {ours['minutes']:.0f} and {theirs['minutes']:.0f} minutes",
        ),
        (
            f"the StyleGAN that ships ({ready['minutes']:.0f} minutes of {ready['threads']} thread(s), "
            f"{ready['images']:,} images)",
            f"FD-faces {ready['fd']:.2f}, precision {ready['precision']:.2f}, recall {ready['recall']:.2f}",
            f"the DCGAN that ships: {before['fd']:.2f} ({before['minutes']:.0f} minutes of {before['threads']} "
            f"thread(s), {before['images']:,} images)",
        ),
        (
            "shares of attributes in its samples, off on average",
            f"{ready['attributes']['mean']:.1%}, at worst {ready['attributes']['worst']:.0%} "
            f"({ready['attributes']['which']})",
            f"the DCGAN that ships: {before['attributes']['mean']:.1%}",
        ),
        ("perceptual path length in judge features, W against Z", both("ppl", 0), "whole paths; shorter is smoother"),
        ("the same at the paths' ends, W against Z", both("ppl_end", 0), ""),
        ("linear separability exp Σ H(Y｜X), W against Z", both("score", 0), "1 is perfect"),
        ("planes that part attributes, balanced accuracy, W against Z", both("accuracy", 3), "0.5 is chance"),
        (
            "variance of attributes' logits that a linear fit explains, W against Z",
            both("explained", 3),
            "R² on other latents",
        ),
        (
            f"straight edits of {len(w['edits']['each'])} attributes, W against Z",
            f"success {w['edits']['success']:.0%} against {z['edits']['success']:.0%}, others kept "
            f"{w['edits']['kept']:.0%} against {z['edits']['kept']:.0%}",
            f"{len(w['edits']['good'])} attributes in W reach {GOOD_SUCCESS:.0%} and {GOOD_KEPT:.0%}, "
            f"{len(z['edits']['good'])} in Z",
        ),
        (
            "style mixing, callback to encoded picture",
            f"{ready['explorer_ms']['median']:.1f} ms, worst {ready['explorer_ms']['worst']:.0f} ms",
            "at most 60 ms",
        ),
    ]
