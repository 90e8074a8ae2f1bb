"""Where a chart's plot stands, and what is written around it, in dots from the drawing's upper left."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from heedful.inspection.palette import variable
from heedful.inspection.scale import MOST_CELLS, SIZE, Scale, cut
from heedful.inspection.sheet import GAP, Box, Label, text_width

QUIET, INK = variable("quiet"), variable("ink")
WIDTH = 640  # of a chart: where it fills its place in the page it is scaled, and so is its text
PLOT, BAR_ROW = 250, 30  # the height of a plot of lines, and of a row of bars
EDGE = 6  # what stays free around everything
SAMPLE = 34  # the width of a line's sample in the legend
ROW = 22  # the height of a line of text in the legend
MIDDLE = 0.36 * SIZE  # from the middle of a line of text down to its baseline


@dataclass(frozen=True)
class Frame:
    """The drawing's height, the plot's place on it, its two sides, all texts; and where a line's sample begins."""

    height: int
    place: Box
    along: Scale
    upward: Scale
    labels: tuple[Label, ...]
    samples: tuple[tuple[float, float], ...] = ()


def around_lines(names: Sequence[str], along: Scale, upward: Scale, across: str, up: str) -> Frame:
    """The names of the lines and of what counts upwards above the plot, what counts from left to right below it."""
    left = EDGE + GAP + upward.widest
    turn = along.turn(WIDTH - left - EDGE - along.widest / 2)
    left = max(left, EDGE + along.before(WIDTH - left - EDGE)) if turn else left
    right = EDGE if turn else max(EDGE, along.beyond(WIDTH - left))
    entries, samples, bottom = _legend(names)
    place = Box(math.ceil(left), bottom + 26, math.floor(WIDTH - right) - math.ceil(left), PLOT)
    height = math.ceil(place.bottom + 22 + along.widest * math.sin(math.radians(turn)) + 24)
    above = Label(cut(up, 80), EDGE, bottom + 12, SIZE, colour=QUIET)
    texts = (
        *entries,
        above,
        *_beside(upward, place, QUIET),
        *_under(along, place, turn),
        _below(across, place, height),
    )
    return Frame(height, place, along, upward, texts, tuple(samples))


def around_rows(names: Sequence[str], along: Scale, across: str) -> Frame:
    """A name a row, from above, and what counts from left to right below them. The upward side counts rows downwards."""
    count = max(1, len(names))
    rows = Scale((count - 0.5, -0.5), tuple((at, cut(name, 34)) for at, name in enumerate(names)))
    left, right = math.ceil(EDGE + GAP + 4 + rows.widest), math.ceil(max(EDGE, along.widest / 2))
    place = Box(left, EDGE, WIDTH - left - right, BAR_ROW * count)
    height = place.bottom + 46
    texts = (*_beside(rows, place, INK), *_under(along, place, 0), _below(across, place, height))
    return Frame(height, place, along, rows, texts)


def _legend(names: Sequence[str]) -> tuple[list[Label], list[tuple[float, float]], int]:
    """Names beside samples, as many in a row as there is room for; where each sample begins, and where it all ends."""
    labels: list[Label] = []
    samples: list[tuple[float, float]] = []
    x, y = EDGE, EDGE + 12
    for name in names:
        text = cut(name, 2 * MOST_CELLS)
        wide = math.ceil(SAMPLE + 8 + text_width(text, SIZE))
        if x > EDGE and x + wide > WIDTH - EDGE:
            x, y = EDGE, y + ROW
        samples.append((x, y - MIDDLE))
        labels.append(Label(text, x + SAMPLE + 8, y, SIZE, colour=INK))
        x += wide + 10
    return labels, samples, y + 10 if names else EDGE


def _beside(scale: Scale, place: Box, colour: str) -> list[Label]:
    """The ticks' texts on the left of the plot."""
    heights = [((1 - scale.share(value)) * place.height, text) for value, text in scale.ticks]
    return [Label(text, place.left - GAP - 2, place.top + y + MIDDLE, SIZE, "end", 0, colour) for y, text in heights]


def _under(scale: Scale, place: Box, turn: int) -> list[Label]:
    """The ticks' texts below the plot; those that lean end at their tick."""
    y, anchor = (place.bottom + 16, "end") if turn else (place.bottom + 19, "middle")
    ticks = [(place.left + scale.share(value) * place.width, text) for value, text in scale.ticks]
    return [Label(text, x + (4 if turn else 0), y, SIZE, anchor, -turn, QUIET) for x, text in ticks]


def _below(text: str, place: Box, height: int) -> Label:
    """The name of the lower side, at the bottom of a drawing of this height."""
    return Label(cut(text, 80), place.left + place.width / 2, height - EDGE, SIZE, "middle", colour=QUIET)
