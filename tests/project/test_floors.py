"""Who may know whom: the import graph is held by import-linter, and this holds import-linter."""

import ast
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.project.places import PACKAGE, ROOT, modules, parsed

HOMELESS = {"common", "constants", "helper", "helpers", "misc", "util", "utils"}
THINK_AGAIN = 250
CALENDARS = {"dates.py"}  # of seventeen languages: a table, not code


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says about the package in this folder, by the project's contracts."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    return subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_floors_hold() -> None:
    found = lint_imports(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("room", "line", "broken"),
    [
        ("inspection/labels.py", "import torch", "Torch stays out"),
        ("evaluation/metrics.py", "from heedful.contracts import Real", "Torch stays out"),
        ("inspection/svg.py", "import matplotlib.pyplot", "Matplotlib only"),
        ("data/units.py", "import typer", "Only the door"),
        ("data/units.py", "from heedful.model import cells", "Floors"),
        ("model/cells.py", "from heedful.predictor import Predictor", "Floors"),
        ("search/beam.py", "from heedful import Seq2Seq, seq2seq", "Floors"),
        ("annex.py", "from heedful import errors", "Floors"),  # exhaustive: nothing stands outside of every floor
    ],
)
def test_a_planted_import_is_caught(tmp_path: Path, room: str, line: str, broken: str) -> None:
    shutil.copytree(PACKAGE, tmp_path / "heedful", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "heedful" / room).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    found = lint_imports(tmp_path)
    assert found.returncode == 1, found.stdout
    assert broken in found.stdout.partition("Broken contracts")[2], found.stdout


def test_rooms_take_nothing_but_the_version_from_the_front() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir()}
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and node.module == "heedful":
                taken = {alias.name for alias in node.names} - rooms
                assert taken <= {"__version__"}, f"{path}:{node.lineno}: {taken}; import it from its room"


def test_everything_has_a_home() -> None:
    for path in PACKAGE.rglob("*"):
        assert path.stem not in HOMELESS, f"{path}: a function without a home shows a missing concept"


@pytest.mark.filterwarnings("default::UserWarning")
def test_no_file_becomes_a_drawer() -> None:
    """A warning, not a quota: sizes to think with."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > THINK_AGAIN and path.name not in CALENDARS
    }
    if long:
        warnings.warn(f"more than {THINK_AGAIN} lines; is each of these one thing? {long}", stacklevel=1)
