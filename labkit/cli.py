"""The command line: what can be asked, and how a mistake is answered. What is done lies in :mod:`labkit.commands`.

Exit codes: 0 done; 1 it went wrong (a stale notebook, a failed run, a full disk); 2 a mistake of the user, in one
sentence; 130 stopped with Ctrl-C.
"""

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable, Sequence

from labkit import __version__
from labkit.errors import UserError

DESCRIPTION = """\
Train, look at and score the GANs of the course, and open its notebooks.

  labkit lab                      open the notebooks in JupyterLab
  labkit train dcgan              train a lab's model on this machine, for some minutes
  labkit sample runs/dcgan        draw from it
  labkit translate RUN photos/    turn pictures and videos into others
  labkit evaluate runs/dcgan      score it
  labkit doctor                   what this machine has, and what is missing

A LAB is its model's name (`labkit labs` lists them); a RUN is the folder of a training."""

TRAIN = """\
examples:
  labkit train gan                               on MNIST where it can be had, else on the built-in digits
  labkit train dcgan --minutes 5 --run runs/a    five minutes, in a folder of its own
  labkit train dcgan --data my_photos/           any folder of images
  labkit train dcgan --scale gpu --processes 2   two GPUs
  labkit train dcgan-faces --option loss=hinge --option r1=1 --option critic_norm=false

The same command picks up a run where it was stopped (Ctrl-C, a lost machine). Settings that a resumed run can't take
over are refused, with the difference; name another folder with --run then."""

SAMPLE = """\
examples:
  labkit sample cgan                             from the checkpoint that comes with labkit
  labkit sample runs/dcgan --n 100 --seed 7 --out digits.png"""

TRANSLATE = """\
examples:
  labkit translate runs/pix2pix painted.png --out face.png
  labkit translate runs/cyclegan photos/ holiday.mp4 --out cartoons/ --beside
  labkit translate runs/cyclegan cartoons/ --out faces/ --back
  labkit translate runs/cyclegan photo.jpg --size 256

Pictures become .png, videos and moving GIFs .mp4 with their sound. An input must show what the model was trained on: a
face for a CycleGAN of faces; for labels a map in the course's colours or of class numbers, 0 to 18; for drawings dark
lines on paper. Of each the middle square is taken and resized to the size of the training; --size N keeps the whole
picture, with a short side of N pixels, where the network takes any size (not a U-Net). No input is ever overwritten."""

EVALUATE = """\
examples:
  labkit evaluate runs/dcgan
  labkit evaluate dcgan --n 2000 --data digits --json

The score stands beside the real-against-real floor at the same number of images and a trivial baseline: a score says
little without them. The usual N is 10,000; scores at different N can't be compared."""

GRADE = """\
examples:
  labkit grade submissions/*/01_gan_basics.ipynb
  labkit grade mine.ipynb --json

Runs the student's functions, apart, with limits of time and memory; nothing is trained."""

LAB = """\
examples:
  labkit lab                        open work/00_start_here.ipynb
  labkit lab --no-browser --port 9000

The notebooks are copied to FOLDER; one that you have changed is never overwritten: its new version is put beside it."""

SOURCE = "a run's folder, or a lab for the checkpoint that comes with labkit"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: the words after ``labkit``; those of the process if not given.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["data"]:  # has a parser of its own, with its own --help
        return _guarded(lambda: _data(words[1:]), argparse.Namespace())
    arguments = parser().parse_args(words)

    def run() -> int:
        from labkit import commands

        return getattr(commands, arguments.command)(arguments)

    return _guarded(run, arguments)


def _data(words: list[str]) -> int:
    from labkit.data.commands import main as data_main

    return data_main(words)


def _guarded(run: Callable[[], int], arguments: argparse.Namespace) -> int:
    """Run, and answer a user's mistake with a sentence and an exit code instead of a traceback."""
    try:
        return run() or 0
    except UserError as error:
        return _say(str(error), 2)
    except KeyboardInterrupt:
        return _say(f"stopped{_kept(arguments)}", 130)
    except BrokenPipeError:  # `labkit labs | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except FileNotFoundError as error:
        return _say(f"there is no {error.filename}" if error.filename else str(error), 2)
    except PermissionError as error:
        return _say(
            f"no permission for {error.filename}; choose a folder that is yours" if error.filename else str(error), 2
        )
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return _say(f"the disk is full: make room and run the same command again{_kept(arguments)}", 1)
        if error.errno == errno.EROFS:
            return _say(f"{error.filename or 'the folder'} can only be read; choose another folder", 2)
        return _say(str(error), 1)


def _kept(arguments: argparse.Namespace) -> str:
    """What is left of a training that stopped."""
    folder = getattr(arguments, "run", None)
    return f"; the last checkpoint is whole: {folder}" if folder and os.path.exists(folder) else ""


