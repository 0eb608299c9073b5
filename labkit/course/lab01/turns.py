"""One training iteration as a generator (Goodfellow et al. 2014, algorithm 1), judged by playing a tiny game."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from labkit.course.exercise import Exercise, Wrong
from labkit.course.judging import Raised, call, changed_input, parallel, translate
from labkit.course.lab01.losses import discriminator_loss, generator_loss
from labkit.course.lab01.other_turns import gradients
from labkit.course.lab01.tiny_game import TinyGame
from labkit.models.game import Turn


def turns(game: Any, batch: Mapping[str, Tensor], step: int) -> Iterator[Turn]:
    """D's turn on real images and on fakes that are detached, then G's turn on the same fakes seen by the new D."""
    real = batch["image"]
    fake = game.generator(game.latent(len(real)))
    yield Turn("discriminator", loss=discriminator_loss(game.discriminator(real), game.discriminator(fake.detach())))
    yield Turn("generator", loss=generator_loss(game.discriminator(fake)))


@dataclass
class Play:
    """One iteration of a student's turns, played by a plain loop: `backward(inputs=…)` and a step after each turn."""

    function: Callable
    game: TinyGame
    batch: dict[str, Tensor]
    step: int
    made: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def run(self) -> list[Tensor]:
        """Play it, judging each turn before the next begins. Returns the latents that G was given."""
        image = self.batch["image"].clone()
        self.game.forget()
        iteration = call(self.function, self.game, self.batch, self.step)
        if not hasattr(iteration, "__next__"):
            raise Wrong(
                "no-yield",
                f"your function returns a {type(iteration).__name__}; nothing waits for D's step before G's turn.",
                "`yield Turn(…)` hands one turn to the loop and goes on after that player has moved. Two `yield`s, no "
                "`return`, no list.",
            )
        for player in ("discriminator", "generator"):
            self.check_turn(self.next(iteration, player), player)
        try:
            extra = self._resume(iteration)
        except StopIteration:
            extra = None
        if extra is not None:
            raise Wrong(
                "more-turns",
                "your function yields more than two turns.",
                "It tells one iteration: D once, G once, and the end. The loop calls it again for the next one.",
            )
        if not torch.equal(image, self.batch["image"]):
            raise changed_input()
        return [z for z, _ in self.made]

    def _resume(self, iteration: Iterator) -> Any:
        before = [parameter.detach().clone() for parameter in self.game.parameters()]
        try:
            turn = next(iteration)
        except (StopIteration, Wrong):
            raise
        except RuntimeError as error:
            if "does not require grad" in str(error):
                raise _cut("a turn") from None
            raise translate(error, self.function) from None
        except (Exception, SystemExit) as error:
            if "Turn.__init__" in str(error):
                raise Wrong(
                    "turn-positional",
                    "your losses have no name: `Turn` takes the player, and then losses by name.",
                    '`Turn("discriminator", loss=…)`; the name is what the curve will be called.',
                ) from None
            raise translate(error, self.function) from None
        grad_mode = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        if any(not torch.equal(was, now) for was, now in zip(before, self.game.parameters())):
            raise Wrong(
                "own-step",
                "your function changes the parameters itself; the loop does that, so everything would move twice.",
                "No optimiser in here: only say whose turn it is and what its loss is.",
            )
        if any(parameter.grad is not None for parameter in self.game.parameters()):
            raise Wrong(
                "own-backward",
                "your function calls `backward` itself, and so will the loop: gradients would be counted twice.",
                "Only say what the loss is: `yield Turn(player, loss=…)`. The loop calls backward for that player.",
            )
        if not all(module.training for module in self.game.modules()):
            raise Wrong(
                "eval-mode",
                "your function puts the game into eval mode and leaves it there: no dropout, no batch statistics.",
                "Training needs train mode, which the game is in already: leave `.eval()` to drawing samples.",
            )
        if not grad_mode:
            raise Wrong(
                "no-grad",
                "gradients are switched off when you yield, so the loop can't compute any.",
                "Close the `with torch.no_grad():` block before the `yield` (here you need none at all).",
            )
        return turn

    def next(self, iteration: Iterator, player: str) -> Turn:
        """The next turn, checked to be a turn of that player with losses."""
        try:
            turn = self._resume(iteration)
        except StopIteration:
            which = "no turn" if player == "discriminator" else "D's turn alone, so G never learns"
            when = f", at `step` = {self.step}" if self.step else ""
            hint = "Two turns in every iteration, one for each player" + (", whatever `step` is." if when else ".")
            raise Wrong("too-few", f"your function yields {which}{when}.", hint) from None
        if not isinstance(turn, Turn) and not (hasattr(turn, "player") and hasattr(turn, "losses")):
            raise Wrong(
                "no-turn",
                f"your function yields a {type(turn).__name__}, and the loop needs a `Turn`.",
                '`yield Turn("discriminator", loss=…)` says whose turn it is and what that player minimises.',
            )
        if turn.player != player:
            if turn.player in self.game.players:
                raise Wrong(
                    "order",
                    f"your function lets the {turn.player} move where the {player}'s turn is.",
                    "Algorithm 1: first D learns from this batch, then G plays against the D that has just moved.",
                )
            raise Wrong(
                "player", f"there is no player {turn.player!r}.", 'The players are "discriminator" and "generator".'
            )
        losses = list(turn.losses.values())
        if any(isinstance(loss, (int, float)) for loss in losses):
            raise Wrong(
                "turn-number",
                f"the loss of the {player}'s turn is a plain number, and it has lost its graph: nobody can descend it.",
                "No `.item()` and no `float(…)`: hand over the tensor that your loss function gives.",
            )
        if not losses or any(not isinstance(loss, Tensor) or loss.dim() for loss in losses):
            raise Wrong(
                "turn-loss",
                f"the {player}'s turn has no loss that is one number.",
                f'`Turn("{player}", loss=…)`, with a scalar tensor: the value of the function that you wrote above.',
            )
        return turn

    def check_turn(self, turn: Turn, player: str) -> None:
        """What D saw, where the gradient points, then the step."""
        real, latents = self._what_d_saw(player)
        self.game.forget()
        parameters = list(self.game.players[player].parameters())
        total = torch.stack(list(turn.losses.values())).sum()
        ours = self._gradient(total, parameters, player)
        logits = self.game.discriminator.layers
        expected, mistakes = gradients(player, parameters, logits(real), logits(self.game.generator.layers(latents)))
        if not parallel(ours, expected):
            for mistake, (grads, message, hint) in mistakes.items():
                if parallel(ours, grads):
                    raise Wrong(mistake, message, hint)
            raise Wrong(
                f"other-loss-{player}",
                f"the gradient of the {player}'s loss is not the one that your loss function gives for these logits.",
                "Call the function that you wrote above on D's logits, first the real ones, then the fake ones, and "
                "yield its value as it is.",
            )
        with torch.no_grad():
            for parameter, grad in zip(parameters, ours):
                parameter.sub_(0.05 * grad / grad.norm().clamp(min=1e-6))

    def _what_d_saw(self, player: str) -> tuple[Tensor, Tensor]:
        """The real images, and the latents of those fakes that D was given in this turn."""
        real, rows = self.batch["image"], [row for seen in self.game.discriminator.seen for row in seen]
        for z, images in zip(self.game.generator.seen, self.game.generator.given):
            self.made += zip(z, images)
        if any(not _among(z, self.game.drawn) for z, _ in self.made):
            raise Wrong(
                "own-latent",
                "G is given numbers that `game.latent` did not draw.",
                "`game.latent(n)` draws z ~ N(0, I), as long as G needs it and on its device: no `randn`, no `rand`.",
            )
        is_real = [_among(row, real) for row in rows]
        # Each fake with the latent that it was made from: what G's gradient will be judged by.
        fakes = [(z, row) for row in rows for z, made in self.made if torch.equal(row, made)]
        if player == "generator" and not rows:
            raise _stale()
        missing = not fakes or (player == "discriminator" and sum(is_real) < len(real))
        if missing and any(not _among(row, [*real, *(image for _, image in self.made)]) for row in rows):
            raise Wrong(
                "changed-images",
                "D is given images that are neither the batch's nor G's: they were changed on their way.",
                '`batch["image"]` is in [−1, 1] already, and so is what G draws: no rescaling, no noise.',
            )
        if player == "discriminator" and sum(is_real) < len(real):
            raise Wrong(
                "no-real",
                "in D's turn D does not see the real images of this batch"
                + (": only the fakes." if sum(is_real) == 0 else ": not all of them."),
                'D compares: `game.discriminator(batch["image"])` as well as D of the fakes. All images, unchanged.',
            )
        if not fakes:
            raise Wrong(
                f"no-fake-{player}",
                f"in the {player}'s turn D does not look at G's images, so nothing is learned about them.",
                "`fake = game.generator(game.latent(len(real)))`, and D's opinion of it: `game.discriminator(fake)`.",
            )
        if player == "generator" and any(is_real):
            raise Wrong(
                "real-in-generator",
                "in G's turn D looks at the real images, but G never sees them: its loss depends on its fakes alone.",
                "G's turn is `generator_loss(D(fake))` and nothing else.",
            )
        distinct = len({tuple(z.tolist()) for z, _ in fakes})
        if distinct == 1 and len(fakes) > 1:
            raise Wrong(
                "one-latent",
                "all your fakes are one image: G is given the same z again and again.",
                "`game.latent(n)` draws n different z; G makes n images of them.",
            )
        if distinct != len(real):
            raise Wrong(
                "batch-size",
                f"you make {distinct} fake{'s' * (distinct > 1)} for {len(real)} real images.",
                "The last batch may be smaller, and other people choose another size: `game.latent(len(real))`.",
            )
        return real, torch.stack([z for z, _ in fakes])

    def _gradient(self, total: Tensor, parameters: list[nn.Parameter], player: str) -> list[Tensor]:
        if not all(parameter.requires_grad for parameter in parameters):
            raise Wrong(
                "left-frozen",
                f"the {player}'s weights don't require gradients when its turn comes.",
                "Who freezes D for G's turn has to thaw it again (`requires_grad_(True)`); here nobody need freeze it.",
            )
        if not total.requires_grad:
            raise _cut(f"the {player}'s turn")
        try:
            total.backward(inputs=parameters)
        except RuntimeError as error:
            if "modified by an inplace operation" in str(error) or "second time" in str(error):
                raise _stale() from None
            raise Raised(error, f"backward failed in the {player}'s turn: {error}") from None
        grads = [parameter.grad for parameter in parameters]
        for parameter in parameters:
            parameter.grad = None
        if all(grad is None for grad in grads):
            if player == "generator":
                raise Wrong(
                    "detached-generator",
                    "no gradient reaches G in its own turn: did you detach the fake, or make it under `no_grad`?",
                    "Detach in D's turn if you like, but in G's turn the gradient must go through D back to G.",
                )
            raise _cut("the discriminator's turn")
        return [torch.zeros_like(p) if g is None else g.clone() for p, g in zip(parameters, grads)]


