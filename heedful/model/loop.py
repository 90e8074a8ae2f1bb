"""Whole targets for the wirings whose attention feeds back into the first recurrence: a hand-derived loop, there and back.

What can leave the loop does: input projections of all steps are one product before it, weight gradients one product each
after it, and so are the gradients of memory and keys. The plain ``step`` loop of ``Decoder`` is the specification.

Derivation: backpropagation through time over equations of Bahdanau 2015, appendix A.1.2 and A.2.2, and Luong 2015,
sections 3.1 and 3.3; for the cells see ``native/cells.hpp``.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from heedful.model.attention import Additive, Attention, Dot, General, Global, Held
from heedful.model.cells import Cell, State
from heedful.model.fused import gate_order
from heedful.native import kernels
from heedful.native.kernels import GATES, KEPT, Kernels, Packed
from heedful.native.operators import Operators


class Layer(NamedTuple):
    """A decoder layer: its weights, its start state, and a mask of what comes from below (or None)."""

    input_weight: Tensor
    hidden_weight: Tensor
    bias: Tensor
    own: Tensor | None
    h: Tensor
    c: Tensor | None
    mask: Tensor | None


class Given(NamedTuple):
    """All tensors of a loop but the layers'. ``combine`` and ``fed`` are there where the readout is fed back."""

    embedded: Tensor
    memory: Tensor
    keys: Tensor
    real: Tensor
    query: Tensor | None
    query_bias: Tensor | None
    value: Tensor | None
    combine: Tensor | None
    combine_bias: Tensor | None
    fed: Tensor | None


class Trace(NamedTuple):
    """What a forward pass leaves: all states, gates, contexts, weights (batch, time, ...), layer by layer where there are."""

    h: list[Tensor]
    c: list[Tensor | None]
    gates: list[Tensor]
    entered: list[Tensor]
    contexts: Tensor
    weights: Tensor
    asked: Tensor | None
    readouts: Tensor | None


def fits(attention: Attention, cells: Sequence[Cell], embedded: Tensor) -> bool:
    """Whether the loop knows these parts: reaches and scorers that look at all positions and keep no count of steps."""
    if torch.is_autocast_enabled(embedded.device.type) or torch.compiler.is_compiling() or torch.jit.is_tracing():
        return False
    known = type(attention.reach) is Global and type(attention.scorer) in (Dot, General, Additive)
    return known and embedded.numel() > 0 and len({cell.compiled for cell in cells}) == 1 and cells[0].compiled is not None


def run(
    attention: Attention,
    cells: Sequence[Cell],
    embedded: Float[Tensor, "batch time embedding"],
    held: Held,
    states: Sequence[State],
    masks: Sequence[Tensor | None],
    combine: torch.nn.Linear | None = None,
    fed: Float[Tensor, "batch readout"] | None = None,
) -> tuple[Tensor, ...]:
    """The whole target.

    Without ``combine`` the wiring is Bahdanau's: returns top states, contexts and weights. With it, each readout
    tanh(W [context; state]) goes beside the next embedding: returns readouts and weights.
    """
    scorer = attention.scorer
    additive = scorer if isinstance(scorer, Additive) else None
    given = Given(
        embedded.contiguous(), held.memory.contiguous(), held.keys.contiguous(), held.real.contiguous(),
        additive.query.weight if additive else None, additive.query.bias if additive else None,
        additive.value if additive else None, combine.weight if combine else None, combine.bias if combine else None, fed,
    )  # fmt: skip
    flat: list[Tensor | None] = [*given]
    for cell, state, mask in zip(cells, states, (None, *masks), strict=True):
        h, c = state[0], state[1] if len(state) > 1 else None
        flat += Layer(
            cell.input_weight, cell.hidden_weight, cell.bias, cell.own_bias, h.contiguous(),
            None if c is None else c.contiguous(), mask,
        )  # fmt: skip
    found = kernels.active()
    compiled = found is not None and all(kernels.usable(each) for each in flat if each is not None and each.is_floating_point())
    return _Loop.apply(found if compiled else Operators(), str(cells[0].compiled), *flat)


