"""The lecture's claims about what goes on inside: the final state, the hidden states, and what attention explains."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heedful.evaluation.comparison import contrast
from heedful.evaluation.metrics import Statistics
from heedful.evaluation.significance import Paired
from heedful.inspection import charts, svg
from heedful.inspection.page import Figure
from heedful.inspection.sheet import AxisNames
from heedful.results import Alignment
from heedful.study.claims import Claim, claim
from heedful.study.families import cells_of, difference
from heedful.study.inside import Inside, columns
from heedful.study.scored import Scored, ratio
from heedful.study.verdicts import Measure
from heedful.study.words import Words

Insides = Mapping[str, Sequence[Inside]]
"""What was found in every seed of an arm, by what the arm is called here."""
MOST = 50.0


def final_state(
    words: Words, name: str, groups: Sequence[tuple[str, Insides]], beside: Sequence[tuple[str, Insides]] = ()
) -> Claim:
    """The share of influence on the final state that the last third of the items has.

    A measure for each cell of each of the ``groups``; those ``beside`` are drawn alone, since the claim is not about them.
    """
    measures: list[Measure] = []
    for label, group in groups:
        for cell, seeds in group.items():
            found = contrast([[columns([last for _, last in each.thirds]) for each in seeds]], [1.0], ratio)
            measures.append(Measure.of(words("last-third", data=f"{label}, {cell}"), found, level=MOST))
    figures = [
        Figure(
            charts.lines(
                [_by_distance(cell, seeds) for cell, seeds in group.items()],
                bottom=0.0,
                title=f"{label}: {words('final-state-figure')}", across=words("distance"), up=words("relative-influence"),
                level=1.0,
            ),
            f"{label}. {words('final-state-caption')}",
        )
        for label, group in (*groups, *beside)
    ]  # fmt: skip
    return claim(words, name, measures, figures, text=[words(f"{name}-text")])


def _by_distance(name: str, seeds: Sequence[Inside]) -> charts.Line:
    """The mean relative influence by distance from the end of the source, over seeds and sources."""
    curves = [np.array(each[::-1]) for one in seeds for each in one.relative]
    least = max(1, len(curves) // 10)
    distances = [at for at in range(max(map(len, curves))) if sum(len(each) > at for each in curves) >= least]
    values = [float(np.mean([each[at] for each in curves if len(each) > at])) for at in distances]
    return charts.Line(name, [float(at) for at in distances], values)


def recall(words: Words, pairs: Sequence[tuple[Scored, Scored]]) -> Claim:
    """The probability of the right item by how many items were read after it, with nothing but the final state.

    ``pairs`` are arms that read forwards and backwards: in one of them the item read first is written first, in the other
    last, so that their mean does not depend on the order of writing.
    """
    measures: list[Measure] = []
    lines: list[charts.Line] = []
    for pair in pairs:
        thirds = [
            [_recalled_thirds(seed, back) for seed in _told(arm)] for arm, back in zip(pair, (False, True), strict=True)
        ]
        systems = [[part[side] for part in arm] for side in (1, 0) for arm in thirds]
        found = contrast(systems, [50.0, 50.0, -50.0, -50.0], ratio)
        measures.append(Measure.of(words("recall-thirds", cell=cells_of(pair[0])), found))
        for arm, back in zip(pair, (False, True), strict=True):
            label = words("recall-backwards" if back else "recall-forwards", cell=cells_of(arm))
            lines.append(_recall_line(label, arm, back))
    figure = charts.lines(
        lines, title=words("recall-figure"), across=words("read-after"), up=words("recalled"), bottom=0.0, top=100.0
    )
    return claim(words, "recall", measures, [Figure(figure, words("recall-caption"))])


def _told(scored: Scored) -> list[list[NDArray[np.float64]]]:
    """The probability of every unit of the references, without the end mark, a source each, for every seed."""
    return [[np.exp(np.array(each[:-1])) for each in run.log_probs] for run in scored.measured]


def _recalled_thirds(sources: Sequence[NDArray[np.float64]], back: bool) -> tuple[Statistics, Statistics]:
    """(sum, items) of the third that was read first, and of the third that was read last."""
    first: list[tuple[float, float]] = []
    last: list[tuple[float, float]] = []
    for each in sources:
        read = each[::-1] if back else each
        third = np.clip(len(read) / 3 - np.arange(len(read)), 0.0, 1.0)
        first.append((float(read @ third), float(third.sum())))
        last.append((float(read @ third[::-1]), float(third.sum())))
    return np.array(first), np.array(last)


def _recall_line(name: str, scored: Scored, back: bool) -> charts.Line:
    curves = [each if back else each[::-1] for seed in _told(scored) for each in seed]  # by items read after it
    least = max(1, len(curves) // 10)
    distances = [at for at in range(max(map(len, curves))) if sum(len(each) > at for each in curves) >= least]
    values = [100 * float(np.mean([each[at] for each in curves if len(each) > at])) for at in distances]
    return charts.Line(name, [float(at) for at in distances], values)


def own_item(words: Words, groups: Sequence[tuple[str, Insides]]) -> Claim:
    """The percentage of hidden states that their own item moves most."""
    measures: list[Measure] = []
    bars: list[charts.Bar] = []
    for label, group in groups:
        systems = [[columns(each.own) for each in seeds] for seeds in group.values()]
        found = contrast(systems, [1 / len(systems)] * len(systems), ratio)
        measures.append(Measure.of(words("own-most", data=label), found, level=MOST))
        for name, system in zip(group, systems, strict=True):
            one = contrast([system], [1.0], ratio)
            bars.append(charts.Bar(f"{label}, {name}", one.difference, one.low, one.high))
    bar = charts.bars(bars, title=words("own-figure"), along=words("own-percent"), level=MOST)
    figures = [Figure(bar, words("own-caption"))]
    for label, group in groups:
        name, seeds = next(iter(group.items()))
        shown = seeds[0]
        drawn = svg.render(
            Alignment(shown.units, shown.units, np.array(shown.example, dtype=np.float32)),
            names=AxisNames(words("axis-item"), words("axis-state"), words("axis-influence")),
        )
        figures.append(Figure(drawn, words("own-map", data=label, arm=name)))
    return claim(words, "own-item", measures, figures)


def reversing(words: Words, pairs: Sequence[tuple[Scored, Scored]]) -> Claim:
    """Reading the source backwards against forwards, with the fixed vector alone (Sutskever 2014, section 3.3)."""
    metric = pairs[0][0].arm.recipe.training.metric
    measures: list[Measure] = []
    bars: list[charts.Bar] = []
    for forwards, backwards in pairs:
        found = difference([backwards], [forwards], metric)
        measures.append(Measure.of(words("reversed", cell=cells_of(forwards), metric=words(metric)), found))
        bars.append(charts.Bar(cells_of(forwards), found.difference, found.low, found.high))
    figure = charts.bars(bars, title=words("reversing-figure"), along=words("gain", metric=words(metric)), level=0.0)
    return claim(words, "reversing", measures, [Figure(figure, words("reversing-caption"))])


def explanation(words: Words, groups: Sequence[tuple[str, Insides]]) -> Claim:
    """Do weights order the items as influence does, at least as well as two measures of influence agree on the order?"""
    measures: list[Measure] = []
    bars: list[charts.Bar] = []
    for label, group in groups:
        agreeing = {
            key: [[columns(getattr(each, key)) for each in seeds] for seeds in group.values()]
            for key in ("weights_gradient", "weights_erasure", "gradient_erasure")
        }
        share = 1 / len(group)
        with_, erased, between = agreeing.values()
        both = [*between, *with_, *erased]
        weights = [share] * len(group) + [-share / 2] * (2 * len(group))
        found = contrast(both, weights, ratio)
        measures.append(Measure.of(words("tau-less", data=label), found, digits=2))
        for key, systems in agreeing.items():
            one: Paired = contrast(systems, [share] * len(group), ratio)
            bars.append(charts.Bar(words(key, data=label), one.difference, one.low, one.high))
    figure = charts.bars(bars, title=words("explanation-figure"), along=words("tau"), level=0.0)
    return claim(words, "explanation", measures, [Figure(figure, words("explanation-caption"))])
