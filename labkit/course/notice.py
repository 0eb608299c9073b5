"""How a notice looks: HTML in a notebook, plain text elsewhere. Words carry the meaning, never colour alone."""

import re
import sys
from dataclasses import dataclass
from html import escape

COLOURS = {"right": "#2e8b57", "wrong": "#c0392b", "todo": "#3b7dd8", "plain": "#888888"}
MARKS = {"right": "✓", "wrong": "✗", "todo": "○", "plain": "·"}


@dataclass(frozen=True)
class Notice:
    """A title and lines of text under it; `kind` is a key of `MARKS`."""

    kind: str
    title: str
    lines: tuple[str, ...] = ()
    link: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """For a terminal."""
        link = [f"{self.link[0]}: {self.link[1]}"] if self.link else []
        return "\n".join([f"{MARKS[self.kind]} {self.title}", *(f"  {line}" for line in (*self.lines, *link))])

    @property
    def html(self) -> str:
        """For a notebook, in its own theme's colours but for the bar at the left."""
        body = "".join(f"<div style='margin-top:.3em'>{_code(line)}</div>" for line in self.lines)
        if self.link:
            body += f"<div style='margin-top:.3em'><a href='{escape(self.link[1])}'>{_code(self.link[0])}</a></div>"
        return (
            f"<div role='note' style='border-left:4px solid {COLOURS[self.kind]};padding:.4em .8em;margin:.3em 0;"
            f"max-width:60em'><strong>{MARKS[self.kind]} {_code(self.title)}</strong>{body}</div>"
        )

    def show(self) -> None:
        """In the notebook's output, or on standard output."""
        show(self.text, self.html)


def show(text: str, html: str) -> None:
    """Show the HTML where there is a notebook, else print the text."""
    if in_notebook():
        from IPython.display import display

        display({"text/html": html, "text/plain": text}, raw=True)
    else:
        # A terminal that knows neither "✓" nor "ε" (an old Windows code page) still gets the words.
        encoding = sys.stdout.encoding or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding))


def in_notebook() -> bool:
    """Whether a kernel runs this, so that HTML can be shown."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def _code(line: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(line))
