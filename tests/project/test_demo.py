"""``make demo`` keeps its word: trained in minutes, unseen dates right, and every digit looking at its own field."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.places import ROOT

EXAMPLE = ROOT / "examples" / "demo_dates.py"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command of the demo, from the project's folder."""
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_demo_keeps_its_word(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    door = "import sys; from heedful.cli.main import main; sys.argv[0] = 'heedful'; main()"
    trained = run("-c", door, "train", str(ROOT / "recipes" / "demo.toml"), "--out", str(folder))
    assert trained.returncode == 0, trained.stderr
    shown = run(str(EXAMPLE), str(folder))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    percent = [float(number) for number in re.findall(r"^([\d.]+) % of", shown.stdout, re.MULTILINE)]
    assert percent[0] >= 97
    assert percent[1] >= 90
    assert (folder / "attention-Korean.svg").is_file()
    assert (folder / "attention-English.png").is_file()


def test_the_demo_says_how_it_is_called() -> None:
    assert run(str(EXAMPLE)).returncode == 1
    assert "usage" in run(str(EXAMPLE)).stderr
