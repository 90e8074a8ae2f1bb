"""From outputs and references to a report."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from heedful.errors import DataError, SettingsError
from heedful.evaluation.report import BINS, Report, better, evaluate, group_references, length_bins
from heedful.evaluation.settings import EvaluationSettings

CorpusMaker = Callable[..., tuple[list[str], list[list[str]]]]


def report(outputs: list[str], references: list[list[str]], **keys: object) -> Report:
    lengths = [len(of[0].split()) for of in references]
    return evaluate(outputs, references, lengths, str.split, EvaluationSettings.read(keys, "test"))


def test_the_record_is_the_pinned_json(corpus: CorpusMaker) -> None:
    record = report(*corpus(200, most=2), resamples=200).record()
    assert json.loads(json.dumps(record)) == record
    assert list(record) == ["count", "metrics", "by_length"]
    assert record["count"] == 200
    assert list(record["metrics"]) == ["accuracy", "error_rate", "bleu", "chrf"]
    for metric in record["metrics"].values():
        assert list(metric) == ["value", "low", "high", "signature"]
        assert 0 < metric["low"] < metric["value"] < metric["high"] < 100
        assert "nrefs:var|case:mixed" in metric["signature"]
    for row in record["by_length"]:
        assert list(row) == ["from", "to", "count", "accuracy", "error_rate"]
    assert sum(row["count"] for row in record["by_length"]) == 200


def test_only_the_metrics_asked_for_in_their_order(corpus: CorpusMaker) -> None:
    whole = report(*corpus(100), resamples=50)
    some = report(*corpus(100), resamples=50, metrics=["chrf", "accuracy"])
    assert list(some.metrics) == ["chrf", "accuracy"]
    assert some.metrics["chrf"] == whole.metrics["chrf"]
    assert some.by_length == whole.by_length
    assert some.value("chrf") == some.metrics["chrf"].value
    with pytest.raises(SettingsError, match=r"'bleu' was not measured, only chrf, accuracy; name it in evaluation"):
        some.value("bleu")


def test_settings_reach_the_metrics(corpus: CorpusMaker) -> None:
    outputs, references = corpus(100)
    found = report(outputs, references, bleu_tokenize="none", lowercase=True, resamples=0).metrics["bleu"]
    theirs = BLEU(tokenize="none", lowercase=True).corpus_score(outputs, [[of[0] for of in references]])
    assert found.value == pytest.approx(theirs.score, abs=1e-9)
    assert "tok:none" in found.signature
    assert "case:lc" in found.signature


def test_the_same_seed_gives_the_same_report(corpus: CorpusMaker) -> None:
    pairs = corpus(150)
    assert report(*pairs, resamples=100) == report(*pairs, resamples=100)
    assert report(*pairs, resamples=100) != report(*pairs, resamples=100, seed=1)


def test_without_resamples_an_interval_is_its_value(corpus: CorpusMaker) -> None:
    for measured in report(*corpus(50), resamples=0).metrics.values():
        assert measured.low == measured.value == measured.high


def test_all_right() -> None:
    found = report(["a b c d e", "b c d e"], [["a b c d e"], ["x", "b c d e"]])
    for name, best in (("accuracy", 100), ("error_rate", 0), ("bleu", 100), ("chrf", 100)):
        measured = found.metrics[name]
        assert (measured.low, measured.value, measured.high) == pytest.approx((best, best, best))


def test_one_pair_and_empty_outputs_are_scored() -> None:
    found = report(["", ""], [["a b"], ["c"]])
    assert {name: found.value(name) for name in found.metrics} == {
        "accuracy": 0,
        "error_rate": 100,
        "bleu": 0,
        "chrf": 0,
    }
    assert report([""], [[""]]).value("error_rate") == 0


def test_nothing_to_score_is_said() -> None:
    with pytest.raises(DataError, match="^there is nothing to score: no pair of source and target was found; give at"):
        report([], [])


def test_numbers_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="2 outputs, 1 references, 1 lengths"):
        report(["a", "b"], [["a"]])


def test_length_matters_in_the_table() -> None:
    outputs = ["right"] * 50 + ["wrong"] * 50
    lengths = list(range(1, 101))
    rows = evaluate(outputs, [["right"]] * 100, lengths, list, EvaluationSettings(resamples=0)).by_length
    assert [(row.low, row.high, row.count) for row in rows] == [(20 * k + 1, 20 * k + 20, 20) for k in range(5)]
    assert [row.accuracy for row in rows] == [100, 100, 50, 0, 0]
    assert [row.error_rate for row in rows] == [0, 0, 50, 100, 100]


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1))
def test_every_length_is_in_exactly_one_bin(lengths: list[int]) -> None:
    ranges = length_bins(lengths)
    assert 1 <= len(ranges) <= BINS
    assert (ranges[0][0], ranges[-1][1]) == (min(lengths), max(lengths))
    assert all(low <= high for low, high in ranges)
    assert all(before[1] < after[0] for before, after in pairwise(ranges))
    assert all(any(low <= length <= high for low, high in ranges) for length in lengths)
    assert len(ranges) >= min(3, len(set(lengths)))


def test_a_very_common_length_stands_alone() -> None:
    lengths = [2] * 5 + [3] * 5 + [4] * 80 + [5, 6, 7] * 3 + [50]
    assert Counter(next(bin_ for bin_ in length_bins(lengths) if bin_[0] <= x <= bin_[1]) for x in lengths) == {
        (2, 3): 10,
        (4, 4): 80,
        (5, 5): 3,
        (6, 6): 3,
        (7, 50): 4,
    }


def test_lines_with_one_source_are_references_of_it() -> None:
    sources = ["read", "lead", "read", "caf\u00e9", "cafe\u0301", "lead"]
    targets = ["R IY D", "L EH D", "R EH D", "K", "G", "L EH D"]
    assert group_references(sources, targets) == (
        ["read", "lead", "café"],
        [["R IY D", "R EH D"], ["L EH D"], ["K", "G"]],
    )


def test_sources_of_several_columns_are_compared_column_by_column() -> None:
    sources = [("e\u0301", "V;PST"), ("\u00e9", "V;PST"), ("\u00e9", "V")]
    assert group_references(sources, ["a", "b", "c"]) == ([sources[0], sources[2]], [["a", "b"], ["c"]])


def test_groups_need_as_many_targets() -> None:
    with pytest.raises(ValueError, match="shorter"):
        group_references(["a", "b"], ["c"])


@pytest.mark.parametrize(
    ("metric", "a", "b"), [("accuracy", 2, 1), ("error_rate", 1, 2), ("bleu", 2, 1), ("chrf", 2, 1)]
)
def test_better_knows_the_direction(metric: str, a: float, b: float) -> None:
    assert better(metric, a, b)
    assert not better(metric, b, a)
    assert not better(metric, a, a)
    assert not better(metric, float("nan"), b)


def test_settings_without_effect_are_named() -> None:
    assert EvaluationSettings(metrics=("accuracy",), bleu_tokenize="none", resamples=0, seed=3).without_effect() == {
        "bleu_tokenize": "metrics does not ask for 'bleu'",
        "seed": "resamples = 0 draws nothing",
    }
    assert not EvaluationSettings(metrics=("accuracy",), bleu_tokenize="13a", seed=3).without_effect()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"recipe.toml: evaluation.seed"):
        EvaluationSettings.read({"seed": -1}, "recipe.toml: evaluation")


def test_the_room_loads_no_torch() -> None:
    code = (
        "import sys, heedful.evaluation.report\n"
        "print([name for name in ('torch', 'matplotlib', 'heedful.data', 'heedful.model', 'heedful.search')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
