"""Sources that are no text: a picture, a sound or an array becomes frames, a matrix with one row a frame.

A kind of frames says how a file is read; what comes out is kept in ``store.py`` and padded into batches like ids.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heedful.contracts import Frames
from heedful.data.media import Array
from heedful.data.settings import Column, DataSettings
from heedful.data.vocabulary import Vocabulary

Values = NDArray[np.generic]


class BadFramesError(ValueError):
    """A file or array that can't be read as frames; the message says why, to stand behind its name."""


class Framed(NamedTuple):
    """The frames of one source (frame, features), and their rows and columns where they lie in two dimensions."""

    values: Values
    shape: tuple[int, int] | None = None


class Look(NamedTuple):
    """A source as people see it: ``pixels`` (height, width, 3) in red, green and blue, None where there is nothing to see."""

    pixels: NDArray[np.uint8] | None
    seconds: float | None = None


class Kind(ABC):
    """One kind of frames, as a column's settings want them.

    Frames are kept as ``dtype`` and multiplied by ``scale`` when a batch is made; zero is the paper, or the mean.
    """

    scale: ClassVar[float] = 1.0
    dtype: ClassVar[type[np.generic]] = np.float32
    seen_as: ClassVar[Literal["picture", "spectrogram", "vectors"]] = "vectors"

    def __init__(self, column: Column) -> None:
        self.column = column.resolved()

    @abstractmethod
    def frame(self) -> Frames:
        """What one frame is."""

    @abstractmethod
    def open(self, path: Path) -> Array:
        """What a file holds, as ``take`` expects it: pixels, samples, numbers.

        Raises:
            BadFramesError: the file is damaged, too large, or of another kind. MissingPackageError: the package that
                reads such files is not installed.
        """

    @abstractmethod
    def take(self, array: Array) -> Framed:
        """The frames of what ``open`` gave, or of an array from Python.

        Raises:
            BadFramesError: it is empty, too large, or of another shape.
        """

    @abstractmethod
    def look(self, array: Array) -> Look:
        """The same as people see it."""

    @abstractmethod
    def labels(self, spans: NDArray[np.float32], framed: int) -> list[str]:
        """A name for every position, from what it covers (``Reader.spans``) of a source of so many frames."""

    def stretch(self, array: Array, framed: int, shape: tuple[int, int] | None) -> float:
        """How much wider its frames are than the source itself, which the last of them may have been filled up from."""
        return 1.0

    def read(self, path: Path) -> Framed:
        """The frames of a file, see ``open`` and ``take``."""
        return self.take(self.open(path))

    def limited(self, framed: Framed) -> Framed:
        """The same frames.

        Raises:
            BadFramesError: there are none, or more than ``max_frames``.
        """
        self.allow(len(framed.values))
        return framed

    def allow(self, count: int) -> None:
        """Refuses so many frames, which need not be made for it.

        Raises:
            BadFramesError: there are none, or more than ``max_frames``.
        """
        most = self.column.said("max_frames")
        if count == 0:
            raise BadFramesError("is empty: it gives no frame")
        if count > most:
            raise BadFramesError(f"gives {count:,} frames, more than max_frames = {most:,}")


def checked_file(path: Path) -> None:
    """Refuses what is no file, before anybody waits for a pipe or reads a device.

    Raises:
        BadFramesError: it is missing, a folder, or no regular file.
    """
    try:
        if not path.exists():
            raise BadFramesError("no such file")
        if path.is_dir():
            raise BadFramesError("is a folder")
        if not path.is_file():
            raise BadFramesError("is no regular file")
        if not os.access(path, os.R_OK):
            raise BadFramesError("can't be read (permission denied)")
        if path.stat().st_size == 0:
            raise BadFramesError("is empty: a file of 0 bytes")
    except (OSError, ValueError) as error:
        if isinstance(error, BadFramesError):
            raise
        raise BadFramesError(f"can't be read ({error})") from None  # a NUL in the path, a folder without permission


def joined(values: Values, count: int) -> Values:
    """(frame, height, depth) with ``count`` neighbours in one frame, side by side in depth; zeros behind the last."""
    if count == 1:
        return values
    missing = -len(values) % count
    values = np.pad(values, ((0, missing), (0, 0), (0, 0)))
    frames, height, depth = len(values) // count, values.shape[1], values.shape[2]
    return values.reshape(frames, count, height, depth).swapaxes(1, 2).reshape(frames, height, count * depth)


def _columns(column: Column) -> Kind:
    from heedful.data.pictures import (
        PictureColumns,
    )  # here and below: settings and help know names, and read no picture

    return PictureColumns(column)


def _patches(column: Column) -> Kind:
    from heedful.data.pictures import PicturePatches

    return PicturePatches(column)


def _log_mel(column: Column) -> Kind:
    from heedful.data.sound import LogMel

    return LogMel(column)


def _vectors(column: Column) -> Kind:
    from heedful.data.arrays import Vectors

    return Vectors(column)


FRAMES: dict[str, Callable[[Column], Kind]] = {
    "columns": _columns,
    "patches": _patches,
    "log-mel": _log_mel,
    "vectors": _vectors,
}


def kind(column: Column) -> Kind:
    """How this column's files are read."""
    return FRAMES[column.unit](column)


def contents(settings: DataSettings, vocabularies: Sequence[Vocabulary]) -> list[int | Frames]:
    """What every source column holds, as a network wants to know it: the size of a vocabulary, or frames."""
    return [
        kind(column).frame() if column.framed else len(vocabulary)
        for column, vocabulary in zip(settings.source, vocabularies, strict=True)
    ]
