"""The compiled loops against the operators of PyTorch, their specification: every shape of a tile, every edge of a panel."""

import copy
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from heedful.model.cells import CELLS, Cell, State
from heedful.native import kernels
from heedful.native.calls import Kernels
from heedful.native.layout import GATES, KEPT, CellPacked, Lookup, Start
from heedful.native.operators import Operators

ROWS = range(1, 14)
"""One tile has six rows: less than one, whole ones, and every rest."""
SIZES = [1, 15, 16, 17, 48, 64, 65, 130]
"""A vector has 16 numbers, a panel 64."""
OPERATORS = Operators()

every_cell = pytest.mark.parametrize("name", GATES)
every_size = pytest.mark.parametrize("size", SIZES)


def close(one: Tensor, other: Tensor) -> None:
    """Equal to 1e-5 of what is summed up."""
    torch.testing.assert_close(one, other.to(one.dtype), rtol=1e-5, atol=1e-5)


def strided(rows: int, columns: int, like: Tensor | None = None) -> Tensor:
    """Random rows, or those of ``like``, which stand apart in a wider tensor that holds no numbers otherwise."""
    wide = torch.full((rows, columns + 7), torch.nan)
    wide[:, 3 : 3 + columns] = torch.randn(rows, columns) if like is None else like
    return wide[:, 3 : 3 + columns]


def untouched(part: Tensor) -> None:
    """Nothing was written beside the columns of ``strided``."""
    wide = part.as_strided((part.shape[0], part.shape[1] + 7), (part.shape[1] + 7, 1), part.storage_offset() - 3)
    assert bool(wide[:, :3].isnan().all())
    assert bool(wide[:, 3 + part.shape[1] :].isnan().all())


@pytest.fixture(autouse=True)
def chance() -> None:
    torch.manual_seed(0)


@pytest.fixture
def many_threads() -> Iterator[None]:
    """More threads than any of these tests has panels or tiles."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


# Products --------------------------------------------------------------------------------------------------------------


@every_size
@pytest.mark.parametrize("inner", [1, 16, 100])
def test_a_product_is_that_of_the_operators(compiled: Kernels, size: int, inner: int) -> None:
    """Whatever is added: a bias, more columns from beside, what was there, a tanh."""
    beside, weight, bias = 5, torch.randn(size, inner + 5) / (inner + 5) ** 0.5, torch.randn(size)
    for rows, (also, add, bent, biased) in product(ROWS, product((False, True), repeat=4)):
        whole = strided(rows, inner), strided(rows, beside)
        entering, more = whole if also else (whole[0], None)
        used = weight if also else weight[:, :inner]
        before = strided(rows, size)
        outs: list[Tensor] = []
        for steps in (compiled, OPERATORS):
            out = strided(rows, size, before)
            packed, given = steps.pack(used), bias if biased else None
            made = steps.product(entering, packed, given, out, beside=more, add=add, tanh=bent)
            assert made.data_ptr() == out.data_ptr()
            untouched(out)
            outs.append(out)
        close(*outs)


def test_a_product_makes_room_where_none_is_given(compiled: Kernels) -> None:
    weight, rows = torch.randn(70, 9), torch.randn(4, 9)
    close(compiled.product(rows, compiled.pack(weight)), rows @ weight.t())


@every_size
def test_weights_are_packed_from_whatever_strides(compiled: Kernels, size: int) -> None:
    """Transposed, cut out, every second: what the ways there and back ask for."""
    wide = torch.randn(2 * size, 61)
    for weight in (wide[:size], wide[::2, 3:20], wide[:size, ::2], wide[:, :size].t(), wide.t()[5:40:2]):
        rows = torch.randn(3, weight.shape[1]) / weight.shape[1] ** 0.5
        close(compiled.product(rows, compiled.pack(weight)), rows @ weight.t())


@pytest.mark.parametrize("rows", [3, 40])
def test_weights_too_many_for_a_cache_are_fetched_ahead(compiled: Kernels, rows: int) -> None:
    """Another loop, for weights of more than a megabyte; what it fetches last lies behind the weights."""
    weight, entering = torch.randn(1030, 300) / 300**0.5, torch.randn(rows, 300)
    close(compiled.product(entering, compiled.pack(weight)), entering @ weight.t())


# Steps of the cells ----------------------------------------------------------------------------------------------------


class Made(NamedTuple):
    """A cell's weights for what enters it, and all that a step may take."""

    parts: list[Tensor]
    own: Tensor | None
    bias: Tensor
    table: Tensor
    ids: Tensor


