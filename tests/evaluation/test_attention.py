"""What attention is like: entropy, weight on right positions, and the alignment error rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from heedful.evaluation.attention import (
    Counted,
    Gold,
    alignment_error_rate,
    count_links,
    entropy,
    on_gold,
)

Map = NDArray[np.float32]
NONE = Gold(frozenset(), frozenset())


def random_map(chance: np.random.Generator, units: int, positions: int) -> Map:
    """Rows that sum to one."""
    return chance.dirichlet(np.ones(positions), size=units).astype(np.float32)


@st.composite
def maps_with_gold(draw: st.DrawFn) -> tuple[Map, Gold]:
    """A map with right links, some of them outside of it."""
    units, positions = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    weights = random_map(np.random.default_rng(draw(st.integers(0, 2**32))), units, positions)
    link = st.tuples(st.integers(0, positions), st.integers(0, units))
    sure, maybe = draw(st.frozensets(link, max_size=8)), draw(st.frozensets(link, max_size=8))
    return weights, Gold(sure, sure | maybe)


@pytest.mark.parametrize("count", [1, 2, 3, 17, 1000])
def test_evenly_spread_is_the_logarithm_and_one_alone_is_zero(count: int) -> None:
    even = np.full((2, count), 1 / count)
    np.testing.assert_allclose(entropy(even), np.log(count), rtol=1e-12)
    np.testing.assert_array_equal(entropy(np.eye(count)), np.zeros(count))


def test_entropy_lies_between_and_padding_adds_nothing() -> None:
    weights = random_map(np.random.default_rng(0), 50, 7)
    found = entropy(weights)
    assert ((found > 0) & (found < np.log(7))).all()
    np.testing.assert_allclose(entropy(np.pad(weights, ((0, 0), (2, 3)))), found, rtol=1e-12)
    assert entropy(np.zeros((0, 4))).shape == (0,)
    assert entropy(np.array([[0.5, 0.25, 0.25]])) == pytest.approx(1.5 * np.log(2))


@given(maps_with_gold())
def test_weight_and_hits_are_a_loop_over_units(given_: tuple[Map, Gold]) -> None:
    weights, gold = given_
    units, weight, hits = 0, 0.0, 0
    for unit, row in enumerate(weights):
        right = {source for source, target in gold.possible if target == unit and source < len(row)}
        units += bool(right)
        weight += sum(float(row[source]) for source in right)
        hits += int(row.argmax()) in right
    found = on_gold(weights, gold)
    assert (found.units, found.hits) == (units, hits)
    assert found.weight == pytest.approx(weight, abs=1e-5)
    assert 0 <= found.weight <= found.units + 1e-5


def test_perfect_attention_is_perfect() -> None:
    gold = Gold.of_spans([(2, 3), None, (0, 1), (1, 2)])
    weights = np.eye(3, dtype=np.float32)[[2, 1, 0, 1]]
    found = on_gold(weights, gold)
    assert (found.units, found.weight, found.hits) == (3, 3.0, 3)
    missed = on_gold(weights[::-1], Gold.of_spans([(2, 3)]))
    assert (missed.units, missed.weight, missed.hits) == (1, 0.0, 0)


def test_all_of_a_span_is_possible_and_one_position_alone_is_sure() -> None:
    gold = Gold.of_spans([(1, 4), None, (5, 6)])
    assert gold.sure == {(5, 2)}
    assert gold.possible == {(1, 0), (2, 0), (3, 0), (5, 2)}
    assert Gold.of_spans([]) == NONE


def test_the_error_rate_by_hand() -> None:
    """A = {0-0, 1-1, 2-2, 0-3}, S = {0-0, 2-1}, P = S + {1-1}: 1 - (1 + 2) / (4 + 2)."""
    weights = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    gold = Gold(frozenset({(0, 0), (2, 1)}), frozenset({(0, 0), (2, 1), (1, 1)}))
    counted = count_links(weights, gold)
    assert counted == Counted(links=4, sure=2, on_sure=1, on_possible=2)
    assert alignment_error_rate([counted]) == pytest.approx(50)


@given(st.lists(maps_with_gold(), min_size=1, max_size=5))
def test_the_error_rate_is_that_of_och_and_ney(given_: list[tuple[Map, Gold]]) -> None:
    """AER(S, P; A) = 1 - (|A and S| + |A and P|) / (|A| + |S|), the links of a corpus counted as one set."""
    made, sure, possible = set(), set(), set()
    for number, (weights, gold) in enumerate(given_):
        made |= {(number, int(row.argmax()), unit) for unit, row in enumerate(weights)}
        sure |= {(number, *link) for link in gold.sure}
        possible |= {(number, *link) for link in gold.possible}
    expected = 1 - (len(made & sure) + len(made & possible)) / (len(made) + len(sure))
    found = alignment_error_rate([count_links(weights, gold) for weights, gold in given_])
    assert found == pytest.approx(100 * expected)
    assert -1e-9 <= found <= 100


def test_nothing_written_links_nothing() -> None:
    weights = np.zeros((0, 3), dtype=np.float32)
    gold = Gold(frozenset({(0, 0)}), frozenset({(0, 0)}))
    assert on_gold(weights, gold).units == 0
    assert count_links(weights, gold) == Counted(0, 1, 0, 0)
    assert alignment_error_rate([count_links(weights, gold)]) == 100
    assert alignment_error_rate([]) == alignment_error_rate([count_links(weights, NONE)]) == 0
