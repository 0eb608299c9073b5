"""Train the judges of the built-in faces and write ``labkit/weights/faces-*.safetensors`` with their cards.

``python -m labkit.metrics.judges.train [attributes|parsing|landmarks|identity|features|all] --minutes 8``. The judges
that ship were made once, before anything was scored, and stay: a new one is a new score, and no figure that was
measured with the old one compares to it.
"""

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import nn

from labkit import weights
from labkit.metrics.judges.imperfect import REACH, imperfect
from labkit.metrics.judges.judge import JUDGES, Judge, weights_name
from labkit.metrics.judges.pool import TRAINING, Pool, pool, version
from labkit.threads import single_thread

BATCH = 32
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.05
WARM_UP = 0.15
COUNT = 32_000


def rate(share: float) -> float:
    """One cycle of the learning rate, up and down along cosines (Smith & Topin 2018), at a share of the training."""
    if share < WARM_UP:
        return LEARNING_RATE * (0.04 + 0.96 * (1 - math.cos(math.pi * share / WARM_UP)) / 2)
    return LEARNING_RATE * (1 + math.cos(math.pi * min((share - WARM_UP) / (1 - WARM_UP), 1.0))) / 2


def progress(minutes: float | None, steps: int | None) -> Callable[[int], float]:
    """The share of a training that is done after so many steps; its length is in minutes from now, or in steps.

    Raises:
        ValueError: both lengths are given, or neither.
    """
    start = time.process_time()
    if minutes is not None and steps is None:
        return lambda step: (time.process_time() - start) / 60 / minutes
    if steps is not None and minutes is None:
        return lambda step: step / steps
    raise ValueError("a training has one length: minutes or steps")


def rows_of(task: ModuleType, faces: Pool, generator: np.random.Generator) -> np.ndarray:
    """Which faces the next step sees."""
    if task.PHOTOS > 1:
        return task.draw(len(faces), task.BATCH, generator)
    return generator.integers(len(faces), size=BATCH)


def train(
    name: str, faces: Pool, *, seed: int, minutes: float | None = None, steps: int | None = None
) -> tuple[nn.Module, int]:
    """Train one judge (AdamW, one cycle) for so many minutes of one thread's work, or so many steps.

    Half of the pictures of a judge that must be robust are spoiled a little; see :mod:`.imperfect`.

    Args:
        name: which.
        faces: to train on.
        seed: of the weights and of the order.
        minutes: the length in time: the network is as good as the machine is fast.
        steps: the length where that must not be.

    Returns:
        The network in eval mode, its weights rounded to the float16 in which they are kept, and the steps that it took.
    """
    task = JUDGES[name]
    torch.manual_seed(seed)
    numbers, noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    network: nn.Module = task.Network().to(memory_format=torch.channels_last)
    plain = [p for p in network.parameters() if p.ndim < 2]
    decayed = [p for p in network.parameters() if p.ndim >= 2]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, fused=True)
    done_after, step, total = progress(minutes, steps), 0, torch.zeros(())
    while (done := done_after(step)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate(done)
        rows = rows_of(task, faces, numbers)
        batch = faces.batch(rows, numbers.integers(-REACH, REACH + 1, size=(len(rows), 2)) if task.ROBUST else None)
        if task.ROBUST:
            # Every other person's, or face's.
            spoiled = torch.arange(len(rows)) // min(task.PHOTOS, 2) % 2 == 0
            batch["image"][spoiled] = imperfect(batch["image"][spoiled], noise)
        batch["image"] = batch["image"].contiguous(memory_format=torch.channels_last)
        loss = task.loss(network, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step, total = step + 1, total + loss.detach()
        if step % 500 == 0:
            print(f"{name}: {100 * done:.0f} %, step {step}, loss {total.item() / 500:.4f}", flush=True)
            total.zero_()
    rounded = {k: v.half().float() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    network.load_state_dict(rounded)
    return network.eval(), step


def make(name: str, minutes: float, seed: int, count: int, out: Path) -> Path:
    """Train, measure on fresh faces, and write the weights and the card."""
    task = JUDGES[name]
    faces = pool(TRAINING, count, photos=task.PHOTOS)
    network, steps = train(name, faces, seed=seed, minutes=minutes)
    measured = task.measure(Judge(name, network, {}))
    card = {
        "name": weights_name(name),
        "what": task.WHAT,
        "answer": task.ANSWER,
        "use": "Frozen: only scores, never part of a loss and never trained on. Another hash is another judge.",
        "made_by": f"python -m labkit.metrics.judges.train {name} --minutes {minutes:g}",
        "data": f"{count:,} built-in faces of the independent sampler from seed {TRAINING:,}; measured on seeds that "
        "training never saw",
        "faces": version(),
        "licence": "MIT",
        "input": "(N, 3, 64, 64) in [-1, 1]; other sizes are resized bilinearly with antialiasing",
        "seed": seed,
        "minutes": minutes,
        "steps": steps,
        "batch": getattr(task, "BATCH", BATCH),
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in network.parameters()),
        "stored_as": "float16",
        "measured": measured,
    }
    stored = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    file = weights.save(weights_name(name), stored, card, out)
    print(f"{file}: {file.stat().st_size:,} bytes, {steps} steps")
    return file


def main(arguments: list[str] | None = None) -> int:
    """Make one judge, or all."""
    parser = argparse.ArgumentParser(description="Train the judges of the built-in faces on their truth.")
    parser.add_argument("judge", choices=[*JUDGES, "all"], nargs="?", default="all")
    parser.add_argument("--minutes", type=float, default=8, help="of one thread's work, for each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faces", type=int, default=COUNT, help="how many to train on")
    parser.add_argument("--out", type=Path, default=weights.FOLDER, help="folder for the weights and the cards")
    options = parser.parse_args(arguments)
    with single_thread():
        for name in JUDGES if options.judge == "all" else [options.judge]:
            make(name, options.minutes, options.seed, options.faces, options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
