"""Units to ids, and frames, in padded batches. Batch assembly is numpy throughout: no Python loop over sentences or units."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heedful.contracts import Source
from heedful.data.corpus import Corpus, Item
from heedful.data.gathering import column_of
from heedful.data.store import FrameColumn
from heedful.data.units import Units
from heedful.data.vocabulary import Vocabulary
from heedful.reserved import END, START

Rows = NDArray[np.int64]
"""Numbers of rows of a corpus, in the order in which they stand in a batch."""


@dataclass(frozen=True)
class Ragged:
    """Sequences of ids end to end: ``ids[offsets[row]:offsets[row + 1]]`` is a row. ``ids`` int32, ``offsets`` int64."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> Self:
        """The sequences end to end."""
        offsets = np.zeros(len(sequences) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences)), out=offsets[1:])
        ids = np.fromiter(chain.from_iterable(sequences), dtype=np.int32, count=int(offsets[-1]))
        return cls(ids, offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of ids in each row."""
        return np.diff(self.offsets)

    def told(self) -> Iterable[bytes]:
        """All that a fingerprint of the data has to know."""
        return (self.ids.tobytes(), self.offsets.tobytes())

    def ahead(self, rows: Rows) -> None:
        """Nothing: ids are at hand."""

    def pad(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """These rows as ids (batch, longest) int64, PAD behind their ends, and which of them are real (bool)."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        positions = np.arange(lengths.max(initial=0), dtype=np.int64)
        real = positions < lengths[:, None]
        ids = np.zeros(real.shape, dtype=np.int64)  # PAD is 0
        ids[real] = self.ids[(starts[:, None] + positions)[real]]
        return torch.from_numpy(ids), torch.from_numpy(real)


class UnknownReport(NamedTuple):
    """How much of a text the vocabulary does not know: ``count`` of ``total`` units, and the commonest of them."""

    count: int
    total: int
    most_common: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        """The unknown part, from 0 to 1."""
        return self.count / self.total if self.total else 0.0


SourceColumn = Ragged | FrameColumn
"""Ids or frames."""


@dataclass(frozen=True)
class Encoded:
    """A corpus in ids. ``target`` holds the target units alone; start and end are added in a batch."""

    columns: tuple[SourceColumn, ...]
    target: Ragged
    source_unknown: tuple[UnknownReport, ...]
    target_unknown: UnknownReport

    def __len__(self) -> int:
        return len(self.target)

    @property
    def source_lengths(self) -> NDArray[np.int64]:
        """Source units of each row, all columns together."""
        return total_lengths(self.columns)

    @property
    def target_lengths(self) -> NDArray[np.int64]:
        """Target units of each row, without the end."""
        return self.target.lengths


def total_lengths(columns: Sequence[SourceColumn]) -> NDArray[np.int64]:
    """Source units or frames of each row, all columns together."""
    return np.stack([column.lengths for column in columns]).sum(axis=0, dtype=np.int64)


def _encode(texts: Iterable[str], units: Units, vocabulary: Vocabulary) -> tuple[Ragged, UnknownReport]:
    sequences: list[list[int]] = []
    unknown: Counter[str] = Counter()
    for text in texts:
        split = units.split(text)
        sequences.append(vocabulary.encode(split))
        unknown.update(vocabulary.unknown(split))
    ragged = Ragged.of(sequences)
    common = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))[:20]
    return ragged, UnknownReport(unknown.total(), len(ragged.ids), tuple(common))


def encode_sources(
    sources: Sequence[tuple[Item, ...]], units: Sequence[Units | None], vocabularies: Sequence[Vocabulary]
) -> tuple[tuple[SourceColumn, ...], tuple[UnknownReport, ...]]:
    """Sources (one item a column) in ids, and what is unknown in them, column by column.

    A column of frames, which has no units, stays as it is; nothing in it is unknown.
    """
    found = [
        (column_of([source[column] for source in sources]), UnknownReport(0, 0, ()))
        if unit is None
        else _encode((str(source[column]) for source in sources), unit, vocabulary)
        for column, (unit, vocabulary) in enumerate(zip(units, vocabularies, strict=True))
    ]
    return tuple(column for column, _ in found), tuple(unknown for _, unknown in found)


