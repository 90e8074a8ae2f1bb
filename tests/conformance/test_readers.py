"""Every reader: how units and frames become vectors at positions, and several columns one sequence."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from heedful.contracts import Frames, Source
from heedful.model.positions import Reader
from heedful.model.reader import READERS, Columns
from heedful.model.settings import ModelSettings

SIZE, UNITS = 6, 10
VECTORS, PICTURE, CELLS = Frames(1, 5), Frames(12, 2), Frames(1, 5, grid=True)
LENGTHS = [17, 8, 1, 12]
KINDS: list[tuple[str, Frames | int, dict[str, Any]]] = [
    ("embedding", UNITS, {}),
    ("projection", VECTORS, {}),
    ("projection", VECTORS, {"subsampling": 3}),
    ("projection", PICTURE, {"subsampling": 4}),
    ("projection", CELLS, {}),
    ("convolution", PICTURE, {"reader_channels": (4, 5, 6)}),
    ("convolution", PICTURE, {"reader_channels": (4,), "subsampling": 1}),
    ("convolution", PICTURE, {"reader_channels": (4, 5, 6, 7), "subsampling": 8}),
    ("grid", PICTURE, {"reader_channels": (8, 8), "subsampling": 4}),
    ("grid", PICTURE, {"reader_channels": (8, 8, 8), "subsampling": 2}),
]
every_kind = pytest.mark.parametrize(
    ("name", "column", "given"), KINDS, ids=[f"{name}-{column}-{given}" for name, column, given in KINDS]
)


def settings(**given: Any) -> ModelSettings:
    """A network's settings of which only the readers are made."""
    return ModelSettings(embedding_size=SIZE, hidden_size=8, **given)


def made(name: str, column: Frames | int, **given: Any) -> Reader:
    """A reader in double precision."""
    torch.manual_seed(0)
    return READERS[name].of(column, SIZE, settings(**given)).double()


