"""Beam search against every output there is, and against a beam of Python lists."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from torch import Tensor

from heedful.contracts import END, RESERVED, Source, Step
from heedful.errors import HeedfulError
from heedful.native import kernels
from heedful.native.calls import Kernels
from heedful.search.beam import beam, choose
from heedful.search.greedy import greedy
from heedful.search.hypothesis import Choice, Found
from heedful.search.rules import Rules
from heedful.search.searches import finish, search
from heedful.search.settings import SearchSettings
from tests.reference.exhaustive_search import Output, exhaustive_search, plain_beam
from tests.search.steppers import FixedStepper, RandomStepper, source_of


def outputs(found: Found, sentence: int) -> list[Output]:
    """The results of a sentence as plain values."""
    count = int(found.count[sentence])
    return [
        Output(
            tuple(found.units[sentence, place, : int(found.lengths[sentence, place])].tolist()),
            float(found.scores[sentence, place]),
            float(found.log_prob[sentence, place]),
        )
        for place in range(count)
    ]


def same(found: list[Output], expected: list[Output]) -> None:
    assert [output.units for output in found] == [output.units for output in expected]
    assert [output.score for output in found] == pytest.approx([output.score for output in expected], abs=1e-9)
    assert [output.log_prob for output in found] == pytest.approx([output.log_prob for output in expected], abs=1e-9)


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize(("shortest", "longest"), [(0, 4), (2, 4), (3, 3), (0, 0), (0, 1)])
def test_the_widest_beam_is_exhaustive_search(shortest: int, longest: int, length_penalty: float) -> None:
    stepper = RandomStepper(vocab=7, sharpness=1.0)
    width = 4**4
    settings = SearchSettings(beam_size=width, n_best=5, length_penalty=length_penalty, min_length=shortest)
    sentences = torch.arange(4)
    found = search(stepper, source_of(sentences), torch.full((4,), longest), settings)
    for sentence in range(4):
        expected = exhaustive_search(partial(stepper.after, sentence), shortest, longest, length_penalty)
        same(outputs(found, sentence), expected[:5])


@given(st.data())
@examples(max_examples=60, deadline=None)
def test_any_beam_is_the_plain_beam(data: st.DataObject) -> None:
    stepper = RandomStepper(
        vocab=data.draw(st.integers(5, 40), "vocab"),
        seed=data.draw(st.integers(0, 99), "seed"),
        sharpness=data.draw(st.sampled_from([0.5, 2.0]), "sharpness"),
    )
    beam_size = data.draw(st.integers(1, 8), "beam_size")
    settings = SearchSettings(
        beam_size=beam_size,
        n_best=data.draw(st.integers(1, beam_size), "n_best"),
        length_penalty=data.draw(st.sampled_from([0.0, 0.7, 1.0, 3.0]), "length_penalty"),
        min_length=data.draw(st.integers(0, 4), "min_length"),
    )
    limits = data.draw(st.lists(st.integers(0, 7), min_size=1, max_size=5), "limits")
    found = finish(beam(stepper, source_of(torch.arange(len(limits))), torch.tensor(limits), settings))
    for sentence, limit in enumerate(limits):
        after = partial(stepper.after, sentence)
        shortest = min(settings.min_length, limit)
        same(
            outputs(found, sentence),
            plain_beam(after, shortest, limit, settings.length_penalty, beam_size, settings.n_best),
        )


class SureStepper(FixedStepper):
    """Sure of ten units and then the end; the end is the second likeliest at every step before."""

    def __init__(self) -> None:
        super().__init__([0.0] * 8)

    def start(self, source: Source) -> tuple[tuple[()], tuple[Tensor]]:  # pyrefly: ignore[bad-override]
        return (), (torch.zeros(len(source.columns[0]), dtype=torch.int64),)

    def step(  # pyrefly: ignore[bad-override]
        self, previous: Tensor, held: tuple[()], state: tuple[Tensor], attend_to: Tensor | None = None
    ) -> Step[tuple[Tensor]]:
        logits = torch.zeros(len(previous), 8)
        logits[:, END] = 3.0
        logits[torch.arange(len(previous)), torch.where(state[0] < 10, 4 + state[0] % 4, END)] = 6.0
        return Step(logits, (state[0] + 1,), None)

    def select(self, state: tuple[Tensor], rows: Tensor) -> tuple[Tensor]:  # pyrefly: ignore[bad-override]
        return (state[0][rows],)


@pytest.mark.parametrize("length_penalty", [0.0, 0.5, 1.0])
def test_what_ends_early_does_not_end_the_search(length_penalty: float) -> None:
    """A sure model fills the beam with early ends behind its one good hypothesis, which a search must wait for."""
    settings = SearchSettings(beam_size=5, length_penalty=length_penalty)
    source, limits = source_of(torch.zeros(1, dtype=torch.int64)), torch.tensor([20])
    wide = finish(beam(SureStepper(), source, limits, settings))
    narrow = finish(greedy(SureStepper(), source, limits, settings))
    assert int(narrow.lengths[0, 0]) == 10
    assert float(wide.log_prob[0, 0]) >= float(narrow.log_prob[0, 0]) - 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    stepper = RandomStepper(vocab=30, seed=seed)
    limits = torch.arange(40) % 17
    settings = SearchSettings(beam_size=1, min_length=seed % 3)
    one = finish(beam(stepper, source_of(torch.arange(40)), limits, settings))
    other = finish(greedy(stepper, source_of(torch.arange(40)), limits, settings))
    for ours, theirs in zip(one, other, strict=True):
        torch.testing.assert_close(ours, theirs, atol=0, rtol=0)


def test_a_wider_exhaustive_beam_never_scores_less() -> None:
    stepper = RandomStepper(vocab=6, sharpness=1.0)
    scores = [
        search(stepper, source_of(torch.arange(9)), torch.full((9,), 5), SearchSettings(beam_size=width)).scores
        for width in (3**5, 2 * 3**5, 1000)
    ]
    assert bool((scores[1] >= scores[0]).all())
    assert bool((scores[2] >= scores[1]).all())


@pytest.mark.parametrize(
    "logits",
    [
        [0.0] * 9,
        [0.0] * 300,
        [9.0, 9.0, 9.0, -1.0] + [2.0] * 5,
        [0.0, 0.0, 0.0, 1.0] + [0.5, 1.0, 1.0, 0.5, 1.0] * 40,
        [0.0, 0.0, 0.0, -30.0] + [-2.0, 4.0, 4.0] * 3,
    ],
)
@pytest.mark.parametrize("beam_size", [1, 2, 3, 7])
def test_ties_go_to_the_lower_parent_then_the_lower_unit(logits: list[float], beam_size: int) -> None:
    stepper = FixedStepper(logits)
    settings = SearchSettings(beam_size=beam_size, n_best=beam_size, min_length=1)
    expected = plain_beam(stepper.after, 1, 6, settings.length_penalty, beam_size, beam_size)
    for search_ in (beam, greedy) if beam_size == 1 else (beam,):
        found = finish(search_(stepper, source_of(torch.arange(3)), torch.full((3,), 6), settings))
        for sentence in range(3):
            assert [output.units for output in outputs(found, sentence)] == [output.units for output in expected]


def test_results_are_distinct() -> None:
    settings = SearchSettings(beam_size=12, n_best=12)
    found = search(RandomStepper(vocab=6), source_of(torch.arange(50)), torch.full((50,), 6), settings)
    for sentence in range(50):
        units = [output.units for output in outputs(found, sentence)]
        assert len(units) == len(set(units))


def test_fewer_outputs_than_asked_for() -> None:
    found = search(
        RandomStepper(vocab=5), source_of(torch.arange(2)), torch.tensor([0, 2]), SearchSettings(beam_size=8, n_best=8)
    )
    assert found.count.tolist() == [1, 3]
    assert found.lengths[0].tolist() == [0] * 8
    assert found.scores[0, 1:].tolist() == [-torch.inf] * 7
    assert bool(found.log_probs.isfinite().all())
    assert END not in found.units


def chosen(logits: Tensor, live: Tensor, time: int, rules: Rules, size: int) -> list[Choice]:
    """What a beam chooses with compiled loops, and without."""
    found: list[Choice] = []
    for on in (True, False):
        with kernels.switched(on=on):
            found.append(choose(logits, live, time, rules, size))
    return found


@given(st.data())
@examples(max_examples=150, deadline=None)
def test_compiled_a_beam_chooses_the_same(data: st.DataObject) -> None:
    """Whatever ties, may not come yet, may come no more, has to come, or has no likelihood left."""
    with kernels.switched(on=True) as on:
        if not on:
            pytest.skip("no compiled loops: there is no C++ compiler for them, or HEEDFUL_NATIVE=0 turned them off")
    size, slots = data.draw(st.integers(1, 7), "size"), data.draw(st.integers(1, 7), "slots")
    sentences, vocab = data.draw(st.integers(1, 4), "sentences"), RESERVED + data.draw(st.integers(1, 90), "units")
    if slots > 1:
        slots = size  # as many as were kept
    random = torch.Generator().manual_seed(data.draw(st.integers(0, 9999), "seed"))
    logits = torch.randn(sentences * slots, vocab, generator=random)
    if data.draw(st.booleans(), "ties"):
        logits = logits.round()
    live = torch.randn(sentences, slots, generator=random, dtype=torch.float64).sort(dim=1, descending=True).values
    if data.draw(st.booleans(), "empty slots"):
        live[torch.rand(live.shape, generator=random) < 0.3] = -torch.inf
    if data.draw(st.booleans(), "the same likelihood"):
        live[:] = -1.0
    time = data.draw(st.integers(0, 3), "time")
    limits = torch.randint(0, 5, (sentences,), generator=random)
    prefix = None
    if data.draw(st.booleans(), "prefix"):
        lengths = torch.randint(0, 5, (sentences, 1), generator=random)
        prefix = torch.randint(RESERVED, vocab, (sentences, 4), generator=random)
        prefix = prefix.masked_fill(torch.arange(4) >= lengths, -1)
    shortest = data.draw(st.integers(0, 3), "shortest")
    rules = Rules.of(limits, SearchSettings(beam_size=size, min_length=shortest), prefix)
    found, expected = chosen(logits, live, time, rules, size)
    for mine, theirs in ((found.kept, expected.kept), (found.pruned, expected.pruned)):
        torch.testing.assert_close(mine.log_probs, theirs.log_probs, rtol=1e-6, atol=1e-6)
        there = theirs.log_probs > -torch.inf
        assert torch.equal(mine.units[there], theirs.units[there])
        assert torch.equal(mine.parents[there], theirs.parents[there])
        assert bool(((mine.parents >= 0) & (mine.parents < slots) & (mine.units >= 0) & (mine.units < vocab)).all())
    assert torch.equal(found.ended, expected.ended)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_compiled_a_broken_row_is_refused(compiled: Kernels, bad: float) -> None:
    """One of many, wherever it stands."""
    logits, live = torch.randn(6, 40), torch.zeros(2, 3, dtype=torch.float64)
    if bad == -torch.inf:
        logits[4] = bad  # one unit that is impossible is fine, a row of nothing else is not
    else:
        logits[4, 17] = bad
    rules = Rules.of(torch.tensor([5, 5]), SearchSettings(beam_size=3), None)
    with pytest.raises(HeedfulError, match="output 2 is not a number"):
        choose(logits, live, 1, rules, 3)


@pytest.mark.parametrize("kind", [torch.int32, torch.int64])
def test_compiled_limits_of_any_kind(compiled: Kernels, kind: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step of a search goes through the compiled choice, whatever whole numbers its bounds came as."""
    steps: list[int] = []
    called = Kernels.choose
    monkeypatch.setattr(Kernels, "choose", lambda *given: steps.append(1) or called(*given))
    stepper = RandomStepper(dtype=torch.float32, vocab=9)
    prefix = torch.tensor([[5, -1], [-1, -1], [4, 6]], dtype=kind)
    limits, settings = torch.tensor([4, 0, 6, 2, 5, 3], dtype=kind)[::2], SearchSettings(beam_size=3)
    found = search(stepper, source_of(torch.arange(3)), limits, settings, prefix)
    assert len(steps) == stepper.steps
    with kernels.switched(on=False):
        expected = search(
            RandomStepper(dtype=torch.float32, vocab=9), source_of(torch.arange(3)), limits, settings, prefix
        )
    assert torch.equal(found.units, expected.units)
    torch.testing.assert_close(found.scores, expected.scores, rtol=1e-6, atol=1e-6)
