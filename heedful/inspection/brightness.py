"""From a weight to a brightness and a colour: dark for zero, bright for one, on light pages and dark ones alike."""

import numpy as np
from numpy.typing import NDArray

# Seventeen points of matplotlib's "magma": even steps of lightness from black to pale yellow, so that brighter is more
# for people who see colours differently too, and in grey print. Straight lines between them stay within 3/255 of it.
ANCHORS = bytes.fromhex(
    "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 d0416f e75263 f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf"
)
_POINTS = np.frombuffer(ANCHORS, dtype=np.uint8).reshape(-1, 3)
_STEPS, _AT = np.linspace(0, 1, 256), np.linspace(0, 1, len(_POINTS))
_TABLE = np.rint(np.stack([np.interp(_STEPS, _AT, channel) for channel in _POINTS.T], axis=1)).astype(np.uint8)


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
    return _TABLE[np.rint(np.asarray(bright) * 255).astype(np.uint8)]


def hexadecimal(bright: float) -> str:
    """The colour as ``#rrggbb``."""
    return "#" + bytes(colours(np.array(bright)).tolist()).hex()
