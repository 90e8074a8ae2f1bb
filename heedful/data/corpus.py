"""Pairs from files and from Python lists: split on tab and line feed only, strict UTF-8, no quoting."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Self

from heedful.choices import TASKS
from heedful.data.lines import expand, read
from heedful.data.settings import DataSettings, OnBad, Place
from heedful.data.units import Units, build, nfc
from heedful.errors import DataError, SettingsError
from heedful.settings import nearest

TASK_COUNT, TASK_SEED = 10_000, 1


class Pair(NamedTuple):
    """A source (one text a column), its target, and where they stand."""

    source: tuple[str, ...]
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
    sources: list[tuple[str, ...]]
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
    place: Place, settings: DataSettings, *, base: Path | None = None, on_bad: OnBad | None = None
) -> Corpus:
    """The pairs of a TSV, or of a source file and a target file with one text a line.

    Raises:
        DataError: a file is missing, empty or not UTF-8 text, the files differ in length, a row is bad and
            ``on_bad`` (by default the settings') says stop, or no row is good.
    """
    if isinstance(place, str):
        if place.startswith("task:"):
            way_out = f"write it to a file: heedful data make {place.removeprefix('task:')} --out FILE"
            raise DataError(f"{place} is a built-in task, not a file", way_out)
        lines = read(expand(place, base))
        rows = _Rows(settings, lines.name, f"{lines.name}:", lines.notes)
        for number, text in enumerate(lines.texts, start=1):
            if text is None:
                rows.refuse(lines.problems[number])
            else:
                rows.add_row(number, text)
        return rows.corpus(on_bad)
    source, target = (read(expand(path, base)) for path in place)
    if len(source.texts) != len(target.texts):
        counts = f"{source.name} has {len(source.texts):,} lines and {target.name} has {len(target.texts):,}"
        raise DataError(counts, "parallel files need one line for each other")
    rows = _Rows(settings, f"{source.name} + {target.name}", f"{source.name}:", source.notes + target.notes)
    for number, (left, right) in enumerate(zip(source.texts, target.texts, strict=True), start=1):
        if left is None or right is None:
            rows.refuse(source.problems.get(number) or target.problems[number])
            continue
        columns = (left,) if len(settings.source) == 1 else tuple(left.split("\t"))
        rows.add(number, columns, right, f"{target.name}:{number}")
    return rows.corpus(on_bad)


def corpus_of(
    pairs: Iterable[tuple[str | tuple[str, ...], str]], settings: DataSettings, on_bad: OnBad | None = None
) -> Corpus:
    """Pairs from Python; a source of several columns is a tuple, or one string with tabs. The first is pair 1.

    Raises:
        DataError: something is not a pair of strings, a row is bad, or there is none.
    """
    rows = _Rows(settings, "pairs", "pair ", [])
    for number, pair in enumerate(pairs, start=1):
        parts = _parts(pair, len(settings.source))
        if parts is None:
            rows.refuse(f"pair {number}: expected (source, target) in strings, found {_short(pair)}")
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
    train, dev = (corpus_of(pairs, settings) for pairs in toy.split(name, count, seed))
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


def _share_of_hash(source: tuple[str, ...]) -> float:
    """A number from 0 to 1 that only the source decides; sources that differ in blanks or form alone get the same."""
    text = "\t".join(" ".join(nfc(column).split()) for column in source)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def _columns(count: int) -> str:
    return f"{count} column{'s' if count != 1 else ''}"


def _parts(pair: object, columns: int) -> tuple[tuple[str, ...], str] | None:
    """Source columns and target, or None if this is no pair of strings."""
    match pair:
        case [str() as source, str() as target]:
            return ((source,) if columns == 1 else tuple(source.split("\t"))), target
        case [[*source], str() as target] if all(isinstance(text, str) for text in source):
            return tuple(source), target
    return None


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:60]}..."


class _Rows:
    """Gathers good rows, and the problems of the others."""

    def __init__(self, settings: DataSettings, name: str, place: str, notes: list[str]) -> None:
        self.settings = settings
        self.found = Corpus(name, place, [], [], [], [], notes)
        self.source_units = [build(column.unit, column.split) for column in settings.source]
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

    def add(self, number: int, source: tuple[str, ...], target: str, target_where: str) -> None:
        """A row, unless something is wrong with it."""
        where = f"{self.found.place}{number}"
        if len(source) != len(self.source_units):
            self.refuse(f"{where}: {_columns(len(source))}, but the source has {_columns(len(self.source_units))}")
            return
        names = ["source"] if len(source) == 1 else [f"source column {column}" for column in range(1, len(source) + 1)]
        for name, text, units in zip(names, source, self.source_units, strict=True):
            if fault := self._fault(text, units):
                self.refuse(f"{where}: the {name} {fault}")
                return
        if fault := self._fault(target, self.target_units):
            self.refuse(f"{target_where}: the target {fault}")
            return
        self.found.sources.append(source)
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
        skipped = self.found.skipped
        if skipped and (on_bad or self.settings.on_bad) == "stop":
            raise DataError(skipped, f"fix the row{'s' if len(skipped) > 1 else ''} or pass --on-bad skip")
        if not self.found.targets and skipped:
            raise DataError([f"{self.found.name}: none of its {len(skipped):,} rows can be used", *skipped])
        if not self.found.targets:
            raise DataError(f"{self.found.name}: empty", "at least one row is needed: source, tab, target")
        return self.found
