"""The highest values against a stable sort, which keeps ties in the order of their columns."""

import pytest
import torch
from torch import Tensor

from heedful.native import kernels
from heedful.search.top import CHUNK, WIDE, top, top_and_sum, top_one

WIDTHS = [1, 5, 33, 700, WIDE - 1, WIDE, WIDE + 1, WIDE + CHUNK - 1, 5000]


KINDS = pytest.mark.parametrize("kind", ["distinct", "ties", "equal", "impossible"])


def made(columns: int, kind: str) -> Tensor:
    """Seventy rows of values of this kind, after three zeros each: search looks at a part of each row."""
    random = torch.Generator().manual_seed(columns)
    values = torch.randn(70, columns, generator=random)
    if kind == "ties":
        values = (values * 4).round()
    if kind == "equal":
        values = torch.zeros_like(values)
    if kind == "impossible":
        values[torch.rand(values.shape, generator=random) < 0.99] = -torch.inf
    return torch.cat([torch.zeros(70, 3), values], dim=1)


@pytest.mark.parametrize("columns", WIDTHS)
@KINDS
@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_the_highest_are_those_of_a_stable_sort(columns: int, kind: str, count: int) -> None:
    values = made(columns, kind)[:, 3:]
    expected, places = values.sort(dim=1, descending=True, stable=True)
    highest, found = top(values, count)
    assert torch.equal(highest, expected[:, :count])
    possible = highest > -torch.inf
    assert torch.equal(found[possible], places[:, :count][possible])
    assert torch.equal(values.gather(1, found), highest)
    highest, found = top_one(values)
    assert torch.equal(highest, expected[:, :1])
    assert torch.equal(values.gather(1, found), highest)
    assert torch.equal(found[highest > -torch.inf], places[:, :1][highest > -torch.inf])


def test_a_few_rows_of_many_may_tie() -> None:
    values = torch.arange(5000.0).flip(0).repeat(64, 1)
    values[7, 3:90] = 4000.0
    values[9, -5:] = 9000.0
    highest, columns = top(values, 5)
    assert columns[6].tolist() == [0, 1, 2, 3, 4]
    assert columns[7].tolist() == [0, 1, 2, 90, 91]
    assert columns[9].tolist() == [4995, 4996, 4997, 4998, 4999]
    assert highest[9].tolist() == [9000.0] * 5
    assert top_one(values)[1][[6, 9]].flatten().tolist() == [0, 4995]


@pytest.mark.parametrize("columns", WIDTHS)
@KINDS
@pytest.mark.parametrize("count", [1, 2, 5, 40])
@pytest.mark.usefixtures("compiled")
def test_compiled_they_are_the_same(columns: int, kind: str, count: int) -> None:
    """Values, columns and normalisers, with fewer columns than asked for too; where nothing is possible, any column."""
    values = made(columns, kind)
    highest, places, sums = top_and_sum(values, 3, count)
    with kernels.switched(on=False):
        expected, columns_expected, sums_expected = top_and_sum(values, 3, count)
    assert torch.equal(highest, expected)
    possible = expected > -torch.inf
    assert torch.equal(places[possible], columns_expected[possible])
    assert bool(((places >= 3) & (places < values.shape[1])).all())
    torch.testing.assert_close(sums, sums_expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("on", [True, False])
def test_columns_are_counted_from_the_first(on: bool) -> None:
    """And the sum is of all of them."""
    with kernels.switched(on=on):
        highest, columns, sums = top_and_sum(torch.tensor([[9.0, 8.0, 1.0, 3.0, 2.0]]), 2, 2)
    assert highest.tolist() == [[3.0, 2.0]]
    assert columns.tolist() == [[3, 4]]
    assert float(sums) == pytest.approx(float(torch.tensor([9.0, 8.0, 1.0, 3.0, 2.0]).logsumexp(dim=0)))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.usefixtures("compiled")
def test_other_precisions_go_to_the_operators(dtype: torch.dtype) -> None:
    values = torch.randn(3, 50).to(dtype)
    highest, columns, sums = top_and_sum(values, 3, 4)
    assert highest.dtype == sums.dtype == dtype
    assert torch.equal(values.gather(1, columns), highest)
