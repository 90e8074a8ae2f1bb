"""Arrays of numbers as frames: time × features, or height × width × features such as a network's for a picture."""

import math
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heedful.contracts import Frames
from heedful.data.frames import Array, BadFramesError, Framed, Kind, Look, checked_file, joined
from heedful.data.pictures import grid_labels

MOST_BYTES = 1 << 30
"""An archive that unpacks to more than this is not opened."""
MOST_FEATURES = 65_536
"""Numbers in a frame: as many as a recipe's ``features`` may say."""


class Vectors(Kind):
    """A matrix has a frame a row; an array of three axes is a grid of them. All sources of a column are of one form."""

    def frame(self) -> Frames:
        """A vector."""
        join = 1 if self.column.grid else self.column.said("join")
        return Frames(1, (self.column.features or 1) * join, grid=bool(self.column.grid))

    def open(self, path: Path) -> Array:
        """The array of a ``.npy`` file, or the only one of a ``.npz``."""
        checked_file(path)
        try:
            if zipfile.is_zipfile(path):
                return _only(path)
            # Mapped, so that its head can be judged before anything is read; objects, which are pickled, are refused.
            return np.lib.format.open_memmap(path, mode="r")
        except BadFramesError:
            raise
        except Exception as error:  # noqa: BLE001 (numpy's and zipfile's errors for bytes that make no sense)
            said = str(error).splitlines()[0].rstrip(".") if str(error) else repr(error)
            raise BadFramesError(f"is damaged, or no array of numbers ({said})") from None

    def take(self, array: Array) -> Framed:
        """The frames, as single-precision numbers.

        Raises:
            BadFramesError: it has another number of axes or features than the column, or holds what is no finite number.
        """
        array = np.asarray(array) if not isinstance(array, np.ndarray) else array
        if array.dtype.kind not in "fiub" or array.ndim not in (2, 3):
            raise BadFramesError(
                f"is an array of {array.dtype} of the shape {array.shape}; "
                "frames are numbers (time, features) or (height, width, features)"
            )
        grid = array.ndim == 3
        if self.column.grid is not None and grid != self.column.grid:
            axes = 3 if self.column.grid else 2
            raise BadFramesError(f"has {array.ndim} axes, and the others of its column have {axes}")
        if self.column.features not in (None, array.shape[-1]):
            raise BadFramesError(f"has {array.shape[-1]} features, and the column has {self.column.features}")
        if not 1 <= array.shape[-1] <= MOST_FEATURES:
            raise BadFramesError(f"has {array.shape[-1]:,} features; a frame has 1 to {MOST_FEATURES:,}")
        shape = (array.shape[0], array.shape[1]) if grid else None
        self.allow(
            math.prod(array.shape[:2]) if grid else -(-len(array) // self.column.said("join"))
        )  # before any copy
        with np.errstate(over="ignore"):  # what is too large for single precision is not finite
            values = np.array(array.reshape(-1, array.shape[-1]), dtype=np.float32)
        if not np.isfinite(values).all():
            raise BadFramesError("holds numbers that are not finite")
        if not grid:
            values = joined(values[:, None], self.column.said("join")).reshape(
                -1, values.shape[1] * self.column.said("join")
            )
        return Framed(values, shape)

    def look(self, array: Array) -> Look:
        """Nothing to see in numbers."""
        return Look(None)

    def labels(self, spans: NDArray[np.float32], framed: int) -> list[str]:
        """Numbers of the frames, from zero; row and column on a grid, from one."""
        if self.column.grid:
            return grid_labels(spans)
        wide = framed * self.column.said("join")
        names: list[str] = []
        for left, _, right, _ in spans.tolist():
            first, last = round(left * wide), round(right * wide) - 1
            names.append(f"{first}-{last}" if last > first else str(first))
        return names


def _only(path: Path) -> Array:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) != 1:
            names = ", ".join(member.filename for member in members[:5])
            raise BadFramesError(f"holds {len(members)} arrays ({names}), and a source is one")
        if members[0].file_size > MOST_BYTES:
            raise BadFramesError(f"unpacks to {members[0].file_size:,} bytes, more than {MOST_BYTES:,}")
        with archive.open(members[0]) as file:
            return np.lib.format.read_array(file, allow_pickle=False)
