"""Rows into a corpus: each is judged, and the bad ones are told, with their places.

A source column may name files of frames (pictures, sounds, arrays): they are looked at here, so that a file that is
missing or damaged is a bad row like any other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Self, TypeAlias

from heedful.data.media import Given, Media, Told
from heedful.data.settings import Column, DataSettings, OnBad
from heedful.data.units import Units, build
from heedful.errors import DataError

Item: TypeAlias = str | Media
"""What stands in a source column: text, or a picture, sound or array."""


class Pair(NamedTuple):
    """A source (an item a column), its target, and where they stand."""

    source: tuple[Item, ...]
    target: str
    where: str


@dataclass(frozen=True)
class Corpus:
    """Pairs as they were written, without the bad ones.

    ``numbers`` has the line of each row, counted from one; ``place`` is what to put before it in a message
    (``mine.tsv:``). ``skipped`` has one line a bad row, ``notes`` what else there is to say about the file.
    """

    name: str
    place: str
    sources: list[tuple[Item, ...]]
    targets: list[str]
    numbers: list[int]
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.targets)

    def __iter__(self) -> Iterator[Pair]:
        for row, (source, target) in enumerate(zip(self.sources, self.targets, strict=True)):
            yield Pair(source, target, self.where(row))

    def where(self, row: int) -> str:
        """The file and line of a row, such as ``mine.tsv:17``."""
        return f"{self.place}{self.numbers[row]}"

    def take(self, rows: Sequence[int]) -> Self:
        """These rows alone, in this order; what was skipped and noted stays with them."""
        return replace(
            self,
            sources=[self.sources[row] for row in rows],
            targets=[self.targets[row] for row in rows],
            numbers=[self.numbers[row] for row in rows],
        )


class Rows:
    """Gathers good rows, and the problems of the others."""

    def __init__(
        self, settings: DataSettings, name: str, place: str, notes: list[str], base: Path | None = None,
        told: Told | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.base, self.told = settings, base, told
        self.found = Corpus(name, place, [], [], [], [], notes)
        self.raw: list[tuple[Given, ...]] = []
        self.source_units = [None if column.framed else build(column.unit, column.split) for column in settings.source]
        self.target_units = build(settings.target.unit, settings.target.split)

    def refuse(self, problem: str) -> None:
        """Leaves a row out."""
        self.found.skipped.append(problem)

    def add_row(self, number: int, text: str) -> None:
        """A line of a TSV, which must reach to the last column that the recipe names; it may have more."""
        columns = text.split("\t")
        named = [("the target", self.settings.target), *(("the source", column) for column in self.settings.source)]
        side, last = max(named, key=lambda item: item[1].column)
        where = f"{self.found.place}{number}"
        if not text:
            self.refuse(f"{where}: the line is empty")
        elif len(columns) < last.column:
            self.refuse(f"{where}: {columns_in_words(len(columns))}, but {side} is column {last.column}")
        else:
            sources = tuple(columns[column.column - 1] for column in self.settings.source)
            self.add(number, sources, columns[self.settings.target.column - 1], where)

    def add(self, number: int, source: tuple[Given, ...], target: str, target_where: str) -> None:
        """A row, unless something is wrong with it."""
        where = f"{self.found.place}{number}"
        if len(source) != len(self.source_units):
            found, expected = columns_in_words(len(source)), columns_in_words(len(self.source_units))
            self.refuse(f"{where}: {found}, but the source has {expected}")
            return
        names = ["source"] if len(source) == 1 else [f"source column {column}" for column in range(1, len(source) + 1)]
        for name, text, units in zip(names, source, self.source_units, strict=True):
            fault = _fault_of_file(text) if units is None or not isinstance(text, str) else self._fault(text, units)
            if fault:
                self.refuse(f"{where}: the {name} {fault}")
                return
        if fault := self._fault(target, self.target_units):
            self.refuse(f"{target_where}: the target {fault}")
            return
        self.raw.append(source)
        self.found.targets.append(target)
        self.found.numbers.append(number)

    def _fault(self, text: str, units: Units) -> str | None:
        if "\0" in text:
            return "has a NUL character"
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            return "has half a surrogate pair, which is no character"
        most = self.settings.max_units
        # No text has more than three units a character (a Hangul syllable in jamo): short ones need no counting.
        if len(text.strip()) > 0 and 3 * len(text) <= most:
            return None
        count = len(units.split(text))
        if count > most:
            return f"has {count:,} {units.name}, more than max_units = {most}"
        return None if count else "is empty"

    def corpus(self, on_bad: OnBad | None) -> Corpus:
        """What was gathered, if that is allowed and not nothing."""
        self._look()
        skipped = self.found.skipped
        if skipped and (on_bad or self.settings.on_bad) == "stop":
            raise DataError(skipped, f"fix the row{'s' if len(skipped) > 1 else ''} or pass --on-bad skip")
        if not self.found.targets and skipped:
            raise DataError([f"{self.found.name}: none of its {len(skipped):,} rows can be used", *skipped])
        if not self.found.targets:
            raise DataError(f"{self.found.name}: empty", "at least one row is needed: source, tab, target")
        return self.found

    def _look(self) -> None:
        """Reads the files and arrays of frames; rows whose one can't be read are bad."""
        read: list[Sequence[Item | str]] = []
        bad: dict[int, str] = {}
        many = len(self.settings.source) > 1
        for place, column in enumerate(self.settings.source):
            given = [source[place] for source in self.raw]
            if not column.framed:
                read.append([str(each) for each in given])
                continue
            items, problems = _media(given, column, self.settings, self.base, self.told)
            name = f"source column {place + 1}" if many else "source"
            for row, why in problems.items():
                said = given[row]
                bad.setdefault(row, f"the {name} {said}: {why}" if isinstance(said, str) else f"the {name} {why}")
            read.append(items)
        for row, why in sorted(bad.items()):
            self.refuse(f"{self.found.where(row)}: {why}")
        good = [row for row in range(len(self.raw)) if row not in bad]
        self.found.sources[:] = [tuple(column[row] for column in read) for row in good]
        self.found.targets[:] = [self.found.targets[row] for row in good]
        self.found.numbers[:] = [self.found.numbers[row] for row in good]


def _media(
    given: Sequence[Given], column: Column, settings: DataSettings, base: Path | None, told: Told | None
) -> tuple[list[Media], dict[int, str]]:
    """A column of frames, and what is wrong with some of it."""
    from heedful.data.gathering import from_arrays, from_files  # here: text needs neither torch nor anything of this

    resolved = settings.resolved()
    workers = resolved.workers or 1
    if all(isinstance(each, str) for each in given):
        names = [str(each) for each in given]
        return from_files(names, column, base, live=resolved.frames == "live", workers=workers, told=told)
    return from_arrays(given, column, base, workers)


def _fault_of_file(given: Given) -> str | None:
    if isinstance(given, str) and not given.strip():
        return "names no file"
    return None


def columns_in_words(count: int) -> str:
    """``1 column``, ``2 columns``."""
    return f"{count} column{'s' if count != 1 else ''}"


def short(value: object) -> str:
    """A value as a message may show it."""
    shown = " ".join(repr(value).split())  # an array's stands on several lines
    return shown if len(shown) <= 60 else f"{shown[:60]}..."
