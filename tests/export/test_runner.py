"""The runner finds what the model finds: strings, scores, log-probabilities, attention; without torch and without Heedful."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from heedful.checkpoint import LengthModel
from heedful.codec import Row
from heedful.data.settings import DataSettings
from heedful.predictor import Predictor
from heedful.results import Result
from heedful.search.settings import SearchSettings
from tests.conformance import networks
from tests.export import models
from tests.export.models import BATCHES, LENGTHS, ONE, TWO

NEAR = 1e-4


def same(found: list[dict[str, Any]], expected: list[Result]) -> None:
    """The same strings in the same order; numbers within 1e-4."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert [each["text"] for each in one["hypotheses"]] == [each.text for each in other.hypotheses]
        for here, there in zip(one["hypotheses"], other.hypotheses, strict=True):
            record: dict[str, Any] = dict(there.record())
            assert here.keys() == record.keys()
            assert here["units"] == record["units"]
            for key in ("score", "log_prob", "log_probs"):
                assert here[key] == pytest.approx(record[key], abs=NEAR)
            assert (here["attention"] is None) == (record["attention"] is None)
            if here["attention"] is not None:
                assert here["attention"]["source"] == record["attention"]["source"]
                np.testing.assert_allclose(
                    np.array(here["attention"]["weights"]), record["attention"]["weights"], rtol=0, atol=NEAR
                )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("attention", ["luong", "bahdanau"])
def test_the_same_strings_over_lengths_and_batches(cell: str, attention: str, tmp_path: Path) -> None:
    """What is pinned: 8 lengths, 3 batch sizes, scores within 1e-4."""
    model = models.predictor({"cell": cell, "attention": attention})
    runner = models.runner_of(model, tmp_path)
    texts: set[str] = set()
    for length in LENGTHS:
        for batch in BATCHES:
            rows = models.sources(batch, longest=length, seed=100 * length + batch)
            expected = model.search(rows)
            same(runner.predict(models.given(rows), batch_size=batch), expected)
            texts.update(result.text for result in expected)
    assert len(texts) > 10


@pytest.mark.parametrize("given", [
    {"attention": "fixed"}, {"attention": "fixed", "feed_context": True}, {"attention": "luong", "input_feeding": True},
    {"attention": "luong", "scorer": "location", "reach": "monotonic", "window": 2}, {"attention": "first-layer"},
    {"attention": "bahdanau", "reach": "local-m", "window": 1, "cell": "rnn", "tie_embeddings": True},
], ids=networks.name)  # fmt: skip
@pytest.mark.parametrize("data", [ONE, TWO], ids=["one column", "two columns"])
def test_every_wiring(given: dict[str, Any], data: DataSettings, tmp_path: Path) -> None:
    model = models.predictor(given, data)
    rows = models.sources(25, data)
    same(models.runner_of(model, tmp_path).predict(models.given(rows)), model.search(rows))


@pytest.mark.parametrize("search", [
    {"beam_size": 1, "n_best": 1}, {"beam_size": 1, "n_best": 1, "min_length": 4},
    {"beam_size": 2, "n_best": 2, "length_penalty": 0.0},
    {"beam_size": 5, "n_best": 5, "length_penalty": 2.5}, {"beam_size": 7, "n_best": 3, "max_length": 3, "min_length": 3},
    {"beam_size": 40, "n_best": 40}, {"beam_size": 4, "n_best": 1, "max_length": 1},
], ids=str)  # fmt: skip
def test_every_search(search: dict[str, Any], tmp_path: Path) -> None:
    """Narrow and wider than the vocabulary, with n-best, bounds and penalties."""
    model = models.predictor({"attention": "bahdanau"})
    rows = models.sources(20)
    found = models.runner_of(model, tmp_path).predict(models.given(rows), **search)
    same(found, model.search(rows, SearchSettings(**search)))
    assert len({record["hypotheses"][0]["text"] for record in found}) > 1


def test_ties_go_to_the_lower_slot_and_unit(tmp_path: Path) -> None:
    """A model that finds everything equally likely."""
    model = models.predictor()
    with torch.no_grad():
        for parameter in (model.network.output_bias, model.network.output_weight):
            parameter.zero_()
    rows = models.sources(5)
    runner = models.runner_of(model, tmp_path)
    for size, penalty in ((4, 0.0), (1, 1.0), (9, 1.0)):
        found = runner.predict(models.given(rows), beam_size=size, n_best=size, length_penalty=penalty)
        same(found, model.search(rows, SearchSettings(beam_size=size, n_best=size, length_penalty=penalty)))


def test_batches_and_order_change_nothing(tmp_path: Path) -> None:
    model = models.predictor(data=TWO)
    rows = models.sources(30, TWO)
    runner = models.runner_of(model, tmp_path)
    expected = model.search(rows)
    for batch in (1, 4, 64):
        same(runner.predict(models.given(rows), batch_size=batch), expected)
    same(runner.predict(models.given(rows)[::-1]), expected[::-1])


