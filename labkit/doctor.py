"""``labkit doctor``: what this machine has, what labkit will choose on it, and what is missing, with the cure."""

import importlib.metadata
import json
import os
import platform
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from labkit.lab import checkout, shipped_notebooks

GIB = 2**30
ROOM = 4.0
"""GiB that should be free: the largest data set of the first labs, a run with its samples, and something to spare."""

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        about: what was looked at.
        found: what is there, in words.
        state: ``missing`` is something that the notebooks need; ``optional``, something that only some people want.
        mend: what to do about it, or who needs it; empty where all is well.
    """

    about: str
    found: str
    state: Literal["ok", "missing", "optional"] = "ok"
    mend: str = ""


def main(as_json: bool = False) -> int:
    """Print the report.

    Args:
        as_json: as one JSON list of findings instead of lines.

    Returns:
        0, or 1 if something is missing that the notebooks need.
    """
    findings = list(examine())
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        print("\n".join(map(_line, findings)))
    return int(any(finding.state == "missing" for finding in findings))


def _line(finding: Finding) -> str:
    mark = {"ok": "✓", "missing": "✗", "optional": "○"}[finding.state]
    head = f"{mark} {finding.about:<12} "
    words = textwrap.wrap(finding.found, 100, initial_indent=head, subsequent_indent=" " * len(head))
    return "\n".join([*words, *([" " * len(head) + "→ " + finding.mend] if finding.mend else [])])


def examine() -> Iterator[Finding]:
    """Look at everything, in the order of the report."""
    yield Finding("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, in {sys.prefix}")
    yield _torch()
    yield from _machine()
    yield from _storage()
    yield from _course()
    yield from _tools()


def version(distribution: str) -> str | None:
    """The version that is installed here, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def chromium() -> str | None:
    """The path of a Chromium that a headless test can drive, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def _install(what: str) -> str:
    return f"{sys.executable} -m pip install " + (f'"{what}"' if "[" in what else what)


def _again() -> str:
    """The command that brings back a file of labkit's own."""
    if checkout():
        return "git checkout -- notebooks labkit/weights"
    urls = importlib.metadata.metadata("labkit").get_all("Project-URL") or []
    address = next(url.partition(", ")[2] for url in urls if url.startswith("Repository, "))
    return f'{sys.executable} -m pip install --force-reinstall --no-deps "labkit @ git+{address}"'


def _torch() -> Finding:
    import torch

    found = f"{torch.__version__}, torchvision {version('torchvision') or 'missing'}"
    if version("torchvision") is None:
        return Finding("torch", found, "missing", _install("torchvision"))
    if shutil.which("nvidia-smi") and torch.version.cuda is None:
        mend = "there is an NVIDIA driver here; a torch with CUDA would use the GPU: https://pytorch.org/get-started/locally"
        return Finding("torch", f"{found}, without CUDA", "optional", mend)
    return Finding("torch", found)


def _machine() -> Iterator[Finding]:
    import torch

    from labkit.threads import busy_cores, choose_threads, cores
    from labkit.training.precision import choose_device, choose_precision

    device = choose_device()
    if device.type == "cuda":
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        free, total = (amount / GIB for amount in torch.cuda.mem_get_info())
        more = f"; {len(names)} GPUs: labkit train LAB --processes {len(names)}" if len(names) > 1 else ""
        yield Finding("device", f"{names[0]}, {free:.1f} of {total:.1f} GiB free{more}")
    elif device.type == "mps":
        yield Finding("device", "Apple GPU (MPS)")
    else:
        yield Finding("device", "the CPU; no GPU that torch can use")
    memory = _memory()
    have = f"{cores()} core{'s' if cores() > 1 else ''}, {busy_cores():.1f} busy just now"
    yield Finding("processor", have + (f"; {memory:.0f} GiB of memory" if memory else ""))
    threads = choose_threads()
    yield Finding("threads", f"{threads} for training on the CPU; 1 for sampling, widgets and scores")
    precision = choose_precision(device)
    why = {
        "bf16": "this hardware multiplies bf16 fast",
        "fp16": "this GPU has fp16 tensor cores and no bf16 ones",
        "float32": "nothing shorter is faster here",
    }[precision]
    yield Finding("precision", f"{precision}: {why}")
    yield scale()