def made(name: str, size: int, rows: int, widths: tuple[int, ...]) -> Made:
    """Of a size that keeps the gates from the ends of their range."""
    wide = GATES[name] * size
    inner = size + sum(widths)
    parts = [torch.randn(wide, width) / inner**0.5 for width in (*widths, size)]
    own = torch.randn(size) if name == "gru" else None
    return Made(parts, own, torch.randn(wide), torch.randn(20, wide), torch.randint(20, (rows,)))


def states(name: str, rows: int, size: int) -> State:
    """A random state, its rows apart."""
    return tuple(strided(rows, size) for _ in range(CELLS[name].states))


@every_cell
@every_size
@pytest.mark.parametrize("widths", [(), (9,), (16, 3)], ids=str)
def test_a_step_is_that_of_the_operators(compiled: Kernels, name: str, size: int, widths: tuple[int, ...]) -> None:
    """From W x + b a row each or out of a table, from a bias, from what enters; with and without what is kept."""
    for rows, (given, keep) in product(ROWS, product(("x", "ids", "bias"), (False, True))):
        weights = made(name, size, rows, widths)
        entering, before = [strided(rows, width) for width in widths], states(name, rows, size)
        x = {"x": strided(rows, GATES[name] * size), "ids": weights.table, "bias": None}[given]
        found: list[tuple[Tensor, ...]] = []
        for steps in (compiled, OPERATORS):
            packed = steps.pack_cell(name, weights.parts, size, weights.own)
            after, gates = states(name, rows, size), strided(rows, KEPT[name] * size)
            steps.step(
                packed, entering, before, after, x=x, ids=weights.ids if given == "ids" else None,
                bias=weights.bias if given == "bias" else None, gates=gates if keep else None,
            )  # fmt: skip
            for each in (*after, gates):
                untouched(each)
            found.append((*after, gates) if keep and name != "rnn" else after)
        for one, other in zip(*found, strict=True):
            close(one, other)


@every_cell
@every_size
def test_a_step_may_be_told_all_sums(compiled: Kernels, name: str, size: int) -> None:
    """Products that somebody else made: the gates alone are left, with a row of GRU's inner sums for each row."""
    for rows in ROWS:
        weights, entering, before = made(name, size, rows, (9,)), strided(rows, 9), states(name, rows, size)
        outside, inside = entering @ weights.parts[0].t() + weights.bias, before[0] @ weights.parts[1].t()
        x, own = outside + inside, None
        if weights.own is not None:
            x[:, 2 * size :], own = outside[:, 2 * size :], inside[:, 2 * size :] + weights.own
        found, expected = states(name, rows, size), states(name, rows, size)
        compiled.step(CellPacked(x, name, size, 0, own), [], before, found, x=x)
        packed = OPERATORS.pack_cell(name, weights.parts, size, weights.own)
        OPERATORS.step(packed, [entering], before, expected, bias=weights.bias)
        for one, other in zip(found, expected, strict=True):
            close(one, other)
            untouched(one)


@pytest.mark.parametrize("name", [name for name in GATES if KEPT[name] == GATES[name]])
def test_a_step_may_write_its_gates_over_what_it_reads(compiled: Kernels, name: str) -> None:
    """As the LSTM's do in the hand-derived loop, where W x + b needs no longer be known."""
    weights, before = made(name, 33, 7, (5,)), states(name, 7, 33)
    x, entering = torch.randn(7, GATES[name] * 33), [torch.randn(7, 5)]
    packed = compiled.pack_cell(name, weights.parts, 33, weights.own)
    expected, found, apart, over = states(name, 7, 33), states(name, 7, 33), torch.randn_like(x), x.clone()
    compiled.step(packed, entering, before, expected, x=x, gates=apart)
    compiled.step(packed, entering, before, found, x=over, gates=over)
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    assert name == "rnn" or torch.equal(over, apart)


