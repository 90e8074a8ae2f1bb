"""Pictures from the shell: made, trained on, predicted, scored and looked at; a bad one is one line, before anything is done."""

import io
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from heedful.checkpoint import load
from heedful.cli import incoming
from heedful.data.digits import drawn_digits
from heedful.errors import DataError, SettingsError, StoppedError
from heedful.native import kernels
from heedful.predictor import Predictor
from heedful.training import run as runs_of
from heedful.training.journal import Event
from tests.cli.door import Said, heedful, write
from tests.training import runs

COUNT = 40
SMALL: dict[str, str] = {
    "data.source.unit": "columns", "data.source.height": "16", "model.hidden_size": "8", "model.embedding_size": "4",
    "model.reader_channels": "[2,2,2]", "model.subsampling": "4", "evaluation.resamples": "20",
    "training.updates": "6", "training.warmup": "2", "training.validate_every": "6", "training.batch_size": "16",
}  # fmt: skip


def quick(**others: str | None) -> list[str]:
    """Options of a training on pictures that is over in a moment; ``room__key`` is room.key, None leaves it out."""
    chosen = SMALL | {key.replace("__", "."): value for key, value in others.items()}
    said = [("--set", f"{key}={value}") for key, value in chosen.items() if value is not None]
    return ["--threads", "1", *(word for each in said for word in each)]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of ours."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with ``mine.tsv``, its pictures, and a run of a model of them."""
    folder = tmp_path_factory.mktemp("pictures")
    kernels.prepare()  # found or built where they always are, before the cache is another one
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        made = heedful("data", "make", "digits", "--count", COUNT, "--seed", 3, "--out", folder / "mine.tsv")
        assert (made.code, made.out) == (0, "")
        said = heedful("train", folder / "mine.tsv", "--out", folder / "run", *quick())
        assert (said.code, said.out) == (0, ""), said.talk
        write(folder / "talk.txt", said.talk)
        yield folder


def names(folder: Path) -> list[str]:
    """The pictures as the file names them."""
    return [line.split("\t")[0] for line in (folder / "mine.tsv").read_text().splitlines()]


def one_line(said: Said, code: int = 3) -> str:
    """The one line that an error is, behind what was said before it."""
    assert (said.code, said.out) == (code, "")
    *_, last = said.talk.removesuffix("\n").split("\n")
    assert last.startswith("error: ")
    assert said.talk.count("error: ") == 1
    return last.removeprefix("error: ")


def test_pictures_are_made_beside_the_file_that_names_them(folder: Path, tmp_path: Path) -> None:
    rows = [line.split("\t") for line in (folder / "mine.tsv").read_text().splitlines()]
    drawn = drawn_digits(COUNT, seed=3)
    assert [target for _, target in rows] == [each.target for each in drawn]
    for (name, _), each in zip(rows, drawn, strict=True):
        assert name.startswith("mine_pictures/")
        with Image.open(folder / name) as picture:
            np.testing.assert_array_equal(np.asarray(picture), each.pixels)
    assert heedful("data", "make", "digits", "--count", COUNT, "--seed", 3, "--out", tmp_path / "mine.tsv").code == 0
    assert (tmp_path / "mine.tsv").read_bytes() == (folder / "mine.tsv").read_bytes()
    again = heedful("data", "make", "digits", "--count", 3, "--out", tmp_path / "mine.tsv")
    assert "--overwrite" in one_line(again, 2)
    assert "--out" in one_line(heedful("data", "make", "digits"), 2)


def test_pictures_are_checked(folder: Path, tmp_path: Path) -> None:
    said = heedful("data", "check", folder / "mine.tsv", "--set", "data.source.unit=columns")
    assert said.code == 0
    assert f"{COUNT} rows" in said.out
    data = write(tmp_path / "mine.tsv", f"{folder / names(folder)[0]}\t1\nmissing.png\t2\n")
    said = heedful("data", "check", data, "--set", "data.source.unit=columns")
    assert said.code == 0
    assert f"{data}:2: the source missing.png: no such file" in said.out