def scale() -> Finding:
    """Which scale training takes by itself here, and why."""
    from labkit.errors import UserError
    from labkit.recipes import SCALES, choose_scale

    try:
        chosen = choose_scale()
    except UserError as error:
        return Finding("scale", str(error), "missing", f"set LABKIT_SCALE to one of {', '.join(SCALES)}, or to nothing")
    if os.environ.get("LABKIT_SCALE"):
        return Finding("scale", f"{chosen}, as LABKIT_SCALE says")
    why = "there is no GPU" if chosen == "cpu" else "there is a GPU"
    found = f"{chosen} for labkit train, as {why}; notebooks run at smoke until their SCALE cell says more"
    return Finding("scale", found)


def _memory() -> float | None:
    """Memory in GiB, where the system tells."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB
    except (AttributeError, ValueError, OSError):
        return None


def _storage() -> Iterator[Finding]:
    from labkit.data.arrays import root

    for about, folder, cure in (
        ("this folder", Path.cwd(), "go to a folder with more room"),
        ("data folder", root(), "set LABKIT_DATA to a folder with more room that is yours"),
    ):
        there = next(place for place in (folder, *folder.resolve().parents) if place.exists())
        free = shutil.disk_usage(there).free / GIB
        found = f"{folder}, {free:.0f} GiB free"
        if not os.access(there, os.W_OK):
            yield Finding(about, f"{found}, and can't be written to", "missing", cure)
        elif free < ROOM:
            yield Finding(about, found, "optional", f"{ROOM:.0f} GiB are safe for the first labs: {cure}")
        else:
            yield Finding(about, found)


def _course() -> Iterator[Finding]:
    from labkit.data.catalogue import READERS, available
    from labkit.errors import UserError
    from labkit.weights import names

    try:
        folder = shipped_notebooks()
        yield Finding("notebooks", f"{len(list(folder.glob('*.ipynb')))} in {folder}")
    except UserError as error:
        yield Finding("notebooks", str(error), "missing", _again())
    here = {name: available(name) for name in sorted(READERS)}
    found = ", ".join(name if there else f"{name} (not downloaded)" for name, there in here.items())
    yield Finding("data sets", found)
    weights = names()
    if weights:
        yield Finding("checkpoints", ", ".join(weights))
    else:
        yield Finding("checkpoints", "none", "missing", _again())


def _tools() -> Iterator[Finding]:
    for about, distribution, state, what, who in (
        ("JupyterLab", "jupyterlab", "missing", "labkit[lab]", ""),
        ("kernel", "ipykernel", "missing", "labkit[lab]", ""),
        ("widgets", "ipywidgets", "missing", "ipywidgets", ""),
        ("painting explorer", "anywidget", "missing", "anywidget", ""),
        ("TensorBoard", "tensorboard", "optional", "tensorboard", "curves of several runs: "),
        ("videos", "imageio-ffmpeg", "optional", "imageio-ffmpeg", "for labkit translate: "),
        ("nbgrader", "nbgrader", "optional", "labkit[instructor]", "for instructors: "),
        ("jupytext", "jupytext", "optional", "labkit[dev]", "to build notebooks from their masters: "),
    ):
        have = version(distribution)
        if have:
            yield Finding(about, have)
        else:
            yield Finding(about, "not installed", state, who + _install(what))  # type: ignore[arg-type]
    found = chromium()
    if found:
        yield Finding("Chromium", found)
    else:
        yield Finding("Chromium", "not found", "optional", "only the browser test wants it: apt-get install chromium")
