"""Times, as ratios within one run: both sides in turns on the same machine, so that what else it does hits both."""

import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from labkit import data as datasets
from labkit.bench.apart import OURS, in_turns, seconds
from labkit.bench.textbook import Textbook, TextbookStyleGAN, celeba_loader, loader
from labkit.data.pictures import picture_size
from labkit.data.readers.named import located
from labkit.data.stream import Stream
from labkit.models.dcgan import dcgan
from labkit.models.game import Game
from labkit.models.stylegan import StyleGAN
from labkit.recipes import build, settings_for
from labkit.training import Settings
from labkit.training.loop import Trainer
from labkit.training.precision import Precision, choose_device, cpu_has_bf16

SIZE = 64


@dataclass(frozen=True)
class Comparison:
    """Two rates of the same work.

    Attributes:
        name: what was done.
        ours: images per second.
        textbook: images per second, the other way.
        note: what else to know.
    """

    name: str
    ours: float
    textbook: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """Ours ÷ textbook."""
        return self.ours / self.textbook

    def json(self) -> dict:
        """For `labkit bench --json`."""
        return {"name": self.name, "ours": self.ours, "textbook": self.textbook, "ratio": self.ratio, "note": self.note}


def alternate(
    ours: Callable[[], object], other: Callable[[], object], rounds: int, device: torch.device
) -> tuple[float, float]:
    """Median seconds of each, in turns in this process, after one round to warm up (steps: `labkit.bench.apart`)."""
    ours(), other()
    times = [(seconds(ours, device), seconds(other, device)) for _ in range(rounds)]
    return statistics.median(t for t, _ in times), statistics.median(t for _, t in times)


def noise_data(n: int, size: int = SIZE, **more: np.ndarray) -> datasets.Dataset:
    """So many pictures of noise, and other fields."""
    images = np.random.default_rng(0).integers(0, 256, (n, size, size, 3), np.uint8)
    return datasets.Dataset("noise", {"image": images, **more})


def first(data: datasets.Dataset, batch: int, device: torch.device) -> dict[str, torch.Tensor]:
    """The batch that a training on the data begins with."""
    return Stream(data, batch, device=device).batch(0)


def bench_trainer(game: Game, data: datasets.Dataset, batch: int, **settings) -> Trainer:
    """Our loop on a copy of the game, without a folder, and torch's threads as the loop wants them."""
    options = Settings(steps=10**9, batch=batch, progress="none", rehearse=False, **settings)
    trainer = Trainer(copy.deepcopy(game), data, options, None, None, {})
    torch.set_num_threads(trainer.threads)
    return trainer


def machine(device: torch.device) -> str:
    """Where the figures were measured, in words."""
    name = torch.cuda.get_device_name() if device.type == "cuda" else device.type
    threads, bf16 = torch.get_num_threads(), "with" if cpu_has_bf16() else "without"
    return name if device.type == "cuda" else f"{name}, {threads} thread(s), {bf16} bf16 hardware"


def step_speed(batch: int = 64, width: int = 64, rounds: int = 12) -> Comparison:
    """A training step of the 64-px DCGAN against the textbook's: same networks, same batch."""
    device = choose_device()
    mine, theirs = in_turns(partial(_dcgan_step, batch=batch, width=width), rounds, device)
    note = f"{Precision.on(device).name}; {machine(device)}"
    return Comparison(f"DCGAN step, {SIZE} px, ngf {width}, batch {batch}", batch / mine, batch / theirs, note)


def _dcgan_step(side: str, batch: int, width: int) -> Callable[[], object]:
    game, data, device = dcgan((3, SIZE, SIZE), width=width), noise_data(batch * 4), choose_device()
    if side == OURS:
        return bench_trainer(game, data, batch).iterate
    return partial(Textbook(game, device).step, first(data, batch, device)["image"].contiguous())


def stylegan_step_speed(
    batch: int = 32, rounds: int = 6, size: int = SIZE, base: int = 2048, most: int = 256
) -> Comparison:
    """A training step of StyleGAN2 without its lazy penalties against the textbook's: same networks, same batch."""
    device = choose_device()
    make = partial(_stylegan_step, batch=batch, size=size, base=base, most=most)
    mine, theirs = in_turns(make, rounds, device)
    note = f"{Precision.on(device).name}; {machine(device)}"
    return Comparison(
        f"StyleGAN2 step, {size} px, {base} / side channels, batch {batch}", batch / mine, batch / theirs, note
    )


def _stylegan_step(side: str, batch: int, size: int, base: int, most: int) -> Callable[[], object]:
    device, data = choose_device(), noise_data(batch * 2, size)
    game = StyleGAN((3, size, size), 128, 128, 4, base=base, most=most, r1=0.0, path_length=0.0)
    if side == OURS:
        return bench_trainer(game, data, batch).iterate
    return partial(TextbookStyleGAN(game, device).step, first(data, batch, device)["image"].contiguous())


def recipe_speed(lab: str, other: str, scale: str = "gpu", images: int = 256, rounds: int = 6) -> Comparison:
    """Training by a lab's recipe against another's, each with its own batch: so many images of noise at once.

    256 images are 16 steps of batch 16, so that a penalty of every sixteenth step is among them.
    """
    device = choose_device()
    make = partial(_recipe, labs=(lab, other), scale=scale, images=images)
    mine, theirs = in_turns(make, rounds, device)
    note = f"{Precision.on(device).name}; {machine(device)}"
    return Comparison(f"{lab} beside {other}, {SIZE} px, scale {scale}", images / mine, images / theirs, note)


