"""Frames of many sources: in one piece, in memory or mapped from a file, or read anew for every batch; padded like ids."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heedful.data.frames import BadFramesError, Framed, Kind
from heedful.data.media import Measured
from heedful.errors import HeedfulError

Rows = NDArray[np.int64]


class Padded(NamedTuple):
    """Frames of some sources side by side: numbers (batch, frame, features), what is real, rows and columns of a grid."""

    values: Tensor
    real: Tensor
    shape: Tensor | None


@runtime_checkable
class Store(Measured, Protocol):
    """Frames of numbered sources."""

    def pad(self, rows: Rows) -> Padded:
        """These sources, zeros behind their ends."""
        ...

    def ahead(self, rows: Rows) -> None:
        """These sources will be asked for next."""
        ...


@dataclass(frozen=True, eq=False)
class Kept:
    """Frames end to end, in memory or mapped from a file: ``values[offsets[source]:offsets[source + 1]]``."""

    values: NDArray[np.generic]
    offsets: NDArray[np.int64]
    shapes: NDArray[np.int64] | None
    scale: float

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each source."""
        return np.diff(self.offsets)

    @property
    def features(self) -> int:
        """Numbers in a frame."""
        return self.values.shape[1]

    def pad(self, rows: Rows) -> Padded:
        """These sources, zeros behind their ends."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        positions = np.arange(lengths.max(initial=0), dtype=np.int64)
        real = positions < lengths[:, None]
        found = np.zeros((*real.shape, self.values.shape[1]), dtype=self.values.dtype)
        found[real] = self.values[(starts[:, None] + positions)[real]]
        shape = None if self.shapes is None else torch.from_numpy(self.shapes[rows])
        return Padded(torch.from_numpy(found).to(torch.float32) * self.scale, torch.from_numpy(real), shape)

    def ahead(self, rows: Rows) -> None:
        """Nothing: the system reads mapped files ahead by itself."""


@dataclass(eq=False)
class Live:
    """Frames read anew whenever they are asked for, by ``workers`` threads; the next batch while the present one is used."""

    kind: Kind
    paths: Sequence[Path]
    lengths: NDArray[np.int64]
    shapes: NDArray[np.int64] | None
    features: int
    workers: int
    _pool: ThreadPoolExecutor | None = field(default=None, init=False, repr=False)
    _coming: dict[int, "Future[Framed]"] = field(default_factory=dict, init=False, repr=False)

    def pad(self, rows: Rows) -> Padded:
        """These sources, zeros behind their ends.

        Raises:
            HeedfulError: a file changed since it was looked at first.
        """
        self._ask(rows)
        found = [self._coming[row] for row in rows.tolist()]
        lengths = self.lengths[rows]
        values = np.zeros((len(rows), int(lengths.max(initial=0)), self.features), dtype=self.kind.dtype)
        for row, (each, length, waited) in enumerate(zip(rows.tolist(), lengths.tolist(), found, strict=True)):
            try:
                frames = waited.result().values
            except BadFramesError as error:
                raise HeedfulError(f"{self.paths[each]}: {error}; it could be read before training") from None
            if self._changed(each, waited.result()):
                raise HeedfulError(f"{self.paths[each]}: has changed since training began; start again")
            values[row, :length] = frames
        used = set(rows.tolist())
        self._coming = {row: each for row, each in self._coming.items() if row not in used}
        real = torch.from_numpy(np.arange(values.shape[1]) < lengths[:, None])
        shape = None if self.shapes is None else torch.from_numpy(self.shapes[rows])
        return Padded(torch.from_numpy(values).to(torch.float32) * self.kind.scale, real, shape)

    def ahead(self, rows: Rows) -> None:
        """Begins to read these sources."""
        self._ask(rows)

    def _changed(self, source: int, found: Framed) -> bool:
        shape = None if self.shapes is None else tuple(self.shapes[source].tolist())
        return found.values.shape != (self.lengths[source], self.features) or found.shape != shape

    def _ask(self, rows: Rows) -> None:
        self._pool = self._pool or ThreadPoolExecutor(self.workers, thread_name_prefix="heedful-frames")
        for row in rows.tolist():
            if row not in self._coming:
                self._coming[row] = self._pool.submit(self.kind.read, self.paths[row])


@dataclass(frozen=True)
class FrameColumn:
    """Some sources of a store, by number: a column of frames among columns of ids."""

    store: Store
    index: Rows

    def __len__(self) -> int:
        return len(self.index)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each source."""
        return self.store.lengths[self.index]

    def pad(self, rows: Rows) -> Padded:
        """These rows, zeros behind their ends."""
        return self.store.pad(self.index[rows])

    def ahead(self, rows: Rows) -> None:
        """These rows will be asked for next."""
        self.store.ahead(self.index[rows])

    def told(self) -> Iterator[bytes]:
        """All that a fingerprint of the data has to know: lengths, and the frames of a few sources."""
        yield self.lengths.tobytes()
        few = np.linspace(0, len(self) - 1, min(len(self), 64)).astype(np.int64)
        yield self.pad(few).values.numpy().tobytes()
