"""The metrics against sacreBLEU, rapidfuzz and a slow edit distance, and what must hold for every one of them."""

import random
from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics import BLEU, CHRF

from heedful import choices
from heedful.evaluation.metrics import METRICS, Accuracy, ErrorRate, Metric
from heedful.evaluation.settings import BleuTokenize, EvaluationSettings, MetricName
from tests.reference.edit_distance import edit_distance

CorpusMaker = Callable[..., tuple[list[str], list[list[str]]]]


def build(name: str, split: Callable[[str], Sequence[str]] = str.split, **keys: object) -> Metric:
    return METRICS[name](EvaluationSettings.read(keys, "test"), split)


def value(metric: Metric, outputs: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    return float(metric.from_statistics(metric.statistics(outputs, references).sum(axis=0)))


def places(references: Sequence[Sequence[str]]) -> Any:
    """References as sacreBLEU takes them: one list of the first ones, one of the second ones or None, ..."""
    most = max(map(len, references))
    return [[of[place] if place < len(of) else None for of in references] for place in range(most)]


def test_the_table_is_the_list_of_choices() -> None:
    assert list(METRICS) == list(choices.METRICS) == list(get_args(MetricName))
    assert all(metric.name == name for name, metric in METRICS.items())


# Every metric.


@pytest.fixture(params=METRICS)
def metric(request: pytest.FixtureRequest) -> Metric:
    return build(request.param)


def test_perfect_outputs_have_the_best_value(metric: Metric, corpus: CorpusMaker) -> None:
    outputs, references = corpus(200, most=3)
    # An empty output has no n-gram by which sacreBLEU's chrF could find its empty reference among several.
    outputs, references = zip(*((o, of) for o, of in zip(outputs, references, strict=True) if all(of)), strict=True)
    best = 100 if metric.higher_is_better else 0
    perfect = value(metric, [of[-1] for of in references], references)
    assert perfect == pytest.approx(best, abs=1e-9)
    assert perfect <= 100
    assert abs(value(metric, outputs, references) - best) > 1


def test_outputs_without_any_match_have_the_worst_value(metric: Metric) -> None:
    assert value(metric, ["x y z w"] * 3, [["a b c d"]] * 3) == (0 if metric.higher_is_better else 100)


def test_the_order_of_sentences_does_not_matter(metric: Metric, corpus: CorpusMaker) -> None:
    outputs, references = corpus(100, most=3)
    order = random.Random(1).sample(range(100), 100)
    shuffled = value(metric, [outputs[i] for i in order], [references[i] for i in order])
    assert shuffled == value(metric, outputs, references)


def test_statistics_of_a_concatenation_are_the_concatenation(metric: Metric, corpus: CorpusMaker) -> None:
    outputs, references = corpus(60, most=3)
    whole = metric.statistics(outputs, references)
    parts = [metric.statistics(outputs[a:b], references[a:b]) for a, b in ((0, 1), (1, 40), (40, 40), (40, 60))]
    assert whole.shape == (60, metric.width)
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_many_sums_at_once_are_the_same_as_one_by_one(metric: Metric, corpus: CorpusMaker) -> None:
    statistics = metric.statistics(*corpus(60, most=2)).reshape(6, 10, -1).sum(axis=1)
    together = metric.from_statistics(statistics)
    assert together.shape == (6,)
    np.testing.assert_array_equal(together, [metric.from_statistics(row) for row in statistics])


def test_composed_and_decomposed_text_are_equal(metric: Metric) -> None:
    composed, decomposed = "né à l'été 한국 x", "ne\u0301 a\u0300 l'e\u0301te\u0301 한국 x"
    assert composed != decomposed
    same = value(metric, [composed], [[composed]])
    assert value(metric, [decomposed], [[composed]]) == value(metric, [composed], [[decomposed]]) == same


def test_case_counts_unless_told(metric: Metric) -> None:
    strict, lenient = build(metric.name), build(metric.name, lowercase=True)
    pair = ["die katze saß da"], [["Die KATZE saß da"]]
    best = 100 if metric.higher_is_better else 0
    assert value(lenient, *pair) == pytest.approx(best)
    assert abs(value(strict, *pair) - best) > 1
    assert "case:mixed" in strict.signature(pair[1])
    assert "case:lc" in lenient.signature(pair[1])


def test_the_signature_counts_references(metric: Metric) -> None:
    assert "nrefs:1|" in metric.signature([["a"], ["b"]])
    assert "nrefs:2|" in metric.signature([["a", "b"], ["c", "d"]])
    assert "nrefs:var|" in metric.signature([["a", "b"], ["c"]])


@pytest.mark.parametrize("references", [[["a"]], [["a"], []]])
def test_a_missing_reference_is_refused(metric: Metric, references: list[list[str]]) -> None:
    with pytest.raises(ValueError, match="2 outputs need as many lists of references, none of them empty"):
        metric.statistics(["a", "b"], references)


# BLEU and chrF are sacreBLEU's.


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("tokenize", get_args(BleuTokenize))
def test_bleu_is_sacrebleu(corpus: CorpusMaker, tokenize: str, lowercase: bool, most: int) -> None:
    outputs, references = corpus(300, seed=most, most=most)
    ours = build("bleu", bleu_tokenize=tokenize, lowercase=lowercase)
    theirs = BLEU(tokenize=tokenize, lowercase=lowercase, force=True)
    assert value(ours, outputs, references) == pytest.approx(
        theirs.corpus_score(outputs, places(references)).score, abs=1e-9
    )
    assert ours.signature(references) == str(theirs.get_signature())


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("lowercase", [False, True])
def test_chrf_is_sacrebleu(corpus: CorpusMaker, lowercase: bool, most: int) -> None:
    outputs, references = corpus(300, seed=most, most=most)
    ours, theirs = build("chrf", lowercase=lowercase), CHRF(lowercase=lowercase)
    assert value(ours, outputs, references) == pytest.approx(
        theirs.corpus_score(outputs, places(references)).score, abs=1e-9
    )
    assert ours.signature(references) == str(theirs.get_signature())


def test_five_thousand_pairs_agree_with_sacrebleu(corpus: CorpusMaker) -> None:
    outputs, references = corpus(5000)
    streams = [[of[0] for of in references]]
    assert value(build("bleu"), outputs, references) == pytest.approx(
        sacrebleu.corpus_bleu(outputs, streams, force=True).score, abs=1e-9
    )
    assert value(build("chrf"), outputs, references) == pytest.approx(
        sacrebleu.corpus_chrf(outputs, streams).score, abs=1e-9
    )


def test_sentences_one_by_one_agree_with_sacrebleu(corpus: CorpusMaker) -> None:
    # Alone, most sentences have an order without a match or without an n-gram: the corners of smoothing.
    outputs, references = corpus(300, most=2)
    bleu, chrf = build("bleu"), build("chrf")
    for output, of in zip(outputs, references, strict=True):
        streams = [[reference] for reference in of]
        assert value(bleu, [output], [of]) == pytest.approx(BLEU().corpus_score([output], streams).score, abs=1e-9)
        assert value(chrf, [output], [of]) == pytest.approx(CHRF().corpus_score([output], streams).score, abs=1e-9)


# Accuracy and error rate.


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "ch", "ts"])), st.lists(st.sampled_from(["a", "b", "ch", "ts"])))
def test_edit_distance_is_the_textbooks(found: list[str], expected: list[str]) -> None:
    counted = build("error_rate").statistics([" ".join(found)], [[" ".join(expected)]])
    assert counted.tolist() == [[edit_distance(found, expected), len(expected)]]


