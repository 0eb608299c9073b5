"""What a run leaves in its folder: config.json, log.jsonl, samples/, training.gif, checkpoints."""

import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor

from labkit.errors import UserError
from labkit.pictures import animate, save_grid


class Record:
    """A run folder, written by the main process.

    Args:
        folder: made if it is missing.

    Raises:
        UserError: the folder can't be written.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.last, self.best = self.folder / "last.pt", self.folder / "best.pt"
        try:
            (self.folder / "samples").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"can't make the run folder {self.folder}: {error.strerror}") from error
        if not os.access(self.folder, os.W_OK):
            raise UserError(f"can't write in the run folder {self.folder}: choose another with run=…")
        self._log = self.folder / "log.jsonl"
        self._board: Any = None

    def begin(self, config: Mapping[str, Any], step: int) -> list[dict[str, Any]]:
        """Cut the log, the pictures and TensorBoard back to `step`, note the configuration, return the log so far."""
        lines = []
        if self._log.exists():
            for line in self._log.read_text().splitlines():
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:  # the line that was being written when the run was killed
                    break
                if entry["step"] <= step:
                    lines.append(entry)
        beside = self._log.with_suffix(".part")
        beside.write_text("".join(json.dumps(entry) + "\n" for entry in lines))
        os.replace(beside, self._log)
        for picture in (self.folder / "samples").glob("*.png"):
            if picture.stem.isdigit() and int(picture.stem) > step:
                picture.unlink()
        (self.folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        if importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(self.folder / "tensorboard"), purge_step=step + 1)
        return lines

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            kept = f"; the last checkpoint is whole: {self.last}" if self.last.exists() else ""
            raise UserError(f"can't write {path}: {error.strerror or error}{kept}") from error

    def log(self, entry: Mapping[str, Any]) -> None:
        """Append one line, and the same to TensorBoard if it is installed."""
        with self._writing(self._log), open(self._log, "a") as file:
            file.write(json.dumps(entry) + "\n")
        if self._board:
            for name, value in entry.items():
                if "/" in name and isinstance(value, int | float):
                    self._board.add_scalar(name, value, entry["step"])

    def picture(self, images: Tensor, step: int, columns: int | None = None) -> Path:
        """Save a grid of (n, C, H, W) in [−1, 1] as samples/STEP.png."""
        path = self.folder / "samples" / f"{step:06d}.png"
        with self._writing(path):
            save_grid(images, path, columns)
        return path

    def end(self) -> None:
        """The pictures as an animation, TensorBoard's file closed."""
        film = self.folder / "training.gif"
        with self._writing(film):
            animate(sorted((self.folder / "samples").glob("*.png")), film)
        if self._board:
            self._board.close()