@every_cell
@every_size
def test_the_way_back_of_a_step_is_that_of_the_operators(compiled: Kernels, name: str, size: int) -> None:
    for rows in ROWS:
        now, before = states(name, rows, size), states(name, rows, size)
        kept = torch.rand(rows, KEPT[name] * size)
        above = [torch.randn(rows, size) for _ in now]
        found: list[list[Tensor]] = []
        for steps in (compiled, OPERATORS):
            gates, gradient = strided(rows, kept.shape[1], kept), [each.clone() for each in above]
            again = torch.empty(rows, GATES[name] * size)
            steps.back(name, gates, now, before, again, gradient)
            untouched(gates)
            found.append([gates, again, *gradient])
        for one, other in zip(*found, strict=True):
            close(one, other)


# Attention -------------------------------------------------------------------------------------------------------------


def lookup(sentences: int, size: int, features: int, additive: bool) -> Lookup:
    """Seven positions, of which some are padding that holds no numbers worth looking at."""
    real = torch.arange(7) < torch.randint(1, 8, (sentences, 1))
    memory = torch.randn(sentences, 7, features).masked_fill_(~real[..., None], 1e4)
    keys = (torch.randn(sentences, 7, size) / size**0.5).masked_fill_(~real[..., None], 1e4)
    return Lookup(keys, torch.randn(size) if additive else None, memory, real)


@every_size
@pytest.mark.parametrize("additive", [True, False])
@pytest.mark.parametrize("each", [1, 3])
def test_attention_is_that_of_the_operators(compiled: Kernels, size: int, additive: bool, each: int) -> None:
    """One query a sentence or several; weights sum to one and are zero on padding."""
    for sentences in (1, 2, 5):
        rows, features = sentences * each, size + 5
        given, query = lookup(sentences, size, features, additive), strided(rows, size)
        found: list[tuple[Tensor, Tensor]] = []
        for steps in (compiled, OPERATORS):
            weights, context = strided(rows, 7), strided(rows, features)
            steps.attend(query, given, weights, context)
            untouched(weights)
            untouched(context)
            found.append((weights, context))
        for one, other in zip(*found, strict=True):
            close(one, other)
        weights = found[0][0]
        close(weights.sum(dim=1), torch.ones(rows))
        assert not bool(weights.masked_select(~given.real.repeat_interleave(each, dim=0)).any())


@every_size
@pytest.mark.parametrize("additive", [True, False])
@pytest.mark.parametrize("watched", [True, False])
def test_the_way_back_of_attention_is_that_of_the_operators(
    compiled: Kernels, size: int, additive: bool, watched: bool
) -> None:
    """``watched`` weights have a gradient of their own; those of keys and value are added up over the steps."""
    for rows in ROWS:
        features = size + 5
        given, query = lookup(rows, size, features, additive), strided(rows, size)
        weights, context = torch.empty(rows, 7), torch.empty(rows, features)
        OPERATORS.attend(query, given, weights, context)
        d_context, d_weights = strided(rows, features) / features**0.5, strided(rows, 7) if watched else None
        before = torch.randn(rows, 7, size), torch.randn(rows, size)
        found: list[list[Tensor]] = []
        for steps in (compiled, OPERATORS):
            sums = before[0].clone(), before[1].clone()
            d_scores, d_query = strided(rows, 7), strided(rows, size)
            steps.attend_back(
                query, given, weights, d_context, d_weights, d_scores=d_scores, d_query=d_query,
                sums=sums if additive else None,
            )  # fmt: skip
            untouched(d_scores)
            untouched(d_query)
            found.append([d_scores, d_query, *sums])
        for one, other in zip(*found, strict=True):
            close(one, other)


