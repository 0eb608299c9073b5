"""The explorers of styles: mixing, sources, truncation, noise, Z against W, directions without labels."""

import io
import re
import statistics
import time

import pytest
import torch
from PIL import Image

from labkit.errors import UserError
from labkit.models.spaces import w_space, z_space
from labkit.models.stylegan import StyleGAN
from labkit.nn.directions import Directions
from labkit.nn.unsupervised import principal_directions
from labkit.widgets import LayerSources, NoiseLayers, Sliders, StyleMixing, Truncation, TwoSpaces, Unlabelled
from labkit.widgets.mixing import layer_sides, span

NAMES = ("Smiling", "Wearing_Hat", "Young")


class Judge:
    """Knows three attributes, each by the brightness of a stripe of the picture."""

    names = NAMES

    def __call__(self, images):
        assert not images.requires_grad and images.abs().max() <= 1  # as the shipped ones ask for
        stripes = torch.nn.functional.adaptive_avg_pool2d(images.mean(1), (3, 1)).flatten(1)
        return torch.sigmoid(50 * (stripes - stripes.mean(1, keepdim=True)))


def made(kind="modulated", size=32):
    torch.manual_seed(0)
    game = StyleGAN((3, size, size), 16, 16, 2, base=1024, most=32, generator=kind).eval()
    for layer in game.synthesis.layers:
        torch.nn.init.constant_(layer.strength, 0.3)
    game.mapping.follow(game.mapping(torch.randn(500, 16)), keep=0.0)
    return game


@pytest.fixture(scope="module", params=["modulated", "adain"])
def game(request):
    return made(request.param)


def png(data):
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def drawn(explorer, **values):
    with torch.no_grad():
        return explorer.images(**{**explorer.values(), **values})


def test_the_table_takes_early_layers_from_the_left_and_late_ones_from_above(game):
    table = StyleMixing(game, rows=2, columns=3)
    last = game.synthesis.styles
    for crossover in (1, 3, last - 1):
        images = drawn(table, crossover=crossover)
        assert len(images) == 3 * 4
        styles = torch.cat(
            [table.left[1:2, None].expand(-1, crossover, -1), table.top[2:, None].expand(-1, last, -1)], 1
        )
        with torch.no_grad():
            # As many as the table draws at once: for one picture some CPUs sum in another order, and AdaIN divides by
            # deviations that may be small.
            expected = game.draw(styles[:, :last].expand(2 * 3, -1, -1), table.styles.noise)
        torch.testing.assert_close(images[2 * 4 + 3], expected[0], atol=1e-5, rtol=1e-4)
        with torch.no_grad():
            edges = game.draw(torch.cat([table.top, table.left]), table.styles.noise)
        torch.testing.assert_close(torch.cat([images[1:4], images[[4, 8]]]), edges, atol=1e-5, rtol=1e-4)
    assert "layers 0 to 2" in table.describe(3) and f"layers 3 to {last - 1}" in table.describe(3)
    assert "From the left: layer 0, " in table.describe(1)


def test_other_faces_come_at_a_press_and_the_picture_has_all_cells(game):
    table = StyleMixing(game, rows=2, columns=3)
    table.widget  # noqa: B018
    before = table._view.value
    table.controls["crossover"].value = 5
    moved = table._view.value
    table.controls["new"].click()
    assert len({before, moved, table._view.value}) == 3
    picture = png(table.render())
    assert picture.size == (4 * 32 + 3 * 2, 3 * 32 + 2 * 2)
    assert png(table.picture()).height > 3 * 3 * 32


def test_layers_are_named_by_their_sides():
    game = made()
    assert layer_sides(game) == [4, 8, 8, 16, 16, 32, 32, 32]
    assert span(game, 0, 3) == "coarse (4 to 8 px)" and span(game, 3, 8) == "middle (16 to 32 px)"
    assert span(game, 0, 8) == "coarse to middle (4 to 32 px)" and span(game, 1, 2) == "coarse (8 px)"
    assert layer_sides(made("adain")) == [4, 4, 8, 8, 16, 16, 32, 32]


def test_each_layer_takes_its_style_from_the_face_that_was_chosen(game):
    sources = LayerSources(game, judge=Judge())
    last = game.synthesis.styles
    for name, row in zip("ABC", range(3)):
        sources.all_from(name)
        images = drawn(sources)
        torch.testing.assert_close(images[3], images[row], atol=1e-5, rtol=1e-4)
    sources.controls["layer 2"].value = "A"
    mixed = sources.mix(*sources.values().values())
    assert torch.equal(mixed[0, 2], sources.w[0]) and torch.equal(mixed[0, 3], sources.w[2])
    said = sources.describe(**sources.values())
    assert said.startswith("Layers from face A: 2; from B: none; from C: 0, 1, 3")
    html = sources.widget and sources._view.value
    assert len(re.findall("<img", html)) == 4 and "The judge sees" in html
    sources.renew()
    assert sources._view.value != html and len(sources.controls) == last
    assert png(sources.picture()).width == 2 * (32 * 6 + 2 * 5)  # A, B and four sizes


def test_at_zero_all_are_the_mean_face_and_late_layers_can_be_spared(game):
    explorer = Truncation(game)
    last = game.synthesis.styles
    images = drawn(explorer, psi=0.0, layers=last)
    for image in images[1:]:
        torch.testing.assert_close(image, images[0], atol=1e-5, rtol=1e-4)
    with torch.no_grad():
        whole = game.draw(explorer.w, explorer.styles.noise)
    torch.testing.assert_close(drawn(explorer, psi=1.0, layers=last)[1:], whole, atol=1e-5, rtol=1e-4)
    part = explorer.truncated(0.0, 3)
    assert torch.equal(part[:, 3:], explorer.w[:, None].expand(-1, last - 3, -1))
    assert (part[:, :3] == game.mapping.mean).all()
    assert png(explorer.picture()).height > 6 * 32


