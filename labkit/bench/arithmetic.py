"""Does adding a vector to z add glasses, and nothing else? The edits of Lab 02, in numbers for every attribute.

Directions are fitted on some latents, the length of each step is chosen on others, and all figures are of fresh ones.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from labkit.faces import ONE_OF
from labkit.metrics.edits import Edit, Edits
from labkit.metrics.judges import judge
from labkit.models.game import Game
from labkit.nn.curved import Predictor, rivals
from labkit.nn.directions import Directions, mean_difference
from labkit.training.precision import Precision

ENOUGH = 500
"""Fresh faces that lack an attribute, of which a figure is the mean."""
GOALS = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 8.0, 10.0)
"""Logits that a curved edit may aim at."""
PRACTISED = (3.0, 4.0, 5.0, 6.0, 8.0)
"""Those of the edits that the predictor learns from."""
ROUNDS = 3
"""Of such practice."""
PICKS = 10
"""How often the classic recipe picks its six faces anew."""


def arithmetic(
    artist: Game,
    *,
    fit: int = 100_000,
    practice: int = 80_000,
    tuning: int = 1_600,
    fresh: int = 6_000,
    aim: float = 0.87,
    epochs: int = 15,
    seed: int = 400,
) -> dict[str, Any]:
    """Add each attribute of the built-in faces to fresh faces that lack it.

    Args:
        artist: its generator is asked, in eval mode.
        fit: latents whose faces the judge of attributes names, for the directions.
        practice: edits that the predictor of the curved edits proposes and is fitted again with, in each of `ROUNDS`.
        tuning: others, on which each step's length is chosen.
        fresh: others again, of which the figures are.
        aim: the success on `tuning` at which a step is long enough.
        epochs: of the predictor's training.
        seed: of the first latents. Smaller ones helped to find the settings of `labkit.nn.curved`: they are fresh no
            more.

    Returns:
        For each attribute that 1 % to 99 % of the fitted faces have, and `ENOUGH` of the fresh ones lack, what was
        measured (see `labkit.metrics.edits.Edit`) of a `line` that holds the others still, of a `curved` edit
        (`labkit.nn.curved`), and of the paper's `recipe`, three faces minus three; and the judge's balanced accuracy on
        real faces.
    """
    look = judge("attributes")
    generator: Any = artist.generator
    precision = Precision.on(torch.device("cpu"))  # some 300,000 faces are drawn

    @torch.no_grad()
    def draw(latent: Tensor) -> Tensor:
        with precision.autocast():
            return generator(latent).float()

    edits = Edits(draw, look, look.names, exclusive=ONE_OF)
    z, steps, others, *rounds = (
        artist.latent(n, torch.Generator().manual_seed(seed))
        for seed, n in enumerate((fit, tuning, fresh, *[practice] * ROUNDS), seed)
    )
    said = edits.judge(z)
    has = said > 0.5
    known = [i for i, name in enumerate(look.names) if 0.01 < has[:, i].float().mean() < 0.99]
    directions = Directions.fit(z, said[:, known], [look.names[i] for i in known])
    seen, told = z, said
    predictor = Predictor.fit(seen, told, look.names, epochs=epochs)
    for some in rounds:
        tried = predictor.proposed(some, [look.names[i] for i in known], PRACTISED, ONE_OF)
        seen, told = torch.cat([seen, tried]), torch.cat([told, edits.judge(tried)])
        predictor = Predictor.fit(seen, told, look.names, epochs=epochs)
    before = edits.judge(others)
    found = {}
    for i in known:
        name = look.names[i]
        lacking = others[before[:, i] < 0.5][:ENOUGH]
        if len(lacking) < ENOUGH:
            continue
        vector = directions.vector(name)
        line = edits.measure(name, vector, edits.choose_amount(name, vector, steps, aim=aim), lacking)
        bend = _bend(predictor, edits, name)
        goal = edits.choose(name, bend, GOALS, steps, aim)
        found[name] = {
            "faces": len(lacking),
            "line": _numbers(line),
            "curved": {
                **_numbers(edits.measure_move(name, _bend(predictor, edits, name, goal), lacking)),
                "goal": goal,
            },
            "recipe": _recipe(edits, name, z, has[:, i], lacking),
            "judge": look.card["measured"]["each"][name]["balanced"],
        }
    return found


def _bend(predictor: Predictor, edits: Edits, name: str, goal: float = 0.0) -> Callable[..., Tensor]:
    said = lru_cache(maxsize=1)(edits.judge)  # a choice of goals tries the same latents again and again

    def move(latent: Tensor, goal: float = goal) -> Tensor:
        return predictor.move(latent, name, goal, free=rivals(name, ONE_OF), said=said(latent))

    return move


def _recipe(edits: Edits, name: str, z: Tensor, has: Tensor, fresh: Tensor) -> dict[str, float]:
    """Radford et al. 2016, section 6.3.2: three faces with it minus three without, added to a new one as it is."""
    tried = []
    for pick in range(PICKS):
        generator = torch.Generator().manual_seed(pick)
        sides = [side.nonzero()[:, 0] for side in (has, ~has)]
        rows = torch.cat([side[torch.randperm(len(side), generator=generator)[:3]] for side in sides])
        step = mean_difference(z[rows], has[rows])
        some = fresh[pick::PICKS]
        tried.append(_numbers(edits.measure(name, step, float(step.norm()), some, seed=pick)))
    return {key: sum(one[key] for one in tried) / PICKS for key in tried[0]}


def _numbers(edit: Edit) -> dict[str, float]:
    return {key: getattr(edit, key) for key in ("success", "kept", "control", "control_kept", "amount")}
