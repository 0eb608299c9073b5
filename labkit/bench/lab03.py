"""What Lab 03 claims: StyleGAN against the DCGAN at equal images and at equal minutes, and W against Z."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from labkit.bench.lab02 import GOOD_KEPT, GOOD_SUCCESS, frequencies
from labkit.bench.measure import recipe_speed
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
PAPER = {"critic_norm": True, "r1": 0.0}
"""The DCGAN of Radford et al.: batch norm in D, and no penalty."""
PATHS = 2_000
NAMED = 12_000
"""Samples that the judge of attributes names, for planes and directions."""
LONGEST = 2.0
"""The longest step that is tried, in mean distances of a latent from the middle."""
SEEDS = (0, 1, 2)
"""Of latents for one generator, and of trainings."""
PARTED = ("score", "unknown", "accuracy", "explained")
PARTS = ("cpu", "equal", "before", "shipped")
"""Of what is measured; each alone takes an hour or two on a quiet core. `before` trains the DCGANs beside `equal`."""
Row = tuple[str, str, str]


def lab03(sheet: Path | None = None, keep: bool = False, parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """Train the lab at scale `cpu`, and for `IMAGES` at scale `gpu` beside the DCGAN; measure that and what ships.

    In the comparison the StyleGAN's rates fall in the second half, as the recipe has it for its own length.

    Args:
        sheet: where to put samples of the ten minutes as a picture.
        keep: measure runs that are there already, and finish those that were stopped, instead of training anew.
        parts: some of `PARTS`.
    """
    found: dict[str, Any] = {"n": N, "images": IMAGES}
    if "cpu" in parts:
        found["cpu"] = trainings(keep)
        found["cpu_before"] = _trained(BEFORE, "cpu", "cpu", keep)
        if sheet:
            game, _ = load_game(found["cpu"][0]["folder"])
            save_grid(game.sample(72, generator=torch.Generator().manual_seed(0)), sheet, columns=12)
    if "equal" in parts:
        decay = (IMAGES / 2, IMAGES)
        found["equal"] = {
            **_trained(LAB, "gpu", "equal", keep, images=IMAGES, decay=decay),
            "pace": recipe_speed(LAB, BEFORE).ratio,
        }
    if "before" in parts:
        found["before"] = {
            "ours": _trained(BEFORE, "gpu", "equal", keep, images=IMAGES),
            "paper": _trained(BEFORE, "gpu", "paper", keep, images=IMAGES, change=PAPER),
        }
    if "shipped" in parts:
        found["shipped"] = shipped()
    return found


def trainings(keep: bool = False) -> list[dict[str, Any]]:
    """The ten minutes of scale `cpu` from several seeds: scores, and Z against W in each, without edits.

    One generator may have its W better by chance; that W is better is a claim about trainings.
    """
    found = []
    for seed in SEEDS:
        made = _trained(LAB, "cpu", f"cpu-{seed}", keep, seed=seed)
        game, _ = load_game(made["folder"])
        assert isinstance(game, StyleGAN)
        numbers = {space.name: _numbers(space, *_named(space, seed), seed) for space in (z_space(game), w_space(game))}
        print(f"training {seed}", numbers, flush=True)
        found.append({**made, "seed": seed, "spaces": numbers})
    return found


def _trained(lab: str, scale: str, name: str, keep: bool, **settings: Any) -> dict[str, Any]:
    made = trained(lab, f"{lab}-{name}", keep, scale=scale, **settings)
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

    The seeds are of what is measured: they say how sure a figure is for this one generator. For seeds of the training
    see `trainings`.
    """
    return {space.name: measure_space(space, seeds) for space in (z_space(game), w_space(game))}


def measure_space(space: Space, seeds: tuple[int, ...] = SEEDS) -> dict[str, Any]:
    """What `spaces` says of one of them."""
    each: list[dict[str, float]] = []
    edits: dict[str, Any] = {}
    for seed in seeds:
        latent, said = _named(space, seed)
        each.append(_numbers(space, latent, said, seed))
        edits = edits or _edits(space, latent, said)
    spread = _spread(each)
    print(space.name, spread, flush=True)
    return {**spread, "edits": edits}


def _numbers(space: Space, latent: Tensor, said: Tensor, seed: int) -> dict[str, float]:
    parted = separability(latent, said, judge("attributes").names)
    return {**_paths(space, seed), **{name: getattr(parted, name) for name in PARTED}}


