"""Pairs from files and from Python lists: split on tab and line feed only, strict UTF-8, no quoting.

A source column may name files of frames (pictures, sounds, arrays): they are looked at here, so that a file that is
missing or damaged is a bad row like any other.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Self, TypeAlias

import numpy as np

from heedful.choices import TASKS
from heedful.data.lines import expand, read
from heedful.data.media import Given, Media, Told
from heedful.data.settings import TASK_COUNT, TASK_SEED, Column, DataSettings, OnBad, Place
from heedful.data.units import Units, build, nfc
from heedful.errors import DataError, SettingsError
from heedful.settings import nearest

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


def split_source_line(line: str, settings: DataSettings, where: str = "") -> tuple[str, ...]:
    """The source columns of a line to predict: in recipe order, between tabs.

    Raises:
        DataError: more or fewer columns than the recipe's; ``where`` stands before the message.
    """
    columns = tuple(line.split("\t"))
    if len(columns) != len(settings.source):
        found, expected = _columns(len(columns)), _columns(len(settings.source))
        raise DataError(f"{where}{': ' if where else ''}{found}, but the source has {expected}", "cut out the others")
    return columns


def read_corpus(
    place: Place,
    settings: DataSettings,
    *,
    base: Path | None = None,
    on_bad: OnBad | None = None,
    told: Told | None = None,
) -> Corpus:
    """The pairs of a TSV, or of a source file and a target file with one text a line.

    Files of frames are named relative to the file that names them; ``told`` is told how many of them are prepared.

    Raises:
        DataError: a file is missing, empty or not UTF-8 text, the files differ in length, a row is bad and
            ``on_bad`` (by default the settings') says stop, or no row is good.
    """
    if isinstance(place, str):
        if place.startswith("task:"):
            way_out = f"write it to a file: heedful data make {place.removeprefix('task:')} --out FILE"
            raise DataError(f"{place} is a built-in task, not a file", way_out)
        path = expand(place, base)
        lines = read(path)
        rows = _Rows(settings, lines.name, f"{lines.name}:", lines.notes, path.parent, told)
        for number, text in enumerate(lines.texts, start=1):
            if text is None:
                rows.refuse(lines.problems[number])
            else:
                rows.add_row(number, text)
        return rows.corpus(on_bad)
    paths = [expand(path, base) for path in place]
    source, target = map(read, paths)
    if len(source.texts) != len(target.texts):
        counts = f"{source.name} has {len(source.texts):,} lines and {target.name} has {len(target.texts):,}"
        raise DataError(counts, "parallel files need one line for each other")
    rows = _Rows(settings, f"{source.name} + {target.name}", f"{source.name}:", source.notes + target.notes,
                 paths[0].parent, told)  # fmt: skip
    for number, (left, right) in enumerate(zip(source.texts, target.texts, strict=True), start=1):
        if left is None or right is None:
            rows.refuse(source.problems.get(number) or target.problems[number])
            continue
        columns = (left,) if len(settings.source) == 1 else tuple(left.split("\t"))
        rows.add(number, columns, right, f"{target.name}:{number}")
    return rows.corpus(on_bad)


def corpus_of(
    pairs: Iterable[tuple[Given | tuple[Given, ...], str]], settings: DataSettings, on_bad: OnBad | None = None
) -> Corpus:
    """Pairs from Python; a source of several columns is a tuple, or one string with tabs. The first is pair 1.

    Where a column is read as frames, an item is an array or the path of a file.

    Raises:
        DataError: something is not a pair of a source and a string, a row is bad, or there is none.
    """
    rows = _Rows(settings, "pairs", "pair ", [])
    for number, pair in enumerate(pairs, start=1):
        parts = _parts(pair, settings.source)
        if parts is None:
            expected = "(source, target)" if settings.framed else "(source, target) in strings"
            rows.refuse(f"pair {number}: expected {expected}, found {_short(pair)}")
        else:
            rows.add(number, *parts, f"pair {number}")
    return rows.corpus(on_bad)


def read_task(settings: DataSettings) -> tuple[Corpus, Corpus]:
    """Train and dev of the built-in task that ``settings.train`` names.

    Raises:
        SettingsError: there is no such task.
    """
    from heedful.data import toy  # here, so that reading a file never pays for calendars in eight languages

    name = str(settings.train).removeprefix("task:")
    if name not in TASKS:
        raise SettingsError(f"data.train: unknown task {name!r}; known: {', '.join(TASKS)}{nearest(name, list(TASKS))}")
    count, seed = settings.task_count or TASK_COUNT, TASK_SEED if settings.task_seed is None else settings.task_seed
    if (name == "digits") != settings.framed:
        told = "pictures: data.source.unit is columns or patches" if name == "digits" else "text, not frames"
        raise SettingsError(f"data.source: task:{name} has {told}")
    train, dev = (corpus_of(pairs, settings) for pairs in toy.parted(name, count, seed))
    return replace(train, name=f"task:{name}"), replace(dev, name=f"task:{name} (dev)")


def hold_out(corpus: Corpus, share: float) -> tuple[Corpus, Corpus]:
    """Train and dev: about ``share`` of the sources goes to dev, chosen by a hash of the source.

    So one source never stands on both sides, and a source keeps its side when others come and go. Both sides have
    a row: where the hash leaves one side empty, the source nearest to the border crosses it.

    Raises:
        DataError: all rows have one source.
    """
    places = [_share_of_hash(source) for source in corpus.sources]
    distinct = sorted(set(places))
    if len(distinct) < 2:
        raise DataError(f"{corpus.name}: nothing can be held out, all rows have one source", "pass a dev file")
    border = min(max(share, distinct[1]), distinct[-1])
    train = corpus.take([row for row, place in enumerate(places) if place >= border])
    return train, corpus.take([row for row, place in enumerate(places) if place < border])


def _share_of_hash(source: tuple[Item, ...]) -> float:
    """A number from 0 to 1 that only the source decides; sources that differ in blanks or form alone get the same."""
    text = "\t".join(" ".join(nfc(str(column)).split()) for column in source)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def _columns(count: int) -> str:
    return f"{count} column{'s' if count != 1 else ''}"


def _parts(pair: object, columns: Sequence[Column]) -> tuple[tuple[Given, ...], str] | None:
    """Source columns and target, or None if this is no such pair."""
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2 or not isinstance(pair[1], str):
        return None
    parts = given_columns(pair[0], columns)
    return None if parts is None else (parts, pair[1])


def given_columns(source: object, columns: Sequence[Column]) -> tuple[Given, ...] | None:
    """The columns of a source given in Python, or None if it is none: text, or where frames are read a path or an array."""
    if isinstance(source, str):
        return (source,) if len(columns) == 1 else tuple(source.split("\t"))
    if len(columns) == 1 and columns[0].framed and not isinstance(source, tuple):
        given = _given(source)
        return None if given is None else (given,)
    if not isinstance(source, Sequence):
        return None
    framed = [column.framed for column in columns] + [False] * (len(source) - len(columns))
    found = [
        each if isinstance(each, str) else _given(each) if may else None
        for each, may in zip(source, framed, strict=False)
    ]
    good = tuple(each for each in found if each is not None)  # "in" would compare arrays
    return good if len(good) == len(source) else None


def _given(value: object) -> Given | None:
    """A path as text, or what numpy takes for an array of numbers."""
    if isinstance(value, str | Path):
        return str(value)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):  # lists of different lengths, a tensor with a gradient
        return None
    return array if array.dtype.kind in "fiub" else None


def _short(value: object) -> str:
    shown = " ".join(repr(value).split())  # an array's stands on several lines
    return shown if len(shown) <= 60 else f"{shown[:60]}..."


class _Rows:
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
            self.refuse(f"{where}: {_columns(len(columns))}, but {side} is column {last.column}")
        else:
            sources = tuple(columns[column.column - 1] for column in self.settings.source)
            self.add(number, sources, columns[self.settings.target.column - 1], where)

    def add(self, number: int, source: tuple[Given, ...], target: str, target_where: str) -> None:
        """A row, unless something is wrong with it."""
        where = f"{self.found.place}{number}"
        if len(source) != len(self.source_units):
            self.refuse(f"{where}: {_columns(len(source))}, but the source has {_columns(len(self.source_units))}")
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
