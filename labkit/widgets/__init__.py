"""What a notebook shows: explorers with picture twins, pictures with words, diagrams."""

from labkit.widgets.arithmetic import Arithmetic
from labkit.widgets.diagram import two_players
from labkit.widgets.directions import Sliders
from labkit.widgets.figure import keep, show
from labkit.widgets.interpolate import Walk
from labkit.widgets.latent import Between, DrawMe

__all__ = ["Arithmetic", "Between", "DrawMe", "Sliders", "Walk", "keep", "show", "two_players"]
