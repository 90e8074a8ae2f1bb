"""The packed network gives the answers of the network, step by step and searched, whatever it is made of."""

from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from heedful.contracts import RESERVED, START, Source
from heedful.model import packed
from heedful.model.cells import CELLS, GRU
from heedful.model.decoder import DECODERS, Luong
from heedful.model.packed import Packed, stepper
from heedful.model.seq2seq import Network, map_tensors
from heedful.native import kernels
from heedful.search.searches import search
from heedful.search.settings import SearchSettings
from tests.conformance import networks

LENGTHS, TIME, NEAR = [5, 1, 3], 4, 1e-5
every_cell = pytest.mark.parametrize("cell", CELLS)
every_wiring = pytest.mark.parametrize("wiring", list(networks.wirings()), ids=networks.name)
some_wirings = pytest.mark.parametrize(
    "wiring",
    [
        {"attention": attention, **variant}
        for attention in DECODERS
        for variant in networks.VARIANTS.get(attention, [{}])
    ],
    ids=networks.name,
)


def network(columns: int = 1, **given: Any) -> Network:
    """A random one in single precision."""
    return networks.network(networks.settings(**given), columns=columns, dtype=torch.float32)


def packed_of(given: Network) -> Packed:
    """It, packed; which it has to be."""
    made = stepper(given)
    assert isinstance(made, Packed)
    return made


def same(one: Any, other: Any) -> None:
    """All tensors of two trees alike, whole numbers exactly."""
    flat: list[list[Tensor]] = [[], []]
    for tree, into in zip((one, other), flat, strict=True):
        map_tensors(lambda tensor, into=into: into.append(tensor) or tensor, tree)
    assert len(flat[0]) == len(flat[1]) > 0
    for mine, theirs in zip(*flat, strict=True):
        near = NEAR if theirs.is_floating_point() else 0
        torch.testing.assert_close(mine, theirs, rtol=near, atol=near)


@torch.inference_mode()
def follow(given: Network, source: Source, *, each: int = 1, sent: bool = False) -> None:
    """Both along random units, ``each`` hypotheses a sentence that change places; attention is sent elsewhere if asked."""
    quick = packed_of(given)
    starts = given.start(source), quick.start(source)
    same(starts[1], starts[0])
    sentences = len(source.columns[0])
    rows = torch.arange(sentences).repeat_interleave(each)
    states = [given.select(state, rows) for _, state in starts]
    held = [each_held for each_held, _ in starts]
    units = networks.units(len(rows), TIME)
    units[:, 0] = START
    crossed = rows * each + torch.arange(each).flip(0).repeat(
        sentences
    )  # every sentence's hypotheses the other way round
    for place in range(TIME):
        attend_to = None
        if sent and place % 2:
            attend_to = torch.rand(len(rows), held[0][0].shape[1]).softmax(dim=1)
        steps = [
            it.step(units[:, place], had, at, attend_to)
            for it, had, at in zip((given, quick), held, states, strict=True)
        ]
        same(steps[1].logits, steps[0].logits)
        same(steps[1].state, steps[0].state)
        assert (steps[1].weights is None) == (steps[0].weights is None)
        if steps[0].weights is not None:
            same(steps[1].weights, steps[0].weights)
        states = [it.select(step.state, crossed) for it, step in zip((given, quick), steps, strict=True)]
        if place == 1 and sentences > 1:  # the first sentence leaves
            stay = torch.arange(1, sentences)
            held = [it.keep(had, stay) for it, had in zip((given, quick), held, strict=True)]
            states = [
                it.select(state, torch.arange(each, len(rows)))
                for it, state in zip((given, quick), states, strict=True)
            ]
            units, sentences = units[each:], sentences - 1
            rows = torch.arange(sentences).repeat_interleave(each)
            crossed = rows * each + torch.arange(each).flip(0).repeat(sentences)


@every_cell
@every_wiring
@pytest.mark.usefixtures("compiled")
def test_every_step_is_the_networks(cell: str, wiring: dict[str, Any]) -> None:
    """Logits, states and weights; several hypotheses a sentence too, and where attention is sent elsewhere."""
    given = network(cell=cell, **wiring)
    for each in (1, 3):
        follow(given, networks.source(*LENGTHS), each=each)
    if wiring["attention"] != "fixed":
        follow(given, networks.source(*LENGTHS), each=2, sent=True)


