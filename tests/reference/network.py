"""A whole network in NumPy, in double precision, for one sentence at a time: loops over layers, positions and steps.

It reads the network's parameters by name and its settings, and nothing else of its code.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heedful.contracts import END, RESERVED, START
from heedful.model.settings import ModelSettings
from tests.reference.attention import attend
from tests.reference.cells import STEPS, Parameters, State, Vector

Matrix = NDArray[np.float64]


class Now(NamedTuple):
    """Where a decoder stands: the state of every layer, the last readout, how many steps it made, where the last looked."""

    layers: tuple[State, ...]
    readout: Vector
    step: int
    looked: Vector | None = None


class Output(NamedTuple):
    """A greedy output: units, the log-probability of each and of the end mark, and weights, a row a step."""

    units: list[int]
    log_probs: list[float]
    weights: list[Vector]


class Reference:
    """The same function as ``Network``, written from the papers."""

    def __init__(self, settings: ModelSettings, parameters: Mapping[str, Matrix]) -> None:
        self.settings, self.parameters = settings.resolved(), parameters
        self.encoder_cell = settings.encoder_cell or settings.cell
        self.decoder_cell = settings.decoder_cell or settings.cell
        self.encoder_layers = settings.encoder_layers or settings.num_layers
        self.decoder_layers = settings.decoder_layers or settings.num_layers

    def under(self, prefix: str) -> Parameters:
        """The parameters whose names begin so, under the rest of their names."""
        return {name.removeprefix(prefix): each for name, each in self.parameters.items() if name.startswith(prefix)}

    def linear(self, name: str, values: Vector) -> Vector:
        """W values + b."""
        return self.parameters[f"{name}.weight"] @ values + self.parameters[f"{name}.bias"]

    def run(self, cell: str, name: str, inputs: Sequence[Vector]) -> list[State]:
        """The state after every input, from a state of zeros."""
        p = self.under(f"{name}.")
        size = p["hidden_weight"].shape[1]
        state: State = tuple(np.zeros(size) for _ in range(2 if cell == "lstm" else 1))
        states: list[State] = []
        for x in inputs:
            state = STEPS[cell](x, state, p)
            states.append(state)
        return states

    def encode(self, columns: Sequence[Sequence[int]]) -> tuple[list[Vector], list[State]]:
        """Every hidden state of the top layer, and the final state of every layer."""
        values: list[Vector] = []
        for column, ids in enumerate(columns):
            values += [self.parameters[f"encoder.reader.tables.{column}.weight"][unit] for unit in ids]
        finals: list[State] = []
        for layer in range(self.encoder_layers):
            name = f"encoder.recurrent.layers.{layer}"
            there = self.run(self.encoder_cell, f"{name}.forwards", values)
            if not self.settings.bidirectional:
                values, final = [state[0] for state in there], there[-1]
            else:
                back = self.run(self.encoder_cell, f"{name}.backwards", values[::-1])
                pairs = zip(there, back[::-1], strict=True)
                values = [np.concatenate([one[0], other[0]]) for one, other in pairs]
                final = tuple(np.concatenate(parts) for parts in zip(there[-1], back[-1], strict=True))
            finals.append(final)
        return values, finals

    def start(self, finals: Sequence[State]) -> Now:
        """The decoder's start: the final states as they are, or through tanh(W s + b) where the shapes differ."""
        bridged = "decoder.handover.bridges.0.weight" in self.parameters
        layers: list[State] = []
        for layer in range(self.decoder_layers):
            state = finals[layer] if layer < len(finals) else finals[-1]
            if bridged:
                values = np.tanh(self.linear(f"decoder.handover.bridges.{layer}", np.concatenate(state)))
                state = tuple(np.split(values, 2 if self.decoder_cell == "lstm" else 1))
            layers.append(state)
        return Now(tuple(layers), np.zeros(self.parameters["decoder.combine.weight"].shape[0]), 0)

    def climb(self, names: Sequence[str], states: Sequence[State], values: Vector) -> tuple[Vector, list[State]]:
        """One step of layers above each other: the top hidden state, and every state."""
        news: list[State] = []
        for name, state in zip(names, states, strict=True):
            news.append(STEPS[self.decoder_cell](values, state, self.under(f"{name}.")))
            values = news[-1][0]
        return values, news

    def ask(self, q: Vector, memory: list[Vector], now: Now) -> tuple[Vector, Vector]:
        """Context and weights."""
        scoring, reaching = self.under("decoder.attention.scorer."), self.under("decoder.attention.reach.")
        scorer, reach, window = self.settings.scorer or "", self.settings.reach or "", self.settings.window or 0
        return attend(q, np.stack(memory), now.step, scorer, reach, window, scoring, reaching, now.looked)

    def read(self, *parts: Vector) -> Vector:
        """tanh(W [parts] + b)."""
        return np.tanh(self.linear("decoder.combine", np.concatenate(parts)))

    def step(self, unit: int, memory: list[Vector], finals: Sequence[State], now: Now) -> tuple[Vector, Vector, Now]:
        """Logits, weights (empty without attention) and where the decoder stands afterwards."""
        embedded = self.parameters["embedding.weight"][unit]
        layers, readout, weights = WIRINGS[self.settings.attention](self, embedded, memory, finals, now)
        output = self.parameters["embedding.weight" if self.settings.tie_embeddings else "untied_weight"]
        return (
            output @ readout + self.parameters["output_bias"],
            weights,
            Now(tuple(layers), readout, now.step + 1, weights),
        )

    def greedy(self, columns: Sequence[Sequence[int]], longest: int) -> Output:
        """The likeliest unit at every step, until the end mark; the end of ``longest`` units is forced."""
        memory, finals = self.encode(columns)
        now, unit, output = self.start(finals), START, Output([], [], [])
        for step in range(longest + 1):
            logits, weights, now = self.step(unit, memory, finals, now)
            log_probs = logits - np.log(np.sum(np.exp(logits)))
            unit = RESERVED + int(np.argmax(log_probs[RESERVED:]))
            if log_probs[END] >= log_probs[unit] or step == longest:
                output.log_probs.append(float(log_probs[END]))
                break
            output.units.append(unit)
            output.log_probs.append(float(log_probs[unit]))
            output.weights.append(weights)
        return output


