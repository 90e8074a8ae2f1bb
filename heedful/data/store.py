"""Frames of many sources: prepared once and mapped into memory, or anew for every batch; padded like ids.

What is prepared stands in the user's cache folder under a name that the files (path, size, time of change) and the
column's settings decide. Two processes may prepare the same: each writes beside, and renames.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heedful.data.frames import BadFramesError, Framed, Kind, Values
from heedful.data.media import Array, Measured, Told
from heedful.errors import HeedfulError

Rows = NDArray[np.int64]
FORMAT = 1
ROOM = 20 << 30
"""Bytes that prepared frames may take in the cache folder; the longest unused leave first."""
LEFT = 86_400
"""Seconds without a change after which a file that is being written is nobody's any more."""
AHEAD = 64
"""Sources that are read ahead while frames are prepared: what bounds the memory."""


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
        self._coming = {row: each for row, each in self._coming.items() if row not in set(rows.tolist())}
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


class Made(NamedTuple):
    """A store, and what is wrong with the sources that are not in it (they have no frames there)."""

    store: Store
    problems: dict[int, str]


def gather(kind: Kind, sources: Sequence[Array | Path], workers: int = 2) -> Made:
    """Frames of arrays from Python, or of files, kept in memory."""
    forms = _Forms(kind)
    parts = [values for values in map(forms.add, _each(kind, sources, workers)) if values is not None]
    values = np.concatenate(parts) if parts else np.zeros((0, forms.width), kind.dtype)
    return Made(Kept(values, forms.offsets, forms.shapes, kind.scale), forms.problems)


def prepare(kind: Kind, paths: Sequence[Path], *, live: bool, workers: int, told: Told | None = None) -> Made:
    """Frames of files, all of them looked at: read from the cache folder, prepared there, or read anew for each batch.

    Where nothing can be written they stay in memory.
    """
    if live:
        return _live(kind, paths, workers, told)
    place = cache_folder()
    key = _key(kind, paths)
    if place is not None and (found := _stored(place, key, kind)) is not None:
        return found
    if place is not None:
        try:
            return _prepared(kind, paths, place, key, workers, told)
        except OSError:  # a full or read-only disk: memory has to do
            pass
    return gather(kind, paths, workers)


def cache_folder() -> Path | None:
    """Where prepared frames are kept; None where no folder can be made."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        home = named if named.is_absolute() else Path("~/.cache").expanduser()
        folder = home / "heedful" / "frames"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None


def _each(
    kind: Kind, sources: Sequence[Array | Path], workers: int, told: Told | None = None
) -> Iterator[Framed | str]:
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


class _Forms:
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


def _live(kind: Kind, paths: Sequence[Path], workers: int, told: Told | None) -> Made:
    forms = _Forms(kind)
    for found in _each(kind, paths, workers, told):
        forms.add(found)
    store = Live(kind, paths, np.array(forms.lengths, dtype=np.int64), forms.shapes, forms.width, workers)
    return Made(store, forms.problems)


def _prepared(kind: Kind, paths: Sequence[Path], place: Path, key: str, workers: int, told: Told | None) -> Made:
    """Writes the frames beside and renames; the index comes last, so that a store is whole or is not there."""
    _make_room(place)
    forms = _Forms(kind)
    with _beside(place / f"{key}.frames") as file:
        for found in _each(kind, paths, workers, told):
            if (values := forms.add(found)) is not None:
                file.write(np.ascontiguousarray(values, dtype=kind.dtype).tobytes())
    index = {
        "format": FORMAT, "width": forms.width, "lengths": forms.lengths,
        "shapes": None if forms.shapes is None else forms.shapes.tolist(),
        "problems": {str(number): why for number, why in forms.problems.items()},
    }  # fmt: skip
    with _beside(place / f"{key}.json") as file:
        file.write(json.dumps(index).encode())
    made = _stored(place, key, kind)
    if made is None:
        raise OSError("what was written is not there")
    return made


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the target's place once it is whole."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _stored(place: Path, key: str, kind: Kind) -> Made | None:
    """What is kept under this name, if it is whole."""
    index, frames = place / f"{key}.json", place / f"{key}.frames"
    try:
        record = json.loads(index.read_text(encoding="utf-8"))
        lengths = np.array(record["lengths"], dtype=np.int64)
        total, width = int(lengths.sum()), int(record["width"])
        if record["format"] != FORMAT or frames.stat().st_size != total * width * np.dtype(kind.dtype).itemsize:
            return None
        shapes = None if record["shapes"] is None else np.array(record["shapes"], dtype=np.int64).reshape(-1, 2)
        values = (
            np.memmap(frames, dtype=kind.dtype, mode="r", shape=(total, width))
            if total
            else np.zeros((0, width), kind.dtype)
        )
        with contextlib.suppress(OSError):
            os.utime(frames)  # used today
        problems = {int(number): str(why) for number, why in record["problems"].items()}
    except Exception:  # noqa: BLE001 (whatever an index that makes no sense leads to: it is prepared anew)
        return None
    return Made(Kept(values, np.concatenate([[0], np.cumsum(lengths)]), shapes, kind.scale), problems)


def _key(kind: Kind, paths: Sequence[Path]) -> str:
    """A name that changes whenever frames would."""
    digest = hashlib.blake2b(digest_size=16)
    column = kind.column.model_copy(update={"column": 1})
    digest.update(f"{FORMAT} {column.model_dump_json()}".encode())
    for path in paths:
        try:
            status = path.stat()
            digest.update(
                f"{path.absolute()}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape")
            )
        except (OSError, ValueError):
            digest.update(f"{path}\0missing\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _make_room(place: Path) -> None:
    """Drops the longest unused stores where all of them take more than their room, or a disk is nearly full."""
    with contextlib.suppress(OSError):
        for left in place.glob(".*"):  # by a process that was killed while it wrote
            if time.time() - left.stat().st_mtime > LEFT:
                left.unlink(missing_ok=True)
        stores = sorted(place.glob("*.frames"), key=lambda path: path.stat().st_mtime)
        taken = sum(path.stat().st_size for path in stores)
        for path in stores:
            if taken <= ROOM and shutil.disk_usage(place).free > 1 << 30:
                break
            taken -= path.stat().st_size
            path.with_suffix(".json").unlink(missing_ok=True)
            path.unlink(missing_ok=True)  # whoever has it mapped keeps it
