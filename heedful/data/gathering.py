"""Files and arrays into the media of a column: their frames in one store, and what is wrong with some of them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from heedful.data.cache import prepare
from heedful.data.frames import kind
from heedful.data.media import Array, Given, Media, Told
from heedful.data.reading import Made, gather
from heedful.data.settings import Column
from heedful.data.store import FrameColumn, Store


def from_files(
    names: Sequence[str], column: Column, base: Path | None, *, live: bool, workers: int, told: Told | None = None
) -> tuple[list[Media], dict[int, str]]:
    """Media of these files, relative to ``base``; and what is wrong with some of them, by place. Each file is read once."""
    places: dict[Path, int] = {}
    paths = [Path(name) if base is None else base / name for name in names]
    numbers = [places.setdefault(path, len(places)) for path in paths]
    made = prepare(kind(column), list(places), anew=live, workers=workers, told=told)
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
    store = found[0].store if found else None
    if not isinstance(store, Store) or len(found) != len(items) or any(item.store is not store for item in found):
        raise TypeError("frames of a column come from one store")
    return FrameColumn(store, np.array([item.index for item in found], dtype=np.int64))