def test_what_a_run_leaves_and_says(folder: Path) -> None:
    run = folder / "run"
    left = {path.name for path in run.iterdir()}
    assert left >= {
        "recipe.toml",
        "journal.jsonl",
        "metrics.json",
        "best",
        "last",
        "attention-1.svg",
        "attention-1.png",
    }
    recipe = tomllib.loads((run / "recipe.toml").read_text())
    assert recipe["data"]["frames"] == "cached"
    assert recipe["data"]["source"] == [
        {"column": 1, "unit": "columns", "height": 16, "colour": "grey", "join": 1, "max_frames": 4000,
         "max_pixels": 20_000_000}
    ]  # fmt: skip
    with Image.open(run / "attention-1.png") as drawn:
        assert drawn.width > 100
    assert "<image" in (run / "attention-1.svg").read_text()
    talk = (folder / "talk.txt").read_text()
    for expected in ("to validate on", "6 updates", "done: all updates done", "next: heedful evaluate"):
        assert expected in talk
    assert "units chosen" not in talk


def test_an_output_for_every_picture(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named relative to the file that names them, or where the shell stands."""
    listed = write(folder / "names.txt", "".join(f"{name}\n" for name in names(folder)))
    monkeypatch.chdir(tmp_path)
    said = heedful("predict", folder / "run", listed)
    assert (said.code, said.talk) == (0, "")
    assert len(said.lines) == COUNT
    absolute = "".join(f"{folder / name}\n" for name in names(folder))
    assert heedful("predict", folder / "run", given=absolute).out == said.out
    assert heedful("predict", folder / "run", "-", given=listed.read_bytes()).code == 3
    monkeypatch.chdir(folder)
    assert heedful("predict", folder / "run", given=listed.read_bytes()).out == said.out
    assert heedful("predict", "run", "names.txt").out == said.out


@pytest.mark.parametrize(("size", "chunk", "at_once"), [(1, 2000, 256), (7, 10, 3), (64, 1, 256)])
def test_batches_and_chunks_change_nothing(
    folder: Path, size: int, chunk: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    given = "".join(f"{name}\n\n" for name in names(folder)[:12])
    expected = heedful("predict", "run", "--json", given=given).records
    monkeypatch.setattr(incoming, "CHUNK", chunk)
    monkeypatch.setattr(incoming, "FRAMES_AT_ONCE", at_once)
    found = heedful("predict", "run", "--json", "--batch-size", size, given=given).records
    assert [each["source"] for each in found] == given.splitlines()
    for one, other in zip(found, expected, strict=True):
        assert [each["text"] for each in one["hypotheses"]] == [each["text"] for each in other["hypotheses"]]
        for mine, yours in zip(one["hypotheses"], other["hypotheses"], strict=True):
            assert mine["score"] == pytest.approx(yours["score"], abs=1e-5)


def test_many_pictures_are_read_some_at_a_time(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are read at once, and more than are searched at once."""
    monkeypatch.setattr(incoming, "FRAMES_AT_ONCE", 16)
    monkeypatch.setattr("heedful.predictor.CHUNK", 24)
    file = write(tmp_path / "names.txt", "".join(f"{folder / name}\n" for name in names(folder)))
    expected = [heedful("predict", folder / "run", given=f"{folder / name}\n").out for name in names(folder)[::9]]
    found = heedful("predict", folder / "run", file).lines
    assert [f"{line}\n" for line in found[::9]] == expected
    assert len(found) == COUNT


BAD = {
    "missing": "no such file",
    "words": "is no picture that can be read",
    "cut": "is damaged (image file is truncated",
    "huge": "is a picture of 5,000 × 5,000 pixels, more than max_pixels = 20,000,000",
    "wide": "gives 32,000 frames, more than max_frames = 4,000",
    "empty": "is empty: a file of 0 bytes",
    "folder": "is a folder",
}


def bad_picture(kind: str, place: Path) -> str:
    """The name of a picture beside ``place`` that can't be read."""
    path = place / f"{kind}.png"
    if kind == "words":
        write(path, "these are words")
    elif kind == "cut":
        file = io.BytesIO()
        Image.fromarray(drawn_digits(1, seed=1)[0].pixels).save(file, "PNG")
        write(path, file.getvalue()[:300])
    elif kind == "huge":
        Image.new("1", (5000, 5000)).save(path)
    elif kind == "wide":
        Image.new("1", (2000, 1)).save(path)
    elif kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    return path.name


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_picture_stops_a_prediction_before_anything_is_written(folder: Path, kind: str, tmp_path: Path) -> None:
    good = [str(folder / name) for name in names(folder)[:2]]
    file = write(tmp_path / "names.txt", f"{good[0]}\n{bad_picture(kind, tmp_path)}\n{good[1]}\n")
    said = one_line(heedful("predict", folder / "run", file))
    assert said.startswith(f"{file}:2: {kind}.png: {BAD[kind]}")
    assert said.endswith("fix the line or pass --on-bad skip")
    expected = heedful("predict", folder / "run", given="".join(f"{each}\n" for each in good)).lines
    skipped = heedful("predict", folder / "run", file, "--on-bad", "skip")
    assert (skipped.code, skipped.lines) == (0, [expected[0], "", expected[1]])
    assert f"note: 1 bad line answered with an empty one, the first: {file}:2: {kind}.png: {BAD[kind]}" in skipped.talk
    record = heedful("predict", folder / "run", file, "--on-bad", "skip", "--json").records[1]
    assert record == {"source": f"{kind}.png", "hypotheses": []}


def test_bad_lines_far_apart_are_all_found_first(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "CHUNK", 2)
    monkeypatch.setattr(incoming, "FRAMES_AT_ONCE", 3)
    good = str(folder / names(folder)[0])
    file = write(tmp_path / "names.txt", f"{good}\n" * 7 + "x.png\n" + f"{good}\n" * 3 + "y.png\na\tb\n\n")
    said = heedful("predict", folder / "run", file)
    assert (said.code, said.out) == (3, "")
    for line, why in ((8, "x.png: no such file"), (12, "y.png: no such file"), (13, "2 columns, but the source has 1")):
        assert f"names.txt:{line}: {why}" in said.talk
    skipped = heedful("predict", folder / "run", file, "--on-bad", "skip")
    assert len(skipped.lines) == 14
    assert [number for number, line in enumerate(skipped.lines, start=1) if not line and number in (8, 12, 13, 14)] == [
        8,
        12,
        13,
        14,
    ]


def test_scores(folder: Path, tmp_path: Path) -> None:
    said = heedful("evaluate", folder / "run", folder / "mine.tsv", "--json")
    assert said.code == 0
    (record,) = said.records
    assert {"accuracy", "error_rate"} <= set(record["metrics"])
    rows = (folder / "mine.tsv").read_text().splitlines()
    data = write(folder / "bad.tsv", f"{rows[0]}\nmissing.png\t12\n{rows[1]}\n")
    place = f"{data}:2: the source missing.png: no such file"
    assert one_line(heedful("evaluate", folder / "run", data)) == f"{place}; fix the row or pass --on-bad skip"
    skipped = heedful("evaluate", folder / "run", data, "--on-bad", "skip", "--json")
    assert skipped.code == 0
    assert "1 bad row" in skipped.talk
    outputs = heedful("predict", folder / "run", given=f"{folder / names(folder)[0]}\n").lines
    right = write(tmp_path / "right.tsv", f"{folder / names(folder)[0]}\t{outputs[0] or '7'}\n")
    (record,) = heedful("evaluate", folder / "run", right, "--json").records
    assert record["metrics"]["accuracy"]["value"] == (100 if outputs[0] else 0)


@pytest.mark.parametrize(("suffix", "begins"), [("png", b"\x89PNG"), ("svg", b"<"), ("json", b"{")])
def test_a_picture_is_looked_at(folder: Path, tmp_path: Path, suffix: str, begins: bytes) -> None:
    picture, out = folder / names(folder)[0], tmp_path / f"map.{suffix}"
    said = heedful("attend", folder / "run", picture, "--target", "12", "--out", out)
    assert (said.code, said.lines) == (0, ["12"]), said.talk
    assert out.read_bytes().startswith(begins)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    if suffix == "json":
        record = json.loads(out.read_text())
        assert record["target"] == ["1", "2"]
        assert [len(row) for row in record["weights"]] == [len(record["source"])] * 2
        assert record["source"][0].startswith("0-")
    elif suffix == "svg":
        assert b"<image" in out.read_bytes()


def test_a_picture_in_the_terminal_and_as_it_is_spelled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    said = heedful("attend", "run", names(folder)[0], "--target", "12")
    assert said.code == 0
    assert said.lines[0] == f"{names(folder)[0]} → 12"
    assert heedful("attend", "run", names(folder)[0]).code == 0


@pytest.mark.parametrize("kind", ["missing", "words", "cut", "folder"])
def test_a_picture_that_cannot_be_looked_at(folder: Path, tmp_path: Path, kind: str) -> None:
    name = tmp_path / bad_picture(kind, tmp_path)
    said = one_line(heedful("attend", folder / "run", name, "--out", tmp_path / "map.png"))
    assert said.startswith(f"SOURCE: {name}: {BAD[kind]}")
    assert not (tmp_path / "map.png").exists()
    assert one_line(heedful("attend", folder / "run", "")).startswith("SOURCE is empty")


@pytest.mark.parametrize("frames", ["cached", "live"])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_picture_ends_a_training_before_it_begins(folder: Path, kind: str, frames: str, tmp_path: Path) -> None:
    rows = [f"{folder / name}\t1\n" for name in names(folder)[:12]]
    data = write(tmp_path / "mine.tsv", "".join(rows[:6]) + f"{bad_picture(kind, tmp_path)}\t2\n" + "".join(rows[6:]))
    said = one_line(heedful("train", data, "--out", tmp_path / "run", *quick(data__frames=frames)))
    assert said.startswith(f"{data}:7: the source {kind}.png: {BAD[kind]}")
    assert said.endswith("fix the row or pass --on-bad skip")
    assert not (tmp_path / "run").exists()


def test_bad_pictures_left_out(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_of, "PICTURES", 0)
    rows = [f"{folder / name}\t1\n" for name in names(folder)[:12]]
    data = write(tmp_path / "mine.tsv", "".join(rows) + f"{bad_picture('cut', tmp_path)}\t2\nmissing.png\t2\n")
    said = heedful("train", data, "--out", tmp_path / "run", "--on-bad", "skip", *quick(training__updates="3"))
    assert said.code == 0, said.talk
    assert said.talk.count("2 bad rows of") == 1


def test_a_bad_picture_of_the_dev_file_is_named_there(folder: Path, tmp_path: Path) -> None:
    dev = write(tmp_path / "dev.tsv", "missing.png\t1\n")
    said = one_line(heedful("train", folder / "mine.tsv", "--dev", dev, "--out", tmp_path / "run", *quick()))
    assert said.startswith(f"{dev}:1: the source missing.png: no such file")
    assert not (tmp_path / "run").exists()


def test_without_pillow_one_line_says_how_to_get_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "PIL", None)
    said = heedful("train", folder / "mine.tsv", "--out", tmp_path / "run", *quick())
    assert one_line(said, 1) == "pictures need Pillow, which is not installed: pip install 'heedful[image]'"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("data.source.heigth=8", "did you mean 'height'?"),
        ("data.source.patch=8", "it is a key of patches, this is unit = 'columns'"),
        ("data.source.rate=8000", "it is a key of log-mel"),
        ("data.source.colour=gray", "did you mean 'grey'?"),
        ("data.target.unit=columns", "frames are sources"),
        ("data.frames=often", "cached"),
        ("model.reader=embedding", "reader = 'embedding'"),
    ],
)
def test_bad_settings_leave_nothing(folder: Path, setting: str, why: str, tmp_path: Path) -> None:
    said = heedful("train", folder / "mine.tsv", "--out", tmp_path / "run", *quick(), "--set", setting)
    assert (said.code, said.out) == (2, "")
    assert why in said.talk
    assert not (tmp_path / "run").exists()


