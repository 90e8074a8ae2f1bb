"""From a weight to a brightness and a colour: dark for zero, bright for one, on light pages and dark ones alike."""

import numpy as np
from numpy.typing import NDArray

# Seventeen points of matplotlib's "magma": even steps of lightness from black to pale yellow, so that brighter is more
# for people who see colours differently too, and in grey print. Straight lines between them stay within 3/255 of it.
ANCHORS = (
    "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 d0416f e75263 f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf"
).split()
_TABLE = np.array([[int(anchor[at : at + 2], 16) for at in (0, 2, 4)] for anchor in ANCHORS], dtype=np.float64)


def brightness(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Weights as numbers from 0 to 1. The scale is the same in every picture, so that two pictures compare.

    Raises:
        ValueError: a weight is not a finite number: a bug in what made it, and a picture would hide that.
    """
    bright = np.asarray(weights, dtype=np.float64)
    if not np.isfinite(bright).all():
        row, column = (int(index) for index in np.argwhere(~np.isfinite(bright))[0])
        raise ValueError(f"weights[{row}, {column}] is {bright[row, column]}: attention weights are finite numbers")
    return np.clip(bright, 0.0, 1.0)


def colours(bright: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Red, green and blue (0 to 255) on a new last axis."""
    at = np.asarray(bright, dtype=np.float64) * (len(ANCHORS) - 1)
    below = np.minimum(at.astype(np.int64), len(ANCHORS) - 2)
    share = (at - below)[..., None]
    return np.rint(_TABLE[below] * (1 - share) + _TABLE[below + 1] * share).astype(np.uint8)


def hexadecimal(bright: float) -> str:
    """The colour as ``#rrggbb``."""
    return "#" + bytes(colours(np.array(bright)).tolist()).hex()
