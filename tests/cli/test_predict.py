"""``heedful predict``: line i answers line i, whatever comes in."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from heedful.cli import incoming
from tests.cli.conftest import WORDS
from tests.cli.door import command, environment, heedful, write

LINES = "".join(f"{word}\n" for word in WORDS)


def test_a_line_for_a_line(run: Path, tmp_path: Path) -> None:
    """From standard input, from a file, and from the folder of the model itself."""
    piped = heedful("predict", run, given=LINES)
    assert piped.code == 0
    assert len(piped.lines) == len(WORDS)
    right = sum(line == " ".join(word.upper()) for word, line in zip(WORDS, piped.lines, strict=True))
    assert right > len(WORDS) / 2  # so that an order gone wrong would show
    named = heedful("predict", run / "best", write(tmp_path / "words.txt", LINES))
    assert named.out == piped.out
    assert heedful("predict", run, "-", given=LINES).out == piped.out
    assert piped.talk == ""


@pytest.mark.parametrize(("size", "chunk"), [(1, 2000), (7, 10), (64, 1)])
def test_batches_and_chunks_change_nothing(run: Path, size: int, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = heedful("predict", run, "--json", given=LINES).records
    monkeypatch.setattr(incoming, "CHUNK", chunk)
    found = heedful("predict", run, "--json", "--batch-size", size, given=LINES).records
    assert [each["source"] for each in found] == WORDS
    for one, other in zip(found, expected, strict=True):
        assert one["hypotheses"][0]["text"] == other["hypotheses"][0]["text"]
        assert one["hypotheses"][0]["score"] == pytest.approx(other["hypotheses"][0]["score"], abs=1e-5)


def test_the_json_is_the_pinned_one(run: Path) -> None:
    said = heedful("predict", run, "--json", "--n-best", 3, given="abc\n\ncd\n")
    first, empty, last = said.records
    assert empty == {"source": "", "hypotheses": []}
    assert (first["source"], last["source"]) == ("abc", "cd")
    assert list(first) == ["source", "hypotheses"]
    assert len(first["hypotheses"]) == 3
    scores = [each["score"] for each in first["hypotheses"]]
    assert scores == sorted(scores, reverse=True)
    for each in first["hypotheses"]:
        assert list(each) == ["text", "score", "log_prob", "log_probs", "units", "attention"]
        assert len(each["log_probs"]) == len(each["units"]) + 1
        assert each["log_prob"] == pytest.approx(sum(each["log_probs"]), abs=1e-6)
        assert each["attention"]["source"] == ["a", "b", "c"]
        assert [len(row) for row in each["attention"]["weights"]] == [3] * len(each["units"])


def test_without_attention_the_json_says_null(fixed: Path) -> None:
    assert heedful("predict", fixed, "--json", given="ab\n").records[0]["hypotheses"][0]["attention"] is None


def test_several_best_need_json_and_widen_the_beam(run: Path) -> None:
    refused = heedful("predict", run, "--n-best", 2, given="ab\n")
    assert refused.code == 2
    assert "--json" in refused.talk
    assert len(heedful("predict", run, "--json", "--n-best", 7, given="ab\n").records[0]["hypotheses"]) == 7
    narrow = heedful("predict", run, "--json", "--n-best", 3, "--beam-size", 2, given="ab\n")
    assert narrow.code == 2
    assert "beam_size = 3" in narrow.talk


@pytest.mark.parametrize(
    ("option", "value"),
    [("--beam-size", "0"), ("--beam-size", "10000000"), ("--batch-size", "0"), ("--length-penalty", "nan")],
)
def test_impossible_options(run: Path, option: str, value: str) -> None:
    said = heedful("predict", run, option, value, given="ab\n")
    assert (said.code, said.out) == (2, "")


def test_an_empty_line_and_a_missing_line_feed(run: Path) -> None:
    assert heedful("predict", run, given="\n").lines == [""]
    assert heedful("predict", run, given="").out == ""
    assert len(heedful("predict", run, given="ab\n\ncd").lines) == 3


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"zzz", "no unit of it was seen in training"),
        (b"a\xffb", "not UTF-8 (byte 2 is 0xff)"),
        (b"a\tb", "2 columns, but the source has 1 column"),
        (b"a\0b", "a NUL byte"),
        (b"ab\r", "ends in \\r\\n"),
        (b"a" * 5000, "5,000 units, more than the model's max_units = 1,000"),
        (b"a" * 1_500_000, "a line of 1,500,001 bytes"),
    ],
)
def test_a_bad_line_stops_or_is_left_out(run: Path, bad: bytes, why: str, tmp_path: Path) -> None:
    given = b"ab\n" + bad + b"\ncd\n"
    stopped = heedful("predict", run, given=given)
    assert (stopped.code, stopped.out) == (3, "")
    assert stopped.talk.startswith(f"error: stdin:2: {why}")
    assert "--on-bad skip" in stopped.talk
    skipped = heedful("predict", run, "--on-bad", "skip", given=given)
    good = heedful("predict", run, given="ab\ncd\n").lines
    assert (skipped.code, skipped.lines) == (0, [good[0], "", good[1]])
    assert "1 bad line" in skipped.talk
    assert f"stdin:2: {why}" in skipped.talk
    record = heedful("predict", run, "--on-bad", "skip", "--json", given=given).records[1]
    assert record["hypotheses"] == []


def test_a_file_is_looked_through_before_anything_is_written(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "CHUNK", 2)
    path = write(tmp_path / "words.txt", "ab\n" * 9 + "zz\n" * 7)
    said = heedful("predict", run, path)
    assert (said.code, said.out) == (3, "")
    assert said.talk.count("words.txt:") == 5
    assert "and 2 more" in said.talk
    # a stream can't be read twice: what was good before the bad chunk has been answered
    assert len(heedful("predict", run, given="ab\n" * 9 + "zz\n").lines) == 8


def test_windows_lines_and_marks(run: Path) -> None:
    expected = heedful("predict", run, given="ab\ncd\n").lines
    assert heedful("predict", run, given=b"\xef\xbb\xbfab\ncd\n").lines == expected
    assert heedful("predict", run, given=b"ab\r\ncd\r\n").lines == expected
    said = heedful("predict", run, given="ab\n".encode("utf-16"))
    assert said.code == 3
    assert "UTF-16" in said.talk


def test_only_line_feeds_end_a_line(run: Path) -> None:
    assert len(heedful("predict", run, given="a\u2028b\x0bc\u0085d\n").lines) == 1


def test_unknown_units_are_counted_once_at_the_end(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "CHUNK", 1)
    said = heedful("predict", run, given="aß\nbßc\ncd\n")
    assert said.code == 0
    assert said.talk == "note: 2 of 7 source units are unknown to the model, such as 'ß'\n"


def test_columns_stand_between_tabs(columns: Path) -> None:
    said = heedful("predict", columns, "--json", given="ab\tN;a\n\n\t\n")
    assert [each["source"] for each in said.records] == ["ab\tN;a", "", "\t"]
    assert [len(each["hypotheses"]) for each in said.records] == [1, 0, 0]
    wrong = heedful("predict", columns, given="ab\n")
    assert wrong.code == 3
    assert "stdin:1: 1 column, but the source has 2 columns" in wrong.talk


@pytest.mark.parametrize("name", ["none.txt", "."])
def test_a_file_that_is_none(run: Path, name: str, tmp_path: Path) -> None:
    said = heedful("predict", run, tmp_path / name)
    assert (said.code, said.out) == (3, "")
    assert said.talk.count("\n") == 1


@pytest.mark.parametrize("name", ["none", "mine.tsv"])
def test_a_model_that_is_none(pairs: Path, name: str) -> None:
    said = heedful("predict", pairs.parent / name, given="ab\n")
    assert (said.code, said.out) == (3, "")
    assert said.talk.startswith("error: ")


def test_a_reader_that_has_enough(run: Path, tmp_path: Path) -> None:
    """``heedful predict ... | head -1`` ends quietly."""
    path = write(tmp_path / "many.txt", LINES * 200)
    with subprocess.Popen(
        command("predict", run, path, "--beam-size", 1, "--json"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["source"] == WORDS[0]
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_a_terminal_is_answered_line_by_line_until_it_has_enough(run: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command("predict", run), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as running:
        os.write(ours, b"ab\n")
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().strip()  # before the end of the input
        running.terminate()
        assert b"error: interrupted" in running.stderr.read()
    os.close(ours)
    os.close(theirs)
    assert running.returncode == 130


def test_in_bytes(run: Path) -> None:
    """--precision int8 gives the outputs, and scores near them; where it can't be had, one line says why."""
    expected = heedful("predict", run, "--json", given=LINES)
    found = heedful("predict", run, "--json", "--precision", "int8", given=LINES)
    if found.code == 2:
        assert "int8" in found.talk
        assert "float32" in found.talk
        pytest.skip("no compiler, or a processor without instructions for bytes")
    assert found.code == 0
    pairs = list(zip(found.records, expected.records, strict=True))
    same = sum(one["hypotheses"][0]["text"] == other["hypotheses"][0]["text"] for one, other in pairs)
    assert same >= 0.9 * len(pairs)
