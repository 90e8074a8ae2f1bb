"""Every schedule: begins at the peak, never rises after warm-up, and is a pure function of the update."""

import math

import pytest

from heedful.training.schedule import SCHEDULES, learning_rate
from heedful.training.settings import TrainingSettings

every_schedule = pytest.mark.parametrize("name", SCHEDULES)
EXPECTED = {
    "constant": [1.0, 1.0, 1.0, 1.0, 1.0],
    "linear": [1.0, 0.75, 0.5, 0.25, 1 / 40],
    "cosine": [1.0, *(0.5 + 0.5 * math.cos(math.pi * share) for share in (0.25, 0.5, 0.75, 39 / 40))],
    "inverse-sqrt": [1.0, *(math.sqrt(10 / update) for update in (20, 30, 40, 49))],
}
"""Shares of the peak at updates 10, 20, 30, 40 and 49 of 50, the first ten of which warm up."""


def settings(schedule: str, warmup: int = 10, updates: int = 50, rate: float = 0.01) -> TrainingSettings:
    """These settings and nothing else."""
    return TrainingSettings.model_validate(
        {"schedule": schedule, "warmup": warmup, "updates": updates, "learning_rate": rate}
    )


@every_schedule
def test_it_warms_up_in_a_line(name: str) -> None:
    assert [learning_rate(update, settings(name)) for update in range(10)] == pytest.approx(
        [0.01 * (update + 1) / 10 for update in range(10)]
    )


@every_schedule
def test_values(name: str) -> None:
    found = [learning_rate(update, settings(name)) / 0.01 for update in (10, 20, 30, 40, 49)]
    assert found == pytest.approx(EXPECTED[name])


@every_schedule
@pytest.mark.parametrize("warmup", [0, 1, 30, 49])
def test_it_stays_positive_and_never_rises_after_warm_up(name: str, warmup: int) -> None:
    rates = [learning_rate(update, settings(name, warmup)) for update in range(50)]
    assert all(rate > 0 for rate in rates)
    assert max(rates) == pytest.approx(0.01)
    assert all(later <= sooner + 1e-15 for sooner, later in zip(rates[warmup:], rates[warmup + 1 :], strict=False))


@every_schedule
def test_a_run_of_one_update(name: str) -> None:
    assert learning_rate(0, settings(name, warmup=0, updates=1)) == pytest.approx(0.01)
