"""What Lab 05 claims: face → cartoon without pairs, beside doing nothing and beside pix2pix with pairs."""

from pathlib import Path
from typing import Any

from labkit.bench.runs import trained
from labkit.bench.whisper import ways_back, whisper
from labkit.evaluation import batch_of, open_truth, true_pairs
from labkit.metrics.translation import Translation
from labkit.models.cyclegan import CycleGAN
from labkit.pictures import save_grid
from labkit.recipes import evaluate, load_game

LAB, SHIPPED = "cyclegan", "face-to-cartoon"
N = 2_000
Row = tuple[str, str, str]


def lab05(sheet: Path | None = None, keep: bool = False, whispers: Path | None = None) -> dict[str, Any]:
    """Train the lab at scale `cpu`, and pix2pix with pairs for as many images as what ships has seen; measure.

    Args:
        sheet: where to put the ten minutes' faces and cartoons as a picture.
        keep: measure runs that are there already, and finish those that were stopped, instead of training anew.
        whispers: where to put what a CycleGAN hides in grey pictures.
    """
    cpu = _trained(LAB, "cyclegan-cpu", keep)
    if sheet:
        game, _ = load_game(cpu["folder"])
        truth = batch_of(open_truth("faces", 64, ("cartoon",), n=N), slice(8))
        save_grid(game.preview({"image": truth["image"], "other": truth["cartoon"]}), sheet, columns=8)
    made = load_game(SHIPPED)[1]["made"]
    ready = {**_scored(SHIPPED), "images": made["images"], "minutes": made["minutes"], "message": message()}
    images = int(made["images"])
    pairs = _trained(
        "pix2pix",
        "pix2pix-cartoon",
        keep,
        images=images,
        decay=(images / 2, images),
        change={"source": "paired", "target": "cartoon", "width": 20},
    )
    return {"n": N, "cpu": cpu, "shipped": ready, "pairs": pairs, "whisper": whisper(whispers, keep)}


def _scored(source: str | Path) -> dict[str, Any]:
    score = evaluate(source, n=N)
    assert isinstance(score, Translation)
    print(score.table(), flush=True)
    return score.json()


def _trained(lab: str, name: str, keep: bool, **settings: Any) -> dict[str, Any]:
    made = trained(lab, name, keep, scale="cpu", **settings)
    return {**made, **_scored(made["folder"])}


def message() -> dict[str, list[float]]:
    """The way back of what ships, with noise on the cartoons, its own and true ones."""
    game, _ = load_game(SHIPPED)
    assert isinstance(game, CycleGAN)
    return ways_back(game, *true_pairs("faces", game.image_shape[1], "cartoon", 500))


def _told(curves: dict[str, Any]) -> str:
    points = zip(curves["noise"], curves["own"], curves["true"])
    return "; ".join(f"noise {noise:.0f}: {own:.1f} and {true:.1f}" for noise, own, true in points)


def rows(found: dict[str, Any]) -> list[Row]:
    """Lines of the README's table."""
    cpu, ready, pairs = (found[key] for key in ("cpu", "shipped", "pairs"))
    told, hidden = ready["message"], found["whisper"]
    beside = f"doing nothing {ready['baseline']:.1f}; N = {found['n']:,}"
    return [
        (
            f"Lab 05, CycleGAN, face → cartoon, {cpu['minutes']:.1f} minutes of {cpu['threads']} thread(s) "
            f"({cpu['images']:,} images)",
            f"{cpu['value']:.1f} grey levels from the true cartoon",
            f"doing nothing {cpu['baseline']:.1f}; N = {found['n']:,}",
        ),
        (
            f"face → cartoon, the CycleGAN that ships ({ready['minutes']:.0f} minutes, {ready['images']:,} images)",
            f"{ready['value']:.1f} grey levels from the true cartoon; cartoon → face {ready['others']['back'][0]:.1f}",
            beside,
        ),
        (
            f"the price of having no pairs: pix2pix with pairs, {pairs['images']:,} images as well",
            f"{pairs['value']:.1f} grey levels from the true cartoon",
            f"CycleGAN is {ready['value'] / pairs['value']:.1f} times as far off",
        ),
        (
            "its way back with noise on the cartoon, from its own cartoons and from true ones",
            _told(told),
            "grey levels off, of cartoons with so many levels of noise",
        ),
        (
            f"CycleGAN between faces and grey pictures, 32 px, {hidden['minutes']:.1f} minutes "
            f"({hidden['images']:,.0f} images): the way back with noise on the grey, from its own and from true ones",
            _told(hidden),
            f"its own grey pictures are {hidden['apart']:.1f} levels from the true ones; the message gains "
            f"{', '.join(f'{gain:.1f}' for gain in hidden['gains'])} with {hidden['seeds']} seeds",
        ),
    ]
