"""The attention of all output units on one picture, each one's label over the place that it looked at most."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heedful.inspection.heat import centres, covers, in_one_row
from heedful.inspection.panels import ROW, Arrangement, Panel, Part, named, seconds_below
from heedful.inspection.sheet import BRIGHT_TEXT, GAP, Box, Label, Number, text_width
from heedful.results import Alignment, Scene

SIZE, LINE = 14, 18  # of a label and of a line of labels
MOST_LINES = 4  # of labels over each other above a picture
TICK = 6  # how high
LARGER = 1.6  # than panels that stand side by side
SEEN = 0.1  # an output unit that gave the picture less of its attention than this looked at no place of it
CAPTION = "all output units together"


@dataclass(frozen=True)
class Marks:
    """Labels and what belongs to them, as seen from the picture's upper left corner.

    ``ticks`` are lines from a label's place to the picture, ``shades`` parts of the picture to darken under labels;
    ``above`` says how far all this reaches above the picture, and ``left_out`` how many labels found no room.
    """

    labels: tuple[Label, ...] = ()
    ticks: tuple[Box, ...] = ()
    shades: tuple[Box, ...] = ()
    above: int = 0
    left_out: int = 0


def overview(alignment: Alignment, scene: Scene, bright: NDArray[np.float64], place: Arrangement, top: int) -> Part:
    """The picture once, with all of the attention, as large as the panels below it or larger."""
    larger = 1 if place.stacked else max(1, min(LARGER, ROW / place.wide))
    width, height = round(place.wide * larger), round(place.high * larger)
    looked = alignment.weights[:, covers(scene.boxes)].sum(axis=1) >= SEEN
    labels = [label for label, here in zip(named(alignment.target), looked.tolist(), strict=True) if here]
    places = centres(alignment.weights[looked], scene.boxes)
    in_row = in_one_row(scene.boxes)
    marks = marks_above(labels, places, width) if in_row else marks_upon(labels, places, width, height)
    box = Box(place.left, top + 12 + GAP + marks.above, width, height)
    marks, axis = moved(marks, box.left, box.top), seconds_below(box, scene)
    caption = CAPTION if not marks.left_out else f"{CAPTION}; {marks.left_out} of their labels found no room"
    return Part(
        axis.bottom,
        (Panel(box, bright, CAPTION, marks.shades),),
        (*marks.ticks, *axis.rules),
        (Label(caption, box.left, top + 12, 12), *marks.labels, *axis.labels),
    )


def marks_above(labels: list[str], places: NDArray[np.float64], width: int) -> Marks:
    """For positions side by side: lines of labels above the picture, a higher one where a lower one is taken."""
    taken = [-math.inf] * MOST_LINES
    texts: list[Label] = []
    ticks: list[Box] = []
    for at in np.argsort(places[:, 0], kind="stable").tolist():
        place, half = float(places[at, 0]) * width, text_width(labels[at], SIZE) / 2
        x = min(max(place, half), max(half, width - half))
        line = next((line for line, end in enumerate(taken) if end <= x - half), None)
        if line is None:
            continue
        taken[line] = x + half
        texts.append(Label(labels[at], round(x, 1), -TICK - 5 - line * LINE, SIZE, "middle", colour=BRIGHT_TEXT))
        ticks.append(Box(min(width - 1, max(0, math.floor(place))), -TICK - 1, 1, TICK))
    lines = sum(end > -math.inf for end in taken)
    return Marks(tuple(texts), tuple(ticks), above=TICK + lines * LINE, left_out=len(labels) - len(texts))


def marks_upon(labels: list[str], places: NDArray[np.float64], width: int, height: int) -> Marks:
    """For positions on a grid: labels on the picture, just above their places, or beside them where that is taken."""
    texts: list[Label] = []
    shades: list[Box] = []
    for label, (across, down) in zip(labels, places.tolist(), strict=True):
        wide = math.ceil(text_width(label, SIZE)) + 4
        box = _free(across * width, down * height, wide, (width, height), shades)
        if box is None:
            continue
        shades.append(box)
        texts.append(Label(label, box.left + wide / 2, box.bottom - 5, SIZE, "middle", colour=BRIGHT_TEXT))
    return Marks(tuple(texts), shades=tuple(shades), left_out=len(labels) - len(texts))


def moved(marks: Marks, x: int, y: int) -> Marks:
    """The marks on the sheet, for a picture whose upper left corner is there."""
    return replace(
        marks,
        labels=tuple(replace(label, x=label.x + x, y=label.y + y) for label in marks.labels),
        ticks=tuple(tick._replace(left=tick.left + x, top=tick.top + y) for tick in marks.ticks),
    )


def _free(x: Number, y: Number, wide: int, within: tuple[int, int], taken: list[Box]) -> Box | None:
    """A box for a label near a place of the picture: above it, below it, to the right or to the left."""
    for left, top in ((-0.5, -1.4), (-0.5, 0.4), (0.3, -0.5), (-1.3, -0.5), (-0.5, -2.4), (-0.5, 1.4)):
        box = Box(
            round(min(max(0, x + left * wide), max(0, within[0] - wide))),
            round(min(max(0, y + top * LINE), max(0, within[1] - LINE))),
            wide,
            LINE,
        )
        if not any(_meet(box, other) for other in taken):
            return box
    return None


def _meet(one: Box, other: Box) -> bool:
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom
