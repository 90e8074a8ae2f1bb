"""Layers in compiled loops are the fused layers of PyTorch, in value and in every gradient, with padding and without."""

import gc
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from heedful.model import fused
from heedful.model.cells import CELLS, GRU, Cell, State
from heedful.model.recurrent import Layer, Recurrent, Stack
from heedful.native import kernels

INPUT, TIME = 9, 6
LENGTHS = {"padded": [6, 3, 1, 6, 2, 4, 5], "whole": [6] * 7, "one": [1, 1]}
every_cell = pytest.mark.parametrize("cell", CELLS)
every_size = pytest.mark.parametrize("size", [6, 32, 70, 136])
any_lengths = pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)


def scaled(module: nn.Module) -> nn.Module:
    """Its weights random, biases too, of a size that keeps the gates from the ends of their range."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5 / parameter.shape[-1] ** 0.5)
    return module


def inputs_of(lengths: list[int]) -> tuple[Tensor, Tensor]:
    """Random inputs and what is real of them."""
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return torch.randn(len(lengths), max(lengths), INPUT).requires_grad_(), real


def passed(
    run: Callable[[], tuple[Tensor, ...]], leaves: list[Tensor], *, on: bool, times: int = 1
) -> tuple[list[Tensor], list[Tensor]]:
    """Values, and the gradients of something that depends on all of them, of the last of so many ways back."""
    torch.manual_seed(5)
    with kernels.switched(on=on):
        values = run()
        towards = torch.zeros(())
        for value in values:
            towards = towards + (value * torch.randn(value.shape)).sum()
        gradients: tuple[Tensor, ...] = ()
        for _ in range(times):
            gradients = torch.autograd.grad(towards, leaves, retain_graph=True)
        return [value.detach() for value in values], list(gradients)


def same(run: Callable[[], tuple[Tensor, ...]], leaves: list[Tensor]) -> None:
    """With compiled loops and without; and a second way back is the same as the first."""
    found, expected = passed(run, leaves, on=True), passed(run, leaves, on=False)
    for one, other in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * (1 + float(other.abs().max())))
    again = passed(run, leaves, on=True, times=2)
    assert all(torch.equal(one, other) for one, other in zip(found[1], again[1], strict=True))


@pytest.fixture(autouse=True)
def chance() -> None:
    torch.manual_seed(0)


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of directions of every compiled scan; a test that compares PyTorch with itself proves nothing."""
    noted: list[int] = []
    scan = fused.scan

    def note(found: Any, cells: Any, *given: Any) -> Any:
        noted.append(len(cells))
        return scan(found, cells, *given)

    monkeypatch.setattr(fused, "scan", note)
    return noted


@every_cell
@every_size
@any_lengths
@pytest.mark.parametrize("bidirectional", [True, False], ids=["both", "one"])
@pytest.mark.usefixtures("compiled")
def test_an_encoder_is_the_same(
    cell: str, size: int, lengths: list[int], bidirectional: bool, scans: list[int]
) -> None:
    """Two layers: what leaves the top one, zero on padding, and every final state."""
    stack = scaled(Recurrent(CELLS[cell], INPUT, size, 2, bidirectional, 0.0))
    inputs, real = inputs_of(lengths)

    def run() -> tuple[Tensor, ...]:
        outputs, finals = stack(inputs, real)
        return outputs, *(part for state in finals for part in state)

    same(run, [inputs, *stack.parameters()])
    assert set(scans) == {2 if bidirectional else 1}
    with kernels.switched(on=True):
        assert not bool(run()[0][~real].any())


@every_cell
@every_size
@pytest.mark.usefixtures("compiled")
def test_a_decoders_stack_is_the_same(cell: str, size: int, scans: list[int]) -> None:
    """Three layers that begin with states of their own, and dropout between them."""
    stack = Stack(CELLS[cell], [INPUT, size, size], size, 0.4)
    scaled(stack).train()
    inputs, _ = inputs_of(LENGTHS["whole"])
    states = tuple(
        tuple(torch.randn(7, size).requires_grad_() for _ in range(CELLS[cell].states)) for _ in stack.each()
    )
    same(
        lambda: (stack.scan(inputs, states),),
        [inputs, *stack.parameters(), *(part for each in states for part in each)],
    )
    assert set(scans) == {1}


