"""The lecture's claims about arms that were compared, each measured where the arms for it are there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heedful.evaluation.comparison import contrast
from heedful.evaluation.metrics import METRICS, Metric, Statistics
from heedful.evaluation.report import length_bins
from heedful.evaluation.significance import Paired
from heedful.inspection import charts
from heedful.inspection.page import Figure, Section, Table, Verdict
from heedful.study.families import (
    Family,
    attention_of,
    cells_of,
    difference,
    families,
    gap_of,
    gaps,
    luong_and_bahdanau,
    mean_over,
    sign_of,
)
from heedful.study.scored import Scored, bounded, ratio
from heedful.study.verdicts import Kind, Measure, all_of
from heedful.study.words import Words

BINS = 4
ALIKE = 2.0
"""Points within which two numbers count as about the same."""
PER_SOURCE = ("chrf", "item_accuracy", "accuracy")
"""What a single source is scored by, the first that a recipe measures."""
Bins = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Claim:
    """What came of a claim: its measures, and the section that shows them."""

    name: str
    measures: tuple[Measure, ...]
    section: Section

    @property
    def kind(self) -> Kind:
        """The verdict."""
        return all_of(self.measures)

    def record(self) -> dict[str, Any]:
        """The claim as JSON-ready values."""
        return {
            "verdict": self.kind,
            "claim": self.section.claim,
            "measures": [each.record() for each in self.measures],
        }


def distinct(short: Sequence[str], long: Sequence[str]) -> list[str]:
    """The short names where no two are the same, else the long ones."""
    return list(short if len(set(short)) == len(short) else long)


def claim(
    words: Words, name: str, measures: Sequence[Measure], figures: Sequence[Figure] = (), tables: Sequence[Table] = (),
    text: Sequence[str] = (),
) -> Claim:  # fmt: skip
    """A claim with its section; the table of its measures comes first."""
    kind = all_of(measures)
    measured = Table(
        tuple(words(key) for key in ("measured", "value", "interval", "claimed", "verdict")),
        tuple(
            (each.name, number(each.value, each.digits), interval_of(each.low, each.high, each.digits),
             words(f"claimed-{each.claimed}", level=f"{each.level:g}"), words(each.kind))
            for each in measures
        ),
        words("measures"),
    )  # fmt: skip
    section = Section(
        name=name,
        heading=words(name),
        claim=words(f"{name}-claim"),
        verdict=Verdict(kind, words(kind)),
        text=tuple(text),
        figures=tuple(figures),
        tables=(measured, *tables),
    )
    return Claim(name, tuple(measures), section)


def number(value: float, digits: int) -> str:
    """A number with its sign as print has it."""
    shown = f"{value:.{digits}f}"
    return shown.replace("-", "\u2212") if float(shown) else f"{0:.{digits}f}"


def interval_of(low: float, high: float, digits: int = 1) -> str:
    """Both ends of an interval."""
    return f"{number(low, digits)} … {number(high, digits)}"


def per_source_metric(scored: Scored) -> str:
    """What single sources of this arm are scored by."""
    measured = scored.arm.recipe.evaluation.metrics
    return next((name for name in PER_SOURCE if name in measured), "accuracy")


def bottleneck(words: Words, arms: Sequence[Scored], bins: Bins | None = None) -> Claim | None:
    """Quality by source length: does the gap between attention and the fixed vector grow (Bahdanau 2015, figure 2)?"""
    found = families(arms)
    if not found:
        return None
    fixed = [each.fixed for each in found]
    metric = per_source_metric(fixed[0])
    lengths = fixed[0].lengths
    ranges = _with_sources(bins or (), lengths) or length_bins(lengths, BINS)
    slope = _slope_of_the_gap(found, metric)
    rows, lines = _by_length(words, found, ranges)
    shown = fixed[0].arm.recipe.training.metric
    measures = [Measure.of(words("slope", metric=words(metric)), slope, digits=2)]
    measures.append(Measure.of(words("gap-longest", metric=words(shown), low=ranges[-1][0]), rows[-1][-1]))
    figure = charts.lines(
        lines, title=words("bottleneck-figure"), across=words("source-length"), up=words(shown), bottom=0.0
    )
    head = (words("source-length"), words("sources"), *(each.name for each in lines), words("gap"), words("interval"))
    table = Table(
        head,
        tuple((*row[:-1], row[-1].difference, interval_of(row[-1].low, row[-1].high)) for row in rows),
        words("bottleneck-table", metric=words(shown)),
    )
    return claim(words, "bottleneck", measures, [Figure(figure, words("bottleneck-caption"))], [table])


def _with_sources(bins: Bins, lengths: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The ranges in which there are sources, without the lengths that none has."""
    inside = [lengths[(lengths >= low) & (lengths <= high)] for low, high in bins]
    return [(int(each.min()), int(each.max())) for each in inside if len(each)]