# Whole sequences -------------------------------------------------------------------------------------------------------

SHAPES = [(1, 1, 1), (5, 7, 4), (16, 6, 3), (20, 1, 6), (64, 13, 2), (100, 5, 5), (130, 2, 3), (20, 19, 5)]
"""Hidden size, rows, time."""


class Direction(NamedTuple):
    """One direction of a layer, and the same in double precision, to be differentiated by autograd."""

    cell: Cell
    state: State
    exact: Cell
    exact_state: State
    backwards: bool

    def start(self, compiled: Kernels) -> Start:
        """As the compiled loops take it."""
        h, *rest = self.state
        name, size = str(self.cell.compiled), self.cell.hidden_size
        packed = compiled.pack_cell(name, [self.cell.hidden_weight.detach()], size, self.own)
        return Start(h, rest[0] if rest else None, packed, self.backwards)

    @property
    def own(self) -> Tensor | None:
        """GRU's bias inside the recurrence."""
        return None if self.cell.own_bias is None else self.cell.own_bias.detach()


def directions(name: str, size: int, rows: int, which: tuple[bool, ...]) -> list[Direction]:
    """Cells of their own, each with a start state that is not zero."""
    given: list[Direction] = []
    for back in which:
        cell = CELLS[name](9, size)
        for parameter in cell.parameters():
            torch.nn.init.normal_(parameter, std=0.5 / parameter.shape[-1] ** 0.5)
        state = tuple(torch.randn(rows, size) for _ in range(cell.states))
        exact = tuple(part.double().requires_grad_() for part in state)
        given.append(Direction(cell, state, copy.deepcopy(cell).double(), exact, back))
    return given


def looped(given: Direction, inputs: Tensor, real: Tensor) -> tuple[Tensor, State]:
    """The plain loop over steps: padding leaves the state as it is and puts out zeros."""
    state, outputs = given.exact_state, [torch.empty(0)] * inputs.shape[1]
    for place in sorted(range(inputs.shape[1]), reverse=given.backwards):
        new, here = given.exact.step(inputs[:, place], state), real[:, place, None]
        outputs[place] = torch.where(here, new[0], 0.0)
        state = tuple(torch.where(here, one, other) for one, other in zip(new, state, strict=True))
    return torch.stack(outputs, dim=1), state


