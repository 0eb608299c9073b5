"""Answers to Lab 01's exercises as students would write them, collected from the task texts alone, before the judges
were read; those marked "later" came after. One module an exercise: this one puts them together.

RIGHT: exercise → name → answer. WRONG: exercise → name → (what it does wrong, the mistake that it is told, answer).
"""

from tests.course import blind_losses, blind_moves, blind_penalty, blind_planes, blind_walks

RIGHT = {
    "discriminator_loss": blind_losses.D_RIGHT,
    "generator_loss": blind_losses.G_RIGHT,
    "turns": blind_moves.RIGHT,
    "gradient_penalty": blind_penalty.RIGHT,
    "condition_image": blind_planes.RIGHT,
    "slerp": blind_walks.RIGHT,
}
WRONG = {
    "discriminator_loss": blind_losses.D_WRONG,
    "generator_loss": blind_losses.G_WRONG,
    "turns": blind_moves.WRONG,
    "gradient_penalty": blind_penalty.WRONG,
    "condition_image": blind_planes.WRONG,
    "slerp": blind_walks.WRONG,
}
