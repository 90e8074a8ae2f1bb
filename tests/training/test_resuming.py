"""An interrupted run equals an uninterrupted one, bit for bit; what cannot go on says why."""

from pathlib import Path
from typing import Any

import pytest

from heedful.checkpoint import RunLock, load
from heedful.errors import DataError, HeedfulError, ModelFolderError, SettingsError, StoppedError
from heedful.model.cells import CELLS
from heedful.training import journal, run
from heedful.training.journal import Event
from tests.training import runs


def ignore(event: Event) -> None:
    """Watches nothing."""


def start(out: Path, stop: int | None = None, **rooms: dict[str, Any]) -> None:
    """A run in this folder; a signal comes after ``stop`` updates."""
    with pytest.MonkeyPatch.context() as patch:
        if stop is not None:
            patch.setattr(run, "Stopping", lambda: runs.StopAfter(stop))
        run.start(runs.table(**rooms), [], "recipe.toml", out, ignore)


def resume(out: Path, stop: int | None = None, **given: Any) -> None:
    """Goes on with this run."""
    with pytest.MonkeyPatch.context() as patch:
        if stop is not None:
            patch.setattr(run, "Stopping", lambda: runs.StopAfter(stop))
        run.resume(out, ignore, **given)


def assert_same(one: Path, other: Path) -> None:
    """The two runs came to the same: weights, optimiser, averages, progress, journal and metrics."""
    for name in ("last", "best"):
        here, there = load(one / name, with_training=True), load(other / name, with_training=True)
        runs.same_tensors(here.weights, there.weights)
        assert here.metrics == there.metrics
        assert (here.training is None) == (there.training is None)
        if here.training is not None and there.training is not None:
            runs.same_tensors(here.training.tensors, there.training.tensors)
            assert {**here.training.record, "elapsed": 0} == {**there.training.record, "elapsed": 0}
    assert runs.numbers(one / run.JOURNAL) == runs.numbers(other / run.JOURNAL)
    assert (one / run.METRICS).read_bytes() == (other / run.METRICS).read_bytes()
    assert (one / run.RECIPE).read_bytes() == (other / run.RECIPE).read_bytes()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", ["fixed", "bahdanau", "luong"])
