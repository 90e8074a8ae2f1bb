"""Means of numbers that each source gives, with bootstrap intervals over the sources."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heedful.evaluation.significance import interval, resample

RESAMPLES = 1000


@dataclass(frozen=True)
class Average:
    """A mean over ``count`` sources and the interval that holds 95 % of its bootstrap resamples."""

    mean: float
    low: float
    high: float
    count: int

    def record(self) -> dict[str, float | int]:
        """The average as JSON-ready values."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "count": self.count}


def averages(values: NDArray[np.float64], resamples: int = RESAMPLES, seed: int = 0) -> list[Average | None]:
    """The mean of each column of (source, column), over the sources that have a number there; None where none has.

    A source that has none says NaN. A resample draws sources, so the columns of one are resampled together (Efron 1979).
    """
    here = ~np.isnan(values)
    statistics = np.hstack([np.where(here, values, 0.0), here])
    sums = resample(statistics, resamples, seed)
    totals, counts = np.split(np.vstack([statistics.sum(axis=0), sums]), 2, axis=1)
    means = np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)
    found: list[Average | None] = []
    for column, count in zip(means.T, here.sum(axis=0).tolist(), strict=True):
        low, high = interval(float(column[0]), column[1:][~np.isnan(column[1:])]) if count else (0.0, 0.0)
        found.append(Average(float(column[0]), low, high, count) if count else None)
    return found


def average(values: NDArray[np.float64], resamples: int = RESAMPLES, seed: int = 0) -> Average | None:
    """The mean of (source,), see ``averages``."""
    return averages(values[:, None], resamples, seed)[0]
