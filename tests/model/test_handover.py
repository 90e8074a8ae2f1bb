"""The whole state goes from encoder to decoder, whatever cells, sizes and layers the two have."""

from itertools import product
from typing import Any

import pytest
import torch

from heedful.model.cells import CELLS
from heedful.model.encoder import Encoder
from heedful.model.handover import Handover
from tests.conformance import networks


def finals(given: Any) -> tuple[tuple[torch.Tensor, ...], ...]:
    """Final states of a random encoder, one tuple a layer."""
    torch.manual_seed(2)
    return Encoder(given, [networks.SOURCE_UNITS])(networks.source(4, 2)).final


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [True, False], ids=["both", "one"])
def test_the_same_shape_is_handed_over_as_it_is(cell: str, bidirectional: bool) -> None:
    """The LSTM's memory cell too; no parameter stands between."""
    given = networks.settings(cell=cell, attention="fixed", encoder_size=6, bidirectional=bidirectional)
    handover, final = Handover(given, 6), finals(given)
    assert not list(handover.parameters())
    start = handover(final)
    assert len(start) == 2
    for layer, (one, other) in enumerate(zip(start, final, strict=True)):
        assert len(one) == len(other) == CELLS[cell].states, layer
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("encoder", "decoder"), list(product(CELLS, CELLS)))
@pytest.mark.parametrize(("below", "above"), [(1, 1), (1, 3), (3, 1), (2, 2)])
@pytest.mark.parametrize("size", [6, 8])
def test_every_part_of_the_encoders_state_reaches_the_decoder(
    encoder: str, decoder: str, below: int, above: int, size: int
) -> None:
    """Every number of the states handed over moves the start state, and every layer gets one of its own shape."""
    given = networks.settings(
        encoder_cell=encoder, decoder_cell=decoder, attention="fixed",
        encoder_layers=below, decoder_layers=above, encoder_size=size,
    )  # fmt: skip
    torch.manual_seed(3)
    handover = Handover(given, size)
    final = tuple(tuple(part.detach().requires_grad_() for part in state) for state in finals(given))
    start = handover(final)
    assert len(start) == above
    assert all(len(state) == CELLS[decoder].states for state in start)
    assert all(part.shape == (2, 6) for state in start for part in state)
    torch.stack([part.sum() for state in start for part in state]).sum().backward()
    for layer, state in enumerate(final[: min(below, above)]):
        for part in state:
            assert part.grad is not None, layer
            assert bool((part.grad != 0).all()), layer


@pytest.mark.parametrize("cell", CELLS)
def test_a_network_of_two_kinds_of_cell_and_size_trains(cell: str) -> None:
    given = networks.settings(encoder_cell="lstm", decoder_cell=cell, encoder_layers=1, decoder_layers=3)
    network = networks.network(given, dtype=torch.float32)
    readouts, _ = network(networks.source(4, 2), networks.units(2, 3))
    network.project(readouts).sum().backward()
    assert all(each.grad is not None and bool(each.grad.isfinite().all()) for each in network.parameters())