def test_a_model_keeps_its_settings_wherever_it_stands(folder: Path, tmp_path: Path) -> None:
    """Copied away from its data, it reads pictures as it was trained to."""
    predictor = Predictor.load(folder / "run")
    moved = tmp_path / "moved"
    (folder / "run" / "best").rename(moved)
    try:
        given = f"{folder / names(folder)[0]}\n"
        said = heedful("predict", moved, "--json", given=given)
        (record,) = said.records
        (result,) = predictor.search([(given.strip(),)])
        assert record == json.loads(json.dumps(result.record()))
    finally:
        moved.rename(folder / "run" / "best")


def test_pictures_beside_tags(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_of, "PICTURES", 0)
    lines = "".join(
        f"{folder / name}\t{number % 7}\tN;{'ab'[number % 2]}\n" for number, name in enumerate(names(folder))
    )
    data = write(tmp_path / "mine.tsv", lines)
    columns = "[{column=1,unit='columns',height=16},{column=3,unit='tags',split=';'}]"
    words = quick(training__updates="3", data__source__unit=None, data__source__height=None)
    words += ["--set", f"data.source={columns}", "--set", "data.target={column=2}"]
    said = heedful("train", data, "--out", tmp_path / "run", *words)
    assert said.code == 0, said.talk
    given = f"{folder / names(folder)[0]}\tN;a\n\n{folder / names(folder)[1]}\tN;b\n"
    assert [bool(each["hypotheses"]) for each in heedful("predict", tmp_path / "run", "--json", given=given).records] == [
        True, False, True,
    ]  # fmt: skip
    assert "no such file" in one_line(heedful("predict", tmp_path / "run", given="x.png\tN;a\n"))
    assert "1 column, but the source has 2 columns" in one_line(heedful("predict", tmp_path / "run", given="x.png\n"))
    said = heedful(
        "attend", tmp_path / "run", f"{folder / names(folder)[0]}\tN;a", "--target", "3", "--out", tmp_path / "m.json"
    )
    assert said.code == 0, said.talk
    assert json.loads((tmp_path / "m.json").read_text())["source"][-2:] == ["N", "a"]


