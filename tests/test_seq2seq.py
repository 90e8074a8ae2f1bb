"""The Python API: what a newcomer types, what comes back, and what is said when it cannot be."""

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heedful import Alignment, Heatmap, HeedfulError, Hypothesis, Report, Result, Seq2Seq
from heedful.data import toy
from heedful.errors import DataError, DivergedError, ModelFolderError, SettingsError
from heedful.inspection.renderers import SUFFIXES
from heedful.training import journal

PAIRS = [pair for pair in toy.make("reverse", 400, seed=3) if len(pair[0]) <= 8]
QUICK: dict[str, Any] = {"updates": 30, "validate_every": 15, "warmup": 3, "batch_size": 32, "learning_rate": 0.01}
SMALL: dict[str, Any] = {"hidden_size": 16, "embedding_size": 8, "dropout": 0.1}


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    """A model that has learned next to nothing, quickly."""
    return Seq2Seq(**SMALL).fit(PAIRS, **QUICK)


@pytest.fixture(scope="module")
def unattending() -> Seq2Seq:
    """One without attention."""
    return Seq2Seq(attention="fixed", **SMALL).fit(PAIRS[:60], **(QUICK | {"updates": 3, "warmup": 0}))


@pytest.mark.usefixtures("unchecked")
def test_the_three_lines(tmp_path: Path) -> None:
    """As the issue has them."""
    pairs, dev, test = PAIRS[:120], PAIRS[120:140], PAIRS[140:]
    model = Seq2Seq(cell="lstm", attention="luong").fit(pairs, dev=dev, updates=20, warmup=2)
    predicted = model.predict([source for source, _ in test])
    assert len(predicted) == len(test)
    assert all(isinstance(each, str) for each in predicted)
    assert model.attend("abcde").save(tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    report = model.evaluate(test)
    assert isinstance(report, Report)
    assert list(report.metrics) == ["accuracy", "error_rate", "bleu", "chrf"]
    model.save(tmp_path / "mine")
    again = Seq2Seq.load(tmp_path / "mine")
    assert again.predict([source for source, _ in test]) == predicted


def test_saving_and_loading_changes_nothing(model: Seq2Seq, tmp_path: Path) -> None:
    """Not the outputs, not a score, not a weight, whatever is asked for."""
    model.save(tmp_path / "mine")
    again = Seq2Seq.load(str(tmp_path / "mine"))
    asked = ["abc", "", "hgfedcba", "zz"]
    every: list[dict[str, Any]] = [{}, {"beam_size": 1}, {"n_best": 3, "length_penalty": 0.5}]
    for keys in every:
        for one, other in zip(model.search(asked, **keys), again.search(asked, **keys), strict=True):
            assert one.record() == other.record()
    assert again.evaluate(PAIRS, resamples=0) == model.evaluate(PAIRS, resamples=0)
    again.save(tmp_path / "copy")
    for name in ("weights.safetensors", "vocabularies.json", "settings.json"):
        assert (tmp_path / "mine" / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()


def test_results_are_plain_values(model: Seq2Seq) -> None:
    results = model.search(["abc", ""], n_best=3)
    assert all(isinstance(result, Result) for result in results)
    assert [result.source for result in results] == ["abc", ""]
    assert 1 <= len(results[0].hypotheses) <= 3
    assert all(isinstance(each, Hypothesis) for each in results[0].hypotheses)
    assert isinstance(results[0].attention, Alignment)
    assert results[0].text == model.predict(["abc"], n_best=3)[0]
    assert results[1].hypotheses == ()
    json.dumps([result.record() for result in results], allow_nan=False)


def test_more_best_than_the_beam_widens_it(model: Seq2Seq) -> None:
    """Unless the beam was said as well."""
    assert len(model.search(["abcd"], n_best=9)[0].hypotheses) == 9
    with pytest.raises(SettingsError, match="a beam of 2 has no 3 best; use beam_size = 3 or more"):
        model.search(["abcd"], n_best=3, beam_size=2)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_heatmap_is_saved_as_its_suffix_says(model: Seq2Seq, suffix: str, tmp_path: Path) -> None:
    heatmap = model.attend("abcd", "dcb")
    assert isinstance(heatmap, Heatmap)
    path = heatmap.save(tmp_path / f"map{suffix}")
    content = path.read_bytes()
    assert list(tmp_path.iterdir()) == [path]
    if suffix == ".json":
        record = json.loads(content)
        assert (record["source"], record["target"]) == (list("abcd"), list("dcb"))
        np.testing.assert_allclose(record["weights"], heatmap.weights, atol=1e-6)
    elif suffix == ".pharaoh":
        assert [pair.split("-")[1] for pair in content.decode().split()] == ["0", "1", "2"]
    elif suffix == ".txt":
        assert content.decode().rstrip("\n") == str(heatmap)
    elif suffix == ".svg":
        assert b"<svg" in content
        assert heatmap._repr_svg_().encode() == content
    elif suffix == ".html":
        assert content.startswith(b"<!DOCTYPE html>")
    else:
        assert content.startswith(b"\x89PNG")


def test_a_suffix_that_nobody_writes(model: Seq2Seq, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing here writes .gif; end it in one of .txt, .png"):
        model.attend("abcd").save(tmp_path / "map.gif")
    assert not list(tmp_path.iterdir())


def test_attention_is_of_the_output_or_of_what_is_forced(model: Seq2Seq) -> None:
    best = model.search(["abcd"])[0].attention
    assert best is not None
    found = model.attend("abcd")
    assert (found.source, found.target) == (best.source, best.target)
    np.testing.assert_array_equal(found.weights, best.weights)
    assert model.attend("abcd", "xyz").target == ("x", "y", "z")
    assert model.attend("abcd", "xyz").weights.shape == (3, 4)


def test_a_model_without_attention_says_so(unattending: Seq2Seq) -> None:
    with pytest.raises(SettingsError, match=r"this model has no attention: .* --set model.attention=luong"):
        unattending.attend("abcd")
    assert unattending.search(["abcd"])[0].attention is None
    assert unattending.search(["abcd"])[0].record()["hypotheses"][0]["attention"] is None


def test_what_the_encoder_says(model: Seq2Seq) -> None:
    one, other = model.encode(["abcde", "ab"])
    assert (one.memory.shape, other.memory.shape) == ((5, 16), (2, 16))
    assert [len(state) for state in one.final] == [2]
    assert one.final[0][0].shape == (16,)


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, path: model.predict(["a"]),
        lambda model, path: model.search(["a"]),
        lambda model, path: model.attend("a"),
        lambda model, path: model.evaluate([("a", "b")]),
        lambda model, path: model.encode(["a"]),
        lambda model, path: model.save(path / "mine"),
        lambda model, path: model.predictor,
    ],
)
def test_before_fit_everything_says_what_to_call(ask: Any, tmp_path: Path) -> None:
    with pytest.raises(HeedfulError, match=r"not trained yet; call fit\(pairs\) first, or Seq2Seq.load\(path\)"):
        ask(Seq2Seq(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_wrong_keys_are_found_before_training() -> None:
    with pytest.raises(SettingsError, match=r"Seq2Seq: model.sell: unknown key; did you mean 'cell'\?"):
        Seq2Seq(sell="gru")
    with pytest.raises(SettingsError, match=r"Seq2Seq: model.cell: 'gruu' is not one of .*; did you mean 'gru'\?"):
        Seq2Seq(cell="gruu")
    with pytest.raises(SettingsError, match=r"has no effect: attention = 'fixed' scores nothing"):
        Seq2Seq(attention="fixed", scorer="dot")
    with pytest.raises(SettingsError, match=r"fit: training.update: unknown key; did you mean 'updates'\?"):
        Seq2Seq().fit(PAIRS, update=3)
    with pytest.raises(SettingsError, match=r"fit: search.beam: unknown key; did you mean 'beam_size'\?"):
        Seq2Seq().fit(PAIRS, search={"beam": 3})


def test_wrong_questions(model: Seq2Seq) -> None:
    with pytest.raises(SettingsError, match=r"search.beam: unknown key; did you mean 'beam_size'\?"):
        model.predict(["abc"], beam=3)
    with pytest.raises(SettingsError, match=r"evaluate.metric: unknown key; did you mean 'metrics'\?"):
        model.evaluate(PAIRS, metric="bleu")
    with pytest.raises(DataError, match=r"expected a list of sources, found one string 'abc'; put it into a list"):
        model.predict("abc")
    with pytest.raises(DataError) as caught:
        model.predict(["abc", "안녕", "", "!!"])
    assert caught.value.problems == [
        "source 2, '안녕': no unit of it was seen in training",
        "source 4, '!!': no unit of it was seen in training",
    ]
    with pytest.raises(DataError, match="the source is empty; give it at least one unit"):
        model.attend("")
    with pytest.raises(DataError, match="the source '' is empty; give it at least one unit"):
        model.attend("", "abc")


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([], "pairs: empty"),
        ([("a", "b")], "nothing can be held out, all rows have one source; pass a dev file"),
        ([("a", "b"), ("c", "")], "pair 2: the target is empty"),
        ([("a", "b"), ("", "c")], "pair 2: the source is empty"),
        ([("a", "b"), ("c",)], "pair 2: expected (source, target) in strings, found ('c',)"),
        ([("a", "b"), (("c", "d"), "e")], "pair 2: 2 columns, but the source has 1 column"),
    ],
)
@pytest.mark.usefixtures("unchecked")  # that what is given is no pair is for Heedful to say
def test_bad_pairs(pairs: list[Any], says: str) -> None:
    with pytest.raises(DataError) as caught:
        Seq2Seq(**SMALL).fit(pairs, updates=2, warmup=0)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "units", [{}, {"source": [{"unit": "letters"}, {"unit": "tags", "split": ";"}], "target": "letters"}]
)
def test_a_source_of_several_columns(units: dict[str, Any], tmp_path: Path) -> None:
    """Tuples, or strings with tabs; letters where nothing is said."""
    pairs = [((word, "V;PST" if place % 2 else "V"), word + "ed") for place, (word, _) in enumerate(PAIRS[:80])]
    model = Seq2Seq(**units, **SMALL).fit(pairs, **(QUICK | {"updates": 6}))
    rows = [("abc", "V"), ("cba", "V;PST")]
    assert model.predict(rows) == model.predict(["\t".join(row) for row in rows])
    tags = ("V", "PST") if units else tuple("V;PST")
    assert model.attend(("cba", "V;PST")).source == ("c", "b", "a", *tags)
    with pytest.raises(DataError, match="has 1 columns, the model reads 2; separate them by tabs"):
        model.predict(["abc"])
    model.save(tmp_path / "mine")
    assert Seq2Seq.load(tmp_path / "mine").predict(rows) == model.predict(rows)


