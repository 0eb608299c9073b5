"""Grids and animations."""

import io

import torch
from PIL import Image

from labkit.pictures import animate, grid, png, save_grid, to_uint8


def test_a_grid_puts_each_image_in_its_place():
    images = torch.arange(6, dtype=torch.uint8).reshape(6, 1, 1, 1).expand(6, 3, 2, 2) * 40
    page = grid(images)
    assert page.mode == "RGB" and page.size == (10, 6)
    assert [page.getpixel((4 * (i % 3), 4 * (i // 3)))[0] for i in range(6)] == [0, 40, 80, 120, 160, 200]
    assert page.getpixel((2, 0)) == (255, 255, 255)
    assert grid(images, columns=6, scale=3).size == (66, 6)


def test_floats_become_bytes_by_rounding():
    values = torch.tensor([-1.5, -1.0, 0.0, 1.0, 2.0])
    assert to_uint8(values).tolist() == [0, 0, 128, 255, 255]
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(every.float() / 127.5 - 1), every)


def test_a_png_holds_the_grid_exactly():
    images = torch.randint(0, 256, (4, 1, 5, 5), dtype=torch.uint8)
    with Image.open(io.BytesIO(png(images, columns=4))) as picture:
        assert list(picture.crop((0, 0, 5, 5)).tobytes()) == images[0].flatten().tolist()


def test_an_animation_has_every_picture(tmp_path):
    for number in range(3):
        save_grid(torch.full((4, 1, 3, 3), number / 2), tmp_path / f"{number}.png")
    animate(sorted(tmp_path.glob("*.png")), tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 3
    animate([tmp_path / "0.png"], tmp_path / "none.gif")
    assert not (tmp_path / "none.gif").exists()
