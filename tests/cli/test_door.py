"""The door: what is offered, and what leaves with which exit code."""

import errno
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import heedful as package
from heedful import choices, errors
from heedful.cli.main import COMMANDS
from heedful.data import toy
from tests.cli.door import command, environment, heedful, process, write


def test_the_table_is_the_one_in_choices() -> None:
    assert list(COMMANDS) == list(choices.COMMANDS)


def test_help_is_quick_and_loads_no_torch() -> None:
    program = (
        "import sys; from heedful.cli.main import app; app(['--help'], standalone_mode=False); "
        "assert not {'torch', 'numpy', 'pydantic'} & set(sys.modules), 'help must stay quick'"
    )
    began = time.process_time()
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert time.process_time() - began < 2
    for name, line in choices.COMMANDS.items():
        assert name in said.stdout
        assert line in said.stdout


@pytest.mark.parametrize("words", [*([name] for name in COMMANDS), ["data", "check"], ["data", "make"]])
def test_every_command_has_help(words: list[str]) -> None:
    said = heedful(*words, "--help")
    assert said.code == 0
    assert said.out.count("\n") > 8


def test_version() -> None:
    assert heedful("--version").out == f"heedful {package.__version__}\n"


@pytest.mark.parametrize("words", [["tran"], ["predict"], ["data", "maek"], ["train", "x.tsv", "--bogus"]])
def test_usage_is_2(words: list[str]) -> None:
    said = heedful(*words)
    assert (said.code, said.out) == (2, "")
    assert said.talk


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (errors.HeedfulError("what"), 1, "error: what\n"),
        (errors.MissingPackageError("what"), 1, "error: what\n"),
        (errors.SettingsError("[no markup] :smile:"), 2, "error: [no markup] :smile:\n"),
        (errors.DataError(["one", "two"], "out"), 3, "error: one\ntwo\nout\n"),
        (errors.ModelFolderError("x" * 500), 3, f"error: {'x' * 500}\n"),
        (errors.DivergedError("a\x1bb"), 4, "error: a\\x1bb\n"),
        (errors.StoppedError("what"), 130, "error: what\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (OSError(errno.ENOSPC, "No space left on device", "x/y"), 1, "error: x/y: no space left on device\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_exit_codes(raised: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any) -> None:
        raise raised

    monkeypatch.setattr(toy, "make", fail)
    said = heedful("data", "make", "copy", width=60)
    assert (said.code, said.out, said.talk) == (code, "", told)


@pytest.mark.parametrize("raised", [ValueError("a bug"), OSError(errno.EBADF, "a bug")])
def test_a_bug_shows_itself(raised: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any) -> None:
        raise raised

    monkeypatch.setattr(toy, "make", fail)
    with pytest.raises(type(raised), match="a bug"):
        heedful("data", "make", "copy")


def test_paths_are_shown_as_one_would_type_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "bad.tsv", "a\n")
    monkeypatch.chdir(tmp_path)
    assert "error: bad.tsv:1: 1 column" in heedful("train", "bad.tsv", "--out", "x").talk


def test_a_full_disk_behind_standard_output() -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            command("data", "make", "copy"), stdout=full, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert (ran.returncode, ran.stderr) == (1, b"error: no space left on device\n")


def test_python_m_heedful() -> None:
    assert process("--version").out == f"heedful {package.__version__}\n"
