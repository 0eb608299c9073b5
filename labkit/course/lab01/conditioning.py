"""Telling the discriminator which class is meant (Mirza & Osindero 2014), judged."""

import re
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, near
from labkit.models.cgan import condition_image


def judge_condition_image(function: Callable) -> None:
    """Shapes, the image untouched in front, the right plane for each image; not square, with a class that is absent."""
    cases = (([0, 2, 2, 1], 6, (2, 5, 7)), ([1], 3, (1, 4, 4)), ([6, 0, 3, 6, 5, 1, 2, 4, 9, 8], 10, (2, 3, 10)))
    for labels, classes, (channels, height, width) in cases:
        torch.manual_seed(classes)
        image = torch.rand(len(labels), channels, height, width).mul(0.8).add(0.1).requires_grad_()
        label = torch.tensor(labels)
        try:
            result = call(function, image, label, classes)
        except Raised as raised:
            _explain(raised)
            raise
        if not isinstance(result, Tensor):
            raise Wrong(
                "not-a-tensor",
                f"your function returned a {type(result).__name__}, and D is given one tensor.",
                "`torch.cat([image, planes], dim=1)` makes one tensor of the two.",
            )
        _judge_shape(result, image, classes, int(label.max()) + 1)
        _judge_values(result.detach(), image.detach(), one_hot(label, classes).float())
        if not result.requires_grad:
            raise Wrong(
                "cut-graph",
                "no gradient flows through your result back to the image, so G could not learn from D any more.",
                "Leave the image as it is: no `.detach()`, `.data` or `no_grad`.",
            )


def _explain(raised: Raised) -> None:
    text = str(raised.error)
    along = re.search(r"except in dimension (\d)", text)
    if along and along.group(1) != "1":
        raise Wrong(
            "wrong-dimension",
            f"you put image and planes together along dimension {along.group(1)}.",
            "Channels are dimension 1 in (B, C, H, W): `torch.cat(…, dim=1)`.",
        ) from None
    sizes = re.search(r"Expected size (\d+) but got size (\d+)", text)
    if sizes and sizes.group(2) != "1":
        raise Wrong(
            "plane-size",
            f"your planes are of another size than the image: {sizes.group(2)} along a dimension that has "
            f"{sizes.group(1)} there.",
            "H and W are the image's own, in this order, and need not be equal or 28: `*image.shape[2:]`.",
        ) from None
    if "Sizes of tensors must match" in text or "same number of dimensions" in text or "must match except" in text:
        raise Wrong(
            "not-spread",
            f"{raised.sentence}.",
            "A one-hot vector is (B, classes). To stand beside pixels it needs two more dimensions, spread over all of "
            "H × W: `[:, :, None, None].expand(-1, -1, H, W)`.",
        ) from None
    if "out of bounds" in text or "Class values must be smaller" in text:
        raise Wrong(
            "hard-coded",
            f"{raised.sentence}.",
            "The number of planes is the argument `classes`, which is 10 for digits and another number elsewhere.",
        ) from None


def _judge_shape(result: Tensor, image: Tensor, classes: int, seen: int) -> None:
    count, channels, height, width = image.shape
    if result.shape == (count, channels + classes, height, width):
        return
    shape = tuple(result.shape)
    wanted = f"(B, C + classes, H, W) = ({count}, {channels + classes}, {height}, {width})"
    shown = f"your result has the shape {shape} where {wanted} is asked for"
    if channels > 1 and shape == (count, 1 + classes, height, width) and near(result[:, 0], image[:, 0]):
        raise Wrong(
            "channels-lost",
            f"{shown}: of the image's {channels} channels one is left.",
            "The whole image stays in front, however many channels it has: `torch.cat([image, planes], dim=1)`.",
        )
    if shape == (count, channels + seen, height, width):
        raise Wrong(
            "num-classes",
            f"{shown}: as many planes as the largest label of this batch needs.",
            "A batch may lack the last classes: `one_hot(label, classes)` says how many there are.",
        )
    if shape == (count, channels + 1, height, width):
        raise Wrong(
            "label-as-number",
            f"{shown}: the label became one plane of numbers, which says that a 7 is near an 8 and far from a 1.",
            "One plane a class (one-hot): ones in the plane of its class, zeros in the others.",
        )
    if shape in ((count, classes, height, width), (count, channels, height, width)):
        raise Wrong(
            "no-concatenation",
            f"{shown}: image and planes are not put side by side.",
            "`torch.cat([image, planes], dim=1)`: dimension 1 is the channels'.",
        )
    if len(shape) == 4 and shape[1] > channels and shape[2:] == (height, width):
        raise Wrong("hard-coded", f"{shown}.", "The number of planes is the argument `classes`, not a fixed number.")
    if len(shape) == 4:
        raise Wrong(
            "wrong-dimension",
            f"{shown}: it grew along another dimension than the channels.",
            "Channels are dimension 1 in (B, C, H, W): `torch.cat(…, dim=1)`.",
        )
    raise Wrong("shape", f"{shown}.", "Four dimensions: image, channel, row, column.")


