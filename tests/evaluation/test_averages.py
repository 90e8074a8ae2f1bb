"""Means over sources with their intervals."""

import numpy as np
import pytest

from heedful.evaluation.averages import average, averages
from heedful.evaluation.significance import CONFIDENCE


def test_a_mean_is_over_the_sources_that_have_a_number() -> None:
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    first, second, third = averages(values)
    assert first is not None
    assert second is not None
    assert third is None
    assert (first.mean, first.count) == (2.0, 2)
    assert 1 <= first.low <= 2 <= first.high <= 3
    assert (second.mean, second.low, second.high, second.count) == (5.0, 5.0, 5.0, 1)
    assert first.record() == {"mean": 2.0, "low": first.low, "high": first.high, "count": 2}
    assert average(np.array([])) is None


def test_the_interval_is_about_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(1).normal(size=400)
    found = average(values, resamples=4000)
    assert found is not None
    half = 1.96 * values.std() / 20
    assert CONFIDENCE == 0.95
    assert found.low == pytest.approx(values.mean() - half, abs=0.01)
    assert found.high == pytest.approx(values.mean() + half, abs=0.01)


def test_a_column_is_what_it_is_alone() -> None:
    values = np.random.default_rng(2).normal(size=(20, 3))
    for column, each in enumerate(averages(values, seed=5)):
        assert average(values[:, column], seed=5) == each
