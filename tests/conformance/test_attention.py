"""Every scorer with every reach: equal to the loop reference, one query or many, on real positions only."""

import numpy as np
import pytest
import torch
from torch import Tensor

from heedful.model import attention
from heedful.model.attention import SCORERS, Attention
from heedful.model.reach import REACHES
from tests.reference.attention import attend

QUERY, MEMORY, WINDOW = 6, 8, 2
LENGTHS = [9, 4, 1]
every_scorer = pytest.mark.parametrize("scorer", SCORERS)
every_reach = pytest.mark.parametrize("reach", REACHES)


def made(scorer: str, reach: str, window: int = WINDOW) -> Attention:
    """Attention with weights large enough to matter; memory and query differ in size where the scorer allows that."""
    torch.manual_seed(7)
    try:
        model = Attention(scorer, reach, QUERY, MEMORY, window)
    except ValueError:
        model = Attention(scorer, reach, MEMORY, MEMORY, window)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return model.double()


def asked(scorer: str, queries: int = 5) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Queries, memory (rubbish on padding), what is real in it, the step of each query, and where the one before looked."""
    torch.manual_seed(8)
    size = MEMORY if scorer == "dot" else QUERY
    real = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    memory = torch.randn(*real.shape, MEMORY, dtype=torch.float64)
    memory[~real] = 50.0
    step = torch.arange(queries).expand(len(LENGTHS), -1) * 3
    query = torch.randn(len(LENGTHS), queries, size, dtype=torch.float64)
    scores = torch.randn(len(LENGTHS), queries, max(LENGTHS), dtype=torch.float64).masked_fill(
        ~real[:, None], -torch.inf
    )
    return query, memory, real, step, torch.softmax(scores, dim=2)


@every_scorer
@every_reach
def test_it_is_the_loop_over_queries_and_positions(scorer: str, reach: str) -> None:
    model = made(scorer, reach)
    query, memory, real, step, previous = asked(scorer)
    context, weights = model(query, model.hold(memory, real), step, previous)
    scoring = {name: each.detach().numpy() for name, each in model.scorer.named_parameters()}
    reaching = {name: each.detach().numpy() for name, each in model.reach.named_parameters()}
    for row, length in enumerate(LENGTHS):
        for place in range(query.shape[1]):
            expected, shares = attend(
                query[row, place].numpy(), memory[row, :length].numpy(), int(step[row, place]),
                scorer, reach, WINDOW, scoring, reaching, previous[row, place, :length].numpy(),
            )  # fmt: skip
            np.testing.assert_allclose(context[row, place].detach().numpy(), expected, rtol=0, atol=1e-10)
            np.testing.assert_allclose(weights[row, place, :length].detach().numpy(), shares, rtol=0, atol=1e-10)


@every_scorer
@every_reach
def test_weights_sum_to_one_and_are_zero_on_padding(scorer: str, reach: str) -> None:
    model = made(scorer, reach).float()
    query, memory, real, step, previous = asked(scorer)
    _, weights = model(query.float(), model.hold(memory.float(), real), step, previous.float())
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(len(LENGTHS), query.shape[1]), rtol=0, atol=1e-6)
    assert bool((weights >= 0).all())
    assert not bool(weights.masked_select(~real[:, None].expand_as(weights)).any())


@every_scorer
@every_reach
def test_one_query_at_a_time_is_all_at_once(scorer: str, reach: str) -> None:
    model = made(scorer, reach)
    query, memory, real, step, previous = asked(scorer)
    held = model.hold(memory, real)
    context, weights = model(query, held, step, previous)
    for place in range(query.shape[1]):
        one, alone = model(
            query[:, place : place + 1], held, step[:, place : place + 1], previous[:, place : place + 1]
        )
        torch.testing.assert_close(one, context[:, place : place + 1], rtol=0, atol=1e-12)
        torch.testing.assert_close(alone, weights[:, place : place + 1], rtol=0, atol=1e-12)
    looked = (previous.flatten(0, 1),) if model.sequential else ()
    rows, shares = model.ask(
        query.flatten(0, 1), held, step.flatten(), looked=looked
    )  # hypotheses stand sentence-major
    torch.testing.assert_close(rows, context.flatten(0, 1), rtol=0, atol=1e-12)
    torch.testing.assert_close(shares, weights.flatten(0, 1), rtol=0, atol=1e-12)


@every_scorer
@every_reach
def test_more_padding_changes_nothing(scorer: str, reach: str) -> None:
    model = made(scorer, reach)
    query, memory, real, step, previous = asked(scorer)
    context, weights = model(query, model.hold(memory, real), step, previous)
    longer = torch.nn.functional.pad(memory, (0, 0, 0, 3), value=-70.0)
    before = torch.nn.functional.pad(previous, (0, 3))
    more, shares = model(query, model.hold(longer, torch.nn.functional.pad(real, (0, 3))), step, before)
    torch.testing.assert_close(more, context, rtol=0, atol=1e-12)
    torch.testing.assert_close(shares[..., : real.shape[1]], weights, rtol=0, atol=1e-12)
    assert not bool(shares[..., real.shape[1] :].any())


@every_scorer
@every_reach
def test_attention_goes_where_it_is_told(scorer: str, reach: str) -> None:
    """``attend_to`` takes the place of the weights, outside the window too."""
    model = made(scorer, reach)
    query, memory, real, step, _ = asked(scorer, queries=2)
    held = model.hold(memory, real)
    told = torch.softmax(torch.randn(6, 9, dtype=torch.float64).masked_fill(~real.repeat_interleave(2, 0), -1e9), dim=1)
    context, weights = model.ask(query.flatten(0, 1), held, step.flatten(), told)
    assert torch.equal(weights, told)
    for row in range(6):
        torch.testing.assert_close(context[row], told[row] @ memory[row // 2])


@every_scorer
@every_reach
def test_gradients_agree_with_finite_differences(scorer: str, reach: str) -> None:
    """With respect to query, memory and all parameters; a window's edge is where there is no gradient, and not met."""
    model = made(scorer, reach, window=20)
    query, memory, real, step, previous = asked(scorer, queries=2)
    names, weights = zip(*model.named_parameters(), strict=True) if list(model.parameters()) else ((), ())

    def ask(query: Tensor, memory: Tensor, *given: Tensor) -> tuple[Tensor, Tensor]:
        named = {f"model.{name}": value for name, value in zip(names, given, strict=True)}
        return torch.func.functional_call(_Asking(model), named, (query, memory, real, step, previous))

    query, memory = query.requires_grad_(), memory.masked_fill(~real[..., None], 0.0).requires_grad_()
    assert torch.autograd.gradcheck(ask, [query, memory, *weights], atol=1e-6, rtol=1e-5, fast_mode=True)


