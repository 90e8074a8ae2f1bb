"""Every optimiser: equal to the papers' equations, and its whole state survives a snapshot."""

import pytest
import torch

from heedful.training.settings import TrainingSettings
from heedful.training.state import OPTIMIZERS, State
from tests.conformance import networks

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)
DECAY = {"adamw": 0.1}
RATE = 0.05


def state(name: str, average: float = 0.9) -> State:
    """A small network about to be trained."""
    decay = {"weight_decay": DECAY[name]} if name in DECAY else {}
    given = {"optimizer": name, "learning_rate": RATE, "average": average, **decay}
    network = networks.network(networks.settings(attention="luong", num_layers=1), dtype=torch.float32)
    return State(network, TrainingSettings.model_validate(given))


def update(of: State, seed: int) -> None:
    """One update on random data."""
    of.optimizer.zero_grad(set_to_none=True)
    readouts, _ = of.network(networks.source(4, 2, seed=seed), networks.units(2, 3, seed=seed))
    of.network.project(readouts).square().mean().backward()
    of.optimizer.step()
    of.progress.update += 1
    of.average()


@every_optimizer
def test_it_is_the_papers_equation(name: str) -> None:
    """Adam (Kingma and Ba 2015, algorithm 1); AdamW takes the decay off the weight (Loshchilov and Hutter 2019)."""
    found = state(name)
    weight = found.network.output_bias
    expected = weight.detach().double()
    first, second = torch.zeros_like(expected), torch.zeros_like(expected)
    for step in range(1, 6):
        update(found, step)
        assert weight.grad is not None
        gradient = weight.grad.double()
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        expected = expected - RATE * DECAY.get(name, 0.0) * expected
        expected = expected - RATE * (first / (1 - 0.9**step)) / ((second / (1 - 0.999**step)).sqrt() + 1e-8)
        torch.testing.assert_close(weight.detach().double(), expected, rtol=0, atol=1e-5)


@every_optimizer
@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_snapshot_is_the_whole_state(name: str, average: float) -> None:
    """Going back, or going on in another process, gives every number again, bit for bit."""
    one = state(name, average)
    for step in range(3):
        update(one, step)
    snapshot = one.snapshot()
    for step in range(3, 6):
        update(one, step)
    final = one.snapshot()
    fresh = state(name, average)
    update(fresh, 99)  # whatever it was before
    for other in (one, fresh):
        other.restore(snapshot)
        for step in range(3, 6):
            update(other, step)
        again = other.snapshot()
        assert again.record == final.record
        assert again.tensors.keys() == final.tensors.keys()
        for key, value in final.tensors.items():
            assert torch.equal(again.tensors[key], value), key


@every_optimizer
def test_a_snapshot_from_before_the_first_update(name: str) -> None:
    one = state(name)
    snapshot = one.snapshot()
    update(one, 1)
    after = one.snapshot()
    one.restore(snapshot)
    update(one, 1)
    for key, value in one.snapshot().tensors.items():
        assert torch.equal(after.tensors[key], value), key