def test_empty_sources_keep_their_places(tmp_path: Path) -> None:
    runner = models.runner_of(models.predictor(), tmp_path / "one")
    assert runner.predict([]) == []
    found = runner.predict(["", "abc", []])
    assert [bool(each["hypotheses"]) for each in found] == [False, True, False]
    both = models.runner_of(models.predictor(data=TWO), tmp_path / "two")
    found = both.predict(["", "\t", "ab\t", "\tV"])
    assert [bool(each["hypotheses"]) for each in found] == [False, False, True, True]


def test_units_instead_of_texts(tmp_path: Path) -> None:
    one, two = models.predictor(), models.predictor(data=TWO)
    first, second = models.runner_of(one, tmp_path / "one"), models.runner_of(two, tmp_path / "two")
    same(first.predict([["a", "b", "ß"], "ab"]), one.search([("abß",), ("ab",)]))
    expected = two.search([("ab", "V;PL")])
    for given in (["ab", "V;PL"], (["a", "b"], "V;PL"), ("ab", ["V", "PL"]), "ab\tV;PL"):
        same(second.predict([given]), expected)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"beam": 3}, "options beam_size, n_best"),
        ({"beam_size": 0}, "at most beam_size"),
        ({"n_best": 9}, "at most beam_size"),
    ],
)
def test_impossible_options(options: dict[str, int], why: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=why):
        models.runner_of(models.predictor(), tmp_path).predict(["ab"], **options)


def test_another_number_of_columns(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 2: 1 columns, and the model reads 2"):
        models.runner_of(models.predictor(data=TWO), tmp_path / "two").predict(["ab\tV", "ab"])
    with pytest.raises(ValueError, match="line 1: 2 columns, and the model reads 1"):
        models.runner_of(models.predictor(), tmp_path / "one").predict(["ab\tV"])


def test_one_text_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sources are a list, not a text"):
        models.runner_of(models.predictor(), tmp_path).predict("abc")


def test_nothing_is_made_up_of_unknown_units(tmp_path: Path) -> None:
    """As ``heedful predict`` has it: one known unit is enough, of no unit nothing is said."""
    runner = models.runner_of(models.predictor(data=TWO), tmp_path)
    assert runner.predict(["?\tV", "\t"])[0]["hypotheses"]
    with pytest.raises(ValueError, match="line 3: no unit of it was seen in training"):
        runner.predict(["ab\tV", "\t", "?!\tX;Y"])


@pytest.mark.parametrize("changed", [{"version": 2}, {"format": "else"}])
def test_another_format_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    models.runner_of(models.predictor(), tmp_path)
    table = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    (tmp_path / "model.json").write_text(json.dumps(table | changed), encoding="utf-8")
    with pytest.raises(ValueError, match="not heedful-onnx 1"):
        models.checking.open_runner(tmp_path)


def test_long_sources_do_not_share_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 16,384 padded units, as the model's own search has it; the last digits are those of other batches."""
    runner = models.runner_of(models.predictor(), tmp_path)
    made: list[tuple[int, int]] = []
    original = runner.beam

    def counted(batch: list[list[list[str]]], search: dict[str, Any]) -> Any:
        made.append((len(batch), len(batch[0][0])))
        return original(batch, search)

    monkeypatch.setattr(runner, "beam", counted)
    texts = ["a" * 5000, *["b" * 3000] * 6, *["c"] * 70, "d" * 20_000]
    found = runner.predict(texts, beam_size=1, max_length=1)
    assert made == [(1, 20_000), (3, 5000), (5, 3000), (64, 1), (5, 1)]
    assert all(each["hypotheses"] for each in found)


def test_weights_of_one_sentence_keep_no_others_alive(tmp_path: Path) -> None:
    """What a hypothesis keeps of a step is its own, and not a view of what the whole batch looked at."""
    runner = models.runner_of(models.predictor(), tmp_path)
    batch = [[list("abcdefg")], [["a"]]]
    (*_, short) = runner.beam(batch, runner.model["search"])
    last = short.finished[0][2]
    while last:
        base = last[3].base
        assert base is None or base.size <= runner.model["search"]["beam_size"] * 1
        last = last[0]


def test_broken_weights_are_told(tmp_path: Path) -> None:
    model = models.predictor()
    with torch.no_grad():
        model.network.output_bias[5] = torch.nan
    with pytest.raises(ValueError, match="no number"):
        models.runner_of(model, tmp_path).predict(["ab"])


@pytest.mark.parametrize(("unit", "split", "target"), [
    ("words", None, ("x", "yé", "가")), ("symbols", None, ("x", "yé")), ("jamo", None, ("\u1112", "\u1161", "\u11ab")),
    ("characters", None, ("e", "\u0301", "x")), ("tags", "+", ("N", "PL", "SG")),
])  # fmt: skip
def test_units_are_joined_as_the_model_joins_them(
    unit: str, split: str | None, target: tuple[str, ...], tmp_path: Path
) -> None:
    data = DataSettings.model_validate({"source": [{"unit": "letters"}], "target": {"unit": unit, "split": split}})
    base = models.predictor(data=data)
    codec = base.codec._replace(
        target_vocabulary=type(base.codec.target_vocabulary)(target), lengths=LengthModel(slope=1.0, margin=3.0)
    )
    torch.manual_seed(5)
    network = networks.Network(
        base.network.settings, [len(each) for each in codec.source_vocabularies], len(codec.target_vocabulary)
    )
    model = Predictor(network.eval(), codec, SearchSettings(beam_size=3, n_best=3, min_length=3))
    rows: list[Row] = [("abc",), ("g",)]
    same(models.runner_of(model, tmp_path).predict(models.given(rows)), model.search(rows))


ALONE = """
import json, sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "heedful", "onnx", "regex"):
            raise ImportError(f"there is no {name} here")
sys.meta_path.insert(0, Nothing())
sys.path.insert(0, sys.argv[1])
from runner import Runner
print(json.dumps(Runner(sys.argv[1]).predict(json.loads(sys.argv[2]), beam_size=4, n_best=3)))
"""


def test_alone(tmp_path: Path) -> None:
    """In a process that can import neither torch nor heedful."""
    model = models.predictor(data=TWO)
    rows = models.sources(10, TWO)
    models.runner_of(model, tmp_path)
    ran = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(tmp_path), json.dumps(models.given(rows))],
        capture_output=True,
        check=False,
    )
    assert ran.stderr.decode() == ""
    same(json.loads(ran.stdout), model.search(rows))


