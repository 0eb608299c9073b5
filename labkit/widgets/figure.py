"""Pictures in a notebook with words for those who can't see them, and pictures to keep."""

from html import escape
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from labkit.pictures import grid, png
from labkit.widgets.explorer import inline


def show(picture: Tensor | bytes, words: str, *, columns: int | None = None, scale: int = 2) -> None:
    """Show a picture with a caption that is also its text alternative.

    Args:
        picture: images (n, C, H, W) in [−1, 1] or uint8, shown as a grid; or an encoded PNG.
        words: what is to be noticed.
        columns: images a row.
        scale: each pixel becomes scale × scale.
    """
    from IPython.display import HTML, display

    data = picture if isinstance(picture, bytes) else png(picture, columns, scale)
    said = escape(words)
    image = inline(data, said, "max-width:100%;image-rendering:pixelated")
    display(HTML(f'<figure style="margin:0">{image}<figcaption>{said}</figcaption></figure>'))


SYNTHETIC = "synthetic: drawn by a neural network, made with labkit"
"""The mark on every exported picture."""


def metadata(caption: str) -> PngInfo:
    """What a PNG file says of itself: its caption, and that it is synthetic."""
    about = PngInfo()
    about.add_text("Description", f"{caption} S{SYNTHETIC[1:]}.")
    about.add_text("Software", "labkit")
    return about


def keep(images: Tensor, path: str | Path, caption: str, *, columns: int | None = None, scale: int = 4) -> Path:
    """Save a grid under its caption, with a visible mark and metadata that say it is synthetic.

    Args:
        images: (n, C, H, W) in [−1, 1] or uint8.
        path: a PNG file.
        caption: one line.
        columns: images a row.
        scale: each pixel becomes scale × scale.
    """
    sheet = grid(images, columns, scale=scale).convert("RGB")
    line, font = 22, ImageFont.load_default(size=16)
    said = (caption, SYNTHETIC)
    width = max(sheet.width, *(int(font.getlength(text)) + 8 for text in said))
    page = Image.new("RGB", (width, sheet.height + 2 * line + 8), "white")
    page.paste(sheet, (0, 0))
    pen = ImageDraw.Draw(page)
    for number, text in enumerate(said):
        pen.text((4, sheet.height + 4 + number * line), text, fill="black", font=font)
    page.save(path, pnginfo=metadata(caption))
    return Path(path)
