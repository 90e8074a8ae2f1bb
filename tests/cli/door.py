"""The command line, called as a shell would call it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from heedful.cli.main import app


class Said(NamedTuple):
    """What came back."""

    code: int
    out: str
    talk: str

    @property
    def lines(self) -> list[str]:
        """Standard output, a line feed behind each line."""
        *lines, last = self.out.split("\n")
        assert last == "", f"the last line does not end: {last!r}"
        return lines

    @property
    def records(self) -> list[Any]:
        """Standard output as one JSON object a line."""
        return [json.loads(line) for line in self.lines]


def heedful(*words: str | Path | int, given: str | bytes = b"", width: int = 200) -> Said:
    """Runs a command in this process; a bug shows as itself."""
    found = CliRunner(env={"COLUMNS": str(width)}).invoke(app, [*map(str, words)], input=given)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return Said(found.exit_code, found.stdout, found.stderr)


def command(*words: str | Path | int) -> list[str]:
    """The words that start a process of its own."""
    return [sys.executable, "-m", "heedful", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    """One thread, and the package of this working tree wherever the process stands."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2]), **more}


def process(*words: str | Path | int, given: bytes = b"", more: Sequence[tuple[str, str]] = ()) -> Said:
    """Runs a command in a process of its own."""
    ran = subprocess.run(
        command(*words), input=given, capture_output=True, env=environment(**dict(more)), timeout=120, check=False
    )
    return Said(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def write(path: Path, content: str | bytes) -> Path:
    """A file."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
