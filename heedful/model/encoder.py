"""Source to memory (every hidden state) and final state."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.contracts import Source
from heedful.model.cells import CELLS, State
from heedful.model.positions import Read
from heedful.model.reader import Column, Columns
from heedful.model.recurrent import LockedDropout, Recurrent
from heedful.model.settings import ModelSettings


class Encoded(NamedTuple):
    """What the encoder hands over: all hidden states, what is real in them, and the final state of every layer."""

    memory: Float[Tensor, "batch position features"]
    real: Bool[Tensor, "batch position"]
    final: tuple[State, ...]


class Encoder(nn.Module):
    """Reads the source item by item, updating its hidden state."""

    def __init__(self, settings: ModelSettings, columns: Sequence[Column]) -> None:
        super().__init__()
        self.reader = Columns(columns, settings)
        self.dropout = LockedDropout(settings.dropout)
        self.size = settings.encoder_size or settings.hidden_size
        self.recurrent = Recurrent(
            CELLS[settings.encoder_cell or settings.cell],
            settings.embedding_size,
            self.size,
            settings.encoder_layers or settings.num_layers,
            settings.bidirectional,
            settings.dropout,
            settings.read_backwards,
        )

    def forward(self, source: Source) -> Encoded:
        """Every hidden state of the top layer, and the final states of all layers."""
        vectors, real = self.read(source)
        return self.recur(vectors, real)

    def read(self, source: Source) -> Read:
        """A vector for every position, and which positions are real; what stands on padding is of no meaning."""
        return self.reader(source)

    def recur(
        self, vectors: Float[Tensor, "batch position embedding"], real: Bool[Tensor, "batch position"]
    ) -> Encoded:
        """``forward`` from the vectors on, for whoever asks what a vector does to what comes later."""
        memory, final = self.recurrent(self.dropout(vectors), real)
        return Encoded(memory, real, final)
