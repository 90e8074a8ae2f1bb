"""A folder is written whole after it was held against the model, or not at all."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from heedful.data.corpus import corpus_of
from heedful.data.settings import DataSettings
from heedful.errors import HeedfulError, MissingPackageError, SettingsError
from heedful.evaluation.settings import EvaluationSettings
from heedful.export import checking, exporting, folder, quantising
from heedful.export.exporting import export
from heedful.export.graph import Graph, to_bytes
from heedful.export.quantising import Scores, Trial
from heedful.model.decoder import DECODERS
from heedful.model.settings import ModelSettings
from heedful.predictor import Predictor
from tests.conformance import networks
from tests.export import models

FILES = {"encoder.onnx", "step.onnx", "model.json", "runner.py", "README.md", "manifest.json"}
EVALUATION = EvaluationSettings(metrics=("accuracy",))


quick = pytest.mark.usefixtures("few")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports that are about something else are held against the model at fewer lengths."""
    monkeypatch.setattr(checking, "LENGTHS", (1, 5))
    monkeypatch.setattr(checking, "BATCHES", (1, 3))


def names(place: Path) -> set[str]:
    """What stands in a folder."""
    return {path.name for path in place.iterdir()}


def own_words(model: Predictor, count: int = 60) -> Trial:
    """Dev pairs on which the model is always right: its own outputs."""
    rows = models.sources(count)
    pairs = [(str(row[0]), text) for row, text in zip(rows, model.predict(rows), strict=True) if text]
    return Trial(corpus_of(pairs, model.codec.data), "accuracy", EVALUATION)


def test_the_folder(tmp_path: Path) -> None:
    """Every file, vouched for; it answers as the model does."""
    model = models.predictor(data=models.TWO)
    found = export(models.checkpoint(model), tmp_path / "deep" / "out")
    place = tmp_path / "deep" / "out"
    assert names(place) == FILES == set(found.sizes)
    assert names(place.parent) == {"out"}  # nothing is left beside it
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["format"], set(manifest["files"])) == ("heedful-onnx", FILES - {"manifest.json"})
    for name, line in manifest["files"].items():
        content = (place / name).read_bytes()
        assert line == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert found.checked.log_probs < 1e-4
    assert found.checked.weights < 1e-5
    assert found.checked.searched > 100
    assert found.checked.undecided == 0
    assert (found.scores, found.otherwise) == (None, [])
    rows = models.sources(9, models.TWO)
    answers = checking.open_runner(place, 1).predict(models.given(rows), n_best=1)
    assert [each["hypotheses"][0]["text"] for each in answers] == model.predict(rows)
    table = json.loads((place / "model.json").read_text(encoding="utf-8"))
    assert [each["units"] for each in table["source"]] == [list(models.LETTERS), list(models.TAGS)]
    assert (table["target"]["unit"], table["precision"]) == ("symbols", "float32")
    assert str(tmp_path) not in (place / "model.json").read_text(encoding="utf-8")


@quick
def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    model = models.checkpoint(models.predictor())
    for name in ("one", "two"):
        export(model, tmp_path / name)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@quick
def test_the_runner_is_the_file_itself(tmp_path: Path) -> None:
    export(models.checkpoint(models.predictor()), tmp_path / "out")
    source = Path(folder.__file__).with_name("runner.py")
    assert (tmp_path / "out" / "runner.py").read_bytes() == source.read_bytes()


@quick
def test_what_stands_there_is_replaced_only_when_it_is_said_and_ours(tmp_path: Path) -> None:
    first, second = models.checkpoint(models.predictor()), models.checkpoint(models.predictor(seed=2))
    out = tmp_path / "out"
    out.mkdir()
    export(first, out)  # an empty folder is nothing
    before = (out / "step.onnx").read_bytes()
    with pytest.raises(SettingsError, match=r"stands already; pass --overwrite"):
        export(second, out)
    assert (out / "step.onnx").read_bytes() == before
    export(second, out, overwrite=True)
    assert (out / "step.onnx").read_bytes() != before
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds what no export wrote: dear.txt"):
        export(first, tmp_path / "letters", overwrite=True)
    assert names(tmp_path / "letters") == {"dear.txt"}


