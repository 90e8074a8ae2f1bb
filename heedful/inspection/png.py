"""The heatmap as a picture of dots. It refuses to draw a character that no font here has: never a box.

Only matplotlib's objects are used and no pyplot, so no figure is left behind and no setting is changed. The map
itself, and a picture that it lies on, are set dot by dot; matplotlib draws the text, with letters joined and ordered as
their script asks (since 3.11, which brings HarfBuzz and FriBidi along).
"""

import contextlib
import io
import unicodedata

import numpy as np
from matplotlib import font_manager, ft2font
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import imsave
from numpy.typing import NDArray

from heedful.errors import MissingPackageError
from heedful.inspection.brightness import colours
from heedful.inspection.fonts import advice
from heedful.inspection.labels import JOINERS
from heedful.inspection.overlay import MOST_DOUBLED, Overlay, is_over_a_picture
from heedful.inspection.overlay import plan as plan_overlay
from heedful.inspection.sheet import BAR, CARD, QUIET_TEXT, Label, Sheet, plan
from heedful.results import Alignment

DOTS = 100  # of the sheet in an inch; twice as many are drawn, for screens that show fine print
BROUGHT_ALONG = "DejaVu Sans"  # by matplotlib: always there
LIKED = ("Noto Sans", "Nanum Gothic", "NanumGothic", "IPAGothic", "Lohit", "Droid Sans", "Symbola")
NO_HELP = ("Last Resort", "LastResort", "Adobe Blank", ".")  # fonts made to have a box, or nothing, for everything
JOINED = (*range(0x900, 0xE00), *range(0xE80, 0x1100), *range(0x1780, 0x1800))  # scripts that come apart if not shaped


def render(alignment: Alignment, *, title: str = "") -> bytes:
    """A PNG file: the same bytes for the same alignment, fonts and matplotlib.

    Raises:
        MissingPackageError: no font has some character, or this matplotlib cannot join a script's letters; the message
            names the characters and what helps.
    """
    if is_over_a_picture(alignment):
        overlay = plan_overlay(alignment, title)
        return _file(_over(_pictures(overlay), _written(overlay, overlay.scale)))
    sheet = plan(alignment, title)
    scale = 2 if max(sheet.width, sheet.height) <= MOST_DOUBLED else 1
    dots = _written(sheet, scale)
    _set_cells(dots, sheet, scale)
    return _file(dots)


def _written(sheet: Sheet | Overlay, scale: int) -> NDArray[np.uint8]:
    """The labels (height, width, 4): on the card, or for an overlay on nothing, since some stand on pictures."""
    ground = "none" if isinstance(sheet, Overlay) else CARD
    drawn = _families([label.text for label in sheet.labels])
    figure = Figure((sheet.width / DOTS, sheet.height / DOTS), dpi=DOTS * scale, facecolor=ground)
    figure.set_layout_engine("none")
    canvas = FigureCanvasAgg(figure)
    for label, (text, families) in zip(sheet.labels, drawn, strict=True):
        _write(figure, sheet, label, text, families)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def _file(dots: NDArray[np.uint8]) -> bytes:
    picture = io.BytesIO()
    imsave(picture, dots, format="png", metadata={"Software": "Heedful"})
    return picture.getvalue()


def _pictures(overlay: Overlay) -> NDArray[np.uint8]:
    """The card with its pictures and lines, without labels."""
    scale = overlay.scale
    dots = np.empty((overlay.height * scale, overlay.width * scale, 3), dtype=np.uint8)
    dots[:] = list(bytes.fromhex(CARD[1:]))
    for box, pixels in (
        *((picture.box, picture.pixels) for picture in overlay.pictures),
        *((rule, np.array(list(bytes.fromhex(QUIET_TEXT[1:])), dtype=np.uint8)) for rule in overlay.rules),
    ):
        dots[box.top * scale : box.bottom * scale, box.left * scale : box.right * scale] = pixels
    return dots


