"""The network in eight-bit integers: near enough, for every cell and wiring, and refused where it can't be had."""

from typing import Any

import pytest
import torch

from heedful.errors import SettingsError
from heedful.model import quantised
from heedful.model.cells import CELLS
from heedful.model.decoder import DECODERS
from heedful.model.packed import stepper
from heedful.model.quantised import Quantised, quantised_stepper
from heedful.model.seq2seq import Network
from heedful.native import kernels
from tests.conformance import networks

LENGTHS, TIME = [5, 1, 3], 4


def network(**given: Any) -> Network:
    """A random one of some size: rounding to 255 steps shows less where sums are long."""
    sizes = {"embedding_size": 24, "hidden_size": 32, "encoder_size": 32}
    return networks.network(networks.settings(**{**sizes, **given}), dtype=torch.float32)


@pytest.fixture
def compiled() -> Any:
    """Compiled loops, and a processor that multiplies bytes."""
    with kernels.switched(on=True) as there:
        if not there or not quantised.can():
            pytest.skip("no compiler, or a processor without instructions for bytes")
        yield


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("attention", DECODERS)
@pytest.mark.parametrize("cell", CELLS)
@torch.inference_mode()
def test_it_is_near_the_network(cell: str, attention: str) -> None:
    """Logits differ by a few hundredths of their spread, at every step of a walk over random units."""
    made = network(cell=cell, attention=attention)
    quick, exact = quantised_stepper(made), stepper(made)
    assert isinstance(quick, Quantised)
    source = networks.source(*LENGTHS)
    (held, state), (other, truth) = quick.start(source), exact.start(source)
    for previous in networks.units(len(LENGTHS), TIME).unbind(dim=1):
        found, expected = quick.step(previous, held, state), exact.step(previous, other, truth)
        off = (found.logits - expected.logits).abs().mean()
        assert float(off) < 0.1 * float(expected.logits.std())
        if found.weights is not None:
            torch.testing.assert_close(found.weights.sum(dim=1), torch.ones(len(LENGTHS)))
        state, truth = found.state, expected.state


@pytest.mark.usefixtures("compiled")
def test_many_rows_and_few_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two libraries share the work by the number of rows; who does it shows in the last digits only."""
    weight, bias, rows = torch.randn(40, 24), torch.randn(40), torch.randn(7, 24)
    layer = quantised._Rounded(weight, bias)
    few = layer(rows)
    monkeypatch.setattr(quantised, "FEW", 0)
    torch.testing.assert_close(layer(rows), few, rtol=0.05, atol=0.1)
    torch.testing.assert_close(few, rows @ weight.T + bias, rtol=0.1, atol=0.3)


def test_a_machine_that_can_not_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "can", lambda: False)
    with kernels.switched(on=True) as there, pytest.raises(SettingsError, match="use precision = 'float32'") as refused:
        quantised_stepper(network())
    assert ("instructions" in str(refused.value)) is there
    with kernels.switched(on=False), pytest.raises(SettingsError, match="compiled loops"):
        quantised_stepper(network())
