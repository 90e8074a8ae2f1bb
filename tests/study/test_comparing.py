"""Arms trained, measured and set side by side: nothing twice, nothing lost, and the same whoever did it."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heedful.data.alignments import Links
from heedful.errors import DataError, SettingsError, StoppedError
from heedful.evaluation.comparison import compared as by_seeds
from heedful.predictor import Predictor
from heedful.study import running
from heedful.study.comparing import check_folder, compare
from heedful.study.grid import arms
from heedful.study.measuring import MEASURED, Measured
from heedful.study.running import Progress
from heedful.study.scored import ALPHA, Comparison, Scored
from heedful.training import journal, run
from tests.cli.door import heedful
from tests.study import processes, small
from tests.training import runs

KEPT = ("recipe.toml", "metrics.json", "weights.safetensors", "training.safetensors")
"""What a run writes that no clock has a part in."""


pytestmark = pytest.mark.usefixtures("unchecked")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three arms with two seeds."""
    folder = tmp_path_factory.mktemp("compared") / "out"
    small.compared(folder, small.WIRINGS, seeds=2)
    return folder


@pytest.fixture(scope="module")
def found(out: Path) -> Comparison:
    """The same, from what stands there."""
    return small.compared(out, small.WIRINGS, seeds=2)


def stopped_after(updates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal comes after so many updates of whatever is trained."""
    monkeypatch.setattr(run, "Stopping", lambda: runs.StopAfter(updates))


def same_runs(one: Path, other: Path) -> None:
    """Weights, optimisers, metrics, journals and measures of all that stands in the first, but for what a clock said."""
    here, there = small.standing(one, KEPT), small.standing(other, KEPT)
    assert len(here) >= len(KEPT)
    for name, (_, content) in here.items():
        assert content == there[name][1], name
    for measured in one.rglob(MEASURED):
        beside = other / measured.relative_to(one)
        one_, other_ = (Measured.read(each.parent) for each in (measured, beside))
        assert one_ is not None
        assert other_ is not None
        assert replace(one_, seconds=0, speed=0) == replace(other_, seconds=0, speed=0)
        assert runs.numbers(measured.parent / run.JOURNAL) == runs.numbers(beside.parent / run.JOURNAL)


def test_every_arm_has_a_folder_with_a_run_for_each_seed(out: Path) -> None:
    arms = {f"model.attention={name}" for name in ("fixed", "bahdanau", "luong")}
    assert {path.name for path in out.iterdir()} == {"arms"}
    assert {path.name for path in (out / "arms").iterdir()} == arms
    for arm in (out / "arms").iterdir():
        assert {path.name for path in arm.iterdir()} == {"seed-1", "seed-2"}
        for each in arm.iterdir():
            assert {path.name for path in each.iterdir()} >= {"recipe.toml", "journal.jsonl", "metrics.json", MEASURED}
            assert not (each / ".lock").exists()


def test_what_is_measured_is_what_the_models_say(out: Path, found: Comparison) -> None:
    """Outputs by the recipe's search, metrics as evaluation has them, probabilities by teacher forcing."""
    for scored in found.arms:
        for folder, measured in zip(scored.folders, scored.measured, strict=True):
            predictor = Predictor.load(folder)
            assert list(measured.outputs) == predictor.predict(scored.items.sources)
            forced = predictor.force(scored.items.sources, [each[0] for each in scored.items.references])
            for here, there in zip(measured.log_probs, forced, strict=True):
                np.testing.assert_allclose(here, there.log_probs, atol=1e-3)
            assert (measured.looked is None) == (scored.arm.recipe.model.attention == "fixed")
            assert measured.parameters == sum(each.numel() for each in predictor.network.parameters())
            assert measured.updates == 60
            assert list(measured.lengths) == [len(str(source)) for (source,) in scored.items.sources]
        told = json.loads((scored.folders[0] / run.METRICS).read_text())["metrics"]
        for name in ("item_accuracy", "accuracy", "error_rate"):
            assert scored.mean(name).each[0] == pytest.approx(told[name]["value"])
            assert scored.mean(name).value == pytest.approx(np.mean(scored.mean(name).each))
    assert found.arms[0].folders[0].is_relative_to(out)


def test_weight_on_right_positions_is_that_of_the_diagonal(found: Comparison) -> None:
    """Copying looks at the letter that it writes."""
    for scored in found.arms:
        truth = scored.on_truth()
        if scored.arm.recipe.model.attention == "fixed":
            assert (truth, scored.entropy, scored.alignment_error_rate) == (None, None, None)
            continue
        assert truth is not None
        for place, folder in enumerate(scored.folders):
            predictor = Predictor.load(folder)
            forced = predictor.force(scored.items.sources, [each[0] for each in scored.items.references])
            for (weight, units), hypothesis in zip(truth[0][place], forced, strict=True):
                assert hypothesis.attention is not None
                diagonal = np.diag(hypothesis.attention.weights)
                assert units == len(diagonal)
                assert weight == pytest.approx(diagonal.sum(), abs=1e-3)


def test_all_arms_are_scored_on_the_same_sources(found: Comparison) -> None:
    assert len({each.digest for scored in found.arms for each in scored.measured}) == 1
    assert len({len(each.outputs) for scored in found.arms for each in scored.measured}) == 1
    assert len({tuple(scored.items.sources) for scored in found.arms}) == 1


def test_the_record_is_json_and_says_what_was_found(found: Comparison) -> None:
    record = json.loads(json.dumps(found.record(), allow_nan=False))
    assert record["count"] == len(found.arms[0].items.sources)
    assert [each["name"] for each in record["arms"]] == [each.arm.name for each in found.arms]
    assert [each["best"] for each in record["arms"]].count(True) == 1
    best = next(each for each in record["arms"] if each["best"])
    for each in record["arms"]:
        assert each["seeds"] == [1, 2]
        assert set(each["metrics"]) == {"item_accuracy", "accuracy", "error_rate"}
        for metric in each["metrics"].values():
            assert metric["low"] <= metric["value"] <= metric["high"]
            assert metric["value"] == pytest.approx(np.mean(metric["seeds"]))
        assert each["metrics"]["item_accuracy"]["value"] <= best["metrics"]["item_accuracy"]["value"]
        against = each["against_best"]
        assert (against is None) == each["best"]
        if against is not None:
            gap = each["metrics"]["item_accuracy"]["value"] - best["metrics"]["item_accuracy"]["value"]
            assert against["difference"] == pytest.approx(gap)
            assert against["low"] <= against["difference"] <= against["high"]
            assert against["different"] == (against["p"] < ALPHA)


def test_what_is_finished_is_neither_trained_nor_measured_again(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of it changes, and no model is even loaded."""
    before = small.standing(out)
    told: list[Progress] = []
    monkeypatch.setattr(Predictor, "load", lambda *given: pytest.fail("a model was loaded"))
    found = compare(small.varied(small.WIRINGS), 2, out, told=told.append, timed=False)
    assert small.standing(out) == before
    assert len(found.arms) == 3
    assert [(each.done, each.before) for each in told] == [(True, True)] * 6


def test_more_arms_and_seeds_are_added_to_what_stands(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out")
    before = small.standing(tmp_path / "out")
    told: list[Progress] = []
    found = compare(small.varied("model.attention=luong"), 3, tmp_path / "out", told=told.append, timed=False)
    after = small.standing(tmp_path / "out")
    assert {name: after[name] for name in before} == before
    assert [each.planned.name for each in told if each.done and not each.before] == ["model.attention=luong, seed 3"]
    assert found.arms[0].seeds == (1, 2, 3)
    assert (found.best, found.against_best) == (0, [None])


def test_a_run_that_lost_its_measures_is_measured_again_to_the_same(out: Path, tmp_path: Path) -> None:
    """Missing, torn, or made on other dev data."""
    shutil.copytree(out, tmp_path / "out")
    places = sorted((tmp_path / "out").rglob(MEASURED))
    places[0].unlink()
    places[1].write_bytes(places[1].read_bytes()[:-20])
    other = Measured.read(places[2].parent)
    assert other is not None
    replace(other, digest="0", outputs=("x",)).write(places[2].parent)
    small.compared(tmp_path / "out", small.WIRINGS, seeds=2)
    same_runs(out, tmp_path / "out")


@pytest.mark.parametrize("updates", [3, 25, 60])
def test_an_interrupted_comparison_goes_on_to_the_same(
    updates: int, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first validation, between two, and after the last update."""
    words = "model.attention=luong,fixed"
    with monkeypatch.context() as patch:
        stopped_after(updates, patch)
        with pytest.raises(StoppedError, match="stopped in model.attention=luong, seed 1, saved; the same command"):
            small.compared(tmp_path / "out", words)
    (begun,) = (tmp_path / "out").rglob(run.JOURNAL)
    assert not any(each["event"] == "finished" for each in journal.read(begun))
    small.compared(tmp_path / "out", words)
    started = [each["update"] for each in journal.read(begun) if each["event"] == "started"]
    assert started == [0, updates]
    same_runs(tmp_path / "out", out)


def test_a_run_of_which_nothing_verifies_is_begun_anew(out: Path, tmp_path: Path) -> None:
    """Killed before the first save, or damaged since and not finished."""
    shutil.copytree(out, tmp_path / "out")
    broken, *_ = sorted(path.parent for path in (tmp_path / "out").rglob("recipe.toml"))
    for name in ("best", "last"):
        shutil.rmtree(broken / name)
    told: list[Progress] = []
    compare(small.varied(small.WIRINGS), 2, tmp_path / "out", told=told.append, timed=False)
    assert {each.planned.folder for each in told if not each.before} == {broken}
    same_runs(out, tmp_path / "out")


OTHER = [
    ({"training": {"updates": 61}}, "training.updates", 61, 60),
    ({"model": {"hidden_size": 14}}, "model.hidden_size", 14, 12),
    ({"data": {"task_count": 201}}, "data.task_count", 201, 200),
    ({"search": {"beam_size": 3}}, "search.beam_size", 3, 2),
    ({"training": {"label_smoothing": 0.2}}, "training.label_smoothing", 0.2, 0.1),
    ({"data": {"max_vocabulary": 5}}, "data.max_vocabulary", 5, None),
]


@pytest.mark.parametrize(("change", "key", "here", "there"), OTHER, ids=[each[1] for each in OTHER])
def test_another_recipe_in_the_same_folder_is_refused(change: Any, key: str, here: Any, there: Any, out: Path) -> None:
    before = small.standing(out)
    with pytest.raises(SettingsError, match="was trained by another recipe") as caught:
        small.compared(out, small.WIRINGS, seeds=2, **change)
    assert f"{key}: {here!r} here, {there!r} there" in str(caught.value)
    assert "choose another --out, or remove that folder" in str(caught.value)
    assert small.standing(out) == before


@pytest.mark.parametrize(("change", "key", "there", "here"), OTHER, ids=[each[1] for each in OTHER])
def test_so_is_a_recipe_that_says_less_than_the_one_that_stands_there(
    change: Any, key: str, here: Any, there: Any, tmp_path: Path
) -> None:
    """Judged by what each comes to, not by what each says."""
    (planned, *_) = running.plan(small.varied("model.cell=gru,rnn", **change), 1, tmp_path)
    planned.folder.mkdir(parents=True)
    (planned.folder / run.RECIPE).write_text(planned.recipe.toml(), encoding="utf-8")
    assert not running.finished(planned)
    (other, *_) = running.plan(small.varied("model.cell=gru,rnn"), 1, tmp_path)
    with pytest.raises(SettingsError, match="was trained by another recipe") as caught:
        running.finished(other)
    assert f"{key}: {here!r} here, {there!r} there" in str(caught.value)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    run.start(runs.table(training={"updates": 1, "warmup": 0}), [], "x", tmp_path / "run", lambda event: None)
    before = small.standing(tmp_path)
    for name, why in (("mine", "is no comparison"), ("run", "is no comparison"), ("file", "is a file")):
        with pytest.raises(SettingsError, match=why):
            small.compared(tmp_path / name, small.WIRINGS)
    assert small.standing(tmp_path) == before
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".lock").touch()  # killed before anything was written
    check_folder(tmp_path / "empty")


def renamed(scored: Scored) -> Scored:
    """The same runs as another arm's."""
    return replace(scored, arm=replace(scored.arm, name="twin"))


def test_a_model_does_not_differ_from_itself(found: Comparison) -> None:
    for each in found.arms:
        record = Comparison(found.metric, (each, renamed(each)), ()).record()
        (against,) = [arm["against_best"] for arm in record["arms"] if not arm["best"]]
        assert against == {"difference": 0.0, "low": 0.0, "high": 0.0, "p": 1.0, "different": False}


def test_a_copied_run_does_not_differ_from_the_original(out: Path, found: Comparison, tmp_path: Path) -> None:
    """Its outputs are searched for again, from the copy."""
    (copied,) = running.plan([replace(found.arms[2].arm, name="twin")], 1, tmp_path)
    shutil.copytree(found.arms[2].folders[0], copied.folder)
    (copied.folder / MEASURED).unlink()
    (twin,) = compare([copied.arm], 1, tmp_path, timed=False).arms
    original = replace(found.arms[2], measured=found.arms[2].measured[:1])
    record = Comparison(found.metric, (original, twin), ()).record()
    assert record["arms"][1]["against_best"] == {
        "difference": 0.0,
        "low": 0.0,
        "high": 0.0,
        "p": 1.0,
        "different": False,
    }
    assert not any(path.is_relative_to(tmp_path) for path in out.rglob("*"))


def test_six_seeds_of_one_recipe_split_in_the_ten_ways_hardly_ever_differ(tmp_path: Path) -> None:
    found = small.compared(tmp_path, "model.attention=luong", seeds=6, training={"validate_every": 60})
    (scored,) = found.arms
    counts = scored.statistics("item_accuracy")
    assert len(set(scored.mean("item_accuracy").each)) > 2, "they have to spread for this to say anything"
    values: list[float] = []
    for chosen in combinations(range(6), 3):
        if 0 in chosen:
            a, b = [counts[at] for at in chosen], [counts[at] for at in range(6) if at not in chosen]
            values.append(by_seeds(a, b, scored.metric("item_accuracy").from_statistics, 1000).p)
    assert len(values) == 10
    assert sum(value < ALPHA for value in values) <= 1


def write(path: Path, pairs: int, shift: int = 0) -> Path:
    """Pairs of letters to copy."""
    letters = [f"{chr(97 + (n + shift) % 26)}{chr(97 + n // 26)}" for n in range(pairs)]
    path.write_text("".join(f"{each}\t{each}\n" for each in letters), encoding="utf-8")
    return path


def test_arms_with_other_dev_data_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    train, one, other = write(tmp_path / "train.tsv", 60), write(tmp_path / "a.tsv", 9), write(tmp_path / "b.tsv", 9, 3)
    data = {"train": str(train), "task_count": None, "task_lengths": None, "source": {"column": 1}}
    given = small.table(data={**data, "target": {"column": 2}})
    given["data"] = {key: value for key, value in given["data"].items() if value is not None}
    found = arms(given, [], [("data.dev", (str(one), str(other)))], "x")
    with pytest.raises(SettingsError, match="scored on different dev sources"):
        compare(found, 1, tmp_path / "out", timed=False)
    assert not list((tmp_path / "out").rglob("recipe.toml"))


def links_of(scored: Scored, shift: int = 0) -> list[Links]:
    """The diagonal, or another one."""
    lengths = [len(str(source)) for (source,) in scored.items.sources]
    each = [frozenset(((place + shift) % length, place) for place in range(length)) for length in lengths]
    return [(links, links) for links in each]


def test_links_that_are_given_are_what_attention_is_held_against(out: Path, found: Comparison, tmp_path: Path) -> None:
    """The diagonal is what the task knows itself; without links, or with others, it is measured anew, and else is not."""
    shutil.copytree(out, tmp_path / "out")
    arms = small.varied(small.WIRINGS)

    def measured(links: list[Links] | None) -> list[float | None]:
        compared = compare(arms, 2, tmp_path / "out", links=links, timed=False)
        return [each.alignment_error_rate for each in compared.arms]

    known = measured(None)
    assert known[0] is None
    assert measured(links_of(found.arms[0])) == pytest.approx(known)
    standing = small.standing(tmp_path / "out")
    assert measured(links_of(found.arms[0])) == pytest.approx(known)
    assert small.standing(tmp_path / "out") == standing
    shifted = measured(links_of(found.arms[0], 1))
    assert all(one != other for one, other in zip(shifted[1:], known[1:], strict=True))
    assert measured(None) == known
    with pytest.raises(DataError, match="1 lines of alignments"):
        measured(links_of(found.arms[0])[:1])


def test_links_of_another_number_are_refused_before_anything_is_trained(found: Comparison, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="distinct dev sources"):
        compare(small.varied(small.WIRINGS), 1, tmp_path, links=links_of(found.arms[0])[1:])
    assert not list(tmp_path.rglob("recipe.toml"))


def test_a_run_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any, **named: Any) -> None:
        raise DataError("x.tsv:3: empty", "fix it")

    monkeypatch.setattr(run, "start", fail)
    with pytest.raises(DataError, match="^model.attention=fixed, seed 1: x.tsv:3: empty; fix it$"):
        small.compared(tmp_path, small.WIRINGS)


