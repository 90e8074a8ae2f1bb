"""The way there of the hand-derived loop, see ``loop.py``: what goes in, one step after the other, and what it leaves."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from heedful.native.calls import Kernels
from heedful.native.layout import KEPT, CellPacked, Lookup
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

    @property
    def start(self) -> tuple[Tensor, ...]:
        """The whole start state."""
        return (self.h,) if self.c is None else (self.h, self.c)


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

    @property
    def lookup(self) -> Lookup:
        """What attention looks up."""
        return Lookup(self.keys, self.value, self.memory, self.real)


class Trace(NamedTuple):
    """What a forward pass leaves: all states, gates, contexts, weights (batch, time, ...), layer by layer where there are."""

    states: list[tuple[Tensor, ...]]
    gates: list[Tensor]
    entered: list[Tensor | None]
    contexts: Tensor
    weights: Tensor
    asked: Tensor | None
    readouts: Tensor | None

    def at(self, place: int, step: int) -> tuple[Tensor, ...]:
        """The state of a layer after a step."""
        return tuple(part[:, step] for part in self.states[place])


class There:
    """The way there."""

    def __init__(self, steps: Kernels | Operators, cell: str, given: Given, layers: Sequence[Layer]) -> None:
        self.steps, self.given, self.layers = steps, given, layers
        embedded, first = given.embedded, layers[0]
        self.width, self.size = embedded.shape[2], first.h.shape[1]
        x = torch.addmm(first.bias, embedded.flatten(0, 1), first.input_weight[:, : self.width].t())
        self.x = x.view(*embedded.shape[:2], -1)
        self.trace = self._room(cell)
        self.packed = [self._pack(cell, place, layer) for place, layer in enumerate(layers)]
        self.query = None if given.query is None else steps.pack(given.query)
        self.combine = None if given.combine is None else steps.pack(given.combine)
        self.lookup = given.lookup
        self.states = [layer.start for layer in layers]

    def _room(self, cell: str) -> Trace:
        """Room for what the steps write."""
        given, layers, size = self.given, self.layers, self.size
        batch, time = given.embedded.shape[:2]

        def new(width: int) -> Tensor:
            return given.embedded.new_empty(batch, time, width)

        gates = [new(KEPT[cell] * size) for _ in layers]
        if cell == "lstm":
            gates[0] = self.x  # a step reads its place before it writes there
        return Trace(
            [tuple(new(size) for _ in layer.start) for layer in layers],
            gates,
            [None if place == 0 or layer.mask is None else new(size) for place, layer in enumerate(layers)],
            new(given.memory.shape[2]),
            new(given.keys.shape[1]),
            None if given.query is None else new(given.query.shape[0]),
            None if given.combine is None else new(given.combine.shape[0]),
        )

    def _pack(self, cell: str, place: int, layer: Layer) -> CellPacked:
        entering = layer.input_weight if place else layer.input_weight[:, self.width :]
        return self.steps.pack_cell(cell, [entering, layer.hidden_weight], self.size, layer.own)

    def run(self) -> Trace:
        """All steps."""
        trace, given, fed = self.trace, self.given, self.given.fed
        for at in range(given.embedded.shape[1]):
            if self.combine is None or trace.readouts is None or fed is None:
                self._ask(at)
                self._cells(at, trace.contexts[:, at])
                continue
            self._cells(at, fed)
            self._ask(at)
            fed = self.steps.product(
                trace.contexts[:, at], self.combine, given.combine_bias, out=trace.readouts[:, at],
                beside=self.states[-1][0], tanh=True,
            )  # fmt: skip
        return trace

    def _ask(self, at: int) -> None:
        """The top layer asks."""
        trace, looking = self.trace, self.states[-1][0]
        if self.query is not None and trace.asked is not None:
            looking = self.steps.product(looking, self.query, self.given.query_bias, out=trace.asked[:, at])
        self.steps.attend(looking, self.lookup, trace.weights[:, at], trace.contexts[:, at])

    def _cells(self, at: int, entering: Tensor) -> None:
        """Every layer steps, the lowest first."""
        trace = self.trace
        for place, layer in enumerate(self.layers):
            masked = trace.entered[place]
            if layer.mask is not None and masked is not None:
                entering = torch.mul(entering, layer.mask, out=masked[:, at])
            after = trace.at(place, at)
            self.steps.step(
                self.packed[place], [entering], self.states[place], after, gates=trace.gates[place][:, at],
                x=None if place else self.x[:, at], bias=layer.bias if place else None,
            )  # fmt: skip
            self.states[place] = after
            entering = after[0]
