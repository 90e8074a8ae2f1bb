"""Pairs from files and from Python lists: split on tab and line feed only, strict UTF-8, no quoting."""

import hashlib
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from heedful.choices import TASKS
from heedful.data.lines import expand, read
from heedful.data.media import Given, Told
from heedful.data.rows import Corpus, Item, Pair, Rows, columns_in_words, short
from heedful.data.settings import TASK_COUNT, TASK_SEED, Column, DataSettings, OnBad, Place
from heedful.data.units import nfc
from heedful.errors import DataError, SettingsError
from heedful.settings import nearest

__all__ = [
    "Corpus", "Item", "Pair", "corpus_of", "given_columns", "hold_out", "read_corpus", "read_task", "split_source_line",
]  # fmt: skip

Offered: TypeAlias = Given | Path
"""What Python may give for a source column."""


def split_source_line(line: str, settings: DataSettings, where: str = "") -> tuple[str, ...]:
    """The source columns of a line to predict: in recipe order, between tabs.

    Raises:
        DataError: more or fewer columns than the recipe's; ``where`` stands before the message.
    """
    columns = tuple(line.split("\t"))
    if len(columns) != len(settings.source):
        found, expected = columns_in_words(len(columns)), columns_in_words(len(settings.source))
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
        rows = Rows(settings, lines.name, f"{lines.name}:", lines.notes, path.parent, told)
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
    rows = Rows(settings, f"{source.name} + {target.name}", f"{source.name}:", source.notes + target.notes,
                 paths[0].parent, told)  # fmt: skip
    for number, (left, right) in enumerate(zip(source.texts, target.texts, strict=True), start=1):
        if left is None or right is None:
            rows.refuse(source.problems.get(number) or target.problems[number])
            continue
        columns = (left,) if len(settings.source) == 1 else tuple(left.split("\t"))
        rows.add(number, columns, right, f"{target.name}:{number}")
    return rows.corpus(on_bad)


def corpus_of(
    pairs: Iterable[tuple[Offered | tuple[Offered, ...], str]], settings: DataSettings, on_bad: OnBad | None = None
) -> Corpus:
    """Pairs from Python; a source of several columns is a tuple, or one string with tabs. The first is pair 1.

    Where a column is read as frames, an item is an array or the path of a file.

    Raises:
        DataError: something is not a pair of a source and a string, a row is bad, or there is none.
    """
    rows = Rows(settings, "pairs", "pair ", [])
    for number, pair in enumerate(pairs, start=1):
        parts = _parts(pair, settings.source)
        if parts is None:
            expected = "(source, target)" if settings.framed else "(source, target) in strings"
            rows.refuse(f"pair {number}: expected {expected}, found {short(pair)}")
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
    drawn = len(settings.source) == 1 and settings.source[0].unit in ("columns", "patches")
    if drawn != (name == "digits") or (settings.framed and not drawn):
        told = "pictures: data.source.unit is columns or patches" if name == "digits" else "text, not frames"
        raise SettingsError(f"data.source: task:{name} has {told}")
    train, dev = (corpus_of(pairs, settings) for pairs in toy.parted(name, count, seed, lengths=settings.task_lengths))
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
    text = "\t".join(
        " ".join(nfc(item).split()) if isinstance(item, str) else posixpath.normpath(item.name) for item in source
    )
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


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
