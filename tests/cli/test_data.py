"""``heedful data``: files looked at, files made."""

import subprocess
import sys
from pathlib import Path

import pytest

from heedful.choices import TASKS
from tests.cli.door import environment, heedful, process, write


def test_a_good_file(pairs: Path) -> None:
    said = heedful("data", "check", pairs)
    assert (said.code, said.talk) == (0, "")
    assert "80 rows" in said.out
    assert "letters" in said.out  # guessed
    assert "symbols" in said.out
    assert "nothing odd" in said.out


def test_what_is_wrong_is_counted_and_shown(tmp_path: Path) -> None:
    train = write(tmp_path / "train.tsv", "a\tx\na\tx\na\ty\n b\tz\nc\n\tq\nd\t\ng\tɡ g\n" + "e\n" * 9)
    dev = write(tmp_path / "dev.tsv", "a\tx\nq\tQ\n")
    said = heedful("data", "check", train, dev)
    assert said.code == 0
    for expected in (
        "12 bad rows", "train.tsv:5: 1 column", "... and 7 more", "1 row that say again", "1 source with", "1 row with a blank",
        "1 source of", "1 of 2 source units of", "characters that look alike",
    ):  # fmt: skip
        assert expected in said.out


def test_units_and_columns_can_be_told(pairs: Path, tmp_path: Path) -> None:
    (record,) = heedful("data", "check", pairs, "--json", "--set", "data.source.unit=jamo").records
    assert [side["unit"] for side in record["files"][0]["sides"]] == ["jamo", "letters"]
    recipe = write(
        tmp_path / "r.toml",
        f'[data]\ntrain = "{pairs}"\nsource = {{column = 2, unit = "symbols"}}\ntarget = {{column = 1}}\n',
    )
    (record,) = heedful("data", "check", "--recipe", recipe, "--json").records
    assert [side["unit"] for side in record["files"][0]["sides"]] == ["symbols", "letters"]
    assert list(record) == ["files", "leaks", "unseen", "look_alikes"]


def test_files_that_cant_be_read(tmp_path: Path) -> None:
    for name, content in {"empty.tsv": "", "one.tsv": "abc\n", "bad.tsv": b"\xff\tb\n"}.items():
        said = heedful("data", "check", write(tmp_path / name, content))
        assert (said.code, said.out) == (3, ""), name
        assert name in said.talk
    assert heedful("data", "check", tmp_path / "none.tsv").code == 3
    assert heedful("data", "check").code == 2


def test_marks_and_windows_lines_are_told(tmp_path: Path) -> None:
    said = heedful("data", "check", write(tmp_path / "w.tsv", b"\xef\xbb\xbfa\tb\r\nc\td\r\n"))
    assert said.code == 0
    assert "byte order mark" in said.out
    assert "\\r\\n" in said.out


def test_what_could_take_over_a_terminal_is_spelled_out(tmp_path: Path) -> None:
    said = heedful("data", "check", write(tmp_path / "e.tsv", "a\x1b[31m b\u202e\ty\na\x1b[31m b\u202e\tz\n"))
    assert said.code == 0
    assert not {"\x1b", "\u202e"} & set(said.out)


@pytest.mark.parametrize("task", TASKS)
def test_making(task: str, tmp_path: Path) -> None:
    out = tmp_path / "made.tsv"
    said = heedful("data", "make", task, "--count", 20, "--seed", 3, "--out", out)
    assert (said.code, said.out) == (0, "")
    again = heedful("data", "make", task, "--count", 20, "--seed", 3)
    if task == "digits":
        assert again.code == 2
        assert "pass --out" in again.talk
        assert all((tmp_path / line.split("\t")[0]).is_file() for line in out.read_text().splitlines())
        return
    assert again.out == out.read_text()
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert len(rows) == 20
    assert {len(row) for row in rows} == {2}
    assert heedful("data", "check", out).code == 0


def test_a_file_that_stands_is_kept(tmp_path: Path) -> None:
    out = write(tmp_path / "made.tsv", "precious\n")
    said = heedful("data", "make", "copy", "--count", 3, "--out", out)
    assert said.code == 2
    assert out.read_text() == "precious\n"
    assert heedful("data", "make", "copy", "--count", 3, "--out", out, "--overwrite").code == 0
    assert out.read_text() != "precious\n"


@pytest.mark.parametrize("words", [("datess",), ("copy", "--count", "0"), ("copy", "--count", "10000000000000000000")])
def test_tasks_that_are_none(words: tuple[str, ...]) -> None:
    said = heedful("data", "make", *words)
    assert (said.code, said.out) == (2, "")


def test_neither_waits_for_torch_and_both_speak_utf_8(pairs: Path) -> None:
    """In the plainest locale there is."""
    locale = [("LC_ALL", "C"), ("PYTHONIOENCODING", "ascii"), ("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0")]
    program = (
        "import sys; from heedful.cli.main import app; app(standalone_mode=False); assert 'torch' not in sys.modules"
    )
    for words in (["make", "dates", "--count", "5"], ["check", str(pairs)]):
        subprocess.run(
            [sys.executable, "-c", program, "data", *words], check=True, env=environment(), capture_output=True
        )
    said = process("data", "make", "dates", "--count", 200, more=locale)
    assert said.code == 0
    assert "년" in said.out
