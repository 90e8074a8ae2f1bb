"""Which of several systems is better, when each was trained with several seeds: intervals over seeds and test items.

Two kinds of chance stand between a difference and its meaning. The test items are a sample: they are drawn again, the
same ones for every system (Koehn 2004, section 4). The seeds are a sample too, usually of two to five, and so few values
cannot be drawn again from themselves: three of them drawn with replacement spread a third too little. Their part is drawn
from Student's t instead, with the spread between the seeds that were run and Welch's degrees of freedom (Welch 1947): a
parametric bootstrap. What seeds and items do together counts in both parts, so that the intervals are on the wide side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heedful.evaluation.metrics import Statistics
from heedful.evaluation.significance import Paired, interval, resample

LEAST = 10
"""Fewer test items than this decide nothing: the bootstrap of a handful of them knows no more than the handful."""
FromStatistics = Callable[[Statistics], NDArray[np.float64]]


@dataclass(frozen=True)
class Mean:
    """A metric in percent, the mean over seeds, its 95 % interval over seeds and items, and each seed's value."""

    value: float
    low: float
    high: float
    each: tuple[float, ...]


System = Sequence[Statistics]
"""The counts of one system: (sentence, width) for each seed, all on the same sentences."""


def mean_of(seeds: System, from_statistics: FromStatistics, resamples: int = 1000, seed: int = 0) -> Mean:
    """The mean over the seeds of one system.

    Raises:
        ValueError: there are no seeds, or they do not have the same sentences.
    """
    found = contrast([seeds], [1.0], from_statistics, resamples, seed)
    each = from_statistics(np.stack(list(seeds)).sum(axis=1))
    return Mean(found.difference, found.low, found.high, tuple(map(float, each)))


def compared(a: System, b: System, from_statistics: FromStatistics, resamples: int = 1000, seed: int = 0) -> Paired:
    """The mean of system ``a`` minus that of ``b``, in the metric's percent, with its interval and a two-sided p.

    With one seed each this is ``significance.paired``: only the items are chance then. A system does not differ from itself.

    Raises:
        ValueError: a system has no seeds, or they do not have the same sentences.
    """
    check_alike([*a, *b])
    if _same(a, b):  # the same runs: no chance between them
        return Paired(0.0, 0.0, 0.0, 1.0, len(a[0]))
    return contrast([a, b], [1.0, -1.0], from_statistics, resamples, seed)


def contrast(
    systems: Sequence[System],
    weights: Sequence[float],
    from_statistics: FromStatistics,
    resamples: int = 1000,
    seed: int = 0,
) -> Paired:
    """A weighted sum of the systems' means, such as one minus another, or the mean of some differences.

    The p value is the share of samples that stray from their mean by at least what was observed (the shift method,
    Riezler and Maxwell 2005), plus one in both counts, so that it is never zero.

    Raises:
        ValueError: a system has no seeds, or they do not have the same sentences.
    """
    if not all(systems):
        raise ValueError("a comparison needs the counts of the same sentences for a seed of every system, found none")
    check_alike([each for system in systems for each in system])
    each, samples = _each([each for system in systems for each in system], from_statistics, resamples, seed)
    ends = np.cumsum([len(system) for system in systems])[:-1]
    values = np.split(each, ends)
    observed = float(sum(weight * part.mean() for weight, part in zip(weights, values, strict=True)))
    drawn = np.zeros(resamples)
    for weight, part in zip(weights, np.split(samples, ends), strict=True):
        drawn = drawn + weight * part.mean(axis=0)
    drawn = drawn + _noise(*_standard_error(values, weights), resamples, seed)
    low, high = interval(observed, drawn)
    # Rounding must not decide between two systems that are the same.
    strayed = np.abs(drawn - drawn.mean()) >= abs(observed) - 1e-9 if resamples else np.zeros(0)
    count = len(systems[0][0])
    p = 1.0 if count < LEAST else float(1 + strayed.sum()) / (1 + resamples)
    return Paired(observed, low, high, p, count)


def holm(values: Sequence[float], family: int | None = None) -> list[float]:
    """P values adjusted for their number (Holm 1979): below 0.05 all of them hold together with 95 % confidence.

    ``family`` is how many comparisons there might have been, where these were chosen among more by looking at the data.
    """
    order = np.argsort(values, kind="stable")
    most = max(len(values), family or 0)
    factors = np.arange(most, most - len(values), -1)
    stepped = np.maximum.accumulate(np.asarray(values, dtype=np.float64)[order] * factors)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.tolist()


def check_alike(seeds: Sequence[Statistics]) -> None:
    """Refuses counts of different sentences.

    Raises:
        ValueError: there are none, or their shapes differ.
    """
    if not seeds or not len(seeds[0]) or len({each.shape for each in seeds}) > 1:
        shapes = ", ".join(str(each.shape) for each in seeds) or "none"
        raise ValueError(f"a comparison needs the counts of the same sentences, found {shapes}")


def _each(
    seeds: Sequence[Statistics], from_statistics: FromStatistics, resamples: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every seed's value (seed,), and its values on the same resampled sentences (seed, resample)."""
    count, width = len(seeds), seeds[0].shape[1]
    each = from_statistics(np.stack(seeds).sum(axis=1))
    sums = resample(np.hstack(list(seeds)), resamples, seed).reshape(resamples, count, width)
    return each, from_statistics(sums).T


def _standard_error(systems: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> tuple[float, float]:
    """The standard error of a weighted sum of means that the seeds alone cause, and Welch's degrees of freedom."""
    several = [each for each in systems if len(each) > 1]
    if not several:
        return 0.0, 1.0
    # A system with one seed beside others with more: its seeds spread as theirs do, as far as anybody knows.
    pooled = float(np.mean([each.var(ddof=1) for each in several]))
    parts = [
        (weight**2 * (float(each.var(ddof=1)) if len(each) > 1 else pooled) / len(each), max(1, len(each) - 1))
        for each, weight in zip(systems, weights, strict=True)
    ]
    total = sum(part for part, _ in parts)
    if total <= 0:
        return 0.0, 1.0
    return float(np.sqrt(total)), total**2 / sum(part**2 / freedom for part, freedom in parts)


def _noise(spread: float, freedom: float, resamples: int, seed: int) -> NDArray[np.float64]:
    if spread == 0:
        return np.zeros(resamples)
    return spread * np.random.default_rng([seed, 1]).standard_t(freedom, resamples)


def _same(a: Sequence[Statistics], b: Sequence[Statistics]) -> bool:
    return len(a) == len(b) and all(np.array_equal(one, other) for one, other in zip(a, b, strict=True))
