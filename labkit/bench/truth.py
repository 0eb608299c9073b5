"""Can the truth of the built-in faces be learned? Nets trained on it for two minutes, asked about fresh faces."""

from typing import Any

from labkit.metrics.judges import JUDGES, Judge
from labkit.metrics.judges.pool import TRAINING, pool
from labkit.metrics.judges.train import train
from labkit.threads import single_thread

Row = tuple[str, str, str]


def learned(minutes: float | None = 2.0, count: int = 20_000, steps: int | None = None) -> dict[str, Any]:
    """Train a landmark net and a parsing net from nothing, and measure them on faces that training never saw.

    Args:
        minutes: of one thread's work, for each; None with `steps`.
        count: faces to train on.
        steps: the length of a training whose figures may not depend on the machine.

    Returns:
        Mean error of the landmarks in pixels of 64, mean IoU of the classes, and the same of a constant guess.
    """
    with single_thread():
        faces = pool(TRAINING, count)
        found = {
            name: JUDGES[name].measure(Judge(name, train(name, faces, seed=0, minutes=minutes, steps=steps)[0], {}))
            for name in ("landmarks", "parsing")
        }
    points, classes = found["landmarks"], found["parsing"]
    return {
        "minutes": minutes,
        "pixels": points["pixels"],
        "pixels_guess": points["guess"]["pixels"],
        "iou": classes["mean_iou"],
        "iou_guess": classes["guess"]["mean_iou"],
        "pixel_accuracy": classes["pixel_accuracy"],
    }


def rows(found: dict[str, Any]) -> list[Row]:
    """Lines of the README's table."""
    what = f"trained on the truth for {found['minutes']:g} minutes of one thread, on fresh faces at 64 px"
    return [
        (f"landmarks {what}", f"{found['pixels']:.2f} px", f"{found['pixels_guess']:.1f} px, the mean landmarks"),
        (
            f"parsing {what}",
            f"mean IoU {found['iou']:.2f} over 19 classes, {100 * found['pixel_accuracy']:.1f} % of the pixels",
            f"{found['iou_guess']:.2f}, each place's commonest class",
        ),
    ]