def batch(column: Frames | int, lengths: list[int], padding: int = 0) -> tuple[Tensor, Tensor, Tensor | None]:
    """Sources of these lengths, rubbish on their padding; a grid's columns are as many as its frames in two rows."""
    torch.manual_seed(1)
    width = max(lengths) + padding
    if isinstance(column, Frames) and column.grid:
        lengths, width = [2 * length for length in lengths], 2 * width
    real = torch.arange(width) < torch.tensor(lengths)[:, None]
    torch.manual_seed(2)
    if not isinstance(column, Frames):
        ids = torch.randint(1, UNITS, (len(lengths), max(lengths)))
        return torch.nn.functional.pad(ids, (0, width - ids.shape[1]), value=3), real, None
    values = torch.randn(len(lengths), max(lengths), column.features, dtype=torch.float64)
    values = torch.nn.functional.pad(values, (0, 0, 0, width - values.shape[1]), value=7.0)
    values[~real] = -30.0
    shape = torch.tensor([[2, length // 2] for length in lengths]) if column.grid else None
    return values, real, shape


def test_every_reader_is_tried() -> None:
    assert {name for name, _, _ in KINDS} == set(READERS)


@every_kind
@torch.no_grad()
def test_neither_padding_nor_company_changes_anything(name: str, column: Frames | int, given: dict[str, Any]) -> None:
    reader = made(name, column, **given)
    vectors, real = reader(*batch(column, LENGTHS))
    more, same = reader(*batch(column, LENGTHS, padding=9))
    assert torch.equal(same[:, : real.shape[1]], real)
    assert not bool(same[:, real.shape[1] :].any())
    torch.testing.assert_close(more[same], vectors[real], rtol=0, atol=1e-12)
    values, inside, shape = batch(column, LENGTHS)
    for row in range(len(LENGTHS)):
        length = int(inside[row].sum())
        alone, mine = reader(
            values[row : row + 1, :length], inside[row : row + 1, :length],
            None if shape is None else shape[row : row + 1],
        )  # fmt: skip
        assert bool(mine.all())
        torch.testing.assert_close(alone[0], vectors[row][real[row]], rtol=0, atol=1e-12)


@every_kind
@torch.no_grad()
def test_real_positions_come_first_and_each_has_its_span(
    name: str, column: Frames | int, given: dict[str, Any]
) -> None:
    """Spans are boxes within the source, one a position, that together cover all of it."""
    reader = made(name, column, **given)
    _, real = reader(*batch(column, LENGTHS))
    assert bool((real.int().diff(dim=1) <= 0).all())
    grid = isinstance(column, Frames) and column.grid
    for row, length in enumerate(LENGTHS):
        spans = reader.spans(2 * length if grid else length, (2, length) if grid else None)
        assert spans.shape == (int(real[row].sum()), 4)
        left, top, right, bottom = spans.T
        assert bool((left < right).all() and (top < bottom).all() and (spans >= 0).all() and (spans <= 1 + 1e-6).all())
        area = ((right - left) * (bottom - top)).sum()
        assert area == pytest.approx(1, abs=1e-5)


@every_kind
def test_everything_real_is_read(name: str, column: Frames | int, given: dict[str, Any]) -> None:
    """Each position's vector depends on the frames of its span, and its gradient reaches all parameters."""
    if not isinstance(column, Frames):
        return
    reader = made(name, column, **given)
    values, real, shape = batch(column, [16, 7])
    values.requires_grad_()
    vectors, positions = reader(values, real, shape)
    towards = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(3), dtype=vectors.dtype)
    (vectors * towards * positions[..., None]).sum().backward()
    assert values.grad is not None
    assert not bool(values.grad[~real].any())
    assert bool((values.grad[real].abs().sum(dim=1) > 0).all())
    assert all(each.grad is not None and bool(each.grad.any()) for each in reader.parameters())
    count = 16 * (2 if column.grid else 1)
    spans = reader.spans(count, (2, 16) if column.grid else None)
    for position in range(0, len(spans), 3):
        (near,) = torch.autograd.grad(
            (reader(values, real, shape)[0][0, position] * towards[0, position]).sum(), values
        )
        reached = near[0].abs().sum(dim=1) > 0
        wide = reached.view(2, 16).any(dim=0) if column.grid else reached
        places = np.flatnonzero(wide.numpy())
        first, last = spans[position, 0] * 16, spans[position, 2] * 16
        assert places.min() <= first
        assert places.max() + 1 >= last


@every_kind
def test_gradients_agree_with_finite_differences(name: str, column: Frames | int, given: dict[str, Any]) -> None:
    if not isinstance(column, Frames):
        return
    reader = made(name, column, **given)
    values, real, shape = batch(column, [9, 4])
    values = values.masked_fill(~real[..., None], 0.0).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda given: reader(given, real, shape)[0], [values], atol=1e-5, rtol=1e-4, fast_mode=True
    )


def test_units_are_looked_up() -> None:
    reader = made("embedding", UNITS)
    ids, real, _ = batch(UNITS, LENGTHS)
    (table,) = reader.parameters()
    vectors, same = reader(ids, real)
    assert torch.equal(same, real)
    assert torch.equal(vectors, table[ids])


def test_vectors_of_units_begin_with_about_unit_norm() -> None:
    torch.manual_seed(0)
    (table,) = READERS["embedding"].of(2000, 64, settings()).parameters()
    assert 0.9 < float(table.detach().norm(dim=1).mean()) < 1.1


def test_joined_frames_are_one_product() -> None:
    """W [x1; x2; x3] + b of three neighbours, normalised, by hand."""
    reader = made("projection", VECTORS, subsampling=3)
    values, real, _ = batch(VECTORS, [7])
    vectors, _ = reader(values, real)
    weight, bias = reader.get_parameter("linear.weight"), reader.get_parameter("linear.bias")
    padded = torch.cat([values[0], torch.zeros(2, 5, dtype=torch.float64)])
    for position in range(3):
        wanted = torch.nn.functional.layer_norm(
            weight @ padded[3 * position : 3 * position + 3].flatten() + bias, [SIZE]
        )
        torch.testing.assert_close(vectors[0, position], wanted, rtol=0, atol=1e-12)


def test_a_grid_tells_the_same_frame_apart_by_its_place() -> None:
    for name, column in (("projection", CELLS), ("grid", PICTURE)):
        reader = made(name, column, **({"reader_channels": (4, 5), "subsampling": 4} if name == "grid" else {}))
        shape = torch.tensor([[2, 12]]) if column.grid else None
        values = torch.ones(1, 24, column.features, dtype=torch.float64)
        vectors, real = reader(values, torch.ones(1, 24, dtype=torch.bool), shape)
        inner = vectors[0][real[0]]
        distance = torch.cdist(inner, inner) + torch.eye(len(inner))
        assert float(distance.detach().min()) > 1e-3


@pytest.mark.parametrize(
    ("name", "column", "said"),
    [
        ("embedding", VECTORS, "has frames; use reader = 'projection'"),
        ("projection", UNITS, "has units; leave it out"),
        ("convolution", VECTORS, "no height; use reader = 'projection'"),
        ("grid", CELLS, "no height; use reader = 'projection'"),
    ],
)
def test_what_a_reader_cannot_read_it_refuses(name: str, column: Frames | int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made(name, column)


def columns(units: int) -> Source:
    """Two columns of units: rows of (3, 1), (0, 2), (2, 2) and (1, 0)."""
    del units
    first = torch.tensor([[4, 5, 6], [0, 0, 0], [7, 8, 0], [9, 0, 0]])
    second = torch.tensor([[4, 0], [5, 6], [7, 8], [0, 0]])
    return Source((first, second), (first > 0, second > 0))


def test_columns_follow_one_another_and_padding_comes_last() -> None:
    """Row by row as one would read it: the real units of the first column, then of the second."""
    reader, source = Columns([10, 9], settings()), columns(10)
    vectors, real = reader(source)
    assert real.tolist() == [[True] * 4, [True, True, False, False], [True] * 4, [True, False, False, False]]
    for row in range(4):
        expected = [
            table[unit]
            for table, ids, is_real in zip(reader.parameters(), source.columns, source.real, strict=True)
            for unit in ids[row][is_real[row]]
        ]
        assert torch.equal(vectors[row][real[row]], torch.stack(expected))


def test_long_rows_keep_their_order() -> None:
    """Wide enough for a sort that is not stable to show."""
    torch.manual_seed(0)
    ids = [torch.randint(1, 10, (50, 90)) for _ in range(3)]
    real = [torch.arange(90) < torch.randint(0, 91, (50, 1)) for _ in range(3)]
    reader = Columns([10] * 3, settings())
    vectors, packed = reader(Source(tuple(ids), tuple(real)))
    for row in range(50):
        parts = zip(reader.parameters(), ids, real, strict=True)
        expected = torch.cat([table[column[row][here[row]]] for table, column, here in parts])
        assert torch.equal(vectors[row][packed[row]], expected)


@pytest.mark.parametrize("order", list(product([0, 1], repeat=2)))
@torch.no_grad()
def test_a_picture_and_text_stand_side_by_side(order: tuple[int, int]) -> None:
    """Either column first: the vectors of each are those of its reader alone, one column after the other."""
    if order[0] == order[1]:
        return
    kinds: list[Frames | int] = [PICTURE, UNITS]
    reader = Columns([kinds[place] for place in order], settings(reader_channels=(4, 5), subsampling=2)).double()
    chosen = [kinds[place] for place in order]
    parts = [batch(column, [9, 4, 1]) for column in chosen]
    vectors, real = reader(Source(tuple(values for values, _, _ in parts), tuple(inside for _, inside, _ in parts)))
    each = [one(values, inside) for one, (values, inside, _) in zip(reader.each(), parts, strict=True)]
    for row in range(3):
        expected = torch.cat([seen[row][inside[row]] for seen, inside in each])
        torch.testing.assert_close(vectors[row][real[row]], expected, rtol=0, atol=1e-12)


def test_the_settings_name_a_reader_for_frames_and_units_have_theirs() -> None:
    made = Columns([UNITS, VECTORS, PICTURE, CELLS], settings()).each()
    assert [type(each) for each in made] == [
        READERS[name] for name in ("embedding", "projection", "convolution", "projection")
    ]
