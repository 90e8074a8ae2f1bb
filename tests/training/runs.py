"""Small runs: a reversing model that trains in a second, in memory or in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
import torch

from heedful.checkpoint import Checkpoint
from heedful.training import journal, run, trainer
from heedful.training.prepare import Prepared, corpora, prepare
from heedful.training.recipe import Recipe, compose
from heedful.training.trainer import Trainer

Table = dict[str, dict[str, Any]]
TABLE: Table = {
    "data": {"train": "task:reverse", "task_count": 150, "task_seed": 3},
    "model": {"hidden_size": 12, "embedding_size": 6, "encoder_size": 8, "dropout": 0.3},
    "training": {
        "updates": 12,
        "warmup": 3,
        "validate_every": 5,
        "patience": 100,
        "batch_size": 32,
        "batch_units": 2000,
        "unit_dropout": 0.1,
        "average": 0.9,
        "learning_rate": 0.01,
    },
    "search": {"beam_size": 2},
    "evaluation": {"metrics": ["accuracy", "error_rate"], "resamples": 0},
}
"""Five batches an epoch; every kind of chance is on: order, dropout, hidden units."""


def table(**rooms: dict[str, Any]) -> Table:
    """``TABLE`` with these keys changed; None takes one away."""
    merged = {room: {**TABLE.get(room, {}), **rooms.get(room, {})} for room in {*TABLE, *rooms}}
    return {room: {key: value for key, value in each.items() if value is not None} for room, each in merged.items()}


def recipe(**rooms: dict[str, Any]) -> Recipe:
    """The recipe of ``table``, resolved."""
    return compose(table(**rooms), [], "recipe.toml").recipe.resolved()


def prepared(**rooms: dict[str, Any]) -> Prepared:
    """A network and its data."""
    given = recipe(**rooms)
    return prepare(given, *corpora(given.data))


class Kept:
    """Keeps models in memory: every best one, and the last state."""

    def __init__(self) -> None:
        self.bests: list[Checkpoint] = []
        self.lasts: list[Checkpoint] = []

    def best(self, checkpoint: Checkpoint) -> None:
        """A better model than any before."""
        self.bests.append(checkpoint)

    def last(self, checkpoint: Checkpoint) -> None:
        """The newest state."""
        self.lasts.append(checkpoint)


class Watched:
    """A trainer in memory, and all that it said."""

    def __init__(self, stopping: Callable[[], bool] = lambda: False, **rooms: dict[str, Any]) -> None:
        self.kept, self.events = Kept(), list[journal.Event]()
        self.trainer = Trainer(prepared(**rooms), self.kept, self.events.append, stopping)

    def train(self) -> str:
        """Trains to the end and returns why it ended."""
        return self.trainer.train()

    @property
    def notes(self) -> list[str]:
        """What it noted."""
        return [event.message for event in self.events if isinstance(event, journal.Noted)]

    @property
    def curve(self) -> list[tuple[float, float, float]]:
        """Loss, gradient norm and learning rate at every report."""
        reports = [event for event in self.events if isinstance(event, journal.Progressed)]
        return [(event.loss, event.gradient_norm, event.learning_rate) for event in reports]

    @property
    def validations(self) -> list[journal.Validated]:
        """Its validations."""
        return [event for event in self.events if isinstance(event, journal.Validated)]


class StopAfter:
    """Takes the place of ``Stopping``: a signal comes after so many updates."""

    def __init__(self, updates: int) -> None:
        self.left = updates

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __call__(self) -> bool:
        """Asked once an update."""
        self.left -= 1
        return self.left == 0


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report every two updates, and no pictures."""
    monkeypatch.setattr(trainer, "REPORT_EVERY", 2)
    monkeypatch.setattr(run, "PICTURES", 0)


def numbers(path: Path) -> list[dict[str, Any]]:
    """The progress and the validations of a journal, without what a clock said."""
    clocks = {"elapsed", "left", "units_per_second"}
    events = [event for event in journal.read(path) if event["event"] in ("progress", "validated")]
    return [{key: value for key, value in event.items() if key not in clocks} for event in events]


def same_tensors(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    """Bit for bit."""
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert torch.equal(value, other[key]), key
