"""`make results`: measure what the README claims, on this machine, and write the table there.

    python -m labkit.bench.results            everything, about five hours on a quiet 2-core machine
    python -m labkit.bench.results --only speed resume
    python -m labkit.bench.results --only lab03.cpu          one part of what is long

Every figure lands in results.json with the machine and the command; the README's table is written from that file.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from labkit.bench.lab03 import PARTS as LAB03_PARTS
from labkit.bench.table import write
from labkit.data.arrays import checkout
from labkit.errors import UserError

SHEET = "results/lab02-ten-minutes.png"
STYLES_SHEET = "results/lab03-ten-minutes.png"
PAIRS_SHEET = "results/lab04-eight-minutes.png"
CYCLES_SHEET = "results/lab05-ten-minutes.png"
WHISPERS_SHEET = "results/lab05-hidden-colours.png"
SEEDS = (0, 1, 2)
N = 10_000


def _run(code: str) -> float:
    """What a fresh Python prints as its last line."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def lab01() -> dict[str, Any]:
    """Lab 01 at scale `cpu` on real MNIST: the DCGAN against the MLP GAN at the same minutes, three seeds."""
    from labkit.metrics import combine
    from labkit.recipes import evaluate_samples, train_lab
    from labkit.threads import choose_threads

    found: dict[str, Any] = {"data": "mnist", "n": N, "seeds": len(SEEDS), "threads": choose_threads()}
    for lab in ("gan", "dcgan"):
        scores, images, minutes = [], [], []
        for seed in SEEDS:
            folder = Path("runs", "results", f"{lab}-{seed}")
            shutil.rmtree(folder, ignore_errors=True)
            run = train_lab(lab, data="mnist", scale="cpu", seed=seed, run=folder)
            scores.append(evaluate_samples(folder, n=N))
            images.append(run.images)
            minutes.append(run.seconds / 60)
            print(scores[-1].table(), flush=True)
        both = combine(scores)
        found[lab] = {
            "fd": both.mean["value"],
            "fd_std": both.std["value"],
            "precision": both.mean["precision"],
            "recall": both.mean["recall"],
            "classes": min(score.classes.covered for score in scores),
            "smallest_class": min(min(score.class_frequencies) for score in scores),
            "images": statistics.fmean(images),
            "minutes": statistics.fmean(minutes),
        }
        found |= {"floor": both.floor, "baseline": both.baseline}
    return found


def speed() -> dict[str, Any]:
    """The step, the data, the epoch and `torch.compile`, each as a ratio."""
    from labkit.bench.measure import (
        Comparison,
        compile_speed,
        data_speed,
        epoch_speed,
        step_speed,
        stylegan_step_speed,
    )
    from labkit.bench.translators import cyclegan_step_speed, pix2pix_step_speed

    measures: dict[str, Callable[[], Comparison]] = {
        "step": step_speed,
        "data": data_speed,
        "epoch": epoch_speed,
        "epoch_128": lambda: epoch_speed(n=1024, batch=128),
        "compile": compile_speed,
        "stylegan": stylegan_step_speed,
        "pix2pix": pix2pix_step_speed,
        "cyclegan": cyclegan_step_speed,
    }
    return {name: measure().json() for name, measure in measures.items()}


def resume() -> dict[str, Any]:
    """The tests that kill, resume and run in two processes."""
    root = checkout()
    outcome = {}
    for name, test in (
        ("killed", "tests/training/test_resume.py::test_killed_at_twenty_random_moments"),
        ("two_processes", "tests/training/test_distributed.py"),
    ):
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", test], cwd=root, capture_output=True, text=True)
        outcome[name] = done.returncode == 0
    return outcome


def start() -> dict[str, Any]:
    """Seconds to import labkit, and to the first picture of Lab 00 from a new interpreter; explorer's answer in ms."""
    imported = (
        "import torch, time; t = time.perf_counter(); import labkit, labkit.recipes; print(time.perf_counter() - t)"
    )
    picture = (
        "import time; t = time.perf_counter(); import torch; from labkit.recipes import load_game; "
        "from labkit.pictures import png; game, _ = load_game('cgan'); png(game.sample(50)); "
        "print(time.perf_counter() - t)"
    )
    explorer = (
        "import time, statistics; from labkit.recipes import load_game; from labkit.widgets import DrawMe; "
        "e = DrawMe(load_game('cgan')[0]); e.render(); times = []\n"
        "for hand in range(0, 250, 5):\n"
        "    t = time.perf_counter(); e.render(hand=hand); times.append(time.perf_counter() - t)\n"
        "print(1000 * statistics.median(times))"
    )
    return {
        "import_s": statistics.median(_run(imported) for _ in range(3)),
        "first_picture_s": statistics.median(_run(picture) for _ in range(3)),
        "explorer_ms": _run(explorer),
    }


