"""Ctrl-C and SIGTERM while a model is trained: saved, 130, and gone on with as if nothing had happened."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heedful.checkpoint import load
from heedful.training import journal
from tests.cli.conftest import QUICK
from tests.cli.door import command, environment, heedful

UPDATES = 300
TIMES = {"units_per_second", "elapsed", "left"}
SETTINGS = [
    *QUICK, "--set", f"training.updates={UPDATES}", "--set", "training.warmup=5", "--set", "training.validate_every=100",
]  # fmt: skip


def interrupted(run: Path, *words: str | Path) -> str:
    """Trains in another process, presses Ctrl-C after some updates, and returns what it said."""
    with subprocess.Popen(
        command("train", *words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment()
    ) as running:
        wait(run, 50)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        talk = running.stderr.read()
    assert running.returncode == 130, talk
    return talk


@contextmanager
def terminated(run: Path, at: int) -> Iterator[None]:
    """Sends this process a SIGTERM after so many updates; it would survive one that comes too late."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sender = threading.Thread(target=lambda: wait(run, at) and os.kill(os.getpid(), signal.SIGTERM))
    sender.start()
    try:
        yield
    finally:
        sender.join()
        signal.signal(signal.SIGTERM, before)


def wait(run: Path, update: int) -> bool:
    """Whether the journal comes so far in reasonable time."""
    until = time.monotonic() + 90
    while time.monotonic() < until and reached(run) < update:
        time.sleep(0.01)
    return reached(run) >= update


def reached(run: Path) -> int:
    """The newest update in the journal."""
    events = journal.read(run / "journal.jsonl")
    return events[-1]["update"] if events else -1


def told(run: Path) -> list[dict[str, Any]]:
    """The journal without the times and without the beginnings."""
    kept = [each for each in journal.read(run / "journal.jsonl") if each["event"] != "started"]
    return [{key: value for key, value in each.items() if key not in TIMES} for each in kept]


def test_interrupted_twice_is_the_same_as_straight_on(pairs: Path, tmp_path: Path) -> None:
    run, straight = tmp_path / "run", tmp_path / "straight"
    talk = interrupted(run, pairs, "--out", run, *SETTINGS)
    assert "saved; go on with --resume" in talk
    assert load(run / "last", with_training=True).training is not None
    with terminated(run, 150):
        said = heedful("train", "--resume", run, "--threads", 1)
    assert said.code == 130
    assert "going on after" in said.talk
    assert 0 < reached(run) < UPDATES
    assert heedful("train", "--resume", run, "--threads", 1).code == 0
    assert heedful("train", pairs, "--out", straight, *SETTINGS).code == 0
    for name in ("last/weights.safetensors", "last/training.safetensors", "best/weights.safetensors", "metrics.json"):
        assert (run / name).read_bytes() == (straight / name).read_bytes(), name
    assert told(run) == told(straight)
