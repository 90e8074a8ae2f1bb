"""Sources of frames read one after the other, some ahead, and judged; all of a column have one form."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heedful.data.frames import BadFramesError, Framed, Kind, Values
from heedful.data.media import Array, Told
from heedful.data.store import Kept, Live, Store

AHEAD = 64
"""Sources that are read ahead while frames are prepared: what bounds the memory."""


class Made(NamedTuple):
    """A store, and what is wrong with the sources that are not in it (they have no frames there)."""

    store: Store
    problems: dict[int, str]


def gather(kind: Kind, sources: Sequence[Array | Path], workers: int = 2) -> Made:
    """Frames of arrays from Python, or of files, kept in memory."""
    forms = Forms(kind)
    parts = [values for values in map(forms.add, each(kind, sources, workers)) if values is not None]
    values = np.concatenate(parts) if parts else np.zeros((0, forms.width), kind.dtype)
    return Made(Kept(values, forms.offsets, forms.shapes, kind.scale), forms.problems)


def live(kind: Kind, paths: Sequence[Path], workers: int, told: Told | None) -> Made:
    """Files that are looked at now, and read anew for each batch."""
    forms = Forms(kind)
    for found in each(kind, paths, workers, told):
        forms.add(found)
    store = Live(kind, paths, np.array(forms.lengths, dtype=np.int64), forms.shapes, forms.width, workers)
    return Made(store, forms.problems)


def each(kind: Kind, sources: Sequence[Array | Path], workers: int, told: Told | None = None) -> Iterator[Framed | str]:
    """The frames of every source in order, or what is wrong with it; some are read ahead, by several threads."""

    def read(source: Array | Path) -> Framed | str:
        try:
            return kind.read(source) if isinstance(source, Path) else kind.take(source)
        except BadFramesError as error:
            return str(error)

    with ThreadPoolExecutor(workers) as pool:
        coming: list[Future[Framed | str]] = []
        for number, source in enumerate(sources):
            coming.append(pool.submit(read, source))
            if len(coming) == AHEAD:
                yield coming.pop(0).result()
            if told is not None:
                told(number + 1, len(sources))
        for each in coming:
            yield each.result()


class Forms:
    """Lengths and shapes of sources that come one after the other, and what is wrong with those that can't be used.

    All have the form of the first: one number of features, one number of dimensions.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.lengths: list[int] = []
        self.grids: list[tuple[int, int] | None] = []
        self.problems: dict[int, str] = {}
        self.first: tuple[int, bool] | None = None

    def add(self, found: Framed | str) -> Values | None:
        """The frames to keep of the next source, None where there is something wrong with it."""
        if not isinstance(found, str):
            form = (found.values.shape[1], found.shape is not None)
            self.first = self.first or form
            if form == self.first:
                self.lengths.append(len(found.values))
                self.grids.append(found.shape)
                return found.values
            found = f"has {form[0]} features{_axes(form[1])}, and the first has {self.first[0]}{_axes(self.first[1])}"
        self.problems[len(self.lengths)] = found
        self.lengths.append(0)
        self.grids.append(None)
        return None

    @property
    def width(self) -> int:
        """Features of a frame."""
        return self.kind.frame().features if self.first is None else self.first[0]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each source begins, and where the last one ends."""
        return np.concatenate([[0], np.cumsum(self.lengths, dtype=np.int64)]).astype(np.int64)

    @property
    def shapes(self) -> NDArray[np.int64] | None:
        """Rows and columns (source, 2) of grids."""
        if self.first is None or not self.first[1]:
            return None
        return np.array([grid or (0, 0) for grid in self.grids], dtype=np.int64).reshape(-1, 2)


def _axes(grid: bool) -> str:
    return " on a grid" if grid else ""