def test_sound_and_arrays_from_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_of, "PICTURES", 0)
    random = np.random.default_rng(0)
    for number in range(20):
        np.save(tmp_path / f"{number}.npy", random.normal(size=(3 + number % 3, 4)))
        soundfile.write(tmp_path / f"{number}.wav", random.normal(size=3000 + 100 * number) * 0.1, 16_000)
    for suffix, unit in (("npy", "vectors"), ("wav", "log-mel")):
        data = write(tmp_path / f"{suffix}.tsv", "".join(f"{number}.{suffix}\t{number % 5}\n" for number in range(20)))
        words = ["--set", f"data.source.unit={unit}", "--set", "model.hidden_size=8", "--set", "training.updates=3",
                 "--set", "training.warmup=1", "--threads", "1"]  # fmt: skip
        said = heedful("train", data, "--out", tmp_path / unit, *words)
        assert said.code == 0, said.talk
        assert (
            len(heedful("predict", tmp_path / unit, write(tmp_path / "some.txt", f"0.{suffix}\n1.{suffix}\n")).lines)
            == 2
        )
        out = tmp_path / "m.json"
        said = heedful("attend", tmp_path / unit, tmp_path / f"0.{suffix}", "--target", "3", "--out", out)
        assert said.code == 0, said.talk
        first = json.loads(out.read_text())["source"][0]
        assert first == "0" if suffix == "npy" else first.startswith("0.00-0.0")
        assert "no such file" in one_line(heedful("predict", tmp_path / unit, given=f"x.{suffix}\n"))
    np.save(tmp_path / "other.npy", np.zeros((3, 5)))
    said = one_line(heedful("predict", tmp_path / "vectors", given=f"{tmp_path / 'other.npy'}\n"))
    assert said.startswith(f"stdin:1: {tmp_path / 'other.npy'}: has 5 features, and the column has 4")


