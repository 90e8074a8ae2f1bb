"""The hand-derived loop against the plain loop over steps and autograd: the same values, the same gradients."""

import gc
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from heedful.model import loop
from heedful.model.cells import CELLS
from heedful.model.decoder import DECODERS, Attentive, Decoder, Luong
from heedful.model.encoder import Encoded
from heedful.model.settings import ModelSettings
from heedful.native import kernels

LENGTHS, TIME, EMBEDDING = [6, 3, 4, 1], 5, 6
every_cell = pytest.mark.parametrize("cell", CELLS)
every_wiring = pytest.mark.parametrize("wiring", ["bahdanau", "luong"])
every_scorer = pytest.mark.parametrize("scorer", ["dot", "general", "additive"])


class Leaves(NamedTuple):
    """What a target is decoded from."""

    embedded: Tensor
    memory: Tensor
    final: tuple[tuple[Tensor, ...], ...]

    @property
    def flat(self) -> list[Tensor]:
        """All of them."""
        return [self.embedded, self.memory, *(part for state in self.final for part in state)]


class Decoded(NamedTuple):
    """Readouts, weights, and gradients of everything."""

    readouts: Tensor
    weights: Tensor
    gradients: tuple[Tensor | None, ...]


def decoder(cell: str, wiring: str, scorer: str, layers: int = 1, *, dropout: float = 0.0, size: int = 20) -> Attentive:
    """A wiring whose weights are large enough to matter, in double precision."""
    settings = ModelSettings.model_validate({
        "cell": cell, "attention": wiring, "scorer": scorer, "embedding_size": EMBEDDING, "hidden_size": size,
        "encoder_size": size if scorer == "dot" else size + 3, "num_layers": layers, "dropout": dropout,
        "bidirectional": False, "input_feeding": True if wiring == "luong" else None,
    })  # fmt: skip
    torch.manual_seed(1)
    made = DECODERS[wiring](settings, settings.encoder_size or size).double().train()
    assert isinstance(made, Attentive)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made


def leaves(given: Attentive, lengths: list[int] = LENGTHS, time: int = TIME) -> Leaves:
    """Random ones, in the decoder's precision; there are as many final states as it has layers."""
    torch.manual_seed(2)
    like = given.combine.weight
    memory = torch.randn(len(lengths), max(lengths), given.memory_size) * real(lengths)[..., None]
    states = CELLS[str(next(iter(given.stack.each())).compiled)].states
    final = tuple(
        tuple(torch.randn(len(lengths), given.memory_size).to(like).requires_grad_() for _ in range(states))
        for _ in range(given.num_layers)
    )
    embedded = torch.randn(len(lengths), time, EMBEDDING)
    return Leaves(embedded.to(like).requires_grad_(), memory.to(like).requires_grad_(), final)


def real(lengths: list[int]) -> Tensor:
    """What is real in a memory of these lengths."""
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def decode(
    given: Attentive, start: Leaves, lengths: list[int] = LENGTHS, *, plain: bool = False
) -> tuple[Tensor, Tensor]:
    """Readouts and weights by the wiring's own way, or by the specification's; the masks are the same."""
    held, state = given.start(Encoded(start.memory, real(lengths), start.final))
    torch.manual_seed(3)
    readouts, weights = (Decoder.forward if plain else type(given).forward)(given, start.embedded, held, state)
    assert weights is not None
    return readouts, weights


def towards(readouts: Tensor, weights: Tensor) -> Tensor:
    """A number that depends on everything."""
    generator = torch.Generator().manual_seed(4)
    chosen = [torch.randn(each.shape, generator=generator) for each in (readouts, weights)]
    return (readouts * chosen[0]).sum() + (weights * chosen[1]).sum()


def gradients(value: Tensor, given: Attentive, start: Leaves) -> tuple[Tensor | None, ...]:
    """Of all leaves and parameters; the graph stays for another time."""
    return torch.autograd.grad(value, [*start.flat, *given.parameters()], retain_graph=True, allow_unused=True)


def decoded(given: Attentive, *, plain: bool = False) -> Decoded:
    """There and back."""
    start = leaves(given)
    readouts, weights = decode(given, start, plain=plain)
    return Decoded(readouts, weights, gradients(towards(readouts, weights), given, start))


