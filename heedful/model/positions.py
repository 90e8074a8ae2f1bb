"""How one column's units or frames become vectors at positions: embeddings, and projections of frames."""

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from numpy.typing import NDArray
from torch import Tensor, nn

from heedful.contracts import Frames
from heedful.model.settings import ModelSettings

Read = tuple[Float[Tensor, "batch position features"], Bool[Tensor, "batch position"]]
"""Vectors, and which of them are real; the real ones come first."""


def embedding(size: int, features: int) -> nn.Embedding:
    """An embedding whose vectors have about unit norm."""
    table = nn.Embedding(size, features)
    nn.init.normal_(table.weight, std=features**-0.5)
    return table


class Reader(nn.Module, ABC):
    """One column of a source: from its units or frames to vectors of ``features`` numbers.

    A reader that gives fewer positions than it gets frames says in ``spans`` which frames each of them covers, so that a
    map finds its way back.
    """

    @classmethod
    @abstractmethod
    def of(cls, column: int | Frames, features: int, settings: ModelSettings) -> Self:
        """A reader for units of a vocabulary of this size, or for frames like these.

        Raises:
            ValueError: it can't read them; the message says which can.
        """

    @abstractmethod
    def forward(
        self,
        values: Shaped[Tensor, "batch frame ..."],
        real: Bool[Tensor, "batch frame"],
        shape: Int[Tensor, "batch 2"] | None = None,
    ) -> Read:
        """Vectors of every position; what stands on padding is of no meaning."""

    def spans(self, frames: int, shape: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """What each position covers, (position, 4): left, top, right, bottom as shares of the source's width and height.

        ``shape`` has the rows and columns of a source whose frames lie in two dimensions.
        """
        rows, columns = shape or (1, frames)
        row, column = np.divmod(np.arange(rows * columns, dtype=np.float32), max(1, columns))
        sides = (column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
        return np.stack(sides, axis=1).astype(np.float32)


class Embedding(Reader):
    """A vector for every unit of a vocabulary; they begin with about unit norm."""

    def __init__(self, size: int, features: int) -> None:
        super().__init__()
        self.weight = embedding(size, features).weight

    @classmethod
    def of(cls, column: int | Frames, features: int, settings: ModelSettings) -> Self:
        """For a vocabulary of this size.

        Raises:
            ValueError: the column has frames, which no table can list.
        """
        if isinstance(column, Frames):
            raise ValueError("an embedding is for units, and this column has frames; use reader = 'projection'")  # noqa: TRY004
        return cls(column, features)

    def forward(
        self,
        values: Shaped[Tensor, "batch frame ..."],
        real: Bool[Tensor, "batch frame"],
        shape: Int[Tensor, "batch 2"] | None = None,
    ) -> Read:
        """The vectors of these units."""
        return nn.functional.embedding(values, self.weight), real


class Projection(Reader):
    """W x + b of ``subsampling`` neighbouring frames x, normalised; with the place, where frames lie in two dimensions."""

    def __init__(self, frames: Frames, features: int, settings: ModelSettings) -> None:
        super().__init__()
        self.join = 1 if frames.grid else settings.subsampling or 1
        self.linear = nn.Linear(frames.features * self.join, features)
        self.norm = nn.LayerNorm(features)
        self.grid = frames.grid

    @classmethod
    def of(cls, column: int | Frames, features: int, settings: ModelSettings) -> Self:
        """For frames like these."""
        return cls(framed(column, "projection"), features, settings)

    def forward(
        self,
        values: Shaped[Tensor, "batch frame ..."],
        real: Bool[Tensor, "batch frame"],
        shape: Int[Tensor, "batch 2"] | None = None,
    ) -> Read:
        """Vectors of every position."""
        values, real = joined(values * real[..., None], real, self.join)
        vectors = self.norm(self.linear(values))
        if self.grid and shape is not None:
            at = torch.arange(values.shape[1], device=values.device)
            columns = shape[:, 1:].clamp(min=1)
            vectors = vectors + place(at // columns, at % columns, vectors.shape[2])
        return vectors, real

    def spans(self, frames: int, shape: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """Neighbours joined, or the cells of a grid."""
        return super().spans(frames, shape) if self.grid else spread(frames, self.join)


def framed(column: int | Frames, name: str) -> Frames:
    """The column's frames.

    Raises:
        ValueError: it has units instead.
    """
    if not isinstance(column, Frames):
        raise ValueError(f"reader = {name!r} is for frames, and this column has units; leave it out")  # noqa: TRY004
    return column


def joined(
    values: Float[Tensor, "batch frame features"], real: Bool[Tensor, "batch frame"], count: int
) -> tuple[Float[Tensor, "batch position joined"], Bool[Tensor, "batch position"]]:
    """``count`` neighbouring frames in one, zeros behind the last."""
    if count == 1:
        return values, real
    missing = -values.shape[1] % count
    values = nn.functional.pad(values, (0, 0, 0, missing))
    real = nn.functional.pad(real, (0, missing))
    return values.reshape(len(values), -1, count * values.shape[2]), real[:, ::count]


def spread(frames: int, count: int, *, middle: bool = False) -> NDArray[np.float32]:
    """Boxes over the whole height, each ``count`` frames wide, which begin there or have their ``middle`` there.

    The first and the last are as wide as what there is.
    """
    first = np.arange(0, frames, count, dtype=np.float32)
    edges = np.append(np.maximum(first - count // 2 if middle else first, 0), np.float32(frames))
    zero, one = np.zeros_like(first), np.ones_like(first)
    sides = (edges[:-1] / frames, zero, edges[1:] / frames, one)
    return np.stack(sides, axis=1).astype(np.float32)


def place(
    row: Int[Tensor, "batch position"], column: Int[Tensor, "batch position"], features: int
) -> Float[Tensor, "batch position features"]:
    """Where a position lies, in sines: half of the features for its row, half for its column (Vaswani 2017, 3.5, twice)."""
    half = features // 2
    parts = [_waves(row, half), _waves(column, features - half)]
    return torch.cat(parts, dim=2)


def _waves(number: Int[Tensor, "batch position"], features: int) -> Float[Tensor, "batch position features"]:
    rates = 1000 ** (-torch.arange(0, features, 2, device=number.device, dtype=torch.float32) / max(1, features))
    angles = number[..., None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=2)[..., :features]
