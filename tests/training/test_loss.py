"""The loss: cross entropy of real target positions alone, smoothed as in the paper."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from heedful.training.loss import loss
from tests.conformance import networks

LENGTHS = [4, 1, 2]


@pytest.fixture
def given() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Readouts, wanted units and what is real of them; padding holds nonsense."""
    torch.manual_seed(0)
    real = torch.arange(5) < torch.tensor(LENGTHS)[:, None]
    readouts = torch.randn(3, 5, 6)
    readouts[~real] = torch.nan
    return readouts, networks.units(3, 5), real


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
def test_it_is_the_formula(given: tuple[torch.Tensor, ...], smoothing: float) -> None:
    """(1 - e) of the target's negative log-probability and e of the mean over all units (Szegedy 2016, section 7)."""
    readouts, following, real = given
    network = networks.network(networks.settings(), dtype=torch.float32)
    terms: list[float] = []
    for row, length in enumerate(LENGTHS):
        for place in range(length):
            log_probs = network.project(readouts[row, place]).detach().double().log_softmax(dim=0)
            target = float(log_probs[following[row, place]])
            terms.append(-(1 - smoothing) * target - smoothing * float(log_probs.mean()))
    found = loss(network, readouts, following, real, smoothing)
    assert float(found.detach()) == pytest.approx(sum(terms) / len(terms), abs=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_pytorchs(given: tuple[torch.Tensor, ...], smoothing: float) -> None:
    readouts, following, real = given
    network = networks.network(networks.settings(), dtype=torch.float32)
    logits = network.project(readouts.nan_to_num()).flatten(0, 1)
    expected = cross_entropy(
        logits, following.masked_fill(~real, -100).flatten(), ignore_index=-100, label_smoothing=smoothing
    )
    torch.testing.assert_close(loss(network, readouts, following, real, smoothing), expected)


def test_padding_has_no_say(given: tuple[torch.Tensor, ...]) -> None:
    """Not in the value, and no gradient reaches it, whatever stands there."""
    readouts, following, real = given
    network = networks.network(networks.settings(), dtype=torch.float32)
    leaf = readouts.clone().requires_grad_()
    value = loss(network, leaf, following, real, 0.1)
    value.backward()
    assert leaf.grad is not None
    assert bool((leaf.grad[~real] == 0).all())
    assert bool((leaf.grad[real] != 0).any(dim=1).all())
    other = following.masked_fill(~real, 3)
    assert torch.equal(loss(network, readouts, other, real, 0.1), value)


def test_half_precision_readouts_are_scored_in_single() -> None:
    network = networks.network(networks.settings(), dtype=torch.bfloat16)
    readouts = torch.randn(2, 3, 6, dtype=torch.bfloat16)
    value = loss(network, readouts, networks.units(2, 3), torch.ones(2, 3, dtype=torch.bool), 0.0)
    assert value.dtype is torch.float32