def test_some_at_a_time_come_to_the_same(out: Path, tmp_path: Path) -> None:
    """In two processes."""
    told: list[Progress] = []
    arms_ = small.varied("model.attention=luong,bahdanau")
    compare(arms_, 1, tmp_path / "out", jobs=2, told=told.append, timed=False)
    assert {each.planned.name for each in told if each.done} == {f"{each.name}, seed 1" for each in arms_}
    same_runs(tmp_path / "out", out)


UPDATES = 500
LONG = [
    "--vary", "model.cell=gru,rnn,lstm", "--seeds", 1, "--jobs", 2, "--threads", 1, "--json",
    *(word for key, value in {
        "data.task_count": 200, "data.task_lengths": "[2,6]",
        "model.attention": "fixed", "model.hidden_size": 12, "model.embedding_size": 8,
        "training.updates": UPDATES, "training.warmup": 5, "training.validate_every": 250, "training.batch_size": 16,
        "evaluation.resamples": 50,
    }.items() for word in ("--set", f"{key}={value}")),
]  # fmt: skip


def ended(folder: Path) -> list[Path]:
    """The runs that are finished."""
    return [path.parent for path in folder.rglob("seed-*/metrics.json")]


def under_way(folder: Path) -> list[Path]:
    """The runs that have come some way, and have a good part before them."""
    begun = {path.parent: journal.read(path) for path in folder.rglob(run.JOURNAL)}
    return [each for each, events in begun.items() if events and 0 < events[-1]["update"] < UPDATES // 2]


def test_killed_half_way_it_goes_on_and_leaves_what_is_finished_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        (tmp_path / "talk.txt").open("wb") as talk,
        processes.begun(talk, "compare", "task:copy", "--out", out, *LONG) as running_,
    ):
        assert processes.waited(lambda: bool(ended(out)) and bool(under_way(out)))
        workers = processes.children(running_.pid)
        assert len(workers) >= 2
        running_.kill()
        running_.wait()
        assert processes.waited(lambda: not any(map(processes.runs, workers))), "they train on for nobody"
    finished = {each: small.standing(each) for each in ended(out)}
    assert finished
    saved = [each for each in out.rglob("seed-*") if (each / "last").exists() and each not in finished]
    assert saved
    said = heedful("compare", "task:copy", "--out", out, *LONG[:5], 1, *LONG[6:])
    assert said.code == 0, said.talk
    assert len(ended(out)) == 3
    assert len(json.loads(said.out)["arms"]) == 3
    for each, before in finished.items():
        after = small.standing(each)
        assert {name: after[name] for name in before} == before
    for each in saved:
        assert [event["update"] for event in journal.read(each / run.JOURNAL) if event["event"] == "started"][-1] > 0