def _unpack(flat: Sequence[Tensor | None]) -> tuple[Given, list[Layer]]:
    given = Given(*flat[: len(Given._fields)])  # pyrefly: ignore[bad-argument-type]
    rest = flat[len(Given._fields) :]
    size = len(Layer._fields)
    return given, [Layer(*rest[place : place + size]) for place in range(0, len(rest), size)]  # pyrefly: ignore


class _Loop(torch.autograd.Function):
    """``Given`` and then the layers, flat. The way back is taken once; a second time runs the way there again."""

    @staticmethod
    def forward(ctx: Any, steps: Kernels | Operators, cell: str, *flat: Tensor | None) -> tuple[Tensor, ...]:
        given, layers = _unpack(flat)
        trace = _there(steps, cell, given, layers)
        ctx.steps, ctx.cell = steps, cell
        ctx.set_materialize_grads(False)
        if any(ctx.needs_input_grad):
            ctx.trace = trace
            ctx.save_for_backward(*flat)
        if trace.readouts is not None:
            return trace.readouts, trace.weights
        return trace.h[-1], trace.contexts, trace.weights

    @staticmethod
    def backward(ctx: Any, *above: Tensor | None) -> tuple[Tensor | None, ...]:
        given, layers = _unpack(ctx.saved_tensors)
        trace = _there(ctx.steps, ctx.cell, given, layers) if ctx.trace is None else ctx.trace
        ctx.trace = None
        return (None, None, *_Back(ctx.steps, ctx.cell, given, layers, trace).gradients(above))


def _there(steps: Kernels | Operators, cell: str, given: Given, layers: Sequence[Layer]) -> Trace:
    """The way there."""
    embedded = given.embedded
    batch, time, width = embedded.shape
    first = layers[0]
    size, new = first.h.shape[1], embedded.new_empty
    features = given.memory.shape[2]
    x = torch.addmm(first.bias, embedded.flatten(0, 1), first.input_weight[:, :width].t()).view(batch, time, -1)
    gates = [new(batch, time, KEPT[cell] * size) for _ in layers]
    if cell == "lstm":
        gates[0] = x  # a step reads its place before it writes there
    h = [new(batch, time, size) for _ in layers]
    c = [None if layer.c is None else new(batch, time, size) for layer in layers]
    entered = [new(batch, time, 0) if place == 0 or layer.mask is None else new(batch, time, size) for place, layer in enumerate(layers)]
    contexts, weights = new(batch, time, features), new(batch, time, given.keys.shape[1])
    asked = None if given.query is None else new(batch, time, given.query.shape[0])
    readouts = None if given.combine is None else new(batch, time, given.combine.shape[0])
    packed = [
        steps.pack_cell(cell, [layer.input_weight[:, width:] if place == 0 else layer.input_weight, layer.hidden_weight], size)
        for place, layer in enumerate(layers)
    ]
    query = None if given.query is None else steps.pack(given.query)
    combine = None if given.combine is None else steps.pack(given.combine)
    states: list[tuple[Tensor, ...]] = [(layer.h,) if layer.c is None else (layer.h, layer.c) for layer in layers]
    fed = given.fed

    def ask(at: int, top: Tensor) -> None:
        looking = top
        if query is not None and asked is not None:
            looking = steps.product(top, query, given.query_bias, out=asked[:, at])
        steps.attend(looking, given.keys, given.value, given.memory, given.real, weights[:, at], contexts[:, at])

    for at in range(time):
        if combine is None:
            ask(at, states[-1][0])
            entering = contexts[:, at]
        else:
            if fed is None:
                raise TypeError("a readout that is fed back needs one to begin with")
            entering = fed
        for place, layer in enumerate(layers):
            if place:
                entering = h[place - 1][:, at]
                if layer.mask is not None:
                    entering = torch.mul(entering, layer.mask, out=entered[place][:, at])
            remembered = c[place]
            after = (h[place][:, at],) if remembered is None else (h[place][:, at], remembered[:, at])
            steps.step(
                packed[place], [entering], states[place], after, x=x[:, at] if place == 0 else None,
                bias=None if place == 0 else layer.bias, own=layer.own, gates=gates[place][:, at],
            )  # fmt: skip
            states[place] = after
        if combine is not None and readouts is not None:
            ask(at, states[-1][0])
            fed = steps.product(contexts[:, at], combine, given.combine_bias, out=readouts[:, at], beside=states[-1][0], tanh=True)
    return Trace(h, c, gates, entered, contexts, weights, asked, readouts)