def data() -> dict[str, Any]:
    """An epoch of CelebA's photographs from the cache against torchvision's reader; nothing without photographs."""
    from labkit.bench import celeba_speed

    found = celeba_speed()
    return {"celeba": found.json()} if found else {}


def faces() -> dict[str, Any]:
    """Built-in faces drawn a second, and how soon a set of 20,000 is ready."""
    from labkit.bench.faces import faces_speed

    return faces_speed()


def lab02(keep: bool = False) -> dict[str, Any]:
    """Lab 02 at scale `cpu` on the built-in faces, the checkpoint that ships, and arithmetic with it."""
    from labkit.bench import lab02 as measures

    root = checkout()
    return measures.lab02(sheet=root / SHEET if root else None, keep=keep)


def lab03(keep: bool = False, parts: Sequence[str] = LAB03_PARTS) -> dict[str, Any]:
    """Lab 03 at scale `cpu`, StyleGAN beside the DCGAN after as many images, and the spaces of what ships."""
    from labkit.bench import lab03 as measures

    root = checkout()
    return measures.lab03(sheet=root / STYLES_SHEET if root else None, keep=keep, parts=parts)


def lab04(keep: bool = False) -> dict[str, Any]:
    """Lab 04 at scale `cpu`, the paper's ablation, the checkpoints that ship, painting, and the step."""
    from labkit.bench import lab04 as measures

    root = checkout()
    return measures.lab04(sheet=root / PAIRS_SHEET if root else None, keep=keep)


def lab05(keep: bool = False) -> dict[str, Any]:
    """Lab 05 at scale `cpu`, the checkpoint that ships beside pix2pix with pairs, its hidden message, and the step."""
    from labkit.bench import lab05 as measures

    root = checkout()
    sheets = {"sheet": root / CYCLES_SHEET, "whispers": root / WHISPERS_SHEET} if root else {}
    return measures.lab05(keep=keep, **sheets)


def truth() -> dict[str, Any]:
    """What two minutes of training on the truth of the built-in faces are good for."""
    from labkit.bench.truth import learned

    return learned()


MEASURES: dict[str, Callable[..., dict[str, Any]]] = {
    "start": start,
    "resume": resume,
    "speed": speed,
    "data": data,
    "faces": faces,
    "truth": truth,
    "lab01": lab01,
    "lab02": lab02,
    "lab03": lab03,
    "lab04": lab04,
    "lab05": lab05,
}
PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    f"lab03.{part}": partial(lab03, parts=(part,)) for part in LAB03_PARTS
}
"""Shares of a measure that takes hours."""
KEEPING = ("lab02", "lab03", "lab04", "lab05", *PARTS)
"""Those that can measure trainings of an earlier call."""


def machine() -> str:
    """What the figures were measured on."""
    import torch

    from labkit.training.precision import cpu_has_bf16

    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        cpu = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), cpu)
    bf16 = "with" if cpu_has_bf16() else "without"
    return f"{os.cpu_count()} cores ({cpu}, {bf16} bf16 hardware), torch {torch.__version__.split('+')[0]}"


def take_in(found: dict[str, Any], name: str, measured: dict[str, Any], where: str) -> None:
    """Put a measure in the place of the last; a part replaces its share, and leaves the rest and where that was."""
    whole, _, part = name.partition(".")
    found[whole] = {**found.get(whole, {}), **measured} if part else measured
    places = found.setdefault("where", {})
    places[name] = where
    parts = [one for one in PARTS if one.startswith(f"{whole}.")]
    replaced = parts if not part else [whole] if all(one in places for one in parts) else []
    for one in replaced:
        places.pop(one, None)


def main(words: list[str] | None = None) -> int:
    """Measure, and write results.json and the README."""
    parser = argparse.ArgumentParser(prog="python -m labkit.bench.results", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--only", nargs="+", choices=[*MEASURES, *PARTS], default=[], help="measure these, keep the others"
    )
    parser.add_argument(
        "--keep", action="store_true", help=f"{', '.join(KEEPING)}: measure trainings in runs/results as they are"
    )
    parser.add_argument("--table", action="store_true", help="measure nothing: write the table from results.json")
    asked = parser.parse_args(words)
    root = checkout()
    if root is None:
        raise UserError("results are measured in a checkout of the repository")
    store = root / "results.json"
    found = json.loads(store.read_text()) if store.exists() else {}
    for name in [] if asked.table else asked.only or MEASURES:
        began = time.perf_counter()
        measure = {**MEASURES, **PARTS}[name]
        measured = measure(keep=True) if asked.keep and name in KEEPING else measure()
        take_in(found, name, measured, f"{time.strftime('%Y-%m-%d')} on {machine()}")
        store.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{name}: {time.perf_counter() - began:.0f} s\n{json.dumps(measured, indent=1)}", flush=True)
    write(found, root / "README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