def test_a_line_for_a_line(tmp_path: Path) -> None:
    model = models.predictor()
    models.runner_of(model, tmp_path)
    lines = ["abc", "", "gé\u2028a", "ab"]
    expected = model.predict([(line,) for line in lines])
    for given in ("\n".join(lines), "\n".join(lines) + "\n", "\ufeff" + "\r\n".join(lines)):
        command = [sys.executable, "-I", str(tmp_path / "runner.py"), str(tmp_path)]
        ran = subprocess.run(command, input=given.encode(), capture_output=True, check=True)
        assert (ran.stdout.decode().split("\n"), ran.stderr) == ([*expected, ""], b"")
    assert subprocess.run(command, input=b"", capture_output=True, check=True).stdout == b""
    assert subprocess.run(command, input=b"\n", capture_output=True, check=True).stdout == b"\n"


@pytest.mark.parametrize(("given", "said"), [
    (b"ab\nab\n??\n", "line 3: no unit of it was seen in training"),
    (b"ab\n\nab\tc\n", "line 3: 2 columns, and the model reads 1"),
    (b"ab\n\xff\n", "line 2: not UTF-8"), (b"\xef\xbb\xbfab\r\nab\r\n\xc3\n", "line 3: not UTF-8"),
])  # fmt: skip
def test_a_bad_line_is_named(given: bytes, said: str, tmp_path: Path) -> None:
    """One line on standard error, exit code 3, and no output at all."""
    models.runner_of(models.predictor(), tmp_path)
    command = [sys.executable, "-I", str(tmp_path / "runner.py"), str(tmp_path)]
    ran = subprocess.run(command, input=given, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr.decode()) == (3, b"", f"{said}\n")


def test_how_the_program_is_called(tmp_path: Path) -> None:
    models.runner_of(models.predictor(), tmp_path)
    command = [sys.executable, "-I", str(tmp_path / "runner.py")]
    for words in ([], ["one", "two"]):
        ran = subprocess.run([*command, *words], input=b"", capture_output=True, check=False)
        assert (ran.returncode, ran.stdout) == (2, b"")
        assert ran.stderr == b"usage: python runner.py FOLDER < sources.txt > outputs.txt\n"
    ran = subprocess.run([*command, str(tmp_path / "none")], input=b"", capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr.count(b"\n")) == (3, b"", 1)
    assert b"none" in ran.stderr


def test_the_runner_is_short_and_needs_little() -> None:
    import ast

    path = Path(models.folder.__file__).with_name("runner.py")
    oldest = tuple(map(int, models.folder.NEEDS["python"].split(".")))
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(oldest[0], oldest[1]))
    taken = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert taken - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 165


def test_what_it_needs_is_what_we_test_with(tmp_path: Path) -> None:
    """The README names the oldest versions: those of our own requirements."""
    project = tomllib.loads((Path(models.folder.__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    named = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["onnx"]]
    models.runner_of(models.predictor(), tmp_path)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "Python 3.10 or newer" in card
    for package in ("numpy", "onnxruntime"):
        needs = f"{package}>={models.folder.NEEDS[package]}"
        assert needs in named
        assert needs in card
