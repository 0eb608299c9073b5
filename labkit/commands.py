"""What each command of :mod:`labkit.cli` does; one function a command, heavy imports inside."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.errors import UserError, nearest

if TYPE_CHECKING:
    pass


def lab(arguments: argparse.Namespace) -> int:
    """``labkit lab``."""
    from labkit import lab as launcher

    return launcher.main(arguments.folder, port=arguments.port, browser=not arguments.no_browser)


def labs(arguments: argparse.Namespace) -> int:
    """``labkit labs``: names and what they are."""
    from labkit.recipes import LABS

    about = {name: _sentence(known) for name, known in LABS.items()}
    if arguments.json:
        print(json.dumps([{"name": name, "about": text} for name, text in about.items()], indent=1))
    else:
        width = max(map(len, about), default=0)
        print("\n".join(f"{name:<{width}}  {text}" for name, text in about.items()))
    return 0


def _sentence(known: object) -> str:
    return str(getattr(known, "title", "") or getattr(known, "about", ""))


def train(arguments: argparse.Namespace) -> int:
    """``labkit train``, in this process or in several.

    Raises:
        UserError: an unknown lab or scale, with the nearest names.
    """
    from labkit.recipes import LABS, SCALES, train_lab

    if arguments.lab not in LABS:
        raise UserError(nearest(arguments.lab, LABS, "lab"))
    if arguments.scale is not None and arguments.scale not in SCALES:
        raise UserError(nearest(arguments.scale, SCALES, "scale"))
    if arguments.run is None:
        arguments.run = os.path.join("runs", arguments.lab)
    if arguments.processes > 1:
        from labkit.training.launch import launch

        return launch(_words(arguments), arguments.processes)
    train_lab(
        arguments.lab,
        data=arguments.data,
        scale=arguments.scale,
        steps=arguments.steps,
        minutes=arguments.minutes,
        seed=arguments.seed,
        run=arguments.run,
        threads=arguments.threads,
        precision=arguments.precision,
        device=arguments.device,
        score=arguments.score,
        change=dict(arguments.option),
        decay=_decay(arguments),
    )
    return 0


def _decay(arguments: argparse.Namespace) -> tuple[float, float] | None:
    """Images at which the learning rates begin to fall, and those of the last step."""
    from labkit.recipes import settings_for

    if arguments.decay is None:
        return None
    if arguments.steps is None:
        raise UserError("--decay ends with the last step: give --steps too")
    return arguments.decay, arguments.steps * settings_for(arguments.lab, arguments.scale)[1]["batch"]


def _words(arguments: argparse.Namespace) -> list[str]:
    """Write the arguments of a training as words again, for processes that each run it."""
    options = ("data", "scale", "steps", "minutes", "decay", "seed", "run", "threads", "precision", "device")
    given = [(name, getattr(arguments, name)) for name in options]
    words = [arguments.lab, *(f"--{name}={value}" for name, value in given if value is not None)]
    words += [f"--option={name}={json.dumps(value)}" for name, value in arguments.option]
    return [*words, "--score"] if arguments.score else words


def sample(arguments: argparse.Namespace) -> int:
    """``labkit sample``: a sheet of images, marked as synthetic in the file."""
    from PIL.PngImagePlugin import PngInfo

    from labkit.pictures import grid
    from labkit.recipes import sample_images

    out = Path(arguments.out or f"{Path(arguments.source).resolve().name}-samples.png")
    if out.suffix.lower() != ".png":
        raise UserError(f"{out} is not a PNG file's name")
    images = sample_images(_source(arguments.source), arguments.n, arguments.seed)
    about = PngInfo()
    about.add_text("Description", f"synthetic: drawn by labkit from {arguments.source}, seed {arguments.seed}")
    grid(images).save(out, pnginfo=about)
    print(f"{len(images)} images in {out}")
    return 0


def translate(arguments: argparse.Namespace) -> int:
    """``labkit translate``: pictures and videos through a trained translator."""
    from labkit.translate import translate_files

    options = {name: getattr(arguments, name) for name in ("back", "size", "beside", "device")}
    done = translate_files(_source(arguments.model), arguments.inputs, arguments.out, **options)
    skipped = [{"input": str(file), "reason": reason} for file, reason in done.skipped]
    if arguments.json:
        written = [
            {"input": str(one.input), "output": str(one.output), "frames": one.frames, "sound": one.sound}
            for one in done.written
        ]
        print(json.dumps({"model": arguments.model, "written": written, "skipped": skipped}, indent=1))
    else:
        print("\n".join(f"{one.input} → {one.output}" for one in done.written))
    if skipped:
        count = f"{len(skipped)} file{'s' if len(skipped) > 1 else ''} skipped"
        print("\n".join([f"{count}:", *(f"  {one['input']}: {one['reason']}" for one in skipped)]), file=sys.stderr)
    return 0


def evaluate(arguments: argparse.Namespace) -> int:
    """``labkit evaluate``: the score with its floor and its baseline."""
    from labkit.recipes import evaluate as score

    found = score(_source(arguments.source), n=arguments.n, data=arguments.data)
    if arguments.json:
        document = found.json()
        print(document if isinstance(document, str) else json.dumps(document, indent=1))
    else:
        print(found.table())
    return 0


def _source(name: str) -> str:
    """Check that a run, a lab or a shipped checkpoint of this name is there; the folder of a run goes first.

    Raises:
        UserError: none, with the nearest names.
    """
    from labkit.recipes import LABS, shipped

    known = sorted({*LABS, *shipped()})
    if os.path.isdir(name) or name in known:
        return name
    if os.sep in name or "/" in name:
        raise UserError(f"there is no run in {name}; train one with: labkit train LAB --run {name}")
    raise UserError(f"{nearest(name, known, 'lab or checkpoint')}; and there is no run folder of that name here")


def build(arguments: argparse.Namespace) -> int:
    """``labkit build``."""
    from labkit.course.build import main

    return main(arguments.check)


def grade(arguments: argparse.Namespace) -> int:
    """``labkit grade``."""
    from labkit.course.grade import main

    return main(arguments.notebooks, arguments.json)


def doctor(arguments: argparse.Namespace) -> int:
    """``labkit doctor``."""
    from labkit.doctor import main

    return main(arguments.json)


def bench(arguments: argparse.Namespace) -> int:
    """``labkit bench``."""
    from labkit.bench import main

    return main(arguments.json)
