"""Pictures in a notebook with words for those who can't see them, and pictures to keep."""

from pathlib import Path

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from labkit.pictures import grid, png


def show(picture: Tensor | bytes, words: str, *, columns: int | None = None, scale: int = 2) -> None:
    """Show a picture with a caption that is also its text alternative.

    Args:
        picture: images (n, C, H, W) in [−1, 1] or uint8, shown as a grid; or an encoded PNG.
        words: what is to be noticed.
        columns: images a row.
        scale: each pixel becomes scale × scale.
    """
    from IPython.display import Image as Shown
    from IPython.display import display

    data = picture if isinstance(picture, bytes) else png(picture, columns, scale)
    display(Shown(data=data, format="png", alt=words))
    print(words)


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
    line = 16
    page = Image.new("RGB", (max(sheet.width, 8 * len(caption)), sheet.height + 2 * line + 8), "white")
    page.paste(sheet, (0, 0))
    pen = ImageDraw.Draw(page)
    pen.text((4, sheet.height + 4), caption, fill="black")
    pen.text((4, sheet.height + 4 + line), "synthetic: drawn by a neural network, made with labkit", fill="#555555")
    about = PngInfo()
    about.add_text("Description", f"{caption} Synthetic: drawn by a neural network, made with labkit.")
    about.add_text("Software", "labkit")
    page.save(path, pnginfo=about)
    return Path(path)
