"""From the weights of source positions to a number for every dot of a picture, smooth between what they cover."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAME = 1e-4  # shares of a side; places nearer to each other than this are one
SPARSE = 4  # cells of a grid for every position: where there are more, the positions lie on no grid


@dataclass(frozen=True, eq=False)
class Heat:
    """How positions spread over ``width`` × ``height`` dots; linear, so the heat of a sum is the sum of the heats.

    ``boxes`` (position, 4) are what positions cover, without those that are text; ``there`` says which positions these
    are. Positions on a grid, of one row or of several, are interpolated between their middles, by ``across`` (dot,
    column) and ``down`` (dot, row), and ``cells`` says which cell of the grid a position is. Others fill their boxes.
    """

    boxes: NDArray[np.float64]
    there: NDArray[np.bool_]
    width: int
    height: int
    cells: NDArray[np.int64] | None
    across: NDArray[np.float64]
    down: NDArray[np.float64]

    def over(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The heat (height, width) of one number a position."""
        weights = weights[self.there]
        if self.cells is None:
            return _filled(self.boxes, weights, self.width, self.height)
        rows, columns = self.down.shape[1], self.across.shape[1]
        grid = np.bincount(self.cells, weights, rows * columns).reshape(rows, columns)
        return self.down @ grid @ self.across.T


def covers(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which positions cover a part of the picture; the others are text."""
    return np.logical_and.reduce(np.isfinite(boxes), axis=1)


def in_one_row(boxes: NDArray[np.float32]) -> bool:
    """Whether positions stand side by side, as columns of a picture do, and their height says nothing."""
    sides = boxes[covers(boxes)][:, [1, 3]]
    return not len(sides) or bool(np.ptp(sides, axis=0).max() <= SAME)


def heat_of(boxes: NDArray[np.float32], width: int, height: int) -> Heat:
    """How positions that cover these boxes spread over so many dots."""
    there = covers(boxes)
    parts = boxes[there].astype(np.float64)
    (columns, column), (rows, row) = (_lines((parts[:, side] + parts[:, side + 2]) / 2) for side in (0, 1))
    return Heat(
        boxes=parts,
        there=there,
        width=width,
        height=height,
        cells=row * len(columns) + column if len(rows) * len(columns) <= SPARSE * len(parts) else None,
        across=_hats(columns, parts[:, [0, 2]], width),
        down=_hats(rows, parts[:, [1, 3]], height),
    )


def centres(weights: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where each row of weights (row, position) looks most: (row, 2), shares of the width and the height.

    The weighted centre around its greatest weight, not of all of it: between two places that it looked at there may be
    one that it did not.
    """
    there = covers(boxes)
    parts = boxes[there].astype(np.float64)
    if not len(parts):
        return np.full((len(weights), 2), np.nan)
    middles, sizes = (parts[:, :2] + parts[:, 2:]) / 2, parts[:, 2:] - parts[:, :2]
    found = np.empty((len(weights), 2))
    for at, row in enumerate(weights[:, there]):
        best = row.argmax()
        near = (np.abs(middles - middles[best]) <= 2.5 * sizes[best]).all(axis=1) & (row > 0)
        found[at] = np.average(middles[near], axis=0, weights=row[near]) if near.any() else middles[best]
    return found


def _lines(middles: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The places along a side that there are, and which of them each position has."""
    order = np.argsort(middles, kind="stable")
    fresh = np.diff(middles[order], prepend=-np.inf) > SAME
    which = np.empty(len(middles), dtype=np.int64)
    which[order] = np.cumsum(fresh) - 1
    return middles[order][fresh], which


def _hats(middles: NDArray[np.float64], sides: NDArray[np.float64], dots: int) -> NDArray[np.float64]:
    """How much each dot has of each place (dot, place): all at its middle, none at the next. A row sums to one.

    Where places are closer than dots a dot has something of all that are near, so that no peak falls between two dots.
    A dot that no position covers has nothing.
    """
    if not len(middles):
        return np.zeros((dots, 0))
    dot = (np.arange(dots) + 0.5) / dots
    gaps = np.maximum(np.diff(middles), 1 / dots)
    before, after = np.append(np.inf, gaps), np.append(gaps, np.inf)
    far = dot[:, None] - middles
    shares = np.maximum(0, 1 - np.where(far < 0, -far / before, far / after))
    covered = (dot >= sides.min() - 0.5 / dots) & (dot <= sides.max() + 0.5 / dots)
    return shares / shares.sum(axis=1, keepdims=True) * covered[:, None]


def _filled(boxes: NDArray[np.float64], weights: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """Every box filled with its weight; where boxes lie over each other, weights add up."""
    heat = np.zeros((height, width))
    edges = np.rint(np.clip(boxes, 0, 1) * (width, height, width, height)).astype(np.int64)
    edges[:, :2] = np.minimum(edges[:, :2], (width - 1, height - 1))
    edges[:, 2:] = np.maximum(edges[:, 2:], edges[:, :2] + 1)  # a box is never too thin for a dot
    for (left, top, right, bottom), weight in zip(edges.tolist(), weights.tolist(), strict=True):
        heat[top:bottom, left:right] += weight
    return heat
