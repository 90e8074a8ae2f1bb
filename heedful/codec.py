"""What stands between people and ids: text to units and back, and files and arrays of sources to their frames."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from heedful.checkpoint import LengthModel
from heedful.data import units
from heedful.data.corpus import Item
from heedful.data.frames import Kind, kind
from heedful.data.gathering import from_arrays
from heedful.data.media import Given, Media
from heedful.data.settings import DataSettings
from heedful.data.vocabulary import Vocabulary
from heedful.errors import DataError

Row = tuple[Given, ...] | tuple[Item, ...]
"""One source: a text a column; where a column is read as frames, the path of a file, or an array, or what was read of it."""
Seen = tuple[Item, ...]
"""One source whose files and arrays have been read."""


class Codec(NamedTuple):
    """How text becomes ids and back: the units and vocabularies of both sides, and how long outputs may become."""

    data: DataSettings
    source_vocabularies: tuple[Vocabulary, ...]
    target_vocabulary: Vocabulary
    lengths: LengthModel

    @property
    def source_units(self) -> tuple[units.Units | None, ...]:
        """The units of every source column; None for frames, which are no text."""
        return tuple(None if column.framed else units.build(column.unit, column.split) for column in self.data.source)

    @property
    def kinds(self) -> tuple[Kind | None, ...]:
        """How every source column's frames are read; None for text."""
        return tuple(kind(column) if column.framed else None for column in self.data.source)

    @property
    def target_units(self) -> units.Units:
        """The units of the target."""
        return units.build(self.data.target.unit, self.data.target.split)

    def seen(self, sources: Sequence[Row], base: Path | None = None) -> list[Seen]:
        """The sources with their files and arrays read; files are named relative to ``base``.

        Raises:
            DataError: one has another number of columns than the model reads, or can't be read.
        """
        found, problems = self.looked(sources, base)
        if problems:
            raise DataError([f"source {row + 1}: {why}" for row, why in problems.items()], "check the file or array")
        return [row for row in found if row is not None]

    def looked(self, sources: Sequence[Row], base: Path | None = None) -> tuple[list[Seen | None], dict[int, str]]:
        """The sources with their files and arrays read, None where that fails; and why it fails, by number from zero.

        Raises:
            DataError: one has another number of columns than the model reads.
        """
        rows = [tuple(source) for source in sources]
        if not self.data.framed:  # text is read as it stands, and its columns are counted where it is split
            return [tuple(str(item) for item in row) for row in rows], {}
        for row in rows:
            self.check_columns(row)
        problems: dict[int, str] = {}
        columns: list[list[Item]] = []
        for place, (column, each) in enumerate(zip(self.data.source, self.kinds, strict=True)):
            given = [row[place] for row in rows]
            if each is None or all(isinstance(one, Media) for one in given):
                columns.append([one if isinstance(one, Media) else str(one) for one in given])
                continue
            origins = [_origin(one) for one in given]
            items, bad = from_arrays(origins, column, base, self.data.workers or 2)
            names = [one if isinstance(one, str) else item.name for one, item in zip(given, items, strict=True)]
            columns.append([replace(item, name=name) for item, name in zip(items, names, strict=True)])
            bad |= {row: "names no file" for row, one in enumerate(given) if isinstance(one, str) and not one.strip()}
            problems = {**{row: f"{names[row] or 'an empty source'}: {why}" for row, why in bad.items()}, **problems}
        found = [tuple(column[row] for column in columns) for row in range(len(rows))]
        return [None if row in problems else each for row, each in enumerate(found)], problems

    def check_columns(self, source: Row) -> None:
        """Refuses a source of another number of columns than the model reads.

        Raises:
            DataError: it is one.
        """
        if len(source) != len(self.data.source):
            raise DataError(
                f"{shown(source)!r} has {len(source)} columns, the model reads {len(self.data.source)}",
                "separate them by tabs",
            )


def _origin(given: Given | Item) -> Given:
    """Where frames can be read again."""
    found = given.origin if isinstance(given, Media) else given
    return str(found) if isinstance(found, Path) else found


def shown(source: Row) -> str:
    """A source as one line of text: its columns between tabs."""
    return "\t".join(item if isinstance(item, str) else str(getattr(item, "name", "array")) for item in source)
