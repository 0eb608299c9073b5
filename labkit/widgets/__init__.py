"""What a notebook shows: explorers with picture twins, pictures with words, diagrams."""

from labkit.widgets.arithmetic import Arithmetic
from labkit.widgets.diagram import two_players
from labkit.widgets.directions import Sliders
from labkit.widgets.figure import keep, show
from labkit.widgets.interpolate import Walk
from labkit.widgets.latent import Between, DrawMe
from labkit.widgets.message import Message
from labkit.widgets.mixing import LayerSources, StyleMixing
from labkit.widgets.paint import PaintDrawing, Painter, PaintLabels
from labkit.widgets.two_spaces import TwoSpaces
from labkit.widgets.unlabelled import Unlabelled
from labkit.widgets.variation import NoiseLayers, Truncation

__all__ = [
    "Arithmetic",
    "Between",
    "DrawMe",
    "LayerSources",
    "Message",
    "NoiseLayers",
    "PaintDrawing",
    "PaintLabels",
    "Painter",
    "Sliders",
    "StyleMixing",
    "Truncation",
    "TwoSpaces",
    "Unlabelled",
    "Walk",
    "keep",
    "show",
    "two_players",
]
