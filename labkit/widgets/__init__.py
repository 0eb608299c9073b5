"""What a notebook shows: explorers with picture twins, pictures with words, diagrams."""

from labkit.widgets.diagram import two_players
from labkit.widgets.figure import keep, show
from labkit.widgets.latent import Between, DrawMe

__all__ = ["Between", "DrawMe", "keep", "show", "two_players"]
