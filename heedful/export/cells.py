"""The recurrent cells in ONNX: whole layers of the encoder by ONNX's own operators, steps of the decoder in products.

ONNX's RNN, GRU and LSTM are told how long each sequence is (``sequence_lens``) and read both directions, so padding is right
by construction: what they say there is zero, the state that they end with is that after the last real position, and backwards
that of the first. The specification is https://onnx.ai/onnx/operators (opset 14).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from heedful.export.graph import Graph, Value
from heedful.model.cells import GRU, LSTM, RNN, Cell
from heedful.model.recurrent import Layer, Recurrent

State = tuple[Value, ...]
"""The whole state of one cell, hidden state first."""
Step = Callable[[Graph, str, Cell, Sequence[Value], State], State]
"""Graph, name, cell, what enters (side by side) and the state, to the new state."""


class Fused(NamedTuple):
    """ONNX's operator for a cell: in which order it has our gates, and what else it is told."""

    operator: str
    gates: tuple[int, ...]
    attributes: dict[str, int]


FUSED: dict[type[Cell], Fused] = {
    RNN: Fused("RNN", (0,), {}),
    GRU: Fused("GRU", (1, 0, 2), {"linear_before_reset": 1}),  # ours r z n, ONNX's z r h
    LSTM: Fused("LSTM", (0, 3, 1, 2), {}),  # ours i f g o, ONNX's i o f c
}


def recurrent(graph: Graph, stack: Recurrent, inputs: Value, lengths: Value) -> tuple[Value, list[State]]:
    """A stack of layers over the source.

    Args:
        graph: the graph.
        stack: the model's.
        inputs: (sentence, position, features).
        lengths: how many positions of each sentence are real (int32).

    Returns:
        The top layer's hidden states (sentence, position, size), zero on padding, and every layer's final state.
    """
    finals: list[State] = []
    values = graph.add("Transpose", inputs, perm=[1, 0, 2])
    for number, each in enumerate(stack.each()):
        values, final = layer(graph, f"encoder.{number}", each, values, lengths)
        finals.append(final)
    return graph.add("Transpose", values, perm=[1, 0, 2]), finals


def layer(graph: Graph, name: str, each: Layer, inputs: Value, lengths: Value) -> tuple[Value, State]:
    """One layer, forwards, backwards or both: (position, sentence, size), and the final state of all directions."""
    cells = each.cells()
    fused, size = FUSED[type(cells[0])], cells[0].hidden_size
    direction = "bidirectional" if len(cells) == 2 else "forward" if each.forwards is not None else "reverse"
    weights = [
        graph.kept(f"{name}.{part}", torch.stack([_ordered(tensor, fused.gates) for tensor in tensors]))
        for part, tensors in (
            ("input", [cell.input_weight for cell in cells]),
            ("hidden", [cell.hidden_weight for cell in cells]),
        )
    ]
    bias = torch.stack([torch.cat([_ordered(part, fused.gates) for part in _biases(cell)]) for cell in cells])
    found = graph.several(
        fused.operator, 1 + cells[0].states, inputs, *weights, graph.weight(f"{name}.bias", bias), lengths,
        hidden_size=size, direction=direction, **fused.attributes,
    )  # fmt: skip
    outputs, final = found[0], found[1:]
    values = graph.reshape(graph.add("Transpose", outputs, perm=[0, 2, 1, 3]), 0, 0, size * len(cells))
    beside = [graph.reshape(graph.add("Transpose", part, perm=[1, 0, 2]), 0, size * len(cells)) for part in final]
    return values, tuple(beside)


def _ordered(numbers: Tensor, gates: Sequence[int]) -> Tensor:
    parts = numbers.chunk(len(gates), dim=0)
    return torch.cat([parts[gate] for gate in gates])


def _biases(cell: Cell) -> tuple[Tensor, Tensor]:
    """The bias outside the recurrence, and the one inside it."""
    inside = torch.zeros_like(cell.bias)
    if cell.own_bias is not None:  # stands with the last gate
        inside = torch.cat([inside[: -cell.hidden_size], cell.own_bias])
    return cell.bias, inside


def _together(graph: Graph, name: str, cell: Cell, entering: Sequence[Value], hidden: Value) -> Value:
    """W x + U h + b: one product, for what enters and what was meet in one sum."""
    weight = torch.cat([cell.input_weight, cell.hidden_weight], dim=1)
    return graph.linear(graph.add("Concat", *entering, hidden, axis=1), name, weight, cell.bias)


def step_rnn(graph: Graph, name: str, cell: Cell, entering: Sequence[Value], state: State) -> State:
    """One product: h' = tanh(W x + U h + b)."""
    return (graph.add("Tanh", _together(graph, name, cell, entering, state[0])),)


def step_gru(graph: Graph, name: str, cell: Cell, entering: Sequence[Value], state: State) -> State:
    """Two products: r, z = s(...), n = tanh(W_n x + b_n + r (U_n h + b_m)), h' = n + z (h - n)."""
    (h,) = state
    inside = torch.cat(
        [cell.bias.new_zeros(2 * cell.hidden_size), cell.bias if cell.own_bias is None else cell.own_bias]
    )
    x = entering[0] if len(entering) == 1 else graph.add("Concat", *entering, axis=1)
    outer = graph.several("Split", 3, graph.linear(x, f"{name}.input", cell.input_weight, cell.bias), axis=1)
    inner = graph.several("Split", 3, graph.linear(h, f"{name}.hidden", cell.hidden_weight, inside), axis=1)
    reset, keep = (graph.add("Sigmoid", graph.add("Add", outer[gate], inner[gate])) for gate in (0, 1))
    new = graph.add("Tanh", graph.add("Add", outer[2], graph.add("Mul", reset, inner[2])))
    return (graph.add("Add", new, graph.add("Mul", keep, graph.add("Sub", h, new))),)


def step_lstm(graph: Graph, name: str, cell: Cell, entering: Sequence[Value], state: State) -> State:
    """One product: c' = f c + i g, h' = o tanh(c')."""
    h, c = state
    gates = graph.several("Split", 4, _together(graph, name, cell, entering, h), axis=1)
    enter, forget, leave = (graph.add("Sigmoid", gates[gate]) for gate in (0, 1, 3))
    new = graph.add("Mul", enter, graph.add("Tanh", gates[2]))
    c = graph.add("Add", graph.add("Mul", forget, c), new)
    return graph.add("Mul", leave, graph.add("Tanh", c)), c


STEPS: dict[type[Cell], Step] = {RNN: step_rnn, GRU: step_gru, LSTM: step_lstm}


def stack(
    graph: Graph, name: str, cells: Sequence[Cell], entering: Sequence[Value], states: Sequence[State]
) -> tuple[Value, tuple[State, ...]]:
    """One step of every layer: the top hidden state and all states."""
    news: list[State] = []
    for number, (cell, state) in enumerate(zip(cells, states, strict=True)):
        new = STEPS[type(cell)](graph, f"{name}.{number}", cell, entering, state)
        news.append(new)
        entering = [new[0]]
    return entering[0], tuple(news)