def test_interrupted_is_uninterrupted(
    cell: str, attention: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle of the first epoch and again in the third, just behind a validation."""
    runs.quick(monkeypatch)
    model = {"cell": cell, "attention": attention}
    start(tmp_path / "straight", model=model)
    with pytest.raises(StoppedError, match="stopped after update 3, saved; go on with --resume"):
        start(tmp_path / "broken", stop=3, model=model)
    record = load(tmp_path / "broken" / "last", with_training=True).training
    assert record is not None
    assert (record.record["update"], record.record["epoch"], record.record["batch"]) == (3, 0, 3)
    with pytest.raises(StoppedError, match="stopped after update 11"):
        resume(tmp_path / "broken", stop=8)
    resume(tmp_path / "broken")
    assert_same(tmp_path / "straight", tmp_path / "broken")
    assert len(runs.numbers(tmp_path / "broken" / run.JOURNAL)) == 6 + 3


@pytest.mark.parametrize(
    "rooms",
    [
        {"model": {"attention": "first-layer", "num_layers": 2}},
        {"model": {"input_feeding": True, "tie_embeddings": True}},
        {"model": {"encoder_cell": "rnn", "decoder_cell": "gru", "encoder_layers": 2, "decoder_layers": 1}},
        {"training": {"optimizer": "adamw", "weight_decay": 0.01, "average": 0.0, "schedule": "linear"}},
        {"training": {"label_smoothing": 0.0, "schedule": "inverse-sqrt", "batch_size": 7, "metric": "error_rate"}},
    ],
    ids=str,
)
def test_so_it_is_with_other_settings(rooms: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    start(tmp_path / "straight", **rooms)
    with pytest.raises(StoppedError):
        start(tmp_path / "broken", stop=7, **rooms)
    resume(tmp_path / "broken")
    assert_same(tmp_path / "straight", tmp_path / "broken")


@pytest.mark.parametrize(("kind", "update"), [("progress", 8), ("validated", 10)])
def test_a_killed_run_goes_on_from_its_last_save(
    kind: str, update: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No signal, no save: what was done since the last save is done again, and the journal has everything once."""
    runs.quick(monkeypatch)
    start(tmp_path / "straight")

    def die(event: Event) -> None:
        if (event.kind, event.update) == (kind, update):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.start(runs.table(), [], "recipe.toml", tmp_path / "broken", die)
    with (tmp_path / "broken" / run.JOURNAL).open("a", encoding="utf-8") as file:
        file.write('{"event": "progress", "upd')
    resume(tmp_path / "broken")
    assert_same(tmp_path / "straight", tmp_path / "broken")


def test_killed_between_the_best_model_and_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newer of the two is gone on from, and its validation stands in the journal."""
    runs.quick(monkeypatch)
    start(tmp_path / "straight")
    with monkeypatch.context() as patch:
        patch.setattr(run.FolderKeeper, "last", lambda self, checkpoint: self.missing)
        with pytest.raises(AttributeError, match="missing"):
            start(tmp_path / "broken")
    assert not (tmp_path / "broken" / "last").exists()
    resume(tmp_path / "broken")
    assert_same(tmp_path / "straight", tmp_path / "broken")


def test_a_damaged_last_is_passed_over_with_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on from its best model, and comes to the same."""
    runs.quick(monkeypatch)
    start(tmp_path / "straight")
    with pytest.raises(StoppedError):
        start(tmp_path / "broken", stop=7)
    weights = tmp_path / "broken" / "last" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    events: list[Event] = []
    run.resume(tmp_path / "broken", events.append)
    (started,) = [event for event in events if isinstance(event, journal.Started)]
    assert any("damaged" in note and "last" in note for note in started.notes)
    assert any(note.startswith("going on from") and "best" in note for note in started.notes)
    assert_same(tmp_path / "straight", tmp_path / "broken")


def test_nothing_to_go_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    with pytest.raises(StoppedError):
        start(tmp_path, stop=6)
    for name in ("last", "best"):
        (tmp_path / name / "settings.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelFolderError, match="nothing to go on from"):
        resume(tmp_path)


def test_a_finished_run_has_nothing_more_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    start(tmp_path)
    before = load(tmp_path / "last", with_training=True)
    numbers = runs.numbers(tmp_path / run.JOURNAL)
    resume(tmp_path)
    runs.same_tensors(load(tmp_path / "last").weights, before.weights)
    assert runs.numbers(tmp_path / run.JOURNAL) == numbers
    kinds = [event["event"] for event in journal.read(tmp_path / run.JOURNAL)]
    assert (kinds.count("finished"), kinds[-1]) == (1, "finished")


def test_a_run_whose_patience_is_over_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ended by itself: to resume it is no way to make it longer."""
    runs.quick(monkeypatch)
    start(
        tmp_path,
        training={"validate_every": 1, "patience": 2, "updates": 50, "metric": "error_rate", "learning_rate": 1e-9},
    )
    before = load(tmp_path / "last", with_training=True)
    assert before.update < 50
    resume(tmp_path)
    runs.same_tensors(load(tmp_path / "last").weights, before.weights)


def test_a_run_goes_on_with_its_own_recipe_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    with pytest.raises(StoppedError):
        start(tmp_path, stop=2)
    with pytest.raises(SettingsError) as caught:
        resume(tmp_path, overrides=[("training.updates", 99), ("model.cell", "gru")])
    assert "model.cell: 'gru' here, 'lstm' there" in str(caught.value)
    assert "training.updates: 99 here, 12 there" in str(caught.value)
    with pytest.raises(SettingsError, match="hidden_size: 16 here, 12 there"):
        resume(tmp_path, table={"model": {"hidden_size": 16}})
    resume(tmp_path, table=runs.table(), overrides=[("training.updates", 12)])  # the same is no difference


def write(path: Path, rows: int = 60) -> None:
    """A file of pairs to reverse."""
    lines = (f"{'ab' * (n % 5 + 1)}{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(rows))
    path.write_text("".join(f"{line}\t{line[::-1]}\n" for line in lines), encoding="utf-8")


def test_changed_data_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    write(tmp_path / "pairs.tsv")
    data = {"train": str(tmp_path / "pairs.tsv"), "task_count": None, "task_seed": None}
    data |= {"source": {"column": 1}, "target": {"column": 2}}
    with pytest.raises(StoppedError):
        start(tmp_path / "run", stop=2, data=data)
    write(tmp_path / "pairs.tsv", rows=61)
    with pytest.raises(SettingsError, match=r"--resume: the data changed since .*; use --init-from .* --out elsewhere"):
        resume(tmp_path / "run")
    (tmp_path / "pairs.tsv").unlink()
    with pytest.raises(DataError, match="pairs.tsv"):
        resume(tmp_path / "run")
    write(tmp_path / "pairs.tsv")
    resume(tmp_path / "run")


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"is no run, there is no recipe.toml in it; name the --out"):
        resume(tmp_path)


def test_two_processes_do_not_share_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    with pytest.raises(StoppedError):
        start(tmp_path / "run", stop=2)
    with RunLock(tmp_path / "run"):
        with pytest.raises(HeedfulError, match="is writing into this run"):
            resume(tmp_path / "run")
        with pytest.raises(HeedfulError, match="is writing into this run"):
            run.start(runs.table(), [], "recipe.toml", tmp_path / "run", ignore, overwrite=True)
    assert (tmp_path / "run" / "last").is_dir()
    resume(tmp_path / "run")


def test_a_folder_in_use_is_not_overwritten_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And of one that is, only what a run writes goes away."""
    runs.quick(monkeypatch)
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"stands already; pass --overwrite, another --out, or --resume"):
        start(tmp_path)
    run.start(runs.table(), [], "recipe.toml", tmp_path, ignore, overwrite=True)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"
    found = {path.name for path in tmp_path.iterdir()}
    assert found == {"mine.txt", "recipe.toml", "journal.jsonl", "metrics.json", "best", "last"}
