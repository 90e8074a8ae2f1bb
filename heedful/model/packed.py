"""A network packed for search: the same answers in the fewest calls a step, from weights laid out once.

``Network`` is the specification and the fallback. Packing pays where weights stay and steps are many: in search.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from heedful.contracts import Source, Step, Stepper
from heedful.model.attention import Additive, Held
from heedful.model.cells import Cell, State
from heedful.model.decoder import Attentive, Bahdanau, Decoder, FirstLayer, Fixed, Luong, Moving
from heedful.model.encoder import Encoded
from heedful.model.reach import Global
from heedful.model.recurrent import Layer, side_by_side
from heedful.model.seq2seq import Network
from heedful.native import kernels, layout
from heedful.native.calls import Kernels
from heedful.native.layout import CellPacked, Lookup, Start

TABLE = 2**22
"""Numbers of the largest table in which every target unit's share of the first layer's gates is kept (16 MiB)."""


class PackedProduct:
    """A linear layer of the decoder, packed."""

    def __init__(self, found: Kernels, weight: Tensor, bias: Tensor | None) -> None:
        self.found, self.weight, self.bias = found, found.pack(weight), bias

    def __call__(self, rows: Tensor, beside: Tensor | None = None, *, tanh: bool = False) -> Tensor:
        """The layer's outputs for [rows, beside]."""
        return self.found.product(rows, self.weight, self.bias, beside=beside, tanh=tanh)


class PackedCell:
    """A decoder cell, packed: from what enters it, part by part, to its new state.

    With a ``table``, what enters does not begin with the embedding: the table has its share for every unit, and the bias.
    """

    def __init__(self, found: Kernels, cell: Cell, entering: Tensor, table: Tensor | None) -> None:
        self.found, self.cell, self.table = found, cell, table
        parts = [entering] if entering.shape[1] else []
        weights = [*parts, cell.hidden_weight]
        self.packed = found.pack_cell(str(cell.compiled), weights, cell.hidden_size, cell.own_bias)

    def __call__(self, entering: list[Tensor], state: State, ids: Tensor | None) -> State:
        """One step."""
        after = tuple(torch.empty_like(part) for part in state)
        if self.table is None:
            self.found.step(self.packed, entering, state, after, bias=self.cell.bias)
        else:
            self.found.step(self.packed, entering, state, after, x=self.table, ids=ids)
        return after