@every_cell
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("which", [(False,), (True,), (False, True)], ids=str)
@pytest.mark.parametrize("padded", ["not", "here and there", "longest first"])
def test_a_scan_is_a_loop_of_steps_there_and_back(
    compiled: Kernels, name: str, shape: tuple[int, int, int], which: tuple[bool, ...], padded: str
) -> None:
    """Outputs, last states, and the gradients of inputs, start states and weights, as autograd finds them.

    With the longest rows first, whole tiles are padding, and are passed over.
    """
    size, rows, time = shape
    given = directions(name, size, rows, which)
    lengths = torch.full((rows,), time) if padded == "not" else torch.randint(1, time + 1, (rows,))
    if padded == "longest first":
        lengths = lengths.sort(descending=True).values
    real, inputs = torch.arange(time) < lengths[:, None], torch.randn(rows, time, 9)
    exact_inputs = inputs.double().requires_grad_()
    passed = [looped(each, exact_inputs, real) for each in given]
    expected, finals = torch.cat([outputs for outputs, _ in passed], dim=2), [final for _, final in passed]

    starts = [each.start(compiled) for each in given]
    counted = None if padded == "not" else lengths
    for keep in (False, True):
        projected = [each.cell.project(inputs).detach() for each in given]
        outputs, lasts, kept = compiled.scan(projected, starts, counted, keep=keep)
        close(outputs, expected)
        assert bool((outputs[~real] == 0).all())
        for last, final in zip(lasts, finals, strict=True):
            assert len(last) == len(final)
            for one, other in zip(last, final, strict=True):
                close(one, other)

    d_outputs = torch.randn_like(outputs)
    d_lasts = [[torch.randn_like(part) for part in last] for last in lasts]
    towards = (expected * d_outputs).sum()
    for final, d_last in zip(finals, d_lasts, strict=True):
        towards = towards + sum((one * other).sum() for one, other in zip(final, d_last, strict=True))
    leaves = [leaf for each in given for leaf in (*each.exact_state, *each.exact.parameters())]
    d_exact, *gradients = torch.autograd.grad(towards, [exact_inputs, *leaves])
    again = [compiled.pack(each.cell.hidden_weight.detach().t()) for each in given]
    gates = compiled.scan_back(outputs, d_outputs, starts, kept, d_lasts, again, counted)

    d_inputs, found, wide = torch.zeros_like(inputs), list[Tensor](), GATES[name] * size
    for place, (each, gate, d_start) in enumerate(zip(given, gates, d_lasts, strict=True)):
        entering, recurring = gate[..., :wide], gate[..., -wide:]
        if name == "gru":  # n r z as they come, r z n as the weights stand
            entering = torch.cat([entering[..., size:], entering[..., :size]], dim=2)
        d_inputs += entering @ each.cell.input_weight
        mine, begin = outputs[..., place * size : (place + 1) * size], each.state[0][:, None]
        before = torch.cat([mine[:, 1:], begin] if each.backwards else [begin, mine[:, :-1]], dim=1)
        if each.backwards:  # what stood before the first real item read is the start state
            nexts = torch.arange(1, time + 1) < lengths[:, None]
            before = torch.where(nexts[..., None], before, begin)
        flat = recurring.flatten(0, 1)
        weights = {
            "input_weight": entering.flatten(0, 1).t() @ inputs.flatten(0, 1),
            "hidden_weight": flat.t() @ before.flatten(0, 1),
            "bias": entering.sum(dim=(0, 1)),
            "candidate_bias": flat[:, wide - size :].sum(dim=0),
        }
        found += [*d_start, *(weights[key] for key, _ in each.cell.named_parameters())]
    close(d_inputs, d_exact)
    for one, other in zip(found, gradients, strict=True):
        torch.testing.assert_close(one, other.float(), rtol=1e-4, atol=1e-4)


@every_cell
def test_a_way_back_without_a_gradient_of_the_outputs(compiled: Kernels, name: str) -> None:
    """Where only the last state is used."""
    (given,) = directions(name, 20, 4, (False,))
    starts, again = [given.start(compiled)], [compiled.pack(given.cell.hidden_weight.detach().t())]
    inputs, found = torch.randn(4, 3, 9), list[list[Tensor]]()
    for zeros in (True, False):
        outputs, lasts, kept = compiled.scan([given.cell.project(inputs).detach()], starts, None, keep=True)
        d_lasts = [[torch.ones_like(part) for part in lasts[0]]]
        gates = compiled.scan_back(
            outputs, torch.zeros_like(outputs) if zeros else None, starts, kept, d_lasts, again, None
        )
        found.append([*gates, *d_lasts[0]])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


# The output layer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [1, 5, 16, 63, 64, 803, 2500])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
def test_cross_entropy_is_pytorchs(compiled: Kernels, columns: int, smoothing: float) -> None:
    """Each row's loss, and the gradient of their mean in place of the logits."""
    for rows in (1, 3, 10):
        logits, bias = 5 * torch.randn(rows, columns), torch.randn(columns)
        wanted = torch.randint(columns, (rows,))
        exact = (logits + bias).double().requires_grad_()
        expected = cross_entropy(exact, wanted, label_smoothing=smoothing, reduction="none")
        (gradient,) = torch.autograd.grad(expected.mean(), exact)
        place = strided(rows, columns, logits)
        close(compiled.cross_entropy(place, bias, wanted, smoothing, 1 / rows), expected)
        close(place, gradient)
        untouched(place)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
@pytest.mark.parametrize("place", [0, 4, 15, 16, 40, 99])
def test_cross_entropy_of_no_numbers_is_none(compiled: Kernels, bad: float, place: int) -> None:
    """Wherever it stands, in that row alone, and the gradient says so too."""
    logits = torch.randn(3, 100)
    logits[1, place] = bad
    losses = compiled.cross_entropy(logits, torch.zeros(100), torch.tensor([4, 5, 6]), 0.1, 1.0)
    assert losses.isnan().tolist() == [False, True, False]
    assert bool(logits[1].isnan().any())
    assert bool(logits[[0, 2]].isfinite().all())


