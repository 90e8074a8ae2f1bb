"""Attention in ONNX: the scorers and reaches of ``model/attention.py`` and ``model/reach.py``, for the hypotheses of a step.

Axes as there: ``query`` is the hypotheses of a sentence. Rows are sentence-major, and how many a sentence has follows from what
is held: (row, features) becomes (sentence, query, features) without any number known before.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import Tensor

from heedful.export.graph import Graph, Value
from heedful.model.attention import WIDTH, Additive, Attention, Dot, General, Location, Scorer
from heedful.model.reach import Global, LocalM, LocalP, Monotonic, Predicting, Reach

NAME = "attention"


class Held(NamedTuple):
    """What attention holds: memory (sentence, position, memory), keys (sentence, position, key), real (sentence, position)."""

    memory: Value
    keys: Value
    real: Value


class Looking(NamedTuple):
    """What a step knows: query (sentence, query, size), and where one asks, step (sentence, query) and previous weights."""

    query: Value
    step: Value | None
    previous: Value | None


def keys(graph: Graph, scorer: Scorer, memory: Value) -> Value:
    """What is compared with queries; the memory itself where the scorer makes none."""
    if isinstance(scorer, General):
        return graph.linear(memory, f"{NAME}.keys", scorer.weight)
    if isinstance(scorer, Additive):
        return graph.linear(memory, f"{NAME}.keys", scorer.memory.weight)
    return memory


def makes_keys(scorer: Scorer) -> bool:
    """Whether keys are other than the memory."""
    return not isinstance(scorer, Dot)


def score_product(graph: Graph, scorer: Scorer, held: Held, looking: Looking) -> Value:
    """The product q . k."""
    return graph.add("MatMul", looking.query, graph.add("Transpose", held.keys, perm=[0, 2, 1]))


def score_additive(graph: Graph, scorer: Scorer, held: Held, looking: Looking) -> Value:
    """A small network: v . tanh(W q + k + b)."""
    return _valued(graph, _additive(scorer), held, looking, None)


def score_location(graph: Graph, scorer: Scorer, held: Held, looking: Looking) -> Value:
    """The same with v . tanh(W q + k + F a + b): F over the weights around each position is a convolution."""
    if not isinstance(scorer, Location):
        raise TypeError(f"no location scorer: {type(scorer).__name__}")
    previous = _known(looking.previous)
    alone = graph.reshape(previous, -1, 1, (previous, 2))
    filters = graph.weight(f"{NAME}.location", scorer.location[:, None])
    seen = graph.add("Conv", alone, filters, pads=[WIDTH // 2, WIDTH // 2])
    seen = graph.add("Transpose", seen, perm=[0, 2, 1])
    around = graph.reshape(seen, (previous, 0), (previous, 1), (previous, 2), scorer.location.shape[0])
    return _valued(graph, scorer, held, looking, around)


def _valued(graph: Graph, scorer: Additive, held: Held, looking: Looking, around: Value | None) -> Value:
    asked = graph.linear(looking.query, f"{NAME}.query", scorer.query.weight, scorer.query.bias)
    pairs = graph.add("Add", graph.wider(asked, 2), graph.wider(held.keys, 1))
    if around is not None:
        pairs = graph.add("Add", pairs, around)
    return _dotted(graph, graph.add("Tanh", pairs), f"{NAME}.value", scorer.value, 3)


def _dotted(graph: Graph, values: Value, name: str, vector: Tensor, axis: int) -> Value:
    """Products v . x over the last axis. No ``linear``: it stays in float32, for scores are what a softmax looks at closely."""
    made = graph.add("MatMul", values, graph.weight(name, vector[:, None]))
    return graph.add("Squeeze", made, graph.numbers([axis]))


def _additive(scorer: Scorer) -> Additive:
    if not isinstance(scorer, Additive):
        raise TypeError(f"no additive scorer: {type(scorer).__name__}")
    return scorer


def _known(value: Value | None) -> Value:
    if value is None:
        raise ValueError("this attention has to know where the step before looked, or which step this is")
    return value


SCORES: dict[type[Scorer], Callable[[Graph, Scorer, Held, Looking], Value]] = {
    Dot: score_product, General: score_product, Additive: score_additive, Location: score_location,
}  # fmt: skip


def anywhere(graph: Graph, reach: Reach, held: Held, looking: Looking) -> Value | None:
    """No bias."""
    return None


def local_m(graph: Graph, reach: Reach, held: Held, looking: Looking) -> Value | None:
    """Zero in the window around the step's number, minus infinity outside."""
    step = graph.cast(_known(looking.step), np.float32)
    return _outside(graph, reach, _distance(graph, graph.add("Min", step, _last(graph, held)), held))


