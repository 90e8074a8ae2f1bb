"""Every reader: how source positions become vectors, several columns one sequence."""

import pytest
import torch
from torch import nn

from heedful.contracts import Source
from heedful.model.reader import READERS


def weights(reader: nn.Module) -> list[torch.Tensor]:
    """The vectors of every column's units."""
    return list(reader.parameters())


every_reader = pytest.mark.parametrize("name", READERS)


def columns() -> Source:
    """Two columns: rows of (3, 1), (0, 2), (2, 2) and (1, 0) units."""
    first = torch.tensor([[4, 5, 6], [0, 0, 0], [7, 8, 0], [9, 0, 0]])
    second = torch.tensor([[4, 0], [5, 6], [7, 8], [0, 0]])
    return Source((first, second), (first > 0, second > 0))


@every_reader
def test_one_column_is_read_as_it_stands(name: str) -> None:
    reader = READERS[name]([10], 3)
    ids = columns().columns[0]
    vectors, real = reader(Source((ids,), (ids > 0,)))
    assert torch.equal(real, ids > 0)
    assert torch.equal(vectors, weights(reader)[0][ids])


@every_reader
def test_columns_follow_one_another_and_padding_comes_last(name: str) -> None:
    """Row by row as one would read it: the real units of the first column, then of the second."""
    reader, source = READERS[name]([10, 9], 3), columns()
    vectors, real = reader(source)
    assert real.tolist() == [[True] * 4, [True, True, False, False], [True] * 4, [True, False, False, False]]
    for row in range(4):
        expected = [
            table[unit]
            for table, ids, is_real in zip(weights(reader), source.columns, source.real, strict=True)
            for unit in ids[row][is_real[row]]
        ]
        assert torch.equal(vectors[row][real[row]], torch.stack(expected))


@every_reader
def test_long_rows_keep_their_order(name: str) -> None:
    """Wide enough for a sort that is not stable to show."""
    torch.manual_seed(0)
    ids = [torch.randint(1, 10, (50, 90)) for _ in range(3)]
    real = [torch.arange(90) < torch.randint(0, 91, (50, 1)) for _ in range(3)]
    reader = READERS[name]([10] * 3, 3)
    vectors, packed = reader(Source(tuple(ids), tuple(real)))
    for row in range(50):
        parts = zip(weights(reader), ids, real, strict=True)
        expected = torch.cat([table[column[row][here[row]]] for table, column, here in parts])
        assert torch.equal(vectors[row][packed[row]], expected)


@every_reader
def test_more_padding_changes_nothing(name: str) -> None:
    reader, source = READERS[name]([10, 9], 3), columns()
    vectors, real = reader(source)
    wider = Source(
        tuple(torch.nn.functional.pad(ids, (0, 5)) for ids in source.columns),
        tuple(torch.nn.functional.pad(each, (0, 5)) for each in source.real),
    )
    more, same = reader(wider)
    assert torch.equal(same, real)
    assert torch.equal(more[real], vectors[real])


@every_reader
def test_vectors_begin_with_about_unit_norm(name: str) -> None:
    torch.manual_seed(0)
    norms = weights(READERS[name]([2000], 64))[0].detach().norm(dim=1)
    assert 0.9 < float(norms.mean()) < 1.1
