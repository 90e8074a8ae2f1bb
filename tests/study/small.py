"""Comparisons that train in seconds, and what stands in a folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from heedful.study.comparing import compare
from heedful.study.grid import Arm, arms, parse_vary
from heedful.study.scored import Comparison
from heedful.training import run

Table = dict[str, dict[str, Any]]
TABLE: Table = {
    "data": {"train": "task:copy", "task_count": 200, "task_lengths": [2, 6]},
    "model": {"cell": "gru", "attention": "luong", "hidden_size": 12, "embedding_size": 8, "dropout": 0.1},
    "training": {
        "updates": 60,
        "warmup": 5,
        "validate_every": 20,
        "batch_size": 16,
        "learning_rate": 0.01,
        "average": 0.9,
        "metric": "item_accuracy",
    },
    "search": {"beam_size": 2},
    "evaluation": {"metrics": ["item_accuracy", "accuracy", "error_rate"], "resamples": 200},
}
WIRINGS = "model.attention=fixed,bahdanau,luong"
Standing = dict[str, tuple[int, bytes]]


def table(**rooms: dict[str, Any]) -> Table:
    """``TABLE`` with these keys changed."""
    return {room: {**TABLE.get(room, {}), **rooms.get(room, {})} for room in {**TABLE, **rooms}}


def varied(*words: str, **rooms: dict[str, Any]) -> list[Arm]:
    """The arms that ``--vary`` makes of it."""
    return arms(table(**rooms), [], [parse_vary(each) for each in words], "small.toml")


def compared(out: Path, *words: str, seeds: int = 1, jobs: int = 1, **rooms: dict[str, Any]) -> Comparison:
    """These arms, trained and measured; prediction is not timed, and no picture drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "PICTURES", 0)
        return compare(varied(*words, **rooms), seeds, out, jobs=jobs, timed=False)


def standing(folder: Path, names: Sequence[str] = ()) -> Standing:
    """When every file below was changed last, and what is in it; those of these ``names`` alone, if any are named."""
    files = [path for path in folder.rglob("*") if path.is_file() and (not names or path.name in names)]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
