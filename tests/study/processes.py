"""Processes that a command starts, seen from outside."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.cli.door import command, environment

PATIENCE = 90.0


def waited(until: Callable[[], bool]) -> bool:
    """Whether it becomes true in reasonable time."""
    end = time.monotonic() + PATIENCE
    while not until() and time.monotonic() < end:
        time.sleep(0.02)
    return until()


def children(parent: int) -> list[int]:
    """The processes that this one started and that still run."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = path.read_bytes().rpartition(b")")
        except OSError:  # it ended meanwhile
            continue
        state, started_by, *_ = rest.split()
        if int(started_by) == parent and state != b"Z":
            found.append(int(path.parent.name))
    return found


def runs(process: int) -> bool:
    """Whether it is there, and no mere memory of it."""
    try:
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


@contextmanager
def begun(talk: IO[bytes], *words: str | Path | int) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a session of its own, as in a terminal of its own; nothing of it is left behind."""
    with subprocess.Popen(
        command(*words), stdout=subprocess.DEVNULL, stderr=talk, env=environment(), start_new_session=True
    ) as running:
        try:
            yield running
        finally:
            for each in [*children(running.pid), running.pid]:
                if runs(each):
                    os.kill(each, 9)
