"""The way back of the hand-derived loop, see ``loop.py``: gradients, step by step, and at the end one product a weight."""

from collections.abc import Sequence

import torch
from torch import Tensor

from heedful.model.fused import gate_order
from heedful.model.loop_there import Given, Layer, Trace
from heedful.native.calls import Kernels
from heedful.native.layout import GATES, Packed
from heedful.native.operators import Operators


class Back:
    """The way back. It writes over the trace's gates."""

    def __init__(self, steps: Kernels | Operators, cell: str, given: Given, layers: list[Layer], trace: Trace) -> None:
        self.steps, self.cell, self.given, self.layers, self.trace = steps, cell, given, layers, trace
        self.batch, self.time, self.width = given.embedded.shape
        self.size = layers[0].h.shape[1]
        self.wide = GATES[cell] * self.size
        new = given.embedded.new_empty
        self.d_states = [tuple(torch.zeros_like(part) for part in layer.start) for layer in layers]
        self.again = new(self.batch, self.wide)
        self.recurring = [steps.pack(layer.hidden_weight.t()) for layer in layers]
        self.entering = [self._back_of(place, layer) for place, layer in enumerate(layers)]
        self.d_contexts = torch.empty_like(trace.contexts)
        self.d_scores = torch.empty_like(trace.weights)
        keys = given.keys
        self.d_asked = new(self.batch, self.time, keys.shape[2])
        self.sums = None if given.value is None else (torch.zeros_like(keys), new(self.batch, keys.shape[2]).zero_())
        self.query = None if given.query is None else steps.pack(given.query.t())
        self.lookup = given.lookup

    @property
    def d_top(self) -> Tensor:
        """The gradient of the top layer's hidden state."""
        return self.d_states[-1][0]

    def _ordered(self, weight: Tensor) -> Tensor:
        """Rows of an input weight in the order in which the gates' gradients come."""
        return weight.roll(self.size, dims=0) if self.cell == "gru" else weight

    def _back_of(self, place: int, layer: Layer) -> Packed:
        weight = self._ordered(layer.input_weight)
        return self.steps.pack((weight if place else weight[:, self.width :]).t())

    def gradients(self, above: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Gradients of ``Given`` and of the layers, flat."""
        return self._feeding(*above) if self.given.combine is not None else self._bahdanau(*above)

    def _bahdanau(
        self, d_tops: Tensor | None, d_contexts: Tensor | None, d_weights: Tensor | None
    ) -> list[Tensor | None]:
        for at in reversed(range(self.time)):
            if d_tops is not None:
                self.d_top.add_(d_tops[:, at])
            self._cells(at)
            d_context = self.d_contexts[:, at]
            self.steps.product(self._through(0, at), self.entering[0], out=d_context)
            if d_contexts is not None:
                d_context += d_contexts[:, at]
            self._ask(at, self._before(len(self.layers) - 1, at)[0], d_context, d_weights)
        return self._gather(self._befores(len(self.layers) - 1), self.trace.contexts, None, None)

    def _feeding(self, d_readouts: Tensor | None, d_weights: Tensor | None) -> list[Tensor | None]:
        trace, given, steps = self.trace, self.given, self.steps
        readouts, combine, fed = trace.readouts, given.combine, given.fed
        if readouts is None or combine is None or fed is None:
            raise TypeError("nothing is fed back here")
        features, tops = given.memory.shape[2], trace.states[-1][0]
        to_context, to_top = steps.pack(combine[:, :features].t()), steps.pack(combine[:, features:].t())
        d_before = torch.empty_like(readouts)  # the gradient before the tanh
        d_fed = torch.zeros_like(fed)
        for at in reversed(range(self.time)):
            readout, down = readouts[:, at], d_before[:, at]
            torch.mul(readout, readout, out=down).neg_().add_(1.0)
            down *= d_fed if d_readouts is None else d_fed + d_readouts[:, at]
            d_context = steps.product(down, to_context, out=self.d_contexts[:, at])
            steps.product(down, to_top, out=self.d_top, add=True)
            self._ask(at, tops[:, at], d_context, d_weights)
            self._cells(at)
            steps.product(self._through(0, at), self.entering[0], out=d_fed)
        entered = torch.cat([fed[:, None], readouts[:, :-1]], dim=1)
        flat = d_before.flatten(0, 1)
        d_combine = torch.cat([flat.t() @ trace.contexts.flatten(0, 1), flat.t() @ tops.flatten(0, 1)], dim=1)
        gradients = self._gather(tops, entered, d_combine, flat.sum(dim=0))
        gradients[Given._fields.index("fed")] = d_fed
        return gradients

    def _through(self, place: int, at: int) -> Tensor:
        """The gradients that the input weights of a layer see."""
        return self.trace.gates[place][:, at, : self.wide]

    def _before(self, place: int, at: int) -> tuple[Tensor, ...]:
        """The state of a layer before a step."""
        return self.trace.at(place, at - 1) if at else self.layers[place].start

    def _befores(self, place: int) -> Tensor:
        """The hidden states that each step began with."""
        return torch.cat([self.layers[place].h[:, None], self.trace.states[place][0][:, :-1]], dim=1)

    def _cells(self, at: int) -> None:
        """From the gradients of the states after a step to those before it, the top layer first."""
        trace, steps = self.trace, self.steps
        for place in reversed(range(len(self.layers))):
            mask, gradient = self.layers[place].mask, self.d_states[place]
            steps.back(
                self.cell, trace.gates[place][:, at], trace.at(place, at), self._before(place, at), self.again, gradient
            )
            steps.product(self.again, self.recurring[place], out=gradient[0], add=True)
            if not place:
                return
            below, through = self.d_states[place - 1][0], self._through(place, at)
            if mask is None:
                steps.product(through, self.entering[place], out=below, add=True)
            else:
                below += steps.product(through, self.entering[place]) * mask

    def _ask(self, at: int, query: Tensor, d_context: Tensor, d_weights: Tensor | None) -> None:
        """From the gradient of a context to that of the state that asked."""
        trace = self.trace
        looking = query if trace.asked is None else trace.asked[:, at]
        d_asked = self.d_asked[:, at]
        self.steps.attend_back(
            looking, self.lookup, trace.weights[:, at], d_context, None if d_weights is None else d_weights[:, at],
            d_scores=self.d_scores[:, at], d_query=d_asked, sums=self.sums,
        )  # fmt: skip
        if self.query is None:
            self.d_top.add_(d_asked)
        else:
            self.steps.product(d_asked, self.query, out=self.d_top, add=True)

    def _gather(
        self, queries: Tensor, entered: Tensor, d_combine: Tensor | None, d_combine_bias: Tensor | None
    ) -> list[Tensor | None]:
        """What waited for the loop to end: one product a weight. ``entered`` is what stood beside the embedding."""
        given, trace = self.given, self.trace
        d_memory = trace.weights.transpose(1, 2) @ self.d_contexts
        d_query = d_query_bias = d_value = None
        if self.sums is None:
            d_keys = self.d_scores.transpose(1, 2) @ queries
        else:
            asked, d_keys = self.d_asked.flatten(0, 1), self.sums[0]
            d_query, d_query_bias = asked.t() @ queries.flatten(0, 1), asked.sum(dim=0)
            d_value = self.sums[1].sum(dim=0)
        through = trace.gates[0][:, :, : self.wide].flatten(0, 1)
        weight = self._ordered(self.layers[0].input_weight)
        d_embedded = (through @ weight[:, : self.width]).view_as(given.embedded)
        gradients: list[Tensor | None] = [
            d_embedded, d_memory, d_keys, None, d_query, d_query_bias, d_value, d_combine, d_combine_bias, None
        ]  # fmt: skip
        for place in range(len(self.layers)):
            gradients += self._of_layer(place, entered)
        return gradients

    def _of_layer(self, place: int, entered: Tensor) -> list[Tensor | None]:
        """The gradients of a ``Layer``."""
        layer, trace = self.layers[place], self.trace
        gates = trace.gates[place].flatten(0, 1)
        through, recurring = gates[:, : self.wide], gates[:, gates.shape[1] - self.wide :]
        if place == 0:
            parts = [through.t() @ self.given.embedded.flatten(0, 1), through.t() @ entered.flatten(0, 1)]
            d_input = torch.cat(parts, dim=1)
        else:
            masked = trace.entered[place]
            d_input = through.t() @ (trace.states[place - 1][0] if masked is None else masked).flatten(0, 1)
        d_hidden = recurring.t() @ self._befores(place).flatten(0, 1)
        d_bias = gate_order(self.cell, through.sum(dim=0))
        own = None if layer.own is None else recurring[:, self.wide - self.size :].sum(dim=0)
        states = self.d_states[place]
        d_c = states[1] if len(states) > 1 else None
        return [gate_order(self.cell, d_input), d_hidden, d_bias, own, states[0], d_c, None]
