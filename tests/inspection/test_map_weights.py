"""The weights of a map in the file of its page: exact, or rounded in a way that keeps rows, and words about them, right."""

import base64
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from heedful.inspection.map_weights import MOST_EXACT, as_read, decimals_for, packed, rounded

FLAT, SHARP = 30.0, 0.05


def unpacked(found: dict[str, Any]) -> NDArray[np.float32]:
    """The weights as the page's script reads them."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(found["weights"])), dtype=np.uint8).reshape(4, -1)
    numbers = np.ascontiguousarray(planes.T)
    if "decimals" not in found:
        return numbers.view("<f4").ravel()
    return (numbers.view("<i4").ravel() / 10 ** found["decimals"]).astype(np.float32)


def attention(targets: int, sources: int, even: float) -> NDArray[np.float32]:
    """Rows that add up to one: the greater ``even`` is, the more even they are."""
    return np.random.default_rng(0).dirichlet(np.full(sources, even), targets).astype(np.float32)


def thousandths(weights: NDArray[np.float32]) -> list[float]:
    """What three decimals say, halves up; exact, since these are floats of 24 bits."""
    return np.floor(weights.astype(np.float64) * 1000 + 0.5).ravel().tolist()


def test_weights_come_back_as_they_went() -> None:
    weights = attention(60, 60, 1)
    found = packed(weights)
    assert [*found] == ["weights"]
    assert np.array_equal(unpacked(found), weights.ravel())


@pytest.mark.parametrize("even", [SHARP, 1, FLAT])
@pytest.mark.parametrize(("targets", "sources"), [(500, 600), (2, 200_000), (3000, 90)])
def test_a_row_of_a_large_map_adds_up_to_what_it_did(targets: int, sources: int, even: float) -> None:
    weights = attention(targets, sources, even)
    found = packed(weights)
    read = unpacked(found).reshape(targets, sources)
    last = 10.0 ** -found["decimals"]
    np.testing.assert_allclose(read.sum(axis=1, dtype=np.float64), weights.sum(axis=1, dtype=np.float64), atol=5e-5)
    assert np.abs(read - weights).max() <= 1.01 * last
    assert last <= 1 / (50 * sources)


def test_even_rows_do_not_drift() -> None:
    """Every weight of 1/2000 is cut the same way if each is rounded by itself."""
    for sources in (2000, 3000, 7000):
        even = np.full((150, sources), 1 / sources, dtype=np.float32)
        sums = unpacked(packed(even)).reshape(150, sources).sum(axis=1, dtype=np.float64)
        np.testing.assert_allclose(sums, 1, atol=2e-5)


@given(arrays.arrays(np.float32, (3, 7), elements=st.floats(0, 1, width=32)))
def test_three_decimals_stay_and_nothing_stays_nothing(weights: NDArray[np.float32]) -> None:
    read = as_read(rounded(weights, 5), 5)
    assert thousandths(read) == thousandths(weights)
    assert not read[weights == 0].any()
    assert np.abs(read - weights).max() <= 2.01e-5


def test_what_is_counted_from_weights_is_there_as_it_was() -> None:
    weights = attention(500, 600, 0.02)  # most of them are far less than the last decimal
    found = packed(weights)
    exact = weights.astype(np.float64)
    np.testing.assert_allclose(found["totals"], exact.sum(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found["sums"], exact.sum(axis=1), rtol=1e-6)
    assert found["peaks"] == weights.argmax(axis=1).tolist()
    entropies = [-sum(share * np.log(share) for share in row[row > 0] / row.sum()) for row in exact]
    np.testing.assert_allclose(found["breadths"], np.exp(entropies), rtol=1e-5)
    assert all(len(found[name]) < MOST_EXACT for name in ("totals", "sums", "breadths", "peaks"))


def test_rows_of_nothing_are_no_trouble() -> None:
    found = packed(np.zeros((600, 600), dtype=np.float32))
    assert not unpacked(found).any()
    assert set(found["breadths"]) == {1.0}


@pytest.mark.parametrize(("sources", "decimals"), [(0, 5), (10, 5), (2000, 5), (2001, 6), (60_000, 7)])
def test_more_units_need_more_decimals(sources: int, decimals: int) -> None:
    assert decimals_for(sources) == decimals
