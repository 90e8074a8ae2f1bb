"""The built-in lecture: what is trained so that every claim can be measured on built-in data.

Sources of 5 to 20 letters to be copied: the fixed vector has to hold all of them, attention has only to find the next one,
and where it ought to look is known. Dates as people write them: a task with a language in it, whose fields are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from heedful.study.grid import Arm, Override, planned

CELLS = ("rnn", "gru", "lstm")
ATTENTIONS = ("fixed", "bahdanau", "luong")
Table = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Lesson:
    """A recipe, and the arms to train of it: names with overrides."""

    name: str
    table: Table
    arms: tuple[tuple[str, tuple[Override, ...]], ...]

    def planned(self, overrides: Sequence[Override] = ()) -> list[Arm]:
        """The arms with their recipes."""
        return planned(self.table, list(overrides), self.arms, f"study: {self.name}")


def _named(**values: Any) -> tuple[str, tuple[Override, ...]]:
    shown = [f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in values.items()]
    return ", ".join(shown), tuple((f"model.{key}", value) for key, value in values.items())


COPY = Lesson(
    "copy",
    {
        "data": {"train": "task:copy", "task_count": 20_000, "task_lengths": [5, 20]},
        "model": {
            "cell": "lstm", "attention": "luong", "embedding_size": 32, "hidden_size": 128, "bidirectional": False,
            "dropout": 0.0,
        },
        "training": {
            "updates": 1200, "warmup": 100, "learning_rate": 0.002, "batch_size": 64, "batch_units": 3000,
            "label_smoothing": 0.0, "validate_every": 600, "metric": "item_accuracy",
        },
        "search": {"beam_size": 1},
        "evaluation": {"metrics": ["item_accuracy", "accuracy", "error_rate"]},
    },
    (
        *(_named(attention=attention, cell=cell) for attention in ATTENTIONS for cell in CELLS),
        *(_named(attention="fixed", cell=cell, read_backwards=True) for cell in CELLS),
        *(_named(attention="fixed", cell=cell, bidirectional=True) for cell in CELLS),
    ),
)  # fmt: skip
DATES = Lesson(
    "dates",
    {
        "data": {"train": "task:dates", "task_count": 20_000},
        "model": {
            "encoder_cell": "rnn", "decoder_cell": "lstm", "attention": "luong", "input_feeding": True,
            "embedding_size": 64, "hidden_size": 128, "dropout": 0.2,
        },
        "training": {
            "updates": 1200, "warmup": 100, "learning_rate": 0.002, "batch_size": 64, "batch_units": 4000,
            "label_smoothing": 0.0, "validate_every": 600, "metric": "accuracy",
        },
        "search": {"beam_size": 1},
        "evaluation": {"metrics": ["accuracy", "item_accuracy", "error_rate"]},
    },
    tuple(_named(attention=attention) for attention in ATTENTIONS),
)  # fmt: skip
CELLS_ON_DATES = Lesson(
    "cells-on-dates",
    {
        **DATES.table,
        "model": {
            "cell": "lstm", "attention": "fixed", "embedding_size": 64, "hidden_size": 128, "dropout": 0.2,
            "bidirectional": False,
        },
    },
    tuple(_named(attention="fixed", cell=cell) for cell in CELLS),
)  # fmt: skip
LESSONS = (COPY, DATES, CELLS_ON_DATES)