class _Back:
    """The way back."""

    def __init__(
        self, steps: Kernels | Operators, cell: str, given: Given, layers: list[Layer], trace: Trace
    ) -> None:
        self.steps, self.cell, self.given, self.layers, self.trace = steps, cell, given, layers, trace
        self.batch, self.time, self.width = given.embedded.shape
        self.size = layers[0].h.shape[1]
        self.wide = GATES[cell] * self.size
        new = given.embedded.new_empty
        self.d_h = [torch.zeros_like(layer.h) for layer in layers]
        self.d_c = [None if layer.c is None else torch.zeros_like(layer.c) for layer in layers]
        self.again = new(self.batch, self.wide)
        self.recurring = [steps.pack(layer.hidden_weight.t()) for layer in layers]
        self.entering = [self._back_of(place, layer) for place, layer in enumerate(layers)]
        self.d_contexts = torch.empty_like(trace.contexts)
        self.d_scores = torch.empty_like(trace.weights)
        self.d_asked = new(self.batch, self.time, given.keys.shape[2])
        self.d_keys = None if given.value is None else torch.zeros_like(given.keys)
        self.d_value = None if given.value is None else new(self.batch, given.keys.shape[2]).zero_()
        self.query = None if given.query is None else steps.pack(given.query.t())

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
        trace, layers = self.trace, self.layers
        for at in reversed(range(self.time)):
            if d_tops is not None:
                self.d_h[-1] += d_tops[:, at]
            self._cells(at)
            d_context = self.d_contexts[:, at]
            self.steps.product(self._through(0, at), self.entering[0], out=d_context)
            if d_contexts is not None:
                d_context += d_contexts[:, at]
            query = trace.h[-1][:, at - 1] if at else layers[-1].h
            self._ask(at, query, d_context, d_weights)
        before = self._before(len(layers) - 1)
        return self._gather(before, self.trace.contexts, None, None)

    def _feeding(self, d_readouts: Tensor | None, d_weights: Tensor | None) -> list[Tensor | None]:
        trace, given, steps = self.trace, self.given, self.steps
        readouts, combine, fed = trace.readouts, given.combine, given.fed
        if readouts is None or combine is None or fed is None:
            raise TypeError("nothing is fed back here")
        features = given.memory.shape[2]
        to_context, to_top = steps.pack(combine[:, :features].t()), steps.pack(combine[:, features:].t())
        d_before = torch.empty_like(readouts)  # the gradient before the tanh
        d_fed = torch.zeros_like(fed)
        for at in reversed(range(self.time)):
            readout, down = readouts[:, at], d_before[:, at]
            torch.mul(readout, readout, out=down).neg_().add_(1.0)
            down *= d_fed if d_readouts is None else d_fed + d_readouts[:, at]
            d_context = steps.product(down, to_context, out=self.d_contexts[:, at])
            steps.product(down, to_top, out=self.d_h[-1], add=True)
            self._ask(at, trace.h[-1][:, at], d_context, d_weights)
            self._cells(at)
            steps.product(self._through(0, at), self.entering[0], out=d_fed)
        entered = torch.cat([fed[:, None], readouts[:, :-1]], dim=1)
        flat = d_before.flatten(0, 1)
        d_combine = torch.cat([flat.t() @ trace.contexts.flatten(0, 1), flat.t() @ trace.h[-1].flatten(0, 1)], dim=1)
        gradients = self._gather(trace.h[-1], entered, d_combine, flat.sum(dim=0))
        gradients[Given._fields.index("fed")] = d_fed
        return gradients

    def _through(self, place: int, at: int) -> Tensor:
        """The gradients that the input weights of a layer see."""
        return self.trace.gates[place][:, at, : self.wide]

    def _cells(self, at: int) -> None:
        """From the gradients of the states after a step to those before it, the top layer first."""
        trace = self.trace
        for place in reversed(range(len(self.layers))):
            layer, c = self.layers[place], trace.c[place]
            self.steps.back(
                self.cell, trace.gates[place][:, at], trace.h[place][:, at],
                trace.h[place][:, at - 1] if at else layer.h, None if c is None else c[:, at],
                None if c is None else c[:, at - 1] if at else layer.c, self.again, self.d_h[place], self.d_c[place],
            )  # fmt: skip
            self.steps.product(self.again, self.recurring[place], out=self.d_h[place], add=True)
            if place and layer.mask is None:
                self.steps.product(self._through(place, at), self.entering[place], out=self.d_h[place - 1], add=True)
            elif place and layer.mask is not None:
                self.d_h[place - 1] += self.steps.product(self._through(place, at), self.entering[place]) * layer.mask

    def _ask(self, at: int, query: Tensor, d_context: Tensor, d_weights: Tensor | None) -> None:
        """From the gradient of a context to that of the state that asked."""
        given, trace = self.given, self.trace
        looking = query if trace.asked is None else trace.asked[:, at]
        d_asked = self.d_asked[:, at]
        self.steps.attend_back(
            d_context, None if d_weights is None else d_weights[:, at], trace.weights[:, at], looking, given.keys,
            given.value, given.memory, self.d_scores[:, at], d_asked, self.d_keys, self.d_value,
        )  # fmt: skip
        if self.query is None:
            self.d_h[-1] += d_asked
        else:
            self.steps.product(d_asked, self.query, out=self.d_h[-1], add=True)

    def _before(self, place: int) -> Tensor:
        """The hidden states that each step began with."""
        return torch.cat([self.layers[place].h[:, None], self.trace.h[place][:, :-1]], dim=1)

    def _gather(
        self, queries: Tensor, entered: Tensor, d_combine: Tensor | None, d_combine_bias: Tensor | None
    ) -> list[Tensor | None]:
        """What waited for the loop to end: one product a weight. ``entered`` is what stood beside the embedding."""
        given, trace = self.given, self.trace
        d_memory = trace.weights.transpose(1, 2) @ self.d_contexts
        d_keys = self.d_scores.transpose(1, 2) @ queries if self.d_keys is None else self.d_keys
        d_query = d_query_bias = d_value = None
        if given.query is not None and self.d_value is not None:
            asked = self.d_asked.flatten(0, 1)
            d_query, d_query_bias = asked.t() @ queries.flatten(0, 1), asked.sum(dim=0)
            d_value = self.d_value.sum(dim=0)
        through = trace.gates[0][:, :, : self.wide].flatten(0, 1)
        weight = self._ordered(self.layers[0].input_weight)
        d_embedded = (through @ weight[:, : self.width]).view_as(given.embedded)
        gradients: list[Tensor | None] = [
            d_embedded, d_memory, d_keys, None, d_query, d_query_bias, d_value, d_combine, d_combine_bias, None
        ]  # fmt: skip
        for place, layer in enumerate(self.layers):
            gates = trace.gates[place].flatten(0, 1)
            through, recurring = gates[:, : self.wide], gates[:, gates.shape[1] - self.wide :]
            if place == 0:
                parts = [through.t() @ given.embedded.flatten(0, 1), through.t() @ entered.flatten(0, 1)]
                d_input = torch.cat(parts, dim=1)
            else:
                below = trace.h[place - 1] if layer.mask is None else trace.entered[place]
                d_input = through.t() @ below.flatten(0, 1)
            d_hidden = recurring.t() @ self._before(place).flatten(0, 1)
            own = None if layer.own is None else recurring[:, self.wide - self.size :].sum(dim=0)
            d_bias = gate_order(self.cell, through.sum(dim=0))
            gradients += [gate_order(self.cell, d_input), d_hidden, d_bias, own, self.d_h[place], self.d_c[place], None]
        return gradients