def slope_of(summed: Statistics) -> NDArray[np.float64]:
    """The slope of the least-squares line from sums of (1, x, y, x², xy)."""
    count, x, y, xx, xy = np.moveaxis(summed, -1, 0)
    below = count * xx - x**2
    return (count * xy - x * y) / np.where(below > 0, below, 1.0)


def _slope_of_the_gap(found: Sequence[Family], metric: str) -> Paired:
    arms, weights = gaps(found)
    lengths, settings = found[0].fixed.lengths, arms[0].arm.recipe.evaluation
    systems = [[_sums(lengths, y) for y in each.per_source(metric)] for each in arms]
    return contrast(systems, [sign_of(metric) * each for each in weights], slope_of, settings.resamples, settings.seed)


def _sums(lengths: NDArray[np.int64], y: NDArray[np.float64]) -> Statistics:
    x = lengths.astype(np.float64)
    return np.stack([np.ones_like(x), x, y, x**2, x * y], axis=1)


Row = tuple[Any, ...]


def _by_length(words: Words, found: Sequence[Family], ranges: Bins) -> tuple[list[Row], list[charts.Line]]:
    """The ranking metric in every range of lengths: a row a range, whose last cell is the gap; and a line a kind."""
    fixed, attentive = [each.fixed for each in found], [one for each in found for one in each.attentive]
    metric, lengths = fixed[0].arm.recipe.training.metric, fixed[0].lengths
    kinds = list(dict.fromkeys(attention_of(each) for each in (*fixed, *attentive)))
    members = [[each for each in (*fixed, *attentive) if attention_of(each) == kind] for kind in kinds]
    rows: list[Row] = []
    drawn: list[list[Paired]] = [[] for _ in kinds]
    middles: list[float] = []
    for low, high in ranges:
        here = (lengths >= low) & (lengths <= high)
        middles.append(float(lengths[here].mean()))
        for place, group in enumerate(members):
            drawn[place].append(mean_over(group, metric, (low, high)))
        gap = gap_of(found, metric, (low, high))
        rows.append((words.between(low, high), int(here.sum()), *(each[-1].difference for each in drawn), gap))
    made = fixed[0].metric(metric)
    lines = [line_of(kind, middles, of, made) for kind, of in zip(kinds, drawn, strict=True)]
    return rows, lines


def all_states(words: Words, arms: Sequence[Scored]) -> Claim | None:
    """All hidden states against the last alone: the whole gap."""
    found = families(arms)
    if not found:
        return None
    metric = found[0].fixed.arm.recipe.training.metric
    whole = gap_of(found, metric)
    pairs = [(one, each) for each in found for one in each.attentive]
    names = distinct([f"{attention_of(one)}, {each.name}" for one, each in pairs], [one.arm.name for one, _ in pairs])
    differences = [difference([one], [each.fixed], metric) for one, each in pairs]
    bars = [charts.Bar(name, gap.difference, gap.low, gap.high) for name, gap in zip(names, differences, strict=True)]
    figure = charts.bars(bars, title=words("all-states-figure"), along=words("gain", metric=words(metric)), level=0.0)
    measures = [Measure.of(words("gain", metric=words(metric)), whole)]
    return claim(words, "all-states", measures, [Figure(figure, words("all-states-caption"))])


def soften(words: Words, arms: Sequence[Scored]) -> Claim | None:
    """Gated cells against the plain one, both without attention; and gated cells without against with attention."""
    found = families(arms)
    plain = [each for each in found if each.name == "rnn"]
    gated = [each for each in found if each.name in ("lstm", "gru")]
    if not plain or not gated:
        return None
    without = [each.fixed for each in gated]
    metric = without[0].arm.recipe.training.metric
    low, high = length_bins(without[0].lengths, BINS)[-1]
    measures = [
        Measure.of(
            words("softened", metric=words(metric)), difference(without, [each.fixed for each in plain], metric)
        ),
        Measure.of(words("not-cured", metric=words(metric), low=low), gap_of(gated, metric, (low, high))),
    ]
    cells = dict.fromkeys(each.name for each in found)
    lines = [_curve(cell, [each.fixed for each in found if each.name == cell], metric) for cell in cells]
    figure = charts.lines(
        lines, title=words("soften-figure"), across=words("source-length"), up=words(metric), bottom=0.0
    )
    return claim(words, "soften", measures, [Figure(figure, words("soften-caption"))])