KINDS = ["distinct", "ties", "equal", "impossible"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", [4, 20, 66, 67, 68, 300, 2100])
@pytest.mark.parametrize("begin", [0, 3])
def test_the_highest_are_those_of_a_stable_sort(compiled: Kernels, kind: str, columns: int, begin: int) -> None:
    """Of equal ones the lower column first, also among those that are impossible; the normaliser is of all columns."""
    for rows, count in product((1, 7), (1, 2, 6, 40)):
        if begin + count > columns:
            continue
        values = torch.randn(rows, columns)
        if kind == "ties":
            values = values.mul(2).round()
        if kind == "equal":
            values = torch.zeros(rows, columns)
        if kind == "impossible":
            values[torch.rand(values.shape) < 0.95] = -torch.inf
            values[:, 0] = 0.0  # a row of nothing else has no normaliser
        values = strided(rows, columns, values)
        highest, places, normalisers = compiled.top(values, begin, count)
        expected, order = values[:, begin:].sort(dim=1, descending=True, stable=True)
        assert torch.equal(highest, expected[:, :count])
        assert torch.equal(places, order[:, :count])
        close(normalisers, values.logsumexp(dim=1))


@pytest.mark.parametrize("place", [0, 4, 16, 50, 99])
def test_the_normaliser_of_no_numbers_is_none(compiled: Kernels, place: int) -> None:
    """So search can refuse the row; the columns it names are columns nevertheless."""
    values = torch.randn(3, 100)
    values[1, place] = torch.nan
    highest, places, normalisers = compiled.top(values, 3, 97)
    assert normalisers.isnan().tolist() == [False, True, False]
    assert bool(((places >= 0) & (places < 97)).all())
    assert torch.equal(highest[[0, 2]], values[[0, 2], 3:].sort(dim=1, descending=True).values)
    assert bool(compiled.top(torch.full((1, 9), torch.nan), 0, 3)[2].isnan())


# All together ----------------------------------------------------------------------------------------------------------


def test_the_norm_is_of_all_together(compiled: Kernels) -> None:
    tensors = [torch.randn(size) for size in ((1,), (3, 5), (64,), (1000, 40), (0,))]
    expected = torch.cat([each.flatten() for each in tensors]).double().norm()
    assert compiled.norm(tensors) == pytest.approx(float(expected), rel=1e-6)
    for bad in (torch.nan, torch.inf):
        tensors[3][7, 7] = bad
        assert not torch.isfinite(torch.tensor(compiled.norm(tensors)))


@every_cell
def test_nothing_hides_what_is_no_number(compiled: Kernels, name: str) -> None:
    """Not a gate that is bent into its range, and not the softmax: broken weights are to be noticed."""
    weights, after = made(name, 20, 3, (5,)), states(name, 3, 20)
    entering = torch.randn(3, 5)
    entering[1, 2] = torch.nan
    packed = compiled.pack_cell(name, weights.parts, 20, weights.own)
    compiled.step(packed, [entering], states(name, 3, 20), after, bias=weights.bias)
    assert after[0].isnan().all(dim=1).tolist() == [False, True, False]
    bent = compiled.product(entering, compiled.pack(torch.randn(20, 5)), tanh=True)
    assert bent.isnan().all(dim=1).tolist() == [False, True, False]
    for additive in (True, False):
        found, context = torch.empty(3, 7), torch.empty(3, 4)
        compiled.attend(entering, lookup(3, 5, 4, additive), found, context)
        assert context.isnan().all(dim=1).tolist() == [False, True, False]


@every_cell
@pytest.mark.usefixtures("many_threads")
def test_threads_without_work_do_no_harm(compiled: Kernels, name: str) -> None:
    """More threads than panels share out the rows; more than both have nothing to do."""
    size = 20
    for rows in ROWS:
        weights, before = made(name, size, rows, (5,)), states(name, rows, size)
        entering, found = [torch.randn(rows, 5)], list[tuple[Tensor, ...]]()
        for threads in (1, 3):
            torch.set_num_threads(threads)
            packed, after = compiled.pack_cell(name, weights.parts, size, weights.own), states(name, rows, size)
            compiled.step(packed, entering, before, after, bias=weights.bias)
            found.append((*after, compiled.product(entering[0], compiled.pack(weights.parts[0]))))
        assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


@every_cell
@pytest.mark.usefixtures("many_threads")
@pytest.mark.parametrize("which", [(False,), (False, True)], ids=str)
@pytest.mark.parametrize("size", [20, 100, 200])
def test_threads_share_a_scan(compiled: Kernels, name: str, which: tuple[bool, ...], size: int) -> None:
    """One panel, two and four, of one direction or both, for three threads: the same numbers as with one."""
    for rows in (1, 5, 20):
        given, lengths = directions(name, size, rows, which), torch.randint(1, 5, (rows,))
        starts, inputs = [each.start(compiled) for each in given], torch.randn(rows, 4, 9)
        again = [compiled.pack(each.cell.hidden_weight.detach().t()) for each in given]
        found: list[list[Tensor]] = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            projected = [each.cell.project(inputs).detach() for each in given]
            outputs, lasts, kept = compiled.scan(projected, starts, lengths, keep=True)
            carried = [[part.clone() for part in last] for last in lasts]
            gates = compiled.scan_back(outputs, torch.ones_like(outputs), starts, kept, carried, again, lengths)
            found.append([outputs, *gates, *(part for last in (*lasts, *carried) for part in last)])
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("many_threads")
def test_threads_share_everything_else(compiled: Kernels) -> None:
    logits, wanted, given = torch.randn(5, 300), torch.randint(300, (5,)), lookup(5, 20, 30, True)
    query, tensors = torch.randn(5, 20), [torch.randn(5), torch.randn(300, 200)]
    found: list[list[Tensor]] = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        place, weights, context = logits.clone(), torch.empty(5, 7), torch.empty(5, 30)
        losses = compiled.cross_entropy(place, torch.zeros(300), wanted, 0.1, 1.0)
        compiled.attend(query, given, weights, context)
        norm = torch.tensor(compiled.norm(tensors))
        found.append([*compiled.top(logits, 3, 9), place, losses, weights, context, norm])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_small_numbers_are_flushed_and_no_longer() -> None:
    """Only within: elsewhere they count."""
    tiny = torch.tensor([1e-38])
    assert float(tiny * 1e-2) > 0
    with kernels.flushed():
        assert float(tiny * 1e-2) == 0
    assert float(tiny * 1e-2) > 0


def test_switched_off_there_are_none_and_afterwards_as_before() -> None:
    before = kernels.active()
    with kernels.switched(on=False) as on:
        assert not on
        assert kernels.active() is None
        with kernels.switched(on=True) as again:
            assert again == (kernels.active() is not None)
        assert kernels.active() is None
    assert kernels.active() is before


def test_what_can_be_handed_over() -> None:
    """Single precision, on the processor, in one piece, and no autocast about."""
    fine = torch.zeros(3, 4)
    assert kernels.usable(fine, None)
    assert not kernels.usable(fine.double())
    assert not kernels.usable(fine, fine.t())
    assert not kernels.usable(fine.to("meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not kernels.usable(fine)


def test_packed_cells_say_what_they_are(compiled: Kernels) -> None:
    """The operators' packing and the compiled loops' differ in layout alone."""
    parts = [torch.randn(60, 5), torch.randn(60, 20)]
    described: list[tuple[str, int, int]] = []
    for steps in (compiled, OPERATORS):
        packed: CellPacked = steps.pack_cell("gru", parts, 20, torch.zeros(20))
        described.append((packed.cell, packed.size, packed.inner))
    assert described == [("gru", 20, 25)] * 2