def _among(row: Tensor, rows: Iterable[Tensor]) -> bool:
    return any(torch.equal(row, one) for one in rows)


def _stale() -> Wrong:
    return Wrong(
        "stale",
        "G's loss uses what D said before D moved: those logits are stale.",
        "Compute `game.discriminator(fake)` again after the first `yield`.",
    )


def _cut(where: str) -> Wrong:
    return Wrong(
        "cut-graph",
        f"the loss of {where} has no graph, so no gradient reaches anybody.",
        "Is there a `.detach()`, `.item()` or `torch.no_grad()` around D's logits? Detach the fake, not D(fake).",
    )


def judge_turns(function: Callable) -> None:
    """Three iterations with other batch sizes and steps; the last one goes on with the first one's game."""
    game, seen = TinyGame(), list[Tensor]()
    for size, step, one in ((5, 0, game), (3, 7, TinyGame()), (5, 8, game)):
        torch.manual_seed(step)
        batch = {"image": torch.rand(size, 1, 2, 2) * 2 - 1, "label": torch.arange(size)}
        latents = Play(function, one, batch, step).run()
        if any(_among(z, seen) for z in latents):
            raise Wrong(
                "same-latents",
                "your fakes come from the same z in each iteration, so G learns to draw a few images and no others.",
                "Draw anew each time: no `torch.manual_seed` and no generator with a seed of its own in here.",
            )
        seen += latents


TURNS = Exercise(
    name="01.turns",
    title="One iteration, turn by turn",
    points=4,
    difficulty=2,
    minutes=15,
    reference=turns,
    hints=(
        "Who moves first, what does each player have to look at, and which logits are out of date once D has moved?",
        "D descends −log D(x) − log(1 − D(G(z))); then, with the new D, G descends −log D(G(z)) (algorithm 1).",
        'Make the fake; `yield Turn("discriminator", loss=discriminator_loss(…, …))`; '
        '`yield Turn("generator", loss=generator_loss(…))`.',
    ),
    judge=judge_turns,
)