def _recipe(side: str, labs: tuple[str, str], scale: str, images: int) -> Callable[[], object]:
    lab = labs[0] if side == OURS else labs[1]
    options, settings = settings_for(lab, scale)
    game, batch = build(lab, (3, SIZE, SIZE), 0, options), settings["batch"]
    trainer = bench_trainer(game, noise_data(images), batch, optimizers=settings["optimizers"])

    def work() -> None:
        for _ in range(images // batch):
            trainer.iterate()

    return work


def write_photographs(folder: Path, n: int, side: tuple[int, int] = (178, 218)) -> None:
    """JPEG files of about CelebA's size, with its kind of detail: smooth shapes under a little noise."""
    rng = np.random.default_rng(0)
    (folder / "all").mkdir(parents=True, exist_ok=True)
    for index in range(n):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 10, 3), np.uint8)).resize(side, Image.Resampling.BICUBIC)
        noisy = np.asarray(coarse, np.int16) + rng.integers(-8, 9, (side[1], side[0], 3), np.int16)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / "all" / f"{index:05d}.jpg", quality=90)


def data_speed(n: int = 2048, batch: int = 64, rounds: int = 3) -> Comparison:
    """An epoch of batches alone, without training: our stream against `ImageFolder` and `DataLoader(num_workers=2)`."""
    device = choose_device()
    with tempfile.TemporaryDirectory() as folder:
        write_photographs(Path(folder), n)
        stream = Stream(datasets.open(folder, size=SIZE), batch, device=device)
        batches = loader(Path(folder), SIZE, batch)

        def ours() -> None:
            for index in range(n // batch):
                stream.batch(index * batch)["image"].sum()

        def other() -> None:
            for image, _ in batches:
                image.to(device).sum()

        mine, theirs = alternate(ours, other, rounds, device)
    note = f"{n} JPEG files of 178×218, already in our cache"
    return Comparison(f"data alone, {SIZE} px", n / mine, n / theirs, note)


def celeba_speed(batch: int = 64, rounds: int = 3) -> Comparison | None:
    """An epoch of CelebA's photographs alone: our stream against `torchvision.datasets.CelebA` and its `DataLoader`.

    None where the photographs are not on this machine.
    """
    found = located("celeba")
    if found is None:
        return None
    device, data = choose_device(), datasets.open("celeba", size=SIZE)
    stream = Stream(data, batch, device=device)
    with tempfile.TemporaryDirectory() as folder:
        _as_torchvision_wants_it(found[1], Path(folder, "celeba"))
        batches = celeba_loader(Path(folder), SIZE, batch)

        def ours() -> None:
            for index in range(len(data) // batch):
                stream.batch(index * batch)["image"].sum()

        def other() -> None:
            for image, _ in batches:
                image.to(device).sum()

        mine, theirs = alternate(ours, other, rounds, device)
    images = len(data) // batch * batch
    width, height = picture_size(next((found[1] / "img_align_celeba").glob("*.jpg")))
    note = f"{len(data):,} photographs of {width}×{height}, already in our cache; {machine(device)}"
    return Comparison(f"CelebA alone, {SIZE} px", images / mine, images / theirs, note)


def _as_torchvision_wants_it(here: Path, there: Path) -> None:
    """Links to the photographs and lists; where the lists of landmarks and boxes are missing, ones of zeros."""
    there.mkdir()
    for path in (*here.glob("*.txt"), here / "img_align_celeba"):
        (there / path.name).symlink_to(path.resolve())
    names = sorted(path.name for path in (here / "img_align_celeba").iterdir())
    for name, columns in (("list_landmarks_align_celeba.txt", 10), ("list_bbox_celeba.txt", 4)):
        if not (there / name).exists():
            rows = [f"{picture} {' '.join('0' * columns)}" for picture in names]
            (there / name).write_text("\n".join([str(len(names)), " ".join("x" * columns), *rows]) + "\n")


def epoch_speed(n: int = 512, batch: int = 64, width: int = 64, rounds: int = 3) -> Comparison:
    """An epoch of training, data included: our loop and stream against the textbook's loop and loader."""
    device = choose_device()
    with tempfile.TemporaryDirectory() as folder:
        write_photographs(Path(folder), n)
        mine, theirs = in_turns(partial(_dcgan_epoch, folder=Path(folder), batch=batch, width=width), rounds, device)
    note = f"{n} JPEG files of 178×218; {Precision.on(device).name}; {machine(device)}"
    return Comparison(f"DCGAN epoch with data, ngf {width}, batch {batch}", n / mine, n / theirs, note)


def _dcgan_epoch(side: str, folder: Path, batch: int, width: int) -> Callable[[], object]:
    game, device = dcgan((3, SIZE, SIZE), width=width), choose_device()
    if side == OURS:
        data = datasets.open(folder, size=SIZE)
        trainer = bench_trainer(game, data, batch)

        def work() -> None:
            for _ in range(len(data) // batch):
                trainer.iterate()
    else:
        textbook, batches = Textbook(game, device), loader(folder, SIZE, batch)

        def work() -> None:
            for image, _ in batches:
                textbook.step(image.to(device))

    return work


def compile_speed(batch: int = 64, width: int = 64, rounds: int = 8) -> Comparison:
    """Our step with `torch.compile` against our step without it, after compiling."""
    device = choose_device()
    torch.manual_seed(0)
    game = dcgan((3, SIZE, SIZE), width=width)
    plain, compiled = (bench_trainer(game, noise_data(batch * 4), batch) for _ in range(2))
    for network in compiled.game.children():
        network.compile()
    start = time.perf_counter()
    compiled.iterate()
    took = time.perf_counter() - start
    with_it, without = alternate(compiled.iterate, plain.iterate, rounds, device)
    return Comparison(
        "torch.compile", batch / with_it, batch / without, f"against our own step; {took:.0f} s to compile"
    )
