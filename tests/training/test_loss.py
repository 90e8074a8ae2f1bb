"""The loss: cross entropy of real target positions alone, smoothed as in the paper, and its gradients as autograd has them."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from heedful.model.seq2seq import Network
from heedful.native import kernels
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


SMOOTHING = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])


@pytest.fixture(params=["operators", "compiled"])
def either(request: pytest.FixtureRequest) -> Iterator[str]:
    """By the operators, and by the compiled loops where they can be had."""
    with kernels.switched(on=request.param == "compiled") as on:
        if on != (request.param == "compiled"):
            pytest.skip("no compiled loops: there is no C++ compiler for them, or HEEDFUL_NATIVE=0 turned them off")
        yield request.param


def plain(network: Network, readouts: Tensor, following: Tensor, real: Tensor, smoothing: float) -> Tensor:
    """The formula in operators that autograd knows."""
    logits = torch.nn.functional.linear(readouts[real], network.output_weight, network.output_bias)
    return cross_entropy(logits, following[real], label_smoothing=smoothing)


def leaves(network: Network, readouts: Tensor) -> list[Tensor]:
    """Everything that a loss has a gradient of."""
    return [readouts, network.output_weight, network.output_bias]


@SMOOTHING
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("double", [False, True])
def test_its_gradients_are_autograds(
    given: tuple[Tensor, ...], smoothing: float, tied: bool, double: bool, either: str
) -> None:
    """Of the readouts, the output layer's weight and its bias, whatever the loss is multiplied with."""
    dtype = torch.float64 if double else torch.float32
    network = networks.network(networks.settings(tie_embeddings=tied), dtype=dtype)
    _, following, real = given
    readouts = torch.randn(3, 5, network.decoder.readout_size, dtype=dtype, requires_grad=True)
    expected = plain(network, readouts, following, real, smoothing)
    found = loss(network, readouts, following, real, smoothing)
    near = 1e-12 if double else 1e-6
    torch.testing.assert_close(found, expected, rtol=near, atol=near)
    for scale in (1.0, 2.5):
        mine = torch.autograd.grad(found * scale, leaves(network, readouts), retain_graph=True)
        theirs = torch.autograd.grad(expected * scale, leaves(network, readouts), retain_graph=True)
        for one, other in zip(mine, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=near, atol=near)


@SMOOTHING
@pytest.mark.parametrize("most", [1, 9, 9 * 3, 9 * 6, 9 * 7, 9 * 100])
def test_how_many_logits_stand_in_memory_changes_nothing(
    given: tuple[Tensor, ...], smoothing: float, most: int, either: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One target unit at a time, a few, all: seven of them, and a vocabulary of nine."""
    readouts, following, real = given
    readouts = readouts.nan_to_num().requires_grad_()
    network = networks.network(networks.settings(), dtype=torch.float32)
    expected = loss(network, readouts, following, real, smoothing)
    whole = torch.autograd.grad(expected, leaves(network, readouts))
    monkeypatch.setattr("heedful.training.loss.MOST_LOGITS", most)
    found = loss(network, readouts, following, real, smoothing)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    for one, other in zip(torch.autograd.grad(found, leaves(network, readouts)), whole, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_only_what_is_asked_for_is_made(given: tuple[Tensor, ...], either: str) -> None:
    """Frozen output layers have no gradient, and the readouts' is the same."""
    readouts, following, real = given
    leaf = readouts.nan_to_num().requires_grad_()
    network = networks.network(networks.settings(), dtype=torch.float32)
    expected = torch.autograd.grad(loss(network, leaf, following, real, 0.1), leaf)
    network.output_weight.requires_grad_(False)
    network.output_bias.requires_grad_(False)
    assert torch.equal(*expected, *torch.autograd.grad(loss(network, leaf, following, real, 0.1), leaf))
    assert not loss(network, readouts.nan_to_num(), following, real, 0.1).requires_grad


def test_weights_that_are_tied_get_both_gradients(either: str) -> None:
    """As the output layer and as the target's embedding: what they get is the sum of what two tensors would."""
    tied = networks.network(networks.settings(tie_embeddings=True), dtype=torch.float32)
    source, previous, following = networks.source(5, 3), networks.units(2, 4), networks.units(2, 4, seed=2)
    real = torch.arange(4) < torch.tensor([[4], [2]])

    def gradient() -> Tensor:
        tied.zero_grad()
        readouts, _ = tied(source, previous)
        loss(tied, readouts, following, real, 0.1).backward()
        assert tied.embedding.weight.grad is not None
        return tied.embedding.weight.grad.clone()

    both = gradient()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "output_weight", property(lambda network: network.embedding.weight.detach()))
        below = gradient()
    readouts, _ = tied(source, previous)
    (above,) = torch.autograd.grad(plain(tied, readouts.detach(), following, real, 0.1), tied.embedding.weight)
    torch.testing.assert_close(both, below + above, rtol=1e-5, atol=1e-6)
    assert bool((below != 0).any())
    assert bool((above != 0).any())


@SMOOTHING
def test_what_is_no_number_makes_no_number(given: tuple[Tensor, ...], smoothing: float, either: str) -> None:
    """A readout, a weight or a bias: training has to see it."""
    readouts, following, real = given
    for broken in range(3):
        network = networks.network(networks.settings(), dtype=torch.float32)
        leaf = readouts.nan_to_num()
        with torch.no_grad():
            leaves(network, leaf)[broken].view(-1)[3] = torch.nan
        assert bool(loss(network, leaf, following, real, smoothing).isnan())


@SMOOTHING
@pytest.mark.parametrize("size", [9, 64, 1500])
def test_compiled_it_is_that_of_the_operators(compiled: object, smoothing: float, size: int) -> None:
    """Logits far from zero too, where exponentials leave the range of numbers unless the largest is taken off."""
    torch.manual_seed(0)
    network = Network(networks.settings(), [networks.SOURCE_UNITS], size)
    following, real = torch.randint(size, (4, 6)), torch.ones(4, 6, dtype=torch.bool)
    for far in (1.0, 300.0):
        found: list[tuple[Tensor, ...]] = []
        for on in (True, False):
            readouts = (far * torch.randn(4, 6, 6, generator=torch.Generator().manual_seed(1))).requires_grad_()
            with kernels.switched(on=on):
                value = loss(network, readouts, following, real, smoothing)
                found.append((value, *torch.autograd.grad(value, leaves(network, readouts))))
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * far)
