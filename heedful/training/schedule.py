"""The learning rate as a pure function of the update, so that a resumed run goes on as if never interrupted."""

import math
from collections.abc import Callable

from heedful.training.settings import TrainingSettings

SCHEDULES: dict[str, Callable[[int, int, int], float]] = {
    "constant": lambda update, warmup, updates: 1.0,
    "linear": lambda update, warmup, updates: 1.0 - (update - warmup) / (updates - warmup),
    "cosine": lambda update, warmup, updates: 0.5 + 0.5 * math.cos(math.pi * (update - warmup) / (updates - warmup)),
    "inverse-sqrt": lambda update, warmup, updates: math.sqrt(max(1, warmup) / max(1, update)),
}
"""From (update, warm-up, all updates) to a share of the peak; asked after warm-up only."""


def learning_rate(update: int, settings: TrainingSettings) -> float:
    """The rate of update ``update`` (counted from zero): rises in a line over the warm-up, then follows the schedule."""
    if update < settings.warmup:
        return settings.learning_rate * (update + 1) / settings.warmup
    return settings.learning_rate * SCHEDULES[settings.schedule](update, settings.warmup, settings.updates)
