"""A cell over a padded batch: one direction or both, one layer or a stack, with dropout that holds still in time."""

from collections.abc import Iterable, Sequence
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from heedful.model import fused
from heedful.model.cells import Cell, State


class LockedDropout(nn.Module):
    """Dropout with one mask a sentence, the same at every step (Gal and Ghahramani 2016, section 4).

    A fresh mask at each step is noise that a recurrence sums up; a locked one is a thinned network.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def mask(self, like: Float[Tensor, "batch *time features"]) -> Float[Tensor, "batch features"] | None:
        """A mask for one sentence a row, or None where nothing is dropped."""
        if not self.training or self.share == 0.0:
            return None
        keep = 1.0 - self.share
        return torch.empty(like.shape[0], like.shape[-1], device=like.device).bernoulli_(keep).div_(keep)

    def forward(self, values: Float[Tensor, "batch time features"]) -> Float[Tensor, "batch time features"]:
        """The values with whole features of whole sentences set to zero, the rest scaled up."""
        mask = self.mask(values)
        return values if mask is None else values * mask[:, None].to(values.dtype)


def flip(
    values: Float[Tensor, "batch time features"], real: Bool[Tensor, "batch time"] | None
) -> Float[Tensor, "batch time features"]:
    """Each row backwards within its real positions; padding stays at the end. Its own inverse."""
    if real is None:
        return values.flip(1)
    batch, time, features = values.shape
    steps = torch.arange(time, device=values.device)
    lengths = real.sum(dim=1, keepdim=True)
    positions = torch.where(steps < lengths, lengths - 1 - steps, steps)
    rows = positions + torch.arange(batch, device=values.device)[:, None] * time
    return values.reshape(batch * time, features).index_select(0, rows.flatten()).view(batch, time, features)


def side_by_side(states: Sequence[State]) -> State:
    """One state of several directions' states."""
    return tuple(torch.cat(parts, dim=1) if len(parts) > 1 else parts[0] for parts in zip(*states, strict=True))


class Layer(nn.Module):
    """One recurrent layer over the source, forwards, backwards or both; ``size`` counts all directions together."""

    def __init__(
        self, cell: type[Cell], input_size: int, size: int, bidirectional: bool, read_backwards: bool = False
    ) -> None:
        super().__init__()
        each = size // 2 if bidirectional else size
        self.forwards = None if read_backwards else cell(input_size, each)
        self.backwards = cell(input_size, each) if bidirectional or read_backwards else None

    def cells(self) -> list[Cell]:
        """The cell that reads forwards where there is one, and the one that reads backwards where there is one."""
        return [cell for cell in (self.forwards, self.backwards) if cell is not None]

    def forward(
        self, inputs: Float[Tensor, "batch time input"], real: Bool[Tensor, "batch time"] | None
    ) -> tuple[Float[Tensor, "batch time size"], State]:
        """Every hidden state, and the final state: of the last item forwards, of the first item backwards."""
        rows = inputs.shape[0]
        cells = self.cells()
        back = [cell is self.backwards for cell in cells]
        if (found := fused.fits(cells, inputs)) is not None:
            starts = [cell.start(rows, inputs) for cell in cells]
            outputs, finals = fused.scan(found, cells, inputs, starts, real, back)
            return outputs, side_by_side(finals)
        read = [
            cell.scan(flip(inputs, real) if turned else inputs, cell.start(rows, inputs), real)
            for cell, turned in zip(cells, back, strict=True)
        ]
        outputs = [flip(each, real) if turned else each for (each, _), turned in zip(read, back, strict=True)]
        return torch.cat(outputs, dim=2), side_by_side([final for _, final in read])


class Recurrent(nn.Module):
    """A stack of layers over the source, dropout between them."""

    def __init__(
        self, cell: type[Cell], input_size: int, size: int, num_layers: int, bidirectional: bool, dropout: float,
        read_backwards: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        sizes = [input_size] + [size] * (num_layers - 1)
        self.layers = nn.ModuleList(Layer(cell, each, size, bidirectional, read_backwards) for each in sizes)
        self.dropout = LockedDropout(dropout)

    def each(self) -> Iterable[Layer]:
        """The layers, the lowest first."""
        return cast("Iterable[Layer]", self.layers)

    def forward(
        self, inputs: Float[Tensor, "batch time input"], real: Bool[Tensor, "batch time"]
    ) -> tuple[Float[Tensor, "batch time size"], tuple[State, ...]]:
        """The top layer's hidden states, zero on padding, and every layer's final state."""
        full = bool(real.all())
        finals: list[State] = []
        values = inputs
        for index, layer in enumerate(self.each()):
            values, final = layer(values if index == 0 else self.dropout(values), None if full else real)
            finals.append(final)
        return values if full else values * real[..., None].to(values.dtype), tuple(finals)


class Stack(nn.Module):
    """A stack of cells in one direction, for a decoder: one step, or a whole sequence. Dropout between the layers."""

    def __init__(self, cell: type[Cell], input_sizes: Sequence[int], size: int, dropout: float) -> None:
        super().__init__()
        self.size = size
        self.cells = nn.ModuleList(cell(each, size) for each in input_sizes)
        self.dropout = LockedDropout(dropout)

    def each(self) -> Iterable[Cell]:
        """The cells, the lowest first."""
        return cast("Iterable[Cell]", self.cells)

    def masks(self, like: Float[Tensor, "batch *time features"]) -> list[Tensor | None]:
        """Dropout masks for the outputs of every layer but the top one, to be held still over the steps."""
        below = like.new_empty(like.shape[0], self.size)
        return [self.dropout.mask(below) for _ in range(len(self.cells) - 1)]

    def step(
        self,
        inputs: Float[Tensor, "row input"],
        states: tuple[State, ...],
        masks: Sequence[Tensor | None] | None = None,
    ) -> tuple[Float[Tensor, "row size"], tuple[State, ...]]:
        """One step of every layer: the top hidden state and all states."""
        news: list[State] = []
        values = inputs
        for index, (cell, state) in enumerate(zip(self.each(), states, strict=True)):
            mask = masks[index - 1] if masks and index else None
            new = cell.step(values if mask is None else values * mask, state)
            news.append(new)
            values = new[0]
        return values, tuple(news)

    def scan(
        self,
        inputs: Float[Tensor, "batch time input"],
        states: tuple[State, ...],
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time size"]:
        """Every step of every layer: the top hidden states. What they are on padding is of no meaning; it costs least."""
        values = inputs
        for index, (cell, state) in enumerate(zip(self.each(), states, strict=True)):
            entering = values if index == 0 else self.dropout(values)
            if (found := fused.fits([cell], entering)) is not None:
                values, _ = fused.scan(found, [cell], entering, [state], real, [False])
            else:
                values, _ = cell.scan(entering, state)
        return values
