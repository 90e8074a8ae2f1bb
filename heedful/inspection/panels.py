"""A panel for every output unit: lines of print below each other, smaller pictures side by side."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heedful.inspection.heat import covers
from heedful.inspection.labels import shortened, visible
from heedful.inspection.positions import position_names
from heedful.inspection.sheet import BRIGHT_TEXT, EDGE, GAP, MOST_CELLS, Box, Label, text_width
from heedful.results import Alignment, Scene

MOST_PANELS = 60
ROW = 1160  # how wide a row of panels may be
LONG = 400  # a panel wider than this has a row for itself
MOST_WIDE, MOST_HIGH = 1660, 240  # of a panel
SIZE = 16  # of labels
BETWEEN = (14, 8)  # panels, across and down


@dataclass(frozen=True, eq=False)
class Panel:
    """What will be a picture: ``bright`` has a number from 0 to 1 a source position; ``shades`` lie under labels."""

    box: Box
    bright: NDArray[np.float64]
    name: str
    shades: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Part:
    """A part of the sheet, and where it ends: panels, thin lines and labels."""

    bottom: int
    panels: tuple[Panel, ...] = ()
    rules: tuple[Box, ...] = ()
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Arrangement:
    """``wide`` × ``high`` is a panel, ``columns`` of them stand in a row, and the leftmost begins at ``left``.

    ``stacked`` panels stand below each other, with their labels at their left; others have them above.
    """

    wide: int
    high: int
    columns: int
    left: int
    stacked: bool

    def boxes(self, count: int, top: int) -> list[Box]:
        """So many panels, row by row, the first at this height."""
        head = 0 if self.stacked else SIZE + GAP
        right, down = self.wide + BETWEEN[0], self.high + head + BETWEEN[1]
        places = (divmod(at, self.columns) for at in range(count))
        return [
            Box(self.left + column * right, top + head + row * down, self.wide, self.high) for row, column in places
        ]


def arranged(height: int, width: int, labels: list[str]) -> Arrangement:
    """For pictures of so many pixels: the longer they are, the more goes to their length, and the less to their height."""
    aspect = width / height
    wide = min(MOST_WIDE, max(24, round(160 * aspect**0.6)))
    high = min(MOST_HIGH, max(16, round(wide / aspect)))
    if wide > LONG:
        left = math.ceil(EDGE + max([text_width(label, SIZE) for label in labels], default=0) + GAP)
        return Arrangement(wide, high, 1, left, stacked=True)
    return Arrangement(wide, high, max(1, (ROW + BETWEEN[0]) // (wide + BETWEEN[0])), EDGE, stacked=False)


def named(units: tuple[str, ...]) -> list[str]:
    """The units as labels."""
    return [shortened(visible(unit), MOST_CELLS) for unit in units]


def panels(alignment: Alignment, scene: Scene, bright: NDArray[np.float64], place: Arrangement, top: int) -> Part:
    """The first output units, in their order."""
    labels, positions = named(alignment.target[:MOST_PANELS]), position_names(alignment)
    boxes = place.boxes(len(labels), top)
    to_text = alignment.weights[:, ~covers(scene.boxes)]
    shown: list[Panel] = []
    written: list[Label] = []
    for at, (box, label) in enumerate(zip(boxes, labels, strict=True)):
        shown.append(Panel(box, bright[at], _name(alignment, positions, at)))
        written += _beside(box, label, place.stacked, f"text {to_text[at].sum():.0%}" if to_text.size else "")
    bottom = max([box.bottom for box in boxes], default=top)
    axis = seconds_below(boxes[-1], scene) if boxes and place.stacked else Part(bottom)
    return Part(axis.bottom, tuple(shown), axis.rules, (*written, *axis.labels))


def seconds_below(box: Box, scene: Scene) -> Part:
    """The time axis of a sound; nothing for a picture."""
    if scene.kind != "spectrogram" or not scene.seconds or scene.seconds <= 0:
        return Part(box.bottom)
    rough = scene.seconds / max(1, box.width // 50)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * of for of in (1, 2, 5, 10) if power * of >= rough * 0.999)
    ticks = [step * at for at in range(int(scene.seconds / step * 1.0001) + 1)]
    places = [min(box.right - 1, box.left + round(tick / scene.seconds * box.width)) for tick in ticks]
    texts = [f"{tick:.6g}" for tick in ticks]
    texts[-1] += " s"
    return Part(
        box.bottom + 22,
        rules=tuple(Box(x, box.bottom + 1, 1, 5) for x in places),
        labels=tuple(Label(text, x, box.bottom + 18, 11, "middle") for x, text in zip(places, texts, strict=True)),
    )


def _beside(box: Box, label: str, stacked: bool, share: str) -> list[Label]:
    """A panel's label; and how much of its attention went to text, where a part of the source is text."""
    if stacked:
        middle = box.top + box.height / 2
        labels = [Label(label, box.left - GAP, middle + 0.35 * SIZE, SIZE, "end", colour=BRIGHT_TEXT)]
        return [*labels, Label(share, box.right + GAP, middle + 4, 12)] if share else labels
    room = (box.width - (text_width(share, 12) + GAP if share else 0)) / text_width("m", SIZE)
    label = shortened(label, max(2, int(room)))
    labels = [Label(label, box.left, box.top - GAP, SIZE, colour=BRIGHT_TEXT)]
    return [*labels, Label(share, box.right, box.top - GAP, 12, "end")] if share else labels


def _name(alignment: Alignment, positions: list[str], at: int) -> str:
    """What the pointer is told: the unit, and the position that it looked at most."""
    unit = f"\u2068{visible(alignment.target[at])}\u2069"  # isolated, or a right-to-left unit swaps what follows it
    if not positions:
        return unit
    most = int(alignment.weights[at].argmax())
    return f"{unit}: most at \u2068{positions[most]}\u2069, {alignment.weights[at, most]:.2f}"
