"""What Lab 04 claims: faces that obey their label maps, beside what the judge can read and what copying gives."""

import base64
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from labkit.bench.runs import trained
from labkit.evaluation import batch_of, draw_all, open_truth
from labkit.metrics.judges import fd_faces
from labkit.metrics.translation import Translation, levels_off, reparsed
from labkit.models.pix2pix import Pix2Pix
from labkit.nn.palette import PARTS
from labkit.pictures import save_grid
from labkit.recipes import evaluate, load_game
from labkit.widgets import PaintLabels
from labkit.widgets.strokes import brush

N = 2_000
SHIPPED = {"labels-to-face": "labels → face", "drawing-to-face": "drawing → face"}
IMAGES = 24_000
"""That each game of the ablation sees."""
ABLATION: dict[str, dict[str, Any]] = {
    "L1 alone": {"adversarial": 0.0},
    "cGAN alone": {"l1": 0.0},
    "L1 + cGAN, 34 px": {},
    "without skips": {"skips": False},
    "1 px": {"patch": 0},
    "16 px": {"patch": 1},
    "full picture": {"patch": 3},
}
Row = tuple[str, str, str]


def lab04(sheet: Path | None = None, keep: bool = False) -> dict[str, Any]:
    """Train the lab at scale `cpu`, and the games of the ablation; measure those and what ships.

    Args:
        sheet: where to put label maps, faces and the truth as a picture.
        keep: measure runs that are there already, and finish those that were stopped, instead of training anew.
    """
    cpu = trained("pix2pix", "pix2pix-cpu", keep, scale="cpu")
    cpu |= _scored(cpu["folder"])
    if sheet:
        game = _game(cpu["folder"])
        some = batch_of(open_truth("faces", 64, ("labels",), n=N), slice(8))
        save_grid(game.preview(some), sheet, columns=8)
    found = {"n": N, "cpu": cpu, "shipped": {name: _scored(name) for name in SHIPPED}}
    found["ablation"] = {"images": IMAGES, "games": ablation(keep)}
    return {**found, "stroke_ms": stroke_ms()}


def _game(source: str | Path) -> Pix2Pix:
    game, _ = load_game(source)
    assert isinstance(game, Pix2Pix)
    return game


def _scored(source: str | Path) -> dict[str, Any]:
    score = evaluate(source, n=N)
    assert isinstance(score, Translation)
    print(score.table(), flush=True)
    held_out = open_truth("faces", 64, ("labels", "drawing"), n=N)
    fd = fd_faces(draw_all(_game(source), held_out), held_out.images(None))
    made = load_game(source)[1].get("made", {})
    return {**score.json(), "fd": fd, **{key: made[key] for key in ("minutes", "images", "bytes") if key in made}}


def ablation(keep: bool = False) -> dict[str, dict[str, float]]:
    """The parts of the game taken away one at a time, after as many images each, on held-out maps."""
    held_out = open_truth("faces", 64, ("labels",), n=N)
    labels, truth = np.asarray(held_out.fields["labels"]), held_out.images(None)
    found = {}
    for title, change in ABLATION.items():
        name, narrow = title.replace(" ", "-").replace(",", ""), {"width": 16, "critic_width": 16, **change}
        made = trained("pix2pix", f"pix2pix-{name}", keep, scale="cpu", images=IMAGES, change=narrow)
        drawn = draw_all(_game(made["folder"]), held_out)
        read = reparsed(drawn, labels).mean
        found[title] = {"iou": read, "levels": levels_off(drawn, truth), "fd": fd_faces(drawn, truth)}
        print(title, found[title], flush=True)
    return found


def stroke_ms(times: int = 50) -> dict[str, float]:
    """A stroke in the page to the encoded picture on one thread: median and worst, in milliseconds."""
    painter = PaintLabels(
        _game("labels-to-face"), np.asarray(open_truth("faces", 64, ("labels",), n=8).fields["labels"])
    )
    board, found = painter.widget, []
    for k in range(times):
        painted = brush(painter.canvas, [(k, 5), (k + 9, 30)], PARTS.index("hat"), 5)
        board.painted = base64.b64encode(painted.tobytes()).decode()
        start = time.perf_counter()
        board.serial += 1
        found.append(1000 * (time.perf_counter() - start))
    return {"median": statistics.median(found), "worst": max(found)}


def _read(one: dict[str, Any]) -> str:
    return f"re-parsed IoU {one['value']:.3f}, FD-faces {one['fd']:.1f}"


def rows(found: dict[str, Any]) -> list[Row]:
    """Lines of the README's table."""
    cpu, ablated = found["cpu"], found["ablation"]
    beside = f"the judge on true pictures {cpu['floor']:.3f}; nearest training pair {cpu['baseline']:.3f}"
    beside += f"; N = {found['n']:,}"
    lines = [
        (
            f"Lab 04, pix2pix from labels, {cpu['minutes']:.1f} minutes of {cpu['threads']} thread(s) "
            f"({cpu['images']:,} images)",
            _read(cpu),
            beside,
        )
    ]
    for name, says in SHIPPED.items():
        one = found["shipped"][name]
        bar = f"at least 0.75; {beside}" if name == "labels-to-face" else beside
        made = f"{one['minutes']:.0f} minutes, {one['images']:,} images"
        lines.append((f"{says}, the network that ships ({made})", _read(one), bar))
    for title, one in ablated["games"].items():
        lines.append(
            (
                f"pix2pix, {title}, {ablated['images']:,} images at width 16",
                f"re-parsed IoU {one['iou']:.3f}, {one['levels']:.1f} grey levels off, FD-faces {one['fd']:.1f}",
                "one seed",
            )
        )
    stroke = found["stroke_ms"]
    lines.append(
        (
            "painting, stroke to encoded picture, 64 px, one thread",
            f"{stroke['median']:.1f} ms, worst {stroke['worst']:.0f} ms",
            "at most 80 ms",
        )
    )
    return lines