def to_it(process: int) -> None:
    os.kill(process, signal.SIGTERM)


def as_a_terminal(process: int) -> None:
    """To all of them at once."""
    os.killpg(process, signal.SIGINT)


@pytest.mark.parametrize(("send", "early"), [(as_a_terminal, False), (as_a_terminal, True), (to_it, True)])
def test_a_signal_stops_all_of_it_with_one_line(send: Callable[[int], None], early: bool, tmp_path: Path) -> None:
    """While two train, or while their processes are starting, and many runs wait; the same command goes on."""
    out = tmp_path / "out"
    with (
        (tmp_path / "talk.txt").open("wb") as talk,
        processes.begun(talk, "compare", "task:copy", "--out", out, *LONG, "--seeds", 60) as running_,
    ):
        if early:
            assert processes.waited(lambda: len(processes.children(running_.pid)) >= 3)
        else:
            assert processes.waited(lambda: len(under_way(out)) >= 2)
        workers = processes.children(running_.pid)
        send(running_.pid)
        assert running_.wait(processes.PATIENCE) == 130
        assert processes.waited(lambda: not any(map(processes.runs, workers)))
    told = (tmp_path / "talk.txt").read_text().splitlines()
    assert told[-1] == "error: stopped, saved; the same command goes on from there"
    assert not any(line.startswith("error") or "Traceback" in line for line in told[:-1]), told
    if not early:
        begun = [path.parent for path in out.rglob(run.JOURNAL)]
        assert len(begun) >= 2
        assert all((each / "last").exists() for each in begun if journal.read(each / run.JOURNAL)[-1]["update"] > 0)
