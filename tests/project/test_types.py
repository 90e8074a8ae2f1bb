"""The type checker is on, and strict: what is planted is found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.places import ROOT

RIGHT = """
from heedful.results import Result


def text_of(result: Result) -> str:
    return result.text
"""


def kinds(path: Path) -> list[str]:
    """The kinds of error that pyrefly finds in this file with the project's configuration."""
    command = [str(Path(sys.executable).with_name("pyrefly")), "check", "--config", str(ROOT / "pyproject.toml")]
    found = subprocess.run(
        [*command, "--output-format", "json", str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    errors = [error["name"] for error in json.loads(found.stdout)["errors"]]
    assert found.returncode == bool(errors), found.stderr
    return errors


def test_a_right_file_passes(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT, encoding="utf-8")
    assert kinds(tmp_path / "right.py") == []


@pytest.mark.parametrize(
    ("there", "planted", "kind"),
    [
        ("-> str", "-> int", "bad-return"),
        ("result.text", "result.txet", "missing-attribute"),
        ("result.text", "text_of(result.text)", "bad-argument-type"),
        ("heedful.results", "heedful.result", "missing-import"),
        ("result.text", "resutl.text", "unknown-name"),
        ("result: Result", "result", "implicit-any-parameter"),  # strict: no Any comes in unsaid
    ],
)
def test_a_planted_error_is_caught(tmp_path: Path, there: str, planted: str, kind: str) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(RIGHT.replace(there, planted), encoding="utf-8")
    assert kind in kinds(path)