class Packed(Stepper[Any, Moving]):
    """A ``Stepper`` with the answers of ``Network``, up to rounding. It keeps a copy of the weights as they are now."""

    product: ClassVar[Callable[[Kernels, Tensor, Tensor | None], Callable[..., Tensor]]] = PackedProduct
    cell: ClassVar[
        Callable[[Kernels, Cell, Tensor, Tensor | None], Callable[[list[Tensor], State, Tensor | None], State]]
    ] = PackedCell

    def __init__(self, network: Network, found: Kernels) -> None:
        self.network, self.found = network, found
        decoder = network.decoder
        self.decoder: Decoder = decoder
        embedding = network.embedding.weight
        cells = [*decoder.stack.each(), *(decoder.above.each() if isinstance(decoder, FirstLayer) else ())]
        width = embedding.shape[1]
        first = cells[0]
        gates = first.gates * first.hidden_size
        table = None
        if len(embedding) * gates <= TABLE:
            table = torch.addmm(first.bias, embedding, first.input_weight[:, :width].t())
        self.tabled = table is not None
        self.cells = [
            type(self).cell(
                found,
                cell,
                cell.input_weight[:, width:] if self.tabled and place == 0 else cell.input_weight,
                table if place == 0 else None,
            )
            for place, cell in enumerate(cells)
        ]
        if not isinstance(decoder, (Fixed, Attentive)):
            raise TypeError(f"{type(decoder).__name__} has no readout that can be packed")
        self.output = type(self).product(found, network.output_weight, network.output_bias)
        self.combine = type(self).product(found, decoder.combine.weight, decoder.combine.bias)
        scorer = decoder.attention.scorer if isinstance(decoder, Attentive) else None
        self.query = (
            PackedProduct(found, scorer.query.weight, scorer.query.bias) if isinstance(scorer, Additive) else None
        )
        self.encoders = [
            [
                (
                    found.pack_cell(str(cell.compiled), [cell.hidden_weight], cell.hidden_size, cell.own_bias),
                    found.pack(cell.input_weight),
                )
                for cell in layer.cells()
            ]
            for layer in network.encoder.recurrent.each()
        ]

    def start(self, source: Source) -> tuple[Any, Moving]:
        """See ``contracts.Stepper.start``."""
        return self.decoder.start(self._encode(source))

    def _encode(self, source: Source) -> Encoded:
        vectors, real = self.network.encoder.reader(source)
        lengths = None if bool(real.all()) else real.sum(dim=1)
        finals: list[State] = []
        values = vectors
        for layer, packed in zip(self.network.encoder.recurrent.each(), self.encoders, strict=True):
            values, final = self._layer(layer, packed, values, lengths)
            finals.append(final)
        return Encoded(values, real.contiguous(), tuple(finals))

    def _layer(
        self, layer: Layer, packed: list[tuple[CellPacked, layout.Packed]], values: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        rows = values.flatten(0, 1)
        projected: list[Tensor] = []
        starts: list[Start] = []
        for cell, (hidden, entering) in zip(layer.cells(), packed, strict=True):
            projected.append(self.found.product(rows, entering, cell.bias).view(*values.shape[:2], -1))
            state = cell.start(values.shape[0], values)
            starts.append(Start(state[0], state[1] if len(state) > 1 else None, hidden, cell is layer.backwards))
        outputs, lasts, _ = self.found.scan(projected, starts, lengths, keep=False)
        return outputs, side_by_side(lasts)

    def step(
        self,
        previous: Int[Tensor, "row"],
        held: Any,
        state: Moving,
        attend_to: Float[Tensor, "row position"] | None = None,
    ) -> Step[Moving]:
        """See ``contracts.Stepper.step``."""
        decoder = self.decoder
        previous = previous.to(torch.int64).contiguous()
        entering = [] if self.tabled else [self.network.embedding.weight.index_select(0, previous)]
        weights: Tensor | None = None
        fed: tuple[Tensor, ...] = ()
        if isinstance(decoder, Attentive):
            if isinstance(decoder, Bahdanau):
                context, weights = self._ask(state.layers[-1][0], held, state, attend_to)
                top, layers = self._cells(self.cells, [*entering, context], state.layers, previous)
            elif isinstance(decoder, FirstLayer):
                below, first = self._cells(self.cells[:1], entering, state.layers[:1], previous)
                context, weights = self._ask(below, held, state, attend_to)
                top, above = self._cells(self.cells[1:], [below, context], state.layers[1:], previous)
                layers = first + above
            else:
                top, layers = self._cells(self.cells, [*entering, *state.fed], state.layers, previous)
                context, weights = self._ask(top, held, state, attend_to)
            readout = self.combine(context, top, tanh=True)
            if isinstance(decoder, Luong) and decoder.feeds:
                fed = (readout,)
        else:
            beside = self._context(held, len(previous))
            top, layers = self._cells(self.cells, [*entering, *beside], state.layers, previous)
            second = beside[0] if beside else None
            readout = self.combine(top, second, tanh=True)
        logits = self.output(readout)
        looked = (weights,) if state.looked and weights is not None else ()
        return Step(logits, Moving(layers, fed, state.step + 1, looked), weights)

    def _context(self, held: Tensor, rows: int) -> list[Tensor]:
        if not isinstance(self.decoder, Fixed) or not self.decoder.feeds:
            return []
        return [held if rows == len(held) else held.repeat_interleave(rows // len(held), dim=0)]

    def _cells(
        self,
        cells: list[Callable[[list[Tensor], State, Tensor | None], State]],
        entering: list[Tensor],
        states: tuple[State, ...],
        previous: Tensor,
    ) -> tuple[Tensor, tuple[State, ...]]:
        news: list[State] = []
        for cell, state in zip(cells, states, strict=True):
            new = cell(entering, state, previous)
            news.append(new)
            entering = [new[0]]
        return entering[0], tuple(news)

    def _ask(self, query: Tensor, held: Held, state: Moving, attend_to: Tensor | None) -> tuple[Tensor, Tensor]:
        decoder = self.decoder
        if not isinstance(decoder, Attentive):
            raise TypeError("nothing to ask")
        if attend_to is not None or type(decoder.attention.reach) is not Global or decoder.attention.sequential:
            return decoder.attention.ask(query, held, state.step, attend_to, state.looked)
        scorer, value = decoder.attention.scorer, None
        if isinstance(scorer, Additive) and self.query is not None:
            value = scorer.value
            query = self.query(query)
        weights = query.new_empty(query.shape[0], held.real.shape[1])
        context = query.new_empty(query.shape[0], held.memory.shape[2])
        self.found.attend(query, Lookup(held.keys, value, held.memory, held.real), weights, context)
        return context, weights

    def select(self, state: Moving, rows: Int[Tensor, "chosen"]) -> Moving:
        """See ``contracts.Stepper.select``."""
        return self.network.select(state, rows)

    def keep(self, held: Any, sentences: Int[Tensor, "kept"]) -> Any:
        """See ``contracts.Stepper.keep``."""
        return self.network.keep(held, sentences)


def packable(network: Network) -> Kernels | None:
    """The compiled loops, if they are there and know all parts of this network."""
    found = kernels.active()
    decoder = network.decoder
    cells = [cell for layer in network.encoder.recurrent.each() for cell in layer.cells()]
    cells += [*decoder.stack.each(), *(decoder.above.each() if isinstance(decoder, FirstLayer) else ())]
    known = type(decoder) in (Fixed, Bahdanau, Luong, FirstLayer) and all(cell.compiled for cell in cells)
    return found if known and all(kernels.usable(each) for each in network.parameters()) else None


def stepper(network: Network) -> Stepper[Any, Moving]:
    """The quickest stepper for this network as it is now: packed where the compiled loops are there, else itself."""
    found = packable(network)
    if found is None:
        return network
    with torch.inference_mode():
        return Packed(network, found)
