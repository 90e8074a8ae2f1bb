"""Arms with the measures of their runs, side by side: means, differences from the best, the record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heedful.data.units import build
from heedful.evaluation.attention import alignment_error_rate
from heedful.evaluation.comparison import Mean, compared, holm, mean_of
from heedful.evaluation.metrics import METRICS, Metric, Statistics
from heedful.evaluation.significance import Paired
from heedful.study.grid import Arm
from heedful.study.measuring import Items, Measured
from heedful.training.recipe import Recipe

ALPHA = 0.05
MOST_RESAMPLES = 20_000
"""So many resamples tell p values apart that hold for some thirty arms; more arms than that seldom differ."""


@dataclass(frozen=True)
class Scored:
    """An arm with the measures of its runs, one a seed, and what they make of every dev source."""

    arm: Arm
    seeds: tuple[int, ...]
    folders: tuple[Path, ...]
    measured: tuple[Measured, ...]
    items: Items

    @cached_property
    def _counts(self) -> dict[str, list[Statistics]]:
        return {}

    @cached_property
    def _means(self) -> dict[str, Mean]:
        return {}

    def metric(self, name: str) -> Metric:
        """The metric, as the arm's recipe has it."""
        target = self.arm.recipe.data.target
        return METRICS[name](self.arm.recipe.evaluation, build(target.unit, target.split).split)

    def statistics(self, name: str) -> list[Statistics]:
        """Counts of a metric, (sentence, width) for each seed."""
        if name not in self._counts:
            made = self.metric(name)
            self._counts[name] = [made.statistics(each.outputs, self.items.references) for each in self.measured]
        return self._counts[name]

    def per_source(self, name: str) -> list[NDArray[np.float64]]:
        """The metric of every dev source by itself, in percent, for each seed."""
        made = self.metric(name)
        return [made.from_statistics(each) for each in self.statistics(name)]

    def mean(self, name: str) -> Mean:
        """The metric over seeds and dev sources."""
        if name not in self._means:
            settings = self.arm.recipe.evaluation
            made = self.metric(name)
            found = mean_of(self.statistics(name), made.from_statistics, settings.resamples, settings.seed)
            low, high = bounded(found.low, found.high, made)
            self._means[name] = replace(found, low=low, high=high)
        return self._means[name]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Source units of every dev source."""
        return np.array(self.measured[0].lengths, dtype=np.int64)

    @property
    def entropy(self) -> float | None:
        """The mean entropy of attention in nats, over sources and seeds; None without attention."""
        found = [each.looked.entropy for each in self.measured if each.looked is not None]
        return float(np.mean(found)) if found else None

    def on_truth(self) -> tuple[list[Statistics], list[Statistics]] | None:
        """Weight on right positions and hits, each as (sum, units) a source for each seed; None where nobody knows them."""
        looked = [each.looked for each in self.measured]
        weights: list[Statistics] = []
        hits: list[Statistics] = []
        for each in looked:
            if each is None or each.units is None or each.weight is None or each.hits is None:
                return None
            weights.append(np.stack([each.weight, each.units], axis=1).astype(np.float64))
            hits.append(np.stack([each.hits, each.units], axis=1).astype(np.float64))
        return weights, hits

    @property
    def alignment_error_rate(self) -> float | None:
        """In percent, the mean over seeds; None where no right links are known."""
        linked = [each.looked.links for each in self.measured if each.looked is not None and each.looked.links]
        return float(np.mean([alignment_error_rate(each) for each in linked])) if linked else None


@dataclass(frozen=True)
class Comparison:
    """Arms side by side. ``metric`` is what they are ranked by; ``speeds`` are units a second in prediction, an arm each."""

    metric: str
    arms: tuple[Scored, ...]
    notes: tuple[str, ...]
    speeds: tuple[float, ...] = ()

    @property
    def recipe(self) -> Recipe:
        """Of the first arm: what all share stands in it."""
        return self.arms[0].arm.recipe

    @cached_property
    def means(self) -> list[Mean]:
        """The ranking metric of every arm."""
        return [each.mean(self.metric) for each in self.arms]

    @property
    def best(self) -> int:
        """The place of the best arm."""
        values = [each.value for each in self.means]
        return int(np.argmax(values) if METRICS[self.metric].higher_is_better else np.argmin(values))

    @cached_property
    def against_best(self) -> list[Paired | None]:
        """Every arm minus the best one, p values after Holm; None for the best itself.

        Which arm is the best was read off the same data, so what is adjusted for is every pair of arms, of which these
        are some.
        """
        settings, pairs = self.recipe.evaluation, len(self.arms) * (len(self.arms) - 1) // 2
        resamples = min(MOST_RESAMPLES, max(settings.resamples, 40 * pairs)) if settings.resamples else 0
        best = self.arms[self.best]
        from_statistics = best.metric(self.metric).from_statistics
        found = {
            place: compared(
                each.statistics(self.metric),
                best.statistics(self.metric),
                from_statistics,
                resamples,
                settings.seed,
            )
            for place, each in enumerate(self.arms)
            if place != self.best
        }
        adjusted = dict(zip(found, holm([each.p for each in found.values()], pairs), strict=True))
        return [
            Paired(found[place].difference, found[place].low, found[place].high, adjusted[place])
            if place in found
            else None
            for place in range(len(self.arms))
        ]

    @property
    def recipe_name(self) -> str:
        """What the arms are trained on, in a word."""
        train = self.recipe.data.train
        first = train if isinstance(train, str) else train[0] if train else ""
        return first.removeprefix("task:") if first.startswith("task:") else Path(first).stem

    def record(self) -> dict[str, Any]:
        """The comparison as JSON-ready values."""
        return {
            "metric": self.metric,
            "count": len(self.arms[0].items.sources),
            "notes": list(self.notes),
            "arms": [self.record_of(place) for place in range(len(self.arms))],
        }

    def record_of(self, place: int) -> dict[str, Any]:
        """One arm as JSON-ready values."""
        each, against, truth = self.arms[place], self.against_best[place], self.arms[place].on_truth()
        means = {name: each.mean(name) for name in each.arm.recipe.evaluation.metrics}
        return {
            "name": each.arm.name,
            "set": dict(each.arm.overrides),
            "seeds": list(each.seeds),
            "best": place == self.best,
            "metrics": {
                name: {"value": mean.value, "low": mean.low, "high": mean.high, "seeds": list(mean.each)}
                for name, mean in means.items()
            },
            "against_best": None if against is None else {
                "difference": against.difference, "low": against.low, "high": against.high,
                "p": against.p, "different": against.p < ALPHA,
            },
            "parameters": each.measured[0].parameters,
            "updates": [run.updates for run in each.measured],
            "training_seconds": [run.seconds for run in each.measured],
            "training_units_per_second": float(np.median([run.speed for run in each.measured])) or None,
            "prediction_units_per_second": self.speeds[place] if self.speeds else None,
            "attention_entropy": each.entropy,
            "attention_on_truth": None if truth is None else {
                "weight": 100 * share(truth[0]), "precision": 100 * share(truth[1]),
                "alignment_error_rate": each.alignment_error_rate,
            },
        }  # fmt: skip


def bounded(low: float, high: float, metric: Metric) -> tuple[float, float]:
    """The interval of a metric's mean within what the metric can be: two or three seeds may reach beyond."""
    return max(0.0, low), min(100.0, high) if metric.higher_is_better else high


def share(seeds: Sequence[Statistics]) -> float:
    """Summed first column over summed second column, over sources and seeds."""
    total = np.sum([each.sum(axis=0) for each in seeds], axis=0)
    return float(total[0] / max(1.0, total[1]))


def ratio(summed: Statistics) -> NDArray[np.float64]:
    """``from_statistics`` of (sum, count) columns: the mean."""
    return summed[..., 0] / np.maximum(summed[..., 1], 1e-12)
