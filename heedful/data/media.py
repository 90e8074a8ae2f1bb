"""One picture, sound or array among the sources of a corpus: what it is called, and where its frames are. Loads no torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from heedful.data.settings import Column, DataSettings

Array: TypeAlias = NDArray[Any]
Given: TypeAlias = str | Array
"""How a source column is given: text or the path of a file, or an array."""
Told: TypeAlias = Callable[[int, int], None]
"""Is told how many of how many sources are prepared."""


class Measured(Protocol):
    """What is known of the frames of numbered sources without looking at them."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Frames of each source."""
        ...

    @property
    def shapes(self) -> NDArray[np.int64] | None:
        """Rows and columns (source, 2), where frames lie in two dimensions."""
        ...

    @property
    def features(self) -> int:
        """Numbers in a frame."""
        ...


@dataclass(frozen=True)
class Media:
    """A source that is no text. Two are equal where they are one file, or arrays with the same numbers.

    ``name`` is how it was written, ``origin`` where it can be looked at again: a file or the array itself.
    """

    name: str = field(compare=False)
    key: str
    origin: Path | Array = field(compare=False, repr=False)
    store: Measured = field(compare=False, repr=False)
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


def settled(column: Column, items: Sequence[object]) -> Column:
    """The column with what only the data can say: how many features its arrays have, and whether they lie on a grid."""
    found = next((item for item in items if isinstance(item, Media)), None)
    if column.unit != "vectors" or found is None:
        return column
    grid = found.store.shapes is not None
    features = found.store.features // (1 if grid else column.said("join"))
    return column.model_copy(update={"features": features, "grid": grid})


def settled_data(settings: DataSettings, sources: Sequence[Sequence[object]]) -> DataSettings:
    """The settings with every column settled by what was read: what comes next has to be of the same form."""
    columns = tuple(
        settled(column, [sources[0][place]]) if column.framed and sources else column
        for place, column in enumerate(settings.source)
    )
    return settings.model_copy(update={"source": columns})
