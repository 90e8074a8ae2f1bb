"""Alignments to pictures and sounds, with pixels and boxes of one's choice."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heedful.results import Alignment, Scene

WHITE = 255


def columns(count: int) -> NDArray[np.float32]:
    """So many boxes side by side, each over the whole height."""
    sides = np.linspace(0, 1, count + 1)
    return np.stack([sides[:-1], np.zeros(count), sides[1:], np.ones(count)], axis=1).astype(np.float32)


def grid(rows: int, across: int) -> NDArray[np.float32]:
    """The cells of a grid, row by row."""
    row, column = np.divmod(np.arange(rows * across), across)
    sides = (column / across, row / rows, (column + 1) / across, (row + 1) / rows)
    return np.stack(sides, axis=1).astype(np.float32)


def paper(height: int, width: int, grey: int = WHITE) -> NDArray[np.uint8]:
    """A picture of nothing."""
    return np.full((height, width, 3), grey, dtype=np.uint8)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    """A picture of everything."""
    return np.random.default_rng(0).integers(0, 256, size=(height, width, 3)).astype(np.uint8)


def looking(
    at: Sequence[int],
    boxes: NDArray[np.float32],
    pixels: NDArray[np.uint8] | None,
    target: Sequence[str] | None = None,
    kind: Literal["picture", "spectrogram", "vectors"] = "picture",
    seconds: float | None = None,
) -> Alignment:
    """Each output unit looks at one position, with nine tenths of its attention, and the rest is spread evenly."""
    count = len(boxes)
    weights = np.full((len(at), count), 0.1 / max(1, count), dtype=np.float32)
    weights[np.arange(len(at)), list(at)] += 0.9
    source = tuple(f"{position * 4}-{position * 4 + 3}" for position in range(count))
    return Alignment(source, tuple(target or "abcdefghij"[: len(at)]), weights, Scene(kind, boxes, pixels, seconds))