def table(**data: Any) -> dict[str, dict[str, Any]]:
    """A run on pictures with every kind of chance: order, dropout, masks, noise, shifts, scaling."""
    return runs.table(
        data={"source": {"unit": "columns", "height": 8}, "task_count": 60, **data},
        model={"reader_channels": [2, 2], "subsampling": 2, "encoder_size": None},
        training={
            "augment": {"shift": 0.1, "scale": 0.1, "slant": 0.1, "noise": 0.1, "time_masks": 1, "band_masks": 1},
            "batch_size": 16, "updates": 8, "validate_every": 3, "unit_dropout": None,
        },
    )  # fmt: skip


def ignore(event: Event) -> None:
    """Watches nothing."""


def start(out: Path, given: dict[str, dict[str, Any]], stop: int | None = None) -> None:
    """A run in this folder; a signal comes after ``stop`` updates."""
    with pytest.MonkeyPatch.context() as patch:
        if stop is not None:
            patch.setattr(runs_of, "Stopping", lambda: runs.StopAfter(stop))
        runs_of.start(given, [], "recipe.toml", out, ignore)


def same(one: Path, other: Path) -> None:
    """The two runs came to the same: weights, optimiser, averages, journal and metrics."""
    for name in ("last", "best"):
        here, there = load(one / name, with_training=True), load(other / name, with_training=True)
        runs.same_tensors(here.weights, there.weights)
        assert (here.training is None) == (there.training is None)
        if here.training is not None and there.training is not None:
            runs.same_tensors(here.training.tensors, there.training.tensors)
    assert runs.numbers(one / runs_of.JOURNAL) == runs.numbers(other / runs_of.JOURNAL)
    assert (one / runs_of.METRICS).read_bytes() == (other / runs_of.METRICS).read_bytes()


