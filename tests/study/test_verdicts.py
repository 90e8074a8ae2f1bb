"""Verdicts are computed from intervals."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.evaluation.significance import Paired
from heedful.study.verdicts import Kind, Measure, Side, all_of

numbers = st.floats(-100, 100)
kinds = st.sampled_from(get_args(Kind))
OF_KIND: dict[Kind, Measure] = {
    "holds": Measure("x", 5, 1, 9),
    "does not hold": Measure("x", -5, -9, -1),
    "not decided": Measure("x", 1, -3, 5),
}


@given(st.lists(numbers, min_size=3, max_size=3), numbers, st.sampled_from(get_args(Side)))
def test_a_verdict_is_where_the_whole_interval_lies(values: list[float], level: float, claimed: Side) -> None:
    low, value, high = sorted(values)
    level = abs(level) if claimed == "within" else level
    inside = {
        "above": (low > level, high < level),
        "below": (high < level, low > level),
        "within": (-level <= low and high <= level, low > level or high < -level),
    }
    holds, fails = inside[claimed]
    expected = "holds" if holds else "does not hold" if fails else "not decided"
    assert Measure("x", value, low, high, claimed, level).kind == expected


@given(st.lists(numbers, min_size=2, max_size=2), numbers)
def test_above_and_below_are_opposites(ends: list[float], level: float) -> None:
    low, high = sorted(ends)
    above, below = (Measure("x", low, low, high, claimed, level).kind for claimed in ("above", "below"))
    assert (above == "holds") == (below == "does not hold")
    assert (above == "not decided") == (below == "not decided")


def test_an_interval_that_only_touches_the_level_decides_nothing() -> None:
    assert Measure("x", 1, 0, 2).kind == Measure("x", -1, -2, 0).kind == "not decided"
    assert Measure("x", 0, 0, 0).kind == "not decided"
    assert Measure("x", 0, 0, 0, "within", 0).kind == "holds"


@given(st.lists(kinds))
def test_a_claim_holds_if_all_of_it_does(given_: list[Kind]) -> None:
    found = all_of([OF_KIND[kind] for kind in given_])
    assert all(OF_KIND[kind].kind == kind for kind in given_)
    assert (found == "holds") == (bool(given_) and set(given_) == {"holds"})
    assert (found == "does not hold") == ("does not hold" in given_)


def test_a_measure_of_a_contrast_has_its_numbers() -> None:
    for claimed, digits in product(get_args(Side), (0, 2)):
        found = Measure.of("gap", Paired(1.5, 1.0, 2.0, 0.01), claimed, 3.0, digits)
        assert (found.value, found.low, found.high, found.claimed, found.level) == (1.5, 1.0, 2.0, claimed, 3.0)
        assert found.record()["verdict"] == found.kind


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_record_says_its_kind(kind: Kind) -> None:
    assert OF_KIND[kind].record()["verdict"] == kind