@every_cell
@some_wirings
@pytest.mark.parametrize(
    "more",
    [
        {"tie_embeddings": True},
        {"num_layers": 1},
        {"num_layers": 3},
        {"bidirectional": False},
        {"bidirectional": False, "read_backwards": True},
        {"encoder_cell": "lstm", "decoder_layers": 2, "num_layers": 1},
        {"encoder_cell": "gru"},
        {"hidden_size": 70, "encoder_size": 34, "embedding_size": 17},
    ],
    ids=networks.name,
)
@pytest.mark.usefixtures("compiled")
def test_whatever_else_it_is_made_of(cell: str, wiring: dict[str, Any], more: dict[str, Any]) -> None:
    """Shared embeddings, more layers and fewer, one direction, two kinds of cell, sizes beyond a panel."""
    if wiring["attention"] == "first-layer" and more.get("num_layers") == 1 and "decoder_layers" not in more:
        pytest.skip("first-layer needs two layers")
    given = network(cell=cell, **wiring, **more)
    with torch.no_grad():
        for parameter in given.parameters():
            parameter.mul_(min(1.0, (6 / parameter.shape[-1]) ** 0.5))  # gates keep from the ends of their range
    follow(given, networks.source(*LENGTHS), each=2)


@every_cell
@some_wirings
@pytest.mark.usefixtures("compiled")
def test_several_source_columns(cell: str, wiring: dict[str, Any]) -> None:
    given, columns = network(2, cell=cell, **wiring), [networks.source(*LENGTHS), networks.source(2, 4, 4, seed=5)]
    source = Source(tuple(each.columns[0] for each in columns), tuple(each.real[0] for each in columns))
    follow(given, source, each=2)


@some_wirings
@pytest.mark.usefixtures("compiled")
def test_a_source_of_any_layout(wiring: dict[str, Any]) -> None:
    """Cut out of a larger batch, and with nothing but real positions."""
    given, wide = network(**wiring), networks.source(7, 4, 6)
    follow(given, Source((wide.columns[0][:, 1:6],), (wide.real[0][:, 1:6],)))
    follow(given, networks.source(3, 3))


@some_wirings
@pytest.mark.parametrize("beam_size", [1, 3])
@pytest.mark.usefixtures("compiled")
def test_a_search_finds_the_same(wiring: dict[str, Any], beam_size: int) -> None:
    given, source = network(**wiring), networks.source(*LENGTHS, 4, 2, 5)
    limits, settings = torch.full((6,), 8), SearchSettings(beam_size=beam_size, n_best=beam_size)
    with kernels.switched(on=False):
        expected = search(given, source, limits, settings)
    found = search(packed_of(given), source, limits, settings)
    assert torch.equal(found.count, expected.count)
    assert torch.equal(found.lengths, expected.lengths)
    assert torch.equal(found.units, expected.units)
    same((found.scores, found.log_probs), (expected.scores, expected.log_probs))
    if expected.weights is not None:
        same(found.weights, expected.weights)


@every_cell
@some_wirings
@pytest.mark.usefixtures("compiled")
def test_a_vocabulary_too_large_for_a_table(cell: str, wiring: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the embedding goes in as any input does."""
    given = network(cell=cell, **wiring)
    assert packed_of(given).tabled
    monkeypatch.setattr(packed, "TABLE", 0)
    assert not packed_of(given).tabled
    for each in (1, 3):
        follow(given, networks.source(*LENGTHS), each=each)


@pytest.mark.usefixtures("compiled")
def test_units_of_any_layout() -> None:
    """A column of a table, and whole numbers of another size: what a caller may have at hand."""
    given, source = network(), networks.source(*LENGTHS)
    quick, units = packed_of(given), networks.units(3, 5)
    with torch.inference_mode():
        expected, found = given.start(source), quick.start(source)
        for ids in (units[:, 2], units[:, 2].int()):
            same(quick.step(ids, *found).logits, given.step(ids, *expected).logits)


@some_wirings
def test_without_compiled_loops_it_is_the_network(wiring: dict[str, Any]) -> None:
    given = network(**wiring)
    with kernels.switched(on=False):
        assert stepper(given) is given


@pytest.mark.usefixtures("compiled")
def test_what_cannot_be_packed_is_the_network_itself() -> None:
    """Another precision, a wiring or a cell that nobody here knows."""
    assert stepper(double := networks.network(networks.settings())) is double

    class Other(Luong):
        """A wiring of somebody's own."""

    given = network()
    given.decoder.__class__ = Other
    assert stepper(given) is given

    class Foreign(GRU):
        """A cell of somebody's own."""

        compiled: ClassVar[str | None] = None

    given = network(cell="gru")
    next(iter(given.decoder.stack.each())).__class__ = Foreign
    assert stepper(given) is given


@pytest.mark.usefixtures("compiled")
def test_broken_weights_are_noticed() -> None:
    """Not smoothed over by a compiled gate: the logits are no numbers either, and search refuses them."""
    for name, parameter in network(attention="bahdanau").named_parameters():
        given = network(attention="bahdanau")
        with torch.no_grad():
            given.get_parameter(name)[..., -1] = torch.nan
        quick = packed_of(given)
        with torch.inference_mode():
            held, state = quick.start(networks.source(*LENGTHS))
            units = torch.full((3,), parameter.shape[0] - 1 if name == "embedding.weight" else RESERVED)
            logits = quick.step(units, held, state).logits
            expected = given.step(units, *given.start(networks.source(*LENGTHS))).logits
        assert torch.equal(logits.isnan(), expected.isnan()), name