@every_cell
@pytest.mark.parametrize("on", [True, False])
def test_a_decoders_stack_may_pass_over_padding(cell: str, on: bool) -> None:
    """What is real is the same, and so are its gradients; the longest rows stand first, as training has them."""
    stack = Stack(CELLS[cell], [INPUT, 12], 12, 0.0)
    scaled(stack)
    inputs, real = inputs_of([6] * 4 + [4] * 7 + [2] * 9 + [1] * 3)
    states = tuple(tuple(torch.randn(23, 12).requires_grad_() for _ in range(CELLS[cell].states)) for _ in range(2))
    leaves = [inputs, *stack.parameters(), *(part for each in states for part in each)]
    with kernels.switched(on=on):
        found: list[tuple[Tensor, ...]] = []
        for told in (real, None):
            outputs = stack.scan(inputs, states, told)[real]
            found.append((outputs.detach(), *torch.autograd.grad(outputs.square().sum(), leaves)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@every_cell
@pytest.mark.parametrize("bidirectional", [True, False], ids=["both", "one"])
@pytest.mark.parametrize("asked", ["outputs", "finals", "one number", "turned"])
@pytest.mark.parametrize("time", [1, 4])
@pytest.mark.usefixtures("compiled")
def test_whichever_way_a_gradient_comes(cell: str, bidirectional: bool, asked: str, time: int) -> None:
    """Of outputs alone, of final states alone, of all at once (one number in memory), of the transpose."""
    layer = scaled(Layer(CELLS[cell], INPUT, 12, bidirectional))
    inputs, real = inputs_of([time, 1, time])

    def run() -> tuple[Tensor, ...]:
        outputs, final = layer(inputs, real)
        outputs = outputs * real[..., None]
        if asked == "outputs":
            return (outputs,)
        if asked == "finals":
            return final
        if asked == "one number":
            return outputs.sum(), *(part.sum() for part in final)
        return outputs.transpose(0, 1).contiguous(), *(part.t().contiguous() for part in final)

    same(run, [inputs, *layer.parameters()])


@every_cell
@pytest.mark.usefixtures("compiled")
def test_inputs_of_any_layout(cell: str) -> None:
    """Time first, as others have it."""
    layer = scaled(Layer(CELLS[cell], INPUT, 12, True))
    inputs = torch.randn(TIME, 5, INPUT).transpose(0, 1).requires_grad_()
    same(lambda: (layer(inputs, None)[0],), [inputs, *layer.parameters()])


@every_cell
@pytest.mark.usefixtures("compiled")
def test_more_padding_changes_nothing(cell: str) -> None:
    """Whatever stands there; nor does it get a gradient. On some processors a product of more rows sums in another order."""
    stack = scaled(Recurrent(CELLS[cell], INPUT, 20, 2, True, 0.0))
    inputs, real = inputs_of(LENGTHS["padded"])
    outputs, finals = stack(inputs, real)
    (gradient,) = torch.autograd.grad(outputs.square().sum(), inputs)
    assert not bool(gradient[~real].any())
    longer = nn.functional.pad(inputs.detach(), (0, 0, 0, 3), value=1e3)
    longer[:, :TIME][~real] = -1e3
    more, lasts = stack(longer, nn.functional.pad(real, (0, 3)))
    torch.testing.assert_close(more[:, :TIME], outputs, rtol=0, atol=1e-6)
    assert not bool(more[:, TIME:].any())
    for one, other in zip(lasts, finals, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


@every_cell
@pytest.mark.usefixtures("compiled")
def test_company_changes_nothing(cell: str) -> None:
    """A row alone has the same digits as among others."""
    layer = scaled(Layer(CELLS[cell], INPUT, 40, True))
    inputs, real = inputs_of(LENGTHS["padded"])
    outputs, final = layer(inputs, real)
    for row, length in enumerate(LENGTHS["padded"]):
        alone, last = layer(inputs[row : row + 1, :length], None)
        torch.testing.assert_close(alone[0], outputs[row, :length], rtol=1e-6, atol=1e-6)
        for one, other in zip(last, final, strict=True):
            torch.testing.assert_close(one[0], other[row], rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("compiled")
def test_a_way_back_of_the_way_back_is_refused() -> None:
    """Rather than a wrong number."""
    layer = scaled(Layer(CELLS["lstm"], INPUT, 12, True))
    inputs, _ = inputs_of(LENGTHS["whole"])
    (gradient,) = torch.autograd.grad(layer(inputs, None)[0].square().sum(), inputs, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


@every_cell
@pytest.mark.usefixtures("compiled")
def test_what_is_never_gone_back_on_is_let_go(cell: str) -> None:
    layer = scaled(Layer(CELLS[cell], INPUT, 12, True))
    outputs, final = layer(inputs_of(LENGTHS["padded"])[0], None)
    assert outputs.requires_grad
    left = [weakref.ref(each.untyped_storage()) for each in (outputs, *final)]
    del outputs, final
    gc.collect()
    assert not [each for each in left if each() is not None]


class Foreign(GRU):
    """A cell of somebody's own, which takes over what it does not write anew."""

    compiled: ClassVar[str | None] = None

    def advance(self, projected: Tensor, state: State) -> State:
        return super().advance(-projected, state)


def test_what_the_compiled_loops_do_not_know_goes_to_pytorch(scans: list[int]) -> None:
    """Double precision, autocast, another cell, and everything where they are switched off."""
    inputs, real = inputs_of(LENGTHS["padded"])
    layer = scaled(Layer(CELLS["gru"], INPUT, 12, True))
    with kernels.switched(on=True):
        Layer(CELLS["gru"], INPUT, 12, True).double()(inputs.double(), real)
        Layer(Foreign, INPUT, 12, False)(inputs, real)
        with torch.autocast("cpu", torch.bfloat16):
            layer(inputs, real)
    with kernels.switched(on=False):
        layer(inputs, real)
    assert not scans


@pytest.mark.usefixtures("compiled")
def test_a_cell_is_asked_what_it_is_called() -> None:
    """So that every cell of the table is compiled, or says that it is not."""
    for name, cell in CELLS.items():
        assert issubclass(cell, Cell)
        assert cell.compiled in {name, None}
        found = fused.fits([cell(INPUT, 12)], torch.zeros(1, 1, INPUT))
        assert (found is None) == (cell.compiled is None)