Stepped = tuple[list[State], Vector, Vector]


def stack(count: int, first: int = 0) -> list[str]:
    """Names of the decoder's layers."""
    return [f"decoder.stack.cells.{layer}" for layer in range(first, count)]


def fixed(net: Reference, x: Vector, memory: list[Vector], finals: Sequence[State], now: Now) -> Stepped:
    """No attention (Sutskever 2014); the context beside input and output where it is fed (Cho 2014)."""
    beside = [finals[-1][0]] if net.settings.feed_context else []
    top, layers = net.climb(stack(net.decoder_layers), now.layers, np.concatenate([x, *beside]))
    return layers, net.read(top, *beside), np.zeros(0)


def bahdanau(net: Reference, x: Vector, memory: list[Vector], finals: Sequence[State], now: Now) -> Stepped:
    """Asks with the previous state of the top layer, then steps on [embedding; context] (Bahdanau 2015, 3.1)."""
    context, weights = net.ask(now.layers[-1][0], memory, now)
    top, layers = net.climb(stack(net.decoder_layers), now.layers, np.concatenate([x, context]))
    return layers, net.read(context, top), weights


def luong(net: Reference, x: Vector, memory: list[Vector], finals: Sequence[State], now: Now) -> Stepped:
    """Steps, asks with the new state (Luong 2015, 3.1); the last readout beside the embedding where it is fed (3.3)."""
    fed = [now.readout] if net.settings.input_feeding else []
    top, layers = net.climb(stack(net.decoder_layers), now.layers, np.concatenate([x, *fed]))
    context, weights = net.ask(top, memory, now)
    return layers, net.read(context, top), weights


def first_layer(net: Reference, x: Vector, memory: list[Vector], finals: Sequence[State], now: Now) -> Stepped:
    """The first layer steps and asks; the layers above get its state beside the answer (Wu 2016, 3.1)."""
    below, first = net.climb(stack(1), now.layers[:1], x)
    context, weights = net.ask(below, memory, now)
    names = [f"decoder.above.cells.{layer}" for layer in range(net.decoder_layers - 1)]
    top, above = net.climb(names, now.layers[1:], np.concatenate([below, context]))
    return [*first, *above], net.read(context, top), weights


WIRINGS: dict[str, Callable[[Reference, Vector, list[Vector], Sequence[State], Now], Stepped]] = {
    "fixed": fixed,
    "bahdanau": bahdanau,
    "luong": luong,
    "first-layer": first_layer,
}
