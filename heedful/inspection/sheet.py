"""Where everything stands on the picture, in dots: one plan for the drawing (SVG) and for the dots (PNG)."""

import math
from dataclasses import dataclass
from typing import Literal

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
BAR = (120, 8)  # the colour bar


@dataclass(frozen=True)
class Label:
    """A line of text: the point where its baseline begins, has its middle or ends, and its turn in degrees clockwise."""

    text: str
    x: float
    y: float
    size: float
    anchor: Literal["start", "middle", "end"] = "start"
    turn: int = 0
    colour: str = QUIET_TEXT


@dataclass(frozen=True)
class Sheet:
    """The plan. ``bright`` has a row an input dot and a column an output dot, as drawn; ``cell`` is (width, height)."""

    width: int
    height: int
    left: int
    top: int
    cell: tuple[int, int]
    gap: int
    bright: NDArray[np.float64]
    bar: tuple[int, int]
    labels: tuple[Label, ...]


def plan(alignment: Alignment, title: str) -> Sheet:
    """Input down the left, output across the top; square cells while every unit has its label."""
    bright, (by_row, by_column) = _reduced(brightness(alignment.weights).T)
    counts = (len(alignment.target), len(alignment.source))
    size, cell = _cell(*counts)
    rows, columns = _named(alignment.source, size), _named(alignment.target, size)
    wide, high = cell[0] * bright.shape[1], cell[1] * bright.shape[0]
    turn = _turn(columns, cell[0], size)
    margin = max([_width(label, size) for label in rows.values()], default=0)
    head, overhang = _head(columns, turn, size)
    heading = visible_text(title)
    heading = shortened(heading, 100)

    left = math.ceil(EDGE + 22 + margin + GAP)
    top = math.ceil(EDGE + (30 if heading else 0) + 20 + head + GAP)
    foot = top + high + 24
    notes = _notes(alignment, by_row, by_column)
    right = max(left + wide + overhang, left + BAR[0] + 90, EDGE + _width(heading, 16), *(left + _width(n, 11) for n in notes))
    labels = [
        *([Label(heading, EDGE, EDGE + 14, 16, colour=BRIGHT_TEXT)] if heading else []),
        Label("output", left + wide / 2 if wide > 50 else left, top - GAP - head - 12, 12, "middle" if wide > 50 else "start"),
        Label("input", EDGE + 10, top + high / 2 if high > 50 else top + 26, 12, "middle" if high > 50 else "end", turn=-90),
    ]
    for at, text in rows.items():
        labels.append(Label(text, left - GAP, top + (at + 0.5) * high / max(1, counts[1]) + 0.35 * size, size, "end", 0, BRIGHT_TEXT))
    for at, text in columns.items():
        labels.append(_over(text, left + (at + 0.5) * wide / max(1, counts[0]), top - GAP, turn, size))
    for text, x, anchor in (("0", left - 6, "end"), ("1", left + BAR[0] + 6, "start"), ("attention", left + BAR[0] + 22, "start")):
        labels.append(Label(text, x, foot + BAR[1], 11, anchor))
    labels += [Label(note, left, foot + BAR[1] + 18 * line, 11) for line, note in enumerate(notes, 1)]
    return Sheet(
        width=math.ceil(right + EDGE),
        height=math.ceil(foot + BAR[1] + 18 * len(notes) + EDGE),
        left=left,
        top=top,
        cell=cell,
        gap=2 if min(cell) >= 20 else 1 if min(cell) >= 10 else 0,
        bright=bright,
        bar=(left, foot),
        labels=tuple(labels),
    )


def _cell(columns: int, rows: int) -> tuple[int, tuple[int, int]]:
    """The size of the text, and the cell's width and height."""
    most = max(columns, rows, 1)
    if most <= MOST_LABELLED:
        side = 28 if most <= 24 else max(12, 28 * 24 // most)
        return (14 if side >= 22 else 11 if side >= 15 else 9), (side, side)
    side = max(1, 1200 // most)
    return 11, tuple(max(side, 12) if count <= MOST_LABELLED else side for count in (columns, rows))  # pyrefly: ignore


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


def _width(text: str, size: float) -> float:
    return cell_len(text) * size * NARROW


def _turn(columns: dict[int, str], pitch: int, size: int) -> int:
    """Labels stand upright if each fits over its column, lean if there is room between them, and climb if not."""
    widest = max((_width(label, size) for label in columns.values()), default=0)
    if len(columns) < 2 or widest <= pitch + 2 or (keys := list(columns))[1] - keys[0] > 1:
        return 0
    return -45 if pitch >= 20 else -90


def _head(columns: dict[int, str], turn: int, size: int) -> tuple[float, float]:
    """How far the output labels reach above the map, and beyond its right side."""
    widest = max((_width(label, size) for label in columns.values()), default=0)
    if turn == 0:
        return size, widest / 2
    up = math.sin(math.radians(-turn))
    return widest * up + size * 0.7, max(0.0, widest * math.cos(math.radians(turn)))


def _over(text: str, x: float, y: float, turn: int, size: int) -> Label:
    if turn == 0:
        return Label(text, x, y - 0.1 * size, size, "middle", 0, BRIGHT_TEXT)
    # A turned line starts over the middle of its column: its baseline lies a third of the size beside that.
    away = 0.35 * size
    angle = math.radians(turn)
    return Label(text, x - away * math.sin(angle), y + (away * math.cos(angle) if turn != -90 else 0) - 3, size, "start", turn, BRIGHT_TEXT)


def _notes(alignment: Alignment, by_row: int, by_column: int) -> list[str]:
    notes = [f"the {name} is empty" for name, units in (("input", alignment.source), ("output", alignment.target)) if not units]
    if max(by_row, by_column) > 1:
        notes.append(f"each dot is the brightest of {by_row} × {by_column} (input × output) units")
    return notes
