"""The wirings in ONNX: what the decoder begins with, what it holds, and one step of each, as in ``model/decoder.py``."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from torch import nn

from heedful.export import attention as looking
from heedful.export.attention import Held
from heedful.export.cells import State, stack
from heedful.export.graph import Graph, Shape, Value
from heedful.model.cells import Cell
from heedful.model.decoder import Attentive, Bahdanau, Decoder, FirstLayer, Fixed, Luong
from heedful.model.handover import Handover

PARTS = ("hidden", "memory_cell")
"""What the tensors of a cell's state are called."""


class Port(NamedTuple):
    """A tensor that goes from one graph to the other, or from one step to the next: name, kind, axes behind the first."""

    name: str
    kind: type[np.generic]
    axes: Shape


class Moving(NamedTuple):
    """What moves with a hypothesis: every layer's state, and by name what else a wiring asks for (fed, step, looked)."""

    layers: tuple[State, ...]
    more: dict[str, Value]


class Stepped(NamedTuple):
    """One step of a wiring: readout (row, features), the state after it, weights (row, position)."""

    readout: Value
    state: Moving
    weights: Value | None


def held_ports(decoder: Decoder) -> list[Port]:
    """What is held for each sentence."""
    if isinstance(decoder, Attentive):
        memory = Port("memory", np.float32, ("position", decoder.memory_size))
        keys = [Port("keys", np.float32, ("position", _key_size(decoder)))]
        made = keys if looking.makes_keys(decoder.attention.scorer) else []
        return [memory, *made, Port("real", np.bool_, ("position",))]
    feeds = isinstance(decoder, Fixed) and decoder.feeds
    return [Port("context", np.float32, (decoder.memory_size,))] if feeds else []


def _key_size(decoder: Attentive) -> int:
    return decoder.size


def moving_ports(decoder: Decoder) -> list[Port]:
    """What moves with each hypothesis: states of the layers first, as ``layers_of`` reads them."""
    count = decoder.handover.states
    found = [
        Port(f"{PARTS[part]}_{layer}", np.float32, (decoder.size,))
        for layer in range(decoder.num_layers)
        for part in range(count)
    ]
    if isinstance(decoder, Luong) and decoder.feeds:
        found.append(Port("fed", np.float32, (decoder.readout_size,)))
    if isinstance(decoder, Attentive):
        if looking.asks_step(decoder.attention):
            found.append(Port("step", np.int64, ()))
        if decoder.attention.sequential:
            found.append(Port("looked", np.float32, ("position",)))
    return found


def moving_of(decoder: Decoder, values: Sequence[Value]) -> Moving:
    """What moves, from its parts in the order of ``moving_ports``."""
    each, count = decoder.handover.states, decoder.num_layers
    layers = tuple(tuple(values[layer * each : (layer + 1) * each]) for layer in range(count))
    names = [port.name for port in moving_ports(decoder)]
    return Moving(layers, dict(zip(names[count * each :], values[count * each :], strict=True)))


def flat(moving: Moving) -> list[Value]:
    """The parts of what moves, in the order of ``moving_ports``."""
    return [*(part for state in moving.layers for part in state), *moving.more.values()]


def start(
    graph: Graph, decoder: Decoder, memory: Value, real: Value, final: Sequence[State]
) -> tuple[dict[str, Value], Moving]:
    """What is held, by name, and the state before the first unit, from memory, what is real in it and final states."""
    held = {"memory": memory, "real": real, "context": final[-1][0]}
    if isinstance(decoder, Attentive):
        held["keys"] = looking.keys(graph, decoder.attention.scorer, memory)
    zeros = {
        "fed": lambda: graph.zeros(np.float32, (real, 0), decoder.readout_size),
        "step": lambda: graph.zeros(np.int64, (real, 0)),
        "looked": lambda: graph.zeros(np.float32, (real, 0), (real, 1)),
    }
    more = {port.name: zeros[port.name]() for port in moving_ports(decoder) if port.name in zeros}
    named = {port.name: held[port.name] for port in held_ports(decoder)}
    return named, Moving(handover(graph, decoder.handover, final), more)


def handover(graph: Graph, part: Handover, final: Sequence[State]) -> tuple[State, ...]:
    """A start state for each decoder layer: as it is, or through tanh(W s)."""
    chosen = [final[min(number, len(final) - 1)] for number in range(part.layers)]
    if not len(part.bridges):
        return tuple(chosen)
    made: list[State] = []
    for number, (bridge, state) in enumerate(zip(part.bridges, chosen, strict=True)):
        beside = state[0] if len(state) == 1 else graph.add("Concat", *state, axis=1)
        values = graph.add("Tanh", _linear(graph, f"bridge.{number}", bridge, beside))
        made.append(graph.several("Split", part.states, values, axis=1) if part.states > 1 else (values,))
    return tuple(made)


