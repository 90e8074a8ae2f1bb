"""Whether two maps of one source say the same: which items count for a unit, and which of them most.

The question of Jain and Wallace 2019 (section 4.1): do attention weights order the items as derivatives and erasing do?
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.floating]
"""(target unit, source item)."""
PAIRS = 1 << 24
"""Pairs of items whose order is held in memory at once: 16 MB in each map."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How two maps of each source agree, a number a source: means over its target units, NaN where it has none.

    ``tau`` is Kendall's rank correlation of the items (tau-b; 1 the same order, 0 none, -1 the reverse), over the units
    for which it is defined. ``same_top`` is the share of units whose greatest item is the same in both maps, and
    ``chance`` what that share would be if one of the two pointed anywhere: one in the number of items. ``units`` counts the
    units.
    """

    tau: NDArray[np.float64]
    same_top: NDArray[np.float64]
    chance: NDArray[np.float64]
    units: NDArray[np.int64]


def agreement(weights: Sequence[Map], influence: Sequence[Map]) -> Agreement:
    """How the two maps of each source agree. Sources of one item, where there is nothing to order, are left out (NaN).

    Raises:
        ValueError: there is not one map of the same shape for every other.
    """
    tau, same, chance = (np.full(len(weights), np.nan) for _ in range(3))
    units = np.zeros(len(weights), dtype=np.int64)
    for row, (one, other) in enumerate(zip(weights, influence, strict=True)):
        if one.shape != other.shape:
            raise ValueError(f"the maps of source {row} are {one.shape} and {other.shape}; they must have one shape")
        if one.shape[0] == 0 or one.shape[1] < 2:
            continue
        each = kendall(one, other)
        if not np.isnan(each).all():
            tau[row] = np.nanmean(each)
        same[row] = np.mean(one.argmax(axis=1) == other.argmax(axis=1))
        chance[row], units[row] = 1 / one.shape[1], len(one)
    return Agreement(tau, same, chance, units)


def kendall(one: Map, other: Map) -> NDArray[np.float64]:
    """Kendall's tau-b of every row of two (row, item) arrays; NaN where all items of a row are equal in one of them.

    tau-b = (C - D) / sqrt((P - T)(P - U)): pairs in the same order less pairs in the reverse one, over the geometric mean
    of the pairs that are not tied (Kendall 1945).
    """
    rows, items = one.shape
    if items < 2:
        return np.full(rows, np.nan)
    first, second = np.triu_indices(items, 1)
    most = max(1, PAIRS // len(first))
    return np.concatenate(
        [
            _correlation(_order(one[at : at + most], first, second), _order(other[at : at + most], first, second))
            for at in range(0, rows, most)
        ]
        or [np.zeros(0)]
    )


def _order(values: Map, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int8]:
    return (values[:, first] > values[:, second]).astype(np.int8) - (values[:, first] < values[:, second])


def _correlation(one: NDArray[np.int8], other: NDArray[np.int8]) -> NDArray[np.float64]:
    """Of the order of every pair, (row, pair): 1, 0 or -1."""
    both = (one * other).sum(axis=1, dtype=np.int64)
    untied = (one != 0).sum(axis=1) * (other != 0).sum(axis=1).astype(np.float64)
    return np.divide(both, np.sqrt(untied), out=np.full(len(both), np.nan), where=untied > 0)