def _judge_values(result: Tensor, image: Tensor, hot: Tensor) -> None:
    channels, classes = image.shape[1], hot.shape[1]
    planes = hot[:, :, None, None].expand(-1, -1, *image.shape[2:])
    front, back = result[:, :channels], result[:, channels:]
    if near(front, image) and near(back, planes):
        return
    if near(result[:, :classes], planes) and near(result[:, classes:], image):
        raise Wrong(
            "planes-first",
            "your planes stand in front of the image.",
            "The task asks for the image first: `torch.cat([image, planes], 1)`.",
        )
    for offset in range(channels):
        own = offset + hot.argmax(1)
        written = torch.cat([image, torch.zeros_like(planes)], 1)
        written[torch.arange(len(image)), own] = 1
        if near(result, written):
            raise Wrong(
                "offset",
                f"you count the planes from channel {offset}, but the image has {channels} channels before them.",
                "The plane of class k is channel C + k, and C is `image.shape[1]`: 1 for grey, 3 for colour.",
            )
    if not near(front, image):
        raise Wrong(
            "image-changed",
            f"the first {channels} channels of your result are not the image as it was.",
            "The image stays untouched: nothing is added, multiplied or rescaled.",
        )
    if near(back, 1 - planes):
        raise Wrong("inverted", "your planes are 0 for the image's class and 1 elsewhere.", "One-hot: 1 for its class.")
    if near(back, 2 * planes - 1):
        raise Wrong(
            "plus-minus", "your planes hold −1 and 1.", "One-hot planes are 0 and 1, even where images are in [−1, 1]."
        )
    label = hot.argmax(1)[:, None, None, None].float()
    if near(back, label.expand_as(back)):
        raise Wrong(
            "label-everywhere",
            "each of your planes holds the label's number, so they all say the same.",
            "One plane a class: ones in the plane of the image's class, zeros in all others.",
        )
    means, own = back.mean((2, 3)), back[planes > 0]
    if near(means > 0, hot) and not near(back.amax((2, 3)), back.amin((2, 3))) and not own.all():
        raise Wrong(
            "not-everywhere",
            "your planes are filled in part only, so a convolution elsewhere in the picture can't see the class.",
            "Spread the one-hot vector over all H × W places: `.expand(-1, -1, H, W)`.",
        )
    if near(means > 0, hot) or near(back, label * planes):
        raise Wrong(
            "values",
            "the right plane is marked, but with another number than 1.",
            "One-hot planes hold 1 for the image's class and 0 for the others.",
        )
    if not near(back.amax((2, 3)), back.amin((2, 3))):
        raise Wrong(
            "scrambled",
            "your planes are not constant: the one-hot numbers ended up at other places.",
            "`view` and `reshape` read in memory order. Add dimensions with `[:, :, None, None]`, then `expand`.",
        )
    if (means > 0).sum(1).max() > 1:
        raise Wrong(
            "several-planes",
            "in some images the planes of several classes are marked at once.",
            "Each image has one class: `planes[torch.arange(B), label] = 1`, and not `planes[:, label] = 1`, which "
            "marks every image with every label.",
        )
    raise Wrong(
        "wrong-plane",
        "for some images another plane is marked than that of their own label.",
        "Plane k of image i is 1 exactly where label[i] = k. Does each image get its own row?",
    )


CONDITION_IMAGE = Exercise(
    name="01.condition_image",
    title="Tell D which digit is meant",
    points=3,
    difficulty=2,
    minutes=10,
    reference=condition_image,
    hints=(
        "A convolution sees a small window. How can it know the class wherever it looks?",
        "y as a one-hot vector e_y ∈ {0, 1}^classes, repeated at every place: D(x, y) sees [x; e_y ⊗ 1_{H×W}].",
        "`one_hot(label, classes)` → `[:, :, None, None]` → `.expand(-1, -1, H, W)` → `torch.cat([image, …], 1)`; mind "
        "the dtype.",
    ),
    judge=judge_condition_image,
)
