"""Frames prepared once, in a file of the user's cache folder that is mapped into memory.

Its name is decided by the sources (path, size, time of change) and the column's settings, so nothing stale is ever read.
Two processes may prepare the same: each writes beside, and renames.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from heedful.data.frames import BadFramesError, Kind
from heedful.data.media import Told
from heedful.data.reading import Forms, Made, each, gather, live
from heedful.data.store import Kept

FORMAT = 2
ROOM = 20 << 30
"""Bytes that prepared frames may take in the cache folder; the longest unused leave first."""
LEFT = 86_400
"""Seconds without a change after which a file that is being written is nobody's any more."""


def prepare(kind: Kind, paths: Sequence[Path], *, anew: bool, workers: int, told: Told | None = None) -> Made:
    """Frames of files, all of them looked at: read from the cache folder, prepared there, or read anew for each batch.

    Where nothing can be written they stay in memory.
    """
    if anew:
        return live(kind, paths, workers, told)
    place = cache_folder()
    key = _key(kind, paths)
    if place is not None and (found := _stored(place, key, kind)) is not None and _still_bad(kind, paths, found):
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


def _prepared(kind: Kind, paths: Sequence[Path], place: Path, key: str, workers: int, told: Told | None) -> Made:
    """Writes the frames beside and renames; the index comes last, so that a store is whole or is not there."""
    _make_room(place)
    forms = Forms(kind)
    with _beside(place / f"{key}.frames") as file:
        for found in each(kind, paths, workers, told):
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


def _still_bad(kind: Kind, paths: Sequence[Path], found: Made) -> bool:
    """Whether what could not be read still can't: a disk may have failed for a moment, a package may have come."""
    for number in found.problems:
        try:
            kind.read(paths[number])
        except BadFramesError:
            continue
        return False
    return True


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