def _over(ground: NDArray[np.uint8], written: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ground with what is written laid over it."""
    inked = written[..., 3] > 0
    ink = written[inked, 3:] / 255
    ground[inked] = np.rint(written[inked, :3] * ink + ground[inked] * (1 - ink))
    return ground


def _set_cells(dots: NDArray[np.uint8], sheet: Sheet, scale: int) -> None:
    """Set the map and the colour bar dot by dot: no edge is smoothed, so a cell's colour is its weight's."""
    wide, high = sheet.cell
    bright = colours(sheet.bright)
    for y in range((high - sheet.gap) * scale):
        rows = dots[sheet.place.top * scale + y :: high * scale][: len(bright)]
        for x in range((wide - sheet.gap) * scale):
            rows[:, sheet.place.left * scale + x :: wide * scale][:, : bright.shape[1], :3] = bright
    left, top = sheet.bar.left * scale, sheet.bar.top * scale
    dots[top : top + BAR[1] * scale, left : left + BAR[0] * scale, :3] = colours(np.linspace(0, 1, BAR[0] * scale))


def _write(figure: Figure, sheet: Sheet | Overlay, label: Label, text: str, families: list[str]) -> None:
    figure.text(
        label.x / sheet.width,
        1 - label.y / sheet.height,
        text,
        fontproperties=FontProperties(family=families, size=label.size * 72 / DOTS),
        color=label.colour,
        ha={"start": "left", "middle": "center", "end": "right"}[label.anchor],
        va="baseline",
        rotation=-label.turn,
        rotation_mode="anchor",
        parse_math=False,  # a dollar sign is a letter like others
        usetex=False,
    )


def _families(labels: list[str]) -> list[tuple[str, list[str]]]:
    """Each label as it can be drawn, and the fonts for it: first one that has all of it, so that letter and mark fit."""
    _refuse_what_comes_apart(labels)
    characters = set("".join(labels))
    needed = {character for character in characters if not _is_unseen(character)}
    carriers = _carriers(characters)
    if not needed <= set().union(*carriers.values()):
        _look_again()
        carriers = _carriers(characters)
    if missing := needed.difference(*carriers.values()):
        raise MissingPackageError(advice(missing))
    chosen = []
    for label in labels:
        seen = needed.intersection(label)
        whole = next((family for family, found in carriers.items() if seen <= found), BROUGHT_ALONG)
        drawn = "".join(character for character in label if character in needed or character in carriers[whole])
        chosen.append((drawn, [whole, *(family for family in carriers if family != whole)]))
    return chosen


def _carriers(characters: set[str]) -> dict[str, set[str]]:
    """Fonts that together have as many of the characters as can be had, each with those that it has."""
    faces = _faces()
    liked = [family for start in LIKED for family in sorted(faces) if family.startswith(start)]
    carriers: dict[str, set[str]] = {}
    missing = set(characters)
    for family in dict.fromkeys([BROUGHT_ALONG, *liked, *sorted(faces)]):
        found = set.intersection(*(_found(path, characters) for path in faces[family])) if missing else set()
        if found & missing or family == BROUGHT_ALONG:
            carriers[family] = found
            missing -= found
    return carriers


def _faces() -> dict[str, list[str]]:
    """The files that matplotlib may take for each family when it is asked for plain text."""
    by_family: dict[str, dict[tuple[bool, int], list[str]]] = {}
    for entry in font_manager.fontManager.ttflist:
        # The further faces of a collection differ in language, not in what they have, and older matplotlibs see only one.
        if getattr(entry, "index", 0) == 0 and not entry.name.startswith(NO_HELP):
            weight = entry.weight if isinstance(entry.weight, int) else font_manager.weight_dict[entry.weight]
            files = by_family.setdefault(entry.name, {})
            files.setdefault((entry.style != "normal", abs(weight - 400)), []).append(entry.fname)
    return {family: files[min(files)] for family, files in by_family.items()}


def _found(path: str, characters: set[str]) -> set[str]:
    try:
        font = font_manager.get_font(path)
    except (OSError, RuntimeError):  # gone since matplotlib listed it, or not readable
        return set()
    return {character for character in characters if font.get_char_index(ord(character))}


def _look_again() -> None:
    """Show matplotlib the fonts that were installed after it made its list, which it keeps for ever."""
    listed = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in listed:
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # bitmaps, broken files: no help either
                font_manager.fontManager.addfont(path)


def _is_unseen(character: str) -> bool:
    """Joiners and variation selectors change how their neighbours look and have no picture of their own."""
    return character in JOINERS or unicodedata.name(character, "").startswith("VARIATION SELECTOR")


def _refuse_what_comes_apart(labels: list[str]) -> None:
    if getattr(ft2font, "__libraqm_version__", None):
        return
    apart = [label for label in labels if len(label) > 1 and any(_is_joined(character) for character in label)]
    if apart:
        raise MissingPackageError(
            f"this matplotlib cannot join or order the letters of {apart[0]}; install matplotlib 3.11 or newer, "
            f"or write a .svg, which needs no font"
        )


def _is_joined(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL") or ord(character) in JOINED
