"""The README's tables, written from what `labkit.bench.results` measured."""

from pathlib import Path
from typing import Any

from labkit.bench.lab02 import edits_table
from labkit.bench.lab02 import rows as lab02_rows
from labkit.bench.lab03 import rows as lab03_rows
from labkit.bench.lab04 import rows as lab04_rows
from labkit.bench.lab05 import rows as lab05_rows
from labkit.bench.truth import rows as truth_rows
from labkit.errors import UserError

BEGIN, END = "<!-- results: written by `make results` -->", "<!-- end of results -->"
EDITS_BEGIN, EDITS_END = "<!-- edits: written by `make results` -->", "<!-- end of edits -->"


def _rows(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(what, figure, bar) of everything that was measured."""
    rows = []
    if lab := found.get("lab01"):
        for name, title in (("dcgan", "Lab 01, DCGAN"), ("gan", "Lab 01, MLP GAN")):
            one = lab[name]
            rows.append(
                (
                    f"{title}, {one['minutes']:.1f} minutes of {lab['threads']} thread(s) on MNIST "
                    f"({one['images']:,.0f} images)",
                    f"FD-digits {one['fd']:.2f} ± {one['fd_std']:.2f}, precision {one['precision']:.2f}, recall "
                    f"{one['recall']:.2f}, {one['classes']} of 10 classes above 3 % (smallest "
                    f"{100 * one['smallest_class']:.1f} %)",
                    f"real against real {lab['floor']:.3f}; best trivial baseline {lab['baseline']:.0f}; "
                    f"N = {lab['n']:,}, {lab['seeds']} seeds",
                )
            )
        rows.append(("DCGAN's FD ÷ MLP's", f"{lab['dcgan']['fd'] / lab['gan']['fd']:.2f}", "at most 0.33"))
    if lab := found.get("lab02"):
        rows += lab02_rows(lab)
    for name, of_lab in (("lab03", lab03_rows), ("lab04", lab04_rows), ("lab05", lab05_rows)):
        if lab := found.get(name):
            rows += of_lab(lab)
    bars = {
        "step": "≥ 2.4 with bf16 hardware, ≥ 1.0 without",
        "data": "≥ 10",
        "epoch": "≥ 2.2 with bf16 hardware",
        "epoch_128": "≥ 2 with bf16 hardware",
        "compile": "used only where it helps",
        "stylegan": "float32, a group of the convolution for each image, every gradient",
        "pix2pix": "float32, NCHW, every loss read",
        "cyclegan": "float32, NCHW, every loss read",
        "celeba": "≥ 10",
    }
    for name, one in {**found.get("speed", {}), **found.get("data", {})}.items():
        rows.append(
            (
                one["name"],
                f"× {one['ratio']:.2f} ({one['ours']:,.0f} against {one['textbook']:,.0f} images/s)",
                bars[name],
            )
        )
        if one["note"]:
            rows[-1] = (f"{one['name']} ({one['note']})", *rows[-1][1:])
    if one := found.get("faces"):
        what = f"built-in faces, {one['size']} px, image + labels + landmarks"
        rows.append((f"{what}, one thread", f"{one['one_thread']:.0f} faces/s", ""))
        rows.append((f"{what}, {one['processes']} processes", f"{one['together']:.0f} faces/s", "≥ 300 with two"))
        rows.append(
            (
                f"{one['count']:,} of them, from an empty cache; again",
                f"{one['first_s']:.0f} s; {one['again_s']:.3f} s",
                "about a minute; below 1 s",
            )
        )
    if one := found.get("truth"):
        rows += truth_rows(one)
    if one := found.get("resume"):
        rows.append(("killed with -9 at 20 random moments, resumed", _said(one["killed"]), "bit-identical, 20 of 20"))
        rows.append(("two gloo processes against one", _said(one["two_processes"]), "equal to 1e-5"))
    if one := found.get("start"):
        rows.append(("`import labkit`, torch warm", f"{one['import_s']:.2f} s", "below 2 s"))
        rows.append(("first picture of Lab 00, new interpreter", f"{one['first_picture_s']:.1f} s", "within 10 s"))
        rows.append(("explorer, callback to encoded picture", f"{one['explorer_ms']:.1f} ms", "at most 50 ms"))
    return rows


def _said(held: bool) -> str:
    return "holds" if held else "DOES NOT HOLD"


def table(found: dict[str, Any]) -> str:
    """The README's table in Markdown."""
    lines = ["| what | measured | beside it |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in _rows(found)]
    return "\n".join([*lines, "", f"Measured by `make results`: {_where(found)}."])


def _where(found: dict[str, Any]) -> str:
    """Which part was measured when and on what: `--only` measures some, and leaves the others as they were."""
    parts: dict[str, list[str]] = {}
    for name, where in found["where"].items():
        parts.setdefault(where, []).append(name)
    if len(parts) == 1:
        return next(iter(parts))
    return "; ".join(f"{', '.join(names)} {where}" for where, names in parts.items())


def write(found: dict[str, Any], readme: Path) -> None:
    """Put the tables between their marks.

    Raises:
        UserError: the README lost its marks.
    """
    text = _between(readme.read_text(encoding="utf-8"), BEGIN, END, table(found), readme)
    if lab := found.get("lab02"):
        text = _between(text, EDITS_BEGIN, EDITS_END, edits_table(lab["shipped"]["edits"]), readme)
    readme.write_text(text, encoding="utf-8")


def _between(text: str, begin: str, end: str, new: str, readme: Path) -> str:
    if text.count(begin) != 1 or text.count(end) != 1:
        raise UserError(f"{readme} needs the marks {begin} and {end} once each")
    head, rest = text.split(begin)
    return f"{head}{begin}\n{new}\n{end}{rest.split(end)[1]}"
