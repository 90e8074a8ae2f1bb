"""Every cell x wiring x scorer x reach: fast equals slow, alone equals together, and both equal the reference."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from heedful.contracts import END, RESERVED, START
from heedful.model.cells import CELLS
from heedful.model.decoder import DECODERS, Decoder
from heedful.model.seq2seq import Network, map_tensors
from tests.conformance import networks
from tests.reference.network import Reference

LENGTHS, TIME = [5, 3, 1], 4
every_cell = pytest.mark.parametrize("cell", CELLS)
every_wiring = pytest.mark.parametrize("wiring", list(networks.wirings()), ids=networks.name)


def stepped(network: Network, previous: Tensor, padding: int = 0) -> tuple[Tensor, Tensor | None]:
    """Logits and weights by the step loop, as a search would make them."""
    held, state = network.start(networks.source(*LENGTHS, padding=padding))
    logits: list[Tensor] = []
    weights: list[Tensor] = []
    for now in previous.unbind(dim=1):
        step = network.step(now, held, state)
        state = step.state
        logits.append(step.logits)
        if step.weights is not None:
            weights.append(step.weights)
    return torch.stack(logits, dim=1), torch.stack(weights, dim=1) if weights else None


def whole(network: Network, previous: Tensor, padding: int = 0) -> tuple[Tensor, Tensor | None]:
    """The same by the whole-sequence forward, as training makes them."""
    readouts, weights = network(networks.source(*LENGTHS, padding=padding), previous)
    return network.project(readouts), weights


def previous() -> Tensor:
    """START and random units."""
    units = networks.units(len(LENGTHS), TIME)
    units[:, 0] = START
    return units


def same(one: Any, other: Any, close: float = 1e-10) -> None:
    """Both alike, None included."""
    assert (one is None) == (other is None)
    if one is not None:
        torch.testing.assert_close(one, other, rtol=0, atol=close)


@every_cell
@every_wiring
def test_a_whole_target_is_a_loop_of_steps(cell: str, wiring: dict[str, Any]) -> None:
    """In value to 1e-10 (1e-5 in single precision), and in the gradient of every parameter."""
    network = networks.network(networks.settings(cell=cell, **wiring))
    units = previous()
    outcomes: list[tuple[Tensor, ...]] = []
    for path in (whole, stepped):
        logits, weights = path(network, units)
        generator = torch.Generator().manual_seed(4)
        towards = (logits * torch.randn(logits.shape, generator=generator, dtype=logits.dtype)).sum()
        if weights is not None:
            towards = towards + (weights * torch.randn(weights.shape, generator=generator, dtype=logits.dtype)).sum()
        used = [each for each in network.parameters() if each is not network.untied_weight]
        outcomes.append((logits, *([] if weights is None else [weights]), *torch.autograd.grad(towards, used)))
    for one, other in zip(*outcomes, strict=True):
        same(one, other, 1e-9)
    single = network.float()
    for one, other in zip(whole(single, units), stepped(single, units), strict=True):
        same(one, other, 1e-5)


@every_cell
@every_wiring
def test_it_is_the_reference(cell: str, wiring: dict[str, Any]) -> None:
    """A whole greedy decode, encoder and all, against loops in NumPy."""
    network = networks.network(networks.settings(cell=cell, **wiring), seed=5)
    source = networks.source(*LENGTHS)
    reference = Reference(network.settings, {k: v.detach().numpy() for k, v in network.named_parameters()})
    for row, length in enumerate(LENGTHS):
        expected = reference.greedy([source.columns[0][row, :length].tolist()], longest=TIME)
        held, state = network.start(networks.rows_of(source, [row]))
        unit = torch.tensor([START])
        for place, log_prob in enumerate(expected.log_probs):
            step = network.step(unit, held, state)
            state, log_probs = step.state, step.logits.log_softmax(dim=1)[0]
            if place == len(expected.units):
                assert float(log_probs[END].detach()) == pytest.approx(log_prob, abs=1e-10)
                break
            unit = RESERVED + log_probs[RESERVED:].argmax().reshape(1)
            assert int(unit) == expected.units[place]
            assert float(log_probs[unit].detach()) == pytest.approx(log_prob, abs=1e-10)
            if step.weights is not None:
                np.testing.assert_allclose(
                    step.weights[0].detach().numpy(), expected.weights[place], rtol=0, atol=1e-10
                )


@every_cell
@every_wiring
@torch.no_grad()
def test_neither_padding_nor_company_changes_anything(cell: str, wiring: dict[str, Any]) -> None:
    """Weights sum to one, are exactly zero on padding, and a batch of three equals three batches of one."""
    network, units = networks.network(networks.settings(cell=cell, **wiring)), previous()
    logits, weights = whole(network, units)
    for path in (whole, stepped):
        padded, shares = path(network, units, padding=3)
        same(padded, logits)
        if shares is not None and weights is not None:
            same(shares[..., :5], weights)
            same(shares.sum(dim=2), torch.ones(3, TIME, dtype=torch.float64), 1e-12)
            real = networks.source(*LENGTHS, padding=3).real[0]
            assert not bool(shares.masked_select(~real[:, None].expand_as(shares)).any())
    for row, length in enumerate(LENGTHS):
        readouts, shares = network(networks.rows_of(networks.source(*LENGTHS), [row]), units[row : row + 1])
        same(network.project(readouts)[0], logits[row])
        if shares is not None and weights is not None:
            same(shares[0], weights[row, :, :length])


@every_cell
@every_wiring
@torch.no_grad()
def test_hypotheses_of_a_sentence_do_not_know_each_other(cell: str, wiring: dict[str, Any]) -> None:
    """Two rows a sentence are the same rows alone, also after they changed places and a sentence left."""
    network, source = networks.network(networks.settings(cell=cell, **wiring)), networks.source(*LENGTHS)
    held, start = network.start(source)
    state = network.select(start, torch.arange(3).repeat_interleave(2))
    units = networks.units(6, 3)
    first = network.step(units[:, 0], held, state)
    crossed = torch.tensor([1, 0, 2, 2, 5, 4])  # parents, within their sentences
    second = network.step(units[:, 1], held, network.select(first.state, crossed))
    kept, rows = torch.tensor([2, 0]), torch.tensor([5, 4, 0, 1])
    third = network.step(units[rows, 2], network.keep(held, kept), network.select(second.state, rows))
    for row in range(6):
        alone = network.start(networks.rows_of(source, [row // 2]))
        width = LENGTHS[row // 2]
        path = [units[crossed[row], 0], units[row, 1]]
        moved, steps = alone[1], []
        for unit in [*path, units[row, 2]]:
            steps.append(network.step(unit.reshape(1), alone[0], moved))
            moved = steps[-1].state
        same(second.logits[row], steps[1].logits[0])
        if second.weights is not None and steps[1].weights is not None:
            same(second.weights[row, :width], steps[1].weights[0])
        if row in rows:
            same(third.logits[rows.tolist().index(row)], steps[2].logits[0])


@every_cell
@every_wiring
@torch.no_grad()
def test_select_and_keep_take_whole_rows(cell: str, wiring: dict[str, Any]) -> None:
    """What moves has one row a hypothesis, what is held one a sentence, in nested tuples of tensors and nothing else."""
    network = networks.network(networks.settings(cell=cell, **wiring))
    held, state = network.start(networks.source(*LENGTHS))
    for tree, take in ((held, network.keep), (state, network.select)):
        chosen: list[Tensor] = []
        taken: list[Tensor] = []
        map_tensors(lambda tensor, into=chosen: into.append(tensor) or tensor, tree)
        map_tensors(lambda tensor, into=taken: into.append(tensor) or tensor, take(tree, torch.tensor([2, 0, 0])))
        assert chosen
        assert all(len(tensor) == 3 for tensor in chosen)
        for one, other in zip(taken, chosen, strict=True):
            assert torch.equal(one, other[[2, 0, 0]])


@every_cell
@every_wiring
@torch.no_grad()
def test_attention_can_be_sent_elsewhere(cell: str, wiring: dict[str, Any]) -> None:
    """``attend_to`` with a step's own weights changes nothing; with others it changes what comes out."""
    network = networks.network(networks.settings(cell=cell, **wiring))
    held, state = network.start(networks.source(*LENGTHS))
    units = previous()[:, 0]
    step = network.step(units, held, state)
    if step.weights is None:
        assert DECODERS[wiring["attention"]] is DECODERS["fixed"]
        return
    same(network.step(units, held, state, step.weights).logits, step.logits)
    last = torch.tensor([[0, 0, 0, 0, 1.0], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0]], dtype=torch.float64)
    told = network.step(units, held, state, last)
    assert told.weights is not None
    assert torch.equal(told.weights, last)
    moved = (told.logits - step.logits).abs().amax(dim=1)
    assert bool((moved[:2] > 1e-4).all())
    assert float(moved[2]) < 1e-10  # a source of one position leaves no choice


