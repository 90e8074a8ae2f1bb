"""What things cost, measured in turns: arms one after another, round after round, so that a busy machine slows them alike."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from heedful.checkpoint import write_beside
from heedful.predictor import Predictor

if TYPE_CHECKING:
    from heedful.study.comparing import Scored

SPEEDS = "speeds.json"
ROUNDS, TIMED = 3, 256
"""Rounds of prediction, and the dev sources, the first ones, that each of them predicts."""


def prediction_speeds(scored: "Sequence[Scored]", out: Path, threads: int) -> tuple[float, ...]:
    """Target units a second of every arm's first seed with the recipe's search, the median of some rounds.

    Measured once and kept in ``out``: the same runs are not timed again.
    """
    told = [[str(each.folders[0].relative_to(out)), each.measured[0].digest, threads] for each in scored]
    kept = out / SPEEDS
    if kept.exists():
        try:
            record = json.loads(kept.read_bytes())
            if record["runs"] == told:
                return tuple(map(float, record["units_per_second"]))
        except (ValueError, KeyError, TypeError):
            pass
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        speeds = tuple(round(each, 1) for each in _timed(scored))
    finally:
        torch.set_num_threads(before)
    write_beside(kept, json.dumps({"runs": told, "units_per_second": speeds}) + "\n")
    return speeds


def _timed(scored: "Sequence[Scored]") -> list[float]:
    predictors = [Predictor.load(each.folders[0]) for each in scored]
    sources = scored[0].items.sources[:TIMED]
    units = [
        sum(len(each.metric("accuracy").split(text)) + 1 for text in each.measured[0].outputs[:TIMED])
        for each in scored
    ]

    def work(predictor: Predictor) -> Callable[[], object]:
        return lambda: predictor.predict(sources)

    seconds = in_turns([work(each) for each in predictors], ROUNDS)
    return [count / statistics.median(times) for count, times in zip(units, seconds.tolist(), strict=True)]


def in_turns(works: Sequence[Callable[[], object]], rounds: int) -> NDArray[np.float64]:
    """Seconds of every work in every round, (work, round), after one round that does not count."""
    for each in works:
        each()
    seconds = np.empty((len(works), rounds))
    for number in range(rounds):
        for place, each in enumerate(works):
            begin = time.perf_counter()
            each()
            seconds[place, number] = time.perf_counter() - begin
    return seconds
