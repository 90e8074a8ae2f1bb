"""Pictures of short numbers, drawn from a font of our own: a picture task without a download, whose right attention is known.

A figure is a few strokes in a square; a style says how its corners are turned. A hand (size, thickness, slant, ink and
paper) draws one picture. Drawing uses only sums, products and square roots, which IEEE 754 rounds alike on every machine.
"""

import dataclasses
import math
import random
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from heedful.errors import SettingsError

HEIGHT = 32
NARROWEST = 40

Box = tuple[int, int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class DrawnDigits:
    """A picture of a number, the number, and where each of its figures stands.

    ``pixels`` (height, width) are grey, 0 black and 255 white; the ink may be darker than the paper or lighter. ``boxes``
    holds (left, top, right, bottom) of each figure's ink in pixels, right and bottom exclusive: all of its ink, and no
    two share a column.
    """

    pixels: NDArray[np.uint8]
    target: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """A way to draw the ten figures: the lines between their points, and how the corners on the way are turned.

    ``turn`` is how much of the way to the next corner is given to the turn, from 0, a sharp corner, to 1, where one
    turn runs into the next; ``chords`` is in how many straight pieces it is drawn. An ``unsteady`` hand writes every
    figure a little differently.
    """

    figures: tuple[str, ...]
    turn: float = 1.0
    chords: int = 4
    unsteady: bool = False


def drawn_digits(count: int, seed: int, fewest: int = 2, most: int = 6) -> list[DrawnDigits]:
    """``count`` pictures 32 pixels high, every number of figures from ``fewest`` to ``most`` equally likely.

    The same seed draws the same ones, and of a larger count the same first ones.

    Raises:
        SettingsError: the numbers of figures or the count make no sense.
    """
    if not 1 <= fewest <= most:
        raise SettingsError(f"numbers of figures run from 1 up, the fewest first, not from {fewest} to {most}")
    if count < 1:
        raise SettingsError(f"the task digits draws 1 picture or more, not {count:,}")
    stream = random.Random(f"digits {seed}")  # a string is hashed by SHA-512: the same in every process
    numbers = ("".join(stream.choices("0123456789", k=stream.randint(fewest, most))) for _ in range(count))
    return [_draw(number, stream) for number in numbers]


def _draw(number: str, stream: random.Random) -> DrawnDigits:
    """One picture of these figures, the rest left to chance."""
    hand = _any_hand(stream)
    closest, loosest = stream.choice(((1, 3), (1, 8), (2, 5), (3, 6), (4, 8)))
    pen = stream.randint(2, 9)
    figures: list[tuple[Box, NDArray[np.float32]]] = []
    for figure in number:
        if figures:
            pen += stream.randint(closest, loosest)
        top, ink = _figure(figure, _wavering(hand, stream), phase=stream.random())
        height, width = ink.shape
        figures.append(((pen, top, pen + width, top + height), ink))
        pen += width
    width = pen + stream.randint(2, 9)
    before = stream.randint(0, NARROWEST - width) if width < NARROWEST else 0
    page = np.zeros((HEIGHT, max(width, NARROWEST)), dtype=np.float32)
    boxes: list[Box] = []
    for (left, top, right, bottom), ink in figures:
        boxes.append((left + before, top, right + before, bottom))
        page[top:bottom, left + before : right + before] = ink
    _scratch(page, stream)
    return DrawnDigits(_printed(page, stream), number, tuple(boxes))


@dataclass(frozen=True, slots=True)
class _Hand:
    """How the figures of one picture are drawn; lengths in pixels."""

    style: Style
    top: float
    height: float
    width: float
    thickness: float
    slant: float  # pixels to the right for each pixel up


def _any_hand(stream: random.Random) -> _Hand:
    height = stream.uniform(16, 26)
    return _Hand(
        style=STYLES[stream.choice(tuple(STYLES))],
        top=stream.uniform(1, HEIGHT - 1 - height),
        height=height,
        width=height * stream.uniform(0.5, 0.68),
        thickness=height * stream.uniform(0.08, 0.145),
        slant=stream.choice((0.0, stream.uniform(-0.1, 0.22))),
    )


def _wavering(hand: _Hand, stream: random.Random) -> _Hand:
    """The hand for the next figure: what is printed comes out alike, what is written does not."""
    if not hand.style.unsteady:
        return hand
    height = hand.height * stream.uniform(0.9, 1)
    return dataclasses.replace(
        hand,
        top=min(max(hand.top + stream.uniform(-1, 2), 1), HEIGHT - 1 - height),
        height=height,
        width=hand.width * stream.uniform(0.88, 1.08),
        slant=hand.slant + stream.uniform(-0.07, 0.07),
    )


def _figure(figure: str, hand: _Hand, phase: float) -> tuple[int, NDArray[np.float32]]:
    """A figure's uppermost row, and its ink from 0 to 1 cut to where there is some.

    ``phase`` is how far into its first column it begins, so that edges do not always fall on the same part of a pixel.
    """
    lines = _lines(hand.style, figure)
    y = hand.top + hand.thickness / 2 + lines[:, :, 1] * np.float32(hand.height - hand.thickness)
    x = lines[:, :, 0] * np.float32(hand.width - hand.thickness) - y * np.float32(hand.slant)
    x += np.float32(1 + phase + hand.thickness / 2) - x.min()
    first = int(hand.top) - 1
    ink = _stroked(
        np.stack((x, y - first), axis=-1),
        height=min(int(hand.top + hand.height) + 2, HEIGHT) - first,
        width=int(float(x.max()) + hand.thickness / 2) + 2,
        thickness=hand.thickness,
    )
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return first + int(rows[0]), ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _stroked(lines: NDArray[np.float32], height: int, width: int, thickness: float) -> NDArray[np.float32]:
    """How much of each pixel is covered by lines (line, end, x y) of this thickness, their ends round.

    A pixel is covered by how far its middle lies inside the edge of the nearest line, half a pixel off being none or all.
    """
    start, way = lines[:, 0], lines[:, 1] - lines[:, 0]
    length = np.sqrt(way[:, 0] * way[:, 0] + way[:, 1] * way[:, 1])
    right, down = (way[:, axis, None, None] / length[:, None, None] for axis in (0, 1))
    x = np.arange(width, dtype=np.float32)[None, None, :] + np.float32(0.5) - start[:, 0, None, None]
    y = np.arange(height, dtype=np.float32)[None, :, None] + np.float32(0.5) - start[:, 1, None, None]
    # every pixel seen from every line: how far along it, from there how far past its ends, and how far to its side
    past = x * right + y * down
    past -= np.minimum(np.maximum(past, 0), length[:, None, None])
    aside = x * down - y * right
    past *= past
    aside *= aside
    aside += past
    distance = np.sqrt(aside.min(axis=0))
    return np.clip(np.float32(thickness / 2 + 0.5) - distance, 0, 1)


def _scratch(page: NDArray[np.float32], stream: random.Random) -> None:
    """In a third of the pictures, a few hairs and specks: fainter and thinner than any figure's strokes."""
    if stream.random() >= 1 / 3:
        return
    height, width = page.shape
    for _ in range(stream.randint(1, 4)):
        x, y = stream.uniform(0, width), stream.uniform(0, height)
        reach = stream.choice((0.3, 0.3, 12, 40))
        to_x, to_y = x + stream.uniform(0.1, reach), y + stream.uniform(-reach, reach) / 2
        line = np.array([[[x, y], [to_x, to_y]]], dtype=np.float32)
        mark = _stroked(line, height, width, thickness=stream.uniform(0.4, 1))
        mark *= np.float32(stream.uniform(0.2, 0.5))
        np.maximum(page, mark, out=page)


def _printed(page: NDArray[np.float32], stream: random.Random) -> NDArray[np.uint8]:
    """Ink on paper, dark on light in two pictures of three, with the grain that a camera leaves."""
    paper, ink = stream.randint(175, 250), stream.randint(5, 95)
    if stream.random() < 1 / 3:
        paper, ink = 255 - paper, 255 - ink
    # four bytes summed are near enough to a normal deviate, of standard deviation 147.8, and the same on every machine
    raw = np.frombuffer(stream.randbytes(4 * page.size), dtype=np.uint8).reshape(4, *page.shape)
    grain = raw.sum(axis=0, dtype=np.int16).astype(np.float32) - np.float32(510)
    grey = page * np.float32(ink - paper) + np.float32(paper) + grain * np.float32(stream.uniform(0, 10) / 147.8)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


@cache
def _lines(style: Style, figure: str) -> NDArray[np.float32]:
    """The straight lines (line, end, x y) of a figure in the unit square, y down, its corners turned."""
    strokes = [[_point(text) for text in stroke.split()] for stroke in style.figures[int(figure)].split(";")]
    # where one turn runs into the next there is a step on the spot, which is no line
    found = [line for stroke in strokes for line in pairwise(_turned(stroke, style)) if math.dist(*line) > 1e-6]
    lines = np.array(found, dtype=np.float32)
    lines.flags.writeable = False  # one array serves every picture
    return lines


def _point(text: str) -> Point:
    x, y = text.split(",")
    return int(x) / 100, int(y) / 100


def _turned(points: list[Point], style: Style) -> list[Point]:
    """The stroke from the first point to the last that turns at those between them.

    A turn begins and ends no farther off than midway to the next corner, so that two turns never meet, and follows the
    quadratic Bézier curve that heads for the corner.
    """
    way = [points[0]]
    for index in range(1, len(points) - 1):
        before, corner, after = points[index - 1 : index + 2]
        begin = before if index == 1 else _between(before, corner, 0.5)
        end = after if index == len(points) - 2 else _between(corner, after, 0.5)
        begin, end = _between(corner, begin, style.turn), _between(corner, end, style.turn)
        for chord in range(style.chords + 1):
            share = chord / style.chords
            way.append(_between(_between(begin, corner, share), _between(corner, end, share), share))
    way.append(points[-1])
    return way


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


# Points in hundredths of the figure's width and height, y down. What lies between a stroke's ends is a corner to turn;
# a corner that stays sharp in every style is where two strokes meet. Twice the same point closes a loop.
FIGURES = (
    "50,0 100,0 100,100 0,100 0,0 50,0",
    "15,25 60,0; 60,0 60,100",
    "0,28 0,0 100,0 100,50 0,100; 0,100 100,100",
    "0,17 0,0 95,0 95,47 35,47; 35,47 100,47 100,100 0,100 0,83",
    "76,100 76,0; 76,0 0,70; 0,70 100,70",
    "92,0 12,0; 12,0 6,46; 6,46 25,36 100,36 100,100 0,100 0,82",
    "92,10 86,0 0,0 0,66; 0,66 0,100 100,100 100,41 0,41 0,66",
    "0,0 100,0; 100,0 35,100",
    "50,0 94,0 94,46 6,46 6,0 50,0; 50,46 100,46 100,100 0,100 0,46 50,46",
    "8,90 14,100 100,100 100,34; 100,34 100,0 0,0 0,59 100,59 100,34",
)


def _redrawn(**others: str) -> tuple[str, ...]:
    return tuple(others.get(f"_{figure}", strokes) for figure, strokes in enumerate(FIGURES))


# The bars of a calculator: top, upper left and right, middle, lower left and right, bottom. They do not touch.
_BARS = ("18,0 82,0", "0,9 0,41", "100,9 100,41", "18,50 82,50", "0,59 0,91", "100,59 100,91", "18,100 82,100")
_LIT = ("012456", "25", "02346", "02356", "1235", "01356", "013456", "025", "0123456", "012356")

STYLES: dict[str, Style] = {
    "round": Style(FIGURES),
    "plate": Style(_redrawn(_1="15,22 60,0; 60,0 60,100; 20,100 100,100"), turn=0.5),
    "cut": Style(FIGURES, turn=0.6, chords=1),
    "written": Style(
        _redrawn(
            _1="20,32 60,0; 60,0 60,100",
            _4="35,0 0,62; 0,62 100,62; 74,32 74,100",
            _7="0,0 100,0; 100,0 35,100; 28,52 92,52",
            _9="100,30 100,0 0,0 0,58 100,58 100,30; 100,30 82,100",
        ),
        unsteady=True,
    ),
    "segments": Style(tuple(";".join(_BARS[int(bar)] for bar in bars) for bars in _LIT)),
}
