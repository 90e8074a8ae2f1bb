"""How a source position becomes a vector, and several columns one sequence."""

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.contracts import Frames, Source
from heedful.model.convolution import Convolution, Grid
from heedful.model.positions import Embedding, Projection, Reader
from heedful.model.settings import ModelSettings

Column = int | Frames
"""A column of units, by the size of its vocabulary; or of frames."""


READERS: dict[str, type[Reader]] = {
    "embedding": Embedding,
    "projection": Projection,
    "convolution": Convolution,
    "grid": Grid,
}


def reader(column: Column, settings: ModelSettings) -> Reader:
    """The reader of a column: a table for units; for frames what the settings say.

    Raises:
        ValueError: the reader can't read such frames.
    """
    name = settings.reader_of(framed=isinstance(column, Frames), tall=isinstance(column, Frames) and _tall(column))
    return READERS[name].of(column, settings.embedding_size, settings)


def _tall(frames: Frames) -> bool:
    return frames.height > 1 and not frames.grid


class Columns(nn.Module):
    """All columns of a source: each with a reader of its own; columns follow one another, padding last."""

    def __init__(self, columns: Sequence[Column], settings: ModelSettings) -> None:
        super().__init__()
        self.tables = nn.ModuleList(reader(column, settings) for column in columns)

    def each(self) -> Sequence[Reader]:
        """The readers, in the order of the columns."""
        return [cast("Reader", each) for each in self.tables]

    def forward(
        self, source: Source
    ) -> tuple[Float[Tensor, "batch position features"], Bool[Tensor, "batch position"]]:
        """Vectors and what is real in them; a row's real positions come first, in column order."""
        read = [
            each(values, real, source.shape(place))
            for place, (each, values, real) in enumerate(zip(self.tables, source.columns, source.real, strict=True))
        ]
        if len(read) == 1:
            return read[0]
        joined, real = torch.cat([each for each, _ in read], dim=1), torch.cat([each for _, each in read], dim=1)
        longest = int(real.sum(dim=1).max())
        order = torch.argsort(~real, dim=1, stable=True)[:, :longest]
        batch, width, features = joined.shape
        rows = (order + torch.arange(batch, device=order.device)[:, None] * width).flatten()
        packed = joined.reshape(batch * width, features).index_select(0, rows).view(batch, longest, features)
        return packed, real.gather(1, order)