@pytest.fixture(scope="module")
def straight(folder: Path) -> dict[str, Path]:
    """Runs that nobody interrupted: of the task, and of files that were prepared once or for every batch."""
    given = {"task": table(train="task:digits")}
    for frames in ("cached", "live"):
        train = {"train": str(folder / "mine.tsv"), "task_count": None, "task_seed": None, "frames": frames}
        given[frames] = table(**train, workers=3 if frames == "live" else 1)
    with pytest.MonkeyPatch.context() as patch:
        runs.quick(patch)
        for name, each in given.items():
            start(folder / f"straight-{name}", each)
            with pytest.raises(StoppedError):
                start(folder / f"broken-{name}", each, stop=5)
    return {name: folder / f"straight-{name}" for name in given}


@pytest.mark.parametrize("name", ["task", "cached", "live"])
def test_interrupted_is_uninterrupted(name: str, straight: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    runs.quick(monkeypatch)
    broken = straight[name].with_name(f"broken-{name}")
    monkeypatch.chdir("/")
    runs_of.resume(broken, ignore)
    same(straight[name], broken)
    assert load(broken / "last").update == 8


def test_prepared_once_or_for_every_batch_the_weights_are_the_same(straight: dict[str, Path]) -> None:
    same(straight["cached"], straight["live"])
    task = load(straight["task"] / "last").weights
    assert any(not torch.equal(value, task[name]) for name, value in load(straight["live"] / "last").weights.items())


def test_augmentation_is_off_at_prediction(straight: dict[str, Path], folder: Path) -> None:
    predictor = Predictor.load(straight["cached"])
    rows = [(str(folder / name),) for name in names(folder)[:6]]
    torch.manual_seed(0)
    first = [result.record() for result in predictor.search(rows)]
    torch.manual_seed(1)
    assert [result.record() for result in predictor.search(rows)] == first


@pytest.mark.parametrize("change", ["another picture", "gone"])
def test_changed_pictures_are_refused(
    change: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.quick(monkeypatch)
    data = write(tmp_path / "mine.tsv", (folder / "mine.tsv").read_bytes())
    (tmp_path / "mine_pictures").mkdir()
    for name in names(folder):
        write(tmp_path / name, (folder / name).read_bytes())
    given = table(train=str(data), task_count=None, task_seed=None)
    with pytest.raises(StoppedError):
        start(tmp_path / "run", given, stop=2)
    victim = tmp_path / names(folder)[7]
    before = victim.read_bytes()
    if change == "gone":
        victim.unlink()
        with pytest.raises(DataError, match=rf"{data}:8: the source {names(folder)[7]}: no such file"):
            runs_of.resume(tmp_path / "run", ignore)
    else:
        with Image.open(victim) as picture:
            turned = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)  # of the same width
        turned.save(victim)
        with pytest.raises(SettingsError, match="--resume: the data changed since"):
            runs_of.resume(tmp_path / "run", ignore)
    victim.write_bytes(before)
    runs_of.resume(tmp_path / "run", ignore)


def test_a_picture_that_changes_under_a_live_run_ends_it_with_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.quick(monkeypatch)
    data = write(tmp_path / "mine.tsv", "".join(f"{number}.png\t{number % 5}\n" for number in range(30)))
    for number, name in enumerate(names(folder)[:30]):
        write(tmp_path / f"{number}.png", (folder / name).read_bytes())
    words = quick(data__frames="live", training__updates="40", training__validate_every="10")

    class Changing(runs.StopAfter):
        def __call__(self) -> bool:
            if super().__call__():
                for number in range(30):
                    Image.new("L", (7, 7)).save(tmp_path / f"{number}.png")
            return False

    monkeypatch.setattr(runs_of, "Stopping", lambda: Changing(5))
    said = heedful("train", data, "--out", tmp_path / "run", *words)
    assert one_line(said, 1).endswith("has changed since training began; start again")


def test_a_run_goes_on_with_the_recipe_that_it_was_begun_with(folder: Path, tmp_path: Path) -> None:
    """Said again, in whole or in part, it is the same; what differs is refused with both values, a table's part as well."""
    out, more = tmp_path / "run", {"training__augment": "{noise=0.1}"}
    assert heedful("train", folder / "mine.tsv", "--out", out, *quick(**more)).code == 0
    assert heedful("train", "--resume", out, *quick(**more)[2:]).code == 0
    for same in ("model.reader=convolution", "data.frames=cached", "data.source.unit=columns"):
        said = heedful("train", "--resume", out, "--set", same)
        assert said.code in (0, 2), said.talk
        assert "no effect" not in said.talk
    for key in ("training.augment.noise=0.7", "model.subsampling=2", "data.frames=live"):
        said = heedful("train", "--resume", out, "--set", key)
        assert said.code == 2
        assert key.split("=")[0].rpartition(".noise")[0] or key.split("=")[0] in said.talk
        assert "here" in said.talk
        assert "there" in said.talk


def test_digits_are_pictures_and_nothing_else(tmp_path: Path) -> None:
    for unit in ("log-mel", "vectors", "letters"):
        said = heedful("train", "task:digits", "--out", tmp_path / "run", "--set", f"data.source.unit={unit}")
        assert said.code == 2
        assert "columns or patches" in said.talk


def test_pictures_that_were_made_are_not_written_over(tmp_path: Path) -> None:
    made = ("data", "make", "digits", "--out", tmp_path / "x.tsv", "--count")
    assert heedful(*made, 12).code == 0
    (tmp_path / "x.tsv").unlink()
    assert heedful(*made, 5).code == 2
    assert heedful(*made, 5, "--overwrite").code == 0
    assert len(list((tmp_path / "x_pictures").iterdir())) == 5
