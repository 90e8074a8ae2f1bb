"""What the rooms agree on: one word for each axis, and all that search may know of a model.

Axes: ``batch`` sentences, ``column`` source columns, ``position`` what the encoder keeps of the source,
``time`` target units, ``query`` decoder states that ask at once (target positions, or the hypotheses of a sentence),
``row`` hypotheses (sentence-major: the hypotheses of a sentence stand together), ``features``, ``vocab``.
"""

from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

from heedful.reserved import END, PAD, RESERVED, START, UNKNOWN

__all__ = [
    "END", "PAD", "RESERVED", "START", "UNKNOWN", "Frames", "Memory", "Real", "Source", "Step", "Stepper", "Weights",
]  # fmt: skip

Real: TypeAlias = Bool[Tensor, "batch position"]
"""True where a real position stands. There is no other mask polarity."""
Memory: TypeAlias = Float[Tensor, "batch position features"]
"""What the encoder says: every hidden state of its top layer."""
Weights: TypeAlias = Float[Tensor, "row position"]
"""Attention: rows sum to one and are zero on padding."""


class Frames(NamedTuple):
    """What one frame of a source column is: ``height`` rows of ``depth`` numbers each, row by row.

    A column of a picture has its pixels as rows and its colours as depth; a frame of sound its bands as rows; a plain
    vector is one row. ``grid`` says that the frames of a source lie in two dimensions, in reading order.
    """

    height: int
    depth: int
    grid: bool = False

    @property
    def features(self) -> int:
        """Numbers in a frame."""
        return self.height * self.depth


class Source(NamedTuple):
    """A padded batch of sources: a tensor a column, and what is real in it.

    A column of units is ids (batch, position), a column of frames numbers (batch, position, features). ``shapes`` has
    the rows and columns (batch, 2) of a column whose frames lie in two dimensions, None for others; it may be left out
    where there is none.
    """

    columns: tuple[Int[Tensor, "batch _"] | Float[Tensor, "batch _ _"], ...]
    real: tuple[Bool[Tensor, "batch _"], ...]
    shapes: tuple[Int[Tensor, "batch 2"] | None, ...] = ()

    def shape(self, column: int) -> Int[Tensor, "batch 2"] | None:
        """Rows and columns of each source in this column, or None where its frames follow one another."""
        return self.shapes[column] if self.shapes else None


H = TypeVar("H")
"""What is held for each sentence (memory, keys, real): nested tuples of batch-first tensors."""
S = TypeVar("S")
"""What moves with each hypothesis (recurrent states): nested tuples of row-first tensors."""


class Step(NamedTuple, Generic[S]):
    """One decoding step of every hypothesis.

    ``logits`` are up to a constant a row, so log-probabilities qualify; search takes the top of them and one
    logsumexp. ``weights`` is None without attention.
    """

    logits: Float[Tensor, "row vocab"]
    state: S
    weights: Float[Tensor, "row position"] | None


@runtime_checkable
class Stepper(Protocol[H, S]):
    """All that search knows about a model.

    The number of rows in a step divided by the number of sentences held is the number of hypotheses a sentence has;
    rows are sentence-major.
    """

    def start(self, source: Source) -> tuple[H, S]:
        """Reads the source: what is held for each sentence, and a start state with one row a sentence."""
        ...

    def step(
        self, previous: Int[Tensor, "row"], held: H, state: S, attend_to: Float[Tensor, "row position"] | None = None
    ) -> Step[S]:
        """Takes the previous unit of every hypothesis one step on; ``attend_to`` puts attention where it says."""
        ...

    def select(self, state: S, rows: Int[Tensor, "chosen"]) -> S:
        """The states of these rows, in this order: hypotheses move; what is held does not."""
        ...

    def keep(self, held: H, sentences: Int[Tensor, "kept"]) -> H:
        """What is held for these sentences: finished ones leave."""
        ...
