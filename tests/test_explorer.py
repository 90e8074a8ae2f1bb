"""A watched search finds what an unwatched one finds; its tree, alternatives and what-ifs are those of the model."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from heedful.contracts import END, RESERVED, START
from heedful.errors import DataError, SettingsError
from heedful.explorer import ROOT, Exploration, Explorer, Hold, Moment
from heedful.predictor import Predictor
from heedful.search.settings import SearchSettings
from heedful.seq2seq import Seq2Seq
from tests.test_predictor import BEAM, GREEDY, TWO, WIRINGS, predictor

SOURCE = ("abcdefg",)


def watched(explorer: Explorer, settings: SearchSettings, **what_if: Any) -> tuple[list[Moment], Exploration]:
    """Every moment, and the end."""
    walk, moments = explorer.watch(SOURCE, settings, **what_if), list[Moment]()
    while True:
        try:
            moments.append(next(walk))
        except StopIteration as end:
            return moments, end.value


@pytest.mark.parametrize("wiring", WIRINGS, ids=str)
@pytest.mark.parametrize("settings", [GREEDY, BEAM], ids=["greedy", "beam"])
def test_it_finds_what_search_finds(wiring: dict[str, Any], settings: SearchSettings) -> None:
    model = predictor(wiring)
    (expected,) = model.search([SOURCE], settings)
    found = Explorer(model).explore(SOURCE, settings)
    assert [each.units for each in found.hypotheses] == [each.units for each in expected.hypotheses]
    assert [each.score for each in found.hypotheses] == pytest.approx([each.score for each in expected.hypotheses])


@pytest.mark.parametrize("settings", [GREEDY, BEAM], ids=["greedy", "beam"])
def test_every_output_is_a_path_of_the_tree(settings: SearchSettings) -> None:
    found = Explorer(predictor()).explore(SOURCE, settings)
    ended = {path(found, number): branch for number, branch in enumerate(found.branches) if branch.fate == "ended"}
    for hypothesis in found.hypotheses:
        assert ended[*hypothesis.units, None].log_prob == pytest.approx(hypothesis.log_prob)
    for number, branch in enumerate(found.branches):
        assert branch.parent < number
        assert branch.parent == ROOT or found.branches[branch.parent].fate == "kept"
        assert branch.parent == ROOT or found.branches[branch.parent].step == branch.step - 1
        assert branch.parent == ROOT or found.branches[branch.parent].log_prob >= branch.log_prob - 1e-9
        assert branch.fate != "ended" or branch.unit is None


def path(found: Exploration, number: int) -> tuple[str | None, ...]:
    """The units that lead to a branch."""
    units: list[str | None] = []
    while number != ROOT:
        units.insert(0, found.branches[number].unit)
        number = found.branches[number].parent
    return tuple(units)


@pytest.mark.parametrize("settings", [GREEDY, BEAM], ids=["greedy", "beam"])
def test_moments_add_up(settings: SearchSettings) -> None:
    moments, found = watched(Explorer(predictor()), settings)
    assert [moment.step for moment in moments] == list(range(len(moments)))
    assert tuple(branch for moment in moments for branch in moment.branches) == found.branches
    units: list[str] = []
    rows: list[Any] = []
    for moment in moments:
        units[moment.keep :] = moment.units
        rows[moment.keep :] = [] if moment.weights is None else list(moment.weights)
        assert len(moment.units) == len(moment.log_probs)
        assert len(rows) == len(units)
        assert all(row.sum() == pytest.approx(1, abs=1e-5) for row in rows)
    if settings is GREEDY:
        assert tuple(units) == found.hypotheses[0].units
        assert found.hypotheses[0].attention is not None
        assert np.allclose(rows, found.hypotheses[0].attention.weights, atol=1e-6)


@pytest.mark.parametrize("wiring", WIRINGS, ids=str)
def test_alternatives_are_the_models_distribution(wiring: dict[str, Any]) -> None:
    """Against one step after another of the plain network."""
    model = predictor(wiring)
    found = Explorer(model).explore(SOURCE, BEAM, count=4)
    _, batch, _ = next(model.source_batches(model.codec.seen([SOURCE]), 1))
    vocabulary = model.codec.target_vocabulary
    for hypothesis, places in zip(found.hypotheses, found.alternatives, strict=True):
        assert len(places) == len(hypothesis.units) + 1
        with torch.inference_mode():
            held, state = model.network.start(batch)
            for previous, place in zip([START, *vocabulary.encode(hypothesis.units)], places, strict=True):
                step = model.network.step(torch.tensor([previous]), held, state)
                state = step.state
                log_probs = step.logits[0].double().log_softmax(0)
                assert [each.log_prob for each in place] == sorted((each.log_prob for each in place), reverse=True)
                for each in place:
                    number = END if each.unit is None else vocabulary.encode([each.unit])[0]
                    assert each.log_prob == pytest.approx(float(log_probs[number]), abs=1e-4)
                allowed = torch.cat([log_probs[END : END + 1], log_probs[RESERVED:]])
                assert place[0].log_prob == pytest.approx(float(allowed.max()), abs=1e-4)


def test_the_units_of_an_output_have_the_probabilities_of_its_alternatives() -> None:
    model = predictor()
    found = Explorer(model).explore(SOURCE, BEAM, count=100)
    for hypothesis, places in zip(found.hypotheses, found.alternatives, strict=True):
        for unit, log_prob, place in zip([*hypothesis.units, None], hypothesis.log_probs, places, strict=True):
            assert {each.unit: each.log_prob for each in place}[unit] == pytest.approx(log_prob, abs=1e-4)
            assert sum(math.exp(each.log_prob) for each in place) < 1 + 1e-6


def test_an_alternative_can_be_taken() -> None:
    explorer = Explorer(predictor())
    free = explorer.explore(SOURCE, BEAM)
    best = free.hypotheses[0]
    other = next(each for each in free.alternatives[0][1] if each.unit not in (best.units[1], None))
    forced = explorer.explore(SOURCE, BEAM, prefix=[best.units[0], str(other.unit)])
    assert all(each.units[:2] == (best.units[0], other.unit) for each in forced.hypotheses)
    ended = explorer.explore(SOURCE, BEAM, prefix=best.units[:1], end=True)
    assert [each.units for each in ended.hypotheses] == [best.units[:1]]


@pytest.mark.parametrize("wiring", [each for each in WIRINGS if each["attention"] != "fixed"], ids=str)
def test_attention_lies_where_it_is_held(wiring: dict[str, Any]) -> None:
    explorer = Explorer(predictor(wiring))
    free = explorer.explore(SOURCE, GREEDY).hypotheses[0]
    always = explorer.explore(SOURCE, GREEDY, holds=[Hold.on(3, 7)]).hypotheses[0]
    assert always.attention is not None
    assert free.attention is not None
    assert (always.attention.weights[:, 3] == 1).all()
    once = explorer.explore(SOURCE, GREEDY, holds=[Hold.on(3, 7, step=1)]).hypotheses[0]
    assert once.attention is not None
    assert once.attention.weights[1, 3] == 1
    assert np.allclose(once.attention.weights[0], free.attention.weights[0], atol=1e-6)


def test_where_attention_lies_anyway_holding_changes_nothing() -> None:
    explorer = Explorer(predictor())
    free = explorer.explore(SOURCE, GREEDY).hypotheses[0]
    assert free.attention is not None
    holds = [Hold(step, weights) for step, weights in enumerate(free.attention.weights)]
    held = explorer.explore(SOURCE, GREEDY, holds=holds).hypotheses[0]
    assert held.units == free.units
    assert held.log_probs == pytest.approx(free.log_probs, abs=1e-4)


@pytest.mark.parametrize(
    "weights", [[0.5] * 7, [1.5, -0.5, 0, 0, 0, 0, 0], [math.nan, 1, 0, 0, 0, 0, 0], [1.0], [0.0] * 7], ids=str
)
def test_what_is_no_attention_can_not_be_held(weights: list[float]) -> None:
    with pytest.raises(SettingsError, match="held attention"):
        Explorer(predictor()).explore(SOURCE, holds=[Hold(None, np.array(weights, dtype=np.float32))])


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(SettingsError, match="positions 0 to 6, found 7"):
        Hold.on(7, 7)
    with pytest.raises(SettingsError, match="no attention"):
        Explorer(predictor({"attention": "fixed"})).explore(SOURCE, holds=[Hold.on(0, 7)])
    with pytest.raises(DataError, match="empty"):
        Explorer(predictor()).explore(("",))


def test_the_front_desk_explores_too() -> None:
    model = Seq2Seq(hidden_size=16, embedding_size=8).fit([("ab", "x"), ("ba", "y"), ("aa", "z")] * 10, updates=3)
    found = model.explore("ab", prefix=["y"], hold={0: 1}, alternatives=2, beam_size=3, max_length=4)
    assert all(each.units[0] == "y" for each in found.hypotheses)
    assert all(each.attention is not None and each.attention.weights[0, 1] == 1 for each in found.hypotheses)
    assert all(len(place) == 2 for places in found.alternatives for place in places)
    with pytest.raises(SettingsError, match="positions"):
        model.explore("ab", hold={None: 2})


def test_units_the_model_never_saw_are_named() -> None:
    model: Predictor = predictor(data=TWO)
    found = Explorer(model).explore(("aQb", "PL;X"))
    assert found.units == ("a", "Q", "b", "PL", "X")
    assert found.unknown == (1, 4)