def _linear(graph: Graph, name: str, layer: nn.Module, inputs: Value) -> Value:
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"no linear layer: {type(layer).__name__}")
    return graph.linear(inputs, name, layer.weight, layer.bias)


def step_fixed(graph: Graph, decoder: Decoder, embedded: Value, held: dict[str, Value], state: Moving) -> Stepped:
    """Steps; there is nothing to ask."""
    beside: list[Value] = []
    if "context" in held:
        context = held["context"]
        rows, sentences = graph.shape((embedded, 0)), graph.shape((context, 0))
        # sentence-major: each context stands as often as its sentence has hypotheses
        size = graph.shape(decoder.memory_size)
        shape = graph.add("Concat", sentences, graph.add("Div", rows, sentences), size, axis=0)
        beside = [graph.reshape(graph.add("Expand", graph.wider(context, 1), shape), -1, decoder.memory_size)]
    top, layers = stack(graph, "decoder", _cells(decoder), [embedded, *beside], state.layers)
    read = top if not beside else graph.add("Concat", top, *beside, axis=1)
    if not isinstance(decoder, Fixed):
        raise TypeError(f"not without attention: {type(decoder).__name__}")
    return Stepped(graph.add("Tanh", _linear(graph, "combine", decoder.combine, read)), Moving(layers, {}), None)


def step_bahdanau(graph: Graph, decoder: Decoder, embedded: Value, held: dict[str, Value], state: Moving) -> Stepped:
    """Asks with the previous state, then steps on [embedding; context]."""
    context, weights = _ask(graph, decoder, state.layers[-1][0], held, state)
    top, layers = stack(graph, "decoder", _cells(decoder), [embedded, context], state.layers)
    return _read(graph, decoder, context, top, layers, state, weights)


def step_luong(graph: Graph, decoder: Decoder, embedded: Value, held: dict[str, Value], state: Moving) -> Stepped:
    """Steps, then asks with the new state."""
    fed = [state.more["fed"]] if "fed" in state.more else []
    top, layers = stack(graph, "decoder", _cells(decoder), [embedded, *fed], state.layers)
    context, weights = _ask(graph, decoder, top, held, state)
    return _read(graph, decoder, context, top, layers, state, weights)


def step_first_layer(graph: Graph, decoder: Decoder, embedded: Value, held: dict[str, Value], state: Moving) -> Stepped:
    """The first layer steps and asks; the layers above step on [first; context]."""
    if not isinstance(decoder, FirstLayer):
        raise TypeError(f"not asking from the first layer: {type(decoder).__name__}")
    below, first = stack(graph, "decoder", _cells(decoder), [embedded], state.layers[:1])
    context, weights = _ask(graph, decoder, below, held, state)
    top, above = stack(graph, "above", [*decoder.above.each()], [below, context], state.layers[1:])
    return _read(graph, decoder, context, top, first + above, state, weights)


STEPS: dict[type[Decoder], Callable[[Graph, Decoder, Value, dict[str, Value], Moving], Stepped]] = {
    Fixed: step_fixed, Bahdanau: step_bahdanau, Luong: step_luong, FirstLayer: step_first_layer,
}  # fmt: skip


def _cells(decoder: Decoder) -> list[Cell]:
    return [*decoder.stack.each()]


def _attentive(decoder: Decoder) -> Attentive:
    if not isinstance(decoder, Attentive):
        raise TypeError(f"no attention: {type(decoder).__name__}")
    return decoder


def _ask(graph: Graph, decoder: Decoder, query: Value, held: dict[str, Value], state: Moving) -> tuple[Value, Value]:
    attention = _attentive(decoder).attention
    whole = Held(held["memory"], held.get("keys", held["memory"]), held["real"])
    return looking.ask(graph, attention, query, whole, state.more.get("step"), state.more.get("looked"))


def _read(
    graph: Graph, decoder: Decoder, context: Value, top: Value, layers: tuple[State, ...], state: Moving, weights: Value
) -> Stepped:  # fmt: skip
    """tanh(W [context; state]), and what moves on."""
    beside = graph.add("Concat", context, top, axis=1)
    readout = graph.add("Tanh", _linear(graph, "combine", _attentive(decoder).combine, beside))
    after = {
        "fed": lambda: readout,
        "step": lambda: graph.add("Add", state.more["step"], graph.numbers(np.array(1, np.int64))),
        "looked": lambda: weights,
    }
    return Stepped(readout, Moving(layers, {name: after[name]() for name in state.more}), weights)