@pytest.mark.parametrize(
    ("pairs", "units"),
    [
        ([("abc", "cba"), ("two words", "owt")], ("letters", "letters")),
        ([("hello", "HH AH L OW"), ("world", "W ER L D")], ("letters", "symbols")),
        ([("this is a short sentence", "das ist ein kurzer Satz")], ("words", "words")),
        (toy.make("dates", 60, seed=1), ("letters", "letters")),
        ([("안녕하세요", "annyeonghaseyo")], ("letters", "letters")),
    ],
)
def test_units_are_guessed_from_the_text(pairs: list[tuple[str, str]], units: tuple[str, str]) -> None:
    many = [
        (f"{source} {n}" if " " in source else f"{source}{n}", target) for source, target in pairs for n in range(9)
    ]
    notes: list[str] = []

    def watch(event: journal.Event) -> None:
        notes.extend(event.notes if isinstance(event, journal.Started) else ())

    model = Seq2Seq(**SMALL).fit(many, watch=watch, updates=1, warmup=0, validate_every=1)
    data = model.predictor.codec.data
    assert (data.source[0].unit, data.target.unit) == units


def test_units_that_are_said_are_kept() -> None:
    pairs = [(f"this is sentence {n} here", f"das ist der Satz {n}") for n in range(30)]
    model = Seq2Seq(source="letters", target="words", **SMALL).fit(pairs, updates=1, warmup=0, validate_every=1)
    data = model.predictor.codec.data
    assert (data.source[0].unit, data.target.unit) == ("letters", "words")


