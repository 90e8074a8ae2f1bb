"""The report of a comparison: the table, the ranking, learning curves, the claims that its arms can show, how to repeat it."""

from collections.abc import Sequence
from statistics import fmean

import heedful
from heedful.evaluation.metrics import METRICS
from heedful.inspection import charts
from heedful.inspection.page import Cell, Figure, Page, Section, Table
from heedful.study.claims import Bins, Claim, alike, all_states, bottleneck, interval_of, number, picks, soften
from heedful.study.scored import ALPHA, Comparison, Scored
from heedful.study.verdicts import Measure
from heedful.study.words import Words
from heedful.training import journal
from heedful.training.run import JOURNAL

MOST_LINES = 8
"""More learning curves than this on one chart tell nobody anything: the best and the worst are drawn."""
Costs = Sequence[tuple[str, Measure]]


def claims_of(
    words: Words, compared: Comparison, bins: Bins | None = None, costs: Costs = (), data: str = ""
) -> list[Claim]:
    """The claims that can be measured on these arms; ``data`` is what they were trained on, in a word."""
    arms = compared.arms
    groups = [(data or compared.recipe_name, arms)]
    found = [
        bottleneck(words, arms, bins),
        all_states(words, arms),
        soften(words, arms),
        picks(words, groups),
        alike(words, groups, costs),
    ]
    return [each for each in found if each is not None]


def comparison_page(words: Words, compared: Comparison, claims: Sequence[Claim], title: str, command: str) -> Page:
    """The page. ``title`` names the comparison, ``command`` repeats it."""
    seeds = len(compared.arms[0].seeds)
    lead = words(
        "compare-lead", arms=len(compared.arms), seeds=words("seeds-one") if seeds == 1 else words("seeds", count=seeds),
        sources=f"{len(compared.arms[0].items.sources):,}", metric=words(compared.metric),
    )  # fmt: skip
    warning = (words("seed-warning"),) if seeds == 1 else ()
    notes = (Section("notes", words("notes"), text=compared.notes),) if compared.notes else ()
    repeat = Section("repeat", words("repeat"), text=(words("repeat-text"),), code=(command, compared.recipe.toml()))
    return Page(
        title=words("compare-title", name=title),
        lead=(lead, *warning, *((words("measures-caption"),) if claims else ())),
        sections=(
            _side_by_side(words, compared), *(each.section for each in claims), _curves(words, compared), *notes, repeat
        ),
        language=words.language,
        footer=words("footer", version=heedful.__version__),
    )  # fmt: skip


def _side_by_side(words: Words, compared: Comparison) -> Section:
    bars = [charts.Bar(each.arm.name, mean.value, mean.low, mean.high)
            for each, mean in zip(compared.arms, compared.means, strict=True)]  # fmt: skip
    name = words(compared.metric)
    figure = charts.bars(bars, title=words("ranking", metric=name), along=name)
    return Section(
        "table",
        words("table"),
        text=(words("table-text", count=len(compared.arms) * (len(compared.arms) - 1) // 2),),
        figures=(Figure(figure, words("ranking-caption")),),
        tables=(side_by_side(words, compared),),
    )


def side_by_side(words: Words, compared: Comparison) -> Table:
    """The arms as a table, the best first."""
    others = [name for name in compared.recipe.evaluation.metrics if name != compared.metric]
    head = (
        words("arm"), words(compared.metric), words("interval"), *map(words, others), words("against-best"), words("p"),
        words("verdict"), words("entropy"), words("parameters"), words("training-speed"), words("prediction-speed"),
    )  # fmt: skip
    order = sorted(range(len(compared.arms)), key=lambda place: compared.means[place].value)
    if METRICS[compared.metric].higher_is_better:
        order.reverse()
    return Table(head, tuple(_row(words, compared, place, others) for place in order), digits=2)


def _row(words: Words, compared: Comparison, place: int, others: Sequence[str]) -> tuple[Cell, ...]:
    each, mean, against = compared.arms[place], compared.means[place], compared.against_best[place]
    speed = compared.record_of(place)
    if against is None:
        versus: tuple[Cell, ...] = (None, None, words("best"))
    else:
        differs = words("different" if against.p < ALPHA else "alike-best")
        shown = f"{number(against.difference, 2)} ({interval_of(against.low, against.high, 2)})"
        versus = (shown, f"{against.p:.3f}", differs)
    return (
        each.arm.name, mean.value, interval_of(mean.low, mean.high, 2), *(each.mean(name).value for name in others),
        *versus, None if each.entropy is None else f"{each.entropy:.2f}", each.measured[0].parameters,
        *(None if found is None else round(found)
          for found in (speed["training_units_per_second"], speed["prediction_units_per_second"])),
    )  # fmt: skip


def _curves(words: Words, compared: Comparison) -> Section:
    order = sorted(range(len(compared.arms)), key=lambda place: compared.means[place].value)
    kept = order if len(order) <= MOST_LINES else [*order[: MOST_LINES // 2], *order[-MOST_LINES // 2 :]]
    drawn = [_curve(compared.arms[place], compared.metric) for place in sorted(kept)]
    lines = [each for each in drawn if each.x]  # arms that were validated by another metric have none
    figure = charts.lines(lines, title=words("curves"), across=words("curves-across"), up=words(compared.metric))
    return Section("curves", words("curves"), figures=(Figure(figure, words("curves-text")),))


def _curve(scored: Scored, metric: str) -> charts.Line:
    """The mean over seeds of the metric at every update at which all of them were validated."""
    seen: dict[int, list[float]] = {}
    for folder in scored.folders:
        for event in journal.read(folder / JOURNAL):
            if event["event"] == journal.Validated.kind:
                seen.setdefault(event["update"], []).append(event["metrics"][metric])
    points = sorted((update, fmean(values)) for update, values in seen.items() if len(values) == len(scored.folders))
    return charts.Line(scored.arm.name, [float(update) for update, _ in points], [value for _, value in points])