class _Asking(torch.nn.Module):
    """Holding and asking as one forward, so that parameters can be given from outside."""

    def __init__(self, model: Attention) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, query: Tensor, memory: Tensor, real: Tensor, step: Tensor, previous: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.model(query, self.model.hold(memory, real), step, previous)


@every_reach
def test_a_position_outside_the_window_gets_nothing(reach: str) -> None:
    model = made("general", reach)
    query, memory, real, step, previous = asked("general")
    bias = model.reach.bias(query, real, step, previous)
    _, weights = model(query, model.hold(memory, real), step, previous)
    if bias is None:
        assert bool((weights > 0).eq(real[:, None]).all())
        return
    outside = torch.isinf(bias)
    assert bool((weights[outside] == 0).all())
    for row, length in enumerate(LENGTHS):
        reached = (~outside & real[:, None])[row].sum(dim=1)
        assert bool((reached >= 1).all() and (reached <= 2 * WINDOW + 1).all()), length


def test_a_window_that_holds_everything_is_no_window() -> None:
    """Luong's local-m with a window beyond the source is global attention."""
    wide, everywhere = made("general", "local-m", window=50), made("general", "global")
    query, memory, real, step, previous = asked("general")
    found, expected = (model(query, model.hold(memory, real), step, previous) for model in (wide, everywhere))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@every_scorer
def test_rows_that_are_cut_into_pieces_are_the_same(scorer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The additive scorer's table is made a few queries at a time; how few makes no difference."""
    model = made(scorer, "global")
    query, memory, real, _, previous = asked(scorer)
    held = model.hold(memory, real)
    whole = model.scorer.score(query, held.keys, previous)
    for most in (1, 2 * held.keys.numel(), 3 * held.keys.numel()):
        monkeypatch.setattr(attention, "MOST_CELLS", most)
        torch.testing.assert_close(model.scorer.score(query, held.keys, previous), whole, rtol=0, atol=1e-12)


def test_concat_and_additive_are_one_class() -> None:
    """Luong's v . tanh(W [q; m]) is Bahdanau's v . tanh(W q + U m); the reference has both, the table one."""
    assert SCORERS["concat"] is SCORERS["additive"]


def test_dot_of_unequal_sizes_says_what_helps() -> None:
    with pytest.raises(ValueError, match="one size, found 6 and 8; use general"):
        SCORERS["dot"](6, 8)


@pytest.mark.parametrize("reach", ["local-m", "local-p", "monotonic"])
def test_a_window_far_out_stands_where_it_should_in_half_precision(reach: str) -> None:
    """Beyond position 256, where bfloat16 no longer tells neighbours apart."""
    model = made("general", reach).to(torch.bfloat16)
    real = torch.ones(1, 1001, dtype=torch.bool)
    query, step = torch.randn(1, 1, QUERY, dtype=torch.bfloat16), torch.tensor([[777]])
    previous = torch.nn.functional.one_hot(torch.tensor([[777]]), 1001).to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        bias = model.reach.bias(query, real, step, previous)
    assert bias is not None
    inside = (~torch.isinf(bias[0, 0])).nonzero().flatten().tolist()
    assert inside == list(range(inside[0], inside[0] + len(inside)))
    assert len(inside) in (2 * WINDOW, 2 * WINDOW + 1)
    if reach == "monotonic":  # on from 777, by no more than the window
        assert 777 - WINDOW <= inside[0] <= inside[-1] <= 777 + 2 * WINDOW
    if reach == "local-m":
        assert inside == [775, 776, 777, 778, 779]
