"""The highest values against a stable sort, which keeps ties in the order of their columns."""

import pytest
import torch

from heedful.search.top import CHUNK, WIDE, top, top_one

WIDTHS = [1, 5, 33, 700, WIDE - 1, WIDE, WIDE + 1, WIDE + CHUNK - 1, 5000]


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("kind", ["distinct", "ties", "equal", "impossible"])
@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_the_highest_are_those_of_a_stable_sort(columns: int, kind: str, count: int) -> None:
    random = torch.Generator().manual_seed(columns)
    values = torch.randn(70, columns, generator=random)
    if kind == "ties":
        values = (values * 4).round()
    if kind == "equal":
        values = torch.zeros_like(values)
    if kind == "impossible":
        values[torch.rand(values.shape, generator=random) < 0.99] = -torch.inf
    values = torch.cat([torch.zeros(70, 3), values], dim=1)[:, 3:]  # search looks at a part of each row
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
