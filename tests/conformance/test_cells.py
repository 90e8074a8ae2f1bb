"""Every cell of the table: its step equals the papers' equations and PyTorch's, its fused scan equals its steps."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from heedful.model.cells import CELLS, Cell, State
from tests.reference.cells import STEPS

INPUT, HIDDEN = 4, 5
TORCH_STEPS: dict[str, Any] = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
TORCH_LAYERS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
every_cell = pytest.mark.parametrize("name", CELLS)
lengths_of_rows = pytest.mark.parametrize("lengths", [[6, 6, 6], [6, 3, 1], [1, 1], [2, 6, 5, 1]], ids=str)
either_precision = pytest.mark.parametrize(
    ("dtype", "close"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=["float64", "float32"]
)


def made(name: str, dtype: torch.dtype = torch.float64) -> Cell:
    """A cell with weights and biases large enough to matter."""
    torch.manual_seed(3)
    cell = CELLS[name](INPUT, HIDDEN).to(dtype)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return cell


def begin(cell: Cell, rows: int, dtype: torch.dtype = torch.float64) -> State:
    """A random start state."""
    return tuple(torch.randn(rows, HIDDEN, dtype=dtype) for _ in range(cell.states))


def stepped(cell: Cell, inputs: Tensor, state: State, real: Tensor) -> tuple[Tensor, State]:
    """The specification of ``scan``: a loop over steps, in which a row that is over keeps its state."""
    outputs: list[Tensor] = []
    for now, here in zip(inputs.unbind(dim=1), real.unbind(dim=1), strict=True):
        new = cell.step(now, state)
        state = tuple(torch.where(here[:, None], one, other) for one, other in zip(new, state, strict=True))
        outputs.append(new[0])
    return torch.stack(outputs, dim=1), state


def real_of(lengths: list[int]) -> Tensor:
    """What is real in rows of these lengths."""
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def copied(cell: Cell, target: nn.Module, suffix: str = "") -> None:
    """Gives a PyTorch layer or cell the same weights: its two biases add up, but for the GRU's candidate."""
    hidden_bias = torch.zeros_like(cell.bias)
    if isinstance(candidate := getattr(cell, "candidate_bias", None), Tensor):
        hidden_bias[-HIDDEN:] = candidate.detach()
    given = {"weight_ih": cell.input_weight, "weight_hh": cell.hidden_weight, "bias_ih": cell.bias}
    target.load_state_dict({f"{key}{suffix}": value for key, value in (given | {"bias_hh": hidden_bias}).items()})


@every_cell
@either_precision
def test_a_step_is_the_papers_equation(name: str, dtype: torch.dtype, close: float) -> None:
    cell = made(name, dtype)
    inputs, state = torch.randn(3, INPUT, dtype=dtype), begin(cell, 3, dtype)
    new = cell.step(inputs, state)
    p = {key: value.detach().double().numpy() for key, value in cell.named_parameters()}
    for row in range(3):
        before = tuple(part[row].double().numpy() for part in state)
        expected = STEPS[name](inputs[row].double().numpy(), before, p)
        assert len(new) == len(expected) == cell.states
        for one, other in zip(new, expected, strict=True):
            np.testing.assert_allclose(one[row].detach().numpy(), other, rtol=0, atol=close)


@every_cell
def test_a_step_is_pytorchs(name: str) -> None:
    if name not in TORCH_STEPS:
        pytest.skip("PyTorch has no such cell")
    cell = made(name)
    theirs = TORCH_STEPS[name](INPUT, HIDDEN, dtype=torch.float64)
    copied(cell, theirs)
    inputs, state = torch.randn(3, INPUT, dtype=torch.float64), begin(cell, 3)
    expected: Any = theirs(inputs, state if cell.states > 1 else state[0])
    torch.testing.assert_close(cell.step(inputs, state), expected if cell.states > 1 else (expected,))


