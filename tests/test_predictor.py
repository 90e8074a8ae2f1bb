"""Text in, results out: the same ones for every batch size and order, each with its scores and its attention."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from heedful.checkpoint import LengthModel
from heedful.codec import Codec, Row
from heedful.contracts import END
from heedful.data.corpus import corpus_of
from heedful.data.settings import DataSettings
from heedful.data.vocabulary import Vocabulary
from heedful.errors import DataError, SettingsError
from heedful.evaluation.settings import EvaluationSettings
from heedful.model.decoder import DECODERS
from heedful.native import kernels
from heedful.predictor import Predictor, check_attends
from heedful.results import Result
from heedful.search.settings import SearchSettings
from tests.conformance import networks

LETTERS, TAGS = "abcdefg", ("V", "N", "PL", "SG")
ONE = DataSettings.model_validate({"source": [{"unit": "letters"}]})
TWO = DataSettings.model_validate(
    {"source": [{"unit": "letters"}, {"column": 3, "unit": "tags", "split": ";"}], "target": {"unit": "letters"}}
)
WIRINGS: list[dict[str, Any]] = [
    *({"attention": attention, **variant} for attention in DECODERS for variant in networks.VARIANTS.get(attention, [{}])),
    {"attention": "luong", "scorer": "concat", "reach": "local-p", "window": 2, "cell": "gru"},
    {"attention": "bahdanau", "reach": "local-m", "window": 1, "cell": "rnn", "tie_embeddings": True},
]  # fmt: skip
GREEDY, BEAM = SearchSettings(beam_size=1), SearchSettings(beam_size=4, n_best=3)


def predictor(wiring: dict[str, Any] | None = None, data: DataSettings = ONE, seed: int = 1) -> Predictor:
    """A random model: letters to letters, or letters and tags to letters."""
    sources = (Vocabulary(tuple(LETTERS)), Vocabulary(TAGS))[: len(data.source)]
    codec = Codec(data, sources, Vocabulary(tuple("xyzw가")), LengthModel(slope=1.0, margin=2.0))
    torch.manual_seed(seed)
    settings = networks.settings(**(wiring or {"attention": "luong"}))
    network = networks.Network(settings, [len(each) for each in sources], len(codec.target_vocabulary)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.4)
        network.output_bias[END] -= 1.0  # outputs of every length
    return Predictor(network, codec, BEAM)


def sources(count: int, data: DataSettings = ONE, seed: int = 2) -> list[Row]:
    """Random sources of 1 to 12 letters, some of them twice, some empty; with up to three tags."""
    draw = random.Random(seed)
    rows: list[Row] = []
    for _ in range(count):
        word = "".join(draw.choices(LETTERS, k=draw.choice([0, 1, 2, 3, 5, 8, 12])))
        rows.append((word,) if len(data.source) == 1 else (word, ";".join(draw.sample(TAGS, draw.randint(0, 3)))))
    return rows + rows[:3]


def same(one: Result, other: Result) -> None:
    """The same strings; scores and weights within 1e-5."""
    assert one.source == other.source
    assert [each.text for each in one.hypotheses] == [each.text for each in other.hypotheses]
    for here, there in zip(one.hypotheses, other.hypotheses, strict=True):
        assert here.units == there.units
        assert here.score == pytest.approx(there.score, abs=1e-5)
        assert here.log_probs == pytest.approx(there.log_probs, abs=1e-5)
        assert (here.attention is None) == (there.attention is None)
        if here.attention is not None and there.attention is not None:
            assert here.attention.source == there.attention.source
            np.testing.assert_allclose(here.attention.weights, there.attention.weights, rtol=0, atol=1e-5)


every_wiring = pytest.mark.parametrize("wiring", WIRINGS, ids=networks.name)
either_search = pytest.mark.parametrize("settings", [GREEDY, BEAM], ids=["greedy", "beam"])
either_source = pytest.mark.parametrize("data", [ONE, TWO], ids=["one column", "two columns"])


@every_wiring
@pytest.mark.usefixtures("compiled")
def test_weights_that_changed_are_packed_anew(wiring: dict[str, Any]) -> None:
    """In place, as training does it, by loading others, or by putting other tensors there; and not otherwise."""
    model, other, rows = predictor(wiring), predictor(wiring, seed=3), sources(9)
    first = model.stepper()
    assert first is not model.network

    def search_is_the_networks() -> None:
        found = model.search(rows)
        with kernels.switched(on=False):
            expected = Predictor(model.network, model.codec, BEAM).search(rows)
        for one, its in zip(found, expected, strict=True):
            same(one, its)

    search_is_the_networks()
    assert model.stepper() is first
    with torch.no_grad():
        model.network.output_bias.mul_(-1.5)
        model.network.embedding.weight.mul_(0.5)
    search_is_the_networks()
    model.network.load_state_dict(other.network.state_dict())
    search_is_the_networks()
    model.network.load_state_dict(predictor(wiring, seed=4).network.state_dict(), assign=True)
    search_is_the_networks()


@every_wiring
@either_search
def test_batch_size_and_order_change_nothing(wiring: dict[str, Any], settings: SearchSettings) -> None:
    model, rows = predictor(wiring, TWO), sources(64, TWO)
    expected = model.search(rows, settings, batch_size=64)
    assert len({each.text for result in expected for each in result.hypotheses}) > 4
    for batch_size in (1, 7):
        for one, other in zip(model.search(rows, settings, batch_size), expected, strict=True):
            same(one, other)
    order = list(range(len(rows)))
    random.Random(3).shuffle(order)
    for place, result in zip(order, model.search([rows[place] for place in order], settings), strict=True):
        same(result, expected[place])


@every_wiring
@either_search
def test_every_hypothesis_has_its_attention(wiring: dict[str, Any], settings: SearchSettings) -> None:
    """One row an output unit, one column a source unit, columns of the source in order; a row sums to one."""
    model, rows = predictor(wiring, TWO), sources(40, TWO)
    for row, result in zip(rows, model.search(rows, settings), strict=True):
        units = tuple(unit for column in model.split(row) for unit in column)
        assert bool(result.hypotheses) == bool(units)
        for each in result.hypotheses:
            assert each.text == "".join(each.units)
            assert len(each.log_probs) == len(each.units) + 1
            assert each.log_prob == pytest.approx(sum(each.log_probs))
            assert each.score == pytest.approx(each.log_prob / (len(each.units) + 1))
            if wiring["attention"] == "fixed":
                assert each.attention is None
                continue
            assert each.attention is not None
            assert (each.attention.source, each.attention.target) == (units, each.units)
            assert each.attention.weights.shape == (len(each.units), len(units))
            assert each.attention.weights.dtype == np.float32
            np.testing.assert_allclose(each.attention.weights.sum(axis=1), 1.0, rtol=0, atol=1e-6)


@every_wiring
def test_a_forced_output_is_scored_and_aligned_as_the_search_did(wiring: dict[str, Any]) -> None:
    model = predictor(wiring, TWO)
    found = model.search([row for row in sources(20, TWO) if any(model.split(row))])
    asked = [(tuple(result.source.split("\t")), each) for result in found for each in result.hypotheses]
    forced = model.force([row for row, _ in asked], [each.text for _, each in asked], batch_size=7)
    for (_, expected), each in zip(asked, forced, strict=True):
        assert each.units == expected.units
        assert each.log_prob == pytest.approx(expected.log_prob, abs=1e-4)
        assert each.score == pytest.approx(expected.score, abs=1e-4)
        assert each.log_probs == pytest.approx(expected.log_probs, abs=1e-4)
        if each.attention is not None and expected.attention is not None:
            np.testing.assert_allclose(each.attention.weights, expected.attention.weights, rtol=0, atol=1e-5)
        assert (each.attention is None) == (expected.attention is None)


@either_source
def test_an_empty_source_gives_nothing_and_keeps_its_place(data: DataSettings) -> None:
    model = predictor(data=data)
    empty = ("",) * len(data.source)
    full = ("abc", "V;PL")[: len(data.source)]
    results = model.search([empty, full, empty])
    assert [bool(result.hypotheses) for result in results] == [False, True, False]
    assert results[0] == Result("\t".join(empty), ())
    assert (results[0].text, results[0].score, results[0].attention) == ("", None, None)
    assert model.predict([empty, full, empty]) == ["", results[1].text, ""]
    assert model.predict([empty] * 3) == [""] * 3
    assert model.predict([]) == []


def test_one_column_may_be_empty() -> None:
    model = predictor(data=TWO)
    letters, tags = model.search([("abc", ""), ("", "V;PL")])
    assert letters.hypotheses[0].attention is not None
    assert tags.hypotheses[0].attention is not None
    assert letters.hypotheses[0].attention.source == ("a", "b", "c")
    assert tags.hypotheses[0].attention.source == ("V", "PL")


@either_search
def test_a_prefix_begins_every_output_and_goes_by_its_own_source(settings: SearchSettings) -> None:
    """In the order of the sources, whatever the batches were; an empty one leaves the search free."""
    model, rows = predictor(), sources(20)
    draw = random.Random(4)
    prefixes = ["".join(draw.choices("xyzw가", k=draw.choice([0, 0, 1, 2, 4]))) for _ in rows]
    results = model.search(rows, settings, 3, prefixes)
    free = model.search(rows, settings)
    for row, prefix, result, other in zip(rows, prefixes, results, free, strict=True):
        assert bool(result.hypotheses) == bool(row[0])
        assert all(each.text.startswith(prefix) for each in result.hypotheses)
        if not prefix:
            same(result, other)
        for each in result.hypotheses:
            (forced,) = model.force([row], [each.text])
            assert each.log_prob == pytest.approx(forced.log_prob, abs=1e-4)


@every_wiring
def test_the_best_of_many_are_different_and_in_order(wiring: dict[str, Any]) -> None:
    """The first is the best of a search for one; a beam of one is greedy."""
    model, rows = predictor(wiring), sources(30)
    many = model.search(rows, SearchSettings(beam_size=6, n_best=6))
    one = model.search(rows, SearchSettings(beam_size=6))
    for several, single in zip(many, one, strict=True):
        scores = [each.score for each in several.hypotheses]
        assert scores == sorted(scores, reverse=True)
        assert len({each.units for each in several.hypotheses}) == len(scores) <= 6
        assert len(single.hypotheses) <= 1
        if single.hypotheses:
            assert several.hypotheses[0].score >= single.hypotheses[0].score - 1e-5


@either_search
def test_lengths_are_kept(settings: SearchSettings) -> None:
    """As the data suggest (a unit a source unit and two), or as one says."""
    model, rows = predictor(), sources(30)
    for result in model.search(rows, settings):
        assert all(len(each.units) <= len(result.source) + 2 for each in result.hypotheses)
    short = settings.model_copy(update={"max_length": 3, "min_length": 2})
    for result in model.search(rows, short):
        assert all(2 <= len(each.units) <= 3 for each in result.hypotheses)


@hypothesis_settings(max_examples=25)
@given(
    words=st.lists(st.text(alphabet=LETTERS + " \u00e9?", max_size=9), max_size=8),
    batch_size=st.integers(1, 13),
    beam_size=st.integers(1, 3),
)
def test_output_i_belongs_to_input_i(words: list[str], batch_size: int, beam_size: int) -> None:
    """Any texts, any batch size: as many answers as questions, each what the question alone would get."""
    model = MODEL
    settings = SearchSettings(beam_size=beam_size)
    results = model.search([(word,) for word in words], settings, batch_size)
    assert [result.source for result in results] == words
    for word, result in zip(words, results, strict=True):
        same(result, model.search([(word,)], settings)[0])


MODEL = predictor()


def test_unknown_units_are_read_counted_and_told_apart() -> None:
    model = predictor()
    rows = [("abq",), ("qq!",), ("",), ("abc",)]
    assert model.unreadable(rows) == [1]
    report = model.unknown(rows)
    assert (report.count, report.total) == (4, 9)
    assert report.most_common == (("q", 3), ("!", 1))
    result = model.search(rows)[0]
    assert result.attention is not None
    assert result.attention.source == ("a", "b", "q")


def test_another_number_of_columns_is_refused() -> None:
    with pytest.raises(DataError, match="has 1 columns, the model reads 2; separate them by tabs"):
        predictor(data=TWO).search([("abc", "V"), ("abc",)])
    with pytest.raises(DataError, match="has 2 columns, the model reads 1"):
        predictor().force([("abc", "V")], ["x"])


def test_what_cannot_be_forced_says_so() -> None:
    with pytest.raises(DataError, match="the source '' is empty; give it at least one unit"):
        predictor().force([("abc",), ("",)], ["x", "y"])
    (nothing,) = predictor().force([("abc",)], [""])
    assert (nothing.text, nothing.units, len(nothing.log_probs)) == ("", (), 1)
    assert nothing.attention is not None
    assert nothing.attention.weights.shape == (0, 3)


def test_a_model_without_attention_says_what_to_train() -> None:
    with pytest.raises(SettingsError, match=r"has no attention: .*; train one with --set model.attention=luong"):
        check_attends(predictor({"attention": "fixed"}))
    check_attends(predictor())


def test_what_the_encoder_says() -> None:
    """The memory has a row a source unit; the final state is each layer's, whole."""
    model = predictor({"attention": "luong", "cell": "lstm", "num_layers": 2, "encoder_size": 8})
    memory, final = model.encode(("abcd",))
    assert memory.shape == (4, 8)
    assert [len(state) for state in final] == [2, 2]
    assert all(part.shape == (8,) for state in final for part in state)
    np.testing.assert_allclose(final[1][0][:4], memory[-1, :4], rtol=0, atol=1e-6)  # forwards ends at the last unit
    np.testing.assert_allclose(final[1][0][4:], memory[0, 4:], rtol=0, atol=1e-6)  # backwards at the first


def test_a_source_of_several_lines_has_several_references() -> None:
    model = predictor()
    word = "abc"
    right = model.predict([(word,)])[0]
    corpus = corpus_of([(word, "zz"), (word, right), ("a", "가가가가")], ONE)
    report, outputs = model.evaluate(corpus, EvaluationSettings(metrics=("accuracy",), resamples=0))
    assert report.count == 2
    assert report.value("accuracy") == 50.0
    assert outputs[0] == ((word,), right, ["zz", right])
