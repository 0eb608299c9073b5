"""The order of the layers, back to front: one pass over a canvas paints every picture that it holds."""

import torch

from labkit.faces import features, head, scenery, worn
from labkit.faces.canvas import Canvas
from labkit.faces.coiffure import Coiffure
from labkit.faces.tones import Tones


def paint(canvas: Canvas) -> None:
    """Paint everything, then put it in the light of the scene."""
    tones = Tones(canvas.look)
    hair = Coiffure(canvas, tones)
    scenery.background(canvas)
    hair.back()
    scenery.neck(canvas, tones)
    scenery.clothes(canvas, tones)
    hair.curtains()
    head.ears(canvas, tones)
    head.skin(canvas, tones)
    head.nose(canvas)
    head.beard(canvas, tones)
    features.mouth(canvas, tones)
    features.eyes(canvas, tones)
    features.brows(canvas, tones)
    hair.front()
    worn.earrings(canvas)
    worn.glasses(canvas)
    worn.hats(canvas)
    noise = _grain(canvas)
    for name in ("image", "bare"):
        if name in canvas.layers:
            canvas.layers[name].mul_(tones.illumination).add_(noise)


def _grain(canvas: Canvas) -> torch.Tensor:
    """The camera's noise, (B, 1, S, S): at most 2 % of white, from the face's own seed."""
    seed = canvas.look.backdrop_seed[:, None]
    size = canvas.size
    across = torch.arange(size, device=seed.device, dtype=torch.float32)
    # The fractional part of a large sine is noise to the eye; in [-0.5, 0.5]. In float64, as devices differ in the last
    # bit of a sine: in float32 that bit would now and then be a whole period.
    n = torch.sin((across * 12.9898 + across[:, None] * 78.233 + 97.0 * seed).double()) * 437.585
    return (n - n.floor() - 0.5).float() * (0.04 * canvas.look.grain[:, None])