def _spread(each: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of every number."""
    return {
        key: {
            "mean": statistics.fmean(one[key] for one in each),
            "std": statistics.stdev(one[key] for one in each) if len(each) > 1 else 0.0,
        }
        for key in each[0]
    }


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
    """Style mixing, from callback to encoded picture on one thread: median and worst, in milliseconds.

    Each table is a new one: the explorer keeps those that it has drawn.
    """
    from labkit.widgets.mixing import StyleMixing

    explorer = StyleMixing(game)
    explorer.render()
    found, last = [], game.synthesis.styles - 1
    with single_thread():
        for k in range(times):
            if k % last == 0:
                explorer.renew()
            start = time.perf_counter()
            explorer.render(crossover=1 + k % last)
            found.append(1000 * (time.perf_counter() - start))
    return {"median": statistics.median(found), "worst": max(found)}


def rows(found: dict[str, Any]) -> list[Row]:
    """Lines of the README's table; none before every part was measured, as some lines quote two of them."""
    if any(part not in found for part in PARTS):
        return []
    return [*_trainings_rows(found), *_shipped_rows(found["shipped"])]


def _against(spaces: dict[str, dict[str, Any]], key: str, digits: int) -> str:
    """W against Z."""
    return " against ".join(
        f"{one[key]['mean']:,.{digits}f} ± {one[key]['std']:,.{digits}f}" for one in (spaces["W"], spaces["Z"])
    )


def _trainings_rows(found: dict[str, Any]) -> list[Row]:
    runs, ours, ready = found["cpu"], found["equal"], found["shipped"]
    theirs, paper = found["before"]["ours"], found["before"]["paper"]
    pace = f"{ours['minutes']:.0f} and {theirs['minutes']:.0f} minutes"
    if "pace" in ours:  # where both were trained on different machines, minutes say nothing
        pace = f"in a minute it sees × {ours['pace']:.2f} as many images"
    scores = _spread([{"fd": run["fd"], "images": run["images"], "minutes": run["minutes"]} for run in runs])
    apart = {name: _spread([run["spaces"][name] for run in runs]) for name in ("Z", "W")}
    which = f"{len(runs)} trainings of the ten minutes, W against Z"

    def better(key: str, more: bool = False) -> str:
        pairs = [(run["spaces"]["W"][key], run["spaces"]["Z"][key]) for run in runs]
        return f"W better in {sum(w > z if more else w < z for w, z in pairs)} of {len(pairs)}"

    return [
        (
            f"Lab 03, StyleGAN, {scores['minutes']['mean']:.1f} minutes of {runs[0]['threads']} thread(s) on the "
            f"built-in faces ({scores['images']['mean']:,.0f} images)",
            f"FD-faces {scores['fd']['mean']:.1f} ± {scores['fd']['std']:.1f}, {len(runs)} seeds",
            f"real against real {ready['floor']:.2f}; best trivial baseline {ready['baseline']:.0f}; "
            f"N = {found['n']:,}",
        ),
        *_quick_row(found, scores["fd"]["mean"]),
        (f"perceptual path length, {which}", _against(apart, "ppl", 0), better("ppl")),
        (f"linear separability, {which}", _against(apart, "score", 0), better("score")),
        (f"planes' balanced accuracy, {which}", _against(apart, "accuracy", 3), better("accuracy", more=True)),
        (f"R² of linear fits, {which}", _against(apart, "explained", 3), better("explained", more=True)),
        (
            f"StyleGAN against DCGAN after {found['images']:,} images each",
            f"FD-faces {ours['fd']:.2f} against {theirs['fd']:.2f}: × {ours['fd'] / theirs['fd']:.2f}",
            f"less than half; recall {ours['recall']:.3f} against {theirs['recall']:.3f}; {pace}",
        ),
        (
            "the same against a DCGAN as published (batch norm in D in place of R1)",
            f"FD-faces {ours['fd']:.2f} against {paper['fd']:.2f}: × {ours['fd'] / paper['fd']:.2f}",
            f"recall {paper['recall']:.3f}",
        ),
    ]


def _quick_row(found: dict[str, Any], fd: float) -> list[Row]:
    """The DCGAN after as many minutes; none where the trainings were measured before it was trained beside them."""
    if "cpu_before" not in found:
        return []
    before = found["cpu_before"]
    return [
        (
            "the same against the DCGAN of Lab 02 after as many minutes on that machine",
            f"FD-faces {fd:.1f} against {before['fd']:.1f}: × {fd / before['fd']:.2f}",
            f"the DCGAN sees {before['images']:,} images",
        )
    ]


def _shipped_rows(ready: dict[str, Any]) -> list[Row]:
    before, spaces = ready["before"], ready["spaces"]
    z, w = spaces["Z"], spaces["W"]
    return [
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
        (
            "perceptual path length in judge features, W against Z",
            _against(spaces, "ppl", 0),
            "whole paths; shorter is smoother",
        ),
        ("the same at the paths' ends, W against Z", _against(spaces, "ppl_end", 0), ""),
        ("linear separability exp Σ H(Y｜X), W against Z", _against(spaces, "score", 0), "1 is perfect"),
        (
            "planes that part attributes, balanced accuracy, W against Z",
            _against(spaces, "accuracy", 3),
            "0.5 is chance",
        ),
        (
            "variance of attributes' logits that a linear fit explains, W against Z",
            _against(spaces, "explained", 3),
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
