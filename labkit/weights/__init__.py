"""The checkpoints that ship with labkit: ``NAME.safetensors`` and its card ``NAME.json``, which holds the file's hash.

Safetensors holds numbers and no code, so loading one can't run anything. A file whose hash is not its card's is
refused: a network that is a little damaged still answers, and its scores would be wrong without a sign.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor

from labkit.errors import UserError, nearest

FOLDER = Path(__file__).parent


def names(folder: Path = FOLDER) -> list[str]:
    """Names of the checkpoints in the folder, sorted."""
    return sorted(file.stem for file in folder.glob("*.safetensors"))


def card(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The card of a checkpoint: what it is, how it was made, its licence and its ``sha256``.

    Raises:
        UserError: there is no such checkpoint, or its card can't be read.
    """
    file = folder / f"{name}.json"
    if not file.is_file():
        raise UserError(nearest(name, names(folder), "checkpoint"))
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        content["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"The card {file} is damaged; install labkit again to get it back.") from error
    return content


def load(name: str, folder: Path = FOLDER) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint and its card.

    Args:
        name: the file's name without its ending, such as ``digits``.
        folder: where to look; labkit's own weights by default.

    Returns:
        The tensors by name, as they are stored, and the card.

    Raises:
        UserError: the checkpoint is unknown, missing, or its hash is not the one in its card.
    """
    content = card(name, folder)
    file = folder / f"{name}.safetensors"
    if not file.is_file():
        raise UserError(f"The weights file {file} is missing; install labkit again to get it back.")
    raw = file.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != content["sha256"]:
        raise UserError(
            f"The weights file {file} is damaged: its sha256 is {found[:12]}…, its card says "
            f"{content['sha256'][:12]}…; install labkit again to get it back."
        )
    try:
        return tensors_from_bytes(raw), content
    except SafetensorError as error:
        raise UserError(f"The weights file {file} is not a safetensors file; install labkit again.") from error


def save(name: str, tensors: dict[str, Tensor], content: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write a checkpoint and its card; the card gets the file's ``sha256`` and ``bytes``.

    Returns:
        The path of the weights file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    raw = tensors_to_bytes({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
    file = folder / f"{name}.safetensors"
    file.write_bytes(raw)
    content = {**content, "sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
    (folder / f"{name}.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return file
