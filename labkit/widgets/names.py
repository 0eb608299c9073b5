"""Names of sliders, for people who hear the page."""

from pathlib import Path

import anywidget


class Names(anywidget.AnyWidget):
    """Shows nothing: in the box of class ``labkit-explorer`` around it every slider is named after its label."""

    _esm = Path(__file__).parent / "names.js"
