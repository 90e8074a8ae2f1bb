"""Defects that a cold reading found, each once a failing test."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from heedful import Seq2Seq
from heedful.checkpoint import load
from heedful.data.settings import DataSettings
from heedful.data.toy import split
from heedful.errors import DataError, SettingsError
from heedful.training import run
from heedful.training.recipe import compose, parse_override, read_table

PAIRS, DEV = split("copy", 60, 1)
SMALL = {"hidden_size": 8, "embedding_size": 8}


def tsv(path: Path, rows: Sequence[tuple[str, ...]]) -> str:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def table(**data: object) -> dict[str, dict[str, object]]:
    return {"data": dict(data), "model": dict(SMALL), "training": {"updates": 2, "validate_every": 1}}


def started(given: dict[str, dict[str, object]], out: Path, *overrides: str) -> run.Ended:
    return run.start(given, [parse_override(each) for each in overrides], "test", out, lambda event: None)


def test_every_source_column_has_a_vocabulary_of_its_own(tmp_path: Path) -> None:
    rows = [(source, "N;SG" if place % 2 else "V;PL", target) for place, (source, target) in enumerate(PAIRS)]
    source = [{"column": 1, "unit": "letters"}, {"column": 2, "unit": "tags"}]
    started(table(train=tsv(tmp_path / "a.tsv", rows), source=source, target={"column": 3}), tmp_path / "run")
    letters, tags = load(tmp_path / "run").source_vocabularies
    assert set(tags.units) == {"N", "SG", "V", "PL"}
    assert set(letters.units) == {letter for source, _, _ in rows for letter in source} - {""}


@pytest.mark.parametrize("with_dev", [True, False])
def test_a_runs_own_recipe_can_be_trained_again_and_resumed(tmp_path: Path, with_dev: bool) -> None:
    data: dict[str, object] = {"train": tsv(tmp_path / "a.tsv", PAIRS)}
    if with_dev:
        data["dev"] = tsv(tmp_path / "dev.tsv", DEV)
    started(table(**data), tmp_path / "run")
    stored = read_table(tmp_path / "run" / "recipe.toml")
    assert compose(stored, [], "stored").recipe.without_effect() == {}
    run.resume(tmp_path / "run", lambda event: None)
    started(stored, tmp_path / "again")


def test_rows_are_judged_in_the_units_that_are_guessed(tmp_path: Path) -> None:
    words = [(f"the {a} sat on a {b}", f"la {a} sur le {b}") for a, b in PAIRS]
    long = (" ".join(["word"] * 300), "un mot de plus")
    with pytest.raises(DataError, match=r"a.tsv:\d+: the source is empty"):
        started(table(train=tsv(tmp_path / "a.tsv", [*words, long, ("   ", "rien du tout ici")])), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    started(table(train=tsv(tmp_path / "b.tsv", [*words, long])), tmp_path / "run")


def test_one_column_of_several_is_not_set_as_if_it_were_the_only_one() -> None:
    two = {"data": {"train": "a.tsv", "source": [{"column": 1}, {"column": 3, "unit": "tags"}]}}
    with pytest.raises(SettingsError, match="set the whole of data.source"):
        compose(two, [parse_override("data.source.unit=words")], "test")


def test_a_target_stands_behind_its_sources() -> None:
    assert DataSettings.read({"source": [{"unit": "letters"}, {"unit": "tags"}]}, "data").target.column == 3
    with pytest.raises(SettingsError, match="both source and target"):
        DataSettings.read({"train": "a.tsv", "target": {"column": 1}}, "data")


@pytest.mark.parametrize("key", ["seed=-1", "seed=100000000000000000000", "device=cuda"])
def test_impossible_training_is_one_line_and_leaves_nothing(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError):
        started(table(train=tsv(tmp_path / "a.tsv", PAIRS)), tmp_path / "run", f"training.{key}")
    assert not (tmp_path / "run").exists()


def test_a_minimum_count_that_nothing_reaches_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="min_count"):
        started(table(train=tsv(tmp_path / "a.tsv", PAIRS)), tmp_path / "run", "data.min_count=1000")


def test_both_cells_spelled_out_do_not_stand_against_resuming_or_fine_tuning(tmp_path: Path) -> None:
    given = table(train=tsv(tmp_path / "a.tsv", PAIRS))
    given["model"] |= {"encoder_cell": "gru", "decoder_cell": "lstm"}
    started(given, tmp_path / "run")
    run.resume(tmp_path / "run", lambda event: None, given)
    run.start(given, [], "test", tmp_path / "finer", lambda event: None, initial=tmp_path / "run")


def test_fine_tuning_on_longer_targets_allows_longer_outputs(tmp_path: Path) -> None:
    started(table(train=tsv(tmp_path / "a.tsv", [(source, "a") for source, _ in PAIRS])), tmp_path / "run")
    longer = table(train=tsv(tmp_path / "b.tsv", [(source, "a" * 40) for source, _ in PAIRS]))
    run.start(longer, [], "test", tmp_path / "finer", lambda event: None, initial=tmp_path / "run")
    assert load(tmp_path / "finer").lengths.longest(5) >= 40


def test_a_loaded_model_is_fitted_again_as_what_it_was(tmp_path: Path) -> None:
    Seq2Seq(cell="gru", attention="bahdanau", **SMALL).fit(PAIRS, updates=2).save(tmp_path / "model")
    again = Seq2Seq.load(tmp_path / "model").fit(PAIRS, updates=2)
    settings = again.predictor.network.settings
    assert (settings.cell, settings.attention, settings.hidden_size) == ("gru", "bahdanau", 8)


def test_search_in_python() -> None:
    model = Seq2Seq(**SMALL).fit(iter(PAIRS), updates=2)
    sources = [source for source, _ in PAIRS[:3]]
    assert all(len(result.hypotheses) <= 3 for result in model.search(sources, 5, 3))
    assert model.predict(source for source in sources) == model.predict(sources)
    with pytest.raises(SettingsError, match="batch_size"):
        model.predict(sources, batch_size=0)
    with pytest.raises(DataError, match="put it into a list"):
        model.predict("abc")
    with pytest.raises(DataError, match="source 1 is empty"):
        model.encode([""])
