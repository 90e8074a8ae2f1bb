"""What source positions are called, and neighbours as one, where there are more of them than a screen has lines."""

import math
import re

import numpy as np

from heedful.inspection.heat import covers
from heedful.inspection.labels import shortened, visible, visible_text
from heedful.results import Alignment, Scene

MOST_ROWS = 40
HALF = 7  # terminal cells of each end of a range whose ends are no numbers
RANGE = re.compile(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?( s)?")  # "12", "12-15", "0.24-0.28 s"


def position_names(alignment: Alignment) -> list[str]:
    """Every source unit as a label; a part of a picture or a sound has a name, whose blanks are blanks."""
    if alignment.scene is None:
        return [visible(unit) for unit in alignment.source]
    covering = covers(alignment.scene.boxes).tolist()
    named = zip(alignment.source, covering, strict=True)
    return [visible_text(unit) or visible(unit) if part else visible(unit) for unit, part in named]


def joined(alignment: Alignment) -> tuple[Alignment, int]:
    """The alignment with about forty source positions at most, and how many neighbours became one.

    Their weights add up, so that each output unit's weights still sum to one. Text is not joined with what is none, and
    stays as it is if there is little of it. An alignment of text to text comes back untouched.
    """
    scene, count = alignment.scene, len(alignment.source)
    if scene is None or count <= MOST_ROWS:
        return alignment, 1
    text = ~covers(scene.boxes)
    kept = int(text.sum()) if text.sum() <= MOST_ROWS // 2 else 0
    most = math.ceil((count - kept) / (MOST_ROWS - kept))
    starts = [0]
    for at in range(1, count):
        alone = kept > 0 and text[at]
        if text[at] != text[at - 1] or alone or at - starts[-1] == most:
            starts.append(at)
    ends = [*starts[1:], count]
    names = tuple(
        _range(alignment.source[start], alignment.source[end - 1]) for start, end in zip(starts, ends, strict=True)
    )
    weights = np.add.reduceat(alignment.weights, starts, axis=1)
    boxes = np.concatenate(
        [np.minimum.reduceat(scene.boxes[:, :2], starts), np.maximum.reduceat(scene.boxes[:, 2:], starts)], axis=1
    )
    return Alignment(names, alignment.target, weights, Scene(scene.kind, boxes, scene.pixels, scene.seconds)), most


def _range(first: str, last: str) -> str:
    """From the first to the last: ``12-15`` and ``20-23`` are ``12-23``."""
    if first == last:
        return first
    start, end = RANGE.fullmatch(first), RANGE.fullmatch(last)
    if start and end and start[3] == end[3]:
        return f"{start[1]}-{end[2] or end[1]}{end[3] or ''}"
    return f"{shortened(first, HALF).removesuffix('…')}…{shortened(last, HALF)}"
