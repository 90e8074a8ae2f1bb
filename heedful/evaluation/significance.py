"""How sure a number is: the bootstrap over sentences (Efron 1979; for machine translation Koehn 2004).

A resample draws as many sentences as there are, with replacement. Metrics are functions of summed counts, so a
resample is a row of weights times the counts, and thousands of them are a matrix product.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heedful.evaluation.metrics import Statistics

CONFIDENCE = 0.95
CHUNK = 1 << 20
"""Draws held in memory at once: 8 MB each as indices, counts and weights, however large the corpus."""


def resample(statistics: Statistics, resamples: int, seed: int) -> Statistics:
    """Summed counts of bootstrap resamples: (sentence, width) to (resample, width).

    The same seed and number of sentences draw the same sentences, so columns of several metrics, or of several systems,
    may be resampled in one go or one after another.
    """
    sentences, width = statistics.shape
    generator = np.random.default_rng(seed)
    sums = np.empty((resamples, width))
    rows = max(1, CHUNK // max(sentences, 1))
    for first in range(0, resamples, rows):
        here = min(rows, resamples - first)
        drawn = generator.integers(sentences, size=(here, sentences)) + sentences * np.arange(here)[:, None]
        times = np.bincount(drawn.ravel(), minlength=here * sentences).reshape(here, sentences)
        sums[first : first + here] = times.astype(np.float64) @ statistics
    return sums


def interval(value: float, samples: NDArray[np.float64]) -> tuple[float, float]:
    """The percentile interval that holds 95 % of the samples, and ``value`` itself.

    Without samples it is ``(value, value)``. Where resampling is biased (BLEU of a few sentences) or samples are few,
    the percentiles may miss the value; an interval that leaves out its own number would only be taken for a mistake.
    """
    if not samples.size:
        return value, value
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return min(float(low), value), max(float(high), value)


@dataclass(frozen=True)
class Paired:
    """``difference`` is a minus b in the metric's percent, with its interval; ``p`` is two-sided.

    ``count`` says over how many items, where that is known; it does not tell two results apart.
    """

    difference: float
    low: float
    high: float
    p: float
    count: int = field(default=0, compare=False)


def paired(
    a: Statistics,
    b: Statistics,
    from_statistics: Callable[[Statistics], NDArray[np.float64]],
    resamples: int = 1000,
    seed: int = 0,
) -> Paired:
    """Compares two systems on the same sentences, drawing the same ones for both (Koehn 2004, section 4).

    ``a`` and ``b`` are (sentence, width) of one metric; ``from_statistics`` is that metric's. The p value is the share
    of resamples whose difference strays from the mean difference by at least the one observed (the shift method,
    Riezler and Maxwell 2005), plus one in both counts, so that it is never zero.

    Raises:
        ValueError: the two do not have the same sentences and width, or there are none.
    """
    if a.shape != b.shape or not len(a):
        raise ValueError(f"a paired test needs the counts of the same sentences, found {a.shape} and {b.shape}")
    difference = float(from_statistics(a.sum(axis=0)) - from_statistics(b.sum(axis=0)))
    both = resample(np.hstack([a, b]), resamples, seed)
    samples = from_statistics(both[:, : a.shape[1]]) - from_statistics(both[:, a.shape[1] :])
    low, high = interval(difference, samples)
    # Rounding must not decide between two systems that are the same.
    strayed = np.abs(samples - samples.mean()) >= abs(difference) - 1e-9 if resamples else np.zeros(0)
    return Paired(difference, low, high, float(1 + strayed.sum()) / (1 + resamples))