@every_cell
@lengths_of_rows
def test_a_scan_is_pytorchs_layer_over_packed_rows(name: str, lengths: list[int]) -> None:
    if name not in TORCH_LAYERS:
        pytest.skip("PyTorch has no such layer")
    cell, real = made(name), real_of(lengths)
    theirs = TORCH_LAYERS[name](INPUT, HIDDEN, batch_first=True, dtype=torch.float64)
    copied(cell, theirs, "_l0")
    inputs, state = torch.randn(*real.shape, INPUT, dtype=torch.float64), begin(cell, len(lengths))
    packed = nn.utils.rnn.pack_padded_sequence(inputs, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    stacked = tuple(part[None] for part in state)
    outputs, last = theirs(packed, stacked if cell.states > 1 else stacked[0])
    outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
    found, final = cell.scan(inputs, state, real)
    torch.testing.assert_close(found[real], outputs[real])
    torch.testing.assert_close(final, tuple(part[0] for part in (last if cell.states > 1 else (last,))))


@every_cell
@lengths_of_rows
@either_precision
def test_a_scan_is_a_loop_of_steps(name: str, lengths: list[int], dtype: torch.dtype, close: float) -> None:
    """The final state too: the whole of it, the memory cell with it, after the last real position."""
    cell, real = made(name, dtype), real_of(lengths)
    inputs, state = torch.randn(*real.shape, INPUT, dtype=dtype), begin(cell, len(lengths), dtype)
    expected, last = stepped(cell, inputs, state, real)
    found, final = cell.scan(inputs, state, real)
    torch.testing.assert_close(found[real], expected[real], rtol=0, atol=close)
    assert len(final) == cell.states
    torch.testing.assert_close(final, last, rtol=0, atol=close)


@every_cell
def test_without_padding_no_mask_is_needed(name: str) -> None:
    cell = made(name)
    inputs, state = torch.randn(3, 6, INPUT, dtype=torch.float64), begin(cell, 3)
    real = torch.ones(3, 6, dtype=torch.bool)
    torch.testing.assert_close(cell.scan(inputs, state), cell.scan(inputs, state, real), rtol=0, atol=1e-12)


@every_cell
def test_more_padding_changes_nothing(name: str) -> None:
    """Whatever stands there. On some processors a product of more rows sums in another order."""
    cell, real = made(name), real_of([5, 2, 1])
    inputs, state = torch.randn(3, 5, INPUT, dtype=torch.float64), begin(cell, 3)
    found, final = cell.scan(inputs, state, real)
    for rubbish in (0.0, 1e3, -1e3):
        longer = torch.nn.functional.pad(inputs, (0, 0, 0, 4), value=rubbish)
        longer[:, :5][~real] = rubbish
        more, last = cell.scan(longer, state, torch.nn.functional.pad(real, (0, 4)))
        torch.testing.assert_close(more[:, :5][real], found[real], rtol=0, atol=1e-12)
        torch.testing.assert_close(last, final, rtol=0, atol=1e-12)


@every_cell
def test_gradients_of_a_step_agree_with_finite_differences(name: str) -> None:
    cell = made(name)
    names, weights = zip(*cell.named_parameters(), strict=True)

    def step(inputs: Tensor, *others: Tensor) -> State:
        state, given = others[: cell.states], dict(zip(names, others[cell.states :], strict=True))
        return torch.func.functional_call(_Stepping(cell), {f"cell.{k}": v for k, v in given.items()}, (inputs, state))

    inputs = [torch.randn(2, INPUT, dtype=torch.float64), *begin(cell, 2)]
    leaves = [*(each.requires_grad_() for each in inputs), *weights]
    assert torch.autograd.gradcheck(step, leaves, atol=1e-7, rtol=1e-6)


class _Stepping(nn.Module):
    """``step`` as a forward, so that parameters can be given from outside."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, inputs: Tensor, state: State) -> State:
        return self.cell.step(inputs, state)


@every_cell
@lengths_of_rows
def test_gradients_of_a_scan_are_those_of_the_steps(name: str, lengths: list[int]) -> None:
    cell, real = made(name), real_of(lengths)
    inputs = torch.randn(*real.shape, INPUT, dtype=torch.float64, requires_grad=True)
    state = tuple(part.requires_grad_() for part in begin(cell, len(lengths)))
    leaves = [inputs, *state, *cell.parameters()]
    towards = torch.randn(*real.shape, HIDDEN, dtype=torch.float64) * real[..., None]
    at_end = [torch.randn_like(part) for part in state]

    def gradients(outputs: Tensor, final: State) -> tuple[Tensor, ...]:
        ends = sum(((one * other).sum() for one, other in zip(at_end, final, strict=True)), torch.zeros(()))
        return torch.autograd.grad((outputs * towards).sum() + ends, leaves)

    expected = gradients(*stepped(cell, inputs, state, real))
    found = gradients(*cell.scan(inputs, state, real))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@every_cell
def test_what_a_cell_starts_with(name: str) -> None:
    """Each gate's recurrent block is orthogonal, biases are zero, but for a forget gate's, which is one."""
    cell = CELLS[name](INPUT, HIDDEN)
    for block in cell.hidden_weight.detach().chunk(cell.gates):
        torch.testing.assert_close(block @ block.T, torch.eye(HIDDEN), rtol=0, atol=1e-5)
    for block in cell.input_weight.detach().chunk(cell.gates):
        assert 0 < float(block.abs().max()) <= (6 / (INPUT + HIDDEN)) ** 0.5
    biases = cell.bias.detach().chunk(cell.gates)
    forget = {"lstm": 1}.get(name)
    assert [float(bias.mean()) for bias in biases] == [float(place == forget) for place in range(cell.gates)]
    assert all(float(bias.std()) == 0 for bias in biases)
    assert all(not bool(part.any()) and part.shape == (7, HIDDEN) for part in cell.start(7, torch.zeros(1)))


@every_cell
def test_a_sequence_may_be_cut_anywhere(name: str) -> None:
    """The state is the whole of what a cell remembers."""
    cell = made(name)
    inputs, state = torch.randn(2, 7, INPUT, dtype=torch.float64), begin(cell, 2)
    whole, final = cell.scan(inputs, state)
    parts: list[Tensor] = []
    for left, right in pairwise([0, 1, 4, 7]):
        outputs, state = cell.scan(inputs[:, left:right], state)
        parts.append(outputs)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(state, final, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_shut_gate_is_exactly_shut(dtype: torch.dtype) -> None:
    """What the LSTM's padding rests on: the memory cell is carried on unchanged, whatever else pulls at the gates."""
    from heedful.model.cells import SHUT

    pull = torch.linspace(-100, 100, 41, dtype=dtype)
    assert bool((torch.sigmoid(pull - SHUT) == 0).all())
    assert bool((torch.sigmoid(pull + SHUT) == 1).all())
