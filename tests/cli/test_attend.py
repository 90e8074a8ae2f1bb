"""``heedful attend``: the map in the terminal and in files."""

import json
import re
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pytest
from rich.console import Console

from heedful.cli import attend, show
from heedful.data.media import Media
from heedful.results import Alignment
from tests.cli.door import heedful


def test_in_the_terminal(run: Path) -> None:
    said = heedful("attend", run, "abc")
    assert (said.code, said.talk) == (0, "")
    assert said.lines[0].startswith("abc → ")
    assert "input" in said.out
    assert "output" in said.out
    assert "\x1b" not in said.out
    assert max(map(len, heedful("attend", run, "abcd" * 10, width=40).lines[1:])) <= 40


def test_a_forced_target(run: Path) -> None:
    assert heedful("attend", run, "abc", "--target", "D D").lines[0] == "abc → D D"
    said = heedful("attend", run, "abc", "--target", "D Q")
    assert "1 of 2 units of --target are unknown to the model: 'Q'" in said.talk
    assert heedful("attend", run, "abc", "--target", "").code == 2


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("m.png", b"\x89PNG"),
        ("m.svg", b"<"),
        ("m.html", b"<!DOCTYPE html>"),
        ("m.json", b"{"),
        ("m.txt", b"abc"),
        ("m.pharaoh", b"0-"),
    ],
)
def test_files(run: Path, tmp_path: Path, name: str, begins: bytes) -> None:
    said = heedful("attend", run, "abc", "--target", "A B C", "--out", tmp_path / name)
    assert said.code == 0
    assert said.lines == ["A B C"]
    assert name in said.talk
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_json_is_the_pinned_one(run: Path, tmp_path: Path) -> None:
    assert heedful("attend", run, "abc", "--out", tmp_path / "x.json").code == 0
    record = json.loads((tmp_path / "x.json").read_text())
    assert list(record) == ["source", "target", "weights"]
    assert record["source"] == ["a", "b", "c"]
    assert len(record["weights"]) == len(record["target"])
    assert all(sum(row) == pytest.approx(1, abs=1e-5) for row in record["weights"])


def hypotheses(path: Path) -> list[dict[str, Any]]:
    """What a page of maps holds."""
    found = re.search(r'<script type="application/json" id="maps">(.*?)</script>', path.read_text())
    assert found
    return json.loads(found[1])["hypotheses"]


def test_a_page_has_the_beam_to_choose_from(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.html"
    said = heedful("attend", run, "abc", "--out", out)
    assert said.code == 0
    best = heedful("predict", run, given="abc\n").lines
    assert said.lines == best
    found = hypotheses(out)
    assert len(found) == 5
    assert [each["heading"][0] for each in found] == ["abc"] * 5
    assert found[0]["heading"][1] == best[0]
    assert len({each["heading"][1] for each in found}) == 5
    assert all(len(each["probabilities"]) == len(each["target"]) + 1 for each in found)
    for options, count in (
        (["--n-best", "2"], 2),
        (["--n-best", "7"], 7),
        (["--beam-size", "3"], 3),
        (["--target", "A B"], 1),
    ):
        assert heedful("attend", run, "abc", "--out", out, *options).code == 0
        assert len(hypotheses(out)) == count


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--n-best", "2"], "for a page"),
        (["--n-best", "2", "--out", "m.svg"], "for a page"),
        (["--n-best", "2", "--out", "m.html", "--target", "A"], "forces one output"),
        (["--n-best", "3", "--beam-size", "2", "--out", "m.html"], "a beam of 2 has no 3 best"),
        (["--n-best", "0", "--out", "m.html"], "--n-best"),
    ],
)
def test_a_count_without_a_choice(
    run: Path, tmp_path: Path, options: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = heedful("attend", run, "abc", *options)
    assert (said.code, said.out) == (2, "")
    assert why in said.talk
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("options", "language"), [([], "en"), (["--language", "ko"], "ko"), (["--language", "en"], "en")]
)
def test_a_page_in_a_language(run: Path, tmp_path: Path, options: list[str], language: str) -> None:
    out = tmp_path / "m.html"
    assert heedful("attend", run, "abc", "--out", out, *options).code == 0
    page = out.read_text()
    assert f'<html lang="{language}">' in page
    assert ("말로 풀어 보면" in page.partition("<script")[0]) == (language == "ko")


@pytest.mark.parametrize("options", [[], ["--out", "m.svg"], ["--out", "m.json", "--target", "A"]])
def test_a_language_without_words(
    run: Path, tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = heedful("attend", run, "abc", "--language", "ko", *options)
    assert (said.code, said.out) == (2, "")
    assert "--out map.html" in said.talk
    assert not [*tmp_path.iterdir()]
    assert heedful("attend", run, "abc", "--out", "m.html", "--language", "fr").code == 2


def test_a_file_that_may_be_mailed_says_nothing_of_folders() -> None:
    name, unread = "/home/me/secret plans/0002.png", cast("Any", None)
    picture = Media(name, "key", Path(name), unread, 0)
    assert attend._given((picture, "N;LOC/SG")) == "0002.png | N;LOC/SG"
    assert attend._given(("1/2/2019",)) == "1/2/2019"


def test_several_columns(columns: Path) -> None:
    said = heedful("attend", columns, "ab\tN;a", "--target", "abs")
    assert said.code == 0
    assert said.lines[0] == "ab | N;a → abs"
    wrong = heedful("attend", columns, "ab")
    assert wrong.code == 3
    assert "1 column, but the source has 2 columns" in wrong.talk


def test_without_attention(fixed: Path) -> None:
    said = heedful("attend", fixed, "abc")
    assert (said.code, said.out) == (2, "")
    assert "no attention" in said.talk


@pytest.mark.parametrize("source", ["", "zzz", "a\tb", "a" * 5000, "a\udcff"])
def test_sources_that_say_nothing(run: Path, source: str) -> None:
    said = heedful("attend", run, source)
    assert (said.code, said.out) == (3, "")
    assert said.talk.startswith("error: SOURCE")
    assert said.talk.count("\n") == 1


@pytest.mark.parametrize("name", ["map.gif", "map"])
def test_files_that_nothing_writes(run: Path, tmp_path: Path, name: str) -> None:
    said = heedful("attend", run, "abc", "--out", tmp_path / name)
    assert (said.code, said.out) == (2, "")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("system", "sign"), [("truecolor", "\x1b[48;2;"), ("standard", "█"), (None, "█")])
def test_as_many_colours_as_the_terminal_has(
    system: Literal["truecolor", "standard"] | None,
    sign: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def terminal(*, stderr: bool) -> Console:
        return Console(stderr=stderr, force_terminal=True, color_system=system, width=60, no_color=False)

    monkeypatch.setattr(show, "console", terminal)
    show.heatmap(Alignment(("a", "b"), ("A", "B"), np.eye(2, dtype=np.float32)), "title")
    assert sign in capsys.readouterr().out