def local_p(graph: Graph, reach: Reach, held: Held, looking: Looking) -> Value | None:
    """A Gaussian's logarithm around (S - 1) s(v . tanh(W q))."""
    centre = graph.add("Mul", _last(graph, held), _share(graph, reach, looking))
    return _gaussian(graph, reach, _distance(graph, centre, held))


def monotonic(graph: Graph, reach: Reach, held: Held, looking: Looking) -> Value | None:
    """A Gaussian's logarithm around E[s] + D s(v . tanh(W q))."""
    places = graph.cast(graph.count(held.real, 1), np.float32)
    looked = graph.add("Mul", _known(looking.previous), places)
    before = graph.add("ReduceSum", looked, graph.numbers([2]), keepdims=0)
    move = graph.add("Mul", graph.numbers(float(reach.window)), _share(graph, reach, looking))
    centre = graph.add("Min", graph.add("Add", before, move), _last(graph, held))
    return _gaussian(graph, reach, _distance(graph, centre, held))


def _last(graph: Graph, held: Held) -> Value:
    """The last real position (sentence, 1)."""
    count = graph.add("ReduceSum", graph.cast(held.real, np.float32), graph.numbers([1]), keepdims=1)
    return graph.add("Sub", count, graph.numbers(1.0))


def _share(graph: Graph, reach: Reach, looking: Looking) -> Value:
    if not isinstance(reach, Predicting):
        raise TypeError(f"this reach predicts nothing: {type(reach).__name__}")
    asked = graph.add("Tanh", graph.linear(looking.query, f"{NAME}.reach", reach.query.weight))
    return graph.add("Sigmoid", _dotted(graph, asked, f"{NAME}.reach.value", reach.value, 2))


def _distance(graph: Graph, centre: Value, held: Held) -> Value:
    """How far each position is from the centre (sentence, query) of each query."""
    return graph.add("Sub", graph.cast(graph.count(held.real, 1), np.float32), graph.wider(centre, 2))


def _outside(graph: Graph, reach: Reach, distance: Value) -> Value:
    far = graph.add("Greater", graph.add("Abs", distance), graph.numbers(float(reach.window)))
    return graph.add("Where", far, graph.numbers(float("-inf")), graph.numbers(0.0))


def _gaussian(graph: Graph, reach: Reach, distance: Value) -> Value:
    square = graph.add("Mul", distance, distance)
    fall = graph.add("Div", square, graph.numbers(2 * (reach.window / 2) ** 2))
    return graph.add("Sub", _outside(graph, reach, distance), fall)


BIASES: dict[type[Reach], Callable[[Graph, Reach, Held, Looking], Value | None]] = {
    Global: anywhere, LocalM: local_m, LocalP: local_p, Monotonic: monotonic,
}  # fmt: skip


def asks_step(attention: Attention) -> bool:
    """Whether it has to know the number of the step."""
    return isinstance(attention.reach, LocalM)


def ask(
    graph: Graph, attention: Attention, query: Value, held: Held, step: Value | None, looked: Value | None
) -> tuple[Value, Value]:
    """One query a row (row, size): contexts (row, memory) and weights (row, position)."""
    size = (query, 1)
    grouped = graph.reshape(query, (held.real, 0), -1, size)
    moment = None if step is None else graph.reshape(step, (held.real, 0), -1)
    previous = None if looked is None else graph.reshape(looked, (held.real, 0), -1, (held.real, 1))
    looking = Looking(grouped, moment, previous)
    scores = SCORES[type(attention.scorer)](graph, attention.scorer, held, looking)
    bias = BIASES[type(attention.reach)](graph, attention.reach, held, looking)
    scores = scores if bias is None else graph.add("Add", scores, bias)
    scores = graph.add("Where", graph.wider(held.real, 1), scores, graph.numbers(float("-inf")))
    weights = graph.add("Softmax", scores, axis=2)
    context = graph.reshape(graph.add("MatMul", weights, held.memory), -1, (held.memory, 2))
    return context, graph.reshape(weights, -1, (held.real, 1))
