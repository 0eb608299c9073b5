"""Train the scoring network of ``FD-digits`` and write ``labkit/weights/digits.safetensors`` with its card.

``python -m labkit.metrics.train_digits_network``. The network that ships was made once, before anything was scored,
and stays: a new one is a new score, and no figure that was measured with the old one compares to it.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from labkit import data, weights
from labkit.metrics.network import CHUNK, DigitsNetwork, network_input
from labkit.threads import single_thread

BATCH = 128
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 0.02


def read(name: str, split: str) -> tuple[Tensor, Tensor]:
    """A data set in memory: uint8 (N, 1, 28, 28) and its labels (N,)."""
    dataset = data.open(name, split=split)
    image = torch.from_numpy(np.array(dataset.fields["image"])).permute(0, 3, 1, 2).contiguous()
    return image, torch.from_numpy(np.array(dataset.fields["label"]))


def jitter(image: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, scale, slant and shift each image (N, 1, 28, 28) a little; black comes in at the edges.

    Strokes stay as sharp and as clean as they are: a network that had seen noise and blur would forgive them in a
    sample.
    """
    n = len(image)

    def spread(half_width: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * half_width

    angle, scale, slant = spread(0.2), 1 + spread(0.14), spread(0.2)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [torch.stack([cos, slant - sin, spread(0.12)], 1), torch.stack([sin, cos, spread(0.12)], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(image.shape), align_corners=False)
    return F.grid_sample(image + 1, grid, align_corners=False) - 1


@torch.no_grad()
def accuracy(network: DigitsNetwork, image: Tensor, label: Tensor) -> float:
    """Share of images (uint8, (N, 1, 28, 28)) that the network names rightly."""
    network.eval()
    guess = torch.cat([network.logits(network_input(chunk)).argmax(1) for chunk in image.split(CHUNK)])
    return (guess == label).double().mean().item()


def train(epochs: int, seed: int) -> DigitsNetwork:
    """Train on MNIST's and the built-in digits' training halves together (AdamW, one cycle of the learning rate).

    Returns:
        The network in eval mode, its weights rounded to the float16 in which they are kept.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    parts = [read(name, "train") for name in ("mnist", "digits")]
    image, label = torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
    network = DigitsNetwork().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = len(image) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, epochs=epochs, steps_per_epoch=steps)
    for epoch in range(epochs):
        network.train()
        total = torch.zeros(())
        for rows in torch.randperm(len(image), generator=generator)[: steps * BATCH].split(BATCH):
            batch = jitter(network_input(image[rows]), generator)
            loss = F.cross_entropy(network(batch.contiguous(memory_format=torch.channels_last)), label[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.detach()
        print(f"epoch {epoch + 1} of {epochs}: loss {total.item() / steps:.4f}", flush=True)
    rounded = {
        key: value.half().float() if value.is_floating_point() else value for key, value in network.state_dict().items()
    }
    network.load_state_dict(rounded)
    return network.eval()


def main(arguments: list[str] | None = None) -> int:
    """Train, measure on both test sets, write the weights and the card."""
    parser = argparse.ArgumentParser(
        description="Train the scoring network of FD-digits on MNIST and the built-in digits."
    )
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=weights.FOLDER, help="folder for digits.safetensors and digits.json"
    )
    options = parser.parse_args(arguments)
    with single_thread():
        start = time.perf_counter()
        network = train(options.epochs, options.seed)
        minutes = (time.perf_counter() - start) / 60
        measured = {name: accuracy(network, *read(name, "test")) for name in ("mnist", "digits")}
    card = {
        "name": "digits",
        "what": "Small classifier of 28x28 digits; its 64 features before the last layer are the space of FD-digits.",
        "use": "Frozen: only scores, never part of a loss. A file with another hash is another score.",
        "made_by": "python -m labkit.metrics.train_digits_network",
        "data": "training halves of MNIST (60,000) and labkit's built-in digits (60,000)",
        "fingerprints": {name: data.open(name).fingerprint for name in ("mnist", "digits")},
        "attribution": "MNIST: Y. LeCun, C. Cortes, C. J. C. Burges; free to use with attribution.",
        "licence": "MIT",
        "input": "(N, 1, 28, 28) in [-1, 1]; other sizes are resized bilinearly with antialiasing",
        "seed": options.seed,
        "epochs": options.epochs,
        "minutes": round(minutes, 2),
        "torch": torch.__version__,
        "parameters": sum(p.numel() for p in network.parameters()),
        "stored_as": "float16",
        "accuracy": measured,
    }
    stored = {key: value.half() if value.is_floating_point() else value for key, value in network.state_dict().items()}
    file = weights.save("digits", stored, card, options.out)
    print(f"{file}: {file.stat().st_size:,} bytes, accuracy {measured}, {minutes:.1f} minutes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
