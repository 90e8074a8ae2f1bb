"""Curves, shares and sentences: what influences come to, and that pages say it in both languages."""

import string
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from heedful.evaluation.averages import Average
from heedful.inspection.html import render_page
from heedful.study import influence_findings
from heedful.study.influence import Part, final_influence, memory_influence
from heedful.study.influence_findings import Curve, Findings, curve, find
from heedful.study.influence_report import report
from heedful.study.words_influence import ENGLISH, KOREAN, WORDS, Language
from tests.study.test_influence import DIRECTIONS, SOURCES
from tests.test_predictor import predictor

both_languages = pytest.mark.parametrize("language", WORDS)


def test_even_influence_is_one_everywhere_and_a_third_in_each_third() -> None:
    found = curve([np.full(length, 0.2) for length in (3, 4, 5, 7, 1)])
    assert found.distance == tuple(range(7))
    assert all(each.mean == pytest.approx(1.0) for each in found.points)
    assert [each.count for each in found.points] == [5, 4, 4, 3, 2, 1, 1]
    for share in (found.first, found.last):
        assert share is not None
        assert (share.mean, share.count) == (pytest.approx(1 / 3), 4)


def test_distance_counts_from_the_end() -> None:
    found = curve([np.array([1.0, 2.0, 3.0]), np.array([4.0])])
    assert [each.mean for each in found.points] == pytest.approx([(1.5 + 1) / 2, 1.0, 0.5])
    assert found.first is not None
    assert found.last is not None
    assert (found.first.mean, found.last.mean) == (pytest.approx(1 / 6), pytest.approx(1 / 2))


def test_what_few_sources_reach_and_what_moves_nothing_is_left_out() -> None:
    found = curve([*(np.ones(2) for _ in range(29)), np.ones(9)])
    assert found.distance == (0, 1)
    found = curve([np.zeros(3), np.ones(3)])
    assert found.first is not None
    assert found.first.count == 1


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("attention", ["fixed", "luong"])
def test_findings_are_what_was_measured(attention: str, direction: str) -> None:
    model = predictor({"attention": attention, **DIRECTIONS[direction]})
    stages: list[str] = []
    found = find(model, SOURCES, stages.append)
    assert stages == ["final", "states", "outputs"]
    assert (found.count, found.attention, found.reads) == (4, attention, direction)
    whole = curve(final_influence(model, SOURCES))
    for here, there in zip(found.curves["both"].points, whole.points, strict=True):
        assert here.mean == pytest.approx(there.mean)
    assert (set(found.curves) == {"both"}) == (direction != "both")
    states = memory_influence(model, SOURCES[2])
    np.testing.assert_array_equal(found.states[2].influence, states)
    assert found.own_is_most is not None
    assert found.own_is_most.count == 3  # a source of one item has nothing to compare
    for source, each, result in zip(SOURCES, found.explained, model.search(SOURCES), strict=True):
        assert each.source == tuple(str(source[0]))
        assert each.target == tuple(result.text)
        assert (each.weights is None) == (attention == "fixed")
        for values in (each.gradient, each.falls, each.gradient if each.weights is None else each.weights):
            assert values.shape == (len(each.target), len(each.source))
    assert (("weights", "gradient") in found.compared) == (attention != "fixed")
    record = found.record()
    assert record["final"]["distance"] == list(whole.distance)
    assert set(record["agreement"]) == {f"{one}-{other}" for one, other in found.compared}


def test_of_a_long_source_some_states_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    model = predictor({"attention": "luong"})
    monkeypatch.setattr(influence_findings, "WORK", 3 * 7 * model.network.encoder.size)
    found = find(model, [SOURCES[2]])
    assert found.states[0].states == (0, 3, 6)
    np.testing.assert_array_equal(found.states[0].influence, memory_influence(model, SOURCES[2], [0, 3, 6]))
    monkeypatch.setattr(influence_findings, "ALL_WORK", 3 * 7 * model.network.encoder.size)
    assert len(find(model, [SOURCES[2]] * 3).states) == 1
    for language in WORDS:
        assert "3" in report(found, language).sections[1].figures[0].caption


@both_languages
@pytest.mark.parametrize("sources", [SOURCES, [("g",)]], ids=["some", "one item"])
@pytest.mark.parametrize(
    "given", [{"attention": "fixed"}, {"attention": "luong", **DIRECTIONS["backwards"]}], ids=["fixed", "luong"]
)
def test_a_page_stands_in_both_languages(given: dict[str, Any], sources: Any, language: Language) -> None:
    model = predictor(given)
    page = report(find(model, sources), language, "heedful influence x")
    assert [section.name for section in page.sections] == ["final-state", "states", "outputs"]
    text = render_page(page)
    assert "heedful influence x" in text
    assert WORDS[language]["title"] in text
    hangul = sum(
        "가" <= letter <= "힣" for letter in " ".join([*page.lead, *(s.heading + s.claim for s in page.sections)])
    )
    assert (hangul > 100) == (language == "ko")
    assert (page.sections[2].verdict is None) == (given["attention"] == "fixed" or sources != SOURCES)


def verdicts(first: float, last: float, excess: float) -> list[str]:
    """Of a model that reads forwards, from intervals of two hundredths around these."""

    def around(value: float) -> Average:
        return Average(value, value - 0.01, value + 0.01, 9)

    found = find(predictor({"attention": "luong", **DIRECTIONS["forwards"]}), SOURCES)
    curves: dict[Part, Curve] = {"both": replace(found.curves["both"], first=around(first), last=around(last))}
    page = report(replace(found, curves=curves, own_is_most=around(last), excess=around(excess)))
    return [section.verdict.kind for section in page.sections if section.verdict is not None]


def test_a_claim_is_judged_by_its_interval() -> None:
    assert verdicts(0.1, 0.6, 0.2) == ["holds", "holds", "holds"]
    assert verdicts(0.6, 0.2, -0.1) == ["does not hold", "does not hold", "does not hold"]
    assert verdicts(0.3, 0.505, 0.005) == ["not decided", "not decided", "not decided"]


def test_both_languages_say_the_same_things() -> None:
    assert list(ENGLISH) == list(KOREAN)
    for name, sentence in ENGLISH.items():
        fields = [
            {field for _, field, _, _ in string.Formatter().parse(each) if field} for each in (sentence, KOREAN[name])
        ]
        assert fields[0] == fields[1], name


def test_findings_of_nothing_are_json() -> None:
    found = Findings("fixed", "forwards", {"both": Curve((), (), None, None)}, (), None, None, {}, None, ())
    assert found.record()["final"]["last_third"] is None
