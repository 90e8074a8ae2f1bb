"""Arms x seeds: trained, measured, and set side by side with intervals and significance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heedful.checkpoint import RunLock
from heedful.data.alignments import Links
from heedful.data.settings import DataSettings
from heedful.data.units import build
from heedful.errors import DataError, DivergedError, ModelFolderError, SettingsError
from heedful.evaluation.attention import Gold, alignment_error_rate
from heedful.evaluation.comparison import Mean, compared, holm, mean_of
from heedful.evaluation.metrics import METRICS, Metric, Statistics
from heedful.evaluation.significance import Paired
from heedful.study.grid import Arm
from heedful.study.measuring import Items, Measured, digest_of, gold_of, measure, model_digest
from heedful.study.running import ARMS, Planned, Told, finished, plan, run_all
from heedful.training.prepare import corpora
from heedful.training.recipe import Recipe

ALPHA = 0.05
MOST_RESAMPLES = 20_000
"""So many resamples tell p values apart that hold for some thirty arms; more arms than that seldom differ."""
OF_UNITS = ("error_rate", "item_accuracy")
"""Metrics that count target units: those of arms with other units cannot be compared."""


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


def compare(
    arms: Sequence[Arm],
    seeds: int,
    out: Path,
    *,
    jobs: int = 1,
    threads: int = 1,
    told: Told = lambda progress: None,
    links: Sequence[Links] | None = None,
    timed: bool = True,
) -> Comparison:
    """Trains what is not finished, measures what is not measured, and sets the arms side by side.

    ``links`` are right alignments, one for each line of the dev data. ``timed``: prediction is timed, arm after arm in
    turns, when nothing else of ours runs any more.

    Raises:
        SettingsError: ``out`` holds something else, arms are scored on different sources, or training data changed since a
            run was finished. DataError: the links do not fit the dev sources. DivergedError: no run came to an end. What
            training raises.
    """
    check_folder(out)
    planned = plan(arms, seeds, out)
    with RunLock(out):
        items = scored_on(arms, links)
        trained = check_training_data(planned)
        diverged = run_all(planned, jobs, threads, told)
        scored = gather(arms, planned, items, links, trained)
        if not scored:
            raise DivergedError("; ".join(diverged))
        speeds: tuple[float, ...] = ()
        if timed:
            from heedful.study.cost import prediction_speeds

            speeds = prediction_speeds(scored, out, threads)
    notes = tuple(dict.fromkeys([*(note for arm in arms for note in arm.notes), *diverged]))
    return Comparison(arms[0].recipe.training.metric, tuple(scored), notes, speeds)


def check_folder(out: Path) -> None:
    """Refuses a folder that is no comparison's.

    Raises:
        SettingsError: it is a file, or holds something and no runs of ours.
    """
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file, and a comparison is a folder; choose another --out")
    if out.is_dir() and any(each.name != ".lock" for each in out.iterdir()) and not (out / ARMS).is_dir():
        raise SettingsError(f"{out} stands already and is no comparison; choose another --out")


def scored_on(arms: Sequence[Arm], links: Sequence[Links] | None = None) -> Items:
    """The dev sources that all arms are scored on; asked before anything is trained.

    Raises:
        SettingsError: arms are scored on different sources, or in different units. DataError: the links are not as many as
            the sources.
    """
    settings = {arm.recipe.data.model_dump_json(): arm.recipe.data for arm in arms}
    first, *others = [Items.of(corpora(each)[1]) for each in settings.values()]
    if any(each.digest != first.digest for each in others):
        raise SettingsError("--vary: the arms are scored on different dev sources, and only equal ones can be compared")
    units = {arm.recipe.data.target.unit for arm in arms}
    metric = arms[0].recipe.training.metric
    if len(units) > 1 and metric in OF_UNITS:
        raise SettingsError(
            f"--vary data.target.unit: {metric} counts units, and these arms have others ({', '.join(sorted(units))}); "
            f"rank them by --set training.metric=accuracy"
        )
    if links is not None:
        _check_links(links, first, arms[0].recipe.data)
    return first


def _check_links(links: Sequence[Links], items: Items, data: DataSettings) -> None:
    if len(links) != len(items.sources):
        raise DataError(
            f"{len(links):,} lines of alignments, and {len(items.sources):,} distinct dev sources",
            "give one line for each of them, in their order",
        )
    if data.framed:
        return
    columns = [build(column.unit, column.split) for column in data.source]
    target = build(data.target.unit, data.target.split)
    problems: list[str] = []
    for number, ((_, possible), source, references) in enumerate(
        zip(links, items.sources, items.references, strict=True), start=1
    ):
        units = sum(len(unit.split(str(item))) for unit, item in zip(columns, source, strict=True))
        sizes = units, len(target.split(references[0]))
        if any(one >= sizes[0] or other >= sizes[1] for one, other in possible):
            problems.append(
                f"alignments, line {number}: a link leaves the {sizes[0]} source and {sizes[1]} target units"
            )
    if problems:
        raise DataError(problems, "links are i-j, source position first, both counted from zero")


def check_training_data(planned: Sequence[Planned]) -> dict[str, str]:
    """The digest of the training pairs of every data table, by its JSON.

    Raises:
        SettingsError: a finished run was trained on others, or by another recipe.
    """
    tables = {each.arm.recipe.data.model_dump_json(): each.arm.recipe.data for each in planned}
    trained = {told: Items.of(corpora(data)[0]).digest for told, data in tables.items()}
    for each in planned:
        if not finished(each):
            continue
        had = Measured.read(each.folder)
        now = trained[each.arm.recipe.data.model_dump_json()]
        if had is not None and had.model == model_digest(each.folder) and had.trained not in ("", now):
            raise SettingsError(
                f"{each.folder}: its training data changed since it was trained; choose another --out, or remove that folder"
            )
    return trained


def gather(
    arms: Sequence[Arm],
    planned: Sequence[Planned],
    items: Items,
    links: Sequence[Links] | None,
    trained: Mapping[str, str],
) -> list[Scored]:
    """Every arm that has a finished run, with the measures of its runs.

    What is missing, or was made of another model, on other dev data or other links, is measured.

    Raises:
        ModelFolderError: a finished run is damaged.
    """
    found: list[Scored] = []
    told = items.digest, digest_of(links)
    for arm in arms:
        gold = gold_of(arm.recipe, items, links)
        runs = [each for each in planned if each.arm == arm and finished(each)]
        measured: list[Measured] = []
        for each in runs:
            had = Measured.read(each.folder)
            if had is None or (had.digest, had.links, had.model) != (*told, model_digest(each.folder)):
                had = _measured(each, items, gold, told[1], trained[arm.recipe.data.model_dump_json()])
            measured.append(had)
        if runs:
            folders = tuple(each.folder for each in runs)
            found.append(Scored(arm, tuple(each.seed for each in runs), folders, tuple(measured), items))
    return found


def _measured(planned: Planned, items: Items, gold: Sequence[Gold] | None, links: str, trained: str) -> Measured:
    try:
        found = measure(planned.folder, planned.recipe, items, gold)
    except ModelFolderError as error:
        raise ModelFolderError(f"{error}; to train it again, remove {planned.folder}") from None
    found = replace(found, links=links, trained=trained)
    found.write(planned.folder)
    return found
