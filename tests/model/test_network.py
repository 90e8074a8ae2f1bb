"""The whole network: what it computes of a given target, what it shares and how large it is."""

from typing import Any

import pytest
import torch
from torch import nn

from heedful.contracts import END, START
from heedful.model.cells import CELLS
from heedful.model.decoder import DECODERS
from heedful.model.seq2seq import Network
from heedful.native import kernels
from tests.conformance import networks

WIRINGS: list[dict[str, Any]] = [
    {"attention": attention, **variant} for attention in DECODERS for variant in networks.VARIANTS.get(attention, [{}])
]
every_wiring = pytest.mark.parametrize("wiring", WIRINGS, ids=networks.name)


@every_wiring
@torch.no_grad()
def test_forcing_is_stepping(wiring: dict[str, Any]) -> None:
    """Scores and weights of a given target are those that a search would have found along it."""
    network = networks.network(networks.settings(**wiring))
    source, lengths = networks.source(5, 3, 1), [4, 2, 0]
    following = networks.units(3, 5)
    real = torch.arange(5) < torch.tensor(lengths)[:, None] + 1
    for row, length in enumerate(lengths):
        following[row, length] = END
    previous = torch.cat([torch.full((3, 1), START), following[:, :-1]], dim=1)
    forced = network.force(source, previous, following, real)
    held, state = network.start(source)
    for place in range(5):
        step = network.step(previous[:, place], held, state)
        state = step.state
        chosen = step.logits.log_softmax(dim=1).gather(1, following[:, place, None])[:, 0]
        torch.testing.assert_close(forced.log_probs[:, place], chosen * real[:, place], rtol=0, atol=1e-10)
        if step.weights is not None and forced.weights is not None:
            torch.testing.assert_close(forced.weights[:, place], step.weights, rtol=0, atol=1e-10)
    assert (forced.weights is None) == (wiring["attention"] == "fixed")
    assert bool((forced.log_probs[~real] == 0).all())
    assert bool((forced.log_probs[real] < 0).all())


@every_wiring
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_padding_of_the_target_may_be_passed_over(wiring: dict[str, Any], dtype: torch.dtype) -> None:
    """Who says what is real gets the same there, and the same gradients of it, by the operators and compiled."""
    network = networks.network(networks.settings(**wiring), dtype=dtype)
    source, previous = networks.source(5, 3, 4, 1), networks.units(4, 6)
    real = torch.arange(6) < torch.tensor([6, 4, 4, 1])[:, None]
    near = 1e-10 if dtype == torch.float64 else 1e-4
    with kernels.switched(on=dtype == torch.float32):
        found: list[tuple[torch.Tensor, ...]] = []
        for told in (real, None):
            readouts, weights = network(source, previous, told)
            network.zero_grad()
            network.project(readouts[real]).square().sum().backward()
            gradients = [each.grad.clone() for each in network.parameters() if each.grad is not None]
            found.append((readouts[real], *([] if weights is None else [weights[real]]), *gradients))
    assert len(found[0]) == len(found[1])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=near, atol=near)


@every_wiring
def test_tied_embeddings_are_one_tensor(wiring: dict[str, Any]) -> None:
    """Saved once, trained from both sides, and the readout is as wide as the embedding."""
    network = networks.network(networks.settings(tie_embeddings=True, **wiring))
    assert network.output_weight is network.embedding.weight
    assert network.decoder.readout_size == 5
    names = set(network.state_dict())
    assert "untied_weight" not in names
    storages = [value.untyped_storage().data_ptr() for value in network.state_dict().values()]
    assert len(set(storages)) == len(storages)
    readouts, _ = network(networks.source(4), networks.units(1, 1))
    network.project(readouts).sum().backward()
    gradient = network.embedding.weight.grad
    assert gradient is not None
    assert bool((gradient != 0).any(dim=1).all())  # of every unit, through the output; of the one put in, twice

    untied = networks.network(networks.settings(**wiring))
    assert untied.output_weight is untied.untied_weight
    assert set(untied.state_dict()) == names | {"untied_weight"}


def cell_size(cell: str, inputs: int, hidden: int) -> int:
    """Gates times (input, hidden and bias), and the GRU's second bias of its candidate."""
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    return gates * hidden * (inputs + hidden + 1) + (hidden if cell == "gru" else 0)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", DECODERS)
def test_the_number_of_parameters(cell: str, attention: str) -> None:
    """Embedding 10, memory 12, decoder 14, two layers, vocabularies of 11 and 9: counted by hand."""
    network = Network(
        networks.settings(cell=cell, attention=attention, embedding_size=10, encoder_size=12, hidden_size=14), [11], 9
    )
    states = CELLS[cell].states
    encoder = 11 * 10 + 2 * cell_size(cell, 10, 6) + 2 * cell_size(cell, 12, 6)
    handover = 2 * (states * 12 + 1) * states * 14
    first = {"bahdanau": 10 + 12}.get(attention, 10)
    second = {"first-layer": 14 + 12}.get(attention, 14)
    layers = cell_size(cell, first, 14) + cell_size(cell, second, 14)
    scorer = {"fixed": 0, "bahdanau": 14 * (14 + 12) + 2 * 14}.get(attention, 14 * 12)
    combine = (14 + (0 if attention == "fixed" else 12) + 1) * 14
    output = 9 * 10 + 9 * 14 + 9
    expected = encoder + handover + layers + scorer + combine + output
    assert sum(each.numel() for each in network.parameters()) == expected


@every_wiring
def test_several_columns_are_one_sequence(wiring: dict[str, Any]) -> None:
    """Columns of the same units in the same tables are what one longer column is."""
    network = networks.network(networks.settings(**wiring), columns=2)
    with torch.no_grad():
        first, second = network.encoder.reader.parameters()
        second.copy_(first)
    whole = networks.source(6, 6)
    ids = whole.columns[0]
    halves = type(whole)((ids[:, :4], ids[:, 4:]), (whole.real[0][:, :4], whole.real[0][:, 4:]))
    alone = networks.network(networks.settings(**wiring))
    alone.load_state_dict({k: v for k, v in network.state_dict().items() if "tables.1" not in k})
    units = networks.units(2, 3)
    torch.testing.assert_close(network(halves, units), alone(whole, units), rtol=0, atol=1e-12)


def test_no_parameter_is_left_out() -> None:
    """Every parameter of every wiring has a gradient after a pass, and a name of its own."""
    for wiring in WIRINGS:
        network = networks.network(networks.settings(**wiring))
        readouts, _ = network(networks.source(5, 3), networks.units(2, 3))
        nn.functional.cross_entropy(network.project(readouts).flatten(0, 1), networks.units(2, 3).flatten()).backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, (wiring, name)
            assert bool((parameter.grad != 0).any()), (wiring, name)
