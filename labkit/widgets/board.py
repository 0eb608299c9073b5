"""The painting explorer's page as a widget: `paint.js` and `paint.css` behind a few traits."""

from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class Board(anywidget.AnyWidget):
    """A canvas of numbers and the picture beside it. All that crosses is words and numbers, pictures as base64.

    From Python: `canvas` with `loads` counted up is taken over; `picture` and `words` with `answered` are shown.
    From the page: `painted` with `serial`; a `wish` (``reset`` or ``another``) with `wishes` counted up.
    """

    _esm = HERE / "paint.js"
    _css = HERE / "paint.css"

    side = traitlets.Int().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    another = traitlets.Unicode().tag(sync=True)
    parts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    colours: traitlets.List = traitlets.List().tag(sync=True)
    values = traitlets.List(traitlets.Int()).tag(sync=True)
    number = traitlets.Int().tag(sync=True)
    part = traitlets.Int().tag(sync=True)
    size = traitlets.Int().tag(sync=True)
    canvas = traitlets.Unicode().tag(sync=True)
    loads = traitlets.Int().tag(sync=True)
    painted = traitlets.Unicode().tag(sync=True)
    serial = traitlets.Int().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    words = traitlets.Unicode().tag(sync=True)
    answered = traitlets.Int().tag(sync=True)
    wish = traitlets.Unicode().tag(sync=True)
    wishes = traitlets.Int().tag(sync=True)