def _curve(name: str, arms: Sequence[Scored], metric: str) -> charts.Line:
    """The mean metric of some arms by source length."""
    lengths = arms[0].lengths
    ranges = length_bins(lengths, BINS)
    middles = [float(lengths[(lengths >= low) & (lengths <= high)].mean()) for low, high in ranges]
    return line_of(name, middles, [mean_over(arms, metric, each) for each in ranges], arms[0].metric(metric))


def line_of(name: str, x: Sequence[float], values: Sequence[Paired], metric: Metric) -> charts.Line:
    """Means of a metric with their intervals."""
    ends = [bounded(each.low, each.high, metric) for each in values]
    return charts.Line(
        name, x, [each.difference for each in values], [low for low, _ in ends], [high for _, high in ends]
    )


def picks(words: Words, groups: Sequence[tuple[str, Sequence[Scored]]]) -> Claim | None:
    """The weight on right positions where they are known; ``groups`` are arms by what they were trained on."""
    rows: list[tuple[Any, ...]] = []
    measures: list[Measure] = []
    bars: list[charts.Bar] = []
    for name, arms in groups:
        for each in arms:
            truth = each.on_truth()
            if truth is None:
                continue
            settings = each.arm.recipe.evaluation
            weight, hits = (contrast([part], [100.0], ratio, settings.resamples, settings.seed) for part in truth)
            label = f"{name}: {each.arm.name}" if name else each.arm.name
            rows.append((label, weight.difference, hits.difference, each.alignment_error_rate, each.entropy))
            shown = f"{name}: {attention_of(each)}, {cells_of(each)}"
            bars.append(charts.Bar(shown, weight.difference, weight.low, weight.high))
        known = [each for each in arms if each.on_truth() is not None]
        if known:
            systems = [truth[0] for each in known if (truth := each.on_truth()) is not None]
            settings = known[0].arm.recipe.evaluation
            mean = contrast(systems, [100.0 / len(known)] * len(known), ratio, settings.resamples, settings.seed)
            measures.append(Measure.of(words("weight-on-truth", data=name), mean, level=50.0))
    if not measures:
        return None
    figure = charts.bars(bars, title=words("picks-figure"), along=words("weight-percent"), level=50.0)
    head = tuple(words(key) for key in ("arm", "weight-percent", "precision", "aer", "entropy"))
    table = Table(head, tuple(rows), words("picks-table"))
    return claim(words, "picks", measures, [Figure(figure, words("picks-caption"))], [table])


def alike(
    words: Words, groups: Sequence[tuple[str, Sequence[Scored]]], costs: Sequence[tuple[str, Measure]] = ()
) -> Claim | None:
    """Bahdanau against Luong: within two points of each other, and the cost of a step."""
    measures: list[Measure] = []
    bars: list[charts.Bar] = []
    for name, arms in groups:
        pairs = luong_and_bahdanau(arms)
        if not pairs:
            continue
        metric = pairs[0][0].arm.recipe.training.metric
        found = difference([one for one, _ in pairs], [other for _, other in pairs], metric)
        measure = Measure.of(words("luong-less", data=name, metric=words(metric)), found, "within", ALIKE)
        measures.append(replace(measure, telling=measure.telling and not _at_the_floor(pairs, metric)))
        short = [f"{name} {cells_of(one)}".strip() for one, _ in pairs]
        labels = distinct(short, [f"{one.arm.name} − {other.arm.name}" for one, other in pairs])
        for label, (one, other) in zip(labels, pairs, strict=True):
            gap = difference([one], [other], metric)
            bars.append(charts.Bar(label, gap.difference, gap.low, gap.high))
    if not measures:
        return None
    measures += [each for _, each in costs]
    figure = charts.bars(bars, title=words("alike-figure"), along=words("luong-less-short"), level=0.0,
                         band=(-ALIKE, ALIKE))  # fmt: skip
    return claim(words, "alike", measures, [Figure(figure, words("alike-caption"))])


def _at_the_floor(pairs: Sequence[tuple[Scored, Scored]], metric: str) -> bool:
    """Whether nothing works yet: two models that get nothing right do not differ, and that says nothing."""
    values = [each.mean(metric).value for pair in pairs for each in pair]
    return max(values) <= 0.0 if METRICS[metric].higher_is_better else min(values) >= 100.0
