"""Diagrams of what flows where, as SVG with a text alternative."""

from html import escape

_INK, _PAPER = "#1f2937", "#ffffff"


class Diagram:
    """An SVG drawing that a notebook shows.

    Args:
        width: in px.
        height: in px.
        words: the text alternative.
    """

    def __init__(self, width: int, height: int, words: str):
        self.width, self.height, self.words = width, height, words
        self._parts: list[str] = []

    def box(self, x: int, y: int, width: int, height: int, *lines: str, fill: str = _PAPER) -> None:
        """A rounded box with centred lines of text."""
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" stroke="{_INK}"/>'
        )
        top = y + height / 2 - 9 * (len(lines) - 1)
        for index, line in enumerate(lines):
            self.text(x + width // 2, int(top + 18 * index), line)

    def text(self, x: int, y: int, line: str) -> None:
        """A line of text centred on (x, y)."""
        self._parts.append(
            f'<text x="{x}" y="{y}" text-anchor="middle" dominant-baseline="middle" fill="{_INK}">{escape(line)}</text>'
        )

    def arrow(self, x1: int, y1: int, x2: int, y2: int, dashed: bool = False) -> None:
        """An arrow from one point to another; dashed ones are gradients."""
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self._parts.append(
            f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{_INK}" stroke-width="1.6"{dash} '
            'marker-end="url(#head)"/>'
        )

    def _repr_html_(self) -> str:
        head = (
            '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0 0L10 5L0 10z" fill="{_INK}"/></marker></defs>'
        )
        return (
            '<div style="overflow-x:auto">'
            f'<svg role="img" aria-label="{escape(self.words)}" viewBox="0 0 {self.width} {self.height}" '
            f'style="width:100%;min-width:560px;max-width:{self.width}px;background:{_PAPER}" '
            'font-family="sans-serif" font-size="14">'
            f"<title>{escape(self.words)}</title>{head}{''.join(self._parts)}</svg></div>"
        )

    def __repr__(self) -> str:
        return self.words


def two_players() -> Diagram:
    """The game of two: z → G → fake; real or fake → D → score; gradients flow back."""
    words = (
        "Random numbers z go into the generator G, which draws a fake. Real images x and fakes go to the discriminator "
        "D, which gives each a score. D learns from both kinds of scores. G learns only through D: the gradient of the "
        "fake's score flows back through D into G. G never sees a real image."
    )
    drawing = Diagram(760, 250, words)
    drawing.box(4, 150, 132, 60, "z ~ N(0, I)", "random numbers")
    drawing.arrow(136, 180, 170, 180)
    drawing.box(172, 150, 120, 60, "G", "generator", fill="#dbeafe")
    drawing.arrow(292, 180, 342, 180)
    drawing.box(344, 150, 100, 60, "G(z)", "a fake")
    drawing.box(344, 30, 100, 60, "x", "a real image")
    drawing.arrow(444, 60, 512, 100)
    drawing.arrow(444, 175, 512, 130)
    drawing.box(514, 85, 120, 60, "D", "discriminator", fill="#fef3c7")
    drawing.arrow(634, 115, 676, 115)
    drawing.box(678, 90, 72, 50, "score")
    drawing.arrow(574, 146, 420, 232, dashed=True)
    drawing.arrow(420, 232, 232, 213, dashed=True)
    drawing.text(600, 215, "gradient: all that G ever learns from")
    return drawing