def _say(sentence: str, code: int) -> int:
    print(f"labkit: {sentence}", file=sys.stderr)
    return code


def parser() -> argparse.ArgumentParser:
    """Build the parser of all commands; it imports nothing heavy."""
    top = argparse.ArgumentParser(
        prog="labkit", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"labkit {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    def command(name: str, help: str, epilog: str | None = None) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=help, description=f"{help[0].upper()}{help[1:]}.", epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip

    lab = command("lab", "copy the notebooks and open them in JupyterLab", LAB)
    lab.add_argument("folder", nargs="?", metavar="FOLDER", help="where your notebooks lie (default: work)")
    lab.add_argument("--no-browser", action="store_true", help="print the address only")
    lab.add_argument("--port", type=_port, help="default: the first free one from 8888")

    labs = command("labs", "list the labs")
    _json(labs)
    _train(command("train", "train a lab's model, or go on with a run", TRAIN))

    sample = command("sample", "draw images from a run or a lab into a PNG file", SAMPLE)
    sample.add_argument(
        "source", metavar="RUN|LAB", help="a run's folder, or a lab for the checkpoint that comes with labkit"
    )
    sample.add_argument("--n", type=_count, default=64, help="how many (default: 64)")
    sample.add_argument("--seed", type=int, default=0, help="the same seed draws the same images (default: 0)")
    sample.add_argument("--out", metavar="FILE.png", help="default: NAME-samples.png here")

    translate = command("translate", "translate pictures and videos with a pix2pix or a CycleGAN", TRANSLATE)
    translate.add_argument("model", metavar="MODEL", help="a run's folder, or a checkpoint that comes with labkit")
    translate.add_argument("inputs", nargs="+", metavar="INPUT", help="pictures, videos (mp4, webm, mov, gif), folders")
    translate.add_argument(
        "--out", metavar="OUT", default="translated", help="a folder, or one result's name (default: translated)"
    )
    translate.add_argument("--back", action="store_true", help="CycleGAN's other direction, from B to A")
    translate.add_argument("--size", type=_count, metavar="N", help="the whole picture, with a short side of N pixels")
    translate.add_argument("--beside", action="store_true", help="source and result side by side")
    translate.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    _json(translate)

    evaluate = command("evaluate", "score a run or a lab against real images", EVALUATE)
    evaluate.add_argument(
        "source", metavar="RUN|LAB", help="a run's folder, or a lab for the checkpoint that comes with labkit"
    )
    evaluate.add_argument("--n", type=_count, default=10_000, help="images on each side (default: 10000)")
    evaluate.add_argument("--data", metavar="NAME|FOLDER", help="default: what it was trained on")
    _json(evaluate)

    commands.add_parser("data", help="list, download and check data sets", add_help=False)
    build = command("build", "build the notebooks from their masters, solutions/*.py")
    build.add_argument("--check", action="store_true", help="change nothing; end with 1 if one is stale")
    grade = command("grade", "points by exercise, from the student's own functions", GRADE)
    grade.add_argument("notebooks", nargs="+", metavar="NOTEBOOK")
    _json(grade)
    _json(command("doctor", "what this machine has, what labkit will choose, and what is missing"))
    _json(command("bench", "time a training step and the data path against the textbook's"))
    return top


def _train(train: argparse.ArgumentParser) -> None:
    train.add_argument("lab", metavar="LAB", help="a model's name: see labkit labs")
    train.add_argument("--data", metavar="NAME|FOLDER", help="a data set (labkit data list), or a folder of images")
    train.add_argument(
        "--scale", metavar="SCALE", help="smoke (seconds), cpu (minutes), gpu, paper (default: by machine)"
    )
    length = train.add_mutually_exclusive_group()
    length.add_argument("--steps", type=_count, help="stop after so many steps in all")
    length.add_argument("--minutes", type=_minutes, help="stop after so many minutes")
    train.add_argument(
        "--option",
        type=_option,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the model in place of the recipe's, such as loss=hinge; may be given several times",
    )
    train.add_argument(
        "--decay",
        type=_count,
        metavar="IMAGES",
        help="from so many images on the learning rates fall, to 0 at the last of --steps",
    )
    train.add_argument("--seed", type=int, default=0, help="default: 0")
    train.add_argument("--run", metavar="DIR", help="the run's folder (default: runs/LAB)")
    train.add_argument("--processes", type=_count, default=1, metavar="P", help="one a GPU (default: 1)")
    train.add_argument("--threads", type=_count, metavar="T", help="CPU threads (default: the cores that are free)")
    train.add_argument(
        "--score",
        action="store_true",
        help="score the samples as it goes, and keep the best checkpoint beside the last",
    )
    train.add_argument("--precision", choices=("auto", "float32", "bf16", "fp16"), default="auto")
    train.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for programs: one JSON document")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes above 0")
    return minutes


def _option(text: str) -> tuple[str, object]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # a word: loss=hinge


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)
