"""What Lab 02 claims: ten minutes of training, the shipped checkpoint beside them, and arithmetic with it."""

import shutil
import statistics
from pathlib import Path
from typing import Any

import torch

from labkit import data as datasets
from labkit.bench.arithmetic import arithmetic
from labkit.faces import ATTRIBUTES
from labkit.metrics import Score, combine
from labkit.metrics.judges import judge
from labkit.models.game import Game
from labkit.pictures import save_grid
from labkit.recipes import evaluate_samples, load_game, train_lab
from labkit.training import checkpoint

LAB = "dcgan-faces"
N = 10_000
COUNTED = 2_000
"""Samples in which attributes are counted."""
GOOD_SUCCESS, GOOD_KEPT = 0.85, 0.88
Row = tuple[str, str, str]


def lab02(seeds: tuple[int, ...] = (0,), sheet: Path | None = None, keep: bool = False) -> dict[str, Any]:
    """Train the lab at scale `cpu` on the built-in faces, and measure that and the shipped checkpoint.

    Args:
        seeds: of the trainings, ten minutes each.
        sheet: where to put the first run's samples as a picture.
        keep: measure runs that are there already, and finish one that was stopped, instead of training anew.
    """
    found: dict[str, Any] = {"n": N, "seeds": len(seeds)}
    scores: list[Score] = []
    images, minutes, shares = [], [], []
    for seed in seeds:
        folder = Path("runs", "results", f"{LAB}-{seed}")
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        run = train_lab(LAB, scale="cpu", seed=seed, run=folder)
        scores.append(evaluate_samples(folder, n=N))
        found["threads"] = checkpoint.load(folder / "last.pt")["session"]["threads"]
        game, _ = load_game(folder)
        shares.append(frequencies(game))
        images.append(run.images)
        minutes.append(run.seconds / 60)
        if sheet and seed == seeds[0]:
            sheet.parent.mkdir(parents=True, exist_ok=True)
            save_grid(game.sample(72, generator=torch.Generator().manual_seed(0)), sheet, columns=12)
        print(scores[-1].table(), flush=True)
    found["cpu"] = {
        **_distance(scores),
        "images": statistics.fmean(images),
        "minutes": statistics.fmean(minutes),
        "attributes": {key: statistics.fmean(share[key] for share in shares) for key in ("mean", "worst")},
    }
    return {**found, "shipped": shipped()}


def shipped() -> dict[str, Any]:
    """The checkpoint that comes with labkit: its score, its attributes, and arithmetic."""
    game, card = load_game(LAB)
    score = evaluate_samples(LAB, n=N)
    print(score.table(), flush=True)
    return {
        **_distance([score]),
        "images": card["made"]["images"],
        "minutes": card["made"]["minutes"],
        "floor": score.floor.value,
        "baseline": score.baseline.value,
        "attributes": frequencies(game),
        "edits": arithmetic(game),
    }


def _distance(scores: list[Score]) -> dict[str, float]:
    if len(scores) == 1:
        return {"fd": scores[0].value, "precision": scores[0].precision, "recall": scores[0].recall}
    both = combine(scores)
    about = {name: both.mean[name] for name in ("precision", "recall")}
    return {"fd": both.mean["value"], "fd_std": both.std["value"], **about}


def frequencies(game: Game) -> dict[str, Any]:
    """How often the judge of attributes sees each in samples and in new real faces, and how far the two lie apart.

    The judge looks at both sides, so that what it misses is missed on both.
    """
    look = judge("attributes")
    real = datasets.open("faces", size=game.image_shape[1], split="test", count=COUNTED, fields=["image"])
    sides = (game.sample(COUNTED, generator=torch.Generator().manual_seed(2)), real.images(None))
    samples, data = ((look(side) > 0.5).float().mean(0) for side in sides)
    apart = (samples - data).abs()
    each = {name: [round(float(s), 3), round(float(d), 3)] for name, s, d in zip(ATTRIBUTES, samples, data)}
    return {
        "mean": float(apart.mean()),
        "worst": float(apart.max()),
        "which": ATTRIBUTES[int(apart.argmax())],
        "each": each,
    }


WAYS = ("curved", "line", "recipe")
Edits = dict[str, dict[str, Any]]


def good(edits: Edits, way: str) -> list[str]:
    """The attributes that are added to `GOOD_SUCCESS` of the faces while `GOOD_KEPT` of the others stay."""
    return [
        name for name, row in edits.items() if row[way]["success"] >= GOOD_SUCCESS and row[way]["kept"] >= GOOD_KEPT
    ]


def rows(found: dict[str, Any]) -> list[Row]:
    """Lines of the README's table."""
    cpu, ready = found["cpu"], found["shipped"]
    spread = f" ± {cpu['fd_std']:.1f}, {found['seeds']} seeds" if "fd_std" in cpu else ", one seed"
    edits = ready["edits"]
    return [
        (
            f"Lab 02, DCGAN, {cpu['minutes']:.1f} minutes of {found['threads']} thread(s) on the built-in faces "
            f"({cpu['images']:,.0f} images)",
            f"FD-faces {cpu['fd']:.1f}{spread}; attributes {_percent(cpu['attributes']['mean'])} off on average, at "
            f"worst {_percent(cpu['attributes']['worst'])}",
            f"real against real {ready['floor']:.2f}; best trivial baseline {ready['baseline']:.0f}; "
            f"N = {found['n']:,}",
        ),
        (
            f"Lab 02, the DCGAN that ships ({ready['minutes']:.0f} minutes, {ready['images']:,} images)",
            f"FD-faces {ready['fd']:.2f}, precision {ready['precision']:.2f}, recall {ready['recall']:.2f}; attributes "
            f"{_percent(ready['attributes']['mean'])} off on average, at worst "
            f"{_percent(ready['attributes']['worst'])} ({ready['attributes']['which']})",
            f"{cpu['fd'] / ready['fd']:.1f} times below the ten minutes; at least 3",
        ),
        *(_edits_row(edits, way) for way in WAYS),
    ]


TITLES = {"curved": "curved edits", "line": "straight directions", "recipe": "three faces minus three"}


def _edits_row(edits: Edits, way: str) -> Row:
    success, kept, control, least = (
        statistics.fmean(row[way][key] for row in edits.values())
        for key in ("success", "kept", "control", "control_kept")
    )
    return (
        f"arithmetic with it, {TITLES[way]}: {len(edits)} attributes, "
        f"{min(row['faces'] for row in edits.values()):,} fresh faces each",
        f"success {_percent(success)}, others kept {_percent(kept)}; "
        f"{_percent(GOOD_SUCCESS)} and {_percent(GOOD_KEPT)} reached by {len(good(edits, way))} of them",
        f"as far in a random direction: {_percent(control)}, {_percent(least)}",
    )


def edits_table(edits: Edits) -> str:
    """All edits in Markdown, the best first."""
    lines = [
        "| attribute | curved: success, kept | straight | 3 − 3 | random direction: success | judge |",
        "|---|---|---|---|---|---|",
    ]
    best = set(good(edits, "curved"))

    def rank(name: str) -> tuple[bool, float]:
        return name not in best, -min(edits[name]["curved"][key] for key in ("success", "kept"))

    for name in sorted(edits, key=rank):
        row = edits[name]
        cells = [f"{_percent(row[way]['success'])}, {_percent(row[way]['kept'])}" for way in WAYS]
        cells += [_percent(row["curved"]["control"]), _percent(row["judge"])]
        lines.append(f"| {f'**{name}**' if name in best else name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %"