@every_cell
@every_wiring
def test_gradients_agree_with_finite_differences(cell: str, wiring: dict[str, Any]) -> None:
    """Of two steps, from the embeddings, the memory and the final states to the readouts, in every parameter."""
    given = networks.settings(cell=cell, **wiring)
    given = given.model_copy(update={"window": 9} if given.window else {})  # no gradient at a window's edge
    network = networks.network(given)
    encoded = network.encode(networks.source(4, 2))
    names, parameters = zip(*network.decoder.named_parameters(), strict=True)
    finals = [part.detach().requires_grad_() for state in encoded.final for part in state]
    leaves = [encoded.memory.detach().requires_grad_(), torch.randn(2, 2, 5, dtype=torch.float64, requires_grad=True)]

    def decode(memory: Tensor, embedded: Tensor, *others: Tensor) -> Tensor:
        states, given = iter(others), dict(zip(names, others[len(finals) :], strict=True))
        final = tuple(tuple(next(states) for _ in state) for state in encoded.final)
        values = {f"decoder.{name}": value for name, value in given.items()}
        return torch.func.functional_call(
            _Decoding(network.decoder), values, (encoded._replace(memory=memory, final=final), embedded)
        )

    assert torch.autograd.gradcheck(
        decode, [*leaves, *finals, *parameters], atol=1e-6, rtol=1e-5, fast_mode=True, raise_exception=True
    )


