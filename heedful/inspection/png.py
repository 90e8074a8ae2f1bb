"""The heatmap as a picture of dots. It refuses to draw a character that no font here has: never a box.

Only matplotlib's objects are used and no pyplot, so no figure is left behind and threads may draw at once. The map
itself is set dot by dot; matplotlib draws the text, with letters joined and ordered as their script asks (since 3.11,
which brings HarfBuzz and FriBidi along).
"""

import io
import unicodedata
from functools import lru_cache

import numpy as np
from matplotlib import font_manager, ft2font
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from heedful.errors import MissingPackageError
from heedful.inspection.brightness import colours
from heedful.inspection.fonts import advice
from heedful.inspection.sheet import BAR, CARD, Label, Sheet, plan
from heedful.results import Alignment

DOTS = 100  # of the sheet in an inch; twice as many are drawn, for screens that show fine print
BROUGHT_ALONG = "DejaVu Sans"  # by matplotlib: always there
LIKED = ("Noto Sans", "Nanum Gothic", "NanumGothic", "IPAGothic", "Lohit", "Droid Sans", "Symbola")
JOINED = (*range(0x900, 0xE00), *range(0xE80, 0x1100), *range(0x1780, 0x1800))  # scripts that come apart if not shaped


def render(alignment: Alignment, *, title: str = "") -> bytes:
    """A PNG file: the same bytes for the same alignment, fonts and matplotlib.

    Raises:
        MissingPackageError: no font has some character, or this matplotlib cannot join a script's letters; the message
            names the characters and what helps.
    """
    sheet = plan(alignment, title)
    families = _families([label.text for label in sheet.labels])
    scale = 2 if min(sheet.cell) > 2 else 1
    figure = Figure((sheet.width / DOTS, sheet.height / DOTS), dpi=DOTS * scale, facecolor=CARD, layout="none")
    canvas = FigureCanvasAgg(figure)
    figure.figimage(_dots(sheet, scale), origin="upper")
    for label, chosen in zip(sheet.labels, families, strict=True):
        _write(figure, sheet, label, chosen)
    picture = io.BytesIO()
    canvas.print_png(picture, metadata={"Software": None})
    return picture.getvalue()
