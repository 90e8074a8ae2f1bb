"""``heedful export``: a folder, a line of talk, and exit codes."""

import shutil
import sys
from pathlib import Path

import pytest

from heedful.export import checking, quantising
from tests.cli.conftest import WORDS
from tests.cli.door import heedful, process, write

pytest.importorskip("onnx", reason="the extra heedful[onnx] is not installed")
pytest.importorskip("onnxruntime", reason="the extra heedful[onnx] is not installed")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is checked is the business of tests/export."""
    monkeypatch.setattr(checking, "LENGTHS", (1, 5))


@pytest.fixture
def bare(run: Path, tmp_path: Path) -> Path:
    """The model alone, without its run."""
    return Path(shutil.copytree(run / "best", tmp_path / "model"))


def test_a_folder_that_answers(run: Path, tmp_path: Path) -> None:
    said = heedful("export", run, "--onnx", tmp_path / "out", "--threads", 1)
    assert (said.code, said.out) == (0, "")
    assert "checked: log-probabilities differ by" in said.talk
    assert f"next: python {tmp_path}/out/runner.py {tmp_path}/out < FILE" in said.talk
    from heedful.export.runner import Runner

    lines = heedful("predict", run, given="".join(f"{word}\n" for word in WORDS)).lines
    found = Runner(tmp_path / "out", 1).predict(WORDS)
    assert [each["hypotheses"][0]["text"] for each in found] == lines


def test_json_and_the_overwrite_rule(fixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    record = heedful("export", fixed / "best", "--onnx", out, "--json").records[0]
    assert record["files"]["runner.py"] == (out / "runner.py").stat().st_size
    assert record["differences"]["log_probs"] < 1e-4
    assert record["scores"] is None
    again = heedful("export", fixed, "--onnx", out)
    assert (again.code, again.out) == (2, "")
    assert "stands already; pass --overwrite" in again.talk
    assert heedful("export", fixed, "--onnx", out, "--overwrite").code == 0


def test_in_bytes_on_the_dev_set_of_the_run(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantising, "MOST_LOST", 30.0)  # eight dev words, and a model that has just begun
    said = heedful("export", run, "--onnx", tmp_path / "out", "--int8", "--json")
    assert said.code == 0, said.talk
    scores = said.records[0]["scores"]
    assert scores["metric"] == "accuracy"
    assert f"int8: accuracy {scores['rounded']:.2f} %" in said.talk
    assert (
        f"note: {scores['count']} dev sources say little about what eight bits cost; pass a longer --dev" in said.talk
    )
    best = heedful("export", run / "best", "--onnx", tmp_path / "best", "--int8", "--json").records[0]
    assert best["scores"] == scores
    monkeypatch.chdir(run / "best")
    here = heedful("export", ".", "--onnx", tmp_path / "here", "--int8", "--json")
    assert here.records[0]["scores"] == scores


def test_in_bytes_on_named_pairs(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantising, "MOST_LOST", 100.0)
    dev = write(tmp_path / "dev.tsv", "abc\tA B C\nab\tA B\n")
    said = heedful("export", bare, "--onnx", tmp_path / "out", "--int8", "--dev", dev, "--json")
    assert said.code == 0, said.talk
    assert said.records[0]["scores"]["count"] == 2
    sources, targets = write(tmp_path / "dev.a", "abc\nab\n"), write(tmp_path / "dev.b", "A B C\nA B\n")
    both = heedful("export", bare, "--onnx", tmp_path / "two", "--int8", "--dev", sources, "--dev", targets, "--json")
    assert both.records[0]["scores"] == said.records[0]["scores"]


def test_bytes_without_anything_to_score(bare: Path, run: Path, tmp_path: Path) -> None:
    said = heedful("export", bare, "--onnx", tmp_path / "out", "--int8")
    assert (said.code, said.out) == (2, "")
    assert "pass --dev FILE" in said.talk
    moved = Path(shutil.copytree(run, tmp_path / "moved"))
    recipe = (moved / "recipe.toml").read_text(encoding="utf-8")
    write(moved / "recipe.toml", recipe.replace("mine.tsv", "gone.tsv"))
    said = heedful("export", moved, "--onnx", tmp_path / "out", "--int8")
    assert said.code == 3
    assert "gone.tsv" in said.talk
    assert "pass --dev FILE" in said.talk
    assert not (tmp_path / "out").exists()


def test_bytes_that_cost_too_much(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantising, "MOST_LOST", -200.0)  # so that no score is good enough
    dev = write(tmp_path / "dev.tsv", "abc\tA B C\n")
    said = heedful("export", bare, "--onnx", tmp_path / "out", "--int8", "--dev", dev)
    assert (said.code, said.out) == (1, "")
    assert "error: not exported: in eight bits accuracy on 1 dev sources" in said.talk
    assert not (tmp_path / "out").exists()


def test_options_that_make_no_sense(run: Path, tmp_path: Path) -> None:
    without = heedful("export", run, "--onnx", tmp_path / "out", "--dev", tmp_path / "dev.tsv")
    assert without.code == 2
    assert "--int8" in without.talk
    assert heedful("export", run).code == 2
    missing = heedful("export", run, "--onnx", tmp_path / "out", "--int8", "--dev", tmp_path / "none.tsv")
    assert (missing.code, missing.out) == (3, "")
    assert "no such file" in missing.talk
    assert heedful("export", tmp_path / "none", "--onnx", tmp_path / "out").code == 3


def test_a_model_stays_a_model(run: Path) -> None:
    said = heedful("export", run, "--onnx", run / "best" / "onnx")
    assert (said.code, said.out) == (2, "")
    assert "which could not be loaded with it; choose another --onnx" in said.talk
    assert heedful("predict", run, given="abc\n").code == 0


def test_no_folder_at_all(run: Path) -> None:
    said = heedful("export", run, "--onnx", "")
    assert said.code == 2
    assert "is empty; name the folder to write" in said.talk


@pytest.mark.parametrize("where", [".", ".."])
def test_the_folder_that_we_are_in(where: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for more in ([], ["--overwrite"]):
        said = heedful("export", run, "--onnx", where, *more)
        assert (said.code, said.out) == (2, "")
        assert said.talk.startswith(f"error: {where} is the folder that you are in, or above it")
        assert said.talk.count("\n") == 1


def test_what_cannot_be_written_is_said_before_any_work(tmp_path: Path) -> None:
    """So long before, that nobody has looked for the model yet."""
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("", encoding="utf-8")
    for name, why in (("dangling", "is a link"), ("mine", "holds what no export wrote: thesis.txt")):
        said = heedful("export", tmp_path / "no-model", "--onnx", tmp_path / name, "--overwrite")
        assert (said.code, said.out) == (2, "")
        assert why in said.talk
    said = heedful("export", tmp_path / "no-model", "--onnx", "/proc/none/out")
    assert (said.code, said.out) == (1, "")
    assert "/proc/none/out: cannot be written" in said.talk


def test_talk_from_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    said = heedful("export", tmp_path / "no-model", "--onnx", tmp_path / "out")
    assert (said.code, said.out) == (3, "")
    assert f"no model at {tmp_path}/no-model" in said.talk


def test_a_missing_package(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    said = heedful("export", run, "--onnx", tmp_path / "out")
    assert (said.code, said.out) == (1, "")
    assert said.talk == "error: exporting needs onnx, which is not installed: pip install 'heedful[onnx]'\n"


def test_nothing_but_our_lines_is_said(run: Path, tmp_path: Path) -> None:
    """No advice of other packages, no warnings: in a process of its own, where they would show."""
    dev = write(tmp_path / "dev.tsv", "abc\tA B C\n")
    said = process("export", run, "--onnx", tmp_path / "out", "--int8", "--dev", dev)
    lines = said.talk.splitlines()
    assert (said.code, said.out) in ((0, ""), (1, ""))
    assert all(
        line.startswith(("checked: ", "int8: ", "note: 1 dev sources", "error: not exported: in eight", str(tmp_path)))
        for line in lines
    ), said.talk
