"""One picture, sound or array among the sources of a corpus: what it is called, and where its frames are."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from heedful.data.frames import Array, Kind, kind
from heedful.data.settings import Column
from heedful.data.store import FrameColumn, Made, Store, Told, gather, prepare

Given: TypeAlias = str | Array
"""How a source column is given: text or the path of a file, or an array."""


@dataclass(frozen=True)
class Media:
    """A source that is no text. Two are equal where they are one file, or arrays with the same numbers.

    ``name`` is how it was written, ``origin`` where it can be looked at again: a file or the array itself.
    """

    name: str = field(compare=False)
    key: str
    origin: Path | Array = field(compare=False, repr=False)
    store: Store = field(compare=False, repr=False)
    index: int = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.name

    @property
    def length(self) -> int:
        """Its number of frames."""
        return int(self.store.lengths[self.index])

    @property
    def shape(self) -> tuple[int, int] | None:
        """Rows and columns, where its frames lie in two dimensions."""
        if self.store.shapes is None:
            return None
        rows, columns = self.store.shapes[self.index].tolist()
        return rows, columns


def from_files(
    names: Sequence[str], column: Column, base: Path | None, *, live: bool, workers: int, told: Told | None = None
) -> tuple[list[Media], dict[int, str]]:
    """Media of these files, relative to ``base``; and what is wrong with some of them, by place. Each file is read once."""
    places: dict[Path, int] = {}
    paths = [Path(name) if base is None else base / name for name in names]
    numbers = [places.setdefault(path, len(places)) for path in paths]
    made = prepare(kind(column), list(places), live=live, workers=workers, told=told)
    items = [
        Media(name, str(path), path, made.store, number)
        for name, path, number in zip(names, paths, numbers, strict=True)
    ]
    return items, {row: made.problems[number] for row, number in enumerate(numbers) if number in made.problems}


def from_arrays(
    given: Sequence[Given], column: Column, base: Path | None, workers: int
) -> tuple[list[Media], dict[int, str]]:
    """Media of arrays, and of files among them, kept in memory."""
    sources = [_path(each, base) if isinstance(each, str) else each for each in given]
    made = gather(kind(column), sources, workers)
    return [_media(source, made, number) for number, source in enumerate(sources)], made.problems


def _path(name: str, base: Path | None) -> Path:
    return Path(name) if base is None else base / name


def _media(source: Path | Array, made: Made, number: int) -> Media:
    if isinstance(source, Path):
        return Media(str(source), str(source), source, made.store, number)
    digest = fingerprint(source)
    name = f"array {digest[:8]} ({' × '.join(map(str, source.shape))})"
    return Media(name, digest, source, made.store, number)


def fingerprint(array: Array) -> str:
    """A name that the numbers of an array decide."""
    plain = np.ascontiguousarray(array)
    head = f"{plain.dtype.str} {plain.shape}\0".encode()
    return hashlib.blake2b(head + plain.tobytes(), digest_size=16).hexdigest()


def column_of(items: Sequence[object]) -> FrameColumn:
    """Media of one store as a column for batches.

    Raises:
        TypeError: there is none, or something is no medium, or of another store.
    """
    found = [item for item in items if isinstance(item, Media)]
    if not found or len(found) != len(items) or any(item.store is not found[0].store for item in found):
        raise TypeError("frames of a column come from one store")
    return FrameColumn(found[0].store, np.array([item.index for item in found], dtype=np.int64))


def settled(column: Column, items: Sequence[object]) -> Column:
    """The column with what only the data can say: how many features its arrays have, and whether they lie on a grid."""
    found = next((item for item in items if isinstance(item, Media)), None)
    if column.unit != "vectors" or found is None:
        return column
    grid = found.store.shapes is not None
    features = found.store.features // (1 if grid else column.said("join"))
    return column.model_copy(update={"features": features, "grid": grid})

