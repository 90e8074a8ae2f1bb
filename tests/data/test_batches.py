import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heedful.data import batches
from heedful.data.batches import Encoded, Ragged, UnknownReport
from heedful.data.corpus import corpus_of
from heedful.data.settings import DataSettings
from heedful.data.units import build
from heedful.data.vocabulary import Vocabulary
from heedful.reserved import END, PAD, RESERVED, START

sequences = st.lists(st.lists(st.integers(RESERVED, 50), max_size=9), min_size=1, max_size=30)
lengths = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=120)


@given(sequences, st.data())
def test_pad_equals_the_obvious_loop(found: list[list[int]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(found) - 1)))
    ragged = Ragged.of(found)
    assert ragged.lengths.tolist() == [len(sequence) for sequence in found]
    ids, real = ragged.pad(np.array(rows, dtype=np.int64))
    longest = max((len(found[row]) for row in rows), default=0)
    assert ids.shape == real.shape == (len(rows), longest)
    assert (ids.dtype, real.dtype) == (torch.int64, torch.bool)
    assert ids.tolist() == [found[row] + [PAD] * (longest - len(found[row])) for row in rows]
    assert real.tolist() == [[place < len(found[row]) for place in range(longest)] for row in rows]


@given(sequences, st.data())
def test_a_batch_says_the_target_twice(found: list[list[int]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(found) - 1), min_size=1))
    ragged, nothing = Ragged.of(found), UnknownReport(0, 0, ())
    encoded = Encoded((ragged, ragged), ragged, (nothing, nothing), nothing)
    batch = batches.make(encoded, np.array(rows, dtype=np.int64))
    assert batch.previous.shape == batch.following.shape == batch.real.shape
    assert batch.previous.shape[1] == 1 + max(len(found[row]) for row in rows)
    for place, row in enumerate(rows):
        assert batch.previous[place][batch.real[place]].tolist() == [START, *found[row]]
        assert batch.following[place][batch.real[place]].tolist() == [*found[row], END]
        assert batch.real[place].sum() == len(found[row]) + 1
        for ids, real in zip(batch.source.columns, batch.source.real, strict=True):
            assert ids[place][real[place]].tolist() == found[row]
    assert (batch.previous[~batch.real] == PAD).all()
    assert (batch.following[~batch.real] == PAD).all()


def planned(
    pairs: list[tuple[int, int]], units_per_batch: int, max_rows: int | None, seed: int, epoch: int
) -> list[list[int]]:
    source, target = np.array(pairs, dtype=np.int64).T
    plan = batches.plan(source, target, units_per_batch=units_per_batch, max_rows=max_rows, seed=seed, epoch=epoch)
    return [rows.tolist() for rows in plan]


@given(
    lengths, st.integers(1, 500), st.one_of(st.none(), st.integers(1, 20)), st.integers(0, 2**32), st.integers(0, 99)
)
def test_a_plan_has_every_row_once_within_its_budget(
    pairs: list[tuple[int, int]], units_per_batch: int, max_rows: int | None, seed: int, epoch: int
) -> None:
    plan = planned(pairs, units_per_batch, max_rows, seed, epoch)
    assert sorted(row for rows in plan for row in rows) == list(range(len(pairs)))
    for rows in plan:
        cost = len(rows) * (max(pairs[row][0] for row in rows) + max(pairs[row][1] for row in rows) + 1)
        assert len(rows) == 1 or cost <= units_per_batch
        assert len(rows) <= (max_rows or len(pairs))
    assert plan == planned(pairs, units_per_batch, max_rows, seed, epoch)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=120), st.integers(100, 2000))
def test_a_plan_fills_its_batches(source: list[int], units_per_batch: int) -> None:
    # With targets of one length, no two batches fit into one; only the batch that is cut short fits with others.
    plan = planned([(length, 5) for length in source], units_per_batch, None, 1, 0)
    fit_together = [
        {a, b}
        for a, b in itertools.combinations(range(len(plan)), 2)
        if (len(plan[a]) + len(plan[b])) * (max(source[row] for row in plan[a] + plan[b]) + 6) <= units_per_batch
    ]
    assert not fit_together or set.intersection(*fit_together)


def test_epochs_and_seeds_differ_in_order_and_in_company() -> None:
    pairs = [(length % 7 + 1, length % 5 + 1) for length in range(500)]
    plans = [planned(pairs, 200, None, seed, epoch) for seed, epoch in [(1, 0), (1, 1), (2, 0)]]
    company = [{tuple(sorted(rows)) for rows in plan} for plan in plans]
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        assert plans[a] != plans[b]
        assert len(company[a] & company[b]) < len(company[a]) / 2


def test_cuts_move_even_where_no_lengths_are_equal() -> None:
    pairs = [(length, length) for length in range(1, 80)]
    company = {frozenset(map(frozenset, planned(pairs, 400, None, 1, epoch))) for epoch in range(8)}
    assert len(company) > 1


@given(st.lists(st.integers(0, 60), max_size=80), st.integers(1, 300), st.one_of(st.none(), st.integers(1, 9)))
def test_in_length_order(found: list[int], units_per_batch: int, max_rows: int | None) -> None:
    plan = batches.in_length_order(np.array(found, dtype=np.int64), units_per_batch, max_rows)
    order = [row for rows in plan for row in rows.tolist()]
    assert order == sorted(range(len(found)), key=lambda row: (-found[row], row))
    for rows in plan:
        assert len(rows) == 1 or len(rows) * max(found[row] for row in rows) <= units_per_batch
        assert len(rows) <= (max_rows or len(found))


def test_padding_share() -> None:
    found = np.array([4, 2, 3, 3])
    assert batches.padding_share([np.array([0, 1]), np.array([2, 3])], found) == pytest.approx(2 / 14)
    assert batches.padding_share([], found) == 0


def test_plans_of_like_lengths_waste_little() -> None:
    random = np.random.default_rng(0)
    source, target = random.integers(1, 40, 5000), random.integers(1, 40, 5000)
    plan = batches.plan(source, target, units_per_batch=2000, max_rows=None, seed=1, epoch=0)
    assert batches.padding_share(plan, source) < 0.05
    assert batches.padding_share(plan, target + 1) < 0.3


def test_encode_and_what_is_unknown() -> None:
    settings = DataSettings.model_validate(
        {"source": [{"column": 1}, {"column": 3, "unit": "tags"}], "target": {"column": 2}}
    )
    corpus = corpus_of([(("ab", "N;SG"), "xy"), (("czz", "N"), "y")], settings)
    columns = [build(column.unit, column.split) for column in settings.source]
    vocabularies = [Vocabulary(("a", "b", "c")), Vocabulary(("N", "SG"))]
    encoded = batches.encode(corpus, columns, build("letters"), vocabularies, Vocabulary(("x", "y")))
    assert len(encoded) == 2
    assert encoded.source_lengths.tolist() == [4, 4]
    assert encoded.target_lengths.tolist() == [2, 1]
    assert encoded.source_unknown == (UnknownReport(2, 5, (("z", 2),)), UnknownReport(0, 3, ()))
    assert encoded.source_unknown[0].share == pytest.approx(0.4)
    batch = batches.make(encoded, np.array([1, 0]))
    assert batch.source.columns[0].tolist() == [[6, 1, 1], [4, 5, PAD]]
    assert batch.source.columns[1].tolist() == [[4, PAD], [4, 5]]
    assert batch.rows.tolist() == [1, 0]
