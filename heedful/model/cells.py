"""The recurrent cells: one step each, and the same thing over a whole sequence in one fused call.

Letters as in the papers: x the input, h the hidden state, c the LSTM's memory cell, W input weights, U recurrent
weights, b biases. A cell's state is a tuple of tensors (row, hidden), hidden state first; no caller asks which cell it is.
"""

from typing import ClassVar, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

State: TypeAlias = tuple[Tensor, ...]
"""The whole state of one cell: tensors (row, hidden); the first is the hidden state that others see."""

SHUT = 1e4
"""A gate's input this far below zero is exactly 0 after the sigmoid in float32 and bfloat16; this far above, exactly 1."""


class Cell(nn.Module):
    """A recurrent cell: ``step`` is the specification, ``scan`` the same over a padded batch in one fused call."""

    gates: ClassVar[int]
    states: ClassVar[int] = 1
    compiled: ClassVar[str | None] = None
    """What the compiled loops call it, see ``heedful.native``; None where they do not know it."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.input_weight = nn.Parameter(torch.empty(self.gates * hidden_size, input_size))
        self.hidden_weight = nn.Parameter(torch.empty(self.gates * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(self.gates * hidden_size))
        if not self.bias.is_meta:
            self.initialise()

    @torch.no_grad()
    def initialise(self) -> None:
        """Glorot-uniform input weights and orthogonal recurrent weights, each gate by itself; biases zero.

        Orthogonal recurrence keeps the norm of what flows through time (Saxe 2014; Le 2015 for plain cells).
        """
        for gate in range(self.gates):
            rows = slice(gate * self.hidden_size, (gate + 1) * self.hidden_size)
            nn.init.xavier_uniform_(self.input_weight[rows])
            nn.init.orthogonal_(self.hidden_weight[rows])
        self.bias.zero_()

    @property
    def own_bias(self) -> Tensor | None:
        """A bias inside the recurrence, where the cell has one."""
        return None

    def project(self, inputs: Float[Tensor, "*batch input"]) -> Float[Tensor, "*batch gates"]:
        """W x + b for any number of positions at once: the part of a step that needs no state."""
        return nn.functional.linear(inputs, self.input_weight, self.bias)

    def advance(self, projected: Float[Tensor, "row gates"], state: State) -> State:
        """One step from projected inputs."""
        raise NotImplementedError

    def step(self, inputs: Float[Tensor, "row input"], state: State) -> State:
        """One step: the new state from the input and the old state."""
        return self.advance(self.project(inputs), state)

    def start(self, rows: int, like: Tensor) -> State:
        """The state before the first item: zeros, on the device and in the precision of ``like``."""
        return tuple(like.new_zeros(rows, self.hidden_size) for _ in range(self.states))

    def scan(
        self,
        inputs: Float[Tensor, "batch time input"],
        state: State,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time hidden"], State]:
        """All steps at once: the hidden state at every position, and the whole state after the last real one.

        ``real`` None means that every position is real. Padding stands at the end of a row; what the first result
        holds there is of no meaning.
        """
        raise NotImplementedError


def at_last(
    outputs: Float[Tensor, "batch time hidden"], real: Bool[Tensor, "batch time"]
) -> Float[Tensor, "batch hidden"]:
    """The output at the last real position of each row."""
    last = real.sum(dim=1) - 1
    return outputs[torch.arange(len(last), device=last.device), last]


class RNN(Cell):
    """Plain cell (Elman 1990): h' = tanh(W x + U h + b)."""

    gates = 1
    compiled = "rnn"

    def advance(self, projected: Float[Tensor, "row gates"], state: State) -> State:
        """One step from projected inputs."""
        (h,) = state
        return (torch.tanh(projected + h @ self.hidden_weight.T),)

    def scan(
        self,
        inputs: Float[Tensor, "batch time input"],
        state: State,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time hidden"], State]:
        """All steps at once, see ``Cell.scan``."""
        weights = [self.input_weight, self.hidden_weight, self.bias, torch.zeros_like(self.bias)]
        outputs, last = torch.rnn_tanh(inputs, state[0][None], weights, True, 1, 0.0, self.training, False, True)
        return outputs, (last[0] if real is None else at_last(outputs, real),)


class GRU(Cell):
    """Gated recurrent unit (Cho 2014), with the reset gate after the product, as cuDNN and PyTorch have it.

    r = s(W_r x + U_r h + b_r), z = s(W_z x + U_z h + b_z), n = tanh(W_n x + b_n + r (U_n h + b_m)),
    h' = (1 - z) n + z h.
    """

    gates = 3
    compiled = "gru"

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.candidate_bias = nn.Parameter(torch.zeros(hidden_size))

    @property
    def own_bias(self) -> Tensor | None:
        """b_m."""
        return self.candidate_bias

    def advance(self, projected: Float[Tensor, "row gates"], state: State) -> State:
        """One step from projected inputs."""
        (h,) = state
        x_reset, x_keep, x_new = projected.chunk(3, dim=1)
        h_reset, h_keep, h_new = (h @ self.hidden_weight.T).chunk(3, dim=1)
        reset, keep = torch.sigmoid(x_reset + h_reset), torch.sigmoid(x_keep + h_keep)
        new = torch.tanh(x_new + reset * (h_new + self.candidate_bias))
        return (torch.lerp(new, h, keep),)

    def scan(
        self,
        inputs: Float[Tensor, "batch time input"],
        state: State,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time hidden"], State]:
        """All steps at once, see ``Cell.scan``."""
        hidden_bias = torch.cat([self.bias.new_zeros(2 * self.hidden_size), self.candidate_bias])
        weights = [self.input_weight, self.hidden_weight, self.bias, hidden_bias]
        outputs, last = torch.gru(inputs, state[0][None], weights, True, 1, 0.0, self.training, False, True)
        return outputs, (last[0] if real is None else at_last(outputs, real),)


class LSTM(Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997) with forget gate (Gers 2000).

    i, f, o = s(W x + U h + b), g = tanh(W_g x + U_g h + b_g), c' = f c + i g, h' = o tanh(c'). Gates stand in the order
    i f g o. The forget gate's bias starts at one, so that memory is kept at first (Jozefowicz 2015).
    """

    gates = 4
    states = 2
    compiled = "lstm"

    @torch.no_grad()
    def initialise(self) -> None:
        """As every cell, and a forget bias of one."""
        super().initialise()
        self.bias[self.hidden_size : 2 * self.hidden_size] = 1.0

    def advance(self, projected: Float[Tensor, "row gates"], state: State) -> State:
        """One step from projected inputs."""
        h, c = state
        enter, forget, new, leave = (projected + h @ self.hidden_weight.T).chunk(4, dim=1)
        c = torch.sigmoid(forget) * c + torch.sigmoid(enter) * torch.tanh(new)
        return torch.sigmoid(leave) * torch.tanh(c), c

    def scan(
        self,
        inputs: Float[Tensor, "batch time input"],
        state: State,
        real: Bool[Tensor, "batch time"] | None = None,
    ) -> tuple[Float[Tensor, "batch time hidden"], State]:
        """All steps at once, see ``Cell.scan``.

        The fused kernel gives the memory cell only after the last *column*. So that this is also the one after the
        last *real* position, padding is one more input that shuts the input gate and opens the forget gate wide:
        c' = 1 c + 0 g, exactly.
        """
        input_weight = self.input_weight
        if real is not None:
            gate = torch.cat([self.bias.new_full((self.hidden_size,), value) for value in (-SHUT, SHUT, 0.0, 0.0)])
            input_weight = torch.cat([input_weight, gate[:, None]], dim=1)
            inputs = torch.cat([inputs, (~real)[..., None].to(inputs.dtype)], dim=2)
        weights = [input_weight, self.hidden_weight, self.bias, torch.zeros_like(self.bias)]
        begin = [tensor[None] for tensor in state]
        outputs, last, memory = torch.lstm(inputs, begin, weights, True, 1, 0.0, self.training, False, True)
        return outputs, (last[0] if real is None else at_last(outputs, real), memory[0])


CELLS: dict[str, type[Cell]] = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
