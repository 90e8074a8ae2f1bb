"""Outputs and references to a report: every metric with its signature and interval, and how length matters."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypedDict, TypeVar
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from heedful.errors import DataError, SettingsError
from heedful.evaluation.metrics import METRICS, Metric, Statistics
from heedful.evaluation.settings import EvaluationSettings
from heedful.evaluation.significance import interval, resample
from heedful.settings import nearest

K = TypeVar("K", bound=Hashable)
BINS = 5
"""Rows that the table by source length has at most."""
BY_LENGTH = ("accuracy", "error_rate")
"""What it shows."""


class MeasuredRecord(TypedDict):
    """One metric as ``evaluate --json`` writes it."""

    value: float
    low: float
    high: float
    signature: str


LengthRecord = TypedDict("LengthRecord", {"from": int, "to": int, "count": int, "accuracy": float, "error_rate": float})
"""One row of the table by source length; ``from`` and ``to`` are inclusive."""


class ReportRecord(TypedDict):
    """What ``evaluate --json`` writes."""

    count: int
    metrics: dict[str, MeasuredRecord]
    by_length: list[LengthRecord]


@dataclass(frozen=True)
class Measured:
    """A metric in percent, its 95 % bootstrap interval, and what must be equal to compare it with another number."""

    value: float
    low: float
    high: float
    signature: str


@dataclass(frozen=True)
class LengthBin:
    """The sources of ``low`` to ``high`` units, both inclusive, and how their outputs did, in percent."""

    low: int
    high: int
    count: int
    accuracy: float
    error_rate: float


@dataclass(frozen=True)
class Report:
    """How good ``count`` outputs are; ``metrics`` in the order in which the settings name them."""

    count: int
    metrics: Mapping[str, Measured]
    by_length: tuple[LengthBin, ...]

    def value(self, metric: str) -> float:
        """A metric's number in percent.

        Raises:
            SettingsError: the metric was not measured.
        """
        if metric not in self.metrics:
            known = list(self.metrics)
            raise SettingsError(
                f"the metric {metric!r} was not measured, only {', '.join(known)}; "
                f"name it in evaluation.metrics{nearest(metric, known)}"
            )
        return self.metrics[metric].value

    def record(self) -> ReportRecord:
        """The report as JSON-ready values."""
        return {
            "count": self.count,
            "metrics": {
                name: {"value": of.value, "low": of.low, "high": of.high, "signature": of.signature}
                for name, of in self.metrics.items()
            },
            "by_length": [
                {
                    "from": row.low,
                    "to": row.high,
                    "count": row.count,
                    "accuracy": row.accuracy,
                    "error_rate": row.error_rate,
                }
                for row in self.by_length
            ],
        }


def better(metric: str, a: float, b: float) -> bool:
    """Whether ``a`` is a strictly better value of this metric than ``b``. A value that is not a number never is."""
    return a > b if METRICS[metric].higher_is_better else a < b


def group_references(sources: Sequence[K], targets: Sequence[str]) -> tuple[list[K], list[list[str]]]:
    """Distinct sources in order of first appearance, each with the different targets that its lines have.

    Sources (strings, or tuples of them: one a column) and targets are compared after NFC. Writing the same pair twice
    adds no reference.
    """
    kept: list[K] = []
    references: list[dict[str, str]] = []
    places: dict[Hashable, int] = {}
    for source, target in zip(sources, targets, strict=True):
        place = places.setdefault(_composed(source), len(kept))
        if place == len(kept):
            kept.append(source)
            references.append({})
        references[place].setdefault(normalize("NFC", target), target)
    return kept, [list(of.values()) for of in references]


def _composed(source: Hashable) -> Hashable:
    if isinstance(source, str):
        return normalize("NFC", source)
    return tuple(map(_composed, source)) if isinstance(source, tuple) else source


def evaluate(
    outputs: Sequence[str],
    references: Sequence[Sequence[str]],
    lengths: Sequence[int],
    split: Callable[[str], Sequence[str]],
    settings: EvaluationSettings,
) -> Report:
    """Scores outputs, one for each distinct source, against the references of that source.

    ``lengths`` are the sources' lengths in units; ``split`` takes a target apart into its units. With
    ``settings.resamples = 0`` an interval is its value, and nothing is drawn: what validation during training asks for.

    Raises:
        DataError: there is nothing to score.
        ValueError: outputs, references and lengths are not of one number, or a source has no reference.
    """
    if not len(outputs) == len(references) == len(lengths):
        raise ValueError(
            f"{len(outputs)} outputs, {len(references)} references, {len(lengths)} lengths: not one number"
        )
    if not outputs:
        raise DataError("there is nothing to score: no pair of source and target was found; give at least one")
    split = cache(split)  # accuracy and error rate take the same strings apart
    # The table by length needs these two, whether they are asked for or not.
    metrics = {name: METRICS[name](settings, split) for name in dict.fromkeys([*settings.metrics, *BY_LENGTH])}
    counts = {name: metric.statistics(outputs, references) for name, metric in metrics.items()}
    # All metrics look at the same resamples, so they are drawn once.
    samples = resample(np.hstack([counts[name] for name in metrics]), settings.resamples, settings.seed)
    ends = np.cumsum([metric.width for metric in metrics.values()])
    sampled = dict(zip(metrics, np.split(samples, ends[:-1], axis=1), strict=True))
    measured: dict[str, Measured] = {}
    for name in dict.fromkeys(settings.metrics):
        metric = metrics[name]
        value = float(metric.from_statistics(counts[name].sum(axis=0)))
        low, high = interval(value, metric.from_statistics(sampled[name]))
        measured[name] = Measured(value, low, high, metric.signature(references))
    return Report(len(outputs), measured, _by_length(np.asarray(lengths), metrics, counts))


def _by_length(
    lengths: NDArray[np.int64], metrics: Mapping[str, Metric], counts: Mapping[str, Statistics]
) -> tuple[LengthBin, ...]:
    rows: list[LengthBin] = []
    for low, high in length_bins(lengths):
        inside = (lengths >= low) & (lengths <= high)
        accuracy, error_rate = (
            float(metrics[name].from_statistics(counts[name][inside].sum(axis=0))) for name in BY_LENGTH
        )
        rows.append(LengthBin(low, high, int(inside.sum()), accuracy, error_rate))
    return tuple(rows)


LEAST = 3
"""Fewer ranges would say nothing about a trend."""


def length_bins(lengths: Sequence[int] | NDArray[np.int64], bins: int = BINS) -> list[tuple[int, int]]:
    """Cuts lengths into at most ``bins`` ranges of about equal count: the shortest and the longest length of each.

    All sources of one length stay together. A range is closed where that leaves its count nearest to an equal share of
    what is left, so one very common length gets a range of its own instead of swallowing its neighbours. There are three
    at least, where there are three lengths.
    """
    found, counts = np.unique(np.asarray(lengths, dtype=np.int64), return_counts=True)
    ranges: list[tuple[int, int]] = []
    first, held, left = 0, 0, int(counts.sum())
    for place, count in enumerate(counts.tolist()):
        share = left / (bins - len(ranges))
        near = len(ranges) < bins - 1 and abs(held - share) <= abs(held + count - share)
        scarce = len(counts) - place < min(LEAST, bins) - len(ranges)  # what is left is just enough for so many ranges
        if held and (near or scarce):
            ranges.append((int(found[first]), int(found[place - 1])))
            first, held, left = place, 0, left - held
        held += count
    return [*ranges, (int(found[first]), int(found[-1]))]
