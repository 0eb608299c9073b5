"""`python -m labkit.ship RUN LAB`: make a run the checkpoint that ships, with a card and a sheet of samples.

The card says how the run was made and what it scores: the run is evaluated anew, and a generator of faces is also
asked whether it learned its training faces by heart.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from labkit import data as datasets
from labkit import weights
from labkit.evaluation import batch_of, is_translator
from labkit.models.game import Game
from labkit.pictures import save_grid
from labkit.recipes import evaluate, find_lab, load_game, open_data

SHEET = 72
"""Samples on the sheet beside the card, taken as they come."""


def ship(run: str | Path, name: str, *, note: str = "", n: int = 10_000) -> Path:
    """Write the averaged networks of a run as `labkit/weights/NAME.safetensors`, half precision, with a scored card.

    Args:
        run: a run folder of `labkit.recipes.train_lab`.
        name: the lab's name, or of a translator what it does, such as ``labels-to-face``.
        note: one sentence for the card.
        n: samples that are scored.

    Raises:
        UserError: no such lab or run, a damaged checkpoint, or data that nothing scores.
    """
    from labkit.training import checkpoint

    game, about = load_game(run)
    if not is_translator(game):
        find_lab(name)
    state = checkpoint.load(Path(run) / "last.pt")
    tensors = {
        f"{part}.{key}": value.half() if value.is_floating_point() else value
        for part in game.averaged
        for key, value in game.get_submodule(part).state_dict().items()
    }
    made = {
        "command": _command(about, state["step"], state["session"].get("decay", "None")),
        "seed": int(state["identity"]["seed"]),
        "images": state["images"],
        "steps": state["step"],
        "minutes": round(state["seconds"] / 60, 1),
        "session": state["session"],
    }
    card: dict[str, Any] = {**about, "made": made, "score": evaluate(run, n=n).brief()}
    if about["data"] in datasets.FACES and not is_translator(game):
        card["by heart"] = _by_heart(game, about["data"], min(n, 2_000))
    path = weights.save(name, tensors, {**card, "licence": "MIT", "note": note})
    _sheet(name, path.with_suffix(".png"))
    return path


def _sheet(name: str, path: Path) -> None:
    """Samples; of a translator what it makes of faces that training never saw."""
    game, about = load_game(name)
    if is_translator(game):
        data = open_data(about["lab"], about["data"], about["scale"], about["options"], split="test")
        save_grid(game.preview(batch_of(data, slice(8))), path, columns=game.preview_columns)
        return
    samples = game.sample(SHEET, generator=torch.Generator().manual_seed(0))
    save_grid(samples, path, columns=12 if samples.shape[-1] > 32 else 18)


def _command(about: dict[str, Any], steps: int, decay: str) -> str:
    """What to type to train it again."""
    recipe, settings = find_lab(about["lab"]).scales[about["scale"]]
    changed = {key: value for key, value in about["options"].items() if recipe.get(key) != value}
    words = "".join(f" --option {key}={json.dumps(value)}" for key, value in changed.items()) + f" --steps {steps}"
    if decay not in ("None", str(settings.get("decay"))):
        words += f" --decay {decay.strip('(').split(',')[0]}"
    return "labkit train {lab} --scale {scale} --data {data}".format(**about) + words


def _by_heart(game: Game, data: str, n: int) -> dict[str, Any]:
    """Distances of n samples, and of n faces that training never saw, to the nearest training faces."""
    from labkit.metrics import nearest_training

    size = game.image_shape[1]
    training = datasets.open(data, size=size)
    held_out = datasets.open(data, size=size, split="test", fields=["image"])
    samples = game.sample(n, generator=torch.Generator().manual_seed(1))
    found = nearest_training(samples, held_out.images(n), training.images(None))
    return {"n": n, "training faces": len(training), **{key: round(value, 3) for key, value in asdict(found).items()}}


def main(words: list[str] | None = None) -> int:
    """Ship one run."""
    parser = argparse.ArgumentParser(prog="python -m labkit.ship", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", metavar="RUN", help="a run's folder")
    parser.add_argument("lab", metavar="LAB", help="the lab that it becomes the checkpoint of")
    parser.add_argument("--note", default="", help="one sentence for the card")
    asked = parser.parse_args(words)
    print(ship(asked.run, asked.lab, note=asked.note))
    return 0


if __name__ == "__main__":
    sys.exit(main())