@quick
@pytest.mark.parametrize("attention", DECODERS)
def test_a_wrong_graph_is_not_published(attention: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate in the wrong place, say: caught whatever the wiring, and nothing is written."""
    original = Graph.linear

    def wrong(self: Graph, inputs: Any, name: str, weight: Any, bias: Any = None) -> Any:
        return original(self, inputs, name, weight.flip(0) if name == "decoder.0" else weight, bias)

    monkeypatch.setattr(Graph, "linear", wrong)
    with pytest.raises(HeedfulError, match=r"not exported: a log-probability at length 1 differs by"):
        export(models.checkpoint(models.predictor({"attention": attention})), tmp_path / "out")
    assert names(tmp_path) == set()


def test_a_model_whose_last_digits_say_nothing_is_exported(tmp_path: Path) -> None:
    """Chaos: in float32 torch is as far from the truth as the graphs are, and both are farther than the tolerance."""
    model = models.predictor({"hidden_size": 96, "encoder_size": 96, "embedding_size": 32})
    found = export(models.checkpoint(model), tmp_path / "out")
    assert found.checked.log_probs > 100 * checking.TOLERANCE
    assert found.checked.undecided > 0  # outputs, too


def test_a_frozen_length_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As torch.onnx freezes it: right for the example, wrong for what is longer."""
    original = checking.forced

    def frozen(runner: Any, source: Any, previous: Any) -> Any:
        log_probs, weights = original(runner, source, previous)
        return log_probs, None if weights is None else np.where(np.arange(weights.shape[2]) < 8, weights, 0)

    monkeypatch.setattr(checking, "forced", frozen)
    with pytest.raises(HeedfulError, match="a weight at length (8|13)"):
        export(models.checkpoint(models.predictor()), tmp_path / "out")
    assert names(tmp_path) == set()


@quick
def test_a_runner_that_finds_something_else_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from heedful.export import runner

    original = runner.Sentence.told

    def shouting(self: Any, *given: Any) -> dict[str, Any]:
        told = original(self, *given)
        return told | {"text": told["text"] + "!", "score": told["score"] + 0.001}

    monkeypatch.setattr(runner.Sentence, "told", shouting)
    with pytest.raises(HeedfulError, match="the runner finds '.*!'"):
        export(models.checkpoint(models.predictor()), tmp_path / "out")
    assert names(tmp_path) == set()


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "heedful.export.runner", raising=False)
    with pytest.raises(MissingPackageError, match=rf"needs {package}, .* pip install 'heedful\[onnx\]'"):
        export(models.checkpoint(models.predictor()), tmp_path / "out")
    assert names(tmp_path) == set()


def test_frames_are_refused(tmp_path: Path) -> None:
    data = DataSettings.model_validate({"source": [{"unit": "vectors", "features": 3}]})
    base = models.checkpoint(models.predictor())
    settings = ModelSettings.model_validate(networks.settings().model_dump() | {"reader": "projection"})
    from heedful.checkpoint.contents import implied_weights
    from heedful.data.vocabulary import Vocabulary

    empty = (Vocabulary(()),)
    weights = {
        name: torch.zeros(tensor.shape)
        for name, tensor in implied_weights(settings, data.resolved(), empty, base.target_vocabulary).items()
    }
    from dataclasses import replace

    framed = replace(base, model=settings, data=data.resolved(), source_vocabularies=empty, weights=weights)
    with pytest.raises(HeedfulError, match="only models that read text can be exported so far"):
        export(framed, tmp_path / "out")
    assert names(tmp_path) == set()


def deaf(model: Predictor) -> Predictor:
    """The same outputs, but a huge number that no weight listens to stands beside each embedding: in bytes all else drowns."""
    with torch.no_grad():
        model.network.embedding.weight[:, 0] = 5000.0
        for cell in model.network.decoder.stack.each():
            cell.input_weight[:, 0] = 0.0
    return model


@quick
@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_is_broken_is_not_called_missing(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken" / package
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('libstdc++ is too old')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "broken"))
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "heedful.export.runner", raising=False)
    with pytest.raises(ImportError, match="libstdc"):
        export(models.checkpoint(models.predictor()), tmp_path / "out")


