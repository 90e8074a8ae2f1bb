"""What is in a file of pairs, and what may be wrong with it. Values only; the door prints them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from heedful.data.corpus import Corpus, read_corpus
from heedful.data.lookalikes import LookAlike, look_alikes
from heedful.data.settings import Column, DataSettings, Place
from heedful.data.units import Units, build

EXAMPLES = 5
"""How many places are named for each finding; all are counted."""


@dataclass(frozen=True)
class Lengths:
    """Units a row: the shortest, the middle, the length that 95 % stay within, the longest."""

    shortest: int
    median: float
    most: int
    longest: int


@dataclass(frozen=True)
class SideReport:
    """One column: its units with their counts, ``once`` units that occur a single time.

    A column of frames has lengths in frames and no distinct units.
    """

    name: str
    unit: str
    lengths: Lengths
    total: int
    distinct: int
    once: int
    commonest: list[tuple[str, int]]
    rarest: list[tuple[str, int]]


@dataclass(frozen=True)
class Finding:
    """Something that occurs ``count`` times, with the first places where it does."""

    count: int
    examples: list[str]


@dataclass(frozen=True)
class FileReport:
    """One file. ``bad`` are the rows that training would refuse; ``rows`` the others.

    ``repeated`` counts rows that say again what an earlier one said; ``several_targets`` sources with more than one
    target; ``edge_blanks`` rows whose source or target begins or ends with a blank.
    """

    name: str
    rows: int
    bad: list[str]
    notes: list[str]
    sides: list[SideReport]
    repeated: Finding
    several_targets: Finding
    edge_blanks: Finding


@dataclass(frozen=True)
class Leak:
    """Sources that stand in two files."""

    first: str
    second: str
    sources: Finding


@dataclass(frozen=True)
class Unseen:
    """Units of a later file, in one column, that the first file does not have."""

    name: str
    side: str
    count: int
    total: int
    commonest: list[tuple[str, int]]


@dataclass(frozen=True)
class CheckReport:
    """All that ``heedful data check`` has to say."""

    files: list[FileReport]
    leaks: list[Leak]
    unseen: list[Unseen]
    look_alikes: dict[str, tuple[LookAlike, ...]]

    def record(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        found = asdict(self)
        found["look_alikes"] = {
            side: [[list(character) for character in group.characters] for group in groups]
            for side, groups in self.look_alikes.items()
        }
        return found


def check_files(places: Sequence[Place], settings: DataSettings, base: Path | None = None) -> CheckReport:
    """Reads files as forgivingly as possible and checks them.

    Raises:
        DataError: a file can't be read at all, or has no good row.
    """
    return check([read_corpus(place, settings, base=base, on_bad="skip") for place in places], settings)


def check(corpora: Sequence[Corpus], settings: DataSettings) -> CheckReport:
    """Checks files, the first of which is the one to train on."""
    sides = _sides(settings)
    counts = [[_counts(corpus, place, units) for place, (_, _, units) in enumerate(sides)] for corpus in corpora]
    files = [_file(corpus, sides, each) for corpus, each in zip(corpora, counts, strict=True)]
    normal = [_normal_sources(corpus, sides) for corpus in corpora]
    leaks = [
        Leak(corpora[a].name, corpora[b].name, _shared(corpora[a], corpora[b], normal[a], normal[b]))
        for a, b in combinations(range(len(corpora)), 2)
    ]
    unseen = [
        _unseen(corpus.name, name, each[column][0], counts[0][column][0])
        for corpus, each in zip(corpora[1:], counts[1:], strict=True)
        for column, (name, _, _) in enumerate(sides)
    ]
    alike = {
        name: look_alikes(_characters(each[column][0] for each in counts)) for column, (name, _, _) in enumerate(sides)
    }
    return CheckReport(files, [leak for leak in leaks if leak.sources.count], [u for u in unseen if u.count], alike)


Side = tuple[str, Column, Units | None]
"""A column's name and its units, None for frames."""