def test_noise_acts_where_it_is_ticked(game):
    explorer = NoiseLayers(game)
    off = {name: False for name in explorer.values() if name != "strength"}
    bare, same, difference, spread = drawn(explorer, **off)
    assert torch.allclose(bare, same, atol=1e-5) and difference.abs().max() < 1e-3 and spread.max() < -0.99
    assert len(off) == len(game.synthesis.layers)
    one = drawn(explorer, **{**off, explorer.layers[4]: True})
    assert [float(n.abs().max()) > 0 for n in explorer.noise(1.0, 1, **{**off, explorer.layers[4]: True})] == [
        k == 4 for k in range(len(off))
    ]
    assert one[2].abs().max() > 0.01 and one[3].max() > -0.99
    assert drawn(explorer, strength=0.0)[2].abs().max() < 1e-3
    more = drawn(explorer, strength=2.0)
    assert (more[1] - more[0]).abs().mean() > (drawn(explorer)[1] - bare).abs().mean()
    html = explorer.widget and explorer._view.value
    explorer.again()
    again = explorer._view.value
    explorer.renew()
    assert len({html, again, explorer._view.value}) == 3
    assert "in layers 0, 1, 2" in explorer.describe(**explorer.values()) and "in no layer" in explorer.describe(
        1.0, **off
    )
    assert png(explorer.picture()).height > 5 * 32


@pytest.fixture(scope="module")
def spaces():
    game = made()
    z, w = z_space(game), w_space(game)
    latent = z.latent(600, torch.Generator().manual_seed(1))
    with torch.no_grad():
        styles = game.mapping(latent)
        said = Judge()(w.draw(styles))
    return z, w, tuple(Directions.fit(one, said, NAMES) for one in (latent, styles))


def test_one_step_in_each_space_from_one_face(spaces):
    z, w, directions = spaces
    amounts = (dict.fromkeys(NAMES, 3.0), dict.fromkeys(NAMES, 2.0))
    explorer = TwoSpaces(z, w, directions, amounts=amounts, judge=Judge())
    start, in_z, in_w = drawn(explorer, attribute="Young", strength=0.0)
    assert torch.allclose(start, in_z, atol=1e-4) and torch.allclose(start, in_w, atol=1e-4)
    explorer.controls["attribute"].value = "Young"
    moved_z, moved_w = explorer.moved("Young", 1.0)
    assert (moved_z - explorer.starts[0]).norm().item() == pytest.approx(3.0, rel=1e-4)
    assert (moved_w - explorer.starts[1]).norm().item() == pytest.approx(2.0, rel=1e-4)
    said = explorer.describe("Young", 1.0)
    assert said.startswith("+1.00 young. The judge sees: In Z: ") and " In W: " in said
    html = explorer.widget and explorer._view.value
    explorer.controls["new"].click()
    assert explorer._view.value != html and png(explorer.picture()).height > 6 * 32
    with pytest.raises(UserError, match="Yuong"):
        TwoSpaces(z, w, directions, ["Yuong"], amounts=amounts)


def test_sliders_start_where_they_are_told(spaces):
    _, w, directions = spaces
    start = torch.full((1, 16), 0.2)
    explorer = Sliders(w, directions[1], start=start)
    assert torch.equal(explorer.latent(), start)
    explorer.random()
    assert not torch.equal(explorer.latent(), start)


def test_directions_are_named_and_applied(game):
    with torch.no_grad():
        w = game.mapping(game.latent(500, torch.Generator().manual_seed(2)))
    explorer = Unlabelled(game, {"GANSpace": principal_directions(w)[0], "coordinates": torch.eye(16)}, samples=500)
    last = game.synthesis.styles
    step = explorer.step("coordinates", 3, 2.0, (1, 3))
    assert (step[:, 1:4, 3] == 2 * explorer.spread["coordinates"][3]).all()
    assert step.count_nonzero() == 3
    back, face, on = drawn(explorer, amount=0.0)
    assert torch.allclose(back, face, atol=1e-4) and torch.allclose(on, face, atol=1e-4)
    html = explorer.widget and explorer._view.value
    explorer.keep()
    assert not explorer.named and "Write a name" in explorer.message.value
    explorer.controls["method"].value, explorer.controls["number"].value = "coordinates", 3
    assert "layers 1 to 3, " in explorer.describe("coordinates", 3, 2.0, (1, 3))
    explorer.controls["layers"].value, explorer.name.value = (1, 3), "older"
    explorer.keep()
    assert explorer._view.value != html and "older" in explorer.message.value
    people = explorer.styles.new(2)
    styles = explorer.apply(people, "older", 2.0)
    torch.testing.assert_close(styles, explorer.styles.every(people) + step)
    with pytest.raises(UserError, match="kept are: older"):
        explorer.apply(people, "younger", 1.0)
    assert png(explorer.picture(2)).height > 4 * 32 and styles.shape == (2, last, 16)


def test_a_table_is_encoded_within_sixty_milliseconds():
    """The shipped generator's sizes, laid out as `load_game` does; each table is a new one."""
    torch.manual_seed(0)
    game = StyleGAN((3, 64, 64), 128, 128, 4, base=1024, most=128).to(memory_format=torch.channels_last)
    explorer = StyleMixing(game)
    explorer.render()
    times = []
    for k in range(18):
        if k % 9 == 0:
            explorer.renew()
        start = time.process_time()
        explorer.render(crossover=1 + k % 9)
        times.append(time.process_time() - start)
    assert statistics.median(times) < 0.06