@quick
def test_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Smaller, with products in bytes; most outputs stay."""
    monkeypatch.setattr(quantising, "MOST_LOST", 50.0)  # a random model is never sure
    model = models.predictor({"cell": "lstm", "hidden_size": 64, "encoder_size": 64, "embedding_size": 32}, scale=0.1)
    found = export(models.checkpoint(model), tmp_path / "out", trial=own_words(model))
    assert found.scores is not None
    assert found.scores.model == 100.0
    assert found.scores.rounded == pytest.approx(100 * found.scores.same / found.scores.count, abs=1e-6)
    assert found.scores.rounded > 50
    assert found.sizes["step.onnx"] + found.sizes["encoder.onnx"] < found.float32 / 2
    used = {
        name: {node.op_type for node in onnx.load(tmp_path / "out" / f"{name}.onnx").graph.node}
        for name in ("encoder", "step")
    }
    assert "LSTM" in used["encoder"]
    assert "MatMulInteger" in used["step"]
    for name in ("encoder", "step"):
        kept = onnx.load(tmp_path / "out" / f"{name}.onnx").graph.initializer
        sizes = {tensor.name: len(tensor.raw_data) for tensor in kept if tensor.data_type == onnx.TensorProto.INT8}
        assert sum(sizes.values()) > 0.75 * found.sizes[f"{name}.onnx"] - 10_000
    assert json.loads((tmp_path / "out" / "model.json").read_text(encoding="utf-8"))["precision"] == "int8"


@quick
@pytest.mark.parametrize("given", [
    {"cell": "gru", "tie_embeddings": True}, {"cell": "rnn", "attention": "fixed", "feed_context": True},
    {"attention": "first-layer", "scorer": "location", "reach": "monotonic", "window": 3}, {"encoder_size": 10},
], ids=networks.name)  # fmt: skip
def test_every_kind_goes_into_bytes(given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantising, "MOST_LOST", 100.0)
    model = models.predictor(given)
    found = export(models.checkpoint(model), tmp_path / "out", trial=own_words(model, 20))
    assert found.scores is not None
    assert found.scores.same > 0


@quick
def test_bytes_that_cost_too_much_are_refused(tmp_path: Path) -> None:
    model = deaf(models.predictor())
    trial = own_words(model)
    with pytest.raises(HeedfulError, match=r"in eight bits accuracy on \d+ dev sources is .* in float32 100.00 %"):
        export(models.checkpoint(model), tmp_path / "out", trial=trial)
    assert names(tmp_path) == set()
    export(models.checkpoint(model), tmp_path / "out")  # in float32 it is as good as any


@pytest.mark.parametrize(("metric", "model", "rounded", "good"), [
    ("accuracy", 90.0, 89.8, True), ("accuracy", 90.0, 89.7, False), ("accuracy", 90.0, 95.0, True),
    ("error_rate", 5.0, 5.2, True), ("error_rate", 5.0, 5.3, False), ("error_rate", 5.0, 3.0, True),
])  # fmt: skip
def test_how_much_may_be_lost(metric: str, model: float, rounded: float, good: bool) -> None:
    scores = Scores(metric, model, rounded, 9, 10)
    if good:
        quantising.check_scores(scores)
        return
    with pytest.raises(HeedfulError, match="at most 0.2 points may be lost"):
        quantising.check_scores(scores)


@pytest.mark.parametrize("given", [
    {"cell": "lstm"}, {"cell": "gru", "num_layers": 2, "attention": "first-layer"}, {"attention": "fixed", "feed_context": True},
    {"attention": "bahdanau", "cell": "rnn"},
], ids=networks.name)  # fmt: skip
def test_in_bytes_too_no_source_depends_on_its_batch(given: dict[str, Any], tmp_path: Path) -> None:
    """A batch of one finds what a batch of 64 finds: each row is rounded to its own range."""
    sizes = {"hidden_size": 32, "encoder_size": 32, "embedding_size": 24}
    model = models.predictor(given | sizes, scale=0.1)
    runner = models.runner_of(model, tmp_path, rounded=True)
    texts = models.given(models.sources(64))
    alone, together = (runner.predict(texts, batch_size=size) for size in (1, 64))
    for one, other in zip(alone, together, strict=True):
        assert [each["text"] for each in one["hypotheses"]] == [each["text"] for each in other["hypotheses"]]
        for here, there in zip(one["hypotheses"], other["hypotheses"], strict=True):
            assert here["log_probs"] == pytest.approx(there["log_probs"], abs=1e-3)


def test_bytes_stand_for_what_they_were() -> None:
    numbers = torch.randn(5, 7)
    numbers[3] = 0.0
    kept, scale = to_bytes(numbers, 127)
    assert kept.dtype == torch.int8
    assert (kept.abs().amax(dim=1) == torch.tensor([127, 127, 127, 0, 127])).all()
    assert ((kept * scale - numbers).abs() <= scale / 2 + 1e-7).all()


@pytest.mark.parametrize(("scores", "why"), [
    (Scores("accuracy", 90.0, 89.9, 48, 49), "49 dev sources say little"), (Scores("accuracy", 90.0, 89.9, 49, 50), None),
    (Scores("accuracy", 0.0, 0.0, 70, 70), "nothing to lose"), (Scores("error_rate", 0.0, 0.0, 70, 70), None),
])  # fmt: skip
def test_a_trial_that_proves_nothing(scores: Scores, why: str | None) -> None:
    said = quantising.vacuous(scores)
    assert said is None if why is None else why in str(said)


@quick
def test_dev_sources_of_which_the_model_knows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are left out: what they are answered with, chance decides, and the runner refuses them."""
    monkeypatch.setattr(quantising, "MOST_LOST", 100.0)
    model = models.predictor()
    dev = corpus_of([("abc", "x"), ("???", "x"), ("ab", "x")], model.codec.data)
    found = export(models.checkpoint(model), tmp_path / "out", trial=Trial(dev, "accuracy", EVALUATION))
    assert found.scores is not None
    assert found.scores.count == 2


@quick
def test_texts_that_the_runner_splits_otherwise_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole sources, of the dev set too, and not units alone."""
    from heedful.export import runner

    original = runner.split
    monkeypatch.setattr(runner, "split", lambda text, column: original(text.replace("ab", "a"), column))
    monkeypatch.setattr(quantising, "MOST_LOST", 100.0)
    model = models.predictor()
    dev = corpus_of([("gabg", "x"), ("gag", "x")], model.codec.data)
    found = export(models.checkpoint(model), tmp_path / "out", trial=Trial(dev, "accuracy", EVALUATION))
    assert "gabg" in found.otherwise
    assert "gag" not in found.otherwise


@quick
def test_room_to_work_in_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(exporting.tempfile, "tempdir", str(room))
    export(models.checkpoint(models.predictor()), tmp_path / "out")
    assert names(room) == set()
