"""Rank correlation against a loop over pairs, and what of two maps is compared."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.evaluation import agreement as room
from heedful.evaluation.agreement import agreement, kendall


def by_pairs(one: list[float], other: list[float]) -> float:
    """Kendall's tau-b, pair by pair."""
    same = reverse = tied_one = tied_other = 0
    for second in range(len(one)):
        for first in range(second):
            here, there = one[first] - one[second], other[first] - other[second]
            tied_one += here == 0
            tied_other += there == 0
            same += here * there > 0
            reverse += here * there < 0
    pairs = len(one) * (len(one) - 1) // 2
    below = math.sqrt((pairs - tied_one) * (pairs - tied_other))
    return (same - reverse) / below if below else math.nan


def rows_of(items: int) -> st.SearchStrategy[list[list[float]]]:
    """Rows of a few whole numbers, so that many are tied."""
    return st.lists(st.lists(st.integers(0, 3).map(float), min_size=items, max_size=items), min_size=2, max_size=8)


@given(st.integers(2, 7).flatmap(rows_of))
def test_kendall_is_a_count_of_pairs(rows: list[list[float]]) -> None:
    one, other = np.array(rows[:-1], dtype=np.float32), np.array(rows[1:], dtype=np.float64)
    expected = [by_pairs(here, there) for here, there in zip(one.tolist(), other.tolist(), strict=True)]
    np.testing.assert_allclose(kendall(one, other), expected, rtol=1e-12)


def test_kendall_of_long_rows_is_reckoned_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 9, 30))
    whole = kendall(one, other)
    monkeypatch.setattr(room, "PAIRS", 1000)
    np.testing.assert_array_equal(kendall(one, other), whole)
    np.testing.assert_array_equal(kendall(one, one), np.ones(9))
    np.testing.assert_array_equal(kendall(one, -one), -np.ones(9))


def test_kendall_of_nothing() -> None:
    assert np.isnan(kendall(np.ones((2, 1)), np.ones((2, 1)))).all()
    assert np.isnan(kendall(np.ones((1, 4)), np.arange(4.0)[None])).all()
    assert kendall(np.ones((0, 4)), np.ones((0, 4))).shape == (0,)


def test_agreement_is_a_mean_over_units_for_each_source() -> None:
    weights = [np.array([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]]), np.ones((3, 1)), np.ones((0, 2)), np.array([[0.5, 0.5]])]
    other = [np.array([[1.0, 3.0, 2.0], [1.0, 2.0, 3.0]]), np.ones((3, 1)), np.ones((0, 2)), np.array([[1.0, 2.0]])]
    found = agreement(weights, other)
    np.testing.assert_allclose(found.tau, [0.0, np.nan, np.nan, np.nan])  # (1 - 1) / 2; one item; no unit; a tie
    np.testing.assert_allclose(found.same_top, [0.5, np.nan, np.nan, 0.0])
    np.testing.assert_allclose(found.chance, [1 / 3, np.nan, np.nan, 1 / 2])
    assert found.units.tolist() == [2, 0, 0, 1]


def test_maps_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="source 0"):
        agreement([np.ones((2, 3))], [np.ones((3, 2))])
    with pytest.raises(ValueError, match="zip"):
        agreement([np.ones((2, 3))], [])