def test_five_thousand_pairs_agree_with_rapidfuzz_and_the_textbook(corpus: CorpusMaker) -> None:
    outputs, references = corpus(5000)
    pairs = [(output.split(), of[0].split()) for output, of in zip(outputs, references, strict=True)]
    slow = sum(edit_distance(*pair) for pair in pairs)
    assert slow == sum(Levenshtein.distance(*pair) for pair in pairs)
    assert value(build("error_rate"), outputs, references) == pytest.approx(
        100 * slow / sum(len(expected) for _, expected in pairs), abs=1e-9
    )
    right = sum(output == of[0] for output, of in zip(outputs, references, strict=True))
    assert value(build("accuracy"), outputs, references) == pytest.approx(100 * right / 5000, abs=1e-9)


def test_the_unit_decides_what_an_error_is() -> None:
    assert value(build("error_rate", list), ["kat"], [["cats"]]) == 50
    assert value(build("error_rate", str.split), ["kat"], [["cats"]]) == 100


def test_right_if_equal_to_any_reference_and_measured_to_the_closest() -> None:
    outputs, references = ["a b", "a b c"], [["x y z", "a b"], ["a b d", "x"]]
    assert build("accuracy").statistics(outputs, references).tolist() == [[1, 1], [0, 1]]
    assert build("error_rate").statistics(outputs, references).tolist() == [[0, 2], [1, 3]]


def test_of_equally_close_references_the_first_gives_the_length() -> None:
    assert build("error_rate").statistics(["a b"], [["a", "a b c"]]).tolist() == [[1, 1]]
    assert build("error_rate").statistics(["a b"], [["a b c", "a"]]).tolist() == [[1, 3]]


def test_an_empty_reference_has_a_defined_error_rate() -> None:
    error_rate = build("error_rate")
    assert value(error_rate, [""], [[""]]) == 0
    assert value(error_rate, ["a b"], [[""]]) == 200
    assert value(error_rate, ["a b", "c d"], [[""], ["c d"]]) == 100


def test_exactly_right_and_without_an_error_are_the_same() -> None:
    # Two blanks between words are one.
    outputs, references = ["a  b ", "a b", "ab"], [["a b"], ["a b c", " a   b"], ["a b"]]
    right = Accuracy(EvaluationSettings(), str.split).statistics(outputs, references)[:, 0]
    errors = ErrorRate(EvaluationSettings(), str.split).statistics(outputs, references)[:, 0]
    assert right.tolist() == (errors == 0).tolist() == [1, 1, 0]


def test_item_accuracy_asks_for_every_item_at_its_place() -> None:
    metric = build("item_accuracy", str.split)
    assert metric.statistics(["a b c"], [["a x c"]]).tolist() == [[2, 3]]
    assert metric.statistics(["x a b c"], [["a b c"]]).tolist() == [[0, 4]]  # shifted: nothing is in its place
    assert metric.statistics(["a b c d"], [["a b c"]]).tolist() == [[3, 4]]  # what is too much is not free
    assert metric.statistics([""], [["a b"]]).tolist() == [[0, 2]]
    assert metric.statistics(["a b"], [["b a", "a c"]]).tolist() == [[1, 2]]  # the better of two references
    assert value(metric, ["a b"], [["a b"]]) == 100
    assert value(metric, [""], [[""]]) == 0
