"""What happens in a training run, as plain records: the journal writes them, the door shows them."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Something that happened at an update."""

    kind: ClassVar[str] = "event"
    update: int

    def record(self) -> dict[str, Any]:
        """The event as a line of the journal."""
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Started(Event):
    """Training begins, or goes on from ``update``."""

    kind = "started"
    updates: int
    parameters: int
    train: int
    dev: int
    padding_share: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Progressed(Event):
    """Where training stands: means since the last such record. Rate in real target units a second."""

    kind = "progress"
    updates: int
    epoch: int
    loss: float
    gradient_norm: float
    learning_rate: float
    units_per_second: float
    elapsed: float
    left: float


@dataclass(frozen=True)
class Validated(Event):
    """A validation on dev: metrics in percent, a few (source, output, reference) samples."""

    kind = "validated"
    metrics: dict[str, float]
    best: bool
    samples: tuple[tuple[str, str, str], ...]
    elapsed: float


@dataclass(frozen=True)
class Noted(Event):
    """Something that the user should know."""

    kind = "note"
    message: str


@dataclass(frozen=True)
class Finished(Event):
    """Training is over, and why."""

    kind = "finished"
    reason: str
    best_update: int
    elapsed: float


Watcher = Callable[[Event], None]


class Journal:
    """``journal.jsonl``: one event a line. Resuming drops what stands after the update that it goes on from."""

    def __init__(self, path: Path, resume_at: int | None = None) -> None:
        self.path = path
        if resume_at is None:
            path.write_text("", encoding="utf-8")
            return
        kept = [line for line in _whole_lines(path) if json.loads(line)["update"] <= resume_at]
        path.write_text(
            "".join(f"{line}\n" for line in kept if json.loads(line)["event"] != "finished"), encoding="utf-8"
        )

    def __call__(self, event: Event) -> None:
        """Writes one line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event.record(), ensure_ascii=False) + "\n")


def _whole_lines(path: Path) -> list[str]:
    """The lines that were written to their end; a killed run may leave a part of one."""
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]


def read(path: Path) -> list[dict[str, Any]]:
    """Every event of a journal."""
    return [json.loads(line) for line in _whole_lines(path)]
