"""What Lab 03 claims: StyleGAN against the DCGAN at equal images and at equal minutes, and W against Z."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from labkit.bench.lab02 import GOOD_KEPT, GOOD_SUCCESS, frequencies
from labkit.bench.measure import recipe_speed
from labkit.bench.runs import trained
from labkit.bench.spaces import SEEDS, named, numbers_of, spaces, spread
from labkit.models.spaces import w_space, z_space
from labkit.models.stylegan import StyleGAN
from labkit.pictures import save_grid
from labkit.recipes import evaluate_samples, load_game
from labkit.threads import single_thread

LAB, BEFORE = "stylegan", "dcgan-faces"
N = 10_000
IMAGES = 200_000
"""At which both are compared."""
EARLY = 40_000
"""At which both are compared too: who learns faster need not be who gets further."""
PAPER = {"critic_norm": True, "r1": 0.0}
"""The DCGAN of Radford et al.: batch norm in D, and no penalty."""
PARTS = ("cpu", "equal", "before", "early", "shipped")
"""Of what is measured; each alone takes an hour or two on a quiet core. `before` trains the DCGANs beside `equal`;
`early` trains both for a fifth as long."""
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
        found["equal"] = {**_falling("equal", keep, IMAGES), "pace": recipe_speed(LAB, BEFORE).ratio}
    if "before" in parts:
        found["before"] = {
            "ours": _trained(BEFORE, "gpu", "equal", keep, images=IMAGES),
            "paper": _trained(BEFORE, "gpu", "paper", keep, images=IMAGES, change=PAPER),
        }
    if "early" in parts:
        theirs = _trained(BEFORE, "gpu", "early", keep, images=EARLY)
        found["early"] = {"images": EARLY, "ours": _falling("early", keep, EARLY), "theirs": theirs}
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
        numbers = {space.name: numbers_of(space, *named(space, seed), seed) for space in (z_space(game), w_space(game))}
        print(f"training {seed}", numbers, flush=True)
        found.append({**made, "seed": seed, "spaces": numbers})
    return found


def _trained(lab: str, scale: str, name: str, keep: bool, **settings: Any) -> dict[str, Any]:
    made = trained(lab, f"{lab}-{name}", keep, scale=scale, **settings)
    score = evaluate_samples(made["folder"], n=N)
    print(score.table(), flush=True)
    return {**made, "fd": score.value, "precision": score.precision, "recall": score.recall}


def _falling(name: str, keep: bool, images: int) -> dict[str, Any]:
    """The StyleGAN, its rates falling in the second half."""
    return _trained(LAB, "gpu", name, keep, images=images, decay=(images / 2, images))


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


def _against(measured: dict[str, dict[str, Any]], key: str, digits: int) -> str:
    """W against Z."""
    return " against ".join(
        f"{one[key]['mean']:,.{digits}f} ± {one[key]['std']:,.{digits}f}" for one in (measured["W"], measured["Z"])
    )


def _trainings_rows(found: dict[str, Any]) -> list[Row]:
    runs, before, ours, ready = found["cpu"], found["cpu_before"], found["equal"], found["shipped"]
    theirs, paper, early = found["before"]["ours"], found["before"]["paper"], found["early"]
    scores = spread([{"fd": run["fd"], "images": run["images"], "minutes": run["minutes"]} for run in runs])
    fd = scores["fd"]["mean"]
    apart = {name: spread([run["spaces"][name] for run in runs]) for name in ("Z", "W")}
    which = f"{len(runs)} trainings of the ten minutes, W against Z"

    def better(key: str, more: bool = False) -> str:
        pairs = [(run["spaces"]["W"][key], run["spaces"]["Z"][key]) for run in runs]
        return f"W better in {sum(w > z if more else w < z for w, z in pairs)} of {len(pairs)}"

    return [
        (
            f"Lab 03, StyleGAN, {scores['minutes']['mean']:.1f} minutes of {runs[0]['threads']} thread(s) on the "
            f"built-in faces ({scores['images']['mean']:,.0f} images)",
            f"FD-faces {fd:.1f} ± {scores['fd']['std']:.1f}, {len(runs)} seeds",
            f"real against real {ready['floor']:.2f}; best trivial baseline {ready['baseline']:.0f}; "
            f"N = {found['n']:,}",
        ),
        (
            "the same against the DCGAN of Lab 02 after as many minutes on that machine",
            f"FD-faces {fd:.1f} against {before['fd']:.1f}: × {fd / before['fd']:.2f}",
            f"the DCGAN sees {before['images']:,} images",
        ),
        (f"perceptual path length, {which}", _against(apart, "ppl", 0), better("ppl")),
        (f"linear separability, {which}", _against(apart, "score", 0), better("score")),
        (f"planes' balanced accuracy, {which}", _against(apart, "accuracy", 3), better("accuracy", more=True)),
        (f"R² of linear fits, {which}", _against(apart, "explained", 3), better("explained", more=True)),
        (
            f"StyleGAN against DCGAN after {found['images']:,} images each",
            f"FD-faces {ours['fd']:.2f} against {theirs['fd']:.2f}: × {ours['fd'] / theirs['fd']:.2f}",
            f"less than half; recall {ours['recall']:.3f} against {theirs['recall']:.3f}; "
            f"in a minute it sees × {ours['pace']:.2f} as many images",
        ),
        (
            f"the same after {early['images']:,} images each",
            f"FD-faces {early['ours']['fd']:.1f} against {early['theirs']['fd']:.1f}: "
            f"× {early['ours']['fd'] / early['theirs']['fd']:.2f}",
            f"less than half; recall {early['ours']['recall']:.3f} against {early['theirs']['recall']:.3f}",
        ),
        (
            f"after {found['images']:,} images each, against a DCGAN as published (batch norm in D in place of R1)",
            f"FD-faces {ours['fd']:.2f} against {paper['fd']:.2f}: × {ours['fd'] / paper['fd']:.2f}",
            f"recall {paper['recall']:.3f}",
        ),
    ]


def _shipped_rows(ready: dict[str, Any]) -> list[Row]:
    before, measured = ready["before"], ready["spaces"]
    z, w = measured["Z"], measured["W"]
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
            _against(measured, "ppl", 0),
            "whole paths; shorter is smoother",
        ),
        ("the same at the paths' ends, W against Z", _against(measured, "ppl_end", 0), ""),
        ("linear separability exp Σ H(Y｜X), W against Z", _against(measured, "score", 0), "1 is perfect"),
        (
            "planes that part attributes, balanced accuracy, W against Z",
            _against(measured, "accuracy", 3),
            "0.5 is chance",
        ),
        (
            "variance of attributes' logits that a linear fit explains, W against Z",
            _against(measured, "explained", 3),
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
