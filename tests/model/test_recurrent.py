"""Layers over a padded batch: both directions, stacks, and dropout that holds still in time."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from heedful.model.cells import CELLS, Cell
from heedful.model.recurrent import LockedDropout, Recurrent, Stack, flip
from heedful.model.seq2seq import Network
from tests.conformance import networks

LENGTHS = [6, 3, 1]
LAYERS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def real() -> Tensor:
    """What is real in rows of ``LENGTHS``."""
    return torch.arange(6) < torch.tensor(LENGTHS)[:, None]


def test_flip_turns_each_row_round_within_its_length() -> None:
    values = torch.arange(18.0).view(3, 6, 1)
    assert flip(values, real())[..., 0].tolist() == [
        [5, 4, 3, 2, 1, 0],
        [8, 7, 6, 9, 10, 11],
        [12, 13, 14, 15, 16, 17],
    ]
    assert torch.equal(flip(flip(values, real()), real()), values)
    assert torch.equal(flip(values, None), values.flip(1))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [True, False], ids=["both", "one"])
def test_a_stack_is_pytorchs(cell: str, bidirectional: bool) -> None:
    """Two layers, both directions, over packed rows; zero on padding; all final states."""
    if cell not in LAYERS:
        pytest.skip("PyTorch has no such layer")
    torch.manual_seed(0)
    ours = Recurrent(CELLS[cell], 4, 6, 2, bidirectional, 0.0).double()
    each = 3 if bidirectional else 6
    theirs = LAYERS[cell](4, each, 2, batch_first=True, bidirectional=bidirectional, dtype=torch.float64)
    copied: dict[str, Tensor] = {}
    for layer, part in enumerate(ours.layers):
        for suffix, one in (("", part.forwards), ("_reverse", part.backwards)):
            if not isinstance(one, Cell):
                continue
            hidden = torch.zeros_like(one.bias)
            if isinstance(candidate := getattr(one, "candidate_bias", None), Tensor):
                hidden[-each:] = torch.randn_like(candidate)
                with torch.no_grad():
                    candidate.copy_(hidden[-each:])
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            values = (one.input_weight, one.hidden_weight, one.bias, hidden)
            copied |= {f"{name}_l{layer}{suffix}": value for name, value in zip(names, values, strict=True)}
    theirs.load_state_dict(copied)
    inputs = torch.randn(3, 6, 4, dtype=torch.float64)
    packed = nn.utils.rnn.pack_padded_sequence(inputs, torch.tensor(LENGTHS), batch_first=True)
    expected, last = theirs(packed)
    expected, _ = nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)
    found, finals = ours(inputs, real())
    torch.testing.assert_close(found, expected)  # padding too: zero in both
    last = last if isinstance(last, tuple) else (last,)
    directions = 2 if bidirectional else 1
    for layer, state in enumerate(finals):
        for one, other in zip(state, last, strict=True):
            rows = other[layer * directions : (layer + 1) * directions]
            torch.testing.assert_close(one, torch.cat(list(rows), dim=1))


def test_locked_dropout_is_constant_in_time_and_scales() -> None:
    torch.manual_seed(1)
    dropout = LockedDropout(0.4).train()
    dropped = dropout(torch.ones(300, 7, 20))
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert float((dropped == 0).float().mean()) == pytest.approx(0.4, abs=0.03)
    assert not torch.equal(dropped[0], dropped[1])  # a mask of its own for every sentence


def test_locked_dropout_is_off_at_prediction_and_at_zero() -> None:
    values = torch.randn(3, 4, 5)
    assert LockedDropout(0.4).eval()(values) is values
    assert LockedDropout(0.0).train()(values) is values
    assert LockedDropout(0.4).eval().mask(values) is None


def watched(network: Network, monkeypatch: pytest.MonkeyPatch) -> list[Tensor | None]:
    """Every mask that a network draws from now on."""
    drawn: list[Tensor | None] = []
    draw = LockedDropout.mask

    def mask(self: LockedDropout, like: Tensor) -> Tensor | None:
        drawn.append(draw(self, like))
        return drawn[-1]

    monkeypatch.setattr(LockedDropout, "mask", mask)
    return drawn


@pytest.mark.parametrize(
    "wiring", [{"attention": "bahdanau"}, {"attention": "luong"}, {"attention": "first-layer"}], ids=str
)
def test_prediction_draws_nothing_and_training_a_mask_a_sentence(
    wiring: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Source and target embeddings, between layers on both sides, readouts: five places, one draw each a batch."""
    network = networks.network(networks.settings(dropout=0.5, **wiring), dtype=torch.float32)
    drawn = watched(network, monkeypatch)
    source, units = networks.source(5, 2), networks.units(2, 3)
    before, again = network(source, units)[0], network(source, units)[0]
    assert torch.equal(before, again)
    assert all(mask is None for mask in drawn)
    drawn.clear()
    network.train()(source, units)
    assert len(drawn) == 5
    assert all(mask is not None and mask.shape[0] == 2 and mask.dim() == 2 for mask in drawn)


@pytest.mark.parametrize("sizes", [[4], [4, 6, 6]], ids=str)
def test_a_stack_scans_as_it_steps(sizes: Sequence[int]) -> None:
    """With dropout between the layers: the masks of ``masks``, held still."""
    torch.manual_seed(4)
    stack = Stack(CELLS["lstm"], sizes, 6, 0.5).double().train()
    inputs = torch.randn(3, 5, 4, dtype=torch.float64)
    states = tuple(cell.start(3, inputs) for cell in stack.cells if isinstance(cell, Cell))
    torch.manual_seed(5)
    scanned = stack.scan(inputs, states)
    torch.manual_seed(5)
    masks, outputs = stack.masks(inputs), []
    for now in inputs.unbind(dim=1):
        top, states = stack.step(now, states, masks)
        outputs.append(top)
    torch.testing.assert_close(scanned, torch.stack(outputs, dim=1))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["compiled", "plain"])
def test_reading_backwards_is_reading_the_source_reversed(cell: str, dtype: torch.dtype) -> None:
    """Every state of a reversed source, back in the source's order; the final state stands at the first item."""
    torch.manual_seed(0)
    forwards = Recurrent(CELLS[cell], 4, 6, 2, False, 0.0).to(dtype)
    backwards = Recurrent(CELLS[cell], 4, 6, 2, False, 0.0, read_backwards=True).to(dtype)
    backwards.load_state_dict({name.replace("forwards", "backwards"): w for name, w in forwards.state_dict().items()})
    inputs = torch.randn(3, 6, 4, dtype=dtype)
    expected, final = forwards(flip(inputs, real()), real())
    found, last = backwards(inputs, real())
    torch.testing.assert_close(found, flip(expected, real()) * real()[..., None])
    torch.testing.assert_close(last, final)
    torch.testing.assert_close(found[:, 0], last[-1][0])