class _Decoding(nn.Module):
    """Start and two steps as one forward, so that parameters can be given from outside."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, encoded: Any, embedded: Tensor) -> Tensor:
        held, state = self.decoder.start(encoded)
        return Decoder.forward(self.decoder, embedded, held, state)[0]


@every_wiring
@torch.no_grad()
def test_keys_are_made_once_a_source(wiring: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    network = networks.network(networks.settings(cell="gru", **wiring))
    attention = getattr(network.decoder, "attention", None)
    if attention is None:
        return
    calls: list[Tensor] = []
    make = type(attention.scorer).keys
    monkeypatch.setattr(attention.scorer, "keys", lambda memory: calls.append(memory) or make(attention.scorer, memory))
    stepped(network, previous())
    assert len(calls) == 1
    whole(network, previous())
    assert len(calls) == 2


@pytest.mark.parametrize("attention", DECODERS)
@pytest.mark.parametrize("layers", [2, 3])
def test_dropout_of_a_whole_target_is_a_thinned_network_held_still(attention: str, layers: int) -> None:
    """The same masks, drawn by the same generator, in the fused forward and in the loop of steps."""
    for variant in networks.VARIANTS.get(attention, [{}]):
        given = networks.settings(cell="gru", attention=attention, num_layers=layers, dropout=0.5, **variant)
        network = networks.network(given).train()
        with torch.no_grad():
            held, state = network.eval().start(networks.source(*LENGTHS))
            embedded = network.embedding(previous())
            network.train()
            found: list[Tensor] = []
            for forward in (network.decoder.__call__, lambda *given, it=network.decoder: Decoder.forward(it, *given)):
                torch.manual_seed(6)
                found.append(forward(embedded, held, state)[0])
        same(found[0], found[1])
