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
class Preparing(Event):
    """Pictures, sounds or arrays are being read: so many of so many."""

    kind = "preparing"
    done: int
    total: int


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
    """``journal.jsonl``: one event a line. Resuming drops what stands after the update that it goes on from.

    ``validated`` is the last update whose validation is behind us: one that will be made again is dropped, too.
    """

    def __init__(self, path: Path, resume_at: int | None = None, validated: int = 0) -> None:
        self.path = path
        at = -1 if resume_at is None else resume_at
        kept = [each for each in read(path) if _stays(each, at, min(at, validated))]
        path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in kept), encoding="utf-8")

    def __call__(self, event: Event) -> None:
        """Writes one line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event.record(), ensure_ascii=False) + "\n")


def _whole_lines(path: Path) -> list[str]:
    """The lines that were written to their end; a killed run may leave a part of one."""
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]


def _stays(event: dict[str, Any], resume_at: int, validated: int) -> bool:
    if event["event"] == Finished.kind:
        return False
    return event["update"] <= (validated if event["event"] == Validated.kind else resume_at)


def read(path: Path) -> list[dict[str, Any]]:
    """Every event of a journal; a line that is damaged is passed over."""
    found: list[dict[str, Any]] = []
    for line in _whole_lines(path):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and {"event", "update"} <= event.keys():
            found.append(event)
    return found
