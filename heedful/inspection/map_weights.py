"""The weights of a map as its page holds them: exactly, or rounded so that rows and words about them stay right."""

import base64
import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_EXACT = 250_000
"""Weights of a map before they are rounded."""
LEAST_DECIMALS = 5
OF_AN_EVEN_SHARE = 50  # a share of the attention, if all units had the same, is at least so many of the last decimal


def packed(weights: NDArray[np.float32]) -> dict[str, Any]:
    """What the page's script needs to have the weights: ``weights``, and more where it has to be rounded.

    ``weights`` are the bytes of numbers of 32 bits in planes, which pack well, in zlib's format, in base64. Up to
    ``MOST_EXACT`` they are the floats as they are. Of a larger map they are whole numbers, ``decimals`` of which come
    after the point; and what cannot be counted from those is there as it was: ``totals`` of source units, ``sums`` of
    target units, over how many units each row is spread (``breadths``), and where its greatest weight is (``peaks``).
    """
    if weights.size <= MOST_EXACT:
        return {"weights": _encoded(weights.astype("<f4"))}
    decimals = decimals_for(weights.shape[1])
    exact = weights.astype(np.float64)
    return {
        "weights": _encoded(rounded(weights, decimals).astype("<i4")),
        "decimals": decimals,
        "totals": _short(exact.sum(axis=0)),
        "sums": _short(exact.sum(axis=1)),
        "breadths": _short(breadths(exact)),
        "peaks": weights.argmax(axis=1).tolist(),
    }


def decimals_for(sources: int) -> int:
    """How many decimals a large map keeps: more where attention is spread over more units."""
    return max(LEAST_DECIMALS, math.ceil(math.log10(OF_AN_EVEN_SHARE * max(1, sources))))


def rounded(weights: NDArray[np.float32], decimals: int) -> NDArray[np.int64]:
    """Weights as whole numbers of the last decimal, up or down so that every row adds up to what it did.

    Rounded each to its nearest, a thousand small numbers of a row would be wrong in the same direction. A weight of which
    the first three decimals would change, as people read them, goes the other way, and others of its row make up for it.
    """
    exact = weights.astype(np.float64) * 10**decimals
    found = np.diff(np.rint(np.cumsum(exact, axis=1)), axis=1, prepend=0).astype(np.int64)
    wrong = np.nonzero(_changes(found, weights, decimals))
    low = np.floor(exact[wrong]).astype(np.int64)
    found[wrong] = low + _changes(low, weights[wrong], decimals)
    missing = np.rint(exact.sum(axis=1) - found.sum(axis=1)).astype(np.int64)
    for row in np.flatnonzero(missing):
        step = np.sign(missing[row])
        wanted = step * (exact[row] - found[row])
        wanted[_changes(found[row] + step, weights[row], decimals)] = 0
        most = np.argsort(-wanted, kind="stable")[: abs(missing[row])]
        found[row, most[wanted[most] > 0]] += step
    return found


def as_read(whole: NDArray[np.int64], decimals: int) -> NDArray[np.float32]:
    """What the page's script makes of the whole numbers."""
    return (whole / 10**decimals).astype(np.float32)


def breadths(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over how many source units each row is spread: as many as an even row would have. One, where there is nothing."""
    sums = weights.sum(axis=1, keepdims=True)
    shares = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.exp(-(shares * logarithms).sum(axis=1))


def _changes(whole: NDArray[np.int64], weights: NDArray[np.float32], decimals: int) -> NDArray[np.bool_]:
    """Where three decimals say something else than they do of the weights."""
    return _thousandths(as_read(whole, decimals)) != _thousandths(weights)


def _thousandths(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """The weights as three decimals say them; float32 times a thousand is exact in float64."""
    return np.floor(weights.astype(np.float64) * 1000 + 0.5)


def _short(numbers: NDArray[np.float64]) -> list[float]:
    return [float(f"{number:.7g}") for number in numbers.tolist()]


def _encoded(numbers: NDArray[Any]) -> str:
    planes = np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, numbers.itemsize).T
    return base64.b64encode(zlib.compress(planes.tobytes(), 6)).decode()
