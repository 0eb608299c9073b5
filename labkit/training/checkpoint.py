"""Checkpoints: everything that the next step depends on, written whole or not at all."""

import difflib
import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from labkit.errors import UserError

FORMAT = 1


class CannotResume(UserError):
    """The run folder holds another experiment."""


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write beside, flush to the disk, then rename: a kill at any moment leaves the old file or the new one, whole.

    Raises:
        UserError: no space, no permission; the file that was there is untouched.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        beside.unlink(missing_ok=True)
        kept = f"the checkpoint before it is whole: {path}" if path.exists() else "there was none before it"
        reason = error.strerror if isinstance(error, OSError) and error.strerror else first_line(error)
        raise UserError(f"can't write the checkpoint {path} ({reason}); {kept}") from error


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint. Tensors and plain values only: it can't run code.

    Raises:
        UserError: damaged, or not a checkpoint of ours; nothing is overwritten.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"there is no checkpoint {path}") from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(
            f"the checkpoint {path} is damaged ({first_line(error)[:100]}); "
            "move it away to start again, or train into another folder"
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise UserError(f"{path} is not a checkpoint that this version of labkit wrote; train into another folder")
    return state


def compare(saved: Mapping[str, str], now: Mapping[str, str], folder: Path) -> None:
    """Refuse to go on with another model, data set, batch, seed or optimizer.

    Raises:
        CannotResume: with the difference, line by line.
    """
    if saved == now:
        return
    lines = []
    for key in sorted({*saved, *now}):
        before, after = saved.get(key, "(not set)"), now.get(key, "(not set)")
        if before != after:
            changes = difflib.ndiff(before.splitlines(), after.splitlines())
            lines += [f"  {key}:", *(f"    {line}" for line in changes if line[0] in "+-")]
    raise CannotResume(
        f"{folder} holds another experiment (- there, + asked for):\n"
        + "\n".join(lines)
        + "\nTrain into another folder, or delete that one."
    )
