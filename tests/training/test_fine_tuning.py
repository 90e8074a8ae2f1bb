"""Training on from a model: its vocabulary and shape are kept, and what it does not know is reported."""

from pathlib import Path
from typing import Any

import pytest

from heedful.checkpoint import load
from heedful.errors import SettingsError
from heedful.training import journal, run
from tests.training import runs


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two files of pairs: the second has letters that the first has not."""
    for name, letters in (("old.tsv", "abcdef"), ("new.tsv", "abcxyz")):
        words = [f"{a}{b}{c}" for a in letters for b in letters for c in letters[:3]]
        text = "".join(f"{word}\t{word[::-1]}\n" for word in words)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def table(train: Path, **model: Any) -> runs.Table:
    """A small recipe for this file; the model's shape is left out but for these keys."""
    given = runs.table(data={"train": str(train), "task_count": None, "task_seed": None})
    return given | {"model": model}


def start(given: runs.Table, out: Path, initial: Path | None = None) -> list[str]:
    """A run; returns the notes that it began with."""
    events: list[journal.Event] = []
    run.start(given, [], "recipe.toml", out, events.append, initial=initial)
    (started,) = [event for event in events if isinstance(event, journal.Started)]
    return list(started.notes)


def test_vocabulary_shape_and_weights_are_the_models(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    start(table(files / "old.tsv", **runs.TABLE["model"]), files / "one")
    one = load(files / "one")
    given = table(files / "new.tsv", dropout=0.1)
    given["training"] |= {"learning_rate": 1e-9, "average": 0.0, "updates": 2, "warmup": 0}
    notes = start(given, files / "two", initial=files / "one")
    two = load(files / "two")
    assert two.source_vocabularies == one.source_vocabularies
    assert two.target_vocabulary == one.target_vocabulary
    assert two.lengths == one.lengths
    assert two.model == one.model.model_copy(update={"dropout": 0.1})
    assert (two.data.source, two.data.target) == (one.data.source, one.data.target)
    for name, value in two.weights.items():
        assert float((value - one.weights[name]).abs().max()) < 1e-6, name
    unknown = [note for note in notes if "are unknown" in note]
    assert len(unknown) == 4  # source and target of training and dev
    assert "units are unknown, such as 'x' 'z' 'y'" in unknown[0]  # the commonest first


def test_another_shape_is_refused(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    start(table(files / "old.tsv", **runs.TABLE["model"]), files / "one")
    with pytest.raises(SettingsError) as caught:
        start(table(files / "new.tsv", hidden_size=14, cell="gru"), files / "two", initial=files / "one")
    message = str(caught.value)
    assert message.startswith("--init-from keeps the model's shape, but the recipe says ")
    assert "model.hidden_size = 14, the model has 12" in message
    assert "model.cell = 'gru', the model has 'lstm'" in message
    assert not (files / "two").exists()


def test_other_units_are_refused(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    start(table(files / "old.tsv", **runs.TABLE["model"]), files / "one")
    given = table(files / "new.tsv")
    given["data"]["target"] = {"column": 2, "unit": "words"}
    with pytest.raises(SettingsError, match="--init-from keeps the model's columns and units"):
        start(given, files / "two", initial=files / "one")


def test_a_model_can_be_trained_on_twice(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a fine-tuned run is resumed like any other."""
    runs.quick(monkeypatch)
    start(table(files / "old.tsv", **runs.TABLE["model"]), files / "one")
    start(table(files / "old.tsv"), files / "two", initial=files / "one")
    run.resume(files / "two", lambda event: None)
    start(table(files / "old.tsv"), files / "three", initial=files / "two" / "last")
    assert load(files / "three").target_vocabulary == load(files / "one").target_vocabulary
