"""Influence: derivatives against finite differences, erasing against a loop, and what an encoder cannot know."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from heedful.codec import Row
from heedful.contracts import START
from heedful.errors import DataError, SettingsError
from heedful.model.cells import CELLS, RNN
from heedful.predictor import Predictor
from heedful.study import influence
from heedful.study.influence import drop, erasure, final_influence, memory_influence, output_influence
from tests.conformance import networks
from tests.test_predictor import ONE, TWO, WIRINGS, predictor

SOURCES: list[Row] = [("abcd",), ("g",), ("cafegab",), ("ee",)]
PAIRED: list[Row] = [("abcd", "V;SG"), ("", "N"), ("cafegab", ""), ("ee", "N;PL;V")]
TARGETS = ["xyz", "", "wwxy가", "z"]
DIRECTIONS: dict[str, dict[str, Any]] = {
    "forwards": {"bidirectional": False},
    "backwards": {"bidirectional": False, "read_backwards": True},
    "both": {"bidirectional": True},
}
STEP = 1e-5
every_cell = pytest.mark.parametrize("cell", CELLS)
every_direction = pytest.mark.parametrize("direction", DIRECTIONS)


def made(given: dict[str, Any] | None = None, data: Any = ONE) -> Predictor:
    """A random model in double precision."""
    found = predictor(given, data)
    found.network.double()
    return found


def vectors_of(model: Predictor, source: Row) -> tuple[Tensor, Tensor]:
    """The vectors of one source and what is real in them."""
    _, batch, _ = next(model.source_batches(model.codec.seen([source]), 1))
    with torch.no_grad():
        return model.network.encoder.read(batch)


@torch.no_grad()
def differences(function: Callable[[Tensor], Tensor], vectors: Tensor) -> NDArray[np.float64]:
    """Central differences of (one, position, embedding) by every number: (*output, position, embedding)."""
    columns: list[Tensor] = []
    for place in range(vectors.numel()):
        step = torch.zeros(vectors.numel(), dtype=vectors.dtype)
        step[place] = STEP
        there, back = (function(vectors + sign * step.view_as(vectors)) for sign in (1, -1))
        columns.append((there - back) / (2 * STEP))
    stacked = torch.stack(columns, dim=-1)
    return stacked.view(*stacked.shape[:-1], *vectors.shape[1:]).numpy()


def close(one: NDArray[Any], other: NDArray[Any], share: float) -> None:
    """Within a share of the greatest value."""
    assert one.shape == other.shape
    np.testing.assert_allclose(one, other, rtol=0, atol=share * max(1e-12, float(np.abs(other).max(initial=0.0))))


@every_cell
@every_direction
def test_derivatives_of_the_encoder_are_those_of_finite_differences(cell: str, direction: str) -> None:
    model, source = made({"cell": cell, "attention": "luong", **DIRECTIONS[direction]}), SOURCES[0]
    vectors, real = vectors_of(model, source)
    encoder = model.network.encoder
    slopes = differences(lambda at: encoder.recur(at, real).final[-1][0][0], vectors)
    close(final_influence(model, [source])[0], np.sqrt((slopes**2).sum(axis=(0, 2))), 1e-7)
    slopes = differences(lambda at: encoder.recur(at, real).memory[0], vectors)
    close(memory_influence(model, source), np.sqrt((slopes**2).sum(axis=(1, 3))), 1e-7)


def log_probs(model: Predictor, vectors: Tensor, real: Tensor, target: str) -> Tensor:
    """Of the units of a target, without its end mark: (unit,)."""
    units = torch.tensor([model.codec.target_vocabulary.encode(model.target_units.split(target))], dtype=torch.long)
    previous = torch.cat([torch.tensor([[START]]), units[:, :-1]], dim=1)
    encoded = model.network.encoder.recur(vectors, real)
    return model.network.scored(encoded, previous, units, torch.ones_like(units, dtype=torch.bool)).log_probs[0]


@pytest.mark.parametrize("wiring", list(networks.wirings()), ids=networks.name)
def test_derivatives_of_the_output_are_those_of_finite_differences(wiring: dict[str, Any]) -> None:
    model, source, target = made(wiring), SOURCES[0], TARGETS[2]
    vectors, real = vectors_of(model, source)
    slopes = differences(lambda at: log_probs(model, at, real, target), vectors)
    close(output_influence(model, [source], [target])[0], np.sqrt((slopes**2).sum(axis=2)), 1e-6)


@pytest.mark.parametrize("wiring", WIRINGS, ids=networks.name)
def test_erasing_is_a_loop_over_items(wiring: dict[str, Any]) -> None:
    model = made(wiring)
    found, sizes = drop(model, SOURCES, TARGETS), erasure(model, SOURCES, TARGETS)
    for source, target, falls, size in zip(SOURCES, TARGETS, found, sizes, strict=True):
        vectors, real = vectors_of(model, source)
        assert falls.shape == (len(target), vectors.shape[1])
        np.testing.assert_array_equal(size, np.abs(falls))
        if not target:
            continue
        with torch.no_grad():
            whole = log_probs(model, vectors, real, target)
            for item in range(vectors.shape[1]):
                without = vectors.clone()
                without[0, item] = 0.0
                expected = whole - log_probs(model, without, real, target)
                np.testing.assert_allclose(falls[:, item], expected.numpy(), rtol=0, atol=1e-10)


@pytest.mark.usefixtures("compiled")
@every_cell
@pytest.mark.parametrize("wiring", WIRINGS, ids=networks.name)
def test_single_precision_in_compiled_loops_agrees_with_double(cell: str, wiring: dict[str, Any]) -> None:
    model = predictor({**wiring, "cell": cell})

    def measured() -> list[NDArray[np.float64]]:
        maps = [*final_influence(model, SOURCES), *output_influence(model, SOURCES, TARGETS)]
        return [*maps, *(memory_influence(model, source) for source in SOURCES[:2])]

    single, falls = measured(), drop(model, SOURCES, TARGETS)
    model.network.double()
    for one, other in zip(single, measured(), strict=True):
        close(one, other, 1e-4)
    for one, other in zip(falls, drop(model, SOURCES, TARGETS), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("given", [SOURCES, PAIRED], ids=["one column", "two"])
@pytest.mark.parametrize("wiring", WIRINGS, ids=networks.name)
def test_neither_padding_nor_company_nor_pieces_change_anything(
    wiring: dict[str, Any], given: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made(wiring, ONE if given is SOURCES else TWO)
    together = [
        final_influence(model, given), output_influence(model, given, TARGETS), drop(model, given, TARGETS)
    ]  # fmt: skip
    states = memory_influence(model, given[0])
    monkeypatch.setattr(influence, "MOST_POSITIONS", 9)
    monkeypatch.setattr(influence, "MOST_ASKED", 40)
    close(memory_influence(model, given[0]), states, 1e-10)
    for row, (source, target) in enumerate(zip(given, TARGETS, strict=True)):
        count = sum(map(len, model.split(source)))
        alone = [
            final_influence(model, [source]), output_influence(model, [source], [target]), drop(model, [source], [target])
        ]  # fmt: skip
        for several, (single,) in zip(together, alone, strict=True):
            assert several[row].shape[-1] == count
            close(several[row], single, 1e-10)


@every_cell
def test_an_encoder_of_one_direction_knows_nothing_of_what_it_has_not_read(cell: str) -> None:
    """And its final state is the hidden state at the item that it read last."""
    source = SOURCES[2]
    there, back = (
        made({"cell": cell, "attention": "luong", **DIRECTIONS[direction]}) for direction in ("forwards", "backwards")
    )
    found = memory_influence(there, source)
    assert not np.triu(found, 1).any()
    assert (found[np.tril_indices_from(found)] > 0).all()
    close(final_influence(there, [source])[0], found[-1], 1e-12)
    found = memory_influence(back, source)
    assert not np.tril(found, -1).any()
    assert (found[np.triu_indices_from(found)] > 0).all()
    close(final_influence(back, [source])[0], found[0], 1e-12)


@every_cell
def test_halves_of_a_final_state_make_the_whole(cell: str) -> None:
    model = made({"cell": cell, "attention": "fixed", "encoder_layers": 1, "decoder_layers": 1, "num_layers": 1})
    whole, there, back = (final_influence(model, SOURCES, part) for part in ("both", "forwards", "backwards"))
    for both, one, other in zip(whole, there, back, strict=True):
        close(both, np.hypot(one, other), 1e-12)


def test_without_a_recurrence_a_state_is_a_function_of_its_item() -> None:
    """h = tanh(W x + b): dh/dx = diag(1 - h^2) W, and nothing anywhere else."""
    model = made({"cell": "rnn", "attention": "fixed", "num_layers": 1, **DIRECTIONS["forwards"]})
    cell = next(iter(model.network.encoder.recurrent.each())).forwards
    assert isinstance(cell, RNN)
    with torch.no_grad():
        cell.hidden_weight.zero_()
        vectors, _ = vectors_of(model, SOURCES[0])
        slopes = (1 - torch.tanh(cell.project(vectors[0])) ** 2)[..., None] * cell.input_weight
    expected = np.diag(slopes.square().sum(dim=(1, 2)).sqrt().numpy())
    close(memory_influence(model, SOURCES[0]), expected, 1e-12)
    close(final_influence(model, SOURCES[:1])[0], expected[-1], 1e-12)


def test_some_states_are_rows_of_all() -> None:
    model = made({"attention": "luong"})
    every = memory_influence(model, SOURCES[2])
    close(memory_influence(model, SOURCES[2], [5, 0]), every[[5, 0]], 1e-12)
    assert memory_influence(model, SOURCES[2], []).shape == (0, 7)


def test_the_network_is_left_as_it_was_and_dropout_is_off() -> None:
    model = made({"attention": "luong", "dropout": 0.5})
    expected = output_influence(model, SOURCES, TARGETS)
    network = model.network.train()
    network.output_bias.requires_grad_(False)
    for one, other in zip(output_influence(model, SOURCES, TARGETS), expected, strict=True):
        close(one, other, 1e-12)
    with pytest.raises(DataError):
        final_influence(model, [*SOURCES, ("",)])
    assert all(module.training for module in network.modules())
    asked = {name: each.requires_grad for name, each in network.named_parameters()}
    assert not asked.pop("output_bias")
    assert all(asked.values())
    assert all(each.grad is None for each in network.parameters())


def test_what_cannot_be_measured() -> None:
    model = made({"attention": "luong", **DIRECTIONS["backwards"]})
    with pytest.raises(SettingsError, match="reads backwards only"):
        final_influence(model, SOURCES, "forwards")
    close(final_influence(model, SOURCES, "backwards")[0], final_influence(model, SOURCES)[0], 1e-12)
    with pytest.raises(DataError, match="is empty"):
        drop(model, [("",)], ["x"])
    with pytest.raises(ValueError, match="a target for every source"):
        output_influence(model, SOURCES, TARGETS[:2])
    assert final_influence(model, []) == output_influence(model, [], []) == []
