"""One step of each cell in NumPy, gate by gate, in double precision: the papers' equations and nothing else.

A row at a time: ``x`` is the input, ``h`` the hidden state, ``c`` the memory cell. ``p`` has the cell's parameters by
name; ``input_weight``, ``hidden_weight`` and ``bias`` hold the gates one above the other.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Parameters = Mapping[str, NDArray[np.float64]]
State = tuple[Vector, ...]


def sigmoid(values: Vector) -> Vector:
    """1 / (1 + exp(-values))."""
    return 1 / (1 + np.exp(-values))


def gate(p: Parameters, number: int, x: Vector, h: Vector) -> Vector:
    """W x + U h + b of one gate."""
    size = len(h)
    rows = slice(number * size, (number + 1) * size)
    return p["input_weight"][rows] @ x + p["hidden_weight"][rows] @ h + p["bias"][rows]


def rnn(x: Vector, state: State, p: Parameters) -> State:
    """Elman 1990: h' = tanh(W x + U h + b)."""
    (h,) = state
    return (np.tanh(gate(p, 0, x, h)),)


def lstm(x: Vector, state: State, p: Parameters) -> State:
    """Hochreiter and Schmidhuber 1997 with the forget gate of Gers 2000; gates in the order i f g o."""
    h, c = state
    i, f, o = (sigmoid(gate(p, number, x, h)) for number in (0, 1, 3))
    c = f * c + i * np.tanh(gate(p, 2, x, h))
    return o * np.tanh(c), c


def gru(x: Vector, state: State, p: Parameters) -> State:
    """Cho 2014, the reset gate after the product as in cuDNN; gates in the order r z n."""
    (h,) = state
    r, z = (sigmoid(gate(p, number, x, h)) for number in (0, 1))
    rows = slice(2 * len(h), 3 * len(h))
    candidate = p["hidden_weight"][rows] @ h + p["candidate_bias"]
    n = np.tanh(p["input_weight"][rows] @ x + p["bias"][rows] + r * candidate)
    return ((1 - z) * n + z * h,)


STEPS: dict[str, Callable[[Vector, State, Parameters], State]] = {"rnn": rnn, "lstm": lstm, "gru": gru}
