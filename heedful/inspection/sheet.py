"""Where everything stands on the picture, in dots: one plan for the drawing (SVG) and for the dots (PNG)."""

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from heedful.inspection.brightness import brightness
from heedful.inspection.labels import shortened, visible, visible_text
from heedful.results import Alignment

CARD, BRIGHT_TEXT, QUIET_TEXT = "#1b1a26", "#ecebf2", "#a5a2b8"  # its own dark card, readable on any page
EDGE = 18  # between the card's border and what is on it
GAP = 6  # between the map and its labels
MOST_LABELLED = 240  # units on an axis before it shows numbers in place of labels
MOST_SHOWN = 2000  # units on an axis before a dot stands for several, and shows the brightest of them
MOST_CELLS = 22  # terminal cells of a label before it is cut
NARROW = 0.62  # width of a terminal cell of text over its size, generously: no font is measured
BAR = (120, 8)  # width and height of the colour bar
MOST_TITLE = 100  # terminal cells of a title
SHORT = 50  # a side too short to have its name over its middle


Number = int | float  # a place on the sheet


@dataclass(frozen=True)
class AxisNames:
    """What the map shows, in words: its rows, its columns and its colours, from 0 to 1."""

    down: str = "input"
    across: str = "output"
    bar: str = "attention"

    def shown(self) -> "AxisNames":
        """The names as they can be drawn, and no longer than there is room for on any map."""
        names = (shortened(visible_text(name), MOST_CELLS) for name in (self.down, self.across, self.bar))
        return AxisNames(*names)


ATTENTION = AxisNames()


@dataclass(frozen=True)
class Label:
    """A line of text: the point where its baseline begins, has its middle or ends, and its turn in degrees clockwise."""

    text: str
    x: Number
    y: Number
    size: int
    anchor: Literal["start", "middle", "end"] = "start"
    turn: int = 0
    colour: str = QUIET_TEXT