def encode(
    corpus: Corpus,
    source_units: Sequence[Units | None],
    target_units: Units,
    source_vocabularies: Sequence[Vocabulary],
    target_vocabulary: Vocabulary,
) -> Encoded:
    """A corpus in ids, with a report of its unknown units."""
    columns, source_unknown = encode_sources(corpus.sources, source_units, source_vocabularies)
    target, target_unknown = _encode(corpus.targets, target_units, target_vocabulary)
    return Encoded(columns, target, source_unknown, target_unknown)


class Batch(NamedTuple):
    """Pairs side by side. ``time`` is the longest target and one more for the end.

    ``previous`` (batch, time) is START, y1 ... yn; ``following`` (batch, time) is y1 ... yn, END; ``real``
    (batch, time) is True on both; ``rows`` says which rows of the corpus these are.
    """

    source: Source
    previous: Tensor
    following: Tensor
    real: Tensor
    rows: Rows


def make_source(columns: Sequence[SourceColumn], rows: Rows) -> Source:
    """These rows of every source column, padded."""
    padded = [column.pad(rows) for column in columns]
    shapes = tuple(each[2] if len(each) == 3 else None for each in padded)
    return Source(tuple(each[0] for each in padded), tuple(each[1] for each in padded), shapes)


def make(encoded: Encoded, rows: Rows) -> Batch:
    """These rows as a batch."""
    ids, inside = encoded.target.pad(rows)
    lengths = inside.sum(dim=1, keepdim=True)
    previous = torch.nn.functional.pad(ids, (1, 0), value=START)
    following = torch.nn.functional.pad(ids, (0, 1)).scatter_(1, lengths, END)
    real = torch.nn.functional.pad(inside, (1, 0), value=True)  # one more than the units: the end
    return Batch(make_source(encoded.columns, rows), previous, following, real, rows)


def plan(
    source_lengths: NDArray[np.int64],
    target_lengths: NDArray[np.int64],
    *,
    units_per_batch: int,
    max_rows: int | None,
    seed: int,
    epoch: int,
) -> list[Rows]:
    """One epoch: every row once, rows of like length together, batches in random order.

    A pure function of its arguments. rows x (longest source + longest target + 1) stays within ``units_per_batch``,
    padding counted; a single row above it is a batch of its own. Which rows share a batch differs between epochs:
    ties are in random order, and the first batch is cut short at random, which moves every cut behind it.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(source_lengths))
    source, target = source_lengths[order], target_lengths[order]
    # Long targets first at every other source length: neighbours across a step of source length stay alike.
    order = order[np.lexsort((np.where(source % 2 == 0, target, -target), source))]
    source, target = source_lengths[order], target_lengths[order] + 1
    batches: list[Rows] = []
    start = 0
    while start < len(order):
        count = _fitting(source[start:], target[start:], units_per_batch, max_rows)
        if start == 0:
            count = int(random.integers(1, count + 1))
        rows = order[start : start + count]
        # Side by side by target length: loops pass over rows that are padding together.
        batches.append(rows[np.argsort(-target_lengths[rows], kind="stable")])
        start += count
    return [batches[place] for place in random.permutation(len(batches))]


def _fitting(source: NDArray[np.int64], target: NDArray[np.int64], units_per_batch: int, max_rows: int | None) -> int:
    """How many of the first rows fit into a batch, at least one. Sources rise."""
    most = max(1, units_per_batch // int(source[0] + 1))
    most = most if max_rows is None else min(most, max_rows)
    longest = source[:most] + np.maximum.accumulate(target[:most])
    cost = np.arange(1, len(longest) + 1) * longest
    return max(1, int(np.searchsorted(cost, units_per_batch, side="right")))


def in_length_order(source_lengths: NDArray[np.int64], units_per_batch: int, max_rows: int | None) -> list[Rows]:
    """Batches for prediction: longest sources first, equal ones in the order of the file, nothing random.

    rows x longest source stays within ``units_per_batch``; a single row above it is a batch of its own.
    """
    order = np.argsort(-source_lengths, kind="stable")
    batches: list[Rows] = []
    start = 0
    while start < len(order):
        count = max(1, units_per_batch // max(1, int(source_lengths[order[start]])))
        count = count if max_rows is None else min(count, max_rows)
        batches.append(order[start : start + count])
        start += count
    return batches


def padding_share(batches: Sequence[Rows], lengths: NDArray[np.int64]) -> float:
    """The part of the padded positions that is padding, from 0 to 1."""
    padded = sum(len(rows) * int(lengths[rows].max()) for rows in batches if len(rows))
    return 1 - sum(int(lengths[rows].sum()) for rows in batches) / padded if padded else 0.0