def _sides(settings: DataSettings) -> list[Side]:
    """The columns: the source's, then the target."""
    columns = [*settings.source, settings.target]
    units = [None if column.framed else build(column.unit, column.split) for column in columns]
    many = len(settings.source) > 1
    names = [f"source column {number}" if many else "source" for number in range(1, len(units))]
    return list(zip([*names, "target"], columns, units, strict=True))


def _counts(corpus: Corpus, column: int, units: Units | None) -> tuple[Counter[str], list[int]]:
    """How often each unit occurs in a column, and how many there are in each row."""
    counts: Counter[str] = Counter()
    lengths: list[int] = []
    for pair in corpus:
        item = (*pair.source, pair.target)[column]
        if units is None or not isinstance(item, str):
            lengths.append(len(item) if isinstance(item, str) else item.length)
            continue
        split = units.split(item)
        counts.update(split)
        lengths.append(len(split))
    return counts, lengths


def _characters(counts: Iterable[Counter[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in counts:
        for unit, count in each.items():
            for character in unit:
                found[character] += count
    return found


def _normal_sources(corpus: Corpus, sides: Sequence[Side]) -> list[tuple[str, ...]]:
    """Sources as the model sees them, so that two spellings of the same units count as one; files by their full path."""
    units = [units for _, _, units in sides[:-1]]
    return [
        tuple(
            (item if each is None else each.normal(item)) if isinstance(item, str) else item.key
            for each, item in zip(units, source, strict=True)
        )
        for source in corpus.sources
    ]


def _file(corpus: Corpus, sides: Sequence[Side], counts: Sequence[tuple[Counter[str], list[int]]]) -> FileReport:
    seen: dict[tuple[tuple[str, ...], str], int] = {}
    targets: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    repeated: list[str] = []
    for row, source in enumerate(_normal_sources(corpus, sides)):
        target = _normal_target(sides[-1][2], corpus.targets[row])
        first = seen.setdefault((source, target), row)
        if first == row:
            targets[source].append(target)
        else:
            repeated.append(f"{corpus.where(row)} says the same as {corpus.where(first)}")
    several = [f"{' / '.join(source)}: {' | '.join(each)}" for source, each in targets.items() if len(each) > 1]
    edges = [
        pair.where
        for pair in corpus
        if any(text != text.strip() for text in (*pair.source, pair.target) if isinstance(text, str))
    ]
    reports = [_side(name, column, *each) for (name, column, _), each in zip(sides, counts, strict=True)]
    findings = [Finding(len(each), each[:EXAMPLES]) for each in (repeated, several, edges)]
    return FileReport(corpus.name, len(corpus), corpus.skipped, corpus.notes, reports, *findings)


def _normal_target(units: Units | None, text: str) -> str:
    return text if units is None else units.normal(text)


def _side(name: str, column: Column, counts: Counter[str], lengths: list[int]) -> SideReport:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    most = int(np.quantile(lengths, 0.95, method="higher"))
    once = sum(count == 1 for count in counts.values())
    return SideReport(
        name,
        column.unit,
        Lengths(min(lengths), float(np.median(lengths)), most, max(lengths)),
        sum(lengths) if column.framed else counts.total(),
        len(counts),
        once,
        ordered[:EXAMPLES],
        ordered[::-1][:EXAMPLES],
    )


def _shared(
    first: Corpus, second: Corpus, in_first: list[tuple[str, ...]], in_second: list[tuple[str, ...]]
) -> Finding:
    places = {source: row for row, source in reversed(list(enumerate(in_first)))}
    shared: dict[tuple[str, ...], str] = {}
    for row, source in enumerate(in_second):
        if source in places and source not in shared:
            shared[source] = f"{second.where(row)} has the source of {first.where(places[source])}"
    return Finding(len(shared), list(shared.values())[:EXAMPLES])


def _unseen(name: str, side: str, counts: Counter[str], known: Counter[str]) -> Unseen:
    unseen = sorted(((u, c) for u, c in counts.items() if u not in known), key=lambda item: (-item[1], item[0]))
    return Unseen(name, side, sum(count for _, count in unseen), counts.total(), unseen[:EXAMPLES])