class Box(NamedTuple):
    """A rectangle of the sheet."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Where it ends."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """Where it ends below."""
        return self.top + self.height


@dataclass(frozen=True)
class Sheet:
    """The plan. ``bright`` has a row an input dot and a column an output dot, as drawn; ``cell`` is (width, height)."""

    width: int
    height: int
    place: Box
    cell: tuple[int, int]
    gap: int
    bright: NDArray[np.float64]
    bar: Box
    labels: tuple[Label, ...]


def plan(alignment: Alignment, title: str, names: AxisNames = ATTENTION) -> Sheet:
    """Input down the left, output across the top; square cells while every unit has its label."""
    names = names.shown()
    bright, merged = _reduced(brightness(alignment.weights).T)
    size, cell = _cell(len(alignment.target), len(alignment.source))
    rows, columns = _named(alignment.source, size), _named(alignment.target, size)
    heading = shortened(visible_text(title), MOST_TITLE)
    turn = _turn(columns, cell[0], size)
    width = cell[0] * bright.shape[1]
    up, beyond = _head(columns, turn, size, width / max(1, len(alignment.target)), width)
    place = Box(
        left=math.ceil(EDGE + 20 + max([text_width(row, size) for row in rows.values()], default=0) + GAP),
        top=math.ceil(EDGE + (30 if heading else 0) + 20 + up + GAP),
        width=width,
        height=cell[1] * bright.shape[0],
    )
    bar = Box(place.left, place.top + place.height + 24, *BAR)
    notes = [
        Label(note, bar.left, bar.bottom + 18 * line, 11)
        for line, note in enumerate(_notes(alignment, merged, names), 1)
    ]
    below = [*_legend(bar, names.bar), *notes]
    above = [Label(heading, EDGE, EDGE + 14, 16, colour=BRIGHT_TEXT)] if heading else []
    axes = _axes(place, up, names)
    ends = [
        place.right + beyond,
        *(label.x + text_width(label.text, label.size) for label in [*above, *below, axes[0]]),
    ]
    return Sheet(
        width=math.ceil(max(ends) + EDGE),
        height=bar.bottom + 18 * len(notes) + EDGE,
        place=place,
        cell=cell,
        gap=2 if min(cell) >= 20 else 1 if min(cell) >= 10 else 0,
        bright=bright,
        bar=bar,
        labels=(
            *above,
            *axes,
            *_beside(rows, place, len(alignment.source), size),
            *_over(columns, place, len(alignment.target), size, turn),
            *below,
        ),
    )


def text_width(text: str, size: int) -> float:
    """How wide a line of text is on the sheet, roughly and generously."""
    return cell_len(text) * size * NARROW


def _axes(place: Box, up: Number, names: AxisNames) -> list[Label]:
    """The names of the axes: over the middle of a long side, at the start of a short one."""
    y = place.top - GAP - up - 12
    across = Label(names.across, place.left + place.width / 2, y, 12, "middle")
    room = max(5, int((place.height + 50) / (12 * NARROW)))  # cells from the map's upper edge to the card's lower one
    down = Label(names.down, EDGE + 10, place.top + place.height / 2, 12, "middle", turn=-90)
    return [
        across if place.width > SHORT else replace(across, x=place.left, anchor="start"),
        down if place.height > SHORT else replace(down, text=shortened(down.text, room), y=place.top, anchor="end"),
    ]


def _legend(bar: Box, name: str) -> list[Label]:
    return [
        Label("0", bar.left - GAP, bar.bottom, 11, "end"),
        Label("1", bar.right + GAP, bar.bottom, 11),
        Label(name, bar.right + 22, bar.bottom, 11),
    ]


def _beside(rows: dict[int, str], place: Box, count: int, size: int) -> list[Label]:
    x, first, high = place.left - GAP, place.top + 0.35 * size, place.height / max(1, count)
    return [Label(text, x, first + (at + 0.5) * high, size, "end", 0, BRIGHT_TEXT) for at, text in rows.items()]


def _over(columns: dict[int, str], place: Box, count: int, size: int, turn: int) -> list[Label]:
    """A turned line starts over the middle of its column; its baseline lies a third of the size beside that."""
    angle, wide = math.radians(turn), place.width / max(1, count)
    x = place.left - (0.35 * size * math.sin(angle) if turn else 0)
    y = place.top - GAP + (0.35 * size * math.cos(angle) - 3 if turn else -1)
    anchor = "start" if turn else "middle"
    return [Label(text, x + (at + 0.5) * wide, y, size, anchor, turn, BRIGHT_TEXT) for at, text in columns.items()]


def _cell(columns: int, rows: int) -> tuple[int, tuple[int, int]]:
    """The size of the text, and the cell's width and height."""
    most = max(columns, rows, 1)
    if most <= MOST_LABELLED:
        side = 28 if most <= 24 else max(12, 28 * 24 // most)
        return (14 if side >= 22 else 11 if side >= 15 else 9), (side, side)
    side = max(1, 1200 // most)
    return 11, (side if columns > MOST_LABELLED else 12, side if rows > MOST_LABELLED else 12)


def _reduced(bright: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The brightest of every block of so many rows and columns, so that no side is longer than can be drawn."""
    by = (math.ceil(bright.shape[0] / MOST_SHOWN) or 1, math.ceil(bright.shape[1] / MOST_SHOWN) or 1)
    for axis in (0, 1):
        if by[axis] > 1:
            bright = np.maximum.reduceat(bright, np.arange(0, bright.shape[axis], by[axis]), axis=axis)
    return bright, by


def _named(units: tuple[str, ...], size: int) -> dict[int, str]:
    """A label for every unit; on an axis with too many of them, the position, counted from zero, of some."""
    if len(units) <= MOST_LABELLED:
        return {at: shortened(visible(unit), MOST_CELLS) for at, unit in enumerate(units)}
    every = next(step for step in (50, 100, 200, 500, 1000, 10 ** len(str(len(units)))) if len(units) / step <= 12)
    return {at: str(at) for at in range(0, len(units), every)}


def _turn(columns: dict[int, str], pitch: int, size: int) -> int:
    """Labels stand upright if each fits over its column, lean if there is room between them, and climb if not."""
    widest = max((text_width(label, size) for label in columns.values()), default=0.0)
    if len(columns) < 2 or widest <= pitch + 2 or (keys := list(columns))[1] - keys[0] > 1:
        return 0
    return -45 if pitch >= 20 else -90


def _head(columns: dict[int, str], turn: int, size: int, pitch: Number, width: int) -> tuple[float, float]:
    """How far the output labels reach above the map, and how far beyond its right side."""
    widths = {at: text_width(label, size) for at, label in columns.items()}
    lean, share = (math.cos(math.radians(turn)), 1.0) if turn else (1.0, 0.5)
    beyond = max([(at + 0.5) * pitch + wide * lean * share - width for at, wide in widths.items()], default=0.0)
    up = max(widths.values(), default=0.0) * math.sin(math.radians(-turn)) + size * 0.7 if turn else float(size)
    return up, max(0.0, beyond)


def _notes(alignment: Alignment, merged: tuple[int, int], names: AxisNames) -> list[str]:
    sides = ((names.down, alignment.source), (names.across, alignment.target))
    notes = [f"the {name} is empty" for name, units in sides if not units]
    if max(merged) > 1:
        notes.append(f"each dot is the brightest of {merged[0]} × {merged[1]} ({names.down} × {names.across}) units")
    return notes
