"""A name, a button, and a sentence that says what was saved and where, or why not."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from labkit.errors import UserError
from labkit.widgets.explorer import button


def free_name(name: str, suffixes: tuple[str, ...]) -> Path:
    """Where to save under this name without touching a file that is there: ``anna``, ``anna-2``, ``anna-3`` …

    Args:
        name: of a file, also in a folder; one of the suffixes may stand at its end.
        suffixes: of the files that will be written.

    Raises:
        UserError: no name, a folder that is not there, or signs that some system does not take in a file's name.
    """
    path = Path(name.strip())
    path = path.with_suffix("") if path.suffix.lower() in suffixes else path
    if not path.name or re.search(r'[<>:"|?*\0]', path.name):
        raise UserError(f"{name!r} is no name for a file: take letters, numbers, - and _")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {str(path.parent)!r}: make it first, or give a name alone")
    number, free = 1, path
    while any(free.with_name(free.name + suffix).exists() for suffix in suffixes):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


class Saving:
    """The widget: a field for the name, a button, and the sentence.

    Args:
        name: what stands in the field at first.
        save: takes the name, writes, and returns the paths of the files.
        label: on the button.
        tooltip: what the button does.
    """

    def __init__(self, name: str, save: Callable[[str], list[Path]], label: str, tooltip: str):
        import ipywidgets

        self._save = save
        self.name = ipywidgets.Text(
            value=name,
            description="name to save as",
            style={"description_width": "120px"},
            layout=ipywidgets.Layout(width="320px", max_width="100%"),
        )
        self.button = button(label, self.press, tooltip)
        self.message = ipywidgets.HTML()
        wrap = ipywidgets.Layout(display="flex", flex_flow="row wrap")
        self.widget = ipywidgets.VBox([ipywidgets.Box([self.name, self.button], layout=wrap), self.message])

    def press(self) -> None:
        """Save, and say so; a mistake or a full disk is told in words too."""
        try:
            files = self._save(self.name.value)
            said = f"Saved {' and '.join(path.name for path in files)} in {files[0].resolve().parent}."
        except UserError as error:
            said = f"Not saved: {error}."
        except OSError as error:
            said = f"Not saved: {error.strerror or error}."
        self.message.value = f'<div role="status">{escape(said)}</div>'
