"""The bootstrap: what intervals and p values must do."""

import numpy as np
import pytest
from numpy.typing import NDArray

from heedful.evaluation import significance
from heedful.evaluation.metrics import METRICS, Statistics
from heedful.evaluation.settings import EvaluationSettings
from heedful.evaluation.significance import interval, paired, resample

ACCURACY = METRICS["accuracy"](EvaluationSettings(), str.split)


def coin(sentences: int, right: float, seed: int = 0) -> Statistics:
    """Counts of accuracy: each sentence right with this probability."""
    hits = np.random.default_rng(seed).random(sentences) < right
    return np.stack([hits, np.ones(sentences)], axis=1).astype(np.float64)


def samples(statistics: Statistics, resamples: int = 1000, seed: int = 0) -> NDArray[np.float64]:
    return ACCURACY.from_statistics(resample(statistics, resamples, seed))


def test_a_resample_has_as_many_sentences() -> None:
    sums = resample(coin(37, 0.5), 200, 0)
    assert sums.shape == (200, 2)
    assert (sums[:, 1] == 37).all()
    assert len(np.unique(sums[:, 0])) > 5


def test_a_resample_is_a_sum_of_drawn_rows() -> None:
    # Powers of eight show how often each of five sentences was drawn.
    digits = resample(np.array([[8.0**place] for place in range(5)]), 500, 0)[:, 0].astype(int)
    times = np.stack([digits // 8**place % 8 for place in range(5)])
    assert (times.sum(axis=0) == 5).all()
    assert times.mean(axis=1) == pytest.approx(np.ones(5), abs=0.15)


def test_the_seed_decides() -> None:
    statistics = coin(100, 0.5)
    np.testing.assert_array_equal(resample(statistics, 50, 3), resample(statistics, 50, 3))
    assert not np.array_equal(resample(statistics, 50, 3), resample(statistics, 50, 4))


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    statistics = coin(100, 0.5)
    whole = resample(statistics, 50, 3)
    monkeypatch.setattr(significance, "CHUNK", 700)
    np.testing.assert_array_equal(resample(statistics, 50, 3), whole)
    monkeypatch.setattr(significance, "CHUNK", 1)
    np.testing.assert_array_equal(resample(statistics, 50, 3), whole)


def test_columns_together_are_columns_apart() -> None:
    a, b = coin(80, 0.5, seed=1), coin(80, 0.7, seed=2)
    both = resample(np.hstack([a, b]), 50, 0)
    np.testing.assert_array_equal(both, np.hstack([resample(a, 50, 0), resample(b, 50, 0)]))


def test_the_interval_is_as_wide_as_the_binomial_says() -> None:
    statistics = coin(1000, 0.8)
    value = float(statistics[:, 0].mean()) * 100
    low, high = interval(value, samples(statistics, 4000))
    half = 1.96 * np.sqrt(value * (100 - value) / 1000)
    assert (value - low, high - value) == pytest.approx((half, half), rel=0.1)


def test_the_interval_shrinks_with_more_sentences() -> None:
    widths = [np.subtract(*interval(50.0, samples(coin(n, 0.5)))[::-1]) for n in (50, 500, 5000)]
    assert widths[0] > 2 * widths[1] > 4 * widths[2] > 0


def test_the_interval_holds_the_true_value_about_95_times_in_100() -> None:
    held = 0
    for seed in range(300):
        statistics = coin(200, 0.7, seed)
        low, high = interval(float(statistics[:, 0].mean()) * 100, samples(statistics, 300, seed))
        held += low <= 70 <= high
    assert 0.91 <= held / 300 <= 0.98


def test_all_right_has_nothing_to_vary() -> None:
    assert interval(100.0, samples(coin(50, 1.1))) == (100, 100)


def test_the_interval_contains_its_value_always() -> None:
    assert interval(7.0, np.array([8.0, 9.0])) == (7.0, pytest.approx(8.975))
    assert interval(7.0, np.zeros(0)) == (7.0, 7.0)


def test_a_clearly_better_system_is_told_apart() -> None:
    a, b = coin(1000, 0.9, seed=1), coin(1000, 0.7, seed=2)
    found = paired(a, b, ACCURACY.from_statistics)
    assert found.difference == pytest.approx(100 * (a[:, 0].mean() - b[:, 0].mean()))
    assert 0 < found.low < found.difference < found.high
    assert found.p == pytest.approx(1 / 1001)
    back = paired(b, a, ACCURACY.from_statistics)
    assert (back.difference, back.low, back.high, back.p) == pytest.approx(
        (-found.difference, -found.high, -found.low, found.p)
    )


def test_a_system_is_no_better_than_itself() -> None:
    a = coin(100, 0.5)
    found = paired(a, a, ACCURACY.from_statistics)
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_p_values_of_equal_systems_are_spread_evenly() -> None:
    small = [
        paired(coin(200, 0.6, 2 * k), coin(200, 0.6, 2 * k + 1), ACCURACY.from_statistics, 200).p for k in range(300)
    ]
    assert np.mean(np.array(small) <= 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.mean(np.array(small) <= 0.5) == pytest.approx(0.5, abs=0.1)


def test_pairing_sees_what_separate_intervals_do_not() -> None:
    b = coin(1000, 0.5)
    a = b.copy()
    a[np.flatnonzero(b[:, 0] == 0)[:10], 0] = 1  # the same sentences and ten more
    assert paired(a, b, ACCURACY.from_statistics).p < 0.02


@pytest.mark.parametrize("other", [coin(4, 0.5), coin(0, 0.5)])
def test_systems_on_other_sentences_are_not_compared(other: Statistics) -> None:
    with pytest.raises(ValueError, match="the counts of the same sentences"):
        paired(coin(0 if not len(other) else 5, 0.5), other, ACCURACY.from_statistics)