def test_the_same_seed_gives_the_same_model_and_fit_begins_anew() -> None:
    keys = QUICK | {"updates": 6}
    model = Seq2Seq(**SMALL).fit(PAIRS[:80], **keys)
    before = model.predictor.network.state_dict()
    again = model.fit(PAIRS[:80], **keys)
    assert again is model
    for name, value in model.predictor.network.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name].numpy())
    other = Seq2Seq(**SMALL).fit(PAIRS[:80], **keys, seed=2)
    assert not np.array_equal(other.predictor.network.output_bias.detach(), before["output_bias"])


def test_a_dev_set_is_used_as_it_is() -> None:
    sizes: list[tuple[int, int]] = []

    def watch(event: journal.Event) -> None:
        sizes.extend([(event.train, event.dev)] if isinstance(event, journal.Started) else ())

    keys = QUICK | {"updates": 3, "warmup": 0}
    Seq2Seq(**SMALL).fit(PAIRS[:80], dev=PAIRS[80:90], watch=watch, **keys)
    Seq2Seq(**SMALL).fit(iter(PAIRS[:80]), watch=watch, **keys)
    assert sizes[0] == (80, 10)
    assert sum(sizes[1]) == 80
    assert 1 <= sizes[1][1] <= 20


def test_what_was_best_is_kept_when_training_diverges() -> None:
    model = Seq2Seq(cell="rnn", **SMALL)
    keys = {"updates": 200, "warmup": 20, "learning_rate": 1000.0, "schedule": "constant", "validate_every": 1}
    with pytest.raises(DivergedError):
        model.fit(PAIRS[:80], **keys)
    if model._trained is not None:
        assert len(model.predict(["abc"])) == 1


def test_it_works_outside_the_main_thread(model: Seq2Seq) -> None:
    """Where Python lets nobody listen for signals."""
    found: list[list[str]] = []

    def work() -> None:
        mine = Seq2Seq(**SMALL).fit(PAIRS[:60], updates=2, warmup=0, validate_every=1)
        found.append(mine.predict(["abc"]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(found) == 1


def test_nothing_to_load(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"no model at .*nowhere; name a folder that `heedful train` wrote"):
        Seq2Seq.load(tmp_path / "nowhere")