def same(one: Decoded, other: Decoded, near: float) -> None:
    """Values, and gradients in proportion to their size."""
    torch.testing.assert_close(one[:2], other[:2], rtol=0, atol=near)
    for mine, theirs in zip(one.gradients, other.gradients, strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None and theirs is not None:
            torch.testing.assert_close(mine, theirs, rtol=0, atol=near * (1 + float(theirs.abs().max())))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """With what the loop ran, each time that it did; a test that compares it with itself proves nothing."""
    noted: list[str] = []
    there = loop.There

    def note(steps: Any, *given: Any) -> Any:
        noted.append(type(steps).__name__)
        return there(steps, *given)

    monkeypatch.setattr(loop, "There", note)
    return noted


@every_cell
@every_wiring
@every_scorer
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_it_is_the_loop_of_steps(
    cell: str, wiring: str, scorer: str, layers: int, dropout: float, runs: list[str]
) -> None:
    """To 1e-12 in double precision, by the operators."""
    given = decoder(cell, wiring, scorer, layers, dropout=dropout)
    expected = decoded(given, plain=True)
    assert not runs
    same(decoded(given), expected, 1e-12)
    assert runs == ["Operators"]


@every_cell
@every_wiring
@every_scorer
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.usefixtures("compiled")
def test_compiled_it_is_the_loop_of_steps(
    cell: str, wiring: str, scorer: str, layers: int, dropout: float, runs: list[str]
) -> None:
    """To 1e-5 in single precision, by the compiled loops."""
    given = decoder(cell, wiring, scorer, layers, dropout=dropout).float()
    with kernels.switched(on=False):
        expected = decoded(given, plain=True)
    same(decoded(given), expected, 1e-5)
    assert runs == ["Kernels"]


@every_cell
@every_wiring
@pytest.mark.parametrize("size", [16, 64, 70])
@pytest.mark.usefixtures("compiled")
def test_compiled_of_other_sizes(cell: str, wiring: str, size: int, runs: list[str]) -> None:
    """A vector of units, a panel, and more."""
    given = decoder(cell, wiring, "additive", 2, size=size)
    with torch.no_grad():
        for parameter in given.parameters():
            parameter.mul_((20 / size) ** 0.5)
    given = given.float()
    with kernels.switched(on=False):
        expected = decoded(given, plain=True)
    same(decoded(given), expected, 2e-5)
    assert runs == ["Kernels"]


@every_cell
@every_wiring
@pytest.mark.parametrize("scorer", ["general", "additive"])
def test_gradients_agree_with_finite_differences(cell: str, wiring: str, scorer: str) -> None:
    """Two layers, two steps, two sentences: in every leaf and parameter."""
    given, lengths = decoder(cell, wiring, scorer, 2, size=3), [3, 1]
    start = leaves(given, lengths, 2)
    names, parameters = zip(*given.named_parameters(), strict=True)

    class Decoding(torch.nn.Module):
        """As a forward, so that parameters can be given from outside."""

        def __init__(self) -> None:
            super().__init__()
            self.decoder = given

        def forward(self, *flat: Tensor) -> tuple[Tensor, Tensor]:
            parts = iter(flat[2:])
            final = tuple(tuple(next(parts) for _ in state) for state in start.final)
            return decode(given, Leaves(flat[0], flat[1], final), lengths)

    decoding = Decoding()

    def values(*flat: Tensor) -> tuple[Tensor, Tensor]:
        count = len(start.flat)
        others = {f"decoder.{name}": value for name, value in zip(names, flat[count:], strict=True)}
        return torch.func.functional_call(decoding, others, flat[:count])

    assert torch.autograd.gradcheck(values, [*start.flat, *parameters], atol=1e-6, rtol=1e-5, fast_mode=True)


def again(given: Attentive, runs: list[str]) -> None:
    start = leaves(given)
    value = towards(*decode(given, start))
    first, second = gradients(value, given, start), gradients(value, given, start)
    assert len(runs) == 2, "the way back writes over what the way there left: a second time, both are taken"
    for one, other in zip(first, second, strict=True):
        assert (one is None) == (other is None)
        assert one is None or other is None or torch.equal(one, other)


@every_cell
@every_wiring
@every_scorer
def test_a_second_way_back_gives_the_same(cell: str, wiring: str, scorer: str, runs: list[str]) -> None:
    again(decoder(cell, wiring, scorer, 2, dropout=0.4), runs)
    assert set(runs) == {"Operators"}


@every_cell
@every_wiring
@every_scorer
@pytest.mark.usefixtures("compiled")
def test_compiled_a_second_way_back_gives_the_same(cell: str, wiring: str, scorer: str, runs: list[str]) -> None:
    again(decoder(cell, wiring, scorer, 2, dropout=0.4).float(), runs)
    assert set(runs) == {"Kernels"}


@every_wiring
def test_a_way_back_of_the_way_back_is_refused(wiring: str) -> None:
    """Rather than a wrong number."""
    given = decoder("gru", wiring, "general")
    start = leaves(given)
    readouts, _ = decode(given, start)
    (gradient,) = torch.autograd.grad(readouts.square().sum(), start.embedded, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


USES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "readouts": lambda readouts, weights: readouts.square().sum(),
    "weights": lambda readouts, weights: weights.square().sum(),
    "one number": lambda readouts, weights: readouts.sum() + 2 * weights[..., :2].sum() + 3 * weights.sum(),
    "turned": lambda readouts, weights: turned(readouts) + turned(weights),
}


def turned(values: Tensor) -> Tensor:
    """A number whose gradient lies in memory as the transpose does."""
    other = values.transpose(0, 2).contiguous()
    return (other @ torch.ones_like(other).cumsum(dim=2).transpose(1, 2)).square().sum()


@every_wiring
@every_scorer
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("single", [False, True])
def test_whichever_way_a_gradient_comes(wiring: str, scorer: str, use: str, single: bool) -> None:
    """Of one output alone, of all at once (a gradient that is one number in memory), of the transpose."""
    given = decoder("lstm", wiring, scorer)
    given = given.float() if single else given
    found: list[list[Tensor]] = []
    with kernels.switched(on=single):
        for plain in (True, False):
            start = leaves(given)
            made = gradients(USES[use](*decode(given, start, plain=plain)), given, start)
            every = zip(made, [*start.flat, *given.parameters()], strict=True)
            found.append([torch.zeros_like(leaf) if gradient is None else gradient for gradient, leaf in every])
    for one, other in zip(*found, strict=True):
        near = (1e-5 if single else 1e-12) * (1 + float(other.abs().max()))
        torch.testing.assert_close(one, other, rtol=0, atol=near)


@every_cell
@every_wiring
@every_scorer
@pytest.mark.parametrize("single", [False, True])
def test_padding_has_no_weight_and_no_say(cell: str, wiring: str, scorer: str, single: bool) -> None:
    """Weights sum to one and are zero on padding; whatever stands there changes nothing, and has no gradient."""
    given = decoder(cell, wiring, scorer)
    given = given.float() if single else given
    with kernels.switched(on=single):
        start = leaves(given)
        readouts, weights = decode(given, start)
        padding = ~real(LENGTHS)
        torch.testing.assert_close(weights.sum(dim=2), torch.ones_like(weights[..., 0]))
        assert not bool(weights.masked_select(padding[:, None].expand_as(weights)).any())
        (d_memory,) = torch.autograd.grad(towards(readouts, weights), start.memory)
        assert not bool(d_memory[padding].any())
        other = start._replace(memory=start.memory.detach().masked_fill(padding[..., None], 50.0))
        assert torch.equal(decode(given, other)[0], readouts)


@every_wiring
def test_what_is_never_gone_back_on_is_let_go(wiring: str) -> None:
    """A forward pass whose gradients nobody asks for leaves nothing in memory."""
    given = decoder("gru", wiring, "general")
    with_way_back, weights = decode(given, leaves(given))
    assert with_way_back.requires_grad
    left = [weakref.ref(each.untyped_storage()) for each in (with_way_back, weights)]
    del with_way_back, weights
    gc.collect()
    assert [each() for each in left] == [None, None]


@pytest.mark.parametrize(
    "given", [{"reach": "local-m", "window": 2}, {"reach": "local-p", "window": 2}], ids=lambda each: each["reach"]
)
@every_wiring
def test_what_it_does_not_know_goes_step_by_step(wiring: str, given: dict[str, Any], runs: list[str]) -> None:
    """A reach that counts steps or bends the scores."""
    feeding = {"input_feeding": True} if wiring == "luong" else {}
    small = {"embedding_size": EMBEDDING, "hidden_size": 20, "encoder_size": 20, "bidirectional": False}
    settings = ModelSettings.model_validate({"attention": wiring, **feeding, **given, **small})
    made = DECODERS[wiring](settings, 20).double()
    assert isinstance(made, Attentive)
    decode(made, leaves(made))
    assert not runs


@every_wiring
def test_half_precision_goes_step_by_step(wiring: str, runs: list[str]) -> None:
    given = decoder("lstm", wiring, "general").float()
    with torch.autocast("cpu", torch.bfloat16):
        readouts, _ = decode(given, leaves(given))
    assert not runs
    assert readouts.isfinite().all()


def test_without_input_feeding_there_is_no_loop(runs: list[str]) -> None:
    """A whole target as fused layers."""
    given = decoder("lstm", "luong", "general")
    assert isinstance(given, Luong)
    settings = ModelSettings(embedding_size=EMBEDDING, hidden_size=20, encoder_size=20, bidirectional=False)
    made = DECODERS["luong"](settings, 20).double()
    assert isinstance(made, Attentive)
    decode(made, leaves(made))
    assert not runs
